/**
 * Sessions of Django with the engine `django.contrib.sessions.backends.signed_cookies`.
 *
 * @module
 * @see {@link https://docs.djangoproject.com/en/stable/topics/http/sessions/#using-cookie-based-sessions}
 */

import { DjangoFormat } from '../formats/django.ts'
import type { TokenFormat } from '../formats/token-format.ts'
import type { SessionApp, SessionRequest } from '../interfaces/session-interface.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { PythonJSONSerializer } from '../json/python-json-serializer.ts'
import type { SecureCookieSession } from '../session/session.ts'
import { PeerSessionInterface } from './peer-sessions.ts'
import type { PeerOptions } from './peer-sessions.ts'

const salt = 'django.contrib.sessions.backends.signed_cookies'
const digestMethod = 'sha256'
const keyDerivation = 'django-concat'

/** Reads and writes the session cookies of Django. */
export class DjangoSessionInterface extends PeerSessionInterface {
  constructor (options: PeerOptions = {}) {
    const serializer = new PythonJSONSerializer({ itemSeparator: ',', keySeparator: ':' })
    const defaults = { cookieName: 'sessionid', maxAge: 1_209_600, sameSite: 'Lax' }
    super({ salt, digestMethod, keyDerivation, serializer }, defaults, options)
  }

  override makeFormat (signing: URLSafeTimedSerializer): TokenFormat {
    return new DjangoFormat(signing)
  }

  /** Django's `session.set_expiry()`: seconds, 0 for the end of the browser, or a date as ISO text. */
  override getExpirationTime (app: SessionApp, session: SecureCookieSession, request?: SessionRequest): Date | null {
    const expiry = session.get('_session_expiry')
    if (expiry === 0) return null
    const end = typeof expiry === 'number' ? Date.now() + expiry * 1000 : timeOf(expiry)
    return Math.abs(end) <= latestTime ? new Date(end) : super.getExpirationTime(app, session, request)
  }
}

/** Milliseconds since 1970 of ISO text; NaN for anything else. */
function timeOf (text: unknown): number {
  return typeof text === 'string' ? Date.parse(text) : NaN
}

/** Milliseconds since 1970 that a Date can hold. */
const latestTime = 8.64e15
