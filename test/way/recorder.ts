/**
 * Keeps the stack of the instrumented functions that are running, and records their calls.
 *
 * @module
 */

/** A function in the source. */
export interface Spot {
  /** The path below lib/. */
  file: string
  name: string
  line: number
}

/** A call of a function. */
export interface Call {
  spot: Spot
  /** The call that it was made in; `undefined` if it came from outside of lib/: from Fastify or a handler. */
  caller: Call | undefined
  /** 1 for a call from outside. */
  depth: number
  /** What goes on when the call ends or waits: the caller, or what made it go on after it had waited. */
  below: Call | undefined
}

export class Recorder {
  readonly spots: Spot[] = []
  #calls: Call[] = []
  #running: Call | undefined

  /** The calls while `run` is at work. */
  async record (run: () => Promise<unknown>): Promise<Call[]> {
    const calls: Call[] = this.#calls = []
    await run()
    this.#calls = []
    return calls
  }

  /** Runs code outside of lib/: what it calls begins at depth 1. */
  outside<T> (run: () => T): T {
    const running = this.#running
    this.#running = undefined
    try {
      return run()
    } finally {
      this.#running = running
    }
  }

  /** A function begins. */
  enter (index: number): Call {
    const caller = this.#running
    const call = { spot: this.spots[index] as Spot, caller, depth: (caller?.depth ?? 0) + 1, below: caller }
    this.#calls.push(call)
    this.#running = call
    return call
  }

  /** A function ends. One that ends at an `await` that rejects has left already. */
  leave (call: Call): void {
    if (this.#running === call) this.#running = call.below
  }

  /** A function waits at `await` or `yield`. */
  pause<T> (call: Call, value: T): T {
    this.leave(call)
    return value
  }

  /** A function goes on after `await` or `yield`. */
  resume<T> (call: Call, value: T): T {
    call.below = this.#running
    this.#running = call
    return value
  }
}
