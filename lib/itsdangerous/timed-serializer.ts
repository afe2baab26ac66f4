/**
 * Signed data with the time of its signature.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/timed/}
 */

import type { BytesLike } from '../crypto/bytes.ts'
import { SignatureExpired } from './errors.ts'
import { pick } from '../lookup.ts'
import { checkOptions } from './options.ts'
import { noSigner, Serializer } from './serializer.ts'
import type { LoadOptions, SignerClass, UnsafeResult } from './serializer.ts'
import { TimestampSigner } from './timestamp-signer.ts'
import type { Timestamped, UnsignOptions, Verification } from './timestamp-signer.ts'

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
   * @throws {@link BadSignature} when the signature does not match, or the token is neither text nor bytes (`undefined`
   * or JSON from a request).
   * @throws {@link BadPayload} when the signature matches, but the payload cannot be read.
   * @throws {TypeError} for unknown options, so that a misspelt `maxAge` is not ignored.
   */
  override loads (token: BytesLike, options: TimedLoadOptions = {}): unknown {
    return this.loadsWithTimestamp(token, options).value
  }

  /** As {@link loads}, with the date of the signature (Python: `return_timestamp=True`). */
  loadsWithTimestamp (token: BytesLike, options: TimedLoadOptions = {}): Timestamped<unknown> {
    checkOptions(options, optionNames)
    const { salt, serializer, ...age }: TimedLoadOptions = pick(options, optionNames)
    return this.tryEachSigner(salt, (signer) => {
      const { value, dateSigned } = signer.unsignWithTimestamp(token, age)
      return { value: this.loadPayload(value, serializer), dateSigned }
    }, (error) => error instanceof SignatureExpired)
  }

  /**
   * Verifies the signature and the age of a token; `value` is the payload, not decoded. Returns the reason of a
   * rejection instead of throwing it. The options are not checked.
   *
   * `key` counts {@link secretKeys}, also when a fallback signer verified.
   */
  verify (token: BytesLike, options: UnsignOptions = {}): Verification {
    let rejected: Verification = { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE', message: noSigner }
    for (const signer of this.unsigners(undefined)) {
      const verification = signer.verify(token, options)
      if (verification.ok) return { ...verification, key: this.#ownKey(signer, verification.key) }
      if (verification.code === 'ERR_TOKEN_SIGNATURE_EXPIRED') return verification
      rejected = verification
    }
    return rejected
  }

  /** As {@link Serializer.loadsUnsafe}; a signature that is too old is not valid. */
  override loadsUnsafe (token: BytesLike, options: TimedLoadOptions = {}): UnsafeResult {
    return super.loadsUnsafe(token, options)
  }

  /** A key of a signer, counted among those of the serializer: each fallback signer has only one of them. */
  #ownKey (signer: TimestampSigner, key: number): number {
    const { secretKeys } = this
    if (signer.secretKeys.length === secretKeys.length) return key
    const used = signer.secretKeys[signer.secretKeys.length - 1 - key] as Uint8Array
    const index = secretKeys.findLastIndex((secretKey) => Buffer.compare(secretKey, used) === 0)
    // A subclass may hand other keys to its signers.
    return index === -1 ? key : secretKeys.length - 1 - index
  }
}
