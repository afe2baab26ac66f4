/**
 * JSON as Python writes and reads it: integers of any length, `NaN`, `Infinity` and `-Infinity`.
 *
 * JSON.parse and JSON.stringify do the work. A number that they would lose stands in the text as a string behind a mark
 * while they run. The mark is random, so that no data can contain it.
 *
 * @module
 */

const mark = newMark()
const markedText = new RegExp(`"${mark}([^"]*)"`, 'g')
// A string, which is left alone, or a number. The grammar around them is JSON.parse's business. A string without an end
// is taken as a whole, or the search would start again at each quote in it.
const stringOrNumber = /"[^"\\]*(?:\\[^]?[^"\\]*)*(?:"|$)|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const integer = /^-?\d+$/
/** Python's own limit (`sys.get_int_max_str_digits`). */
const maxDigits = 4300
const tooManyDigits = `an integer of more than ${maxDigits} digits`

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
 * Where Python wrote a float that is a whole number (`1.0`): by list or object, the key and the number. JavaScript has one
 * kind of number, but what is only carried along shall be a float again when it is written.
 */
const floats = new WeakMap<object, Map<string | number, number>>()

/** Whether this number came as a float and was only carried along. */
export function isCarriedFloat (around: object, key: string | number, value: number): boolean {
  return Object.is(floats.get(around)?.get(key), value)
}

/** Remembers that this number came as a float. */
export function carryFloat (around: object, key: string | number, value: number): void {
  const known = floats.get(around) ?? new Map<string | number, number>()
  floats.set(around, known.set(key, value))
}

/** Whether any number in this list or object came as a float. */
export function hasCarriedFloats (around: object): boolean {
  return floats.has(around)
}

/** A list or object takes the place of another one that had the same items. */
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

/** Whether {@link parseExact} may find floats in the text that JSON.parse would take for ints. */
export function mayHaveFloats (text: string): boolean {
  return text.includes('.0')
}

/**
 * As JSON.parse, but with `NaN`, the infinities, a bigint for every int past 2^53-1, and a memory for floats.
 *
 * @throws {SyntaxError} for what is not JSON, or an integer of more than 4300 digits.
 */
export function parseExact (text: string): unknown {
  // Not the mark of stringify, since a SyntaxError quotes from the text; and 48 bits of one, as it may stand there often.
  const mark = newMark().slice(-12)
  const marked = text.replace(stringOrNumber, (token, offset: number) => {
    if (!isLostOnJSON(token)) return token
    if (isKey(text, offset + token.length)) throw new SyntaxError('a number in the place of a key')
    return `"${mark}${token}"`
  })
  const json: unknown = JSON.parse(marked)
  if (isMarked(json, mark)) return numberOf(json.slice(mark.length))
  if (typeof json === 'object' && json !== null) unmark(json as Record<string, unknown>, mark)
  return json
}

/** Puts the numbers into the place of the marked strings; JSON.parse with a reviver would take several times as long. */
function unmark (around: Record<string | number, unknown>, mark: string): void {
  const keys = Array.isArray(around) ? around.keys() : Object.keys(around)
  for (const key of keys) {
    const value = around[key]
    if (typeof value === 'object' && value !== null) unmark(value as Record<string, unknown>, mark)
    if (!isMarked(value, mark)) continue
    const token = value.slice(mark.length)
    const number = numberOf(token)
    // The key is there already, so that even __proto__ is an ordinary one.
    around[key] = number
    if (Number.isSafeInteger(number) && !integer.test(token)) carryFloat(around, key, number as number)
  }
}

/** Whether what ends here is followed by a colon. */
function isKey (text: string, end: number): boolean {
  while (' \t\n\r'.includes(text.charAt(end)) && end < text.length) end++
  return text.charAt(end) === ':'
}

function isMarked (value: unknown, mark: string): value is string {
  return typeof value === 'string' && value.startsWith(mark)
}

function numberOf (token: string): number | bigint {
  return integer.test(token) ? intOf(token) : Number(token)
}

function newMark (): string {
  return `number ${crypto.randomUUID()}`
}

function isLostOnJSON (token: string): boolean {
  if (token.startsWith('"')) return false
  if (!/\d/.test(token)) return true
  return token === '-0' || integer.test(token) !== Number.isSafeInteger(Number(token))
}

function intOf (token: string): number | bigint {
  if (token.length - (token.startsWith('-') ? 1 : 0) > maxDigits) throw new SyntaxError(tooManyDigits)
  return token === '-0' ? 0 : BigInt(token)
}
