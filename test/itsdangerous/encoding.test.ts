import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { wantBytes } from '../../lib/crypto/bytes.ts'
import {
  base64Decode, base64DecodeText, base64Encode, base64ToInt, bytesToInt, intToBytes, utf8
} from '../../lib/itsdangerous/encoding.ts'
import { strangers } from './makers.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

for (const [title, value, type] of strangers) {
  test(`base64Encode and base64Decode throw for ${title}`, (t: TestContext) => {
    for (const take of [base64Encode, base64Decode]) {
      t.assert.throws(() => take(value as never), { name: 'TypeError', message: `value must be text or bytes, got ${type}` })
    }
  })
}

describe('base64Encode and base64Decode', () => {
  for (const [value, text] of [['無限', '54Sh6ZmQ'], [Buffer.from('infinite'), 'aW5maW5pdGU'], ['', ''], [Uint8Array.of(251, 255, 254), '-__-']] as const) {
    test(`spell ${typeof value === 'string' ? value : hex(value)} as '${text}' and read it again`, (t: TestContext) => {
      t.assert.strictEqual(base64Encode(value), text)
      t.assert.deepStrictEqual(base64Decode(text), wantBytes(value))
      t.assert.deepStrictEqual(base64Decode(Buffer.from(text)), wantBytes(value))
    })
  }

  for (const text of ['12345', 'A', 'YQ==', 'YQ=', 'YR', 'YU', 'YY', 'YWF', 'YWG', '+/+/', 'YW Jj', 'YWJj\n', 'YWJj\0', 'ů5maW5pdGU', '=', 'YWJj.', 'é', 'YW\u016FJj']) {
    test(`refuses ${JSON.stringify(text)}`, (t: TestContext) => {
      t.assert.throws(() => base64Decode(text), { name: 'BadData', code: 'ERR_TOKEN_BAD_DATA', message: 'Invalid base64-encoded data' })
      t.assert.throws(() => base64Decode(Buffer.from(text)), { code: 'ERR_TOKEN_BAD_DATA' })
    })
  }

  test('refuse a character whose low byte is one of the alphabet', (t: TestContext) => {
    for (const character of 'AZaz09-_') {
      for (const high of [0x100, 0x200, 0x4e00, 0xff00]) {
        const foreign = String.fromCharCode(character.charCodeAt(0) + high)
        for (const text of [`${foreign}AAA`, `A${foreign}AA`, `AAA${foreign}`, `${foreign}A`, `AA${foreign}A${'A'.repeat(60)}`]) {
          t.assert.throws(() => base64Decode(text), { code: 'ERR_TOKEN_BAD_DATA' }, text)
        }
      }
    }
  })

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

describe('text and base64url', () => {
  /** What is made of it, or the name of the error. */
  const outcome = (work: () => string): string => {
    try {
      return `made ${work()}`
    } catch (error) {
      return (error as Error).name
    }
  }
  const decode = (text: string): string => outcome(() => utf8.decode(base64Decode(text)))
  // The first that does not pass through the memory that is used again, on either way, and its neighbours.
  const lengths = [5461, 5462, 16_383, 16_384, 16_385, 30_000]
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀', '\ufffd', '\ufeff', '\ud800', '\udc00') }))

  for (const [title, text] of [['U+FFFD', 'a\ufffdb'], ['a byte order mark', '\ufefftext'], ['nothing', ''], ['zeros', '\0\0']] as const) {
    test(`${title} comes back`, (t: TestContext) => {
      t.assert.strictEqual(base64DecodeText(base64Encode(text)), text)
    })
  }

  for (const bytes of ['ff', 'c3', '61c328', 'eda080', 'c080', 'f4908080', 'efbfbdff']) {
    test(`${bytes} is no text`, (t: TestContext) => {
      t.assert.throws(() => base64DecodeText(base64Encode(Buffer.from(bytes, 'hex'))), { name: 'TypeError', code: 'ERR_ENCODING_INVALID_ENCODED_DATA' })
    })
  }

  test('text is spelled as its bytes are', (t: TestContext) => {
    fc.assert(fc.property(texts, (text) => { t.assert.strictEqual(base64Encode(text), base64Encode(Buffer.from(text))) }))
    for (const length of lengths) {
      for (const character of ['a', 'é', '漢']) {
        const text = character.repeat(length)
        t.assert.strictEqual(base64Encode(text), base64Encode(Buffer.from(text)))
      }
    }
  })

  test('what is read is the text of the bytes that base64Decode gives, and refused with the same error', (t: TestContext) => {
    const spelled = fc.oneof(texts.map((text) => base64Encode(text)), fc.uint8Array({ maxLength: 40 }).map((bytes) => base64Encode(bytes)))
    const changed = fc.tuple(spelled, fc.nat(), texts, fc.nat(2)).map(([text, place, other, dropped]) => {
      const at = place % (text.length + 1)
      return text.slice(0, at) + other.slice(0, 1) + text.slice(at + dropped)
    })
    fc.assert(fc.property(fc.oneof(spelled, changed, texts), (text) => {
      t.assert.strictEqual(outcome(() => base64DecodeText(text)), decode(text))
    }), { numRuns: 1000 })
    for (const length of lengths) {
      for (const text of ['A'.repeat(length), `${'A'.repeat(length - 1)}+`, base64Encode('漢'.repeat(length))]) {
        t.assert.strictEqual(outcome(() => base64DecodeText(text)), decode(text))
      }
    }
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

describe('base64ToInt', () => {
  test('is bytesToInt of base64Decode for texts of all lengths', (t: TestContext) => {
    const byLength = [...Array.from({ length: 10 }, (_, length) => Buffer.alloc(length)), ...Array.from({ length: 90 }, (_, i) => randomBytes(i % 10))]
    for (const bytes of byLength) {
      t.assert.strictEqual(base64ToInt(base64Encode(bytes)), bytes.length > 8 ? undefined : bytesToInt(bytes), hex(bytes))
    }
  })

  for (const [text, value] of [
    ['', 0], ['AA', 0], ['AQ', 1], ['ZVPxAA', 1_700_000_000], ['AABlU_EA', 1_700_000_000], ['________', 281_474_976_710_655], ['AAAAAAAAAAE', 1],
    ['__________8', 18_446_744_073_709_551_615n], ['AAAAAAAAAAAA', undefined], ['A', undefined], ['AAAAA', undefined], ['AR', undefined], ['AAF', undefined],
    ['AQ==', undefined], ['A+A', undefined], ['é', undefined], ['ZVPxé', undefined], ['\u0141\u0141', undefined], ['__________9', undefined], ['A A', undefined],
    ['AAAé', undefined], ['éAAA', undefined], ['AU', undefined]
  ] as const) {
    test(`of '${text}' is ${value}`, (t: TestContext) => {
      t.assert.strictEqual(base64ToInt(text), value)
    })
  }
})
