/**
 * The shape of `request.session`.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'

/**
 * The data that the application keeps in its session. Declare yours:
 *
 * ```ts
 * declare module 'fastify-secure-cookie-session' {
 *   interface SessionData { user_id: number }
 * }
 * ```
 *
 * Without a declaration every key is allowed, and its value is `any`.
 */
export interface SessionData {}

/**
 * Where the sessions of the application lie, or are listed when they end. Declare it if that is a store that answers
 * with promises:
 *
 * ```ts
 * declare module 'fastify-secure-cookie-session' {
 *   interface SessionStoreKind { isAsync: true }
 * }
 * ```
 *
 * Then `decodeSession` and `encodeSession` return promises in the types. In fact `encodeSession` gives none for
 * sessions in cookies, which `await` accepts as well.
 */
export interface SessionStoreKind {}

/** A promise if {@link SessionStoreKind} says so. */
export type FromStore<T> = SessionStoreKind extends { isAsync: true } ? Promise<T> : T

/** The keys of a session and their values. */
export type DataOf<T> = keyof T extends never ? { [key: string]: any } : T

/**
 * What a session keeps for itself, apart from the keys of the application: `_created`, `_lifetime` and `_sid` in the
 * data of its cookie. A key is only there when a setting that needs it is switched on.
 */
export interface BookKeeping {
  /** When the session began, in whole seconds since 1970. */
  readonly created?: number | undefined
  /** The lifetime of this session alone, in whole seconds. */
  readonly lifetime?: number | undefined
  /** The id of the session: 16 to 128 characters of base64url. */
  readonly sid?: string | undefined
}

/**
 * Why a session cookie was rejected.
 *
 * - `malformed`: it lacks a part of a token; with a store, it holds no id
 * - `bad-signature`: no key verifies it
 * - `other-digest`: it verifies, but under a digest that is not accepted
 * - `expired`, `from-future`: by the age of its signature
 * - `expired-absolute`: its session began too long ago
 * - `expired-session`: it is older than the lifetime of its session
 * - `unreadable`: it verifies, but its data cannot be read
 * - `revoked`: its session was ended
 * - `unknown-id`: the store has no such session
 * - `store-unavailable`: the store did not answer
 *
 * Accepted cookies that are worth counting:
 *
 * - `old-key`: it is signed with a key of `SECRET_KEY_FALLBACKS`
 * - `second-cookie`: the request has another cookie of its name
 */
export type RejectionCode =
  'malformed' | 'bad-signature' | 'other-digest' | 'expired' | 'expired-absolute' | 'expired-session' | 'from-future' |
  'unreadable' | 'revoked' | 'unknown-id' | 'store-unavailable' | 'old-key' | 'second-cookie'

/** A rejected session cookie. No part of the cookie or of a key is in it. */
export interface Rejection {
  readonly code: RejectionCode
  /** The name of the session on the request. */
  readonly sessionName: string
  /** Seconds since the signature, or since the begin for `expired-absolute`; negative in the future. */
  readonly age?: number
  /** True when the session is accepted all the same. */
  readonly accepted?: true
}

/**
 * Called for a rejected session cookie, at most once a request, when the application first looks at the session.
 * Synchronous; an error that it throws is logged.
 */
export type OnReject = (request: FastifyRequest, rejection: Rejection) => void

/** Called at the end of an operation: with its error, or with `null`. */
export type SessionCallback = (error: Error | null) => void

/** Cookie attributes for one response. Those that are left out stay as configured. */
export interface SessionCookieOptions {
  /** `null`: this host only. */
  domain?: string | null | undefined
  /** Overrides the Expires of permanent sessions. */
  expires?: Date | undefined
  /** Hides the cookie from scripts. */
  httpOnly?: boolean | undefined
  /** Seconds. Browsers prefer it to `expires`. */
  maxAge?: number | undefined
  /** Forces Secure. */
  partitioned?: boolean | undefined
  /** `null`: as configured. A cookie of another path is another cookie: end the session under the same path. */
  path?: string | null | undefined
  /** `false`: this response does not refresh an unchanged permanent session. @defaultValue `true` */
  refresh?: boolean | undefined
  /** `true` is `'Strict'`, `false` and `null` leave the attribute out. */
  sameSite?: string | boolean | null | undefined
  /** `'auto'`: when the request came over HTTPS. */
  secure?: boolean | 'auto' | undefined
}

/** The `session` of a route's config: `false` for a route without a session, or cookie attributes for its responses. */
export type SessionRouteConfig = false | SessionCookieOptions

/** The members of `request.session`. A member hides a key of the same name, which `get` and `set` reach. */
export interface SessionMembers<D> {
  /** The value of a key, or the default. */
  get<K extends keyof D> (key: K): D[K] | undefined
  get<K extends keyof D, V> (key: K, defaultValue: V): Exclude<D[K], undefined> | V
  /** Sets a key; `undefined` removes it. */
  set<K extends keyof D> (key: K, value: D[K] | undefined): void
  /** Whether the key exists. */
  has (key: keyof D): boolean
  /** Without a key, ends the session like `destroy`. With a key, removes it and returns whether it existed. */
  delete (): void
  delete (key: keyof D): boolean
  /** Removes a key and returns its value, or the default. */
  pop<K extends keyof D> (key: K): D[K] | undefined
  pop<K extends keyof D, V> (key: K, defaultValue: V): Exclude<D[K], undefined> | V
  /** Removes the last key and returns it with its value. */
  popItem (): [string, unknown] | undefined
  /** Returns the value of a key. Sets it first if the key does not exist. */
  setDefault<K extends keyof D> (key: K, value: Exclude<D[K], undefined>): Exclude<D[K], undefined>
  /** Sets all keys of an object or of an iterable of entries. */
  update (data: Partial<D> | Iterable<readonly [string, unknown]>): void
  /** Removes every key; a session that stays empty loses its cookie. */
  clear (): void
  /** The number of keys. */
  readonly size: number
  keys (): IterableIterator<string>
  values (): IterableIterator<unknown>
  entries (): IterableIterator<[string, unknown]>
  forEach (callback: (value: unknown, key: string) => void): void
  [Symbol.iterator] (): IterableIterator<[string, unknown]>

  /** Whether the cookie outlives the browser, for `PERMANENT_SESSION_LIFETIME` seconds: the key `_permanent`. */
  permanent: boolean
  /**
   * Seconds after which this session ends when it is not used, instead of `PERMANENT_SESSION_LIFETIME`; `null`: as
   * configured. Counted from the signature; of a session that is not permanent, from its last change.
   *
   * Setting it throws a RangeError for a number that is not whole, less than 1 or more than
   * `PERMANENT_SESSION_LIFETIME`.
   */
  lifetime: number | null
  /** Whether the session will be saved: true after any write, and after a change inside a value. */
  modified: boolean
  /** Whether data was read or written: then the response gets `Vary: Cookie`. */
  accessed: boolean
  /** Always false, because an empty session looks the same as a new one. */
  readonly new: boolean

  /** A copy of the data. */
  data (): Partial<D>
  // Never selected by a call: makes our type assignable where @fastify/secure-session's is expected.
  data (): string extends keyof D ? any : D
  /** Sends the cookie with a new timestamp, even if nothing changed. */
  touch (): void
  /** Cookie attributes for this response. Ignores unknown keys, and logs a misspelt one (`samesite`). */
  options (options: SessionCookieOptions): void
  /**
   * Removes every key except those to keep, and begins the session anew; its `lifetime` is kept when `_lifetime` is
   * among them. Synchronous; the promise is for compatibility.
   */
  regenerate (keep?: readonly PropertyKey[], callback?: SessionCallback): Promise<void>
  regenerate (callback: SessionCallback): Promise<void>
  /** Puts Set-Cookie into the response at once, changed or not: for server-sent events and hijacked replies. */
  save (callback?: SessionCallback): Promise<void>
  /** Ends the session: removes its data and its cookie. Synchronous. */
  destroy (callback?: SessionCallback): Promise<void>
  /** Discards the changes of this request and reads the cookie again. Synchronous. */
  reload (callback?: SessionCallback): Promise<void>
  /** As `modified`. */
  changed: boolean
  /** True after the session was ended, until the next write. */
  readonly deleted: boolean
}

/** A session: its data as properties, and its members. */
export type Session<T = SessionData> =
  SessionMembers<DataOf<T>> & Omit<Partial<DataOf<T>>, keyof SessionMembers<unknown>>
