/**
 * Flask's eight tags: how values that JSON has no word for are written.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#module-flask.json.tag}
 */

import { setOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { carryAllFloats, carryFloats, isCarriedFloat } from './json-text.ts'
import { maxLength, maxValues, TooLong, tooMany } from './limits.ts'
import { Markup, Tuple, UUID } from './values.ts'

/** What a tag needs of the serializer that it belongs to. */
export interface Tagger {
  /** The tags that have a key, by key. */
  readonly tags: ReadonlyMap<string, JSONTag>
  /** The value as JSON data. @param key - where the value stands in the one around it, for messages */
  tag (value: unknown, key?: string | number): unknown
}

/** A kind of value, and how it is written: `{ [key]: toJson(value) }`. */
export abstract class JSONTag {
  /** The one key of the object that stands for the value; empty for a tag that is only a step on the way. */
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

  /** The value again. Throws for data that {@link toJson} cannot have made. */
  toValue (_json: unknown): unknown {
    throw new TypeError(`${this.constructor.name} does not read`)
  }

  /** The value as JSON data, with its tag. */
  tag (value: unknown): unknown {
    return { [this.key]: this.toJson(value) }
  }
}

/** A dict of one key that looks like a tag. The key gets two underscores on the way. */
export class TagDict extends JSONTag {
  override readonly key: string = ' di'

  override check (value: unknown): boolean {
    if (!isDict(value)) return false
    const keys = Object.keys(value)
    return keys.length === 1 && this.serializer.tags.has(keys[0] as string)
  }

  override toJson (value: unknown): unknown {
    const [key, content] = onlyEntry(value)
    return { [`${key}__`]: this.serializer.tag(content, key) }
  }

  /** Without content the dict is an empty one, and needs no tag. */
  override tag (value: unknown): unknown {
    const json = this.toJson(value)
    return onlyEntry(json)[1] === undefined ? {} : { [this.key]: json }
  }

  /** Unlike Flask, which cuts two characters off any key. */
  override toValue (json: unknown): unknown {
    const [key, content] = onlyEntry(json)
    if (!key.endsWith('__')) throw new TypeError('the key of a tagged dict must end with __')
    const dict = { [key.slice(0, -2)]: content }
    if (typeof content === 'number' && isCarriedFloat(json as Dict, key, content)) carryAllFloats(dict, new Map([[key.slice(0, -2), content]]))
    return dict
  }
}

/** Any other dict. */
export class PassDict extends JSONTag {
  override check (value: unknown): boolean {
    return isDict(value)
  }

  override toJson (value: unknown): unknown {
    const json: Dict = {}
    const keys = Object.keys(value as Dict)
    if (keys.length > maxValues) throw new RangeError(tooMany)
    for (const key of keys) {
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
    // Values that are not written have left a dict that looks like a tag.
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
    return carryFloats(json, tuple)
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
    return value instanceof Uint8Array
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

  override toJson (value: unknown): unknown {
    return String((value as { __html__: () => unknown }).__html__())
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
    return value instanceof Date
  }

  override toJson (value: unknown): unknown {
    const date = value as Date
    const year = date.getUTCFullYear()
    // Python's datetime has no other years; an invalid date has none at all.
    if (!(year >= 1 && year <= 9999)) throw new RangeError('a Date that is invalid or outside of the years 1 to 9999')
    return date.toUTCString()
  }

  /** `null` for text that is no date, as in Flask. */
  override toValue (json: unknown): Date | null {
    const text = stringOf(json)
    const match = /^\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(text)
    if (match === null) return null
    const [, day, month, year, hours, minutes, seconds] = match
    const date = new Date(0)
    date.setUTCFullYear(Number(year), months.indexOf(month as string), Number(day))
    date.setUTCHours(Number(hours), Number(minutes), Number(seconds))
    // The 30th of February and a wrong day of the week are written otherwise. Python has no year 0.
    return date.toUTCString() === text && year !== '0000' ? date : null
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function tagItems (serializer: Tagger, value: unknown): unknown[] {
  const list = value as unknown[]
  if (list.length > maxValues) throw new RangeError(tooMany)
  // A hole of the array is written like undefined, so no method that skips holes.
  return Array.from(list, (item, index) => serializer.tag(item, index) ?? null)
}

/** An object that stands for its properties: neither a list nor something whose content its properties do not hold. */
function isDict (value: unknown): value is Dict {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  const isObject = prototype === Object.prototype || prototype === null || Object.prototype.toString.call(value) === '[object Object]'
  return isObject && !hasMethod(value, '__html__') && !hasMethod(value, 'toJSON')
}

/** Whether the object has a method of that name, or its prototype has. */
export function hasMethod (value: object, name: string): boolean {
  return typeof (value as Dict)[name] === 'function'
}

function onlyEntry (json: unknown): [string, unknown] {
  const [entry, more] = Object.entries(json as Dict)
  if (entry === undefined || more !== undefined || Array.isArray(json)) throw new TypeError('a tagged dict must have one key')
  return entry
}

function stringOf (json: unknown): string {
  if (typeof json !== 'string') throw new TypeError('the content of this tag must be a string')
  return json
}
