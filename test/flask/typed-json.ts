/**
 * Typed JSON, the peer's and the vectors' notation of Python values, to and from JavaScript values.
 *
 * @module
 */

/** A Python value, without loss. */
export type Typed =
  | string | boolean | null
  | { $int: string }
  | { $float: string }
  | { $list: Typed[] }
  | { $dict: Array<[string, Typed]> }
  | { $tuple: Typed[] }
  | { $bytes: string }
  | { $markup: string }
  | { $uuid: string }
  | { $datetime: number }

/** Text, or bytes that are no UTF-8. */
export type Text = string | { $bytes: string }

/** The classes for the Python values that JavaScript lacks. */
export interface PythonTypes {
  Tuple: { new (...items: never[]): unknown[], from (items: Iterable<unknown>): unknown[] }
  Markup: new (text: string) => { toString (): string }
  UUID: new (hex: string) => { readonly hex: string }
}

export interface Codec {
  /**
   * A number is an int when it is a safe integer and not -0, and a float otherwise. `undefined` members are left out.
   *
   * @throws TypeError for what has no Python counterpart here.
   */
  encode (value: unknown): Typed
  /** Ints outside of +-(2^53-1) become bigints; a float that is whole comes back as an int when it is encoded again. */
  decode (typed: Typed): unknown
}

export function codec ({ Tuple, Markup, UUID }: PythonTypes): Codec {
  const encode = (value: unknown): Typed => {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
    if (typeof value === 'bigint') return { $int: String(value) }
    if (typeof value === 'number') return encodeNumber(value)
    if (value instanceof Tuple) return { $tuple: Array.from(value, encode) }
    if (Array.isArray(value)) return { $list: Array.from(value, encode) }
    if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') }
    if (value instanceof Markup) return { $markup: String(value) }
    if (value instanceof UUID) return { $uuid: value.hex }
    if (value instanceof Date) return { $datetime: Math.floor(value.getTime() / 1000) }
    if (typeof value !== 'object') throw new TypeError(`no Python value for ${typeof value}`)
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return { $dict: members.map(([key, member]) => [key, encode(member)]) }
  }

  const decode = (typed: Typed): unknown => {
    if (typed === null || typeof typed !== 'object') return typed
    if ('$int' in typed) return Number.isSafeInteger(Number(typed.$int)) ? Number(typed.$int) : BigInt(typed.$int)
    if ('$float' in typed) return decodeFloat(typed.$float)
    if ('$tuple' in typed) return Tuple.from(typed.$tuple.map(decode))
    if ('$list' in typed) return typed.$list.map(decode)
    if ('$bytes' in typed) return Buffer.from(typed.$bytes, 'hex')
    if ('$markup' in typed) return new Markup(typed.$markup)
    if ('$uuid' in typed) return new UUID(typed.$uuid)
    if ('$datetime' in typed) return new Date(typed.$datetime * 1000)
    // fromEntries, as a key may be __proto__
    if ('$dict' in typed) return Object.fromEntries(typed.$dict.map(([key, member]) => [key, decode(member)]))
    throw new TypeError(`no JavaScript value for ${JSON.stringify(typed)}`)
  }

  return { encode, decode }
}

function encodeNumber (value: number): Typed {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { $int: String(value) }
  return { $float: Object.is(value, -0) ? '-0.0' : String(value) }
}

function decodeFloat (repr: string): number {
  if (repr === 'inf') return Infinity
  return repr === '-inf' ? -Infinity : Number(repr)
}
