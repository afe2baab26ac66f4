/**
 * Signatures that know when they were made: `value.timestamp.signature`.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/timed/}
 */

import { base64Encode, base64ToInt, intToBytes, tokenText, wantBytes } from './encoding.ts'
import type { BytesLike } from './encoding.ts'
import { BadSignature, BadTimeSignature, SignatureExpired } from './errors.ts'
import type { TokenErrorCode } from './errors.ts'
import { checkOptions } from './options.ts'
import { Signer, splitLast, whyWhole } from './signer.ts'

/** How old a signature may be. */
export interface UnsignOptions {
  /** The greatest age that passes, in seconds. Without it the age is not looked at. */
  maxAge?: number | undefined
  /**
   * How far in the future a signature may have been made, in seconds; looked at together with `maxAge`.
   *
   * Unlike ItsDangerous, which has no such option.
   *
   * @defaultValue `0`
   */
  clockTolerance?: number | undefined
}

const optionNames = ['maxAge', 'clockTolerance']

/** A value and when it was signed. */
export interface Timestamped<T> {
  value: T
  /** Whole seconds. */
  dateSigned: Date
}

/** What was found of a signed value. */
export interface Examined {
  /** Why it is refused; `undefined` when all is right. */
  readonly refusal: TokenErrorCode | undefined
  /** Why, in words. */
  readonly message: string
  /** The value without timestamp and signature, as far as it could be split off; not verified when refused. */
  readonly value: string | Buffer | undefined
  /** Seconds since 1970; not verified when refused, unless it is `ERR_TOKEN_SIGNATURE_EXPIRED`. */
  readonly timestamp: number | bigint | undefined
}

/** Signs a value together with the time. */
export class TimestampSigner extends Signer {
  /** The last time that was signed, and its text. */
  #stamp: { time: number, text: string } | undefined

  /** Now, in whole seconds since 1970. */
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

  /** `value`, separator, the time as base64url text, separator and the signature of all that. */
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
   * @throws {@link BadTimeSignature} when it does not match, or has no readable timestamp.
   * @throws {@link BadSignature} when there is no signature at all, or `signedValue` is neither text nor bytes, but
   * `undefined`, for instance, or JSON from a request.
   * @throws {TypeError} for unknown options, with which no age would be checked.
   */
  override unsign (signedValue: string, options?: UnsignOptions): string
  override unsign (signedValue: Uint8Array, options?: UnsignOptions): Buffer
  override unsign (signedValue: BytesLike, options?: UnsignOptions): string | Buffer
  override unsign (signedValue: BytesLike, options: UnsignOptions = {}): string | Buffer {
    checkOptions(options, optionNames)
    const examined = this.examine(signedValue, options)
    if (examined.refusal !== undefined) throw this.error(examined)
    return examined.value as string | Buffer
  }

  /** As {@link unsign}, with the date of the signature (Python: `return_timestamp=True`). */
  unsignWithTimestamp (signedValue: string, options?: UnsignOptions): Timestamped<string>
  unsignWithTimestamp (signedValue: Uint8Array, options?: UnsignOptions): Timestamped<Buffer>
  unsignWithTimestamp (signedValue: BytesLike, options?: UnsignOptions): Timestamped<string | Buffer>
  unsignWithTimestamp (signedValue: BytesLike, options: UnsignOptions = {}): Timestamped<string | Buffer> {
    checkOptions(options, optionNames)
    const examined = this.examine(signedValue, options)
    if (examined.refusal !== undefined) throw this.error(examined)
    const value = examined.value as string | Buffer
    return { value, dateSigned: this.#dateOf(examined.timestamp as number, value) }
  }

  /**
   * As {@link unsign}, but a refusal is told and not thrown: making an error takes longer than verifying a signature. The
   * options are not checked.
   */
  examine (signedValue: BytesLike, { maxAge, clockTolerance = 0 }: UnsignOptions = {}): Examined {
    const parts = splitLast(signedValue, this.sep)
    if (parts === undefined) return refused('ERR_TOKEN_BAD_SIGNATURE', whyWhole(signedValue, this.sep))
    const [signed, signature] = parts
    const isValid = this.verifySignature(signed, signature)
    const inner = splitLast(signed, this.sep)
    if (inner === undefined) {
      return isValid
        ? refused('ERR_TOKEN_BAD_TIME_SIGNATURE', 'timestamp missing', signed)
        : refused('ERR_TOKEN_BAD_SIGNATURE', mismatch, signed)
    }
    const [value, text] = inner
    const timestamp = base64ToInt(tokenText(text))
    if (!isValid) return refused('ERR_TOKEN_BAD_TIME_SIGNATURE', mismatch, value, timestamp)
    if (timestamp === undefined) return refused('ERR_TOKEN_BAD_TIME_SIGNATURE', 'Malformed timestamp', value)
    if (maxAge !== undefined) {
      const age = this.getTimestamp() - Number(timestamp)
      // Put so that NaN lets nothing pass.
      const isExpired = !(age <= maxAge)
      if (isExpired || !(age >= -clockTolerance)) {
        const message = `Signature age ${age} ${isExpired ? `> ${maxAge}` : `< ${-clockTolerance}`} seconds`
        return refused('ERR_TOKEN_SIGNATURE_EXPIRED', message, value, timestamp)
      }
    }
    return { refusal: undefined, message: '', value, timestamp }
  }

  /** The error of a refusal. */
  error ({ refusal, message, value: payload, timestamp }: Examined): BadSignature {
    if (refusal === 'ERR_TOKEN_BAD_SIGNATURE') return new BadSignature(message, { payload })
    let dateSigned: Date | undefined
    try {
      if (timestamp !== undefined) dateSigned = this.timestampToDate(timestamp)
    } catch (cause) {
      return new BadTimeSignature('Malformed timestamp', { payload, cause })
    }
    const Refusal = refusal === 'ERR_TOKEN_SIGNATURE_EXPIRED' ? SignatureExpired : BadTimeSignature
    return new Refusal(message, { payload, dateSigned })
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

  /** Unlike ItsDangerous, a date that nobody can hold is a bad signature also when the signature is right. */
  #dateOf (timestamp: number | bigint, payload: BytesLike): Date {
    try {
      return this.timestampToDate(timestamp)
    } catch (cause) {
      throw new BadTimeSignature('Malformed timestamp', { payload, cause })
    }
  }
}

const mismatch = 'Signature does not match'

function refused (refusal: TokenErrorCode, message: string, value?: string | Buffer, timestamp?: number | bigint): Examined {
  return { refusal, message, value, timestamp }
}
