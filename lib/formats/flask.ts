/**
 * Flask's format: ItsDangerous' `URLSafeTimedSerializer`. It compresses only tokens that would not fit otherwise.
 *
 * @module
 */

import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { resolveDigest } from '../crypto/digest.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { verifiedToken } from './token-format.ts'
import type { DecodedToken, TokenFormat } from './token-format.ts'

/** Lets the signing serializer sign and return text that is already JSON. */
export const asText: DataSerializer = { dumps: String, loads: (text) => text }

/** Tokens of a signing serializer. Its data serializer is not used, because a format handles JSON text. */
export class FlaskFormat implements TokenFormat {
  readonly #signing: URLSafeTimedSerializer
  /** Characters after the payload: a timestamp and a signature. */
  readonly #tailLength: number

  constructor (signing: URLSafeTimedSerializer) {
    this.#signing = signing
    const { digestLength } = resolveDigest(signing.signerOptions.digestMethod ?? 'sha1')
    this.#tailLength = '.xxxxxx.'.length + Math.ceil(digestLength * 4 / 3)
  }

  encode (json: string, room: number = Infinity): string {
    const tooLarge = Math.max(0, Math.floor((room - this.#tailLength) * 3 / 4) + 1)
    const compressFrom = Math.min(tooLarge, this.#signing.compressFrom)
    return this.#signing.dumps(json, { serializer: asText, compressFrom })
  }

  decode (token: string): DecodedToken {
    const verification = this.#signing.verify(token)
    if (!verification.ok) return { ok: false, code: verification.code, message: verification.message }
    const { key } = verification
    const signedAt = Number(verification.timestamp)
    try {
      const json = this.#signing.loadPayload(verification.value, asText) as string
      return verifiedToken(json, signedAt, key)
    } catch (error) {
      return { ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', message: (error as Error).message, signedAt, key }
    }
  }
}
