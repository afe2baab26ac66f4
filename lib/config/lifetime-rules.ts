/**
 * Checks that the limits of a session's life do not contradict each other.
 *
 * @module
 */

import type { SessionConfig } from '../../types/config.ts'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import type { Key } from './settings.ts'

/**
 * Checks the rule that a session is signed anew before it ends.
 *
 * @param nameOf - names a key in the message, in the style in which the cause was written
 * @throws `FST_SESSION_INVALID_CONFIG` for a session that would always end before it is refreshed.
 */
export function checkLifetimeRules (config: SessionConfig, nameOf: (key: Key, cause: Key) => string): void {
  const { SESSION_REFRESH_AFTER: refreshAfter } = config
  if (refreshAfter === 0) return
  for (const key of ['PERMANENT_SESSION_LIFETIME', 'SESSION_ABSOLUTE_LIFETIME'] as const) {
    const limit = config[key]
    if (limit === null || refreshAfter < limit) continue
    const expects = `less than ${nameOf(key, 'SESSION_REFRESH_AFTER')}, which is ${limit}, or 0`
    throw new FST_SESSION_INVALID_CONFIG(nameOf('SESSION_REFRESH_AFTER', key), expects, refreshAfter)
  }
}
