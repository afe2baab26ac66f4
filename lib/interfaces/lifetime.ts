/**
 * Judges whether a session is still alive, when it ends, and when it is due to be refreshed.
 *
 * All of it is in whole seconds, for sessions in cookies and in stores alike: `signedAt` is the time of the signature,
 * or of the last write to the store.
 *
 * @module
 */

import type { SessionConfig } from '../../types/config.ts'
import type { BookKeeping } from '../../types/session.ts'
import type { SessionData } from '../session/session-data.ts'

/** The limits of a signature's age, in seconds. */
export interface Limits {
  /** The greatest age of a signature. */
  maxAge: number
  /** How far in the future a signature may have been made, for servers whose clocks differ. */
  clockTolerance: number
}

/** The settings that limit a session's life. A config that an application made by hand may lack those of ours. */
export type Lifetimes = Pick<SessionConfig, 'PERMANENT_SESSION_LIFETIME'> &
  Partial<Pick<SessionConfig, 'SESSION_REFRESH_AFTER' | 'SESSION_ABSOLUTE_LIFETIME'>>

/** Whether a signature is young enough, and why not. */
export type Verdict = 'alive' | 'expired' | 'from-future'

/** Whether a session may go on, by its own book, and why not. */
export type BookVerdict = 'alive' | 'expired-absolute' | 'expired-session'

/** Whole seconds since a time in seconds since 1970; negative for one in the future. */
export function ageOf (signedAt: number): number {
  return secondsNow() - signedAt
}

/** The verdict on a session whose signature has this age. */
export function judge (age: number, { maxAge, clockTolerance }: Limits): Verdict {
  // Negated, so that NaN is never alive.
  if (!(age <= maxAge)) return 'expired'
  return age >= -clockTolerance ? 'alive' : 'from-future'
}

/** The verdict on a session whose signature is young enough: by when it began, and by its own lifetime. */
export function judgeBook (
  signedAt: number, { created, lifetime }: BookKeeping, { SESSION_ABSOLUTE_LIFETIME: absolute = null }: Lifetimes
): BookVerdict {
  if (absolute !== null && ageOf(created ?? signedAt) > absolute) return 'expired-absolute'
  return lifetime !== undefined && ageOf(signedAt) > lifetime ? 'expired-session' : 'alive'
}

/** When a session that is signed now ends: at its idle limit or its absolute limit, whichever comes first. */
export function endOf ({ created, lifetime }: BookKeeping, lifetimes: Lifetimes): Date {
  const idleEnd = Date.now() + idleLimit(lifetime, lifetimes) * 1000
  const { SESSION_ABSOLUTE_LIFETIME: absolute = null } = lifetimes
  return new Date(absolute === null ? idleEnd : Math.min(idleEnd, ((created ?? secondsNow()) + absolute) * 1000))
}

/**
 * Whether an unchanged session is due to be signed anew: its signature is old enough, or its book lacks the begin that
 * `SESSION_ABSOLUTE_LIFETIME` needs.
 */
export function isRefreshDue (signedAt: number, book: BookKeeping, lifetimes: Lifetimes): boolean {
  const { SESSION_ABSOLUTE_LIFETIME: absolute = null, SESSION_REFRESH_AFTER: refreshAfter = 0 } = lifetimes
  if (absolute !== null && book.created === undefined) return true
  // Half the lifetime at most: otherwise a session with a short lifetime would end while it is in use.
  return ageOf(signedAt) >= Math.min(refreshAfter, idleLimit(book.lifetime, lifetimes) / 2)
}

/**
 * Notes in the book of a session when it began, if a setting needs that. Called before the session is written. A
 * session that was read without such a note began when it was signed.
 */
export function noteBegin (data: SessionData, { SESSION_ABSOLUTE_LIFETIME: absolute = null }: Lifetimes): void {
  if (absolute === null || data.book.created !== undefined) return
  data.book = { ...data.book, created: (data.beganAnew ? undefined : data.loaded?.signedAt) ?? secondsNow() }
}

/** The greatest age of a session's signature. The setting may be lower by now than the lifetime of the session. */
function idleLimit (lifetime: number | undefined, { PERMANENT_SESSION_LIFETIME: longest }: Lifetimes): number {
  return Math.min(lifetime ?? longest, longest)
}

/** Whole seconds since 1970. */
export function secondsNow (): number {
  return Math.floor(Date.now() / 1000)
}
