/**
 * `sign`: a cookie of one's own.
 *
 * @module
 */

import { setOwn } from '../json/dict.ts'
import { TaggedJSONSerializer } from '../json/tagged-json-serializer.ts'
import { maxPayloadLength } from '../itsdangerous/url-safe.ts'
import { argumentOrInput, parse } from './command.ts'
import type { Command } from './command.ts'
import { fine, UsageError } from './io.ts'
import { writeJSON } from './report.ts'
import { keysHelp, readSigning, serializerOf, signingHelp, signingOptions } from './signing.ts'
import { isPermanent, isSessionData, readJSON } from './token.ts'

/** Bytes that browsers take of a Set-Cookie value, name and attributes included. */
const limit = 4093

export const sign: Command = {
  summary: 'make a signed cookie value of JSON',
  help: `Makes the value of a session cookie, signed now, of a JSON object.

Usage: npx fastify-secure-cookie-session sign [JSON] [OPTIONS]

Without JSON, or for -, standard input is read. Python's types are written as
Flask tags them, which is what inspect --json shows:
  {" d": "Tue, 14 Nov 2023 22:13:20 GMT"} datetime     {" t": [1, 2]} tuple
  {" b": "base64"} bytes     {" m": "html"} Markup     {" u": "hex"} UUID

${keysHelp}

Options:
${signingHelp}
  --permanent    make the session permanent (its key _permanent)
  --json         the answer as one line of JSON; the value is "cookie"

Examples:
  SECRET_KEY=$KEY npx fastify-secure-cookie-session sign '{"user_id":42}'
  npx fastify-secure-cookie-session sign --key-file keys.txt < data.json
`,
  async run (args, io) {
    const { values, positionals } = parse(args, { ...signingOptions, permanent: { type: 'boolean' } })
    const signing = readSigning(values, io)
    const text = textToSign(await argumentOrInput(positionals, 'JSON', io), values.permanent === true)
    const { keys: [key], digests: [digest] } = signing
    const cookie = serializerOf(signing, key, digest).dumps(text)
    const { stdout, stderr } = io
    if (cookie.length > limit) stderr.write(`warning: ${cookie.length} bytes; browsers drop cookies over ${limit}, name and attributes included\n`)
    if (values.json === true) {
      writeJSON(stdout, { cookie, bytes: cookie.length, digest, key: { index: key.index, name: key.name, source: key.source }, permanent: isPermanent(readJSON(text)) })
    } else {
      stdout.write(`${cookie}\n`)
    }
    return fine
  }
}

/** The data as the plugin would write it. */
function textToSign (json: string, permanent: boolean): string {
  const serializer = new TaggedJSONSerializer()
  let data: unknown
  try {
    data = serializer.loads(json)
  } catch {
    throw new UsageError('the session must be JSON, and tagged values of their kind')
  }
  if (!isSessionData(data)) throw new UsageError('the session must be a JSON object')
  if (permanent) setOwn(data, '_permanent', true)
  const text = serializer.dumps(data)
  if (Buffer.byteLength(text) > maxPayloadLength) throw new UsageError(`the session must have at most ${maxPayloadLength} bytes of JSON`)
  return text
}
