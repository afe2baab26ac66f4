/**
 * The Fastify plugin: a session on every request, saved into every response.
 *
 * @module
 */

import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { RegisteredSession } from './registered-session.ts'
import type { SessionOptions } from './registered-session.ts'

/** Options of the plugin. Unknown keys are passed over: fastify-cli and autoload add some. */
export interface SecureSessionOptions extends SessionOptions {
  /** Several sessions side by side; each takes what it does not say from the options around it. */
  sessions?: readonly SessionOptions[] | undefined
}

/** Async, so that what it throws rejects `ready()`: thrown in a plugin with a callback it would end the process. */
async function plugin (fastify: FastifyInstance, options: SecureSessionOptions | readonly SessionOptions[]): Promise<void> {
  const sessions = listOf(options).map((each) => new RegisteredSession(fastify, each))
  for (const session of sessions) session.decorate()

  if (!fastify.hasDecorator('serializeCookie')) await fastify.register(fastifyCookie)

  fastify.addHook('onReady', async function checkConfigHook () {
    for (const session of sessions) session.check()
  })

  fastify.addHook('onRequest', function openSessionHook (request, reply, done) {
    try {
      for (const session of sessions) session.open(request, reply)
    } catch (error) {
      return done(error as Error)
    }
    done()
  })

  fastify.addHook('onSend', function saveSessionHook (request, _reply, _payload, done) {
    try {
      for (const session of sessions) session.save(request)
    } catch (error) {
      return done(error as Error)
    }
    done()
  })
}

function listOf (options: SecureSessionOptions | readonly SessionOptions[]): readonly SessionOptions[] {
  if (isList(options)) return options
  const { sessions, ...common } = options
  return sessions === undefined ? [common] : sessions.map((session) => ({ ...common, ...session }))
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
