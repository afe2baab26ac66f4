/**
 * The contract of a token format: the text of a token to verified JSON, and back.
 *
 * @module
 */

import type { BookKeeping } from '../../types/session.ts'
import type { TokenErrorCode } from '../itsdangerous/errors.ts'

/** Writes JSON text as a token and reads it again. Knows nothing of cookies, age or data. */
export interface TokenFormat {
  /**
   * The token for JSON text.
   *
   * @param room - the number of characters that fit; a format that can compress compresses longer tokens
   * @param isLimit - whether a token that does not fit is of no use, so that it need not be short
   */
  encode (json: string, room?: number, isLimit?: boolean): string

  /** The JSON text behind a token. Judges no age, and never throws for a bad token. */
  decode (token: string): DecodedToken
}

/** The result of {@link TokenFormat.decode}. */
export type DecodedToken = VerifiedToken | UnreadableToken | RejectedToken

/** A token with a valid signature. Its age is judged at every use. */
export interface VerifiedToken {
  readonly ok: true
  /** UTF-8 text; not parsed yet. */
  readonly json: string
  /** Seconds since 1970. */
  readonly signedAt: number
  /** The key that verified: 0 for the newest, 1 for the next older one. */
  readonly key: number
  /** The greatest age in seconds, for formats that set a lifetime. */
  readonly maxAge: number | undefined
  /** Whether the next response should replace the token, because it is not of the format that writes. */
  readonly needsRewrite: boolean | undefined
  /** The token in one spelling, for formats that accept several. An id made from the token is made from this. */
  readonly spelling: string | undefined
  /** A place for the parsed data; only tokens that are remembered have one. */
  readonly memo: { data?: Record<string, unknown> | undefined, book?: BookKeeping | undefined } | undefined
}

/** A token with a valid signature and an unreadable payload. */
export interface UnreadableToken {
  readonly ok: false
  readonly code: TokenErrorCode
  /** The reason in words, if the format has them. */
  readonly message?: string | undefined
  /** Seconds since 1970. */
  readonly signedAt: number
  /** As in {@link VerifiedToken}. */
  readonly key: number
  readonly maxAge?: undefined
}

/** A token without a valid signature. */
export interface RejectedToken {
  readonly ok: false
  readonly code: TokenErrorCode
  /** Whether the token lacks one of its parts. Without it, the number of its dots decides. */
  readonly isMalformed?: boolean | undefined
  /** The reason in words, if the format has them. */
  readonly message?: string | undefined
  readonly signedAt?: undefined
}

/** A verified token. Each fact is there, so that none is read from Object.prototype. A spread would be slower. */
export function verifiedToken (
  json: string, signedAt: number, key: number, maxAge?: number, spelling?: string
): VerifiedToken {
  return { ok: true, json, signedAt, key, maxAge, needsRewrite: undefined, spelling, memo: undefined }
}

/** A refusal with each fact that its format left out, so that none is read from Object.prototype. */
export function complete (token: DecodedToken): DecodedToken {
  if (token.ok) return token
  return { ...noRefusalFacts, ...token }
}

const noRefusalFacts = {
  message: undefined, signedAt: undefined, key: undefined, maxAge: undefined, isMalformed: undefined
}

/** The rejection of a token that no key of the format signed. */
export const badSignature: RejectedToken = Object.freeze({ ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE' })
