/**
 * The records of what was ended, in a store.
 *
 * | key | value | |
 * |---|---|---|
 * | `ended:SID` | `1` | the session with this id was ended |
 * | `since:USER` | `{"since":1700000000,"except":["SID"]}` | a session of this user is valid if it began later |
 *
 * For a session of another name than `session` the second key is `since:NAME:USER`. A colon in USER is written `%3A`,
 * and a percent sign `%25`: the user `admin:root` must not end the sessions of `root` in the session `admin`.
 *
 * @module
 */

import { storeUnavailable } from '../errors.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { SessionStore, StoredSession } from '../stores/store.ts'
import { andThen } from '../maybe-promise.ts'

/** Since when the sessions of a user are valid. */
export interface ValidSince {
  /** Seconds since 1970: what began at this time or before is refused. */
  readonly since: number
  /** Ids of sessions that are valid all the same. */
  readonly except: readonly string[]
}

/** How often a record is written: another process may be faster, and each failure means that another one succeeded. */
const mostTries = 16

/** Reads and writes the records. */
export class RevocationRecords {
  readonly #store: SessionStore
  readonly #prefix: string

  /** @param store - one that fails in time, and whose answers are checked */
  constructor (store: SessionStore, sessionName: string) {
    this.#store = store
    this.#prefix = sessionName === 'session' ? 'since:' : `since:${sessionName}:`
  }

  isEnded (sid: string): MaybePromise<boolean> {
    return andThen(this.#store.get(`ended:${sid}`), (stored) => stored !== null)
  }

  /**
   * Ends a session.
   *
   * @param expires - when the record is no longer needed: milliseconds since 1970
   * @returns `false` if it had been ended before
   */
  end (sid: string, expires: number): MaybePromise<boolean> {
    return this.#store.set(`ended:${sid}`, '1', { expires, replaces: null })
  }

  /** @throws `FST_SESSION_STORE_UNAVAILABLE` for a record that cannot be read: it may refuse the session. */
  validSince (user: string): MaybePromise<ValidSince | undefined> {
    return andThen(this.#store.get(this.#keyOf(user)), (stored) => {
      if (stored === null) return undefined
      const record = parse(stored)
      if (record === undefined) throw storeUnavailable('a record of ended sessions is unreadable')
      return record
    })
  }

  /**
   * Ends the sessions of a user that began up to a time. The new record is always later than the one before, and
   * replaces its exceptions. So the second of two calls in one second also ends what began after the first.
   *
   * @param since - seconds since 1970
   * @param expires - as in {@link end}
   */
  endUser (
    user: string, { since, except }: ValidSince, expires: number, tries: number = mostTries
  ): MaybePromise<ValidSince> {
    const key = this.#keyOf(user)
    return andThen(this.#store.get(key), (stored) => {
      // One that cannot be read is replaced: otherwise nobody could end the sessions of this user any more.
      const before = stored === null ? undefined : parse(stored)
      const record = { since: Math.max(since, before === undefined ? 0 : before.since + 1), except }
      const options = { expires, replaces: stored?.data ?? null }
      return andThen(this.#store.set(key, JSON.stringify(record), options), (isWritten) => {
        if (isWritten) return record
        if (tries > 1) return this.endUser(user, { since, except }, expires, tries - 1)
        throw storeUnavailable(`another writer was faster, ${mostTries} times in a row`)
      })
    })
  }

  #keyOf (user: string): string {
    return this.#prefix + user.replace(/[%:]/g, encodeURIComponent)
  }
}

/** The record; `undefined` for anything else. */
function parse ({ data }: StoredSession): ValidSince | undefined {
  try {
    const { since, except } = JSON.parse(Buffer.from(data as Uint8Array).toString()) as Partial<ValidSince>
    const isList = Array.isArray(except) && except.every((sid) => typeof sid === 'string')
    const isRecord = Number.isSafeInteger(since) && isList
    return isRecord ? { since: since as number, except } : undefined
  } catch {
    return undefined
  }
}
