/**
 * The options of sessions in a store, checked.
 *
 * @module
 */

import type { Session } from '../../types/session.ts'
import { describeOption } from '../config/checks.ts'
import { pick } from '../lookup.ts'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import type { SessionStore } from '../stores/store.ts'
import type { StoreSerializer } from './store-source.ts'

/** Options of sessions in a store. */
export interface StoreOptions {
  /**
   * Where the sessions lie: one of `fastify-secure-cookie-session/stores`, or yours. The cookie then holds an id only,
   * and no secret key is needed.
   *
   * @defaultValue none: sessions lie in the cookie
   */
  store?: SessionStore | null | undefined
  /** Seconds to wait for the store, and to try again a write that others are ahead of. @defaultValue `1` */
  storeTimeout?: number | undefined
  /** Keeps SHA-256 of each id, so that a copy of the store is no login. @defaultValue `false`, as in Flask-Session */
  hashIds?: boolean | undefined
  /** `'flask-session'`: ids are signed with the secret key, as with `SESSION_USE_SIGNER`. @defaultValue not signed */
  signIds?: 'flask-session' | undefined
  /**
   * The user of a session, for `endSessions` and `listSessions`; null, undefined or '' for none. Synchronous.
   *
   * @defaultValue none: sessions are not listed by user
   */
  user?: ((session: Session) => unknown) | undefined
}

/** The options in the form that `ServerSideSessionInterface` takes. */
export interface ServerSideOptions extends Omit<StoreOptions, 'store'> {
  store: SessionStore
  /** Data to text and back. `flaskSessionSerializer` shares with Flask-Session. @defaultValue Flask's tagged JSON */
  serializer?: StoreSerializer | undefined
}

/** What each option must be. */
const expected: { readonly [K in keyof StoreOptions]-?: { expects: string, isRight (value: unknown): boolean } } = {
  store: {
    expects: 'a session store, with get, set, touch and delete (expressStore makes one of a store of express-session)',
    isRight: isStore
  },
  storeTimeout: {
    expects: 'a number of seconds above 0',
    isRight: (value) => Number.isFinite(value) && (value as number) > 0
  },
  hashIds: { expects: 'a boolean', isRight: (value) => typeof value === 'boolean' },
  signIds: { expects: "'flask-session'", isRight: (value) => value === 'flask-session' },
  user: { expects: 'a function', isRight: (value) => typeof value === 'function' }
}

export const storeOptionNames = Object.keys(expected) as ReadonlyArray<keyof StoreOptions>

/** @throws `FST_SESSION_INVALID_CONFIG` when one is wrong. */
export function parseStoreOptions (options: ServerSideOptions): ServerSideOptions {
  const given = pick(options, [...storeOptionNames, 'serializer']) as unknown as ServerSideOptions
  for (const name of storeOptionNames) {
    const { expects, isRight } = expected[name]
    if (given[name] === undefined && name !== 'store') continue
    if (!isRight(given[name])) throw new FST_SESSION_INVALID_CONFIG(name, expects, describeOption(given[name]))
  }
  const { user, store } = given
  if (user !== undefined && typeof store.ids !== 'function') {
    const expects = 'one that lists the sessions of a user, for the option user'
    throw new FST_SESSION_INVALID_CONFIG('store', expects, 'another')
  }
  return given
}

function isStore (value: unknown): boolean {
  const store = Object(value) as Record<string, unknown>
  return ['get', 'set', 'touch', 'delete'].every((method) => typeof store[method] === 'function')
}
