/**
 * One session of the application: its settings, and its place on every request.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FlaskConfig, KeyLike, SessionConfig } from '../types/config.ts'
import type { OnReject } from '../types/session.ts'
import type { ListedSession } from '../types/fastify.ts'
import { routeProblem } from './config/cookie-options.ts'
import { lookup } from './lookup.ts'
import { functionOption, interfaceOf, textOption } from './options.ts'
import type { SessionOptions } from './options.ts'
import { ConfigReader } from './config/reader.ts'
import { writtenSettings } from './config/settings.ts'
import { isSealed } from './config/signing-options.ts'
import { createWarnOnce } from './config/warn-once.ts'
import type { WarnOnce } from './config/warn-once.ts'
import { accidentOf, weaknessOf } from './config/weak-keys.ts'
import { settleCookie } from './cookie/attributes.ts'
import { FST_SESSION_ALREADY_REGISTERED, FST_SESSION_INVALID_CONFIG } from './errors.ts'
import { SecureCookieSessionInterface } from './interfaces/cookie-sessions.ts'
import type { EndOptions, ListOptions, SessionApp, SessionInterface } from './interfaces/session-interface.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { URLSafeTimedSerializer } from './itsdangerous/url-safe.ts'
import type { Dict } from './json/dict.ts'
import { userId } from './revocation/user-id.ts'
import { ConfiguredApp } from './session-app.ts'
import { RequestSession } from './request/request-session.ts'
import { dataOf } from './session/session.ts'
import type { SecureCookieSession } from './session/session.ts'

/** Bytes of name and value that browsers accept. */
const browserCookieSize = 4096

/** A request with the slot for its session. */
type WithSession = Record<symbol, RequestSession | null | undefined>

export class SessionRegistration {
  readonly fastify: FastifyInstance
  readonly sessionName: string
  readonly sessionInterface: SessionInterface
  readonly #confKey: string
  readonly #reader: ConfigReader
  readonly #slot = Symbol('secure-session.request')
  readonly #warnOnce: WarnOnce
  readonly #onReject: OnReject | undefined
  #app: SessionApp
  #isChecked = false

  /** @throws `FST_SESSION_INVALID_CONFIG` when an option is wrong. */
  constructor (fastify: FastifyInstance, options: SessionOptions) {
    this.fastify = fastify
    this.sessionName = textOption('sessionName', options.sessionName, 'session')
    this.#warnOnce = createWarnOnce(fastify.log, this.sessionName)
    this.#onReject = functionOption('onReject', options.onReject)
    this.#confKey = textOption('confKey', options.confKey, 'config')
    this.sessionInterface = interfaceOf(options, this.sessionName)
    // The cookie name defaults to the session name, so that two sessions never share a cookie.
    const cookieName = { name: 'sessionName', value: this.sessionName }
    const defaults = writtenSettings(this.sessionInterface.configDefaults)
    this.#reader = new ConfigReader(options, new Map([['SESSION_COOKIE_NAME', cookieName], ...defaults]))
    this.#app = this.#makeApp(this.#readConfig())
  }

  /** The application with its current configuration: the same object until a setting changes. */
  get app (): SessionApp {
    const config = this.#readConfig()
    if (config !== this.#app.config) {
      this.#app = this.#makeApp(config)
      if (this.#isChecked) this.#warn()
    }
    return this.#app
  }

  /** The serializers whose tokens are accepted. There are none without a key, and for sessions outside of cookies. */
  get acceptedSerializers (): URLSafeTimedSerializer[] {
    const { sessionInterface } = this
    if (!(sessionInterface instanceof SecureCookieSessionInterface)) return []
    return sessionInterface.acceptedSerializers(this.app)
  }

  /** Identifies each key of @fastify/secure-session whose cookies are accepted. */
  get secureSessionKeyIds (): string[] {
    const { sessionInterface } = this
    return sessionInterface instanceof SecureCookieSessionInterface ? sessionInterface.secureSessionKeyIds() : []
  }

  get #isSealed (): boolean {
    return this.sessionInterface instanceof SecureCookieSessionInterface && isSealed(this.sessionInterface.sealed)
  }

  /** Puts the session on requests. @throws `FST_SESSION_ALREADY_REGISTERED` when they have a property of that name. */
  decorate (): void {
    const { fastify, sessionName } = this
    if (fastify.hasRequestDecorator(sessionName)) throw new FST_SESSION_ALREADY_REGISTERED(sessionName)
    const sessionOf = (request: FastifyRequest): RequestSession => this.#sessionOf(request)
    fastify.decorateRequest(this.#slot, null)
    fastify.decorateRequest(sessionName, {
      getter (this: FastifyRequest) { return sessionOf(this).session as never },
      setter (this: FastifyRequest, data: unknown) { sessionOf(this).assign(data) }
    })
  }

  /** The onRequest hook. */
  open (request: FastifyRequest, reply: FastifyReply): MaybePromise<void> {
    return this.#sessionOf(request).open(reply)
  }

  /** The onSend hook. A request that was refused before onRequest has no session. */
  save (request: FastifyRequest, reply: FastifyReply, payload: unknown): MaybePromise<void> {
    return (request as unknown as WithSession)[this.#slot]?.saveOnSend(reply, payload)
  }

  /**
   * Checks the configuration at start-up. Now, and after each change, warns about what can hardly be meant, under the
   * names that were written.
   *
   * @throws `FST_SESSION_INVALID_CONFIG` for a sealed session without a key.
   */
  check (): void {
    if (this.#isSealed && this.acceptedSerializers.length === 0) {
      const expects = `set for ${this.sessionName}, which is sealed`
      throw new FST_SESSION_INVALID_CONFIG(this.#reader.nameOf('SECRET_KEY'), expects, 'none')
    }
    this.#isChecked = true
    this.#warn()
  }

  /**
   * Checks the cookie attributes in the config of a route.
   *
   * @param route - its method and URL, for the message
   * @throws `FST_SESSION_INVALID_CONFIG` when one is wrong.
   */
  checkRoute (config: object | undefined, route: string): void {
    const asked = lookup(config ?? {}, this.sessionName)
    const problem = routeProblem(asked, this.sessionName, route)
    if (problem !== undefined) throw new FST_SESSION_INVALID_CONFIG(...problem)
    if (typeof asked !== 'object' || asked === null) return
    settleCookie(this.sessionInterface.cookieSettings(this.app), asked, `${route}: the cookie attribute`)
  }

  /** A session outside of any request. */
  create (data: Readonly<Dict> = {}): SecureCookieSession {
    const { sessionInterface } = this
    if (sessionInterface.createSession === undefined) throw this.#knowsRequestsOnly()
    return sessionInterface.createSession(this.app, data)
  }

  /** The value of the cookie that holds the session's data, or the id under which the store has it now. */
  encode (session: SecureCookieSession): MaybePromise<string> {
    const { sessionInterface, fastify } = this
    const data = dataOf(session)
    if (data === undefined) {
      throw new TypeError('encodeSession takes a session: request.session, or what createSession returns')
    }
    if (sessionInterface.encodeSession === undefined) throw this.#knowsRequestsOnly()
    data.accessed = true
    const { observer } = data
    const app = observer instanceof RequestSession ? observer.getApp() : undefined
    // A session of the same name may be one of another scope, which has other keys.
    const isOurs = app?.sessionName === this.sessionName && app.fastify === fastify
    return sessionInterface.encodeSession(isOurs ? app : this.app, session, fastify.log)
  }

  /** The session in the value of a cookie; `null` when it is refused. */
  decode (cookie: unknown, log: FastifyBaseLogger): MaybePromise<SecureCookieSession | null> {
    const { sessionInterface } = this
    if (sessionInterface.decodeSession === undefined) throw this.#knowsRequestsOnly()
    return sessionInterface.decodeSession(this.app, typeof cookie === 'string' ? cookie : undefined, log)
  }

  /** @throws {TypeError} for no user, and if the session interface cannot end sessions. */
  async endSessions (user: unknown, options: EndOptions): Promise<void> {
    const { sessionInterface } = this
    const id = userId(user)
    if (id === undefined) throw new TypeError('endSessions takes a user, got none')
    if (options.except !== undefined && dataOf(options.except) === undefined) {
      throw new TypeError('endSessions takes a session as except: request.session')
    }
    if (sessionInterface.endSessions === undefined) throw this.#needsRevocation('endSessions')
    await sessionInterface.endSessions(this.app, id, options)
  }

  /** @throws {TypeError} for no user, and if the session interface cannot list sessions. */
  async listSessions<T> (user: unknown, options: ListOptions<T>): Promise<Array<ListedSession<T>>> {
    const { sessionInterface, sessionName } = this
    const id = userId(user)
    if (id === undefined) throw new TypeError('listSessions takes a user, got none')
    if (sessionInterface.listSessions === undefined) {
      throw new TypeError(`listSessions needs the option store of ${sessionName}: cookies cannot be listed`)
    }
    return await sessionInterface.listSessions(this.app, id, options)
  }

  async isRevoked (session: SecureCookieSession): Promise<boolean> {
    const { sessionInterface } = this
    if (dataOf(session) === undefined) {
      throw new TypeError('isRevoked takes a session: request.session, or what decodeSession returns')
    }
    if (sessionInterface.isRevoked === undefined) throw this.#needsRevocation('isRevoked')
    return await sessionInterface.isRevoked(this.app, session)
  }

  #needsRevocation (method: string): TypeError {
    return new TypeError(`${method} needs the option revocation of ${this.sessionName}, or sessions in a store`)
  }

  #warn (): void {
    const { MAX_COOKIE_SIZE: size, PERMANENT_SESSION_LIFETIME: lifetime } = this.app.config
    if (lifetime === 0) {
      const name = this.#reader.nameOf('PERMANENT_SESSION_LIFETIME')
      this.#warnOnce('lifetime', `${name} is 0, so that each session ends within a second, permanent or not`)
    }
    if (size > browserCookieSize && this.sessionInterface instanceof SecureCookieSessionInterface) {
      const name = this.#reader.nameOf('MAX_COOKIE_SIZE')
      this.#warnOnce('size', `${name} is ${size}, but browsers drop cookies of more than ${browserCookieSize} bytes. ` +
        'Large sessions need the option store')
    }
    if (this.sessionInterface.needsKey) this.#warnOfKeys()
  }

  #warnOfKeys (): void {
    const { SECRET_KEY: secretKey, SECRET_KEY_FALLBACKS: fallbacks } = this.app.config
    const [keyName, listName] = [this.#reader.nameOf('SECRET_KEY'), this.#reader.nameOf('SECRET_KEY_FALLBACKS')]
    if (secretKey === null) {
      this.#warnOnce('no secret key', 'no secret key is set, so that sessions are empty and read-only')
      return
    }
    const warn = (name: string, key: KeyLike, cause = ''): void => {
      const weakness = weaknessOf(key)
      if (weakness !== undefined) {
        const harm = this.#isSealed ? 'read sealed sessions offline and sign in as anybody' : 'sign in as anybody'
        this.#warnOnce(`weak: ${name}`, `${name} ${weakness}${cause}. Whoever guesses it can ${harm}`)
      }
      const accident = accidentOf(key)
      if (accident !== undefined) {
        this.#warnOnce(`accident: ${name}`, `${name} ${accident}, which counts as part of the key`)
      }
    }
    warn(keyName, secretKey)
    const cause = ' (in an environment variable a comma ends a key)'
    fallbacks.forEach((key, index) => warn(`key ${index + 1} of ${listName}`, key, cause))
  }

  /** Created in the onRequest hook, or earlier when a hook of the application reads the session. */
  #sessionOf (request: FastifyRequest): RequestSession {
    const slots = request as unknown as WithSession
    let session = slots[this.#slot]
    if (session === null || session === undefined) {
      session = new RequestSession(this.sessionInterface, this.app, request)
      slots[this.#slot] = session
    }
    return session
  }

  #knowsRequestsOnly (): TypeError {
    return new TypeError(`the sessionInterface of ${this.sessionName} keeps no sessions outside of requests`)
  }

  #makeApp (config: SessionConfig): SessionApp {
    return new ConfiguredApp(this.fastify, this.sessionName, config, this.#warnOnce, this.#onReject)
  }

  #readConfig (): SessionConfig {
    const config = lookup(this.fastify, this.#confKey)
    return this.#reader.read(config as FlaskConfig | undefined)
  }
}
