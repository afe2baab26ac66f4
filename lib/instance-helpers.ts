/**
 * Sessions outside of requests: for websocket upgrades, socket.io, jobs and tests.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Session } from '../types/session.ts'
import { FST_SESSION_INVALID_CONFIG } from './errors.ts'
import type { Dict } from './json/dict.ts'
import { ownerOf } from './registered-session.ts'
import type { RegisteredSession } from './registered-session.ts'
import type { SecureCookieSession } from './sessions/secure-cookie-session.ts'

/** Plugins whose name and helpers ours can take over. */
export type CompatibleName = '@fastify/secure-session' | '@fastify/session'

/** Key of the instance under which the sessions of a scope and of those around it stand; one for all copies of the package. */
const registered: unique symbol = Symbol.for('fastify-secure-cookie-session.registered')

type Carrier = { [registered]?: ReadonlyMap<string, RegisteredSession> }

/** The sessions that a scope knows, its own and those of the scopes around it. */
export function registeredSessions (fastify: FastifyInstance): ReadonlyMap<string, RegisteredSession> {
  return (fastify as Carrier)[registered] ?? new Map()
}

/** Adds `createSession`, `encodeSession` and `decodeSession` to the instance. */
export function decorateInstance (fastify: FastifyInstance, sessions: readonly RegisteredSession[]): void {
  const known = new Map([...registeredSessions(fastify), ...sessions.map((session) => [session.sessionName, session] as const)])
  Object.defineProperty(fastify, registered, { value: known, configurable: true })
  // A second registration in the same scope is found by the helpers of the first.
  if (Object.hasOwn(fastify, 'createSession')) return
  const first = sessions[0] as RegisteredSession
  const named = (name = first.sessionName): RegisteredSession => {
    const known = registeredSessions(fastify)
    const session = known.get(name)
    if (session === undefined) throw new FST_SESSION_INVALID_CONFIG('sessionName', `one of ${[...known.keys()].join(', ')}`, 'another name')
    return session
  }
  fastify.decorate('createSession', (data?: Dict, name?: string) => named(name).create(data) as unknown as Session)
  fastify.decorate('encodeSession', (given: Session, name?: string) => {
    const session = given as unknown as SecureCookieSession
    // The first session of an inner scope may be another than that of the request.
    return ((name === undefined ? ownerOf(session) : undefined) ?? named(name)).encode(session)
  })
  fastify.decorate('decodeSession', (cookie: string | undefined, name?: string, log: FastifyBaseLogger = fastify.log) => {
    return named(name).decode(cookie, log) as unknown as Session | null
  })
}

/** Lets our plugin pass for others, in `hasPlugin` and `dependencies` checks and with the helpers of @fastify/secure-session. */
export async function passFor (fastify: FastifyInstance, names: readonly CompatibleName[]): Promise<void> {
  for (const name of names) {
    if (name !== '@fastify/secure-session' && name !== '@fastify/session') {
      throw new FST_SESSION_INVALID_CONFIG('compat', "a list of '@fastify/secure-session' and '@fastify/session'", 'another name')
    }
    await fastify.register(fp(async () => {}, { name }))
  }
  if (!names.includes('@fastify/secure-session')) return
  const { createSession, encodeSession, decodeSession } = fastify
  fastify.decorate('createSecureSession', createSession)
  fastify.decorate('encodeSecureSession', encodeSession)
  fastify.decorate('decodeSecureSession', (cookie: string | undefined, log?: FastifyBaseLogger, name?: string) => decodeSession(cookie, name, log))
}
