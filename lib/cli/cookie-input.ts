/**
 * The session cookie in whatever somebody has at hand: its value, a header, or the headers that curl shows.
 *
 * @module
 */

import { readCookie } from '../sessions/cookie-header.ts'
import { foreignKindOf } from './foreign.ts'
import { UsageError } from './io.ts'
import { quote } from './printable.ts'

/** A cookie's value, and the Set-Cookie header that it came in. */
export interface FoundCookie {
  /** With the quotes that stand around it in a header: to the plugin they are a part of it. */
  value: string
  /** Bytes of the whole Set-Cookie value, where there was one. */
  headerSize: number | undefined
}

const headerName = /^(?:[<>] )?(?:set-)?cookie:/i
/** Names that an error message lists. */
const mostNames = 10
const attribute = /^(?:path|domain|expires|max-age|samesite|httponly|secure|partitioned)$/i

/**
 * Finds the cookie.
 *
 * @param name - of the cookie; left out: `session`, or the only one there is
 * @throws {@link UsageError} when there are only others; the message has their names.
 */
export function findCookie (input: string, name?: string): FoundCookie {
  if (name === '') throw new UsageError('--name must not be empty')
  const lines = input.trim().split(/\r?\n/)
  const named = lines.filter((line) => headerName.test(line))
  const headers = (named.length > 0 ? named : lines.slice(0, 1)).map((line) => line.replace(headerName, '').trim())
  const bare = unquote(headers[0] as string)
  // The value alone. @fastify/secure-session's has a semicolon, and may have an equals sign, in it.
  if (named.length === 0 && (!bare.includes('=') || foreignKindOf(bare) !== undefined)) return { value: bare, headerSize: undefined }

  const names = [...new Set(headers.flatMap(namesIn))]
  const wanted = name ?? (names.length === 1 ? names[0] as string : 'session')
  for (const header of headers) {
    const value = readCookie(header, wanted)
    if (value !== undefined) return { value, headerSize: isSetCookie(header) ? Buffer.byteLength(header) : undefined }
  }
  const others = names.length === 0 ? '' : `, but ${names.slice(0, mostNames).map(quote).join(', ')}: choose with --name`
  throw new UsageError(`there is no cookie named ${quote(wanted)}${others}`)
}

function namesIn (header: string): string[] {
  return header.split(';').map(nameOf).filter((word) => word !== '' && !attribute.test(word))
}

function isSetCookie (header: string): boolean {
  return header.split(';').slice(1).some((pair) => attribute.test(nameOf(pair)))
}

function nameOf (pair: string): string {
  const end = pair.indexOf('=')
  return (end === -1 ? pair : pair.slice(0, end)).trim()
}

/** The value without quotes around it. */
export function unquote (value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1) : value
}
