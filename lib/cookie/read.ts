/**
 * Finds a cookie in the Cookie header.
 *
 * @module
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.8.3} how browsers write it
 */

import type { FastifyRequest } from 'fastify'

/** The most cookies of one name, without empty ones. Browsers send one, or a few after a change of domain or path. */
const mostCookies = 64
/** The greatest number of times that the cookies of one request are hashed, if there are more than two of them. */
const mostHashes = 128
const equalsSign = 0x3d
const semicolon = 0x3b

/** The Cookie header of a request. Node.js gives headers in a plain object. */
export function cookieHeader ({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  return Object.hasOwn(headers, 'cookie') ? headers.cookie : undefined
}

/**
 * The values of the cookies of that name, exactly as they were sent, in the order of the header.
 *
 * Read here and not from `request.cookies`, which decodes percent signs: one token would have many spellings there.
 * Only space and tab are skipped around a name, so that other white space cannot disguise a `__Host-` name.
 *
 * @param hashes - how often a cookie is hashed before it is refused: once for each key and format. The more, the fewer
 * cookies are read, because anybody can send many
 */
export function readCookies (header: string | undefined, name: string, hashes = 1): string[] {
  const values: string[] = []
  if (header === undefined || name === '') return values
  let at = header.indexOf(name)
  let rest = Math.max(2, Math.min(mostCookies, Math.floor(mostHashes / hashes)))
  while (at !== -1 && rest > 0) {
    const end = at + name.length
    if (header.charCodeAt(end) === equalsSign && beginsPair(header, at)) {
      const value = valueAt(header, end + 1)
      values.push(value)
      if (value !== '') rest--
    }
    at = header.indexOf(name, end)
  }
  return values
}

/** Whether only white space separates `at` from the previous pair. */
function beginsPair (header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && isSpace(header.charCodeAt(before))) before--
  return before < 0 || header.charCodeAt(before) === semicolon
}

function valueAt (header: string, start: number): string {
  let end = header.indexOf(';', start)
  if (end === -1) end = header.length
  while (start < end && isSpace(header.charCodeAt(start))) start++
  while (end > start && isSpace(header.charCodeAt(end - 1))) end--
  return header.slice(start, end)
}

function isSpace (code: number): boolean {
  return code === 0x20 || code === 0x09
}
