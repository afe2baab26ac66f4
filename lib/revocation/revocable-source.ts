/**
 * The way of one session through one request: what is known of it when it is read, and whether it may be saved.
 *
 * @module
 */

import { now } from './known-answers.ts'
import { andThen } from '../maybe-promise.ts'
import type { Revocation, RecordLimits, RevocationVerdict, SessionIdentity } from './revocation.ts'
import type { SessionSerializer } from '../session/hand-out.ts'
import type { Dict } from '../json/dict.ts'
import type { LoadedSession, SessionData, SessionJournal, SessionSource } from '../session/session-data.ts'
import { ageOf } from '../interfaces/lifetime.ts'
import { reportRejection } from '../interfaces/rejections.ts'
import type { RejectionFacts } from '../interfaces/rejections.ts'
import { newId } from './session-identity.ts'
import type { SessionApp, SessionRequest } from '../interfaces/session-interface.ts'
import type { MaybePromise } from '../maybe-promise.ts'

/**
 * For so many seconds, the store's answer to one save also counts for the next save of the request. The last save,
 * right before the head is written, cannot wait for the store.
 */
const oneReply = 1

/** What the cookie of a request is found to be. */
export interface Admission {
  readonly loaded: LoadedSession | undefined
  readonly identity: SessionIdentity | undefined
  readonly verdict: RevocationVerdict
  /** Why the cookie is refused in any case, or what is worth reporting although it is accepted. */
  readonly rejection?: RejectionFacts | undefined
}

/** Whether a session may be saved; the error if the end of the one before it could not be written. */
export type Permission = boolean | Error

/** Whether a session was read without an id or a begin. */
export function lacksKeys ({ loaded }: SessionData): boolean {
  return loaded !== undefined && (loaded.book?.sid === undefined || loaded.book.created === undefined)
}

/** Loads one session of a request, and decides whether it may be saved. */
export class RevocableSource implements SessionSource, SessionJournal {
  readonly serializer: SessionSerializer
  readonly #revocation: Revocation
  readonly #app: SessionApp
  readonly #request: SessionRequest
  readonly #admission: Admission
  /** The session as it was read, or saved last: the one to end when another begins. */
  #current: SessionIdentity | undefined
  /** The keys that were set anew, since the session was renewed or ended. */
  readonly #assigned = new Set<string>()
  /** The sessions of the other cookies of the request, until they end with this one. */
  #rivals: readonly LoadedSession[]
  #isRevoked = false
  #isEnding = false
  /** When the store was last asked itself, whatever is remembered; by the clock of {@link now}. */
  #askedAt = -Infinity

  constructor (
    revocation: Revocation, serializer: SessionSerializer, app: SessionApp, request: SessionRequest,
    admission: Admission
  ) {
    this.serializer = serializer
    this.#revocation = revocation
    this.#app = app
    this.#request = request
    this.#admission = admission
    this.#rivals = admission.loaded?.rivals ?? []
  }

  get journal (): SessionJournal {
    return this
  }

  get current (): SessionIdentity | undefined {
    return this.#current
  }

  /** Whether the cookie of the request was refused because its session had been ended. */
  get isRevoked (): boolean {
    return this.#isRevoked
  }

  /** Whether it is an error to look at the session, because the store has not answered. */
  get isUnreadable (): boolean {
    return this.#admission.verdict instanceof Error && !this.#revocation.isLenient
  }

  /** Whether the application has just ended the session, or tried to. */
  get isEnding (): boolean {
    return this.#isEnding
  }

  /** Loads the session for the application. @throws the error of the store, unless it is to be ignored */
  load (): LoadedSession | undefined {
    const { loaded, identity, verdict, rejection } = this.#admission
    this.#isRevoked = verdict === 'revoked'
    if (verdict === 'revoked') {
      this.#request.log.debug({ reason: verdict }, 'session cookie refused')
      this.#report({ code: verdict, age: ageOf((loaded as LoadedSession).signedAt as number) })
      return undefined
    }
    if (verdict instanceof Error) {
      this.#report({ code: 'store-unavailable', ...(this.#revocation.isLenient && { accepted: true }) })
      this.#revocation.tolerate(verdict)
    }
    if (rejection !== undefined) this.#report(rejection)
    this.#current = identity
    return loaded
  }

  assigned (key: string): void {
    this.#assigned.add(key)
  }

  ended (): void {
    this.forgotten()
  }

  renewed (): void {
    this.forgotten()
  }

  forgotten (): void {
    this.#assigned.clear()
  }

  /** The application is about to end the session, which may be impossible to read. */
  ending (): void {
    this.#isEnding = true
  }

  /** Whether the session may be sent; if so, its book is complete. @param userOf - whose session some data is */
  permit (
    data: SessionData, userOf: (data: Dict) => string | undefined, limits: RecordLimits
  ): MaybePromise<Permission> {
    const current = this.#current
    const { book, beganAnew } = data
    const whole = data.detached()
    const user = userOf(whole)
    if (current === undefined || current.user !== user) return this.#begin(data, user, undefined, limits)
    const isSame = book.sid === undefined ? !beganAnew : book.sid === current.sid
    if (!isSame) {
      // `regenerate()` and the user set anew are a login. With the user kept, the login before goes on.
      const isLogin = userOf(only(whole, this.#assigned)) === user
      const before = isLogin ? undefined : { ...current, sid: book.sid ?? current.sid }
      return this.#begin(data, user, before, limits)
    }
    return andThen(this.#goesOn(data, current), (goesOn) => {
      if (goesOn && lacksKeys(data)) data.book = { ...data.book, sid: current.sid, created: current.begin }
      return goesOn
    })
  }

  /**
   * Ends the session, and those of the other cookies of the request: a logout must not leave one that logs in again.
   *
   * @returns `false` if somebody else has ended it
   */
  end (limits: RecordLimits): MaybePromise<Permission> {
    const sid = this.isUnreadable ? this.#admission.identity?.sid : this.#current?.sid
    const own = (): MaybePromise<Permission> => sid === undefined || this.#revocation.end(sid, limits)
    return andThen(this.#endRivals(sid, limits), (failure) => andThen(own(), (ended) => {
      const result = failure ?? ended
      if (result === false) return this.#drop()
      this.#current = undefined
      this.#isEnding = false
      this.#rivals = []
      if (!(result instanceof Error) || !this.#revocation.isLenient) return result
      this.#request.log.warn(result, 'a session was ended, but other processes do not know it yet')
      return true
    }))
  }

  /** @returns the error if an end could not be written */
  #endRivals (own: string | undefined, limits: RecordLimits): MaybePromise<Error | undefined> {
    let failure: MaybePromise<Error | undefined>
    for (const { sid } of this.#rivals) {
      // It may be an older copy of the session itself.
      if (sid === undefined || sid === own) continue
      failure = andThen(failure, (failure) => andThen(this.#revocation.end(sid, limits), (ended) => {
        return ended instanceof Error ? ended : failure
      }))
    }
    return failure
  }

  #goesOn (data: SessionData, current: SessionIdentity): MaybePromise<boolean> {
    // A session that was accepted because the store did not answer is not refreshed.
    if (this.#admission.verdict instanceof Error && !data.hasChanged) return false
    const askedAt = now()
    if (askedAt - this.#askedAt < oneReply) return true
    return andThen(this.#revocation.judge(current, true), (verdict) => {
      if (verdict === 'revoked') return this.#drop()
      if (verdict === 'alive') this.#askedAt = askedAt
      else if (!data.hasChanged) return false
      else this.#revocation.tolerate(verdict)
      return true
    })
  }

  /** Another session begins, and the one before it ends. @param before - the session whose login goes on in it */
  #begin (
    data: SessionData, user: string | undefined, before: SessionIdentity | undefined, limits: RecordLimits
  ): MaybePromise<Permission> {
    const current = this.#current?.sid
    return andThen(this.#revocation.beginFor(user, before), (created) => {
      if (created === undefined) return this.#drop()
      return andThen(this.end(limits), (permission) => {
        if (permission !== true) return permission
        // `endSessions` may have given it an id, to except it.
        const { sid: named } = data.book
        const sid = named === undefined || named === current ? newId() : named
        data.book = { ...data.book, sid, created }
        this.#current = { sid, begin: created, user }
        this.#askedAt = now()
        return true
      })
    })
  }

  #report (facts: RejectionFacts): void {
    reportRejection(this.#app, this.#request, facts)
  }

  #drop (): false {
    this.#request.log.debug('the session has been ended elsewhere: it is not sent')
    return false
  }
}

function only (data: Dict, keys: ReadonlySet<string>): Dict {
  return Object.fromEntries(Object.entries(data).filter(([key]) => keys.has(key)))
}
