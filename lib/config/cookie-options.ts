/**
 * Checks the cookie attributes of one response, and the rules of browsers for a whole cookie.
 *
 * @module
 */

import { types } from 'node:util'
import type { SameSite } from '../../types/config.ts'
import type { SessionCookieOptions } from '../../types/session.ts'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import { describe } from './checks.ts'
import { pick } from '../lookup.ts'
import { attributeKeys, checked, normalizeName } from './settings.ts'

/** Checked cookie options of one response. */
export interface ParsedCookieOptions extends SessionCookieOptions {
  sameSite?: SameSite | null
}

/** The checks of options that have no key in the configuration. */
const ofResponses: ReadonlyMap<string, { expects: string, isRight: (value: unknown) => boolean }> = new Map([
  ['expires', { expects: 'a valid Date', isRight: isValidDate }],
  ['maxAge', { expects: 'a whole number of seconds', isRight: Number.isSafeInteger }],
  ['refresh', { expects: 'a boolean', isRight: (value: unknown) => typeof value === 'boolean' }]
])

const names: readonly string[] = [...attributeKeys.keys(), ...ofResponses.keys()].sort()

/**
 * Checks and normalizes the cookie options of one response. Ignores unknown keys.
 *
 * @param where - the beginning of the message
 * @throws `FST_SESSION_INVALID_CONFIG` when one is wrong.
 */
export function parseCookieOptions (asked: SessionCookieOptions, where: string): ParsedCookieOptions {
  const given = pick(asked, names)
  for (const [name, { expects, isRight }] of ofResponses) {
    const value = given[name]
    if (value !== undefined && !isRight(value)) {
      throw new FST_SESSION_INVALID_CONFIG(`${where} ${name}`, expects, describe(value))
    }
  }
  for (const [name, key] of attributeKeys) {
    const value = name === 'sameSite' ? sameSiteOf(given[name]) : given[name]
    if (value !== undefined) given[name] = checked(key, value, `${where} ${name}`)
  }
  return given
}

/**
 * What is wrong with the session in the config of a route: it must be `false`, or cookie options.
 *
 * @param route - its method and URL
 * @returns the parts of `FST_SESSION_INVALID_CONFIG`; `undefined` when nothing is wrong
 */
export function routeProblem (
  given: unknown, sessionName: string, route: string
): [name: string, expects: string, got: string] | undefined {
  if (given === undefined || given === null || typeof given === 'boolean') return undefined
  const where = `${sessionName} in the config of ${route}`
  if (typeof given !== 'object') return [where, 'false or an object', describe(given)]
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown === undefined) return undefined
  return [`a cookie attribute of ${where}`, `one of ${names.join(', ')}`, unknown]
}

/** The names by their normalized form. */
const spellings: ReadonlyMap<string, string> = new Map(names.map((name) => [normalizeName(name), name]))

/** The first option that is misspelt, such as `samesite`, and its right name. Others may be meant for somebody else. */
export function misspeltOption (given: object): [written: string, name: string] | undefined {
  for (const written of Object.keys(Object(given))) { // callers in JavaScript may give nothing
    const name = names.includes(written) ? undefined : spellings.get(normalizeName(written))
    if (name !== undefined) return [written, name]
  }
  return undefined
}

/** Options of one response also accept booleans: `true` is Strict, `false` omits the attribute. */
function sameSiteOf (value: unknown): unknown {
  if (typeof value !== 'boolean') return value
  return value ? 'Strict' : null
}

function isValidDate (value: unknown): boolean {
  return types.isDate(value) && !Number.isNaN(value.getTime())
}

/** The attributes that browsers check together. */
export interface CookieInQuestion extends Required<Pick<ParsedCookieOptions, Exclude<JudgedAttribute, 'name'>>> {
  name: string
}

export type JudgedAttribute = 'name' | 'domain' | 'path' | 'partitioned' | 'sameSite' | 'secure'

/**
 * Checks the rules of browsers for a whole cookie.
 *
 * @param nameOf - names an attribute in the message; the cause is the attribute whose value makes it wrong
 * @throws `FST_SESSION_INVALID_CONFIG` for a cookie that browsers would drop.
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.7} prefixes, SameSite=None
 */
export function checkCookieRules (
  cookie: CookieInQuestion, nameOf: (attribute: JudgedAttribute, cause: JudgedAttribute) => string
): void {
  const name = cookie.name.toLowerCase()
  const isSecure = cookie.partitioned || cookie.secure === true
  const check = (isRight: boolean, attribute: JudgedAttribute, cause: JudgedAttribute, expects: string): void => {
    if (!isRight) throw new FST_SESSION_INVALID_CONFIG(nameOf(attribute, cause), expects, describe(cookie[attribute]))
  }
  if (name.startsWith('__host-')) {
    check(isSecure, 'secure', 'name', 'true for a cookie whose name starts with __Host-')
    check(cookie.path === '/', 'path', 'name', "'/' for a cookie whose name starts with __Host-")
    check(cookie.domain === null, 'domain', 'name', 'null for a cookie whose name starts with __Host-')
  } else if (name.startsWith('__secure-')) {
    check(isSecure, 'secure', 'name', 'true for a cookie whose name starts with __Secure-')
  }
  if (cookie.sameSite === 'None') {
    const expects = `true or 'auto' when ${nameOf('sameSite', 'sameSite')} is 'None'`
    check(isSecure || cookie.secure === 'auto', 'secure', 'sameSite', expects)
  }
}
