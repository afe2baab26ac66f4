/**
 * Recognises data that JSON.stringify writes correctly. Most sessions are such data and need no tags.
 *
 * @module
 */

import { isOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { maxDepth, maxLength } from './limits.ts'
import { isExactInJSON } from './numbers.ts'

type Tags = ReadonlyMap<string, unknown>

/** The length that JSON text may still have: each value takes at least a character, text and keys take their length. */
interface Budget { length: number }

/**
 * Whether JSON.stringify writes the data correctly, and the data is not too long.
 *
 * @param tags - the tags by key; a dict must not look like one
 */
export function isPlainJSON (value: unknown, tags: Tags): boolean {
  return isPlain(value, 1, tags, { length: maxLength })
}

function isPlain (value: unknown, depth: number, tags: Tags, budget: Budget): boolean {
  switch (typeof value) {
    case 'string': return (budget.length -= value.length) >= 0
    case 'boolean': return true
    case 'number': return isExactInJSON(value)
    case 'object': return value === null || (depth <= maxDepth && isPlainContainer(value, depth + 1, tags, budget))
    // An undefined value is left out, after which a dict may look like a tag.
    default: return false
  }
}

function isPlainContainer (value: object, depth: number, tags: Tags, budget: Budget): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // A method anywhere on the prototype chain, enumerable or not, says what is written.
  if ('toJSON' in value || '__html__' in value) return false
  if (prototype === Array.prototype) return isPlainList(value as unknown[], depth, tags, budget)
  return (prototype === Object.prototype || prototype === null) && isPlainDict(value as Dict, depth, tags, budget)
}

function isPlainList (list: readonly unknown[], depth: number, tags: Tags, budget: Budget): boolean {
  if ((budget.length -= list.length) < 0) return false
  for (let i = 0; i < list.length; i++) {
    if (!isPlain(list[i], depth, tags, budget)) return false
  }
  return true
}

function isPlainDict (dict: Dict, depth: number, tags: Tags, budget: Budget): boolean {
  let count = 0
  let last = ''
  for (const key in dict) {
    if (!isOwn(dict, key)) continue
    count++
    last = key
    if ((budget.length -= key.length + 1) < 0 || !isPlain(dict[key], depth, tags, budget)) return false
  }
  return count !== 1 || !tags.has(last)
}
