/**
 * Judges whether a session was ended, and ends sessions. Knows nothing of requests and cookies.
 *
 * @module
 */

import { secondsNow } from '../interfaces/lifetime.ts'
import { GuardedStore } from '../stores/guarded-store.ts'
import type { MaybePromise } from '../maybe-promise.ts'

import { EndedSessions } from './ends.ts'
import { andThen, both, orElse } from '../maybe-promise.ts'
import type { RevocationSettings } from './options.ts'
import { RevocationRecords } from './records.ts'
import type { ValidSince } from './records.ts'
import { UserRecords } from './users.ts'

/** What is known of a session. */
export interface SessionIdentity {
  readonly sid: string
  /** When it began, in seconds since 1970. */
  readonly begin: number
  readonly user: string | undefined
}

/** How long records are needed, in seconds. */
export interface RecordLimits {
  /** The greatest age that a cookie can have. */
  readonly lifetime: number
  /** How far the clocks of servers may differ. */
  readonly clockTolerance: number
}

/** Whether a session is valid; the error of the store if it cannot tell. */
export type RevocationVerdict = 'alive' | 'revoked' | Error

/** Seconds that records live longer than they must. */
const margin = 60
/** The last time that a `Date` can hold. */
const lastTime = 8.64e15

const evicts = 'the store drops entries when it is full, so that ended sessions are valid again: ' +
  'set max: Infinity of memoryStore, and no maxBytes'

export class Revocation {
  readonly #settings: RevocationSettings
  readonly #store: GuardedStore
  readonly #ended: EndedSessions
  readonly #users: UserRecords

  constructor (settings: RevocationSettings, sessionName: string) {
    const { store, storeTimeout, cacheFor } = settings
    this.#settings = settings
    this.#store = new GuardedStore(store, storeTimeout)
    const records = new RevocationRecords(this.#store, sessionName)
    this.#ended = new EndedSessions(records, cacheFor)
    this.#users = new UserRecords(records, cacheFor)
  }

  /** Whether the store answers at once. */
  get sync (): boolean {
    return this.#store.sync
  }

  /** Whether a session is accepted when the store cannot tell whether it was ended. */
  get isLenient (): boolean {
    return this.#settings.onStoreError === 'accept'
  }

  /** @throws the error of the store, unless the settings say that it is to be ignored */
  tolerate (error: unknown): void {
    if (!this.isLenient) throw error
  }

  /** Opens the store. @param warn - writes a line to the log for the operator */
  open (warn: (message: string) => void): MaybePromise<void> {
    if (this.#settings.store.evicts === true) warn(evicts)
    return this.#store.open(warn)
  }

  close (): MaybePromise<void> {
    return this.#store.close()
  }

  /** Whether this process knows without asking that the session was ended. */
  knows (identity: SessionIdentity): boolean {
    const { sid, user } = identity
    return this.#ended.knows(sid) || (user !== undefined && isBefore(identity, this.#users.known(user)))
  }

  /**
   * The verdict on a session.
   *
   * @param isFresh - asks the store, even if there is an answer that could be used
   */
  judge (identity: SessionIdentity, isFresh = false): MaybePromise<RevocationVerdict> {
    if (this.knows(identity)) return 'revoked'
    const { sid, user } = identity
    const isEnded = (): MaybePromise<boolean> => this.#ended.has(sid, isFresh)
    const record = (): MaybePromise<ValidSince | undefined> => {
      return user === undefined ? undefined : this.#users.get(user, isFresh)
    }
    return orElse<RevocationVerdict>(() => andThen(both(isEnded, record), ([isEnded, record]) => {
      return isEnded || isBefore(identity, record) ? 'revoked' : 'alive'
    }), (error) => error as Error)
  }

  /** Ends one session; see {@link EndedSessions.end}. */
  end (sid: string, limits: RecordLimits): MaybePromise<boolean | Error> {
    return this.#ended.end(sid, this.#expires(limits))
  }

  /**
   * Ends the sessions of a user that began before now.
   *
   * @param except - the id of the one session that stays
   * @throws `FST_SESSION_STORE_UNAVAILABLE` if it may not be written
   */
  endUser (user: string, except: string | undefined, limits: RecordLimits): MaybePromise<void> {
    const since = secondsNow() + Math.ceil(limits.clockTolerance)
    return this.#users.end(user, { since, except: except === undefined ? [] : [except] }, this.#expires(limits))
  }

  /**
   * The begin of a session that begins now. It is always later than the `since` of the user's record: a login in the
   * very second of {@link endUser} is valid, while older sessions from that second are not.
   *
   * @param before - the session whose login goes on in the one that begins
   * @returns `undefined` if the sessions of the user were ended, and that login with them
   * @throws `FST_SESSION_STORE_UNAVAILABLE`, unless the settings say that the error is to be ignored
   */
  beginFor (user: string | undefined, before?: SessionIdentity): MaybePromise<number | undefined> {
    if (user === undefined) return secondsNow()
    const record = orElse(() => this.#users.get(user, true), (error) => {
      this.tolerate(error)
      return this.#users.known(user)
    })
    return andThen(record, (record) => {
      return before !== undefined && isBefore(before, record) ? undefined : beginAfter(record)
    })
  }

  /** As {@link beginFor}, by what this process knows. */
  knownBeginFor (user: string | undefined): number {
    return beginAfter(user === undefined ? undefined : this.#users.known(user))
  }

  #expires ({ lifetime, clockTolerance }: RecordLimits): number {
    const end = Date.now() + Math.ceil((lifetime + this.#settings.cacheFor + clockTolerance + margin) * 1000)
    return Math.min(end, lastTime)
  }
}

function isBefore ({ sid, begin }: SessionIdentity, record: ValidSince | undefined): boolean {
  // Negated, so that NaN is refused.
  return record !== undefined && !(begin > record.since) && !record.except.includes(sid)
}

function beginAfter (record: ValidSince | undefined): number {
  return Math.max(secondsNow(), (record?.since ?? 0) + 1)
}
