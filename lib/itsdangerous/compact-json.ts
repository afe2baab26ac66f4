/**
 * JSON without white space, the data serializer of all serializers here.
 *
 * @module
 */

/** Turns data into text and back: `JSON` itself would do. */
export interface DataSerializer {
  /** @param options - the `serializerOptions` of the {@link Serializer} */
  dumps (value: unknown, options?: Record<string, unknown>): string
  /** Throws what it likes for text that it cannot read. */
  loads (text: string): unknown
}

/**
 * Plain JSON, compact.
 *
 * Unlike `json.dumps` of Python's `Serializer`, which puts a space behind `,` and `:`. Each side reads both. Ints past
 * 2^53-1 are rounded, as by JSON.parse; TaggedJSONSerializer keeps them.
 */
export const compactJSON: DataSerializer = {
  dumps (value) {
    // JSON.stringify gives undefined for what has no JSON, against its declared type.
    const text: string | undefined = JSON.stringify(value)
    if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON`)
    return text
  },
  loads: (text) => JSON.parse(text)
}
