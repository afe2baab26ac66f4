import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inherits } from 'node:util'
import { expressStore, Store } from '../../lib/stores/index.ts'
import type { ExpressSession, ExpressSessionStore, SessionStore } from '../../lib/stores/index.ts'
import { NOW, storeContract } from './store.contract.ts'

const require = createRequire(import.meta.url)
const { MemoryStore } = require('express-session') as StoreModule
const { MemoryStore: FastifyMemoryStore } = require('@fastify/session') as StoreModule
const memorystore = require('memorystore') as (session: { Store: typeof Store }) => StoreModule['MemoryStore']

interface StoreModule {
  MemoryStore: new () => ExpressSessionStore
}

const DAY = 86_400_000

storeContract('expressStore with express-session', { makeStore: () => expressStore(new MemoryStore()) })
storeContract('expressStore with @fastify/session', { makeStore: () => expressStore(new FastifyMemoryStore()) })
storeContract('expressStore with memorystore', { makeStore: () => expressStore(new (memorystore({ Store }))()) })

describe('expressStore', () => {
  test('hands the expiry over in each field that a store may read', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: NOW })
    const { store, sessions } = setUp()

    await store.set('ID', '{}', { expires: NOW + DAY, replaces: null })

    const expires = new Date(NOW + DAY)
    t.assert.deepStrictEqual(sessions.get('ID'), {
      cookie: { expires, _expires: expires, maxAge: DAY, originalMaxAge: DAY },
      secureCookieSession: { data: '{}', expires: NOW + DAY }
    })
    t.mock.timers.tick(1000)
    await store.touch('ID', NOW + 2 * DAY)
    t.assert.strictEqual((sessions.get('ID') as ExpressSession).cookie.maxAge, 2 * DAY - 1000)
  })

  test('takes ENOENT for none, any other error for an error', async (t: TestContext) => {
    const failing = (error: unknown): SessionStore => setUp({ get: (_id, callback) => callback(error) }).store
    const notFound = Object.assign(new Error('no such file'), { code: 'ENOENT' })

    t.assert.strictEqual(await failing(notFound).get('ID'), null)
    for (const error of [new Error('away'), Object.assign(new Error('denied'), { code: 'EACCES' }), 'away']) {
      await t.assert.rejects(async () => await failing(error).get('ID'), (thrown) => thrown === error)
      await t.assert.rejects(async () => await failing(error).touch('ID', NOW), (thrown) => thrown === error)
    }
  })

  test('fails when the store calls back, throws or rejects with an error', async (t: TestContext) => {
    const error = new Error('away')
    const ways: Array<Partial<ExpressSessionStore>> = [
      { set: (_id, _session, callback) => callback(error), destroy: (_id, callback) => callback(error) },
      { set () { throw error }, destroy () { throw error } },
      { set: async () => { throw error }, destroy: async () => { throw error } }
    ]
    for (const way of ways) {
      const { store, sessions } = setUp(way)
      sessions.set('old', { secureCookieSession: { data: 'a', expires: Infinity } })

      await t.assert.rejects(async () => await store.set('ID', 'a', later()), (thrown) => thrown === error)
      await t.assert.rejects(async () => await store.delete('old'), (thrown) => thrown === error)
    }
  })

  test('goes on with an id after a command on it has failed', async (t: TestContext) => {
    let isAway = true
    const { store } = setUp({ get: (_id, callback) => isAway ? callback(new Error('away')) : callback(null, null) })

    const answers = await Promise.allSettled([store.set('ID', 'a', later()), store.set('ID', 'b', later())])
    t.assert.deepStrictEqual(answers.map(({ status }) => status), ['rejected', 'rejected'])
    isAway = false

    t.assert.strictEqual(await store.set('ID', 'c', later()), true)
  })

  for (const foreign of [{ cookie: {}, user: 42 }, { secureCookieSession: { data: 1, expires: Infinity } }, { secureCookieSession: { data: '{}' } }, 'text']) {
    test(`neither gives nor changes what others wrote: ${JSON.stringify(foreign)}`, async (t: TestContext) => {
      const { store, sessions } = setUp()
      sessions.set('ID', foreign)

      t.assert.strictEqual(await store.get('ID'), null)
      t.assert.strictEqual(await store.set('ID', '{}', later()), false)
      t.assert.strictEqual(await store.set('ID', '{}', { ...later(), replaces: '{}' }), false)
      t.assert.strictEqual(await store.touch('ID', Date.now() + DAY), false)
      t.assert.strictEqual(await store.delete('ID'), false)
      t.assert.strictEqual(sessions.get('ID'), foreign)
    })
  }

  test('gives a class to extend to old stores and new ones', async (t: TestContext) => {
    function OldStore (this: EventEmitter): void {
      (Store as unknown as (this: EventEmitter) => void).call(this)
    }
    inherits(OldStore, Store)
    class NewStore extends Store {}

    for (const store of [new (OldStore as unknown as typeof Store)(), new NewStore()]) {
      const heard: string[] = []
      store.on('disconnect', () => heard.push('disconnect'))
      store.emit('disconnect')
      t.assert.deepStrictEqual(heard, ['disconnect'])
      t.assert.ok(store instanceof EventEmitter)
    }
  })

  test('refuses what is no store', (t: TestContext) => {
    for (const [store, method] of [[null, 'get'], [{ get () {} }, 'set'], [{ get () {}, set () {} }, 'destroy']] as const) {
      t.assert.throws(() => expressStore(store as unknown as ExpressSessionStore), {
        code: 'FST_SESSION_INVALID_CONFIG', message: `expressStore store.${method} must be a function, got undefined`
      })
    }
  })
})

function later (): { expires: number, replaces: null } {
  return { expires: Date.now() + DAY, replaces: null }
}

function setUp (methods: Partial<ExpressSessionStore> = {}): { store: SessionStore, sessions: Map<string, unknown> } {
  const sessions = new Map<string, unknown>()
  const store = expressStore({
    get: (id, callback) => callback(null, sessions.get(id)),
    set (id, session, callback) {
      sessions.set(id, session)
      callback()
    },
    destroy (id, callback) {
      sessions.delete(id)
      callback()
    },
    ...methods
  })
  return { store, sessions }
}
