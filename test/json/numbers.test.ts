import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { exactNumber, ExactNumber, isExactInJSON, stringifyExact } from '../../lib/json/numbers.ts'

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
      t.assert.strictEqual(stringifyExact([exact]), `[${text}]`)
    })
  }

  test('writes bigints of up to 4300 digits', (t: TestContext) => {
    t.assert.strictEqual((exactNumber(10n ** 4299n) as ExactNumber).text.length, 4300)
    t.assert.strictEqual((exactNumber(-(10n ** 4299n)) as ExactNumber).text.length, 4301)
    t.assert.throws(() => exactNumber(10n ** 4300n), { name: 'RangeError', message: 'an integer of more than 4300 digits' })
    t.assert.throws(() => exactNumber(-(10n ** 4300n)), RangeError)
  })
})

describe('stringifyExact', () => {
  const large = new ExactNumber('9007199254740993')

  test('writes exact numbers out, in lists and dicts', (t: TestContext) => {
    t.assert.strictEqual(stringifyExact(large), '9007199254740993')
    t.assert.strictEqual(
      stringifyExact({ a: large, 'b"': [{ c: large }, new ExactNumber('NaN')], ['__proto__']: large }),
      '{"a":9007199254740993,"b\\"":[{"c":9007199254740993},NaN],"__proto__":9007199254740993}'
    )
  })

  for (const value of [
    'number 5', '"\ud800', 1.5, true, null, undefined, [], {}, [[], {}], { a: undefined, b: [undefined, () => 1] }, new Date(0),
    { a: { toJSON: () => ({ b: 1 }) } }, Object.assign(Object.create(null), { a: [1] }), new (class { a = 1 })(), [Object('text'), Object(1)]
  ]) {
    test(`is JSON.stringify for ${JSON.stringify(value)}`, (t: TestContext) => {
      t.assert.strictEqual(stringifyExact(value), JSON.stringify(value))
    })
  }
})

describe('isExactInJSON', () => {
  test('knows the numbers that JSON.stringify would write as others, or JSON.parse may have made of others', (t: TestContext) => {
    t.assert.deepStrictEqual([2 ** 53, -(2 ** 53), 1e300, -0, Infinity, -Infinity, NaN].filter(isExactInJSON), [])
    t.assert.deepStrictEqual([0, 1, 2 ** 53 - 1, -1, 0.5, 1e-300].filter((number) => !isExactInJSON(number)), [])
  })
})
