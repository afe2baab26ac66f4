/**
 * After the head of the response: the last chance to save a session, and a warning when a change is lost.
 *
 * Nothing here throws: it runs inside listeners and timers, where an error would end the process.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { areHeadersSent, hasOwnCookie } from '../cookie/write.ts'
import { lookup } from '../lookup.ts'
import { andThen } from '../maybe-promise.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { SessionData } from '../session/session-data.ts'

/** Writes lines into the log. */
export interface Reports {
  /** A change was lost: only the first line of a request is written. */
  loss (message: string): void
  /** A mistake of the route: only the first line of the route is written. */
  mistake (message: string): void
}

/** Looks at the session when the response is closed, and after each change that comes later. */
export abstract class LateChanges {
  protected readonly reply: FastifyReply
  protected readonly reports: Reports
  #isWatching = false
  #isScheduled = false
  #isReadLate = false

  constructor (reply: FastifyReply, reports: Reports) {
    this.reply = reply
    this.reports = reports
  }

  /** Saves a change, or warns that it is lost. Reports its errors itself. */
  protected abstract check (): MaybePromise<void>

  /** A value was handed out: it may be changed until the response is closed. */
  watch (): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.reply.raw.on('close', () => this.#end())
  }

  /** Data is read for the first time, too late for `Vary`. */
  readLate (): void {
    this.#isReadLate = true
    this.#checkSoon()
  }

  /** A value is handed out, or set, too late for a cookie. */
  exposedLate (): void {
    this.#checkSoon()
  }

  /**
   * Checks when the response closes. Checks soon if it may be closed already: responses of HTTP/2 and injected ones
   * have no `closed` that says so.
   */
  #checkSoon (): void {
    this.watch()
    const { destroyed, writableFinished } = this.reply.raw
    if (!(destroyed || writableFinished) || this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#end()
    })
  }

  /** A lost change is told rather than a late look. */
  #end (): void {
    andThen(this.check(), () => { if (this.#isReadLate) this.reports.mistake(lateRead) })
  }
}

/** For sessions that only a cookie keeps: warns about a change that none carries. */
export class LossReport extends LateChanges {
  readonly #request: FastifyRequest
  readonly #data: SessionData
  readonly #isSaved: () => boolean
  /** The JSON text of the data when a value was handed out too late. */
  #lateText: string | undefined

  /** @param isSaved - whether the session is in the reply: a later change must come before the head is written */
  constructor (
    request: FastifyRequest, reply: FastifyReply, reports: Reports, data: SessionData, isSaved: () => boolean
  ) {
    super(reply, reports)
    this.#request = request
    this.#data = data
    this.#isSaved = isSaved
  }

  override exposedLate (): void {
    this.#lateText ??= this.#data.text
    super.exposedLate()
  }

  protected override check (): void {
    const message = this.#loss()
    if (message !== undefined) this.reports.loss(message)
  }

  #loss (): string | undefined {
    if (this.#lateText !== undefined && this.#data.text !== this.#lateText) return lateChange
    // If the client disconnected before the reply, no cookie could have reached it.
    if (!this.reply.sent) return undefined
    if (isUpgrade(this.#request) && !areHeadersSent(this.reply)) return this.#hasChange() ? noCookies : undefined
    return !this.#isSaved() && this.#data.hasChanged ? hijacked : undefined
  }

  #hasChange (): boolean {
    return this.#isSaved() ? hasOwnCookie(this.reply) : this.#data.hasChanged
  }
}

/** For sessions that are kept without a cookie: saves a change. */
export class LateSave extends LateChanges {
  readonly #save: () => MaybePromise<void>

  /** @param save - saves the session if it has changed; reports its errors itself */
  constructor (reply: FastifyReply, reports: Reports, save: () => MaybePromise<void>) {
    super(reply, reports)
    this.#save = save
  }

  /** Does nothing if the client disconnected before the reply: the onSend hook still saves the session. */
  protected override check (): MaybePromise<void> {
    if (this.reply.sent || areHeadersSent(this.reply)) return this.#save()
  }
}

const hijacked = 'a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before'
const noCookies = 'a change of the session was lost: a websocket cannot set cookies, not even with session.save(). ' +
  'Change the session in an ordinary request'
const lateChange = 'a change inside a value of the session was lost: the headers were sent before. ' +
  'Change the session before the reply, or before its stream, begins'
const lateRead = 'the session was read for the first time after the headers were sent, so that the response ' +
  'has no Vary: Cookie. Read it before the reply, or before its stream, begins'

function isUpgrade ({ raw }: FastifyRequest): boolean {
  return String(lookup(raw.headers, 'upgrade')).toLowerCase() === 'websocket'
}
