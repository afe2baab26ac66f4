import { describe, test } from 'node:test'
import fastifyOauth2 from '@fastify/oauth2'
import { Browser, setCookieNames } from './browser.mjs'
import { FakeProvider } from './fake-provider.mjs'
import { application, ours } from './plugins.mjs'

async function withOauth2 (t, options) {
  const provider = await FakeProvider.start(t)
  const fastify = application(t)
  await ours(fastify)
  await fastify.register(fastifyOauth2, {
    name: 'fake',
    credentials: {
      client: { id: provider.clientId, secret: 'secret' },
      auth: { authorizeHost: provider.origin, authorizePath: '/authorize', tokenHost: provider.origin, tokenPath: '/token' }
    },
    startRedirectPath: '/login',
    callbackUri: 'http://localhost/callback',
    ...options
  })
  fastify.get('/callback', async function (request, reply) {
    const { token } = await this.fake.getAccessTokenFromAuthorizationCodeFlow(request, reply)
    await request.session.regenerate()
    request.session.set('token', token.access_token)
    return { token: token.access_token }
  })
  fastify.get('/session', async (request) => request.session)
  return { browser: new Browser(fastify), provider }
}

/** Keeps the state in the session instead of a cookie of its own. */
const inSession = {
  generateStateFunction (request) {
    const state = 'a state that nobody guesses'
    request.session.set('state', state)
    return state
  },
  checkStateFunction (request, done) {
    const state = request.session.pop('state')
    if (state !== undefined && state === request.query.state) done()
    else done(new Error('Invalid state'))
  }
}

describe('@fastify/oauth2', () => {
  test('keeps the state in the session by its two functions', async (t) => {
    const { browser, provider } = await withOauth2(t, inSession)
    const login = await browser.get('/login')
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { state: 'a state that nobody guesses' })

    const callback = await browser.get(`/callback?${provider.authorize(login.headers.location)}`)

    t.assert.deepStrictEqual(callback.json(), { token: 'access' })
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { token: 'access' })
  })

  test('refuses a callback without a login', async (t) => {
    const { browser, provider } = await withOauth2(t, inSession)

    const callback = await browser.get(`/callback?${provider.authorize(provider.url('/authorize?state=x'))}`)

    t.assert.strictEqual(callback.statusCode, 500)
    t.assert.strictEqual(callback.json().message, 'Invalid state')
  })

  test('has its own cookies beside the session, with pkce', async (t) => {
    const { browser, provider } = await withOauth2(t, { pkce: 'S256' })

    const login = await browser.get('/login')
    const callback = await browser.get(`/callback?${provider.authorize(login.headers.location)}`)

    t.assert.deepStrictEqual(setCookieNames(login).sort(), ['oauth2-code-verifier', 'oauth2-redirect-state'])
    t.assert.deepStrictEqual(callback.json(), { token: 'access' })
    t.assert.deepStrictEqual(setCookieNames(callback).sort(), ['oauth2-code-verifier', 'oauth2-redirect-state', 'session'])
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { token: 'access' })
  })
})
