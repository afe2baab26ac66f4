/**
 * JSON without white space: the default data serializer.
 *
 * @module
 */

/** Turns data into text and back, like `JSON`. */
export interface DataSerializer {
  /** @param options - the `serializerOptions` of the {@link Serializer} */
  dumps (value: unknown, options?: Record<string, unknown>): string
  /** May throw anything for text that it cannot read. */
  loads (text: string): unknown
}

/**
 * Plain JSON, compact.
 *
 * `json.dumps` of Python's `Serializer` puts a space behind `,` and `:`; each side reads both. Ints past 2^53-1 are
 * rounded, as by JSON.parse; TaggedJSONSerializer keeps them.
 */
export const compactJSON: DataSerializer = {
  dumps (value) {
    // Contrary to its declared type, JSON.stringify returns undefined for a function, for example.
    const text: string | undefined = JSON.stringify(value)
    if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON`)
    return text
  },
  loads: (text) => JSON.parse(text)
}
