/**
 * Text and bytes, as the hashes take them.
 *
 * @module
 */

// The global `Buffer` is a getter, which V8 calls every time.
import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { typeName } from '../type-name.ts'

/** Bytes, or text for its UTF-8 bytes. */
export type BytesLike = string | Uint8Array

/** Whether the value is text or bytes. Untrusted JSON can imitate a Uint8Array, hence `types.isUint8Array`. */
export function isBytesLike (value: unknown): value is BytesLike {
  return typeof value === 'string' || types.isUint8Array(value)
}

/** @throws {TypeError} for a value that is neither text nor bytes; the message names its type and does not show it. */
export function assertBytes (value: unknown, name: string): asserts value is BytesLike {
  if (!isBytesLike(value)) throw new TypeError(`${name} must be text or bytes, got ${typeName(value)}`)
}

/**
 * The bytes of a value: text as UTF-8, bytes without a copy, unless their memory is shared with other threads.
 *
 * @throws {TypeError} for a value that is neither text nor bytes.
 */
export function wantBytes (value: BytesLike): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  if (Buffer.isBuffer(value) && value.buffer instanceof ArrayBuffer) return value // the usual case
  assertBytes(value, 'value')
  // Another thread must not be able to change bytes between verifying and reading them.
  if (types.isSharedArrayBuffer(value.buffer)) return Buffer.from(value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/**
 * The bytes as an instance of the global `Uint8Array`: tweetnacl accepts no other class. Test runners with a DOM
 * replace the global, so that a Buffer is no instance of it; then the bytes are copied.
 */
export function asGlobalBytes (bytes: Uint8Array): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
}
