/**
 * A dict: a plain object whose keys may come from anywhere, `__proto__` among them.
 *
 * @module
 */

import { lookup } from '../lookup.ts'

/** An object that is used for its own enumerable string keys only. */
export type Dict = Record<string, unknown>

/** Whether the value is an object that only holds its properties: of any class, but not a list, date or Map. */
export function isDict (value: unknown): value is Dict {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return isPlainObject(value) || Object.getPrototypeOf(value) === null || toString.call(value) === '[object Object]'
}

/** Whether the value is an object without a class, as JSON.parse makes them. */
export function isPlainObject (value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** Whether the object has a method of that name, itself or from its class. */
export function hasMethod (value: object, name: string): boolean {
  return typeof lookup(value, name) === 'function'
}

/** Sets a key; `object[key] =` would let `__proto__` change the prototype. */
export function setOwn (dict: Dict, key: string, value: unknown): void {
  if (key !== '__proto__') dict[key] = value
  else Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true })
}

/** The value of an own key; `undefined` when the dict does not have the key. */
export function getOwn (dict: Dict, key: string): unknown {
  return Object.hasOwn(dict, key) ? dict[key] : undefined
}

/** Whether a key from for-in is an own key. Inside for-in, V8 optimizes this look-up, but not `Object.hasOwn`. */
export function isOwn (dict: Dict, key: string): boolean {
  return hasOwnProperty.call(dict, key)
}

const { hasOwnProperty, toString } = Object.prototype
