/**
 * One session in one request and its reply: when it is saved, and what becomes of a change that comes later.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { FST_SESSION_HEADERS_SENT } from '../errors.ts'
import type { SessionCookieOptions } from '../../types/session.ts'
import { NullSession, trackedDataOf } from './secure-cookie-session.ts'
import type { SecureCookieSession } from './secure-cookie-session.ts'
import type { SessionApp, SessionInterface } from './session-interface.ts'
import type { SessionWatcher } from './tracked-data.ts'

/** Watches the session of a request and saves it into the reply. */
export class Exchange implements SessionWatcher {
  readonly #sessions: SessionInterface
  readonly #app: SessionApp
  readonly #request: FastifyRequest
  #reply: FastifyReply | undefined
  #session: SecureCookieSession | undefined
  /** Whether the session is in the reply, so that what comes now comes after the onSend hook. */
  #isSaved = false
  #isSaving = false
  #isArmed = false
  #willWarn = false
  /** The revision of the data that could not be saved: it would fail again. */
  #failedRevision: number | undefined

  constructor (sessions: SessionInterface, app: SessionApp, request: FastifyRequest) {
    this.#sessions = sessions
    this.#app = app
    this.#request = request
  }

  /** The session; its data is read from the cookie at the first access to it. */
  get session (): SecureCookieSession {
    this.#session ??= this.#open()
    return this.#session
  }

  /** The onRequest hook: from now on there is a reply to save into. */
  begin (reply: FastifyReply): void {
    this.#reply = reply
  }

  /** `request.session = data`: null ends the session, a plain object takes the place of its data. */
  assign (data: unknown): void {
    if (data === this.session) return
    if (data === null) return trackedDataOf(this.session).end()
    if (typeof data !== 'object' || Array.isArray(data)) throw new TypeError('a session can be set to null, which ends it, or to a plain object')
    trackedDataOf(this.session).replace(Object.entries(data))
  }

  /** Saves the session; the onSend hook. Runs again when a later hook fails, and does no harm. */
  saveOnSend (): void {
    const needsSaving = this.#session !== undefined || this.#sessions.mayNeedRefresh(this.#app, this.#request)
    if (needsSaving && trackedDataOf(this.session).revision !== this.#failedRevision) this.#save()
    this.#isSaved = true
  }

  /** `session.save()`: the header is in the reply at once, also in the raw one, for those who hijack it. */
  save (): void {
    const data = trackedDataOf(this.session)
    this.beforeWrite()
    if (data.keys().length > 0) data.modified = true
    this.#save()
    this.#copyHeaders()
  }

  onAccess (): void {
    if (this.#isSaved) this.#saveLater()
  }

  onHandOut (): void {
    this.#warnOfLoss()
    if (this.#isSaved) this.#saveLater()
  }

  beforeWrite (): void {
    if (this.#reply?.raw.headersSent === true) throw new FST_SESSION_HEADERS_SENT()
  }

  /** A change after the onSend hook goes into the reply at once, so that its errors reach whoever wrote. */
  afterWrite (): void {
    this.#warnOfLoss()
    if (this.#isSaved && !this.#isSaving) this.#save()
  }

  /** What the route says of the session goes before the configuration: `false`, or cookie attributes. */
  #open (): SecureCookieSession {
    const { sessionName } = this.#app
    const ofRoute = (this.#request.routeOptions.config as unknown as Record<string, unknown> | undefined)?.[sessionName]
    if (ofRoute === false) return this.#sessions.makeNullSession(this.#app, `the config of the route has ${sessionName}: false`)
    const session = this.#sessions.openSession(this.#app, this.#request) ?? this.#sessions.makeNullSession(this.#app)
    if (!(session instanceof NullSession)) trackedDataOf(session).watcher = this
    if (typeof ofRoute === 'object' && ofRoute !== null) session.options(ofRoute as SessionCookieOptions)
    return session
  }

  #save (): void {
    this.#isSaving = true
    try {
      if (this.#reply !== undefined && !this.#sessions.isNullSession(this.session)) {
        this.#sessions.saveSession(this.#app, this.session, this.#reply)
      }
      this.#failedRevision = undefined
    } catch (error) {
      this.#failedRevision = trackedDataOf(this.session).revision
      throw error
    } finally {
      this.#isSaving = false
    }
  }

  /**
   * A later onSend hook looked at the session: it is saved once more when the headers are written, for what no write
   * tells of. Fastify has no hook for that moment.
   */
  #saveLater (): void {
    const raw = this.#reply?.raw
    if (this.#isArmed || raw === undefined || raw.headersSent) return
    this.#isArmed = true
    const { writeHead } = raw
    raw.writeHead = ((...args: Parameters<typeof writeHead>) => {
      raw.writeHead = writeHead
      try {
        this.#save()
        this.#copyHeaders()
      } catch (error) {
        this.#request.log.error(error, 'the session was changed after it was saved, and could not be saved again')
      }
      return writeHead.apply(raw, args)
    }) as typeof writeHead
  }

  /** Node merges these with the headers that Fastify gives to writeHead, which are the same or older. */
  #copyHeaders (): void {
    for (const name of ['set-cookie', 'vary']) {
      const value = this.#reply?.getHeader(name)
      if (value !== undefined) this.#reply?.raw.setHeader(name, value)
    }
  }

  /** A hijacked reply has no onSend hook: a change that nobody saved is lost, which should not go unnoticed. */
  #warnOfLoss (): void {
    if (this.#willWarn || this.#reply === undefined) return
    this.#willWarn = true
    this.#reply.raw.once('finish', () => {
      if (!this.#isSaved && trackedDataOf(this.session).sentCookie === undefined && this.session.modified) {
        this.#request.log.warn('a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before')
      }
    })
  }
}
