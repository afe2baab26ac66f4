/**
 * `keygen`, and the keys and options of the commands that sign and verify.
 *
 * @module
 */

import { createReadStream } from 'node:fs'
import { ConfigReader } from '../config/reader.ts'
import { parseSigningOptions } from '../config/signing-options.ts'
import type { SigningOptions } from '../config/signing-options.ts'
import { weaknessOf } from '../config/weak-keys.ts'
import { randomBytes } from '../crypto/secretbox.ts'
import type { TokenFormat } from '../formats/token-format.ts'
import { SecureCookieSessionInterface } from '../interfaces/cookie-sessions.ts'
import type { SessionApp } from '../interfaces/session-interface.ts'
import { base64Encode } from '../itsdangerous/encoding.ts'
import { DjangoSessionInterface } from '../peers/django.ts'
import { StarletteSessionInterface } from '../peers/starlette.ts'
import { exitCode, orUsageError, readAll, UsageError, wholeNumber } from './args.ts'
import type { Command, IO, Values } from './args.ts'

export const keygen: Command = {
  summary: 'make a secret key',
  usage: 'keygen [--bytes N] [--json]',
  about: [
    'Makes a secret key of random bytes, as base64url text, on standard output.',
    `The text itself is the key: Flask and the plugin take it as it is. To rotate,
put the previous key at the end of SECRET_KEY_FALLBACKS.`
  ],
  options: ['bytes'],
  examples: ['export SECRET_KEY=$($0 keygen)', '$0 keygen >> keys.txt   # the last line signs'],
  async run (values, positionals) {
    if (positionals.length > 0) throw new UsageError('keygen takes options only')
    const bytes = wholeNumber('--bytes', values.bytes ?? '32', 16, 1024)
    const key = base64Encode(randomBytes(bytes))
    return { code: exitCode.ok, text: `${key}\n`, fields: { key, bytes } }
  }
}

/** The options of the commands that sign and verify. */
export const signingOptions = ['key-file', 'digest', 'salt', 'key-derivation', 'sealed'] as const

/** The sources of keys, for a command's help. */
export const keysHelp = `Keys, never from an argument:
  SECRET_KEY     in the environment: signs and verifies
  SECRET_KEY_FALLBACKS
                 older keys that only verify, separated by commas, from the
                 oldest to the newest`

/** A session interface of the plugin, and the keys that it is given. */
export interface Signing {
  sessions: SecureCookieSessionInterface
  format: TokenFormat
  /** From the newest, with index 0, to the oldest. Named `newest` or `fallback 1`, of `SECRET_KEY` or `line 1`. */
  keys: ReadonlyArray<{ index: number, name: string, source: string }>
}

/** The session interface for each value of --peer. */
export const peers: ReadonlyMap<string, new () => SecureCookieSessionInterface> = new Map([
  ['starlette', StarletteSessionInterface], ['django', DjangoSessionInterface]
])

/** @throws {@link UsageError} for wrong options. */
function makeSessions (values: Values): SecureCookieSessionInterface {
  const { digest, salt, 'key-derivation': keyDerivation, sealed, peer } = values
  if (peer !== undefined) {
    const Peer = peers.get(peer)
    if (Peer === undefined) throw new UsageError(`--peer must be ${[...peers.keys()].join(' or ')}`)
    if ([digest, salt, keyDerivation, sealed].some((option) => option !== undefined)) {
      throw new UsageError('--peer takes none of --digest, --salt, --key-derivation and --sealed')
    }
    return new Peer()
  }
  const digestMethod = digest?.split(',').map((name) => name.trim())
  const options = { salt, keyDerivation, sealed: sealed ?? false, digestMethod } as SigningOptions
  const check = (option: SigningOptions, rule: string): unknown => orUsageError(() => parseSigningOptions(option), rule)
  check({ digestMethod: options.digestMethod }, '--digest must be of sha1, sha256, sha384, sha512')
  check({ salt }, '--salt must not be empty')
  check({ keyDerivation: options.keyDerivation }, '--key-derivation must be hmac, django-concat, concat or none')
  check(options, '--sealed needs a key derivation with a salt: not --key-derivation none')
  return new SecureCookieSessionInterface(options)
}

/** @throws {@link UsageError} for wrong options and keys, and without a key. A weak key gets a warning. */
export async function readSigning (values: Values, { env, stderr }: IO): Promise<Signing> {
  const sessions = makeSessions(values)
  const { 'key-file': file } = values
  const lines = file === undefined ? undefined : await readKeyFile(file)
  const keys = lines?.map(({ key }) => key)
  const given = keys === undefined ? env : { SECRET_KEY: keys.pop(), SECRET_KEY_FALLBACKS: keys }
  const { SECRET_KEY, SECRET_KEY_FALLBACKS } = given
  const config = orUsageError(() => new ConfigReader({}).read({ SECRET_KEY, SECRET_KEY_FALLBACKS }))
  const signing = sessions.getSigningSerializer({ config, sessionName: 'session' } as SessionApp)
  const missing = file === undefined ? 'set SECRET_KEY in the environment or use --key-file FILE' : 'the file is empty'
  if (SECRET_KEY === undefined || signing === undefined) throw new UsageError(`no key: ${missing}`)
  const weakness = weaknessOf(SECRET_KEY)
  if (weakness !== undefined) stderr.write(`warning: the secret key ${weakness}\n`)

  const older = config.SECRET_KEY_FALLBACKS.map((_, at) => `SECRET_KEY_FALLBACKS[${at}]`)
  const sources = lines?.map(({ source }) => source) ?? [...older, 'SECRET_KEY']
  const nameOf = (index: number): string => index === 0 ? 'newest' : `fallback ${index}`
  const format = sessions.makeFormat(signing)
  return { sessions, format, keys: sources.reverse().map((source, index) => ({ index, name: nameOf(index), source })) }
}

/** From the oldest to the newest. */
async function readKeyFile (file: string): Promise<Array<{ key: Buffer, source: string }>> {
  // In latin1 every byte is a character, so that no byte of a key is lost.
  const text = (await readAll(createReadStream(file), 'the key file')).toString('latin1')
  const lines = text.replace(/^\u00ef\u00bb\u00bf/, '').split(/\r?\n/)
  const keys = lines.map((line, at) => ({ key: Buffer.from(line, 'latin1'), source: `line ${at + 1}` }))
  return keys.filter(({ key }) => key.length > 0)
}
