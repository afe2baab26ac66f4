import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ServerSideSessionInterface } from '../../lib/index.ts'
import type { SecureCookieSession, SecureSessionOptions, SessionApp } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { countCookieInVary, refusalOf, sessionCookieOf, setCookiesOf } from '../helpers.ts'
import type { Act, Answer } from '../helpers.ts'
import { AsyncStore, dataIn, idOf, show, storeApp } from './world.ts'
import type { World } from './world.ts'

const id = 'A'.repeat(43)
const cookie = `session=${id}`
const hour = 3_600_000

interface Begun extends World {
  store: AsyncStore
  /** A visit with the session; the commands of the visit are in `store.calls`. */
  act (act?: Act, how?: object): Promise<Answer>
}

/** An application whose store has one session. */
async function begun (t: TestContext, data: object | string = { user_id: 42 }, options: SecureSessionOptions = {}): Promise<Begun> {
  const store = new AsyncStore()
  const world = await storeApp(t, store, options)
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  store.inner.set(id, text, { expires: Date.now() + hour, replaces: null })
  return { ...world, store, act: async (act, how) => await world.visit(act, { cookie, ...how }) }
}

describe('what a request asks the store:', () => {
  const cases: Record<string, { act?: Act, data?: object, how?: object, asks: string[], cookie?: boolean }> = {
    'nothing without a cookie': { how: { cookie: '' }, act: show, asks: [] },
    'get alone for a session that is read': { act: show, asks: ['get'] },
    'get alone for a session that nobody looks at': { how: { url: '/blind' }, asks: ['get'] },
    'get and set for a change': { act: (session) => { session.a = 1 }, asks: ['get', 'set'], cookie: true },
    'get and touch for a permanent session that is read': { data: { _permanent: true }, act: show, asks: ['get', 'touch'], cookie: true },
    'get and touch for a permanent session that nobody looks at': { data: { _permanent: true }, how: { url: '/blind' }, asks: ['get', 'touch'], cookie: true },
    'get alone for a permanent session that must not be refreshed': {
      data: { _permanent: true }, act: (session) => session.options({ refresh: false }), asks: ['get']
    },
    'get and touch for touch()': { act: (session) => session.touch(), asks: ['get', 'touch'], cookie: true },
    'get and touch for save() without a change': { act: async (session) => await session.save(), asks: ['get', 'touch'], cookie: true },
    'get and set for save() and no more': {
      act: async (session) => { session.a = 1; await session.save() }, asks: ['get', 'set'], cookie: true
    },
    'one set more for a change after save()': {
      act: async (session) => { session.a = 1; await session.save(); session.b = 2 }, asks: ['get', 'set', 'set'], cookie: true
    },
    'get and delete for clear()': { act: (session) => session.clear(), asks: ['get', 'delete'], cookie: true },
    'get, delete and set for clear() and a write': {
      act: (session) => { session.clear(); session.a = 1 }, asks: ['get', 'delete', 'set'], cookie: true
    },
    'get, set and delete for regenerate()': {
      act: async (session) => await session.regenerate(['user_id']), asks: ['get', 'set', 'delete'], cookie: true
    },
    'get and delete for a session that is emptied': { act: (session) => session.delete('user_id'), asks: ['get', 'delete'], cookie: true },
    'get alone where a change was declared to be none': {
      act: (session) => { session.a = 1; session.modified = false }, asks: ['get']
    },
    'get alone where clear() was declared to be none': {
      act: (session) => { session.clear(); session.modified = false }, asks: ['get']
    },
    'get alone where reload() took the change back': {
      act: async (session) => { session.a = 1; await session.reload() }, asks: ['get']
    }
  }
  for (const [title, { act, data, how, asks, cookie: hasCookie = false }] of Object.entries(cases)) {
    test(title, async (t: TestContext) => {
      const { act: visit, store } = await begun(t, data)
      const answer = await visit(act, how)
      t.assert.strictEqual(answer.statusCode, 200)
      t.assert.deepStrictEqual(store.methods, asks)
      t.assert.strictEqual(setCookiesOf(answer).length, hasCookie ? 1 : 0)
      t.assert.strictEqual(answer.headers['cache-control'], hasCookie ? 'private' : undefined)
    })
  }

  test('nothing of a synchronous store before the session is looked at', async (t: TestContext) => {
    const asked: string[] = []
    const inner = memoryStore()
    const store = { ...inner, sync: true, get: (id: string) => { asked.push(id); return inner.get(id) }, set: inner.set.bind(inner), touch: inner.touch.bind(inner), delete: inner.delete.bind(inner) } as never
    const { visit } = await storeApp(t, store, { refreshEachRequest: false })
    await visit(show, { cookie, url: '/blind' })
    t.assert.deepStrictEqual(asked, [])
    await visit((session) => session.user_id, { cookie })
    t.assert.deepStrictEqual(asked, [id])
  })

  test('nothing for a route without a session', async (t: TestContext) => {
    const store = new AsyncStore()
    const { app } = await storeApp(t, store, {}, {
      after: (app) => app.register(async (scope) => scope.get('/none', { config: { session: false } }, async () => 'none'))
    })
    t.assert.strictEqual((await app.inject({ url: '/none', headers: { cookie } })).body, 'none')
    t.assert.deepStrictEqual(store.methods, [])
  })
})

describe('Vary: Cookie', () => {
  const cases: Record<string, { act?: Act, how?: object, data?: object, vary: number }> = {
    'is sent where the session is read': { act: show, vary: 1 },
    'is not sent where it is only loaded': { how: { url: '/blind' }, vary: 0 },
    'is sent with a Set-Cookie': { how: { url: '/blind' }, data: { _permanent: true }, vary: 1 }
  }
  for (const [title, { act, how, data, vary }] of Object.entries(cases)) {
    test(title, async (t: TestContext) => {
      const { act: visit } = await begun(t, data)
      t.assert.strictEqual(countCookieInVary((await visit(act, how)).headers.vary as string | undefined), vary)
    })
  }
})

test('the Cache-Control of the application stays', async (t: TestContext) => {
  const { act } = await begun(t)
  const answer = await act((session, _request, reply) => {
    session.a = 1
    reply.header('cache-control', 'no-cache')
  })
  t.assert.strictEqual(answer.headers['cache-control'], 'no-cache')
})

test('a hijacked reply gets the cookie and Cache-Control: private by save()', async (t: TestContext) => {
  const { act } = await begun(t)
  const answer = await act(async (session, _request, reply) => {
    session.a = 1
    await session.save()
    reply.hijack()
    reply.raw.end('raw')
  })
  t.assert.strictEqual(idOf(answer), id)
  t.assert.strictEqual(answer.headers['cache-control'], 'private')
})

test('the session is stored before the response is sent', async (t: TestContext) => {
  const { act, store } = await begun(t)
  const order: string[] = []
  store.gate = async (method) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    order.push(method)
  }
  await act((session) => { session.a = 1 })
  order.push('answer')
  t.assert.deepStrictEqual(order, ['get', 'set', 'answer'])
})

test('the callback of save() comes when the session is stored', async (t: TestContext) => {
  const { act, store } = await begun(t)
  const answer = await act(async (session) => {
    session.a = 1
    await new Promise<void>((resolve, reject) => {
      session.save((error) => error === null ? resolve() : reject(error)).catch(() => {})
    })
    return await dataIn(store.inner, id)
  })
  t.assert.deepStrictEqual(answer.json(), { user_id: 42, a: 1 })
})

test('save() calls of one request run one after the other, each replaces what the last one wrote', async (t: TestContext) => {
  const { act, store } = await begun(t)
  const answer = await act(async (session) => {
    session.a = 1
    const first = session.save()
    session.a = 2
    const second = session.save()
    await Promise.all([first, second])
  })
  t.assert.deepStrictEqual(store.calls.map(([method, , data]) => [method, data]), [
    ['get', undefined], ['set', '{"user_id":42,"a":1}'], ['set', '{"user_id":42,"a":2}']
  ])
  t.assert.strictEqual(idOf(answer), id)
})

test('reload() after save() gives what was saved', async (t: TestContext) => {
  const { act } = await begun(t)
  const answer = await act(async (session) => {
    session.a = 1
    await session.save()
    session.a = 2
    await session.reload()
    return session.a
  })
  t.assert.strictEqual(answer.body, '1')
})

test('reload() of a visitor without a session gives an empty one', async (t: TestContext) => {
  const { act } = await begun(t)
  const answer = await act(async (session) => {
    session.a = 1
    await session.reload()
    return session.size
  }, { cookie: '' })
  t.assert.strictEqual(answer.body, '0')
})

describe('expiry', () => {
  const now = Date.UTC(2026, 0, 1)
  for (const permanent of [true, false]) {
    test(`of a ${permanent ? 'permanent session is that of its cookie' : 'session that is not permanent is the lifetime, and the cookie has none'}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const store = memoryStore()
      const { visit } = await storeApp(t, store, { permanentSessionLifetime: 60 })
      const answer = await visit((session) => { session.permanent = permanent })
      t.assert.strictEqual(store.get(idOf(answer))?.expires, now + 60_000)
      t.assert.strictEqual(sessionCookieOf(answer)?.attributes.Expires, permanent ? new Date(now + 60_000).toUTCString() : undefined)
    })
  }

  test('of a session that is not permanent does not move while nothing changes', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const store = memoryStore()
    const { visit } = await storeApp(t, store, { permanentSessionLifetime: 60 })
    const one = await visit((session) => { session.a = 1 })
    t.mock.timers.tick(30_000)
    await visit(show, { cookie: `session=${idOf(one)}` })
    t.assert.strictEqual(store.get(idOf(one))?.expires, now + 60_000)
    t.mock.timers.tick(30_000)
    t.assert.deepStrictEqual((await visit(show, { cookie: `session=${idOf(one)}` })).json(), {})
  })

  test('that has come at once stores nothing and sends no cookie', async (t: TestContext) => {
    const store = new AsyncStore()
    const { visit } = await storeApp(t, store, { permanentSessionLifetime: 0 })
    const answer = await visit(async (session) => {
      session.a = 1
      await session.save()
      session.b = 1
    })
    t.assert.strictEqual(answer.statusCode, 200)
    t.assert.strictEqual(sessionCookieOf(answer), undefined)
    t.assert.deepStrictEqual(store.methods, ['set', 'get'])
  })
})

test('a session is touched once a response', async (t: TestContext) => {
  const { act, store } = await begun(t, { _permanent: true })
  await act(async (session) => {
    await session.save()
    await session.save()
    return session.get('_permanent')
  })
  t.assert.deepStrictEqual(store.methods, ['get', 'touch'])
})

test('a permanent session that was ended in the meantime is not touched back to life, and gets no cookie', async (t: TestContext) => {
  const { act, store } = await begun(t, { _permanent: true })
  const answer = await act(() => { store.inner.delete(id) })
  t.assert.deepStrictEqual(store.methods, ['get', 'touch'])
  t.assert.strictEqual(sessionCookieOf(answer), undefined)
})

test('a refresh does not replace another cookie of the name that is in the reply', async (t: TestContext) => {
  const { act, store } = await begun(t, { _permanent: true })
  const answer = await act((_session, _request, reply) => { reply.header('set-cookie', 'session=of-an-upstream') })
  t.assert.deepStrictEqual(store.methods, ['get'])
  t.assert.strictEqual(idOf(answer), 'of-an-upstream')
})

test('a change beside another cookie of the name is sent, with a warning', async (t: TestContext) => {
  const { act, log } = await begun(t)
  const answer = await act((session, _request, reply) => {
    session.a = 1
    reply.header('set-cookie', 'session=of-an-upstream')
  })
  t.assert.deepStrictEqual(setCookiesOf(answer).map(({ value }) => value), ['of-an-upstream', id])
  t.assert.match(log.text(), /did not write, such as that of an upstream/)
})

describe('a value that cannot be read', () => {
  for (const [title, text] of Object.entries({ 'not JSON': 'nonsense', 'a list': '[]', 'a pickle': '\x80\x04}.', 'nothing at all': '' })) {
    test(`such as ${title} is an empty session and a warning, and is replaced at the next write`, async (t: TestContext) => {
      const { act, log, store } = await begun(t, text)
      t.assert.deepStrictEqual((await act(show)).json(), {})
      t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [[40, 'the session in the store is unreadable, and counts as empty']])
      const answer = await act((session) => { session.a = 1 })
      t.assert.strictEqual(idOf(answer), id)
      t.assert.deepStrictEqual(await dataIn(store.inner, id), { a: 1 })
    })
  }

  test('is not prolonged', async (t: TestContext) => {
    const { act, store } = await begun(t, 'nonsense', { user: (session) => session.user_id })
    await act(async (session) => session.get('a'))
    t.assert.deepStrictEqual(store.methods, ['get'])
  })
})

test('an interface of the application can decide that a change is not saved', async (t: TestContext) => {
  class Never extends ServerSideSessionInterface {
    override shouldSetCookie (_app: SessionApp, _session: SecureCookieSession): boolean { return false }
  }
  const store = new AsyncStore()
  const { visit } = await storeApp(t, undefined as never, { sessionInterface: new Never({ store }) })
  const answer = await visit((session) => { session.a = 1 })
  t.assert.deepStrictEqual(store.methods, [])
  t.assert.strictEqual(sessionCookieOf(answer), undefined)
})

test('an interface of the application that always sends a cookie sends none for an empty session', async (t: TestContext) => {
  class Always extends ServerSideSessionInterface {
    override shouldSetCookie (): boolean { return true }
  }
  const store = new AsyncStore()
  const { visit } = await storeApp(t, undefined as never, { sessionInterface: new Always({ store }) })
  t.assert.strictEqual(sessionCookieOf(await visit(show, { cookie })), undefined)
  t.assert.deepStrictEqual(store.methods, ['get'])
})

test('a session that did not come from the interface is not saved', async (t: TestContext) => {
  class Other extends ServerSideSessionInterface {
    override openSession (): SecureCookieSession { return new this.sessionClass({}) }
  }
  const store = new AsyncStore()
  const { visit } = await storeApp(t, undefined as never, { sessionInterface: new Other({ store }) })
  t.assert.strictEqual((await visit((session) => { session.a = 1 })).statusCode, 200)
  t.assert.deepStrictEqual(store.methods, [])
})

describe('the options are checked:', () => {
  const store = memoryStore()
  const { ids, ...rest } = new AsyncStore()
  const wrong: Record<string, { options: object, message: string }> = {
    'a store without touch': { options: { store: { get () {}, set () {}, delete () {} } }, message: 'store must be a session store, with get, set, touch and delete (expressStore makes one of a store of express-session), got' },
    'a store that is text': { options: { store: 'redis://' }, message: 'store must be a session store' },
    'storeTimeout 0': { options: { store, storeTimeout: 0 }, message: 'storeTimeout must be a number of seconds above 0, got 0' },
    'hashIds as text': { options: { store, hashIds: 'yes' }, message: 'hashIds must be a boolean' },
    'signIds true': { options: { store, signIds: true }, message: "signIds must be 'flask-session', got true" },
    'user as text': { options: { store, user: 'user_id' }, message: 'user must be a function' },
    'user with a store that lists none': { options: { store: rest, user: () => 1 }, message: 'store must be one that lists the sessions of a user, for the option user' },
    'a serializer without loads': { options: { store, serializer: { dumps: String } }, message: 'serializer must be an object with synchronous dumps and loads' },
    'revocation beside a store': { options: { store, revocation: {} }, message: 'revocation must be left out beside store' },
    'a sessionInterface and a store': {
      options: { store, sessionInterface: new ServerSideSessionInterface({ store }) }, message: 'store must be a property of the sessionInterface, got a plugin option'
    }
  }
  for (const [title, { options, message }] of Object.entries(wrong)) {
    test(title, async (t: TestContext) => {
      const error = await refusalOf(t, options as SecureSessionOptions)
      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.ok(error.message.startsWith(message), error.message)
    })
  }

  test('an interface without a store is refused', (t: TestContext) => {
    t.assert.throws(() => new ServerSideSessionInterface({} as never), { message: /^store must be a session store/ })
  })

  test('store: null keeps one of several sessions in its cookie', async (t: TestContext) => {
    const { visit } = await storeApp(t, null as never, { store: new AsyncStore(), sessions: [{ store: null, secretKey: 'a secret key of the tests' }] })
    t.assert.match(idOf(await visit((session) => { session.a = 1 })), /^eyJhIjoxfQ\./)
  })
})

test('the store is opened with a function that warns, and closed with the application', async (t: TestContext) => {
  const store = Object.assign(new AsyncStore(), { open: (warn: (message: string) => void) => warn('this store forgets') })
  const { app, log } = await storeApp(t, store)
  await app.ready()
  t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [[40, 'session: this store forgets']])
  await app.close()
  t.assert.strictEqual(store.closed, 1)
})

test('a store that cannot be opened keeps the application from starting', async (t: TestContext) => {
  const store = Object.assign(new AsyncStore(), { open: async () => { throw new Error('no such file') } })
  t.assert.strictEqual((await refusalOf(t, { store })).message, 'no such file')
})
