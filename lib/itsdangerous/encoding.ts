/**
 * Bytes, base64url and integers, as tokens spell them.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/encoding/}
 */

// The global of that name is a getter, which V8 calls every time.
import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { BadData } from './errors.ts'
import { typeName } from './options.ts'

/** Text, which stands for its UTF-8 bytes, or bytes. */
export type BytesLike = string | Uint8Array

/** Reads UTF-8 as Python does: bad bytes are an error, a byte order mark is a character. */
export const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Whether the value is text or bytes, also of another realm. JSON from strangers may look like bytes, and has none. */
export function isBytesLike (value: unknown): value is BytesLike {
  return typeof value === 'string' || types.isUint8Array(value)
}

/** @throws {TypeError} for what is neither text nor bytes; names its type, and does not show it. */
export function demandBytes (value: unknown, name: string): asserts value is BytesLike {
  if (!isBytesLike(value)) throw new TypeError(`${name} must be text or bytes, got ${typeName(value)}`)
}

/**
 * The bytes of a value: text as UTF-8, bytes as they are (not copied, unless they are in shared memory).
 *
 * @throws {TypeError} for anything else.
 */
export function wantBytes (value: BytesLike): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  if (Buffer.isBuffer(value) && value.buffer instanceof ArrayBuffer) return value // nearly all are
  demandBytes(value, 'value')
  // What another thread can change after it was verified must not be what is read.
  if (types.isSharedArrayBuffer(value.buffer)) return Buffer.from(value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** Parts of a token as text: base64url of bytes is ASCII, and bytes that are not stay foreign characters. */
export function tokenText (value: BytesLike): string {
  return typeof value === 'string' ? value : wantBytes(value).toString('latin1')
}

/**
 * Text passes through this memory on its way to base64url and back: to make a Buffer each time, even from Node's pool, takes longer
 * than the rest. What was written is read before anybody else can write.
 */
const scratch = Buffer.alloc(16_384)

/** Base64url without padding, as text. */
export function base64Encode (value: BytesLike): string {
  // A UTF-16 unit is at most three bytes.
  if (typeof value !== 'string' || value.length * 3 > scratch.length) return wantBytes(value).toString('base64url')
  return scratch.toString('base64url', 0, scratch.write(value))
}

/**
 * The UTF-8 text behind unpadded base64url text, in its canonical spelling as for {@link base64Decode}.
 *
 * @throws {@link BadData} for any other text.
 * @throws {TypeError} for bytes that are no UTF-8.
 */
export function base64DecodeText (text: string): string {
  if (text.length > scratch.length) return utf8.decode(base64Decode(text))
  const length = scratch.write(text, 'base64url')
  if (!isCanonical(text, length)) throw new BadData(notBase64)
  const decoded = scratch.toString('utf8', 0, length)
  // Stands for bytes that are none, unless it was there.
  return decoded.includes('\ufffd') ? utf8.decode(scratch.subarray(0, length)) : decoded
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
 * Whether text that was decoded to so many bytes is their canonical spelling. Takes half the time of writing them out again.
 *
 * Node skips what it does not know, so that fewer bytes come out; takes the characters of both alphabets, and of others
 * those whose low byte is one; and drops the bits that do not fill a byte.
 */
function isCanonical (text: string, byteLength: number): boolean {
  const rest = text.length % 4
  return rest !== 1 && byteLength === (text.length - rest) * 3 / 4 + (rest === 0 ? 0 : rest - 1) &&
    !text.includes('+') && !text.includes('/') && !beyondLatin1.test(text) &&
    (rest === 0 || (valueOfCode[text.charCodeAt(text.length - 1)] as number) % (rest === 2 ? 16 : 4) === 0)
}

/** V8 sees without looking that text of one byte a character has none of these. */
const beyondLatin1 = /[\u0100-\uffff]/

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The value of a character by its code; -1 for a foreign one. */
const valueOfCode = new Int8Array(128).fill(-1)
for (const [value, code] of Buffer.from(alphabet).entries()) valueOfCode[code] = value

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
