/**
 * Signing and verifying values: `value.signature`.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/signer/}
 */

import { assertBytes, isBytesLike, wantBytes } from '../crypto/bytes.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import { digest, hmac, HMAC, resolveDigest } from '../crypto/digest.ts'
import type { Digest, DigestMethod } from '../crypto/digest.ts'
import { HMACAlgorithm } from './algorithm.ts'
import type { SigningAlgorithm } from './algorithm.ts'
import { base64Encode, tokenText, tryBase64Decode } from './encoding.ts'
import { BadSignature } from './errors.ts'
import { pick } from '../lookup.ts'
import { checkOptions } from './options.ts'
import { describeMissingSeparator, rsplit } from './rsplit.ts'

/** How the key that signs is derived from the secret key and the salt. */
export type KeyDerivation = 'concat' | 'django-concat' | 'hmac' | 'none'

/** One key, or several from the oldest to the newest: the last signs, all verify. */
export type SecretKey = BytesLike | readonly BytesLike[]

/** Options of {@link Signer}; `undefined` means the default of the class. */
export interface SignerOptions {
  /** Separates the signatures for one purpose from those for another. @defaultValue `'itsdangerous.Signer'` */
  salt?: BytesLike | undefined
  /** Separates value and signature; must have a character that is not of base64url. @defaultValue `'.'` */
  sep?: string | undefined
  /** @defaultValue `'django-concat'` */
  keyDerivation?: KeyDerivation | undefined
  /** @defaultValue `'sha1'` */
  digestMethod?: DigestMethod | undefined
  /** Signs instead of HMAC with `digestMethod`; it gets the derived key. */
  algorithm?: SigningAlgorithm | undefined
}

const optionNames = ['salt', 'sep', 'keyDerivation', 'digestMethod', 'algorithm']

const defaultSalt = 'itsdangerous.Signer'

/**
 * Signs values and verifies that a signed value was not changed.
 *
 * Text in, text out; bytes in, bytes out. Unlike Python, accepts a signature in its canonical spelling only (see
 * {@link base64Decode}).
 *
 * @example
 * ```ts
 * const signer = new Signer('secret-key')
 * signer.unsign(signer.sign('value')) // 'value'
 * ```
 */
export class Signer {
  /** @defaultValue `'sha1'` */
  static defaultDigestMethod: DigestMethod = 'sha1'
  /** @defaultValue `'django-concat'` */
  static defaultKeyDerivation: KeyDerivation = 'django-concat'

  readonly #secretKeys: readonly Uint8Array[]
  readonly salt: Uint8Array
  readonly sep: string
  readonly keyDerivation: KeyDerivation
  readonly digestMethod: Digest
  /** The algorithm that was given, or an {@link HMACAlgorithm} with {@link digestMethod}. */
  readonly algorithm: SigningAlgorithm
  readonly #defaultAlgorithm: HMACAlgorithm
  readonly #signingKeys: Array<SigningKey | undefined>
  /** The key of the last {@link verifySignature}, which returns only a boolean, as in Python, and may be overridden. */
  #lastKey = 0

  /**
   * @param secretKey - one key, or several from the oldest to the newest
   * @throws {RangeError} without a key, or when `sep` could be part of a signature.
   * @throws {TypeError} for a digest method that is unknown, a key or salt that is neither text nor bytes, or options
   * that are not an object (Python's second argument is the salt).
   */
  constructor (secretKey: SecretKey, options: SignerOptions = {}) {
    checkOptions(options)
    const given: SignerOptions = pick(options, optionNames)
    const { salt = defaultSalt } = given
    this.#secretKeys = secretKeyList(secretKey)
    this.sep = given.sep ?? '.'
    if (/^[\w=-]*$/.test(this.sep)) {
      throw new RangeError(
        "sep must not be empty or consist of ASCII letters, digits and '-_=' alone, which may be part of a signature"
      )
    }
    this.salt = copyOf(salt, 'salt')
    this.keyDerivation = given.keyDerivation ?? new.target.defaultKeyDerivation
    this.digestMethod = resolveDigest(given.digestMethod ?? new.target.defaultDigestMethod)
    this.#defaultAlgorithm = new HMACAlgorithm(this.digestMethod)
    this.algorithm = given.algorithm ?? this.#defaultAlgorithm
    this.#signingKeys = this.#secretKeys.map(() => undefined)
  }

  /**
   * Copies of the keys, from the oldest to the newest.
   *
   * A getter and not a field, so that printing a signer prints no key.
   */
  get secretKeys (): readonly Uint8Array[] {
    return this.#secretKeys
  }

  /** The key that signs: the newest, last of {@link secretKeys}. */
  get secretKey (): Uint8Array {
    return this.secretKeys[this.secretKeys.length - 1] as Uint8Array
  }

  /**
   * The key that signs, derived from a secret key and the salt. Does not make a strong key of a short password.
   *
   * @param secretKey - one of {@link secretKeys}; the newest by default
   * @throws {TypeError} when the key derivation is unknown.
   */
  deriveKey (secretKey: BytesLike = this.secretKey): Uint8Array {
    const key = wantBytes(secretKey)
    switch (this.keyDerivation) {
      case 'concat': return digest(this.digestMethod, Buffer.concat([this.salt, key]))
      case 'django-concat': return digest(this.digestMethod, Buffer.concat([this.salt, wantBytes('signer'), key]))
      case 'hmac': return hmac(this.digestMethod, key, this.salt)
      case 'none': return key
      default: throw new TypeError("keyDerivation must be 'concat', 'django-concat', 'hmac' or 'none'")
    }
  }

  /**
   * The signature of `value` as base64url text.
   *
   * @throws {TypeError} for a value that is neither text nor bytes, and for text with a lone surrogate, which has the
   * same UTF-8 bytes as other text.
   */
  getSignature (value: BytesLike): string {
    assertBytes(value, 'value')
    if (!isWellFormed(value)) throw new TypeError('text with a lone surrogate cannot be signed')
    return this.#signingKey(this.#secretKeys.length - 1).signText(value)
  }

  /** `value`, separator and signature. */
  sign (value: string): string
  sign (value: Uint8Array): Buffer
  sign (value: BytesLike): string | Buffer
  sign (value: BytesLike): string | Buffer {
    const tail = this.sep + this.getSignature(value)
    return typeof value === 'string' ? value + tail : Buffer.concat([value, wantBytes(tail)])
  }

  /**
   * Whether `signature`, as base64url text, was made for `value` with one of the keys; the newest is tried first. False
   * for a value or a signature that is neither text nor bytes.
   */
  verifySignature (value: BytesLike, signature: BytesLike): boolean {
    if (!isBytesLike(value) || !isBytesLike(signature)) return false
    const text = tokenText(signature)
    const newest = this.#secretKeys.length - 1
    for (let i = newest; i >= 0; i--) {
      if (this.#signingKey(i).verifyText(value, text)) {
        this.#lastKey = newest - i
        return isWellFormed(value)
      }
    }
    return false
  }

  /**
   * The value in front of a valid signature.
   *
   * @throws {@link BadSignature} when there is no signature, or it does not match, or `signedValue` is neither text nor
   * bytes: `undefined`, for example, or JSON from a request.
   */
  unsign (signedValue: string): string
  unsign (signedValue: Uint8Array): Buffer
  unsign (signedValue: BytesLike): string | Buffer
  unsign (signedValue: BytesLike): string | Buffer {
    const parts = rsplit(signedValue, this.sep)
    if (parts === undefined) throw new BadSignature(describeMissingSeparator(signedValue, this.sep))
    const [value, signature] = parts
    if (this.verifySignature(value, signature)) return value
    throw new BadSignature('Signature does not match', { payload: value })
  }

  /** Whether the signature exists and is valid. */
  validate (signedValue: BytesLike): boolean {
    try {
      this.unsign(signedValue)
      return true
    } catch (error) {
      if (error instanceof BadSignature) return false
      throw error
    }
  }

  /**
   * The key that verifies `signature`: 0 for the newest, 1 for the next older one; `undefined` when
   * {@link verifySignature} rejects it.
   */
  protected verifyingKey (value: BytesLike, signature: BytesLike): number | undefined {
    this.#lastKey = 0
    return this.verifySignature(value, signature) ? this.#lastKey : undefined
  }

  /** Derives each key once, when it is first needed. */
  #signingKey (index: number): SigningKey {
    const key = this.#signingKeys[index] ?? this.#prepare(this.deriveKey(this.#secretKeys[index]))
    this.#signingKeys[index] = key
    return key
  }

  #prepare (key: Uint8Array): SigningKey {
    if (this.algorithm !== this.#defaultAlgorithm) return algorithmKey(this.algorithm, key)
    return new HMAC(this.#defaultAlgorithm.digestMethod, key)
  }
}

/** A derived key that signs and verifies in base64url. {@link HMAC} is one, and faster than an algorithm for bytes. */
interface SigningKey {
  signText (value: BytesLike): string
  /** Only the canonical spelling of a signature passes. */
  verifyText (value: BytesLike, signature: string): boolean
}

/** A derived key of a given algorithm, which signs and verifies in bytes. */
function algorithmKey (algorithm: SigningAlgorithm, key: Uint8Array): SigningKey {
  return {
    signText: (value) => base64Encode(algorithm.getSignature(key, value)),
    verifyText (value, signature) {
      const bytes = tryBase64Decode(signature)
      return bytes !== undefined && algorithm.verifySignature(key, value, bytes)
    }
  }
}

/** Copies of the keys as a list of bytes. */
export function secretKeyList (secretKey: SecretKey): Uint8Array[] {
  const keys = Array.isArray(secretKey) ? secretKey as readonly BytesLike[] : [secretKey as BytesLike]
  if (keys.length === 0) throw new RangeError('secretKey must hold at least one key')
  return keys.map((key) => copyOf(key, 'secretKey'))
}

function copyOf (value: BytesLike, name: string): Uint8Array {
  assertBytes(value, name)
  return Buffer.from(value as string)
}

/** False for text with lone surrogates, which all encode to the same bytes. */
function isWellFormed (value: BytesLike): boolean {
  return typeof value !== 'string' || value.isWellFormed()
}
