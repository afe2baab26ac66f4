/**
 * Flask's data serializer: compact JSON with tags for the values that JSON lacks.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.json.tag.TaggedJSONSerializer}
 */

import type { Dict } from './dict.ts'
import {
  asFloat, exactNumber, ExactNumber, hasCarriedFloats, isCarriedFloat, isExactInJSON, mayHaveFloats, parseExact, stringify
} from './json-text.ts'
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

/** How deep lists and objects may be nested in the JSON text, in both directions. Flask's own limit lies near 300. */
export const maxDepth = 256

const tooDeep = `nested deeper than ${maxDepth}`
/** Steps of a path that a message shows. */
const longestPath = 12

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

/** What one {@link TaggedJSONSerializer.dumps} knows while it works. */
class Dumping {
  /** The way from the data to the value that is being tagged. */
  readonly around: object[] = []
  readonly path: Array<string | number> = []
  hasExactNumbers = false
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
  #dumping = new Dumping()

  constructor () {
    for (const Tag of new.target.defaultTags) this.register(Tag)
    this.#isOwn = new.target !== TaggedJSONSerializer
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
      if (tag.check(value)) return this.#inside(value, key, () => tag.tag(value))
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
   * @throws {@link UnserializableError} for what JSON cannot hold, or is nested deeper than {@link maxDepth}.
   */
  dumps (value: unknown): string {
    if (!this.#isOwn && this.#isPlain(value, 1)) return JSON.stringify(value)
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
   * @throws {RangeError} for data nested deeper than {@link maxDepth}.
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

  /** Whether JSON.stringify writes the data as it is to be written. Most sessions are spared the copy that {@link tag} makes. */
  #isPlain (value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string': case 'boolean': return true
      case 'number': return isExactInJSON(value)
      case 'object': return value === null || (depth <= maxDepth && this.#isPlainObject(value, depth + 1))
      // Without a value that is undefined, a dict may look like a tag.
      default: return false
    }
  }

  #isPlainObject (value: object, depth: number): boolean {
    const prototype: unknown = Object.getPrototypeOf(value)
    if ((prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) || hasCarriedFloats(value)) return false
    const keys = Object.keys(value)
    if (keys.length === 1 && this.tags.has(keys[0] as string)) return false
    for (const key of keys) {
      if (key === 'toJSON' || key === '__html__' || !this.#isPlain((value as Dict)[key], depth)) return false
    }
    // What was put on a shared prototype, or stands there by a name that is not enumerable, is another matter.
    return !('toJSON' in value) && !('__html__' in value)
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
      const list = value as Dict & unknown[]
      for (let i = 0; i < list.length; i++) this.#untagItem(list, i, depth, isExact)
      return value
    }
    for (const key of Object.keys(value)) this.#untagItem(value as Dict, key, depth, isExact)
    return this.untag(value as Dict)
  }

  #untagItem (around: Record<string | number, unknown>, key: string | number, depth: number, isExact: boolean): void {
    const item = around[key]
    if (typeof item === 'string') return
    const untagged = this.#untagScan(item, depth + 1, isExact)
    // The key is there already, so that even __proto__ is an ordinary one.
    if (untagged !== item) around[key] = untagged
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
      if (cause instanceof RangeError) throw this.#unserializable(cause.message, undefined, cause)
      throw cause
    } finally {
      around.pop()
      if (key !== undefined) path.pop()
    }
  }

  /** A value that no tag wants. */
  #leaf (value: unknown, key: string | number | undefined): unknown {
    switch (typeof value) {
      case 'string': case 'boolean': case 'undefined': return value
      case 'number': case 'bigint': return this.#number(value, key)
      case 'object': return value === null ? null : this.#toJSON(value, key)
      default: throw this.#unserializable(`a ${typeof value}`, key)
    }
  }

  #number (value: number | bigint, key: string | number | undefined): unknown {
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

  #unserializable (what: string, key?: string | number, cause?: unknown): UnserializableError {
    const path = key === undefined ? this.#dumping.path : [...this.#dumping.path, key]
    const steps = path.slice(0, longestPath).map(step).join('') + (path.length > longestPath ? '...' : '')
    return new UnserializableError(what, steps.replace(/^\./, ''), cause === undefined ? {} : { cause })
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
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
