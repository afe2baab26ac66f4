/**
 * `sign`: makes a session cookie.
 *
 * @module
 */

import { settings } from '../config/settings.ts'
import { digestBySignature } from '../formats/refusal.ts'
import { dumpSession } from '../interfaces/session-text.ts'
import { maxPayloadLength } from '../itsdangerous/url-safe.ts'
import { isPlainObject, setOwn } from '../json/dict.ts'
import { argumentOrInput, exitCode, orUsageError, UsageError } from './args.ts'
import type { Command } from './args.ts'
import { keysHelp, readSigning, signingOptions } from './keys.ts'
import { isPermanent } from './print.ts'

const limit = settings.MAX_COOKIE_SIZE.fallback

export const sign: Command = {
  summary: 'make a signed or sealed cookie value from JSON',
  usage: 'sign [JSON] [OPTIONS]',
  about: [
    'Makes the value of a session cookie, signed now, from a JSON object.',
    `Without JSON, or for -, standard input is read. Python's types are written as
Flask tags them, which is what inspect --json shows:
  {" d": "Tue, 14 Nov 2023 22:13:20 GMT"} datetime     {" t": [1, 2]} tuple
  {" b": "base64"} bytes     {" m": "html"} Markup     {" u": "hex"} UUID`,
    keysHelp
  ],
  options: [...signingOptions, 'permanent'],
  examples: ["SECRET_KEY=$KEY $0 sign '{\"user_id\":42}'", '$0 sign --key-file keys.txt < data.json'],
  async run (values, positionals, io) {
    const { sessions: { serializer }, format, keys: [key] } = await readSigning(values, io)
    const input = await argumentOrInput(positionals, 'JSON', io)
    const notJSON = 'the session must be JSON, and tagged values of their kind'
    const data: unknown = orUsageError(() => serializer.loads(input), notJSON)
    if (!isPlainObject(data)) throw new UsageError('the session must be a JSON object')
    if (values.permanent === true) setOwn(data, '_permanent', true)
    const tooLong = `the session must have at most ${maxPayloadLength} bytes of JSON`
    const json = orUsageError(() => dumpSession(serializer, data, input), tooLong)
    // Compressed if that makes it shorter, as Flask does; a sealed session never is.
    const cookie = format.encode(json, 0)
    const { length: bytes } = cookie
    const warning = `warning: ${bytes} bytes; browsers drop cookies over ${limit}, name and attributes included\n`
    if (bytes > limit) io.stderr.write(warning)
    const fields = { cookie, bytes, digest: digestBySignature(cookie), key, permanent: isPermanent(data) }
    return { code: exitCode.ok, text: `${cookie}\n`, fields }
  }
}
