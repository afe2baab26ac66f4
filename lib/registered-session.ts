/**
 * One session of the application: its settings, and its place on every request.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FlaskConfig, SessionConfig } from '../types/config.ts'
import { ConfigReader, typeName } from './config.ts'
import type { ConfigOptions } from './config.ts'
import { FST_SESSION_ALREADY_REGISTERED, FST_SESSION_INVALID_CONFIG } from './errors.ts'
import { digestNames, resolveDigest } from './itsdangerous/digest.ts'
import type { DigestMethod } from './itsdangerous/digest.ts'
import type { Dict } from './json/dict.ts'
import { Exchange } from './sessions/exchange.ts'
import { SecureCookieSessionInterface } from './sessions/secure-cookie-session-interface.ts'
import type { SigningOptions } from './sessions/secure-cookie-session-interface.ts'
import { trackedDataOf } from './sessions/secure-cookie-session.ts'
import type { SecureCookieSession } from './sessions/secure-cookie-session.ts'
import type { SessionApp, SessionInterface } from './sessions/session-interface.ts'
import { weaknessOf } from './weak-keys.ts'

/** Options of one session. Those that stand for Flask's keys go before the config. */
export interface SessionOptions extends ConfigOptions, SigningOptions {
  /** The session is `request[sessionName]`. @defaultValue `'session'` */
  sessionName?: string | undefined
  /** The decorator of the instance that holds Flask's keys. @defaultValue `'config'` */
  confKey?: string | undefined
  /** Opens and saves the sessions instead of the default one; how it signs is its own business then. */
  sessionInterface?: SessionInterface | undefined
}

/** What a request has under the key of a session. */
type Carrier = Record<symbol, Exchange | null | undefined>

export class RegisteredSession implements SessionApp {
  readonly fastify: FastifyInstance
  readonly sessionName: string
  /** Flask's keys as they were when the last request came in. */
  config: SessionConfig
  readonly #confKey: string
  readonly #reader: ConfigReader
  readonly #sessions: SessionInterface
  readonly #slot = Symbol('secure-session.exchange')

  /** @throws `FST_SESSION_INVALID_CONFIG` when an option is wrong. */
  constructor (fastify: FastifyInstance, options: SessionOptions) {
    this.fastify = fastify
    this.sessionName = textOption('sessionName', options.sessionName, 'session')
    this.#confKey = textOption('confKey', options.confKey, 'config')
    // Two sessions cannot share a cookie: those of other names have one of that name.
    this.#reader = new ConfigReader(options, { SESSION_COOKIE_NAME: this.sessionName })
    this.#sessions = interfaceOf(options)
    this.config = this.#readConfig()
    warnOfForeignOptions(fastify, options)
  }

  /** @throws `FST_SESSION_ALREADY_REGISTERED` when the request has something of that name. */
  decorate (): void {
    const { fastify, sessionName } = this
    const slot = this.#slot
    if (fastify.hasRequestDecorator(sessionName)) throw new FST_SESSION_ALREADY_REGISTERED(sessionName)
    const exchangeOf = (request: FastifyRequest): Exchange => this.#exchangeOf(request)
    fastify.decorateRequest(slot, null)
    fastify.decorateRequest(sessionName, {
      getter (this: FastifyRequest) { return exchangeOf(this).session as never },
      setter (this: FastifyRequest, data: unknown) { exchangeOf(this).assign(data) }
    })
  }

  /** Checks the config at start-up, and the secret key in it. */
  check (): void {
    const { SECRET_KEY: secretKey } = this.#readConfig()
    const { log } = this.fastify
    if (secretKey === null) log.warn(`${this.sessionName}: no secret key is set, so that sessions are empty and read-only`)
    const weakness = secretKey === null ? undefined : weaknessOf(secretKey)
    if (weakness !== undefined) log.warn(`${this.sessionName}: the secret key ${weakness}. Whoever guesses it can sign in as anybody`)
  }

  /** The onRequest hook. */
  open (request: FastifyRequest, reply: FastifyReply): void {
    this.#exchangeOf(request).begin(reply)
  }

  /** The onSend hook. A request that was refused before onRequest has no session. */
  save (request: FastifyRequest, reply: FastifyReply): void {
    (request as unknown as Carrier)[this.#slot]?.saveOnSend(reply)
  }

  /** Made by the onRequest hook, or by one of the application's that came before and looked at the session. */
  #exchangeOf (request: FastifyRequest): Exchange {
    const carrier = request as unknown as Carrier
    const known = carrier[this.#slot]
    if (known instanceof Exchange) return known
    this.#readConfig()
    const exchange = new Exchange(this.#sessions, this, request)
    carrier[this.#slot] = exchange
    return exchange
  }

  /** A session outside of any request. */
  create (data: Readonly<Dict> = {}): SecureCookieSession {
    return new (this.#cookies().sessionClass)(data)
  }

  /** The value of the cookie that holds the session's data. */
  encode (session: SecureCookieSession): string {
    this.#readConfig()
    return this.#cookies().encode(this, trackedDataOf(session).toSave())
  }

  /** The session in the value of a cookie; `null` when it is refused. */
  decode (cookie: string | undefined, log: FastifyBaseLogger): SecureCookieSession | null {
    this.#readConfig()
    const opened = cookie === undefined ? undefined : this.#cookies().decode(this, cookie, log)
    return opened === undefined ? null : this.create(this.#cookies().serializer.loads(opened.text) as Dict)
  }

  #cookies (): SecureCookieSessionInterface {
    if (this.#sessions instanceof SecureCookieSessionInterface) return this.#sessions
    throw new TypeError(`the sessionInterface of ${this.sessionName} does not keep sessions in signed cookies`)
  }

  #readConfig (): SessionConfig {
    const config = (this.fastify as unknown as Record<string, unknown>)[this.#confKey]
    this.config = this.#reader.read(config as FlaskConfig | undefined)
    return this.config
  }
}

/** Options of @fastify/secure-session, @fastify/session and @fastify/cookie, and what says the same here. */
const foreignOptions: ReadonlyArray<readonly [group: 'options' | 'cookie', name: string, ours: string]> = [
  ['options', 'key', 'secretKey (and readSecureSession.key)'],
  ['options', 'secret', 'secretKey'],
  ['options', 'expiry', 'permanentSessionLifetime (and readSecureSession.expiry)'],
  ['options', 'cookieOptions', 'cookie'],
  ['options', 'store', 'nothing: the data is in the cookie'],
  ['cookie', 'maxAge', 'permanentSessionLifetime, in seconds, with session.permanent = true'],
  ['cookie', 'expires', 'permanentSessionLifetime, with session.permanent = true'],
  ['cookie', 'signed', 'nothing: the cookie is signed']
]

/** Who moves here should not lose a setting without a word. */
function warnOfForeignOptions (fastify: FastifyInstance, options: SessionOptions): void {
  for (const [group, name, ours] of foreignOptions) {
    const given = (group === 'cookie' ? options.cookie : options) as Record<string, unknown> | undefined
    if (given?.[name] !== undefined) fastify.log.warn(`the session plugin has no option ${group === 'cookie' ? 'cookie.' : ''}${name}: instead of it there is ${ours}`)
  }
}

function textOption (name: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback
  if (typeof value !== 'string' || value === '') throw new FST_SESSION_INVALID_CONFIG(name, 'a non-empty string', typeName(value))
  return value
}

function interfaceOf (options: SessionOptions): SessionInterface {
  const { sessionInterface } = options
  if (sessionInterface === undefined) {
    checkSigningOptions(options)
    return new SecureCookieSessionInterface(options)
  }
  if (typeof sessionInterface?.openSession !== 'function' || typeof sessionInterface.saveSession !== 'function') {
    throw new FST_SESSION_INVALID_CONFIG('sessionInterface', 'an instance of SessionInterface', typeName(sessionInterface))
  }
  for (const name of ['salt', 'keyDerivation', 'digestMethod', 'serializer', 'clockTolerance', 'readSecureSession'] as const) {
    if (options[name] !== undefined) throw new FST_SESSION_INVALID_CONFIG(name, 'a property of the sessionInterface', 'a plugin option')
  }
  return sessionInterface
}

function checkSigningOptions ({ salt, keyDerivation, digestMethod, serializer, clockTolerance, readSecureSession }: SigningOptions): void {
  const demand = (isMet: boolean, name: string, expects: string, value: unknown): void => {
    if (!isMet) throw new FST_SESSION_INVALID_CONFIG(name, expects, typeName(value))
  }
  const isOneOf = (words: readonly unknown[], value: unknown): boolean => value === undefined || words.includes(value)
  const isSalt = salt === undefined || ((typeof salt === 'string' || salt instanceof Uint8Array) && salt.length > 0)
  demand(isSalt, 'salt', 'a non-empty string or bytes', salt)
  demand(isOneOf(['concat', 'django-concat', 'hmac', 'none'], keyDerivation), 'keyDerivation', "'hmac', 'django-concat', 'concat' or 'none'", keyDerivation)
  demand(areDigests(digestMethod), 'digestMethod', `${digestNames}, or a list of them`, digestMethod)
  const isSerializer = serializer === undefined || (typeof serializer?.dumps === 'function' && typeof serializer.loads === 'function')
  demand(isSerializer, 'serializer', 'an object with dumps and loads', serializer)
  const isTolerance = clockTolerance === undefined || (Number.isFinite(clockTolerance) && clockTolerance >= 0)
  const { key } = readSecureSession ?? { key: '' }
  demand(typeof key === 'string' || key instanceof Uint8Array || Array.isArray(key), 'readSecureSession', 'an object with a key and, if need be, expiry', readSecureSession)
  demand(isTolerance, 'clockTolerance', 'a number of seconds, 0 or more', clockTolerance)
}

function areDigests (methods: SigningOptions['digestMethod']): boolean {
  if (methods === undefined) return true
  const list = [methods].flat()
  try {
    for (const method of list) resolveDigest(method as DigestMethod)
    return list.length > 0
  } catch {
    return false
  }
}
