import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { copyData, isSameData } from '../../lib/json/copy.ts'
import { TaggedJSONSerializer, UnserializableError } from '../../lib/json/tagged-json-serializer.ts'
import { Markup, Tuple, UUID } from '../../lib/json/values.ts'

const serializer = new TaggedJSONSerializer()

/** Keys that mean something: those of tags, of their escaped forms and of Object.prototype. */
const key = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  fc.constantFrom(' di', ' t', ' b', ' m', ' u', ' d', ' t__', ' di__', ' t____', '__proto__', 'constructor', 'toString', 'toJSON', '__html__', '', '0', '10', '-1', 'number 1.0')
)

/** Everything that the table of tagged values names. */
const { value: supported } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('dict'), tie('list'), tie('tuple')),
  leaf: fc.oneof(
    fc.constantFrom(null, true, false, 0, -0, 1, NaN, Infinity, -Infinity, 1e16, 2 ** 53, -(2 ** 53), 2 ** 53 - 1),
    fc.integer(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.bigInt().filter((n) => !Number.isSafeInteger(Number(n))),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800', '"number 1.0"', 'NaN', '1.0', '\\"', '\\'),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.string().map((text) => new Markup(text)),
    fc.uuid().map((text) => new UUID(text)),
    fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map((seconds) => new Date(seconds * 1000))
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  tuple: fc.array(tie('value'), { maxLength: 4 }).map((items) => Tuple.from(items)),
  dict: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries))
}))

/** JSON as Flask writes it: whole floats with a point, exponents with a sign. */
const { json: flaskText } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom('null', 'true', 'false', '1.0', '-0.0', '0.0', '0', 'NaN', 'Infinity', '-Infinity', '1e+16', '9007199254740993', '-9007199254740993', '100.0'),
      fc.bigInt().map(String),
      fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
      fc.uint8Array({ maxLength: 9 }).map((bytes) => `{" b":"${Buffer.from(bytes).toString('base64')}"}`)
    ),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `{" t":[${items.join()}]}`),
    fc.tuple(fc.constantFrom('t', 'b', 'di'), tie('json')).map(([key, item]) => `{" di":{" ${key}__":${item}}}`),
    fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z_]{1,9}$/), tie('json')), { maxLength: 4, selector: ([key]) => key })
      .map((entries) => `{${entries.map(([key, item]) => `"${key}":${item}`).join()}}`)
  )
}))

describe('properties of TaggedJSONSerializer', () => {
  test('what it writes it reads as the same value', (t: TestContext) => {
    fc.assert(fc.property(supported, (value) => {
      t.assert.deepStrictEqual(serializer.loads(serializer.dumps(value)), value)
    }), { numRuns: 3000 })
  })

  test('what it reads it writes as the same text', (t: TestContext) => {
    // In a list: where a number is all there is, nothing remembers that it was a float.
    fc.assert(fc.property(flaskText.map((text) => `[${text}]`), (text) => {
      t.assert.strictEqual(serializer.dumps(serializer.loads(text)), text)
    }), { numRuns: 3000 })
  })

  test('reading and writing any text changes no prototype, and what was read once is read again', (t: TestContext) => {
    const before = Reflect.ownKeys(Object.prototype)
    fc.assert(fc.property(fc.oneof(fc.json(), flaskText, fc.string()), (text) => {
      let value
      try {
        value = serializer.loads(text)
      } catch {
        return
      }
      if (value !== undefined) t.assert.deepStrictEqual(serializer.loads(serializer.dumps(value)), value)
    }), { numRuns: 1000 })

    t.assert.deepStrictEqual(Reflect.ownKeys(Object.prototype), before)
  })

  test('anything else is an UnserializableError, or is read again', (t: TestContext) => {
    fc.assert(fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, withBoxedValues: true }), (value) => {
      let text
      try {
        text = serializer.dumps(value)
      } catch (error) {
        t.assert.ok(error instanceof UnserializableError)
        return
      }
      t.assert.strictEqual(serializer.dumps(serializer.loads(text)), text)
    }), { numRuns: 2000 })
  })
  test('a copy is written as the same text, and is the same data until the text would be another', (t: TestContext) => {
    let copies = 0
    fc.assert(fc.property(flaskText, flaskText, (text, other) => {
      const value = serializer.loads(`[${text}]`)
      const copy = copyData(value)
      if (copy === undefined) return
      copies++
      t.assert.strictEqual(serializer.dumps(copy), serializer.dumps(value))
      t.assert.ok(isSameData(copy, value))
      const otherValue = serializer.loads(`[${other}]`)
      if (isSameData(copy, otherValue)) t.assert.strictEqual(serializer.dumps(otherValue), serializer.dumps(value))
    }), { numRuns: 2000 })

    t.assert.ok(copies > 500)
  })

  test('a copy of anything is like it, and not it', (t: TestContext) => {
    fc.assert(fc.property(supported, (value) => {
      const copy = copyData(value)
      if (copy === undefined) return
      t.assert.deepStrictEqual(copy, value)
      t.assert.ok(copy !== value || typeof value !== 'object' || value === null)
    }), { numRuns: 2000 })
  })
})
