import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { Rejection, Session } from '../../lib/index.ts'
import { sealSecretBox } from '../../lib/crypto/secretbox.ts'
import { memoryStore } from '../../lib/stores/memory-store.ts'
import { testClient } from '../../lib/testing.ts'
import { buildApp, cookieAfter, cookieOf, refusalOf, secretKey, setCookiesOf } from '../helpers.ts'
import { start, stopClocks, watchedStore } from './helpers.ts'
import { readSaved, scene } from './scene.ts'

describe('outside of requests', () => {
  for (const sync of [true, false]) {
    const kind = sync ? 'synchronous' : 'asynchronous'

    test(`isRevoked asks a ${kind} store`, async (t: TestContext) => {
      const { app, login, tick } = await scene(t, sync)
      const session = await app.decodeSession((await login()).slice('session='.length))
      t.assert.ok(session)
      t.assert.strictEqual(await app.isRevoked(session), false)
      await app.endSessions(42)
      t.assert.strictEqual(await app.isRevoked(session), true)
      tick(60)
      t.assert.strictEqual(await app.isRevoked(session), true)
      t.assert.strictEqual(await app.isRevoked(app.createSession({ user_id: 42 })), false)
    })

    test(`isRevoked knows the session of a request with a ${kind} store, as it was saved last`, async (t: TestContext) => {
      const { app, visit, store, tick } = await scene(t, sync)
      let answers: boolean[] = []
      const login = await visit(async (session) => {
        session['user_id'] = 42
        await session.save()
        answers.push(await app.isRevoked(session))
        await app.endSessions(42)
        answers.push(await app.isRevoked(session))
      })
      t.assert.deepStrictEqual(answers, [false, true])
      answers = []
      await visit(async (session) => {
        answers.push(await app.isRevoked(session), session.size === 0)
      }, { cookie: cookieAfter(login) })
      t.assert.deepStrictEqual(answers, [true, true])
      const session = await app.decodeSession(cookieOf({ n: 1 }).slice(8))
      tick(60)
      store.failure = new Error('away')
      await t.assert.rejects(app.isRevoked(session!), { code: 'FST_SESSION_STORE_UNAVAILABLE' })
    })

    test(`isRevoked ignores the error of a ${kind} store if the application says so`, async (t: TestContext) => {
      const { app, store, login } = await scene(t, sync, { revocation: { onStoreError: 'accept' } })
      const session = await app.decodeSession((await login()).slice(8))
      store.failure = new Error('away')
      t.assert.strictEqual(await app.isRevoked(session!), false)
    })
  }

  test('decodeSession asks a store that answers later, and gives a promise of a session that was not ended', async (t: TestContext) => {
    const { app, visit, store, login, tick } = await scene(t, false)
    const [cookie, other] = [await login(), await login(43)]
    const decode = (cookie: string): Promise<Session | null> => {
      const decoded: unknown = app.decodeSession(cookie)
      t.assert.ok(decoded instanceof Promise)
      return decoded
    }
    await visit((session) => session.clear(), { cookie })
    t.assert.strictEqual(await decode(cookie.slice(8)), null)
    tick(60) // another process does not remember it either
    t.assert.strictEqual(await decode(cookie.slice(8)), null)
    t.assert.strictEqual((await decode(other.slice(8)))?.['user_id'], 43)
    t.assert.strictEqual(await decode('junk'), null)
    await app.endSessions(43)
    tick(60)
    t.assert.strictEqual(await decode(other.slice(8)), null)
    store.failure = new Error('away')
    tick(60)
    await t.assert.rejects(decode(other.slice(8)), { code: 'FST_SESSION_STORE_UNAVAILABLE' })
    await t.assert.rejects(decode(other.slice(8)), { code: 'FST_SESSION_STORE_UNAVAILABLE' })
  })

  test('decodeSession asks a store that answers at once', async (t: TestContext) => {
    const { app, visit, login, tick } = await scene(t, true)
    const [cookie, other] = [await login(), await login()]
    await visit((session) => session.clear(), { cookie })
    tick(60)
    t.assert.strictEqual(app.decodeSession(cookie.slice(8)), null)
    t.assert.strictEqual(app.decodeSession(other.slice(8))?.['user_id'], 42)
  })

  test('encodeSession gives a session an id and a begin that a revocation lets live', async (t: TestContext) => {
    const { app, userOf } = await scene(t, true)
    await app.endSessions(42)
    const cookie = `session=${app.encodeSession(app.createSession({ user_id: 42 }))}`
    t.assert.strictEqual(readSaved(cookie)._created, start + 6)
    t.assert.strictEqual(await userOf(cookie), 42)
    const again = app.encodeSession(app.decodeSession(cookie.slice(8))!)
    t.assert.deepStrictEqual(readSaved(`session=${again}`), readSaved(cookie))
    const fromFlask = cookieOf({ user_id: 43 })
    const named = `session=${app.encodeSession(app.decodeSession(fromFlask.slice(8))!)}`
    await app.endSessions(43)
    t.assert.strictEqual(readSaved(named)._created, start)
    t.assert.strictEqual(await userOf(named), null)
  })

  for (const sync of [true, false]) {
    test(`the test client logs in, and sees that a session was ended in a store that is ${sync ? 'synchronous' : 'asynchronous'}`, async (t: TestContext) => {
      const { app } = await scene(t, sync)
      const client = testClient(app)
      await client.sessionTransaction((session) => { session['user_id'] = 42 })
      t.assert.strictEqual((await client.session())?.['user_id'], 42)
      await app.endSessions(42)
      t.assert.strictEqual(await client.session(), null)
    })
  }
})

describe('the application', () => {
  test('must name a user and have a session that knows users', async (t: TestContext) => {
    const { app } = await scene(t, true)
    for (const nobody of [null, undefined, '']) await t.assert.rejects(app.endSessions(nobody), { name: 'TypeError', message: 'endSessions takes a user, got none' })
    await t.assert.rejects(app.endSessions(42, { except: {} as never }), { name: 'TypeError', message: 'endSessions takes a session as except: request.session' })
    await t.assert.rejects(app.endSessions({}), { code: 'FST_SESSION_INVALID_CONFIG' })
    await t.assert.rejects(app.endSessions(42, { sessionName: 'admin' }), { code: 'FST_SESSION_INVALID_CONFIG' })
    await t.assert.rejects(app.isRevoked({} as never), { name: 'TypeError', message: 'isRevoked takes a session: request.session, or what decodeSession returns' })
    const without = await buildApp(t, { revocation: {} })
    await without.ready()
    await t.assert.rejects(without.endSessions(42), { message: 'endSessions needs the option revocation.user of session: whose session it is' })
  })

  test('without revocation can end no sessions', async (t: TestContext) => {
    const app = await buildApp(t)
    await app.ready()
    const needs = /needs the option revocation of session, or sessions in a store/
    await t.assert.rejects(app.endSessions(42), needs)
    await t.assert.rejects(app.isRevoked(app.createSession()), needs)
  })

  test('without the option user ends single sessions', async (t: TestContext) => {
    const { visit, login, userOf } = await scene(t, false, { revocation: { user: undefined } })
    const cookie = await login()
    await visit((session) => session.clear(), { cookie })
    t.assert.strictEqual(await userOf(cookie), null)
  })

  test('is refused with wrong options', async (t: TestContext) => {
    t.assert.match((await refusalOf(t, { revocation: { cacheFor: -1 } })).message, /^revocation\.cacheFor must be/)
    const beside = await refusalOf(t, { revocation: {}, sessionInterface: new SecureCookieSessionInterface() })
    t.assert.strictEqual(beside.message, 'revocation must be left out beside sessionInterface, whose sessions it cannot end, got object')
    const inStore = await refusalOf(t, { revocation: {}, store: memoryStore() })
    t.assert.strictEqual(inStore.message, 'revocation must be left out beside store, whose sessions end without it, got object')
  })

  test('keeps the ended sessions in memory by default', async (t: TestContext) => {
    const app = await buildApp(t, { revocation: { user: (session) => session['user_id'] } }, {
      after: (app) => app.get('/', async (request) => ({ user: request.session['user_id'] ?? null }))
    })
    await app.ready()
    const cookie = `session=${app.encodeSession(app.createSession({ user_id: 42 }))}`
    t.assert.strictEqual((await app.inject({ url: '/', headers: { cookie } })).body, '{"user":42}')
    await app.endSessions(42)
    t.assert.strictEqual((await app.inject({ url: '/', headers: { cookie } })).body, '{"user":null}')
  })

  test('that looks at the session too early gets an error that says so', async (t: TestContext) => {
    const { visit, login, store } = await scene(t, false, {}, {
      before: (app) => app.addHook('onRequest', async (request) => { if (request.headers['x-early'] === '1') request.session.clear() })
    })
    const cookie = await login()
    const answer = await visit(undefined, { cookie, headers: { 'x-early': '1' } })
    t.assert.strictEqual(JSON.parse(answer.body).code, 'FST_SESSION_NOT_OPEN')
    store.asked.length = 0
    t.assert.strictEqual((await visit(undefined, { cookie })).statusCode, 200)
  })

  test('is not asked about a route without a session, nor is the store', async (t: TestContext) => {
    const { app, store, login } = await scene(t, false, {}, {
      after: (app) => app.get('/static', { config: { session: false } }, async () => 'text')
    })
    const cookie = await login()
    store.asked.length = 0
    await app.inject({ url: '/static', headers: { cookie } })
    t.assert.deepStrictEqual(store.asked, [])
  })

  test('has no session and asks nothing without a secret key', async (t: TestContext) => {
    const { visit, store } = await scene(t, false, { secretKey: null })
    t.assert.strictEqual((await visit((session) => session.size, { cookie: cookieOf({ n: 1 }) })).body, '0')
    t.assert.deepStrictEqual(store.asked, [])
  })

  test('that asks whose session it is leaves no trace: no access, no change, no shared values', async (t: TestContext) => {
    const user = (session: any): unknown => {
      session.seen = true
      return session.user?.id
    }
    const { visit } = await scene(t, false, { revocation: { user } })
    const cookie = cookieAfter(await visit((session) => { session['user'] = { id: 42 } }))
    for (let i = 0; i < 3; i++) {
      const answer = await visit(undefined, { cookie })
      t.assert.strictEqual(answer.headers['vary'], undefined)
      t.assert.deepStrictEqual(setCookiesOf(answer), [])
    }
    const { body } = await visit((session) => session, { cookie })
    t.assert.strictEqual(body, '{"user":{"id":42}}')
  })

  test('that gives a promise as the user is told so', async (t: TestContext) => {
    const { visit } = await scene(t, false, { revocation: { user: async () => 42 } })
    const answer = await visit((session) => { session['n'] = 1 })
    t.assert.strictEqual(JSON.parse(answer.body).code, 'FST_SESSION_INVALID_CONFIG')
    t.assert.strictEqual((await visit((session) => session.size, { cookie: cookieOf({ n: 1 }) })).statusCode, 500)
  })

  test('is told why a session was rejected', async (t: TestContext) => {
    const rejections: Rejection[] = []
    const { visit, store, login, tick } = await scene(t, false, { onReject: (_request, rejection) => { rejections.push(rejection) } })
    const cookie = await login()
    const read = (session: { size: number }): unknown => ({ size: session.size })
    await visit(read, { cookie: 'session=junk' })
    await visit(read, { cookie: `session=junk; ${cookie}` })
    await visit((session) => session.clear(), { cookie })
    tick(7)
    await visit(undefined, { cookie })
    await visit(read, { cookie: `session=junk; ${cookie}` })
    store.failure = new Error('away')
    await visit(read, { cookie: cookieOf({ n: 1 }) })
    t.assert.deepStrictEqual(rejections.map(({ sessionName, ...rest }) => rest), [
      { code: 'malformed' },
      { code: 'second-cookie', accepted: true },
      { code: 'revoked', age: 7 },
      { code: 'revoked', age: 7 },
      { code: 'store-unavailable' }
    ])
  })

  test('is told of a session that was accepted without an answer', async (t: TestContext) => {
    const rejections: Rejection[] = []
    const { visit, store, login, tick } = await scene(t, true, {
      revocation: { onStoreError: 'accept' }, onReject: (_request, rejection) => { rejections.push(rejection) }
    })
    const cookie = await login()
    tick(60)
    store.failure = new Error('away')
    await visit((session) => session.size, { cookie })
    t.assert.deepStrictEqual(rejections, [{ code: 'store-unavailable', sessionName: 'session', accepted: true }])
  })
})

test('several sessions are ended each by its own name', async (t: TestContext) => {
  stopClocks(t)
  const store = watchedStore(false)
  const user = (session: any): unknown => session.user_id
  const app = await buildApp(t, { revocation: { store, user }, sessions: [{ sessionName: 'session' }, { sessionName: 'admin' }] }, {
    after (app) {
      app.get('/login', async (request) => { for (const session of sessionsOf(request)) session.user_id = 42 })
      app.get('/', async (request) => sessionsOf(request).map((session) => session.user_id ?? null))
      app.get('/leave', async (request) => await app.endSessions(42, { except: sessionsOf(request)[1] }))
    }
  })
  const sessionsOf = (request: any): any[] => [request.session, request.admin]
  const login = async (): Promise<string> => setCookiesOf(await app.inject('/login')).map(({ header }) => header.split(';')[0]).join('; ')
  const see = async (cookie: string): Promise<unknown> => (await app.inject({ url: '/', headers: { cookie } })).json()
  const [mine, other] = [await login(), await login()]
  await app.endSessions(42, { sessionName: 'admin' })
  t.assert.deepStrictEqual(await see(mine), [42, null])
  await app.endSessions(42)
  t.assert.deepStrictEqual(await see(other), [null, null])
  t.assert.deepStrictEqual([store.inner.get('since:42'), store.inner.get('since:admin:42')].map((record) => record?.data), Array(2).fill(`{"since":${start + 5},"except":[]}`))
  const [third, fourth] = [await login(), await login()]
  await app.inject({ url: '/leave', headers: { cookie: third } })
  t.assert.deepStrictEqual([await see(third), await see(fourth)], [[42, 42], [42, null]])
})

test('sealed sessions are ended as others are', async (t: TestContext) => {
  const { app, visit, login, userOf } = await scene(t, false, { sealed: { readSigned: true } })
  const [one, two, signed] = [await login(), await login(), cookieOf({ user_id: 42 })]
  t.assert.deepStrictEqual([await userOf(one), await userOf(signed)], [42, 42])
  const sealed = cookieAfter(await visit((session) => session.touch(), { cookie: signed }))
  await visit((session) => session.clear(), { cookie: one })
  t.assert.deepStrictEqual([await userOf(one), await userOf(two)], [null, 42])
  await visit((session) => session.clear(), { cookie: sealed })
  t.assert.deepStrictEqual([await userOf(sealed), await userOf(signed)], [null, null])
  await app.endSessions(42)
  t.assert.strictEqual(await userOf(two), null)
})

test('a cookie of @fastify/secure-session can be ended for as long as it is read', async (t: TestContext) => {
  const expiry = 90 * 86_400
  const { visit, store } = await scene(t, true, { readSecureSession: { key: Buffer.alloc(32, 1), expiry } })
  const cookie = cookieAfter(await visit((session) => { session['n'] = 1 }))
  await visit((session) => session.clear(), { cookie })
  const record = store.inner.get(`ended:${readSaved(cookie)._sid}`)
  t.assert.ok((record?.expires ?? 0) > (start + expiry) * 1000)
})

test('a cookie of @fastify/secure-session that was ended stays ended in every spelling that is read', async (t: TestContext) => {
  const key = Buffer.alloc(32, 1)
  const { app, visit, userOf } = await scene(t, true, { readSecureSession: { key } })
  const nonce = Buffer.alloc(24, 2)
  const box = sealSecretBox(Buffer.from(JSON.stringify({ user_id: 42, __ts: start })), nonce, key).toString('base64')
  const text = `${box};${nonce.toString('base64')}`
  const cookie = `session=${encodeURIComponent(text)}`
  t.assert.strictEqual(await userOf(cookie), 42)
  await visit((session) => session.clear(), { cookie })
  for (const spelling of [cookie, cookie.replace('%3B', '%3b'), cookie.replace('%3B', '*%3B'), cookie.replaceAll('%3D', '')]) {
    t.assert.strictEqual(await userOf(spelling), null)
  }
  t.assert.strictEqual(app.decodeSession(text), null)
})

describe('the operator', () => {
  /** The warnings of an application that starts and ends, and whether its store was closed. */
  async function warnings (t: TestContext, options: object, environment: string | undefined): Promise<string[]> {
    const before = process.env['NODE_ENV']
    t.after(() => {
      if (before === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = before
    })
    if (environment !== undefined) process.env['NODE_ENV'] = environment
    const lines: Array<{ level: number, msg: string }> = []
    const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
    const app = await buildApp(t, { secretKey: `${secretKey}, long enough`, revocation: options }, { server: { logger: { level: 'warn', stream } } })
    await app.ready()
    await app.close()
    return lines.map(({ msg }) => msg)
  }

  test('is warned of ended sessions in memory in production', async (t: TestContext) => {
    const [line, ...more] = await warnings(t, {}, 'production')
    t.assert.match(line ?? '', /^session: revocation: memoryStore keeps/)
    t.assert.deepStrictEqual(more, [])
  })

  test('is not warned elsewhere, nor of another store', async (t: TestContext) => {
    t.assert.deepStrictEqual(await warnings(t, {}, 'test'), [])
    t.assert.deepStrictEqual(await warnings(t, { store: watchedStore() }, 'production'), [])
  })

  test('is warned of a store that drops ended sessions when it is full', async (t: TestContext) => {
    for (const limits of [{}, { max: 5 }, { max: Infinity, maxBytes: 5000 }]) {
      const [line, ...more] = await warnings(t, { store: memoryStore(limits) }, 'test')
      t.assert.match(line ?? '', /^session: revocation: the store drops entries when it is full/)
      t.assert.deepStrictEqual(more, [])
    }
    t.assert.deepStrictEqual(await warnings(t, { store: memoryStore({ max: Infinity }) }, 'test'), [])
  })

  test('is warned when the memory holds 100,000 ended sessions', async (t: TestContext) => {
    const store = memoryStore({ max: Infinity })
    const lines: string[] = []
    store.open?.((message) => lines.push(message))
    const expires = Date.now() + 60_000
    for (let i = 0; i < 100_000; i++) store.set(`ended:${i}`, '1', { expires, replaces: null })
    t.assert.strictEqual(lines.length, 1)
    t.assert.match(lines[0] ?? '', /100000/)
  })

  test('finds the store closed with the application', async (t: TestContext) => {
    let isClosed = false
    await warnings(t, { store: { ...watchedStore(), close: async () => { isClosed = true } } }, undefined)
    t.assert.ok(isClosed)
  })
})
