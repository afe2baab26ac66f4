/**
 * Numbers as Python's JSON has them: integers of any length, `NaN`, `Infinity`, `-Infinity` and `-0.0`.
 *
 * @module
 */

import { hasMethod, isDict } from './dict.ts'

/** Digits that an int may have: Python's own limit (`sys.get_int_max_str_digits`). */
export const maxDigits = 4300
export const tooManyDigits = `an integer of more than ${maxDigits} digits`

/** A number that JSON.stringify would write as a different number. */
export class ExactNumber {
  readonly text: string

  /** @param text - the number as Python's `json` writes it */
  constructor (text: string) {
    this.text = text
  }
}

/**
 * The form of a number that is read as the same number. A whole float past 2^53-1 needs an exponent: without
 * one it would be read as an int.
 *
 * @throws {RangeError} for a bigint of more than 4300 digits, which Python refuses to read.
 */
export function exactNumber (value: number | bigint): number | ExactNumber {
  if (typeof value === 'bigint') {
    const text = String(value)
    if (text.length - (value < 0n ? 1 : 0) > maxDigits) throw new RangeError(tooManyDigits)
    return new ExactNumber(text)
  }
  if (isExactInJSON(value)) return value
  if (value === 0) return new ExactNumber('-0.0')
  return new ExactNumber(Number.isFinite(value) ? value.toExponential() : String(value))
}

/**
 * Whether JSON.stringify writes this number exactly, and JSON.parse can only have read it from a text of the same
 * number. False for `-0`, NaN, the infinities, and whole numbers past 2^53-1.
 */
export function isExactInJSON (value: number): boolean {
  return Number.isSafeInteger(value) ? !Object.is(value, -0) : Number.isFinite(value) && !Number.isInteger(value)
}

/** As JSON.stringify, for JSON data with {@link ExactNumber}s in it; `undefined` where JSON.stringify gives that. */
export function stringifyExact (json: unknown): string | undefined {
  if (json instanceof ExactNumber) return json.text
  if (Array.isArray(json)) return `[${json.map((item) => stringifyExact(item) ?? 'null').join()}]`
  if (!isDict(json) || hasMethod(json, 'toJSON')) return JSON.stringify(json)
  const members: string[] = []
  for (const key of Object.keys(json)) {
    const text = stringifyExact(json[key])
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`)
  }
  return `{${members.join()}}`
}
