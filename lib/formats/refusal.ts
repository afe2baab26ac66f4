/**
 * Describes for the log why a cookie was refused, without any part of the cookie or of a key.
 *
 * @module
 */

import type { DigestName } from '../crypto/digest.ts'
import type { RejectionCode } from '../../types/session.ts'
import type { TokenErrorCode } from '../itsdangerous/errors.ts'
import { sealedTextLength } from './sealed.ts'

/** The fields of a log line about a refused cookie. */
export interface Refusal {
  /** As `onReject` gets it. */
  reason: RejectionCode
  /** The code of the token error. */
  code: TokenErrorCode
  /** Seconds since the cookie was signed, if its age is the reason; for `expired-absolute`, since its session began. */
  age?: number
  /** The likely cause and its cure, if one is known. */
  hint?: string
}

/** Digests by the length of their signatures in base64url characters. */
const digestOfLength: Readonly<Record<number, DigestName>> = { 27: 'sha1', 43: 'sha256', 64: 'sha384', 86: 'sha512' }

/** The digest whose signatures have the length of a token's, if there is one. */
export function digestBySignature (token: string): DigestName | undefined {
  return digestOfLength[token.length - token.lastIndexOf('.') - 1]
}

/** Whether a token lacks one of its parts: payload, timestamp and signature. */
export function isMalformed (token: string): boolean {
  const dot = token.indexOf('.')
  return dot === -1 || !token.includes('.', dot + 1)
}

const signedHint = 'the cookie looks signed and not sealed: sealed: { readSigned: true } reads such cookies'
const sealedHint = 'the cookie looks sealed: the option sealed reads such cookies'

/** Whether a token begins as an object in JSON does, or as a compressed payload. */
export function looksSigned (token: string): boolean {
  return /^(?:e[wy3]|\.)/.test(token)
}

/** Whether a token may be a sealed one, by the length of its payload. */
export function looksSealed (token: string): boolean {
  return !looksSigned(token) && sealedTextLength(token.split('.', 1)[0] as string) !== undefined
}

/**
 * Describes a cookie whose signature is wrong.
 *
 * @param digests - the names of the accepted digests
 * @param seals - whether sealed cookies are accepted, instead of signed ones
 */
export function describeBadSignature (
  code: TokenErrorCode, token: string, digests: readonly string[], seals = false
): Refusal {
  const reason = isMalformed(token) ? 'malformed' : 'bad-signature'
  const digest = digestBySignature(token)
  if (code !== 'ERR_TOKEN_BAD_TIME_SIGNATURE' || digest === undefined) return { reason, code }
  if (seals && looksSigned(token)) return { reason, code, hint: signedHint }
  if (!seals && looksSealed(token)) return { reason, code, hint: sealedHint }
  if (digests.includes(digest)) return { reason, code }
  const who = digest === 'sha1' ? ', which stock Flask uses' : ''
  const cure = `the option digestMethod must be or contain '${digest}'`
  return { reason, code, hint: `the signature has the length of ${digest}${who}: ${cure}` }
}

/** Describes a cookie that is too old, or from the future. @param clockTolerance - in seconds */
export function describeAge (age: number, clockTolerance: number): Refusal {
  const code = 'ERR_TOKEN_SIGNATURE_EXPIRED'
  if (age >= 0) return { reason: 'expired', code, age, hint: 'the cookie is older than PERMANENT_SESSION_LIFETIME' }
  const cure = `set the clocks right, or raise clockTolerance (${clockTolerance} seconds)`
  return { reason: 'from-future', code, age, hint: `the cookie is from the future: ${cure}` }
}

const ends = {
  'expired-absolute': 'the session began longer ago than SESSION_ABSOLUTE_LIFETIME',
  'expired-session': 'the cookie is older than the session.lifetime that was set for it'
}

/** Describes a cookie whose session has ended by its own book. */
export function describeEnd (reason: keyof typeof ends, age: number): Refusal {
  return { reason, code: 'ERR_TOKEN_SIGNATURE_EXPIRED', age, hint: ends[reason] }
}
