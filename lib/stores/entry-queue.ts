/**
 * The entries of a store by the time of their last use.
 *
 * A Map keeps such an order too, but finding its first key walks over all the keys that were deleted before it.
 *
 * @module
 */

/** What a queue holds; only the queue writes the two fields. */
export interface Queued<T> {
  older: T | undefined
  newer: T | undefined
}

/** A linked list from the oldest to the newest. */
export class EntryQueue<T extends Queued<T>> {
  #oldest: T | undefined
  #newest: T | undefined

  oldest (): T | undefined {
    return this.#oldest
  }

  add (entry: T): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  remove (entry: T): void {
    if (entry.older === undefined) this.#oldest = entry.newer
    else entry.older.newer = entry.newer
    if (entry.newer === undefined) this.#newest = entry.older
    else entry.newer.older = entry.older
  }
}
