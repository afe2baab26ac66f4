/**
 * The option `revocation`.
 *
 * @module
 */

import { describeOption } from '../config/checks.ts'
import { lookup } from '../lookup.ts'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import { memoryStore } from '../stores/memory-store.ts'
import type { SessionStore } from '../stores/store.ts'
import type { Session } from '../../types/session.ts'

/** How sessions in cookies are ended before their time. */
export interface RevocationOptions {
  /**
   * Where the ended sessions are listed. All processes need the same one.
   *
   * @defaultValue the memory of this process, which forgets them when it ends
   */
  store?: SessionStore | undefined
  /**
   * Whose session it is, as a value that `String` turns into an id: for `fastify.endSessions(user)`. Synchronous; null,
   * undefined and '' are no user. Calling it counts as no access to the session.
   */
  user?: ((session: Session) => unknown) | undefined
  /**
   * Seconds that an answer of the store is used again: so long another process may still accept an ended session. 0
   * asks with each request.
   *
   * @defaultValue `10`
   */
  cacheFor?: number | undefined
  /**
   * What happens to a session while the store does not answer. `'refuse'`: to look at it is an error with the status
   * 503. `'accept'`: it is accepted, and so are ended ones, unless this process ended them.
   *
   * @defaultValue `'refuse'`
   */
  onStoreError?: 'refuse' | 'accept' | undefined
  /** Seconds that the store has to answer. @defaultValue `1` */
  storeTimeout?: number | undefined
}

/** The options, checked and complete. */
export interface RevocationSettings {
  readonly store: SessionStore
  readonly user: ((session: Session<any>) => unknown) | undefined
  readonly cacheFor: number
  readonly onStoreError: 'refuse' | 'accept'
  readonly storeTimeout: number
}

/** @throws `FST_SESSION_INVALID_CONFIG` when an option is wrong. */
export function revocationSettings (options: unknown): RevocationSettings {
  if (typeof options !== 'object' || options === null) throw invalid('', 'an object of options', options)
  const option = (name: keyof RevocationOptions, fallback: unknown): unknown => lookup(options, name) ?? fallback
  const seconds = (
    name: 'cacheFor' | 'storeTimeout', fallback: number, least: string, isRight: (n: number) => boolean
  ): number => {
    const value = option(name, fallback)
    if (Number.isFinite(value) && isRight(value as number)) return value as number
    throw invalid(`.${name}`, `a number of seconds, ${least}`, value)
  }
  const user = option('user', undefined)
  if (user !== undefined && typeof user !== 'function') throw invalid('.user', 'a function of a session', user)
  const onStoreError = option('onStoreError', 'refuse')
  if (onStoreError !== 'refuse' && onStoreError !== 'accept') {
    throw invalid('.onStoreError', "'refuse' or 'accept'", onStoreError)
  }
  return {
    // It must never evict what has not expired: that would make ended sessions valid again.
    store: storeOption(option('store', undefined)) ?? memoryStore({ max: Infinity }),
    user: user as RevocationSettings['user'],
    cacheFor: seconds('cacheFor', 10, '0 or more', (value) => value >= 0),
    onStoreError,
    storeTimeout: seconds('storeTimeout', 1, 'more than 0', (value) => value > 0)
  }
}

function storeOption (store: unknown): SessionStore | undefined {
  if (store === undefined) return undefined
  const { get, set } = Object(store) as Partial<SessionStore>
  if (typeof get === 'function' && typeof set === 'function') return store as SessionStore
  throw invalid('.store', 'a store, such as redisStore(client)', store)
}

function invalid (name: string, expects: string, got: unknown): Error {
  return new FST_SESSION_INVALID_CONFIG(`revocation${name}`, expects, describeOption(got))
}
