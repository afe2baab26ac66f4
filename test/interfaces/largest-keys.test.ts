import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { largestKeys } from '../../lib/interfaces/largest-keys.ts'

/** `depth` lists around a value. */
function nested (depth: number, value: unknown): unknown {
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

describe('largestKeys', () => {
  for (const [title, data, keys] of [
    ['the largest first', { a: 'x', b: 'xxx', c: 'xx' }, ['b', 'c', 'a']],
    ['three at the most', { a: 'x', b: 'xxx', c: 'xx', d: 'xxxxx', e: 'xxxx' }, ['d', 'e', 'b']],
    ['the first of those that are alike', { a: 'xx', b: 'xx', c: 'xx', d: 'xx' }, ['a', 'b', 'c']],
    ['bytes and wrapped text by their length', { a: new Uint8Array(30), b: Object('x'.repeat(20)), c: 'x'.repeat(10) }, ['a', 'b', 'c']],
    ['lists and dicts by what is in them', { a: [['x'.repeat(50)]], b: { key: { key: 'x'.repeat(60) } }, c: { ['x'.repeat(55)]: 1 }, d: 'x'.repeat(40) }, ['b', 'c', 'a']],
    ['values without text by their number', { a: [1, 2, 3, 4, 5, 6], b: [1, null, true], c: 1 }, ['a', 'b', 'c']],
    ['many small values before a short text', { a: 'x'.repeat(50), b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] }, ['b', 'a']],
    ['what lies as deep as can be written', { a: 'x'.repeat(800), b: nested(256, 'x'.repeat(1000)) }, ['b', 'a']],
    ['nothing that lies deeper', { a: 'x'.repeat(800), b: nested(257, 'x'.repeat(1000)) }, ['a', 'b']],
    ['the key too', { a: 1, ['x'.repeat(20)]: 1 }, ['x'.repeat(20), 'a']]
  ] as Array<[string, Record<string, unknown>, string[]]>) {
    test(`names ${title}`, (t: TestContext) => {
      t.assert.deepStrictEqual(largestKeys(data), keys)
    })
  }

  test('counts a value that throws when it is read as nothing', (t: TestContext) => {
    t.assert.deepStrictEqual(largestKeys({ bad: { get a () { throw new Error('own') } }, a: 'xxxxx' }), ['a', 'bad'])
  })

  test('ends soon for data that contains itself, and for far too much data', (t: TestContext) => {
    const itself: Record<string, unknown> = { text: 'x' }
    itself.itself = itself
    const many = new Array(60_000_000)

    t.assert.deepStrictEqual(largestKeys({ many, itself, a: 1 }), ['many', 'itself', 'a'])
  })
})
