/**
 * The attributes of the session cookie: what the interface says, and what the application asked for in this response.
 *
 * @module
 */

import type { SessionCookieOptions } from '../../types/session.ts'
import { checkedAttributes, checkTogether } from '../config.ts'
import type { CheckedAttributes } from '../config.ts'
import type { SessionApp, SessionInterface } from './session-interface.ts'

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

const nothing: CheckedAttributes = {}

/**
 * The attributes of a cookie.
 *
 * @param isHTTPS - what a Secure of `'auto'` becomes
 * @param asked - the `session.options()` of this response; keys that are no attributes are passed over
 * @param where - what the message about a wrong one begins with
 * @throws `FST_SESSION_INVALID_CONFIG` when what is asked for is wrong, or makes a cookie that browsers drop.
 */
export function cookieAttributes (
  sessions: SessionInterface, app: SessionApp, isHTTPS: boolean, asked?: SessionCookieOptions, where = 'the cookie attribute'
): CookieAttributes {
  const own = asked === undefined ? nothing : checkedAttributes(asked, where)
  const domain = own.domain === undefined ? sessions.getCookieDomain(app) : own.domain
  const sameSite = own.sameSite === undefined ? sessions.getCookieSameSite(app) : own.sameSite
  const partitioned = own.partitioned ?? sessions.getCookiePartitioned(app)
  const secure = own.secure ?? sessions.getCookieSecure(app)
  const path = own.path ?? sessions.getCookiePath(app)
  const attributes: CookieAttributes = {
    path,
    httpOnly: own.httpOnly ?? sessions.getCookieHttpOnly(app),
    secure: partitioned || (secure === 'auto' ? isHTTPS : secure),
    partitioned
  }
  // What is left out here is left out of the header; @fastify/cookie's own setCookie would add SameSite=Lax.
  if (domain !== null) attributes.domain = domain
  if (sameSite !== null) attributes.sameSite = sameSite.toLowerCase() as 'strict'
  if (own.expires !== undefined) attributes.expires = own.expires
  if (own.maxAge !== undefined) attributes.maxAge = own.maxAge
  if (asked !== undefined) {
    const cookie = { name: sessions.getCookieName(app), domain, path, root: path, partitioned, sameSite, secure }
    checkTogether(cookie, (attribute) => `${where} ${attribute}`)
  }
  return attributes
}

/** The same attributes for a cookie that is to go: browsers match name, domain, path and partition. */
export function deletionAttributes (attributes: CookieAttributes): CookieAttributes {
  return { ...attributes, expires: new Date(0), maxAge: 0 }
}

/** Writes Set-Cookie values. Attributes seldom change, and to compare them takes a tenth of the time of spelling them. */
export class SetCookieWriter {
  #name = ''
  #attributes: CookieAttributes | undefined
  /** Apart, as the application may change its Date. */
  #expires: number | undefined
  #tail = ''

  /** @param value - empty, or a token, whose characters need no encoding */
  write ({ fastify }: SessionApp, name: string, value: string, attributes: CookieAttributes): string {
    const expires = secondsOf(attributes.expires)
    if (this.#attributes === undefined || name !== this.#name || expires !== this.#expires || !areSame(attributes, this.#attributes)) {
      this.#tail = fastify.serializeCookie(name, '', attributes).slice(name.length + '='.length)
      this.#name = name
      this.#expires = expires
      this.#attributes = attributes
    }
    return `${name}=${value}${this.#tail}`
  }
}

/** But for their dates. */
function areSame (a: CookieAttributes, b: CookieAttributes): boolean {
  return a.path === b.path && a.httpOnly === b.httpOnly && a.secure === b.secure && a.partitioned === b.partitioned &&
    a.domain === b.domain && a.sameSite === b.sameSite && a.maxAge === b.maxAge
}

/** All that is written of a date. */
function secondsOf (date: Date | undefined): number | undefined {
  return date === undefined ? undefined : Math.floor(date.getTime() / 1000)
}
