/**
 * Remembers writes that no response waits for, so that the application can wait for them when it closes. They are the
 * writes that `request/late-changes.ts` begins.
 *
 * @module
 */

import { isPromise } from '../maybe-promise.ts'
import type { MaybePromise } from '../maybe-promise.ts'

export class PendingWrites {
  readonly #pending = new Set<Promise<unknown>>()

  /** @returns a promise that fails as the write does */
  add (write: MaybePromise<unknown>): MaybePromise<void> {
    if (!isPromise(write)) return
    const end = (): void => { this.#pending.delete(write) }
    this.#pending.add(write)
    write.then(end, end)
    return write.then(() => {})
  }

  async all (): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }
}
