/**
 * Signed data that knows when it was signed.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/timed/}
 */

import type { BytesLike } from './encoding.ts'
import { SignatureExpired } from './errors.ts'
import { checkOptions } from './options.ts'
import { Serializer } from './serializer.ts'
import type { LoadOptions, SignerClass, UnsafeResult } from './serializer.ts'
import { TimestampSigner } from './timestamp-signer.ts'
import type { Examined, Timestamped, UnsignOptions } from './timestamp-signer.ts'

/** Options of {@link TimedSerializer.loads}. */
export interface TimedLoadOptions extends LoadOptions, UnsignOptions {}

const optionNames = ['salt', 'serializer', 'maxAge', 'clockTolerance']

/** A {@link Serializer} that signs with {@link TimestampSigner}. */
export class TimedSerializer extends Serializer<TimestampSigner> {
  /** @defaultValue {@link TimestampSigner} */
  static override defaultSigner: SignerClass<TimestampSigner> = TimestampSigner

  /**
   * The data in a token whose signature is valid and not too old.
   *
   * @throws {@link SignatureExpired} when the signature is older than `maxAge`, or from the future.
   * @throws {@link BadSignature} when the signature does not match, or the token is neither text nor bytes, but
   * `undefined`, for instance, or JSON from a request.
   * @throws {@link BadPayload} when it does, but the payload cannot be read.
   * @throws {TypeError} for unknown options, with which no age would be checked.
   */
  override loads (token: BytesLike, options: TimedLoadOptions = {}): unknown {
    return this.loadsWithTimestamp(token, options).value
  }

  /** As {@link loads}, with the date of the signature (Python: `return_timestamp=True`). */
  loadsWithTimestamp (token: BytesLike, options: TimedLoadOptions = {}): Timestamped<unknown> {
    checkOptions(options, optionNames)
    const { salt, serializer, ...age } = options
    return this.firstValid(salt, (signer) => {
      const { value, dateSigned } = signer.unsignWithTimestamp(token, age)
      return { value: this.loadPayload(value, serializer), dateSigned }
    }, (error) => error instanceof SignatureExpired)
  }

  /** What the signature of a token is worth; the payload is left as it is. A refusal is told and not thrown, and `options` are not checked. */
  examine (token: BytesLike, options: UnsignOptions = {}): Examined {
    let examined: Examined | undefined
    for (const signer of this.unsigners(undefined)) {
      examined = signer.examine(token, options)
      if (examined.refusal === undefined || examined.refusal === 'ERR_TOKEN_SIGNATURE_EXPIRED') break
    }
    return examined as Examined
  }

  /** As {@link Serializer.loadsUnsafe}; a signature that is too old is not valid. */
  override loadsUnsafe (token: BytesLike, options: TimedLoadOptions = {}): UnsafeResult {
    return super.loadsUnsafe(token, options)
  }
}
