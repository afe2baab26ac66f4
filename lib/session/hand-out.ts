/**
 * The values that a session handed out: copies the shared ones, and detects changes.
 *
 * @module
 */

import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { isSameData } from '../json/copy.ts'
import { getOwn, setOwn } from '../json/dict.ts'
import type { Dict } from '../json/dict.ts'
import { lookup } from '../lookup.ts'
import { splitBook } from './book-keeping.ts'

/** A data serializer with two optional members that make sessions faster. */
export interface SessionSerializer extends DataSerializer {
  /** A copy of a value that `loads` made; `undefined` if only `dumps` and `loads` can make one. */
  copyOf?: (value: unknown) => unknown
  /** Whether `dumps` writes unchanged data as the text that it was read from, apart from spelling. */
  readonly isStock?: boolean
}

/** The data that was loaded, which other requests may see too, and its JSON text. */
interface Loaded {
  readonly data: Dict
  readonly json?: string | undefined
}

/**
 * Remembers values as they were when they were handed out, and compares them on demand.
 *
 * A value that the serializer can copy alone is compared alone. Other values may reference each other, so all data is
 * copied and compared together, as text.
 */
export class ExposedValues {
  readonly #serializer: SessionSerializer
  readonly #copyOf: SessionSerializer['copyOf']
  readonly #loaded: Loaded | undefined
  readonly #originals = new Map<string, unknown>()
  /** The text that unchanged data must have; `undefined` while only {@link #originals} are compared. */
  #baseline: string | undefined
  /** Whether `dumps` may spell the baseline differently. */
  #isForeignSpelling = false

  constructor (serializer: SessionSerializer, loaded: Loaded | undefined) {
    this.#serializer = serializer
    this.#copyOf = lookup(serializer, 'copyOf') as SessionSerializer['copyOf']
    this.#loaded = loaded
  }

  /** Puts a private copy of a shared value into the data. */
  copyShared (data: Dict, key: string): void {
    const value = data[key]
    const copy = this.#copyOf?.call(this.#serializer, value)
    if (copy === undefined) {
      this.#copyAllShared(data)
      this.#watchAll(data)
    } else {
      this.#originals.set(key, value)
      setOwn(data, key, copy)
    }
  }

  /** Remembers a value that is not shared. */
  watch (data: Dict, key: string): void {
    if (this.#baseline !== undefined || this.#originals.has(key)) return
    // Data without a JSON text came from the application and may hold anything.
    const copy = this.#loaded?.json === undefined ? undefined : this.#copyOf?.call(this.#serializer, data[key])
    if (copy === undefined) this.#watchAll(data)
    else this.#originals.set(key, copy)
  }

  /** From now on, data is unchanged if `dumps` writes it as this text. */
  startFrom (json: string): void {
    this.#originals.clear()
    this.#baseline = json
    this.#isForeignSpelling = false
  }

  /** Whether a value differs from the one that was handed out. One that cannot be read or written counts as changed. */
  haveChanged (data: Dict): boolean {
    try {
      if (this.#baseline !== undefined) return this.#hasAnotherText(data)
      for (const [key, original] of this.#originals) {
        const value = getOwn(data, key)
        if (isSameData(original, value)) continue
        if (this.#textOf({ [key]: value }) !== this.#textOf({ [key]: original })) return true
      }
      return false
    } catch {
      return true
    }
  }

  #copyAllShared (data: Dict): void {
    const shared = this.#loaded?.data as Dict
    const copy = this.#serializer.loads(this.#loaded?.json as string) as Dict
    for (const key of Object.keys(data)) {
      if (isObject(data[key]) && data[key] === getOwn(shared, key)) setOwn(data, key, copy[key])
    }
  }

  #watchAll (data: Dict): void {
    this.#isForeignSpelling = this.#loaded?.json !== undefined
    this.#baseline = this.#loaded?.json ?? this.#serializer.dumps(data)
  }

  #hasAnotherText (data: Dict): boolean {
    const text = this.#textOf(data)
    if (text === this.#baseline) return false
    if (!this.#isForeignSpelling) return true
    // Python may spell the same data differently: compare both in our spelling.
    const { data: before } = splitBook(this.#serializer.loads(this.#baseline as string) as Dict)
    this.#baseline = this.#serializer.dumps(before)
    this.#isForeignSpelling = false
    return text !== this.#baseline
  }

  /** `undefined` for data that cannot be written: saving it reports the cause. */
  #textOf (data: Dict): string | undefined {
    try {
      return this.#serializer.dumps(data)
    } catch {
      return undefined
    }
  }
}

export function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
