/**
 * The attributes of the session cookie: as configured, and as the application sets them for one response.
 *
 * @module
 */

import { checkCookieRules, parseCookieOptions } from '../config/cookie-options.ts'
import type { ParsedCookieOptions } from '../config/cookie-options.ts'
import type { SameSite } from '../../types/config.ts'
import type { SessionCookieOptions } from '../../types/session.ts'

/** A cookie as a session interface configures it. */
export interface CookieSettings {
  name: string
  domain: string | null
  path: string
  httpOnly: boolean
  secure: boolean | 'auto'
  partitioned: boolean
  sameSite: SameSite | null
}

/** Attributes as `serializeCookie` takes them. */
export interface CookieAttributes {
  domain: string | undefined
  expires: Date | undefined
  httpOnly: boolean
  maxAge: number | undefined
  partitioned: boolean
  path: string | undefined
  sameSite: Lowercase<SameSite> | undefined
  secure: boolean
}

/** A cookie as it is configured, and as the application wants it in one response. */
export interface SettledCookie extends CookieSettings {
  expires: Date | undefined
  maxAge: number | undefined
}

const nothing: ParsedCookieOptions = Object.create(null)

/**
 * Puts what the application asks for in one response in the place of what is configured.
 *
 * @param asked - the `session.options()` of this response; unknown keys are ignored
 * @param where - the beginning of the message about a wrong one
 * @throws `FST_SESSION_INVALID_CONFIG` when an attribute in `asked` is wrong, or makes a cookie that browsers drop.
 */
export function settleCookie (
  cookie: CookieSettings, asked?: SessionCookieOptions, where = 'the cookie attribute'
): SettledCookie {
  const own = asked === undefined ? nothing : parseCookieOptions(asked, where)
  const settled: SettledCookie = {
    name: cookie.name,
    domain: own.domain === undefined ? cookie.domain : own.domain,
    path: own.path ?? cookie.path,
    httpOnly: own.httpOnly ?? cookie.httpOnly,
    secure: own.secure ?? cookie.secure,
    partitioned: own.partitioned ?? cookie.partitioned,
    sameSite: own.sameSite === undefined ? cookie.sameSite : own.sameSite,
    expires: own.expires,
    maxAge: own.maxAge
  }
  if (asked !== undefined) checkCookieRules(settled, (attribute) => `${where} ${attribute}`)
  return settled
}

/** The attributes of a cookie. @param isHTTPS - decides for Secure where that is `'auto'` */
export function cookieAttributes (cookie: SettledCookie, isHTTPS: boolean): CookieAttributes {
  const { domain, path, httpOnly, secure, partitioned, sameSite, expires, maxAge } = cookie
  const isSecure = partitioned || (secure === 'auto' ? isHTTPS : secure)
  // Browsers drop a cookie with SameSite=None that is not Secure.
  const isDropped = sameSite === 'None' && !isSecure
  // What is undefined here is left out of the header; reply.setCookie would add SameSite=Lax.
  return {
    domain: domain ?? undefined,
    expires,
    httpOnly,
    maxAge,
    partitioned,
    path,
    sameSite: isDropped ? undefined : sameSite?.toLowerCase() as Lowercase<SameSite> | undefined,
    secure: isSecure
  }
}

/** The attributes that delete the cookie: browsers match name, domain, path and partition. */
export function deletionAttributes (attributes: CookieAttributes): CookieAttributes {
  return { ...attributes, expires: new Date(0), maxAge: 0 }
}
