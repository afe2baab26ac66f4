/**
 * A reader of JSON as Python writes it. It is slower than JSON.parse, which knows neither `NaN` nor `Infinity`, rounds
 * ints past 2^53-1, and does not tell `-0.0` from `-0`.
 *
 * @module
 */

import { setOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { maxDepth, tooDeep } from './limits.ts'
import { maxDigits, tooManyDigits } from './numbers.ts'

/**
 * Replaces a number.
 *
 * @param isFloat - whether it has a point or an exponent
 * @param end - the index after the number
 */
export type ReviveNumber = (value: number | bigint, isFloat: boolean, end: number) => unknown

/**
 * As JSON.parse, but with `NaN`, the infinities, and a bigint for every int past 2^53-1.
 *
 * @param revive - returns the replacement of a number, but neither `undefined` nor `null`
 * @throws {SyntaxError} for text that is not JSON, or an integer of more than 4300 digits.
 * @throws {RangeError} for data nested deeper than {@link maxDepth}.
 */
export function parseExact (text: string, revive: ReviveNumber = (value) => value): unknown {
  return new ExactParser(text, revive).document()
}

const words: ReadonlyArray<[word: string, value: unknown]> = [
  ['true', true], ['false', false], ['null', null], ['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]
]
/** Ints with at most this many digits can be added up without loss. */
const safeDigits = 15
/** A longer slice keeps the whole text in memory. */
const longestSlice = 12

class ExactParser {
  readonly #text: string
  readonly #revive: ReviveNumber
  #at = 0

  constructor (text: string, revive: ReviveNumber) {
    this.#text = text
    this.#revive = revive
  }

  document (): unknown {
    const value = this.#value(1)
    if (!Number.isNaN(this.#next())) throw this.#unexpected()
    return value
  }

  #value (depth: number): unknown {
    switch (this.#next()) {
      case 0x22: return this.#string() // "
      case 0x5b: return this.#list(depth) // [
      case 0x7b: return this.#dict(depth) // {
      default: return this.#number() ?? this.#word()
    }
  }

  #list (depth: number): unknown[] {
    if (this.#enter(depth, 0x5d)) return []
    // V8 allocates a much smaller list for a first item than for a push.
    const list = [this.#value(depth + 1)]
    while (this.#more(0x5d)) list.push(this.#value(depth + 1))
    return list
  }

  #dict (depth: number): Dict {
    const dict: Dict = {}
    if (this.#enter(depth, 0x7d)) return dict
    do {
      if (this.#next() !== 0x22) throw this.#unexpected()
      const key = this.#string()
      if (this.#next() !== 0x3a) throw this.#unexpected()
      this.#at++
      // The last of several equal keys counts.
      setOwn(dict, key, this.#value(depth + 1))
    } while (this.#more(0x7d))
    return dict
  }

  /** Enters a list or dict. Returns whether it is empty; then its end is skipped as well. */
  #enter (depth: number, end: number): boolean {
    if (depth > maxDepth) throw new RangeError(tooDeep)
    this.#at++
    if (this.#next() !== end) return false
    this.#at++
    return true
  }

  /** Skips the comma or the end after an item. Returns whether there is another item. */
  #more (end: number): boolean {
    const code = this.#next()
    if (code !== 0x2c && code !== end) throw this.#unexpected()
    this.#at++
    return code !== end
  }

  #string (): string {
    const text = this.#text
    const start = this.#at
    let end = start + 1
    let isPlain = true
    for (let code = text.charCodeAt(end); code !== 0x22; code = text.charCodeAt(end)) {
      // Negated, so that NaN, at the end of the text, throws.
      if (!(code >= 0x20)) throw this.#unexpected()
      if (code === 0x5c) isPlain = false
      end += code === 0x5c ? 2 : 1
    }
    this.#at = end + 1
    if (isPlain && end - start <= longestSlice) return text.slice(start + 1, end)
    return JSON.parse(text.slice(start, end + 1)) as string
  }

  /** `undefined` when there is no number here. */
  #number (): unknown {
    const text = this.#text
    const start = this.#at
    const isNegative = text.charCodeAt(start) === 0x2d
    const first = isNegative ? start + 1 : start
    // No digit may follow a leading zero.
    const point = text.charCodeAt(first) === 0x30 ? first + 1 : this.#digits(first)
    if (point === first) return undefined
    let end = point
    if (text.charCodeAt(end) === 0x2e) end = this.#someDigits(end + 1)
    if ((text.charCodeAt(end) | 0x20) === 0x65) { // e E
      const sign = text.charCodeAt(end + 1)
      end = this.#someDigits(end + (sign === 0x2b || sign === 0x2d ? 2 : 1))
    }
    this.#at = end
    return end === point
      ? this.#revive(this.#int(first, end, isNegative), false, end)
      : this.#revive(Number(text.slice(start, end)), true, end)
  }

  #int (first: number, end: number, isNegative: boolean): number | bigint {
    const text = this.#text
    if (end - first <= safeDigits) {
      let number = 0
      for (let i = first; i < end; i++) number = number * 10 + text.charCodeAt(i) - 0x30
      // Python has no int that is -0.
      return isNegative ? 0 - number : number
    }
    if (end - first > maxDigits) throw new SyntaxError(tooManyDigits)
    const token = text.slice(isNegative ? first - 1 : first, end)
    const number = Number(token)
    return Number.isSafeInteger(number) ? number : BigInt(token)
  }

  /** The index after the digits that begin at `start`. */
  #digits (start: number): number {
    const text = this.#text
    let i = start
    for (let code = text.charCodeAt(i); code >= 0x30 && code <= 0x39; code = text.charCodeAt(i)) i++
    return i
  }

  #someDigits (start: number): number {
    const end = this.#digits(start)
    this.#at = end
    if (end === start) throw this.#unexpected()
    return end
  }

  #word (): unknown {
    for (const [word, value] of words) {
      if (!this.#text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    throw this.#unexpected()
  }

  /** The code of the next character that is not white space; NaN at the end. */
  #next (): number {
    const text = this.#text
    let code = text.charCodeAt(this.#at)
    while (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d) code = text.charCodeAt(++this.#at)
    return code
  }

  /** The message repeats nothing of the text, which may be secret. */
  #unexpected (): SyntaxError {
    return new SyntaxError(`not JSON at character ${this.#at}`)
  }
}
