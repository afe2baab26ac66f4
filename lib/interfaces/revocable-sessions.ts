/**
 * Sessions in cookies that can be ended before their time: the option `revocation`.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import type { SigningOptions } from '../config/signing-options.ts'
import { addVary } from '../cookie/write.ts'
import { digest } from '../crypto/digest.ts'
import { randomBytes } from '../crypto/secretbox.ts'
import { now } from '../revocation/known-answers.ts'
import { andThen } from '../revocation/maybe-promise.ts'
import { revocationSettings } from '../revocation/options.ts'
import type { RevocationOptions, RevocationSettings } from '../revocation/options.ts'
import { Revocation } from '../revocation/revocation.ts'
import type { RecordLimits, RevocationVerdict, SessionIdentity } from '../revocation/revocation.ts'
import { userId } from '../revocation/user-id.ts'
import type { Dict } from '../json/dict.ts'
import { cookieOptionsKey } from '../session/session-compat.ts'
import type { LoadedSession, SessionData } from '../session/session-data.ts'
import { dataOf } from '../session/session.ts'
import type { SecureCookieSession } from '../session/session.ts'
import type { Session } from '../../types/session.ts'
import { SecureCookieSessionInterface } from './cookie-sessions.ts'
import type { EndOptions, MaybePromise, SessionApp, SessionRequest } from './session-interface.ts'

/** Bytes of the id of a session. */
const idLength = 16
/** Seconds in which the answer to one save is used for the next one of the same request, which may have no time to ask. */
const oneReply = 1

/** What the cookie of a request is found to be. */
interface Admission {
  readonly loaded?: LoadedSession
  readonly identity?: SessionIdentity
  readonly verdict: RevocationVerdict
}

/** What becomes of the session of one request. */
interface Course {
  /** The session as it was read, or saved last: the one to end when another begins. */
  current: SessionIdentity | undefined
  isRevoked: boolean
  /** Why it is not known whether the session was ended. */
  failure: Error | undefined
  /** When the store was last asked past what is remembered, by the clock of {@link now}. */
  askedAt: number
}

const noAdmission: Admission = { verdict: 'alive' }

/** As its parent, and asks a store whether a session was ended. With a synchronous store all of it is synchronous. */
export class RevocableSessionInterface extends SecureCookieSessionInterface {
  readonly #settings: RevocationSettings
  readonly #revocation: Revocation
  readonly #courses = new WeakMap<SessionData, Course>()

  constructor (options: SigningOptions & { revocation?: RevocationOptions | undefined }, sessionName: string) {
    super(options)
    this.#settings = revocationSettings(options.revocation)
    this.#revocation = new Revocation(this.#settings, sessionName)
  }

  override start ({ fastify, sessionName }: SessionApp): MaybePromise<void> {
    return this.#revocation.open((message) => fastify.log.warn(`${sessionName}: revocation: ${message}`))
  }

  override stop (): MaybePromise<void> {
    return this.#revocation.close()
  }

  /** With an asynchronous store a promise, which the type of the parent cannot say: `RequestSession` awaits it. */
  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    if (this.getSigningSerializer(app) === undefined) return null
    if (this.#revocation.sync) {
      let admission: Admission | undefined
      return this.#open(request, () => {
        admission ??= this.#admit(app, request) as Admission
        return admission
      })
    }
    const opened = andThen(this.#admit(app, request), (admission) => this.#open(request, () => admission))
    return opened as SecureCookieSession
  }

  /** As {@link openSession}. */
  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    const data = dataOf(session) as SessionData
    const course = this.#courseOf(data)
    const { accessed, revision } = data
    const leave = (): void => { if (accessed) addVary(reply) }
    let isEnded: boolean
    let isSent: boolean
    try {
      isEnded = data.modified && data.isEmpty
      isSent = !isEnded && this.shouldSetCookie(app, session, reply.request) && !data.isEmpty
    } catch (error) {
      if (error === course.failure) return leave()
      throw error
    } finally {
      // Reads by the save itself do not count.
      if (!accessed) data.accessed = false
    }
    if (!isEnded && !isSent) return super.saveSession(app, session, reply)
    const permission = isEnded ? this.#end(app, session, reply) : this.#permit(app, session, reply)
    return andThen(permission, (isPermitted) => {
      if (!isPermitted) return leave()
      // Changed while the store was asked.
      if (data.revision !== revision) return this.saveSession(app, session, reply)
      return super.saveSession(app, session, reply)
    }) as undefined
  }

  /** A session that lacks a key is refreshed at first sight. */
  override shouldSetCookie (app: SessionApp, session: SecureCookieSession, request?: SessionRequest): boolean {
    if (super.shouldSetCookie(app, session, request)) return true
    const mayRefresh = app.config.SESSION_REFRESH_EACH_REQUEST && session[cookieOptionsKey]?.refresh !== false
    return mayRefresh && session.permanent && lacksKeys(dataOf(session) as SessionData)
  }

  override decode (app: SessionApp, cookie: string, log: SessionRequest['log']): LoadedSession | undefined {
    const loaded = super.decode(app, cookie, log)
    return loaded && { ...loaded, sid: loaded.book?.sid ?? idOfCookie(cookie) }
  }

  /** Notes who the session is, for `encodeSession`, which cannot wait for the store. */
  override noteBook (app: SessionApp, data: SessionData): void {
    const { book, loaded } = data
    if (book.sid === undefined || book.created === undefined) {
      const known = data.beganAnew || loaded === undefined ? undefined : this.#identify(loaded)
      const created = known?.begin ?? this.#revocation.knownBeginFor(this.#userOf(data.detached()))
      data.book = { ...book, sid: book.sid ?? known?.sid ?? newId(), created: book.created ?? created }
    }
    super.noteBook(app, data)
  }

  /** Of a store that answers later only what is remembered counts. */
  override isKnownRevoked (session: SecureCookieSession): boolean {
    const identity = this.#identityOf(dataOf(session) as SessionData)
    if (identity === undefined) return false
    if (!this.#revocation.sync) return this.#revocation.knows(identity)
    return this.#isRefused(this.#revocation.judge(identity) as RevocationVerdict)
  }

  override isRevoked (_app: SessionApp, session: SecureCookieSession): MaybePromise<boolean> {
    const data = dataOf(session) as SessionData
    const identity = this.#identityOf(data)
    if (identity === undefined) return this.#courses.get(data)?.isRevoked === true
    return andThen(this.#revocation.judge(identity), (verdict) => this.#isRefused(verdict))
  }

  override endSessions (app: SessionApp, user: string, { except }: EndOptions): MaybePromise<void> {
    if (this.#settings.user === undefined) {
      throw new TypeError(`endSessions needs the option revocation.user of ${app.sessionName}: whose session it is`)
    }
    return this.#revocation.endUser(user, except && this.#nameOf(dataOf(except) as SessionData), this.#limits(app))
  }

  /** Looks at the cookie and asks the store about it. */
  #admit (app: SessionApp, request: SessionRequest): MaybePromise<Admission> {
    const loaded = this.load(app, request)
    if (loaded === undefined) return noAdmission
    const identity = this.#identify(loaded)
    return andThen(this.#revocation.judge(identity), (verdict) => ({ loaded, identity, verdict }))
  }

  #open (request: SessionRequest, admission: () => Admission): SecureCookieSession {
    const course: Course = { current: undefined, isRevoked: false, failure: undefined, askedAt: -Infinity }
    const load = (): LoadedSession | undefined => {
      const { loaded, identity, verdict } = admission()
      course.isRevoked = verdict === 'revoked'
      if (course.isRevoked) {
        request.log.debug({ code: 'revoked' }, 'session cookie refused')
        return undefined
      }
      course.failure = verdict instanceof Error ? verdict : undefined
      if (this.#isRefused(verdict)) return undefined
      course.current = identity
      return loaded
    }
    const session = new this.sessionClass(undefined, { serializer: this.serializer, load })
    this.#courses.set(dataOf(session) as SessionData, course)
    return session
  }

  /** Whether a cookie may be sent, and the book of the session for it. */
  #permit (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): MaybePromise<boolean> {
    const data = dataOf(session) as SessionData
    const { current } = this.#courseOf(data)
    const user = this.#userOf(data.detached())
    const { book } = data
    const isSame = book.sid === undefined ? !data.beganAnew : book.sid === current?.sid
    if (current === undefined || !isSame || current.user !== user) return this.#begin(app, session, reply, user)
    return andThen(this.#goesOn(data, current, reply), (goesOn) => {
      if (goesOn && lacksKeys(data)) data.book = { ...data.book, sid: current.sid, created: current.begin }
      return goesOn
    })
  }

  /** Whether the session may be sent again. */
  #goesOn (data: SessionData, current: SessionIdentity, reply: FastifyReply): MaybePromise<boolean> {
    const course = this.#courseOf(data)
    // A session that was accepted for want of an answer is not refreshed.
    if (course.failure !== undefined && !data.modified) return false
    const askedAt = now()
    if (askedAt - course.askedAt < oneReply) return true
    return andThen(this.#revocation.judge(current, true), (verdict) => {
      if (verdict === 'revoked') return dropped(reply)
      if (!(verdict instanceof Error)) course.askedAt = askedAt
      else if (!data.modified) return false
      else if (this.#settings.onStoreError === 'refuse') throw verdict
      return true
    })
  }

  /** A session begins. The one before it, if there is one, ends. */
  #begin (
    app: SessionApp, session: SecureCookieSession, reply: FastifyReply, user: string | undefined
  ): MaybePromise<boolean> {
    const data = dataOf(session) as SessionData
    const course = this.#courseOf(data)
    const { current } = course
    return andThen(this.#revocation.beginFor(user), (created) => andThen(this.#end(app, session, reply), (isEnded) => {
      if (!isEnded) return false
      const { sid: named } = data.book
      // `endSessions` may have given a new session its id, to except it.
      const sid = named === undefined || named === current?.sid ? newId() : named
      data.book = { ...data.book, sid, created }
      course.current = { sid, begin: created, user }
      course.askedAt = now()
      return true
    }))
  }

  /** Ends the session that was read or saved last. @returns `false` when somebody else has ended it */
  #end (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): MaybePromise<boolean> {
    const course = this.#courseOf(dataOf(session) as SessionData)
    const { current } = course
    if (current === undefined) return true
    return andThen(this.#revocation.end(current.sid, this.#limits(app)), (result) => {
      if (result === false) return dropped(reply)
      course.current = undefined
      if (!(result instanceof Error)) return true
      if (this.#settings.onStoreError === 'refuse') {
        this.deleteCookie(app, session, reply)
        throw result
      }
      reply.request.log.warn(result, 'a session was ended, but other processes do not know it yet')
      return true
    })
  }

  /** The id of a session that is to be excepted; a session without one gets it. */
  #nameOf (data: SessionData): string {
    const { sid } = data.book
    if (sid !== undefined) return sid
    const named = (data.beganAnew ? undefined : data.loaded?.sid) ?? newId()
    data.book = { ...data.book, sid: named }
    return named
  }

  /** @throws the error of the store, unless the settings say that it is to be ignored */
  #isRefused (verdict: RevocationVerdict): boolean {
    if (verdict instanceof Error && this.#settings.onStoreError === 'refuse') throw verdict
    return verdict === 'revoked'
  }

  #identityOf (data: SessionData): SessionIdentity | undefined {
    const { loaded } = data
    return this.#courses.get(data)?.current ?? (loaded && this.#identify(loaded))
  }

  #identify (loaded: LoadedSession): SessionIdentity {
    const { sid = '', book, signedAt = 0 } = loaded
    // A session of its own: to ask whose it is counts as no access.
    const session = new this.sessionClass(undefined, { serializer: this.serializer, load: () => loaded })
    return { sid, begin: book?.created ?? signedAt, user: this.#userIn(session) }
  }

  #userOf (data: Dict): string | undefined {
    return this.#userIn(new this.sessionClass(data))
  }

  #userIn (session: SecureCookieSession): string | undefined {
    return userId(this.#settings.user?.(session as unknown as Session<any>))
  }

  #courseOf (data: SessionData): Course {
    return this.#courses.get(data) as Course
  }

  #limits (app: SessionApp): RecordLimits {
    return { lifetime: app.config.PERMANENT_SESSION_LIFETIME, clockTolerance: this.clockTolerance }
  }
}

function lacksKeys ({ book, loaded }: SessionData): boolean {
  return loaded !== undefined && (book.sid === undefined || book.created === undefined)
}

function dropped (reply: FastifyReply): false {
  reply.request.log.debug('the session has been ended elsewhere: its cookie is not sent')
  return false
}

function newId (): string {
  return randomBytes(idLength).toString('base64url')
}

/** The id of a session whose cookie has none, such as one that Flask made. */
function idOfCookie (cookie: string): string {
  return digest('sha256', cookie).subarray(0, idLength).toString('base64url')
}
