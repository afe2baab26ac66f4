/**
 * Signed data: the text that a data serializer makes of it, and a signature.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/serializer/}
 */

import { assertBytes, wantBytes } from '../crypto/bytes.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import { compactJSON } from './compact-json.ts'
import type { DataSerializer } from './compact-json.ts'
import { utf8 } from './encoding.ts'
import { BadPayload, BadSignature } from './errors.ts'
import { lookup, pick } from '../lookup.ts'
import { checkOptions } from './options.ts'
import { secretKeyList, Signer } from './signer.ts'
import type { SecretKey, SignerOptions } from './signer.ts'

/** The constructor by which a serializer makes its signers. */
export type SignerClass<S extends Signer = Signer> = new (secretKey: SecretKey, options?: SignerOptions) => S

/** Another way of signing that is still accepted: options, a signer, or both. */
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
  /** Given to each signer, with the serializer's `salt`. */
  signerOptions?: SignerOptions | undefined
  /** Tried in this order, each with each key, when the signer rejects the signature. @defaultValue none */
  fallbackSigners?: ReadonlyArray<FallbackSigner<S>> | undefined
}

/** Options of {@link Serializer.dumps} that override the serializer's own. */
export interface DumpOptions {
  salt?: BytesLike | undefined
  /** Writes the payload. */
  serializer?: Pick<DataSerializer, 'dumps'> | undefined
}

/** Options of {@link Serializer.loads} that override the serializer's own. */
export interface LoadOptions {
  salt?: BytesLike | undefined
  /** Reads the payload. */
  serializer?: Pick<DataSerializer, 'loads'> | undefined
}

/** The result of {@link Serializer.loadsUnsafe}. */
export interface UnsafeResult {
  /** Whether the signature is valid and the data could be read. */
  valid: boolean
  /** The data, not to be trusted unless `valid`; `undefined` when it cannot be read. */
  payload: unknown
}

/** The message of a rejection by a subclass whose {@link Serializer.iterUnsigners} yields no signer. */
export const noSigner = 'There is no signer'

/** The names of {@link SerializerOptions}. */
const ownOptionNames = ['salt', 'serializer', 'serializerOptions', 'signer', 'signerOptions', 'fallbackSigners']
/** The names of {@link DumpOptions} and of {@link LoadOptions}. */
const optionNames = ['salt', 'serializer']

/**
 * Turns data into signed text, and signed text that was not changed into data.
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
  /** Kept for the serializer's own salt, so that its keys are derived once. */
  #signer: S | undefined
  #unsigners: S[] | undefined

  /**
   * @param secretKey - one key, or several from the oldest to the newest
   * @throws {RangeError} without a key.
   * @throws {TypeError} for a key or salt that is neither text nor bytes, or options that are not an object (Python's
   * second argument is the salt).
   */
  constructor (secretKey: SecretKey, options: SerializerOptions<S> = {}) {
    checkOptions(options)
    const given: SerializerOptions<S> = pick(options, ownOptionNames)
    const { salt = 'itsdangerous' } = given
    assertBytes(salt, 'salt')
    this.#secretKeys = secretKeyList(secretKey)
    this.salt = salt
    this.serializer = given.serializer ?? new.target.defaultSerializer
    this.serializerOptions = given.serializerOptions ?? {}
    this.signer = given.signer ?? new.target.defaultSigner as SignerClass<S>
    this.signerOptions = given.signerOptions ?? {}
    this.fallbackSigners = given.fallbackSigners ??
      new.target.defaultFallbackSigners as ReadonlyArray<FallbackSigner<S>>
  }

  /**
   * Copies of the keys, from the oldest to the newest.
   *
   * A getter and not a field, so that printing a serializer prints no key.
   */
  get secretKeys (): readonly Uint8Array[] {
    return this.#secretKeys
  }

  /** The key that signs: the newest, last of {@link secretKeys}. */
  get secretKey (): Uint8Array {
    return this.secretKeys[this.secretKeys.length - 1] as Uint8Array
  }

  /**
   * The data behind a payload. The caller must have verified its signature.
   *
   * @param serializer - reads the payload instead of the serializer's own
   * @throws {@link BadPayload} when the payload cannot be read; `cause` is the reason.
   * @throws {TypeError} when the payload is neither text nor bytes.
   */
  loadPayload (payload: BytesLike, serializer: Pick<DataSerializer, 'loads'> = this.serializer): unknown {
    const data = typeof payload === 'string' ? payload : wantBytes(payload)
    try {
      return serializer.loads(typeof data === 'string' ? data : utf8.decode(data))
    } catch (cause) {
      throw new BadPayload('The payload could not be unserialized', { cause })
    }
  }

  /** The text to be signed. @param serializer - writes the payload instead of the serializer's own */
  dumpPayload (value: unknown, serializer: Pick<DataSerializer, 'dumps'> = this.serializer): string {
    return serializer.dumps(value, this.serializerOptions)
  }

  /** A new signer. */
  makeSigner (salt: BytesLike = this.salt): S {
    return new this.signer(this.secretKeys, { ...this.signerOptions, salt })
  }

  /** The signers to try: the configured one, then each fallback with each key, the oldest key first. */
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
    const { salt, serializer }: DumpOptions = pick(options, optionNames)
    return this.signPayload(this.dumpPayload(value, serializer), salt)
  }

  /**
   * The data in a token whose signature is valid.
   *
   * @throws {@link BadSignature} when the signature does not match, or the token is neither text nor bytes (`undefined`
   * or JSON from a request).
   * @throws {@link BadPayload} when the signature matches, but the payload cannot be read.
   * @throws {TypeError} for unknown options.
   */
  loads (token: BytesLike, options: LoadOptions = {}): unknown {
    checkOptions(options, optionNames)
    const { salt, serializer }: LoadOptions = pick(options, optionNames)
    return this.tryEachSigner(salt, (signer) => this.loadPayload(signer.unsign(token), serializer))
  }

  /**
   * As {@link loads}, but never throws, and reads the payload even when the signature is bad. For debugging.
   *
   * Only for data serializers that can safely read untrusted text.
   */
  loadsUnsafe (token: BytesLike, options: LoadOptions = {}): UnsafeResult {
    try {
      return { valid: true, payload: this.loads(token, options) }
    } catch (error) {
      return { valid: false, payload: this.#tryLoadPayload(error, options) }
    }
  }

  /** Signs with the newest key. */
  protected signPayload (payload: string, salt: BytesLike | undefined): string {
    if (salt !== undefined) return this.makeSigner(salt).sign(payload)
    this.#signer ??= this.makeSigner()
    return this.#signer.sign(payload)
  }

  /** The signers for a salt; those for the serializer's own salt are made once. */
  protected unsigners (salt: BytesLike | undefined): Iterable<S> {
    if (salt !== undefined) return this.iterUnsigners(salt)
    this.#unsigners ??= [...this.iterUnsigners()]
    return this.#unsigners
  }

  /**
   * The result of `read` with the first signer for which it does not throw a {@link BadSignature}.
   *
   * @param stopOn - whether this error is thrown at once, without trying another signer
   * @throws {@link BadSignature} the last one, when `read` throws one for each signer.
   */
  protected tryEachSigner<T> (
    salt: BytesLike | undefined, read: (signer: S) => T, stopOn: (error: BadSignature) => boolean = () => false
  ): T {
    let last: BadSignature | undefined
    for (const signer of this.unsigners(salt)) {
      try {
        return read(signer)
      } catch (error) {
        if (!(error instanceof BadSignature) || stopOn(error)) throw error
        last = error
      }
    }
    throw last ?? new BadSignature(noSigner)
  }

  /** The payload that a {@link BadSignature} keeps, if there is one and it can be read. */
  #tryLoadPayload (error: unknown, options: LoadOptions): unknown {
    if (!(error instanceof BadSignature) || error.payload === undefined) return undefined
    try {
      return this.loadPayload(error.payload, lookup(options, 'serializer') as LoadOptions['serializer'])
    } catch {
      return undefined
    }
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
