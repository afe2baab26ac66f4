import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { readCookies } from '../../lib/cookie/read.ts'

describe('readCookies', () => {
  for (const [header, values] of [
    ['a=1', ['1']], [' a=1', ['1']], ['\ta=1', ['1']], ['b=2; a=1', ['1']], ['b=2;a=1', ['1']],
    ['b=2; \t a=1 \t; c=3', ['1']], ['a= 1 2 ', ['1 2']], ['a=', ['']], ['a=;b=2', ['']], ['a=  ', ['']],
    ['a=  ;b=2', ['']], ['a==', ['=']], ['a=%41', ['%41']], ['aa=2; a=1', ['1']], ['b=a; a=1', ['1']], ['a; a=1', ['1']],
    ['a=1; a=2', ['1', '2']], ['a=2; b=a; aa=3; a=; a=1', ['2', '', '1']], ['a=a=1', ['a=1']],
    ['', []], ['a', []], ['a =1', []], ['ba=1', []], ['b=a=1', []], ['b a=1', []], ['A=1', []], ['\u00a0a=1', []]
  ] as const) {
    test(`finds the values ${JSON.stringify(values)} of a in ${JSON.stringify(header)}`, (t: TestContext) => {
      t.assert.deepStrictEqual(readCookies(header, 'a'), values)
    })
  }

  for (const [hashes, most] of [[1, 64], [2, 64], [3, 42], [12, 10], [64, 2], [1000, 2]] as const) {
    test(`reads ${most} cookies at the most when each is hashed ${hashes} times`, (t: TestContext) => {
      t.assert.strictEqual(readCookies('a=1; '.repeat(100), 'a', hashes).length, most)
      t.assert.deepStrictEqual(readCookies('a=1; a=2', 'a', hashes), ['1', '2'])
    })
  }

  test('finds the first 64 values that are not empty, however many empty ones stand in front', (t: TestContext) => {
    const values = Array.from({ length: 65 }, (_, i) => String(i))
    const header = 'a=; '.repeat(100) + values.map((value) => `a=${value}`).join('; ')
    t.assert.deepStrictEqual(readCookies(header, 'a').filter(Boolean), values.slice(0, 64))
  })

  test('finds nothing without a header, and no cookie without a name', (t: TestContext) => {
    t.assert.deepStrictEqual(readCookies(undefined, 'a'), [])
    t.assert.deepStrictEqual(readCookies('=1; a=2', ''), [])
  })
})
