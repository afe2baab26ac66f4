/**
 * Reads cookies of @fastify/secure-session, for applications that move from there.
 *
 * @module
 * @see {@link https://github.com/fastify/fastify-secure-session}
 */

import { isBytes } from '../config/checks.ts'
import type { SecureSessionKeys } from '../config/signing-options.ts'
import { openSecretBox } from '../crypto/secretbox.ts'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import type { Dict } from '../json/dict.ts'
import { badSignature, verifiedToken } from './token-format.ts'
import type { DecodedToken } from './token-format.ts'

/** The text is `box;nonce`, both base64, percent-encoded by the `cookie` package unless a parser decoded it. */
const separator = /%3B|;/i

/** The checked keys and lifetime of such cookies. */
export interface SecureSessionSetup {
  readonly keys: readonly Uint8Array[]
  /** Seconds. */
  readonly expiry: number
}

/** @throws `FST_SESSION_INVALID_CONFIG` for keys of another length, and for an expiry that is not a number. */
export function secureSessionSetup ({ key, expiry = 86_401 }: SecureSessionKeys): SecureSessionSetup {
  const given = typeof key === 'string' || isBytes(key) ? [key] : [...key]
  const keys = given.map((each) => Buffer.from(each as string, 'base64'))
  if (keys.length === 0 || keys.some(({ length }) => length !== 32)) {
    const expects = '32 bytes or their base64 text, or a list of such keys'
    throw new FST_SESSION_INVALID_CONFIG('readSecureSession.key', expects, 'other lengths')
  }
  if (Number.isFinite(expiry)) return { keys, expiry }
  throw new FST_SESSION_INVALID_CONFIG('readSecureSession.expiry', 'a number of seconds', typeof expiry)
}

/** Opens such cookies: a `crypto_secretbox` of JSON with the time `__ts`. */
export class SecureSessionFormat {
  readonly #setup: SecureSessionSetup
  readonly #serializer: DataSerializer

  /** @param serializer - reads the JSON text that {@link decode} returns */
  constructor (setup: SecureSessionSetup, serializer: DataSerializer) {
    this.#setup = setup
    this.#serializer = serializer
  }

  /** The JSON text of a cookie that a key opens, without its time. */
  decode (cookie: string): DecodedToken {
    const [box, nonce, more] = cookie.split(separator, 3).map(bytesOf)
    if (box === undefined || nonce === undefined || more !== undefined) return badSignature
    for (const [key, bytes] of this.#setup.keys.entries()) {
      const message = openSecretBox(box, nonce, bytes)
      if (message === undefined) continue
      return this.#read(message.toString(), key, `${box.toString('base64')};${nonce.toString('base64')}`)
    }
    return badSignature
  }

  #read (text: string, key: number, spelling: string): DecodedToken {
    try {
      const { __ts: signedAt, ...data } = JSON.parse(text) as Dict
      if (typeof signedAt !== 'number') return badSignature
      const json = this.#serializer.dumps(data)
      // @fastify/secure-session accepts cookies younger than `expiry`; ages are whole seconds here.
      return verifiedToken(json, Math.floor(signedAt), key, this.#setup.expiry - 1, spelling)
    } catch {
      return { ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', signedAt: Math.floor(Date.now() / 1000), key }
    }
  }
}

function bytesOf (text: string): Buffer {
  return Buffer.from(text.replace(/%(2B|2F|3D)/gi, (escape) => decodeURIComponent(escape)), 'base64')
}
