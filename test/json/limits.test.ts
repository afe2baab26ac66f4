import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { maxPayloadLength } from '../../lib/itsdangerous/url-safe.ts'
import { hasTooManyValues, maxLength, maxValues } from '../../lib/json/limits.ts'
import { OversizedError, TaggedJSONSerializer, UnserializableError } from '../../lib/json/tagged-json-serializer.ts'
import { JSONTag } from '../../lib/json/tags.ts'
import { Markup, Tuple } from '../../lib/json/values.ts'

const serializer = new TaggedJSONSerializer()
const many = 'more than 4096 keys and values'
const long = 'more than 262144 characters or bytes'
/** A list of 4096 values in more than 8 KiB, most of them such items; and of one more. */
function texts (item: string, each: number): [most: string, more: string] {
  const items: string[] = Array(Math.floor(4095 / each)).fill(item)
  items.push(...Array(4095 - items.length * each).fill('1'))
  return [`[${items.join(',\n')}]`, `[${items.join(',\n')},1]`]
}

/** Lists in lists of the same lists: little to hold, much to write. */
function repeated (levels: number, value: unknown): unknown {
  for (let level = 0; level < levels; level++) value = [value, value]
  return value
}

describe('the number of values', () => {
  test('is 4096 at the most, and that of characters what a payload may have', (t: TestContext) => {
    t.assert.strictEqual(maxValues, 4096)
    t.assert.strictEqual(maxLength, maxPayloadLength)
  })

  for (const [item, each] of [
    ['1', 1], ['"a,b[\\",[{"', 1], ['"\\\\"', 1], ['""', 1], ['[]', 1], ['[ \n]', 1], ['{}', 1], ['{\t\r}', 1], ['[[]]', 2], ['[1]', 2], ['["a"]', 2], ['[true , null]', 3], ['{"a":1}', 3],
    ['{"a":1,"b":[]}', 5], ['{" t":[1]}', 4], ['{" t":[]}', 3], ['{" b":"YQ=="}', 3], ['{" di":{" t__":1}}', 5], ['{" t":1,"x":2}', 5], ['1.0', 1], ['NaN', 1], ['-0', 1], ['12345678901234567890', 1],
    ['1'.repeat(32), 1], ['1'.repeat(33), 3], [`-${'1'.repeat(4000)}`, 251], ['0.30000000000000004', 1], [`0.${'3'.repeat(5000)}`, 1]
  ] as const) {
    test(`counts ${each} for ${JSON.stringify(item)}`, (t: TestContext) => {
      const [most, more] = texts(item, each)
      const data = serializer.loads(most) as unknown[]

      t.assert.strictEqual(hasTooManyValues(most), false)
      t.assert.deepStrictEqual(serializer.loads(serializer.dumps(data)), data)
      t.assert.throws(() => serializer.loads(more), { name: 'RangeError', message: many })
      data.push(1)
      t.assert.throws(() => serializer.dumps(data), { name: 'UnserializableError', message: /more than 4096 keys and values$/ })
    })
  }

  test('is not looked for in a short text, or behind a string without an end', (t: TestContext) => {
    t.assert.strictEqual(hasTooManyValues('['.repeat(8192)), false)
    t.assert.strictEqual(hasTooManyValues('['.repeat(8193)), true)
    t.assert.strictEqual(hasTooManyValues(`"${','.repeat(10_000)}`), false)
    t.assert.strictEqual(hasTooManyValues(`"${','.repeat(10_000)}\\`), false)
  })

  for (const [title, value, path] of [
    ['a list of 60 million holes', (() => { const list: unknown[] = []; list[60_000_000] = 1; return list })(), 'a'],
    ['a tuple of 60 million holes', (() => { const tuple = new Tuple(); tuple[60_000_000] = 1; return tuple })(), 'a'],
    ['a list that lies about its length', new Proxy([], { get: (list, key) => key === 'length' ? 2 ** 32 - 1 : Reflect.get(list, key) }), 'a'],
    ['a dict of 10,000 keys', Object.fromEntries(Array.from({ length: 10_000 }, (_, key) => [`k${key}`, undefined])), 'a'],
    ['100,000 floats', Array(100_000).fill(-0), 'a'],
    ['lists that double 40 times', repeated(40, 1), `a${'[0]'.repeat(11)}...`],
    ['tuples that double 40 times', repeated(40, new Tuple()), `a${'[0]'.repeat(11)}...`]
  ] as Array<[string, unknown, string]>) {
    test(`ends the work at once: ${title}`, (t: TestContext) => {
      const start = performance.now()
      t.assert.throws(() => serializer.dumps({ a: value }), (error: UnserializableError) => {
        t.assert.match(error.message, /more than 4096 keys and values$/)
        t.assert.ok(error.path.startsWith(path.slice(0, 34)), error.path)
        return true
      })
      t.assert.ok(performance.now() - start < 2000)
    })
  }

  test('is what the text has: undefined and the steps of toJSON are none', (t: TestContext) => {
    const values = Array.from({ length: 4000 }, () => ({ toJSON: () => 1.5 }))
    const dict = Object.fromEntries(Array.from({ length: 4096 }, (_, key) => [`k${key}`, key < 10 ? key : undefined]))

    t.assert.strictEqual((serializer.loads(serializer.dumps(values)) as unknown[]).length, 4000)
    t.assert.strictEqual(Object.keys(serializer.loads(serializer.dumps(dict)) as object).length, 10)
  })

  test('counts what own tags write', (t: TestContext) => {
    class Wide {}
    class TagWide extends JSONTag {
      override readonly key: string = ' w'
      override check (value: unknown): boolean { return value instanceof Wide }
      override toJson (): unknown { return Array(5000).fill(1) }
    }
    const own = new TaggedJSONSerializer()
    own.register(TagWide, { index: 0 })

    t.assert.throws(() => own.dumps([new Wide()]), { name: 'UnserializableError', path: '', message: `the data cannot be written as JSON: ${many}` })
    t.assert.throws(() => own.dumps(Array(4000).fill([1])), { name: 'UnserializableError', path: '[2047][0]' })
  })

  test('does not limit what is tagged by hand', (t: TestContext) => {
    for (let i = 0; i < 3; i++) t.assert.strictEqual((serializer.tag([Array(4000).fill(new Tuple(1))]) as unknown[][])[0]?.length, 4000)
  })
})

describe('the number of characters', () => {
  const text = 'x'.repeat(262_145)
  for (const [title, value, path] of [
    ['text', text, 'a'], ['text in a list', [1, text], 'a[1]'], ['text in many places', Array(4000).fill('x'.repeat(1000)), 'a[262]'], ['text in a tuple', new Tuple(text), 'a[0]'],
    ['bytes', Buffer.alloc(262_145), 'a'], ['a Uint8Array', new Uint8Array(1e9), 'a'], ['keys', { [text]: 1 }, `a["${'x'.repeat(64)}..."]`], ['a date beside', [new Date(0), text], 'a[1]']
  ] as Array<[string, unknown, string]>) {
    test(`ends the work at once: ${title}`, (t: TestContext) => {
      t.assert.throws(() => serializer.dumps({ a: value }), (error: unknown) => {
        t.assert.ok(error instanceof OversizedError && error instanceof UnserializableError)
        t.assert.strictEqual(error.name, 'OversizedError')
        t.assert.strictEqual(error.message, `${path} cannot be written as JSON: ${long}`)
        return true
      })
    })
  }

  test('may be 262144, of which bytes and Markup are some', (t: TestContext) => {
    for (const value of [text.slice(1), new Markup(text.slice(10)), Buffer.alloc(196_000)]) {
      t.assert.deepStrictEqual(serializer.loads(serializer.dumps([value, -0])), [value, -0])
    }
  })
})

describe('a long key in a message', () => {
  test('is cut to 64 characters', (t: TestContext) => {
    t.assert.throws(() => serializer.dumps({ ['K'.repeat(65)]: new Map() }), { path: `["${'K'.repeat(64)}..."]` })
    t.assert.throws(() => serializer.dumps({ ['K'.repeat(64)]: new Map() }), { path: 'K'.repeat(64) })
    t.assert.throws(() => serializer.dumps({ ['"'.repeat(200_000)]: [new Map()] }), { path: `["${'\\"'.repeat(64)}..."][0]` })
  })
})

describe('data of the usual kinds', () => {
  for (const [title, value] of [
    ['a date with its own HTML', Object.assign(new Date(0), { __html__: () => '<time>' })], ['a list with its own JSON in one of floats', [-0, Object.assign([1], { toJSON: () => 'x' })]],
    ['a dict with its own HTML', [-0, { __html__: () => '<b>' }]], ['a dict with its own JSON', [-0, { toJSON: () => 2 }]]
  ] as const) {
    test(`is written by its tags where it says something else: ${title}`, (t: TestContext) => {
      const own = new TaggedJSONSerializer()
      own.register(class extends JSONTag {
        override check (): boolean { return false }
        override toJson (): unknown { return null }
      })

      t.assert.strictEqual(serializer.dumps(value), own.dumps(value))
    })
  }
})
