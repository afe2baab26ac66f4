/**
 * What this package adds to Fastify's types.
 *
 * @module
 */

import type { FastifyBaseLogger } from 'fastify'
import type { Session, SessionCookieOptions } from './session.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** A session outside of any request. @param sessionName - which, if there are several; the first if left out */
    createSession (data?: Record<string, unknown>, sessionName?: string): Session
    /** The value of the cookie that holds the session. Throws as saving does. */
    encodeSession (session: Session, sessionName?: string): string
    /** The session in the value of a cookie, for reading; `null` when the cookie is refused. */
    decodeSession (cookie: string | undefined, sessionName?: string, log?: FastifyBaseLogger): Session | null
  }

  interface FastifyContextConfig {
    /** `false`: the route has no session, so that its responses may be cached. An object: cookie attributes for its responses. */
    session?: false | SessionCookieOptions
  }

  interface FastifyRequest {
    get session (): Session
    set session (data: object | null)
  }
}
