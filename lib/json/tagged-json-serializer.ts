/**
 * Flask's data serializer: compact JSON with tags for the values that JSON lacks.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.json.tag.TaggedJSONSerializer}
 */

import { types } from 'node:util'
import { pick } from '../lookup.ts'
import { copyData } from './copy.ts'
import { getOwn, isDict, isOwn } from './dict.ts'
import type { Dict } from './dict.ts'
import { formatPath, OversizedError, UnserializableError } from './errors.ts'
import { maxDepth, maxLength, tooDeep, tooLong, TooLong } from './limits.ts'
import { exactNumber, ExactNumber, isExactInJSON, stringifyExact } from './numbers.ts'
import { parseExact } from './parse-exact.ts'
import { isPlainJSON } from './plain-json.ts'
import { PassDict, PassList, TagBytes, TagDateTime, TagDict, TagMarkup, TagTuple, TagUUID } from './tags.ts'
import type { JSONTag, Tagger } from './tags.ts'

/** A tag's class, as serializers make instances of it. */
export type JSONTagClass = new (serializer: Tagger) => JSONTag

/** Options of {@link TaggedJSONSerializer.register}. */
export interface RegisterOptions {
  /** Replaces a tag that has the same key. @defaultValue `false` */
  force?: boolean
  /** Position among the tags, which are tried in order; for a special case of another tag. @defaultValue at the end */
  index?: number
}

/** The state of one {@link TaggedJSONSerializer.dumps}. */
class DumpState {
  /** The objects around the value that is being tagged, the outermost first. */
  readonly ancestors = new Set<object>()
  /** The keys that lead to that value. */
  readonly path: Array<string | number> = []
  hasExactNumbers = false
  /** The length that JSON text may still have: a value takes at least a character, text and keys take their length. */
  budget: number

  constructor (budget = maxLength) {
    this.budget = budget
  }
}

/** JSON.parse may have rounded a number: the text must be parsed again before a tag sees the number. */
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
  /** Flask's eight tags, in the order in which they are tried. */
  static readonly defaultTags: readonly JSONTagClass[] = [
    TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime
  ]

  readonly tags: Map<string, JSONTag> = new Map()
  readonly order: JSONTag[] = []
  #isStock: boolean
  /** Outside of dumps, there is no limit. */
  #state = new DumpState(Infinity)

  constructor () {
    for (const Tag of new.target.defaultTags) this.register(Tag)
    this.#isStock = new.target === TaggedJSONSerializer
  }

  /** Whether this is not a subclass and has only Flask's tags, so that it reads and writes as Flask does. */
  get isStock (): boolean {
    return this.#isStock
  }

  /**
   * Adds a tag.
   *
   * @throws {TypeError} when its key is taken and `force` is not set.
   */
  register (Tag: JSONTagClass, options: RegisterOptions = {}): void {
    const { force = false, index = this.order.length }: RegisterOptions = pick(options, ['force', 'index'])
    const tag = new Tag(this)
    this.#isStock = false
    if (tag.key !== '') {
      if (!force && this.tags.has(tag.key)) throw new TypeError(`Tag '${tag.key}' is already registered`)
      this.tags.set(tag.key, tag)
    }
    this.order.splice(index, 0, tag)
  }

  /**
   * The value as JSON data, with tags where needed.
   *
   * @throws {@link UnserializableError} for a value that JSON cannot hold.
   */
  tag (value: unknown, key?: string | number): unknown {
    // None of Flask's tags is for a primitive.
    if (this.#isStock && (typeof value !== 'object' || value === null)) return this.#leaf(value, key)
    for (const tag of this.order) {
      if (!tag.check(value)) continue
      this.#spend(key)
      return this.#descend(value, key, () => this.#tagWith(tag, value))
    }
    return this.#leaf(value, key)
  }

  /** The value behind an object whose only key is a tag; any other object unchanged. */
  untag (value: Dict): unknown {
    const keys = Object.keys(value)
    return keys.length === 1 ? this.#untagOnly(value, keys[0] as string) : value
  }

  #untagOnly (value: Dict, key: string): unknown {
    const tag = this.tags.get(key)
    return tag === undefined ? value : tag.toValue(value[key])
  }

  /**
   * The data as compact JSON text.
   *
   * @throws {@link UnserializableError} for data that JSON cannot hold, or that is nested deeper than 256;
   * {@link OversizedError} for more than 262,144 characters or bytes.
   */
  dumps (value: unknown): string {
    return this.#isStock && isPlainJSON(value, this.tags) ? JSON.stringify(value) : this.#dumpTagged(value)
  }

  #dumpTagged (value: unknown): string {
    // A toJSON of the data may call dumps again before this call is done.
    const outer = this.#state
    this.#state = new DumpState()
    try {
      const json = this.tag(value)
      if (json === undefined) throw new UnserializableError('undefined', '')
      if (isTooDeep(json, maxDepth)) throw new UnserializableError(tooDeep, '')
      return this.#state.hasExactNumbers ? stringifyExact(json) as string : JSON.stringify(json)
    } finally {
      this.#state = outer
    }
  }

  /**
   * The data behind JSON text.
   *
   * @throws {SyntaxError} for text that is not JSON.
   * @throws {TypeError} for a tag whose content is not of its kind.
   * @throws {RangeError} for data nested deeper than 256.
   */
  loads (text: string): unknown {
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
   * A copy of what {@link loads} returned.
   *
   * @returns `undefined` when only writing and reading makes a copy: for a value that contains bytes, Markup or a UUID,
   * and for serializers with other tags than Flask's, because only those tags know their values
   */
  copyOf (value: unknown): unknown {
    return this.#isStock ? copyData(value) : undefined
  }

  /**
   * Replaces tagged values, the inner ones first. The data is JSON.parse's own, so it is changed in place.
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
    let last = ''
    // Makes no list of keys, and reads each value without a look-up.
    for (const key in dict) {
      if (!isOwn(dict, key)) continue
      count++
      last = key
      this.#untagItem(dict, key, dict[key], depth, isExact)
    }
    // A subclass may recognise tags in another way.
    if (!this.#isStock) return this.untag(dict)
    return count === 1 ? this.#untagOnly(dict, last) : dict
  }

  #untagItem (
    parent: Record<string | number, unknown>, key: string | number, item: unknown, depth: number, isExact: boolean
  ): void {
    if (typeof item === 'string') return
    const untagged = this.#untagScan(item, depth + 1, isExact)
    // The key already exists, so even __proto__ is an ordinary key.
    if (untagged !== item) parent[key] = untagged
  }

  /** Takes a value off the budget, so that work on data that is too long ends early. */
  #spend (key: string | number | undefined, length = 0): void {
    const state = this.#state
    state.budget -= 1 + length + (typeof key === 'string' ? key.length : 0)
    if (state.budget < 0) throw this.#unserializable(tooLong, key, undefined, OversizedError)
  }

  /** Also takes text that the tag made, such as base64, off the budget, unless the tag passed it to `tag`. */
  #tagWith (tag: JSONTag, value: unknown): unknown {
    const { budget } = this.#state
    const json = tag.tag(value)
    const content = isDict(json) ? getOwn(json, tag.key) : json
    if (types.isPromise(content)) return this.#toJSON(content, undefined)
    if (typeof content === 'string' && this.#state.budget === budget) this.#spend(undefined, content.length)
    return json
  }

  /** Notes the place of a value while its content is tagged. */
  #descend (value: unknown, key: string | number | undefined, tag: () => unknown): unknown {
    if (typeof value !== 'object' || value === null) return tag()
    const { ancestors, path } = this.#state
    if (ancestors.has(value)) throw this.#unserializable('it contains itself', key)
    if (ancestors.size >= maxDepth) throw this.#unserializable(tooDeep, key)
    ancestors.add(value)
    if (key !== undefined) path.push(key)
    try {
      return tag()
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      const Class = cause instanceof TooLong ? OversizedError : UnserializableError
      throw this.#unserializable(cause.message, undefined, cause, Class)
    } finally {
      ancestors.delete(value)
      if (key !== undefined) path.pop()
    }
  }

  /** A value that no tag matches. */
  #leaf (value: unknown, key: string | number | undefined): unknown {
    switch (typeof value) {
      case 'undefined': this.#spend(undefined); return value
      case 'number': case 'bigint': return this.#number(value, key)
      case 'function': case 'symbol': throw this.#unserializable(`a ${typeof value}`, key)
      case 'object': if (value !== null) return this.#toJSON(value, key)
    }
    this.#spend(key, typeof value === 'string' ? value.length : 0)
    return value
  }

  #number (value: number | bigint, key: string | number | undefined): unknown {
    this.#spend(key)
    try {
      const number = exactNumber(value)
      if (number instanceof ExactNumber) this.#state.hasExactNumbers = true
      return number
    } catch (cause) {
      throw this.#unserializable((cause as RangeError).message, key, cause)
    }
  }

  /** As JSON.stringify does it: the result of `toJSON`, or the primitive in a wrapper. */
  #toJSON (value: object, key: string | number | undefined): unknown {
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return this.#descend(value, key, () => this.tag((value.toJSON as (key: string) => unknown)(String(key ?? ''))))
    }
    const isWrapper = types.isStringObject(value) || types.isNumberObject(value) || types.isBooleanObject(value)
    if (isWrapper) return this.#leaf(value.valueOf(), key)
    // The rejection of an async toJSON would end the process.
    if (types.isPromise(value)) value.catch(() => {})
    throw this.#unserializable(`a ${Object.prototype.toString.call(value).slice(8, -1)}`, key)
  }

  #unserializable (what: string, key?: string | number, cause?: unknown, Class = UnserializableError): Error {
    const path = key === undefined ? this.#state.path : [...this.#state.path, key]
    return new Class(what, formatPath(path), cause === undefined ? {} : { cause })
  }
}

/** The result of JSON.parse; `undefined` for text that it cannot read: NaN and the infinities need parseExact. */
function parseFast (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether JSON data has more levels of lists and objects: a tag may add some. */
function isTooDeep (json: unknown, levels: number): boolean {
  if (typeof json !== 'object' || json === null || json instanceof ExactNumber) return false
  if (levels === 0) return true
  for (const item of Array.isArray(json) ? json : Object.values(json)) if (isTooDeep(item, levels - 1)) return true
  return false
}
