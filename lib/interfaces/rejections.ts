/**
 * Reports to the application why a session cookie was rejected: to `onReject`, and on a diagnostics channel.
 *
 * @module
 * @see {@link https://nodejs.org/api/diagnostics_channel.html}
 */

import { channel } from 'node:diagnostics_channel'
import type { Rejection } from '../../types/session.ts'
import type { SessionApp, SessionRequest } from './session-interface.ts'

const rejections = channel('fastify-secure-cookie-session.reject')

/** The names of the sessions that were reported, by request. */
const reported = new WeakMap<SessionRequest, Set<string>>()

/** What a session interface knows of a rejection. */
export type RejectionFacts = Omit<Rejection, 'sessionName'>

/**
 * Reports a rejection, unless nobody listens. Only the first report on a session in a request counts: a session
 * interface reports a refused cookie before it reports facts about an accepted one.
 */
export function reportRejection (app: SessionApp, request: SessionRequest, facts: RejectionFacts): void {
  const { onReject, sessionName } = app
  if (onReject === undefined && !rejections.hasSubscribers) return
  const names = reported.get(request) ?? new Set()
  if (names.has(sessionName)) return
  reported.set(request, names.add(sessionName))
  const { code, ...more } = facts
  if (rejections.hasSubscribers) rejections.publish({ request, code, sessionName, ...more })
  try {
    const result: unknown = onReject?.(request, { code, sessionName, ...more })
    // `onReject` should not be async. If it is, its rejection must not end the process, even one of another realm.
    Promise.resolve(result).catch((error: unknown) => logFailure(request, error))
  } catch (error) {
    logFailure(request, error)
  }
}

function logFailure (request: SessionRequest, error: unknown): void {
  request.log.error(error, 'onReject failed')
}
