/**
 * Sessions that Flask-Session 0.8 can read, and those that it wrote.
 *
 * @module
 * @see {@link https://flask-session.readthedocs.io/en/latest/config.html#SESSION_SERIALIZATION_FORMAT}
 */

import { types } from 'node:util'
import { TaggedJSONSerializer } from '../json/tagged-json-serializer.ts'
import { JSONTag, PassDict, PassList, TagMarkup } from '../json/tags.ts'
import { UUID } from '../json/values.ts'
import { maxLength, TooLong } from '../json/limits.ts'
import { decodeMsgpack } from './msgpack.ts'

/** Writes a value as plain JSON, as msgspec does. */
abstract class Plain extends JSONTag {
  override tag (value: unknown): unknown {
    return this.toJson(value)
  }
}

/** As base64. */
class PlainBytes extends Plain {
  override check (value: unknown): boolean {
    return types.isUint8Array(value)
  }

  override toJson (value: unknown): string {
    const { buffer, byteOffset, byteLength } = value as Uint8Array
    if (byteLength > maxLength) throw new TooLong()
    return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  }
}

/** Markup, which msgspec refuses, as text. */
class PlainMarkup extends TagMarkup {
  override readonly key: string = ''

  override tag (value: unknown): unknown {
    return this.toJson(value)
  }
}

class PlainUUID extends Plain {
  override check (value: unknown): boolean {
    return value instanceof UUID
  }

  override toJson (value: unknown): string {
    return String(value)
  }
}

class PlainDate extends Plain {
  override check (value: unknown): boolean {
    return types.isDate(value)
  }

  override toJson (value: unknown): string {
    const year = (value as Date).getUTCFullYear()
    if (!(year >= 1 && year <= 9999)) throw new RangeError('a Date that is invalid or outside of the years 1 to 9999')
    return (value as Date).toISOString().replace('.000Z', 'Z')
  }
}

/** NaN and the infinities, which JSON has not: msgspec would not read them. */
class NotANumber extends Plain {
  override check (value: unknown): boolean {
    return typeof value === 'number' && !Number.isFinite(value)
  }

  override toJson (): null {
    return null
  }
}

class FlaskSessionSerializer extends TaggedJSONSerializer {
  static override readonly defaultTags = [PlainMarkup, PassDict, PassList, PlainBytes, PlainUUID, PlainDate, NotANumber]

  readonly readsBytes = true

  /** Half a character, which Python's text cannot hold either, would make Flask-Session refuse the session. */
  override dumps (value: unknown): string {
    const text = super.dumps(value)
    if (!text.includes('\\ud')) return text
    return text.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (escape, half) => half === undefined ? escape : '\\ufffd')
  }

  /**
   * Reads JSON and MessagePack. A pickle is never loaded: it could run code.
   *
   * @throws for anything else.
   */
  override loads (value: string | Uint8Array): unknown {
    if (typeof value === 'string') return super.loads(value)
    const [first = 0] = value
    if (first === 0x7b) return super.loads(new TextDecoder('utf-8', { fatal: true }).decode(value))
    const isMap = (first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf
    if (isMap) return decodeMsgpack(value)
    throw new SyntaxError('neither JSON nor MessagePack')
  }
}

/**
 * Shares sessions with Flask-Session 0.8 and newer, in the same store.
 *
 * Writes plain JSON, which Flask-Session reads whatever its `SESSION_SERIALIZATION_FORMAT`; reads its JSON and its
 * MessagePack. Plain JSON has no types of its own: a Date, a UUID, Markup and bytes (as base64) become text.
 */
export const flaskSessionSerializer: FlaskSessionSerializer = new FlaskSessionSerializer()
export type { FlaskSessionSerializer }
