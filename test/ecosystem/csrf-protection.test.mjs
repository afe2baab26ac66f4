import { describe, test } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import fastifyCsrfProtection from '@fastify/csrf-protection'
import { Browser, setCookies, setCookieNames } from './browser.mjs'
import { application, ours } from './plugins.mjs'

const forbidden = { statusCode: 403, code: 'FST_CSRF_INVALID_TOKEN', error: 'Forbidden', message: 'Invalid csrf token' }

async function withForms (t, options, csrfArguments) {
  const fastify = application(t)
  await ours(fastify)
  await fastify.register(fastifyCsrfProtection, options)
  fastify.get('/form', async (_request, reply) => ({ token: reply.generateCsrf(csrfArguments) }))
  fastify.post('/form', { preHandler: fastify.csrfProtection }, async () => 'done')
  fastify.get('/session', async (request) => Object.keys(request.session))
  return new Browser(fastify)
}

describe('@fastify/csrf-protection', () => {
  for (const sessionPlugin of ['@fastify/secure-session', '@fastify/session']) {
    describe(`with the sessionPlugin '${sessionPlugin}'`, () => {
      test('accepts the token of the form and refuses others', async (t) => {
        const browser = await withForms(t, { sessionPlugin })
        const { token } = (await browser.get('/form')).json()

        t.assert.strictEqual((await browser.post('/form', { _csrf: token })).body, 'done')
        t.assert.strictEqual((await browser.post('/form', {}, { headers: { 'csrf-token': token } })).body, 'done')
        t.assert.deepStrictEqual((await browser.post('/form', { _csrf: `${token}x` })).json(), forbidden)
        t.assert.deepStrictEqual((await browser.get('/session')).json(), ['_csrf'])
      })

      test('keeps one secret for all forms of a browser', async (t) => {
        const browser = await withForms(t, { sessionPlugin })
        const first = await browser.get('/form')
        const second = await browser.get('/form')

        t.assert.deepStrictEqual(setCookieNames(second), [])
        t.assert.strictEqual((await browser.post('/form', { _csrf: first.json().token })).body, 'done')
        t.assert.strictEqual((await browser.post('/form', { _csrf: second.json().token })).body, 'done')
      })

      test("refuses another browser's token, and a browser without a form", async (t) => {
        const browser = await withForms(t, { sessionPlugin })
        const other = await withForms(t, { sessionPlugin })
        await other.get('/form')
        const { token } = (await browser.get('/form')).json()

        t.assert.deepStrictEqual((await other.post('/form', { _csrf: token })).json(), forbidden)
        const stranger = await withForms(t, { sessionPlugin })
        t.assert.strictEqual((await stranger.post('/form', { _csrf: token })).json().code, 'FST_CSRF_MISSING_SECRET')
      })

      test('ties a token to a user', async (t) => {
        const getUserInfo = (request) => request.body.user
        const browser = await withForms(t, { sessionPlugin, getUserInfo, csrfOpts: { hmacKey: 'key' } }, { userInfo: 'ada' })
        const { token } = (await browser.get('/form')).json()

        t.assert.strictEqual((await browser.post('/form', { _csrf: token, user: 'ada' })).body, 'done')
        t.assert.deepStrictEqual((await browser.post('/form', { _csrf: token, user: 'bob' })).json(), forbidden)
      })

      test('protects as an onRequest hook too', async (t) => {
        const fastify = application(t)
        await ours(fastify)
        await fastify.register(fastifyCsrfProtection, { sessionPlugin })
        fastify.get('/form', async (_request, reply) => ({ token: reply.generateCsrf() }))
        fastify.post('/form', { onRequest: fastify.csrfProtection }, async () => 'done')
        const browser = new Browser(fastify)
        const { token } = (await browser.get('/form')).json()

        t.assert.strictEqual((await browser.post('/form', {}, { headers: { 'x-csrf-token': token } })).body, 'done')
        t.assert.strictEqual((await browser.post('/form', {})).statusCode, 403)
      })
    })
  }

  test('sets cookie options of generateCsrf on the session cookie, and passes userInfo over', async (t) => {
    const browser = await withForms(t, { sessionPlugin: '@fastify/secure-session' }, { userInfo: 'ada', path: '/form', sameSite: 'strict', maxAge: 60 })

    const [cookie] = setCookies(await browser.get('/form'))

    t.assert.deepStrictEqual(cookie.split('; ').slice(1), ['Max-Age=60', 'Path=/form', 'HttpOnly', 'SameSite=Strict'])
  })

  test('keeps its own cookie beside ours in its default mode', async (t) => {
    const fastify = application(t)
    await fastify.register(fastifyCookie)
    await ours(fastify)
    await fastify.register(fastifyCsrfProtection)
    fastify.get('/form', async (request, reply) => {
      request.session.set('seen', true)
      return { token: reply.generateCsrf() }
    })
    fastify.post('/form', { preHandler: fastify.csrfProtection }, async () => 'done')
    const browser = new Browser(fastify)

    const form = await browser.get('/form')

    t.assert.deepStrictEqual(setCookieNames(form).sort(), ['_csrf', 'session'])
    t.assert.strictEqual((await browser.post('/form', { _csrf: form.json().token })).body, 'done')
  })
})
