/**
 * Signing and verifying values: `value.signature`.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/signer/}
 */

import { base64Encode, demandBytes, isBytesLike, tokenText, tryBase64Decode, wantBytes } from './encoding.ts'
import type { BytesLike } from './encoding.ts'
import { constantTimeEqual, digest, hmac, HMAC, resolveDigest } from './digest.ts'
import type { Digest, DigestMethod } from './digest.ts'
import { BadSignature } from './errors.ts'
import { checkOptions, typeName } from './options.ts'

/** How the key that signs is made of secret key and salt. */
export type KeyDerivation = 'concat' | 'django-concat' | 'hmac' | 'none'

/** One key, or several from the oldest to the newest: the last signs, all verify. */
export type SecretKey = BytesLike | readonly BytesLike[]

/** How signatures are made and checked; subclasses give {@link getSignature}. */
export abstract class SigningAlgorithm {
  /** The signature of `value` under `key`, as bytes. */
  abstract getSignature (key: Uint8Array, value: BytesLike): Uint8Array

  /** Whether `signature` belongs to `value`, compared in constant time. */
  verifySignature (key: Uint8Array, value: BytesLike, signature: Uint8Array): boolean {
    return constantTimeEqual(signature, this.getSignature(key, value))
  }

  /** As {@link getSignature}, in base64url. */
  getSignatureText (key: Uint8Array, value: BytesLike): string {
    return base64Encode(this.getSignature(key, value))
  }

  /** As {@link verifySignature}, for a signature in base64url: only its canonical spelling passes. */
  verifySignatureText (key: Uint8Array, value: BytesLike, signature: string): boolean {
    const bytes = tryBase64Decode(signature)
    return bytes !== undefined && this.verifySignature(key, value, bytes)
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
  // Weak, so that a key is forgotten with the signer that owns it.
  readonly #byKey = new WeakMap<Uint8Array, HMAC>()

  constructor (digestMethod: DigestMethod = new.target.defaultDigestMethod) {
    super()
    this.digestMethod = resolveDigest(digestMethod)
  }

  /** The HMAC of `value`. A key is prepared at its first use: its bytes must not change afterwards. */
  override getSignature (key: Uint8Array, value: BytesLike): Uint8Array {
    return this.#prepared(key).sign(value)
  }

  override verifySignature (key: Uint8Array, value: BytesLike, signature: Uint8Array): boolean {
    // The length is no secret; a signature of another digest need not be computed.
    return signature.length === this.digestMethod.digestLength && super.verifySignature(key, value, signature)
  }

  override getSignatureText (key: Uint8Array, value: BytesLike): string {
    return this.#signsItsOwnWay() ? super.getSignatureText(key, value) : this.#prepared(key).signText(value)
  }

  override verifySignatureText (key: Uint8Array, value: BytesLike, signature: string): boolean {
    return this.#signsItsOwnWay() ? super.verifySignatureText(key, value, signature) : this.#prepared(key).verifyText(value, signature)
  }

  /** Whether a subclass signs or verifies in a way of its own. */
  #signsItsOwnWay (): boolean {
    const { prototype } = HMACAlgorithm
    return this.getSignature !== prototype.getSignature || this.verifySignature !== prototype.verifySignature
  }

  #prepared (key: Uint8Array): HMAC {
    let prepared = this.#byKey.get(key)
    if (prepared === undefined) {
      prepared = new HMAC(this.digestMethod, key)
      this.#byKey.set(key, prepared)
    }
    return prepared
  }
}

/** Options of {@link Signer}; `undefined` means the default of the class. */
export interface SignerOptions {
  /** Tells signatures made for one purpose from those made for another. @defaultValue `'itsdangerous.Signer'` */
  salt?: BytesLike | undefined
  /** Stands between value and signature; not of the base64url alphabet alone. @defaultValue `'.'` */
  sep?: string | undefined
  /** @defaultValue `'django-concat'` */
  keyDerivation?: KeyDerivation | undefined
  /** @defaultValue `'sha1'` */
  digestMethod?: DigestMethod | undefined
  /** @defaultValue an {@link HMACAlgorithm} with `digestMethod` */
  algorithm?: SigningAlgorithm | undefined
}

const defaultSalt = 'itsdangerous.Signer'

/**
 * Signs values and tells whether a signed value was changed.
 *
 * Text in, text out; bytes in, bytes out. Unlike Python, a signature is accepted in its one canonical spelling only
 * (see {@link base64Decode}).
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
  readonly algorithm: SigningAlgorithm
  readonly #derivedKeys: Array<Uint8Array | undefined>

  /**
   * @param secretKey - one key, or several from the oldest to the newest
   * @throws {RangeError} without a key, or when `sep` could be part of a signature.
   * @throws {TypeError} for a digest method that is unknown, a key or salt that is neither text nor bytes, or options that
   * are no object: Python's salt comes second.
   */
  constructor (secretKey: SecretKey, options: SignerOptions = {}) {
    checkOptions(options)
    this.#secretKeys = secretKeyList(secretKey)
    this.sep = options.sep ?? '.'
    if (/^[\w=-]*$/.test(this.sep)) {
      throw new RangeError("sep must not be empty or consist of ASCII letters, digits and '-_=' alone, which may be part of a signature")
    }
    const { salt = defaultSalt } = options
    this.salt = copyOf(salt, 'salt')
    this.keyDerivation = options.keyDerivation ?? new.target.defaultKeyDerivation
    this.digestMethod = resolveDigest(options.digestMethod ?? new.target.defaultDigestMethod)
    this.algorithm = options.algorithm ?? new HMACAlgorithm(this.digestMethod)
    this.#derivedKeys = this.#secretKeys.map(() => undefined)
  }

  /**
   * The keys from the oldest to the newest, copied: the given list is left as it is.
   *
   * No property of the signer itself, so that whatever prints one prints no key.
   */
  get secretKeys (): readonly Uint8Array[] {
    return this.#secretKeys
  }

  /** The key that signs: the newest, last of {@link secretKeys}. */
  get secretKey (): Uint8Array {
    return this.secretKeys[this.secretKeys.length - 1] as Uint8Array
  }

  /**
   * The key that signs, made of a secret key and the salt. No way to turn a short password into a good key.
   *
   * @param secretKey - one of {@link secretKeys}; the newest if left out
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
   * @throws {TypeError} for what is neither text nor bytes, and for text with a lone surrogate: its UTF-8 bytes are those of
   * other text, too.
   */
  getSignature (value: BytesLike): string {
    demandBytes(value, 'value')
    if (!isSignable(value)) throw new TypeError('text with a lone surrogate cannot be signed')
    return this.algorithm.getSignatureText(this.#derivedKey(this.#secretKeys.length - 1), value)
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
   * Whether `signature`, as base64url text, was made for `value` with one of the keys; the newest is tried first. Never for
   * what is neither text nor bytes.
   */
  verifySignature (value: BytesLike, signature: BytesLike): boolean {
    if (!isBytesLike(value) || !isBytesLike(signature)) return false
    const text = tokenText(signature)
    for (let i = this.#secretKeys.length - 1; i >= 0; i--) {
      if (this.algorithm.verifySignatureText(this.#derivedKey(i), value, text)) return isSignable(value)
    }
    return false
  }

  /**
   * The value in front of a valid signature.
   *
   * @throws {@link BadSignature} when there is no signature, or it does not match, or `signedValue` is neither text nor
   * bytes, but `undefined`, for instance, or JSON from a request.
   */
  unsign (signedValue: string): string
  unsign (signedValue: Uint8Array): Buffer
  unsign (signedValue: BytesLike): string | Buffer
  unsign (signedValue: BytesLike): string | Buffer {
    const parts = splitLast(signedValue, this.sep)
    if (parts === undefined) throw new BadSignature(whyWhole(signedValue, this.sep))
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

  /** Each key is derived once, when it is first needed. */
  #derivedKey (index: number): Uint8Array {
    const key = this.#derivedKeys[index] ?? this.deriveKey(this.#secretKeys[index])
    this.#derivedKeys[index] = key
    return key
  }
}

/** What stands before and after the last separator; `undefined` where there is none, or neither text nor bytes. */
export function splitLast (value: string, sep: string): [string, string] | undefined
export function splitLast (value: BytesLike, sep: string): [string, string] | [Buffer, Buffer] | undefined
export function splitLast (value: BytesLike, sep: string): [string, string] | [Buffer, Buffer] | undefined {
  if (typeof value === 'string') {
    const at = lastIndexOf(value, sep)
    return at === -1 ? undefined : [value.slice(0, at), value.slice(at + sep.length)]
  }
  if (!isBytesLike(value)) return undefined
  const bytes = wantBytes(value)
  const at = bytes.lastIndexOf(sep)
  return at === -1 ? undefined : [bytes.subarray(0, at), bytes.subarray(at + Buffer.byteLength(sep))]
}

/** As that of strings, which takes longer than to look at each character of a signature. */
function lastIndexOf (text: string, sep: string): number {
  if (sep.length > 1) return text.lastIndexOf(sep)
  const code = sep.charCodeAt(0)
  let at = text.length - 1
  while (at >= 0 && text.charCodeAt(at) !== code) at--
  return at
}

/** Why {@link splitLast} found nothing. */
export function whyWhole (value: unknown, sep: string): string {
  return isBytesLike(value) ? `No '${sep}' found in value` : `A signed value must be text or bytes, got ${typeName(value)}`
}

/** The keys as a list of bytes of its own. */
export function secretKeyList (secretKey: SecretKey): Uint8Array[] {
  const keys = Array.isArray(secretKey) ? secretKey as readonly BytesLike[] : [secretKey as BytesLike]
  if (keys.length === 0) throw new RangeError('secretKey must hold at least one key')
  return keys.map((key) => copyOf(key, 'secretKey'))
}

function copyOf (value: BytesLike, name: string): Uint8Array {
  demandBytes(value, name)
  return Buffer.from(value as string)
}

/** Whether the value is bytes, or text that has bytes of its own: a lone surrogate has those of other text. */
function isSignable (value: unknown): boolean {
  return typeof value === 'string' ? value.isWellFormed() : isBytesLike(value)
}
