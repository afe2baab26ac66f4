/**
 * Cookies and their JSON texts as bytes, one behind the other in one piece of memory.
 *
 * Of the cookies that are signed many never come back. Kept as strings, the garbage collector would move each twice and then have
 * to find it in the old space, which at 3 KB takes longer than to sign it. Here it sees none of them.
 *
 * @module
 */

/** In front of each: how many bytes its cookie has, and its text. */
const headLength = 8
/** Bytes that are taken at first. */
const smallest = 16_384

/** A list that is only added to, or cleared. */
export class CookieBytes {
  readonly #size: number
  #bytes: Buffer = none
  #end = 0

  /** @param size - in bytes; memory is taken as it is needed */
  constructor (size: number) {
    this.#size = size
  }

  /** Whether there would be room for a cookie if there were no others. */
  couldHold (cookie: string, text: string): boolean {
    return fits(cookie, text, this.#size)
  }

  /** The place of a cookie from now on; `undefined` when there is no room for it. */
  add (cookie: string, text: string): number | undefined {
    const place = this.#end
    if (!fits(cookie, text, this.#size - place)) return undefined
    this.#grow(place + longest(cookie, text))
    const length = this.#bytes.write(cookie, place + headLength)
    const textLength = this.#bytes.write(text, place + headLength + length)
    this.#bytes.writeUInt32LE(length, place)
    this.#bytes.writeUInt32LE(textLength, place + 4)
    this.#end += headLength + length + textLength
    return place
  }

  /** How many bytes the cookie has: as many as characters, if they are ASCII. */
  lengthAt (place: number): number {
    return this.#bytes.readUInt32LE(place)
  }

  cookieAt (place: number): string {
    const start = place + headLength
    return this.#bytes.toString('utf8', start, start + this.lengthAt(place))
  }

  textAt (place: number): string {
    const start = place + headLength + this.lengthAt(place)
    return this.#bytes.toString('utf8', start, start + this.#bytes.readUInt32LE(place + 4))
  }

  /** No place is one any more. */
  clear (): void {
    this.#end = 0
  }

  /** Takes more memory, so that there are so many bytes, or all that may be taken. */
  #grow (needed: number): void {
    const { length } = this.#bytes
    if (length >= needed || length === this.#size) return
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, length * 2, smallest), this.#size))
    this.#bytes.copy(grown)
    this.#bytes = grown
  }
}

const none = Buffer.alloc(0)

/** A UTF-16 unit is at most three bytes of UTF-8. */
function longest (cookie: string, text: string): number {
  return headLength + (cookie.length + text.length) * 3
}

function fits (cookie: string, text: string, room: number): boolean {
  // To count the bytes takes time.
  return longest(cookie, text) <= room || headLength + Buffer.byteLength(cookie) + Buffer.byteLength(text) <= room
}
