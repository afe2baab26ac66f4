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
     * A promise if the sessions lie in a store that gives promises.
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
    /** Whether a session has been ended since it was read, for sockets that stay open. */
    isRevoked<T> (session: own.Session<T>, sessionName?: string): Promise<boolean>
  }

  interface FastifyContextConfig {
    /** `false`: the route has no session, and its responses may be cached. An object: attributes of its cookie. */
    session?: own.SessionRouteConfig
  }

  interface FastifyRequest {
    get session (): own.Session
    set session (data: Partial<own.DataOf<own.SessionData>> | null)
  }
}
