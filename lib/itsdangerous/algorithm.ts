/**
 * The algorithms that sign bytes under a key.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/signer/#signing-algorithms}
 */

import type { BytesLike } from '../crypto/bytes.ts'
import { constantTimeEqual, hmac, resolveDigest } from '../crypto/digest.ts'
import type { Digest, DigestMethod } from '../crypto/digest.ts'

/** Makes and verifies signatures; subclasses implement {@link getSignature}. */
export abstract class SigningAlgorithm {
  /** The signature of `value` under `key`, as bytes. */
  abstract getSignature (key: Uint8Array, value: BytesLike): Uint8Array

  /** Whether `signature` belongs to `value`, compared in constant time. */
  verifySignature (key: Uint8Array, value: BytesLike, signature: Uint8Array): boolean {
    return constantTimeEqual(signature, this.getSignature(key, value))
  }
}

/** Does not sign at all: the signature is empty. */
export class NoneAlgorithm extends SigningAlgorithm {
  override getSignature (): Uint8Array {
    return new Uint8Array(0)
  }
}

/** Signs with HMAC. */
export class HMACAlgorithm extends SigningAlgorithm {
  /** @defaultValue `'sha1'` */
  static defaultDigestMethod: DigestMethod = 'sha1'

  readonly digestMethod: Digest

  constructor (digestMethod: DigestMethod = new.target.defaultDigestMethod) {
    super()
    this.digestMethod = resolveDigest(digestMethod)
  }

  override getSignature (key: Uint8Array, value: BytesLike): Uint8Array {
    return hmac(this.digestMethod, key, value)
  }

  override verifySignature (key: Uint8Array, value: BytesLike, signature: Uint8Array): boolean {
    // The length is no secret, so that a signature of another digest need not be computed.
    return signature.length === this.digestMethod.digestLength && super.verifySignature(key, value, signature)
  }
}
