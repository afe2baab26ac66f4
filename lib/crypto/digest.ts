/**
 * Hashes, HMAC and the comparison in constant time.
 *
 * tweetnacl computes the SHA-512 that signs, and compares all MACs. node:crypto computes the SHA-512 that verifies, and
 * SHA-1, SHA-256 and SHA-384, which tweetnacl does not have.
 *
 * @module
 * @see {@link https://www.rfc-editor.org/rfc/rfc2104} HMAC
 */

import { hash as nodeHash } from 'node:crypto'
import { types } from 'node:util'
import nacl from 'tweetnacl'
import { lookup } from '../lookup.ts'
import { asGlobalBytes, assertBytes, wantBytes } from './bytes.ts'
import type { BytesLike } from './bytes.ts'

/** The digests known by name: Python's `hashlib.sha1` and so on. */
export type DigestName = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** A hash function and the sizes that HMAC needs. */
export interface Digest {
  /** Appears in messages. Two digests of the same name are treated as the same function. */
  readonly name: string
  /** Length of the hash's input block in bytes: 64 for SHA-1 and SHA-256, 128 for SHA-384 and SHA-512. */
  readonly blockLength: number
  /** Length of the hash in bytes. */
  readonly digestLength: number
  /** The hash of `data`. Must not keep or change `data`, whose memory is used again. */
  hash (data: Uint8Array): Uint8Array
  /** The hash as text; `'binary'` is one character per byte. For digests that give text faster than bytes. */
  hashText?(data: Uint8Array, encoding: 'binary' | 'base64url'): string
}

/** A digest by its name, or one of the application. */
export type DigestMethod = DigestName | Digest

const sizes: Record<DigestName, { blockLength: number, digestLength: number }> = {
  sha1: { blockLength: 64, digestLength: 20 },
  sha256: { blockLength: 64, digestLength: 32 },
  sha384: { blockLength: 128, digestLength: 48 },
  sha512: { blockLength: 128, digestLength: 64 }
}

/**
 * A digest computed by node:crypto: `nodeDigest('sha512')` makes the same tokens as `'sha512'`, several times faster.
 *
 * @throws {TypeError} for an unknown name.
 */
export function nodeDigest (name: DigestName): Digest {
  if (!Object.hasOwn(sizes, name)) throw new TypeError(`digestMethod must be ${digestNames}`)
  // The hash is looked up when it is first used, because FIPS builds of OpenSSL may have no SHA-1.
  // Text takes half the time of bytes, whose ArrayBuffer is allocated outside of the heap.
  const hashText = (data: Uint8Array, encoding: 'binary' | 'base64url'): string => nodeHash(name, data, encoding)
  return { name, ...sizes[name], hash: (data) => Buffer.from(hashText(data, 'binary'), 'binary'), hashText }
}

const naclSHA512: Digest = { name: 'sha512', ...sizes.sha512, hash: (data) => nacl.hash(asGlobalBytes(data)) }
const nodeSHA512 = nodeDigest('sha512')

const byName: Record<DigestName, Digest> = {
  sha1: nodeDigest('sha1'),
  sha256: nodeDigest('sha256'),
  sha384: nodeDigest('sha384'),
  sha512: naclSHA512
}

/**
 * The digest that verifies the MACs of a digest.
 *
 * `'sha512'` signs with tweetnacl and verifies with node:crypto: two independent implementations that must compute the
 * same bytes, and node:crypto is faster. Every other digest does both.
 */
function verifyingDigest (digest: Digest): Digest {
  return digest === naclSHA512 ? nodeSHA512 : digest
}

/** The values that a digest method may have, for messages. */
export const digestNames =
  "'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash"

/**
 * The digest behind a name; a digest of the application is checked and returned.
 *
 * @throws {TypeError} for any other value.
 */
export function resolveDigest (method: DigestMethod): Digest {
  if (typeof method === 'string' && Object.hasOwn(byName, method)) return byName[method]
  if (!isDigest(method)) throw new TypeError(`digestMethod must be ${digestNames}`)
  return method
}

function isDigest (value: unknown): value is Digest {
  if (typeof value !== 'object' || value === null) return false
  const { name, blockLength, digestLength, hash } = value as Partial<Digest>
  return typeof name === 'string' && isLength(blockLength) && isLength(digestLength) &&
    digestLength <= blockLength && typeof hash === 'function' && !types.isAsyncFunction(hash)
}

function isLength (value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

/** The hash of `data`. */
export function digest (method: DigestMethod, data: BytesLike): Buffer {
  return wantBytes(resolveDigest(method).hash(wantBytes(data)))
}

/** The HMAC of `value` under `key`. To sign more than once with a key, keep an {@link HMAC}. */
export function hmac (method: DigestMethod, key: BytesLike, value: BytesLike): Buffer {
  return new HMAC(method, key).sign(value)
}

/**
 * HMAC under one key: `H((key ^ opad) || H((key ^ ipad) || value))`.
 *
 * Each of the two padded keys is the head of a buffer, and is computed once. Each value is written behind it, over the
 * last one. Signing is synchronous, so no other code sees a buffer that is half written.
 */
export class HMAC {
  readonly digest: Digest
  /** Computes MACs again, to verify given ones. */
  readonly #verifier: HMAC
  readonly #hashText: Digest['hashText']
  readonly #outer: Buffer
  #inner: Buffer
  /** The part of the inner buffer that was hashed last, kept because the next value often has the same length. */
  #filled: Uint8Array
  /** The two texts of a comparison. */
  readonly #given: Uint8Array
  readonly #expected: Uint8Array

  constructor (method: DigestMethod, key: BytesLike) {
    this.digest = resolveDigest(method)
    const verifying = verifyingDigest(this.digest)
    this.#verifier = verifying === this.digest ? this : new HMAC(verifying, key)
    this.#hashText = lookup(this.digest, 'hashText') as Digest['hashText']
    const { blockLength, digestLength } = this.digest
    const bytes = wantBytes(key)
    const block = Buffer.alloc(blockLength)
    block.set(bytes.length > blockLength ? this.digest.hash(bytes) : bytes)
    this.#inner = Buffer.alloc(blockLength + 512, block.map((byte) => byte ^ 0x36))
    this.#filled = noBytes
    this.#outer = Buffer.alloc(blockLength + digestLength, block.map((byte) => byte ^ 0x5c))
    this.#given = new Uint8Array(Math.ceil(digestLength * 4 / 3))
    this.#expected = new Uint8Array(this.#given.length)
  }

  /** The MAC of `value`, in new memory. */
  sign (value: BytesLike): Buffer {
    this.#hashInner(value)
    return Buffer.from(this.digest.hash(this.#outer))
  }

  /** The MAC of `value` in base64url. */
  signText (value: BytesLike): string {
    this.#hashInner(value)
    return this.#hashText?.call(this.digest, this.#outer, 'base64url') ??
      wantBytes(this.digest.hash(this.#outer)).toString('base64url')
  }

  /** Whether `mac` is the MAC of `value` in canonical base64url; compared in constant time. */
  verifyText (value: BytesLike, mac: string): boolean {
    // The length is no secret, so that a MAC of another digest need not be computed.
    if (mac.length !== this.#given.length) return false
    writeText(mac, this.#given, 0)
    writeText(this.#verifier.signText(value), this.#expected, 0)
    return constantTimeEqual(this.#given, this.#expected)
  }

  #hashInner (value: BytesLike): void {
    const { digest } = this
    const data = this.#fill(value)
    const text = this.#hashText?.call(digest, data, 'binary')
    if (text === undefined) this.#outer.set(digest.hash(data), digest.blockLength)
    else writeText(text, this.#outer, digest.blockLength)
  }

  /** The padded key and the value behind it. */
  #fill (value: BytesLike): Uint8Array {
    const { blockLength } = this.digest
    assertBytes(value, 'value')
    const inner = this.#room(value)
    let end = blockLength
    if (typeof value === 'string') end += inner.write(value, blockLength)
    else {
      inner.set(value, blockLength)
      end += value.length
    }
    if (inner !== this.#inner) return inner.subarray(0, end)
    if (this.#filled.length !== end) this.#filled = new Uint8Array(inner.buffer, inner.byteOffset, end)
    return this.#filled
  }

  /** A buffer with the padded key and room for `value` behind it; a large buffer is not kept. */
  #room (value: BytesLike): Buffer {
    // A UTF-16 unit is at most three bytes of UTF-8.
    const length = this.digest.blockLength + (typeof value === 'string' ? value.length * 3 : value.length)
    if (length <= this.#inner.length) return this.#inner
    const inner = Buffer.alloc(length)
    this.#inner.copy(inner, 0, 0, this.digest.blockLength)
    if (length <= largestKept) {
      this.#inner = inner
      this.#filled = noBytes
    }
    return inner
  }
}

/**
 * Writes one byte per character, and 0, which is in no MAC's text, for a character beyond Latin-1. Faster than
 * `Buffer.write`, which calls out of JavaScript.
 */
function writeText (text: string, target: Uint8Array, offset: number): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    target[offset + i] = code < 256 ? code : 0
  }
}

const noBytes = new Uint8Array(0)
/** Bytes; more than any Cookie header that Node accepts by default (16 KiB, three times that as UTF-8). */
const largestKept = 65_536

/** Whether two byte strings are equal, in a time that depends on their lengths only. */
export function constantTimeEqual (a: Uint8Array, b: Uint8Array): boolean {
  // nacl.verify calls two empty arrays unequal; NoneAlgorithm signs with an empty array.
  return (a.length === 0 && b.length === 0) || nacl.verify(asGlobalBytes(a), asGlobalBytes(b))
}
