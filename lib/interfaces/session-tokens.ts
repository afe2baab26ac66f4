/**
 * Makes the serializers and token formats of a session interface, once for each configuration.
 *
 * @module
 */

import type { SessionConfig } from '../../types/config.ts'
import { isSealed } from '../config/signing-options.ts'
import type { SealedOptions } from '../config/signing-options.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import { resolveDigest } from '../crypto/digest.ts'
import type { Digest, DigestMethod, DigestName } from '../crypto/digest.ts'
import { FirstThatReads } from '../formats/first-that-reads.ts'
import { FlaskFormat } from '../formats/flask.ts'
import { RememberedTokens } from '../formats/remembered.ts'
import { sealedSalt } from '../formats/sealed.ts'
import { SecureSessionFormat } from '../formats/secure-session.ts'
import type { SecureSessionSetup } from '../formats/secure-session.ts'
import type { TokenFormat } from '../formats/token-format.ts'
import type { KeyDerivation } from '../itsdangerous/signer.ts'
import { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import type { SessionSerializer } from '../session/hand-out.ts'
import type { SessionApp } from './session-interface.ts'

/** The fields of a session interface that say how its cookies are signed. */
export interface TokenSettings {
  readonly salt: BytesLike | undefined
  readonly keyDerivation: KeyDerivation
  readonly digestMethod: DigestMethod | readonly DigestMethod[]
  readonly serializer: SessionSerializer
  readonly sealed: boolean | SealedOptions
  readonly rememberedCookies: number
  makeFormat (signing: URLSafeTimedSerializer): TokenFormat
}

/** The serializers and formats for the settings of a session interface, which are read when a config is first seen. */
export class SessionTokens {
  readonly #settings: TokenSettings
  readonly #secureSession: SecureSessionSetup | undefined
  readonly #signing = new WeakMap<SessionConfig, URLSafeTimedSerializer>()
  readonly #ofOtherDigests = new WeakMap<SessionConfig, Map<string, URLSafeTimedSerializer | undefined>>()
  readonly #formats = new WeakMap<URLSafeTimedSerializer, TokenFormat>()

  /** @param secureSession - the cookies of @fastify/secure-session that are read, too */
  constructor (settings: TokenSettings, secureSession: SecureSessionSetup | undefined) {
    this.#settings = settings
    this.#secureSession = secureSession
  }

  /** The digests that are accepted; the first signs. */
  get digests (): Digest[] {
    return [this.#settings.digestMethod].flat().map((method) => resolveDigest(method as DigestMethod))
  }

  /** Whether sealed sessions also read cookies that are only signed. */
  get readsSigned (): boolean {
    const { sealed } = this.#settings
    return typeof sealed !== 'boolean' && sealed.readSigned
  }

  /** Signs and verifies; `undefined` without a secret key. */
  signing (app: SessionApp): URLSafeTimedSerializer | undefined {
    const known = this.#signing.get(app.config)
    if (known !== undefined) return known
    const signing = this.#make(app, this.digests)
    if (signing !== undefined) this.#signing.set(app.config, signing)
    return signing
  }

  /** Verifies the cookies that sealed sessions also read; `undefined` if they read none. */
  readSigned (app: SessionApp): URLSafeTimedSerializer | undefined {
    return this.readsSigned ? this.#make(app, this.digests, false) : undefined
  }

  /** How often a cookie is hashed before it is refused: with each key of each format. */
  hashesOf ({ config }: SessionApp): number {
    const keys = 1 + config.SECRET_KEY_FALLBACKS.length
    return keys * (this.readsSigned ? 2 : 1) + (this.#secureSession?.keys.length ?? 0)
  }

  /** Verifies the signatures of a digest that is not accepted. Kept, because anybody can send many such cookies. */
  withDigest (app: SessionApp, digest: DigestName, seals: boolean): URLSafeTimedSerializer | undefined {
    const known = this.#ofOtherDigests.get(app.config) ?? new Map<string, URLSafeTimedSerializer | undefined>()
    this.#ofOtherDigests.set(app.config, known)
    const name = `${digest} ${seals}`
    if (!known.has(name)) known.set(name, this.#make(app, [digest], seals))
    return known.get(name)
  }

  /** The format for a serializer, which remembers tokens. Formats that are only read are asked after it. */
  format (app: SessionApp, signing: URLSafeTimedSerializer): TokenFormat {
    const known = this.#formats.get(signing)
    if (known !== undefined) return known
    const { makeFormat, rememberedCookies, serializer } = this.#settings
    const own = new RememberedTokens(makeFormat.call(this.#settings, signing), rememberedCookies)
    const others: Array<Pick<TokenFormat, 'decode'>> = []
    const signed = this.readSigned(app)
    if (signed !== undefined) others.push(new FlaskFormat(signed))
    if (this.#secureSession !== undefined) others.push(new SecureSessionFormat(this.#secureSession, serializer))
    const format = others.length === 0 ? own : new FirstThatReads(own, others)
    this.#formats.set(signing, format)
    return format
  }

  #make (
    app: SessionApp, [newest, ...older]: readonly DigestMethod[], seals = isSealed(this.#settings.sealed)
  ): URLSafeTimedSerializer | undefined {
    const { config: { SECRET_KEY: secretKey, SECRET_KEY_FALLBACKS: fallbacks }, sessionName } = app
    if (secretKey === null) return undefined
    const { keyDerivation, serializer, salt: given } = this.#settings
    const salt = given ?? (sessionName === 'session' ? 'cookie-session' : `cookie-session.${sessionName}`)
    return new URLSafeTimedSerializer([...fallbacks, secretKey], {
      salt: seals ? sealedSalt(salt) : salt,
      serializer,
      signerOptions: { keyDerivation, digestMethod: newest },
      fallbackSigners: older.map((digestMethod) => ({ keyDerivation, digestMethod })),
      compressFrom: Infinity
    })
  }
}
