/**
 * Changes after the head of the response, for sessions that need no cookie to keep them: saved when the response is
 * closed, or at once when it is closed already.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { areHeadersSent } from '../cookie/write.ts'
import { lateRead } from './late-changes.ts'
import type { LateChanges } from './late-changes.ts'

/** Nothing here throws: it runs inside listeners and timers. */
export class LateSave implements LateChanges {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #save: () => void
  #isWatching = false
  #isScheduled = false
  #isReadLate = false

  /** @param save - saves the session if it has changed; reports its errors itself */
  constructor (request: FastifyRequest, reply: FastifyReply, save: () => void) {
    this.#request = request
    this.#reply = reply
    this.#save = save
  }

  watch (): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.#reply.raw.on('close', () => this.#end())
  }

  readLate (): void {
    if (this.#isReadLate) return
    this.#isReadLate = true
    this.#request.log.warn(lateRead)
  }

  exposedLate (): void {
    this.watch()
    const { destroyed, writableFinished } = this.#reply.raw
    if (!(destroyed || writableFinished) || this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#end()
    })
  }

  /** Does nothing if the client disconnected before the reply: the onSend hook still saves the session. */
  #end (): void {
    if (this.#reply.sent || areHeadersSent(this.#reply)) this.#save()
  }
}
