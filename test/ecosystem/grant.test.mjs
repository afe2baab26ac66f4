import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import grant from 'grant'
import { Browser, setCookies } from './browser.mjs'
import { FakeProvider } from './fake-provider.mjs'
import { application, LogLines, ours } from './plugins.mjs'

async function withGrant (t, { extra, logger, ...settings } = {}) {
  const provider = await FakeProvider.start(t)
  provider.extra = extra ?? {}
  const fastify = application(t, { logger })
  await ours(fastify)
  await fastify.register(grant.fastify({
    defaults: { origin: 'http://localhost', transport: 'session' },
    fake: {
      oauth: 2,
      authorize_url: provider.url('/authorize'),
      access_url: provider.url('/token'),
      key: provider.clientId,
      secret: 'secret',
      callback: '/done',
      ...settings
    }
  }))
  fastify.get('/done', async (request) => request.session.grant.response)
  fastify.get('/grant', async (request) => request.session.grant)
  return { browser: new Browser(fastify), provider }
}

describe('grant', () => {
  test('signs a user in with state and pkce', async (t) => {
    const { browser, provider } = await withGrant(t, { state: true, pkce: true })

    const connect = await browser.get('/connect/fake')
    const callback = await browser.get(`/connect/fake/callback?${provider.authorize(connect.headers.location)}`)

    t.assert.strictEqual(connect.statusCode, 302)
    t.assert.strictEqual(callback.headers.location, '/done')
    const response = (await browser.get('/done')).json()
    t.assert.strictEqual(response.access_token, 'access')
    t.assert.strictEqual(response.raw.token_type, 'Bearer')
  })

  test('signs a user in at the second attempt', async (t) => {
    const { browser, provider } = await withGrant(t, { state: true })
    await browser.get('/connect/fake')
    const connect = await browser.get('/connect/fake')

    await browser.get(`/connect/fake/callback?${provider.authorize(connect.headers.location)}`)

    t.assert.strictEqual((await browser.get('/done')).json().access_token, 'access')
  })

  test('refuses a state of another browser', async (t) => {
    const { browser, provider } = await withGrant(t, { state: true })
    await browser.get('/connect/fake')

    await browser.get(`/connect/fake/callback?${provider.authorize(provider.url('/authorize?state=other'))}`)

    t.assert.deepStrictEqual((await browser.get('/done')).json(), { error: 'Grant: OAuth2 state mismatch' })
  })

  test('keeps the parameters of the login', async (t) => {
    const { browser } = await withGrant(t, { dynamic: ['scope'] })

    await browser.get('/connect/fake?scope=mail')

    t.assert.deepStrictEqual((await browser.get('/grant')).json().dynamic, { scope: 'mail' })
  })

  test('names its key when the tokens do not fit into a cookie', async (t) => {
    const stream = new LogLines()
    // Grant keeps it twice. Random text cannot be compressed.
    const extra = { refresh_token: randomBytes(3000).toString('base64url') }
    const { browser, provider } = await withGrant(t, { extra, state: true, logger: { stream } })
    const connect = await browser.get('/connect/fake')
    const before = await browser.cookie('session')

    const callback = await browser.get(`/connect/fake/callback?${provider.authorize(connect.headers.location)}`)

    t.assert.strictEqual(callback.statusCode, 500)
    t.assert.strictEqual(callback.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.match(callback.json().message, /^The session is too large: \d+ bytes, the limit is 4093, MAX_COOKIE_SIZE\. The largest keys are grant \(\d+\)\./)
    t.assert.deepStrictEqual(setCookies(callback), [])
    t.assert.strictEqual(await browser.cookie('session'), before)
  })
})
