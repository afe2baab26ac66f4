/**
 * How much data may be, in both directions: what is written can be read, and what is read costs milliseconds at the most.
 *
 * @module
 */

/** How deep lists and objects may be nested in the JSON text. Flask's own limit lies near 300. */
export const maxDepth = 256
/**
 * How many keys and values the JSON text may have: each key, list, dict, number, text, true, false and null is one. Of a number of
 * 33 to 4300 digits, which takes time by their square, each 16 digits are one more.
 */
export const maxValues = 4096
/** Characters of text, and bytes, that data may have together; JSON text that holds more is too long for a payload. */
export const maxLength = 262_144
/** Digits that an int may have: Python's own limit (`sys.get_int_max_str_digits`). */
export const maxDigits = 4300
/** Digits of a number that counts no more than another value. */
const longestDigits = 32

export const tooDeep = `nested deeper than ${maxDepth}`
export const tooMany = `more than ${maxValues} keys and values`
export const tooLong = `more than ${maxLength} characters or bytes`

/** Data has more characters or bytes than a payload may have. */
export class TooLong extends RangeError {
  constructor () {
    super(tooLong)
  }
}

/** Whether JSON text has more than {@link maxValues}. Of text that is not JSON it may say anything. */
export function hasTooManyValues (text: string): boolean {
  // Each takes two characters at least, with the comma, colon or bracket behind it.
  if (text.length <= maxValues * 2) return false
  let count = 1
  let isFirst = false
  // One more may be an empty list, which is counted twice until it ends.
  for (let i = 0; i < text.length && count <= maxValues + 1; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfString(text, i + 1)
        isFirst = false
        break
      case 0x2c: case 0x3a: // , :
        count++
        break
      case 0x5b: case 0x7b: // [ {
        count++
        isFirst = true
        break
      case 0x5d: case 0x7d: // ] }
        // An empty list has brackets, but no first item.
        if (isFirst) count--
        isFirst = false
        break
      case 0x20: case 0x09: case 0x0a: case 0x0d:
        break
      default: {
        isFirst = false
        const end = endOfDigits(text, i)
        if (end - i > longestDigits && end - i <= maxDigits) count += Math.floor((end - i) / 16)
        if (end > i) i = end - 1
      }
    }
  }
  return count > maxValues
}

function endOfDigits (text: string, start: number): number {
  let i = start
  for (let code = text.charCodeAt(i); code >= 0x30 && code <= 0x39; code = text.charCodeAt(i)) i++
  return i
}

/** Where the string that begins here ends; the end of the text where it does not. */
function endOfString (text: string, start: number): number {
  let i = start
  for (let code = text.charCodeAt(i); code !== 0x22 && i < text.length; code = text.charCodeAt(i)) i += code === 0x5c ? 2 : 1
  return i
}
