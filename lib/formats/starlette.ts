/**
 * Starlette's format: ItsDangerous' `TimestampSigner` over standard base64.
 *
 * @module
 * @see {@link https://github.com/Kludex/starlette/blob/main/starlette/middleware/sessions.py}
 */

import { Buffer } from 'node:buffer'
import { utf8 } from '../itsdangerous/encoding.ts'
import type { TimestampSigner } from '../itsdangerous/timestamp-signer.ts'
import { badSignature, verifiedToken } from './token-format.ts'
import type { DecodedToken, TokenFormat } from './token-format.ts'

/** Tokens of `SessionMiddleware`. They are never compressed. */
export class StarletteFormat implements TokenFormat {
  readonly #signer: TimestampSigner

  constructor (signer: TimestampSigner) {
    this.#signer = signer
  }

  encode (json: string): string {
    return this.#signer.sign(Buffer.from(json).toString('base64'))
  }

  decode (token: string): DecodedToken {
    const verification = this.#signer.verify(token)
    // The kind of refusal would lead to advice about digests, of which this format has only one.
    if (!verification.ok) return badSignature
    const { key } = verification
    const signedAt = Number(verification.timestamp)
    try {
      return verifiedToken(decodeText(String(verification.value)), signedAt, key)
    } catch (error) {
      return { ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', message: (error as Error).message, signedAt, key }
    }
  }
}

/** The text behind padded base64. Refuses other characters: Python skips them when it reads, but never writes any. */
function decodeText (payload: string): string {
  const bytes = Buffer.from(payload, 'base64')
  if (bytes.toString('base64') !== payload) throw new RangeError('The payload is not base64')
  return utf8.decode(bytes)
}
