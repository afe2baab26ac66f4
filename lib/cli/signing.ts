/**
 * The options of the commands that need a key.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import type { DigestName } from '../itsdangerous/digest.ts'
import type { KeyDerivation } from '../itsdangerous/signer.ts'
import { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import type { KeyLike } from '../../types/config.ts'
import { weaknessOf } from '../weak-keys.ts'
import { UsageError } from './io.ts'
import type { IO } from './io.ts'
import { asText, digestNames } from './token.ts'

/** For {@link parse}. */
export const signingOptions = {
  'key-file': { type: 'string' },
  digest: { type: 'string' },
  salt: { type: 'string' },
  'key-derivation': { type: 'string' }
} as const

/** Of {@link signingOptions}, for a command's help. */
export const signingHelp = `  --key-file FILE
                 the keys, one a line, from the OLDEST to the NEWEST: the last
                 line signs, all verify. (ItsDangerous' order: a file with the
                 newest key first would sign with the oldest.) A line is a key
                 as it is, spaces included; empty lines are passed over.
                 Goes before the environment
  --digest NAME  sha1 (stock Flask), sha256, sha384 or sha512; default sha512;
                 several with commas: the first signs, each verifies
  --salt TEXT    default cookie-session; for a session of the plugin that has
                 another name than session: cookie-session.NAME
  --key-derivation NAME
                 hmac, django-concat, concat or none; default hmac`

/** Where keys come from, for a command's help. */
export const keysHelp = `Keys, never from an argument:
  SECRET_KEY     in the environment: signs and verifies
  SECRET_KEY_FALLBACKS
                 older keys that only verify, separated by commas, from the
                 oldest to the newest`

/** A key, and what to call it without showing it. */
export interface NamedKey {
  bytes: KeyLike
  /** 0 for the newest. */
  index: number
  /** `newest`, `fallback 1` and so on towards older ones. */
  name: string
  /** `SECRET_KEY`, `SECRET_KEY_FALLBACKS[0]` or `line 1`. */
  source: string
}

/** How to sign and verify. */
export interface Signing {
  /** From the newest to the oldest. */
  keys: readonly [newest: NamedKey, ...older: NamedKey[]]
  /** The first signs. */
  digests: readonly [first: DigestName, ...more: DigestName[]]
  salt: string
  keyDerivation: KeyDerivation
}

type Values = Partial<Record<keyof typeof signingOptions, string>>

/**
 * Reads and checks keys and options. A newest key that protects nothing gets a warning.
 *
 * @throws {@link UsageError} for wrong ones, and without a key.
 */
export function readSigning (values: Values, { env, stderr }: Pick<IO, 'env' | 'stderr'>): Signing {
  const digests = readDigests(values.digest ?? 'sha512')
  const { salt = 'cookie-session', 'key-derivation': keyDerivation = 'hmac', 'key-file': file } = values
  if (salt === '') throw new UsageError('--salt must not be empty')
  if (!isKeyDerivation(keyDerivation)) throw new UsageError('--key-derivation must be hmac, django-concat, concat or none')
  const [newest, ...older] = file === undefined ? keysOfEnvironment(env) : keysOfFile(file)
  if (newest === undefined) throw new UsageError(file === undefined ? 'no key: set SECRET_KEY in the environment or use --key-file FILE' : 'no key: the file is empty')
  const weakness = weaknessOf(newest.bytes)
  if (weakness !== undefined) stderr.write(`warning: the secret key ${weakness}\n`)
  return { keys: [newest, ...older], digests, salt, keyDerivation }
}

/** What signs and verifies with one key and one digest. It takes and gives JSON text. */
export function serializerOf ({ salt, keyDerivation }: Signing, key: NamedKey, digestMethod: DigestName): URLSafeTimedSerializer {
  return new URLSafeTimedSerializer(key.bytes, { salt, serializer: asText, signerOptions: { keyDerivation, digestMethod } })
}

function readDigests (text: string): Signing['digests'] {
  const [first, ...more] = text.split(',').map((word) => {
    const digest = digestNames.find((name) => name === word.trim())
    if (digest === undefined) throw new UsageError(`--digest must be of ${digestNames.join(', ')}`)
    return digest
  })
  return [first as DigestName, ...more]
}

function isKeyDerivation (word: string): word is KeyDerivation {
  return ['hmac', 'django-concat', 'concat', 'none'].includes(word)
}

function keysOfEnvironment ({ SECRET_KEY: newest = '', SECRET_KEY_FALLBACKS: text = '' }: IO['env']): NamedKey[] {
  if (newest === '') return []
  const fallbacks = text === '' ? [] : text.split(',')
  if (fallbacks.includes('')) throw new UsageError('SECRET_KEY_FALLBACKS has an empty key in it')
  const older = fallbacks.map((bytes, at) => ({ bytes, source: `SECRET_KEY_FALLBACKS[${at}]` }))
  return named([...older, { bytes: newest, source: 'SECRET_KEY' }])
}

function keysOfFile (file: string): NamedKey[] {
  let text: string
  try {
    // As latin1 every byte is a character, so that no byte of a key is lost.
    text = readFileSync(file, 'latin1')
  } catch (error) {
    throw new UsageError(`the key file cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  const byteOrderMark = '\u00ef\u00bb\u00bf'
  const lines = text.slice(text.startsWith(byteOrderMark) ? 3 : 0).split(/\r?\n/)
  const keys = lines.map((line, at) => ({ bytes: Buffer.from(line, 'latin1'), source: `line ${at + 1}` }))
  return named(keys.filter(({ bytes }) => bytes.length > 0))
}

/** @param keys - from the oldest to the newest; the result is the other way round */
function named (keys: Array<Pick<NamedKey, 'bytes' | 'source'>>): NamedKey[] {
  return keys.reverse().map((key, index) => ({ ...key, index, name: index === 0 ? 'newest' : `fallback ${index}` }))
}
