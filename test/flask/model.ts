/**
 * What is expected of a session while random steps are taken: which steps make sense, and what they change.
 *
 * @module
 */

import type { Step } from './peer.ts'
import { randomDict, randomKey, randomValue } from './random.ts'
import type { Random } from './random.ts'
import type { Typed } from './typed-json.ts'

export interface Dict { $dict: Array<[string, Typed]> }

type Path = Array<string | number>
type Container = { $list: Typed[] } | { $tuple: Typed[] } | Dict

/** Steps that look at or write data: accesses here. The others look at flags. */
export function isAccess (step: Step): boolean {
  if (step.op === 'modified') return step.value === true
  return !['nothing', 'accessed', 'new', 'abort'].includes(step.op)
}

/** Writes raise in a session without a key, and it has no keys to find. */
function failsWithoutKey (step: Step): boolean {
  if (step.op === 'permanent') return step.value !== undefined
  return ['set', 'delete', 'pop', 'popitem', 'clear', 'update', 'setdefault', 'item', 'read', 'abort'].includes(step.op)
}

/** Whether JavaScript orders this key before all others. */
export function isIndex (key: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1
}

export class Model {
  readonly data: Map<string, Typed>
  /** A session without a key: all writes throw. */
  readonly isNull: boolean
  /** What Flask notices. */
  #written = false
  /** What this package noticed besides, when it was asked: that stays. */
  #noticed = false
  #unchanged: string
  accessed = false
  /** By step: what `modified` must answer, or whether JavaScript has its own order for the keys. */
  readonly looks: boolean[] = []
  /** Keys under which something was written. */
  readonly touched: Set<string> = new Set()

  constructor (data: Dict, isNull: boolean) {
    this.data = new Map(structuredClone(data).$dict)
    this.isNull = isNull
    this.#unchanged = this.#text()
  }

  get modified (): boolean {
    return this.#written || this.#noticed || this.#text() !== this.#unchanged
  }

  /** A change inside of a value, of which Flask must be told. */
  get isChangedUnnoticed (): boolean {
    return this.modified && !this.#written
  }

  /** Steps that make sense one after the other, up to the first that raises where that ends the request. */
  steps (random: Random, count: number, stopsAtRaise: boolean): Step[] {
    const steps: Step[] = []
    while (steps.length < count) {
      const drawn = this.#step(random)
      // Flask lets a session without a key be called modified, and goes on
      const step: Step = stopsAtRaise && this.isNull && drawn.op === 'modified' ? { op: 'modified' } : drawn
      steps.push(step)
      if (!this.take(step) && stopsAtRaise) break
    }
    return steps
  }

  /** @returns whether the step succeeds */
  take (step: Step): boolean {
    this.looks.push(step.op === 'modified' ? this.modified : [...this.data.keys()].some(isIndex))
    this.accessed ||= isAccess(step)
    if (this.isNull) return !failsWithoutKey(step)
    switch (step.op) {
      case 'set': return this.#write(() => this.#set(step.key, step.value))
      case 'delete': return this.#has(step.key) && this.#write(() => this.#delete(step.key))
      case 'pop': return this.#has(step.key) ? this.#write(() => this.#delete(step.key)) : 'default' in step
      case 'item': return this.#has(step.key)
      case 'popitem': return this.data.size > 0 && this.#write(() => this.#delete([...this.data.keys()].at(-1) as string))
      case 'setdefault': return this.#has(step.key) || this.#write(() => this.#set(step.key, step.value))
      case 'update': return this.#write(() => (step.value as Dict).$dict.forEach(([key, value]) => this.#set(key, value)))
      case 'clear': return this.#write(() => [...this.data.keys()].forEach((key) => this.#delete(key)))
      case 'permanent': return step.value === undefined || this.#write(() => this.#set('_permanent', step.value as boolean))
      case 'modified': return this.#takeModified(step.value)
      case 'read': return this.#at(step.path) !== undefined
      case 'append': case 'put': case 'remove': return this.#change(step)
      case 'abort': return false
      default: return true
    }
  }

  #takeModified (value: boolean | undefined): boolean {
    if (value === undefined) {
      this.#noticed = this.modified
      return true
    }
    this.#written = value
    if (!value) {
      this.#noticed = false
      this.#unchanged = this.#text()
    }
    return true
  }

  #write (change: () => void): true {
    change()
    this.#written = true
    return true
  }

  #has (key: string): boolean {
    return this.data.has(key)
  }

  #set (key: string, value: Typed): void {
    this.touched.add(key)
    this.data.set(key, structuredClone(value))
  }

  #delete (key: string): void {
    this.touched.add(key)
    this.data.delete(key)
  }

  #at (path: Path): Typed | undefined {
    const [first, ...rest] = path
    return rest.reduce<Typed | undefined>((place, part) => place === undefined ? undefined : childOf(place, part), this.data.get(first as string))
  }

  #change (step: Extract<Step, { path: unknown }>): boolean {
    const path = step.op === 'append' ? step.path : step.path.slice(0, -1)
    const part = step.path.at(-1) as string | number
    const place = this.#at(path) as Container | undefined
    if (place === undefined) return false
    this.touched.add(String(path[0]))
    if ('$list' in place) {
      if (step.op === 'append') place.$list.push(structuredClone(step.value))
      else if (step.op === 'put') place.$list[part as number] = structuredClone(step.value)
      else place.$list.splice(part as number, 1)
    } else if ('$dict' in place) {
      const entries = new Map(place.$dict)
      if (step.op === 'put') entries.set(String(part), structuredClone(step.value))
      else entries.delete(String(part))
      place.$dict = [...entries]
    }
    return true
  }

  /** As the package compares data with what it was. */
  #text (): string {
    return JSON.stringify(asJavaScript({ $dict: [...this.data] }))
  }

  #step (random: Random): Step {
    // floats like 1.0 are hardly worth it, as JavaScript can only write them as ints
    const value = (): Typed => randomValue(random, { wholeFloats: random.chance(0.1) })
    // _permanent has steps of its own: what is true in Python is not always true in JavaScript
    const names = [...this.data.keys()].filter((name) => name !== '_permanent')
    const key = (): string => names.length > 0 && random.chance(0.6) ? random.pick(names) : randomKey(random)
    const nested = random.chance(0.4) ? this.#nestedStep(random) : undefined
    if (nested !== undefined) return nested
    switch (random.int(0, 21)) {
      case 0: return { op: 'nothing' }
      case 1: return { op: random.pick(['keys', 'values', 'items', 'iterate', 'data']) }
      case 2: return { op: random.pick(['len', 'bool']) }
      case 3: case 4: return { op: 'contains', key: key() }
      case 5: return { op: 'accessed' }
      case 6: return random.chance(0.5) ? { op: 'new' } : { op: 'modified' }
      case 7: return { op: 'modified', value: random.chance(0.6) }
      case 8: return { op: 'permanent' }
      case 9: return { op: 'permanent', value: random.chance(0.7) }
      case 10: return random.chance(0.5) ? { op: 'get', key: key() } : { op: 'get', key: key(), default: value() }
      case 11: return { op: 'item', key: key() }
      case 12: return { op: 'delete', key: key() }
      case 13: return random.chance(0.5) ? { op: 'pop', key: key() } : { op: 'pop', key: key(), default: value() }
      // the youngest key is another one where JavaScript orders keys its own way
      case 14: return [...this.data.keys()].some(isIndex) ? { op: 'len' } : { op: 'popitem' }
      case 15: return { op: 'setdefault', key: key(), value: value() }
      case 16: return { op: 'update', value: randomDict(random, random.int(0, 3), value) }
      case 17: return random.chance(0.6) ? { op: 'clear' } : { op: 'read', path: [key()] }
      case 18: return { op: 'set', key: '_permanent', value: random.pick<Typed>([true, false, null, '', 'yes', { $int: '0' }, { $int: '1' }]) }
      default: return { op: 'set', key: key(), value: value() }
    }
  }

  #nestedStep (random: Random): Step | undefined {
    const places = [...this.data].flatMap(([key, value]) => containersIn(value, [key]))
    if (places.length === 0) return undefined
    const { path, container } = random.pick(places)
    const value = randomValue(random, { wholeFloats: random.chance(0.1) }, 1)
    const parts = partsOf(container)
    const part = random.pick(parts)
    const action = random.int(0, 3)
    if (action === 0 || '$tuple' in container) return { op: 'read', path: part === undefined ? path : [...path, part] }
    if ('$list' in container) {
      if (part === undefined || action === 1) return { op: 'append', path, value }
      return action === 2 ? { op: 'put', path: [...path, part], value } : { op: 'remove', path: [...path, part] }
    }
    if (part === undefined || action === 1) return { op: 'put', path: [...path, randomKey(random)], value }
    return action === 2 ? { op: 'put', path: [...path, part], value } : { op: 'remove', path: [...path, part] }
  }
}

function partsOf (container: Container): Path {
  if ('$dict' in container) return container.$dict.map(([key]) => key)
  return [...('$list' in container ? container.$list : container.$tuple).keys()]
}

function childOf (place: Typed, part: string | number): Typed | undefined {
  if (place === null || typeof place !== 'object') return undefined
  if ('$dict' in place) return place.$dict.find(([key]) => key === part)?.[1]
  if ('$list' in place) return place.$list[part as number]
  return '$tuple' in place ? place.$tuple[part as number] : undefined
}

function containersIn (value: Typed, path: Path): Array<{ path: Path, container: Container }> {
  if (value === null || typeof value !== 'object') return []
  if (!('$dict' in value || '$list' in value || '$tuple' in value)) return []
  const inside = partsOf(value).flatMap((part) => containersIn(childOf(value, part) as Typed, [...path, part]))
  return [{ path, container: value }, ...inside]
}

/** One kind of number: whole ones are ints, the others are spelled as JavaScript does. */
function asOneKind (typed: { $float: string }): Typed {
  const number = Number(typed.$float.replace('inf', 'Infinity'))
  if (Number.isSafeInteger(number) && !Object.is(number, -0)) return { $int: String(number) }
  return { $float: Object.is(number, -0) ? '-0' : String(number) }
}

/** As JavaScript has it: its own order of keys, one kind of number. */
export function asJavaScript (typed: Typed): Typed {
  if (typed === null || typeof typed !== 'object') return typed
  if ('$float' in typed) return asOneKind(typed)
  if ('$list' in typed) return { $list: typed.$list.map(asJavaScript) }
  if ('$tuple' in typed) return { $tuple: typed.$tuple.map(asJavaScript) }
  if (!('$dict' in typed)) return typed
  const indices = typed.$dict.filter(([key]) => isIndex(key)).sort(([a], [b]) => Number(a) - Number(b))
  const others = typed.$dict.filter(([key]) => !isIndex(key))
  return { $dict: [...indices, ...others].map(([key, value]) => [key, asJavaScript(value)]) }
}
