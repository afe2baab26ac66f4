import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { shortId } from '../../lib/server-sessions/user-sessions.ts'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { sessionApp, setCookiesOf } from '../helpers.ts'
import type { Browser } from '../helpers.ts'
import { AsyncStore, dataIn, gate, idOf, show, storeApp } from './world.ts'
import type { World } from './world.ts'

const user = (session: Session<any>): unknown => session.user_id

interface Users extends World {
  store: AsyncStore
  /** A browser that has logged in. */
  login (id: unknown, data?: object): Promise<Browser>
}

async function users (t: TestContext, options: SecureSessionOptions = {}): Promise<Users> {
  const store = new AsyncStore()
  const world = await storeApp(t, store, { user, ...options })
  const login = async (id: unknown, data: object = {}): Promise<Browser> => {
    const browser = world.browser()
    await browser.visit((session) => session.update({ user_id: id, ...data }))
    return browser
  }
  return { ...world, store, login }
}

const idIn = ({ jar }: Browser): string => jar.get('session') as string

describe('endSessions', () => {
  test('ends the sessions of one user, and of nobody else', async (t: TestContext) => {
    const { app, login } = await users(t)
    const [one, two, other] = [await login(42), await login('42'), await login(43)]
    await app.endSessions(42)
    t.assert.deepStrictEqual((await one.visit(show)).json(), {})
    t.assert.deepStrictEqual((await two.visit(show)).json(), {})
    t.assert.deepStrictEqual((await other.visit(show)).json(), { user_id: 43 })
  })

  test('except the session of the request', async (t: TestContext) => {
    const { app, login } = await users(t)
    const [one, two] = [await login(42), await login(42)]
    await one.visit(async (session) => await app.endSessions(42, { except: session }))
    t.assert.deepStrictEqual((await one.visit(show)).json(), { user_id: 42 })
    t.assert.deepStrictEqual((await two.visit(show)).json(), {})
  })

  test('except a session that begins with this request', async (t: TestContext) => {
    const { app, login, browser } = await users(t)
    const one = await login(42)
    const two = browser()
    await two.visit(async (session) => {
      session.user_id = 42
      await app.endSessions(42, { except: session })
    })
    t.assert.deepStrictEqual((await one.visit(show)).json(), {})
    t.assert.deepStrictEqual((await two.visit(show)).json(), { user_id: 42 })
  })

  test('only the session that listSessions named', async (t: TestContext) => {
    const { app, login } = await users(t)
    const [one, two] = [await login(42), await login(42)]
    await app.endSessions(42, { only: shortId(idIn(one)) })
    t.assert.deepStrictEqual((await one.visit(show)).json(), {})
    t.assert.deepStrictEqual((await two.visit(show)).json(), { user_id: 42 })
  })

  test('leaves a session that another user has by now', async (t: TestContext) => {
    const { app, login } = await users(t)
    const one = await login(42)
    await one.visit((session) => { session.user_id = 43 })
    await app.endSessions(42)
    t.assert.deepStrictEqual((await one.visit(show)).json(), { user_id: 43 })
  })

  test('leaves a session that the index lists under another user', async (t: TestContext) => {
    const { app, store } = await users(t)
    store.inner.set('A'.repeat(43), '{"user_id":43}', { expires: Date.now() + 1000, replaces: null, user: '42' })
    await app.endSessions(42)
    t.assert.deepStrictEqual(await dataIn(store.inner, 'A'.repeat(43)), { user_id: 43 })
  })

  test('leaves the sessions of another name in the same store', async (t: TestContext) => {
    const store = memoryStore()
    const { app } = await sessionApp(t, { store, user, sessions: [{}, { sessionName: 'admin' }] }, {
      after: (app) => app.register(async (scope) => scope.get('/login', async (request) => {
        request.session.user_id = 42;
        (request as never as { admin: Record<string, unknown> }).admin.user_id = 42
        return ''
      }))
    })
    const cookies = Object.fromEntries(setCookiesOf(await app.inject('/login')).map(({ name, value }) => [name, value]))
    await app.endSessions(42)
    t.assert.strictEqual(await dataIn(store, cookies.session ?? ''), null)
    t.assert.strictEqual((await app.listSessions(42, { sessionName: 'admin' })).length, 1)
    await app.endSessions(42, { sessionName: 'admin' })
    t.assert.strictEqual(await dataIn(store, `admin:${cookies.admin ?? ''}`), null)
  })

  test('ends a session that regenerate() renames meanwhile, whichever comes first', async (t: TestContext) => {
    for (const method of ['set', 'delete', 'get']) {
      const { app, login, store, visit } = await users(t)
      const one = await login(42)
      const [held, go] = [gate(), gate()]
      // The request stops before a command of its save.
      let isHeld = false
      store.gate = async (asked) => {
        if (asked !== method || isHeld || store.calls.at(-1)?.[0] !== method) return
        isHeld = true
        held.open()
        await go.passed
      }
      const renewed = visit(async (session) => await session.regenerate(['user_id']), { cookie: `session=${idIn(one)}` })
      await held.passed
      const ended = app.endSessions(42)
      go.open()
      const answer = await renewed
      await ended
      const now = setCookiesOf(answer).map(({ value }) => value)
      for (const id of [idIn(one), ...now]) t.assert.strictEqual(await dataIn(store.inner, id), null, method)
    }
  })

  test('goes through values that cannot be read', async (t: TestContext) => {
    const { app, login, store } = await users(t)
    const one = await login(42)
    const found = store.inner.get(idIn(one))
    store.inner.set(idIn(one), 'nonsense', { expires: Date.now() + 1000, replaces: found?.data as string, user: '42' })
    await app.endSessions(42)
    t.assert.strictEqual(store.inner.get(idIn(one))?.data, 'nonsense')
  })

  test('fails when sessions of the user keep appearing', async (t: TestContext) => {
    const { app, store } = await users(t)
    let n = 0
    store.ids = async () => [{ id: `${n++}`.padStart(43, 'a'), expires: Date.now() + 1000 }]
    await t.assert.rejects(app.endSessions(42), { code: 'FST_SESSION_STORE_UNAVAILABLE', message: /keep appearing/ })
  })

  test('rejects while the store is away', async (t: TestContext) => {
    const { app, login, store } = await users(t)
    await login(42)
    store.isAway = true
    await t.assert.rejects(app.endSessions(42), { code: 'FST_SESSION_STORE_UNAVAILABLE' })
  })

  for (const nobody of [null, undefined, '']) {
    test(`refuses ${JSON.stringify(nobody)}`, async (t: TestContext) => {
      const { app } = await users(t)
      await app.ready()
      await t.assert.rejects(app.endSessions(nobody), TypeError)
      await t.assert.rejects(app.listSessions(nobody), TypeError)
    })
  }

  test('needs the option user', async (t: TestContext) => {
    const { app } = await storeApp(t, new AsyncStore())
    await app.ready()
    await t.assert.rejects(app.endSessions(42), /needs the option user of session/)
    await t.assert.rejects(app.listSessions(42), /needs the option user of session/)
  })
})

describe('listSessions', () => {
  test('takes a function for the option data, and says so of anything else', async (t: TestContext) => {
    const { app } = await users(t)
    const data = true as unknown as () => string
    await t.assert.rejects(app.listSessions(42, { data }), { name: 'TypeError', message: /option data of listSessions must be a function/ })
  })

  const now = Date.UTC(2026, 0, 1)

  test('shows when each session began, was used and ends, the one used last first', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { app, login } = await users(t, { permanentSessionLifetime: 3600 })
    const one = await login(42, { device: 'phone' })
    t.mock.timers.tick(60_000)
    const two = await login(42, { device: 'laptop', _permanent: true })
    t.mock.timers.tick(60_000)
    await two.visit(show)
    const answer = await one.visit(async (session) => {
      return await app.listSessions(42, { current: session, data: (session) => session.device })
    })
    const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString()
    t.assert.deepStrictEqual(answer.json(), [
      { id: shortId(idIn(two)), began: at(60), used: at(120), expires: at(3720), isCurrent: false, data: 'laptop' },
      { id: shortId(idIn(one)), began: at(0), used: at(0), expires: at(3600), isCurrent: true, data: 'phone' }
    ])
  })

  test('depends on the cookie when it is told the current session: the response has Vary', async (t: TestContext) => {
    const { app, login } = await users(t)
    const browser = await login(42)

    const response = await browser.visit(async (session) => (await app.listSessions(42, { current: session })).length)

    t.assert.strictEqual(response.headers.vary, 'Cookie')
  })

  test('shows neither ids nor sessions that ended, nor those of other users', async (t: TestContext) => {
    const { app, login } = await users(t)
    const [one, two] = [await login(42), await login(42)]
    await login(43)
    await two.visit((session) => session.clear())
    const listed = await app.listSessions(42)
    t.assert.deepStrictEqual(listed.map(({ id, data }) => ({ id, data })), [{ id: shortId(idIn(one)), data: undefined }])
    t.assert.ok(!JSON.stringify(listed).includes(idIn(one).slice(0, 8)))
  })

  test('does not know when a session of another program began', async (t: TestContext) => {
    const { app, store } = await users(t)
    store.inner.set('A'.repeat(43), '{"user_id":42}', { expires: Date.now() + 1000, replaces: null, user: '42' })
    await app.ready()
    t.assert.deepStrictEqual((await app.listSessions(42)).map(({ began }) => began), [null])
  })

  test('needs sessions in a store', async (t: TestContext) => {
    const { app } = await sessionApp(t)
    await app.ready()
    await t.assert.rejects(app.listSessions(42), /listSessions needs the option store of session/)
  })
})

describe('isRevoked', () => {
  test('says of a session in a store whether it has been ended', async (t: TestContext) => {
    const { app, login, store } = await users(t)
    const one = await login(42)
    const answer = await one.visit(async (session) => {
      const before = await app.isRevoked(session)
      store.inner.delete(idIn(one))
      return [before, await app.isRevoked(session)]
    })
    t.assert.deepStrictEqual(answer.json(), [false, true])
  })

  test('is false for a session that begins, and true for one that this request ended', async (t: TestContext) => {
    const { app, login, visit } = await users(t)
    t.assert.strictEqual((await visit(async (session) => await app.isRevoked(session))).body, 'false')
    const one = await login(42)
    const answer = await one.visit(async (session) => {
      session.clear()
      await session.save()
      return await app.isRevoked(session)
    })
    t.assert.strictEqual(answer.body, 'true')
  })
})

describe('the index of a user', () => {
  test('is written with the session, prolonged with it, and has no entry for nobody', async (t: TestContext) => {
    const { login, store } = await users(t)
    for (const nobody of [null, '', undefined]) await login(nobody, { a: 1 })
    await login(42, { _permanent: true })
    const sets = store.calls.filter(([method]) => method === 'set').map((call) => (call[3] as { user?: string }).user)
    t.assert.deepStrictEqual(sets, [undefined, undefined, undefined, '42'])
  })

  test('has a session under its new user after a change of the user', async (t: TestContext) => {
    const { app, login } = await users(t)
    const one = await login(42)
    await one.visit((session) => { session.user_id = 43 })
    t.assert.deepStrictEqual(await app.listSessions(42), [])
    t.assert.strictEqual((await app.listSessions(43)).length, 1)
  })

  test('is asked by a function that is no access to the session', async (t: TestContext) => {
    const { app, visit } = await users(t)
    const id = idOf(await visit((session) => session.update({ _permanent: true, user_id: 42 })))
    const answer = await app.inject({ url: '/blind', headers: { cookie: `session=${id}` } })
    t.assert.strictEqual(idOf(answer), id)
  })
})

describe('limits of sessions in a store:', () => {
  const now = Date.UTC(2026, 0, 1)

  test('an absolute limit ends a session in use, and the store ends with it', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const store = memoryStore()
    const { browser } = await storeApp(t, store, { permanentSessionLifetime: 60, absoluteLifetime: 100 })
    const one = browser()
    await one.visit((session) => session.update({ _permanent: true, a: 1 }))
    t.mock.timers.tick(50_000)
    await one.visit(show)
    t.assert.strictEqual(store.get(idIn(one))?.expires, now + 100_000)
    t.mock.timers.tick(50_000)
    t.assert.deepStrictEqual((await one.visit(show)).json(), {})
  })

  test('an absolute limit that came later ends a session that is only read, counted from when it was last used before', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const store = memoryStore()
    const { browser } = await storeApp(t, store, { permanentSessionLifetime: 60, absoluteLifetime: 100 })
    const one = browser()
    one.jar.set('session', 'A'.repeat(43))
    store.set('A'.repeat(43), '{"_permanent":true,"a":1}', { expires: now + 60_000, replaces: null })
    const seen = []
    for (let i = 0; i < 3; i++) {
      t.mock.timers.tick(40_000)
      seen.push((await one.visit(show)).body)
    }
    t.assert.deepStrictEqual(seen, ['{"_permanent":true,"a":1}', '{"_permanent":true,"a":1}', '{}'])
  })

  test('a session that is too old by a limit that came later is refused, and not taken over', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const store = memoryStore()
    const reasons: unknown[] = []
    const { visit } = await storeApp(t, store, { absoluteLifetime: 100, onReject: (_request, reason) => reasons.push(reason) })
    const id = 'A'.repeat(43)
    store.set(id, `{"a":1,"_created":${now / 1000 - 101}}`, { expires: now + 10_000, replaces: null })
    const answer = await visit((session) => {
      const { size } = session
      session.b = size
    }, { cookie: `session=${id}` })
    t.assert.notStrictEqual(idOf(answer), id)
    t.assert.deepStrictEqual(await dataIn(store, idOf(answer)), { b: 0, _created: now / 1000 })
    t.assert.deepStrictEqual(reasons, [{ code: 'expired-absolute', sessionName: 'session', age: 101 }])
  })

  test('a session of another program that was last used too long ago is refused', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const store = memoryStore()
    const ages: unknown[] = []
    const { visit } = await storeApp(t, store, { permanentSessionLifetime: 3600, absoluteLifetime: 100, onReject: (_request, { age }) => ages.push(age) })
    store.set('A'.repeat(43), '{"a":1}', { expires: now + 3_499_000, replaces: null })
    t.assert.deepStrictEqual((await visit(show, { cookie: `session=${'A'.repeat(43)}` })).json(), {})
    t.assert.deepStrictEqual(ages, [101])
  })

  test('session.lifetime ends one session earlier', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const store = memoryStore()
    const { visit } = await storeApp(t, store)
    const answer = await visit((session) => {
      session.a = 1
      session.lifetime = 60
    })
    t.assert.strictEqual(store.get(idOf(answer))?.expires, now + 60_000)
    const tooLong = await visit((session) => { session.lifetime = 1e9 })
    t.assert.match(tooLong.json().message, /lifetime/)
  })

  test('refreshAfter touches once in a while', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const store = new AsyncStore()
    store.gate = () => {}
    const { browser } = await storeApp(t, store, { permanentSessionLifetime: 600, refreshAfter: 60 })
    const one = browser()
    await one.visit((session) => session.update({ _permanent: true }))
    for (let i = 0; i < 13; i++) {
      t.mock.timers.tick(10_000)
      await one.visit(show)
    }
    t.assert.strictEqual(store.methods.filter((method) => method === 'touch').length, 2)
  })

  test('a session without an end in the store is alive', async (t: TestContext) => {
    const store = new AsyncStore()
    store.get = async () => ({ data: '{"a":1}', expires: Infinity })
    const { visit } = await storeApp(t, store, { absoluteLifetime: 100, refreshAfter: 10 })
    t.assert.deepStrictEqual((await visit(show, { cookie: `session=${'A'.repeat(43)}` })).json(), { a: 1 })
  })
})

describe('onReject hears of sessions in a store:', () => {
  const cookie = `session=${'A'.repeat(43)}`
  const cases: Record<string, { code: string, cookie?: string, prepare?: (store: AsyncStore) => void }> = {
    'an unknown id': { code: 'unknown-id' },
    'a cookie that is no id': { code: 'malformed', cookie: 'session=nonsense' },
    'a store that is away': { code: 'store-unavailable', prepare: (store) => { store.isAway = true } },
    'an unreadable value': { code: 'unreadable', prepare: (store) => { store.inner.set('A'.repeat(43), 'x', { expires: Date.now() + 1000, replaces: null }) } }
  }
  for (const [title, { code, cookie: own = cookie, prepare }] of Object.entries(cases)) {
    test(title, async (t: TestContext) => {
      const codes: string[] = []
      const store = new AsyncStore()
      prepare?.(store)
      const { visit } = await storeApp(t, store, { onReject: (_request, { code }) => codes.push(code) })
      await visit(show, { cookie: own })
      t.assert.deepStrictEqual(codes, [code])
    })
  }
})
