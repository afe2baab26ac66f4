/**
 * Sessions outside of requests: for websocket upgrades, socket.io, jobs and tests.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { EndSessionsOptions, ListSessionsOptions } from '../types/fastify.ts'
import type { Session } from '../types/session.ts'
import type { CompatibleName } from './options.ts'
import { FST_SESSION_INVALID_CONFIG } from './errors.ts'
import type { ListOptions } from './interfaces/session-interface.ts'
import type { Dict } from './json/dict.ts'
import { pick } from './lookup.ts'
import type { SessionRegistration } from './registration.ts'
import { sessionNameOf } from './request/request-session.ts'
import type { SecureCookieSession } from './session/session.ts'

/** Where an instance keeps the sessions of its scope. `Symbol.for`, so that the ESM and CommonJS copies agree. */
const registered: unique symbol = Symbol.for('fastify-secure-cookie-session.registered')

/** A function, because `inspect` with the option `getters` would read the config of a session, and so its key. */
type WithRegistrations = { [registered]?: () => ReadonlyMap<string, SessionRegistration> }

/** The sessions of a scope and of the scopes around it. */
export function registrationsOf (fastify: FastifyInstance): ReadonlyMap<string, SessionRegistration> {
  return (fastify as WithRegistrations)[registered]?.() ?? new Map()
}

/** Adds the helpers to the instance: `createSession`, `encodeSession`, `decodeSession`, `endSessions` and others. */
export function decorateInstance (fastify: FastifyInstance, sessions: readonly SessionRegistration[]): void {
  const known = new Map(registrationsOf(fastify))
  for (const session of sessions) known.set(session.sessionName, session)
  Object.defineProperty(fastify, registered, { value: () => known, configurable: true })
  // The helpers of the first registration in a scope also find the sessions of later ones.
  if (Object.hasOwn(fastify, 'createSession')) return
  const first = sessions[0] as SessionRegistration
  const sessionNamed = (name = first.sessionName): SessionRegistration => {
    const known = registrationsOf(fastify)
    const session = known.get(name)
    if (session !== undefined) return session
    throw new FST_SESSION_INVALID_CONFIG('sessionName', `one of ${[...known.keys()].join(', ')}`, 'another name')
  }
  fastify.decorate('createSession', (data?: Dict, name?: string) => {
    return sessionNamed(name).create(data) as unknown as Session
  })
  fastify.decorate('encodeSession', (given: Session, name?: string) => {
    const session = given as unknown as SecureCookieSession
    // The first session of an inner scope may not be the session of the request.
    return sessionNamed(name ?? sessionNameOf(session)).encode(session) as string
  })
  fastify.decorate('decodeSession', (cookie: string | undefined, name?: string, log = fastify.log) => {
    return sessionNamed(name).decode(cookie, log) as unknown as Session | null
  })
  // These are async: whatever is wrong rejects, and code that does not await it must not throw in between.
  fastify.decorate('endSessions', async (user: unknown, options: EndSessionsOptions = {}) => {
    const given: EndSessionsOptions = pick(options, ['except', 'sessionName', 'only'])
    const except = given.except as unknown as SecureCookieSession | undefined
    const name = given.sessionName ?? (except && sessionNameOf(except))
    await sessionNamed(name).endSessions(user, { except, only: given.only })
  })
  fastify.decorate('listSessions', async <T>(user: unknown, options: ListSessionsOptions<T> = {}) => {
    const given: ListSessionsOptions<T> = pick(options, ['current', 'sessionName', 'data'])
    const current = given.current as unknown as SecureCookieSession | undefined
    if (given.data !== undefined && typeof given.data !== 'function') {
      throw new TypeError('the option data of listSessions must be a function of a session')
    }
    const name = given.sessionName ?? (current && sessionNameOf(current))
    return await sessionNamed(name).listSessions(user, { current, data: given.data } as ListOptions<T>)
  })
  fastify.decorate('isRevoked', async (given: Session<any>, name?: string) => {
    const session = given as unknown as SecureCookieSession
    return await sessionNamed(name ?? sessionNameOf(session)).isRevoked(session)
  })
}

/** Registers plugin names for `hasPlugin` and `dependencies` checks, and the helpers of @fastify/secure-session. */
export async function registerAliases (fastify: FastifyInstance, names: readonly CompatibleName[]): Promise<void> {
  for (const name of names) {
    if (name !== '@fastify/secure-session' && name !== '@fastify/session') {
      const expects = "a list of '@fastify/secure-session' and '@fastify/session'"
      throw new FST_SESSION_INVALID_CONFIG('compat', expects, 'another name')
    }
    await fastify.register(fp(async () => {}, { name }))
  }
  if (!names.includes('@fastify/secure-session')) return
  const { createSession, encodeSession, decodeSession } = fastify
  fastify.decorate('createSecureSession', createSession)
  fastify.decorate('encodeSecureSession', encodeSession)
  fastify.decorate('decodeSecureSession', (cookie: string | undefined, log?: FastifyBaseLogger, name?: string) => {
    return decodeSession(cookie, name, log)
  })
}
