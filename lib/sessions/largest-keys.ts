/**
 * Which keys of a session take most of its room.
 *
 * @module
 */

import type { Dict } from '../json/dict.ts'
import { maxDepth, maxValues } from '../json/limits.ts'

/** Keys that a message names. */
const namedKeys = 3

/** The largest keys, the largest first. Estimated: the data may be much more than can be written. */
export function largestKeys (data: Dict): string[] {
  const largest: Array<{ key: string, size: number }> = []
  const room = { values: maxValues }
  for (const [key, value] of Object.entries(data)) {
    const size = key.length + sizeOr0(value, room)
    if (largest.length === namedKeys && size <= (largest[namedKeys - 1] as { size: number }).size) continue
    largest.push({ key, size })
    largest.sort((a, b) => b.size - a.size).splice(namedKeys)
  }
  return largest.map(({ key }) => key)
}

/** What may throw when it is read, was not what made the session too large. */
function sizeOr0 (value: unknown, room: { values: number }): number {
  try {
    return roughSize(value, 1, room)
  } catch {
    return 0
  }
}

/** Characters of JSON, about. */
function roughSize (value: unknown, depth: number, room: { values: number }): number {
  if (typeof value === 'string' || value instanceof String || value instanceof Uint8Array) return value.length
  if (typeof value !== 'object' || value === null || depth > maxDepth) return 4
  if (Array.isArray(value)) return roughSum(value, depth, room)
  return Object.keys(value).join().length + roughSum(Object.values(value), depth, room)
}

/** What is not looked at counts little. */
function roughSum (values: readonly unknown[], depth: number, room: { values: number }): number {
  let sum = values.length * 2
  for (let i = 0; i < values.length && room.values-- > 0; i++) sum += roughSize(values[i], depth + 1, room)
  return sum
}
