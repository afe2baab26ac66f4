/**
 * Splits a signed value at its last separator, as Python's `rsplit(sep, 1)`.
 *
 * @module
 */

import { isBytesLike, wantBytes } from '../crypto/bytes.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import { typeName } from '../type-name.ts'

/**
 * The parts before and after the last separator; `undefined` without a separator, and for a value that is neither text
 * nor bytes.
 */
export function rsplit (value: string, sep: string): [string, string] | undefined
export function rsplit (value: BytesLike, sep: string): [string, string] | [Buffer, Buffer] | undefined
export function rsplit (value: BytesLike, sep: string): [string, string] | [Buffer, Buffer] | undefined {
  if (typeof value === 'string') {
    const at = lastIndexOf(value, sep)
    return at === -1 ? undefined : [value.slice(0, at), value.slice(at + sep.length)]
  }
  if (!isBytesLike(value)) return undefined
  const bytes = wantBytes(value)
  const at = bytes.lastIndexOf(sep)
  return at === -1 ? undefined : [bytes.subarray(0, at), bytes.subarray(at + Buffer.byteLength(sep))]
}

/** Faster than `String.prototype.lastIndexOf`, because the separator is near the end. */
function lastIndexOf (text: string, sep: string): number {
  if (sep.length > 1) return text.lastIndexOf(sep)
  const code = sep.charCodeAt(0)
  let at = text.length - 1
  while (at >= 0 && text.charCodeAt(at) !== code) at--
  return at
}

/** The message for a value that {@link rsplit} could not split. */
export function describeMissingSeparator (value: unknown, sep: string): string {
  if (!isBytesLike(value)) return `A signed value must be text or bytes, got ${typeName(value)}`
  return `No '${sep}' found in value`
}
