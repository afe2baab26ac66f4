/**
 * Sessions in cookies that can be ended before their time: the option `revocation`.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import type { SigningOptions } from '../config/signing-options.ts'
import { addVary, withdrawCookie } from '../cookie/write.ts'
import { andThen } from '../maybe-promise.ts'
import { revocationSettings } from './options.ts'
import type { RevocationOptions } from './options.ts'
import { Revocation } from './revocation.ts'
import type { RecordLimits, SessionIdentity } from './revocation.ts'
import { cookieOptionsKey } from '../session/session-compat.ts'
import type { LoadedSession, SessionData } from '../session/session-data.ts'
import { dataOf } from '../session/session.ts'
import type { SecureCookieSession } from '../session/session.ts'
import { SecureCookieSessionInterface } from '../interfaces/cookie-sessions.ts'
import type { RejectionFacts } from '../interfaces/rejections.ts'
import { lacksKeys, RevocableSource } from './revocable-source.ts'
import type { Admission } from './revocable-source.ts'
import { Identification, idOfCookie, newId } from './session-identity.ts'
import type { EndOptions, SessionApp, SessionRequest } from '../interfaces/session-interface.ts'
import type { MaybePromise } from '../maybe-promise.ts'

/** As its parent, but asks a store whether a session was ended. With a synchronous store, no method gives a promise. */
export class RevocableSessionInterface extends SecureCookieSessionInterface {
  readonly #revocation: Revocation
  readonly #identification: Identification
  /** Without the option `user`, nobody's sessions can be ended together. */
  readonly #hasUser: boolean

  constructor (options: SigningOptions & { revocation?: RevocationOptions | undefined }, sessionName: string) {
    super(options)
    const settings = revocationSettings(options.revocation)
    this.#revocation = new Revocation(settings, sessionName)
    this.#identification = new Identification(this, settings.user)
    this.#hasUser = settings.user !== undefined
  }

  override start ({ fastify, sessionName }: SessionApp): MaybePromise<void> {
    return this.#revocation.open((message) => fastify.log.warn(`${sessionName}: revocation: ${message}`))
  }

  override stop (): MaybePromise<void> {
    return this.#revocation.close()
  }

  /**
   * Returns a promise if the store is asynchronous and there is a cookie, although the parent's type does not allow it.
   * Asks a synchronous store now, too: a session that ends later in the request must not vanish at its first access.
   */
  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    if (this.getSigningSerializer(app) === undefined) return null
    const opened = andThen(this.#admit(app, request), (admission) => this.#open(app, request, admission))
    return opened as SecureCookieSession
  }

  /** A promise if the store is asynchronous and was asked. */
  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    const data = dataOf(session) as SessionData
    const opened = data.source as RevocableSource
    const { accessed, revision } = data
    if (opened.isUnreadable) return this.#saveUnread(app, session, reply)
    const isEnded = data.hasChanged && data.isEmpty
    const isSent = !isEnded && this.shouldSetCookie(app, session, reply.request) && !data.isEmpty
    // Reads by the save itself do not count.
    if (!accessed) data.accessed = false
    if (!isEnded && !isSent) return super.saveSession(app, session, reply)

    const limits = this.#limits(app)
    const permission = isEnded
      ? opened.end(limits)
      : opened.permit(data, (data) => this.#identification.userOf(data), limits)
    return andThen(permission, (permission) => {
      if (permission === false) {
        // Another request may have renewed the session in the meantime: a logout takes the cookie of that, too.
        if (this.#isLogout(data, opened)) return this.deleteCookie(app, session, reply)
        // An earlier save of this request may have put the cookie into the reply.
        withdrawCookie(reply, this.getCookieName(app, reply.request))
        return leave(data, reply)
      }
      if (permission instanceof Error) {
        this.deleteCookie(app, session, reply)
        throw permission
      }
      // The session may have changed while the store was asked: then the store is asked again.
      return data.revision === revision ? super.saveSession(app, session, reply) : this.saveSession(app, session, reply)
    }) as undefined
  }

  /** A session that lacks a key is refreshed at first sight. */
  override shouldSetCookie (app: SessionApp, session: SecureCookieSession, request?: SessionRequest): boolean {
    if (super.shouldSetCookie(app, session, request)) return true
    const isRefreshed = app.config.SESSION_REFRESH_EACH_REQUEST && session[cookieOptionsKey]?.refresh !== false
    return isRefreshed && session.permanent && lacksKeys(dataOf(session) as SessionData)
  }

  override decode (app: SessionApp, cookie: string, log: SessionRequest['log']): LoadedSession | undefined {
    const loaded = super.decode(app, cookie, log)
    return loaded && { ...loaded, sid: loaded.book?.sid ?? idOfCookie(loaded.spelling ?? cookie) }
  }

  /** Completes the book for `encodeSession`, which cannot wait for the store. In a save it is complete already. */
  override noteBook (app: SessionApp, data: SessionData): void {
    const { book, loaded } = data
    if (book.sid === undefined || book.created === undefined) {
      const read = data.beganAnew || loaded === undefined ? undefined : this.#identification.identityOf(loaded)
      const begin = read?.begin ?? this.#revocation.knownBeginFor(this.#identification.userOf(data.detached()))
      data.book = { ...book, sid: book.sid ?? read?.sid ?? newId(), created: book.created ?? begin }
    }
    super.noteBook(app, data)
  }

  /** A promise if the store is asynchronous. @throws the error of the store, unless the settings say to ignore it */
  override decodeSession (
    app: SessionApp, cookie: string | undefined, log: SessionRequest['log']
  ): SecureCookieSession | null {
    const decode = (): MaybePromise<SecureCookieSession | null> => {
      const session = super.decodeSession(app, cookie, log)
      if (session === null) return null
      return andThen(this.isRevoked(app, session), (isRevoked) => isRevoked ? null : session)
    }
    // Always a promise then, even of what is remembered.
    return (this.#revocation.sync ? decode() : (async () => await decode())()) as SecureCookieSession | null
  }

  override isRevoked (_app: SessionApp, session: SecureCookieSession): MaybePromise<boolean> {
    const data = dataOf(session) as SessionData
    const identity = this.#identityOf(data)
    if (identity === undefined) return openedOf(data)?.isRevoked === true
    return andThen(this.#revocation.judge(identity), (verdict) => {
      if (verdict instanceof Error) this.#revocation.tolerate(verdict)
      return verdict === 'revoked'
    })
  }

  override endSessions (app: SessionApp, user: string, { except }: EndOptions): MaybePromise<void> {
    if (!this.#hasUser) {
      throw new TypeError(`endSessions needs the option revocation.user of ${app.sessionName}: whose session it is`)
    }
    return this.#revocation.endUser(user, except && nameOf(dataOf(except) as SessionData), this.#limits(app))
  }

  /** Looks at the cookie, and asks the store about it. */
  #admit (app: SessionApp, request: SessionRequest): MaybePromise<Admission> {
    let rejection: RejectionFacts | undefined
    const loaded = this.load(app, request, (_app, _request, facts) => { rejection = facts })
    if (loaded === undefined) return { loaded, identity: undefined, verdict: 'alive', rejection }
    const identity = this.#identification.identityOf(loaded)
    return andThen(this.#revocation.judge(identity), (verdict) => ({ loaded, identity, verdict, rejection }))
  }

  #open (app: SessionApp, request: SessionRequest, admission: Admission): SecureCookieSession {
    const source = new RevocableSource(this.#revocation, this.serializer, app, request, admission)
    return new this.sessionClass(undefined, source)
  }

  /** The application may have ended a session that it could not read: then the cookie goes, whatever the store says. */
  #saveUnread (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    const data = dataOf(session) as SessionData
    const opened = data.source as RevocableSource
    if (!opened.isEnding) return leave(data, reply)
    return andThen(opened.end(this.#limits(app)), () => this.deleteCookie(app, session, reply, false)) as undefined
  }

  /** Whether the user leaves. Without the option `user`, whether the application ended the session. */
  #isLogout (data: SessionData, { current, isEnding }: RevocableSource): boolean {
    if (!this.#hasUser) return data.isEmpty && isEnding
    return current?.user !== undefined && this.#identification.userOf(data.detached()) === undefined
  }

  #identityOf (data: SessionData): SessionIdentity | undefined {
    const { loaded } = data
    return openedOf(data)?.current ?? (loaded && this.#identification.identityOf(loaded))
  }

  #limits ({ config }: SessionApp): RecordLimits {
    const { clockTolerance } = this
    return { lifetime: this.longestAge(config), clockTolerance }
  }
}

/** The way of a session through its request; `undefined` for one outside of requests. */
function openedOf ({ source }: SessionData): RevocableSource | undefined {
  return source instanceof RevocableSource ? source : undefined
}

/** A response without a cookie still depends on the one of the request, if the application looked at it. */
function leave ({ accessed }: SessionData, reply: FastifyReply): void {
  if (accessed) addVary(reply)
}

/** The id of the session that `endSessions` keeps. Gives the session an id if it has none. */
function nameOf (data: SessionData): string {
  const { sid } = data.book
  if (sid !== undefined) return sid
  const named = (data.beganAnew ? undefined : data.loaded?.sid) ?? newId()
  data.book = { ...data.book, sid: named }
  return named
}
