/**
 * What this package adds to Fastify's types.
 *
 * @module
 */

import type { FastifyBaseLogger } from 'fastify'
import type { DataOf, Session, SessionCookieOptions, SessionData } from './session.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** A session outside of any request. @param sessionName - which, if there are several; the first if left out */
    createSession<T = SessionData> (data?: NoInfer<Partial<DataOf<T>>>, sessionName?: string): Session<T>
    /**
     * The value of the cookie that holds the session. Throws as saving does.
     *
     * @param sessionName - if left out, that of the request that opened it, or the first
     */
    encodeSession<T> (session: Session<T>, sessionName?: string): string
    /** The session in the value of a cookie, for reading; `null` when the cookie is refused, or is no text. */
    decodeSession<T = SessionData> (cookie: string | undefined, sessionName?: string, log?: FastifyBaseLogger): Session<T> | null
  }

  interface FastifyContextConfig {
    /** `false`: the route has no session, so that its responses may be cached. An object: cookie attributes for its responses. */
    session?: false | SessionCookieOptions
  }

  interface FastifyRequest {
    get session (): Session
    set session (data: Partial<DataOf<SessionData>> | null)
  }
}
