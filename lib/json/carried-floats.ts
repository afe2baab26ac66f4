/**
 * Keeps the floats that Python wrote. JavaScript has one kind of number, so it writes `1` where Python wrote `1.0`;
 * here it becomes `1.0` again.
 *
 * @module
 */

import { isPlainObject } from './dict.ts'
import { parseExact } from './parse-exact.ts'

/** Matches a whole float as Python writes it. A match inside a string only costs time. */
const wholeFloat = /(?:^|[[:,\s])-?\d+\.0/
/** Replaces an int that must be written as a float. */
const marked = Infinity

/**
 * JSON text in which whole numbers are floats where an older text has the same number as a float: under the same keys
 * and indexes, tags among them.
 *
 * @returns `text` unchanged when either text is not JSON, or is nested too deep
 */
export function carryFloats (text: string, before: string): string {
  if (!wholeFloat.test(before)) return text
  try {
    return writeFloats(text, before)
  } catch {
    return text
  }
}

function writeFloats (text: string, before: string): string {
  // In the old data a number is a whole float; in the new data it is the index of an int. Other numbers are `true`.
  const old = parseExact(before, (value, isFloat) => isFloat && Number.isSafeInteger(value) ? value : true)
  const ints: number[] = []
  const ends: number[] = []
  const data = parseExact(text, (value, isFloat, end) => {
    if (isFloat || typeof value === 'bigint') return true
    ends.push(end)
    return ints.push(value) - 1
  })
  markFloats(data, old, ints)
  let result = ''
  let start = 0
  for (let i = 0; i < ints.length; i++) {
    if (ints[i] !== marked) continue
    result += text.slice(start, ends[i]) + '.0'
    start = ends[i] as number
  }
  return result + text.slice(start)
}

/** Marks the ints that are floats in the old data. */
function markFloats (value: unknown, old: unknown, ints: number[]): void {
  if (typeof value === 'number') {
    if (Object.is(ints[value], old)) ints[value] = marked
  } else if (Array.isArray(value) && Array.isArray(old)) {
    for (let i = 0; i < value.length && i < old.length; i++) markFloats(value[i], old[i], ints)
  } else if (isPlainObject(value) && isPlainObject(old)) {
    for (const key of Object.keys(value)) if (Object.hasOwn(old, key)) markFloats(value[key], old[key], ints)
  }
}
