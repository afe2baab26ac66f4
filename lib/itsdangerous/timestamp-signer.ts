/**
 * Signatures with the time when they were made: `value.timestamp.signature`.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/timed/}
 */

import { wantBytes } from '../crypto/bytes.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import { base64Encode, base64ToInt, intToBytes, tokenText } from './encoding.ts'
import { BadSignature, BadTimeSignature, SignatureExpired } from './errors.ts'
import type { TokenErrorCode } from './errors.ts'
import { lookup } from '../lookup.ts'
import { checkOptions } from './options.ts'
import { describeMissingSeparator, rsplit } from './rsplit.ts'
import { Signer } from './signer.ts'

/** The ages that a signature may have. */
export interface UnsignOptions {
  /** The greatest age that is accepted, in seconds. Without it the age is not checked. */
  maxAge?: number | undefined
  /**
   * How far in the future a signature may have been made, in seconds. Checked together with `maxAge`.
   *
   * ItsDangerous has no such option.
   *
   * @defaultValue `0`
   */
  clockTolerance?: number | undefined
}

const optionNames = ['maxAge', 'clockTolerance']

/** A value and the date when it was signed. */
export interface Timestamped<T> {
  value: T
  /** Whole seconds. */
  dateSigned: Date
}

/** The result of verifying a signed value. */
export type Verification = VerifiedValue | RejectedValue

/** A value whose signature is valid and not too old. */
export interface VerifiedValue {
  readonly ok: true
  /** The value without timestamp and signature. */
  readonly value: string | Buffer
  /** Seconds since 1970. */
  readonly timestamp: number | bigint
  /** The key that verified: 0 for the newest, 1 for the next older one, and so on. */
  readonly key: number
}

/** A signed value that is rejected, and why. */
export interface RejectedValue {
  readonly ok: false
  readonly code: TokenErrorCode
  /** The reason in words. */
  readonly message: string
  /** The value without timestamp and signature, as far as it could be split off. Verified only when it is expired. */
  readonly value?: string | Buffer | undefined
  /** Seconds since 1970. Verified only when it is expired. */
  readonly timestamp?: number | bigint | undefined
}

/** Signs a value together with the current time. */
export class TimestampSigner extends Signer {
  /** The time that was signed last, and its text. */
  #stamp: { time: number, text: string } | undefined

  /** The current time in whole seconds since 1970. */
  getTimestamp (): number {
    return Math.floor(Date.now() / 1000)
  }

  /**
   * The date of a {@link getTimestamp}.
   *
   * @throws {RangeError} past the year 9999, where Python's `datetime` ends.
   */
  timestampToDate (timestamp: number | bigint): Date {
    if (timestamp > 253402300799) throw new RangeError('a timestamp must lie before the year 10000')
    return new Date(Number(timestamp) * 1000)
  }

  /** `value`, separator, the time as base64url text, separator, and the signature of all of these. */
  override sign (value: string): string
  override sign (value: Uint8Array): Buffer
  override sign (value: BytesLike): string | Buffer
  override sign (value: BytesLike): string | Buffer {
    const time = this.getTimestamp()
    if (this.#stamp?.time !== time) this.#stamp = { time, text: base64Encode(intToBytes(time)) }
    const tail = this.sep + this.#stamp.text
    return super.sign(typeof value === 'string' ? value + tail : Buffer.concat([wantBytes(value), wantBytes(tail)]))
  }

  /**
   * The value in front of a valid signature that is not too old, without timestamp and signature.
   *
   * @throws {@link SignatureExpired} when the signature is older than `maxAge`, or from the future.
   * @throws {@link BadTimeSignature} when the signature does not match, or there is no readable timestamp.
   * @throws {@link BadSignature} when there is no signature at all, or `signedValue` is neither text nor bytes:
   * `undefined`, for example, or JSON from a request.
   * @throws {TypeError} for unknown options, so that a misspelt `maxAge` is not ignored.
   */
  override unsign (signedValue: string, options?: UnsignOptions): string
  override unsign (signedValue: Uint8Array, options?: UnsignOptions): Buffer
  override unsign (signedValue: BytesLike, options?: UnsignOptions): string | Buffer
  override unsign (signedValue: BytesLike, options: UnsignOptions = {}): string | Buffer {
    checkOptions(options, optionNames)
    const verification = this.verify(signedValue, options)
    if (!verification.ok) throw this.error(verification)
    return verification.value
  }

  /** As {@link unsign}, with the date of the signature (Python: `return_timestamp=True`). */
  unsignWithTimestamp (signedValue: string, options?: UnsignOptions): Timestamped<string>
  unsignWithTimestamp (signedValue: Uint8Array, options?: UnsignOptions): Timestamped<Buffer>
  unsignWithTimestamp (signedValue: BytesLike, options?: UnsignOptions): Timestamped<string | Buffer>
  unsignWithTimestamp (signedValue: BytesLike, options: UnsignOptions = {}): Timestamped<string | Buffer> {
    checkOptions(options, optionNames)
    const verification = this.verify(signedValue, options)
    if (!verification.ok) throw this.error(verification)
    const { value, timestamp } = verification
    return { value, dateSigned: this.#dateOf(timestamp, value) }
  }

  /**
   * As {@link unsign}, but returns the reason of a rejection instead of throwing it: making an error takes longer than
   * verifying a signature. The options are not checked.
   */
  verify (signedValue: BytesLike, options: UnsignOptions = {}): Verification {
    const parts = rsplit(signedValue, this.sep)
    if (parts === undefined) return rejected('ERR_TOKEN_BAD_SIGNATURE', describeMissingSeparator(signedValue, this.sep))
    const [signed, signature] = parts
    const key = this.verifyingKey(signed, signature)
    const inner = rsplit(signed, this.sep)
    if (inner === undefined) {
      return key === undefined
        ? rejected('ERR_TOKEN_BAD_SIGNATURE', mismatch, signed)
        : rejected('ERR_TOKEN_BAD_TIME_SIGNATURE', 'timestamp missing', signed)
    }
    const [value, text] = inner
    const timestamp = base64ToInt(tokenText(text))
    if (key === undefined) return rejected('ERR_TOKEN_BAD_TIME_SIGNATURE', mismatch, value, timestamp)
    if (timestamp === undefined) return rejected('ERR_TOKEN_BAD_TIME_SIGNATURE', 'Malformed timestamp', value)
    const maxAge = lookup(options, 'maxAge') as number | undefined
    if (maxAge !== undefined) {
      const clockTolerance = lookup(options, 'clockTolerance') as number | undefined ?? 0
      const age = this.getTimestamp() - Number(timestamp)
      // Negated, so that NaN rejects.
      const isExpired = !(age <= maxAge)
      if (isExpired || !(age >= -clockTolerance)) {
        const message = `Signature age ${age} ${isExpired ? `> ${maxAge}` : `< ${-clockTolerance}`} seconds`
        return rejected('ERR_TOKEN_SIGNATURE_EXPIRED', message, value, timestamp)
      }
    }
    return { ok: true, value, timestamp, key }
  }

  /** The error that {@link unsign} throws for a rejected value. */
  error ({ code, message, value: payload, timestamp }: RejectedValue): BadSignature {
    if (code === 'ERR_TOKEN_BAD_SIGNATURE') return new BadSignature(message, { payload })
    let dateSigned: Date | undefined
    try {
      if (timestamp !== undefined) dateSigned = this.timestampToDate(timestamp)
    } catch (cause) {
      return new BadTimeSignature('Malformed timestamp', { payload, cause })
    }
    const TokenError = code === 'ERR_TOKEN_SIGNATURE_EXPIRED' ? SignatureExpired : BadTimeSignature
    return new TokenError(message, { payload, dateSigned })
  }

  /** Whether the signature exists, is valid and not too old. */
  override validate (signedValue: BytesLike, options: UnsignOptions = {}): boolean {
    try {
      this.unsign(signedValue, options)
      return true
    } catch (error) {
      if (error instanceof BadSignature) return false
      throw error
    }
  }

  /** Unlike ItsDangerous, calls a date past the year 9999 a bad signature, also when the signature matches. */
  #dateOf (timestamp: number | bigint, payload: BytesLike): Date {
    try {
      return this.timestampToDate(timestamp)
    } catch (cause) {
      throw new BadTimeSignature('Malformed timestamp', { payload, cause })
    }
  }
}

const mismatch = 'Signature does not match'

function rejected (
  code: TokenErrorCode, message: string, value?: string | Buffer, timestamp?: number | bigint
): RejectedValue {
  return { ok: false, code, message, value, timestamp }
}
