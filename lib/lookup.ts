/**
 * Reads settings of the application, but ignores those that prototype pollution added to Object.prototype.
 *
 * @module
 * @see {@link https://developer.mozilla.org/en-US/docs/Web/Security/Attacks/Prototype_pollution}
 */

const shared = Object.prototype as unknown as Readonly<Record<string, unknown>>

/** The value of a key of the object or its class; `undefined` for a key of Object.prototype. */
export function lookup (object: object, key: string): unknown {
  const value = (object as Record<string, unknown>)[key]
  if (value === undefined || value !== shared[key]) return value // the fast path, because every request looks keys up
  let holder: object | null = object
  while (holder !== null && holder !== shared) {
    if (Object.hasOwn(holder, key)) return value
    holder = Object.getPrototypeOf(holder) as object | null
  }
  return undefined
}

/** The given values of some keys, in an object without a prototype. `undefined` means "not given". */
export function pick (object: object, keys: Iterable<string>): Record<string, unknown> {
  const picked = Object.create(null) as Record<string, unknown>
  for (const key of keys) {
    const value = lookup(object, key)
    if (value !== undefined) picked[key] = value
  }
  return picked
}
