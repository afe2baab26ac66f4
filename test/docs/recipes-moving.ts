import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyReply } from 'fastify'
import secureSession from '../../lib/index.ts'
import { expressStore, memoryStore } from '../../lib/stores/index.ts'
import { testClient } from '../../lib/testing.ts'
import { requireFlask } from '../flask/peer.ts'
import { application, asking, cookiesOf, secretKey, withRecipe } from './recipe.ts'
import type { App, Ask } from './recipe.ts'
import { run, snippet } from './snippets.ts'

// By a name that the compiler does not see: their types declare another request.session, or lack types of their own.
const load = async (name: string): Promise<any> => (await import(name)).default
const fastifyHttpProxy = await load('@fastify/http-proxy')
const theirSecureSession = await load('@fastify/secure-session')
const sodium = await load('sodium-native')
const { MemoryStore } = await load('express-session')

describe('a gateway in front of Flask, by the recipe,', () => {
  /** An upstream that answers as Flask would. */
  async function gateway (t: TestContext, at: number, options: object = {}): Promise<{ fastify: App, seen: Array<Record<string, unknown> | null> }> {
    const seen: Array<Record<string, unknown> | null> = []
    const upstream = application(t)
    await upstream.register(secureSession, { secretKey, digestMethod: 'sha1', refreshEachRequest: false })
    upstream.get('/me', async (request: Ask) => seen.push(request.session.data()))
    upstream.get('/logout', async (request: Ask) => { request.session = null })
    upstream.get('/headers', async (request) => request.headers)
    upstream.get('/login', async (_, reply) => await reply.redirect('/flask/me'))
    process.env.FLASK_URL = await upstream.listen({ port: 0 })
    const fastify = application(t)
    if (at > 0) await fastify.register(secureSession, { secretKey, digestMethod: 'sha1' })
    const plugin = async (fastify: App, given: object): Promise<void> => await secureSession(fastify, { ...given, ...options })
    Object.assign(plugin, { [Symbol.for('skip-override')]: true })
    await run(snippet('lib/RECIPES.md', 'A gateway in front of Flask', 'js', at), { fastify, secureSession: plugin, fastifyHttpProxy })
    return { fastify, seen }
  }

  test("sends the upstream's logout and no refresh after it", async (t: TestContext) => {
    const { fastify, seen } = await gateway(t, 0)
    const client = testClient<any>(fastify)
    await client.sessionTransaction((session) => { Object.assign(session, { user_id: 42, permanent: true }) })

    await client.inject('/flask/me')
    const logout = await client.inject('/flask/logout')

    t.assert.deepStrictEqual(seen, [{ _permanent: true, user_id: 42 }])
    t.assert.strictEqual(cookiesOf(logout).length, 1)
    t.assert.strictEqual(await client.session(), null)
  })

  test('hands a change on with the request, and sends nothing itself', async (t: TestContext) => {
    const { fastify, seen } = await gateway(t, 1)

    const response = await fastify.inject('/flask/me')

    t.assert.deepStrictEqual(seen, [{ seen_by_gateway: true }])
    t.assert.deepStrictEqual(cookiesOf(response), [])
  })

  test('hands the other cookies on', async (t: TestContext) => {
    const { fastify } = await gateway(t, 1)

    const { cookie } = (await fastify.inject(asking('theme=dark; session=forged; session2=a', '/flask/headers'))).json()

    t.assert.match(cookie, /^theme=dark; session2=a; session=[\w.-]+$/)
  })

  test('ends a session that the upstream logs out, so that a copy of its cookie is worth nothing', async (t: TestContext) => {
    const { fastify } = await gateway(t, 0, {
      revocation: { user: (session: any) => session.user_id, store: memoryStore({ max: Infinity }), cacheFor: 0 }
    })
    await run(snippet('lib/RECIPES.md', 'A gateway in front of Flask', 'js', 2), { fastify })
    fastify.get('/me', async (request: Ask) => request.session.get('user_id') ?? 'nobody')
    const client = testClient<any>(fastify)
    await client.sessionTransaction((session) => { Object.assign(session, { user_id: 42 }) })
    const copy = await client.jar.getCookieString('https://localhost/')

    const before = (await client.inject('/me')).body
    await client.inject('/flask/logout')

    t.assert.deepStrictEqual([before, (await fastify.inject(asking(copy, '/me'))).body], ['42', 'nobody'])
  })

  test('tells Flask whom it serves, and under which address', async (t: TestContext) => {
    const { fastify } = await gateway(t, 3)
    const app = `from flask import Flask, request, url_for
app = Flask(__name__)
@app.get("/me")
def me():
    return [request.remote_addr, url_for("me", _external=True)]
${snippet('lib/RECIPES.md', 'A gateway in front of Flask', 'python')}
import json, sys
print(json.dumps(app.test_client().get("/me", headers=json.loads(sys.argv[1])).json))`

    const headers = (await fastify.inject({ url: '/flask/headers', headers: { host: 'shop.example', 'x-forwarded-for': '6.6.6.6' } })).json()
    const login = await fastify.inject('/flask/login')

    const forwarded = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-forwarded-')))
    for (const { command } of requireFlask(t)) {
      const answer = execFileSync(command, ['-c', app, JSON.stringify(forwarded)], { encoding: 'utf8' })
      t.assert.deepStrictEqual(JSON.parse(answer), ['127.0.0.1', 'http://shop.example/flask/me'])
    }
    t.assert.strictEqual(login.headers.location, '/flask/me')
  })
})

describe('moving over by the recipe', () => {
  test('from @fastify/secure-session logs nobody out', async (t: TestContext) => {
    const [secret, salt] = ['a secret of the old application, long', 'a salt of 16 b..']
    const { key } = await run(snippet('lib/RECIPES.md', 'From @fastify/secure-session', 'js', 2), { sodium, secret, salt })
    const before = application(t)
    await before.register(theirSecureSession, { secret, salt })
    before.get('/', async (request: Ask, reply: FastifyReply) => { request.session.set('user', 'ada'); return reply.send('ok') })
    const [cookie] = cookiesOf(await before.inject('/'))

    const fastify = await withRecipe(t, 'From @fastify/secure-session', { readFileSync: () => key })
    await run(snippet('lib/RECIPES.md', 'From @fastify/secure-session', 'js', 1), { fastify })
    fastify.get('/', async (request: Ask) => request.session.get('user'))
    const after = await fastify.inject(asking(String(cookie).split(';')[0] as string))

    t.assert.strictEqual(after.body, 'ada')
    t.assert.match(String(cookiesOf(after)), /^session=\S+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/)
  })

  test('from @fastify/session keeps the handlers', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'From @fastify/session', { secret: secretKey, expressStore, store: new MemoryStore() })
    fastify.get('/', async (request: Ask) => {
      request.session.user = 'ada'
      await request.session.save()
      return request.session.get('user')
    })

    t.assert.strictEqual((await fastify.inject('/')).body, 'ada')
  })
})
