import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { parseExact } from '../../lib/json/parse-exact.ts'

describe('parseExact', () => {
  for (const [text, value] of [
    ['9007199254740991', 9007199254740991], ['9007199254740992', 9007199254740992n], ['-9007199254740993', -9007199254740993n],
    ['9007199254740992.0', 9007199254740992], ['1e16', 1e16], ['1e400', Infinity], ['-1e400', -Infinity], ['1e-400', 0], ['-0', 0], ['-0.0', -0], ['-0e5', -0],
    ['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity], ['1.0', 1], ['1E5', 100000], ['0.1', 0.1], ['5e-324', 5e-324],
    ['"NaN"', 'NaN'], ['"9007199254740993"', '9007199254740993'], ['"\\"NaN"', '"NaN'], ['"\\\\"', '\\'], ['""', ''], [' [ NaN ,\n1.0\t] ', [NaN, 1]],
    ['{"NaN":NaN}', { NaN }], ['{"1.0":"1.0"}', { '1.0': '1.0' }], ['["\\u0022",1.0]', ['"', 1]], ['true', true], ['null', null],
    ['[null,1.0,{"a":null}]', [null, 1, { a: null }]], ['"\\"1.0\\" NaN"', '"1.0" NaN'], ['["\\\\",1.0,"\\\\"]', ['\\', 1, '\\']],
    ['[false,1.0,true,false]', [false, 1, true, false]], ['123456789012345', 123456789012345], ['-1234567890123456', -1234567890123456], ['[-5,1.0,-123456789012345]', [-5, 1, -123456789012345]], ['[1.0\r\n]', [1]]
  ] as const) {
    test(`reads ${text}`, (t: TestContext) => {
      t.assert.deepStrictEqual(parseExact(text), value)
    })
  }

  for (const text of [
    '', ' ', '01', '-01', '1.', '.5', '1e', '+1', '-', '-NaN', '+Infinity', '--1', 'nan', 'Inf', 'NaNN', 'NaNNaN', '1.0.0', '1.0 2.0', '[1.0,]', '[NaN', '0x10', '1_000',
    '{NaN:1}', '{1.0:1}', '{9007199254740993:1}', '{"a":1,Infinity:2}', '{NaN :1}', '{a":1.0}', '{"a":1.0,b":1}', '[1.0;2]', '[1.0}', '{"a":1.0;"b":2}', '{"a":1.0]', '{"a";1.0}', '{"a" 1.0}', '[1.0 1]', '{"a":1.0 "b":1}', '{1.0\t\r\n :1}', '"', '"1.0', '"\\"', '"\\', '"a"1.0', 'NaN"', '"\\x41"', '"a\nb"', '"\\\n"', '\ufeff1.0', '\u00a01.0'
  ]) {
    test(`refuses ${JSON.stringify(text)}`, (t: TestContext) => {
      t.assert.throws(() => parseExact(text), SyntaxError)
    })
  }

  test('leaves strings of more than 11 characters, or with escapes, to JSON.parse: a slice would keep the whole text in memory', (t: TestContext) => {
    const parse = t.mock.method(JSON, 'parse').mock
    for (const [text, value, calls] of [['"12345678901"', '12345678901', 0], ['"123456789012"', '123456789012', 1], ['"\\n"', '\n', 2], ['["short","",1.0]', ['short', '', 1], 2]] as const) {
      t.assert.deepStrictEqual(parseExact(text), value)
      t.assert.strictEqual(parse.callCount(), calls)
    }
  })

  test('gives each number to revive, with its kind and its end', (t: TestContext) => {
    const seen: unknown[] = []
    const text = '[1, -2.0,{"a":1e2},9007199254740993,NaN,"3",-0]'
    const value = parseExact(text, (number, isFloat, end) => seen.push([number, isFloat, text.slice(0, end)]))

    t.assert.deepStrictEqual(value, [1, 2, { a: 3 }, 4, NaN, '3', 5])
    t.assert.deepStrictEqual(seen, [
      [1, false, '[1'], [-2, true, '[1, -2.0'], [100, true, '[1, -2.0,{"a":1e2'],
      [9007199254740993n, false, '[1, -2.0,{"a":1e2},9007199254740993'], [0, false, text.slice(0, -1)]
    ])
  })

  for (const [open, close] of [['[', ']'], ['{"a":', '}']] as const) {
    test(`reads ${open} to a depth of 256 and no deeper`, (t: TestContext) => {
      const text = (depth: number): string => open.repeat(depth) + '1.0' + close.repeat(depth)

      t.assert.doesNotThrow(() => parseExact(text(256)))
      t.assert.throws(() => parseExact(text(257)), { name: 'RangeError', message: 'nested deeper than 256' })
    })
  }

  test('reads ints of up to 4300 digits', (t: TestContext) => {
    t.assert.strictEqual(parseExact('1'.repeat(4300)), BigInt('1'.repeat(4300)))
    t.assert.strictEqual(parseExact(`-${'1'.repeat(4300)}`), -BigInt('1'.repeat(4300)))
    for (const text of ['1'.repeat(4301), `-${'1'.repeat(4301)}`, '1'.repeat(100_000)]) {
      t.assert.throws(() => parseExact(text), { name: 'SyntaxError', message: 'an integer of more than 4300 digits' })
    }
  })

  test('takes no more than linear time for a string without an end', (t: TestContext) => {
    const start = performance.now()
    for (const text of [`1.0"${'\\"'.repeat(131_072)}`, `1.0"${'\\"'.repeat(131_072)}\\`, `1.0${'"'.repeat(262_143)}`, `[1.0,${'-'.repeat(262_144)}`, '1'.repeat(262_144) + '.0e']) {
      t.assert.throws(() => parseExact(text), SyntaxError)
    }

    t.assert.ok(performance.now() - start < 5000)
  })

  test('keeps __proto__ an ordinary key', (t: TestContext) => {
    const data = parseExact('{"__proto__":1.0,"a":{"__proto__":{"admin":NaN}}}') as Record<string, object>

    t.assert.deepStrictEqual(Object.keys(data), ['__proto__', 'a'])
    t.assert.strictEqual(Object.getPrototypeOf(data), Object.prototype)
    t.assert.strictEqual('admin' in (data.a as object), false)
  })
})
