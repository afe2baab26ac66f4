/**
 * The Fastify plugin: a session on every request, saved into every response.
 *
 * @module
 */

import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { warnOfForeignOptions } from './foreign-options.ts'
import { normalizeOptions } from './options.ts'
import type { SecureSessionOptions, SessionOptions } from './options.ts'
import { FST_SESSION_ALREADY_REGISTERED } from './errors.ts'
import { decorateInstance, registerAliases, registrationsOf } from './helpers.ts'
import { independenceOf } from './independence.ts'
import { pick } from './lookup.ts'
import { SessionRegistration } from './registration.ts'

/** Async, so that its errors reject `ready()`: thrown in a plugin with a callback, they would end the process. */
async function plugin (
  fastify: FastifyInstance, options: SecureSessionOptions | readonly SessionOptions[]
): Promise<void> {
  const { sessions: list, compat } = normalizeOptions(options)
  warnOfForeignOptions(fastify.log, options)
  const sessions = list.map((each) => new SessionRegistration(fastify, each))
  checkNames(sessions)
  for (const session of sessions) session.decorate()
  decorateInstance(fastify, sessions)
  if (!fastify.hasDecorator('serializeCookie')) await fastify.register(fastifyCookie)
  await registerAliases(fastify, compat)

  const routeChecks: Array<() => void> = []
  fastify.addHook('onRoute', function collectRouteHook ({ config, method, url }) {
    for (const session of sessions) routeChecks.push(() => session.checkRoute(config, `${method} ${url}`))
  })

  const independence = independenceOf(fastify)
  independence.add(sessions)
  let checkIndependence = (): void => {}
  fastify.addHook('onReady', async function checkConfigHook () {
    for (const session of sessions) session.check()
    const known = [...registrationsOf(fastify).values()]
    if (!independence.isAlone) checkIndependence = () => { independence.check(known) }
    checkIndependence()
    for (const check of routeChecks.splice(0)) check()
    for (const { sessionInterface, app } of sessions) await sessionInterface.start?.(app)
  })

  fastify.addHook('onClose', async function closeStoresHook () {
    // Each is closed, also when another one fails.
    const closing = sessions.map(async ({ sessionInterface }) => await sessionInterface.stop?.())
    await Promise.allSettled(closing)
    await Promise.all(closing)
  })

  fastify.addHook('onRequest', function openSessionHook (request, reply, done) {
    let opening: Array<Promise<void>> | undefined
    try {
      for (const session of sessions) {
        const promise = session.open(request, reply)
        if (promise !== undefined) (opening ??= []).push(promise)
      }
      checkIndependence()
    } catch (error) {
      return done(error as Error)
    }
    if (opening === undefined) done()
    else Promise.all(opening).then(() => done(), done)
  })

  fastify.addHook('onSend', function saveSessionHook (request, reply, payload, done) {
    let saving: Array<Promise<void>> | undefined
    try {
      for (const session of sessions) {
        const promise = session.save(request, reply, payload)
        if (promise !== undefined) (saving ??= []).push(promise)
      }
    } catch (error) {
      // The saves of other sessions are under way, and their errors would come too late for the response.
      saving?.forEach((promise) => promise.catch(() => {}))
      discard(payload)
      return done(error as Error)
    }
    if (saving === undefined) return done()
    ignoreErrors(payload)
    // Returns the promise instead of calling `done`, which throws when the response cannot be sent, for example with a
    // wrong header. Fastify answers with that error only if it waits for the promise itself.
    return Promise.all(saving).then(() => {}, (error: unknown) => {
      discard(payload)
      throw error
    })
  })
}

/** Destroys a payload that will not be sent, so that no file stays open. */
function discard (payload: unknown): void {
  ignoreErrors(payload)
  try {
    const { destroy, cancel, body } = pick(Object(payload), ['destroy', 'cancel', 'body'])
    // A locked web stream can only be cancelled by its reader.
    const end = typeof destroy === 'function' ? destroy : cancel
    if (typeof end === 'function') Promise.resolve(end.call(payload)).catch(() => {})
    else if (typeof body === 'object' && body !== null) discard(body)
  } catch {
    // Only the first error, which made the payload useless, is reported.
  }
}

/** A stream may emit an error, such as a missing file. Without a listener that would end the process. */
function ignoreErrors (payload: unknown): void {
  try {
    const { on, body } = pick(Object(payload), ['on', 'body'])
    if (typeof on === 'function') on.call(payload, 'error', () => {})
    else if (typeof body === 'object' && body !== null) ignoreErrors(body)
  } catch {
    // Fastify will report that it cannot send such a payload.
  }
}

/** Names must be unique within one registration; `decorate` catches clashes with others. */
function checkNames (sessions: readonly SessionRegistration[]): void {
  const names = sessions.map(({ sessionName }) => sessionName)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new FST_SESSION_ALREADY_REGISTERED(twice)
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
export const secureSession: typeof plugin = fp(plugin, { fastify: '>=5 <7', name: 'fastify-secure-cookie-session' })
