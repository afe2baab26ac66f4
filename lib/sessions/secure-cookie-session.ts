/**
 * `request.session`: Flask's SecureCookieSession, as a dict, a Map and an object at once.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.sessions.SecureCookieSession}
 */

import { FST_SESSION_UNAVAILABLE } from '../errors.ts'
import type { Dict } from '../json/dict.ts'
import { TaggedJSONSerializer } from '../json/tagged-json-serializer.ts'
import type { Session, SessionCallback, SessionCookieOptions, SessionMembers } from '../../types/session.ts'
import { TrackedData } from './tracked-data.ts'
import type { SessionSource, SessionWatcher } from './tracked-data.ts'

/** Writes and reads sessions where nobody names another serializer; tags registered here hold for all of them. */
export const sessionJSONSerializer: TaggedJSONSerializer = new TaggedJSONSerializer()

/** The keys of what belongs to a session, but not to its data. */
const tracked: unique symbol = Symbol('secure-session.tracked')
const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom')
const propertyKinds: unique symbol = Symbol('secure-session.property-kinds')

/** A session of data at hand, without a cookie behind it. */
const detached: SessionSource = {
  open: () => undefined,
  dumps: (data) => sessionJSONSerializer.dumps(data),
  loads: (text) => sessionJSONSerializer.loads(text) as Dict,
  copyOf: (value) => sessionJSONSerializer.copyOf(value)
}

/**
 * A session whose every access and change is noticed.
 *
 * Instances are proxies: a property that is none of the members below is a key of the data. Members go before keys;
 * `get` and `set` reach every key.
 */
export class SecureCookieSession implements SessionMembers<Dict> {
  declare readonly [tracked]: TrackedData
  declare readonly [propertyKinds]: PropertyKinds

  /**
   * @param initial - the data to begin with; it is copied one level deep
   * @param source - where the data comes from when there is none to begin with
   */
  constructor (initial?: Readonly<Dict>, source: SessionSource = detached) {
    this[tracked] = new TrackedData(source, initial === undefined && source !== detached ? undefined : { ...initial })
    this[propertyKinds] = new.target === SecureCookieSession ? ownKinds : kindsOf(new.target.prototype)
    return new Proxy(this, handler)
  }

  get (key: string, defaultValue?: unknown): unknown {
    const value = this[tracked].get(key)
    return value === undefined ? defaultValue : value
  }

  set (key: string, value: unknown): void {
    this[tracked].set(key, value)
  }

  has (key: string): boolean {
    return this[tracked].has(key)
  }

  delete (): void
  delete (key: string): boolean
  delete (...keys: [key?: string]): boolean | void {
    // A key that happens to be undefined must not end the session.
    if (keys.length === 0) return this[tracked].end()
    const key = String(keys[0])
    const had = this[tracked].has(key)
    this[tracked].delete(key)
    return had
  }

  pop (key: string, defaultValue?: unknown): unknown {
    const value = this.get(key, defaultValue)
    this[tracked].delete(key)
    return value
  }

  popItem (): [string, unknown] | undefined {
    const last = this[tracked].entries().pop()
    this[tracked].delete(last?.[0] ?? '')
    return last
  }

  setDefault (key: string, value: unknown): unknown {
    if (!this[tracked].has(key)) this[tracked].set(key, value)
    return this[tracked].get(key)
  }

  update (data: Readonly<Dict> | Iterable<readonly [string, unknown]>): void {
    this[tracked].update(Symbol.iterator in data ? data as Iterable<readonly [string, unknown]> : Object.entries(data))
  }

  clear (): void {
    this[tracked].replace([])
  }

  get size (): number {
    return this[tracked].keys().length
  }

  keys (): IterableIterator<string> {
    return this[tracked].keys().values()
  }

  values (): IterableIterator<unknown> {
    return this[tracked].entries().map(([, value]) => value).values()
  }

  entries (): IterableIterator<[string, unknown]> {
    return this[tracked].entries().values()
  }

  forEach (callback: (value: unknown, key: string) => void): void {
    for (const [key, value] of this[tracked].entries()) callback(value, key)
  }

  [Symbol.iterator] (): IterableIterator<[string, unknown]> {
    return this.entries()
  }

  get permanent (): boolean {
    return Boolean(this[tracked].get('_permanent'))
  }

  set permanent (permanent: boolean) {
    this[tracked].set('_permanent', Boolean(permanent))
  }

  get modified (): boolean {
    return this[tracked].modified
  }

  set modified (modified: boolean) {
    this[tracked].modified = modified
  }

  get accessed (): boolean {
    return this[tracked].accessed
  }

  set accessed (accessed: boolean) {
    this[tracked].accessed = accessed
  }

  get new (): boolean {
    return false
  }

  data (): Dict {
    return Object.fromEntries(this[tracked].entries())
  }

  touch (): void {
    this[tracked].modified = true
  }

  /** For JSON.stringify, which would find a member in the place of a key of that name. */
  toJSON (): Dict {
    return this.data()
  }

  options (options: SessionCookieOptions): void {
    const data = this[tracked]
    data.cookieOptions = { ...data.cookieOptions, ...options }
  }

  regenerate (keep?: readonly PropertyKey[] | SessionCallback, callback?: SessionCallback): Promise<void> {
    const kept = new Set(Array.isArray(keep) ? keep.map(String) : [])
    return settle(typeof keep === 'function' ? keep : callback, () => this[tracked].keepOnly(kept))
  }

  save (callback?: SessionCallback): Promise<void> {
    return settle(callback, () => this[tracked].watcher?.save())
  }

  destroy (callback?: SessionCallback): Promise<void> {
    return settle(callback, () => this[tracked].end())
  }

  reload (callback?: SessionCallback): Promise<void> {
    return settle(callback, () => this[tracked].reload())
  }

  get changed (): boolean {
    return this.modified
  }

  set changed (changed: boolean) {
    this.modified = changed
  }

  get deleted (): boolean {
    return this[tracked].deleted
  }

  /** What `console.log` shows: the data, without counting as an access. */
  [inspectCustom] (_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `SecureCookieSession ${inspect({ ...this[tracked].toSave() }, options)}`
  }
}

/** A session that cannot be saved: it is empty, and every write says why. */
export class NullSession extends SecureCookieSession {
  /** @param reason - what is missing, and the cure, as the end of a sentence */
  constructor (reason: string = noKey) {
    super()
    this[tracked].watcher = new Refusing(reason)
  }
}

/** Why a session is read-only without a secret key, and the cure. */
export const noKey = 'no secret key is set. Set the option secretKey, or SECRET_KEY in the config, to something long and random'

function nothing (): void {}

class Refusing implements SessionWatcher {
  readonly isReadOnly = true
  readonly onAccess = nothing
  readonly onHandOut = nothing
  readonly afterWrite = nothing
  readonly #reason: string

  constructor (reason: string) {
    this.#reason = reason
  }

  beforeWrite (): void {
    throw new FST_SESSION_UNAVAILABLE(this.#reason)
  }

  save (): void {
    this.beforeWrite()
  }
}

/** The data behind a session, for those who open and save it. */
export function trackedDataOf (session: SecureCookieSession | Session): TrackedData {
  return (session as SecureCookieSession)[tracked]
}

/** What was done synchronously is told in every way that someone may wait for it. */
function settle (callback: SessionCallback | undefined, work: () => void): Promise<void> {
  try {
    work()
  } catch (error) {
    // Thrown and not rejected: nobody has to await what is done already, and a rejection unheard of would end the process.
    if (callback === undefined) throw error
    callback(error as Error)
    return Promise.resolve()
  }
  callback?.(null)
  return Promise.resolve()
}

/** What a property is when it is none of the data: declared by the session's class, or a method that every object has. */
type PropertyKinds = ReadonlyMap<string, 'member' | 'method' | 'none'>

/** The methods of every object that read nothing which a cookie could reach, unlike `constructor` and `__proto__`. */
const objectMethods = ['hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', 'toString', 'valueOf']

/** The properties that a class and those above it declare, and those of every object; what is missing is a key of the data. */
function kindsOf (prototype: object): PropertyKinds {
  const known = kindsByClass.get(prototype)
  if (known !== undefined) return known
  const kinds = new Map<string, 'member' | 'method' | 'none'>(objectMethods.map((name) => [name, 'method']))
  // An await or an async return would take a session with a `then` for a promise.
  kinds.set('then', 'none')
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) if (name !== 'constructor') kinds.set(name, 'member')
  }
  kindsByClass.set(prototype, kinds)
  return kinds
}

const kindsByClass = new WeakMap<object, PropertyKinds>()
const ownKinds = kindsOf(SecureCookieSession.prototype)

const handler: ProxyHandler<SecureCookieSession> = {
  get (target, key, receiver) {
    if (key === tracked) return target[tracked]
    if (typeof key === 'symbol') return Reflect.get(target, key, receiver)
    const kinds = target[propertyKinds]
    const data = target[tracked]
    switch (kinds.get(key)) {
      case undefined: return data.get(key)
      case 'none': return undefined
      case 'method': return data.has(key) ? data.get(key) : Reflect.get(target, key, receiver)
    }
    // What this class declares needs no proxy around itself; what a subclass declares may read its data by property.
    return kinds === ownKinds ? target[key as keyof SecureCookieSession] : Reflect.get(target, key, receiver)
  },

  set (target, key, value, receiver) {
    if (typeof key === 'symbol') return Reflect.set(target, key, value)
    if (target[propertyKinds].get(key) !== 'member') {
      target[tracked].set(key, value)
      return true
    }
    if (!hasSetter(target, key)) throw new TypeError(`session.${key} is a member of the session: write session.set('${key}', ...) for a key of that name`)
    return Reflect.set(target, key, value, receiver)
  },

  has (target, key) {
    return typeof key === 'symbol' ? key in target : target[tracked].has(key)
  },

  deleteProperty (target, key) {
    if (typeof key === 'string') target[tracked].delete(key)
    return true
  },

  ownKeys (target) {
    return target[tracked].keys()
  },

  getOwnPropertyDescriptor (target, key) {
    if (typeof key === 'symbol' || !target[tracked].has(key)) return undefined
    return { value: target[tracked].get(key), writable: true, enumerable: true, configurable: true }
  },

  defineProperty (target, key, descriptor) {
    if (typeof key === 'symbol' || !('value' in descriptor) || descriptor.configurable === false) return false
    target[tracked].set(key, descriptor.value)
    return true
  },

  preventExtensions: () => false,
  setPrototypeOf: () => false
}

/** Whether a member that the target is known to have can be written. */
function hasSetter (target: object, key: string): boolean {
  let owner = target
  while (!Object.hasOwn(owner, key)) owner = Object.getPrototypeOf(owner)
  return (Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor).set !== undefined
}
