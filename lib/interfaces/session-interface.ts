/**
 * The contract of opening and saving sessions, without any knowledge of signatures.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.sessions.SessionInterface}
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SameSite, SessionConfig } from '../../types/config.ts'
import type { OnReject } from '../../types/session.ts'
import type { ListedSession } from '../../types/fastify.ts'
import { cookieAttributes, settleCookie } from '../cookie/attributes.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { CookieSettings } from '../cookie/attributes.ts'
import { isHTTPS, transportProblem } from '../cookie/transport.ts'
import { SessionCookie } from '../cookie/write.ts'
import type { Dict } from '../json/dict.ts'
import { cookieOptionsKey } from '../session/session-compat.ts'
import type { SessionData } from '../session/session-data.ts'
import { dataOf, NullSession } from '../session/session.ts'
import type { SecureCookieSession } from '../session/session.ts'
import { endOf, isRefreshDue } from './lifetime.ts'

/** The application as a session interface sees it; `app` in Flask. */
export interface SessionApp {
  /** Flask's keys, checked and complete, as they were when the request came in. */
  readonly config: SessionConfig
  /** The name of the session on the request: `session`, unless there are several. */
  readonly sessionName: string
  readonly fastify: FastifyInstance
  /** Logs a warning about the set-up at `warn`, once for each kind and session. */
  readonly warnOnce: (kind: string, message: string) => void
  /** The option of that name. */
  readonly onReject?: OnReject | undefined
}

/** Fastify's request. */
export type SessionRequest = FastifyRequest

/** How {@link SessionInterface.endSessions} ends the sessions of a user. */
export interface EndOptions {
  /** The one session that stays. */
  except?: SecureCookieSession | undefined
  /** The `id` of the one session that is ended, as {@link SessionInterface.listSessions} gives it. */
  only?: string | undefined
}

/** How {@link SessionInterface.listSessions} lists. */
export interface ListOptions<T> {
  /** The session that is marked as the current one. */
  current?: SecureCookieSession | undefined
  /** What to show of a session. */
  data?: ((session: SecureCookieSession) => T) | undefined
}

/**
 * Opens and saves sessions. Subclasses implement {@link openSession} and {@link saveSession}.
 *
 * The getters read Flask's keys; overriding one changes every cookie. Outside of requests their `request` is
 * `undefined`.
 */
export abstract class SessionInterface {
  /** The class that {@link makeNullSession} uses and {@link isNullSession} looks for. */
  nullSessionClass: typeof NullSession = NullSession
  /** Defaults in place of Flask's, for keys that neither the plugin options nor the config set. */
  readonly configDefaults: Partial<SessionConfig> = {}

  /**
   * Opens the session of a request. Called in the onRequest hook, or earlier when another hook reads the session.
   *
   * @returns `null` when there can be no session: then {@link makeNullSession} is called. A promise is awaited in the
   * onRequest hook; its rejection is thrown when the application reads the session.
   */
  abstract openSession (app: SessionApp, request: SessionRequest): MaybePromise<SecureCookieSession | null>

  /**
   * Puts the session into the response. Called in the onSend hook for each session that was touched, or for which
   * {@link mayNeedRefresh} is true, and again whenever the session changes after that. A promise is awaited before the
   * response is sent.
   */
  abstract saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): MaybePromise<void>

  /**
   * Keeps a change that comes after the head of the response, where that needs no cookie. Called when the response is
   * closed, and for each later change. Without this method such a change is an error.
   */
  saveLate? (app: SessionApp, session: SecureCookieSession, request: SessionRequest): MaybePromise<void>

  /** Called once, before the application is ready: opens the store of the sessions, if there is one. */
  start? (app: SessionApp): MaybePromise<void>

  /** Called when the application closes. */
  stop? (): MaybePromise<void>

  /** Whether there are no sessions without a secret key. */
  get needsKey (): boolean {
    return true
  }

  /** A session outside of any request, for `fastify.createSession`. */
  createSession? (app: SessionApp, data: Readonly<Dict>): SecureCookieSession

  /** The value of the cookie that holds a session, or its id, for `fastify.encodeSession`. */
  encodeSession? (app: SessionApp, session: SecureCookieSession, log: SessionRequest['log']): MaybePromise<string>

  /** The session in the value of a cookie, for `fastify.decodeSession`; `null` when it is refused. */
  decodeSession? (
    app: SessionApp, cookie: string | undefined, log: SessionRequest['log']
  ): MaybePromise<SecureCookieSession | null>

  /** Ends all sessions of a user that began before now, for `fastify.endSessions`. @param user - never empty */
  endSessions? (app: SessionApp, user: string, options: EndOptions): MaybePromise<void>

  /** The sessions of a user, for `fastify.listSessions`. @param user - never empty */
  listSessions?<T> (app: SessionApp, user: string, options: ListOptions<T>): MaybePromise<Array<ListedSession<T>>>

  /** Whether a session has been ended since it was read, for `fastify.isRevoked`. */
  isRevoked? (app: SessionApp, session: SecureCookieSession): MaybePromise<boolean>

  /**
   * Whether the response needs a cookie: after a change, and for a permanent session with
   * `SESSION_REFRESH_EACH_REQUEST` whose signature is as old as `SESSION_REFRESH_AFTER`, unless the route or the
   * handler set `refresh: false`.
   */
  shouldSetCookie (app: SessionApp, session: SecureCookieSession, _request?: SessionRequest): boolean {
    if (session.modified) return true
    const { config } = app
    if (!config.SESSION_REFRESH_EACH_REQUEST || !session.permanent) return false
    if (session[cookieOptionsKey]?.refresh === false) return false
    // A signature may be from the future, by clocks that differ.
    if (config.SESSION_REFRESH_AFTER === 0) return true
    const { loaded, book } = dataOf(session) as SessionData
    return loaded?.signedAt === undefined || isRefreshDue(loaded.signedAt, book, config)
  }

  /**
   * Whether a session that the application did not touch may need to be saved. `false` skips {@link saveSession}, and
   * with it {@link shouldSetCookie}, which decides for every session.
   */
  mayNeedRefresh (_app: SessionApp, _request: SessionRequest): boolean {
    return true
  }

  /**
   * Expires of a permanent session: when it will be too old, by `PERMANENT_SESSION_LIFETIME`, its own lifetime or
   * `SESSION_ABSOLUTE_LIFETIME`. `null` for other sessions, which end with the browser.
   */
  getExpirationTime (app: SessionApp, session: SecureCookieSession, _request?: SessionRequest): Date | null {
    return session.permanent ? endOf((dataOf(session) as SessionData).book, app.config) : null
  }

  /**
   * The session of a request whose session cannot be opened: it is empty, and every write throws.
   *
   * @param reason - the end of the error's message; by default, that no secret key is set
   */
  makeNullSession (_app: SessionApp, reason?: string): NullSession {
    return new this.nullSessionClass(reason)
  }

  /** Whether a session comes from {@link makeNullSession}. Such sessions are not saved. */
  isNullSession (session: object): boolean {
    return session instanceof this.nullSessionClass
  }

  /** The name of the cookie. */
  getCookieName (app: SessionApp, _request?: SessionRequest): string {
    return app.config.SESSION_COOKIE_NAME
  }

  /** Domain; `null`: this host only. */
  getCookieDomain (app: SessionApp, _request?: SessionRequest): string | null {
    return app.config.SESSION_COOKIE_DOMAIN
  }

  /** Path: `SESSION_COOKIE_PATH`, else `APPLICATION_ROOT`. */
  getCookiePath (app: SessionApp, _request?: SessionRequest): string {
    return app.config.SESSION_COOKIE_PATH ?? app.config.APPLICATION_ROOT
  }

  /** HttpOnly. */
  getCookieHttpOnly (app: SessionApp, _request?: SessionRequest): boolean {
    return app.config.SESSION_COOKIE_HTTPONLY
  }

  /** Secure; `'auto'`: if the request came over HTTPS. */
  getCookieSecure (app: SessionApp, _request?: SessionRequest): boolean | 'auto' {
    return app.config.SESSION_COOKIE_SECURE
  }

  /** SameSite; `null` leaves it out. */
  getCookieSameSite (app: SessionApp, _request?: SessionRequest): SameSite | null {
    return app.config.SESSION_COOKIE_SAMESITE
  }

  /** Partitioned, which implies Secure. */
  getCookiePartitioned (app: SessionApp, _request?: SessionRequest): boolean {
    return app.config.SESSION_COOKIE_PARTITIONED
  }

  /** The name of the cookie and its configured attributes, from the getters. */
  cookieSettings (app: SessionApp, request?: SessionRequest): CookieSettings {
    return {
      name: this.getCookieName(app, request),
      domain: this.getCookieDomain(app, request),
      path: this.getCookiePath(app, request),
      httpOnly: this.getCookieHttpOnly(app, request),
      secure: this.getCookieSecure(app, request),
      partitioned: this.getCookiePartitioned(app, request),
      sameSite: this.getCookieSameSite(app, request)
    }
  }

  /** The session's cookie in a response, with the attributes that `session.options()` and the route set. */
  protected sessionCookie (
    app: SessionApp, session: SecureCookieSession, request: SessionRequest, expires: Date | null = null
  ): SessionCookie {
    const settled = settleCookie(this.cookieSettings(app, request), session[cookieOptionsKey])
    const attributes = cookieAttributes(settled, isHTTPS(request))
    const problem = transportProblem(request, settled)
    if (problem !== undefined) app.warnOnce(problem.kind, problem.message)
    attributes.expires ??= expires ?? undefined
    return new SessionCookie(app.fastify, settled.name, attributes)
  }
}

// What a subclass may leave out is there all the same, so that none is read from Object.prototype.
Object.assign(SessionInterface.prototype, {
  saveLate: undefined,
  start: undefined,
  stop: undefined,
  createSession: undefined,
  encodeSession: undefined,
  decodeSession: undefined,
  endSessions: undefined,
  listSessions: undefined,
  isRevoked: undefined
})
