/**
 * A browser for `inject`: it keeps cookies as browsers do.
 *
 * @module
 */

import { CookieJar } from 'tough-cookie'

export class Browser {
  #fastify
  #origin = 'http://localhost'
  #jar = new CookieJar()

  constructor (fastify) {
    this.#fastify = fastify
  }

  /** A browser that goes through a port of 127.0.0.1, for what `inject` cannot do. */
  static async connect (fastify) {
    const browser = new Browser(fastify)
    browser.#origin = await fastify.listen({ host: '127.0.0.1', port: 0 })
    browser.#fastify = { inject: overTheNetwork }
    return browser
  }

  get (url, options) {
    return this.request({ method: 'GET', url, ...options })
  }

  post (url, payload, options) {
    return this.request({ method: 'POST', url, payload, ...options })
  }

  async request ({ headers, ...options }) {
    const url = new URL(options.url, this.#origin).href
    const response = await this.#fastify.inject({ ...options, url, headers: { ...headers, ...await this.cookieHeader(url) } })
    for (const cookie of setCookies(response)) await this.#jar.setCookie(cookie, url)
    return response
  }

  /** The header that goes with a request; empty when there is no cookie. */
  async cookieHeader (url = this.#origin) {
    const cookie = await this.#jar.getCookieString(url)
    return cookie === '' ? {} : { cookie }
  }

  /** The value of a cookie, `undefined` without one. */
  async cookie (name, url = this.#origin) {
    const cookies = await this.#jar.getCookies(url)
    return cookies.find((cookie) => cookie.key === name)?.value
  }
}

/** The Set-Cookie headers of a response. */
export function setCookies (response) {
  return [response.headers['set-cookie'] ?? []].flat()
}

/** The names of the cookies that a response sets. */
export function setCookieNames (response) {
  return setCookies(response).map((cookie) => cookie.split('=', 1)[0])
}

async function overTheNetwork ({ method, url, headers, payload }) {
  const body = payload === undefined ? undefined : JSON.stringify(payload)
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(url, { method, body, headers: { ...type, ...headers }, redirect: 'manual' })
  const text = await response.text()
  return {
    statusCode: response.status,
    headers: { ...Object.fromEntries(response.headers), 'set-cookie': response.headers.getSetCookie() },
    body: text,
    json: () => JSON.parse(text)
  }
}
