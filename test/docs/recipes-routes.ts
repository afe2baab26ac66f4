import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fastifyExpress from '@fastify/express'
import Fastify from 'fastify'
import secureSession from '../../lib/index.ts'
import { flaskSessionSerializer, memoryStore } from '../../lib/stores/index.ts'
import { testClient } from '../../lib/testing.ts'
import { application, asking, cookiesOf, secretKey, withRecipe, withSession } from './recipe.ts'
import type { Ask } from './recipe.ts'
import { run, snippet } from './snippets.ts'

describe('the recipe for', () => {
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

  test('limits: who is not remembered is logged out after ten minutes without use', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })
    const fastify = await withRecipe(t, 'Limits of a session')
    fastify.get('/', async (request: Ask) => request.session.size)
    const sizes: unknown[] = []
    for (const query of ['', '?remember=yes']) {
      const client = testClient(fastify)
      await client.inject({ method: 'POST', url: `/login${query}` })
      for (const seconds of [599, 599, 601]) {
        t.mock.timers.tick(seconds * 1000)
        sizes.push((await client.inject('/')).json())
      }
    }

    t.assert.deepStrictEqual(sizes, [2, 2, 0, 2, 2, 2])
  })

  test('metrics: the channel tells what was refused', async (t: TestContext) => {
    const counted: unknown[] = []
    class Counter {
      inc (labels: unknown): void { counted.push(labels) }
    }
    const fastify = application(t)
    await fastify.register(secureSession, { secretKey })
    await run(snippet('lib/RECIPES.md', 'Metrics of refused cookies'), {}, { 'prom-client': { Counter } })
    fastify.get('/', async (request: Ask) => request.session)
    await fastify.inject(asking('session=forged'))

    t.assert.deepStrictEqual(counted, [{ code: 'malformed', session: 'session' }])
  })

  test('devices: a user sees the own sessions, and ends one', async (t: TestContext) => {
    const fastify = application(t)
    await fastify.register(secureSession, { store: memoryStore(), user: (session: any) => session.user_id })
    await run(snippet('lib/RECIPES.md', 'Sessions in a store'), { fastify })
    const [phone, laptop] = [testClient<any>(fastify), testClient<any>(fastify)]
    await phone.sessionTransaction((session) => { Object.assign(session, { user_id: 42, agent: 'phone' }) })
    await laptop.sessionTransaction((session) => { Object.assign(session, { user_id: 42, agent: 'laptop' }) })

    const devices = (await phone.inject('/devices')).json()
    const other = devices.find(({ isCurrent }: { isCurrent: boolean }) => !isCurrent)
    await fastify.endSessions(42, { only: other.id })

    t.assert.deepStrictEqual(Object.keys(other).sort(), ['began', 'data', 'expires', 'id', 'isCurrent', 'used'])
    t.assert.deepStrictEqual([devices.length, other.data], [2, { agent: 'laptop' }])
    t.assert.deepStrictEqual((await phone.inject('/devices')).json().length, 1)
    t.assert.strictEqual(await laptop.session(), null)
  })

  test('Flask-Session: what is stored is plain JSON', async (t: TestContext) => {
    const fastify = application(t)
    const store = memoryStore()
    await run(snippet('lib/RECIPES.md', 'Sessions in a store', 'js', 1), { fastify, secureSession, redis: undefined }, {
      'fastify-secure-cookie-session/stores': { flaskSessionSerializer, redisStore: () => store }
    })
    fastify.get('/', async (request: Ask) => { request.session.user_id = 42 })
    const [, id = ''] = /=([^;]+)/.exec(String(cookiesOf(await fastify.inject('/')))) ?? []

    t.assert.strictEqual(String((await store.get(id))?.data), '{"user_id":42}')
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
})
