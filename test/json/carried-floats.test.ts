import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { carryFloats } from '../../lib/json/carried-floats.ts'
import { parseExact } from '../../lib/json/parse-exact.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import { flaskText, supported } from './arbitraries.ts'

const serializer = new TaggedJSONSerializer()

describe('carryFloats', () => {
  for (const [title, text, before, result] of [
    ['a float', '{"a":1}', '{"a":1.0}', '{"a":1.0}'],
    ['a float that is the whole data', '1', '1.0', '1.0'],
    ['zero and a negative float', '[0,-5]', '[0.0,-5.0]', '[0.0,-5.0]'],
    ['the largest whole float', '[9007199254740991]', '[9007199254740991.0]', '[9007199254740991.0]'],
    ['a whole float with an exponent, beside one of Python\'s', '[100,1]', '[1e2,1.0]', '[100.0,1.0]'],
    ['floats beside ints', '{"a":1,"b":1,"c":[2,2]}', '{"a":1.0,"b":1,"c":[2,2.0]}', '{"a":1.0,"b":1,"c":[2,2.0]}'],
    ['a float among new data', '{"new":1,"a":[{"b":1}],"x":"1"}', '{"a":[{"b":1.0}],"x":1.0}', '{"new":1,"a":[{"b":1.0}],"x":"1"}'],
    ['keys in another order', '{"b":2,"a":1}', '{"a":1.0,"b":2.0}', '{"b":2.0,"a":1.0}'],
    ['keys with escapes', '{"é\\"":1,"\\u0000":2}', '{"\\u00e9\\u0022":1.0,"\\u0000":2.0}', '{"é\\"":1.0,"\\u0000":2.0}'],
    ['a key of Object.prototype', '{"__proto__":{"a":1},"constructor":2}', '{"__proto__":{"a":1.0},"constructor":2.0}', '{"__proto__":{"a":1.0},"constructor":2.0}'],
    ['the last of equal keys', '{"a":1,"b":2}', '{"a":5,"b":2.0,"a":1.0,"b":2}', '{"a":1.0,"b":2}'],
    ['a tuple', '{"t":{" t":[1,{" t":[2]}]}}', '{"t":{" t":[1.0,{" t":[2.0]}]}}', '{"t":{" t":[1.0,{" t":[2.0]}]}}'],
    ['a dict that looks like a tag', '{" di":{" di__":1}}', '{" di":{" di__":1.0}}', '{" di":{" di__":1.0}}'],
    ['a list that grew', '[1,2,3]', '[1.0,2.0]', '[1.0,2.0,3]'],
    ['a list that shrank', '[1]', '[1.0,2.0]', '[1.0]'],
    ['text with white space', ' { "a" : [ 1 , 2 ] } ', '{"a": [\n1.0,\t2.0 ]}', ' { "a" : [ 1.0 , 2.0 ] } '],
    ['NaN, a bigint and a float that is not whole beside it', '[NaN,9007199254740993,1.5,1]', '[NaN,9007199254740993,1.5,1.0]', '[NaN,9007199254740993,1.5,1.0]']
  ] as const) {
    test(`keeps floats: ${title}`, (t: TestContext) => {
      t.assert.strictEqual(carryFloats(text, before), result)
    })
  }

  for (const [title, text, before] of [
    ['another number', '{"a":2}', '{"a":1.0}'],
    ['zero for a negative zero', '[0]', '[-0.0]'],
    ['a negative zero for zero', '[-0.0]', '[0.0]'],
    ['an int of an older int', '{"a":1,"b":1}', '{"a":1,"b":2.0}'],
    ['another key', '{"b":1}', '{"a":1.0}'],
    ['a key that the old data has on its prototype only', '{"toString":1}', '{"a":1.0}'],
    ['another index', '[2,1]', '[1.0,2.0]'],
    ['a list for a tuple', '{"t":[1]}', '{"t":{" t":[1.0]}}'],
    ['a list for a dict', '{"t":[1]}', '{"t":{"0":1.0}}'],
    ['a dict for a list', '{"t":{"0":1,"length":1}}', '{"t":[1.0]}'],
    ['a dict for a float', '{"t":{"a":1}}', '{"t":1.0}'],
    ['the first of equal keys', '{"a":1}', '{"a":1.0,"a":1}'],
    ['text that looks like a float', '{"a":1,"b":"10.0.0.1"}', '{"a":1,"b":"10.0.0.1","c":",1.0,"}'],
    ['an int in text', '{"a":"1"}', '{"a":1.0}'],
    ['a bigint', '[9007199254740993]', '[9007199254740992.0]'],
    ['a whole float with an exponent alone, which Python does not write', '[100]', '[1e2]'],
    ['floats that JavaScript writes as floats', '[1e+16]', '[1e+16]']
  ] as const) {
    test(`leaves the text as it is: ${title}`, (t: TestContext) => {
      t.assert.strictEqual(carryFloats(text, before), text)
    })
  }

  for (const text of ['', '{', '[1', '[1]]', '{"a":1,}', '{a:1}', 'k:1', '1.', '\ufeff[1]', '['.repeat(1e5), '['.repeat(257) + '1' + ']'.repeat(257)]) {
    test(`returns what is not JSON as it is: ${JSON.stringify(text.slice(0, 20))}`, (t: TestContext) => {
      t.assert.strictEqual(carryFloats(text, '[1.0]'), text)
      t.assert.strictEqual(carryFloats('[1]', text), '[1]')
      t.assert.strictEqual(carryFloats('[1]', `${text},1.0`), '[1]')
    })
  }

  test('takes milliseconds for the longest payloads', (t: TestContext) => {
    const repeat = (item: string, count: number): string => `[${Array(count).fill(item).join()}]`
    const start = performance.now()
    for (const [item, float, count] of [['1', '1.0', 65_000], ['[1]', '[1.0]', 43_000], ['{"a":1}', '{"a":1.0}', 26_000], [`"${'\\"'.repeat(65_000)}",1`, `"${'\\"'.repeat(65_000)}",1.0`, 1]] as const) {
      t.assert.strictEqual(carryFloats(repeat(item, count), repeat(float, count)), repeat(float, count))
    }

    t.assert.ok(performance.now() - start < 5000)
  })
})

describe('properties of carryFloats', () => {
  test('no number becomes another one, whatever the old text is', (t: TestContext) => {
    let carried = 0
    fc.assert(fc.property(supported, fc.oneof(flaskText, fc.json(), fc.string()), (value, other) => {
      const text = serializer.dumps(value)
      const allFloats = text.replace(/(?<=[[,:]|^)-?\d+(?=[\]},]|$)/g, '$&.0')
      for (const before of [other, allFloats, allFloats.slice(1)]) {
        const result = carryFloats(text, before)
        t.assert.deepStrictEqual(parseExact(result), parseExact(text))
        if (result !== text) carried++
      }
    }), { numRuns: 2000 })

    t.assert.ok(carried > 200)
  })

  test('data that was only read is written as the same text', (t: TestContext) => {
    fc.assert(fc.property(flaskText, (text) => {
      t.assert.strictEqual(carryFloats(serializer.dumps(serializer.loads(text)), text), text)
    }), { numRuns: 3000 })
  })
})
