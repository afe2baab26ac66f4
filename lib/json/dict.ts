/**
 * A dict: a plain object whose keys may come from anywhere, `__proto__` among them.
 *
 * @module
 */

/** An object that is used for its own enumerable string keys only. */
export type Dict = Record<string, unknown>

/** Sets a key; `object[key] =` would let `__proto__` change the prototype. */
export function setOwn (dict: Dict, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true })
  else dict[key] = value
}

/** The value of a key; `undefined` where the dict itself has none. */
export function getOwn (dict: Dict, key: string): unknown {
  return Object.hasOwn(dict, key) ? dict[key] : undefined
}

/** Whether a key that for-in gives is the dict's own. V8 spares that look-up there, but not one of `Object.hasOwn`. */
export function isOwn (dict: Dict, key: string): boolean {
  return hasOwnProperty.call(dict, key)
}

const { hasOwnProperty } = Object.prototype
