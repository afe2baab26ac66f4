/**
 * A store that answers in time, or fails.
 *
 * @module
 */

import { types } from 'node:util'
import { storeUnavailable } from '../errors.ts'
import { lookup } from '../lookup.ts'
import { isPromise } from '../maybe-promise.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import { noOptions } from './store.ts'
import type { DeleteOptions, SessionOfUser, SessionStore, SetOptions, StoredSession, TouchOptions } from './store.ts'

/** How long a store that is silent is not asked again, in milliseconds. */
const pause = 1000
/** The longest time of a timer, in milliseconds. */
const longestTimeout = 2 ** 31 - 1

/**
 * Puts a time limit on a store, and checks what it answers.
 *
 * Every failure is `FST_SESSION_STORE_UNAVAILABLE` with the store's error as its `cause`: an error of the store, an
 * answer of a wrong type, no answer in time. A write that timed out may still happen.
 *
 * Requests must not pile up behind a store that is away. So if a question had to wait in vain, and none of the others
 * was answered in that time, the next second fails at once. An error that comes at once pauses nothing: it may be of
 * one session only, and it costs nothing to ask again.
 */
export class GuardedStore implements SessionStore {
  readonly sync: boolean
  /** How long the store has to answer, in milliseconds. */
  readonly timeout: number
  readonly #store: SessionStore
  #answeredAt = -Infinity
  #silentAt = -Infinity

  /** @param timeout - in seconds */
  constructor (store: SessionStore, timeout: number) {
    this.#store = store
    this.timeout = Math.min(timeout * 1000, longestTimeout)
    this.sync = lookup(store, 'sync') === true
  }

  /** Whether the store can list the sessions of a user. */
  get hasIds (): boolean {
    return typeof lookup(this.#store, 'ids') === 'function'
  }

  open (warn: (message: string) => void): MaybePromise<void> {
    return (lookup(this.#store, 'open') as SessionStore['open'])?.call(this.#store, warn, this.timeout)
  }

  get (id: string): MaybePromise<StoredSession | null> {
    return this.#ask(() => this.#store.get(id), isStoredSessionOrNull)
  }

  set (id: string, data: string, options: SetOptions): MaybePromise<boolean> {
    const { expires, replaces } = options
    const all = { expires, replaces, user: userIn(options) }
    return this.#ask(() => this.#store.set(id, data, all), isBoolean)
  }

  touch (id: string, expires: number, options: TouchOptions = noOptions): MaybePromise<boolean> {
    return this.#ask(() => this.#store.touch(id, expires, { user: userIn(options) }), isBoolean)
  }

  delete (id: string, options: DeleteOptions = noOptions): MaybePromise<boolean> {
    const replaces = lookup(options, 'replaces') as DeleteOptions['replaces']
    return this.#ask(() => this.#store.delete(id, { replaces, user: userIn(options) }), isBoolean)
  }

  ids (user: string): MaybePromise<SessionOfUser[]> {
    return this.hasIds ? this.#ask(() => (this.#store as Required<SessionStore>).ids(user), isListOfIds) : []
  }

  close (): MaybePromise<void> {
    return (lookup(this.#store, 'close') as SessionStore['close'])?.call(this.#store)
  }

  #ask<T> (question: () => MaybePromise<T>, isAnswer: (answer: T) => boolean): MaybePromise<T> {
    const askedAt = this.sync ? 0 : performance.now()
    if (askedAt - this.#silentAt < pause) throw storeUnavailable('it did not answer a moment ago')
    let answer: MaybePromise<T>
    try {
      answer = question()
    } catch (cause) {
      throw storeUnavailable('it threw an error', cause)
    }
    const checked = (value: T): T => {
      if (isAnswer(value)) return value
      throw storeUnavailable('it gave an answer of a wrong type')
    }
    if (!isPromise(answer)) return checked(answer)
    if (!this.sync) return this.#inTime(answer, askedAt).then(checked)
    // Nobody would wait for it, and its rejection would end the process.
    Promise.resolve(answer).catch(() => {})
    throw storeUnavailable('it is sync, and gave a promise')
  }

  #inTime<T> (answer: PromiseLike<T>, askedAt: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fail = (reason: string, cause?: unknown): void => {
        clearTimeout(timer)
        this.#noteFailure(askedAt)
        reject(storeUnavailable(reason, cause))
      }
      const timer = setTimeout(() => fail(`it did not answer within ${this.timeout} ms`), this.timeout)
      // The `then` of a promise that is not a native one may throw.
      Promise.resolve(answer).then((value) => {
        clearTimeout(timer)
        this.#answeredAt = performance.now()
        resolve(value)
      }, (cause: unknown) => fail('it gave an error', cause))
    })
  }

  /** A client with a time limit of its own gives an error instead of no answer. */
  #noteFailure (askedAt: number): void {
    const now = performance.now()
    if (this.#answeredAt < askedAt && now - askedAt >= this.timeout / 2) this.#silentAt = now
  }
}

/** Stores get each option, so that none is read from Object.prototype. */
function userIn (options: TouchOptions): string | undefined {
  return lookup(options, 'user') as string | undefined
}

function isBoolean (value: unknown): boolean {
  return typeof value === 'boolean'
}

function isStoredSessionOrNull (value: unknown): boolean {
  if (value === null) return true
  if (typeof value !== 'object') return false
  const { data, expires } = value as Partial<StoredSession>
  return (typeof data === 'string' || types.isUint8Array(data)) && typeof expires === 'number'
}

function isListOfIds (value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each?.id === 'string' && typeof each.expires === 'number')
}
