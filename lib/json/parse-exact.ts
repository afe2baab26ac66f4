/**
 * A reader of JSON as Python writes it. It takes more time than JSON.parse, which knows neither `NaN` nor `Infinity`, rounds
 * ints past 2^53-1, and does not tell `1.0` from `1`.
 *
 * @module
 */

import { setOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { carryAllFloats, tooManyDigits } from './json-text.ts'
import { maxDepth, maxDigits, tooDeep } from './limits.ts'

/** Whether {@link parseExact} may find floats in the text that JSON.parse would take for ints. */
export function mayHaveFloats (text: string): boolean {
  return text.includes('.0')
}

/**
 * As JSON.parse, but with `NaN`, the infinities, a bigint for every int past 2^53-1, and a memory for floats.
 *
 * @throws {SyntaxError} for what is not JSON, or an integer of more than 4300 digits.
 * @throws {RangeError} for data nested deeper than {@link maxDepth}.
 */
export function parseExact (text: string): unknown {
  return new ExactParser(text).document()
}

const words: ReadonlyArray<[word: string, value: unknown]> = [
  ['true', true], ['false', false], ['null', null], ['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]
]
/** Digits that are summed up without loss. */
const safeDigits = 15
/** V8 keeps the whole text in memory for a slice of more characters. */
const longestSlice = 12

class ExactParser {
  readonly #text: string
  #at = 0
  /** Whether the number that was read last is whole, and was written as a float. */
  #isWholeFloat = false

  constructor (text: string) {
    this.#text = text
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
    const list: unknown[] = []
    let floats: unknown[] | undefined
    if (this.#opens(depth, 0x5d)) return list
    do {
      const value = this.#value(depth + 1)
      const isFloat = this.#isWholeFloat && typeof value === 'number'
      if (floats === undefined && isFloat) floats = new Array(list.length).fill(undefined)
      if (floats !== undefined) floats.push(isFloat ? value : undefined)
      list.push(value)
    } while (this.#goesOn(0x5d))
    if (floats !== undefined) carryAllFloats(list, floats)
    return list
  }

  #dict (depth: number): Dict {
    const dict: Dict = {}
    let floats: Map<string, number> | undefined
    if (this.#opens(depth, 0x7d)) return dict
    do {
      if (this.#next() !== 0x22) throw this.#unexpected()
      const key = this.#string()
      if (this.#next() !== 0x3a) throw this.#unexpected()
      this.#at++
      const value = this.#value(depth + 1)
      setOwn(dict, key, value)
      if (this.#isWholeFloat && typeof value === 'number') floats = (floats ?? new Map<string, number>()).set(key, value)
      // The last of several equal keys counts.
      else floats?.delete(key)
    } while (this.#goesOn(0x7d))
    if (floats !== undefined) carryAllFloats(dict, floats)
    return dict
  }

  /** Goes into a list or dict. Whether it is empty, and over. */
  #opens (depth: number, end: number): boolean {
    if (depth > maxDepth) throw new RangeError(tooDeep)
    this.#at++
    if (this.#next() !== end) return false
    this.#at++
    return true
  }

  /** Goes behind the comma or the end after an item. Whether there is another one. */
  #goesOn (end: number): boolean {
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
      // Also at the end of the text, where it is NaN.
      if (!(code >= 0x20)) throw this.#unexpected()
      if (code === 0x5c) isPlain = false
      end += code === 0x5c ? 2 : 1
    }
    this.#at = end + 1
    if (isPlain && end - start <= longestSlice) return text.slice(start + 1, end)
    return JSON.parse(text.slice(start, end + 1)) as string
  }

  /** `undefined` where there is none. */
  #number (): number | bigint | undefined {
    const text = this.#text
    const start = this.#at
    const isNegative = text.charCodeAt(start) === 0x2d
    const first = isNegative ? start + 1 : start
    // A zero has no digits behind it.
    const point = text.charCodeAt(first) === 0x30 ? first + 1 : this.#digits(first)
    if (point === first) return undefined
    let end = point
    if (text.charCodeAt(end) === 0x2e) end = this.#someDigits(end + 1)
    if ((text.charCodeAt(end) | 0x20) === 0x65) { // e E
      const sign = text.charCodeAt(end + 1)
      end = this.#someDigits(end + (sign === 0x2b || sign === 0x2d ? 2 : 1))
    }
    this.#at = end
    if (end === point) return this.#int(first, end, isNegative)
    const number = Number(text.slice(start, end))
    this.#isWholeFloat = Number.isSafeInteger(number)
    return number
  }

  #int (first: number, end: number, isNegative: boolean): number | bigint {
    const text = this.#text
    this.#isWholeFloat = false
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

  /** Where the digits that begin here end. */
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
      this.#isWholeFloat = false
      return value
    }
    throw this.#unexpected()
  }

  /** The character behind white space; NaN at the end. */
  #next (): number {
    const text = this.#text
    let code = text.charCodeAt(this.#at)
    while (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d) code = text.charCodeAt(++this.#at)
    return code
  }

  /** Without a word of the text, which may be a secret. */
  #unexpected (): SyntaxError {
    return new SyntaxError(`not JSON at character ${this.#at}`)
  }
}
