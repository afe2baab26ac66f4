/**
 * After the onSend hook: the last chance to save a session, and a warning when a change is lost.
 *
 * Nothing here throws: it runs inside `writeHead`, listeners and timers, where an error would end the process.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { areHeadersSent, hasOwnCookie, setRawHeader } from '../cookie/write.ts'
import type { SessionData } from '../session/session-data.ts'

type Raw = FastifyReply['raw']

/**
 * Calls the listener right before the head of the response is written. Fastify has no hook for that moment: a handler
 * may hijack the reply, and the headers of a `Response` are set after onSend.
 *
 * The package `on-headers` does the same, but loses one of two cookies that come as a list of pairs, and the headers
 * behind an `undefined` status message.
 */
export function beforeHead (raw: Raw, log: FastifyBaseLogger, listener: () => void): void {
  const { writeHead } = raw
  const writeHeadOnce = ((...args: Parameters<typeof writeHead>) => {
    raw.writeHead = writeHead
    let rest = args
    try {
      rest = setHeadersOf(args, raw)
      listener()
    } catch (error) {
      log.error(error, 'the session could not be put into the head of the response')
    }
    try {
      return writeHead.apply(raw, rest)
    } catch (error) {
      // A head that Node.js refused may have replaced headers of the session, and another head may follow.
      if (!areHeadersSent({ raw })) raw.writeHead = writeHeadOnce
      throw error
    }
  }) as typeof writeHead
  raw.writeHead = writeHeadOnce
}

/**
 * Sets the headers among the arguments of a `writeHead`, which itself would replace those that the listener adds.
 *
 * @returns the other arguments
 */
function setHeadersOf <T extends unknown[]> (args: T, raw: Raw): T {
  const at = args.findLastIndex((arg) => typeof arg === 'object' && arg !== null)
  if (at === -1) return args
  // HTTP/2 refuses two Content-Type. So of two spellings of a name in an object, the last one counts there.
  const isRepeatable = Array.isArray(args[at]) || raw.req.httpVersionMajor < 2
  const headers = new Map<string, { name: string, values: unknown[] }>()
  for (const [name, value] of pairsOf(args[at] as object)) {
    const key = name.toLowerCase()
    const values = isRepeatable ? headers.get(key)?.values ?? [] : []
    headers.set(key, { name, values: [...values, ...[value].flat()] })
  }
  for (const { name, values } of headers.values()) {
    // Node.js refuses an absent value, but not a list that contains one. Set alone, it is refused.
    const absent = values.find((value) => value === undefined || value === null)
    if (values.includes(absent)) raw.setHeader(name, absent as never)
    else setRawHeader(raw, name, values as string[])
  }
  return args.slice(0, at) as T
}

/** The headers of an object, a list of pairs, or a flat list of names and values. */
function pairsOf (headers: object): Array<[name: string, value: unknown]> {
  if (!Array.isArray(headers)) return Object.entries(headers)
  if (headers.every(Array.isArray)) return headers.map(([name, value]) => [String(name), value])
  const pairs: Array<[string, unknown]> = []
  for (let i = 0; i < headers.length; i += 2) pairs.push([String(headers[i]), headers[i + 1]])
  return pairs
}

/** Handles reads and changes that come after the head of the response is written. */
export interface LateChanges {
  /** Looks for such a change when the response is closed. */
  watch (): void
  /** Called when data is read for the first time, too late for `Vary`. */
  readLate (): void
  /** Called when a value is handed out, or set, too late for a cookie. */
  exposedLate (): void
}

/** Warns about a change that no cookie carries, at most once per request. */
export class LossReport implements LateChanges {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #data: SessionData
  readonly #isSaved: () => boolean
  #isWatching = false
  #isReported = false
  #isReadLate = false
  /** The JSON text of the data when a value was handed out too late. */
  #lateText: string | undefined

  /** @param isSaved - whether the session is in the reply: a later change must come before the head is written */
  constructor (request: FastifyRequest, reply: FastifyReply, data: SessionData, isSaved: () => boolean) {
    this.#request = request
    this.#reply = reply
    this.#data = data
    this.#isSaved = isSaved
  }

  watch (): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.#reply.raw.on('close', () => this.#check())
  }

  readLate (): void {
    this.#isReadLate = true
    this.#checkSoon()
  }

  exposedLate (): void {
    this.#lateText ??= this.#data.text
    this.#checkSoon()
  }

  /**
   * Checks when the response closes. Checks soon if it may be closed already: responses of HTTP/2 and injected ones
   * have no `closed` that says so.
   */
  #checkSoon (): void {
    this.watch()
    const { destroyed, writableFinished } = this.#reply.raw
    if (destroyed || writableFinished) setImmediate(() => this.#check())
  }

  #check (): void {
    if (this.#isReported) return
    const message = this.#loss() ?? (this.#isReadLate ? lateRead : undefined)
    if (message === undefined) return
    this.#isReported = true
    this.#request.log.warn(message)
  }

  #loss (): string | undefined {
    if (this.#lateText !== undefined && this.#data.text !== this.#lateText) return lateChange
    // If the client disconnected before the reply, no cookie could have reached it.
    if (!this.#reply.sent) return undefined
    if (isUpgrade(this.#request) && !areHeadersSent(this.#reply)) return this.#hasChange() ? noCookies : undefined
    return !this.#isSaved() && this.#data.hasChanged ? hijacked : undefined
  }

  #hasChange (): boolean {
    return this.#isSaved() ? hasOwnCookie(this.#reply) : this.#data.hasChanged
  }
}

const hijacked = 'a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before'
const noCookies = 'a change of the session was lost: a websocket cannot set cookies, not even with session.save(). ' +
  'Change the session in an ordinary request'
const lateChange = 'a change inside a value of the session was lost: the headers were sent before. ' +
  'Change the session before the reply, or before its stream, begins'
export const lateRead = 'the session was read for the first time after the headers were sent, so that the response ' +
  'has no Vary: Cookie. Read it before the reply, or before its stream, begins'

function isUpgrade ({ raw }: FastifyRequest): boolean {
  return String(raw.headers.upgrade).toLowerCase() === 'websocket'
}
