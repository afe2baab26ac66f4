/**
 * Which parts of lib/ have run, told by V8.
 *
 * @module
 */

import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'

export class Coverage {
  readonly #session = new Session()
  /** By script, for each character of what V8 runs: whether it ran. */
  readonly #covered = new Map<string, Uint8Array>()
  /** Characters that ran. */
  size = 0

  constructor () {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true })
  }

  /** How much ran since the last call that never ran before. @param keep - whether it counts as known from now on */
  take (keep: boolean): number {
    let found = 0
    this.#session.post('Profiler.takePreciseCoverage', (_error, { result }: Profiler.TakePreciseCoverageReturnType) => {
      for (const script of result) if (/\/lib\/[\w/-]+\.ts/.test(script.url) && !script.url.includes('node_modules')) found += this.#add(script, keep)
    })
    if (keep) this.size += found
    return found
  }

  close (): void {
    this.#session.disconnect()
  }

  #add ({ url, functions }: Profiler.ScriptCoverage, keep: boolean): number {
    const length = Math.max(...functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset)))
    const known = this.#covered.get(url) ?? new Uint8Array(length)
    if (!this.#covered.has(url)) this.#covered.set(url, known)
    // The ranges of a function are nested, and its functions come behind it: what is inside is said last.
    const ran = new Uint8Array(known.length)
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
    }
    let found = 0
    for (let at = 0; at < known.length; at++) {
      if (ran[at] === 0 || known[at] === 1) continue
      found++
      if (keep) known[at] = 1
    }
    return found
  }
}
