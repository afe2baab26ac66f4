/**
 * Members of `request.session` for compatibility with other session plugins.
 *
 * @module
 */

import type { SessionCallback, SessionCookieOptions } from '../../types/session.ts'
import type { Dict } from '../json/dict.ts'
import type { SessionData } from './session-data.ts'
import { dataKey } from './session-proxy.ts'

/** The key of the cookie attributes that the application set for this response. */
export const cookieOptionsKey: unique symbol = Symbol('secure-session.cookie-options')

/** The members of @fastify/secure-session, @fastify/session and express-session. */
export abstract class CompatibleSession {
  declare readonly [dataKey]: SessionData
  declare [cookieOptionsKey]: SessionCookieOptions | undefined

  data (): Dict {
    return Object.fromEntries(this[dataKey].entries())
  }

  touch (): void {
    this[dataKey].modified = true
  }

  options (options: SessionCookieOptions): void {
    this[dataKey].observer?.onOptions(options)
    // `refresh` is there, so that it is not read from Object.prototype.
    this[cookieOptionsKey] = { refresh: undefined, ...this[cookieOptionsKey], ...options }
  }

  regenerate (keep?: readonly PropertyKey[] | SessionCallback, callback?: SessionCallback): Promise<void> {
    const kept = new Set(Array.isArray(keep) ? keep.map(String) : [])
    return report(typeof keep === 'function' ? keep : callback, () => this[dataKey].keepOnly(kept))
  }

  save (callback?: SessionCallback): Promise<void> {
    return report(callback, () => this[dataKey].observer?.save())
  }

  destroy (callback?: SessionCallback): Promise<void> {
    return report(callback, () => this[dataKey].destroy())
  }

  reload (callback?: SessionCallback): Promise<void> {
    return report(callback, () => this[dataKey].reload())
  }

  get changed (): boolean {
    return this[dataKey].modified
  }

  set changed (changed: boolean) {
    this[dataKey].modified = changed
  }

  get deleted (): boolean {
    return this[dataKey].deleted
  }
}

/** Does the work at once, and reports its end through both the callback and a promise. */
function report (callback: SessionCallback | undefined, work: () => void | Promise<void>): Promise<void> {
  let result: void | Promise<void>
  try {
    result = work()
  } catch (error) {
    // Throws instead of rejecting: code that does not await finished work would cause an unhandled rejection.
    if (callback === undefined) throw error
    callback(error as Error)
    return Promise.resolve()
  }
  if (result === undefined) {
    callback?.(null)
    return Promise.resolve()
  }
  if (callback !== undefined) return result.then(() => callback(null), callback)
  // An unhandled rejection would end the process.
  result.catch(() => {})
  return result
}
