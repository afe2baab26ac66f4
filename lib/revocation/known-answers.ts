/**
 * Answers of the store, kept for a few seconds.
 *
 * @module
 */

/** The greatest number of answers in a generation. */
const mostAnswers = 10_000

/** An answer that was kept. */
export interface Known<T> {
  readonly answer: T
  /** Until when it may be used, by the clock of {@link now}. */
  readonly until: number
}

/** Seconds by a clock that nobody sets: when the time of the machine is set back, no answer lives longer. */
export function now (): number {
  return performance.now() / 1000
}

/**
 * Keeps each answer for a time, and not more than a number of them.
 *
 * There are two generations. A full young generation replaces the old one.
 */
export class KnownAnswers<T> {
  readonly #keepFor: number
  #young = new Map<string, Known<T>>()
  #old = new Map<string, Known<T>>()

  /** @param keepFor - in seconds; 0 keeps nothing */
  constructor (keepFor: number) {
    this.#keepFor = keepFor
  }

  /** The answer; `undefined` if there is none that is young enough. */
  get (key: string): Known<T> | undefined {
    const known = this.#young.get(key) ?? this.#old.get(key)
    return known !== undefined && now() < known.until ? known : undefined
  }

  /**
   * Keeps an answer.
   *
   * @param askedAt - when the question was asked: the answer may not know what the store learnt after that
   */
  keep (key: string, answer: T, askedAt: number): void {
    if (this.#keepFor === 0) return
    if (this.#young.size >= mostAnswers && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, { answer, until: askedAt + this.#keepFor })
  }
}
