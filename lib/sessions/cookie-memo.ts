/**
 * Cookies that were verified before. Most requests bring one that was seen seconds ago.
 *
 * @module
 */

import { base64ToInt } from '../itsdangerous/encoding.ts'
import type { Dict } from '../json/dict.ts'
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
/** Characters that the cookies and texts of one generation may have together. */
const largestGeneration = 2_097_152
/** Places for marks of cookies that came once, for each cookie that is remembered. */
const marksPerCookie = 4
/** So many cookies of the shortest kind have room in two generations. */
const mostMarks = 65_536

/**
 * Remembers the youngest cookies in two generations: when the young one is full it becomes the old one, whose place is
 * taken; an old cookie that is used again is young again. A miss costs less than with lists that are kept in order.
 */
export class CookieMemo {
  readonly #max: number
  readonly #sep: string
  /** By {@link keyOf}. */
  #young = new Map<number, RememberedCookie>()
  #old = new Map<number, RememberedCookie>()
  #length = 0
  /** What is left of cookies that came once. */
  readonly #marks: Uint32Array

  /**
   * @param max - how many cookies at the most; 0 for none
   * @param sep - what stands between the parts of a cookie
   */
  constructor (max: number, sep = '.') {
    this.#max = Math.floor(max / 2)
    this.#sep = sep
    this.#marks = new Uint32Array(Math.min(Math.max(0, this.#max * 2 * marksPerCookie), mostMarks))
  }

  get (cookie: string): RememberedCookie | undefined {
    const key = keyOf(cookie)
    const young = this.#young.get(key)
    if (young !== undefined) return isSame(young.cookie, cookie) ? young : undefined
    const old = this.#old.get(key)
    if (old === undefined || !isSame(old.cookie, cookie)) return undefined
    this.#set(key, old)
    return old
  }

  /** Remembers a cookie that was signed just now: the client will send it back. */
  add (cookie: string, text: string): void {
    if (this.#max <= 0) return
    this.#set(keyOf(cookie), { cookie, text, timestamp: undefined, mayBePermanent: undefined, data: undefined })
  }

  /** Remembers a cookie that was verified just now, if it comes again; at first a mark is left, which takes no memory. */
  addSeen (cookie: string, text: string): void {
    const key = keyOf(cookie)
    const place = key % this.#marks.length
    if (this.#marks[place] === key) this.add(copyOf(cookie), text)
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

  #set (key: number, known: RememberedCookie): void {
    const length = known.cookie.length + known.text.length
    if (this.#young.size >= this.#max || this.#length + length > largestGeneration) {
      this.#old = this.#young
      this.#young = new Map()
      this.#length = 0
    }
    this.#young.set(key, known)
    this.#length += length
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

/** A slice would keep all of the Cookie header in memory. */
function copyOf (slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1')
}

function timestampOf (cookie: string, sep: string): number {
  const end = cookie.lastIndexOf(sep)
  return Number(base64ToInt(cookie.slice(cookie.lastIndexOf(sep, end - 1) + sep.length, end)))
}
