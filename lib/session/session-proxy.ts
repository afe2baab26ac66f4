/**
 * Makes the keys of a session its properties, beside the members of its class.
 *
 * @module
 */

import type { SessionData } from './session-data.ts'

/** The key of the data behind a session. */
export const dataKey: unique symbol = Symbol('secure-session.data')
const kindsKey: unique symbol = Symbol('secure-session.kinds')

/** A session as its proxy sees it. */
interface Target {
  [dataKey]: SessionData
  [kindsKey]: MemberKinds
}

/** How to read properties that are not keys of the data. */
type MemberKinds = ReadonlyMap<string, 'method' | 'accessor' | 'of every object' | 'absent'>

/** The methods of Object.prototype that are safe to find on a session, unlike `constructor` and `__proto__`. */
const objectMethods = [
  'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', 'toString', 'valueOf'
]

const kindsByClass = new WeakMap<object, MemberKinds>()

/** The session with its keys as properties. Members hide keys of the same name, which `get` and `set` reach. */
export function sessionProxy <T extends object> (session: T, data: SessionData, prototype: object): T {
  const target = session as unknown as Target
  target[dataKey] = data
  target[kindsKey] = memberKinds(prototype)
  return new Proxy(target, handler) as unknown as T
}

/** The members that a class and its ancestors declare, and those of Object.prototype. */
function memberKinds (prototype: object): MemberKinds {
  const known = kindsByClass.get(prototype)
  if (known !== undefined) return known
  const kinds = new Map<string, 'method' | 'accessor' | 'of every object' | 'absent'>()
  for (const name of objectMethods) kinds.set(name, 'of every object')
  // An await or an async return would take a session with a `then` for a promise.
  kinds.set('then', 'absent')
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      if (name === 'constructor' || isMember(kinds.get(name))) continue
      kinds.set(name, 'value' in descriptor ? 'method' : 'accessor')
    }
  }
  kindsByClass.set(prototype, kinds)
  return kinds
}

function isMember (kind: string | undefined): boolean {
  return kind === 'method' || kind === 'accessor'
}

const handler: ProxyHandler<Target> = {
  get (target, key, receiver) {
    if (key === dataKey) return target[dataKey]
    if (typeof key === 'symbol') return Reflect.get(target, key, receiver)
    switch (target[kindsKey].get(key)) {
      case undefined: return target[dataKey].get(key)
      // Faster than Reflect.get. A method gets its `this` when it is called.
      case 'method': return (target as unknown as Record<string, unknown>)[key]
      case 'accessor': return Reflect.get(target, key, receiver)
      case 'of every object':
        return target[dataKey].has(key) ? target[dataKey].get(key) : Reflect.get(target, key, receiver)
      case 'absent': return undefined
    }
  },

  set (target, key, value, receiver) {
    if (typeof key === 'symbol') return Reflect.set(target, key, value)
    if (!isMember(target[kindsKey].get(key))) {
      target[dataKey].set(key, value)
      return true
    }
    if (hasSetter(target, key)) return Reflect.set(target, key, value, receiver)
    const cure = `write session.set('${key}', ...) for a key of that name`
    throw new TypeError(`session.${key} is a member of the session: ${cure}`)
  },

  has (target, key) {
    return typeof key === 'symbol' ? key in target : target[dataKey].has(key)
  },

  deleteProperty (target, key) {
    if (typeof key === 'string') target[dataKey].delete(key)
    return true
  },

  ownKeys (target) {
    return target[dataKey].keys()
  },

  getOwnPropertyDescriptor (target, key) {
    if (typeof key === 'symbol' || !target[dataKey].has(key)) return undefined
    return { value: target[dataKey].get(key), writable: true, enumerable: true, configurable: true }
  },

  defineProperty (target, key, descriptor) {
    if (typeof key === 'symbol' || !('value' in descriptor) || descriptor.configurable === false) return false
    target[dataKey].set(key, descriptor.value)
    return true
  },

  preventExtensions: () => false,
  setPrototypeOf: () => false
}

/** Whether an existing member can be written. */
function hasSetter (target: object, key: string): boolean {
  let owner = target
  while (!Object.hasOwn(owner, key)) owner = Object.getPrototypeOf(owner)
  return (Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor).set !== undefined
}
