/**
 * Who a session is: its id, its begin and its user.
 *
 * @module
 */

import { digest } from '../crypto/digest.ts'
import { randomBytes } from '../crypto/secretbox.ts'
import type { Dict } from '../json/dict.ts'
import type { RevocationSettings } from './options.ts'
import type { SessionIdentity } from './revocation.ts'
import { userId } from './user-id.ts'
import type { LoadedSession } from '../session/session-data.ts'
import type { SecureCookieSession } from '../session/session.ts'
import type { Session } from '../../types/session.ts'
import type { SecureCookieSessionInterface } from '../interfaces/cookie-sessions.ts'

/** Bytes of an id. */
const idLength = 16

/** A new id: 128 random bits. Unlike an id in a store, it need not be secret, because the cookie is signed. */
export function newId (): string {
  return randomBytes(idLength).toString('base64url')
}

/** The id of a session whose cookie has none, such as one that Flask made. */
export function idOfCookie (cookie: string): string {
  return digest('sha256', cookie).subarray(0, idLength).toString('base64url')
}

/** Asks the application whose session it is. It sees another session object: asking counts as no access. */
export class Identification {
  readonly #sessions: Pick<SecureCookieSessionInterface, 'sessionClass' | 'serializer'>
  readonly #user: RevocationSettings['user']

  /** @param sessions - makes the sessions that the application sees */
  constructor (
    sessions: Pick<SecureCookieSessionInterface, 'sessionClass' | 'serializer'>, user: RevocationSettings['user']
  ) {
    this.#sessions = sessions
    this.#user = user
  }

  /** The user of data that is about to be written. */
  userOf (data: Dict): string | undefined {
    return this.#userOf(() => new this.#sessions.sessionClass(data))
  }

  /** Who a session was when it was read. One without a begin in its book began when it was signed, never now. */
  identityOf (loaded: LoadedSession): SessionIdentity {
    const { sid = '', book, signedAt = 0 } = loaded
    const { serializer } = this.#sessions
    const user = this.#userOf(() => new this.#sessions.sessionClass(undefined, { serializer, load: () => loaded }))
    return { sid, begin: book?.created ?? signedAt, user }
  }

  #userOf (session: () => SecureCookieSession): string | undefined {
    return this.#user && userId(this.#user(session() as unknown as Session<any>))
  }
}
