/**
 * Sessions in signed cookies: Flask's SecureCookieSessionInterface.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.sessions.SecureCookieSessionInterface}
 */

import type { FastifyReply } from 'fastify'
import type { SessionConfig } from '../../types/config.ts'
import { FST_SESSION_UNAVAILABLE } from '../errors.ts'
import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { resolveDigest } from '../itsdangerous/digest.ts'
import type { Digest, DigestMethod } from '../itsdangerous/digest.ts'
import type { BytesLike } from '../itsdangerous/encoding.ts'
import type { KeyDerivation } from '../itsdangerous/signer.ts'
import { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import type { Dict } from '../json/dict.ts'
import { TaggedJSONSerializer } from '../json/tagged-json-serializer.ts'
import { cookieAttributes, deletionAttributes, SetCookieWriter } from './cookie-attributes.ts'
import type { CookieAttributes } from './cookie-attributes.ts'
import { readCookie } from './cookie-header.ts'
import { CookieCodec } from './cookie-codec.ts'
import { addVary, replaceSetCookie } from './response-headers.ts'
import { noKey, SecureCookieSession, sessionJSONSerializer, trackedDataOf } from './secure-cookie-session.ts'
import { SecureSessionCookies } from './secure-session-cookies.ts'
import type { SecureSessionKeys } from './secure-session-cookies.ts'
import { SessionInterface } from './session-interface.ts'
import type { SessionApp, SessionRequest } from './session-interface.ts'
import type { OpenedSession, SessionSource, TrackedData } from './tracked-data.ts'

/** How sessions are signed; what is left out is Flask's, but for the digest. */
export interface SigningOptions {
  /** @defaultValue `'cookie-session'`, for a session of another name than `session`: `'cookie-session.NAME'` */
  salt?: BytesLike | undefined
  /** @defaultValue `'hmac'` */
  keyDerivation?: KeyDerivation | undefined
  /** One, or several of which the first signs and each verifies. Stock Flask is on `'sha1'`. @defaultValue `'sha512'` */
  digestMethod?: DigestMethod | readonly DigestMethod[] | undefined
  /** Turns the data into text and back. @defaultValue {@link sessionJSONSerializer} */
  serializer?: DataSerializer | undefined
  /** Seconds that a cookie may come from the future, for servers whose clocks differ. @defaultValue `5` */
  clockTolerance?: number | undefined
  /** Reads cookies of @fastify/secure-session too, for a move that logs nobody out. @defaultValue none */
  readSecureSession?: SecureSessionKeys | undefined
}

/** Bytes of a Set-Cookie value that browsers take, where MAX_COOKIE_SIZE does not say. */
const usualCookieSize = 4093

/** The default session interface. */
export class SecureCookieSessionInterface extends SessionInterface {
  /** What tells a session's signatures from others made with the same key. */
  salt: BytesLike | undefined
  keyDerivation: KeyDerivation
  /** The first signs, each verifies. */
  digestMethod: DigestMethod | readonly DigestMethod[]
  serializer: DataSerializer
  /** Seconds. */
  clockTolerance: number
  sessionClass: typeof SecureCookieSession = SecureCookieSession
  /** How many verified cookies are remembered, so that they need not be verified again; 0 for none. */
  rememberedCookies = 1000

  readonly #secureSession: SecureSessionCookies | undefined
  #signing: { config: SessionConfig, serializer: URLSafeTimedSerializer } | undefined
  #codec: CookieCodec | undefined
  readonly #writer = new SetCookieWriter()

  constructor (options: SigningOptions = {}) {
    super()
    this.salt = options.salt
    this.keyDerivation = options.keyDerivation ?? 'hmac'
    const { digestMethod = 'sha512' } = options
    this.digestMethod = typeof digestMethod === 'object' && !('hash' in digestMethod) ? [...digestMethod] : digestMethod
    this.serializer = options.serializer ?? sessionJSONSerializer
    this.clockTolerance = options.clockTolerance ?? 5
    this.#secureSession = options.readSecureSession && new SecureSessionCookies(options.readSecureSession)
  }

  /**
   * What signs and verifies the cookies; `undefined` without a secret key. Made anew when the configuration changes. What it
   * verified is remembered for as long as it is the same object; with {@link rememberedCookies} of 0 it is asked every time.
   */
  getSigningSerializer (app: SessionApp): URLSafeTimedSerializer | undefined {
    const { config } = app
    if (config.SECRET_KEY === null) return undefined
    if (this.#signing?.config !== config) this.#signing = { config, serializer: this.#makeSerializer(app, config.SECRET_KEY) }
    return this.#signing.serializer
  }

  /** Without a cookie, or with one that is not permanent, an untouched session needs nothing. */
  override mayNeedRefresh (app: SessionApp, request: SessionRequest): boolean {
    const cookie = this.#cookieOf(app, request)
    if (cookie === undefined) return false
    // Where somebody else says what is written and what is permanent, the session itself has to be asked.
    const isOurs = this.serializer.constructor === TaggedJSONSerializer && this.sessionClass === SecureCookieSession &&
      this.shouldSetCookie === SessionInterface.prototype.shouldSetCookie
    if (!isOurs) return true
    return app.config.SESSION_REFRESH_EACH_REQUEST && this.#codecOf(app)?.mayBePermanent(cookie) === true
  }

  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    if (this.getSigningSerializer(app) === undefined) return null
    return new this.sessionClass(undefined, new CookieSource(this, app, request, this.#cookieOf(app, request)))
  }

  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    const data = trackedDataOf(session)
    if (data.accessed) addVary(reply)
    data.whileSaving(() => {
      if (data.modified && data.isEmpty) this.#setCookie(app, data, reply, '', deletionAttributes)
      else if (this.shouldSetCookie(app, session) && !data.isEmpty) this.#sign(app, data, reply, this.getExpirationTime(app, session))
    })
  }

  /**
   * Data as the value of a session cookie.
   *
   * @throws `FST_SESSION_UNAVAILABLE` without a secret key, `FST_SESSION_UNSERIALIZABLE` and `FST_SESSION_COOKIE_OVERFLOW` as for saving.
   */
  encode (app: SessionApp, data: Dict): string {
    const codec = this.#codecOf(app)
    if (codec === undefined) throw new FST_SESSION_UNAVAILABLE(noKey)
    return codec.encode(data)
  }

  /**
   * What a session cookie holds.
   *
   * @returns `undefined` for a cookie that is refused, which is told to the log
   */
  decode (app: SessionApp, cookie: string, log: SessionRequest['log']): OpenedSession | undefined {
    return this.#codecOf(app)?.decode(cookie, app.config.PERMANENT_SESSION_LIFETIME, log)
  }

  #cookieOf (app: SessionApp, { headers }: SessionRequest): string | undefined {
    return readCookie(headers.cookie, this.getCookieName(app)) || undefined
  }

  #sign (app: SessionApp, data: TrackedData, reply: FastifyReply, expires: Date | null): void {
    this.#setCookie(app, data, reply, this.#tokenOf(app, data), (attributes) => expires === null ? attributes : { expires, ...attributes })
  }

  /**
   * What nobody changed is signed as it was read, since to write it again takes longer than to sign it. But what the application itself
   * reads and writes it may write in another way, and what may not fit as it is may be shorter when written by us.
   */
  #tokenOf (app: SessionApp, data: TrackedData): string {
    const { prototype } = SecureCookieSessionInterface
    const { serializer } = this
    const isOurs = serializer instanceof TaggedJSONSerializer && serializer.isStock && this.decode === prototype.decode && this.encode === prototype.encode
    const text = isOurs ? data.unchangedText : undefined
    const token = text === undefined ? undefined : this.#codecOf(app)?.signIfShort(text)
    return token ?? this.encode(app, data.toSave())
  }

  #setCookie (
    app: SessionApp, data: TrackedData, reply: FastifyReply, value: string,
    complete: (attributes: CookieAttributes) => CookieAttributes
  ): void {
    const isHTTPS = reply.request.protocol.toLowerCase() === 'https' // a proxy may write it in its own way
    const attributes = complete(cookieAttributes(this, app, isHTTPS, data.cookieOptions))
    const { prototype } = SecureCookieSessionInterface
    // What a subclass makes may need encoding.
    const isToken = this.encode === prototype.encode && this.getSigningSerializer === prototype.getSigningSerializer
    const name = this.getCookieName(app)
    const header = isToken ? this.#writer.write(app, name, value, attributes) : app.fastify.serializeCookie(name, value, attributes)
    const limit = app.config.MAX_COOKIE_SIZE
    if (limit > 0 && header.length > limit) {
      const overflow = (this.#codecOf(app) as CookieCodec).overflow(header.length, `${limit}, MAX_COOKIE_SIZE`, data.toSave())
      if (data.modified) throw overflow
      // Nobody changed anything: the client keeps the cookie that it has.
      reply.log.warn(overflow, 'the session cookie could not be refreshed')
      return
    }
    replaceSetCookie(reply, data.sentCookie, header)
    data.sentCookie = header
    addVary(reply)
  }

  #digests (): Digest[] {
    return [this.digestMethod].flat().map((method) => resolveDigest(method as DigestMethod))
  }

  /** Another signing serializer has other keys: nothing that was remembered counts for it. */
  #codecOf (app: SessionApp): CookieCodec | undefined {
    const signing = this.getSigningSerializer(app)
    if (signing === undefined) return undefined
    if (this.#codec?.signing !== signing) {
      const { serializer, clockTolerance, rememberedCookies } = this
      const digests = this.#digests().map(({ name }) => name)
      this.#codec = new CookieCodec({ signing, serializer, clockTolerance, rememberedCookies, digests, secureSession: this.#secureSession })
    }
    return this.#codec
  }

  #makeSerializer (app: SessionApp, secretKey: BytesLike): URLSafeTimedSerializer {
    const { keyDerivation } = this
    const [newest, ...older] = this.#digests()
    return new URLSafeTimedSerializer([...app.config.SECRET_KEY_FALLBACKS, secretKey], {
      salt: this.salt ?? (app.sessionName === 'session' ? 'cookie-session' : `cookie-session.${app.sessionName}`),
      serializer: this.serializer,
      signerOptions: { keyDerivation, digestMethod: newest },
      fallbackSigners: older.map((digestMethod) => ({ keyDerivation, digestMethod })),
      compressFrom: this.#room(app, newest as Digest)
    })
  }

  /** Bytes of JSON that fit into the cookie as they are. Beyond that zlib is worth its time: see the README. */
  #room (app: SessionApp, digest: Digest): number {
    const attributes = { ...cookieAttributes(this, app, true), expires: new Date(0) }
    const name = app.fastify.serializeCookie(this.getCookieName(app), '', attributes)
    const signature = '.xxxxxx.'.length + Math.ceil(digest.digestLength * 4 / 3)
    return Math.max(0, Math.floor(((app.config.MAX_COOKIE_SIZE || usualCookieSize) - name.length - signature) * 3 / 4) + 1)
  }
}

/** The cookie of a request, from which a session is read at its first access. */
class CookieSource implements SessionSource {
  readonly #sessions: SecureCookieSessionInterface
  readonly #app: SessionApp
  readonly #request: SessionRequest
  readonly #cookie: string | undefined

  constructor (sessions: SecureCookieSessionInterface, app: SessionApp, request: SessionRequest, cookie: string | undefined) {
    this.#sessions = sessions
    this.#app = app
    this.#request = request
    this.#cookie = cookie
  }

  open (): OpenedSession | undefined {
    return this.#cookie === undefined ? undefined : this.#sessions.decode(this.#app, this.#cookie, this.#request.log)
  }

  dumps (data: Dict): string {
    return this.#sessions.serializer.dumps(data)
  }

  loads (text: string): Dict {
    return this.#sessions.serializer.loads(text) as Dict
  }

  copyOf (value: unknown): unknown {
    const { serializer } = this.#sessions
    return serializer instanceof TaggedJSONSerializer ? serializer.copyOf(value) : undefined
  }
}
