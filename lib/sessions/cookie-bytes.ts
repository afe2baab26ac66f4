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

export class CookieBytes {
  readonly #size: number
  #bytes: Buffer | undefined
  #end = 0

  /** @param size - in bytes; the memory is taken when the first cookie comes */
  constructor (size: number) {
    this.#size = size
  }

  /** The place of a cookie from now on; `undefined` when there is no room for it. */
  add (cookie: string, text: string): number | undefined {
    if (!this.#hasRoom(cookie, text)) return undefined
    const place = this.#end
    this.#bytes ??= Buffer.allocUnsafeSlow(this.#size)
    const length = this.#bytes.write(cookie, place + headLength)
    const textLength = this.#bytes.write(text, place + headLength + length)
    this.#bytes.writeUInt32LE(length, place)
    this.#bytes.writeUInt32LE(textLength, place + 4)
    this.#end += headLength + length + textLength
    return place
  }

  cookieAt (place: number): string {
    const bytes = this.#bytes as Buffer
    const start = place + headLength
    return bytes.toString('utf8', start, start + bytes.readUInt32LE(place))
  }

  textAt (place: number): string {
    const bytes = this.#bytes as Buffer
    const start = place + headLength + bytes.readUInt32LE(place)
    return bytes.toString('utf8', start, start + bytes.readUInt32LE(place + 4))
  }

  /** No place is one any more. */
  clear (): void {
    this.#end = 0
  }

  #hasRoom (cookie: string, text: string): boolean {
    const room = this.#size - this.#end - headLength
    // A UTF-16 unit is at most three bytes of UTF-8; to count them takes time.
    return (cookie.length + text.length) * 3 <= room || Buffer.byteLength(cookie) + Buffer.byteLength(text) <= room
  }
}
