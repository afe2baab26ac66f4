/**
 * The errors of tokens: ItsDangerous' family of exceptions.
 *
 * Test for `code` rather than `instanceof` where an application may load both the ESM and the CommonJS build.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/exceptions/}
 */

import type { BytesLike } from '../crypto/bytes.ts'
import { lookup, pick } from '../lookup.ts'

/** The `code` of a token error; it stays the same when messages are reworded. */
export type TokenErrorCode =
  | 'ERR_TOKEN_BAD_DATA'
  | 'ERR_TOKEN_BAD_SIGNATURE'
  | 'ERR_TOKEN_BAD_TIME_SIGNATURE'
  | 'ERR_TOKEN_SIGNATURE_EXPIRED'
  | 'ERR_TOKEN_BAD_HEADER'
  | 'ERR_TOKEN_BAD_PAYLOAD'

/** The details that a {@link BadSignature} keeps of the token. Nothing of it was verified. */
export interface BadSignatureDetails {
  /** The value in front of the rejected signature. */
  payload?: BytesLike | undefined
  /** The error that caused this one (Python: `original_error`). */
  cause?: unknown
}

/** The details that a {@link BadTimeSignature} keeps of the token. */
export interface BadTimeSignatureDetails extends BadSignatureDetails {
  /** The date in the token. Verified only in a {@link SignatureExpired}. */
  dateSigned?: Date | undefined
}

/** The details that a {@link BadHeader} keeps of the token. */
export interface BadHeaderDetails extends BadSignatureDetails {
  /** The header, if it could be read. */
  header?: unknown
}

/** Bad data of any kind; the root of the family. */
export class BadData extends Error {
  override readonly name: string = 'BadData'
  readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_DATA'
}

/** The signature does not match, or there is none. */
export class BadSignature extends BadData {
  override readonly name: string = 'BadSignature'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_SIGNATURE'
  /** The value in front of the rejected signature, not verified; `undefined` when nothing could be split off. */
  readonly payload: BytesLike | undefined

  constructor (message: string, details: BadSignatureDetails = {}) {
    const { payload, cause }: BadSignatureDetails = pick(details, ['payload', 'cause'])
    super(message, cause === undefined ? undefined : { cause })
    this.payload = payload
  }
}

/** The signature does not match, or its timestamp is missing or unreadable. */
export class BadTimeSignature extends BadSignature {
  override readonly name: string = 'BadTimeSignature'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_TIME_SIGNATURE'
  /** The date in the token. */
  readonly dateSigned: Date | undefined

  constructor (message: string, details: BadTimeSignatureDetails = {}) {
    super(message, details)
    this.dateSigned = lookup(details, 'dateSigned') as Date | undefined
  }
}

/** The signature is right, but older than `maxAge`, or from the future. */
export class SignatureExpired extends BadTimeSignature {
  override readonly name: string = 'SignatureExpired'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_SIGNATURE_EXPIRED'
}

/** A signed header is invalid; for serializers of the application that have a header. */
export class BadHeader extends BadSignature {
  override readonly name: string = 'BadHeader'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_HEADER'
  /** The header, if it could be read. */
  readonly header: unknown

  constructor (message: string, details: BadHeaderDetails = {}) {
    super(message, details)
    this.header = lookup(details, 'header')
  }
}

/** The payload cannot be read, whether its signature is valid or not; `cause` is the reason. */
export class BadPayload extends BadData {
  override readonly name: string = 'BadPayload'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_PAYLOAD'
}
