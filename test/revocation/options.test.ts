import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { revocationSettings } from '../../lib/revocation/options.ts'
import { userId } from '../../lib/revocation/user-id.ts'
import { UUID } from '../../lib/index.ts'

const invalid = { code: 'FST_SESSION_INVALID_CONFIG' }

test('the options of revocation have defaults, and a store that evicts nothing', (t: TestContext) => {
  const { store, ...rest } = revocationSettings({})
  t.assert.deepStrictEqual(rest, { user: undefined, cacheFor: 10, onStoreError: 'refuse', storeTimeout: 1 })
  const expires = Date.now() + 60_000
  for (let i = 0; i < 10_001; i++) store.set(`ended:${i}`, '1', { expires, replaces: null })
  t.assert.ok(store.get('ended:0'))
})

for (const [wrong, message] of [
  [null, 'revocation must be an object of options, got null'],
  [true, 'revocation must be an object of options, got true'],
  [{ store: {} }, 'revocation.store must be a store, such as redisStore(client), got object'],
  [{ store: 'redis' }, "revocation.store must be a store, such as redisStore(client), got 'redis'"],
  [{ store: { get () {} } }, 'revocation.store must be a store, such as redisStore(client), got object'],
  [{ user: 'user_id' }, "revocation.user must be a function of a session, got 'user_id'"],
  [{ cacheFor: -1 }, 'revocation.cacheFor must be a number of seconds, 0 or more, got -1'],
  [{ cacheFor: Infinity }, 'revocation.cacheFor must be a number of seconds, 0 or more, got Infinity'],
  [{ cacheFor: '10' }, "revocation.cacheFor must be a number of seconds, 0 or more, got '10'"],
  [{ storeTimeout: 0 }, 'revocation.storeTimeout must be a number of seconds, more than 0, got 0'],
  [{ onStoreError: 'ignore' }, "revocation.onStoreError must be 'refuse' or 'accept', got 'ignore'"]
] as const) {
  test(`the options of revocation are checked: ${message}`, (t: TestContext) => {
    t.assert.throws(() => revocationSettings(wrong), { ...invalid, message })
  })
}

test('a user is text, and null, undefined and an empty text are no user', (t: TestContext) => {
  const uuid = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
  const users = [42, 0, 42n, 'ada', 'ada@example.org', new UUID(uuid), null, undefined, ''].map(userId)
  t.assert.deepStrictEqual(users, ['42', '0', '42', 'ada', 'ada@example.org', uuid, undefined, undefined, undefined])
})

test('an asynchronous user is an error, and its rejection ends no process', async (t: TestContext) => {
  const unhandled = t.mock.fn()
  process.once('unhandledRejection', unhandled)
  t.after(() => process.off('unhandledRejection', unhandled))
  t.assert.throws(() => userId(Promise.reject(new Error('no user'))), invalid)
  await setImmediate()
  t.assert.strictEqual(unhandled.mock.callCount(), 0)
})

test('a user whose text does not tell users apart, or fits into no key, is an error', (t: TestContext) => {
  for (const wrong of [{}, Promise.resolve(42), () => 42, 'a'.repeat(201), 'a\nb', 'a\0']) {
    t.assert.throws(() => userId(wrong), invalid)
  }
})
