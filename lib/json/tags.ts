/**
 * Flask's eight tags: how values of types that JSON lacks are written.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#module-flask.json.tag}
 */

import { types } from 'node:util'
import { hasMethod, isDict, setOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { maxLength, TooLong } from './limits.ts'
import { Markup, Tuple, UUID } from './values.ts'

/** The part of a serializer that its tags use. */
export interface Tagger {
  /** The tags that have a key, by key. */
  readonly tags: ReadonlyMap<string, JSONTag>
  /** The value as JSON data. @param key - its key or index in the object around it, for messages */
  tag (value: unknown, key?: string | number): unknown
}

/** Writes one kind of value as `{ [key]: toJson(value) }`, and reads it. */
export abstract class JSONTag {
  /** The one key of the object that is written for the value; empty for a tag that writes no such object. */
  readonly key: string = ''
  protected readonly serializer: Tagger

  constructor (serializer: Tagger) {
    this.serializer = serializer
  }

  /** Whether the value is of this kind. */
  abstract check (value: unknown): boolean

  /**
   * The value as JSON data, without its tag; values inside it go through {@link Tagger.tag}.
   *
   * Not named `toJSON`, which JSON.stringify would call.
   */
  abstract toJson (value: unknown): unknown

  /** The value of JSON data. Throws for data that {@link toJson} cannot have made. */
  toValue (_json: unknown): unknown {
    throw new TypeError(`${this.constructor.name} does not read`)
  }

  /** The value as JSON data, with its tag. */
  tag (value: unknown): unknown {
    return { [this.key]: this.toJson(value) }
  }
}

/** A dict of one key that looks like a tag. Its key is written with two underscores at the end. */
export class TagDict extends JSONTag {
  override readonly key: string = ' di'

  override check (value: unknown): boolean {
    if (!isPassedDict(value)) return false
    const keys = Object.keys(value)
    return keys.length === 1 && this.serializer.tags.has(keys[0] as string)
  }

  override toJson (value: unknown): unknown {
    const [key, content] = onlyEntry(value)
    return { [`${key}__`]: this.serializer.tag(content, key) }
  }

  /** A dict whose value is left out is empty, and needs no tag. */
  override tag (value: unknown): unknown {
    const json = this.toJson(value)
    return onlyEntry(json)[1] === undefined ? {} : { [this.key]: json }
  }

  /** Flask cuts two characters off any key. Here the key must end with the underscores. */
  override toValue (json: unknown): unknown {
    const [key, content] = onlyEntry(json)
    if (!key.endsWith('__')) throw new TypeError('the key of a tagged dict must end with __')
    return { [key.slice(0, -2)]: content }
  }
}

/** Any other dict. */
export class PassDict extends JSONTag {
  override check (value: unknown): boolean {
    return isPassedDict(value)
  }

  override toJson (value: unknown): unknown {
    const json: Dict = {}
    for (const key of Object.keys(value as Dict)) {
      const item = this.serializer.tag((value as Dict)[key], key)
      if (item !== undefined) setOwn(json, key, item)
    }
    return json
  }

  override tag (value: unknown): unknown {
    const json = this.toJson(value) as Dict
    const keys = Object.keys(json)
    const key = keys[0] as string
    const { tags } = this.serializer
    // Once values that are not written are left out, the dict may look like a tag.
    return keys.length === 1 && tags.has(key) && tags.has(' di') ? { ' di': { [`${key}__`]: json[key] } } : json
  }
}

/** A tuple. */
export class TagTuple extends JSONTag {
  override readonly key: string = ' t'

  override check (value: unknown): boolean {
    return value instanceof Tuple
  }

  override toJson (value: unknown): unknown {
    return tagItems(this.serializer, value)
  }

  override toValue (json: unknown): Tuple {
    if (!Array.isArray(json)) throw new TypeError('a tuple must be tagged as a list')
    const tuple = new Tuple()
    for (const item of json) tuple.push(item)
    return tuple
  }
}

/** Any other list. */
export class PassList extends JSONTag {
  override check (value: unknown): boolean {
    return Array.isArray(value) && !hasMethod(value, 'toJSON')
  }

  override toJson (value: unknown): unknown {
    return tagItems(this.serializer, value)
  }

  override tag (value: unknown): unknown {
    return this.toJson(value)
  }
}

/** Bytes, as base64. */
export class TagBytes extends JSONTag {
  override readonly key: string = ' b'

  override check (value: unknown): boolean {
    return types.isUint8Array(value)
  }

  override toJson (value: unknown): unknown {
    const { buffer, byteOffset, byteLength } = value as Uint8Array
    if (byteLength > maxLength) throw new TooLong()
    return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  }

  override toValue (json: unknown): Buffer {
    const bytes = Buffer.from(stringOf(json), 'base64')
    if (bytes.toString('base64') !== json) throw new TypeError('bytes must be tagged as base64')
    return bytes
  }
}

/** Text that is safe in HTML: anything that has `__html__`. */
export class TagMarkup extends JSONTag {
  override readonly key: string = ' m'

  override check (value: unknown): boolean {
    return typeof value === 'object' && value !== null && hasMethod(value, '__html__')
  }

  /** The serializer refuses a promise. */
  override toJson (value: unknown): unknown {
    const html = (value as { __html__: () => unknown }).__html__()
    return types.isPromise(html) ? html : String(html)
  }

  override toValue (json: unknown): Markup {
    return new Markup(stringOf(json))
  }
}

/** A UUID, as 32 hexadecimal digits. */
export class TagUUID extends JSONTag {
  override readonly key: string = ' u'

  override check (value: unknown): boolean {
    return value instanceof UUID
  }

  override toJson (value: unknown): unknown {
    return (value as UUID).hex
  }

  override toValue (json: unknown): UUID {
    return new UUID(stringOf(json))
  }
}

/** A date, as in HTTP headers: whole seconds, GMT. */
export class TagDateTime extends JSONTag {
  override readonly key: string = ' d'

  override check (value: unknown): boolean {
    return types.isDate(value)
  }

  override toJson (value: unknown): unknown {
    const date = value as Date
    const year = date.getUTCFullYear()
    // Python's datetime has no other years; an invalid date has none at all.
    if (!(year >= 1 && year <= 9999)) throw new RangeError('a Date that is invalid or outside of the years 1 to 9999')
    return date.toUTCString()
  }

  /** `null` for text that is not a date, as in Flask. */
  override toValue (json: unknown): Date | null {
    const text = stringOf(json)
    const match = /^\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(text)
    if (match === null) return null
    const [, day, month, year, hours, minutes, seconds] = match
    const date = new Date(0)
    date.setUTCFullYear(Number(year), months.indexOf(month as string), Number(day))
    date.setUTCHours(Number(hours), Number(minutes), Number(seconds))
    // The 30th of February and a wrong day of the week do not come out as the same text. Python has no year 0.
    return date.toUTCString() === text && year !== '0000' ? date : null
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function tagItems (serializer: Tagger, value: unknown): unknown[] {
  const list = value as unknown[]
  const json: unknown[] = []
  // Holes are written like undefined, so this must not use a method that skips holes.
  for (let i = 0; i < list.length; i++) json.push(serializer.tag(list[i], i) ?? null)
  return json
}

/** Whether an object is written by its properties, and not by its `toJSON` or `__html__`. */
function isPassedDict (value: unknown): value is Dict {
  return isDict(value) && !hasMethod(value, '__html__') && !hasMethod(value, 'toJSON')
}

function onlyEntry (json: unknown): [string, unknown] {
  const [entry, more] = Object.entries(json as Dict)
  const isEntry = entry !== undefined && more === undefined && !Array.isArray(json)
  if (!isEntry) throw new TypeError('a tagged dict must have one key')
  return entry
}

function stringOf (json: unknown): string {
  if (typeof json !== 'string') throw new TypeError('the content of this tag must be a string')
  return json
}
