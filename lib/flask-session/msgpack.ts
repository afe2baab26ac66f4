/**
 * Reads MessagePack as Flask-Session writes it.
 *
 * Not a general library: one that keeps ints up to 2^64-1 exact only as they are needed, and that trusts no length.
 *
 * @module
 * @see {@link https://github.com/msgpack/msgpack/blob/master/spec.md}
 */

import { setOwn } from '../json/dict.ts'
import type { Dict } from '../json/dict.ts'
import { maxDepth, tooDeep } from '../json/limits.ts'

/**
 * The value in the bytes.
 *
 * Ints past 2^53-1 become bigints, binary data a Buffer, timestamps a Date in whole milliseconds.
 *
 * @throws {SyntaxError} for bytes that are not one value, or have a value that no session has.
 */
export function decodeMsgpack (bytes: Uint8Array): unknown {
  const reader = new Reader(bytes)
  const value = reader.value(1)
  if (!reader.isAtEnd) throw new SyntaxError('bytes behind the MessagePack value')
  return value
}

/** The type of extension that is a timestamp. */
const timestamp = -1

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor ({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength)
  }

  get isAtEnd (): boolean {
    return this.#at === this.#bytes.length
  }

  value (depth: number): unknown {
    const type = this.#uint(1)
    if (type <= 0x7f) return type
    if (type <= 0x8f) return this.#dict(type & 0x0f, depth)
    if (type <= 0x9f) return this.#list(type & 0x0f, depth)
    if (type <= 0xbf) return this.#text(type & 0x1f)
    if (type >= 0xe0) return type - 0x100
    switch (type) {
      case 0xc0: return null
      case 0xc2: return false
      case 0xc3: return true
      case 0xc4: case 0xc5: case 0xc6: return Buffer.from(this.#take(this.#uint(1 << (type - 0xc4))))
      case 0xc7: case 0xc8: case 0xc9: return this.#extension(this.#uint(1 << (type - 0xc7)))
      case 0xca: return this.#take(4).readFloatBE()
      case 0xcb: return this.#take(8).readDoubleBE()
      case 0xcc: case 0xcd: case 0xce: return this.#uint(1 << (type - 0xcc))
      case 0xcf: return exact(this.#take(8).readBigUInt64BE())
      case 0xd0: case 0xd1: case 0xd2: return this.#int(1 << (type - 0xd0))
      case 0xd3: return exact(this.#take(8).readBigInt64BE())
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return this.#extension(1 << (type - 0xd4))
      case 0xd9: case 0xda: case 0xdb: return this.#text(this.#uint(1 << (type - 0xd9)))
      case 0xdc: case 0xdd: return this.#list(this.#uint(2 << (type - 0xdc)), depth)
      case 0xde: case 0xdf: return this.#dict(this.#uint(2 << (type - 0xde)), depth)
      default: throw new SyntaxError('a type that MessagePack does not have')
    }
  }

  #take (length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    if (taken.length < length) throw new SyntaxError('the MessagePack value ends too early')
    this.#at += length
    return taken
  }

  #uint (length: number): number {
    return this.#take(length).readUIntBE(0, length)
  }

  #int (length: number): number {
    return this.#take(length).readIntBE(0, length)
  }

  #text (length: number): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#take(length))
  }

  #list (length: number, depth: number): unknown[] {
    if (depth > maxDepth) throw new RangeError(tooDeep)
    const list: unknown[] = []
    // The length is a claim of whoever wrote the bytes: nothing is allocated for it.
    for (let i = 0; i < length; i++) list.push(this.value(depth + 1))
    return list
  }

  #dict (length: number, depth: number): Dict {
    if (depth > maxDepth) throw new RangeError(tooDeep)
    const dict: Dict = {}
    for (let i = 0; i < length; i++) {
      const key = this.value(maxDepth)
      // Python's dicts have ints as keys, too. In JSON they are text.
      if (typeof key === 'object' || typeof key === 'boolean') throw new SyntaxError('a key that is not text')
      setOwn(dict, String(key), this.value(depth + 1))
    }
    return dict
  }

  #extension (length: number): Date {
    const isTimestamp = this.#int(1) === timestamp
    const bytes = this.#take(length)
    if (isTimestamp && length === 4) return dateOf(bytes.readUInt32BE(), 0)
    if (isTimestamp && length === 8) {
      const packed = bytes.readBigUInt64BE()
      return dateOf(Number(packed & 0x3_ffff_ffffn), Number(packed >> 34n))
    }
    if (isTimestamp && length === 12) return dateOf(Number(bytes.readBigInt64BE(4)), bytes.readUInt32BE())
    throw new SyntaxError('an extension that is not a timestamp')
  }
}

function exact (value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function dateOf (seconds: number, nanoseconds: number): Date {
  const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000))
  if (Number.isNaN(date.getTime())) throw new SyntaxError('a timestamp that is no date')
  return date
}
