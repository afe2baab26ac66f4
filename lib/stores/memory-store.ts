/**
 * Sessions in the memory of this process.
 *
 * @module
 */

import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import { pick } from '../lookup.ts'
import { MemoryEntries } from './memory-entries.ts'
import type { Entry } from './memory-entries.ts'
import { noOptions, sameBytes, wholeMilliseconds } from './store.ts'
import type {
  DeleteOptions, SessionOfUser, SetOptions, StoredSession, SyncSessionStore, TouchOptions
} from './store.ts'
import { SWEPT_AT_ONCE, Sweeper } from './sweeper.ts'

/** The limits of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** The greatest number of sessions; `Infinity`: no session is evicted before it expires. @defaultValue `10_000` */
  max?: number | undefined
  /** The greatest sum of ids and data, in bytes of UTF-8. @defaultValue `Infinity` */
  maxBytes?: number | undefined
}

/**
 * A store for one process. Its sessions end with the process.
 *
 * It is bounded. When it is full, expired sessions go first, then the oldest ones that were never read (visitors who
 * did not come back), then the least recently read ones.
 */
export function memoryStore (options: MemoryStoreOptions = {}): SyncSessionStore {
  const { max, maxBytes }: MemoryStoreOptions = pick(options, ['max', 'maxBytes'])
  return new MemoryStore(limit('max', max, 10_000), limit('maxBytes', maxBytes, Infinity))
}

const MINUTE = 60_000
const MANY_ENTRIES = 100_000

class MemoryStore implements SyncSessionStore {
  readonly sync = true
  readonly evicts: boolean
  readonly #max: number
  readonly #maxBytes: number
  readonly #entries = new MemoryEntries()
  readonly #sweeper = new Sweeper(() => this.#sweep())
  #warn: ((message: string) => void) | undefined
  #lastWarned = -Infinity
  #evicted = 0

  constructor (max: number, maxBytes: number) {
    this.#max = max
    this.#maxBytes = maxBytes
    this.evicts = max < Infinity || maxBytes < Infinity
  }

  open (warn: (message: string) => void): void {
    if (this.#warn === undefined && process.env['NODE_ENV'] === 'production') {
      warn('memoryStore keeps its entries in this process only: they are lost when it ends, and no other process ' +
        'sees them')
    }
    this.#warn = warn
  }

  get (id: string): StoredSession | null {
    const entry = this.#find(id)
    if (entry === undefined) return null
    this.#entries.markRead(entry)
    return { data: entry.data, expires: entry.expires }
  }

  set (id: string, data: string, { expires, replaces, user }: SetOptions): boolean {
    if (wholeMilliseconds(expires) <= Date.now()) return false
    const old = this.#find(id)
    if (replaces === null ? old !== undefined : old === undefined || !sameBytes(old.data, replaces)) return false
    const bytes = Buffer.byteLength(id) + Buffer.byteLength(data)
    if (bytes > this.#maxBytes) throw new RangeError(`The session has ${bytes} bytes, maxBytes is ${this.#maxBytes}`)
    if (old !== undefined) this.#entries.remove(old)
    this.#makeRoom(bytes)
    this.#entries.add({ id, data, bytes, expires, wasRead: old?.wasRead ?? false, user })
    this.#sweeper.start()
    if (this.#max === Infinity && this.#entries.size >= MANY_ENTRIES) {
      this.#warnRarely(`memoryStore holds ${this.#entries.size} sessions and has no limit`)
    }
    return true
  }

  touch (id: string, expires: number, { user }: TouchOptions = noOptions): boolean {
    wholeMilliseconds(expires)
    const entry = this.#find(id)
    if (entry === undefined) return false
    if (user !== undefined) this.#entries.assign(entry, user)
    if (expires > entry.expires) this.#entries.prolong(entry, expires)
    return true
  }

  delete (id: string, { replaces }: DeleteOptions = noOptions): boolean {
    const entry = this.#find(id)
    if (entry === undefined || (replaces !== undefined && !sameBytes(entry.data, replaces))) return false
    this.#entries.remove(entry)
    return true
  }

  ids (user: string): SessionOfUser[] {
    const now = Date.now()
    const living = this.#entries.ofUser(user).filter((entry) => entry.expires > now)
    return living.map(({ id, expires }) => ({ id, expires }))
  }

  /** Stops the timer, until a session is set again. The sessions stay. */
  close (): void {
    this.#sweeper.stop()
  }

  #find (id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined || entry.expires > Date.now()) return entry
    this.#entries.remove(entry)
    return undefined
  }

  #ended (now: number): Entry | undefined {
    const first = this.#entries.first()
    return first !== undefined && first.expires <= now ? first : undefined
  }

  #makeRoom (bytes: number): void {
    const now = Date.now()
    const evictedBefore = this.#evicted
    const isFull = (): boolean => this.#entries.size >= this.#max || this.#entries.bytes + bytes > this.#maxBytes
    for (let entry = this.#ended(now); entry !== undefined && isFull(); entry = this.#ended(now)) {
      this.#entries.remove(entry)
    }
    for (let entry = this.#entries.oldest(); entry !== undefined && isFull(); entry = this.#entries.oldest()) {
      this.#entries.remove(entry)
      this.#evicted++
    }
    if (this.#evicted > evictedBefore) {
      this.#warnRarely(`memoryStore is full: it evicted ${this.#evicted} sessions before they expired`)
    }
  }

  #warnRarely (message: string): void {
    const now = Date.now()
    if (now - this.#lastWarned < MINUTE) return
    this.#lastWarned = now
    this.#evicted = 0
    this.#warn?.(message)
  }

  #sweep (): number {
    const now = Date.now()
    let removed = 0
    for (let entry = this.#ended(now); entry !== undefined && removed < SWEPT_AT_ONCE; entry = this.#ended(now)) {
      this.#entries.remove(entry)
      removed++
    }
    return removed
  }
}

function limit (name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (value === Infinity || (Number.isSafeInteger(value) && value > 0)) return value
  throw new FST_SESSION_INVALID_CONFIG(`memoryStore ${name}`, 'a whole number above 0, or Infinity', typeof value)
}
