import { EventEmitter } from 'node:events'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { Keyv } from 'keyv'
import { keyvStore } from '../../lib/stores/index.ts'
import type { KeyvLike, SessionStore } from '../../lib/stores/index.ts'
import { NOW, storeContract } from './store.contract.ts'

const DAY = 86_400_000
const later = { expires: NOW + DAY, replaces: null }

storeContract('keyvStore with Keyv 5', { makeStore: () => keyvStore(new Keyv({ throwOnErrors: true })) })
storeContract('keyvStore with a Keyv like version 6', { makeStore: () => keyvStore(new KeyvLikeVersion6()) })

/** What Keyv 6 does when its server is away: it emits an error, and throws it only if nobody listens. */
class KeyvLikeVersion6 extends EventEmitter implements KeyvLike {
  error: Error | undefined
  readonly #values = new Map<string, unknown>()

  async get (key: string): Promise<unknown> {
    return await this.#answer(() => this.#values.get(key), undefined)
  }

  async set (key: string, value: unknown): Promise<boolean> {
    return await this.#answer(() => this.#values.set(key, value) !== undefined, false)
  }

  async delete (key: string): Promise<boolean> {
    return await this.#answer(() => this.#values.delete(key), false)
  }

  async #answer<T> (command: () => T, otherwise: T): Promise<T> {
    await null
    if (this.error === undefined) return command()
    this.emit('error', this.error)
    return otherwise
  }
}

describe('keyvStore', () => {
  test('gives Keyv the time that is left', async (t: TestContext) => {
    const { store, keyv } = setUp(t)
    const set = t.mock.method(keyv, 'set')

    await store.set('ID', 'first', later)
    t.mock.timers.tick(1000)
    await store.touch('ID', NOW + 2 * DAY)

    t.assert.deepStrictEqual(set.mock.calls.map((call) => call.arguments as unknown[]), [
      ['ID', { data: 'first', expires: NOW + DAY }, DAY],
      ['ID', { data: 'first', expires: NOW + 2 * DAY }, 2 * DAY - 1000]
    ])
  })

  test('fails while the server is away, whoever listens for errors', async (t: TestContext) => {
    const { store, keyv } = setUp(t)
    keyv.on('error', () => {})
    await store.set('ID', 'first', later)
    keyv.error = new Error('away')

    await t.assert.rejects(async () => await store.get('ID'), { message: 'away' })
    await t.assert.rejects(async () => await store.set('other', 'first', later), { message: 'away' })
    await t.assert.rejects(async () => await store.delete('ID'), { message: 'away' })
    keyv.error = undefined

    t.assert.deepStrictEqual(await store.get('ID'), { data: 'first', expires: NOW + DAY })
  })

  test('takes no error of another command for its own', async (t: TestContext) => {
    const { store, keyv } = setUp(t)
    await store.set('ID', 'first', later)

    const read = store.get('ID')
    keyv.emit('error', new Error('away'))

    t.assert.deepStrictEqual(await read, { data: 'first', expires: NOW + DAY })
  })

  test('fails when Keyv says that it wrote nothing', async (t: TestContext) => {
    const { store, keyv } = setUp(t)
    t.mock.method(keyv, 'set', async () => false)

    await t.assert.rejects(async () => await store.set('ID', 'first', later), { message: 'Keyv did not write the session' })
  })

  test('fails when Keyv 5 rejects', async (t: TestContext) => {
    const adapter = new Map()
    const store = keyvStore(new Keyv({ store: adapter, throwOnErrors: true }))
    t.mock.method(adapter, 'get', () => { throw new Error('away') })

    await t.assert.rejects(async () => await store.get('ID'), { message: 'away' })
  })

  test('neither gives nor changes what others wrote', async (t: TestContext) => {
    const { store, keyv } = setUp(t)
    for (const foreign of ['text', 0, { data: 1, expires: Infinity }, { data: '{}' }]) {
      await keyv.set('ID', foreign)

      t.assert.strictEqual(await store.get('ID'), null)
      t.assert.strictEqual(await store.set('ID', '{}', later), false)
      t.assert.strictEqual(await store.delete('ID'), false)
      t.assert.strictEqual(await keyv.get('ID'), foreign)
    }
    await keyv.set('ID', null)
    t.assert.strictEqual(await store.get('ID'), null)
  })

  test('refuses a Keyv 5 that hides outages', (t: TestContext) => {
    t.assert.throws(() => keyvStore(new Keyv()), {
      code: 'FST_SESSION_INVALID_STORE',
      message: 'This session store cannot be used: keyvStore needs a Keyv with throwOnErrors: true'
    })
  })

  test('refuses what is no Keyv', (t: TestContext) => {
    for (const keyv of [undefined, null, 'redis://127.0.0.1', {}]) {
      t.assert.throws(() => keyvStore(keyv as unknown as KeyvLike), {
        code: 'FST_SESSION_INVALID_CONFIG', message: 'keyvStore keyv.get must be a function, got undefined'
      })
    }
    t.assert.throws(() => keyvStore(new Map() as unknown as KeyvLike), { message: /^keyvStore keyv.on must be/ })
  })
})

function setUp (t: TestContext): { store: SessionStore, keyv: KeyvLikeVersion6 } {
  t.mock.timers.enable({ apis: ['Date'], now: NOW })
  const keyv = new KeyvLikeVersion6()
  return { store: keyvStore(keyv), keyv }
}
