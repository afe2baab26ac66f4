import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { copyData, isSameData } from '../../lib/json/copy.ts'
import { getOwn } from '../../lib/json/dict.ts'
import type { Dict } from '../../lib/json/dict.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import { Markup, Tuple, UUID } from '../../lib/json/values.ts'

const serializer = new TaggedJSONSerializer()
/** Data as it is read. */
const read = (text: string): any => serializer.loads(text)

const data = '{"a":[1,[],{"b":null,"c":[true,"x"]}],"d":{" d":"Thu, 01 Jan 1970 00:00:01 GMT"},"t":{" t":[1,{"e":2}]},"f":[1,{"g":2}],"__proto__":{"h":1},"n":12345678901234567890}'

/** The objects in data, and in those. */
function objectsIn (value: unknown): object[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : []
}

describe('copyData', () => {
  test('copies dicts, lists, tuples and dates, and shares none of them', (t: TestContext) => {
    const value = read(data)
    const copy = copyData(value)

    t.assert.deepStrictEqual(copy, value)
    t.assert.strictEqual(serializer.dumps(copy), data)
    const own = new Set(objectsIn(value))
    t.assert.strictEqual(own.size, 11)
    t.assert.ok(!objectsIn(copy).some((object) => own.has(object)))
  })

  test('gives back what cannot be changed', (t: TestContext) => {
    for (const value of ['a', 1, NaN, true, null, 1n]) t.assert.strictEqual(copyData(value), value)
  })

  const others: Record<string, unknown> = {
    bytes: Buffer.from('a'),
    'no value': undefined,
    'a function': () => {},
    markup: new Markup('a'),
    'a UUID': new UUID('12345678123456781234567812345678'),
    'a Map': new Map(),
    'a dict without a prototype': Object.create(null),
    'an object of a class': new (class { a = 1 })(),
    'a list of a class': new (class extends Array {})(),
    'a Date of a class': new (class extends Date {})()
  }
  for (const [name, other] of Object.entries(others)) {
    test(`copies nothing that has ${name} in it`, (t: TestContext) => {
      for (const value of [other, [other], { a: other }, [1, { a: [other] }], new Tuple(other)]) t.assert.strictEqual(copyData(value), undefined)
    })
  }

  test('copies no list with a hole, and nothing that contains itself', (t: TestContext) => {
    const ring: unknown[] = [1]
    ring.push({ ring })

    t.assert.strictEqual(copyData(new Array(1)), undefined)
    t.assert.strictEqual(copyData(ring), undefined)
  })

  test('copies lists and tuples of as many items as fit into a payload', (t: TestContext) => {
    for (const list of [Array(131_000).fill(1), Tuple.from(Array(131_000).fill(1))]) t.assert.deepStrictEqual(copyData(list), list)
  })

  test('copies 1024 lists and dicts, and no more', (t: TestContext) => {
    const most = Array.from({ length: 1023 }, () => [])

    t.assert.deepStrictEqual(copyData(most), most)
    t.assert.strictEqual(copyData([...most, {}]), undefined)
  })
})

describe('isSameData', () => {
  test('tells data that is as it was when it was copied', (t: TestContext) => {
    const value = read(data)

    t.assert.strictEqual(isSameData(copyData(value), value), true)
  })

  const changes: Record<string, (value: any) => void> = {
    'another number': (value) => { value.a[0] = 2 },
    'a negative zero': (value) => { value.t[0] = -0 },
    'text for a number': (value) => { value.a[0] = '1' },
    'a number for a list': (value) => { value.a[1] = 0 },
    'a list for null': (value) => { value.a[2].b = [] },
    'null for a list': (value) => { value.a[1] = null },
    'nothing for a list': (value) => { value.a[1] = undefined },
    'a dict for a list': (value) => { value.a[1] = {} },
    'a dict without a prototype': (value) => { value.t[1] = Object.assign(Object.create(null), { e: 2 }) },
    'a list for a tuple': (value) => { value.t = [...value.t] },
    'one item more': (value) => { value.a.push(1) },
    'one item less': (value) => { value.a.pop() },
    'one key more': (value) => { value.a[2].d = 1 },
    'one key less': (value) => { delete value.a[2].b },
    'another key': (value) => { value.t[1] = { f: 2 } },
    'keys in another order': (value) => { value.a[2] = { c: value.a[2].c, b: null } },
    'a change of the key __proto__': (value) => { (getOwn(value, '__proto__') as Dict)['h'] = 2 },
    'a later date': (value) => { value.d.setTime(2000) },
    'another dict': (value) => { value.f[1] = { g: 3 } },
    'a list that says otherwise what it is as JSON': (value) => { value.a[1].toJSON = () => 1 },
    'a date that is Markup now': (value) => { value.d.__html__ = () => '' },
    'a list that is Markup now': (value) => { value.a[1].__html__ = () => '' },
    'another large int': (value) => { value.n++ }
  }
  for (const [name, change] of Object.entries(changes)) {
    test(`sees ${name}`, (t: TestContext) => {
      const value = read(data)
      const copied = copyData(value)
      change(value)

      t.assert.strictEqual(isSameData(copied, value), false)
      t.assert.strictEqual(serializer.dumps(copied), data)
    })
  }
})
