/**
 * What this package adds to Fastify's types.
 *
 * @module
 */

import type { Session } from './session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    get session (): Session
    set session (data: object | null)
  }
}
