/**
 * An identity provider on 127.0.0.1 for the strategies of passport and for grant: OAuth 1.0a, OAuth 2.0 with PKCE and OpenID Connect,
 * as far as their clients look.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

export class FakeProvider {
  /** What the token endpoint adds to its answer. */
  extra = {}
  clientId = 'client'
  #grants = new Map()
  #server = createServer((request, response) => { this.#answer(request, response) })
  #count = 0

  /** Starts a provider that stops when the test ends. */
  static async start (t) {
    const provider = new FakeProvider()
    await new Promise((resolve) => provider.#server.listen(0, '127.0.0.1', resolve))
    t.after(() => new Promise((resolve) => provider.#server.close(resolve)))
    return provider
  }

  get origin () {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  url (path) {
    return `${this.origin}${path}`
  }

  /** What the user's consent at the authorization page leads to: the query of the callback. */
  authorize (location) {
    const query = new URL(location).searchParams
    const code = `code-${++this.#count}`
    this.#grants.set(code, { challenge: query.get('code_challenge'), nonce: query.get('nonce') })
    const callback = new URLSearchParams({ code })
    if (query.has('state')) callback.set('state', query.get('state'))
    return callback.toString()
  }

  async #answer (request, response) {
    let body = ''
    for await (const chunk of request) body += chunk
    const form = new URLSearchParams(body)
    const path = new URL(request.url, this.origin).pathname
    if (path === '/oauth1/request-token') {
      const number = ++this.#count
      return response.end(`oauth_token=request-${number}&oauth_token_secret=secret-${number}&oauth_callback_confirmed=true`)
    }
    if (path === '/oauth1/access-token') {
      if (!isSignedWithItsSecret(request.headers.authorization)) {
        response.statusCode = 401
        return response.end('bad signature')
      }
      return response.end('oauth_token=access&oauth_token_secret=access-secret&user_id=7')
    }
    const grant = this.#grants.get(form.get('code'))
    response.setHeader('content-type', 'application/json')
    if (grant === undefined || !isProof(grant.challenge, form.get('code_verifier'))) {
      response.statusCode = 400
      return response.end(JSON.stringify({ error: 'invalid_grant' }))
    }
    this.#grants.delete(form.get('code'))
    response.end(JSON.stringify({ access_token: 'access', token_type: 'Bearer', id_token: this.#idToken(grant.nonce), ...this.extra }))
  }

  #idToken (nonce) {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: this.origin, sub: '7', aud: this.clientId, exp: now + 60, iat: now, auth_time: now, nonce }
    return [{ alg: 'RS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.signature'
  }
}

function isProof (challenge, verifier) {
  if (challenge === null) return true
  return verifier !== null && createHash('sha256').update(verifier).digest('base64url') === challenge
}

/** The token request-1 goes with the secret secret-1. The signature of the method PLAINTEXT is both secrets. */
function isSignedWithItsSecret (authorization) {
  const token = /oauth_token="request-(\d+)"/.exec(authorization)?.[1]
  const secret = /oauth_signature="[^"]*secret-(\d+)"/.exec(authorization)?.[1]
  return token !== undefined && token === secret
}
