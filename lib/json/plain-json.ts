/**
 * Tells data that JSON.stringify may write. Most sessions are such, and are spared all other work.
 *
 * @module
 */

import { isOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { hasCarriedFloats, isExactInJSON } from './json-text.ts'
import { maxDepth, maxLength, maxValues } from './limits.ts'

/** How many keys and values, and characters of text, there may be yet. */
interface Room {
  values: number
  length: number
}

/**
 * Whether JSON.stringify writes the data as it is to be written, and it is not too much.
 *
 * @param tags - by their keys, which no dict may look like
 */
export function isPlainJSON (value: unknown, tags: ReadonlyMap<string, unknown>): boolean {
  return isPlain(value, 1, tags, { values: maxValues - 1, length: maxLength })
}

function isPlain (value: unknown, depth: number, tags: ReadonlyMap<string, unknown>, room: Room): boolean {
  switch (typeof value) {
    case 'string': return (room.length -= value.length) >= 0
    case 'boolean': return true
    case 'number': return isExactInJSON(value)
    case 'object': return value === null || (depth <= maxDepth && isPlainObject(value, depth + 1, tags, room))
    // Without a value that is undefined, a dict may look like a tag.
    default: return false
  }
}

function isPlainObject (value: object, depth: number, tags: ReadonlyMap<string, unknown>, room: Room): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // What was put on a shared prototype, or stands there by a name that is not enumerable, is another matter.
  if (hasCarriedFloats(value) || 'toJSON' in value || '__html__' in value) return false
  if (prototype === Array.prototype) return isPlainList(value as unknown[], depth, tags, room)
  return (prototype === Object.prototype || prototype === null) && isPlainDict(value as Dict, depth, tags, room)
}

function isPlainList (list: readonly unknown[], depth: number, tags: ReadonlyMap<string, unknown>, room: Room): boolean {
  if ((room.values -= list.length) < 0) return false
  for (let i = 0; i < list.length; i++) {
    if (!isPlain(list[i], depth, tags, room)) return false
  }
  return true
}

function isPlainDict (dict: Dict, depth: number, tags: ReadonlyMap<string, unknown>, room: Room): boolean {
  let count = 0
  let last = ''
  for (const key in dict) {
    if (!isOwn(dict, key)) continue
    count++
    last = key
    if ((room.values -= 2) < 0 || (room.length -= key.length) < 0 || !isPlain(dict[key], depth, tags, room)) return false
  }
  return count !== 1 || !tags.has(last)
}
