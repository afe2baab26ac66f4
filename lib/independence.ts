/**
 * Refuses sessions of one application that would accept each other's cookies.
 *
 * @module
 */

import { FST_SESSION_INVALID_CONFIG } from './errors.ts'
import { SecureCookieSessionInterface } from './interfaces/cookie-sessions.ts'
import type { SessionApp } from './interfaces/session-interface.ts'
import type { URLSafeTimedSerializer } from './itsdangerous/url-safe.ts'
import type { SessionRegistration } from './registration.ts'

/**
 * A check for every request. It compares the sessions again only after a setting changed.
 *
 * @returns a function that throws `FST_SESSION_INVALID_CONFIG` when two sessions share a cookie name, or salt and key
 */
export function independenceCheck (sessions: readonly SessionRegistration[]): () => void {
  let checked: SessionApp[] = []
  return () => {
    if (sessions.every(({ app }, index) => app === checked[index])) return
    for (const [index, session] of sessions.entries()) {
      for (const other of sessions.slice(0, index)) assertIndependent(other, session)
    }
    checked = sessions.map(({ app }) => app)
  }
}

function assertIndependent (one: SessionRegistration, other: SessionRegistration): void {
  // Two sessions in one cookie would overwrite each other.
  if (one.app.config.SESSION_COOKIE_NAME === other.app.config.SESSION_COOKIE_NAME) {
    const expects = 'another name for each of several sessions'
    throw new FST_SESSION_INVALID_CONFIG('cookieName (SESSION_COOKIE_NAME)', expects, 'the same name twice')
  }
  // Cookies of @fastify/secure-session do not say which session they belong to.
  if (secureSessionKeys(one).some((id) => secureSessionKeys(other).includes(id))) {
    const expects = 'another one for each of several sessions'
    throw new FST_SESSION_INVALID_CONFIG('readSecureSession.key', expects, 'the same key twice')
  }
  // A cookie issued for one session must not be accepted for another.
  if (!accepts(one, other)) return
  const expects = "another one for each session with the same key, and not left out by keyDerivation 'none'"
  const got = `cookies of ${one.sessionName} that ${other.sessionName} accepts`
  throw new FST_SESSION_INVALID_CONFIG('salt', expects, got)
}

/** Whether both derive the same key from one of their secrets, also for tokens that they only read. */
function accepts (one: SessionRegistration, other: SessionRegistration): boolean {
  const keys = new Set(one.acceptedSerializers.flatMap(derivedKeys))
  return other.acceptedSerializers.flatMap(derivedKeys).some((key) => keys.has(key))
}

function secureSessionKeys ({ sessionInterface }: SessionRegistration): string[] {
  return sessionInterface instanceof SecureCookieSessionInterface ? sessionInterface.secureSessionKeyIds() : []
}

function derivedKeys (signing: URLSafeTimedSerializer): string[] {
  return [...signing.iterUnsigners()].flatMap((signer) => {
    const { digestMethod: { name }, secretKeys } = signer
    return secretKeys.map((key) => `${name} ${Buffer.from(signer.deriveKey(key)).toString('base64')}`)
  })
}
