import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { base64Decode, base64Encode, bytesToInt, intToBytes, wantBytes } from '../../lib/itsdangerous/encoding.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('wantBytes', () => {
  test('makes UTF-8 of text', (t: TestContext) => {
    t.assert.strictEqual(hex(wantBytes('mañana')), '6d61c3b1616e61')
    t.assert.ok(Buffer.isBuffer(wantBytes('mañana')))
  })

  test('leaves bytes as they are, without a copy', (t: TestContext) => {
    const buffer = Buffer.from('tomorrow')
    const array = Uint8Array.of(0, 1, 2, 3).subarray(1, 3)

    t.assert.strictEqual(wantBytes(buffer), buffer)
    t.assert.strictEqual(hex(wantBytes(array)), '0102')
    array[0] = 255
    t.assert.strictEqual(hex(wantBytes(array)), 'ff02')
    t.assert.strictEqual(wantBytes(array).buffer, array.buffer)
  })
})

describe('base64Encode and base64Decode', () => {
  for (const [value, text] of [['無限', '54Sh6ZmQ'], [Buffer.from('infinite'), 'aW5maW5pdGU'], ['', ''], [Uint8Array.of(251, 255, 254), '-__-']] as const) {
    test(`spell ${typeof value === 'string' ? value : hex(value)} as '${text}' and read it again`, (t: TestContext) => {
      t.assert.strictEqual(base64Encode(value), text)
      t.assert.deepStrictEqual(base64Decode(text), wantBytes(value))
      t.assert.deepStrictEqual(base64Decode(Buffer.from(text)), wantBytes(value))
    })
  }

  for (const text of ['12345', 'A', 'YQ==', 'YQ=', 'YR', '+/+/', 'YW Jj', 'YWJj\n', 'YWJj\0', 'ů5maW5pdGU', '=', 'YWJj.', 'é', 'YW\u016FJj']) {
    test(`refuses ${JSON.stringify(text)}`, (t: TestContext) => {
      t.assert.throws(() => base64Decode(text), { name: 'BadData', code: 'ERR_TOKEN_BAD_DATA', message: 'Invalid base64-encoded data' })
      t.assert.throws(() => base64Decode(Buffer.from(text)), { code: 'ERR_TOKEN_BAD_DATA' })
    })
  }

  test('are inverse to each other, and each text has one spelling', (t: TestContext) => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), fc.string(), (bytes, text) => {
      t.assert.deepStrictEqual(base64Decode(base64Encode(bytes)), Buffer.from(bytes))
      let decoded
      try {
        decoded = base64Decode(text)
      } catch {
        return
      }
      t.assert.strictEqual(base64Encode(decoded), text)
    }))
  })
})

describe('intToBytes and bytesToInt', () => {
  for (const [value, bytes] of [
    [0, ''], [1, '01'], [192, 'c0'], [256, '0100'], [1_700_000_000, '6553f100'], [2 ** 53 - 1, '1fffffffffffff'],
    [2n ** 53n, '20000000000000'], [18446744073709551615n, 'ffffffffffffffff']
  ] as const) {
    test(`spell ${value} as '${bytes}' and read it again`, (t: TestContext) => {
      t.assert.strictEqual(hex(intToBytes(value)), bytes)
      t.assert.strictEqual(bytesToInt(Buffer.from(bytes, 'hex')), value)
    })
  }

  test('takes a bigint for a small integer', (t: TestContext) => {
    t.assert.strictEqual(hex(intToBytes(192n)), 'c0')
  })

  for (const value of [-1, 1.5, NaN, Infinity, 2 ** 64, -1n, 2n ** 64n]) {
    test(`has no bytes for ${value}`, (t: TestContext) => {
      t.assert.throws(() => intToBytes(value), { name: 'RangeError' })
    })
  }

  test('skips leading zeros, and reads eight bytes at most', (t: TestContext) => {
    t.assert.strictEqual(bytesToInt(Uint8Array.of(0, 0, 0, 5)), 5)
    t.assert.strictEqual(bytesToInt(new Uint8Array(8)), 0)
    t.assert.throws(() => bytesToInt(new Uint8Array(9)), { name: 'RangeError', message: 'an integer of a token has at most 8 bytes' })
  })

  test('are inverse to each other for all integers of 64 bits', (t: TestContext) => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const read = bytesToInt(intToBytes(value))
      t.assert.strictEqual(BigInt(read), value)
      t.assert.strictEqual(typeof read, value > BigInt(Number.MAX_SAFE_INTEGER) ? 'bigint' : 'number')
    }))
  })
})
