import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { expressStore, memoryStore } from '../../lib/stores/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'
import { setCookiesOf } from '../helpers.ts'
import type { Act, Answer, Setup } from '../helpers.ts'
import { AsyncStore, dataIn, show, storeApp } from './world.ts'
import type { World } from './world.ts'

const id = 'A'.repeat(43)
const cookie = `session=${id}`

interface Outage extends World {
  store: AsyncStore
  act (act?: Act, how?: object): Promise<Answer>
}

/** A store that answers at once and can be away too. */
function syncStore (store: AsyncStore): SessionStore {
  const ask = <A extends unknown[], T>(command: (...args: A) => T) => (...args: A): T => {
    if (store.isAway) throw new Error('the disk is full')
    return command(...args)
  }
  const { inner } = store
  return {
    sync: true,
    get: ask(inner.get.bind(inner)),
    set: ask(inner.set.bind(inner)),
    touch: ask(inner.touch.bind(inner)),
    delete: ask(inner.delete.bind(inner))
  }
}

async function outage (t: TestContext, isSync: boolean, data: object = { user_id: 42 }, options: SecureSessionOptions = {}, setup: Setup = {}): Promise<Outage> {
  const store = new AsyncStore()
  store.inner.set(id, JSON.stringify(data), { expires: Date.now() + 3_600_000, replaces: null })
  const world = await storeApp(t, isSync ? syncStore(store) : store, options, setup)
  return { ...world, store, act: async (act, how) => await world.visit(act, { cookie, ...how }) }
}

const warnings = ({ log }: World): string[] => log.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)

function isUnavailable (t: TestContext, answer: Answer): void {
  t.assert.strictEqual(answer.statusCode, 503)
  t.assert.strictEqual(answer.headers['retry-after'], '1')
  t.assert.strictEqual(answer.headers['cache-control'], 'no-store')
  t.assert.deepStrictEqual(setCookiesOf(answer), [])
}

for (const isSync of [true, false]) {
  describe(`while a store that answers ${isSync ? 'at once' : 'later'} is away,`, () => {
    const accesses: Record<string, Act> = {
      reading: (session) => session.user_id,
      writing: (session) => { session.a = 1 },
      'clear()': (session) => session.clear(),
      'destroy()': async (session) => await session.destroy(),
      'request.session = null': (_session, request) => { request.session = null },
      'request.session = data': (_session, request) => { request.session = { a: 1 } },
      'regenerate()': async (session) => await session.regenerate(),
      'save()': async (session) => await session.save(),
      'has()': (session) => session.has('a')
    }
    for (const [title, act] of Object.entries(accesses)) {
      test(`${title} answers 503, never with a Set-Cookie`, async (t: TestContext) => {
        const { act: visit, store } = await outage(t, isSync)
        store.isAway = true
        // `session` is read inside of the handler: an asynchronous store has failed before.
        const answer = await visit((_, request, reply) => act(request.session, request, reply), { url: '/lazy' })
        isUnavailable(t, answer)
        t.assert.strictEqual(answer.json().code, 'FST_SESSION_STORE_UNAVAILABLE')
        t.assert.deepStrictEqual(await dataIn(store.inner, id), { user_id: 42 })
      })
    }

    test('a request that swallows the error writes nothing', async (t: TestContext) => {
      const { act: visit, store } = await outage(t, isSync)
      store.isAway = true
      const answer = await visit((_, request) => {
        try {
          request.session.clear()
        } catch {}
        store.isAway = false
        try {
          request.session.user_id = 43
        } catch {
          return 'still away'
        }
        return 'written'
      }, { url: '/lazy' })
      t.assert.strictEqual(answer.body, 'still away')
      t.assert.deepStrictEqual(setCookiesOf(answer), [])
      t.assert.deepStrictEqual(await dataIn(store.inner, id), { user_id: 42 })
    })

    test('routes that do not look at the session are served', async (t: TestContext) => {
      const world = await outage(t, isSync)
      world.store.isAway = true
      const answer = await world.act(undefined, { url: '/blind' })
      t.assert.strictEqual(answer.statusCode, 200)
      t.assert.deepStrictEqual(setCookiesOf(answer), [])
      t.assert.deepStrictEqual(warnings(world), ['the session could not be prolonged'])
    })

    test('visitors without a cookie are served', async (t: TestContext) => {
      const { visit, store } = await outage(t, isSync)
      store.isAway = true
      t.assert.deepStrictEqual((await visit(show)).json(), {})
    })

    test('a save that fails is a 503 and is not tried again for the error page', async (t: TestContext) => {
      const { act: visit, store } = await outage(t, isSync)
      const answer = await visit((session) => {
        session.a = 1
        store.isAway = true
      })
      isUnavailable(t, answer)
      if (!isSync) t.assert.deepStrictEqual(store.methods, ['get', 'set'])
    })

    const errorPage = (status?: number): Setup => ({
      before: (app) => app.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
        return await reply.code(status ?? error.statusCode ?? 500).header('cache-control', 'public').send('sorry')
      })
    })

    test('an error page of the application is a 503 with the same headers', async (t: TestContext) => {
      const { act: visit, store } = await outage(t, isSync, {}, {}, errorPage())
      const unsaved = await visit((session) => {
        session.a = 1
        store.isAway = true
      })
      const unread = await visit((_, request) => request.session.user_id, { url: '/lazy' })
      for (const answer of [unsaved, unread]) {
        isUnavailable(t, answer)
        t.assert.strictEqual(answer.body, 'sorry')
      }
    })

    test('an error page of the application with another status has its own headers', async (t: TestContext) => {
      const { act: visit, store } = await outage(t, isSync, {}, {}, errorPage(500))
      store.isAway = true
      const answer = await visit((_, request) => request.session.user_id, { url: '/lazy' })
      t.assert.strictEqual(answer.headers['retry-after'], undefined)
      t.assert.strictEqual(answer.headers['cache-control'], 'public')
    })

    test('a new session that cannot be saved is a 503', async (t: TestContext) => {
      const { visit, store } = await outage(t, isSync)
      isUnavailable(t, await visit((session) => {
        session.a = 1
        store.isAway = true
      }))
    })

    test('a stream whose session cannot be saved is destroyed', async (t: TestContext) => {
      const { act: visit, store } = await outage(t, isSync)
      const stream = Readable.from(['a', 'b'])
      isUnavailable(t, await visit((session, _request, reply) => {
        session.a = 1
        store.isAway = true
        return reply.send(stream)
      }))
      t.assert.strictEqual(stream.destroyed, true)
    })

    test('a failed touch is a warning', async (t: TestContext) => {
      const world = await outage(t, isSync, { _permanent: true })
      const answer = await world.act((session) => {
        session.get('a')
        world.store.isAway = true
      })
      t.assert.strictEqual(answer.statusCode, 200)
      t.assert.deepStrictEqual(setCookiesOf(answer), [])
      t.assert.deepStrictEqual(warnings(world), ['the session could not be prolonged'])
    })

    test('clear() that could not end the session is a 503, without a deletion', async (t: TestContext) => {
      const { act: visit, store } = await outage(t, isSync)
      isUnavailable(t, await visit((session) => {
        session.clear()
        store.isAway = true
      }))
      t.assert.deepStrictEqual(await dataIn(store.inner, id), { user_id: 42 })
    })
  })
}

test('a store that does not answer is away after storeTimeout, and is not asked again for a second', async (t: TestContext) => {
  const { act: visit, store } = await outage(t, false, {}, { storeTimeout: 0.05 })
  store.gate = async () => await new Promise(() => {})
  const first = await visit((_, request) => request.session.user_id, { url: '/lazy' })
  t.assert.match(first.json().message, /did not answer within 50 ms/)
  const second = await visit((_, request) => request.session.user_id, { url: '/lazy' })
  t.assert.match(second.json().message, /did not answer a moment ago/)
  t.assert.strictEqual(store.calls.length, 1)
})

test('a session that the store refuses does not stop the others', async (t: TestContext) => {
  const { act: visit, store } = await outage(t, false)
  store.set = async () => { throw new Error('unsupported Unicode escape sequence') }
  isUnavailable(t, await visit((session) => { session.search = '\0' }, { cookie: undefined }))
  t.assert.deepStrictEqual((await visit(show)).json(), { user_id: 42 })
})

test('while the store is silent about one session, its writes do not pile up, and others are served', async (t: TestContext) => {
  const { act: visit, store } = await outage(t, false, {}, { storeTimeout: 0.1 })
  const other = 'B'.repeat(43)
  store.inner.set(other, '{"user_id":43}', { expires: Date.now() + 3_600_000, replaces: null })
  store.gate = async (method, key) => await (method === 'set' && key === id ? new Promise(() => {}) : setImmediate())
  const writes = Promise.all(Array.from({ length: 20 }, async () => await visit((session) => { session.a = 1 })))
  while (await Promise.race([writes.then(() => false), setImmediate(true)])) {
    const answer = await visit(show, { cookie: `session=${other}` })
    t.assert.deepStrictEqual(answer.json(), { user_id: 43 })
  }
  for (const answer of await writes) isUnavailable(t, answer)
  t.assert.ok(store.methods.filter((method) => method === 'set').length <= 2)
})

test('a session in a store of express-session that once loses its answer is written again, and ended', async (t: TestContext) => {
  const sessions = new Map<string, unknown>()
  let loses = false
  const { browser, visit } = await storeApp(t, expressStore({
    get: (key, callback) => callback(null, sessions.get(key)),
    set (key, session, callback) {
      if (loses) return
      sessions.set(key, session)
      callback()
    },
    destroy (key, callback) {
      sessions.delete(key)
      callback()
    }
  }))
  const one = browser()
  const another = browser()
  for (const { visit } of [one, another]) await visit((session) => { session.user_id = 42 })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  loses = true
  const lost = one.visit((session) => { session.a = 1 })
  await setImmediate()
  loses = false
  await another.visit((session) => { session.a = 1 })
  t.mock.timers.tick(1000)
  t.mock.timers.reset()

  t.assert.strictEqual((await lost).statusCode, 503)
  t.assert.strictEqual((await one.visit((session) => { session.a = 2 })).statusCode, 200)
  t.assert.deepStrictEqual((await one.visit(show)).json(), { user_id: 42, a: 2 })
  const cookie = `session=${one.jar.get('session') as string}`
  t.assert.strictEqual((await one.visit(async (session) => await session.destroy())).statusCode, 200)
  t.assert.deepStrictEqual((await visit(show, { cookie })).json(), {})
})

test('the error of the store is logged, its id and data are not', async (t: TestContext) => {
  const { act: visit, store, log } = await outage(t, false)
  await visit((session) => {
    session.password = 'hunter2'
    store.isAway = true
  })
  t.assert.match(log.text(), /the store is away/)
  t.assert.doesNotMatch(log.text(), new RegExp(`${id}|hunter2`))
})

test('a memory store needs no promise: save() in a handler that is not async is done when it returns', async (t: TestContext) => {
  const store = memoryStore()
  const { visit } = await storeApp(t, store)
  const answer = await visit((session, _request, reply) => {
    session.a = 1
    session.save()
    const [cookie = ''] = [reply.getHeader('set-cookie')].flat().map(String)
    return reply.send(store.get(cookie.split(/[=;]/)[1] ?? '')?.data)
  })
  t.assert.strictEqual(answer.body, '{"a":1}')
})
