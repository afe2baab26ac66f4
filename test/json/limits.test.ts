import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { maxPayloadLength } from '../../lib/itsdangerous/url-safe.ts'
import { maxLength } from '../../lib/json/limits.ts'
import { OversizedError, UnserializableError } from '../../lib/json/errors.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import { JSONTag } from '../../lib/json/tags.ts'
import { Markup, Tuple } from '../../lib/json/values.ts'

const serializer = new TaggedJSONSerializer()
const long = 'more than 262144 characters or bytes'

/** Lists in lists of the same lists: little to hold, much to write. */
function repeated (levels: number, value: unknown): unknown {
  for (let level = 0; level < levels; level++) value = [value, value]
  return value
}

describe('the length of data', () => {
  test('is at most that of a payload', (t: TestContext) => {
    t.assert.strictEqual(maxLength, maxPayloadLength)
  })

  for (const item of ['1', '-0.0', 'NaN', '1234567890123456789', '[]', '{}', '""', '{" t":[]}', '{" b":"YQ=="}', '{" m":""}', '{"a":1}', 'null']) {
    test(`may be made of as many ${item} as fit into a payload`, (t: TestContext) => {
      const text = `[${Array(Math.floor((maxLength - 1) / (item.length + 1))).fill(item).join()}]`

      t.assert.strictEqual(serializer.dumps(serializer.loads(text)), text)
    })
  }

  const text = 'x'.repeat(262_145)
  for (const [title, value, path] of [
    ['text', text, 'a'], ['text in a list', [1, text], 'a[1]'], ['text in many places', Array(4000).fill('x'.repeat(1000)), 'a[261]'], ['text in a tuple', new Tuple(text), 'a[0]'],
    ['bytes', Buffer.alloc(262_145), 'a'], ['a Uint8Array', new Uint8Array(1e9), 'a'], ['the same bytes in many places', Array(100_000).fill(Buffer.alloc(90_000)), 'a[2]'],
    ['the same Markup in many places', Array(100_000).fill(new Markup('x'.repeat(100_000))), 'a[2]'],
    ['keys', { [text]: 1 }, `a["${'x'.repeat(64)}..."]`], ['a date beside', [new Date(0), text], 'a[1]'],
    ['a list of 60 million holes', (() => { const list: unknown[] = []; list[60_000_000] = 1; return list })(), 'a'],
    ['a tuple of 60 million holes', (() => { const tuple = new Tuple(); tuple[60_000_000] = 1; return tuple })(), 'a'],
    ['a list that lies about its length', new Proxy([], { get: (list, key) => key === 'length' ? 2 ** 32 - 1 : Reflect.get(list, key) }), 'a'],
    ['300,000 floats', Array(300_000).fill(-0), 'a[262141]'],
    ['lists that double 40 times', repeated(40, 1), `a${'[0]'.repeat(11)}...`],
    ['tuples that double 40 times', repeated(40, new Tuple()), `a${'[0]'.repeat(11)}...`]
  ] as Array<[string, unknown, string]>) {
    test(`ends the work early when it is too much: ${title}`, (t: TestContext) => {
      const start = performance.now()
      t.assert.throws(() => serializer.dumps({ a: value }), (error: unknown) => {
        t.assert.ok(error instanceof OversizedError && error instanceof UnserializableError)
        t.assert.strictEqual(error.name, 'OversizedError')
        t.assert.strictEqual(error.message, `${path} cannot be written as JSON: ${long}`)
        return true
      })
      t.assert.ok(performance.now() - start < 5000)
    })
  }

  test('counts what is written: neither undefined nor the steps of toJSON', (t: TestContext) => {
    const values = Array.from({ length: 20_000 }, () => ({ toJSON: () => 1.5 }))
    const dict = Object.fromEntries(Array.from({ length: 50_000 }, (_, key) => [`k${key}`, key < 10 ? key : undefined]))

    t.assert.strictEqual((serializer.loads(serializer.dumps(values)) as unknown[]).length, 20_000)
    t.assert.strictEqual(Object.keys(serializer.loads(serializer.dumps(dict)) as object).length, 10)
  })

  test('may be 262144, of which bytes and Markup are some', (t: TestContext) => {
    for (const value of [text.slice(10), new Markup(text.slice(10)), Buffer.alloc(196_000)]) {
      t.assert.deepStrictEqual(serializer.loads(serializer.dumps([value, -0])), [value, -0])
    }
  })

  class Wide {}
  class TagWide extends JSONTag {
    override readonly key: string = ' w'
    override check (value: unknown): boolean { return value instanceof Wide }
    override toJson (): unknown { return 'x'.repeat(100_000) }
  }
  class TagTagged extends TagWide {
    override toJson (): unknown { return this.serializer.tag('x'.repeat(100_000)) }
  }
  class PassWide extends TagWide {
    override readonly key: string = ''
    override tag (): unknown { return 'x'.repeat(100_000) }
  }
  for (const Tag of [TagWide, TagTagged, PassWide]) {
    test(`counts the text of an application's tag once: ${Tag.name}`, (t: TestContext) => {
      const own = new TaggedJSONSerializer()
      own.register(Tag, { index: 0 })

      t.assert.strictEqual((JSON.parse(own.dumps([new Wide(), new Wide()])) as unknown[]).length, 2)
      t.assert.throws(() => own.dumps([new Wide(), new Wide(), new Wide()]), { name: 'OversizedError', path: '[2]' })
    })
  }

  test('does not limit what is tagged by hand', (t: TestContext) => {
    t.assert.strictEqual((serializer.tag(Array(270_000).fill(null)) as unknown[]).length, 270_000)
  })
})

describe('an application\'s tag', () => {
  test('cannot nest its data without end', (t: TestContext) => {
    class TagEndless extends JSONTag {
      override readonly key: string = ' e'
      override check (value: unknown): boolean { return value instanceof URL }
      override toJson (): unknown { const list: unknown[] = []; list.push(list); return list }
    }
    const own = new TaggedJSONSerializer()
    own.register(TagEndless, { index: 0 })

    t.assert.throws(() => own.dumps([new URL('http://localhost')]), { name: 'UnserializableError', message: /nested deeper than 256$/ })
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
