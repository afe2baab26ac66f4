/**
 * The entries of a store by the time at which they end.
 *
 * @module
 */

/** What a heap holds. */
export interface Ending {
  /** Milliseconds since 1970. */
  expires: number
  /** Where the heap keeps the entry; only the heap writes it. */
  place: number
}

/** A binary heap that finds the entry that ends first, and removes any entry, in logarithmic time. */
export class ExpiryHeap<T extends Ending> {
  readonly #entries: T[] = []

  /** The entry that ends first. */
  first (): T | undefined {
    return this.#entries[0]
  }

  add (entry: T): void {
    this.#rise(entry, this.#entries.length)
  }

  remove (entry: T): void {
    const last = this.#entries.pop()
    if (last === undefined || last === entry) return
    this.#put(last, entry.place)
    this.settle(last)
  }

  /** Moves an entry whose end has changed. */
  settle (entry: T): void {
    this.#sink(entry, entry.place)
    this.#rise(entry, entry.place)
  }

  #rise (entry: T, place: number): void {
    let parent = this.#entries[(place - 1) >> 1]
    while (place > 0 && parent !== undefined && parent.expires > entry.expires) {
      this.#put(parent, place)
      place = (place - 1) >> 1
      parent = this.#entries[(place - 1) >> 1]
    }
    this.#put(entry, place)
  }

  #sink (entry: T, place: number): void {
    let child = this.#earlierChild(place)
    while (child !== undefined && child.expires < entry.expires) {
      const next = child.place
      this.#put(child, place)
      place = next
      child = this.#earlierChild(place)
    }
    this.#put(entry, place)
  }

  #earlierChild (place: number): T | undefined {
    const left = this.#entries[2 * place + 1]
    const right = this.#entries[2 * place + 2]
    return left !== undefined && right !== undefined && right.expires < left.expires ? right : left
  }

  #put (entry: T, place: number): void {
    this.#entries[place] = entry
    entry.place = place
  }
}
