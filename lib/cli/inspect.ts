/**
 * `inspect`: what is in a cookie, without a key.
 *
 * @module
 */

import { BadData } from '../itsdangerous/errors.ts'
import { argumentOrInput, parse } from './command.ts'
import type { Command } from './command.ts'
import { findCookie, unquote } from './cookie-input.ts'
import type { FoundCookie } from './cookie-input.ts'
import { foreignKindOf } from './foreign.ts'
import type { ForeignKind } from './foreign.ts'
import { fine, refused } from './io.ts'
import type { Output } from './io.ts'
import { keyCosts } from './key-costs.ts'
import type { KeyCost } from './key-costs.ts'
import { quote } from './printable.ts'
import { payloadBlock, rows, writeJSON } from './report.ts'
import type { Row } from './report.ts'
import { ageOf, formatAge, formatDate } from './times.ts'
import { digestOf, isPermanent, isSessionData, takeApart } from './token.ts'
import type { Token } from './token.ts'

/** Bytes that browsers take of a Set-Cookie value: MAX_COOKIE_SIZE. */
const limit = 4093
/** Flask's PERMANENT_SESSION_LIFETIME: 31 days. */
const lifetime = 2_678_400
/** Keys whose cost is listed. */
const mostKeys = 20

export const inspect: Command = {
  summary: 'show what is in a cookie; needs no key and verifies nothing',
  help: `Shows what a session cookie says: its data with Python's types, when it was
signed, what it costs. NOTHING IS VERIFIED: anybody can write such a cookie.

Usage: npx fastify-secure-cookie-session inspect [COOKIE] [OPTIONS]

COOKIE is the cookie's value, or a whole Cookie or Set-Cookie header, or all the
headers of a response. Without it, or for -, standard input is read.

Options:
  --name NAME    the cookie's name in a header; default session, or the only one
  --json         the answer as one line of JSON; "payload" is the tagged JSON
                 that stands in the cookie, which sign takes; with NaN or
                 Infinity in it, which JSON lacks, it is null, and
                 "payloadText" has the text

Cookies of @fastify/secure-session, express-session, iron-session and JSON Web
Tokens are told apart, but not read.

Examples:
  npx fastify-secure-cookie-session inspect 'eyJ1c2VyIjoiYWxpY2UifQ.ZVPxAA....'
  npx fastify-secure-cookie-session inspect 'session=eyJ1c2V...; Path=/'
  curl -si localhost:5000/login | npx fastify-secure-cookie-session inspect
`,
  async run (args, io) {
    const { stdout } = io
    const { values, positionals } = parse(args, { name: { type: 'string' } })
    const isJSON = values.json === true
    const cookie = findCookie(await argumentOrInput(positionals, 'COOKIE', io), values.name)
    const value = unquote(cookie.value)
    const kind = foreignKindOf(value)
    try {
      if (kind !== undefined) showForeign(kind, cookie, isJSON, stdout)
      else show(takeApart(value), cookie, isJSON, stdout)
      return fine
    } catch (error) {
      if (!(error instanceof BadData)) throw error
      const message = cookie.value === '' ? 'The cookie is empty, as one that is being deleted' : error.message
      if (isJSON) writeJSON(stdout, { verified: false, kind: null, code: error.code, message, sizes: sizesOf(cookie) })
      else stdout.write(`This is no session cookie of Flask: ${error.code}\n${message}\n`)
      return refused
    }
  }
}

function sizesOf (cookie: FoundCookie): { cookie: number, header: number | null, limit: number } {
  return { cookie: Buffer.byteLength(cookie.value), header: cookie.headerSize ?? null, limit }
}

function showForeign ({ name, about }: ForeignKind, cookie: FoundCookie, isJSON: boolean, stdout: Output): void {
  const sizes = sizesOf(cookie)
  if (isJSON) writeJSON(stdout, { verified: false, kind: name, about, sizes })
  else stdout.write(`This looks like a cookie of another kind: ${name}\n${about}\n\n${rows(describeSize(cookie))}`)
}

function show ({ data, text, payload, signature, dateSigned, isCompressed }: Token, cookie: FoundCookie, isJSON: boolean, stdout: Output): void {
  const age = ageOf(dateSigned)
  const digest = digestOf(signature)
  const keys = isSessionData(data) ? keyCosts(text) : []
  const permanent = isPermanent(data)
  const json = Buffer.byteLength(text)
  if (isJSON) {
    const sizes = { ...sizesOf(cookie), payload: payload.length, json }
    const fields = { verified: false, kind: 'flask', signedAt: dateSigned.toISOString(), age, digest: digest ?? null, compressed: isCompressed, permanent, sizes, keys }
    return writeJSON(stdout, fields, text)
  }
  stdout.write('NOT VERIFIED. This is what the cookie says; anybody can write such a cookie.\n\n')
  stdout.write(rows([
    ['signed at', `${formatDate(dateSigned)} (${formatAge(age)})`],
    ['', age > lifetime ? 'over 31 days, the default of PERMANENT_SESSION_LIFETIME' : undefined],
    ['digest', digest === undefined ? `none has a signature of ${signature.length} characters` : `${digest}, by the length of the signature`],
    ['', digest === 'sha1' ? "stock Flask's; for the plugin: digestMethod: 'sha1'" : undefined],
    ['permanent', permanent ? 'yes' : 'no'],
    ['compressed', isCompressed ? 'yes' : 'no'],
    ...describeSize(cookie),
    ['', `payload ${payload.length} bytes, JSON ${json} bytes`]
  ]))
  stdout.write(`\n${payloadBlock(data)}`)
  if (!isSessionData(data)) stdout.write('\nThe payload is not an object: as a session it is refused.\n')
  if (keys.length > 0) stdout.write(`\ncosts        in bytes of JSON\n${formatCosts(keys, json)}`)
}

/** The limit counts the whole header, which is not always at hand. */
function describeSize ({ value, headerSize }: FoundCookie): Row[] {
  const share = (bytes: number): string => `${bytes} bytes, ${Math.round(bytes / limit * 100)} % of ${limit}`
  return [
    ['size', `cookie value ${share(Buffer.byteLength(value))}`],
    ['', headerSize === undefined ? undefined : `Set-Cookie ${share(headerSize)}`],
    ['', value === unquote(value) ? undefined : 'in quotes, with which the plugin refuses it']
  ]
}

function formatCosts (keys: readonly KeyCost[], json: number): string {
  const lines = keys.slice(0, mostKeys).map(({ key, bytes }) => {
    const name = quote(key)
    return `${String(bytes).padStart(8)} ${String(Math.round(bytes / json * 100)).padStart(3)} %  ${name.length > 60 ? name.slice(0, 57) + '...' : name}\n`
  })
  const more = keys.length - mostKeys
  return lines.join('') + (more > 0 ? `         and ${more} more\n` : '')
}
