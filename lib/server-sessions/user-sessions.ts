/**
 * The sessions of one user in a store: listed, and ended.
 *
 * @module
 */

import type { ListedSession } from '../../types/fastify.ts'
import type { BookKeeping } from '../../types/session.ts'
import { digest } from '../crypto/digest.ts'
import { storeUnavailable } from '../errors.ts'
import type { Dict } from '../json/dict.ts'
import { splitBook } from '../session/book-keeping.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { Lifetimes } from '../interfaces/lifetime.ts'
import { wait } from './steps.ts'
import type { Steps } from './steps.ts'
import type { StoredValue } from './store-source.ts'

/** A session of a user, as it lies in the store. */
export interface SessionOfUser {
  readonly key: string
  readonly expires: number
  readonly data: Dict
  readonly book: BookKeeping
}

/** What it takes to find the sessions of a user, among those of one name. */
export interface UserIndex {
  readonly store: GuardedStore
  /** The name of the session: an index may have sessions of several names. */
  readonly sessionName: string
  /** @throws when the value cannot be read */
  read (value: StoredValue): Dict
  userOf (data: Dict): string | undefined
}

/** How often the list is read again while sessions keep appearing in it. */
const mostRounds = 100

/** Names a session where its id must not be shown: who knows the name cannot send it as a cookie. */
export function shortId (key: string): string {
  return digest('sha256', key).toString('base64url').slice(0, 16)
}

/** The sessions that a user has now. The list of the store may have ended ones, and those of other users. */
export function * sessionsOf (index: UserIndex, user: string): Steps<SessionOfUser[]> {
  const sessions: SessionOfUser[] = []
  for (const key of yield * keysOf(index, user)) {
    const session = yield * sessionAt(index, user, key)
    if (session !== undefined) sessions.push(session)
  }
  return sessions
}

/** What applications see of the sessions of a user, the one used last first. */
export function listed<T> (
  sessions: readonly SessionOfUser[], { PERMANENT_SESSION_LIFETIME: longest }: Lifetimes,
  currentKey: string | undefined, dataOf: (data: Dict) => T
): Array<ListedSession<T>> {
  return sessions.map(({ key, expires, data, book: { created, lifetime = longest } }) => ({
    id: shortId(key),
    began: created === undefined ? null : new Date(created * 1000),
    used: new Date(expires - lifetime * 1000),
    expires: new Date(expires),
    isCurrent: key === currentKey,
    data: dataOf(data)
  })).sort((a, b) => Number(b.used) - Number(a.used))
}

/**
 * Ends the sessions of a user.
 *
 * Reads the list again until nothing is left in it: a session that was ended may just have been given another id.
 *
 * @param isMeant - whether to end the session with this key
 */
export function * endSessionsOf (index: UserIndex, user: string, isMeant: (key: string) => boolean): Steps<void> {
  let before: string | undefined
  for (let round = 0; round < mostRounds; round++) {
    let isQuiet = true
    const keys = (yield * keysOf(index, user)).filter(isMeant).sort()
    for (const key of keys) {
      if ((yield * sessionAt(index, user, key)) === undefined) continue
      isQuiet = false
      yield * wait(index.store.delete(key, { user }))
    }
    if (keys.length === 0 || (isQuiet && keys.join() === before)) return
    before = keys.join()
  }
  throw storeUnavailable('sessions of the user keep appearing')
}

function * keysOf ({ store, sessionName }: UserIndex, user: string): Steps<string[]> {
  const prefix = sessionName === 'session' ? '' : `${sessionName}:`
  const isOfName = (key: string): boolean => key.startsWith(prefix) && !key.slice(prefix.length).includes(':')
  return (yield * wait(store.ids(user))).map(({ id }) => id).filter(isOfName)
}

function * sessionAt (index: UserIndex, user: string, key: string): Steps<SessionOfUser | undefined> {
  const found = yield * wait(index.store.get(key))
  if (found === null) return undefined
  try {
    const { data, book } = splitBook(index.read(found.data))
    return index.userOf(data) === user ? { key, expires: found.expires, data, book } : undefined
  } catch {
    // Nobody can log in with what cannot be read.
    return undefined
  }
}
