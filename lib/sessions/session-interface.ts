/**
 * How an application opens and saves its sessions; the part that has nothing to do with signatures.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.sessions.SessionInterface}
 */

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SameSite, SessionConfig } from '../../types/config.ts'
import { NullSession } from './secure-cookie-session.ts'
import type { SecureCookieSession } from './secure-cookie-session.ts'

/** What a session interface knows of the application; `app` in Flask. */
export interface SessionApp {
  /** Flask's keys, checked and complete, as they were when the request came in. */
  readonly config: SessionConfig
  /** The name of the session on the request: `session`, if not for several. */
  readonly sessionName: string
  readonly fastify: FastifyInstance
}

/** A request as far as a session needs it. */
export interface SessionRequest {
  readonly headers: FastifyRequest['headers']
  readonly log: FastifyBaseLogger
}

/**
 * Opens and saves sessions. Subclasses give {@link openSession} and {@link saveSession}.
 *
 * The getters read Flask's keys; overriding one changes what every cookie gets.
 */
export abstract class SessionInterface {
  /** What {@link makeNullSession} makes and {@link isNullSession} looks for. */
  nullSessionClass: typeof NullSession = NullSession

  /**
   * The session that takes the place of one that cannot be opened: empty, and every write throws.
   *
   * @param reason - what the error says; without it, that there is no secret key
   */
  makeNullSession (_app: SessionApp, reason?: string): NullSession {
    return new this.nullSessionClass(reason)
  }

  /** Whether a session is such a stand-in. Those are not saved. Not asked of one that {@link openSession} made to be written to. */
  isNullSession (session: object): boolean {
    return session instanceof this.nullSessionClass
  }

  /** The name of the cookie. */
  getCookieName (app: SessionApp): string {
    return app.config.SESSION_COOKIE_NAME
  }

  /** Domain; without it the cookie goes to this very host only. */
  getCookieDomain (app: SessionApp): string | null {
    return app.config.SESSION_COOKIE_DOMAIN
  }

  /** Path: `SESSION_COOKIE_PATH`, else `APPLICATION_ROOT`. */
  getCookiePath (app: SessionApp): string {
    return app.config.SESSION_COOKIE_PATH ?? app.config.APPLICATION_ROOT
  }

  /** HttpOnly. */
  getCookieHttpOnly (app: SessionApp): boolean {
    return app.config.SESSION_COOKIE_HTTPONLY
  }

  /** Secure; `'auto'`: if the request came over HTTPS. */
  getCookieSecure (app: SessionApp): boolean | 'auto' {
    return app.config.SESSION_COOKIE_SECURE
  }

  /** SameSite; `null` leaves it out. */
  getCookieSameSite (app: SessionApp): SameSite | null {
    return app.config.SESSION_COOKIE_SAMESITE
  }

  /** Partitioned, which implies Secure. */
  getCookiePartitioned (app: SessionApp): boolean {
    return app.config.SESSION_COOKIE_PARTITIONED
  }

  /** Expires of a permanent session: now and `PERMANENT_SESSION_LIFETIME` seconds. `null` for others, which end with the browser. */
  getExpirationTime (app: SessionApp, session: SecureCookieSession): Date | null {
    return session.permanent ? new Date(Date.now() + app.config.PERMANENT_SESSION_LIFETIME * 1000) : null
  }

  /** Whether the response needs a cookie: after a change, and for a permanent session with `SESSION_REFRESH_EACH_REQUEST`. */
  shouldSetCookie (app: SessionApp, session: SecureCookieSession): boolean {
    return session.modified || (app.config.SESSION_REFRESH_EACH_REQUEST && session.permanent)
  }

  /**
   * Whether a session that the application did not touch may still have to be saved.
   *
   * Asked at the end of each such request, so it should be quick.
   */
  mayNeedRefresh (_app: SessionApp, _request: SessionRequest): boolean {
    return true
  }

  /**
   * The session of a request. Called when the application first asks for it, and before {@link saveSession}.
   *
   * @returns `null` when there can be no session: {@link makeNullSession} stands in.
   */
  abstract openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null

  /** Puts the session into the response. Called in the onSend hook, and again whenever it changes after that. */
  abstract saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void
}
