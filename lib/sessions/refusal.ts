/**
 * Why a cookie was refused, for the log: never a part of the cookie or of a key.
 *
 * @module
 */

import type { TokenErrorCode } from '../itsdangerous/errors.ts'

/** What a log line says of a refused cookie. */
export interface Refusal {
  /** The code of the token error. */
  code: TokenErrorCode
  /** What may be the matter, when something points to it. */
  hint?: string
}

/** The digest that makes a signature of so many base64url characters. */
const digestOfLength: Readonly<Record<number, string>> = { 27: 'sha1', 43: 'sha256', 64: 'sha384', 86: 'sha512' }

/**
 * Describes the refusal of a cookie.
 *
 * @param digests - the names of those that would have been accepted
 */
export function describeRefusal (code: TokenErrorCode, cookie: string, digests: readonly string[]): Refusal {
  const digest = digestOfLength[cookie.length - cookie.lastIndexOf('.') - 1]
  if (code !== 'ERR_TOKEN_BAD_TIME_SIGNATURE' || digest === undefined || digests.includes(digest)) return { code }
  const who = digest === 'sha1' ? ', which stock Flask uses' : ''
  return { code, hint: `the signature has the length of ${digest}${who}: the option digestMethod would have to be or to contain '${digest}'` }
}
