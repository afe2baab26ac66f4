/**
 * A store on top of one that writes without a condition: it looks before it writes.
 *
 * The commands of this process on one id wait for each other. Another process may write between look and write: then
 * the later write wins, and a session that the other process ended comes back.
 *
 * @module
 */

import { noOptions, sameBytes, wholeMilliseconds } from './store.ts'
import type { DeleteOptions, SessionStore, SetOptions, StoredSession } from './store.ts'

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

/** The contract of a session store, kept within one process. */
export class LookThenWriteStore implements SessionStore {
  readonly #plain: PlainStore
  /** The last command of each id that has one under way. */
  readonly #last = new Map<string, Promise<unknown>>()

  constructor (plain: PlainStore) {
    this.#plain = plain
  }

  async get (id: string): Promise<StoredSession | null> {
    return living(await this.#plain.read(id))
  }

  async set (id: string, data: string, { expires, replaces }: SetOptions): Promise<boolean> {
    wholeMilliseconds(expires)
    return await this.#inTurn(id, async () => {
      const found = await this.#plain.read(id)
      const old = living(found)
      const isMet = replaces === null
        ? old === null && found !== 'foreign'
        : old !== null && sameBytes(old.data, replaces)
      if (!isMet || expires <= Date.now()) return false
      await this.#plain.write(id, { data, expires })
      return true
    })
  }

  async touch (id: string, expires: number): Promise<boolean> {
    wholeMilliseconds(expires)
    return await this.#inTurn(id, async () => {
      const old = living(await this.#plain.read(id))
      if (old !== null && old.expires < expires) await this.#plain.write(id, { data: old.data, expires })
      return old !== null
    })
  }

  async delete (id: string, { replaces }: DeleteOptions = noOptions): Promise<boolean> {
    return await this.#inTurn(id, async () => {
      const old = living(await this.#plain.read(id))
      if (old === null || (replaces !== undefined && !sameBytes(old.data, replaces))) return false
      await this.#plain.remove(id)
      return true
    })
  }

  async #inTurn<T> (id: string, command: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id)
    // Whether the command before failed is no concern of this one.
    const mine = before === undefined ? command() : before.then(command, command)
    this.#last.set(id, mine)
    try {
      return await mine
    } finally {
      if (this.#last.get(id) === mine) this.#last.delete(id)
    }
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
