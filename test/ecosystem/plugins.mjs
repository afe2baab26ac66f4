/**
 * The session plugin of this package and the two that it takes the place of, each with the least it needs.
 *
 * @module
 */

import fastifyCookie from '@fastify/cookie'
import fastifySecureSession from '@fastify/secure-session'
import fastifySession from '@fastify/session'
import Fastify from 'fastify'
import { secureSession } from '../../lib/index.ts'

export const secretKey = 'the secret key of the ecosystem tests'

/** Registers our plugin. */
export async function ours (fastify, options = {}) {
  await fastify.register(secureSession, { secretKey, ...options })
}

/** Registers @fastify/secure-session. */
export async function theirSecureSession (fastify) {
  await fastify.register(fastifySecureSession, { key: Buffer.alloc(32, 'k'), cookie: { path: '/' } })
}

/** Registers @fastify/session with @fastify/cookie. */
export async function theirSession (fastify) {
  await fastify.register(fastifyCookie)
  await fastify.register(fastifySession, { secret: 's'.repeat(32), cookie: { secure: false }, saveUninitialized: false })
}

/** By the names that results are listed under. */
export const plugins = { ours, '@fastify/secure-session': theirSecureSession, '@fastify/session': theirSession }

/** An application that closes when the test ends. */
export function application (t, options) {
  const fastify = Fastify({ ...options, logger: options?.logger ?? false })
  t.after(() => fastify.close())
  return fastify
}

/** What `run` gives for an application with each of the plugins. */
export async function withEach (t, run) {
  const results = {}
  for (const [name, register] of Object.entries(plugins)) {
    const fastify = application(t)
    await register(fastify)
    results[name] = await run(fastify)
  }
  return results
}

/** A pino stream that keeps what is logged. */
export class LogLines {
  #lines = []

  write (line) {
    this.#lines.push(JSON.parse(line))
  }

  /** The messages at warn and above. */
  get warnings () {
    return this.#lines.filter(({ level }) => level >= 40).map(({ msg }) => msg)
  }
}
