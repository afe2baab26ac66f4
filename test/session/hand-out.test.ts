import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSession } from '../../lib/index.ts'
import type { Dict } from '../../lib/json/dict.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'
import type { SessionSerializer } from '../../lib/session/hand-out.ts'
import { SessionData } from '../../lib/session/session-data.ts'
import { cookieOf, savedData, sessionApp } from '../helpers.ts'

/** One that can copy no value alone. */
const textOnly: SessionSerializer = { dumps: (data) => JSON.stringify(data), loads: (text) => JSON.parse(text) as unknown }

const serializers = { 'can copy values': sessionJSONSerializer, 'can only write and read text': textOnly }

for (const [ability, serializer] of Object.entries(serializers)) {
  /** Data of a cookie that other requests bring too, or not. */
  const dataOf = (data: Dict, isShared: boolean): SessionData => {
    return new SessionData({ serializer, load: () => ({ data, json: JSON.stringify(data), isShared }) })
  }

  describe(`shared data whose serializer ${ability}`, () => {
    test('is copied when a value of it is handed out, and the copy stays the same object', (t: TestContext) => {
      const shared = { text: 'a', none: null, list: [1] }
      const data = dataOf(shared, true)

      t.assert.deepStrictEqual([data.get('text'), data.get('none'), data.has('list'), data.isEmpty], ['a', null, true, false])
      t.assert.notStrictEqual(data.get('list'), shared.list)
      t.assert.strictEqual(data.get('list'), data.get('list'))
      data.set('text', 'b')
      t.assert.deepStrictEqual(shared, { text: 'a', none: null, list: [1] })
    })

    test('is not changed by the write of a key', (t: TestContext) => {
      for (const shared of [{ text: 'a', list: [1] }, { text: 'a', none: null }]) {
        const before = structuredClone(shared)
        const data = dataOf(shared, true)
        data.set('text', 'b')
        data.set('more', 1)

        t.assert.deepStrictEqual(data.peek(), { ...before, text: 'b', more: 1 })
        t.assert.deepStrictEqual(shared, before)
      }
    })

    test('does not come back under a key that was written or deleted', (t: TestContext) => {
      const text = '{"a":{"n":1},"b":{"n":2},"__proto__":{"n":3},"c":{"n":4}}'
      const shared = JSON.parse(text) as Dict
      const data = dataOf(shared, true)
      const own = { n: 5 }
      data.set('a', own)
      data.delete('c')
      const entries = data.entries()

      t.assert.deepStrictEqual(entries, [['a', { n: 5 }], ['b', { n: 2 }], ['__proto__', { n: 3 }]])
      t.assert.strictEqual(data.get('a'), own)
      for (const [key, value] of entries) t.assert.notStrictEqual(value, Object.getOwnPropertyDescriptor(shared, key)?.value)
      t.assert.strictEqual(JSON.stringify(shared), text)
    })

    test('is given to code that may change it as a copy of all of it', (t: TestContext) => {
      const shared = { a: [1], b: { c: [2] }, d: 3 }
      const data = dataOf(shared, true).detached() as typeof shared
      data.a.push(1)
      data.b.c.push(1)
      data.d = 4

      t.assert.deepStrictEqual(shared, { a: [1], b: { c: [2] }, d: 3 })
    })
  })

  describe(`data of one request alone whose serializer ${ability}`, () => {
    test('is handed out as it is', (t: TestContext) => {
      const own = { list: [1] }
      const data = dataOf(own, false)

      t.assert.strictEqual(data.get('list'), own.list)
      data.set('a', 1)
      t.assert.strictEqual(data.detached(), own)
    })
  })

  for (const isShared of [true, false]) {
    describe(`a value of ${isShared ? 'shared' : 'unshared'} data whose serializer ${ability}`, () => {
      test('counts as changed while it differs from the one that was handed out', (t: TestContext) => {
        const data = dataOf({ a: [1, { b: [] }], c: [2], d: 3 }, isShared)
        const [a, c] = [data.get('a'), data.get('c')] as number[][]

        t.assert.strictEqual(data.modified, false)
        c?.push(3)
        t.assert.strictEqual(data.modified, true)
        t.assert.deepStrictEqual([a, c, data.peek()], [[1, { b: [] }], [2, 3], { a: [1, { b: [] }], c: [2, 3], d: 3 }])
        c?.pop()
        t.assert.strictEqual(data.modified, false)
      })

      test('is unchanged again after modified = false, and noticed when it changes later', (t: TestContext) => {
        const loaded = { list: [1], more: [2], same: [3] }
        const before = structuredClone(loaded)
        const data = dataOf(loaded, isShared)
        const list = data.get('list') as number[]
        const mine = [4]
        list.push(2)
        data.set('mine', mine)
        data.modified = false
        t.assert.strictEqual(data.modified, false)

        for (const value of [list, mine, data.get('more') as number[]]) {
          value.push(5)
          t.assert.strictEqual(data.modified, true)
          value.pop()
          t.assert.strictEqual(data.modified, false)
        }
        t.assert.deepStrictEqual(data.peek(), { list: [1, 2], more: [2], same: [3], mine: [4] })
        t.assert.strictEqual(data.get('mine'), mine)
        t.assert.strictEqual(data.get('list'), list)
        if (isShared) t.assert.deepStrictEqual(loaded, before)
      })

      test('counts as changed when it cannot be written or read any more', (t: TestContext) => {
        for (const spoil of [
          (value: Dict) => Object.defineProperty(value, 'a', { get () { throw new Error('own') }, enumerable: true }),
          (value: Dict) => { value['itself'] = value },
          (value: Dict) => { value['big'] = 1n << 70n }
        ]) {
          const data = dataOf({ dict: { a: 1 } }, isShared)
          spoil(data.get('dict') as Dict)

          t.assert.strictEqual(data.modified, true)
        }
      })

      test('is unchanged when only the spelling of its text differs', (t: TestContext) => {
        const data = dataOf({ map: { a: 1 } }, isShared)
        ;(data.get('map') as Dict)['b'] = undefined

        t.assert.strictEqual(data.modified, false)
      })
    })
  }
}

describe('a value that was handed out', () => {
  test('stays the same object in a session without a cookie whose data is taken for unchanged', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const seen: unknown[] = []
    await visit((session) => {
      session.list = [1]
      const { list } = session
      session.modified = false
      session.a = 1
      seen.push(session.list === list)
    })
    const session = new SecureCookieSession({ list: [1] }) as unknown as { list: number[], modified: boolean, a: number }
    const { list } = session
    session.modified = false
    session.a = 1
    seen.push(session.list === list)

    t.assert.deepStrictEqual(seen, [true, true])
  })
})

describe('an error handler', () => {
  test('may reload a session that could not be saved, and write to it again', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.setErrorHandler(async (error: Error & { code: string }, request, reply) => {
        await request.session.reload()
        request.session.error = error.code
        return reply.code(200).send('mended')
      })
    })

    const response = await visit((session) => { session.bad = () => {} }, { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(response.body, 'mended')
    t.assert.deepStrictEqual(savedData(response), { a: 1, error: 'FST_SESSION_UNSERIALIZABLE' })
  })
})
