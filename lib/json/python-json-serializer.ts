/**
 * JSON as Python's `json` writes and reads it: without tags, with exact numbers.
 *
 * @module
 * @see {@link https://docs.python.org/3/library/json.html}
 */

import { types } from 'node:util'
import { hasMethod } from './dict.ts'
import { TaggedJSONSerializer } from './tagged-json-serializer.ts'
import type { JSONTagClass } from './tagged-json-serializer.ts'
import { JSONTag, PassDict, PassList } from './tags.ts'
import { Tuple, UUID } from './values.ts'

/** Refuses values that JSON would hold as something else. Maps and sets have no JSON form, so they need no entry. */
class RefuseOtherTypes extends JSONTag {
  override check (value: unknown): boolean {
    return typeName(value) !== undefined
  }

  /** @throws {RangeError} always: the serializer adds the place of the value. */
  override toJson (value: unknown): never {
    throw new RangeError(`a ${typeName(value)}, for which Python's JSON has no form`)
  }
}

function typeName (value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (types.isDate(value)) return 'Date'
  if (types.isUint8Array(value)) return 'Uint8Array'
  if (value instanceof Tuple) return 'Tuple'
  if (value instanceof UUID) return 'UUID'
  return hasMethod(value, '__html__') ? 'Markup' : undefined
}

/** Options of {@link PythonJSONSerializer}. */
export interface PythonJSONOptions {
  /** What separates items: `', '` by Python's default, `','` with `separators=(',', ':')`. */
  itemSeparator: ', ' | ','
  /** What separates a key from its value. */
  keySeparator: ': ' | ':'
}

/** A string, or what separates two values outside of strings. */
const stringOrSeparator = /"[^"\\]*(?:\\.[^"\\]*)*"|[,:]/g
/** What `ensure_ascii` escapes of text that is already JSON. */
const beyondASCII = /[^ -~]/g

/**
 * Writes what `json.dumps` of Python writes, and reads what `json.loads` reads.
 *
 * An object whose only key looks like a tag of Flask is an ordinary object.
 */
export class PythonJSONSerializer extends TaggedJSONSerializer {
  static override readonly defaultTags: readonly JSONTagClass[] = [RefuseOtherTypes, PassDict, PassList]

  readonly #options: PythonJSONOptions

  constructor (options: PythonJSONOptions) {
    super()
    this.#options = options
  }

  /** @throws `UnserializableError` also for dates, bytes, tuples, UUIDs and Markup. */
  override dumps (value: unknown): string {
    const { itemSeparator, keySeparator } = this.#options
    const separators: Readonly<Record<string, string>> = { ',': itemSeparator, ':': keySeparator }
    const text = super.dumps(value).replace(stringOrSeparator, (part) => separators[part] ?? part)
    return text.replace(beyondASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  }
}
