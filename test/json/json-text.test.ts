import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import {
  asFloat, carryAllFloats, carryFloats, exactNumber, ExactNumber, hasCarriedFloats, isCarriedFloat, isExactInJSON, stringify
} from '../../lib/json/json-text.ts'
import { mayHaveFloats, parseExact } from '../../lib/json/parse-exact.ts'

describe('exactNumber', () => {
  for (const number of [0, 1, -1, 1.5, 1e-7, 5e-324, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    test(`leaves ${number} to JSON.stringify`, (t: TestContext) => {
      t.assert.strictEqual(exactNumber(number), number)
    })
  }

  for (const [number, text] of [
    [-0, '-0.0'], [NaN, 'NaN'], [Infinity, 'Infinity'], [-Infinity, '-Infinity'], [2 ** 53, '9.007199254740992e+15'], [1e16, '1e+16'],
    [-1e21, '-1e+21'], [Number.MAX_VALUE, '1.7976931348623157e+308'], [0n, '0'], [5n, '5'], [2n ** 64n, '18446744073709551616'], [-(2n ** 63n), '-9223372036854775808']
  ] as const) {
    test(`writes ${typeof number} ${Object.is(number, -0) ? '-0' : number} as ${text}`, (t: TestContext) => {
      const exact = exactNumber(number)

      t.assert.ok(exact instanceof ExactNumber)
      t.assert.strictEqual(exact.text, text)
      t.assert.strictEqual(stringify([exact], true), `[${text}]`)
    })
  }

  test('writes bigints of up to 4300 digits', (t: TestContext) => {
    t.assert.strictEqual((exactNumber(10n ** 4299n) as ExactNumber).text.length, 4300)
    t.assert.strictEqual((exactNumber(-(10n ** 4299n)) as ExactNumber).text.length, 4301)
    t.assert.throws(() => exactNumber(10n ** 4300n), { name: 'RangeError', message: 'an integer of more than 4300 digits' })
    t.assert.throws(() => exactNumber(-(10n ** 4300n)), RangeError)
  })
})

describe('asFloat', () => {
  test('writes a whole number as Python writes a float', (t: TestContext) => {
    t.assert.deepStrictEqual([1, -0, 0, -5].map((number) => asFloat(number).text), ['1.0', '-0.0', '0.0', '-5.0'])
  })
})

describe('stringify', () => {
  test('is JSON.stringify, and writes exact numbers out', (t: TestContext) => {
    t.assert.strictEqual(stringify({ a: 'number 5', n: 1 }, false), '{"a":"number 5","n":1}')
    t.assert.strictEqual(stringify({ a: new ExactNumber('NaN'), b: ['"number 1"', asFloat(2)] }, true), '{"a":NaN,"b":["\\"number 1\\"",2.0]}')
  })
})

describe('isExactInJSON', () => {
  test('knows the numbers that JSON.stringify would write as others, or JSON.parse may have made of others', (t: TestContext) => {
    t.assert.deepStrictEqual([2 ** 53, -(2 ** 53), 1e300, -0, Infinity, -Infinity, NaN].filter(isExactInJSON), [])
    t.assert.deepStrictEqual([0, 1, 2 ** 53 - 1, -1, 0.5, 1e-300].filter((number) => !isExactInJSON(number)), [])
  })
})

describe('mayHaveFloats', () => {
  test('looks for what Python writes behind a whole float', (t: TestContext) => {
    t.assert.deepStrictEqual(['[1.0]', '"1.05"', '[1]', '[1.5]', '[1e5]'].map(mayHaveFloats), [true, true, false, false, false])
  })
})

describe('carried floats', () => {
  test('are known by list or dict, key and number', (t: TestContext) => {
    const data = parseExact('{"l":[1.0,2,-0.0,3.5],"f":1.0,"i":1}') as { l: number[], f: number, i: number }

    t.assert.deepStrictEqual(data.l.map((number, index) => isCarriedFloat(data.l, index, number)), [true, false, true, false])
    t.assert.strictEqual(isCarriedFloat(data, 'f', 1), true)
    t.assert.strictEqual(isCarriedFloat(data, 'i', 1), false)
    t.assert.strictEqual(isCarriedFloat(data, 'f', 2), false)
    t.assert.strictEqual(isCarriedFloat({ f: 1 }, 'f', 1), false)
    t.assert.strictEqual(isCarriedFloat(data.l, 2, 0), false)
  })

  test('follow to the list that takes the place of another', (t: TestContext) => {
    const from = parseExact('[1.0]') as number[]
    const to = [1]

    t.assert.strictEqual(carryFloats(from, to), to)
    t.assert.ok(isCarriedFloat(to, 0, 1))
    t.assert.strictEqual(isCarriedFloat(carryFloats([1], [1]), 0, 1), false)
    t.assert.strictEqual(hasCarriedFloats(carryFloats([1], [1])), false)
    t.assert.deepStrictEqual([from, to, [1]].map(hasCarriedFloats), [true, true, false])
    const dict = { a: 1, b: 2, c: 3 }
    carryAllFloats(dict, new Map([['a', 1], ['b', 2]]))
    t.assert.ok(isCarriedFloat(dict, 'a', 1) && isCarriedFloat(dict, 'b', 2))
    t.assert.strictEqual(isCarriedFloat(dict, 'c', 3), false)
  })
})

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

  test('remembers nothing beside lists and dicts without a whole float', (t: TestContext) => {
    const data = parseExact('{"a":[NaN,1,-0],"b":{"n":1.5,"f":1e400},"c":[1.0],"d":{"f":-0.0}}') as Record<string, object>

    t.assert.deepStrictEqual([data, ...Object.values(data)].map(hasCarriedFloats), [false, false, false, true, true])
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

  test('reads no string for a number, whatever marks an earlier error has shown', (t: TestContext) => {
    for (const text of ['[1.0 "a"]', '1.0x', '{NaN:1}']) {
      let message = ''
      try {
        parseExact(text)
      } catch (error) {
        message = (error as Error).message
      }
      t.assert.notStrictEqual(message, '')
      const strings = [message, ...message.split('"'), ...message.matchAll(/number [\w-]+ /g)].map(String)
      t.assert.deepStrictEqual(parseExact(JSON.stringify([...strings, 1])), [...strings, 1])
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
