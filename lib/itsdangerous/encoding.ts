/**
 * Base64url and integers, as tokens spell them.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/encoding/}
 */

// The global `Buffer` is a getter, which V8 calls every time.
import { Buffer } from 'node:buffer'
import { wantBytes } from '../crypto/bytes.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import { BadData } from './errors.ts'

/** Reads UTF-8 as Python does: invalid bytes are an error, a byte order mark is a character. */
export const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parts of a token as text. Base64url is ASCII; any other byte becomes a character that is not of base64url. */
export function tokenText (value: BytesLike): string {
  return typeof value === 'string' ? value : wantBytes(value).toString('latin1')
}

/**
 * The memory through which text passes on its way to base64url and back: making a Buffer each time, even from Node's
 * pool, takes longer than the rest. It is read before any other code can write to it.
 */
const scratch = Buffer.alloc(16_384)

/** Base64url without padding, as text. */
export function base64Encode (value: BytesLike): string {
  // A UTF-16 unit is at most three bytes.
  if (typeof value !== 'string' || value.length * 3 > scratch.length) return wantBytes(value).toString('base64url')
  return scratch.toString('base64url', 0, scratch.write(value))
}

/**
 * The UTF-8 text behind unpadded base64url text, which must have its canonical spelling as for {@link base64Decode}.
 *
 * @throws {@link BadData} for any other text.
 * @throws {TypeError} for bytes that are not UTF-8.
 */
export function base64DecodeText (text: string): string {
  if (text.length > scratch.length) return utf8.decode(base64Decode(text))
  const length = scratch.write(text, 'base64url')
  if (!isCanonical(text, length)) throw new BadData(notBase64)
  const decoded = scratch.toString('utf8', 0, length)
  // U+FFFD marks invalid UTF-8, unless the text itself contains it.
  return decoded.includes('\ufffd') ? utf8.decode(scratch.subarray(0, length)) : decoded
}

/**
 * The bytes behind unpadded base64url text.
 *
 * Unlike Python, accepts the canonical spelling only: no padding, no foreign characters, no spare bits. Python writes
 * no other, and a token that has a single spelling can be remembered, revoked and compared by its text.
 *
 * @throws {@link BadData} for any other text.
 */
export function base64Decode (value: BytesLike): Buffer {
  const bytes = tryBase64Decode(value)
  if (bytes === undefined) throw new BadData(notBase64)
  return bytes
}

const notBase64 = 'Invalid base64-encoded data'

/** As {@link base64Decode}, but `undefined` for any other text. */
export function tryBase64Decode (value: BytesLike): Buffer | undefined {
  const text = tokenText(value)
  const bytes = Buffer.from(text, 'base64url')
  return isCanonical(text, bytes.length) ? bytes : undefined
}

/**
 * Whether text that was decoded to `byteLength` bytes is their canonical spelling. Takes half as long as encoding them.
 *
 * Node skips unknown characters, so that fewer bytes come out. It accepts the characters of both alphabets, and others
 * whose low byte is one of these. It drops the bits that do not fill a byte.
 */
function isCanonical (text: string, byteLength: number): boolean {
  const rest = text.length % 4
  return rest !== 1 && byteLength === (text.length - rest) * 3 / 4 + (rest === 0 ? 0 : rest - 1) &&
    !text.includes('+') && !text.includes('/') && !beyondLatin1.test(text) &&
    (rest === 0 || (valueOfCode[text.charCodeAt(text.length - 1)] as number) % (rest === 2 ? 16 : 4) === 0)
}

/** Characters beyond Latin-1. V8 stores text without them in one byte per character, and need not search it. */
const beyondLatin1 = /[\u0100-\uffff]/

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The value of a character by its code; -1 for a character that is not of base64url. */
const valueOfCode = new Int8Array(128).fill(-1)
for (const [value, code] of Buffer.from(alphabet).entries()) valueOfCode[code] = value

/**
 * `bytesToInt(base64Decode(text))`, or `undefined` where these throw.
 *
 * Every token has a timestamp, so text of up to eight characters, which holds every date, is read without making bytes.
 */
export function base64ToInt (text: string): number | bigint | undefined {
  if (text.length > 8) {
    const bytes = tryBase64Decode(text)
    return bytes === undefined || bytes.length > 8 ? undefined : bytesToInt(bytes)
  }
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const value = valueOfCode[text.charCodeAt(i)] ?? -1
    if (value === -1) return undefined
    bits = bits * 64 + value
  }
  // The bits that do not fill a byte must be zero; a last character that begins a byte has six bits of it.
  const spare = 1 << (text.length * 6 % 8)
  return text.length % 4 === 1 || bits % spare !== 0 ? undefined : bits / spare
}

/**
 * The big-endian bytes of an unsigned integer of up to 64 bits, without leading zeros: 0 is empty.
 *
 * @throws {RangeError} for anything else, as Python's `struct.pack('>Q', n)`.
 */
export function intToBytes (value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  const start = bytes.findIndex((byte) => byte !== 0)
  return start === -1 ? bytes.subarray(8) : bytes.subarray(start)
}

/**
 * The unsigned integer behind big-endian bytes: a number, or a bigint past `Number.MAX_SAFE_INTEGER`.
 *
 * @throws {RangeError} for more than eight bytes, as Python's `struct.unpack('>Q', b)`.
 */
export function bytesToInt (bytes: Uint8Array): number | bigint {
  if (bytes.length > 8) throw new RangeError('an integer of a token has at most 8 bytes')
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  if (Number.isSafeInteger(value)) return value
  return BigInt('0x' + wantBytes(bytes).toString('hex'))
}
