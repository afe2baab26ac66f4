/**
 * What this package adds to Fastify's types.
 *
 * @module
 */

import type { FastifyBaseLogger } from 'fastify'
// A namespace: inside the declaration below, a plain `Session` would be the one that @fastify/session adds to Fastify,
// or that an application still adds for it.
import type * as own from './session.ts'

// Applications have the methods of @fastify/cookie, since the plugin registers it. Only an export survives the build.
export type {} from '@fastify/cookie'

/** Options of `fastify.endSessions`. */
export interface EndSessionsOptions {
  /** The one session that stays, such as that of the request which changed the password. */
  except?: own.Session<any> | undefined
  /** The session to end, if there are several. @defaultValue that of `except`, or the first */
  sessionName?: string | undefined
  /** Of sessions in a store: the `id` of the only session to end, as `listSessions` gives it. */
  only?: string | undefined
}

/** Options of `fastify.listSessions`. */
export interface ListSessionsOptions<T = undefined> {
  /** The session to mark as the current one: `request.session`. */
  current?: own.Session<any> | undefined
  /** What to show of each session. Without it `data` is undefined. */
  data?: ((session: own.Session<any>) => T) | undefined
  /** The session to list, if there are several. @defaultValue that of `current`, or the first */
  sessionName?: string | undefined
}

/** A session of a user in a store. */
export interface ListedSession<T = undefined> {
  /** Names the session for `endSessions`. It is no cookie: show it where you like. */
  id: string
  /** When it began; `null` for a session that another program wrote. */
  began: Date | null
  /** When it was last written or prolonged. */
  used: Date
  expires: Date
  /** Whether it is the session that the option `current` names. */
  isCurrent: boolean
  data: T
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Creates a session outside of any request. @param sessionName - by default the first session */
    createSession<T = own.SessionData> (data?: NoInfer<Partial<own.DataOf<T>>>, sessionName?: string): own.Session<T>
    /**
     * The value of the cookie that holds the session. Throws the same errors as saving.
     *
     * For sessions in a store it writes the session there; the value is its id. A promise if the store gives promises.
     *
     * @param sessionName - by default that of the request that opened the session, or the first
     */
    encodeSession<T> (session: own.Session<T>, sessionName?: string): own.FromStore<string>
    /**
     * Reads the session in the value of a cookie; `null` when the cookie is refused, or is not text.
     *
     * A promise if the sessions lie in a store that gives promises, or if that of `revocation` does: it is asked
     * whether the session was ended.
     */
    decodeSession<T = own.SessionData> (
      cookie: string | undefined, sessionName?: string, log?: FastifyBaseLogger
    ): own.FromStore<own.Session<T> | null>
    /**
     * Logs a user out everywhere: ends all sessions of the user that began before now.
     *
     * Rejects with `FST_SESSION_STORE_UNAVAILABLE` if the store does not confirm it; then call it again.
     *
     * @param user - what the option `user` returns for the sessions of this user
     */
    endSessions (user: unknown, options?: EndSessionsOptions): Promise<void>
    /**
     * The sessions of a user, the one used last first. For sessions in a store, with the option `user`.
     *
     * @param user - what the option `user` returns for the sessions of this user
     */
    listSessions<T = undefined> (user: unknown, options?: ListSessionsOptions<T>): Promise<Array<ListedSession<T>>>
    /** Whether a session has been ended since it was read, for sockets that stay open. */
    isRevoked<T> (session: own.Session<T>, sessionName?: string): Promise<boolean>
  }

  interface FastifyContextConfig {
    /** `false`: the route has no session, so its responses may be cached. An object: attributes of its cookie. */
    session?: own.SessionRouteConfig
  }

  interface FastifyRequest {
    get session (): own.Session
    set session (data: Partial<own.DataOf<own.SessionData>> | null)
  }
}
