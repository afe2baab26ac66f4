/**
 * Lets the writes of one session run one after another, within a process.
 *
 * @module
 */

/** The text that the write before left in the store. The next one replaces it, instead of what its request read. */
export interface Turn {
  latest: string | undefined
}

/** A queue for each id. */
export class WriteQueue {
  readonly #last = new Map<string, { done: Promise<unknown>, turn: Turn }>()

  /** Runs the write when those before it have ended, however they ended. */
  async inTurn<T> (key: string, write: (turn: Turn) => Promise<T> | T): Promise<T> {
    const before = this.#last.get(key)
    const turn: Turn = { latest: undefined }
    const begin = async (): Promise<T> => {
      turn.latest = before?.turn.latest
      return await write(turn)
    }
    const mine = { done: before === undefined ? begin() : before.done.then(begin, begin), turn }
    this.#last.set(key, mine)
    try {
      return await mine.done as T
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
  }
}
