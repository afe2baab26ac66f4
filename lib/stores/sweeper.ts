/**
 * The timer that removes expired sessions.
 *
 * @module
 */

/** The most that one sweep removes: a process must not stand still for long. */
export const SWEPT_AT_ONCE = 10_000

const SECOND = 1_000
const MINUTE = 60_000

/** Sweeps every minute. No process stays alive for it. */
export class Sweeper {
  readonly #sweep: () => number
  #timer: NodeJS.Timeout | undefined

  /** @param sweep removes up to {@link SWEPT_AT_ONCE} sessions, and gives their number. It must not throw. */
  constructor (sweep: () => number) {
    this.#sweep = sweep
  }

  /** Begins, unless it has begun. */
  start (): void {
    this.#timer ??= this.#next(MINUTE)
  }

  stop (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #next (delay: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = this.#next(this.#sweep() < SWEPT_AT_ONCE ? MINUTE : SECOND)
    }, delay).unref()
  }
}
