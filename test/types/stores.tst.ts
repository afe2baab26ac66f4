/**
 * The entry of the stores.
 *
 * @module
 */

import type { Cluster, Redis } from 'ioredis'
import type { Keyv } from 'keyv'
import { describe, expect, test } from 'tstyche'
import { keyvStore, memoryStore, redisStore } from '../../lib/stores/index.ts'
import type { SessionStore, StoredSession, SyncSessionStore } from '../../lib/stores/index.ts'

declare const store: SessionStore

describe('stores', () => {
  test('take the clients of each library', () => {
    expect(redisStore).type.toBeCallableWith({} as Redis, { prefix: 'shop:' })
    expect(redisStore).type.toBeCallableWith({} as Cluster)
    expect(redisStore).type.not.toBeCallableWith('redis://127.0.0.1')
    expect(keyvStore).type.toBeCallableWith({} as Keyv)
    expect(keyvStore).type.not.toBeCallableWith(new Map())
  })

  // A caller that forgets to wait would take every session for existing.
  test('answer at once or later', () => {
    expect(store.get('ID')).type.toBe<StoredSession | null | Promise<StoredSession | null>>()
    expect(memoryStore().get('ID')).type.toBe<StoredSession | null>()
    expect<SyncSessionStore>().type.toBeAssignableTo<SessionStore>()
    expect<SessionStore>().type.not.toBeAssignableTo<SyncSessionStore>()
  })

  test('write nothing without a condition', () => {
    expect(store.set).type.toBeCallableWith('ID', '{}', { expires: 1, replaces: null })
    expect(store.set).type.toBeCallableWith('ID', '{}', { expires: 1, replaces: new Uint8Array(1), user: '42' })
    expect(store.set).type.not.toBeCallableWith('ID', '{}', { expires: 1 })
    expect(store.set).type.not.toBeCallableWith('ID', '{}')
  })
})
