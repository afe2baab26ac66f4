import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyInstance, InjectOptions } from 'fastify'
import secureSession, { SecureCookieSessionInterface } from '../lib/index.ts'
import type { SecureSessionOptions } from '../lib/index.ts'
import { memoryStore } from '../lib/stores/index.ts'
import { testClient } from '../lib/testing.ts'
import type { TestClient } from '../lib/testing.ts'
import { secretKey } from './helpers.ts'

async function build (t: TestContext, options: SecureSessionOptions = {}): Promise<FastifyInstance> {
  const fastify = Fastify() as unknown as FastifyInstance
  t.after(() => fastify.close())
  await fastify.register(secureSession, { secretKey, ...options })
  fastify.get('/me', async (request) => ({ user: request.session.user_id ?? null }))
  fastify.post('/login', async (request) => { request.session.user_id = 42 })
  fastify.post('/logout', async (request) => { request.session.clear() })
  fastify.get('/two', async (_request, reply) => reply.setCookie('a', '1').setCookie('b', '2').send('ok'))
  fastify.get('/echo', async (request) => request.headers)
  return fastify
}

describe('a test client', () => {
  test('keeps the cookies of responses and sends them with requests', async (t: TestContext) => {
    const client = testClient(await build(t))

    await client.inject({ method: 'POST', url: '/login' })
    t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: 42 })
    await client.inject({ method: 'POST', path: '/logout' })
    t.assert.strictEqual((await client.inject({ url: { pathname: '/me', query: { a: '1' } } })).statusCode, 200)

    t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: null })
    t.assert.strictEqual(await client.session(), null)
  })

  test('keeps several cookies of one response, and leaves a Cookie header that is given', async (t: TestContext) => {
    const client = testClient(await build(t))

    await client.inject('/two')

    t.assert.strictEqual((await client.inject('/echo')).json().cookie, 'a=1; b=2')
    t.assert.strictEqual((await client.inject({ url: '/echo', headers: { cookie: 'c=3', 'x-a': '1' } })).json().cookie, 'c=3')
  })

  test('has no chains of requests, which would leave the jar out: it says so at once, and leaves no rejection', async (t: TestContext) => {
    const client = testClient(await build(t)) as unknown as FastifyInstance
    const rejections: unknown[] = []
    const note = (reason: unknown): void => { rejections.push(reason) }
    process.on('unhandledRejection', note)
    t.after(() => process.off('unhandledRejection', note))

    t.assert.throws(() => client.inject().post('/'), { name: 'TypeError', message: /has no chains: write client\.inject\(\{ method: 'POST', url: '\/' \}\)/ })

    await setImmediate()
    t.assert.deepStrictEqual(rejections, [])
  })

  test('reads the session as the next request would bring it', async (t: TestContext) => {
    const client = testClient(await build(t))
    t.assert.strictEqual(await client.session(), null)

    await client.inject({ method: 'POST', url: '/login' })

    t.assert.deepStrictEqual((await client.session())?.data(), { user_id: 42 })
  })

  test('changes the session in a transaction, from nothing, from what is there, and to nothing', async (t: TestContext) => {
    const client = testClient(await build(t))

    await client.sessionTransaction((session) => { session.user_id = 1 })
    t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: 1 })

    await client.sessionTransaction(async (session) => { session.user_id += 1 })
    t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: 2 })

    await client.sessionTransaction((session) => { session.clear() })
    t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: null })
    t.assert.deepStrictEqual(await client.jar.getCookies('https://localhost/'), [])
  })

  test('stores the cookie with the attributes of the configuration', async (t: TestContext) => {
    const client = testClient(await build(t, { cookie: { path: '/app', secure: true, httpOnly: true, domain: 'example.com' } }), { baseUrl: 'https://www.example.com' })

    await client.sessionTransaction((session) => { session.user_id = 1 })

    const [cookie] = await client.jar.getCookies('https://www.example.com/app')
    t.assert.deepStrictEqual([cookie?.key, cookie?.path, cookie?.secure, cookie?.httpOnly, cookie?.domain], ['session', '/app', true, true, 'example.com'])
    t.assert.strictEqual(await client.session(), null)
    t.assert.deepStrictEqual((await client.session('/app'))?.data(), { user_id: 1 })
  })

  describe('with an interface that overrides getCookieName, getCookiePath and getCookieDomain', () => {
    class Own extends SecureCookieSessionInterface {
      override getCookieName (): string { return 'own' }
      override getCookiePath (): string { return '/app' }
      override getCookieDomain (): string { return 'example.com' }
    }
    const open = async (t: TestContext): Promise<TestClient> => {
      const fastify = await build(t, { sessionInterface: new Own(), cookie: { path: '/other', domain: 'other.example' } })
      fastify.get('/app/me', async (request) => ({ user: request.session.user_id ?? null }))
      fastify.post('/app/login', async (request) => { request.session.user_id = 42 })
      return testClient(fastify, { baseUrl: 'https://www.example.com' })
    }

    test('stores the cookie of a transaction by them', async (t: TestContext) => {
      const client = await open(t)

      await client.sessionTransaction((session) => { session.user_id = 1 })

      const [cookie, ...others] = await client.jar.getCookies('https://www.example.com/app')
      t.assert.deepStrictEqual([cookie?.key, cookie?.path, cookie?.domain, others.length], ['own', '/app', 'example.com', 0])
      t.assert.deepStrictEqual((await client.inject('/app/me')).json(), { user: 1 })
      t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: null })
    })

    test('reads the cookie of a response by them, and changes and ends it in transactions', async (t: TestContext) => {
      const client = await open(t)
      await client.inject({ method: 'POST', url: '/app/login' })
      client.jar.setCookieSync('session=another; Path=/', 'https://www.example.com/')

      t.assert.deepStrictEqual((await client.session('/app'))?.data(), { user_id: 42 })
      t.assert.strictEqual(await client.session('/'), null)
      await client.sessionTransaction((session) => { session.user_id += 1 })
      t.assert.deepStrictEqual((await client.inject('/app/me')).json(), { user: 43 })
      await client.sessionTransaction((session) => session.clear())
      t.assert.deepStrictEqual(await client.jar.getCookieString('https://www.example.com/app'), 'session=another')
    })
  })

  for (const [what, options] of Object.entries<SecureSessionOptions>({ 'in cookies': {}, 'in a store': { store: memoryStore() } })) {
    test(`ignores what a browser would, with one warning: a cookie of another domain, ${what}`, async (t: TestContext) => {
      const warn = t.mock.method(process, 'emitWarning', () => {})
      const client = testClient(await build(t, { cookie: { domain: 'example.com' }, ...options }))

      t.assert.strictEqual((await client.inject({ method: 'POST', url: '/login' })).statusCode, 200)
      await client.sessionTransaction((session) => { session.user_id = 1 })

      t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: null })
      t.assert.deepStrictEqual(client.jar.serializeSync()?.cookies, [])
      t.assert.strictEqual(await client.session(), null)
      t.assert.deepStrictEqual(warn.mock.calls.map(({ arguments: [message] }) => message), [
        'The test client ignores the cookie session; Domain=example.com; Path=/; HttpOnly at https://localhost/login, as a browser would. ' +
        'Set the option baseUrl of testClient to the address of the application'
      ])
    })
  }

  test('ignores a Set-Cookie that is none', async (t: TestContext) => {
    const warn = t.mock.method(process, 'emitWarning', () => {})
    const fastify = await build(t)
    fastify.get('/odd', async (_request, reply) => reply.header('set-cookie', 'secret').send('ok'))

    t.assert.strictEqual((await testClient(fastify).inject('/odd')).statusCode, 200)

    t.assert.match(String(warn.mock.calls[0]?.arguments[0]), /^The test client ignores the cookie {2}at https:\/\/localhost\/odd, /)
  })

  test('sends the host of its baseUrl, unless a request says otherwise, and no warning', async (t: TestContext) => {
    const warn = t.mock.method(process, 'emitWarning', () => {})
    const client = testClient(await build(t, { cookie: { domain: 'shop.test' } }), { baseUrl: 'https://shop.test:8443' })
    const hostOf = async (options: InjectOptions): Promise<string> => (await client.inject({ url: '/echo', ...options })).json().host
    await client.inject({ method: 'POST', url: '/login' })

    t.assert.strictEqual(await hostOf({}), 'shop.test:8443')
    t.assert.strictEqual(await hostOf({ url: 'https://other.test/echo' }), 'other.test')
    t.assert.strictEqual(await hostOf({ authority: 'other.test' }), 'other.test')
    t.assert.strictEqual(await hostOf({ headers: { host: 'other.test' } }), 'other.test')
    t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: 42 })
    t.assert.strictEqual(warn.mock.callCount(), 0)
  })

  test("tests secure: 'auto' behind a proxy that is trusted", async (t: TestContext) => {
    const fastify = Fastify({ trustProxy: true }) as unknown as FastifyInstance
    t.after(() => fastify.close())
    await fastify.register(secureSession, { secretKey, cookie: { secure: 'auto' } })
    fastify.post('/login', async (request) => { request.session.user_id = 42 })
    const client = testClient(fastify)

    await client.inject({ method: 'POST', url: '/login', headers: { 'x-forwarded-proto': 'https' } })

    t.assert.strictEqual((await client.jar.getCookies('https://localhost/'))[0]?.secure, true)
  })

  test('takes no name of a session in place of a path', async (t: TestContext) => {
    const client = testClient(await build(t, { sessions: [{}, { sessionName: 'admin' }] }))

    for (const name of ['admin', '']) {
      await t.assert.rejects(client.session(name), {
        name: 'TypeError', message: "client.session takes a path, such as '/': the name of a session is the option sessionName"
      })
    }
  })

  test('keeps what it has when a response or a transaction brings a cookie that is refused', async (t: TestContext) => {
    t.mock.method(process, 'emitWarning', () => {})
    const fastify = await build(t)
    fastify.get('/move', async (request) => {
      request.session.options({ domain: 'example.com' })
      request.session.user_id = 2
    })
    const client = testClient(fastify)
    await client.sessionTransaction((session) => { session.user_id = 1 })

    t.assert.match(String((await client.inject('/move')).headers['set-cookie']), /Domain=example\.com/)

    t.assert.deepStrictEqual((await client.inject('/me')).json(), { user: 1 })
  })

  test('works on one of several sessions', async (t: TestContext) => {
    const fastify = await build(t, { sessions: [{}, { sessionName: 'admin', cookie: { partitioned: true } }] })
    fastify.get('/level', async (request) => (request as unknown as { admin: { level: number } }).admin.level)
    const client = testClient(fastify, { sessionName: 'admin' })

    await client.sessionTransaction((session) => { session.level = 3 })

    t.assert.strictEqual((await client.inject('/level')).body, '3')
    t.assert.strictEqual((await testClient(fastify).session()), null)
  })

  test('opens no transaction without a secret key', async (t: TestContext) => {
    const client = testClient(await build(t, { secretKey: null }))

    await t.assert.rejects(client.sessionTransaction((session) => { session.user_id = 1 }), { code: 'FST_SESSION_UNAVAILABLE' })
  })

  test('says when the application has no such session', async (t: TestContext) => {
    const without = Fastify()
    t.after(() => without.close())

    await t.assert.rejects(testClient(without as unknown as FastifyInstance).session(), { name: 'TypeError', message: /has no such session/ })
    await t.assert.rejects(testClient(await build(t), { sessionName: 'other' }).session(), TypeError)
  })
})
