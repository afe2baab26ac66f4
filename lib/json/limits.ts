/**
 * The limits of data, the same for writing and reading: all that is written can be read, in milliseconds.
 *
 * @module
 */

/** How deep lists and objects may be nested in the JSON text. Flask's own limit is near 300. */
export const maxDepth = 256
/** Characters that the JSON text of data may have; longer text is too long for a payload. */
export const maxLength = 262_144

export const tooDeep = `nested deeper than ${maxDepth}`
export const tooLong = `more than ${maxLength} characters or bytes`

/** Data has more characters or bytes than a payload may have. */
export class TooLong extends RangeError {
  constructor () {
    super(tooLong)
  }
}
