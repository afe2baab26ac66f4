/**
 * Finds the keys that make a session large.
 *
 * @module
 */

import { types } from 'node:util'
import type { Dict } from '../json/dict.ts'
import { maxDepth } from '../json/limits.ts'

/** The number of keys that a message names. */
const namedKeys = 3
/** The greatest number of values to measure, because the data may have any number of them. */
const mostValues = 16_384

/** The largest keys, the largest first. An estimate, because data that is too large cannot be written as JSON. */
export function largestKeys (data: Dict): string[] {
  const largest: Array<{ key: string, size: number }> = []
  const budget = { values: mostValues }
  for (const [key, value] of Object.entries(data)) {
    const size = key.length + sizeOr0(value, budget)
    if (largest.length === namedKeys && size <= (largest[namedKeys - 1] as { size: number }).size) continue
    largest.push({ key, size })
    largest.sort((a, b) => b.size - a.size).splice(namedKeys)
  }
  return largest.map(({ key }) => key)
}

/** A value whose getter throws was never serialized, so it counts as 0. */
function sizeOr0 (value: unknown, budget: { values: number }): number {
  try {
    return roughSize(value, 1, budget)
  } catch {
    return 0
  }
}

/** The approximate length of the JSON text. */
function roughSize (value: unknown, depth: number, budget: { values: number }): number {
  if (typeof value === 'string' || types.isStringObject(value) || types.isUint8Array(value)) return value.length
  if (typeof value !== 'object' || value === null || depth > maxDepth) return 4
  if (Array.isArray(value)) return roughSum(value, depth, budget)
  return Object.keys(value).join().length + roughSum(Object.values(value), depth, budget)
}

/** Values beyond the budget count as two characters each. */
function roughSum (values: readonly unknown[], depth: number, budget: { values: number }): number {
  let sum = values.length * 2
  for (let i = 0; i < values.length && budget.values-- > 0; i++) sum += roughSize(values[i], depth + 1, budget)
  return sum
}
