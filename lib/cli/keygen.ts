/**
 * `keygen`: a new secret key.
 *
 * @module
 */

import { base64Encode } from '../itsdangerous/encoding.ts'
import { parse, wholeNumber } from './command.ts'
import type { Command } from './command.ts'
import { fine, UsageError } from './io.ts'

export const keygen: Command = {
  summary: 'make a secret key',
  help: `Makes a secret key of random bytes, as base64url text, on standard output.

Usage: npx fastify-secure-cookie-session keygen [--bytes N] [--json]

Options:
  --bytes N      from 16 to 1024 bytes; default 32
  --json         {"key": text, "bytes": number}

The text itself is the key: Flask and the plugin take it as it is. To rotate,
put the key before at the end of SECRET_KEY_FALLBACKS.

Examples:
  export SECRET_KEY=$(npx fastify-secure-cookie-session keygen)
  npx fastify-secure-cookie-session keygen >> keys.txt   # the last line signs
`,
  async run (args, io) {
    const { values, positionals } = parse(args, { bytes: { type: 'string' } })
    if (positionals.length > 0) throw new UsageError('keygen takes options only')
    const bytes = wholeNumber('--bytes', values.bytes ?? '32', 16, 1024)
    const key = base64Encode(crypto.getRandomValues(new Uint8Array(bytes)))
    io.stdout.write(`${values.json === true ? JSON.stringify({ key, bytes }) : key}\n`)
    return fine
  }
}
