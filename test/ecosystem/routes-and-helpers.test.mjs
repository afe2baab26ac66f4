// Settings of a route, several sessions, sessions outside of requests and the client for tests, beside the plugins that read the session.
import { describe, test } from 'node:test'
import fastifyCsrfProtection from '@fastify/csrf-protection'
import fastifyFlash from '@fastify/flash'
import fastifyPassport from '@fastify/passport'
import fastifySecureSession from '@fastify/secure-session'
import { testClient } from '../../lib/testing.ts'
import { Browser, setCookies, setCookieNames } from './browser.mjs'
import { application, LogLines, ours } from './plugins.mjs'

describe('config: { session: false }', () => {
  async function withStaticRoute (t) {
    const stream = new LogLines()
    const fastify = application(t, { logger: { stream } })
    await ours(fastify)
    const passport = new fastifyPassport.Authenticator()
    passport.registerUserSerializer(async (user) => user)
    passport.registerUserDeserializer(async (name) => ({ name }))
    await fastify.register(passport.initialize())
    await fastify.register(passport.secureSession())
    await fastify.register(fastifyCsrfProtection, { sessionPlugin: '@fastify/secure-session' })
    fastify.get('/login', async (request) => { await request.logIn('ada'); request.session.permanent = true; return {} })
    fastify.get('/page', async (request) => ({ user: request.user ?? null }))
    fastify.get('/static', { config: { session: false } }, async (request) => ({ user: request.user ?? null }))
    fastify.get('/static-flash', { config: { session: false } }, async (request) => request.flash('info', 'x'))
    fastify.get('/static-form', { config: { session: false } }, async (_request, reply) => reply.generateCsrf())
    return { browser: new Browser(fastify), stream }
  }

  test('keeps a route free of cookie and Vary, though passport reads the session everywhere', async (t) => {
    const { browser, stream } = await withStaticRoute(t)
    await browser.get('/login')

    const page = await browser.get('/page')
    const asset = await browser.get('/static')

    t.assert.deepStrictEqual([page.json(), page.headers.vary, setCookieNames(page)], [{ user: { name: 'ada' } }, 'Cookie', ['session']])
    t.assert.deepStrictEqual([asset.json(), asset.headers.vary, setCookieNames(asset)], [{ user: null }, undefined, []])
    t.assert.deepStrictEqual(stream.warnings, [])
  })

  test('says why flash and csrf tokens cannot be written there', async (t) => {
    const { browser } = await withStaticRoute(t)

    for (const url of ['/static-flash', '/static-form']) {
      const response = await browser.get(url)
      t.assert.strictEqual(response.statusCode, 500)
      t.assert.strictEqual(response.json().code, 'FST_SESSION_UNAVAILABLE')
      t.assert.match(response.json().message, /config of the route has session: false/)
    }
  })
})

describe('config: { session: cookie options }', () => {
  test('go before the configuration, and session.options() before them', async (t) => {
    const fastify = application(t)
    await ours(fastify, { cookie: { sameSite: 'Lax' } })
    const config = { session: { sameSite: 'strict', maxAge: 60 } }
    fastify.get('/route', { config }, async ({ session }) => { session.set('n', 1); return {} })
    fastify.get('/response', { config }, async ({ session }) => { session.set('n', 1); session.options({ maxAge: 5 }); return {} })
    fastify.get('/other', async ({ session }) => { session.set('n', 1); return {} })

    const attributes = async (url) => setCookies(await fastify.inject(url))[0].split('; ').slice(1)
    t.assert.deepStrictEqual(await attributes('/route'), ['Max-Age=60', 'Path=/', 'HttpOnly', 'SameSite=Strict'])
    t.assert.deepStrictEqual(await attributes('/response'), ['Max-Age=5', 'Path=/', 'HttpOnly', 'SameSite=Strict'])
    t.assert.deepStrictEqual(await attributes('/other'), ['Path=/', 'HttpOnly', 'SameSite=Lax'])
    t.assert.deepStrictEqual(config, { session: { sameSite: 'strict', maxAge: 60 } })
  })

  test('belong to the session whose name they bear', async (t) => {
    const fastify = application(t)
    await ours(fastify, { sessions: [{ sessionName: 'user' }, { sessionName: 'admin' }] })
    fastify.get('/', { config: { user: false, admin: { path: '/admin' } } }, async (request) => {
      request.admin.set('n', 1)
      return { n: request.user.get('n') ?? null }
    })

    const response = await fastify.inject('/')

    t.assert.deepStrictEqual(response.json(), { n: null })
    t.assert.deepStrictEqual(setCookies(response).map((cookie) => cookie.replace(/=[^;]*/, '')), ['admin; Path=/admin; HttpOnly'])
  })
})

describe('createSession, encodeSession and decodeSession', () => {
  test('make a cookie that a request brings, and read one that a response sets', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    fastify.get('/', async ({ session }) => { session.set('seen', true); return { user: session.get('user') ?? null } })
    const session = fastify.encodeSession(fastify.createSession({ user: 'ada' }))

    const response = await fastify.inject({ url: '/', cookies: { session } })

    t.assert.deepStrictEqual(response.json(), { user: 'ada' })
    t.assert.deepStrictEqual(fastify.decodeSession(response.cookies[0].value).data(), { user: 'ada', seen: true })
  })

  test('give null for what is no session of ours', async (t) => {
    const fastify = application(t)
    await ours(fastify)

    t.assert.deepStrictEqual([undefined, '', 'bogus', 'a.b.c'].map((cookie) => fastify.decodeSession(cookie)), [null, null, null, null])
  })

  test('stand beside those of @fastify/secure-session while an application moves', async (t) => {
    const fastify = application(t)
    await fastify.register(fastifySecureSession, { key: Buffer.alloc(32, 'k'), sessionName: 'old', cookie: { path: '/' } })
    await ours(fastify)
    fastify.get('/', async (request) => { request.session.update(request.old.data()); request.old.delete(); return request.session })
    const old = fastify.encodeSecureSession(fastify.createSecureSession({ user: 'ada' }))

    const response = await fastify.inject({ url: '/', cookies: { old } })

    t.assert.deepStrictEqual(response.json(), { user: 'ada' })
    t.assert.deepStrictEqual(response.cookies.map(({ name, value }) => [name, fastify.decodeSession(value)?.get('user') ?? null]).sort(), [['old', null], ['session', 'ada']])
  })
})

describe('readSecureSession', () => {
  test('takes over the sessions of @fastify/secure-session, so that nobody is logged out', async (t) => {
    const key = Buffer.alloc(32, 'k')
    const before = application(t)
    await before.register(fastifySecureSession, { key, cookie: { path: '/' } })
    before.get('/login', async ({ session }) => { session.set('user', 'ada'); session.set('cart', [{ item: 'pear' }]); return {} })
    const after = application(t)
    await ours(after, { readSecureSession: { key } })
    after.get('/', async ({ session }) => session)
    const [cookie] = setCookies(await before.inject('/login'))

    const response = await after.inject({ url: '/', headers: { cookie: cookie.split(';', 1)[0] } })

    t.assert.deepStrictEqual(response.json(), { user: 'ada', cart: [{ item: 'pear' }] })
    t.assert.deepStrictEqual(after.decodeSession(response.cookies[0].value).data(), { user: 'ada', cart: [{ item: 'pear' }] })
  })

  test('refuses what another key sealed', async (t) => {
    const before = application(t)
    await before.register(fastifySecureSession, { key: Buffer.alloc(32, 'x') })
    before.get('/login', async ({ session }) => { session.set('user', 'ada'); return {} })
    const after = application(t)
    await ours(after, { readSecureSession: { key: Buffer.alloc(32, 'k') } })
    after.get('/', async ({ session }) => session)
    const [cookie] = setCookies(await before.inject('/login'))

    t.assert.deepStrictEqual((await after.inject({ url: '/', headers: { cookie } })).json(), {})
  })
})

describe('testClient', () => {
  test('logs in without the form, and reads what the application left', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    const passport = new fastifyPassport.Authenticator()
    passport.registerUserDeserializer(async (name) => ({ name }))
    await fastify.register(passport.initialize())
    await fastify.register(passport.secureSession())
    fastify.get('/me', async (request) => request.user)
    fastify.get('/flash', async (request) => request.flash('info', 'Hello'))
    const client = testClient(fastify)

    await client.sessionTransaction((session) => { session.set('passport', 'ada') })
    t.assert.deepStrictEqual((await client.inject('/me')).json(), { name: 'ada' })
    await client.inject('/flash')

    t.assert.deepStrictEqual((await client.session()).data(), { passport: 'ada', flash: { info: ['Hello'] } })
  })

  test('puts a csrf secret in place', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    await fastify.register(fastifyCsrfProtection, { sessionPlugin: '@fastify/secure-session' })
    fastify.get('/form', async (_request, reply) => ({ token: reply.generateCsrf() }))
    fastify.post('/form', { preHandler: fastify.csrfProtection }, async () => 'done')
    const client = testClient(fastify)
    const { token } = (await client.inject('/form')).json()
    await client.sessionTransaction((session) => { session.set('user', 'ada') })

    t.assert.strictEqual((await client.inject({ method: 'POST', url: '/form', payload: { _csrf: token } })).body, 'done')
  })

  test('shows flashed messages that a redirect left', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    await fastify.register(fastifyFlash)
    fastify.post('/save', async (request, reply) => { request.flash('info', 'Saved'); return reply.redirect('/') })
    fastify.get('/', async (_request, reply) => reply.flash('info'))
    const client = testClient(fastify)

    await client.inject({ method: 'POST', url: '/save' })

    t.assert.deepStrictEqual((await client.session()).get('flash'), { info: ['Saved'] })
    t.assert.deepStrictEqual((await client.inject('/')).json(), ['Saved'])
  })
})
