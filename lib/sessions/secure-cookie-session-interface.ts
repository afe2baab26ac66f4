/**
 * Sessions in signed cookies: Flask's SecureCookieSessionInterface.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.sessions.SecureCookieSessionInterface}
 */

import type { FastifyReply } from 'fastify'
import type { SessionConfig } from '../../types/config.ts'
import { FST_SESSION_COOKIE_OVERFLOW, FST_SESSION_UNAVAILABLE, FST_SESSION_UNSERIALIZABLE } from '../errors.ts'
import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { resolveDigest } from '../itsdangerous/digest.ts'
import type { Digest, DigestMethod } from '../itsdangerous/digest.ts'
import type { BytesLike } from '../itsdangerous/encoding.ts'
import { BadPayload } from '../itsdangerous/errors.ts'
import type { KeyDerivation } from '../itsdangerous/signer.ts'
import { maxPayloadLength, URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import type { Dict } from '../json/dict.ts'
import { UnserializableError } from '../json/tagged-json-serializer.ts'
import { cookieAttributes, deletionAttributes } from './cookie-attributes.ts'
import type { CookieAttributes } from './cookie-attributes.ts'
import { readCookie } from './cookie-header.ts'
import { CookieMemo } from './cookie-memo.ts'
import { describeRefusal } from './refusal.ts'
import { addVary, replaceSetCookie } from './response-headers.ts'
import { cookieOptionsOf, noKey, SecureCookieSession, sessionJSONSerializer, trackedDataOf } from './secure-cookie-session.ts'
import { SecureSessionCookies } from './secure-session-cookies.ts'
import type { SecureSessionKeys } from './secure-session-cookies.ts'
import { SessionInterface } from './session-interface.ts'
import type { SessionApp, SessionRequest } from './session-interface.ts'
import type { OpenedSession, SessionSource } from './tracked-data.ts'

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

/** The signing serializer signs text that is JSON already, and gives such text back. */
const asText: DataSerializer = { dumps: String, loads: (text) => text }

/** Bytes of a Set-Cookie value that browsers take, where MAX_COOKIE_SIZE does not say. */
const usualCookieSize = 4093

/** Characters of a key that a message shows. */
const longestName = 64

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
  /** What this serializer verified or signed; another one has other keys. */
  #memo: { serializer: URLSafeTimedSerializer, cookies: CookieMemo } | undefined

  constructor (options: SigningOptions = {}) {
    super()
    this.salt = options.salt
    this.keyDerivation = options.keyDerivation ?? 'hmac'
    this.digestMethod = options.digestMethod ?? 'sha512'
    this.serializer = options.serializer ?? sessionJSONSerializer
    this.clockTolerance = options.clockTolerance ?? 5
    this.#secureSession = options.readSecureSession && new SecureSessionCookies(options.readSecureSession)
  }

  /** What signs and verifies the cookies; `undefined` without a secret key. Made anew when the configuration changes. */
  getSigningSerializer (app: SessionApp): URLSafeTimedSerializer | undefined {
    const { config } = app
    if (config.SECRET_KEY === null) return undefined
    if (this.#signing?.config !== config) this.#signing = { config, serializer: this.#makeSerializer(app, config.SECRET_KEY) }
    return this.#signing.serializer
  }

  /** Without a cookie an untouched session stays empty. */
  override mayNeedRefresh (app: SessionApp, request: SessionRequest): boolean {
    return readCookie(request.headers.cookie, this.getCookieName(app)) !== undefined
  }

  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    if (this.getSigningSerializer(app) === undefined) return null
    const source: SessionSource = {
      open: () => this.#open(app, request),
      dumps: (data) => this.serializer.dumps(data),
      loads: (text) => this.serializer.loads(text) as Dict
    }
    return new this.sessionClass(undefined, source)
  }

  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    trackedDataOf(session).whileSaving(() => {
      if (session.accessed) addVary(reply)
      if (session.modified && session.size === 0) this.#setCookie(app, session, reply, '', deletionAttributes)
      else if (this.shouldSetCookie(app, session) && session.size > 0) this.#sign(app, session, reply)
    })
  }

  /**
   * Data as the value of a session cookie.
   *
   * @throws `FST_SESSION_UNAVAILABLE` without a secret key, `FST_SESSION_UNSERIALIZABLE` and `FST_SESSION_COOKIE_OVERFLOW` as for saving.
   */
  encode (app: SessionApp, data: Dict): string {
    const serializer = this.getSigningSerializer(app)
    if (serializer === undefined) throw new FST_SESSION_UNAVAILABLE(noKey)
    const text = this.#dumps(data)
    const token = serializer.dumps(text, { serializer: asText })
    // A client sends back what it was given.
    this.#memoOf(serializer).add(token, text)
    return token
  }

  /**
   * What a session cookie holds.
   *
   * @returns `undefined` for a cookie that is refused, which is told to the log
   */
  decode (app: SessionApp, cookie: string, log: SessionRequest['log']): OpenedSession | undefined {
    const serializer = this.getSigningSerializer(app)
    if (serializer === undefined) return undefined
    return this.#remembered(app, serializer, cookie) ?? this.#secureSession?.open(cookie) ?? this.#read(app, serializer, cookie, log)
  }

  #open (app: SessionApp, { headers, log }: SessionRequest): OpenedSession | undefined {
    const cookie = readCookie(headers.cookie, this.getCookieName(app))
    return cookie === undefined || cookie === '' ? undefined : this.decode(app, cookie, log)
  }

  /** A cookie that was verified before, if it is still young enough. */
  #remembered (app: SessionApp, serializer: URLSafeTimedSerializer, cookie: string): OpenedSession | undefined {
    const known = this.#memoOf(serializer).get(cookie)
    if (known === undefined) return undefined
    const age = Math.floor(Date.now() / 1000) - known.timestamp
    if (age > app.config.PERMANENT_SESSION_LIFETIME || age < -this.clockTolerance) return undefined
    known.data ??= this.serializer.loads(known.text) as Dict
    return { data: known.data, text: known.text, isShared: true }
  }

  /** A refused cookie is no error: it is an empty session. */
  #read (app: SessionApp, serializer: URLSafeTimedSerializer, cookie: string, log: SessionRequest['log']): OpenedSession | undefined {
    const { clockTolerance } = this
    const { refusal, value } = serializer.examine(cookie, { maxAge: app.config.PERMANENT_SESSION_LIFETIME, clockTolerance })
    if (refusal !== undefined) {
      log.debug(describeRefusal(refusal, cookie, this.#digests().map(({ name }) => name)), 'session cookie refused')
      return undefined
    }
    try {
      const text = serializer.loadPayload(value as string, asText) as string
      if (Buffer.byteLength(text) > maxPayloadLength) throw new BadPayload('The payload is too long')
      const data = this.serializer.loads(text)
      if (!isPlainObject(data)) throw new BadPayload('The payload is not an object')
      this.#memoOf(serializer).add(cookie, text)
      return { data, text, isShared: false }
    } catch {
      log.warn({ code: 'ERR_TOKEN_BAD_PAYLOAD' }, 'session cookie with a valid signature is unreadable')
      return undefined
    }
  }

  #sign (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    const expires = this.getExpirationTime(app, session)
    const token = this.encode(app, trackedDataOf(session).toSave())
    this.#setCookie(app, session, reply, token, (attributes) => expires === null ? attributes : { expires, ...attributes })
  }

  #setCookie (
    app: SessionApp, session: SecureCookieSession, reply: FastifyReply, value: string,
    complete: (attributes: CookieAttributes) => CookieAttributes
  ): void {
    const data = trackedDataOf(session)
    const isHTTPS = reply.request.protocol === 'https'
    const attributes = complete(cookieAttributes(this, app, isHTTPS, cookieOptionsOf(session)))
    const header = app.fastify.serializeCookie(this.getCookieName(app), value, attributes)
    const limit = app.config.MAX_COOKIE_SIZE
    if (limit > 0 && header.length > limit) throw this.#overflow(header.length, `${limit}, MAX_COOKIE_SIZE`, data.toSave())
    replaceSetCookie(reply, data.sentCookie, header)
    data.sentCookie = header
    addVary(reply)
  }

  /** The same limits as for reading, so that what is written can always be read. */
  #dumps (data: Dict): string {
    let text: string
    try {
      text = this.serializer.dumps(data)
    } catch (cause) {
      const error = new FST_SESSION_UNSERIALIZABLE(cause instanceof UnserializableError ? cause.message : 'its serializer threw an error')
      error.cause = cause
      throw error
    }
    const length = Buffer.byteLength(text)
    if (length > maxPayloadLength) throw this.#overflow(length, `${maxPayloadLength} of JSON`, data)
    return text
  }

  #overflow (size: number, limit: string, data: Dict): Error {
    const sizes = Object.keys(data).map((key) => ({ key, size: Buffer.byteLength(this.serializer.dumps({ [key]: data[key] })) }))
    const largest = sizes.sort((a, b) => b.size - a.size).slice(0, 3)
    return new FST_SESSION_COOKIE_OVERFLOW(size, limit, largest.map(({ key, size }) => `${key.length > longestName ? `${key.slice(0, longestName)}...` : key} (${size})`).join(', '))
  }

  #digests (): Digest[] {
    return [this.digestMethod].flat().map((method) => resolveDigest(method as DigestMethod))
  }

  #memoOf (serializer: URLSafeTimedSerializer): CookieMemo {
    if (this.#memo?.serializer !== serializer) this.#memo = { serializer, cookies: new CookieMemo(this.rememberedCookies) }
    return this.#memo.cookies
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

function isPlainObject (value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
