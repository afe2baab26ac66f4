/**
 * A session cookie taken apart. Nothing here looks at a key.
 *
 * @module
 */

import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { resolveDigest } from '../itsdangerous/digest.ts'
import type { DigestName } from '../itsdangerous/digest.ts'
import { base64Decode, bytesToInt } from '../itsdangerous/encoding.ts'
import { BadPayload, BadSignature, BadTimeSignature } from '../itsdangerous/errors.ts'
import { splitLast } from '../itsdangerous/signer.ts'
import { TimestampSigner } from '../itsdangerous/timestamp-signer.ts'
import { maxPayloadLength, URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { getOwn } from '../json/dict.ts'
import type { Dict } from '../json/dict.ts'
import { TaggedJSONSerializer } from '../json/tagged-json-serializer.ts'

/** The parts of a token. */
export interface Token {
  /** As it stands in the cookie. */
  payload: string
  isCompressed: boolean
  dateSigned: Date
  signature: string
  /** The JSON text in the payload. */
  text: string
  data: unknown
}

/** The names of the digests that there are. */
export const digestNames: readonly DigestName[] = ['sha1', 'sha256', 'sha384', 'sha512']

/** The signing serializer takes JSON text, and gives it back, so that its bytes can be counted. */
export const asText: DataSerializer = { dumps: String, loads: (text) => text }

/**
 * Takes a token apart.
 *
 * @throws {@link BadSignature} when it is no token.
 * @throws {@link BadTimeSignature} when it is one without a readable timestamp.
 * @throws {@link BadPayload} when the payload cannot be read.
 */
export function takeApart (token: string): Token {
  const [signed, signature] = splitLast(token, '.') ?? raise(new BadSignature("No '.' found in value"))
  const [payload, timestamp] = splitLast(signed, '.') ?? raise(new BadTimeSignature('timestamp missing'))
  const dateSigned = readTimestamp(timestamp)
  // The key is not used: reading a payload is not verifying it.
  const text = new URLSafeTimedSerializer('').loadPayload(payload, asText) as string
  return { payload, isCompressed: payload.startsWith('.'), dateSigned, signature, text, data: readJSON(text) }
}

/**
 * The data in JSON text, under the limits of the plugin.
 *
 * @throws {@link BadPayload} when it cannot be read.
 */
export function readJSON (text: string): unknown {
  if (Buffer.byteLength(text) > maxPayloadLength) throw new BadPayload('The payload is too long')
  try {
    return new TaggedJSONSerializer().loads(text)
  } catch (cause) {
    throw new BadPayload('The payload could not be unserialized', { cause })
  }
}

/** Whether the data can be a session's. */
export function isSessionData (data: unknown): data is Dict {
  return typeof data === 'object' && data !== null && Object.getPrototypeOf(data) === Object.prototype
}

/** Whether the data is a permanent session's. */
export function isPermanent (data: unknown): boolean {
  return isSessionData(data) && Boolean(getOwn(data, '_permanent'))
}

/** The digest that makes a signature of this length. */
export function digestOf (signature: string): DigestName | undefined {
  return digestNames.find((name) => signature.length === Math.ceil(resolveDigest(name).digestLength * 4 / 3))
}

function readTimestamp (text: string): Date {
  try {
    return new TimestampSigner('').timestampToDate(bytesToInt(base64Decode(text)))
  } catch (cause) {
    throw new BadTimeSignature('Malformed timestamp', { cause })
  }
}

function raise (error: Error): never {
  throw error
}
