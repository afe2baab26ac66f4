import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../lib/index.ts'
import type { SecureSessionOptions } from '../lib/index.ts'
import { testClient } from '../lib/testing.ts'
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

  test('has no chains of requests, which would leave the jar out', async (t: TestContext) => {
    const client = testClient(await build(t))

    await t.assert.rejects(client.inject(undefined as unknown as string), { name: 'TypeError', message: /has no chains/ })
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
