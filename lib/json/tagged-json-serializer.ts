/**
 * Flask's data serializer: compact JSON with tags for the values that JSON lacks.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.json.tag.TaggedJSONSerializer}
 */

import { copyData } from './copy.ts'
import { isOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { asFloat, exactNumber, ExactNumber, isCarriedFloat, isExactInJSON, stringify } from './json-text.ts'
import { hasTooManyValues, maxDepth, maxLength, maxValues, tooDeep, tooLong, TooLong, tooMany } from './limits.ts'
import { mayHaveFloats, parseExact } from './parse-exact.ts'
import { isPlainJSON } from './plain-json.ts'
import { PassDict, PassList, TagBytes, TagDateTime, TagDict, TagMarkup, TagTuple, TagUUID } from './tags.ts'
import type { JSONTag, Tagger } from './tags.ts'

/** A tag's class, as serializers make instances of it. */
export type JSONTagClass = new (serializer: Tagger) => JSONTag

/** Options of {@link TaggedJSONSerializer.register}. */
export interface RegisterOptions {
  /** Replaces a tag that has the same key. @defaultValue `false` */
  force?: boolean
  /** Place in the order in which tags are asked; for a special case of another tag. @defaultValue at the end */
  index?: number
}

/** Steps of a path that a message shows. */
const longestPath = 12
/** Characters of a key that a message shows. */
const longestName = 64

/** Data that JSON cannot hold, and where it stands. */
export class UnserializableError extends TypeError {
  override readonly name: string = 'UnserializableError'
  /** Where the value stands: `cart.items[2]`; empty for the data as a whole. */
  readonly path: string

  constructor (what: string, path: string, options?: ErrorOptions) {
    super(`${path === '' ? 'the data' : path} cannot be written as JSON: ${what}`, options)
    this.path = path
  }
}

/** Data that is too long for a payload, noticed before all of it was written. */
export class OversizedError extends UnserializableError {
  override readonly name: string = 'OversizedError'
}

/** A key as a message shows it. */
export function shorten (key: string): string {
  return key.length > longestName ? `${key.slice(0, longestName)}...` : key
}

/** What one {@link TaggedJSONSerializer.dumps} knows while it works. */
class Dumping {
  /** The way from the data to the value that is being tagged. */
  readonly around: object[] = []
  readonly path: Array<string | number> = []
  hasExactNumbers = false
  /** How many keys and values, and characters of text, there may be yet. */
  values: number
  length: number

  constructor (values = maxValues, length = maxLength) {
    this.values = values
    this.length = length
  }
}

/** JSON.parse may have rounded a number: the text has to be parsed again, before a tag gets to see it. */
class InexactNumber extends Error {}

/**
 * Writes and reads what Flask keeps in sessions.
 *
 * @example
 * ```ts
 * new TaggedJSONSerializer().dumps({ at: new Date(0) }) // '{"at":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}}'
 * ```
 */
export class TaggedJSONSerializer implements Tagger {
  /** Flask's eight tags, in the order in which they are asked. */
  static readonly defaultTags: readonly JSONTagClass[] = [
    TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime
  ]

  readonly tags: Map<string, JSONTag> = new Map()
  readonly order: JSONTag[] = []
  /** Whether tagging may differ from Flask's: what is plain for that may not be for this. */
  #isOwn: boolean
  /** Where nobody dumps, nothing is too much. */
  #dumping = new Dumping(Infinity, Infinity)

  constructor () {
    for (const Tag of new.target.defaultTags) this.register(Tag)
    this.#isOwn = new.target !== TaggedJSONSerializer
  }

  /** Whether it reads and writes as Flask does, by Flask's tags alone. */
  get isStock (): boolean {
    const { prototype } = TaggedJSONSerializer
    return !this.#isOwn && this.dumps === prototype.dumps && this.loads === prototype.loads
  }

  /**
   * Adds a tag.
   *
   * @throws {TypeError} when its key is taken and `force` is not set.
   */
  register (Tag: JSONTagClass, { force = false, index = this.order.length }: RegisterOptions = {}): void {
    const tag = new Tag(this)
    this.#isOwn = true
    if (tag.key !== '') {
      if (!force && this.tags.has(tag.key)) throw new TypeError(`Tag '${tag.key}' is already registered`)
      this.tags.set(tag.key, tag)
    }
    this.order.splice(index, 0, tag)
  }

  /**
   * The value as JSON data, tagged where it has to be.
   *
   * @throws {@link UnserializableError} for what JSON cannot hold.
   */
  tag (value: unknown, key?: string | number): unknown {
    for (const tag of this.order) {
      if (!tag.check(value)) continue
      this.#count(key)
      return this.#inside(value, key, () => tag.tag(value))
    }
    return this.#leaf(value, key)
  }

  /** The value behind an object of one key that is a tag; any other object as it is. */
  untag (value: Dict): unknown {
    const keys = Object.keys(value)
    if (keys.length !== 1) return value
    const tag = this.tags.get(keys[0] as string)
    return tag === undefined ? value : tag.toValue(value[keys[0] as string])
  }

  /**
   * The data as compact JSON text.
   *
   * @throws {@link UnserializableError} for what JSON cannot hold, is nested deeper than 256, or has more than 4,096 keys and values;
   * {@link OversizedError} for more than 262,144 characters or bytes.
   */
  dumps (value: unknown): string {
    const text = !this.#isOwn && isPlainJSON(value, this.tags) ? JSON.stringify(value) : this.#dumpTagged(value)
    if (hasTooManyValues(text)) throw new UnserializableError(tooMany, '')
    return text
  }

  #dumpTagged (value: unknown): string {
    // A toJSON of the data may come back here before the outer call is done.
    const outer = this.#dumping
    this.#dumping = new Dumping()
    try {
      const json = this.tag(value)
      if (json === undefined) throw new UnserializableError('undefined', '')
      if (depthOf(json) > maxDepth) throw new UnserializableError(tooDeep, '')
      return stringify(json, this.#dumping.hasExactNumbers)
    } finally {
      this.#dumping = outer
    }
  }

  /**
   * The data behind JSON text.
   *
   * @throws {SyntaxError} for what is not JSON.
   * @throws {TypeError} for a tag whose content is not of its kind.
   * @throws {RangeError} for data nested deeper than 256, or of more than 4,096 keys and values.
   */
  loads (text: string): unknown {
    if (hasTooManyValues(text)) throw new RangeError(tooMany)
    const json = parseFast(text)
    if (json === undefined) return this.#untagScan(parseExact(text), 1, true)
    try {
      return this.#untagScan(json, 1, false)
    } catch (error) {
      if (error instanceof InexactNumber) return this.#untagScan(parseExact(text), 1, true)
      throw error
    }
  }

  /**
   * A copy of what {@link loads} gave.
   *
   * @returns `undefined` where only to write and to read it makes one: it has bytes, markup or a UUID in it, or there are other
   * tags than Flask's, whose values only they know
   */
  copyOf (value: unknown): unknown {
    return this.#isOwn ? undefined : copyData(value)
  }

  /**
   * Tags from the inside to the outside; the data is JSON.parse's own, so it is changed in place.
   *
   * @throws {@link InexactNumber} unless the numbers are exact.
   */
  #untagScan (value: unknown, depth: number, isExact: boolean): unknown {
    if (typeof value === 'number' && !isExact && !isExactInJSON(value)) throw new InexactNumber()
    if (typeof value !== 'object' || value === null) return value
    if (depth > maxDepth) throw new RangeError(tooDeep)
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) this.#untagItem(value as Dict & unknown[], i, value[i], depth, isExact)
      return value
    }
    const dict = value as Dict
    let count = 0
    // Takes no list of keys, and reads each value without a look-up.
    for (const key in dict) {
      if (!isOwn(dict, key)) continue
      count++
      this.#untagItem(dict, key, dict[key], depth, isExact)
    }
    // Other objects are no tags; a subclass may think otherwise.
    return count === 1 || this.#isOwn ? this.untag(dict) : dict
  }

  #untagItem (around: Record<string | number, unknown>, key: string | number, item: unknown, depth: number, isExact: boolean): void {
    if (typeof item === 'string') return
    const untagged = this.#untagScan(item, depth + 1, isExact)
    // The key is there already, so that even __proto__ is an ordinary one.
    if (untagged !== item) around[key] = untagged
  }

  /** Stops early; what the tags add to the values is counted in the text. */
  #count (key: string | number | undefined, length = 0): void {
    const dumping = this.#dumping
    dumping.values -= typeof key === 'string' ? 2 : 1
    dumping.length -= length + (typeof key === 'string' ? key.length : 0)
    if (dumping.values < 0) throw this.#unserializable(tooMany, key)
    if (dumping.length < 0) throw this.#unserializable(tooLong, key, undefined, OversizedError)
  }

  /** Remembers the way to a value while its content is tagged. */
  #inside (value: unknown, key: string | number | undefined, tag: () => unknown): unknown {
    if (typeof value !== 'object' || value === null) return tag()
    const { around, path } = this.#dumping
    if (around.includes(value)) throw this.#unserializable('it contains itself', key)
    if (around.length >= maxDepth) throw this.#unserializable(tooDeep, key)
    around.push(value)
    if (key !== undefined) path.push(key)
    try {
      return tag()
    } catch (cause) {
      if (cause instanceof RangeError) throw this.#unserializable(cause.message, undefined, cause, cause instanceof TooLong ? OversizedError : UnserializableError)
      throw cause
    } finally {
      around.pop()
      if (key !== undefined) path.pop()
    }
  }

  /** A value that no tag wants. */
  #leaf (value: unknown, key: string | number | undefined): unknown {
    switch (typeof value) {
      case 'undefined': return value
      case 'number': case 'bigint': return this.#number(value, key)
      case 'function': case 'symbol': throw this.#unserializable(`a ${typeof value}`, key)
      case 'object': if (value !== null) return this.#toJSON(value, key)
    }
    this.#count(key, typeof value === 'string' ? value.length : 0)
    return value
  }

  #number (value: number | bigint, key: string | number | undefined): unknown {
    this.#count(key)
    try {
      const number = this.#isCarriedFloat(value, key) ? asFloat(value as number) : exactNumber(value)
      if (number instanceof ExactNumber) this.#dumping.hasExactNumbers = true
      return number
    } catch (cause) {
      throw this.#unserializable((cause as RangeError).message, key, cause)
    }
  }

  #isCarriedFloat (value: number | bigint, key: string | number | undefined): boolean {
    const around = this.#dumping.around.at(-1)
    return around !== undefined && key !== undefined && typeof value === 'number' && isCarriedFloat(around, key, value)
  }

  /** What JSON.stringify would make of it: the result of `toJSON`, or the primitive in a wrapper. */
  #toJSON (value: object, key: string | number | undefined): unknown {
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return this.#inside(value, key, () => this.tag((value.toJSON as (key: string) => unknown)(String(key ?? ''))))
    }
    if (value instanceof String || value instanceof Number || value instanceof Boolean) return this.#leaf(value.valueOf(), key)
    throw this.#unserializable(`a ${Object.prototype.toString.call(value).slice(8, -1)}`, key)
  }

  #unserializable (what: string, key?: string | number, cause?: unknown, Class = UnserializableError): UnserializableError {
    const path = key === undefined ? this.#dumping.path : [...this.#dumping.path, key]
    const steps = path.slice(0, longestPath).map(step).join('') + (path.length > longestPath ? '...' : '')
    return new Class(what, steps.replace(/^\./, ''), cause === undefined ? {} : { cause })
  }
}

/** What JSON.parse makes of the text; `undefined` where it is of no use: NaN, the infinities and whole floats need {@link parseExact}. */
function parseFast (text: string): unknown {
  if (mayHaveFloats(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Levels of lists and objects, as a reader of the text will meet them. */
function depthOf (json: unknown): number {
  if (typeof json !== 'object' || json === null || json instanceof ExactNumber) return 0
  let deepest = 0
  for (const item of Object.values(json)) deepest = Math.max(deepest, depthOf(item))
  return deepest + 1
}

function step (key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  if (key.length > longestName) return `[${JSON.stringify(shorten(key))}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
