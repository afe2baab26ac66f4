/**
 * What sessions in every store must do.
 *
 * @module
 */

import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SessionStore } from '../../lib/stores/index.ts'
import { sessionCookieOf } from '../helpers.ts'
import { gate, idOf, show, storeApp } from './world.ts'

export interface ContractOptions {
  skip?: string | false
}

export function sessionContract (name: string, makeStore: () => SessionStore, { skip = false }: ContractOptions = {}): void {
  describe(`sessions in ${name}`, { skip }, () => {
    test('keep what one request wrote for the next', async (t: TestContext) => {
      const { browser } = await storeApp(t, makeStore())
      const { visit, jar } = browser()

      const first = await visit((session) => { session.update({ user_id: 42, name: 'Grace', when: new Date(0), bytes: Buffer.from('ab') }) })
      t.assert.match(idOf(first), /^[A-Za-z0-9_-]{43}$/)
      const second = await visit((session) => ({ ...session.data(), bytes: String(session.bytes) }))
      t.assert.deepStrictEqual(second.json(), { user_id: 42, name: 'Grace', when: '1970-01-01T00:00:00.000Z', bytes: 'ab' })
      t.assert.strictEqual(sessionCookieOf(second), undefined)
      t.assert.strictEqual(jar.size, 1)
    })

    test('end with clear(), with null and with destroy(), for every copy of the cookie', async (t: TestContext) => {
      const { browser, visit } = await storeApp(t, makeStore())
      for (const end of ['clear', 'null', 'destroy']) {
        const one = browser()
        await one.visit((session) => { session.user_id = 42 })
        const cookie = `session=${one.jar.get('session') as string}`
        await one.visit(async (session, request) => {
          if (end === 'null') request.session = null
          else await session[end as 'clear' | 'destroy']()
        })
        t.assert.strictEqual(one.jar.size, 0, end)
        t.assert.deepStrictEqual((await visit(show, { cookie })).json(), {}, end)
      }
    })

    test('get a new id by regenerate(), under which the kept data lies', async (t: TestContext) => {
      const { browser, visit } = await storeApp(t, makeStore())
      const one = browser()
      await one.visit((session) => { session.update({ cart: [1], old: true }) })
      const old = one.jar.get('session') as string

      await one.visit(async (session) => {
        await session.regenerate(['cart'])
        session.user_id = 42
      })

      t.assert.notStrictEqual(one.jar.get('session'), old)
      t.assert.deepStrictEqual((await one.visit(show)).json(), { cart: [1], user_id: 42 })
      t.assert.deepStrictEqual((await visit(show, { cookie: `session=${old}` })).json(), {})
    })

    test('are not taken over under an id that the store does not have', async (t: TestContext) => {
      const { visit } = await storeApp(t, makeStore())
      const planted = 'A'.repeat(43)

      const answer = await visit((session) => { session.user_id = 42 }, { cookie: `session=${planted}` })

      t.assert.notStrictEqual(idOf(answer), planted)
      t.assert.deepStrictEqual((await visit(show, { cookie: `session=${planted}` })).json(), {})
    })

    test('hold the changes of parallel requests of one process', async (t: TestContext) => {
      const { browser } = await storeApp(t, makeStore(), { storeTimeout: 20 })
      const one = browser()
      await one.visit((session) => { session.begun = true })
      const keys = Array.from({ length: 20 }, (_, index) => `key${index}`)
      const all = await Promise.all(keys.map(async (key) => {
        const { visit } = browser()
        // Read, wait for the others, write.
        return await visit(async (session) => {
          session.get('begun')
          await new Promise((resolve) => setTimeout(resolve, 5))
          session[key] = 1
        }, { cookie: `session=${one.jar.get('session') as string}` })
      }))
      t.assert.deepStrictEqual(all.map(({ statusCode }) => statusCode), keys.map(() => 200))
      const kept = (await one.visit(show)).json()
      t.assert.deepStrictEqual(Object.keys(kept).sort(), ['begun', ...keys].sort())
    })

    test('that ended while a slow request ran do not come back', async (t: TestContext) => {
      const { browser, visit } = await storeApp(t, makeStore())
      const one = browser()
      await one.visit((session) => { session.user_id = 42 })
      const cookie = `session=${one.jar.get('session') as string}`
      const [reading, ended] = [gate(), gate()]

      const slow = visit(async (session) => {
        session.get('user_id')
        reading.open()
        await ended.passed
        session.views = 1
      }, { cookie })
      await reading.passed
      await one.visit((session) => { session.clear() })
      ended.open()

      t.assert.strictEqual(sessionCookieOf(await slow), undefined)
      t.assert.deepStrictEqual((await visit(show, { cookie })).json(), {})
    })

    test('that are permanent are prolonged at a visit, those that are not are left alone', async (t: TestContext) => {
      const store = makeStore()
      const { browser } = await storeApp(t, store)
      for (const permanent of [true, false]) {
        const one = browser()
        await one.visit((session) => { session.update({ _permanent: permanent, a: 1 }) })
        const answer = await one.visit(show)
        const expires = sessionCookieOf(answer)?.attributes.Expires
        const found = await store.get(one.jar.get('session') as string)
        t.assert.strictEqual(expires, permanent ? new Date(Number(found?.expires)).toUTCString() : undefined)
      }
    })
  })
}
