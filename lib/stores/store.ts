/**
 * The contract of a session store, for those who use one and for those who write one.
 *
 * @module
 */

import type { MaybePromise } from '../maybe-promise.ts'

/** What a store holds under an id. */
export interface StoredSession {
  /** Text as it was set, or its UTF-8 bytes. Other writers on the same store may have left any bytes. */
  data: string | Uint8Array
  /** When it ends: milliseconds since 1970, later than now; `Infinity` if another writer set no end. */
  expires: number
}

/** A session of a user. */
export interface SessionOfUser {
  id: string
  /** As in {@link StoredSession}. */
  expires: number
}

/** How {@link SessionStore.set} writes. */
export interface SetOptions {
  /** When the session ends: whole milliseconds since 1970. */
  expires: number
  /** `null`: write only if there is no session; else only if its data is still, byte for byte, this value. */
  replaces: string | Uint8Array | null
  /** Whose session it is, for {@link SessionStore.ids}. */
  user?: string | undefined
}

/** How {@link SessionStore.touch} prolongs. */
export interface TouchOptions {
  /** As in {@link SetOptions}: the user's entry is prolonged as well. */
  user?: string | undefined
}

/** How {@link SessionStore.delete} deletes. */
export interface DeleteOptions {
  /** Delete only if the data is still, byte for byte, this value. */
  replaces?: string | Uint8Array | undefined
  /**
   * The user under whom the session was set, for stores that cannot tell by the id which entry to remove from the
   * user's list. Do not give it if the id may be set again.
   */
  user?: string | undefined
}

/** Options that were left out, without a prototype: so none is read from Object.prototype. */
export const noOptions: Readonly<DeleteOptions> = Object.freeze(Object.create(null))

/**
 * Where sessions lie.
 *
 * - No write is unconditional. A method that checks and writes does both at once: no other command on the same id,
 *   of this process or another, comes between. A store that cannot do this says so in its documentation.
 * - An expired session does not exist, from the very millisecond `expires`.
 * - A method throws or rejects when it cannot tell, for example because a server is away. It never answers `null` or
 *   `false` instead. A rejected write may have happened, or may still happen.
 * - A store sets no time limits: who calls it stops waiting.
 * - An `expires` that is not a whole number is a RangeError.
 * - Ids are text without control characters, up to 256 characters: `ID`, or `NAME:ID`. An id does not begin with `:`.
 */
export interface SessionStore {
  /** `true`: no method returns a promise. */
  readonly sync?: boolean
  /** `true`: a full store drops what has not expired. */
  readonly evicts?: boolean
  /**
   * Called by each plugin that uses the store, before any other method.
   *
   * @param warn - writes one line to the log of the application: what its operator should know
   * @param timeout - how long the plugin waits for an answer, in milliseconds
   */
  open? (warn: (message: string) => void, timeout?: number): MaybePromise<void>
  /** The session, or `null` if there is none. */
  get (id: string): MaybePromise<StoredSession | null>
  /**
   * Writes a session if the condition `replaces` holds.
   *
   * @returns `false`, with nothing changed, if the condition did not hold or if `expires` has passed.
   */
  set (id: string, data: string, options: SetOptions): MaybePromise<boolean>
  /**
   * Makes a session end at `expires`, unless it ends later anyway. Never creates one, never shortens one.
   *
   * @returns whether there is a session.
   */
  touch (id: string, expires: number, options?: TouchOptions): MaybePromise<boolean>
  /**
   * Ends a session.
   *
   * @returns `false`, with nothing changed, if there is none, or if its data is not what `replaces` demands.
   */
  delete (id: string, options?: DeleteOptions): MaybePromise<boolean>
  /**
   * The sessions of a user, in no order: at least each one that was last set or touched with this `user`. There may be
   * ids of sessions that have ended, or that belong to another user by now: read each one before you trust it.
   */
  ids? (user: string): MaybePromise<SessionOfUser[]>
  /** Stops timers and closes what the store itself opened. May be called twice. */
  close? (): MaybePromise<void>
}

/** A store that answers at once. */
export interface SyncSessionStore extends SessionStore {
  readonly sync: true
  open? (warn: (message: string) => void): void
  get (id: string): StoredSession | null
  set (id: string, data: string, options: SetOptions): boolean
  touch (id: string, expires: number, options?: TouchOptions): boolean
  delete (id: string, options?: DeleteOptions): boolean
  ids? (user: string): SessionOfUser[]
  close? (): void
}

/**
 * The time a session is to end, checked.
 *
 * @throws RangeError if it is not a whole number: a NaN would pass every comparison, or none.
 */
export function wholeMilliseconds (expires: number): number {
  if (Number.isSafeInteger(expires)) return expires
  throw new RangeError('expires must be a whole number of milliseconds since 1970')
}

/** Whether two values are the same bytes; text counts as UTF-8. */
export function sameBytes (a: string | Uint8Array, b: string | Uint8Array): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0
}

function bytesOf (value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value
}
