import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fastifyEnv from '@fastify/env'
import fastifyExpress from '@fastify/express'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, InjectOptions, LightMyRequestResponse } from 'fastify'
import secureSession, * as ours from '../../lib/index.ts'
import { testClient } from '../../lib/testing.ts'
import { requireFlask } from '../flask/peer.ts'
import { run, snippet, untested } from './snippets.ts'

const secretKey = 'a secret key of the documents'
process.env.SECRET_KEY = secretKey

// By a name that the compiler does not see: their types declare another request.session, or lack types of their own.
const load = async (name: string): Promise<any> => (await import(name)).default
const fastifyHttpProxy = await load('@fastify/http-proxy')
const theirSecureSession = await load('@fastify/secure-session')

/** An application as JavaScript sees it. */
type App = FastifyInstance & { config?: any }
type Ask = FastifyRequest & { session: any }

function application (t: TestContext): App {
  const fastify = Fastify()
  t.after(() => fastify.close())
  return fastify
}

/** An application on which a recipe runs. */
async function withRecipe (t: TestContext, heading: string, context: object = {}, at = 0): Promise<App> {
  const fastify = application(t)
  await run(snippet('lib/RECIPES.md', heading, 'js', at), { fastify, ...ours, ...context })
  return fastify
}

/** The same, where the recipe leaves the registration out. */
async function withSession (t: TestContext, heading: string, context: object = {}): Promise<App> {
  const fastify = application(t)
  await fastify.register(secureSession, { secretKey })
  await run(snippet('lib/RECIPES.md', heading), { fastify, ...ours, ...context })
  return fastify
}

/** The Set-Cookie headers of an answer. */
function cookiesOf ({ headers }: LightMyRequestResponse): string[] {
  return [headers['set-cookie'] ?? []].flat()
}

function asking (cookie: string, url = '/'): InjectOptions {
  return { url, headers: { cookie } }
}

/** What Flask on SHA-512 shows of a cookie. */
const flashed = `
import hashlib, sys
from flask import Flask, get_flashed_messages
app = Flask(__name__)
app.secret_key = sys.argv[2]
app.session_interface.digest_method = hashlib.sha512
with app.test_request_context(headers={"Cookie": sys.argv[1]}):
    print(get_flashed_messages(with_categories=True))
`

describe('the recipe for', () => {
  test('fastify.config by hand: a change holds from the next request on', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'fastify.config by hand')
    fastify.get('/', async (request: Ask) => { request.session.a = 1 })

    const before = cookiesOf(await fastify.inject('/'))
    fastify.config.SESSION_COOKIE_SECURE = true
    const after = cookiesOf(await fastify.inject('/'))

    t.assert.deepStrictEqual([before, after].map(([cookie]) => cookie?.includes('Secure')), [false, true])
  })

  test('settings of the application: they stand beside ours', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'Settings of your own beside ours', { fastifyEnv })
    await fastify.ready()

    t.assert.deepStrictEqual([fastify.config.PORT, fastify.config.SESSION_COOKIE_HTTPONLY], [3000, true])
  })

  test('another domain: takes the session over and deletes the old cookie', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'Another cookie domain or path')
    fastify.get('/', async (request: Ask) => request.session)
    await fastify.ready()
    const old = fastify.encodeSession(fastify.createSession({ user_id: 42 }))

    const moved = await fastify.inject(asking(`session=${old}`))
    const [sent, deleted] = cookiesOf(moved).sort()
    const later = await fastify.inject(asking(String(sent).split(';')[0] as string))

    t.assert.match(String(deleted), /^session=; (?=.*Max-Age=0).*Path=\//)
    t.assert.match(String(sent), /^session2=\S+; Domain=example.com; Path=\//)
    t.assert.deepStrictEqual([moved.json(), later.json(), cookiesOf(later)], [{ user_id: 42 }, { user_id: 42 }, []])
  })

  test('tenants: each has a cookie of its own', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'Tenants by host name')
    fastify.get('/', async (request: Ask) => { request.session.a = 1 })

    const [cookie] = cookiesOf(await fastify.inject({ url: '/', headers: { host: 'acme.example.com' } }))

    t.assert.match(String(cookie), /^session-acme=/)
  })

  test("other plugins' routes: they have no session", async (t: TestContext) => {
    const fastify = await withSession(t, 'Routes of other plugins')
    await fastify.register(async (scope) => {
      scope.get('/assets/logo.svg', async (request: Ask) => request.session)
      scope.get('/assets/write', async (request: Ask) => { request.session.a = 1 })
    })

    t.assert.strictEqual((await fastify.inject('/assets/logo.svg')).headers.vary, undefined)
    t.assert.strictEqual((await fastify.inject('/assets/write')).json().code, 'FST_SESSION_UNAVAILABLE')
  })

  test('other attributes: the cookie of that route has them', async (t: TestContext) => {
    const fastify = await withSession(t, 'Other cookie attributes for a route')

    t.assert.match(String(cookiesOf(await fastify.inject('/embed'))), /; Secure; SameSite=None$/)
  })

  test('polls: they do not refresh the session', async (t: TestContext) => {
    const fastify = await withSession(t, 'A limit for browsers that poll')
    fastify.get('/', async (request: Ask) => request.session)
    const client = testClient<any>(fastify)
    await client.sessionTransaction((session) => { Object.assign(session, { user_id: 42, permanent: true }) })

    const poll = await client.inject('/poll')
    const page = await client.inject('/')

    t.assert.deepStrictEqual([poll.json(), cookiesOf(poll), cookiesOf(page).length], [{ user: 42 }, [], 1])
  })

  test('limits: who is not remembered is logged out ten minutes later', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })
    const fastify = await withRecipe(t, 'Limits of a session')
    fastify.get('/', async (request: Ask) => request.session.size)
    const sizes: unknown[] = []
    for (const query of ['', '?remember=yes']) {
      const client = testClient(fastify)
      await client.inject({ method: 'POST', url: `/login${query}` })
      t.mock.timers.tick(601_000)
      sizes.push((await client.inject('/')).json())
    }

    t.assert.deepStrictEqual(sizes, [0, 2])
  })

  test('metrics: the channel tells what was refused', async (t: TestContext) => {
    const counted: unknown[] = []
    const fastify = await withSession(t, 'Metrics of refused cookies', { counter: { inc: (labels: unknown) => counted.push(labels) } })
    fastify.get('/', async (request: Ask) => request.session)
    await fastify.inject(asking('session=forged'))

    t.assert.deepStrictEqual(counted, [{ code: 'malformed', session: 'session' }])
  })

  test('middleware: the raw request has the session', async (t: TestContext) => {
    const fastify = await withSession(t, 'NestJS and middie')
    fastify.get('/', async (request) => {
      const raw = request.raw as { session?: any }
      raw.session.seen = true
      return { ok: true }
    })

    t.assert.strictEqual(cookiesOf(await fastify.inject('/')).length, 1)
  })

  test('processes without a server: they encode and decode', async (t: TestContext) => {
    const { fastify, session, fromHeader } = await run(snippet('lib/RECIPES.md', 'Outside of requests'), { Fastify, secureSession })
    t.after(() => fastify.close())

    t.assert.deepStrictEqual([session.user_id, fromHeader.user_id], [42, 42])
  })

  test('@fastify/express: passport would find the session on its request', async (t: TestContext) => {
    const fastify = application(t)
    await fastify.register(secureSession, { secretKey })
    await run(snippet('lib/RECIPES.md', 'Plugins'), { fastify, fastifyExpress })
    fastify.use('/page', (request: any, _: unknown, next: () => void) => {
      request.session.seen = true
      next()
    })
    fastify.get('/page', async () => ({ ok: true }))

    t.assert.strictEqual(cookiesOf(await fastify.inject('/page')).length, 1)
  })

  test('flashed messages: they are shown once, and by Flask', async (t: TestContext) => {
    const fastify = await withSession(t, 'Flashed messages, shared with Flask')
    const client = testClient(fastify)
    const [cookie] = cookiesOf(await client.inject({ method: 'POST', url: '/save' }))

    t.assert.deepStrictEqual((await client.inject('/messages')).json(), ['Saved'])
    t.assert.deepStrictEqual((await client.inject('/messages')).json(), [])
    for (const { command } of requireFlask(t)) {
      t.assert.strictEqual(execFileSync(command, ['-c', flashed, String(cookie).split(';')[0] as string, secretKey], { encoding: 'utf8' }), "[('message', 'Saved')]\n")
    }
  })

  test('tags: a value comes back as what it was', async (t: TestContext) => {
    class Money {
      readonly amount: number
      readonly currency: string
      constructor (amount: number, currency: string) { [this.amount, this.currency] = [amount, currency] }
    }
    const sessionJSONSerializer = new ours.TaggedJSONSerializer()
    await run(snippet('lib/RECIPES.md', 'Types of your own'), { ...ours, sessionJSONSerializer, Money })

    const text = sessionJSONSerializer.dumps({ price: new Money(5, 'EUR') })
    t.assert.strictEqual(text, '{"price":{" $":[5,"EUR"]}}')
    t.assert.deepStrictEqual(sessionJSONSerializer.loads(text), { price: new Money(5, 'EUR') })
  })
})

describe('a gateway in front of Flask, by the recipe,', () => {
  /** An upstream that answers as Flask would. */
  async function gateway (t: TestContext, at: number): Promise<{ fastify: App, seen: Array<Record<string, unknown> | null> }> {
    const seen: Array<Record<string, unknown> | null> = []
    const upstream = application(t)
    await upstream.register(secureSession, { secretKey, digestMethod: 'sha1', refreshEachRequest: false })
    upstream.get('/me', async (request: Ask) => seen.push(request.session.data()))
    upstream.get('/logout', async (request: Ask) => { request.session = null })
    process.env.FLASK_URL = await upstream.listen({ port: 0 })
    const fastify = application(t)
    if (at > 0) await fastify.register(secureSession, { secretKey, digestMethod: 'sha1' })
    await run(snippet('lib/RECIPES.md', 'A gateway in front of Flask', 'js', at), { fastify, secureSession, fastifyHttpProxy })
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
})

describe('moving over by the recipe', () => {
  test('from @fastify/secure-session logs nobody out', async (t: TestContext) => {
    const key = randomBytes(32)
    const before = application(t)
    await before.register(theirSecureSession, { key })
    before.get('/', async (request: Ask, reply: FastifyReply) => { request.session.set('user', 'ada'); return reply.send('ok') })
    const [cookie] = cookiesOf(await before.inject('/'))

    const fastify = await withRecipe(t, 'From @fastify/secure-session', { readFileSync: () => key })
    fastify.get('/', async (request: Ask) => request.session)
    const after = await fastify.inject(asking(String(cookie).split(';')[0] as string))

    t.assert.deepStrictEqual(after.json(), { user: 'ada' })
  })

  test('from @fastify/session keeps the handlers', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'From @fastify/session', { secret: secretKey })
    fastify.get('/', async (request: Ask) => {
      request.session.user = 'ada'
      await request.session.save()
      return request.session.get('user')
    })

    t.assert.strictEqual((await fastify.inject('/')).body, 'ada')
  })
})

describe('the recipes', () => {
  test('have no code that no test runs or compiles', (t: TestContext) => {
    const paths = JSON.parse(snippet('lib/RECIPES.md', 'TypeScript beside @fastify/flash', 'json')) as object // test/package compiles with it
    snippet('lib/RECIPES.md', 'The type of fastify.config', 'ts') // typescript.test.ts, and the next
    snippet('lib/RECIPES.md', 'A session of another name', 'ts')

    t.assert.deepStrictEqual(Object.keys(paths), ['compilerOptions'])
    t.assert.deepStrictEqual(untested('lib/RECIPES.md'), [])
  })
})
