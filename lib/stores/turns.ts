/**
 * Lets the commands on one session run one after another, within a process.
 *
 * @module
 */

import { storeUnavailable } from '../errors.ts'
import type { MaybePromise } from '../maybe-promise.ts'

/** The commands on one session, until all of them have settled. */
export interface Line<Left> {
  /** What the command that wrote last left for the next one. Commands set it. */
  left: Left | undefined
  /** The command that began last. */
  readonly current: unknown
}

interface OpenLine<Left> extends Line<Left> {
  current: unknown
  /** Fulfilled when the turn of the last command is over. */
  isFree: Promise<void> | undefined
  unsettled: number
}

/** A line for each session. */
export class Turns<Left> {
  readonly #lines = new Map<string, OpenLine<Left>>()

  /**
   * Runs a command when the turns of those before it are over: they have settled, however they did, or have run for
   * `limit` milliseconds. Nobody waits for an answer that never comes. It may still come: then its command, which has
   * been overtaken, goes on beside the others.
   *
   * @throws `FST_SESSION_STORE_UNAVAILABLE` if its turn comes after `limit`: then nobody waits for the command
   */
  async take<T> (key: string, limit: number, command: (line: Line<Left>) => MaybePromise<T>): Promise<T> {
    const end = performance.now() + limit
    const line = this.#lineOf(key)
    const before = line.isFree
    let free!: () => void
    let timer: NodeJS.Timeout | undefined
    line.isFree = new Promise((resolve) => { free = resolve })
    line.unsettled++
    try {
      if (before !== undefined) await before
      if (performance.now() >= end) throw storeUnavailable('other commands on the session took too long')
      timer = setTimeout(free, limit)
      line.current = command
      return await command(line)
    } finally {
      clearTimeout(timer)
      free()
      if (--line.unsettled === 0) this.#lines.delete(key)
    }
  }

  #lineOf (key: string): OpenLine<Left> {
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const line = { left: undefined, current: undefined, isFree: undefined, unsettled: 0 }
    this.#lines.set(key, line)
    return line
  }
}
