/**
 * Refuses sessions of one application that would accept each other's cookies.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { FST_SESSION_INVALID_CONFIG } from './errors.ts'
import type { SessionApp } from './interfaces/session-interface.ts'
import type { URLSafeTimedSerializer } from './itsdangerous/url-safe.ts'
import type { SessionRegistration } from './registration.ts'

/** Where the root instance keeps its sessions. `Symbol.for`, so that the ESM and CommonJS copies agree. */
const ofApplication: unique symbol = Symbol.for('fastify-secure-cookie-session.independence')

type WithIndependence = { [ofApplication]?: () => Independence }

/** The sessions of all scopes of an application. */
export function independenceOf (fastify: FastifyInstance): Independence {
  const known = (fastify as WithIndependence)[ofApplication]?.()
  if (known !== undefined) return known
  let root = fastify
  while (!Object.hasOwn(root, 'server')) root = Object.getPrototypeOf(root) as FastifyInstance
  const independence = new Independence()
  Object.defineProperty(root, ofApplication, { value: () => independence })
  return independence
}

/** Compares the sessions of an application with each other. */
class Independence {
  readonly #sessions: SessionRegistration[] = []
  readonly #checked = new Map<SessionRegistration, SessionApp>()

  add (sessions: readonly SessionRegistration[]): void {
    this.#sessions.push(...sessions)
  }

  /** Whether there is nothing to compare. */
  get isAlone (): boolean {
    return this.#sessions.length < 2
  }

  /**
   * Compares all sessions, if a setting of one of the given ones has changed.
   *
   * @throws `FST_SESSION_INVALID_CONFIG` when two sessions of a request share a cookie name, or any two salt and key.
   */
  check (given: readonly SessionRegistration[]): void {
    if (given.every((session) => session.app === this.#checked.get(session))) return
    for (const [index, session] of this.#sessions.entries()) {
      for (const other of this.#sessions.slice(0, index)) assertIndependent(other, session)
    }
    for (const session of this.#sessions) this.#checked.set(session, session.app)
  }
}

function assertIndependent (one: SessionRegistration, other: SessionRegistration): void {
  const [cookie, otherCookie] = [cookieOf(one), cookieOf(other)]
  // Two sessions of a request would overwrite each other in one cookie.
  if (cookie.name === otherCookie.name && (isAround(one, other) || isAround(other, one))) {
    const expects = 'another name for each of several sessions'
    throw new FST_SESSION_INVALID_CONFIG('cookieName (SESSION_COOKIE_NAME)', expects, 'the same name twice')
  }
  // Scopes side by side share a login under one name. All other sessions refuse each other's cookies.
  const isOneLogin = one.sessionName === other.sessionName && cookie.name === otherCookie.name
  if (!isOneLogin) assertRefuse(one, other)
  const isOneCookie = cookie.name === otherCookie.name && cookie.domain === otherCookie.domain &&
    cookie.path === otherCookie.path
  if (!isOneCookie || (isOneLogin && reads(one, other) && reads(other, one))) return
  other.app.warnOnce('another scope', 'the session of another scope has a cookie of the same name, but cannot read ' +
    'this one. Unless the scopes serve different hosts, they log each other\'s users out. Give each a cookieName, or ' +
    'all the same sessionName, key and options')
}

/** @throws `FST_SESSION_INVALID_CONFIG` when one accepts a cookie of the other. */
function assertRefuse (one: SessionRegistration, other: SessionRegistration): void {
  // Cookies of @fastify/secure-session do not say which session they belong to.
  if (one.secureSessionKeyIds.some((id) => other.secureSessionKeyIds.includes(id))) {
    const expects = 'another one for each of several sessions'
    throw new FST_SESSION_INVALID_CONFIG('readSecureSession.key', expects, 'the same key twice')
  }
  const keys = acceptedKeys(one)
  if (!acceptedKeys(other).some((key) => keys.includes(key))) return
  const expects = "another one for each session with the same key, and not left out by keyDerivation 'none'"
  const [name, otherName] = one.sessionName === other.sessionName
    ? [cookieOf(one).name, cookieOf(other).name]
    : [one.sessionName, other.sessionName]
  throw new FST_SESSION_INVALID_CONFIG('salt', expects, `cookies of ${name} that ${otherName} accepts`)
}

/** Whether a request of the one scope can also have the session of the other. */
function isAround ({ fastify: outer }: SessionRegistration, { fastify: inner }: SessionRegistration): boolean {
  return outer === inner || Object.prototype.isPrototypeOf.call(outer, inner)
}

function cookieOf ({ sessionInterface, app }: SessionRegistration): { name: string, domain: unknown, path: string } {
  return sessionInterface.cookieSettings(app)
}

/** Whether one session reads what the other writes. Of sessions outside of cookies only their kind is known. */
function reads (one: SessionRegistration, other: SessionRegistration): boolean {
  if (one.sessionInterface.constructor !== other.sessionInterface.constructor) return false
  const [signing] = other.acceptedSerializers
  if (signing === undefined) return one.acceptedSerializers.length === 0
  const written = derivedKeys(signing)[signing.secretKeys.length - 1]
  return acceptedKeys(one).some((key) => key === written)
}

/** What tokens are signed with that a session accepts, also of those that it only reads. */
function acceptedKeys ({ acceptedSerializers }: SessionRegistration): string[] {
  return acceptedSerializers.flatMap(derivedKeys)
}

/** In the order of the secret keys, the newest last; first those of the signer that signs. */
function derivedKeys (signing: URLSafeTimedSerializer): string[] {
  return [...signing.iterUnsigners()].flatMap((signer) => {
    const { digestMethod: { name }, secretKeys } = signer
    return secretKeys.map((key) => `${name} ${Buffer.from(signer.deriveKey(key)).toString('base64')}`)
  })
}
