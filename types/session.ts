/**
 * The shape of `request.session`.
 *
 * @module
 */

/**
 * What the application keeps in its session, for applications to augment:
 *
 * ```ts
 * declare module 'fastify-secure-cookie-session' {
 *   interface SessionData { user_id: number }
 * }
 * ```
 *
 * As long as nobody does, every key is allowed and `any`.
 */
export interface SessionData {}

/** The keys of a session and their values. */
export type DataOf<T> = keyof T extends never ? { [key: string]: any } : T

/** Called when something is done: `null` says that nothing went wrong. */
export type SessionCallback = (error: Error | null) => void

/** Cookie attributes for one response; what is left out stays as configured. Those that are not listed have no effect. */
export interface SessionCookieOptions {
  /** `null`: this host only. */
  domain?: string | null | undefined
  /** Instead of the lifetime of permanent sessions. */
  expires?: Date | undefined
  /** Keeps the cookie from scripts. */
  httpOnly?: boolean | undefined
  /** Seconds. Browsers take it before `expires`. */
  maxAge?: number | undefined
  /** Forces Secure. */
  partitioned?: boolean | undefined
  /** `null`: as configured. */
  path?: string | null | undefined
  /** `true` is `'Strict'`, `false` and `null` leave the attribute out. */
  sameSite?: string | boolean | null | undefined
  /** `'auto'`: when the request came over HTTPS. */
  secure?: boolean | 'auto' | undefined
}

/** The members of `request.session`. Data keys that bear the name of one are reached by `get` and `set`. */
export interface SessionMembers<D> {
  /** The value of a key, or the default. */
  get<K extends keyof D> (key: K): D[K] | undefined
  get<K extends keyof D, V> (key: K, defaultValue: V): Exclude<D[K], undefined> | V
  /** Sets a key; `undefined` removes it. */
  set<K extends keyof D> (key: K, value: D[K] | undefined): void
  /** Whether there is such a key. */
  has (key: keyof D): boolean
  /** Without a key: ends the session, as `destroy`. With one: removes it and says whether it was there. */
  delete (): void
  delete (key: keyof D): boolean
  /** Removes a key and gives its value, or the default. */
  pop<K extends keyof D> (key: K): D[K] | undefined
  pop<K extends keyof D, V> (key: K, defaultValue: V): Exclude<D[K], undefined> | V
  /** Removes the youngest key and gives it with its value. */
  popItem (): [string, unknown] | undefined
  /** The value of a key, which is set before if there is none. */
  setDefault<K extends keyof D> (key: K, value: Exclude<D[K], undefined>): Exclude<D[K], undefined>
  /** Sets the keys of an object, or those of entries. */
  update (data: Partial<D> | Iterable<readonly [string, unknown]>): void
  /** Removes every key; a session that stays empty loses its cookie. */
  clear (): void
  /** How many keys there are. */
  readonly size: number
  keys (): IterableIterator<string>
  values (): IterableIterator<unknown>
  entries (): IterableIterator<[string, unknown]>
  forEach (callback: (value: unknown, key: string) => void): void
  [Symbol.iterator] (): IterableIterator<[string, unknown]>

  /** Whether the cookie outlives the browser, for `PERMANENT_SESSION_LIFETIME` seconds: the key `_permanent`. */
  permanent: boolean
  /** Whether there is something to save: after any write, and after a change inside of a value. */
  modified: boolean
  /** Whether data was read or written; a response that depends on it has `Vary: Cookie`. */
  accessed: boolean
  /** Always false: an empty session cannot be told from a new one. */
  readonly new: boolean

  /** A copy of the data. */
  data (): Partial<D>
  // No call ends up here: @fastify/secure-session promises every key, and what takes its sessions takes ours.
  data (): string extends keyof D ? any : D
  /** Sends the cookie again with a new timestamp, though nothing changed. */
  touch (): void
  /** Cookie attributes for this response. */
  options (options: SessionCookieOptions): void
  /** Removes every key but those to keep, in place. Done at once. */
  regenerate (keep?: readonly PropertyKey[], callback?: SessionCallback): Promise<void>
  regenerate (callback: SessionCallback): Promise<void>
  /** Puts Set-Cookie into the response at once, changed or not: for server-sent events and hijacked replies. */
  save (callback?: SessionCallback): Promise<void>
  /** Ends the session: its data and its cookie go. Done at once. */
  destroy (callback?: SessionCallback): Promise<void>
  /** Forgets what this request wrote and reads the cookie again. Done at once. */
  reload (callback?: SessionCallback): Promise<void>
  /** As `modified`. */
  changed: boolean
  /** Whether the session was ended and nothing written since. */
  readonly deleted: boolean
}

/** A session: its data as properties, and its members. */
export type Session<T = SessionData> = SessionMembers<DataOf<T>> & Omit<Partial<DataOf<T>>, keyof SessionMembers<unknown>>
