/**
 * One session in one request and its reply: when it is saved, and what becomes of a change that comes later.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { FST_SESSION_HEADERS_SENT } from '../errors.ts'
import type { SessionCookieOptions } from '../../types/session.ts'
import { copyToRaw, setHeadersOf } from './response-headers.ts'
import { trackedDataOf } from './secure-cookie-session.ts'
import type { SecureCookieSession } from './secure-cookie-session.ts'
import type { SessionApp, SessionInterface } from './session-interface.ts'
import type { SessionWatcher, TrackedData } from './tracked-data.ts'

/** Watches the session of a request and saves it into the reply. */
export class Exchange implements SessionWatcher {
  readonly isReadOnly = false
  readonly #sessions: SessionInterface
  /** Whose session it is. */
  readonly app: SessionApp
  readonly #request: FastifyRequest
  #reply: FastifyReply | undefined
  #session: SecureCookieSession | undefined
  #opened: TrackedData | undefined
  /** Whether the session is one that is never saved. */
  #isNull = false
  /** Whether the session is in the reply, so that what comes now comes after the onSend hook. */
  #isSaved = false
  #isSaving = false
  #isArmed = false
  #willWarn = false
  /** The cookie of the session that the raw reply has. */
  #copiedCookie: string | undefined
  /** The revision of the data that could not be saved: it would fail again. */
  #failedRevision: number | undefined

  constructor (sessions: SessionInterface, app: SessionApp, request: FastifyRequest) {
    this.#sessions = sessions
    this.app = app
    this.#request = request
  }

  /** The session; its data is read from the cookie at the first access to it. */
  get session (): SecureCookieSession {
    if (this.#session === undefined) this.#open()
    return this.#session as unknown as SecureCookieSession
  }

  /** The data behind the session; to ask the session, which is a proxy, takes longer. */
  #data (): TrackedData {
    if (this.#opened === undefined) this.#open()
    return this.#opened as unknown as TrackedData
  }

  /** From now on there is a reply to save into. A hook of the application may have looked at the session before. */
  begin (reply: FastifyReply): void {
    this.#reply = reply
  }

  /** `request.session = data`: null ends the session, a plain object takes the place of its data. */
  assign (data: unknown): void {
    if (data === this.session) return
    if (data === null) this.#data().end()
    else if (isDict(data)) this.#data().replace(Object.entries(data))
    else throw new TypeError('a session can be set to null, which ends it, or to a plain object')
  }

  /** Saves the session; the onSend hook. Runs again when a later hook fails, and does no harm. */
  saveOnSend (reply: FastifyReply, payload: unknown): void {
    this.begin(reply)
    const needsSaving = this.#session !== undefined || this.#sessions.mayNeedRefresh(this.app, this.#request)
    if (needsSaving && this.#data().revision !== this.#failedRevision) this.#save()
    this.#isSaved = true
    // The headers of a Response come after this hook, and would take the place of ours.
    if (needsSaving && typeof payload === 'object' && payload !== null) this.#saveLater()
  }

  /** `session.save()`: the headers are in the reply at once, also in the raw one, for those who hijack it. */
  save (): void {
    const data = this.#data()
    this.beforeWrite()
    if (data.keys().length > 0) data.modified = true
    this.#save()
    this.#copyToRaw()
    this.#isSaved = true
    this.#saveLater()
  }

  onAccess (): void {
    if (this.#isSaved) this.#saveLater()
  }

  onHandOut (): void {
    this.#failedRevision = undefined // what failed may be mended inside of the value
    this.#warnOfLoss()
    if (this.#isSaved) this.#saveLater()
  }

  beforeWrite (): void {
    if (areHeadersSent(this.#reply)) throw new FST_SESSION_HEADERS_SENT()
  }

  /** A change after the onSend hook goes into the reply at once, so that its errors reach whoever wrote. */
  afterWrite (): void {
    this.#warnOfLoss()
    if (!this.#isSaved || this.#isSaving) return
    this.#save()
    this.#copyToRaw() // where a stream may have put the headers of the reply already
    this.#saveLater()
  }

  /** What the route says of the session goes before the configuration: `false`, or cookie attributes. */
  #open (): void {
    const { sessionName } = this.app
    const ofRoute = (this.#request.routeOptions.config as unknown as Record<string, unknown> | undefined)?.[sessionName]
    const session = ofRoute === false
      ? this.#sessions.makeNullSession(this.app, `the config of the route has ${sessionName}: false`)
      : this.#sessions.openSession(this.app, this.#request) ?? this.#sessions.makeNullSession(this.app)
    const data = trackedDataOf(session)
    // A stand-in watches itself. To ask what a proxy is an instance of takes longer than all the rest here.
    this.#isNull = data.watcher !== undefined && this.#sessions.isNullSession(session)
    data.watcher ??= this
    if (typeof ofRoute === 'object' && ofRoute !== null) session.options(ofRoute as SessionCookieOptions)
    this.#session = session
    this.#opened = data
  }

  #save (): void {
    this.#isSaving = true
    try {
      if (this.#reply !== undefined && !this.#isNull) this.#sessions.saveSession(this.app, this.session, this.#reply)
      this.#failedRevision = undefined
    } catch (error) {
      this.#failedRevision = this.#data().revision
      throw error
    } finally {
      this.#isSaving = false
    }
  }

  #copyToRaw (): void {
    if (this.#reply === undefined) return
    copyToRaw(this.#reply, this.#copiedCookie)
    this.#copiedCookie = this.#data().sentCookie
  }

  /**
   * The session may change once more, inside of a value that was handed out, after it was saved: it is saved again when the
   * headers are written. Fastify has no hook for that moment.
   */
  #saveLater (): void {
    const reply = this.#reply
    if (this.#isArmed || reply === undefined || areHeadersSent(reply)) return
    this.#isArmed = true
    const { raw } = reply
    const { writeHead } = raw
    raw.writeHead = ((...args: Parameters<typeof writeHead>) => {
      raw.writeHead = writeHead
      const rest = setHeadersOf(args, raw)
      try {
        this.#save()
      } catch (error) {
        this.#request.log.error(error, 'the session was changed after it was saved, and could not be saved again')
      }
      this.#copyToRaw()
      return writeHead.apply(raw, rest)
    }) as typeof writeHead
  }

  /** A hijacked reply has no onSend hook: a change that nobody saved is lost, which should not go unnoticed. */
  #warnOfLoss (): void {
    const reply = this.#reply
    if (this.#willWarn || reply === undefined) return
    this.#willWarn = true
    reply.raw.on('close', () => {
      // A client that left before the reply has lost nothing that a cookie could have told it.
      if (!this.#isSaved && reply.sent && this.session.modified) {
        this.#request.log.warn('a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before')
      }
    })
  }
}

/** Asked of the prototype: @fastify/express puts a `headersSent` of its own on the response, which is true too early. */
function areHeadersSent (reply: FastifyReply | undefined): boolean {
  return reply !== undefined && Reflect.get(Object.getPrototypeOf(reply.raw), 'headersSent', reply.raw) === true
}

/** Whether an object's properties are all that it holds. */
function isDict (value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]'
}
