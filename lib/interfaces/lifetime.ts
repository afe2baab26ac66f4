/**
 * Judges whether a session is still alive.
 *
 * @module
 */

/** The limits of a session's life, in seconds. */
export interface Limits {
  /** The greatest age of a signature. */
  maxAge: number
  /** How far in the future a signature may have been made, for servers whose clocks differ. */
  clockTolerance: number
}

/** Whether a session is alive, and why not. */
export type Verdict = 'alive' | 'expired' | 'from-future'

/** Whole seconds since a time in seconds since 1970; negative for one in the future. */
export function ageOf (signedAt: number): number {
  return Math.floor(Date.now() / 1000) - signedAt
}

/** The verdict on a session whose signature has this age. */
export function judge (age: number, { maxAge, clockTolerance }: Limits): Verdict {
  // Negated, so that NaN is never alive.
  if (!(age <= maxAge)) return 'expired'
  return age >= -clockTolerance ? 'alive' : 'from-future'
}
