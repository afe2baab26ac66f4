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
import { cookieAttributes, deletionAttributes, settleCookie } from './cookie/attributes.ts'
import { registrationsOf } from './helpers.ts'
import { ServerSideSessionInterface } from './server-sessions/server-sessions.ts'
import type { SessionRegistration } from './registration.ts'

/** Options of {@link testClient}. */
export interface TestClientOptions {
  /** The address of the application: its Host header, and for which cookies. @defaultValue `'https://localhost'` */
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
  #hasWarned = false

  constructor (fastify: FastifyInstance, { baseUrl = 'https://localhost', sessionName }: TestClientOptions = {}) {
    this.#fastify = fastify
    this.#baseUrl = baseUrl
    this.#sessionName = sessionName
  }

  /**
   * As `fastify.inject`, with the cookies of the jar, at `baseUrl`. The cookies of the response go into the jar. One
   * that a browser would refuse is ignored, with a warning of the process.
   *
   * @throws {TypeError} without options: the chain that `fastify.inject()` returns then would leave the jar out. Thrown
   * at once, because `client.inject().post('/')` would not wait for a promise.
   */
  inject (options: InjectOptions | string): Promise<LightMyRequestResponse> {
    if (options !== undefined) return this.#inject(options)
    throw new TypeError("the test client has no chains: write client.inject({ method: 'POST', url: '/' })")
  }

  /**
   * The session that the next request will send, for reading; `null` when there is none.
   *
   * @param path - the path of that request, which selects the cookies
   * @throws {TypeError} for anything else, such as the name of a session.
   */
  async session (path = '/'): Promise<Session<T> | null> {
    if (!path.startsWith('/')) {
      throw new TypeError("client.session takes a path, such as '/': the name of a session is the option sessionName")
    }
    const registered = await this.#registered()
    return this.#fastify.decodeSession<T>(await this.#cookie(registered, path), registered.sessionName)
  }

  /**
   * Opens the session, passes it to `change`, and saves it into the jar: a login without the form. A session in a store
   * is written there. A cookie that a browser would refuse, such as one of another domain than `baseUrl`, is ignored,
   * with a warning of the process.
   */
  async sessionTransaction (change: (session: Session<T>) => void | Promise<void>): Promise<void> {
    const { app, sessionInterface, sessionName } = await this.#registered()
    const cookie = sessionInterface.cookieSettings(app)
    const session = await this.session(cookie.path) ?? this.#fastify.createSession<T>({}, sessionName)
    await change(session)
    // An empty session is deleted from its store, too.
    const isWritten = session.size > 0 || sessionInterface instanceof ServerSideSessionInterface
    const value = isWritten ? await this.#fastify.encodeSession(session, sessionName) : ''
    const url = new URL(cookie.path, this.#baseUrl)
    const attributes = cookieAttributes(settleCookie(cookie), url.protocol === 'https:')
    const sent = value === '' ? deletionAttributes(attributes) : attributes
    await this.#keep(this.#fastify.serializeCookie(cookie.name, value, sent as object), url)
  }

  async #inject (options: InjectOptions | string): Promise<LightMyRequestResponse> {
    const { headers, ...request } = typeof options === 'string' ? { url: options } : options
    const target = request.url ?? request.path as string
    const url = new URL(typeof target === 'string' ? target : target.pathname, this.#baseUrl)
    const cookie = await this.jar.getCookieString(url.href)
    const allHeaders = cookie === '' ? { ...headers } : { cookie, ...headers }
    const response = await this.#fastify.inject({ authority: url.host, ...request, headers: allHeaders })
    for (const header of [response.headers['set-cookie'] ?? []].flat()) await this.#keep(header, url)
    return response
  }

  async #keep (header: string, { href }: URL): Promise<void> {
    const kept = await this.jar.setCookie(header, href, { ignoreError: true })
    if (kept !== undefined || this.#hasWarned) return
    this.#hasWarned = true
    // The value is a login: it is not shown.
    const [, name = '', attributes = ''] = /^([^=;]*)=[^;]*(.*)$/.exec(header) ?? []
    process.emitWarning(`The test client ignores the cookie ${name}${attributes} at ${href}, as a browser would. ` +
      'Set the option baseUrl of testClient to the address of the application')
  }

  async #registered (): Promise<SessionRegistration> {
    await this.#fastify.ready()
    const sessions = registrationsOf(this.#fastify)
    const [first] = sessions.keys()
    const registered = sessions.get(this.#sessionName ?? first ?? '')
    if (registered !== undefined) return registered
    throw new TypeError('the application has no such session: register the plugin in the scope that is tested')
  }

  async #cookie ({ app, sessionInterface }: SessionRegistration, path: string): Promise<string | undefined> {
    const name = sessionInterface.getCookieName(app)
    const cookies = await this.jar.getCookies(new URL(path, this.#baseUrl).href)
    return cookies.find(({ key }) => key === name)?.value
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
