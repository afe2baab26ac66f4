/**
 * Cookies that were verified before. Most requests bring one that was seen seconds ago.
 *
 * @module
 */

import { base64ToInt } from '../itsdangerous/encoding.ts'
import type { Dict } from '../json/dict.ts'
import { CookieBytes } from './cookie-bytes.ts'
import { mayBePermanent } from './permanence.ts'

/** A cookie whose signature is right. Its age is to be checked at every use. */
export interface RememberedCookie {
  /** The whole cookie: only the very same text counts as seen. */
  readonly cookie: string
  readonly text: string
  /** Seconds since 1970, once it was asked for; NaN, which is never in time, where there is none. */
  timestamp: number | undefined
  /** Whether {@link mayBePermanent}, once it was asked. */
  mayBePermanent: boolean | undefined
  /** The data, once it was asked for again; shared, so nobody may change it. */
  data: Dict | undefined
}

/** Characters at the end of a cookie, all of them of the signature: 128 bits or more. */
const tailLength = 22
/** Characters that the cookies and texts of one generation may have together, and bytes that they take until they are asked for. */
const largestGeneration = 1_048_576
/** Bytes for each cookie of a small memo. */
const usualLength = 16_384
/** Places for marks of cookies that came once, for each cookie that is remembered. */
const marksPerCookie = 4
/** So many cookies of the shortest kind have room in two generations. */
const mostMarks = 65_536

/** Cookies of about the same age, by {@link keyOf}. One that was not yet asked for is a place in the bytes. */
class Generation {
  readonly cookies = new Map<number, RememberedCookie | number>()
  readonly bytes: CookieBytes
  /** Characters of the cookies that were asked for, and of their texts. */
  length = 0

  constructor (size: number) {
    this.bytes = new CookieBytes(size)
  }

  clear (): void {
    this.cookies.clear()
    this.bytes.clear()
    this.length = 0
  }
}

/**
 * Remembers the youngest cookies in two generations: when the young one is full it becomes the old one, whose place is
 * taken; an old cookie that is used again is young again. A miss costs less than with lists that are kept in order.
 */
export class CookieMemo {
  /** Of each generation. */
  readonly #max: number
  readonly #sep: string
  #young: Generation
  #old: Generation
  /** What is left of cookies that came once. */
  readonly #marks: Uint32Array

  /**
   * @param max - how many cookies at the most; 0 for none
   * @param sep - what stands between the parts of a cookie
   */
  constructor (max: number, sep = '.') {
    this.#max = Math.max(0, Math.floor(max / 2))
    this.#sep = sep
    const size = Math.min(this.#max * usualLength, largestGeneration)
    this.#young = new Generation(size)
    this.#old = new Generation(size)
    this.#marks = new Uint32Array(Math.min(this.#max * 2 * marksPerCookie, mostMarks))
  }

  get (cookie: string): RememberedCookie | undefined {
    const key = keyOf(cookie)
    return this.#find(this.#young, key, cookie) ?? this.#find(this.#old, key, cookie)
  }

  /** Remembers a cookie that was signed just now: the client will send it back. */
  add (cookie: string, text: string): void {
    const { bytes } = this.#makeRoom(0)
    const place = bytes.add(cookie, text) ?? (bytes.couldHold(cookie, text) ? this.#next().bytes.add(cookie, text) : undefined)
    if (place !== undefined) this.#young.cookies.set(keyOf(cookie), place)
  }

  /** Remembers a cookie that was verified just now, if it comes again; at first a mark is left, which takes no memory. */
  addSeen (cookie: string, text: string): void {
    const key = keyOf(cookie)
    const place = key % this.#marks.length
    if (this.#marks[place] === key) this.add(cookie, text)
    else this.#marks[place] = key // without places this does nothing
  }

  timestampOf (known: RememberedCookie): number {
    known.timestamp ??= timestampOf(known.cookie, this.#sep)
    return known.timestamp
  }

  /** As {@link mayBePermanent}, and faster for a cookie that is remembered. */
  mayBePermanent (cookie: string): boolean {
    const known = this.get(cookie)
    if (known === undefined) return mayBePermanent(cookie)
    known.mayBePermanent ??= mayBePermanent(cookie)
    return known.mayBePermanent
  }

  #find (generation: Generation, key: number, cookie: string): RememberedCookie | undefined {
    const found = generation.cookies.get(key)
    if (found === undefined) return undefined
    if (typeof found === 'number') return this.#ask(generation.bytes, found, key, cookie)
    if (!isSame(found.cookie, cookie)) return undefined
    return generation === this.#old ? this.#set(key, found) : found
  }

  /** The length is looked at first, as anybody may send the end of a cookie that he has, and reading the bytes takes time. */
  #ask (bytes: CookieBytes, place: number, key: number, cookie: string): RememberedCookie | undefined {
    if (bytes.lengthAt(place) !== cookie.length) return undefined
    const own = bytes.cookieAt(place)
    if (!isSame(own, cookie)) return undefined
    return this.#set(key, { cookie: own, text: bytes.textAt(place), timestamp: undefined, mayBePermanent: undefined, data: undefined })
  }

  #set (key: number, known: RememberedCookie): RememberedCookie {
    const length = known.cookie.length + known.text.length
    const young = this.#makeRoom(length)
    young.cookies.set(key, known)
    young.length += length
    return known
  }

  /** The young generation, with room for one more cookie. */
  #makeRoom (length: number): Generation {
    const { cookies, length: taken } = this.#young
    return cookies.size >= this.#max || taken + length > largestGeneration ? this.#next() : this.#young
  }

  #next (): Generation {
    [this.#young, this.#old] = [this.#old, this.#young]
    this.#young.clear()
    return this.#young
  }
}

/**
 * 30 bits of the end of the signature. V8 would hash a whole text, and look at each text under an equal hash, which takes
 * longer than all else; numbers of up to 30 bits stand in a Map themselves.
 */
function keyOf (cookie: string): number {
  let key = 0
  for (let i = cookie.length - 8; i < cookie.length; i++) key = Math.imul(key, 37) + cookie.charCodeAt(i) | 0
  return key & 0x3fffffff
}

/** Whether two cookies are the same text. Who does not know the end of a signature learns nothing from the time that takes. */
function isSame (known: string, cookie: string): boolean {
  if (known.length !== cookie.length) return false
  let difference = 0
  for (let i = Math.max(0, cookie.length - tailLength); i < cookie.length; i++) difference |= known.charCodeAt(i) ^ cookie.charCodeAt(i)
  return difference === 0 && known === cookie
}

function timestampOf (cookie: string, sep: string): number {
  const end = cookie.lastIndexOf(sep)
  return Number(base64ToInt(cookie.slice(cookie.lastIndexOf(sep, end - 1) + sep.length, end)))
}
