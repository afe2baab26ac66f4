import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { JSONTag, PassDict, PassList, TagBytes, TagDateTime, TagDict, TagMarkup, TagTuple, TagUUID } from '../../lib/json/tags.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import { Markup, Tuple, UUID } from '../../lib/json/values.ts'

const serializer = new TaggedJSONSerializer()
const uuid = '0123456789abcdef0123456789abcdef'

/** Each pair: the value, and the JSON text that Flask writes for it. */
const spelled: Array<[title: string, value: unknown, text: string]> = [
  ['an empty dict', {}, '{}'],
  ['a dict', { a: 1, b: [true, null] }, '{"a":1,"b":[true,null]}'],
  ['a list', [1, 'two', []], '[1,"two",[]]'],
  ['text', 'žluťoučký 😀', '"žluťoučký 😀"'],
  ['control characters', '\u0000\n\u2028"\\', '"\\u0000\\n\u2028\\"\\\\"'],
  ['a lone surrogate', '\ud800', '"\\ud800"'],
  ['true', true, 'true'],
  ['null', null, 'null'],
  ['an int', 42, '42'],
  ['a float', 1.5, '1.5'],
  ['the largest safe int', 9007199254740991, '9007199254740991'],
  ['an int past it', 9007199254740993n, '9007199254740993'],
  ['an int before the smallest', -9007199254740993n, '-9007199254740993'],
  ['a float past it', 2 ** 53, '9.007199254740992e+15'],
  ['1e16', 1e16, '1e+16'],
  ['-0.0', -0, '-0.0'],
  ['NaN', NaN, 'NaN'],
  ['infinities', [Infinity, -Infinity], '[Infinity,-Infinity]'],
  ['an empty tuple', new Tuple(), '{" t":[]}'],
  ['a tuple', new Tuple<unknown>(1, 'two'), '{" t":[1,"two"]}'],
  ['a tuple in a tuple', new Tuple<unknown>(new Tuple(1), [new Tuple()]), '{" t":[{" t":[1]},[{" t":[]}]]}'],
  ['bytes', Buffer.from([0, 255, 98]), '{" b":"AP9i"}'],
  ['no bytes', Buffer.alloc(0), '{" b":""}'],
  ['markup', new Markup('<b>'), '{" m":"<b>"}'],
  ['empty markup', new Markup(''), '{" m":""}'],
  ['a UUID', new UUID(uuid), `{" u":"${uuid}"}`],
  ['a date', new Date(1_306_195_200_000), '{" d":"Tue, 24 May 2011 00:00:00 GMT"}'],
  ['a date before 1970', new Date(-1000), '{" d":"Wed, 31 Dec 1969 23:59:59 GMT"}'],
  ['the last date', new Date('9999-12-31T23:59:59Z'), '{" d":"Fri, 31 Dec 9999 23:59:59 GMT"}'],
  ['the first date', new Date('0001-01-01T00:00:00Z'), '{" d":"Mon, 01 Jan 0001 00:00:00 GMT"}'],
  ['a dict like a tuple tag', { ' t': [1] }, '{" di":{" t__":[1]}}'],
  ['a dict like a dict tag', { ' di': 1 }, '{" di":{" di__":1}}'],
  ['a dict like a tag around a tuple', { ' t': new Tuple(1) }, '{" di":{" t__":{" t":[1]}}}'],
  ['a dict like an escaped tag', { ' t__': [1] }, '{" t__":[1]}'],
  ['a dict like a tag in one like a tag', { ' b': { ' b': 'YQ==' } }, '{" di":{" b__":{" di":{" b__":"YQ=="}}}}'],
  ['a dict of two keys, one of them a tag\'s', { ' t': [1], x: 2 }, '{" t":[1],"x":2}'],
  ['a dict of a tuple behind a tag\'s key and another key', { ' t': new Tuple(1), x: 2 }, '{" t":{" t":[1]},"x":2}'],
  ['a dict of an unknown tag', { ' zz': 1 }, '{" zz":1}']
]

describe('values and their JSON', () => {
  for (const [title, value, text] of spelled) {
    test(`${title} is written as ${JSON.stringify(text)} and read again`, (t: TestContext) => {
      t.assert.strictEqual(serializer.dumps(value), text)
      t.assert.deepStrictEqual(serializer.loads(text), value)
      t.assert.strictEqual(serializer.dumps({ x: [value] }), `{"x":[${text}]}`)
      t.assert.deepStrictEqual(serializer.loads(`{"x":[${text}]}`), { x: [value] })
    })
  }

  for (const [title, value, text] of [
    ['a Uint8Array', Uint8Array.of(0, 1, 2).subarray(1), '{" b":"AQI="}'],
    ['anything with __html__', { __html__: () => '<i>' }, '{" m":"<i>"}'],
    ['an object of a class', new (class { a = 1 })(), '{"a":1}'],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['a key __html__ without a method', { __html__: 'x' }, '{"__html__":"x"}'],
    ['an __html__ that is not enumerable', Object.defineProperty({ a: 1 }, '__html__', { value: () => '<i>' }), '{" m":"<i>"}'],
    ['a dict with a tag of toString', { [Symbol.toStringTag]: 'Own', a: new Tuple() }, '{"a":{" t":[]}}'],
    ['a dict with a tag of toString and no prototype', Object.assign(Object.create(null), { [Symbol.toStringTag]: 'Own', a: new Tuple() }), '{"a":{" t":[]}}'],
    ['a small bigint', 5n, '5'],
    ['a date with milliseconds', new Date(1_306_195_200_999), '{" d":"Tue, 24 May 2011 00:00:00 GMT"}'],
    ['a string in a wrapper', Object('text'), '"text"'],
    ['a number in a wrapper', [Object(1), Object(NaN), Object(1e16)], '[1,NaN,1e+16]'],
    ['a boolean in a wrapper', Object(false), 'false'],
    ['a hole', [1, , 3], '[1,null,3]'], // eslint-disable-line no-sparse-arrays
    ['undefined in a list', [undefined, 1], '[null,1]'],
    ['undefined in a tuple', new Tuple(undefined), '{" t":[null]}'],
    ['undefined in a dict', { a: undefined, b: 1 }, '{"b":1}'],
    ['undefined alone in a dict', { a: undefined }, '{}'],
    ['undefined in a dict like a tag', { ' t': undefined }, '{}'],
    ['undefined beside a key like a tag', { ' t': [1], x: undefined }, '{" di":{" t__":[1]}}'],
    ['what toJSON leaves out beside a key like a tag', { ' t': [1], x: { toJSON: () => undefined } }, '{" di":{" t__":[1]}}'],
    ['what toJSON leaves out in a dict like a tag', { ' t': { toJSON: () => undefined } }, '{}'],
    ['a symbol for a key', { [Symbol('s')]: 1, a: 1 }, '{"a":1}'],
    ['a property that is not enumerable', Object.defineProperty({ a: 1 }, 'b', { value: 2 }), '{"a":1}'],
    ['a getter', { get a () { return 1 } }, '{"a":1}'],
    ['a list with more properties', Object.assign([1], { a: 2 }), '[1]']
  ] as const) {
    test(`${title} is written as ${JSON.stringify(text)}`, (t: TestContext) => {
      t.assert.strictEqual(serializer.dumps(value), text)
    })
  }

  test('a list that is shared, but in no cycle, is written each time', (t: TestContext) => {
    const shared = [1]

    t.assert.strictEqual(serializer.dumps({ a: shared, b: [shared, shared] }), '{"a":[1],"b":[[1],[1]]}')
  })
})

describe('keys of Object.prototype', () => {
  test('are ordinary keys, both ways, and change no prototype', (t: TestContext) => {
    const text = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"toString":"x","hasOwnProperty":null,"toJSON":1}'
    const value = serializer.loads(text) as object

    t.assert.deepStrictEqual(Object.keys(value), ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toJSON'])
    t.assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
    t.assert.strictEqual(serializer.dumps(value), text)
    t.assert.strictEqual('admin' in {}, false)
    t.assert.strictEqual('admin' in value, false)
  })

  for (const text of [
    '{"__proto__":{" t":[1]}}', '{"__proto__":{"__proto__":null}}', '{" di":{"__proto____":1}}', '{"__proto__":1}', '{"__proto__":9007199254740993}', '{"a":1,"__proto__":NaN}'
  ]) {
    test(`stay in their places in ${text}`, (t: TestContext) => {
      const value = serializer.loads(text) as object

      t.assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
      t.assert.ok(Object.hasOwn(value, '__proto__'))
      t.assert.strictEqual(serializer.dumps(value), text.replace('{" di":{"__proto____":1}}', '{"__proto__":1}'))
    })
  }

  // Whoever put it there: it is no key of the data, neither when that is read nor when it is written.
  test('that others added there are passed over, both ways', (t: TestContext) => {
    const prototype = Object.getPrototypeOf({}) as Record<string, unknown>
    const text = '{"a":{"b":1},"c":{" t":[1]}}'
    const added = { plain: 1, ' b': 9007199254740993n, large: 2 ** 60, tagged: { tuple: { ' t': [1] } } }
    try {
      for (const [key, intruder] of Object.entries(added)) {
        prototype[key] = intruder
        const value = serializer.loads(text) as { a: object, c: unknown }

        t.assert.deepStrictEqual(Object.keys(value), ['a', 'c'])
        t.assert.deepStrictEqual(Object.keys(value.a), ['b'])
        t.assert.ok(value.c instanceof Tuple)
        t.assert.strictEqual(serializer.dumps(value), text)
        t.assert.strictEqual(serializer.dumps({ a: { b: 1 } }), '{"a":{"b":1}}')
        t.assert.strictEqual(serializer.dumps({ ' t': 1 }), '{" di":{" t__":1}}')
      }
      t.assert.deepStrictEqual(added.tagged, { tuple: { ' t': [1] } })
    } finally {
      for (const key of Object.keys(added)) Reflect.deleteProperty(prototype, key)
    }
  })
})

describe('the content of a tag', () => {
  for (const text of [
    // bytes: canonical base64 only
    '{" b":"YQ"}', '{" b":"YQ="}', '{" b":"YQ==junk"}', '{" b":"!!"}', '{" b":"é"}', '{" b":"-_8="}', '{" b":"Y Q=="}', '{" b":"YR=="}', '{" b":"YQ==\\n"}',
    '{" b":1}', '{" b":null}', '{" b":["YQ=="]}', '{" b":{" b":"WVE9PQ=="}}',
    '{" m":1}', '{" m":null}', '{" m":{"x":1}}', '{" m":{" m":"x"}}', '{" m":["x"]}',
    `{" u":"{${uuid}}"}`, `{" u":"urn:uuid:${uuid}"}`, '{" u":"x"}', '{" u":""}', '{" u":1}', '{" u":null}', `{" u":["${uuid}"]}`, `{" u":" ${uuid.slice(1)}"}`,
    '{" d":5}', '{" d":null}', '{" d":{}}', '{" d":{" d":"Tue, 24 May 2011 00:00:00 GMT"}}',
    '{" t":"ab"}', '{" t":{"a":1,"b":2}}', '{" t":1}', '{" t":null}', '{" t":true}',
    '{" di":1}', '{" di":null}', '{" di":"a"}', '{" di":"a__"}', '{" di":{}}', '{" di":[]}', '{" di":[["a__",1]]}', '{" di":{"a":1}}', '{" di":{"abc":1}}', '{" di":{"a_":1}}',
    '{" di":{"a__":1,"b__":2}}', '{" di":{" t":[1]}}', '{" di":{" b":"YQ=="}}', `{" di":{" u":"${uuid}"}}`
  ]) {
    test(`is refused in ${text}`, (t: TestContext) => {
      t.assert.throws(() => serializer.loads(text), { name: 'TypeError' })
      t.assert.throws(() => serializer.loads(`{"x":[${text},1.0]}`), { name: 'TypeError' })
    })
  }

  for (const [text, message] of [
    ['{" b":"YQ"}', 'bytes must be tagged as base64'],
    ['{" b":1}', 'the content of this tag must be a string'], ['{" m":null}', 'the content of this tag must be a string'],
    ['{" t":"ab"}', 'a tuple must be tagged as a list'],
    ['{" di":{}}', 'a tagged dict must have one key'], ['{" di":{"a__":1,"b__":2}}', 'a tagged dict must have one key'],
    ['{" di":[1]}', 'a tagged dict must have one key'], ['{" di":{"abc":1}}', 'the key of a tagged dict must end with __']
  ] as const) {
    test(`is refused in ${text}: ${message}`, (t: TestContext) => {
      t.assert.throws(() => serializer.loads(text), { name: 'TypeError', message })
    })
  }

  for (const text of [
    '', '5', 'garbage', '2011-05-24T00:00:00Z', '24 May 2011 00:00:00', 'Tue, 24-May-11 00:00:00 GMT', 'Tue, 24 May 2011 00:00:00 +0000', 'Tue, 24 May 2011 00:00:00',
    'Mon, 24 May 2011 00:00:00 GMT', 'Tue, 30 Feb 2011 00:00:00 GMT', 'Tue, 24 May 2011 24:00:00 GMT', 'Tue, 24 May 2011 23:59:60 GMT', 'Tue, 24 Foo 2011 00:00:00 GMT',
    'Tue, 00 May 2011 00:00:00 GMT', 'Sat, 01 Jan 0000 00:00:00 GMT', ' Tue, 24 May 2011 00:00:00 GMT', 'Tue, 24 May 2011 00:00:00 GMT\\n', 'tue, 24 may 2011 00:00:00 gmt'
  ]) {
    test(`that is no date is null: "${text}"`, (t: TestContext) => {
      t.assert.strictEqual(serializer.loads(`{" d":"${text}"}`), null)
    })
  }

  test('may be a tag itself where its kind allows it', (t: TestContext) => {
    t.assert.deepStrictEqual(serializer.loads('{" t":{" t":[1]}}'), new Tuple(1))
    t.assert.deepStrictEqual(serializer.loads('{" di":{" t__":{" t":[1]}}}'), { ' t': new Tuple(1) })
  })
})

describe('dates', () => {
  for (const text of [
    'Fri, 01 Jan 2021 00:00:00 GMT', 'Mon, 01 Feb 2021 00:00:00 GMT', 'Mon, 01 Mar 2021 00:00:00 GMT', 'Thu, 01 Apr 2021 00:00:00 GMT', 'Sat, 01 May 2021 00:00:00 GMT',
    'Tue, 01 Jun 2021 00:00:00 GMT', 'Thu, 01 Jul 2021 00:00:00 GMT', 'Sun, 01 Aug 2021 00:00:00 GMT', 'Wed, 01 Sep 2021 00:00:00 GMT', 'Fri, 01 Oct 2021 00:00:00 GMT',
    'Mon, 01 Nov 2021 00:00:00 GMT', 'Wed, 01 Dec 2021 00:00:00 GMT'
  ]) {
    test(`are read in every month: ${text}`, (t: TestContext) => {
      t.assert.deepStrictEqual(serializer.loads(`{" d":"${text}"}`), new Date(text))
    })
  }

  for (const date of [new Date(NaN), new Date(Date.UTC(10000, 0)), new Date('0000-12-31T23:59:59Z'), new Date(-8.64e15)]) {
    test(`${Number(date)} cannot be written`, (t: TestContext) => {
      t.assert.throws(() => serializer.dumps({ a: [date] }), {
        name: 'UnserializableError', path: 'a[0]', message: 'a[0] cannot be written as JSON: a Date that is invalid or outside of the years 1 to 9999'
      })
    })
  }
})

describe('JSONTag', () => {
  test('leaves check and toJson to its subclasses, and reads nothing', (t: TestContext) => {
    // @ts-expect-error: it is abstract
    const tag: JSONTag = new JSONTag(serializer)

    t.assert.throws(() => tag.check(null), TypeError)
    t.assert.throws(() => tag.toJson(null), TypeError)
    t.assert.throws(() => tag.toValue(null), { name: 'TypeError', message: 'JSONTag does not read' })
    t.assert.strictEqual(tag.key, '')
  })

  test('names the class that does not read', (t: TestContext) => {
    t.assert.throws(() => new PassDict(serializer).toValue({}), { message: 'PassDict does not read' })
    t.assert.throws(() => new PassList(serializer).toValue([]), { message: 'PassList does not read' })
  })

  test('has Flask\'s keys in its subclasses', (t: TestContext) => {
    const keys = [TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime].map((Tag) => new Tag(serializer).key)

    t.assert.deepStrictEqual(keys, [' di', '', ' t', '', ' b', ' m', ' u', ' d'])
  })

  test('checks for its own kind only', (t: TestContext) => {
    const values = [{ ' t': 1 }, { a: 1 }, new Tuple(1), [1], Buffer.from('a'), new Markup('a'), new UUID(uuid), new Date(0), 'a', 1, null, undefined, () => 1]
    const kinds = [TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime].map((Tag) => {
      const tag = new Tag(serializer)
      return values.map((value, index) => tag.check(value) ? index : -1).filter((index) => index !== -1)
    })

    t.assert.deepStrictEqual(kinds, [[0], [0, 1], [2], [2, 3], [4], [5], [6], [7]])
  })
})
