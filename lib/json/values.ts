/**
 * The Python values that JavaScript lacks.
 *
 * @module
 */

/**
 * A Python tuple: an array that is a tuple again on the other side. What its methods make of it is a plain array.
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
export class Markup extends String {
  /** The text, for whoever asks for HTML. */
  __html__ (): string {
    return this.toString()
  }
}

/**
 * Makes the methods of all texts in the process as fast as they were before a class was derived from String.
 *
 * V8 puts the properties of a prototype into a dictionary when a class is derived from it, and takes them out again when code that runs
 * often reads one through an object. Texts are no objects, so that nothing ever does for `String.prototype`: with the dictionary,
 * `charCodeAt` takes four times as long (Node 20 to 25) in all code, that of Fastify too.
 */
function quickenStrings (text: { readonly length: number }): number {
  let length = 0
  for (let i = 0; i < 1000; i++) length += text.length
  return length
}

quickenStrings(new Markup(''))

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
