/**
 * Copies of data, and whether data still equals its copy.
 *
 * @module
 */

import { setOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { Tuple } from './values.ts'

/** The greatest number of lists and dicts to copy. More of them, and cycles, are left to the serializer. */
const mostContainers = 1024

/**
 * A copy of data that a TaggedJSONSerializer read: dicts, lists, tuples and dates, nested in any way, and immutable
 * values.
 *
 * @returns `undefined` when the data contains anything else, which only its serializer can copy
 */
export function copyData (value: unknown): unknown {
  return copy(value, { containers: mostContainers })
}

/** The number of lists and dicts that may still follow. */
interface Budget { containers: number }

function copy (value: unknown, budget: Budget): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  if (budget.containers-- === 0) return undefined
  switch (Object.getPrototypeOf(value)) {
    case Object.prototype: return copyDict(value as Dict, budget)
    case Array.prototype: return copyItems(value as unknown[], [], budget)
    case Tuple.prototype: return copyItems(value as unknown[], new Tuple(), budget)
    case Date.prototype: return new Date((value as Date).getTime())
  }
  return undefined
}

function copyDict (dict: Dict, budget: Budget): Dict | undefined {
  const result = { ...dict }
  for (const key of Object.keys(dict)) {
    const item = dict[key]
    const itsCopy = copy(item, budget)
    if (itsCopy === undefined) return undefined
    if (itsCopy !== item) setOwn(result, key, itsCopy)
  }
  return result
}

/** @param result - receives the items, because spreading a long list would overflow the stack */
function copyItems (list: readonly unknown[], result: unknown[], budget: Budget): unknown[] | undefined {
  for (let i = 0; i < list.length; i++) {
    const itsCopy = copy(list[i], budget)
    if (itsCopy === undefined) return undefined
    result.push(itsCopy)
  }
  return result
}

/**
 * Whether a value certainly has the same text as the value that {@link copyData} copied.
 *
 * @returns `false` when only comparing their texts can tell
 */
export function isSameData (copied: unknown, value: unknown): boolean {
  if (typeof copied !== 'object' || copied === null) return Object.is(copied, value)
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(copied)
  if (prototype !== Object.getPrototypeOf(value) || '__html__' in value) return false
  if (prototype === Date.prototype) return (copied as Date).getTime() === (value as Date).getTime()
  if ('toJSON' in value) return false
  return Array.isArray(copied) ? isSameList(copied, value as unknown[]) : isSameDict(copied as Dict, value as Dict)
}

/** The order of the keys counts too: it is the order in which they are written. */
function isSameDict (copied: Dict, dict: Dict): boolean {
  const keys = Object.keys(copied)
  const others = Object.keys(dict)
  if (keys.length !== others.length) return false
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (key !== others[i] || !isSameData(copied[key], dict[key])) return false
  }
  return true
}

function isSameList (copied: readonly unknown[], list: readonly unknown[]): boolean {
  if (copied.length !== list.length) return false
  for (let i = 0; i < list.length; i++) {
    if (!isSameData(copied[i], list[i])) return false
  }
  return true
}
