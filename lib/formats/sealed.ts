/**
 * Sealed tokens: an ItsDangerous token whose payload is a secret box, so that nobody without a key reads it.
 *
 * The signature commits to the key and, through the salt, to the session; a secret box alone commits to neither.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer'
import { wantBytes } from '../crypto/bytes.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import { hmac } from '../crypto/digest.ts'
import { openSecretBox, randomBytes, sealSecretBox } from '../crypto/secretbox.ts'
import { base64Encode, tryBase64Decode } from '../itsdangerous/encoding.ts'
import type { TimestampSigner } from '../itsdangerous/timestamp-signer.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { verifiedToken } from './token-format.ts'
import type { DecodedToken, TokenFormat } from './token-format.ts'

/** Bytes of the nonce, which stands in front of its box. */
const nonceLength = 24
/** Bytes by which a box is longer than its text. */
const macLength = 16
/** Texts are padded to multiples of this many bytes, so that the length of a token tells little. */
const blockLength = 32
const space = 0x20

/** The salt of sealed tokens: a signed token must never be taken for a sealed one, nor the reverse. */
export function sealedSalt (salt: BytesLike): BytesLike {
  return typeof salt === 'string' ? `${salt}.sealed` : Buffer.concat([salt, Buffer.from('.sealed')])
}

/** Bytes of the padded text in a payload of base64url, if it is a sealed one; `undefined` when it cannot be one. */
export function sealedTextLength (payload: string): number | undefined {
  const length = Math.floor(payload.length * 3 / 4) - nonceLength - macLength
  return length >= 0 && length % blockLength === 0 && /^[\w-]*$/.test(payload) ? length : undefined
}

/** Seals text, and opens it with the key that verified the signature. Never compresses: lengths tell of content. */
export class SealedFormat implements TokenFormat {
  readonly #signing: URLSafeTimedSerializer
  readonly #signer: TimestampSigner
  /** From the newest key to the oldest, as {@link DecodedToken} counts them. */
  readonly #boxKeys: readonly Uint8Array[]
  readonly #makeNonce: () => Uint8Array

  /**
   * @param signing - its salt is that of sealed tokens
   * @param makeNonce - 24 bytes that differ each time
   */
  constructor (signing: URLSafeTimedSerializer, makeNonce: () => Uint8Array = () => randomBytes(nonceLength)) {
    this.#signing = signing
    this.#signer = signing.makeSigner()
    this.#boxKeys = signing.secretKeys.map((key) => boxKey(key, signing.salt)).reverse()
    this.#makeNonce = makeNonce
  }

  encode (json: string): string {
    const padded = Buffer.alloc(Math.ceil(Buffer.byteLength(json) / blockLength) * blockLength, space)
    padded.write(json)
    const nonce = this.#makeNonce()
    const box = sealSecretBox(padded, nonce, this.#boxKeys[0] as Uint8Array)
    return this.#signer.sign(base64Encode(Buffer.concat([nonce, box])))
  }

  decode (token: string): DecodedToken {
    const verification = this.#signing.verify(token)
    if (!verification.ok) return { ok: false, code: verification.code, message: verification.message }
    const { key, value } = verification
    const signedAt = Number(verification.timestamp)
    const text = open(value, this.#boxKeys[key])
    if (text !== undefined) return verifiedToken(withoutPadding(text), signedAt, key)
    return { ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', message: 'The payload could not be opened', signedAt, key }
  }
}

/** The key of the boxes. No salt begins with a zero byte by accident, so it is the key of no signature. */
function boxKey (secretKey: Uint8Array, salt: BytesLike): Uint8Array {
  return hmac('sha512', secretKey, Buffer.concat([Buffer.from('\0box\0'), wantBytes(salt)])).subarray(0, 32)
}

/** The UTF-8 bytes in a payload: nonce and box. The dot of a compressed payload is not base64url. */
function open (payload: BytesLike, key: Uint8Array | undefined): Buffer | undefined {
  const bytes = tryBase64Decode(payload)
  // A serializer of the application may verify with keys that are not among its secret keys.
  if (bytes === undefined || key === undefined) return undefined
  const text = openSecretBox(bytes.subarray(nonceLength), bytes.subarray(0, nonceLength), key)
  return text !== undefined && isUtf8(text) ? text : undefined
}

/** Data serializers of an application need not ignore spaces at the end, as JSON does. */
function withoutPadding (text: Buffer): string {
  let end = text.length
  while (text[end - 1] === space) end--
  return text.toString('utf8', 0, end)
}
