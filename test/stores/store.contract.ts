/**
 * What every store must do.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { SessionStore, SetOptions, StoredSession } from '../../lib/stores/store.ts'

/** A time at which the clock can stand still. */
export const NOW = Date.UTC(2011, 5, 24)
const DAY = 86_400_000

export interface ContractOptions {
  /** A new store, or one that other tests use too: the ids are random. */
  makeStore (t: TestContext): SessionStore | Promise<SessionStore>
  /** The store looks at a clock outside of this process, which no test can stop. */
  hasItsOwnClock?: boolean
  /** Why the tests do not run. */
  skip?: string | false
}

interface Given {
  store: SessionStore
  id: string
  now: number
  /** Sets a session that there was not, for a day. */
  set (id: string, data: string, options?: Partial<SetOptions>): Promise<boolean>
  pass (milliseconds: number): void
}

export function storeContract (name: string, { makeStore, hasItsOwnClock = false, skip = false }: ContractOptions): void {
  describe(`${name}, as every store,`, { skip }, () => {
    contractTest('has no session under an id that was never set', async (t: TestContext, { store, id }: Given) => {
      t.assert.strictEqual(await store.get(id), null)
    })

    contractTest('gives back data and expiry of a session', async (t: TestContext, { store, id, now }: Given) => {
      t.assert.strictEqual(await store.set(id, '{"a":1}', { expires: now + DAY, replaces: null }), true)

      t.assert.deepStrictEqual(readable(await store.get(id)), { data: '{"a":1}', expires: now + DAY })
    })

    for (const [title, data] of [
      ['empty', ''],
      ['not ASCII', 'žluťoučký kůň 😀'],
      ['full of control characters', '\u0000\u0001\r\n\u007f\u0085\u2028'],
      ['JSON with a key __proto__', '{"__proto__":{"cookie":1}}'],
      ['1 MB long', 'é'.repeat(500_000)]
    ] as const) {
      contractTest(`keeps data that is ${title}, and replaces it`, async (t: TestContext, { store, id, now }: Given) => {
        const expires = now + DAY
        t.assert.strictEqual(await store.set(id, data, { expires, replaces: null }), true)
        t.assert.ok(readable(await store.get(id))?.data === data)
        t.assert.strictEqual(await store.set(id, 'new', { expires, replaces: data }), true)
        t.assert.strictEqual(readable(await store.get(id))?.data, 'new')
      })
    }

    contractTest('takes an id with a name in front of it for another id', async (t: TestContext, { store, id, set }: Given) => {
      await set(id, 'session')

      t.assert.strictEqual(await store.get(`admin:${id}`), null)
      t.assert.strictEqual(await set(`admin:${id}`, 'admin'), true)
      t.assert.strictEqual(readable(await store.get(id))?.data, 'session')
      t.assert.strictEqual(readable(await store.get(`admin:${id}`))?.data, 'admin')
    })

    contractTest('creates no session where there is one', async (t: TestContext, { store, id, set }: Given) => {
      await set(id, 'first')

      t.assert.strictEqual(await set(id, 'second'), false)
      t.assert.strictEqual(await set(id, 'first'), false)
      t.assert.strictEqual(readable(await store.get(id))?.data, 'first')
    })

    contractTest('replaces only the data it is told to replace', async (t: TestContext, { store, id, set }: Given) => {
      await set(id, 'first')

      t.assert.strictEqual(await set(id, 'third', { replaces: 'second' }), false)
      t.assert.strictEqual(await set(id, 'third', { replaces: 'firs' }), false)
      t.assert.strictEqual(await set(id, 'third', { replaces: 'first ' }), false)
      t.assert.strictEqual(await set(id, 'third', { replaces: '' }), false)
      t.assert.strictEqual(readable(await store.get(id))?.data, 'first')
      t.assert.strictEqual(await set(id, 'second', { replaces: 'first' }), true)
      t.assert.strictEqual(await set(id, 'third', { replaces: 'first' }), false)
      t.assert.strictEqual(readable(await store.get(id))?.data, 'second')
    })

    contractTest('compares bytes: data is replaced as text, as bytes, and as get gave it', async (t: TestContext, { store, id, set }: Given) => {
      await set(id, 'kůň')

      t.assert.strictEqual(await set(id, 'new', { replaces: Buffer.from('kůň', 'latin1') }), false)
      t.assert.strictEqual(await set(id, 'ovce 🐑', { replaces: new Uint8Array(Buffer.from('kůň')) }), true)
      const given = await store.get(id)
      t.assert.ok(given !== null)
      t.assert.strictEqual(await set(id, 'koza', { replaces: given.data }), true)
      t.assert.strictEqual(await store.delete(id, { replaces: Buffer.from('koz') }), false)
      t.assert.strictEqual(await store.delete(id, { replaces: Buffer.from('koza') }), true)
    })

    contractTest('replaces nothing where there is no session', async (t: TestContext, { store, id, set }: Given) => {
      t.assert.strictEqual(await set(id, 'second', { replaces: 'first' }), false)
      t.assert.strictEqual(await set(id, 'second', { replaces: '' }), false)
      t.assert.strictEqual(await store.get(id), null)
    })

    contractTest('gives a replaced session the new expiry, earlier or later', async (t: TestContext, { store, id, set, now }: Given) => {
      await set(id, 'first', { expires: now + 2 * DAY })

      await set(id, 'second', { expires: now + DAY, replaces: 'first' })
      t.assert.strictEqual((await store.get(id))?.expires, now + DAY)
      await set(id, 'third', { expires: now + 3 * DAY, replaces: 'second' })
      t.assert.strictEqual((await store.get(id))?.expires, now + 3 * DAY)
    })

    contractTest('sets no session that would have ended already', async (t: TestContext, { store, id, set, now }: Given) => {
      t.assert.strictEqual(await set(id, 'late', { expires: now - 1000 }), false)
      t.assert.strictEqual(await set(id, 'late', { expires: now }), false)
      t.assert.strictEqual(await store.get(id), null)
      await set(id, 'first')
      t.assert.strictEqual(await set(id, 'late', { expires: now - 1000, replaces: 'first' }), false)
      t.assert.strictEqual(readable(await store.get(id))?.data, 'first')
    })

    contractTest('ends a session in the millisecond in which it expires', async (t: TestContext, { store, id, set, now, pass }: Given) => {
      const expires = now + 200
      await set(id, 'first', { expires })
      if (!hasItsOwnClock) {
        pass(199)
        t.assert.strictEqual((await store.get(id))?.expires, expires)
      }

      await passUntil(expires, pass)

      t.assert.strictEqual(await store.get(id), null)
      t.assert.strictEqual(await store.touch(id, expires + DAY), false)
      t.assert.strictEqual(await store.delete(id), false)
      t.assert.strictEqual(await set(id, 'second', { expires: expires + DAY, replaces: 'first' }), false)
      t.assert.strictEqual(await set(id, 'second', { expires: expires + DAY }), true)
      t.assert.strictEqual(readable(await store.get(id))?.data, 'second')
    })

    contractTest('prolongs a session by touch, and leaves its data', async (t: TestContext, { store, id, set, now }: Given) => {
      await set(id, 'first')

      t.assert.strictEqual(await store.touch(id, now + 2 * DAY), true)
      t.assert.deepStrictEqual(readable(await store.get(id)), { data: 'first', expires: now + 2 * DAY })
    })

    contractTest('shortens no session by touch, not into the past either', async (t: TestContext, { store, id, set, now }: Given) => {
      await set(id, 'first', { expires: now + 2 * DAY })

      for (const expires of [now + 2 * DAY, now + DAY, now - 1, 1, 0, -1]) {
        t.assert.strictEqual(await store.touch(id, expires), true)
        t.assert.deepStrictEqual(readable(await store.get(id)), { data: 'first', expires: now + 2 * DAY })
      }
    })

    contractTest('creates no session by touch', async (t: TestContext, { store, id, now }: Given) => {
      t.assert.strictEqual(await store.touch(id, now + DAY), false)
      t.assert.strictEqual(await store.get(id), null)
    })

    contractTest('ends a session by delete, once', async (t: TestContext, { store, id, set, now }: Given) => {
      await set(id, 'first')

      t.assert.strictEqual(await store.delete(id), true)
      t.assert.strictEqual(await store.delete(id), false)
      t.assert.strictEqual(await store.get(id), null)
      t.assert.strictEqual(await store.touch(id, now + DAY), false)
      t.assert.strictEqual(await set(id, 'second', { replaces: 'first' }), false)
    })

    contractTest('deletes only the data it is told to delete', async (t: TestContext, { store, id, set }: Given) => {
      t.assert.strictEqual(await store.delete(id, { replaces: 'first' }), false)
      await set(id, 'first')

      t.assert.strictEqual(await store.delete(id, { replaces: 'second' }), false)
      t.assert.strictEqual(await store.delete(id, { replaces: '' }), false)
      t.assert.strictEqual(readable(await store.get(id))?.data, 'first')
      t.assert.strictEqual(await store.delete(id, { replaces: 'first' }), true)
      t.assert.strictEqual(await store.get(id), null)
    })

    contractTest('lets one of 50 parallel writers create a session', async (t: TestContext, { store, id, set }: Given) => {
      const writers = Array.from({ length: 50 }, (_, i) => `writer ${i}`)

      const answers = await Promise.all(writers.map((data) => set(id, data)))

      const winners = writers.filter((_, i) => answers[i])
      t.assert.strictEqual(winners.length, 1)
      t.assert.strictEqual(readable(await store.get(id))?.data, winners[0])
    })

    contractTest('lets one of 50 parallel writers replace a value', async (t: TestContext, { store, id, set }: Given) => {
      await set(id, 'first')
      const writers = Array.from({ length: 50 }, (_, i) => `writer ${i}`)

      const answers = await Promise.all(writers.map((data) => set(id, data, { replaces: 'first' })))

      const winners = writers.filter((_, i) => answers[i])
      t.assert.strictEqual(winners.length, 1)
      t.assert.strictEqual(readable(await store.get(id))?.data, winners[0])
    })

    contractTest('lets 50 parallel writers add up, if each tries until it is heard', async (t: TestContext, { store, id, set }: Given) => {
      await set(id, '0')
      const increment = async (): Promise<void> => {
        for (let tries = 0; tries < 200; tries++) {
          const read = await store.get(id)
          t.assert.ok(read !== null)
          const next = String(Number(readable(read)?.data) + 1)
          if (await set(id, next, { replaces: read.data })) return
        }
      }

      await Promise.all(Array.from({ length: 50 }, increment))

      t.assert.strictEqual(readable(await store.get(id))?.data, '50')
    })

    contractTest('brings no session back that ends while 50 others write and touch it', async (t: TestContext, { store, id, set, now }: Given) => {
      await set(id, 'first')
      const others = (): unknown[] => Array.from({ length: 25 }, (_, i) => [
        store.touch(id, now + 2 * DAY), set(id, `writer ${i}`, { replaces: 'first' })
      ]).flat()

      const before = others()
      const isDeleted = store.delete(id)
      const after = others()

      await Promise.all([...before, ...after])
      t.assert.strictEqual(await isDeleted, true)
      t.assert.strictEqual(await store.get(id), null)
    })

    for (const expires of [NaN, Infinity, 1.5, '1308873600000' as unknown as number]) {
      contractTest(`refuses to set or touch a session with the expiry ${String(expires)}`, async (t: TestContext, { store, id, set }: Given) => {
        await set(id, 'first')

        await t.assert.rejects(async () => await set(id, 'second', { expires, replaces: 'first' }), RangeError)
        await t.assert.rejects(async () => await store.touch(id, expires), RangeError)
        t.assert.strictEqual(readable(await store.get(id))?.data, 'first')
      })
    }

    contractTest('lists the sessions of a user, if it lists any', async (t: TestContext, { store, id, set, now }: Given) => {
      const user = randomId()
      const ids = async (user: string): Promise<unknown> => {
        const sessions = await store.ids?.(user) ?? []
        return sessions.sort((a, b) => a.expires - b.expires)
      }
      t.assert.deepStrictEqual(await ids(user), [])
      await set(id, 'first', { user })
      await set(`admin:${id}`, 'admin', { user, expires: now + 3 * DAY })
      await set(randomId(), 'other', { user: `${user}0` })
      await set(randomId(), 'nobody', {})
      if (store.ids === undefined) return

      t.assert.deepStrictEqual(await ids(user), [
        { id, expires: now + DAY }, { id: `admin:${id}`, expires: now + 3 * DAY }
      ])
      await store.touch(id, now + 2 * DAY, { user })
      await store.delete(`admin:${id}`, { user })
      t.assert.deepStrictEqual(await ids(user), [{ id, expires: now + 2 * DAY }])
    })

    contractTest('lists a session whose user became known later', async (t: TestContext, { store, id, set, now }: Given) => {
      const [early, late] = [randomId(), randomId()]
      await set(id, 'first')
      await set(`admin:${id}`, 'admin')

      await store.touch(id, now + DAY, { user: early })
      await set(`admin:${id}`, 'known', { replaces: 'admin', user: late })

      if (store.ids === undefined) return
      t.assert.deepStrictEqual(await store.ids(early), [{ id, expires: now + DAY }])
      t.assert.deepStrictEqual(await store.ids(late), [{ id: `admin:${id}`, expires: now + DAY }])
    })

    contractTest('lists no session that has expired, but those that live on', async (t: TestContext, { store, id, set, now, pass }: Given) => {
      const user = randomId()
      await set(id, 'short', { user, expires: now + 200 })
      await set(`admin:${id}`, 'long', { user })

      await passUntil(now + 200, pass)

      if (store.ids === undefined) return
      t.assert.deepStrictEqual(await store.ids(user), [{ id: `admin:${id}`, expires: now + DAY }])
    })

    contractTest('can be opened and closed twice', async (t: TestContext, { store }: Given) => {
      await t.assert.doesNotReject(async () => {
        await store.open?.(() => {})
        await store.open?.(() => {})
        await store.close?.()
        await store.close?.()
      })
    })
  })

  function contractTest (title: string, run: (t: TestContext, given: Given) => Promise<void>): void {
    test(title, async (t: TestContext) => {
      if (!hasItsOwnClock) t.mock.timers.enable({ apis: ['Date'], now: NOW })
      const store = await makeStore(t)
      const now = Date.now()
      await run(t, {
        store,
        now,
        id: randomId(),
        set: async (id, data, options) => await store.set(id, data, { expires: now + DAY, replaces: null, ...options }),
        pass: (milliseconds) => t.mock.timers.tick(milliseconds)
      })
    })
  }

  async function passUntil (time: number, pass: (milliseconds: number) => void): Promise<void> {
    if (hasItsOwnClock) await setTimeout(time - Date.now() + 2)
    else pass(time - Date.now())
  }
}

export function randomId (): string {
  return randomBytes(32).toString('base64url')
}

export function readable (session: StoredSession | null): { data: string, expires: number } | null {
  return session && { data: Buffer.from(session.data).toString(), expires: session.expires }
}
