/**
 * Bytes, base64url and integers, as tokens spell them.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/encoding/}
 */

import { BadData } from './errors.ts'

/** Text, which stands for its UTF-8 bytes, or bytes. */
export type BytesLike = string | Uint8Array

/** Reads UTF-8 as Python does: bad bytes are an error, a byte order mark is a character. */
export const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a value: text as UTF-8, bytes as they are (not copied). */
export function wantBytes (value: BytesLike): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** Base64url without padding, as text. */
export function base64Encode (value: BytesLike): string {
  return wantBytes(value).toString('base64url')
}

/**
 * The bytes behind unpadded base64url text.
 *
 * Unlike Python, only the one canonical spelling is read: no padding, no foreign characters, no spare bits. Python never
 * writes another one, and a token that has a single spelling can be remembered, revoked and compared by its text.
 *
 * @throws {@link BadData} for any other text.
 */
export function base64Decode (value: BytesLike): Buffer {
  const bytes = tryBase64Decode(value)
  if (bytes === undefined) throw new BadData('Invalid base64-encoded data')
  return bytes
}

/** As {@link base64Decode}, but `undefined` for any other text. */
export function tryBase64Decode (value: BytesLike): Buffer | undefined {
  const text = typeof value === 'string' ? value : wantBytes(value).toString('latin1')
  const bytes = Buffer.from(text, 'base64url')
  return isCanonical(text, bytes.length) ? bytes : undefined
}

/**
 * Whether text that was decoded to so many bytes is their canonical spelling. Takes half the time of writing them out again.
 *
 * Node skips what it does not know, so that fewer bytes come out; takes the characters of both alphabets, and of others
 * those whose low byte is one; and drops the bits that do not fill a byte.
 */
function isCanonical (text: string, byteLength: number): boolean {
  const rest = text.length % 4
  return rest !== 1 && byteLength === (text.length - rest) * 3 / 4 + (rest === 0 ? 0 : rest - 1) &&
    !text.includes('+') && !text.includes('/') && Buffer.byteLength(text) === text.length &&
    (rest === 0 || (valueOfCode[text.charCodeAt(text.length - 1)] as number) % (rest === 2 ? 16 : 4) === 0)
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The value of a character by its code; -1 for a foreign one. */
const valueOfCode = new Int8Array(128).fill(-1)
for (let value = 0; value < alphabet.length; value++) valueOfCode[alphabet.charCodeAt(value)] = value

/**
 * `bytesToInt(base64Decode(text))`, or `undefined` where these throw.
 *
 * Timestamps are read with every token: up to eight characters, which is every date, are read without making bytes.
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
  // What does not fill a byte must be zero; a last character that begins one has six bits of it.
  const spare = 2 ** (text.length * 6 % 8)
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
