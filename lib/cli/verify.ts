/**
 * `verify`: whether a cookie is accepted, and which key signed it.
 *
 * @module
 */

import type { DigestName } from '../itsdangerous/digest.ts'
import { BadData, BadPayload, SignatureExpired } from '../itsdangerous/errors.ts'
import type { Dict } from '../json/dict.ts'
import { argumentOrInput, parse, wholeNumber } from './command.ts'
import type { Command } from './command.ts'
import { findCookie, unquote } from './cookie-input.ts'
import { foreignKindOf } from './foreign.ts'
import { fine, refused } from './io.ts'
import { payloadBlock, rows, wrap, writeJSON } from './report.ts'
import { keysHelp, readSigning, serializerOf, signingHelp, signingOptions } from './signing.ts'
import type { NamedKey, Signing } from './signing.ts'
import { ageOf, formatAge, formatDate } from './times.ts'
import { digestOf, isPermanent, isSessionData, readJSON } from './token.ts'

/** Seconds that a cookie may come from the future: the plugin's default. */
const clockTolerance = 5

export const verify: Command = {
  summary: 'tell whether a cookie is accepted, and which key signed it',
  help: `Tells whether the plugin would accept a cookie: its signature, age and content,
and which of the keys signed it.

Usage: npx fastify-secure-cookie-session verify [COOKIE] [OPTIONS]

COOKIE is the cookie's value, or a whole Cookie or Set-Cookie header, or all the
headers of a response. Without it, or for -, standard input is read.

${keysHelp}

Options:
${signingHelp}
  --max-age SECONDS
                 the greatest age that passes; default 2678400 (31 days); up to
                 5 seconds from the future pass, too
  --name NAME    the cookie's name in a header; default session, or the only one
  --json         the answer as one line of JSON

Examples:
  SECRET_KEY=$KEY npx fastify-secure-cookie-session verify 'eyJ1c2V...'
  npx fastify-secure-cookie-session verify --key-file keys.txt --digest sha1 \\
    'session=eyJ1c2V...; Path=/'
`,
  async run (args, io) {
    const { values, positionals } = parse(args, { ...signingOptions, 'max-age': { type: 'string' }, name: { type: 'string' } })
    const maxAge = wholeNumber('--max-age', values['max-age'] ?? '2678400', 0, 3_155_760_000)
    const signing = readSigning(values, io)
    const { value } = findCookie(await argumentOrInput(positionals, 'COOKIE', io), values.name)
    const verdict = judge(value, signing, maxAge)
    const { stdout } = io
    if (values.json === true) {
      writeJSON(stdout, fieldsOf(verdict), verdict.text)
    } else {
      stdout.write(describe(verdict))
    }
    return verdict.valid ? fine : refused
  }
}

/** What is known of a cookie once its signature was looked at. */
interface Verdict {
  valid: boolean
  /** What signed it; `undefined` when no key did. */
  key?: NamedKey
  digest?: DigestName
  dateSigned?: Date | undefined
  /** The JSON text, and the data in it. */
  text?: string
  data?: Dict
  /** Why it is refused. */
  code?: string
  message?: string
  hint?: string | undefined
}

/** Tries each digest with each key, the newest first. Only a refused signature leads to the next one. */
function judge (cookie: string, signing: Signing, maxAge: number): Verdict {
  let refusal: Verdict = { valid: false }
  for (const digest of signing.digests) {
    for (const key of signing.keys) {
      try {
        const { value, dateSigned } = serializerOf(signing, key, digest).loadsWithTimestamp(cookie, { maxAge, clockTolerance })
        const text = value as string
        return { valid: true, key, digest, dateSigned, text, data: readSession(text) }
      } catch (error) {
        if (!(error instanceof BadData)) throw error
        const { code, message } = error
        if (error instanceof BadPayload) return { valid: false, code, message, key, digest }
        if (error instanceof SignatureExpired) return { valid: false, code, message, key, digest, dateSigned: error.dateSigned }
        refusal = { valid: false, code, message, hint: hintFor(cookie, signing) }
      }
    }
  }
  return refusal
}

/** As the plugin: what is no object is no session. */
function readSession (text: string): Dict {
  const data = readJSON(text)
  if (!isSessionData(data)) throw new BadPayload('The payload is not an object')
  return data
}

function hintFor (cookie: string, { digests, keys }: Signing): string | undefined {
  if (cookie !== unquote(cookie)) return 'the value is in quotes, which the plugin takes for a part of it'
  const kind = foreignKindOf(cookie)
  if (kind !== undefined) return `this looks like a cookie of another kind: ${kind.name}`
  const digest = digestOf(cookie.slice(cookie.lastIndexOf('.') + 1))
  if (digest === undefined) return undefined
  if (!digests.includes(digest)) {
    return `the signature has the length of ${digest}${digest === 'sha1' ? ', which stock Flask uses' : ''}: try --digest ${digest}`
  }
  const what = keys.length === 1 ? 'another key' : `a key that is none of these ${keys.length}`
  return `the digest fits, so the cookie was changed, or signed with ${what}, another --salt or another --key-derivation`
}

function describe ({ valid, key, digest, dateSigned, data, code, message, hint }: Verdict): string {
  const head = valid ? 'VALID\n\n' : `REFUSED: ${code}\n${message}\n`
  const facts = rows([
    ['signed by', key && `${key.name} key (${key.source})`],
    ['digest', digest],
    ['signed at', dateSigned && `${formatDate(dateSigned)} (${formatAge(ageOf(dateSigned))})`],
    ['permanent', data && (isPermanent(data) ? 'yes' : 'no')]
  ])
  const gap = valid || facts === '' ? '' : '\n'
  return head + gap + facts + (data === undefined ? '' : `\n${payloadBlock(data)}`) + (hint === undefined ? '' : wrap(`hint: ${hint}`))
}

/** What is undefined is left out of the JSON. */
function fieldsOf ({ valid, key, digest, dateSigned, data, code, message, hint }: Verdict): Record<string, unknown> {
  return {
    valid,
    code,
    message,
    hint,
    key: key && { index: key.index, name: key.name, source: key.source },
    digest,
    signedAt: dateSigned,
    age: dateSigned && ageOf(dateSigned),
    permanent: data && isPermanent(data)
  }
}
