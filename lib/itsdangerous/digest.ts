/**
 * Hashes, HMAC and the constant-time comparison. All cryptography of the package happens in this file.
 *
 * SHA-512 and every comparison of MACs are tweetnacl's. SHA-1, SHA-256 and SHA-384 come from node:crypto, because tweetnacl has none.
 *
 * @module
 * @see {@link https://www.rfc-editor.org/rfc/rfc2104} HMAC
 */

import { hash as nodeHash } from 'node:crypto'
import nacl from 'tweetnacl'
import { base64Encode, demandBytes, wantBytes } from './encoding.ts'
import type { BytesLike } from './encoding.ts'

/** The digests known by name: Python's `hashlib.sha1` and so on. */
export type DigestName = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** A hash function of one's own, with what HMAC has to know about it. */
export interface Digest {
  /** For messages; two digests of the same name are taken to be the same function. */
  readonly name: string
  /** Length of the hash's input block in bytes: 64 for SHA-1 and SHA-256, 128 for SHA-384 and SHA-512. */
  readonly blockLength: number
  /** Length of the hash in bytes. */
  readonly digestLength: number
  /** The hash of `data`. Must not keep or change `data`, whose memory is used again. */
  hash (data: Uint8Array): Uint8Array
  /** The hash as text, `'binary'` with one character a byte; for digests that make text sooner than bytes. */
  hashText?(data: Uint8Array, encoding: 'binary' | 'base64url'): string
}

/** A digest by its name, or one of one's own. */
export type DigestMethod = DigestName | Digest

const sizes: Record<DigestName, { blockLength: number, digestLength: number }> = {
  sha1: { blockLength: 64, digestLength: 20 },
  sha256: { blockLength: 64, digestLength: 32 },
  sha384: { blockLength: 128, digestLength: 48 },
  sha512: { blockLength: 128, digestLength: 64 }
}

/** SHA-512 in JavaScript, by tweetnacl. */
const naclSHA512: Digest = { name: 'sha512', ...sizes.sha512, hash: (data) => nacl.hash(data) }

/**
 * A digest computed by node:crypto: `nodeDigest('sha512')` makes the very same tokens as `'sha512'`, several times faster.
 *
 * @throws {TypeError} for an unknown name.
 */
export function nodeDigest (name: DigestName): Digest {
  if (!Object.hasOwn(sizes, name)) throw new TypeError(`digestMethod must be ${digestNames}`)
  // The hash is looked up at its first use: builds under FIPS rules may have no SHA-1.
  // Text takes half the time of bytes, which come in an ArrayBuffer from outside of the heap.
  const hashText = (data: Uint8Array, encoding: 'binary' | 'base64url'): string => nodeHash(name, data, encoding)
  return { name, ...sizes[name], hash: (data) => Buffer.from(hashText(data, 'binary'), 'binary'), hashText }
}

const byName: Record<DigestName, Digest> = {
  sha1: nodeDigest('sha1'),
  sha256: nodeDigest('sha256'),
  sha384: nodeDigest('sha384'),
  sha512: naclSHA512
}

/** What a digest method may be, for messages. */
export const digestNames = "'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash"

/**
 * The digest behind a name; a digest of one's own is checked and given back.
 *
 * @throws {TypeError} for anything else.
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
    digestLength <= blockLength && typeof hash === 'function'
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
 * The two padded key blocks are made once and stand at the head of two buffers, behind which each value is written; the
 * buffers are used again for the next value. Signing is synchronous, so nobody sees them half written.
 */
export class HMAC {
  readonly digest: Digest
  readonly #outer: Buffer
  #inner: Buffer
  /** The part of the inner buffer that was hashed last: values of one length follow each other. */
  #filled: Uint8Array
  /** The two texts of a comparison. */
  readonly #given: Uint8Array
  readonly #expected: Uint8Array

  constructor (method: DigestMethod, key: BytesLike) {
    this.digest = resolveDigest(method)
    const { blockLength, digestLength } = this.digest
    const bytes = wantBytes(key)
    const block = Buffer.alloc(blockLength)
    block.set(bytes.length > blockLength ? this.digest.hash(bytes) : bytes)
    this.#inner = Buffer.alloc(blockLength + 512, block.map((byte) => byte ^ 0x36))
    this.#filled = nothing
    this.#outer = Buffer.alloc(blockLength + digestLength, block.map((byte) => byte ^ 0x5c))
    this.#given = new Uint8Array(Math.ceil(digestLength * 4 / 3))
    this.#expected = new Uint8Array(this.#given.length)
  }

  /** The MAC of `value`, in memory of its own. */
  sign (value: BytesLike): Buffer {
    this.#hashInner(value)
    return Buffer.from(this.digest.hash(this.#outer))
  }

  /** The MAC of `value` in base64url. */
  signText (value: BytesLike): string {
    this.#hashInner(value)
    return this.digest.hashText?.(this.#outer, 'base64url') ?? base64Encode(this.digest.hash(this.#outer))
  }

  /** Whether this is the MAC of `value` in base64url, in its one spelling; compared in constant time. */
  verifyText (value: BytesLike, mac: string): boolean {
    // The length is no secret; a signature of another digest need not be computed.
    if (mac.length !== this.#given.length) return false
    writeText(mac, this.#given, 0)
    writeText(this.signText(value), this.#expected, 0)
    return constantTimeEqual(this.#given, this.#expected)
  }

  #hashInner (value: BytesLike): void {
    const { digest } = this
    const data = this.#fill(value)
    if (digest.hashText === undefined) this.#outer.set(digest.hash(data), digest.blockLength)
    else writeText(digest.hashText(data, 'binary'), this.#outer, digest.blockLength)
  }

  /** The padded key and the value behind it. */
  #fill (value: BytesLike): Uint8Array {
    const { blockLength } = this.digest
    demandBytes(value, 'value')
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

  /** A buffer with the padded key and room for `value` behind it; a large one is not kept. */
  #room (value: BytesLike): Buffer {
    // A UTF-16 unit is at most three bytes of UTF-8.
    const length = this.digest.blockLength + (typeof value === 'string' ? value.length * 3 : value.length)
    if (length <= this.#inner.length) return this.#inner
    const inner = Buffer.alloc(length)
    this.#inner.copy(inner, 0, 0, this.digest.blockLength)
    if (length <= largestKept) {
      this.#inner = inner
      this.#filled = nothing
    }
    return inner
  }
}

/** One byte for each character; 0, which stands in no MAC's text, for what is none. Sooner done than a call out of JavaScript. */
function writeText (text: string, target: Uint8Array, offset: number): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    target[offset + i] = code < 256 ? code : 0
  }
}

const nothing = new Uint8Array(0)
/** Bytes; more than any Cookie header that Node takes by default (16 KiB, thrice that as UTF-8). */
const largestKept = 65_536

/** The message in a `crypto_secretbox` of libsodium; `undefined` when the key is another one, or anything was changed. */
export function openSecretBox (box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer | undefined {
  if (nonce.length !== nacl.secretbox.nonceLength || key.length !== nacl.secretbox.keyLength) return undefined
  const message = nacl.secretbox.open(box, nonce, key)
  // An empty message is an empty array, which is not null.
  return message === null ? undefined : wantBytes(message)
}

/** Whether two byte strings are the same, in a time that tells nothing but their lengths. */
export function constantTimeEqual (a: Uint8Array, b: Uint8Array): boolean {
  // nacl.verify calls two empty arrays unequal; NoneAlgorithm signs with an empty array.
  return (a.length === 0 && b.length === 0) || nacl.verify(a, b)
}
