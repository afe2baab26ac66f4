/**
 * `inspect`: the content of a cookie, without a key.
 *
 * @module
 */

import { settings } from '../config/settings.ts'
import { digestBySignature } from '../formats/refusal.ts'
import { sealedTextLength } from '../formats/sealed.ts'
import { ageOf, judge } from '../interfaces/lifetime.ts'
import { isTooLong } from '../interfaces/session-text.ts'
import { NoneAlgorithm } from '../itsdangerous/algorithm.ts'
import { BadData, BadPayload } from '../itsdangerous/errors.ts'
import type { Timestamped } from '../itsdangerous/timestamp-signer.ts'
import { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { isPlainObject } from '../json/dict.ts'
import { sessionJSONSerializer } from '../json/session-serializer.ts'
import { exitCode } from './args.ts'
import type { Answer, Command } from './args.ts'
import { cookieHelp, foreignKindOf, readCookie, unquote } from './cookie.ts'
import type { FoundCookie } from './cookie.ts'
import { formatDuration, formatTime, isPermanent, payloadBlock, quote, rows } from './print.ts'
import type { Row } from './print.ts'

const limit = settings.MAX_COOKIE_SIZE.fallback
const lifetime = settings.PERMANENT_SESSION_LIFETIME.fallback
/** Keys whose cost is listed. */
const mostKeys = 20

export const inspect: Command = {
  summary: 'show the content of a cookie; needs no key and verifies nothing',
  usage: 'inspect [COOKIE] [OPTIONS]',
  about: [
    `Shows what a session cookie says: its data with Python's types, when it was
signed, what it costs. NOTHING IS VERIFIED: anybody can write such a cookie.`,
    cookieHelp,
    `"payload" in the JSON is the tagged JSON in the cookie, which sign takes. If it
has NaN or Infinity, which JSON lacks, it is null and "payloadText" has it.`,
    `A sealed session is recognised by its length: its data cannot be read without
its key (verify --sealed). Ids of sessions in a store, cookies of Starlette,
Django, @fastify/secure-session, express-session and iron-session, and JSON
Web Tokens, are recognised, but not read.`
  ],
  options: ['name'],
  examples: ["$0 inspect 'session=eyJ1c2V...; Path=/'", 'curl -si localhost:5000/login | $0 inspect'],
  async run (values, positionals, io) {
    const cookie = await readCookie(values, positionals, io)
    const value = unquote(cookie.value)
    const [, kind, about] = foreignKindOf(value) ?? []
    const { sizes, lines } = sizesOf(cookie)
    if (kind !== undefined) {
      const text = `This looks like a cookie of another kind: ${kind}\n${about}\n\n${rows(lines)}`
      return { code: exitCode.ok, text, fields: { verified: false, kind, about, sizes } }
    }
    try {
      return describeToken(value, { sizes, lines })
    } catch (error) {
      if (!(error instanceof BadData)) throw error
      const sealed = describeSealed(value, { sizes, lines })
      if (sealed !== undefined) return sealed
      const { code } = error
      const message = cookie.value === '' ? 'The cookie is empty, as one that is being deleted' : error.message
      const text = `Not a Flask session cookie: ${code}\n${message}\n`
      return { code: exitCode.refused, text, fields: { verified: false, kind: null, code, message, sizes } }
    }
  }
}

/** The sizes, for programs and for people. The limit is for the whole header, which is not always known. */
function sizesOf ({ value, headerSize }: FoundCookie): { sizes: object, lines: Row[] } {
  const size = Buffer.byteLength(value)
  const share = (bytes: number): string => `${bytes} bytes, ${Math.round(bytes / limit * 100)} % of ${limit}`
  const lines: Row[] = [
    ['size', `cookie value ${share(size)}`],
    ['', headerSize === undefined ? undefined : `Set-Cookie ${share(headerSize)}`],
    ['', value === unquote(value) ? undefined : 'in quotes, with which the plugin refuses it']
  ]
  return { sizes: { cookie: size, header: headerSize ?? null, limit }, lines }
}

/** Accepts an empty signature, so that a token can be read without a key. */
const unverified = new URLSafeTimedSerializer('', { signerOptions: { algorithm: new NoneAlgorithm() } })

function describeToken (token: string, { sizes, lines }: ReturnType<typeof sizesOf>): Answer {
  const end = token.lastIndexOf('.') + 1
  let text = ''
  const serializer = { loads: (json: string) => sessionJSONSerializer.loads(text = json) }
  const { value: data, dateSigned } = unverified.loadsWithTimestamp(token.slice(0, end), { serializer })
  if (isTooLong(text)) throw new BadPayload('The payload is too long')

  const { known, lines: signed } = signatureOf(token, dateSigned)
  const compressed = token.startsWith('.')
  const permanent = isPermanent(data)
  const payload = token.lastIndexOf('.', end - 2)
  const json = Buffer.byteLength(text)
  const keys = isPlainObject(data) ? keyCosts(text) : []
  const facts = rows([
    ...signed,
    ['permanent', permanent],
    ['compressed', compressed],
    ...lines,
    ['', `payload ${payload} bytes, JSON ${json} bytes`]
  ])
  return {
    code: exitCode.ok,
    text: 'NOT VERIFIED. This is what the cookie says; anybody can write such a cookie.\n\n' +
      `${facts}\n${payloadBlock(data)}` +
      (isPlainObject(data) ? '' : '\nThe payload is not an object: as a session it is refused.\n') +
      (keys.length === 0 ? '' : `\ncosts        in bytes of JSON\n${describeCosts(keys, json)}`),
    fields: {
      verified: false, kind: 'flask', ...known, compressed, permanent, sizes: { ...sizes, payload, json }, keys
    },
    payload: text
  }
}

/** The facts that a signature tells by itself, for programs and for people. */
function signatureOf (token: string, signedAt: Date): { known: object, lines: Row[] } {
  const age = ageOf(signedAt.getTime() / 1000)
  const isOld = judge(age, { maxAge: lifetime, clockTolerance: Infinity }) === 'expired'
  const digest = digestBySignature(token)
  const lines: Row[] = [
    ['signed at', formatTime(signedAt, age)],
    ['', isOld ? `over ${formatDuration(lifetime)}, the default of PERMANENT_SESSION_LIFETIME` : undefined],
    ['digest', digest && `${digest}, by the length of the signature`],
    ['digest', digest ? undefined : `none has a signature of ${token.length - token.lastIndexOf('.') - 1} characters`],
    ['', digest === 'sha1' ? "stock Flask's; for the plugin: digestMethod: 'sha1'" : undefined]
  ]
  return { known: { signedAt, age, digest: digest ?? null }, lines }
}

/** What a token says that may be sealed; `undefined` for a token that cannot be. */
function describeSealed (token: string, { sizes, lines }: ReturnType<typeof sizesOf>): Answer | undefined {
  const signed = tryUnsign(token.slice(0, token.lastIndexOf('.') + 1))
  const longest = signed && sealedTextLength(signed.value)
  if (signed === undefined || longest === undefined) return undefined
  const { known, lines: facts } = signatureOf(token, signed.dateSigned)
  const payload = signed.value.length
  const size: Row = ['', `payload ${payload} bytes, JSON at most ${longest} bytes`]
  return {
    code: exitCode.ok,
    text: 'NOT VERIFIED. This looks like a sealed session: nothing in it can be read without its key.\n' +
      `To read it: verify --sealed\n\n${rows([...facts, ...lines, size])}`,
    fields: { verified: false, kind: 'sealed', ...known, sizes: { ...sizes, payload, jsonAtMost: longest } }
  }
}

function tryUnsign (token: string): Timestamped<string> | undefined {
  try {
    return unverified.makeSigner().unsignWithTimestamp(token)
  } catch {
    return undefined
  }
}

function describeCosts (keys: ReturnType<typeof keyCosts>, total: number): string {
  const lines = keys.slice(0, mostKeys).map(({ key, bytes }) => {
    const share = String(Math.round(bytes / total * 100)).padStart(3)
    const name = quote(key).replace(/^(.{57}).{4,}$/, '$1...')
    return `${String(bytes).padStart(8)} ${share} %  ${name}\n`
  })
  return lines.join('') + (keys.length > mostKeys ? `         and ${keys.length - mostKeys} more\n` : '')
}

const jsonToken = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},]/g

/**
 * The costs of the keys of an object, the most expensive first. Braces and the commas between are not counted.
 *
 * Python writes every character that is not ASCII as \uXXXX, JavaScript does not, so the text itself is measured.
 *
 * @param json - valid JSON
 */
function keyCosts (json: string): Array<{ key: string, bytes: number }> {
  const costs: ReturnType<typeof keyCosts> = []
  let depth = 0
  let start = json.indexOf('{') + 1
  for (const { 0: token, index } of json.matchAll(jsonToken)) {
    if (token === '{' || token === '[') depth++
    if (token === '}' || token === ']') depth--
    if (depth > 1 || (depth === 1 && token !== ',')) continue
    const member = json.slice(start, index).trim()
    const [key] = member.match(jsonToken) ?? []
    if (key !== undefined) costs.push({ key: JSON.parse(key) as string, bytes: Buffer.byteLength(member) })
    start = index + 1
  }
  return costs.sort((a, b) => b.bytes - a.bytes)
}
