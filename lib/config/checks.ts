/**
 * Checks of single values: each returns the normalized value, or `undefined` for a wrong one.
 *
 * @module
 */

import { domainToASCII } from 'node:url'
import { inspect, types } from 'node:util'
import type { KeyLike, SameSite } from '../../types/config.ts'

/** The type of a value, for messages that must not show it. */
export function typeName (value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** Shows a value in a message, unless it is secret: cuts long text, and shows only the type of an object. */
export function describe (value: unknown): string {
  if (Object(value) === value) return typeName(value)
  return inspect(isString(value) && value.length > 50 ? `${value.slice(0, 50)}...` : value)
}

/** From this length on text may be a secret key, or an address with a password, that was given to a wrong option. */
const longText = 16

/** As {@link describe}, but shows only the length of long text: for options that take none. */
export function describeOption (value: unknown): string {
  return isString(value) && value.length >= longText ? `text of ${value.length} characters` : describe(value)
}

export function isString (value: unknown): value is string {
  return typeof value === 'string'
}

/** Also true for bytes of another realm, which test runners with a DOM create. */
export function isBytes (value: unknown): value is Uint8Array {
  return types.isUint8Array(value)
}

export function isWholeNumber (value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

export function asBoolean (value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

/** Copies bytes, so that a later change to them does not change the key. */
export function asKey (value: unknown): KeyLike | undefined {
  if (isString(value)) return value === '' ? undefined : value
  return isBytes(value) && value.length > 0 ? Uint8Array.from(value) : undefined
}

/** A list of keys, or text that lists them. */
export function asKeys (value: unknown): readonly KeyLike[] | undefined {
  const items = isString(value) ? keysInText(value) : joinedJSON(value)
  if (!Array.isArray(items)) return undefined
  const list = items.map(asKey)
  return list.every((key) => key !== undefined) ? Object.freeze(list as KeyLike[]) : undefined
}

/** Keys in an environment variable: a JSON list, which is Flask's own form, or keys between commas. */
function keysInText (text: string): unknown {
  const trimmed = text.trim()
  if (trimmed === '') return []
  return isJSONList(trimmed) ? parseJSON(trimmed) : trimmed.split(',').map((key) => key.trim())
}

/** Joins a JSON list that a schema with `separator: ','` cut at its commas. */
function joinedJSON (value: unknown): unknown {
  if (!Array.isArray(value) || !value.every(isString)) return value
  const text = value.join(',').trim()
  return (isJSONList(text) ? parseJSON(text) : undefined) ?? value
}

function isJSONList (text: string): boolean {
  return text.startsWith('[') && text.endsWith(']')
}

function parseJSON (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function asCookieName (value: unknown): string | undefined {
  return isString(value) && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value) ? value : undefined
}

/** Words of Python and JavaScript that an environment variable may hold instead of no domain. */
const noDomain = /^(?:none|null|undefined|true|false)$/i

/** As Werkzeug's dump_cookie: without port and leading dots, in ASCII. */
export function asDomain (value: unknown): string | undefined {
  // domainToASCII parses as URLs are parsed: it would stop at a slash and drop line ends.
  const [, name] = isString(value) ? /^\.*([\p{L}\p{M}\p{N}.-]+)(?::\d*)?$/u.exec(value) ?? [] : []
  if (name === undefined || noDomain.test(name)) return undefined
  const domain = domainToASCII(name)
  return domain.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) ? domain : undefined
}

/** As Werkzeug's dump_cookie: percent-encodes characters that a path cannot hold. Control characters are refused. */
export function asPath (value: unknown): string | undefined {
  // eslint-disable-next-line no-control-regex
  if (!isString(value) || !value.startsWith('/') || /[\u0000-\u001f\u007f]/.test(value)) return undefined
  return value.replace(/[^%!$&'()*+,/:=@\w.~-]+/g, (text) => encodeURIComponent(Buffer.from(text).toString()))
}

const sameSites: ReadonlyMap<unknown, SameSite> = new Map([['strict', 'Strict'], ['lax', 'Lax'], ['none', 'None']])

export function asSameSite (value: unknown): SameSite | undefined {
  return isString(value) ? sameSites.get(value.toLowerCase()) : undefined
}
