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
  domain?: string
  expires?: Date
  httpOnly: boolean
  maxAge?: number
  partitioned: boolean
  path: string
  sameSite?: 'strict' | 'lax' | 'none'
  secure: boolean
}

const nothing: ParsedCookieOptions = Object.create(null)

/**
 * The attributes of a cookie.
 *
 * @param isHTTPS - decides for Secure where that is `'auto'`
 * @param asked - the `session.options()` of this response; unknown keys are ignored
 * @param where - the beginning of the message about a wrong one
 * @throws `FST_SESSION_INVALID_CONFIG` when an attribute in `asked` is wrong, or makes a cookie that browsers drop.
 */
export function cookieAttributes (
  cookie: CookieSettings, isHTTPS: boolean, asked?: SessionCookieOptions, where = 'the cookie attribute'
): CookieAttributes {
  const own = asked === undefined ? nothing : parseCookieOptions(asked, where)
  const domain = own.domain === undefined ? cookie.domain : own.domain
  const sameSite = own.sameSite === undefined ? cookie.sameSite : own.sameSite
  const partitioned = own.partitioned ?? cookie.partitioned
  const secure = own.secure ?? cookie.secure
  const path = own.path ?? cookie.path
  const attributes: CookieAttributes = {
    path,
    httpOnly: own.httpOnly ?? cookie.httpOnly,
    secure: partitioned || (secure === 'auto' ? isHTTPS : secure),
    partitioned
  }
  // Attributes that are left out here are left out of the header; reply.setCookie would add SameSite=Lax.
  if (domain !== null) attributes.domain = domain
  // Browsers drop a cookie with SameSite=None that is not Secure.
  if (sameSite !== null && (sameSite !== 'None' || attributes.secure)) {
    attributes.sameSite = sameSite.toLowerCase() as Lowercase<SameSite>
  }
  if (own.expires !== undefined) attributes.expires = own.expires
  if (own.maxAge !== undefined) attributes.maxAge = own.maxAge
  if (asked !== undefined) {
    const together = { name: cookie.name, domain, path, partitioned, sameSite, secure }
    checkCookieRules(together, (attribute) => `${where} ${attribute}`)
  }
  return attributes
}

/** The attributes that delete the cookie: browsers match name, domain, path and partition. */
export function deletionAttributes (attributes: CookieAttributes): CookieAttributes {
  return { ...attributes, expires: new Date(0), maxAge: 0 }
}
