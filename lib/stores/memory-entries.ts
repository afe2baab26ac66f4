/**
 * What {@link memoryStore} holds, and in which orders.
 *
 * @module
 */

import { EntryQueue } from './entry-queue.ts'
import type { Queued } from './entry-queue.ts'
import { ExpiryHeap } from './expiry-heap.ts'
import type { Ending } from './expiry-heap.ts'

/** A session in memory. */
export interface Entry extends Ending, Queued<Entry> {
  readonly id: string
  readonly data: string
  /** The size of id and data, in bytes of UTF-8. */
  readonly bytes: number
  /** Whether the session was read since it began: its cookie came back. */
  wasRead: boolean
  user: string | undefined
}

/** What a new entry begins with. */
export type NewEntry = Pick<Entry, 'id' | 'data' | 'bytes' | 'expires' | 'wasRead' | 'user'>

/** Entries by id, by user, by expiry, and by last use. */
export class MemoryEntries {
  bytes = 0
  readonly #byId = new Map<string, Entry>()
  readonly #byUser = new Map<string, Set<Entry>>()
  readonly #byExpiry = new ExpiryHeap<Entry>()
  readonly #neverRead = new EntryQueue<Entry>()
  readonly #read = new EntryQueue<Entry>()

  get size (): number {
    return this.#byId.size
  }

  get (id: string): Entry | undefined {
    return this.#byId.get(id)
  }

  ofUser (user: string): Entry[] {
    return [...this.#byUser.get(user) ?? []]
  }

  /** The entry that ends first. */
  first (): Entry | undefined {
    return this.#byExpiry.first()
  }

  /** The oldest entry that was never read; if all were read, the one that was read least recently. */
  oldest (): Entry | undefined {
    return this.#neverRead.oldest() ?? this.#read.oldest()
  }

  add ({ id, data, bytes, expires, wasRead, user }: NewEntry): void {
    // Written out: an object made by a spread is slower to make and to read, and takes twice the memory.
    const entry: Entry = { id, data, bytes, expires, wasRead, user, place: 0, older: undefined, newer: undefined }
    this.bytes += entry.bytes
    this.#byId.set(entry.id, entry)
    this.#byExpiry.add(entry)
    this.#queueOf(entry).add(entry)
    this.#addToUser(entry)
  }

  remove (entry: Entry): void {
    this.bytes -= entry.bytes
    this.#byId.delete(entry.id)
    this.#byExpiry.remove(entry)
    this.#queueOf(entry).remove(entry)
    this.#removeFromUser(entry)
  }

  markRead (entry: Entry): void {
    this.#queueOf(entry).remove(entry)
    entry.wasRead = true
    this.#read.add(entry)
  }

  prolong (entry: Entry, expires: number): void {
    entry.expires = expires
    this.#byExpiry.settle(entry)
  }

  assign (entry: Entry, user: string): void {
    this.#removeFromUser(entry)
    entry.user = user
    this.#addToUser(entry)
  }

  #queueOf (entry: Entry): EntryQueue<Entry> {
    return entry.wasRead ? this.#read : this.#neverRead
  }

  #addToUser (entry: Entry): void {
    if (entry.user === undefined) return
    const entries = this.#byUser.get(entry.user)
    if (entries === undefined) this.#byUser.set(entry.user, new Set([entry]))
    else entries.add(entry)
  }

  #removeFromUser (entry: Entry): void {
    if (entry.user === undefined) return
    const entries = this.#byUser.get(entry.user)
    entries?.delete(entry)
    if (entries?.size === 0) this.#byUser.delete(entry.user)
  }
}
