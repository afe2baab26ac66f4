/**
 * Since when the sessions of each user are valid: what the store says, and what is remembered of it.
 *
 * @module
 */

import type { MaybePromise } from '../maybe-promise.ts'

import { KnownAnswers, now } from './known-answers.ts'
import { andThen } from '../maybe-promise.ts'
import type { RevocationRecords, ValidSince } from './records.ts'

/** The records of users. */
export class UserRecords {
  readonly #records: RevocationRecords
  readonly #known: KnownAnswers<ValidSince | undefined>

  /** @param keepFor - how long an answer is used again, in seconds */
  constructor (records: RevocationRecords, keepFor: number) {
    this.#records = records
    this.#known = new KnownAnswers(keepFor)
  }

  /** The record, if this process knows it without asking. */
  known (user: string): ValidSince | undefined {
    return this.#known.get(user)?.answer
  }

  /** The record. @param isFresh - asks the store, even if there is an answer that could be used */
  get (user: string, isFresh: boolean): MaybePromise<ValidSince | undefined> {
    const known = isFresh ? undefined : this.#known.get(user)
    if (known !== undefined) return known.answer
    const askedAt = now()
    return andThen(this.#records.validSince(user), (record) => this.#keep(user, record, askedAt))
  }

  /** Ends the sessions of a user. This process knows it at once. */
  end (user: string, asked: ValidSince, expires: number): MaybePromise<void> {
    const askedAt = now()
    return andThen(this.#records.endUser(user, asked, expires), (record) => { this.#keep(user, record, askedAt) })
  }

  /** Keeps the later of two records: the other may have been read before it was replaced. */
  #keep (user: string, record: ValidSince | undefined, askedAt: number): ValidSince | undefined {
    const known = this.known(user)
    if (known !== undefined && known.since > (record?.since ?? 0)) return known
    this.#known.keep(user, record, askedAt)
    return record
  }
}
