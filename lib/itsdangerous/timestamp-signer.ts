/**
 * Signatures that know when they were made: `value.timestamp.signature`.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/timed/}
 */

import { base64Decode, base64Encode, bytesToInt, intToBytes, wantBytes } from './encoding.ts'
import type { BytesLike } from './encoding.ts'
import { BadSignature, BadTimeSignature, SignatureExpired } from './errors.ts'
import { Signer, splitLast } from './signer.ts'

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

/** A value and when it was signed. */
export interface Timestamped<T> {
  value: T
  /** Whole seconds. */
  dateSigned: Date
}

/** Signs a value together with the time. */
export class TimestampSigner extends Signer {
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
    const tail = this.sep + base64Encode(intToBytes(this.getTimestamp()))
    return super.sign(typeof value === 'string' ? value + tail : Buffer.concat([value, wantBytes(tail)]))
  }

  /**
   * The value in front of a valid signature that is not too old, without timestamp and signature.
   *
   * @throws {@link SignatureExpired} when the signature is older than `maxAge`, or from the future.
   * @throws {@link BadTimeSignature} when it does not match, or has no readable timestamp.
   * @throws {@link BadSignature} when there is no signature at all.
   */
  override unsign (signedValue: string, options?: UnsignOptions): string
  override unsign (signedValue: Uint8Array, options?: UnsignOptions): Buffer
  override unsign (signedValue: BytesLike, options?: UnsignOptions): string | Buffer
  override unsign (signedValue: BytesLike, options: UnsignOptions = {}): string | Buffer {
    return this.#unsign(signedValue, options).value
  }

  /** As {@link unsign}, with the date of the signature (Python: `return_timestamp=True`). */
  unsignWithTimestamp (signedValue: string, options?: UnsignOptions): Timestamped<string>
  unsignWithTimestamp (signedValue: Uint8Array, options?: UnsignOptions): Timestamped<Buffer>
  unsignWithTimestamp (signedValue: BytesLike, options?: UnsignOptions): Timestamped<string | Buffer>
  unsignWithTimestamp (signedValue: BytesLike, options: UnsignOptions = {}): Timestamped<string | Buffer> {
    const { value, timestamp } = this.#unsign(signedValue, options)
    return { value, dateSigned: this.#dateOf(timestamp, value) }
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

  #unsign (signedValue: BytesLike, { maxAge, clockTolerance = 0 }: UnsignOptions): { value: string | Buffer, timestamp: number | bigint } {
    let signed: string | Buffer
    try {
      signed = super.unsign(signedValue)
    } catch (error) {
      if (error instanceof BadSignature) throw this.#explain(error)
      throw error
    }
    const parts = splitLast(signed, this.sep)
    if (parts === undefined) throw new BadTimeSignature('timestamp missing', { payload: signed })
    const [value, text] = parts
    const timestamp = readTimestamp(text)
    if (timestamp === undefined) throw new BadTimeSignature('Malformed timestamp', { payload: value })
    if (maxAge !== undefined) {
      const age = this.getTimestamp() - Number(timestamp)
      // Put so that NaN lets nothing pass.
      if (!(age <= maxAge)) this.#expire(`Signature age ${age} > ${maxAge} seconds`, value, timestamp)
      if (!(age >= -clockTolerance)) this.#expire(`Signature age ${age} < ${-clockTolerance} seconds`, value, timestamp)
    }
    return { value, timestamp }
  }

  /** A refused signature may still tell when it says that it was made. */
  #explain (error: BadSignature): BadSignature {
    const parts = splitLast(error.payload ?? '', this.sep)
    if (parts === undefined) return error
    const [payload, text] = parts
    const timestamp = readTimestamp(text)
    const dateSigned = timestamp === undefined ? undefined : this.#dateOf(timestamp, payload)
    return new BadTimeSignature(error.message, { payload, dateSigned })
  }

  #expire (message: string, payload: BytesLike, timestamp: number | bigint): never {
    throw new SignatureExpired(message, { payload, dateSigned: this.#dateOf(timestamp, payload) })
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

function readTimestamp (text: BytesLike): number | bigint | undefined {
  try {
    return bytesToInt(base64Decode(text))
  } catch {
    return undefined
  }
}
