/**
 * Django's format: `TimestampSigner` of `django.core.signing`, with the data as ItsDangerous' URL-safe payload.
 *
 * @module
 * @see {@link https://github.com/django/django/blob/main/django/core/signing.py}
 */

import { rsplit } from '../itsdangerous/rsplit.ts'
import { Signer } from '../itsdangerous/signer.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { asText } from './flask.ts'
import { badSignature, verifiedToken } from './token-format.ts'
import type { DecodedToken, TokenFormat } from './token-format.ts'

/** Characters after the payload: the time in base62 and a signature. */
const tailLength = ':xxxxxx:'.length + 43

/** `data:time:signature`, as of `signed_cookies`. Compresses only tokens that would not fit otherwise. */
export class DjangoFormat implements TokenFormat {
  readonly #signing: URLSafeTimedSerializer
  /** One for each key, the newest first. */
  readonly #signers: readonly Signer[]

  /** @param signing - has the keys, and encodes the data; its own signatures are not used */
  constructor (signing: URLSafeTimedSerializer) {
    this.#signing = signing
    const { secretKeys, salt, keyDerivation, digestMethod } = signing.makeSigner()
    const options = { salt, keyDerivation, digestMethod, sep: ':' }
    this.#signers = secretKeys.map((key) => new Signer(key, options)).reverse()
  }

  encode (json: string, room: number = Infinity): string {
    const compressFrom = Math.max(0, Math.floor((room - tailLength) * 3 / 4) + 1)
    const payload = this.#signing.dumpPayload(json, asText, compressFrom)
    return (this.#signers[0] as Signer).sign(`${payload}:${base62Encode(Math.floor(Date.now() / 1000))}`)
  }

  decode (token: string): DecodedToken {
    const [signed, signature] = rsplit(token, ':') ?? ['', '']
    const [payload, time] = rsplit(signed, ':') ?? ['', '']
    const signedAt = base62Decode(time)
    if (signedAt === undefined) return { ...badSignature, isMalformed: true }
    const key = this.#signers.findIndex((signer) => signer.verifySignature(signed, signature))
    if (key === -1) return { ...badSignature, isMalformed: false }
    try {
      return verifiedToken(this.#signing.loadPayload(payload, asText) as string, signedAt, key)
    } catch (error) {
      return { ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', message: (error as Error).message, signedAt, key }
    }
  }
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A whole number of 0 or more in base62. */
function base62Encode (value: number): string {
  let text = ''
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = digits.charAt(rest % 62) + text
  return text === '' ? '0' : text
}

/** The number behind base62 text, which has a minus sign if it is negative; `undefined` for any other text. */
function base62Decode (text: string): number | undefined {
  const [, sign, number] = /^(-?)([0-9A-Za-z]{1,8})$/.exec(text) ?? []
  if (number === undefined) return undefined
  let value = 0
  for (const digit of number) value = value * 62 + digits.indexOf(digit)
  return sign === '-' ? 0 - value : value
}
