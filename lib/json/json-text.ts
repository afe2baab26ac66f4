/**
 * Numbers as Python's JSON has them: integers of any length, `NaN`, `Infinity` and `-Infinity`, and floats that are whole.
 *
 * JSON.stringify does the work. A number that it would lose stands in its text as a string behind a mark, which is random,
 * so that no data can contain it.
 *
 * @module
 */

import { maxDigits } from './limits.ts'

const mark = newMark()
const markedText = new RegExp(`"${mark}([^"]*)"`, 'g')
export const tooManyDigits = `an integer of more than ${maxDigits} digits`

/** A number that JSON.stringify would write as another one. */
export class ExactNumber {
  readonly text: string

  /** @param text - the number as Python's `json` writes it */
  constructor (text: string) {
    this.text = text
  }

  toJSON (): string {
    return mark + this.text
  }
}

/**
 * A number as it must be written to come back as it is: an integer of a float past 2^53-1 needs an exponent, or it would
 * be read as an int.
 *
 * @throws {RangeError} for a bigint of more than 4300 digits, which Python refuses to read.
 */
export function exactNumber (value: number | bigint): number | ExactNumber {
  if (typeof value === 'bigint') {
    const text = String(value)
    if (text.length - (value < 0n ? 1 : 0) > maxDigits) throw new RangeError(tooManyDigits)
    return new ExactNumber(text)
  }
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? asFloat(value) : value
  if (Number.isInteger(value)) return new ExactNumber(value.toExponential())
  return Number.isFinite(value) ? value : new ExactNumber(String(value))
}

/** Whether this number is what JSON.stringify will write, and what JSON.parse found in a text. Not so, maybe: `-0`, and ints past 2^53-1. */
export function isExactInJSON (value: number): boolean {
  return Number.isSafeInteger(value) ? !Object.is(value, -0) : Number.isFinite(value) && !Number.isInteger(value)
}

/** A whole number as Python writes a float. */
export function asFloat (value: number): ExactNumber {
  return new ExactNumber(`${Object.is(value, -0) ? '-0' : value}.0`)
}

/**
 * The numbers of a list, each in its place, or of a dict that Python wrote as floats although they are whole (`1.0`). JavaScript has
 * one kind of number, but what is only carried along shall be a float again when it is written.
 */
export type Floats = unknown[] | Map<string, number>

const floats = new WeakMap<object, Floats>()

/** Whether this number came as a float and was only carried along. */
export function isCarriedFloat (around: object, key: string | number, value: number): boolean {
  const known = floats.get(around)
  if (known === undefined) return false
  return Object.is(Array.isArray(known) ? known[key as number] : known.get(key as string), value)
}

/** Remembers that these numbers, each in the place that it has in this list or dict, came as floats. */
export function carryAllFloats (around: object, known: Floats): void {
  floats.set(around, known)
}

/** Whether any number in this list or dict came as a float. */
export function hasCarriedFloats (around: object): boolean {
  return floats.has(around)
}

/** Whether the same numbers in both came as floats: one was made by {@link carryFloats} from the other, or there are none. */
export function haveSameFloats (around: object, other: object): boolean {
  return floats.get(around) === floats.get(other)
}

/** A list takes the place of another one that had the same items. */
export function carryFloats <T extends object> (from: object, to: T): T {
  const known = floats.get(from)
  if (known !== undefined) floats.set(to, known)
  return to
}

/** JSON text of data in which {@link ExactNumber} may stand. */
export function stringify (value: unknown, hasExactNumbers: boolean): string {
  const text = JSON.stringify(value)
  return hasExactNumbers ? text.replace(markedText, '$1') : text
}

function newMark (): string {
  return `number ${crypto.randomUUID()}`
}
