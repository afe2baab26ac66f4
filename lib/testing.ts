/**
 * For the tests of applications: a client that keeps cookies, and Flask's `session_transaction()`.
 *
 * Needs the package `tough-cookie` (a development dependency of the application).
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/testing/#accessing-and-modifying-the-session}
 */

import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { CookieJar } from 'tough-cookie'
import type { Session, SessionData } from '../types/session.ts'
import { registeredSessions } from './instance-helpers.ts'
import type { RegisteredSession } from './registered-session.ts'

/** Options of {@link testClient}. */
export interface TestClientOptions {
  /** Where the client believes the application to be; HTTPS, so that Secure cookies are sent. @defaultValue `'https://localhost'` */
  baseUrl?: string
  /** The session to read and write, if there are several. @defaultValue the first */
  sessionName?: string
}

/** Injects requests into an application and keeps its cookies, as a browser does. */
export class TestClient<T = SessionData> {
  /** The cookies. */
  readonly jar: CookieJar = new CookieJar()
  readonly #fastify: FastifyInstance
  readonly #baseUrl: string
  readonly #sessionName: string | undefined

  constructor (fastify: FastifyInstance, { baseUrl = 'https://localhost', sessionName }: TestClientOptions = {}) {
    this.#fastify = fastify
    this.#baseUrl = baseUrl
    this.#sessionName = sessionName
  }

  /** As `fastify.inject`, with the cookies of the jar; those of the response go into it. */
  async inject (options: InjectOptions | string): Promise<LightMyRequestResponse> {
    const { headers, ...request } = typeof options === 'string' ? { url: options } : options
    const target = request.url ?? request.path as string
    const url = new URL(typeof target === 'string' ? target : target.pathname, this.#baseUrl)
    const cookie = await this.jar.getCookieString(url.href)
    const response = await this.#fastify.inject({ ...request, headers: cookie === '' ? { ...headers } : { cookie, ...headers } })
    for (const header of [response.headers['set-cookie'] ?? []].flat()) await this.jar.setCookie(header, url.href)
    return response
  }

  /**
   * The session that the next request will bring, for reading; `null` when there is none.
   *
   * @param path - of that request; only the cookies for it count
   */
  async session (path = '/'): Promise<Session<T> | null> {
    const registered = await this.#registered()
    return this.#fastify.decodeSession<T>(await this.#cookie(registered, path), registered.sessionName)
  }

  /** Opens the session, lets it be changed, and saves it into the jar: a log in without the form. */
  async sessionTransaction (change: (session: Session<T>) => void | Promise<void>): Promise<void> {
    const registered = await this.#registered()
    const { config, sessionName } = registered
    const path = config.SESSION_COOKIE_PATH ?? config.APPLICATION_ROOT
    const session = await this.session(path) ?? this.#fastify.createSession<T>({}, sessionName)
    await change(session)
    const value = session.size > 0 ? this.#fastify.encodeSession(session, sessionName) : ''
    const cookie = this.#fastify.serializeCookie(config.SESSION_COOKIE_NAME, value, {
      path,
      secure: config.SESSION_COOKIE_SECURE === true || config.SESSION_COOKIE_PARTITIONED,
      httpOnly: config.SESSION_COOKIE_HTTPONLY,
      ...(config.SESSION_COOKIE_DOMAIN !== null && { domain: config.SESSION_COOKIE_DOMAIN }),
      ...(value === '' && { expires: new Date(0) })
    })
    await this.jar.setCookie(cookie, new URL(path, this.#baseUrl).href)
  }

  async #registered (): Promise<RegisteredSession> {
    await this.#fastify.ready()
    const sessions = registeredSessions(this.#fastify)
    const [first] = sessions.keys()
    const registered = sessions.get(this.#sessionName ?? first ?? '')
    if (registered === undefined) throw new TypeError('the application has no such session: register the plugin in the scope that is tested')
    return registered
  }

  async #cookie ({ config }: RegisteredSession, path: string): Promise<string | undefined> {
    const cookies = await this.jar.getCookies(new URL(path, this.#baseUrl).href)
    return cookies.find(({ key }) => key === config.SESSION_COOKIE_NAME)?.value
  }
}

/**
 * A client for an application under test.
 *
 * @example
 * ```ts
 * const client = testClient(fastify)
 * await client.sessionTransaction((session) => { session.user_id = 1 })
 * await client.inject('/me')
 * ```
 */
export function testClient<T = SessionData> (fastify: FastifyInstance, options?: TestClientOptions): TestClient<T> {
  return new TestClient<T>(fastify, options)
}
