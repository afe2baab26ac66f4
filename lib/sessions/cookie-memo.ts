/**
 * Cookies that were verified before. Most requests bring one that was seen seconds ago.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { base64Decode, bytesToInt } from '../itsdangerous/encoding.ts'
import type { Dict } from '../json/dict.ts'

/** A cookie whose signature is right. Its age is to be checked at every use. */
export interface RememberedCookie {
  /** The whole cookie: only the very same text counts as seen. */
  readonly cookie: string
  readonly text: string
  /** Seconds since 1970. */
  readonly timestamp: number
  /** The data, once somebody read it; shared, so nobody may change it. */
  data?: Dict
}

/** Characters at the end of a cookie, all of them of the signature: 132 bits. V8 would hash the whole cookie as a key. */
const keyLength = 22
/** Characters of all remembered cookies and texts together. */
const largestMemo = 4_194_304

/** Remembers a number of cookies, the youngest in use. */
export class CookieMemo {
  readonly #cookies: LRUCache<string, RememberedCookie> | undefined

  /** @param max - how many; 0 for none */
  constructor (max: number) {
    if (max > 0) {
      this.#cookies = new LRUCache({ max, maxSize: largestMemo, sizeCalculation: ({ cookie, text }) => cookie.length + text.length })
    }
  }

  get (cookie: string): RememberedCookie | undefined {
    const known = this.#cookies?.get(cookie.slice(-keyLength))
    return known?.cookie === cookie ? known : undefined
  }

  /** @param cookie - one that was verified, or signed, just now */
  add (cookie: string, text: string): void {
    if (this.#cookies === undefined) return
    // A slice would keep the whole Cookie header in memory.
    const copy = Buffer.from(cookie, 'latin1').toString('latin1')
    this.#cookies.set(copy.slice(-keyLength), { cookie: copy, text, timestamp: timestampOf(copy) })
  }
}

function timestampOf (cookie: string): number {
  const end = cookie.lastIndexOf('.')
  return Number(bytesToInt(base64Decode(cookie.slice(cookie.lastIndexOf('.', end - 1) + 1, end))))
}
