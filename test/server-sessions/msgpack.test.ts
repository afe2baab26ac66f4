import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { decodeMsgpack } from '../../lib/flask-session/msgpack.ts'

// Loaded without types: they need those of a browser.
const { encode, ExtData } = createRequire(import.meta.url)('@msgpack/msgpack') as {
  encode (value: unknown, options?: object): Uint8Array
  ExtData: new (type: number, data: Uint8Array) => object
}

const values = fc.letrec((tie) => ({
  // The other library writes -0 as 0.
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.double({ noNaN: true }).map((value) => value + 0), fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)), fc.date({ noInvalidDate: true }),
    fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true })
  )
}))

describe('decodeMsgpack', () => {
  test('reads what @msgpack/msgpack writes', (t: TestContext) => {
    fc.assert(fc.property(values.value, (value) => {
      t.assert.deepStrictEqual(decodeMsgpack(encode(value)), value)
    }))
  })

  test('fails on every part of a value, and never hangs', (t: TestContext) => {
    fc.assert(fc.property(values.value, fc.nat(), (value, at) => {
      const bytes = encode(value)
      t.assert.throws(() => decodeMsgpack(bytes.subarray(0, at % bytes.length)))
    }))
  })

  test('either reads random bytes or fails', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeMsgpack(bytes)
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError)) throw error
      }
    }))
  })

  test('reads ints past 2^53-1 as bigints, and short ones as numbers', (t: TestContext) => {
    t.assert.strictEqual(decodeMsgpack(encode(2n ** 64n - 1n, { useBigInt64: true })), 2n ** 64n - 1n)
    t.assert.strictEqual(decodeMsgpack(encode(-(2n ** 63n), { useBigInt64: true })), -(2n ** 63n))
    t.assert.strictEqual(decodeMsgpack(encode(7n, { useBigInt64: true })), 7)
    t.assert.strictEqual(decodeMsgpack(Buffer.from('ca3fc00000', 'hex')), 1.5)
  })

  test('refuses extensions that are not timestamps', (t: TestContext) => {
    for (const length of [1, 2, 3, 4, 8, 12, 16, 300, 70_000]) {
      t.assert.throws(() => decodeMsgpack(encode(new ExtData(1, new Uint8Array(length)))), SyntaxError)
    }
  })
})
