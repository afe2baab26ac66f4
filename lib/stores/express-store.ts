/**
 * Sessions in the stores that were made for express-session or @fastify/session.
 *
 * @module
 * @see {@link https://github.com/expressjs/session#session-store-implementation}
 */

import { EventEmitter } from 'node:events'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import { LookThenWriteStore, writtenBy } from './look-then-write.ts'
import type { Written } from './look-then-write.ts'
import type { SessionStore } from './store.ts'

type Callback<T> = (error?: unknown, result?: T) => void

/** A store of express-session, as far as it is used here. */
export interface ExpressSessionStore {
  get (id: string, callback: Callback<unknown>): unknown
  set (id: string, session: ExpressSession, callback: Callback<void>): unknown
  destroy (id: string, callback: Callback<void>): unknown
}

/** What lies in such a store. */
export interface ExpressSession {
  /** Each store reads the expiry from another of these fields. */
  cookie: { expires: Date, _expires: Date, maxAge: number, originalMaxAge: number }
  secureCookieSession: Written
}

/**
 * A store on any store that was made for express-session: connect-redis, connect-pg-simple, connect-mongo and others.
 *
 * Not atomic: it looks before it writes. Within one process it keeps the contract; of two processes that write one
 * session at the same time, one may lose its change, or bring back what the other ended. It lists no sessions of users.
 */
export function expressStore (store: ExpressSessionStore): SessionStore {
  for (const method of ['get', 'set', 'destroy'] as const) {
    const type = typeof (Object(store) as Partial<ExpressSessionStore>)[method]
    if (type !== 'function') throw new FST_SESSION_INVALID_CONFIG(`expressStore store.${method}`, 'a function', type)
  }
  return new LookThenWriteStore({
    async read (id) {
      const found = await promised<unknown>((callback) => store.get(id, callback)).catch(noneIfNoEntry)
      return found ? writtenBy((found as Partial<ExpressSession>).secureCookieSession) : null
    },
    write: async (id, session) => await promised((callback) => store.set(id, around(session), callback)),
    remove: async (id) => await promised((callback) => store.destroy(id, callback))
  })
}

/**
 * The class that some stores extend: `connectPgSimple({ Store })`, `memorystore({ Store })`.
 *
 * A function, since older stores call it without `new`.
 */
export const Store = function (this: EventEmitter) {
  EventEmitter.call(this)
} as unknown as typeof EventEmitter
Object.setPrototypeOf(Store.prototype, EventEmitter.prototype)

function around (session: Written): ExpressSession {
  const expires = new Date(session.expires)
  const maxAge = session.expires - Date.now()
  return {
    cookie: { expires, _expires: expires, maxAge, originalMaxAge: maxAge },
    secureCookieSession: session
  }
}

async function promised<T> (call: (callback: Callback<T>) => unknown): Promise<T | undefined> {
  return await new Promise<T | undefined>((resolve, reject) => {
    // Some stores return a promise besides: if it rejects, the callback may never come.
    Promise.resolve(call((error, result) => error ? reject(error) : resolve(result))).catch(reject)
  })
}

// Stores that keep files say that there is none with the error of the file system.
function noneIfNoEntry (error: unknown): undefined {
  if ((Object(error) as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
