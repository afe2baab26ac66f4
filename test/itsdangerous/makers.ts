/**
 * Signers and serializers as the recorded vectors describe them, and small helpers for tests of tokens.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Digest } from '../../lib/crypto/digest.ts'
import type { BytesLike } from '../../lib/crypto/bytes.ts'
import { Serializer } from '../../lib/itsdangerous/serializer.ts'
import type { SerializerOptions } from '../../lib/itsdangerous/serializer.ts'
import { NoneAlgorithm } from '../../lib/itsdangerous/algorithm.ts'
import { Signer } from '../../lib/itsdangerous/signer.ts'
import type { KeyDerivation, SignerOptions } from '../../lib/itsdangerous/signer.ts'
import { TimedSerializer } from '../../lib/itsdangerous/timed-serializer.ts'
import { TimestampSigner } from '../../lib/itsdangerous/timestamp-signer.ts'
import type { Verification } from '../../lib/itsdangerous/timestamp-signer.ts'
import { URLSafeSerializer, URLSafeTimedSerializer } from '../../lib/itsdangerous/url-safe.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import type { Maker } from '../flask/peer.ts'
import type { Text } from '../flask/typed-json.ts'

/** A digest that the package does not have. */
export const md5: Digest = {
  name: 'md5',
  blockLength: 64,
  digestLength: 16,
  hash: (data) => createHash('md5').update(data).digest()
}

/** What is neither text nor bytes, and its type: JSON from a request, a missing parameter, what looks like bytes. */
export const strangers: ReadonlyArray<readonly [title: string, value: unknown, type: string]> = [
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a number', 5, 'number'],
  ['a boolean', true, 'boolean'],
  ['a symbol', Symbol('token'), 'symbol'],
  ['a function', () => 'token', 'function'],
  ['an empty list', [], 'array'],
  ['a list of bytes', [118, 46, 65], 'array'],
  ['a list of text', ['value.AAAA'], 'array'],
  ['an object', {}, 'object'],
  ['an object with a buffer that is none', { buffer: { length: 1e6 } }, 'object'],
  ['an object with text and an encoding', { buffer: 'value.AAAA', byteOffset: 'utf8' }, 'object'],
  ['an object with a length', { length: 1e6 }, 'object'],
  ['the JSON of a Buffer', Buffer.from('value.AAAA').toJSON(), 'object'],
  ['a String object', Object('value.AAAA'), 'object'],
  ['an ArrayBuffer', new ArrayBuffer(8), 'object'],
  ['a DataView', new DataView(new ArrayBuffer(8)), 'object'],
  ['larger numbers', new Uint16Array(4), 'object'],
  ['an object that inherits from Uint8Array', Object.create(Uint8Array.prototype), 'object'],
  ['a proxy of bytes', new Proxy(new Uint8Array(8), {}), 'object']
]

/** What options are mistaken for: Python's arguments without a name. */
export const noOptions: ReadonlyArray<readonly [options: unknown, message: string]> = [
  [3600, 'options must be an object, got number'],
  ['salt', 'options must be an object, got string'],
  [null, 'options must be an object, got null'],
  [true, 'options must be an object, got boolean']
]

/** Text as it is, for payloads whose text is given. */
export const asText = {
  dumps: (text: unknown): string => text as string,
  loads: (text: string): unknown => text
}

/** The key that verified, or the code of the rejection. */
export function outcomeOf (verification: Verification): number | string {
  return verification.ok ? verification.key : verification.code
}

export const isTimed = ({ kind }: Maker): boolean => kind.includes('Time')
export const isURLSafe = ({ kind }: Maker): boolean => kind.startsWith('URLSafe')

export function bytesLike (text: Text): BytesLike {
  return typeof text === 'string' ? text : Buffer.from(text.$bytes, 'hex')
}

export function separatorOf ({ sep = '.' }: Maker): string {
  return typeof sep === 'string' ? sep : Buffer.from(sep.$bytes, 'hex').toString()
}

function signerOptions (maker: Maker): SignerOptions {
  return {
    sep: separatorOf(maker),
    keyDerivation: maker.keyDerivation as KeyDerivation | undefined,
    digestMethod: maker.digest,
    algorithm: maker.algorithm === 'none' ? new NoneAlgorithm() : undefined
  }
}

function saltOf ({ salt }: Maker): BytesLike | undefined {
  // Python's Serializer hands None on to the Signer, which then takes its own default.
  if (salt === null) return 'itsdangerous.Signer'
  return salt === undefined ? undefined : bytesLike(salt)
}

function keysOf ({ key }: Maker): BytesLike[] {
  return Array.isArray(key) ? key.map(bytesLike) : [bytesLike(key)]
}

export function signerOf (maker: Maker): Signer | TimestampSigner {
  const options = { ...signerOptions(maker), salt: saltOf(maker) }
  return maker.kind === 'TimestampSigner' ? new TimestampSigner(keysOf(maker), options) : new Signer(keysOf(maker), options)
}

/** All serializers but those of plain tests read with {@link TaggedJSONSerializer}, which keeps ints and floats apart. */
export function serializerOf (maker: Maker): Serializer | TimedSerializer {
  const options: SerializerOptions<TimestampSigner> = {
    salt: saltOf(maker),
    serializer: maker.serializer === 'tagged' ? new TaggedJSONSerializer() : exactJSON,
    signerOptions: signerOptions(maker)
  }
  switch (maker.kind) {
    case 'Serializer': return new Serializer(keysOf(maker), options as SerializerOptions)
    case 'TimedSerializer': return new TimedSerializer(keysOf(maker), options)
    case 'URLSafeSerializer': return new URLSafeSerializer(keysOf(maker), options as SerializerOptions)
    case 'URLSafeTimedSerializer': return new URLSafeTimedSerializer(keysOf(maker), options)
    default: throw new TypeError(maker.kind)
  }
}

/** Python's plain JSON: no tags, but NaN and big ints. */
class ExactJSON extends TaggedJSONSerializer {
  static override readonly defaultTags = TaggedJSONSerializer.defaultTags.filter(({ name }) => name.startsWith('Pass'))
}

const exactJSON = new ExactJSON()
