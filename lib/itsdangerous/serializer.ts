/**
 * Signed data: what a data serializer makes of it, and a signature.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/serializer/}
 */

import { compactJSON } from './compact-json.ts'
import type { DataSerializer } from './compact-json.ts'
import { demandBytes, utf8, wantBytes } from './encoding.ts'
import type { BytesLike } from './encoding.ts'
import { BadPayload, BadSignature } from './errors.ts'
import { checkOptions } from './options.ts'
import { secretKeyList, Signer } from './signer.ts'
import type { SecretKey, SignerOptions } from './signer.ts'

/** A signer's class, as serializers make instances of it. */
export type SignerClass<S extends Signer = Signer> = new (secretKey: SecretKey, options?: SignerOptions) => S

/** Another way to sign that is still accepted: options, a signer, or both. */
export type FallbackSigner<S extends Signer = Signer> =
  | SignerOptions
  | SignerClass<S>
  | readonly [signer: SignerClass<S>, options: SignerOptions]

/** Options of {@link Serializer}; `undefined` means the default of the class. */
export interface SerializerOptions<S extends Signer = Signer> {
  /** @defaultValue `'itsdangerous'` */
  salt?: BytesLike | undefined
  /** @defaultValue {@link compactJSON} */
  serializer?: DataSerializer | undefined
  /** Given to the `dumps` of the data serializer. */
  serializerOptions?: Record<string, unknown> | undefined
  /** The class that signs. */
  signer?: SignerClass<S> | undefined
  /** Given to each signer; its `salt` is the serializer's. */
  signerOptions?: SignerOptions | undefined
  /** Tried in this order, with each key, when the signature is not the signer's own. @defaultValue none */
  fallbackSigners?: ReadonlyArray<FallbackSigner<S>> | undefined
}

/** Options of {@link Serializer.dumps}, each instead of the serializer's own. */
export interface DumpOptions {
  salt?: BytesLike | undefined
  /** Writes the payload. */
  serializer?: Pick<DataSerializer, 'dumps'> | undefined
}

/** Options of {@link Serializer.loads}, each instead of the serializer's own. */
export interface LoadOptions {
  salt?: BytesLike | undefined
  /** Reads the payload. */
  serializer?: Pick<DataSerializer, 'loads'> | undefined
}

/** What {@link Serializer.loadsUnsafe} could make of a token. */
export interface UnsafeResult {
  /** Whether the signature is right. */
  valid: boolean
  /** The data, of which nothing may be believed unless `valid`; `undefined` where it cannot be read. */
  payload: unknown
}

/** Of {@link DumpOptions} and {@link LoadOptions}. */
const optionNames = ['salt', 'serializer']

/**
 * Makes signed text of data, and data of signed text that nobody changed.
 *
 * @example
 * ```ts
 * const serializer = new URLSafeSerializer('secret-key', { salt: 'activate' })
 * serializer.loads(serializer.dumps({ id: 5 })) // { id: 5 }
 * ```
 */
export class Serializer<S extends Signer = Signer> {
  /** @defaultValue {@link compactJSON} */
  static defaultSerializer: DataSerializer = compactJSON
  /** @defaultValue {@link Signer} */
  static defaultSigner: SignerClass = Signer
  /** @defaultValue none */
  static defaultFallbackSigners: readonly FallbackSigner[] = []

  readonly #secretKeys: readonly Uint8Array[]
  readonly salt: BytesLike
  readonly serializer: DataSerializer
  readonly serializerOptions: Record<string, unknown>
  readonly signer: SignerClass<S>
  readonly signerOptions: SignerOptions
  readonly fallbackSigners: ReadonlyArray<FallbackSigner<S>>
  /** For the serializer's own salt: derived keys are computed once. */
  #signer: S | undefined
  #unsigners: S[] | undefined

  /**
   * @param secretKey - one key, or several from the oldest to the newest
   * @throws {RangeError} without a key.
   * @throws {TypeError} for a key or salt that is neither text nor bytes, or options that are no object: Python's salt comes second.
   */
  constructor (secretKey: SecretKey, options: SerializerOptions<S> = {}) {
    checkOptions(options)
    const { salt = 'itsdangerous' } = options
    demandBytes(salt, 'salt')
    this.#secretKeys = secretKeyList(secretKey)
    this.salt = salt
    this.serializer = options.serializer ?? new.target.defaultSerializer
    this.serializerOptions = options.serializerOptions ?? {}
    this.signer = options.signer ?? new.target.defaultSigner as SignerClass<S>
    this.signerOptions = options.signerOptions ?? {}
    this.fallbackSigners = options.fallbackSigners ?? new.target.defaultFallbackSigners as ReadonlyArray<FallbackSigner<S>>
  }

  /**
   * The keys from the oldest to the newest, copied: the given list is left as it is.
   *
   * No property of the serializer itself, so that whatever prints one prints no key.
   */
  get secretKeys (): readonly Uint8Array[] {
    return this.#secretKeys
  }

  /** The key that signs: the newest, last of {@link secretKeys}. */
  get secretKey (): Uint8Array {
    return this.secretKeys[this.secretKeys.length - 1] as Uint8Array
  }

  /**
   * The data behind a payload, whose signature is the caller's business.
   *
   * @param serializer - reads the payload instead of the serializer's own
   * @throws {@link BadPayload} when it cannot be read; `cause` tells why.
   * @throws {TypeError} when it is neither text nor bytes.
   */
  loadPayload (payload: BytesLike, serializer: Pick<DataSerializer, 'loads'> = this.serializer): unknown {
    const data = typeof payload === 'string' ? payload : wantBytes(payload)
    try {
      return serializer.loads(typeof data === 'string' ? data : utf8.decode(data))
    } catch (cause) {
      throw new BadPayload('The payload could not be unserialized', { cause })
    }
  }

  /** The text that is signed. @param serializer - writes the payload instead of the serializer's own */
  dumpPayload (value: unknown, serializer: Pick<DataSerializer, 'dumps'> = this.serializer): string {
    return serializer.dumps(value, this.serializerOptions)
  }

  /** A new signer. */
  makeSigner (salt: BytesLike = this.salt): S {
    return new this.signer(this.secretKeys, { ...this.signerOptions, salt })
  }

  /** The signers to try: the configured one, then each fallback with each key. */
  * iterUnsigners (salt: BytesLike = this.salt): Generator<S> {
    yield this.makeSigner(salt)
    for (const fallback of this.fallbackSigners) {
      const [Signer, options] = this.#fallback(fallback)
      for (const secretKey of this.secretKeys) yield new Signer(secretKey, { ...options, salt })
    }
  }

  /** Data as signed text. @throws {TypeError} for unknown options. */
  dumps (value: unknown, options: DumpOptions = {}): string {
    checkOptions(options, optionNames)
    const { salt, serializer } = options
    const signer = salt === undefined ? this.#signer ??= this.makeSigner() : this.makeSigner(salt)
    return signer.sign(this.dumpPayload(value, serializer))
  }

  /**
   * The data in a token whose signature is valid.
   *
   * @throws {@link BadSignature} when the signature does not match, or the token is neither text nor bytes, but
   * `undefined`, for instance, or JSON from a request.
   * @throws {@link BadPayload} when it does, but the payload cannot be read.
   * @throws {TypeError} for unknown options.
   */
  loads (token: BytesLike, options: LoadOptions = {}): unknown {
    checkOptions(options, optionNames)
    const { salt, serializer } = options
    return this.firstValid(salt, (signer) => this.loadPayload(signer.unsign(token), serializer))
  }

  /**
   * As {@link loads}, but never throws and reads the payload whatever the signature says. For debugging.
   *
   * Only for data serializers that are safe to feed with anything.
   */
  loadsUnsafe (token: BytesLike, options: LoadOptions = {}): UnsafeResult {
    try {
      return { valid: true, payload: this.loads(token, options) }
    } catch (error) {
      try {
        const { payload } = error as BadSignature
        return { valid: false, payload: this.loadPayload(payload as BytesLike, options.serializer) }
      } catch {
        return { valid: false, payload: undefined }
      }
    }
  }

  /** The signers for a salt; those of the serializer's own salt are made once. */
  protected unsigners (salt: BytesLike | undefined): Iterable<S> {
    if (salt !== undefined) return this.iterUnsigners(salt)
    this.#unsigners ??= [...this.iterUnsigners()]
    return this.#unsigners
  }

  /** What `read` makes of the first signer that does not refuse; otherwise the last refusal is thrown. */
  protected firstValid<T> (salt: BytesLike | undefined, read: (signer: S) => T, isFinal?: (error: BadSignature) => boolean): T {
    let refusal: unknown
    for (const signer of this.unsigners(salt)) {
      try {
        return read(signer)
      } catch (error) {
        if (!(error instanceof BadSignature) || isFinal?.(error)) throw error
        refusal = error
      }
    }
    throw refusal
  }

  #fallback (fallback: FallbackSigner<S>): readonly [SignerClass<S>, SignerOptions] {
    if (typeof fallback === 'function') return [fallback, this.signerOptions]
    return isPair(fallback) ? fallback : [this.signer, fallback]
  }
}

// Array.isArray alone does not narrow a readonly tuple.
function isPair <S extends Signer> (value: FallbackSigner<S>): value is readonly [SignerClass<S>, SignerOptions] {
  return Array.isArray(value)
}
