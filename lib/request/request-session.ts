/**
 * The session of one request: opened, handed out, and saved into the reply.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { misspeltOption, routeProblem } from '../config/cookie-options.ts'
import { lookup } from '../lookup.ts'
import { addHeadersOf, addVary, areHeadersSent, copyToRaw, hasOwnCookie } from '../cookie/write.ts'
import { FST_SESSION_HEADERS_SENT, FST_SESSION_NOT_OPEN, FST_SESSION_OPEN_FAILED, isError } from '../errors.ts'
import type { SessionApp, SessionInterface } from '../interfaces/session-interface.ts'
import { isPromise, orElse } from '../maybe-promise.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { SessionRouteConfig } from '../../types/session.ts'
import { beforeHead } from './before-head.ts'
import { LateSave, LossReport } from './late-changes.ts'
import type { LateChanges } from './late-changes.ts'
import { isDict } from '../json/dict.ts'
import { isObject } from '../session/hand-out.ts'
import { cookieOptionsKey } from '../session/session-compat.ts'
import type { SessionData, SessionObserver } from '../session/session-data.ts'
import { dataOf } from '../session/session.ts'
import type { SecureCookieSession } from '../session/session.ts'

/** Opens the session of a request, observes it, and saves it. All fields are private: printing it must print no key. */
export class RequestSession implements SessionObserver {
  readonly #interface: SessionInterface
  readonly #app: SessionApp
  readonly #request: FastifyRequest
  #reply: FastifyReply | undefined
  #session: SecureCookieSession | undefined
  #data: SessionData | undefined
  /** Whether the session is a NullSession, which is never saved. */
  #isNull = false
  /** The promise of an asynchronous interface. */
  #opening: Promise<void> | undefined
  /** The reason why the session could not be opened; thrown at every access to it. */
  #failure: Error | undefined
  /** Whether the session was saved into the reply: a later change needs another save. */
  #isSaved = false
  /** Whether a save is running: its own reads do not count, and a write by others waits for `#saveLater`. */
  #isSaving = false
  /** The pending save of an asynchronous interface. */
  #saving: Promise<void> | undefined
  /** Whether the session will be saved once more before the head is written. */
  #isArmed = false
  #lateChanges: LateChanges | undefined
  /** The revision of the data that was saved last. */
  #savedRevision: number | undefined
  /** The state of the session when a save failed. Saving the same state would fail again. */
  #failed: { revision: number, options: unknown, text: string | undefined, error: unknown } | undefined
  /** Whether a failure is reported by the response, which then fails. */
  #isFailureReported = false
  /** Whether the log has the line of this request about what was lost. */
  #isLossReported = false

  constructor (sessionInterface: SessionInterface, app: SessionApp, request: FastifyRequest) {
    this.#interface = sessionInterface
    this.#app = app
    this.#request = request
  }

  get isReadOnly (): boolean {
    return false
  }

  get longestLifetime (): number {
    return this.#app.config.PERMANENT_SESSION_LIFETIME
  }

  /** The application, with the configuration that it had when the request came in. Printing calls getters, not this. */
  getApp (): SessionApp {
    return this.#app
  }

  /** Opens the session; the onRequest hook. A failure is thrown when the application reads the session. */
  open (reply: FastifyReply): MaybePromise<void> {
    this.#reply = reply
    if (this.#session === undefined && this.#failure === undefined) this.#open()
    return this.#opening
  }

  /** The session, whose data is loaded at the first access to it. */
  get session (): SecureCookieSession {
    if (this.#session !== undefined) return this.#session
    // A hook of the application may run before ours.
    if (this.#failure === undefined && this.#opening === undefined) this.#open()
    if (this.#session !== undefined) return this.#session
    throw this.#failure ?? new FST_SESSION_NOT_OPEN('opened')
  }

  /** `request.session = data`: null ends the session, a plain object replaces its data. */
  assign (data: unknown): void {
    const { session } = this
    if (data === session) return
    if (data === null) this.#data?.destroy()
    else if (isDict(data)) this.#data?.replace(Object.entries(data))
    else throw new TypeError('a session can be set to null, which ends it, or to a plain object')
  }

  /** Saves the session; the onSend hook. Idempotent: Fastify runs onSend again when a later hook fails. */
  saveOnSend (reply: FastifyReply, payload: unknown): MaybePromise<void> {
    this.#reply = reply
    const data = this.#data
    addHeadersOf(this.#failure ?? this.#failed?.error, reply)
    if (data === undefined) return
    if (!this.#needsSaving(data)) {
      this.#reportFailure()
      return this.#afterSend(reply, data, payload)
    }
    this.#isFailureReported = true // by the response, if it fails
    const saving = this.#save(reply, data)
    if (saving === undefined) return this.#afterSend(reply, data, payload)
    // A write during an asynchronous save needs another one.
    const again = (): MaybePromise<void> => data.revision === this.#savedRevision ? undefined : this.#save(reply, data)
    return saving.then(again).then(() => this.#afterSend(reply, data, payload))
  }

  /** `session.save()`: puts the headers into the reply and the raw response at once, so that it can be hijacked. */
  save (): MaybePromise<void> {
    const reply = this.#reply
    const data = this.#data
    if (reply === undefined || data === undefined) throw new FST_SESSION_NOT_OPEN('saved')
    this.beforeWrite()
    // Loads the session, which may fail.
    const hasData = data.keys().length > 0
    // So that setting `modified` does not save the session, which the next step does.
    this.#isSaving = true
    if (hasData) data.modified = true
    const saving = this.#save(reply, data, areHeadersSent(reply))
    if (saving === undefined) this.#afterSave(reply)
    else return saving.then(() => this.#afterSave(reply))
  }

  onAccess (): void {
    const reply = this.#reply
    if (reply === undefined || this.#isSaving) return
    if (areHeadersSent(reply)) this.#late(reply).readLate()
    else if (this.#isSaved) this.#saveLater(reply)
  }

  onExpose (): void {
    const reply = this.#reply
    if (reply === undefined) return
    const late = this.#late(reply)
    if (areHeadersSent(reply)) late.exposedLate()
    else late.watch()
    if (this.#isSaved) this.#saveLater(reply)
  }

  /** Warns about a misspelt option. Other unknown ones are usual: @fastify/csrf-protection passes its `userInfo`. */
  onOptions (options: object): void {
    const misspelt = misspeltOption(options)
    if (misspelt === undefined) return
    const [written, name] = misspelt
    this.#app.warnOnce(`options: ${written}`, `session.options() ignores ${written}: use ${name}`)
  }

  beforeWrite (): void {
    if (this.#interface.saveLate !== undefined || this.#reply === undefined) return
    if (areHeadersSent(this.#reply)) throw new FST_SESSION_HEADERS_SENT()
  }

  onLoss (message: string): void {
    this.#reportOnce((log) => log.warn(message))
  }

  /** A change after the onSend hook goes into the reply at once, so that its errors reach the code that made it. */
  afterWrite (): void {
    const reply = this.#reply
    if (reply === undefined) return
    // Only an interface with `saveLate` comes here: for the others, `beforeWrite` has thrown.
    if (areHeadersSent(reply)) return this.#late(reply).exposedLate()
    this.#late(reply).watch()
    if (!this.#isSaved) return
    // A write during a save is saved once, before the head is written. Saving it at once could go on forever.
    if (this.#isSaving) return this.#saveLater(reply)
    const saving = this.#save(reply, this.#data as SessionData)
    if (saving === undefined) this.#afterSave(reply)
    else saving.then(() => this.#afterSave(reply)).catch((error: unknown) => this.#logLate(error))
  }

  /** Opens the session, unless the route's config has `false`. Cookie attributes there override the configuration. */
  #open (): void {
    const { sessionName } = this.#app
    try {
      const { config, method, url } = this.#request.routeOptions
      const route = lookup(config, sessionName) as SessionRouteConfig | undefined
      if (route === false) {
        this.#adopt(this.#interface.makeNullSession(this.#app, `the config of the route has ${sessionName}: false`))
        return
      }
      if (route !== undefined) this.#checkRoute(route, `${method} ${url}`)
      const opened = this.#interface.openSession(this.#app, this.#request)
      // Looks for the data of a session first: asking the proxy of the session for a `then` takes longer.
      if (sessionDataOf(opened) === undefined && isPromise(opened)) {
        this.#opening = Promise.resolve(opened)
          .then((session) => this.#adopt(session, route)).catch((error) => this.#fail(error))
      } else this.#adopt(opened as SecureCookieSession | null, route)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Reports what the start could not: it does not see routes that were declared before the plugin. */
  #checkRoute (given: unknown, route: string): void {
    const problem = routeProblem(given, this.#app.sessionName, route)
    if (problem === undefined) return
    // Throwing would fail a request that worked before.
    const [name, expects, got] = problem
    const cure = 'Register the session plugin before the route: then such a mistake stops the start'
    this.#app.warnOnce(name, `${name} must be ${expects}, got ${got}. ${cure}`)
  }

  #adopt (opened: SecureCookieSession | null, route?: SessionRouteConfig): void {
    const session = opened ?? this.#interface.makeNullSession(this.#app)
    const data = sessionDataOf(session)
    if (data === undefined) {
      throw new FST_SESSION_OPEN_FAILED('openSession of the sessionInterface must return a session or null')
    }
    // Before the observer hears of options: `#checkRoute` reports the wrong ones of a route.
    if (typeof route === 'object' && route !== null) session.options(route)
    // A NullSession has its own observer, which refuses every write.
    if (!data.isReadOnly) data.observer = this
    this.#isNull = data.isReadOnly && this.#interface.isNullSession(session)
    this.#session = session
    this.#data = data
  }

  /** Errors with a code explain themselves. Others come from an interface of the application and are wrapped. */
  #fail (cause: unknown): void {
    const failed = 'openSession of the sessionInterface threw an error'
    this.#failure = hasCode(cause) ? cause : new FST_SESSION_OPEN_FAILED(failed)
    if (this.#failure !== cause) this.#failure.cause = cause
  }

  #needsSaving (data: SessionData): boolean {
    if (this.#isNull) return false
    const isTouched = data.accessed || data.revision > 0
    if (!isTouched && !this.#interface.mayNeedRefresh(this.#app, this.#request)) return false
    const failed = this.#failed
    if (failed === undefined) return true
    return failed.revision !== data.revision || failed.options !== this.#options || failed.text !== data.text
  }

  /** Warns when a save failed without a report: the application may have swallowed the error of `session.save()`. */
  #reportFailure (): void {
    if (this.#failed === undefined || this.#isFailureReported) return
    this.onLoss('a change of the session was lost: session.save() failed, and nothing was changed since')
  }

  get #options (): unknown {
    return this.#session?.[cookieOptionsKey]
  }

  /** @param isLate - whether the head is gone, so that the session can no longer put a cookie into the response */
  #save (reply: FastifyReply, data: SessionData, isLate = false): Promise<void> | undefined {
    if (this.#saving !== undefined) {
      // Saves run one after another, so that an older state is never written last.
      const next = (): MaybePromise<void> => this.#save(reply, data, isLate)
      return this.#saving.then(next, next)
    }
    const { accessed, revision } = data
    this.#isSaving = true
    try {
      const session = this.#session as SecureCookieSession
      const saving = isLate
        ? this.#interface.saveLate?.(this.#app, session, this.#request)
        : this.#interface.saveSession(this.#app, session, reply)
      if (isPromise(saving)) {
        const end = (): void => this.#endSave(data, accessed, revision)
        this.#saving = Promise.resolve(saving).then(end, (error) => this.#failSave(data, accessed, revision, error))
        return this.#saving
      }
    } catch (error) {
      this.#failSave(data, accessed, revision, error)
    }
    this.#endSave(data, accessed, revision)
    return undefined
  }

  #endSave (data: SessionData, accessed: boolean, revision?: number): void {
    this.#savedRevision = revision
    this.#isSaving = false
    this.#saving = undefined
    this.#failed = undefined
    // Reads by the save itself do not count.
    if (!accessed) data.accessed = false
  }

  #failSave (data: SessionData, accessed: boolean, revision: number, error: unknown): never {
    this.#endSave(data, accessed)
    this.#failed = { revision, options: this.#options, text: data.text, error }
    throw error
  }

  /** Fastify sets the headers of a `Response` after the onSend hook, where they would replace those of the session. */
  #afterSend (reply: FastifyReply, data: SessionData, payload: unknown): void {
    this.#isSaved = true
    if (typeof payload !== 'object' || payload === null) return
    if (data.accessed || hasOwnCookie(reply)) this.#saveLater(reply)
  }

  /** Runs after `session.save()` and after late saves: a stream may already have copied the headers of the reply. */
  #afterSave (reply: FastifyReply): void {
    this.#isSaved = true
    if (areHeadersSent(reply)) {
      // Only an asynchronous save comes here.
      if (this.#interface.saveLate === undefined) this.onLoss(savedLate)
      return
    }
    copyToRaw(reply)
    this.#saveLater(reply)
  }

  /** Saves once more before the head is written, because values that were handed out may have changed. */
  #saveLater (reply: FastifyReply): void {
    if (this.#isArmed || areHeadersSent(reply)) return
    this.#isArmed = true
    const data = this.#data as SessionData
    const listener = (): void => {
      // An asynchronous interface adds Vary too late for the head.
      if (isPromise(this.#saveAgain(reply, data)) && data.accessed) addVary(reply)
      copyToRaw(reply)
      // A value that was handed out may still be changed, without another access to the session.
      if (data.hasExposed) this.#late(reply).exposedLate()
    }
    const failed = 'the session could not be put into the head of the response'
    beforeHead(reply.raw, listener, (error) => this.#reportOnce((log) => log.error(error, failed)))
  }

  /** Never fails: nobody who could hear an error waits for this save. */
  #saveAgain (reply: FastifyReply, data: SessionData, isLate = false): MaybePromise<void> {
    return orElse(
      () => this.#needsSaving(data) ? this.#save(reply, data, isLate) : undefined, (error) => this.#logLate(error)
    )
  }

  #logLate (error: unknown): void {
    const failed = 'the session was changed after it was saved, and could not be saved again'
    this.#reportOnce((log) => log.error(error, failed))
  }

  /** Logs a mistake once for the route, so that strangers cannot fill the log. */
  #reportMistake (message: string): void {
    if (this.#isLossReported) return
    const { method, routeOptions: { url = 'without a route' } } = this.#request
    const line = `${method} ${url}: ${message}`
    orElse(() => this.#app.warnOnce(line, line), () => {})
  }

  /**
   * Writes the one line of a request about what was lost. Runs inside listeners, timers and `writeHead`, where an error
   * of the logger would end the process.
   */
  #reportOnce (write: (log: FastifyBaseLogger) => MaybePromise<void>): void {
    if (this.#isLossReported) return
    this.#isLossReported = true
    orElse(() => write(this.#request.log), () => {})
  }

  #late (reply: FastifyReply): LateChanges {
    this.#lateChanges ??= this.#makeLateChanges(reply, this.#data as SessionData)
    return this.#lateChanges
  }

  #makeLateChanges (reply: FastifyReply, data: SessionData): LateChanges {
    const reports = {
      loss: (message: string): void => this.onLoss(message),
      mistake: (message: string): void => this.#reportMistake(message)
    }
    return this.#interface.saveLate === undefined
      ? new LossReport(this.#request, reply, reports, data, () => this.#isSaved)
      : new LateSave(reply, reports, () => this.#saveAfterHead(reply, data))
  }

  #saveAfterHead (reply: FastifyReply, data: SessionData): MaybePromise<void> {
    if (this.#savedRevision !== data.revision || data.hasExposed) return this.#saveAgain(reply, data, true)
  }
}

const savedLate = 'the session was saved after the headers were sent, too late for its cookie. ' +
  'Change it earlier, or wait for session.save()'

/** The name of the session that a request opened; `undefined` outside of requests. */
export function sessionNameOf (session: SecureCookieSession): string | undefined {
  const observer = dataOf(session)?.observer
  return observer instanceof RequestSession ? observer.getApp().sessionName : undefined
}

/** The data behind a session; `undefined` for whatever else an interface may return. */
function sessionDataOf (value: unknown): SessionData | undefined {
  return isObject(value) ? dataOf(value as SecureCookieSession) : undefined
}

function hasCode (error: unknown): error is Error {
  return isError(error) && typeof lookup(error, 'code') === 'string'
}
