import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { copyData, isSameData } from '../../lib/json/copy.ts'
import { UnserializableError } from '../../lib/json/errors.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import { flaskText, supported } from './arbitraries.ts'

const serializer = new TaggedJSONSerializer()

describe('properties of TaggedJSONSerializer', () => {
  test('what it writes it reads as the same value', (t: TestContext) => {
    fc.assert(fc.property(supported, (value) => {
      t.assert.deepStrictEqual(serializer.loads(serializer.dumps(value)), value)
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
