/**
 * Tokens for cookies and URLs: `[.]base64url(payload)` and a signature; the dot marks a payload compressed with zlib.
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/en/stable/url_safe/}
 */

import { deflateSync, inflateSync } from 'node:zlib'
import type { InflateRaw, ZlibOptions } from 'node:zlib'
import type { BytesLike } from '../crypto/bytes.ts'
import type { DataSerializer } from './compact-json.ts'
import { base64Decode, base64DecodeText, base64Encode, tokenText, utf8 } from './encoding.ts'
import { BadPayload } from './errors.ts'
import { lookup, pick } from '../lookup.ts'
import { checkOptions } from './options.ts'
import { Serializer } from './serializer.ts'
import type { DumpOptions, SerializerOptions } from './serializer.ts'
import type { SecretKey, Signer } from './signer.ts'
import { TimedSerializer } from './timed-serializer.ts'
import type { TimestampSigner } from './timestamp-signer.ts'

/** Options of {@link URLSafeSerializer} and {@link URLSafeTimedSerializer}. */
export interface URLSafeSerializerOptions<S extends Signer = Signer> extends SerializerOptions<S> {
  /**
   * Payloads of at least this many bytes are compressed, if that makes them shorter; `Infinity` never compresses.
   *
   * ItsDangerous tries to compress every payload. Compressed payloads are always read.
   *
   * @defaultValue `1024`
   */
  compressFrom?: number | undefined
}

/** Options of `dumps` that override the serializer's own. */
export interface URLSafeDumpOptions extends DumpOptions {
  /** {@link URLSafeSerializerOptions.compressFrom} for this token. */
  compressFrom?: number | undefined
}

const dumpOptionNames = ['salt', 'serializer', 'compressFrom']

/** The greatest length of an inflated payload in bytes. Longer ones are never compressed, and a {@link BadPayload}. */
export const maxPayloadLength = 262_144

const defaultCompressFrom = 1024

/** Without a prototype, so that node:zlib reads no other option from Object.prototype. */
const deflateOptions: ZlibOptions = Object.assign(Object.create(null), { windowBits: 15 })
const inflateOptions: ZlibOptions & { info: true } =
  Object.assign(Object.create(null), { maxOutputLength: maxPayloadLength, info: true })

function encodePayload (text: string, compressFrom: number): string {
  const plain = base64Encode(text)
  const length = Math.floor(plain.length * 3 / 4)
  // A longer payload could not be inflated again.
  if (length < compressFrom || length > maxPayloadLength) return plain
  const compressed = deflateSync(text, deflateOptions)
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

/** @throws {RangeError} for more than {@link maxPayloadLength} inflated bytes, or bytes behind the zlib stream. */
function inflate (bytes: Buffer): Buffer {
  const { buffer, engine } = inflateSync(bytes, inflateOptions) as unknown as InflateInfo
  if (engine.bytesWritten !== bytes.length) throw new RangeError('there are bytes behind the compressed payload')
  return buffer
}

// The types of Node do not know that `info: true` changes the result.
interface InflateInfo { buffer: Buffer, engine: InflateRaw }

/** A {@link Serializer} whose tokens consist of letters, digits, `-`, `_` and `.`. */
export class URLSafeSerializer extends Serializer {
  readonly compressFrom: number

  constructor (secretKey: SecretKey, options: URLSafeSerializerOptions = {}) {
    super(secretKey, options)
    this.compressFrom = lookup(options, 'compressFrom') as number | undefined ?? defaultCompressFrom
  }

  /** Data as signed text. @throws {TypeError} for unknown options. */
  override dumps (value: unknown, options: URLSafeDumpOptions = {}): string {
    checkOptions(options, dumpOptionNames)
    const { salt, serializer, compressFrom }: URLSafeDumpOptions = pick(options, dumpOptionNames)
    return this.signPayload(this.dumpPayload(value, serializer, compressFrom), salt)
  }

  override dumpPayload (
    value: unknown, serializer?: Pick<DataSerializer, 'dumps'>, compressFrom: number = this.compressFrom
  ): string {
    return encodePayload(super.dumpPayload(value, serializer), compressFrom)
  }

  override loadPayload (payload: BytesLike, serializer?: Pick<DataSerializer, 'loads'>): unknown {
    return super.loadPayload(decodePayload(payload), serializer)
  }
}

/** A {@link TimedSerializer} whose tokens consist of letters, digits, `-`, `_` and `.`: Flask's session cookies. */
export class URLSafeTimedSerializer extends TimedSerializer {
  readonly compressFrom: number

  constructor (secretKey: SecretKey, options: URLSafeSerializerOptions<TimestampSigner> = {}) {
    super(secretKey, options)
    this.compressFrom = lookup(options, 'compressFrom') as number | undefined ?? defaultCompressFrom
  }

  /** Data as signed text. @throws {TypeError} for unknown options. */
  override dumps (value: unknown, options: URLSafeDumpOptions = {}): string {
    checkOptions(options, dumpOptionNames)
    const { salt, serializer, compressFrom }: URLSafeDumpOptions = pick(options, dumpOptionNames)
    return this.signPayload(this.dumpPayload(value, serializer, compressFrom), salt)
  }

  override dumpPayload (
    value: unknown, serializer?: Pick<DataSerializer, 'dumps'>, compressFrom: number = this.compressFrom
  ): string {
    return encodePayload(super.dumpPayload(value, serializer), compressFrom)
  }

  override loadPayload (payload: BytesLike, serializer?: Pick<DataSerializer, 'loads'>): unknown {
    return super.loadPayload(decodePayload(payload), serializer)
  }
}
