/**
 * Turns session data into JSON text and back. The limits are the same both ways: all that is written can be read.
 *
 * @module
 */

import { FST_SESSION_COOKIE_OVERFLOW, FST_SESSION_UNSERIALIZABLE } from '../errors.ts'
import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { BadPayload } from '../itsdangerous/errors.ts'
import { maxPayloadLength } from '../itsdangerous/url-safe.ts'
import { carryFloats } from '../json/carried-floats.ts'
import { isPlainObject } from '../json/dict.ts'
import type { Dict } from '../json/dict.ts'
import { OversizedError, shorten, UnserializableError } from '../json/errors.ts'
import { TaggedJSONSerializer } from '../json/tagged-json-serializer.ts'
import { typeName } from '../type-name.ts'
import { largestKeys } from './largest-keys.ts'

/**
 * Writes data as JSON text.
 *
 * @param before - the JSON text that the data was read from
 * @throws `FST_SESSION_UNSERIALIZABLE` and `FST_SESSION_COOKIE_OVERFLOW` for data that could not be read again.
 */
export function dumpSession (serializer: DataSerializer, data: Dict, before?: string): string {
  let dumped: unknown
  try {
    dumped = serializer.dumps(data)
  } catch (cause) {
    const limit = `${maxPayloadLength} of JSON`
    if (cause instanceof OversizedError) throw overflowError(serializer, data, `more than ${maxPayloadLength}`, limit)
    const reason = cause instanceof UnserializableError ? cause.message : 'its serializer threw an error'
    const error = new FST_SESSION_UNSERIALIZABLE(reason)
    error.cause = cause
    throw error
  }
  let text = textOf(dumped)
  // Other serializers may have other rules for numbers.
  if (before !== undefined && serializer instanceof TaggedJSONSerializer) text = carryFloats(text, before)
  if (isTooLong(text)) throw overflowError(serializer, data, Buffer.byteLength(text), `${maxPayloadLength} of JSON`)
  return text
}

/** Reads JSON text. Throws when the text is too long, cannot be read, or does not hold an object. */
export function loadSession (serializer: DataSerializer, json: string): Dict {
  if (isTooLong(json)) throw new BadPayload('The payload is too long')
  const data = serializer.loads(json)
  if (!isPlainObject(data)) throw new BadPayload('The payload is not an object')
  return data
}

/** The error for data that does not fit. It names the largest keys and the number of all keys. */
export function overflowError (serializer: DataSerializer, data: Dict, size: number | string, limit: string): Error {
  const sizes = largestKeys(data).map((key) => ({ key: shorten(key), size: sizeOf(serializer, { [key]: data[key] }) }))
  sizes.sort((a, b) => b.size - a.size)
  const names = sizes.map(({ key, size }) => size === Infinity ? key : `${key} (${size})`)
  const count = Object.keys(data).length
  const total = count > names.length ? `, of ${count} keys` : ''
  return new FST_SESSION_COOKIE_OVERFLOW(size, limit, names.join(', ') + total)
}

/** Whether text has more bytes than a payload may have. Skips counting short text: a UTF-16 unit is at most 3 bytes. */
export function isTooLong (text: string): boolean {
  return text.length * 3 > maxPayloadLength && Buffer.byteLength(text) > maxPayloadLength
}

/** Data with a longer text, in characters, is not kept in memory. An uncompressed cookie of 4093 bytes holds less. */
const longestLight = 4096
/** Data with more lists and dicts is not kept either: each takes some 400 bytes, however short its text. */
const mostContainers = 64

/** Whether the data behind JSON text takes little memory. */
export function isLight (json: string): boolean {
  if (json.length > longestLight) return false
  let containers = 0
  for (const char of json) if (char === '[' || char === '{') containers++
  return containers <= mostContainers
}

/** What a serializer wrote. In JavaScript that may be bytes. */
function textOf (dumped: unknown): string {
  if (typeof dumped === 'string') return dumped
  if (Buffer.isBuffer(dumped)) return dumped.toString()
  // The rejection of an async function would end the process.
  Promise.resolve(dumped).catch(() => {})
  throw new FST_SESSION_UNSERIALIZABLE(`dumps of its serializer must return text, got ${typeName(dumped)}`)
}

/** Bytes of JSON; `Infinity` for data that cannot be written. */
function sizeOf (serializer: DataSerializer, data: Dict): number {
  try {
    return Buffer.byteLength(serializer.dumps(data))
  } catch {
    return Infinity
  }
}
