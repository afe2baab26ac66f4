import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { runInNewContext } from 'node:vm'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { GuardedStore } from '../../lib/stores/guarded-store.ts'
import { memoryStore } from '../../lib/stores/memory-store.ts'
import type { SessionStore } from '../../lib/stores/store.ts'

const unavailable = { code: 'FST_SESSION_STORE_UNAVAILABLE', statusCode: 503 }
const expires = (): number => Date.now() + 60_000

function storeThat (answer: () => unknown): SessionStore {
  return { get: answer, set: answer, touch: answer, delete: answer, ids: answer } as unknown as SessionStore
}

/** Every way to ask a store. */
const ways: Record<string, (store: GuardedStore) => unknown> = {
  get: (store) => store.get('id'),
  set: (store) => store.set('id', '{}', { expires: expires(), replaces: null }),
  touch: (store) => store.touch('id', expires()),
  delete: (store) => store.delete('id'),
  ids: (store) => store.ids('user')
}

test('a guarded store that is synchronous stays so', async (t: TestContext) => {
  const store = new GuardedStore(memoryStore(), 1)
  t.assert.strictEqual(store.sync, true)
  t.assert.strictEqual(store.hasIds, true)
  store.open(() => {})
  t.assert.strictEqual(store.set('id', '{}', { expires: expires(), replaces: null, user: '42' }), true)
  t.assert.strictEqual((store.get('id') as { data: string }).data, '{}')
  t.assert.strictEqual(store.touch('id', expires()), true)
  t.assert.deepStrictEqual((store.ids('42') as Array<{ id: string }>).map(({ id }) => id), ['id'])
  t.assert.strictEqual(store.delete('id'), true)
  t.assert.strictEqual(store.get('id'), null)
  await store.close()
})

for (const [name, ask] of Object.entries(ways)) {
  test(`a guarded store fails when ${name} throws, rejects, hangs or gives a wrong type`, async (t: TestContext) => {
    const cause = new Error('away')
    const fail = (): never => { throw cause }
    t.assert.throws(() => ask(new GuardedStore(storeThat(fail), 1)), { ...unavailable, cause })
    const rejecting = storeThat(() => Promise.reject(cause))
    await t.assert.rejects(ask(new GuardedStore(rejecting, 1)) as Promise<unknown>, { ...unavailable, cause })
    const hanging = storeThat(() => new Promise(() => {}))
    await t.assert.rejects(ask(new GuardedStore(hanging, 0.01)) as Promise<unknown>, unavailable)
    for (const junk of [undefined, 'junk', {}, [{}], 7]) {
      t.assert.throws(() => ask(new GuardedStore(storeThat(() => junk), 1)), unavailable)
      const later = ask(new GuardedStore(storeThat(() => Promise.resolve(junk)), 1)) as Promise<unknown>
      await t.assert.rejects(later, unavailable)
    }
  })
}

test('a guarded store that calls itself synchronous and gives a promise fails, and its rejection ends no process', async (t: TestContext) => {
  const unhandled = t.mock.fn()
  process.once('unhandledRejection', unhandled)
  t.after(() => process.off('unhandledRejection', unhandled))
  const store = new GuardedStore({ ...storeThat(() => Promise.reject(new Error('away'))), sync: true }, 1)
  t.assert.throws(() => store.get('id'), unavailable)
  await setImmediate()
  t.assert.strictEqual(unhandled.mock.callCount(), 0)
})

test('a guarded store fails when a promise of its store throws', async (t: TestContext) => {
  const cause = new Error('no promise')
  const store = new GuardedStore(storeThat(() => ({ then () { throw cause } })), 1)
  await t.assert.rejects(store.get('id') as Promise<unknown>, { ...unavailable, cause })
})

/** Lets time pass for `performance.now`. */
function clock (t: TestContext): { pass (milliseconds: number): void } {
  const { now } = performance
  let passed = 0
  t.mock.method(performance, 'now', () => now.call(performance) + passed)
  return { pass: (milliseconds) => { passed += milliseconds } }
}

test('a guarded store that did not answer is not asked for a second', async (t: TestContext) => {
  const { pass } = clock(t)
  const asked = t.mock.fn(() => new Promise(() => {}))
  const store = new GuardedStore(storeThat(asked), 0.01)
  await t.assert.rejects(store.get('id') as Promise<unknown>, { ...unavailable, message: /did not answer within 10 ms/ })
  t.assert.throws(() => store.get('id'), { ...unavailable, message: /did not answer a moment ago/ })
  t.assert.strictEqual(asked.mock.callCount(), 1)
  pass(1001)
  await t.assert.rejects(store.get('id') as Promise<unknown>, unavailable)
  t.assert.strictEqual(asked.mock.callCount(), 2)
})

test('a guarded store whose client gives up before it does is not asked for a second', async (t: TestContext) => {
  const { pass } = clock(t)
  const store = new GuardedStore(storeThat(async () => {
    pass(600)
    throw new Error('Command timed out')
  }), 1)
  await t.assert.rejects(store.get('id') as Promise<unknown>, { ...unavailable, message: /gave an error/ })
  t.assert.throws(() => store.get('id'), { ...unavailable, message: /did not answer a moment ago/ })
})

for (const [how, fail] of Object.entries<() => unknown>({
  'throws an error': () => { throw new Error('the value has a NUL') },
  'gives an error at once': async () => { throw new Error('the value has a NUL') },
  'gives an answer of a wrong type': async () => 'junk'
})) {
  test(`a guarded store that ${how} is asked again at once: the error may be of one session only`, async (t: TestContext) => {
    const store = new GuardedStore({ ...storeThat(fail), touch: async () => true }, 1)
    await t.assert.rejects(async () => await store.get('id'), unavailable)
    t.assert.strictEqual(await store.touch('id', expires()), true)
  })
}

test('a guarded store that is silent about one session, and answers about another, is asked again at once', async (t: TestContext) => {
  const store = new GuardedStore({ ...storeThat(() => new Promise(() => {})), touch: async () => true }, 0.01)
  const lost = store.get('id') as Promise<unknown>
  t.assert.strictEqual(await store.touch('other', expires()), true)
  await t.assert.rejects(lost, unavailable)
  t.assert.strictEqual(await store.touch('other', expires()), true)
})

test('a guarded store whose time limit is longer than a timer can be waits as long as a timer can', async (t: TestContext) => {
  const store = new GuardedStore({ ...memoryStore(), get: async () => await setTimeout(10, null), sync: false }, 3e6)
  t.assert.strictEqual(await store.get('id'), null)
  t.assert.strictEqual(store.timeout, 2 ** 31 - 1)
})

test('a synchronous guarded store that failed is asked again at once', (t: TestContext) => {
  const store = new GuardedStore({ ...storeThat(() => { throw new Error('one session is too large') }), sync: true, touch: () => true }, 1)
  t.assert.throws(() => store.get('id'), unavailable)
  t.assert.strictEqual(store.touch('id', expires()), true)
})

test('a guarded store takes bytes of another realm, which test runners with a DOM make of all bytes', (t: TestContext) => {
  const data = runInNewContext('new Uint8Array([123, 125])') as Uint8Array
  const store = new GuardedStore(storeThat(() => ({ data, expires: expires() })), 1)

  t.assert.strictEqual((store.get('id') as { data: Uint8Array }).data, data)
})

test('a guarded store without ids lists none', (t: TestContext) => {
  const store = new GuardedStore({ get: () => null, set: () => true, touch: () => true, delete: () => true }, 1)
  t.assert.strictEqual(store.hasIds, false)
  t.assert.deepStrictEqual(store.ids('42'), [])
})
