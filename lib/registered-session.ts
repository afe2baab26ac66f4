/**
 * One session of the application: its settings, and its place on every request.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FlaskConfig, KeyLike, SessionConfig } from '../types/config.ts'
import { ConfigReader } from './config.ts'
import { FST_SESSION_ALREADY_REGISTERED } from './errors.ts'
import type { URLSafeTimedSerializer } from './itsdangerous/url-safe.ts'
import type { Dict } from './json/dict.ts'
import { interfaceOf, textOption, warnOfForeignOptions } from './session-options.ts'
import type { SessionOptions } from './session-options.ts'
import { cookieAttributes } from './sessions/cookie-attributes.ts'
import { Exchange } from './sessions/exchange.ts'
import { SecureCookieSessionInterface } from './sessions/secure-cookie-session-interface.ts'
import { trackedDataOf } from './sessions/secure-cookie-session.ts'
import type { SecureCookieSession } from './sessions/secure-cookie-session.ts'
import type { SessionApp, SessionInterface } from './sessions/session-interface.ts'
import type { TrackedData } from './sessions/tracked-data.ts'
import { weaknessOf } from './weak-keys.ts'

/** What a request has under the key of a session. */
type Carrier = Record<symbol, Exchange | null | undefined>

/** Whose session a request opened; `undefined` for one that no request did. */
export function ownerOf (session: SecureCookieSession): RegisteredSession | undefined {
  const watcher = (trackedDataOf(session) as TrackedData | undefined)?.watcher
  return watcher instanceof Exchange ? watcher.app as RegisteredSession : undefined
}

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

  /** Checks the config at start-up, and the keys in it. */
  check (): void {
    const { SECRET_KEY: secretKey, SECRET_KEY_FALLBACKS: fallbacks } = this.#readConfig()
    const { log } = this.fastify
    if (secretKey === null) {
      log.warn(`${this.sessionName}: no secret key is set, so that sessions are empty and read-only`)
      return
    }
    const warn = (name: string, key: KeyLike, cause = ''): void => {
      const weakness = weaknessOf(key)
      if (weakness !== undefined) log.warn(`${this.sessionName}: ${name} ${weakness}${cause}. Whoever guesses it can sign in as anybody`)
    }
    warn('the secret key', secretKey)
    const cause = ' (in an environment variable a comma ends a key)'
    fallbacks.forEach((key, index) => warn(`key ${index + 1} of SECRET_KEY_FALLBACKS`, key, cause))
  }

  /**
   * Checks the cookie attributes that a route asks for in its config.
   *
   * @param route - its name, for the message
   * @throws `FST_SESSION_INVALID_CONFIG` when one is wrong.
   */
  checkRoute (config: object | undefined, route: string): void {
    const asked = (config as Record<string, unknown> | undefined)?.[this.sessionName]
    if (typeof asked === 'object' && asked !== null) cookieAttributes(this.#sessions, this, true, asked, `${route}: the cookie attribute`)
  }

  /** Text signed with each of the keys, to ask another session whether it accepts it. */
  probe (): string[] {
    const signing = this.#signing()
    return signing?.secretKeys.map((key) => new signing.signer(key, { ...signing.signerOptions, salt: signing.salt }).sign('probe')) ?? []
  }

  /** Whether the signature of a cookie would be taken for one of this session's. */
  accepts (signed: string): boolean {
    const signing = this.#signing()
    return signing !== undefined && signing.examine(signed).refusal === undefined
  }

  /** The onRequest hook. */
  open (request: FastifyRequest, reply: FastifyReply): void {
    this.#exchangeOf(request).begin(reply)
  }

  /** The onSend hook. A request that was refused before onRequest has no session. */
  save (request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
    (request as unknown as Carrier)[this.#slot]?.saveOnSend(reply, payload)
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
    const data = trackedDataOf(session) as TrackedData | undefined
    if (data === undefined) throw new TypeError('encodeSession takes a session, as request.session is one and createSession makes them')
    data.accessed = true
    return this.#cookies().encode(this, data.toSave())
  }

  /** The session in the value of a cookie; `null` when it is refused. */
  decode (cookie: unknown, log: FastifyBaseLogger): SecureCookieSession | null {
    this.#readConfig()
    const opened = typeof cookie === 'string' ? this.#cookies().decode(this, cookie, log) : undefined
    if (opened === undefined) return null
    return this.create(opened.isShared ? this.#cookies().serializer.loads(opened.text) as Dict : opened.data)
  }

  #signing (): URLSafeTimedSerializer | undefined {
    return this.#sessions instanceof SecureCookieSessionInterface ? this.#sessions.getSigningSerializer(this) : undefined
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
