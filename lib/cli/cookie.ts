/**
 * Finds the session cookie in the input, and recognises cookies that are not Flask's.
 *
 * @module
 */

import { readCookies } from '../cookie/read.ts'
import { argumentOrInput, UsageError } from './args.ts'
import type { IO, Values } from './args.ts'
import { quote } from './print.ts'

/** A cookie's value, and the Set-Cookie header that it came in. */
export interface FoundCookie {
  /** With any quotes around it, which the plugin treats as part of the value. */
  value: string
  /** Bytes of the whole Set-Cookie value, if there was one. */
  headerSize: number | undefined
}

/** The forms of the argument COOKIE, for the help of a command. */
export const cookieHelp = `COOKIE is the cookie's value, or a whole Cookie or Set-Cookie header, or all the
headers of a response. Without it, or for -, standard input is read.`

/** Reads the cookie that a command is called with. The usual name is taken where there are several. */
export async function readCookie (
  values: Values, positionals: readonly string[], io: IO, usualName?: string
): Promise<FoundCookie> {
  return findCookie(await argumentOrInput(positionals, 'COOKIE', io), values.name, usualName)
}

const headerName = /^(?:[<>] )?(?:set-)?cookie:/i
const attribute = /^(?:path|domain|expires|max-age|samesite|httponly|secure|partitioned)$/i
/** Names that an error message lists. */
const mostNames = 10

/**
 * Finds the cookie in its bare value, a header, or the headers that curl shows.
 *
 * @param name - of the cookie; without it the usual one, or the only one there is
 * @throws {@link UsageError} when there are only others; the message has their names.
 */
export function findCookie (input: string, name?: string, usualName = 'session'): FoundCookie {
  if (name === '') throw new UsageError('--name must not be empty')
  const lines = input.trim().split(/\r?\n/)
  const named = lines.filter((line) => headerName.test(line))
  const headers = (named.length > 0 ? named : lines.slice(0, 1)).map((line) => line.replace(headerName, '').trim())
  const bare = unquote(headers[0] as string)
  // A value of @fastify/secure-session has a semicolon, and may have an equals sign, in it.
  const isBare = named.length === 0 && (!bare.includes('=') || foreignKindOf(bare) !== undefined)
  if (isBare) return { value: bare, headerSize: undefined }

  const names = [...new Set(headers.flatMap(namesIn).filter((word) => word !== '' && !attribute.test(word)))]
  const wanted = name ?? (names.length === 1 ? names[0] as string : usualName)
  for (const header of headers) {
    const [value] = readCookies(header, wanted)
    const isSetCookie = namesIn(header).slice(1).some((word) => attribute.test(word))
    if (value !== undefined) return { value, headerSize: isSetCookie ? Buffer.byteLength(header) : undefined }
  }
  const others = names.slice(0, mostNames).map(quote).join(', ')
  throw new UsageError(`there is no cookie named ${quote(wanted)}${others && `, but ${others}: choose with --name`}`)
}

/** The names of the pairs in a header, attributes included. */
function namesIn (header: string): string[] {
  return header.split(';').map((pair) => (pair.split('=', 1)[0] as string).trim())
}

/** The value without quotes around it. */
export function unquote (value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1) : value
}

/** A kind of cookie that other packages make, and a sentence about it. */
export type ForeignKind = readonly [looks: Pick<RegExp, 'test'>, name: string, about: string]

const foreignKinds: readonly ForeignKind[] = [
  // The box, which is 16 bytes longer than its JSON, and a nonce of 24 bytes; percent-encoded or not.
  [/^(?:[\w+/-]|%2[BF]){24,}(?:=|%3D){0,2}(?:;|%3B)(?:[\w+/-]|%2[BF]){32}$/i, '@fastify/secure-session',
    'It is encrypted (crypto_secretbox): nothing in it can be read without its key.'],
  [/^Fe26\.2\*/, 'iron-session', 'It is encrypted (iron): nothing in it can be read without its password.'],
  [/^s(?::|%3A)/i, 'express-session', 'It holds a signed session id: the data is in a store on the server.'],
  // In place of its claims, Flask has a timestamp of a few characters.
  [/^eyJ[\w-]+\.[\w-]{12,}\./, 'JSON Web Token',
    'It has the same three parts, but they are header, claims and signature.'],
  [{ test: isStarlette }, 'Starlette', 'It is base64 of JSON, signed. To see and check it: verify --peer starlette'],
  [/^\.?[\w-]+:-?[0-9A-Za-z]{1,8}:[\w-]{43}$/, 'Django',
    'It is base64url of JSON, signed by signed_cookies. To see and check it: verify --peer django'],
  [/^[\w-]{43}$/, 'an id of a session in a store',
    'It holds a session id: the data is in a store on the server, under this id.'],
  // 27 characters are a SHA-1 signature. A token of Flask has a timestamp in between.
  [/^[\w-]{43}\.[\w-]{27}$/, 'Flask-Session, with SESSION_USE_SIGNER',
    'It holds a signed session id: the data is in a store on the server, under the id before the dot.']
]

/** Flask's base64 has no padding, and its JSON no spaces. */
function isStarlette (value: string): boolean {
  const [, payload = ''] = /^([A-Za-z0-9+/]+={0,2})\.[\w-]{6}\.[\w-]{27}$/.exec(value) ?? []
  return payload.length % 4 === 0 && /^\{"(?:[^"\\]|\\.)*": /.test(Buffer.from(payload, 'base64').toString())
}

/** The kind that the value looks like; `undefined` for Flask's and all others. */
export function foreignKindOf (value: string): ForeignKind | undefined {
  return foreignKinds.find(([looks]) => looks.test(value))
}
