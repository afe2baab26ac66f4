/**
 * What can be wrong with a token: ItsDangerous' family of exceptions.
 *
 * Test for `code` rather than `instanceof` where an application may load both the ESM and the CommonJS build.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/exceptions/}
 */

import type { BytesLike } from './encoding.ts'

/** The `code` of a token error; stays the same when messages are reworded. */
export type TokenErrorCode =
  | 'ERR_TOKEN_BAD_DATA'
  | 'ERR_TOKEN_BAD_SIGNATURE'
  | 'ERR_TOKEN_BAD_TIME_SIGNATURE'
  | 'ERR_TOKEN_SIGNATURE_EXPIRED'
  | 'ERR_TOKEN_BAD_HEADER'
  | 'ERR_TOKEN_BAD_PAYLOAD'

/** What a {@link BadSignature} remembers of the token. Nothing of it was verified. */
export interface BadSignatureDetails {
  /** The value in front of the refused signature. */
  payload?: BytesLike | undefined
  /** The error behind this one (Python: `original_error`). */
  cause?: unknown
}

/** What a {@link BadTimeSignature} remembers of the token. */
export interface BadTimeSignatureDetails extends BadSignatureDetails {
  /** When the token says that it was signed. Verified only in a {@link SignatureExpired}. */
  dateSigned?: Date | undefined
}

/** What a {@link BadHeader} remembers of the token. */
export interface BadHeaderDetails extends BadSignatureDetails {
  /** The header, when it could be read at all. */
  header?: unknown
}

/** Bad data of any sort; the root of the family. */
export class BadData extends Error {
  override readonly name: string = 'BadData'
  readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_DATA'
}

/** The signature does not match, or there is none. */
export class BadSignature extends BadData {
  override readonly name: string = 'BadSignature'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_SIGNATURE'
  /** The value in front of the refused signature, not verified; `undefined` where nothing could be split off. */
  readonly payload: BytesLike | undefined

  constructor (message: string, { payload, cause }: BadSignatureDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.payload = payload
  }
}

/** The signature does not match, or its timestamp is missing or unreadable. */
export class BadTimeSignature extends BadSignature {
  override readonly name: string = 'BadTimeSignature'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_TIME_SIGNATURE'
  /** When the token says that it was signed. */
  readonly dateSigned: Date | undefined

  constructor (message: string, { dateSigned, ...details }: BadTimeSignatureDetails = {}) {
    super(message, details)
    this.dateSigned = dateSigned
  }
}

/** The signature is right, but older than `maxAge`, or from the future. */
export class SignatureExpired extends BadTimeSignature {
  override readonly name: string = 'SignatureExpired'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_SIGNATURE_EXPIRED'
}

/** A signed header is invalid; for serializers of one's own that have a header. */
export class BadHeader extends BadSignature {
  override readonly name: string = 'BadHeader'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_HEADER'
  /** The header, when it could be read at all. */
  readonly header: unknown

  constructor (message: string, { header, ...details }: BadHeaderDetails = {}) {
    super(message, details)
    this.header = header
  }
}

/** The payload cannot be read, whatever its signature says; `cause` tells why. */
export class BadPayload extends BadData {
  override readonly name: string = 'BadPayload'
  override readonly code: TokenErrorCode = 'ERR_TOKEN_BAD_PAYLOAD'
}
