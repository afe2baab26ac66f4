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
  /** Seconds since 1970; NaN, which is never in time, where there is none. */
  readonly timestamp: number
  /** Whether {@link mayBePermanent}. */
  readonly mayBePermanent: boolean
  /** The data, once it was asked for again; shared, so nobody may change it. */
  data: Dict | undefined
}

/** Characters at the end of a cookie, all of them of the signature: 132 bits. V8 would hash the whole cookie as a key. */
const keyLength = 22
/** Characters that the cookies and texts of one generation may have together. */
const largestGeneration = 2_097_152

/**
 * Remembers the youngest cookies in two generations: when the young one is full it becomes the old one, whose place is
 * taken; an old cookie that is used again is young again. A miss costs less than with lists that are kept in order.
 */
export class CookieMemo {
  readonly #max: number
  readonly #sep: string
  #young = new Map<string, RememberedCookie>()
  #old = new Map<string, RememberedCookie>()
  #length = 0

  /**
   * @param max - how many cookies at the most; 0 for none
   * @param sep - what stands between the parts of a cookie
   */
  constructor (max: number, sep = '.') {
    this.#max = Math.floor(max / 2)
    this.#sep = sep
  }

  get (cookie: string): RememberedCookie | undefined {
    const key = cookie.slice(-keyLength)
    const young = this.#young.get(key)
    if (young !== undefined) return young.cookie === cookie ? young : undefined
    const old = this.#old.get(key)
    if (old?.cookie !== cookie) return undefined
    this.#set(key, old)
    return old
  }

  /** @param cookie - one that was verified, or signed, just now */
  add (cookie: string, text: string): void {
    if (this.#max === 0) return
    // A slice would keep the whole Cookie header in memory.
    const copy = Buffer.from(cookie, 'latin1').toString('latin1')
    const timestamp = timestampOf(copy, this.#sep)
    this.#set(copy.slice(-keyLength), { cookie: copy, text, timestamp, mayBePermanent: mayBePermanent(copy), data: undefined })
  }

  #set (key: string, known: RememberedCookie): void {
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

function timestampOf (cookie: string, sep: string): number {
  const end = cookie.lastIndexOf(sep)
  return Number(base64ToInt(cookie.slice(cookie.lastIndexOf(sep, end - 1) + sep.length, end)))
}
