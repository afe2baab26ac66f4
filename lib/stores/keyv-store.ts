/**
 * Sessions in whatever Keyv reaches.
 *
 * @module
 * @see {@link https://keyv.org/}
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { FST_SESSION_INVALID_CONFIG, FST_SESSION_INVALID_STORE } from '../errors.ts'
import { LookThenWriteStore, writtenBy } from './look-then-write.ts'
import type { SessionStore } from './store.ts'

/** A Keyv of version 5 or 6, as far as it is used here. */
export interface KeyvLike {
  get (key: string): Promise<unknown>
  set (key: string, value: unknown, ttl: number): Promise<unknown>
  delete (key: string): Promise<unknown>
  on (event: 'error', listener: (error: unknown) => void): unknown
  /** An option of version 5. */
  throwOnErrors?: boolean
}

/**
 * A store on a Keyv. Give it a Keyv that nothing else uses: the store listens for its errors.
 *
 * Not atomic: it looks before it writes. Within one process it keeps the contract; of two processes that write one
 * session at the same time, one may lose its change, or bring back what the other ended. It lists no sessions of users.
 *
 * @throws {@link FST_SESSION_INVALID_STORE} if Keyv 5 does not have `throwOnErrors: true`: an outage would look like
 *   sessions that do not exist.
 */
export function keyvStore (keyv: KeyvLike): SessionStore {
  for (const method of ['get', 'set', 'delete', 'on'] as const) {
    const type = typeof (Object(keyv) as Partial<KeyvLike>)[method]
    if (type !== 'function') throw new FST_SESSION_INVALID_CONFIG(`keyvStore keyv.${method}`, 'a function', type)
  }
  if (keyv.throwOnErrors === false) {
    throw new FST_SESSION_INVALID_STORE('keyvStore needs a Keyv with throwOnErrors: true')
  }
  const strict = strictly(keyv)
  return new LookThenWriteStore({
    async read (id) {
      const found = await strict(() => keyv.get(id))
      return found === undefined || found === null ? null : writtenBy(found)
    },
    async write (id, session) {
      const isWritten = await strict(() => keyv.set(id, session, session.expires - Date.now()))
      if (isWritten === false) throw new Error('Keyv did not write the session')
    },
    remove: async (id) => { await strict(() => keyv.delete(id)) }
  })
}

// Keyv 6 emits an error, and answers as if there were nothing if anybody listens. Somebody must listen, or the errors
// of a connection end the process. So each command collects the errors that are emitted while it runs.
function strictly (keyv: KeyvLike): <T>(command: () => Promise<T>) => Promise<T> {
  const errorsOfCommand = new AsyncLocalStorage<unknown[]>()
  keyv.on('error', (error) => { errorsOfCommand.getStore()?.push(error) })
  return async (command) => {
    const errors: unknown[] = []
    const result = await errorsOfCommand.run(errors, command)
    if (errors.length > 0) throw errors[0]
    return result
  }
}
