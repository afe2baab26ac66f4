import { describe, test } from 'node:test'
import fastifyPassport from '@fastify/passport'
import { Strategy as OAuth1Strategy } from 'passport-oauth1'
import { Strategy as OAuth2Strategy } from 'passport-oauth2'
import OpenIDConnectStrategy from 'passport-openidconnect'
import { Browser } from './browser.mjs'
import { FakeProvider } from './fake-provider.mjs'
import { application, ours, withEach } from './plugins.mjs'

async function withStrategy (fastify, strategy) {
  const passport = new fastifyPassport.Authenticator()
  passport.use('provider', strategy)
  passport.registerUserSerializer(async (user) => user.id)
  passport.registerUserDeserializer(async (id) => ({ id }))
  await fastify.register(passport.initialize())
  await fastify.register(passport.secureSession())
  fastify.get('/login', { preValidation: passport.authenticate('provider') }, async () => ({}))
  fastify.get('/callback', { preValidation: passport.authenticate('provider') }, async (request) => ({ user: request.user }))
  fastify.get('/keys', async (request) => Object.keys(request.session))
  fastify.get('/me', async (request) => request.user ?? null)
  return new Browser(fastify)
}

function oauth2 (provider, options) {
  return new OAuth2Strategy({
    authorizationURL: provider.url('/authorize'),
    tokenURL: provider.url('/token'),
    clientID: provider.clientId,
    clientSecret: 'secret',
    callbackURL: 'http://localhost/callback',
    ...options
  }, (_accessToken, _refreshToken, _profile, done) => done(null, { id: 7 }))
}

/** The second login in the same browser, and its callback. */
async function secondLogin (browser, provider) {
  await browser.get('/login')
  const { headers: { location } } = await browser.get('/login')
  return browser.get(`/callback?${provider.authorize(location)}`)
}

describe('passport-oauth2', () => {
  for (const [title, options] of [['state', { state: true }], ['state and pkce', { state: true, pkce: true }], ['a state store of its own', { store: true }]]) {
    test(`lets a user in at the second login of a browser, with ${title}`, async (t) => {
      const provider = await FakeProvider.start(t)

      const statuses = await withEach(t, async (fastify) => {
        const browser = await withStrategy(fastify, oauth2(provider, options))
        return (await secondLogin(browser, provider)).statusCode
      })

      t.assert.deepStrictEqual(statuses, { ours: 200, '@fastify/secure-session': 403, '@fastify/session': 200 })
    })
  }

  test('leaves nothing but the user in the session', async (t) => {
    const provider = await FakeProvider.start(t)
    const fastify = application(t)
    await ours(fastify)
    const browser = await withStrategy(fastify, oauth2(provider, { state: true, pkce: true }))
    await browser.get('/login')
    t.assert.deepStrictEqual((await browser.get('/keys')).json(), ['oauth2:127.0.0.1'])

    const callback = await secondLogin(browser, provider)

    t.assert.deepStrictEqual(callback.json(), { user: { id: 7 } })
    t.assert.deepStrictEqual((await browser.get('/keys')).json(), ['passport'])
    t.assert.deepStrictEqual((await browser.get('/me')).json(), { id: 7 })
  })

  test('refuses a state of another login, and the callback that comes twice', async (t) => {
    const provider = await FakeProvider.start(t)
    const fastify = application(t)
    await ours(fastify)
    const browser = await withStrategy(fastify, oauth2(provider, { state: true }))
    const first = await browser.get('/login')
    const second = await browser.get('/login')

    const stale = await browser.get(`/callback?${provider.authorize(first.headers.location)}`)
    const again = await browser.get(`/callback?${provider.authorize(second.headers.location)}`)

    t.assert.strictEqual(stale.statusCode, 403)
    t.assert.strictEqual(again.statusCode, 403)
    t.assert.deepStrictEqual((await browser.get('/keys')).json(), [])
  })
})

describe('passport-oauth1', () => {
  test('lets a user in at the second login of a browser', async (t) => {
    const provider = await FakeProvider.start(t)

    const statuses = await withEach(t, async (fastify) => {
      const browser = await withStrategy(fastify, new OAuth1Strategy({
        requestTokenURL: provider.url('/oauth1/request-token'),
        accessTokenURL: provider.url('/oauth1/access-token'),
        userAuthorizationURL: provider.url('/oauth1/authorize'),
        consumerKey: 'key',
        consumerSecret: 'secret',
        callbackURL: 'http://localhost/callback',
        signatureMethod: 'PLAINTEXT'
      }, (_token, _secret, params, _profile, done) => done(null, { id: params.user_id })))
      await browser.get('/login')
      const { headers: { location } } = await browser.get('/login')
      const token = new URL(location).searchParams.get('oauth_token')
      return (await browser.get(`/callback?oauth_token=${token}&oauth_verifier=v`)).statusCode
    })

    // The strategy signs with the stale secret of the first login there, which the provider refuses.
    t.assert.deepStrictEqual(statuses, { ours: 200, '@fastify/secure-session': 500, '@fastify/session': 200 })
  })
})

describe('passport-openidconnect', () => {
  const strategy = (provider, options) => new OpenIDConnectStrategy({
    issuer: provider.origin,
    authorizationURL: provider.url('/authorize'),
    tokenURL: provider.url('/token'),
    userInfoURL: provider.url('/userinfo'),
    clientID: provider.clientId,
    clientSecret: 'secret',
    callbackURL: 'http://localhost/callback',
    ...options
  }, (_issuer, profile, done) => done(null, { id: profile.id }))

  test('lets a user in at the second login of a browser, which keeps a date in its session', async (t) => {
    const provider = await FakeProvider.start(t)

    const statuses = await withEach(t, async (fastify) => {
      const browser = await withStrategy(fastify, strategy(provider, { maxAge: 60, nonce: true }))
      return (await secondLogin(browser, provider)).statusCode
    })

    t.assert.deepStrictEqual(statuses, { ours: 200, '@fastify/secure-session': 403, '@fastify/session': 200 })
  })

  test('gets the date of its login back as a Date', async (t) => {
    const provider = await FakeProvider.start(t)
    const fastify = application(t)
    await ours(fastify)
    const browser = await withStrategy(fastify, strategy(provider, { maxAge: 60 }))
    fastify.get('/issued', async (request) => ({ isDate: request.session['openidconnect:127.0.0.1'].state.issued instanceof Date }))
    await browser.get('/login')

    t.assert.deepStrictEqual((await browser.get('/issued')).json(), { isDate: true })
  })
})
