/**
 * Which sessions were ended: what the store says, what is remembered of it, and what it has not confirmed yet.
 *
 * @module
 */

import type { MaybePromise } from '../maybe-promise.ts'

import { KnownAnswers, now } from './known-answers.ts'
import { andThen, orElse } from '../maybe-promise.ts'
import type { RevocationRecords } from './records.ts'

/** The ends of single sessions. */
export class EndedSessions {
  readonly #records: RevocationRecords
  readonly #known: KnownAnswers<boolean>
  /** Ends that the store did not take, and when they are no longer needed. */
  readonly #unconfirmed = new Map<string, number>()
  #isConfirming = false

  /** @param keepFor - how long an answer is used again, in seconds */
  constructor (records: RevocationRecords, keepFor: number) {
    this.#records = records
    this.#known = new KnownAnswers(keepFor)
  }

  /** Whether this process knows without asking that the session was ended. */
  knows (sid: string): boolean {
    return this.#unconfirmed.has(sid) || this.#known.get(sid)?.answer === true
  }

  /**
   * Whether the session was ended. Only for sessions for which {@link knows} is false.
   *
   * @param isFresh - asks the store, even if there is an answer that could be used
   */
  has (sid: string, isFresh: boolean): MaybePromise<boolean> {
    if (!isFresh && this.#known.get(sid) !== undefined) return false
    const askedAt = now()
    return andThen(this.#records.isEnded(sid), (isEnded) => {
      this.#confirm()
      // Ended while the store was asked: an end is never undone.
      if (this.knows(sid)) return true
      this.#known.keep(sid, isEnded, askedAt)
      return isEnded
    })
  }

  /**
   * Ends a session. This process knows it at once, whatever the store says.
   *
   * @param expires - as in {@link RevocationRecords.end}
   * @returns `false` if it had been ended before; the error of the store if it may not be written
   */
  end (sid: string, expires: number): MaybePromise<boolean | Error> {
    const written = orElse<boolean | Error>(() => this.#records.end(sid, expires), (error) => error as Error)
    return andThen(written, (result) => {
      if (result instanceof Error) this.#unconfirmed.set(sid, expires)
      else this.#confirmed(sid)
      return result
    })
  }

  /** Tries again to write the ends that are not confirmed; called when the store has answered. */
  async #confirm (): Promise<void> {
    if (this.#isConfirming || this.#unconfirmed.size === 0) return
    this.#isConfirming = true
    try {
      for (const [sid, expires] of this.#unconfirmed) {
        await this.#records.end(sid, expires)
        this.#confirmed(sid)
      }
    } catch {
      // The store failed again. The next answer of the store is the next chance.
    } finally {
      this.#isConfirming = false
    }
  }

  #confirmed (sid: string): void {
    this.#unconfirmed.delete(sid)
    this.#known.keep(sid, true, now())
  }
}
