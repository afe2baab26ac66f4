/**
 * Copies of data, and whether a copy still is like what it was made of.
 *
 * @module
 */

import { setOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { carryFloats, haveSameFloats } from './json-text.ts'
import { Tuple } from './values.ts'

/** Lists and dicts that are copied; what has more, or contains itself, is left to the serializer. */
const mostContainers = 1024

/**
 * A copy of data as a TaggedJSONSerializer reads it: dicts, lists, tuples and dates, one within the other, and what cannot
 * be changed.
 *
 * @returns `undefined` where there is anything else in it, which only its serializer can copy
 */
export function copyData (value: unknown): unknown {
  return copy(value, { containers: mostContainers })
}

/** How many lists and dicts there may be yet. */
interface Room { containers: number }

function copy (value: unknown, room: Room): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  if (room.containers-- === 0) return undefined
  switch (Object.getPrototypeOf(value)) {
    case Object.prototype: return copyDict(value as Dict, room)
    case Array.prototype: return copyItems(value as unknown[], (value as unknown[]).slice(), room)
    case Tuple.prototype: return copyItems(value as unknown[], new Tuple(...value as unknown[]), room)
    case Date.prototype: return new Date((value as Date).getTime())
  }
  return undefined
}

function copyDict (dict: Dict, room: Room): Dict | undefined {
  const result = { ...dict }
  for (const key of Object.keys(dict)) {
    const item = dict[key]
    const itsCopy = copy(item, room)
    if (itsCopy === undefined) return undefined
    if (itsCopy !== item) setOwn(result, key, itsCopy)
  }
  return carryFloats(dict, result)
}

/** @param result - has the same items */
function copyItems (list: readonly unknown[], result: unknown[], room: Room): unknown[] | undefined {
  for (let i = 0; i < list.length; i++) {
    if ((result[i] = copy(list[i], room)) === undefined) return undefined
  }
  return carryFloats(list, result)
}

/**
 * Whether a value is surely written as the one that {@link copyData} copied.
 *
 * @returns `false` where only their texts could tell
 */
export function isSameData (copied: unknown, value: unknown): boolean {
  if (typeof copied !== 'object' || copied === null) return Object.is(copied, value)
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(copied)
  if (prototype !== Object.getPrototypeOf(value) || '__html__' in value || !haveSameFloats(copied, value)) return false
  if (prototype === Date.prototype) return (copied as Date).getTime() === (value as Date).getTime()
  if ('toJSON' in value) return false
  return Array.isArray(copied) ? isSameList(copied, value as unknown[]) : isSameDict(copied as Dict, value as Dict)
}

/** In the same order too, as it is written. */
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
