import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Dict } from '../../lib/json/dict.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'
import { isLifetime, joinBook, noBook, refuseBookKey, splitBook } from '../../lib/session/book-keeping.ts'
import { SessionData } from '../../lib/session/session-data.ts'
import type { LoadedSession } from '../../lib/session/session-data.ts'

const sid = 'abcdefghijklmnopqrstu_'
const all = { _created: 1_700_000_000, _lifetime: 600, _sid: sid }
const book = { created: 1_700_000_000, lifetime: 600, sid }

describe('the book of a session', () => {
  test('is taken out of the data and put back behind it', (t: TestContext) => {
    const data = JSON.parse('{"_created":1700000000,"a":1,"__proto__":2,"_lifetime":600,"_sid":"abcdefghijklmnopqrstu_","b":3}') as Dict
    const split = splitBook(data)

    t.assert.deepStrictEqual(split, { data: JSON.parse('{"a":1,"__proto__":2,"b":3}') as Dict, book, wrong: [] })
    t.assert.strictEqual(JSON.stringify(joinBook(split.data, split.book)),
      '{"a":1,"__proto__":2,"b":3,"_created":1700000000,"_lifetime":600,"_sid":"abcdefghijklmnopqrstu_"}')
    t.assert.strictEqual(data._created, 1_700_000_000, 'the parsed object stays as it is')
  })

  test('costs data without it no copy', (t: TestContext) => {
    const data = { a: 1, _permanent: true }

    t.assert.strictEqual(splitBook(data).data, data)
    t.assert.strictEqual(splitBook(data).book, noBook)
    t.assert.strictEqual(joinBook(data, noBook), data)
    t.assert.strictEqual(joinBook(data, { created: undefined }), data)
  })

  test('may have each key alone', (t: TestContext) => {
    for (const key of Object.keys(all) as Array<keyof typeof all>) {
      const split = splitBook({ a: 1, [key]: all[key] })
      t.assert.deepStrictEqual(split, { data: { a: 1 }, book: { ...noBook, [key.slice(1)]: all[key] }, wrong: [] })
      t.assert.deepStrictEqual(joinBook(split.data, split.book), { a: 1, [key]: all[key] })
    }
  })

  for (const [key, values] of Object.entries({
    _created: ['1700000000', 1.5, NaN, Infinity, 2 ** 53, true, null, [], {}, undefined, 1n],
    _lifetime: ['600', 0, -1, 1.5, 2 ** 53, true, null, [], {}],
    _sid: [1, null, true, [], {}, '', 'a'.repeat(15), 'a'.repeat(129), 'a'.repeat(21) + '=', 'a'.repeat(21) + '+', `${sid}\n`, [sid]]
  })) {
    test(`has no ${key} of a wrong type`, (t: TestContext) => {
      for (const value of values) {
        t.assert.deepStrictEqual(splitBook({ a: 1, [key]: value }), { data: { a: 1 }, book: noBook, wrong: [key] }, String(value))
      }
    })
  }

  test('has a begin before 1970, and ids of 16 to 128 characters', (t: TestContext) => {
    for (const keys of [{ _created: -1 }, { _sid: 'a'.repeat(16) }, { _sid: 'Z9_-'.repeat(32) }]) {
      t.assert.deepStrictEqual(splitBook(keys).wrong, [])
    }
  })

  test('has no keys of a polluted prototype', (t: TestContext) => {
    const { prototype } = Object as unknown as { prototype: Dict }
    t.after(() => { delete prototype._created })
    prototype._created = 1

    t.assert.deepStrictEqual(splitBook({ a: 1 }).book, noBook)
    t.assert.deepStrictEqual(splitBook({ _lifetime: 1 }), { data: {}, book: { ...noBook, lifetime: 1 }, wrong: [] })
  })

  test('has keys that nobody may write, with a cure', (t: TestContext) => {
    for (const key of ['_created', '_sid']) {
      t.assert.throws(() => refuseBookKey(key), { name: 'TypeError', message: `${key} is a key that the session keeps for itself: give the key another name, or a prefix if it comes from users` })
    }
    t.assert.throws(() => refuseBookKey('_lifetime'), { name: 'TypeError', message: /write session\.lifetime = seconds/ })
    for (const key of ['created', '_permanent', '_', '', '__created', '_created ']) refuseBookKey(key)
  })

  test('has lifetimes of whole seconds from 1', (t: TestContext) => {
    t.assert.deepStrictEqual([1, 600, 0, 1.5, '1', null].map(isLifetime), [true, true, false, false, false, false])
  })
})

describe('session data with a book', () => {
  const of = (loaded: Partial<LoadedSession> = {}): SessionData => {
    const whole = { a: 1, list: [1], ...all }
    const { data } = splitBook(whole)
    return new SessionData({
      serializer: sessionJSONSerializer,
      load: () => ({ data, book, json: JSON.stringify(whole), parsed: data, isShared: true, ...loaded })
    })
  }

  test('shows it nowhere among the keys', (t: TestContext) => {
    const data = of()

    t.assert.deepStrictEqual([data.keys(), data.entries()], [['a', 'list'], [['a', 1], ['list', [1]]]])
    t.assert.deepStrictEqual(Object.keys(all).map((key) => [data.has(key), data.get(key)]), [[false, undefined], [false, undefined], [false, undefined]])
    t.assert.strictEqual(data.text, '{"a":1,"list":[1]}')
    t.assert.deepStrictEqual(data.book, book)
  })

  test('has it also where the source did not take it out', (t: TestContext) => {
    const raw = { a: 1, _created: 5 }
    const data = new SessionData({ serializer: sessionJSONSerializer, load: () => ({ data: raw, parsed: raw }) })
    t.assert.deepStrictEqual([data.book, data.keys(), data.loaded?.data === data.loaded?.parsed], [{ ...noBook, created: 5 }, ['a'], true])

    const migrated = new SessionData({ serializer: sessionJSONSerializer, load: () => ({ data: { ...raw }, parsed: raw }) })
    t.assert.deepStrictEqual([migrated.book, migrated.loaded?.parsed === raw], [{ ...noBook, created: 5 }, true])
    t.assert.deepStrictEqual(new SessionData({ serializer: sessionJSONSerializer, load: () => undefined }, { ...raw }).book, { ...noBook, created: 5 })
  })

  test('is unchanged when a value that was handed out is as it was, however Python spelled it', (t: TestContext) => {
    const serializer = { dumps: (data: unknown) => JSON.stringify(data), loads: (text: string) => JSON.parse(text) as unknown }
    const json = '{"_created": 1700000000, "list": [1]}'
    for (const isShared of [true, false]) {
      const { data: own, book } = splitBook(JSON.parse(json) as Dict)
      const data = new SessionData({ serializer, load: () => ({ data: own, book, json, parsed: own, isShared }) })
      const list = data.get('list') as number[]
      t.assert.strictEqual(data.modified, false)
      list.push(2)
      t.assert.strictEqual(data.modified, true)
    }
  })

  test('keeps it through changes, and through the replacement of all keys', (t: TestContext) => {
    const data = of()
    data.set('b', 2)
    data.delete('a')
    data.delete('b')
    data.delete('list')
    t.assert.deepStrictEqual(data.book, book)
    data.replace([['c', 3]])
    t.assert.deepStrictEqual([data.book, data.peek()], [book, { c: 3 }])
  })

  test('loses it with its end', (t: TestContext) => {
    for (const end of [(data: SessionData) => data.replace([]), (data: SessionData) => data.destroy()]) {
      const data = of()
      end(data)
      data.set('a', 1)
      t.assert.deepStrictEqual(data.book, noBook)
    }
  })

  test('begins anew when only some keys are kept, with its lifetime if that is named', (t: TestContext) => {
    for (const [kept, expected] of [
      [['a'], {}], [['a', '_created', '_sid'], {}], [['a', '_lifetime'], { lifetime: 600 }]
    ] as const) {
      const data = of()
      data.keepOnly(new Set(kept))
      t.assert.deepStrictEqual([data.book, data.peek()], [{ ...noBook, ...expected }, { a: 1 }])
    }
    const without = new SessionData({ serializer: sessionJSONSerializer, load: () => undefined })
    without.keepOnly(new Set(['_lifetime']))
    t.assert.deepStrictEqual(without.book, noBook)
  })

  test('reads it again with the data', (t: TestContext) => {
    const data = of()
    data.book = { created: 1 }
    t.assert.deepStrictEqual([data.book, data.modified, data.revision], [{ created: 1 }, false, 0])
    data.reload()
    t.assert.deepStrictEqual(data.book, book)
  })

  test('is declared unchanged with it', (t: TestContext) => {
    const data = of()
    data.set('a', 2)
    data.modified = false
    t.assert.deepStrictEqual([data.loaded?.json, data.loaded?.book, data.modified], [JSON.stringify({ a: 2, list: [1], ...all }), book, false])
  })

  test('refuses its keys in every write, and stays as it was', (t: TestContext) => {
    for (const key of Object.keys(all)) {
      for (const write of [
        (data: SessionData) => data.set(key, 1), (data: SessionData) => data.set(key, undefined),
        (data: SessionData) => data.update([['b', 1], [key, 1]]), (data: SessionData) => data.replace([['b', 1], [key, 1]])
      ]) {
        const data = of()
        t.assert.throws(() => write(data), { name: 'TypeError' })
        t.assert.deepStrictEqual([data.peek(), data.book, data.modified], [{ a: 1, list: [1] }, book, false])
      }
    }
  })
})
