import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { memoryStore } from '../../lib/stores/index.ts'
import type { MemoryStoreOptions, SyncSessionStore } from '../../lib/stores/index.ts'
import { NOW, storeContract } from './store.contract.ts'

const MINUTE = 60_000
const DAY = 86_400_000

storeContract('memoryStore', { makeStore: () => memoryStore() })
storeContract('memoryStore without a limit', { makeStore: () => memoryStore({ max: Infinity }) })

describe('memoryStore', () => {
  test('answers at once', (t: TestContext) => {
    const { store, set } = setUp(t)

    t.assert.strictEqual(store.sync, true)
    t.assert.strictEqual(set('a'), true)
    t.assert.deepStrictEqual(store.get('a'), { data: 'a', expires: NOW + DAY })
    t.assert.strictEqual(store.touch('a', NOW), true)
    t.assert.strictEqual(store.delete('a'), true)
  })

  test('evicts expired sessions first', (t: TestContext) => {
    const { set, ids } = setUp(t, { max: 3 })
    set('oldest')
    set('expired', NOW + 1000)
    set('newest')
    t.mock.timers.tick(1000)

    set('new')

    t.assert.deepStrictEqual(ids(), ['oldest', 'newest', 'new'])
  })

  test('evicts the oldest session that was never read before any that was', (t: TestContext) => {
    const { store, set, ids } = setUp(t, { max: 4 })
    for (const id of ['login', 'visitor 1', 'visitor 2', 'visitor 3']) set(id)
    store.get('login')
    store.get('visitor 1')

    set('visitor 4')
    set('visitor 5')
    set('visitor 6')

    t.assert.deepStrictEqual(ids(), ['login', 'visitor 1', 'visitor 5', 'visitor 6'])
  })

  test('keeps a login alive under ten thousand visits without a cookie', (t: TestContext) => {
    const { store, set } = setUp(t, { max: 100 })
    set('login')
    store.get('login')

    for (let visit = 0; visit < 10_000; visit++) set(`visitor ${visit}`)

    t.assert.notStrictEqual(store.get('login'), null)
  })

  test('evicts the session that was read least recently if all were read', (t: TestContext) => {
    const { store, set, ids } = setUp(t, { max: 3 })
    for (const id of ['a', 'b', 'c']) set(id)
    for (const id of ['a', 'b', 'c', 'a']) store.get(id)

    set('d')

    t.assert.deepStrictEqual(ids(), ['a', 'c', 'd'])
  })

  test('evicts nothing when a session is replaced, and knows whether it was read', (t: TestContext) => {
    const { store, set, ids } = setUp(t, { max: 2 })
    set('read')
    set('unread')
    store.get('read')

    set('read', NOW + DAY, 'read')
    set('unread', NOW + DAY, 'unread')
    t.assert.deepStrictEqual(ids(), ['read', 'unread'])
    set('new')

    t.assert.deepStrictEqual(ids(), ['read', 'new'])
  })

  test('counts the bytes of ids and data in UTF-8', (t: TestContext) => {
    const { store, ids } = setUp(t, { maxBytes: 20 })
    const options = { expires: NOW + DAY, replaces: null, user: 'all' }
    store.set('a', 'ěščř', options)
    store.set('b', '12345678901', options)
    t.assert.strictEqual(ids().length, 1)
    store.delete('b')
    store.set('c', 'žluť', options)
    store.set('d', '1234567890', options)

    t.assert.deepStrictEqual(ids(), ['c', 'd'])
  })

  test('evicts others, not the session itself, when its data grows', (t: TestContext) => {
    const { store, ids } = setUp(t, { maxBytes: 20 })
    const options = { expires: NOW + DAY, replaces: null, user: 'all' }
    store.set('a', '1', options)
    store.set('b', '2', options)

    store.set('a', '12345678901234567', { ...options, replaces: '1' })
    t.assert.deepStrictEqual(ids(), ['b', 'a'])
    store.set('a', '123456789012345678', { ...options, replaces: '12345678901234567' })

    t.assert.deepStrictEqual(ids(), ['a'])
  })

  test('refuses a session that is larger than maxBytes, and keeps all others', (t: TestContext) => {
    const { store, set, ids } = setUp(t, { maxBytes: 20 })
    set('a')
    set('b')

    t.assert.throws(() => store.set('a', 'x'.repeat(20), { expires: NOW + DAY, replaces: 'a' }), {
      name: 'RangeError', message: 'The session has 21 bytes, maxBytes is 20'
    })
    t.assert.deepStrictEqual(ids(), ['a', 'b'])
  })

  test('evicts nothing that lives on if it has no limit', (t: TestContext) => {
    const { set, ids } = setUp(t, { max: Infinity })

    for (let i = 0; i < 20_000; i++) set(String(i))

    t.assert.strictEqual(ids().length, 20_000)
  })

  test('reports that it evicts, with the number, once a minute', (t: TestContext) => {
    const { set, warned } = setUp(t, { max: 2 })
    for (const id of ['a', 'b', 'c', 'd', 'e']) set(id)
    t.assert.deepStrictEqual(warned, ['memoryStore is full: it evicted 1 sessions before they expired'])

    t.mock.timers.tick(MINUTE - 1)
    set('f')
    t.assert.strictEqual(warned.length, 1)
    t.mock.timers.tick(1)
    set('g')

    t.assert.deepStrictEqual(warned.slice(1), ['memoryStore is full: it evicted 4 sessions before they expired'])
  })

  test('does not report that it removes expired sessions', (t: TestContext) => {
    const { set, warned } = setUp(t, { max: 1 })
    set('a', NOW + 1)
    t.mock.timers.tick(1)

    set('b')

    t.assert.deepStrictEqual(warned, [])
  })

  test('reports that it has no limit from 100,000 sessions, once a minute', (t: TestContext) => {
    const { set, warned } = setUp(t, { max: Infinity })
    for (let i = 1; i < 100_000; i++) set(String(i))
    t.assert.deepStrictEqual(warned, [])

    set('100000')
    set('100001')

    t.assert.deepStrictEqual(warned, ['memoryStore holds 100000 sessions and has no limit'])
  })

  test('reports in production, once, that it serves one process only', (t: TestContext) => {
    const warned: string[] = []
    const { NODE_ENV } = process.env
    t.after(() => {
      if (NODE_ENV === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = NODE_ENV
    })
    const open = (environment: string): void => {
      process.env['NODE_ENV'] = environment
      const store = memoryStore()
      store.open?.((message) => warned.push(message))
      store.open?.((message) => warned.push(message))
    }

    open('development')
    t.assert.deepStrictEqual(warned, [])
    open('production')

    t.assert.deepStrictEqual(warned, [
      'memoryStore keeps its entries in this process only: they are lost when it ends, and no other process sees them'
    ])
  })

  test('works unopened: its warnings go nowhere', (t: TestContext) => {
    const store = memoryStore({ max: 1 })
    for (const id of ['a', 'b']) store.set(id, id, { expires: Date.now() + DAY, replaces: null })

    t.assert.strictEqual(store.get('a'), null)
    store.close?.()
  })

  test('removes expired sessions every minute, whether or not anybody asks for them', (t: TestContext) => {
    const { set, held } = setUp(t)
    set('short', NOW + 1000)
    set('long', NOW + 2 * MINUTE)

    t.mock.timers.tick(MINUTE - 1)
    t.assert.deepStrictEqual(held(), ['short', 'long'])
    t.mock.timers.tick(1)
    t.assert.deepStrictEqual(held(), ['long'])
    t.mock.timers.tick(MINUTE)

    t.assert.deepStrictEqual(held(), [])
  })

  test('removes 10,000 expired sessions at once, more a second later', (t: TestContext) => {
    const { set, held } = setUp(t, { max: Infinity })
    for (let i = 0; i < 10_001; i++) set(String(i), NOW + 1000 + i)

    t.mock.timers.tick(MINUTE)
    t.assert.deepStrictEqual(held(), ['10000'])
    t.mock.timers.tick(1000)

    t.assert.deepStrictEqual(held(), [])
  })

  test('sweeps again when a session comes after the last one has gone', (t: TestContext) => {
    const { set, held } = setUp(t)
    set('a', NOW + 1)
    t.mock.timers.tick(MINUTE)
    set('b', NOW + MINUTE + 1)

    t.mock.timers.tick(MINUTE)

    t.assert.deepStrictEqual(held(), [])
  })

  test('sweeps no more when it is closed, until a session is set', (t: TestContext) => {
    const { store, set, held } = setUp(t)
    set('a', NOW + 1)
    store.close?.()
    t.mock.timers.tick(2 * MINUTE)
    t.assert.deepStrictEqual(held(), ['a'])

    set('b')
    t.mock.timers.tick(MINUTE)

    t.assert.deepStrictEqual(held(), ['b'])
  })

  test('lets the process end while it waits for the next sweep', (t: TestContext) => {
    const store = memoryStore()
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

    store.set('a', 'a', { expires: Date.now() + DAY, replaces: null })

    t.assert.strictEqual(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before)
    store.close?.()
  })

  test('rejects limits that are none', (t: TestContext) => {
    for (const max of [0, -1, 1.5, NaN, '10', null]) {
      t.assert.throws(() => memoryStore({ max: max as number }), {
        code: 'FST_SESSION_INVALID_CONFIG',
        message: `memoryStore max must be a whole number above 0, or Infinity, got ${typeof max}`
      })
      t.assert.throws(() => memoryStore({ maxBytes: max as number }), { message: /^memoryStore maxBytes must be/ })
    }
  })
})

interface SetUp {
  store: SyncSessionStore
  warned: string[]
  /** Sets a session whose data is its id. */
  set (id: string, expires?: number, replaces?: string | null): boolean
  /** The ids of all sessions, in the order in which they were written. */
  ids (): string[]
  /** As `ids`, with those that have expired and not been removed: they come back when the clock goes back. */
  held (): string[]
}

function setUp (t: TestContext, options: MemoryStoreOptions = {}): SetUp {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW })
  const store = memoryStore(options)
  const warned: string[] = []
  store.open?.((message) => warned.push(message))
  const ids = (): string[] => (store.ids?.('all') ?? []).map(({ id }) => id)
  return {
    store,
    warned,
    set: (id, expires = NOW + DAY, replaces = null) => store.set(id, id, { expires, replaces, user: 'all' }),
    ids,
    held () {
      const now = Date.now()
      t.mock.timers.setTime(NOW)
      const held = ids()
      t.mock.timers.setTime(now)
      return held
    }
  }
}
