/**
 * Tokens for cookies and URLs: `[.]base64url(payload)` and a signature; the dot says that the payload is zlib's.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/url_safe/}
 */

import { deflateSync, inflateSync } from 'node:zlib'
import type { InflateRaw, ZlibOptions } from 'node:zlib'
import type { DataSerializer } from './compact-json.ts'
import { base64Decode, base64DecodeText, base64Encode, tokenText, utf8 } from './encoding.ts'
import type { BytesLike } from './encoding.ts'
import { BadPayload } from './errors.ts'
import { Serializer } from './serializer.ts'
import type { SerializerOptions } from './serializer.ts'
import type { SecretKey, Signer } from './signer.ts'
import { TimedSerializer } from './timed-serializer.ts'
import type { TimestampSigner } from './timestamp-signer.ts'

/** Options of {@link URLSafeSerializer} and {@link URLSafeTimedSerializer}. */
export interface URLSafeSerializerOptions<S extends Signer = Signer> extends SerializerOptions<S> {
  /**
   * Length of the payload in bytes from which on it is compressed if that makes it shorter.
   *
   * Unlike ItsDangerous, which always tries. `Infinity` never does. Compressed payloads are read whatever this says.
   *
   * @defaultValue `1024`
   */
  compressFrom?: number | undefined
}

/** Bytes that a payload may have once it is inflated; a longer one is a {@link BadPayload}, and is never compressed. */
export const maxPayloadLength = 262_144

/** The way payloads are spelled, whatever signs them. */
const defaultCompressFrom = 1024

function encodePayload (text: string, compressFrom: number): string {
  const plain = base64Encode(text)
  const length = Math.floor(plain.length * 3 / 4)
  // A longer one could not be read again.
  if (length < compressFrom || length > maxPayloadLength) return plain
  const compressed = deflateSync(text, { windowBits: 15 })
  return compressed.length < length - 1 ? '.' + base64Encode(compressed) : plain
}

function decodePayload (payload: BytesLike): string {
  const text = tokenText(payload)
  try {
    return text.startsWith('.') ? utf8.decode(inflate(base64Decode(text.slice(1)))) : base64DecodeText(text)
  } catch (cause) {
    throw new BadPayload('The payload could not be decoded', { cause })
  }
}

/** Nothing may follow the stream, and no more may come out of it than {@link maxPayloadLength}. */
function inflate (bytes: Buffer): Buffer {
  const { buffer, engine } = inflateSync(bytes, { maxOutputLength: maxPayloadLength, info: true } as ZlibOptions) as unknown as InflateInfo
  if (engine.bytesWritten !== bytes.length) throw new RangeError('there are bytes behind the compressed payload')
  return buffer
}

// @types/node does not tell that `info: true` changes what is returned.
interface InflateInfo { buffer: Buffer, engine: InflateRaw }

/** A {@link Serializer} whose tokens consist of letters, digits, `-`, `_` and `.`. */
export class URLSafeSerializer extends Serializer {
  readonly compressFrom: number

  constructor (secretKey: SecretKey, options: URLSafeSerializerOptions = {}) {
    super(secretKey, options)
    this.compressFrom = options.compressFrom ?? defaultCompressFrom
  }

  override dumpPayload (value: unknown, serializer?: Pick<DataSerializer, 'dumps'>): string {
    return encodePayload(super.dumpPayload(value, serializer), this.compressFrom)
  }

  override loadPayload (payload: BytesLike, serializer?: Pick<DataSerializer, 'loads'>): unknown {
    return super.loadPayload(decodePayload(payload), serializer)
  }
}

/** A {@link TimedSerializer} whose tokens consist of letters, digits, `-`, `_` and `.`: Flask's session cookies are of this kind. */
export class URLSafeTimedSerializer extends TimedSerializer {
  readonly compressFrom: number

  constructor (secretKey: SecretKey, options: URLSafeSerializerOptions<TimestampSigner> = {}) {
    super(secretKey, options)
    this.compressFrom = options.compressFrom ?? defaultCompressFrom
  }

  override dumpPayload (value: unknown, serializer?: Pick<DataSerializer, 'dumps'>): string {
    return encodePayload(super.dumpPayload(value, serializer), this.compressFrom)
  }

  override loadPayload (payload: BytesLike, serializer?: Pick<DataSerializer, 'loads'>): unknown {
    return super.loadPayload(decodePayload(payload), serializer)
  }
}
