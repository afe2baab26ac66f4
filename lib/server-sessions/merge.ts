/**
 * Puts the changes of one request on top of what another one wrote in the meantime.
 *
 * @module
 */

import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { getOwn, setOwn } from '../json/dict.ts'
import type { Dict } from '../json/dict.ts'

/** The result of a merge. */
export interface Merged {
  data: Dict
  /** Keys that both changed. The later save, this one, wins. */
  conflicts: string[]
}

/**
 * Merges by top-level keys: those that this request changed or removed go on top of what is there.
 *
 * A key that another request removed stays removed if this one only changed something inside of its value.
 *
 * @param before - the data as this request read it
 * @param now - the data as this request wants it
 * @param there - the data in the store
 * @param assigned - the keys that this request set anew
 */
export function mergeByKey (
  serializer: DataSerializer, before: Dict, now: Dict, there: Dict, assigned: ReadonlySet<string>
): Merged {
  const data: Dict = { ...there }
  const conflicts: string[] = []
  const isSame = (a: Dict, b: Dict, key: string): boolean => {
    if (Object.hasOwn(a, key) !== Object.hasOwn(b, key)) return false
    return serializer.dumps({ [key]: getOwn(a, key) }) === serializer.dumps({ [key]: getOwn(b, key) })
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const isWanted = Object.hasOwn(now, key)
    const isRemoved = Object.hasOwn(before, key) && !Object.hasOwn(there, key)
    if (isRemoved && isWanted && assigned.has(key)) setOwn(data, key, getOwn(now, key))
    if (isRemoved || isSame(before, now, key)) continue
    if (!isSame(before, there, key)) conflicts.push(key)
    if (isWanted) setOwn(data, key, getOwn(now, key))
    else delete data[key]
  }
  return { data, conflicts }
}
