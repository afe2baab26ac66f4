import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { readCookie } from '../../lib/sessions/cookie-header.ts'

describe('readCookie', () => {
  for (const [header, value] of [
    ['a=1', '1'], [' a=1', '1'], ['\ta=1', '1'], ['b=2; a=1', '1'], ['b=2;a=1', '1'], ['b=2; \t a=1 \t; c=3', '1'], ['a=1; a=2', '1'], ['a= 1 2 ', '1 2'],
    ['a=', ''], ['a=;b=2', ''], ['a=  ', ''], ['a=  ;b=2', ''], ['a= ', ''], ['a==', '='], ['a=%41', '%41'], ['aa=2; a=1', '1'], ['b=a; a=1', '1'], ['a; a=1', '1'],
    ['', undefined], ['a', undefined], ['a =1', undefined], ['ba=1', undefined], ['b=a=1', undefined], ['b a=1', undefined], ['A=1', undefined], ['\u00a0a=1', undefined]
  ] as const) {
    test(`finds ${JSON.stringify(value) ?? 'nothing'} for a in ${JSON.stringify(header)}`, (t: TestContext) => {
      t.assert.strictEqual(readCookie(header, 'a'), value)
    })
  }

  test('finds nothing without a header, and no cookie without a name', (t: TestContext) => {
    t.assert.strictEqual(readCookie(undefined, 'a'), undefined)
    t.assert.strictEqual(readCookie('=1; a=2', ''), undefined)
  })
})
