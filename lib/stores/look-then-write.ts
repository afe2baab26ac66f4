/**
 * A store on top of one that writes without a condition: it looks before it writes.
 *
 * The commands of this process on one id wait for each other, as long as a caller waits for an answer. Another process
 * may write between look and write: then the later write wins, and a session that the other process ended comes back.
 *
 * @module
 */

import { noOptions, sameBytes, wholeMilliseconds } from './store.ts'
import type { DeleteOptions, SessionStore, SetOptions, StoredSession } from './store.ts'
import { Turns } from './turns.ts'
import type { Line } from './turns.ts'

/** What lies in the store beneath. */
export interface Written {
  data: string
  expires: number
}

/** The store beneath. */
export interface PlainStore {
  /** The session, expired or not; `null` if there is nothing; `'foreign'` if somebody else wrote what is there. */
  read (id: string): Promise<Written | 'foreign' | null>
  write (id: string, session: Written): Promise<void>
  remove (id: string): Promise<void>
}

/** Writes a session, or removes it. */
type Put = (session: Written | null) => Promise<void>

/** The contract of a session store, kept within one process. */
export class LookThenWriteStore implements SessionStore {
  readonly #plain: PlainStore
  readonly #turns = new Turns<Written | null>()
  /** Milliseconds that a command waits for the one before. */
  #timeout = 1000

  constructor (plain: PlainStore) {
    this.#plain = plain
  }

  open (_warn: unknown, timeout = 0): void {
    this.#timeout = Math.max(this.#timeout, timeout)
  }

  async get (id: string): Promise<StoredSession | null> {
    return living(await this.#plain.read(id))
  }

  async set (id: string, data: string, { expires, replaces }: SetOptions): Promise<boolean> {
    wholeMilliseconds(expires)
    return await this.#inTurn(id, async (put) => {
      const found = await this.#plain.read(id)
      const old = living(found)
      const isMet = replaces === null
        ? old === null && found !== 'foreign'
        : old !== null && sameBytes(old.data, replaces)
      if (!isMet || expires <= Date.now()) return false
      await put({ data, expires })
      return true
    })
  }

  async touch (id: string, expires: number): Promise<boolean> {
    wholeMilliseconds(expires)
    return await this.#inTurn(id, async (put) => {
      const old = living(await this.#plain.read(id))
      if (old !== null && old.expires < expires) await put({ data: old.data, expires })
      return old !== null
    })
  }

  async delete (id: string, { replaces }: DeleteOptions = noOptions): Promise<boolean> {
    return await this.#inTurn(id, async (put) => {
      const old = living(await this.#plain.read(id))
      if (old === null || (replaces !== undefined && !sameBytes(old.data, replaces))) return false
      await put(null)
      return true
    })
  }

  async #inTurn<T> (id: string, command: (put: Put) => Promise<T>): Promise<T> {
    return await this.#turns.take(id, this.#timeout, async (line) => {
      const { current } = line
      return await command(async (session) => {
        // Others have written since it looked.
        if (line.current !== current) throw new Error('it was too late to write')
        await this.#put(id, session, line)
      })
    })
  }

  /** A write that others have overtaken may come after theirs, and undo them: then the last of theirs is done again. */
  async #put (id: string, session: Written | null, line: Line<Written | null>): Promise<void> {
    line.left = session
    await (session === null ? this.#plain.remove(id) : this.#plain.write(id, session))
    const { left } = line
    if (left !== undefined && left !== session) await this.#put(id, left, line)
  }
}

function living (found: Written | 'foreign' | null): Written | null {
  return found !== null && found !== 'foreign' && found.expires > Date.now() ? found : null
}

/** What was read, if it looks like what `write` wrote. */
export function writtenBy (value: unknown): Written | 'foreign' {
  const { data, expires } = Object(value) as Partial<Written>
  return typeof data === 'string' && typeof expires === 'number' ? { data, expires } : 'foreign'
}
