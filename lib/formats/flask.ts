/**
 * Flask's format: ItsDangerous' `URLSafeTimedSerializer`. It compresses only tokens that would not fit otherwise.
 *
 * @module
 */

import { deflateSync } from 'node:zlib'
import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { resolveDigest } from '../crypto/digest.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { verifiedToken } from './token-format.ts'
import type { DecodedToken, TokenFormat } from './token-format.ts'

/** Lets the signing serializer sign and return text that is already JSON. */
export const asText: DataSerializer = { dumps: String, loads: (text) => text }

/** Bytes of the beginning that are tried first; then four times as many. */
const firstSample = 16_384
/** What the end of a sample, and codes of its own, may take more than the same text takes within the whole. */
const margin = 1024

/**
 * Whether text may fit when it is compressed. That takes long for a long text that repeats itself a little, and its
 * beginning alone may tell that the whole does not fit.
 *
 * @param bytes - the length of what does not fit
 */
function mayFit (json: string, bytes: number): boolean {
  for (let length = firstSample; length < json.length; length *= 4) {
    if (deflateSync(json.slice(0, length)).length > bytes + margin) return false
  }
  return true
}

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

  encode (json: string, room: number = Infinity, isLimit = false): string {
    const tooLarge = Math.max(0, Math.floor((room - this.#tailLength) * 3 / 4) + 1)
    const isHopeless = isLimit && !mayFit(json, tooLarge)
    const compressFrom = isHopeless ? Infinity : Math.min(tooLarge, this.#signing.compressFrom)
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
