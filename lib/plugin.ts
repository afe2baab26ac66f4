/**
 * The Fastify plugin: a session on every request, saved into every response.
 *
 * @module
 */

import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { typeName } from './config.ts'
import { FST_SESSION_ALREADY_REGISTERED, FST_SESSION_INVALID_CONFIG } from './errors.ts'
import { decorateInstance, passFor, registeredSessions } from './instance-helpers.ts'
import type { CompatibleName } from './instance-helpers.ts'
import { RegisteredSession } from './registered-session.ts'
import { withCommon } from './session-options.ts'
import type { SessionOptions } from './session-options.ts'
import { SeveralSessions } from './several-sessions.ts'

/** Options of the plugin. Unknown keys are passed over: fastify-cli and autoload add some. */
export interface SecureSessionOptions extends SessionOptions {
  /** Several sessions side by side; each takes what it does not say from the options around it, and its name behind their `salt`. */
  sessions?: readonly SessionOptions[] | undefined
  /**
   * Names of plugins that ours shall pass for in `hasPlugin` and `dependencies` checks. `'@fastify/secure-session'` also adds
   * that plugin's `createSecureSession`, `encodeSecureSession` and `decodeSecureSession`.
   *
   * @defaultValue none
   */
  compat?: readonly CompatibleName[] | undefined
}

/** Async, so that what it throws rejects `ready()`: thrown in a plugin with a callback it would end the process. */
async function plugin (fastify: FastifyInstance, options: SecureSessionOptions | readonly SessionOptions[]): Promise<void> {
  const sessions = listOf(options).map((each) => new RegisteredSession(fastify, each))
  checkNames(sessions)
  for (const session of sessions) session.decorate()
  decorateInstance(fastify, sessions)

  if (!fastify.hasDecorator('serializeCookie')) await fastify.register(fastifyCookie)

  await passFor(fastify, compatOf(options))

  const checks: Array<() => void> = []
  fastify.addHook('onRoute', function collectRouteHook ({ config, method, url }) {
    for (const session of sessions) checks.push(() => session.checkRoute(config, `${method} ${url}`))
  })

  let several: SeveralSessions | undefined
  fastify.addHook('onReady', async function checkConfigHook () {
    for (const session of sessions) session.check()
    const known = [...registeredSessions(fastify).values()]
    if (known.length > 1) several = new SeveralSessions(known)
    several?.check()
    for (const check of checks.splice(0)) check()
  })

  fastify.addHook('onRequest', function openSessionHook (request, reply, done) {
    try {
      for (const session of sessions) session.open(request, reply)
      several?.check()
    } catch (error) {
      return done(error as Error)
    }
    done()
  })

  fastify.addHook('onSend', function saveSessionHook (request, reply, payload, done) {
    try {
      for (const session of sessions) session.save(request, reply, payload)
    } catch (error) {
      discard(payload)
      return done(error as Error)
    }
    done()
  })
}

/** Lets go of a payload that nobody will read: a file would stay open. */
function discard (payload: unknown): void {
  const { destroy, cancel, body } = (payload ?? {}) as { destroy?: unknown, cancel?: unknown, body?: unknown }
  if (typeof destroy === 'function') destroy.call(payload)
  // Who reads a web stream already has to let go of it himself.
  else if (typeof cancel === 'function') Promise.resolve(cancel.call(payload)).catch(() => {})
  else if (typeof body === 'object' && body !== null) discard(body)
}

/** Two sessions of one list have two names; those of other lists are found by the decorator. */
function checkNames (sessions: readonly RegisteredSession[]): void {
  if (sessions.length === 0) throw new FST_SESSION_INVALID_CONFIG('sessions', 'a list of at least one session', 'an empty one')
  const names = sessions.map(({ sessionName }) => sessionName)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new FST_SESSION_ALREADY_REGISTERED(twice)
}

function compatOf (options: SecureSessionOptions | readonly SessionOptions[]): readonly CompatibleName[] {
  const compat = isList(options) ? undefined : options.compat
  if (compat !== undefined && !Array.isArray(compat)) throw new FST_SESSION_INVALID_CONFIG('compat', 'a list of names', typeName(compat))
  return compat ?? []
}

function listOf (options: SecureSessionOptions | readonly SessionOptions[]): readonly SessionOptions[] {
  if (isList(options)) return checkedList(options)
  const { sessions, ...common } = options
  if (sessions === undefined) return [common]
  const list = checkedList(sessions)
  if (list.length > 1 && common.readSecureSession !== undefined) {
    const expects = 'an option of one of the sessions, since the cookies that it reads do not say whose they are'
    throw new FST_SESSION_INVALID_CONFIG('readSecureSession', expects, 'an option of all')
  }
  return list.map((session) => withCommon(common, session))
}

function checkedList (sessions: readonly SessionOptions[]): readonly SessionOptions[] {
  if (!Array.isArray(sessions)) throw new FST_SESSION_INVALID_CONFIG('sessions', 'a list of options', typeName(sessions))
  const wrong = sessions.find((session) => typeof session !== 'object' || session === null)
  if (wrong !== undefined) throw new FST_SESSION_INVALID_CONFIG('each of the sessions', 'an object of options', typeName(wrong))
  return sessions
}

// Array.isArray alone does not narrow a readonly array.
function isList (options: SecureSessionOptions | readonly SessionOptions[]): options is readonly SessionOptions[] {
  return Array.isArray(options)
}

/**
 * Flask's sessions for Fastify: `request.session`, kept in a signed cookie that Flask can read.
 *
 * @example
 * ```ts
 * await fastify.register(secureSession, { secretKey: process.env.SECRET_KEY })
 * fastify.post('/login', async (request) => { request.session.user_id = 42 })
 * ```
 */
export const secureSession: typeof plugin = fp(plugin, { fastify: '5.x', name: 'fastify-secure-cookie-session' })
