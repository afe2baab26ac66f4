import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { shorten, UnserializableError } from '../../lib/json/errors.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import { JSONTag, TagDateTime } from '../../lib/json/tags.ts'
import { Markup, Tuple, UUID } from '../../lib/json/values.ts'

const serializer = new TaggedJSONSerializer()

/** `depth` lists around a value. */
function nested (depth: number, value: unknown, wrap = (inner: unknown): unknown => [inner]): unknown {
  for (let i = 0; i < depth; i++) value = wrap(value)
  return value
}

describe('dumping and loading', () => {
  const uuid = new UUID('0123456789abcdef0123456789abcdef')
  for (const [title, data] of [
    ['a dict with the key of a tuple tag', { ' t': new Tuple(1, 2, 3) }], ['a dict with an escaped key', { ' t__': Buffer.from('a') }],
    ['a dict with the key of a dict tag', { ' di': ' di' }], ['a dict with a tuple', { x: new Tuple(1, 2, 3), y: 4 }],
    ['a tuple', new Tuple(1, 2, 3)], ['a list of a tuple', [new Tuple(1, 2, 3)]], ['bytes', Buffer.from([0xff])], ['markup', new Markup('<html>')],
    ['a UUID', uuid], ['a date', new Date(1_700_000_000_000)]
  ] as const) {
    test(`leave ${title} unchanged`, (t: TestContext) => {
      t.assert.deepStrictEqual(serializer.loads(serializer.dumps(data)), data)
    })
  }

  for (const text of [
    '{"f":1.5}', '[-0.0,0]', '{"n":[NaN,Infinity,-Infinity]}',
    '{"i":[9007199254740993,-9007199254740993,18446744073709551616]}', '{"i":9007199254740992}', '{"f":[1e+16,9.007199254740992e+15,1e+300]}', '{"x":{" di":{" t__":1.5}}}',
    '{"x":{" di":{" di__":9007199254740993}}}', '{" di":{" di__":-0.0}}', '{"__proto__":NaN}', '[1.5,1,"1.0"]'
  ]) {
    test(`carry ${text} along without loss`, (t: TestContext) => {
      t.assert.strictEqual(serializer.dumps(serializer.loads(text)), text)
    })
  }

  test('read a whole float as the number that it is', (t: TestContext) => {
    t.assert.deepStrictEqual(serializer.loads('{"price":2.0,"t":{" t":[1.0]},"n":[1.0,NaN]}'), { price: 2, t: new Tuple(1), n: [1, NaN] })
  })

  test('leave text alone that looks like a number', (t: TestContext) => {
    const data = { a: 'number 5', b: 'number 01234567-89ab-4def-8123-456789abcdef 5', c: '"number 5"', d: [NaN, 5n, 2 ** 60], 'number 1': 1.5, e: 'undefined5' }

    t.assert.deepStrictEqual(serializer.loads(serializer.dumps(data)), { ...data, d: [NaN, 5, 2 ** 60] })
  })

  test('do not change what they are given', (t: TestContext) => {
    const data = Object.freeze({ list: Object.freeze([Object.freeze({ ' t': 1 }), 5n]), at: new Date(0), none: undefined })

    t.assert.strictEqual(serializer.dumps(data), '{"list":[{" di":{" t__":1}},5],"at":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}}')
  })

  test('keep what follows one another apart', (t: TestContext) => {
    t.assert.strictEqual(serializer.dumps([NaN]), '[NaN]')
    t.assert.strictEqual(serializer.dumps(['number']), '["number"]')
    t.assert.throws(() => serializer.dumps([NaN, new Map()]), { path: '[1]' })
    t.assert.strictEqual(serializer.dumps(['a']), '["a"]')
    t.assert.throws(() => serializer.dumps({ a: { b: new Map() } }), { path: 'a.b' })
  })
})

describe('loads', () => {
  for (const text of ['', ' ', '{', '[1,]', "{'a':1}", '// c\n1', '\ufeff1', '\u00a01', '01', '+1', '.5', '1.', '0x1', 'nan', 'tRue', '"a\nb"', '"\\x41"', '[1] 2', '-', '{NaN:1}', 'undefined']) {
    test(`throws a SyntaxError for ${JSON.stringify(text)}`, (t: TestContext) => {
      t.assert.throws(() => serializer.loads(text), { name: 'SyntaxError' })
    })
  }

  for (const [text, value] of [
    ['-0', 0], ['[-0]', [0]], ['-0.0', -0], ['[-0,1.0]', [0, 1]], ['1e400', Infinity], ['{"a":1,"a":2}', { a: 2 }], [' { "a" : [ 1 ] } ', { a: [1] }],
    ['{"b":1,"a":2,"b":3}', { b: 3, a: 2 }], ['"\\ud83d\\ude00"', '😀'], ['9007199254740993', 9007199254740993n], ['[9007199254740993,1]', [9007199254740993n, 1]]
  ] as const) {
    test(`reads ${text}`, (t: TestContext) => {
      t.assert.deepStrictEqual(serializer.loads(text), value)
    })
  }

  test('parses once where JSON.parse loses nothing', (t: TestContext) => {
    const parse = t.mock.method(JSON, 'parse').mock
    const data = { a: 'more than twelve characters', b: ['as many characters as that', 1, 1.5, null, true, { c: -1 }] }

    t.assert.deepStrictEqual(serializer.loads(JSON.stringify(data)), data)
    t.assert.strictEqual(parse.callCount(), 1)
  })

  test('takes no int of more than 4300 digits', (t: TestContext) => {
    t.assert.strictEqual(serializer.loads('9'.repeat(4300)), BigInt('9'.repeat(4300)))
    t.assert.throws(() => serializer.loads(`[${'9'.repeat(4301)}]`), SyntaxError)
  })

  for (const [title, wrap] of [
    ['lists', ['[', ']']], ['dicts', ['{"a":', '}']], ['negative zeros in lists', ['[-0.0,', ']']], ['tuples, of two levels each,', ['{" t":[', ']}']]
  ] as const) {
    test(`takes ${title} to a depth of 256 and no deeper`, (t: TestContext) => {
      const levels = wrap[0].includes(' t') ? 2 : 1
      const text = (depth: number) => wrap[0].repeat(depth / levels) + '1' + wrap[1].repeat(depth / levels)

      t.assert.strictEqual(serializer.dumps(serializer.loads(text(256))), text(256))
      t.assert.throws(() => serializer.loads(text(256 + levels)), { name: 'RangeError', message: 'nested deeper than 256' })
    })
  }

  test('throws for a million levels without overflowing the stack of its caller', (t: TestContext) => {
    t.assert.throws(() => serializer.loads('['.repeat(1e6) + ']'.repeat(1e6)), RangeError)
    t.assert.throws(() => serializer.loads(`${'['.repeat(1e5)}1.0${']'.repeat(1e5)}`), RangeError)
  })
})

describe('dumps', () => {
  test('takes lists to a depth of 256 and no deeper', (t: TestContext) => {
    for (const value of [1, 'text', null, 5n, NaN, -0, undefined]) {
      t.assert.doesNotThrow(() => serializer.loads(serializer.dumps(nested(256, value))))
      t.assert.throws(() => serializer.dumps(nested(257, value)), { name: 'UnserializableError', message: /nested deeper than 256$/ })
    }
  })

  for (const [title, depth, value] of [
    ['tuples', 128, nested(128, 1, (inner) => new Tuple(inner))], ['dicts like tags', 128, nested(128, 1, (inner) => ({ ' t': inner }))],
    ['tuples like tags', 64, nested(64, 1, (inner) => ({ ' t': new Tuple(inner) }))]
  ] as const) {
    test(`counts the levels of the JSON text: ${depth} levels of ${title}`, (t: TestContext) => {
      t.assert.deepStrictEqual(serializer.loads(serializer.dumps(value)), value)
      t.assert.throws(() => serializer.dumps([value]), {
        name: 'UnserializableError', path: '', message: 'the data cannot be written as JSON: nested deeper than 256'
      })
    })
  }

  test('reports a depth of a million without overflowing the stack', (t: TestContext) => {
    t.assert.throws(() => serializer.dumps(nested(1e6, 1)), { name: 'UnserializableError' })
    t.assert.throws(() => serializer.dumps({ a: nested(1e6, new Map()) }), { name: 'UnserializableError', path: /^a\[0\]\[0\].*\.\.\.$/ })
  })

  const cyclic: Record<string, unknown> = { items: [] }
  ;(cyclic.items as unknown[]).push({ cart: cyclic })
  for (const [value, path, what] of [
    [{ cart: { items: [1, 2, new Map()] } }, 'cart.items[2]', 'a Map'],
    [{ 'oauth2:host': new Set() }, '["oauth2:host"]', 'a Set'],
    [{ a: { 'b c': { '': [[() => 1]] } } }, 'a["b c"][""][0][0]', 'a function'],
    [[Symbol('secret')], '[0]', 'a symbol'],
    [new Map(), '', 'a Map'],
    [() => 1, '', 'a function'],
    [undefined, '', 'undefined'],
    [{ toJSON: () => undefined }, '', 'undefined'],
    [{ $a_1: new Date(NaN) }, '$a_1', 'a Date that is invalid or outside of the years 1 to 9999'],
    [{ '1a': /x/ }, '["1a"]', 'a RegExp'],
    [{ a: new Error('x') }, 'a', 'a Error'],
    [{ a: Promise.resolve() }, 'a', 'a Promise'],
    [{ a: new WeakMap() }, 'a', 'a WeakMap'],
    [{ a: new ArrayBuffer(1) }, 'a', 'a ArrayBuffer'],
    [{ a: new Uint16Array(1) }, 'a', 'a Uint16Array'],
    [{ a: new (class { get [Symbol.toStringTag] () { return 'Own' } })() }, 'a', 'a Own'],
    [{ t: new Tuple<unknown>(1, new Tuple(new Set())) }, 't[1][0]', 'a Set'],
    [{ ' t': new Set() }, '[" t"]', 'a Set'],
    [cyclic, 'items[0].cart', 'it contains itself'],
    [{ a: 10n ** 4300n }, 'a', 'an integer of more than 4300 digits'],
    [{ a: { toJSON: () => ({ b: new Map() }) } }, 'a.b', 'a Map'],
    [{ a: { b: { toJSON: () => ({}) }, c: new Map() } }, 'a.c', 'a Map'],
    [{ a: Object.assign(new Map(), { toJSON: 'x' }) }, 'a', 'a Map'],
    [nested(12, new Map()), '[0]'.repeat(12), 'a Map'],
    [nested(13, new Map()), `${'[0]'.repeat(12)}...`, 'a Map']
  ] as const) {
    test(`throws for ${what} at ${path === '' ? 'the top' : path}`, (t: TestContext) => {
      t.assert.throws(() => serializer.dumps(value), (error: unknown) => {
        t.assert.ok(error instanceof UnserializableError)
        t.assert.ok(error instanceof TypeError)
        t.assert.strictEqual(error.path, path)
        t.assert.strictEqual(error.message, `${path === '' ? 'the data' : path} cannot be written as JSON: ${what}`)
        return true
      })
    })
  }

  test('reports every sort of cycle', (t: TestContext) => {
    const list: unknown[] = []
    list.push(list)
    const tuple = new Tuple<unknown>()
    tuple.push([tuple])
    const tagged: Record<string, unknown> = {}
    tagged[' t'] = tagged
    const branches: unknown[] = []
    branches.push(branches, branches, branches)
    for (const cycle of [list, tuple, tagged, branches]) t.assert.throws(() => serializer.dumps(cycle), { message: /it contains itself$/ })
  })

  test('keeps the error behind its own', (t: TestContext) => {
    t.assert.throws(() => serializer.dumps({ a: new Date(NaN) }), (error: Error) => error.cause instanceof RangeError)
    t.assert.throws(() => serializer.dumps({ a: 10n ** 4300n }), (error: Error) => error.cause instanceof RangeError)
    t.assert.throws(() => serializer.dumps({ a: new Map() }), (error: Error) => !('cause' in error))
  })

  test('throws what a getter or toJSON throws', (t: TestContext) => {
    t.assert.throws(() => serializer.dumps({ get a () { throw new EvalError('own') } }), { name: 'EvalError', message: 'own' })
    t.assert.throws(() => serializer.dumps({ a: { toJSON () { throw new EvalError('own') } } }), { name: 'EvalError' })
  })

  test('writes the result of toJSON, which gets the key', (t: TestContext) => {
    const keys: string[] = []
    const noting = { toJSON (key: string) { keys.push(key); return new Tuple(key) } }

    t.assert.strictEqual(serializer.dumps({ a: noting, l: [noting] }), '{"a":{" t":["a"]},"l":[{" t":["0"]}]}')
    t.assert.strictEqual(serializer.dumps(noting), '{" t":[""]}')
    t.assert.deepStrictEqual(keys, ['a', '0', ''])
  })

  for (const [title, value, text] of [
    ['of a class', new (class { toJSON () { return { a: new Date(0) } } })(), '{"a":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}}'],
    ['of a dict with the key of a tag', { ' t': 1, toJSON: () => 'x' }, '"x"'],
    ['of a list', Object.assign([1], { toJSON: () => 'x' }), '"x"'],
    ['of a URL', new URL('http://localhost/'), '"http://localhost/"'],
    ['that gives a dict like a tag', { toJSON: () => ({ ' t': 1 }) }, '{" di":{" t__":1}}'],
    ['that gives a bigint', { toJSON: () => 2n ** 64n }, '18446744073709551616'],
    ['that gives another toJSON', { toJSON: () => ({ toJSON: () => NaN }) }, 'NaN'],
    ['that is no method', { toJSON: 'x' }, '{"toJSON":"x"}'],
    ['that is not enumerable', Object.defineProperty({ a: 1 }, 'toJSON', { value: () => new Tuple(1) }), '{" t":[1]}'],
    ['on the prototype of a null-prototype object\'s child', Object.create({ toJSON: () => 1 }), '1']
  ] as const) {
    test(`takes a toJSON ${title}`, (t: TestContext) => {
      t.assert.strictEqual(serializer.dumps(value), text)
      t.assert.strictEqual(serializer.dumps([value]), `[${text}]`)
    })
  }

  test('reports a toJSON that gives itself or never ends', (t: TestContext) => {
    const itself = { toJSON () { return this } }
    const endless = { toJSON: (): unknown => ({ ...endless }) }

    t.assert.throws(() => serializer.dumps({ a: itself }), { path: 'a', message: /it contains itself$/ })
    t.assert.throws(() => serializer.dumps({ a: endless }), { name: 'UnserializableError', path: 'a' })
  })

  test('may be called again inside a toJSON', (t: TestContext) => {
    const inner = { toJSON: () => serializer.dumps([1, NaN]) }
    const plain = { toJSON: () => serializer.dumps(['a']) }
    const failing = {
      toJSON () {
        try {
          return serializer.dumps({ x: new Map() })
        } catch (error) {
          return (error as UnserializableError).path
        }
      }
    }

    t.assert.strictEqual(serializer.dumps({ a: NaN, b: inner, c: 5n }), '{"a":NaN,"b":"[1,NaN]","c":5}')
    t.assert.strictEqual(serializer.dumps({ a: NaN, b: plain }), '{"a":NaN,"b":"[\\"a\\"]"}')
    t.assert.strictEqual(serializer.dumps({ b: inner }), '{"b":"[1,NaN]"}')
    t.assert.strictEqual(serializer.dumps({ deep: [failing] }), '{"deep":["x"]}')
    t.assert.throws(() => serializer.dumps({ a: { b: inner, c: new Set() } }), { path: 'a.c' })
  })

  test('does not take what is around an inner call for a part of it', (t: TestContext) => {
    let isInner = false
    const data: Record<string, unknown> = {}
    data.a = { toJSON () { return isInner ? 'inner' : dumpInner() } }
    const dumpInner = (): string => {
      isInner = true
      return serializer.dumps(data)
    }

    t.assert.strictEqual(serializer.dumps(data), '{"a":"{\\"a\\":\\"inner\\"}"}')
  })
})

describe('the tags', () => {
  /** How often any tag was asked while this was written. */
  function questions (t: TestContext, value: unknown): number {
    const serializer = new TaggedJSONSerializer()
    const checks = serializer.order.map((tag) => t.mock.method(tag, 'check').mock)
    serializer.dumps(value)
    return checks.reduce((sum, check) => sum + check.callCount(), 0)
  }

  for (const [title, value] of [
    ['a dict', { a: 'text' }], ['a dict without prototype', Object.assign(Object.create(null), { a: 1 })], ['a list', [1, 1.5]], ['text', 'text'], ['a boolean', true],
    ['null', null], ['nothing', {}], ['a key of a tag beside another', { ' t': [1], x: 2 }], ['256 levels', nested(255, [])], ['a list of 131,000 items', Array(131_000).fill(1)],
    ['a text of 262,144 characters', 'x'.repeat(262_144)], ['a key of 262,143', { ['x'.repeat(262_143)]: 1 }], ['a key of 262,141 characters and a text of two', { ['x'.repeat(262_141)]: 'ab' }], ['a dict of everything plain', { a: [null, false, { b: 'c', d: -1 }] }]
  ] as Array<[string, unknown]>) {
    test(`are not asked about data that is plain JSON: ${title}`, (t: TestContext) => {
      t.assert.strictEqual(questions(t, value), 0)
    })
  }

  for (const [title, value] of [
    ['a date', { a: new Date(0) }], ['numbers of all sorts', [5n, NaN, -0, 2 ** 60, 10n ** 4299n, -(10n ** 4299n)]], ['dicts that look like tags', { ' t': [{ ' di': 1.5 }] }], ['a hole', [undefined]],
    ['tuples and text', new Tuple<unknown>(new UUID('0123456789abcdef0123456789abcdef'), new Markup('<b>'), Buffer.from('a'), Uint8Array.of(1))],
    ['what is called as a method', [{ toJSON: 1.5, __html__: NaN }]]
  ] as Array<[string, unknown]>) {
    test(`are asked about all that is around ${title}`, (t: TestContext) => {
      t.assert.notStrictEqual(questions(t, value), 0)
    })
  }

  test('are asked about all that is around any other value', (t: TestContext) => {
    class Later extends Date {}
    for (const value of [[new Later(0)], { a: undefined, b: 1 }, new (class {})(), [new String('a')]]) t.assert.notStrictEqual(questions(t, value), 0) // eslint-disable-line no-new-wrappers
  })
})

describe('shorten', () => {
  test('leaves keys of up to 64 characters as they are, and cuts longer ones', (t: TestContext) => {
    t.assert.deepStrictEqual([shorten(''), shorten('x'.repeat(64)), shorten('x'.repeat(65))], ['', 'x'.repeat(64), `${'x'.repeat(64)}...`])
  })
})

describe('tag and untag', () => {
  test('work on values as dumps and loads do on text', (t: TestContext) => {
    t.assert.deepStrictEqual(serializer.tag(new Tuple<unknown>(1, [new Tuple()])), { ' t': [1, [{ ' t': [] }]] })
    t.assert.strictEqual(serializer.tag('text'), 'text')
    t.assert.strictEqual(serializer.tag(undefined), undefined)
    t.assert.deepStrictEqual(serializer.untag({ ' t': [1] }), new Tuple(1))
    const dict = { ' zz': 1 }
    t.assert.strictEqual(serializer.untag(dict), dict)
    const empty = {}
    t.assert.strictEqual(serializer.untag(empty), empty)
    const two = { ' t': [1], x: 2 }
    t.assert.strictEqual(serializer.untag(two), two)
    t.assert.throws(() => serializer.tag({ a: new Map() }), { path: 'a' })
    t.assert.throws(() => serializer.tag(new Map(), 'key'), { path: 'key' })
  })
})

class Foo {
  readonly data: unknown
  constructor (data: unknown) { this.data = data }
}

class TagFoo extends JSONTag {
  override readonly key: string = ' f'
  override check (value: unknown): boolean { return value instanceof Foo }
  override toJson (value: unknown): unknown { return this.serializer.tag((value as Foo).data, 'data') }
  override toValue (json: unknown): Foo { return new Foo(json) }
}

class TagOther extends TagFoo {
  override readonly key: string = ' d'
}

describe('register', () => {
  test('adds a tag that is asked first when it is put first', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    serializer.register(TagFoo, { index: 0 })
    const foo = new Foo([new Tuple('bar'), 5n, NaN, new Foo({ a: 1 })])

    t.assert.strictEqual(serializer.dumps(new Foo('bar')), '{" f":"bar"}')
    t.assert.deepStrictEqual(serializer.loads('{" f":"bar"}'), new Foo('bar'))
    t.assert.deepStrictEqual(serializer.loads(serializer.dumps({ foo })), { foo: new Foo([new Tuple('bar'), 5, NaN, new Foo({ a: 1 })]) })
    t.assert.strictEqual(serializer.dumps({ ' f': 1 }), '{" di":{" f__":1}}')
    t.assert.deepStrictEqual(serializer.loads('{" di":{" f__":1}}'), { ' f': 1 })
    t.assert.throws(() => serializer.dumps({ a: new Foo([new Map()]) }), { path: 'a.data[0]' })
  })

  test('adds a tag at the end, after the one for any dict', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    serializer.register(TagFoo)
    class Bare { get [Symbol.toStringTag] (): string { return 'Bare' } }
    class TagBare extends TagFoo {
      override readonly key: string = ' bare'
      override check (value: unknown): boolean { return value instanceof Bare }
      override toJson (): unknown { return null }
    }
    serializer.register(TagBare)

    // An object of a class is a dict, unless its tag is asked before.
    t.assert.strictEqual(serializer.dumps(new Foo(1)), '{"data":1}')
    t.assert.strictEqual(serializer.dumps(new Bare()), '{" bare":null}')
  })

  test('takes a key once, unless force is set', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()

    t.assert.throws(() => serializer.register(TagOther), { name: 'TypeError', message: "Tag ' d' is already registered" })
    t.assert.ok(serializer.tags.get(' d') instanceof TagDateTime)
    t.assert.strictEqual(serializer.order.length, 8)
    serializer.register(TagOther, { force: true, index: 0 })
    t.assert.ok(serializer.tags.get(' d') instanceof TagOther)
    t.assert.ok(serializer.order[0] instanceof TagOther)
    t.assert.deepStrictEqual(serializer.loads('{" d":"x"}'), new Foo('x'))
  })

  test('puts a tag where it is told', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    class Tag1 extends TagFoo { override readonly key: string = ' 1' }
    class Tag2 extends TagFoo { override readonly key: string = ' 2' }
    class Tag3 extends TagFoo { override readonly key: string = ' 3' }
    serializer.register(Tag1, { index: -1 })
    t.assert.ok(serializer.order.at(-2) instanceof Tag1)
    serializer.register(Tag2)
    t.assert.ok(serializer.order.at(-1) instanceof Tag2)
    serializer.register(Tag3, { index: 3 })
    t.assert.ok(serializer.order[3] instanceof Tag3)
  })

  test('adds a step without a key', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    class PassFoo extends TagFoo {
      override readonly key: string = ''
      override tag (value: unknown): unknown { return this.toJson(value) }
    }
    serializer.register(PassFoo, { index: 0 })

    t.assert.strictEqual(serializer.dumps({ a: new Foo(new Tuple(1)) }), '{"a":{" t":[1]}}')
    t.assert.strictEqual(serializer.tags.size, 6)
  })

  test('adds a tag for plain values', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    class TagTrue extends JSONTag {
      override readonly key: string = ' true'
      override check (value: unknown): boolean { return value === true }
      override toJson (): unknown { return 1 }
      override toValue (): unknown { return true }
    }
    serializer.register(TagTrue)

    t.assert.strictEqual(serializer.dumps([true]), '[{" true":1}]')
    t.assert.deepStrictEqual(serializer.loads('[{" true":1}]'), [true])
  })

  test('adds a step for plain values, which are no level of their own', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    class Spell extends JSONTag {
      override check (value: unknown): boolean { return value === null || value === 'text' }
      override toJson (value: unknown): unknown { return String(value).toUpperCase() }
      override tag (value: unknown): unknown { return this.toJson(value) }
    }
    serializer.register(Spell, { index: 0 })

    for (const [value, text] of [['text', '"TEXT"'], [null, '"NULL"']] as const) {
      t.assert.strictEqual(serializer.dumps(nested(256, value)), '['.repeat(256) + text + ']'.repeat(256))
    }
  })

  test('takes no list for a tag, not even for one whose key is that of its only item', (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    class TagZero extends TagFoo { override readonly key: string = '0' }
    serializer.register(TagZero)

    t.assert.deepStrictEqual(serializer.loads('[[1],{"0":1}]'), [[1], new Foo(1)])
  })

  test('shows a tag exact numbers only', (t: TestContext) => {
    const seen: unknown[] = []
    class TagSeen extends TagFoo {
      override toValue (json: unknown): Foo { seen.push(json); return super.toValue(json) }
    }
    const serializer = new TaggedJSONSerializer()
    serializer.register(TagSeen)
    serializer.loads('{"a":{" f":9007199254740993}}')

    t.assert.deepStrictEqual(seen, [9007199254740993n])
  })

  test('lets a tag load text itself', (t: TestContext) => {
    class TagText extends TagFoo {
      override toValue (json: unknown): Foo { return new Foo(serializer.loads(json as string)) }
    }
    const serializer = new TaggedJSONSerializer()
    serializer.register(TagText)

    t.assert.deepStrictEqual(serializer.loads('[9007199254740993,{" f":"[1]"},1.0]'), [9007199254740993n, new Foo([1]), 1])
    t.assert.deepStrictEqual(serializer.loads('[{" f":"9007199254740993"},1]'), [new Foo(9007199254740993n), 1])
  })

  test('lets what a tag throws through, at once', (t: TestContext) => {
    let count = 0
    class TagFailing extends TagFoo {
      override toValue (): never { count++; throw new EvalError('own') }
    }
    const serializer = new TaggedJSONSerializer()
    serializer.register(TagFailing)

    t.assert.throws(() => serializer.loads('{" f":1}'), { name: 'EvalError', message: 'own' })
    t.assert.strictEqual(count, 1)
  })
})

describe('isStock', () => {
  test('is true for Flask\'s tags alone', (t: TestContext) => {
    const extended = new TaggedJSONSerializer()
    t.assert.strictEqual(extended.isStock, true)
    extended.register(TagFoo)
    t.assert.strictEqual(extended.isStock, false)
  })

  test('is false for a subclass, even one that changes nothing', (t: TestContext) => {
    t.assert.strictEqual(new (class extends TaggedJSONSerializer {})().isStock, false)
  })
})

describe('copyOf', () => {
  test('copies data of Flask\'s tags, and leaves data of other tags to dumps and loads', (t: TestContext) => {
    const extended = new TaggedJSONSerializer()
    extended.register(TagFoo)
    const data = { list: [new Tuple(1)] }

    t.assert.deepStrictEqual(serializer.copyOf(data), data)
    t.assert.notStrictEqual(serializer.copyOf(data), data)
    t.assert.strictEqual(extended.copyOf(data), undefined)
  })
})

describe('a subclass of TaggedJSONSerializer', () => {
  test('may have other default tags', (t: TestContext) => {
    class Own extends TaggedJSONSerializer {
      static override readonly defaultTags = [TagFoo, ...TaggedJSONSerializer.defaultTags]
    }

    t.assert.strictEqual(new Own().dumps([new Foo(1)]), '[{" f":1}]')
    t.assert.strictEqual(new TaggedJSONSerializer().tags.has(' f'), false)
  })

  test('may have fewer', (t: TestContext) => {
    class Fewer extends TaggedJSONSerializer {
      static override readonly defaultTags = TaggedJSONSerializer.defaultTags.filter(({ name }) => name !== 'TagDict')
    }
    const fewer = new Fewer()

    t.assert.strictEqual(fewer.dumps([new Tuple(1), { ' t': [1], x: undefined }]), '[{" t":[1]},{" t":[1]}]')
    t.assert.deepStrictEqual(fewer.loads('[{" di":{" x__":1}}]'), [{ ' di': { ' x__': 1 } }])
  })

  test('may tag otherwise', (t: TestContext) => {
    class Own extends TaggedJSONSerializer {
      override tag (value: unknown, key?: string | number): unknown {
        return typeof value === 'string' ? value.toUpperCase() : super.tag(value, key)
      }
    }

    t.assert.strictEqual(new Own().dumps({ a: ['b'] }), '{"a":["B"]}')
  })
})
