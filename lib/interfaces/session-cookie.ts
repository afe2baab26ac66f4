/**
 * The session's cookie in a response.
 *
 * @module
 */

import { cookieAttributes } from '../cookie/attributes.ts'
import { isHTTPS, transportProblem } from '../cookie/transport.ts'
import { SessionCookie } from '../cookie/write.ts'
import { cookieOptionsKey } from '../session/session-compat.ts'
import type { SecureCookieSession } from '../session/session.ts'
import type { SessionApp, SessionInterface, SessionRequest } from './session-interface.ts'

export const besideAnother = 'a response has a Set-Cookie of the name of the session cookie that the session did not ' +
  'write, such as that of an upstream. The changed session is sent after it, and browsers keep the last one of the ' +
  'same domain and path, so that a login or logout in the other is lost. Do not change the session there, or set ' +
  'session.modified = false'

/** The cookie, with the attributes that `session.options()` and the route set. */
export function sessionCookie (
  sessions: SessionInterface, app: SessionApp, session: SecureCookieSession, request: SessionRequest,
  expires: Date | null = null
): SessionCookie {
  const settings = sessions.cookieSettings(app, request)
  const options = session[cookieOptionsKey]
  const attributes = cookieAttributes(settings, isHTTPS(request), options)
  const secure = attributes.secure || (options?.secure ?? settings.secure)
  const problem = transportProblem(request, secure, settings.sameSite)
  if (problem !== undefined) app.warnOnce(problem.kind, problem.message)
  return new SessionCookie(app.fastify, settings.name, expires === null ? attributes : { expires, ...attributes })
}
