/**
 * Cookies that @fastify/secure-session made, for applications that move from there to here.
 *
 * @module
 * @see {@link https://github.com/fastify/fastify-secure-session}
 */

import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import { openSecretBox } from '../itsdangerous/digest.ts'
import type { Dict } from '../json/dict.ts'
import { sessionJSONSerializer } from './secure-cookie-session.ts'
import type { OpenedSession } from './tracked-data.ts'

/** How @fastify/secure-session was set up. */
export interface SecureSessionKeys {
  /** Its option `key`: 32 bytes, as bytes or base64 text, or several of which each opens. */
  key: string | Uint8Array | ReadonlyArray<string | Uint8Array>
  /** Its option `expiry`, in seconds. @defaultValue `86401` */
  expiry?: number | undefined
}

/** The text is `box;nonce`, both base64, percent-encoded by the `cookie` package, unless a parser decoded it. */
const separator = /%3B|;/i

/** Opens such cookies: a `crypto_secretbox` of JSON with the time `__ts`. */
export class SecureSessionCookies {
  readonly #keys: readonly Uint8Array[]
  readonly #expiry: number

  /** @throws `FST_SESSION_INVALID_CONFIG` for keys of another length. */
  constructor ({ key, expiry = 86_401 }: SecureSessionKeys) {
    const keys = typeof key === 'string' || key instanceof Uint8Array ? [key] : [...key]
    this.#keys = keys.map((each) => Buffer.from(each as string, 'base64'))
    this.#expiry = expiry
    if (this.#keys.length === 0 || this.#keys.some(({ length }) => length !== 32)) {
      throw new FST_SESSION_INVALID_CONFIG('readSecureSession.key', '32 bytes or their base64 text, or a list of such keys', 'other lengths')
    }
    if (!Number.isFinite(expiry)) throw new FST_SESSION_INVALID_CONFIG('readSecureSession.expiry', 'a number of seconds', typeof expiry)
  }

  /** The data, to be saved as a cookie of ours; `undefined` when the cookie is none of theirs, refused or too old. */
  open (cookie: string): OpenedSession | undefined {
    const [box, nonce, more] = cookie.split(separator, 3).map(bytesOf)
    if (box === undefined || nonce === undefined || more !== undefined) return undefined
    for (const key of this.#keys) {
      const message = openSecretBox(box, nonce, key)
      if (message !== undefined) return this.#read(message.toString())
    }
    return undefined
  }

  #read (text: string): OpenedSession | undefined {
    const { __ts: signedAt, ...data } = JSON.parse(text) as Dict
    if (typeof signedAt !== 'number' || signedAt + this.#expiry <= Date.now() / 1000) return undefined
    return { data, text: sessionJSONSerializer.dumps(data), isShared: false, isForeign: true }
  }
}

function bytesOf (text: string): Buffer {
  return Buffer.from(text.replace(/%(2B|2F|3D)/gi, (escape) => decodeURIComponent(escape)), 'base64')
}
