/**
 * `request.session`: Flask's SecureCookieSession, as a dict, a Map and an object at once.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.sessions.SecureCookieSession}
 */

import { FST_SESSION_UNAVAILABLE } from '../errors.ts'
import type { Dict } from '../json/dict.ts'
import { sessionJSONSerializer } from '../json/session-serializer.ts'
import type { Session, SessionMembers } from '../../types/session.ts'
import { CompatibleSession } from './session-compat.ts'
import { SessionData } from './session-data.ts'
import type { SessionSource } from './session-data.ts'
import { dataKey, sessionProxy } from './session-proxy.ts'

const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom')

/** The source of a session that is created with its data. */
const detached: SessionSource = { serializer: sessionJSONSerializer, load: () => undefined }

/**
 * A session that tracks every access and every change.
 *
 * Instances are proxies: a property that is not a member of the class is a key of the data. Members hide keys of the
 * same name, which `get` and `set` reach.
 */
export class SecureCookieSession extends CompatibleSession implements SessionMembers<Dict> {
  /**
   * @param initial - the data to begin with; it is copied one level deep
   * @param source - loads the data at the first access, unless `initial` is given
   */
  constructor (initial?: Readonly<Dict>, source: SessionSource = detached) {
    super()
    const data = new SessionData(source, initial === undefined ? undefined : { ...initial })
    return sessionProxy(this, data, new.target.prototype)
  }

  get (key: string, defaultValue?: unknown): unknown {
    const value = this[dataKey].get(key)
    return value === undefined ? defaultValue : value
  }

  set (key: string, value: unknown): void {
    this[dataKey].set(key, value)
  }

  has (key: string): boolean {
    return this[dataKey].has(key)
  }

  delete (): void
  delete (key: string): boolean
  delete (...keys: [key?: string]): boolean | void {
    // A key that happens to be undefined must not end the session.
    if (keys.length === 0) return this[dataKey].destroy()
    const key = String(keys[0])
    const had = this[dataKey].has(key)
    this[dataKey].delete(key)
    return had
  }

  pop (key: string, defaultValue?: unknown): unknown {
    const value = this.get(key, defaultValue)
    this[dataKey].delete(key)
    return value
  }

  popItem (): [string, unknown] | undefined {
    const last = this[dataKey].entries().pop()
    this[dataKey].delete(last?.[0] ?? '')
    return last
  }

  setDefault (key: string, value: unknown): unknown {
    if (!this[dataKey].has(key)) this[dataKey].set(key, value)
    return this[dataKey].get(key)
  }

  update (data: Readonly<Dict> | Iterable<readonly [string, unknown]>): void {
    this[dataKey].update(Symbol.iterator in data ? data as Iterable<readonly [string, unknown]> : Object.entries(data))
  }

  clear (): void {
    this[dataKey].replace([])
  }

  get size (): number {
    return this[dataKey].keys().length
  }

  keys (): IterableIterator<string> {
    return this[dataKey].keys().values()
  }

  values (): IterableIterator<unknown> {
    return this[dataKey].entries().map(([, value]) => value).values()
  }

  entries (): IterableIterator<[string, unknown]> {
    return this[dataKey].entries().values()
  }

  forEach (callback: (value: unknown, key: string) => void): void {
    for (const [key, value] of this[dataKey].entries()) callback(value, key)
  }

  [Symbol.iterator] (): IterableIterator<[string, unknown]> {
    return this.entries()
  }

  get permanent (): boolean {
    return Boolean(this[dataKey].get('_permanent'))
  }

  set permanent (permanent: boolean) {
    this[dataKey].set('_permanent', Boolean(permanent))
  }

  get lifetime (): number | null {
    return this[dataKey].lifetime
  }

  set lifetime (lifetime: number | null) {
    this[dataKey].lifetime = lifetime
  }

  get modified (): boolean {
    return this[dataKey].modified
  }

  set modified (modified: boolean) {
    this[dataKey].modified = modified
  }

  get accessed (): boolean {
    return this[dataKey].accessed
  }

  set accessed (accessed: boolean) {
    this[dataKey].accessed = accessed
  }

  get new (): boolean {
    return false
  }

  /** For JSON.stringify, which would otherwise read members of the class instead of the keys that they hide. */
  toJSON (): Dict {
    return this.data()
  }

  /** For `console.log`: shows the data without counting as an access. */
  [inspectCustom] (_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `SecureCookieSession ${inspect({ ...this[dataKey].peek() }, options)}`
  }
}

/** Why a session is read-only without a secret key, and the cure. */
export const noKey = 'no secret key is set. ' +
  'Set the option secretKey, or SECRET_KEY in the config, to something long and random'

/** An empty session that cannot be saved: every write throws an error that says why. */
export class NullSession extends SecureCookieSession {
  /** @param reason - the cause and the cure, as the end of a sentence */
  constructor (reason: string = noKey) {
    super()
    const nothing = (): void => {}
    const refuse = (): never => { throw new FST_SESSION_UNAVAILABLE(reason) }
    this[dataKey].observer = {
      isReadOnly: true,
      longestLifetime: undefined,
      onAccess: nothing,
      onExpose: nothing,
      beforeWrite: refuse,
      afterWrite: nothing,
      onLoss: nothing,
      onOptions: nothing,
      save: refuse
    }
  }
}

/** The data behind a session, for code that opens and saves sessions; `undefined` for anything else. */
export function dataOf (session: SecureCookieSession | Session): SessionData | undefined {
  return (session as Partial<SecureCookieSession>)[dataKey]
}
