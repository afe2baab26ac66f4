/**
 * The Python values that JavaScript lacks.
 *
 * @module
 */

/**
 * A Python tuple: an array that is a tuple again on the other side. Its methods return plain arrays.
 *
 * Unlike `Array`, `new Tuple(3)` holds one 3.
 */
export class Tuple<T = unknown> extends Array<T> {
  static override get [Symbol.species] (): ArrayConstructor { return Array }

  constructor (...items: T[]) {
    super()
    this.push(...items)
  }
}

/** Text that is safe to put into HTML as it is: `markupsafe.Markup`. */
export class Markup {
  readonly text: string

  constructor (text: string) {
    this.text = String(text)
  }

  /** Characters of the text. */
  get length (): number {
    return this.text.length
  }

  /** The text, for code that needs HTML. */
  __html__ (): string {
    return this.text
  }

  toString (): string {
    return this.text
  }

  /** The text, for comparison with other text. */
  valueOf (): string {
    return this.text
  }

  /** The text, for `JSON.stringify` outside of sessions. */
  toJSON (): string {
    return this.text
  }
}

/** A UUID: Python's `uuid.UUID`. */
export class UUID {
  /** 32 hexadecimal digits in lower case, without hyphens. */
  readonly hex: string

  /**
   * @param text - 32 hexadecimal digits, with or without the four hyphens
   * @throws {TypeError} for any other text.
   */
  constructor (text: string) {
    const match = /^([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})$/i.exec(text)
    if (match === null) throw new TypeError('a UUID must be 32 hexadecimal digits')
    this.hex = text.replaceAll('-', '').toLowerCase()
  }

  /** The usual form with hyphens. */
  toString (): string {
    return this.hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }

  /** The form with hyphens, for `JSON.stringify` outside of sessions. */
  toJSON (): string {
    return this.toString()
  }
}
