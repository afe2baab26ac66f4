/**
 * What the sessions of other frameworks have in common.
 *
 * @module
 */

import type { SessionConfig } from '../../types/config.ts'
import { pick } from '../lookup.ts'
import { checked } from '../config/settings.ts'
import type { Key } from '../config/settings.ts'
import type { SigningOptions } from '../config/signing-options.ts'
import { SecureCookieSessionInterface } from '../interfaces/cookie-sessions.ts'
import type { SessionApp } from '../interfaces/session-interface.ts'
import { SecureCookieSession } from '../session/session.ts'

/** Replaces the peer's defaults. Plugin options and Flask's keys override both. */
export interface PeerOptions {
  /** The name of the cookie. */
  cookieName?: string | undefined
  /** Seconds: the greatest age of a cookie, and its Expires. */
  maxAge?: number | undefined
  /** `'Lax'`, `'Strict'`, `'None'` (needs Secure), or `null` to leave it out. */
  sameSite?: string | null | undefined
}

/** A session of a framework that has no permanent sessions: every cookie has Expires. */
export class PeerSession extends SecureCookieSession {
  override get permanent (): boolean {
    return true
  }

  /** Ignored: a key `_permanent` would mean nothing to the peer. */
  override set permanent (_permanent: boolean) {}
}

/** Sessions of a framework that sends the cookie only after a change. */
export abstract class PeerSessionInterface extends SecureCookieSessionInterface {
  override sessionClass: typeof SecureCookieSession = PeerSession
  override readonly configDefaults: Partial<SessionConfig>

  /**
   * @param defaults - the peer's own
   * @throws `FST_SESSION_INVALID_CONFIG` when an option is wrong.
   */
  constructor (signing: SigningOptions, defaults: Required<PeerOptions>, options: PeerOptions) {
    super(signing)
    const given: PeerOptions = { ...defaults, ...pick(options, Object.keys(defaults)) }
    const check = (key: Key, name: keyof PeerOptions): unknown => checked(key, given[name], name)
    this.configDefaults = {
      SESSION_COOKIE_NAME: check('SESSION_COOKIE_NAME', 'cookieName'),
      PERMANENT_SESSION_LIFETIME: check('PERMANENT_SESSION_LIFETIME', 'maxAge'),
      SESSION_COOKIE_SAMESITE: check('SESSION_COOKIE_SAMESITE', 'sameSite')
    } as Partial<SessionConfig>
  }

  override shouldSetCookie (_app: SessionApp, session: SecureCookieSession): boolean {
    return session.modified
  }
}
