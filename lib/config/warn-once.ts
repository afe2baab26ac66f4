/**
 * Warnings about the set-up, logged once instead of with every request.
 *
 * @module
 */

import type { FastifyBaseLogger } from 'fastify'

/** Logs a warning at level `warn`, unless one of its kind was logged before. */
export type WarnOnce = (kind: string, message: string) => void

/** The warnings of one session. Each line begins with its name. */
export function createWarnOnce (log: Pick<FastifyBaseLogger, 'warn'>, sessionName: string): WarnOnce {
  const logged = new Set<string>()
  return (kind, message) => {
    if (logged.has(kind)) return
    logged.add(kind)
    log.warn(`${sessionName}: ${message}`)
  }
}
