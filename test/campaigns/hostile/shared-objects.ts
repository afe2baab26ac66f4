/**
 * What all requests of a process share, so that no input may change it.
 *
 * @module
 */

import * as plugin from '../../../lib/index.ts'
import * as itsdangerous from '../../../lib/itsdangerous/index.ts'

const shared: Record<string, object> = {
  Object, Array, String, Number, Boolean, Function, Symbol, Map, Set, WeakMap, WeakSet, Date, RegExp, Error, TypeError, Promise, Buffer, Uint8Array, BigInt, JSON, Reflect, Math
}
const classes = { ...plugin, ...itsdangerous }

type Snapshot = Map<string, unknown>

/** Everything that the shared objects and their prototypes have of their own, and what is registered in the serializer. */
export function snapshotOfShared (): Snapshot {
  const snapshot: Snapshot = new Map()
  for (const [name, object] of Object.entries({ ...shared, ...classes, serializer: plugin.sessionJSONSerializer })) {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null) continue
    note(snapshot, name, object)
    const { prototype } = object as { prototype?: unknown }
    if (typeof prototype === 'object' && prototype !== null) note(snapshot, `${name}.prototype`, prototype)
  }
  const { tags, order } = plugin.sessionJSONSerializer
  snapshot.set('tags', [...tags.keys()].join())
  snapshot.set('order', order.map(({ key }) => key).join())
  snapshot.set('global', Object.getOwnPropertyNames(globalThis).join())
  return snapshot
}

function note (snapshot: Snapshot, name: string, object: object): void {
  snapshot.set(`${name} (prototype)`, Object.getPrototypeOf(object))
  for (const key of Reflect.ownKeys(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor
    // the properties that RegExp keeps of the last match change all the time
    if (object === RegExp) continue
    snapshot.set(`${name}.${String(key)}`, descriptor.value ?? descriptor.get)
  }
}

/** What is not as it was: names of properties. */
export function changesSince (before: Snapshot): string[] {
  const now = snapshotOfShared()
  const names = new Set([...before.keys(), ...now.keys()])
  return [...names].filter((name) => !Object.is(before.get(name), now.get(name)) || before.has(name) !== now.has(name))
}
