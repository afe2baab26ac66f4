/**
 * Random input: values that sessions can hold, edits of cookies, and the seed that makes them again.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { Markup, Tuple, UUID } from '../../../lib/index.ts'

const seed = Number(process.env.HOSTILE_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Parameters of a property; `HOSTILE_SEED` repeats a run, `HOSTILE_RUNS` sets how many there are. */
export function parameters (t: Pick<TestContext, 'diagnostic'>, runs: number): { seed: number, numRuns: number } {
  const numRuns = Number(process.env.HOSTILE_RUNS ?? runs)
  t.diagnostic(`HOSTILE_SEED=${seed} HOSTILE_RUNS=${numRuns}`)
  return { seed, numRuns }
}

const tagKeys = [' t', ' b', ' m', ' u', ' d', ' di', ' t__', ' di__', ' zz', '']
const trickyKeys = [
  '__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'toJSON', 'then', 'hasOwnProperty', '__html__', 'length', '0', '10', '-1',
  '_permanent', 'get', 'set', 'size', 'modified', 'accessed', 'permanent', 'data', 'delete', 'keys', '\ud800', '\uffff', '\u{1f600}', '\x7f', ' ', '\0'
]

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('NaN', '1.0', '"', '\\', 'number ', '__proto__', '</script>', '\u2028')
)
const key = fc.oneof(text, fc.constantFrom(...trickyKeys, ...tagKeys))

const date = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map((seconds) => new Date(seconds * 1000))

const leaf = fc.oneof(
  text, fc.boolean(), fc.constant(null), fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(0, -0, 1, -1, 2 ** 53, -(2 ** 53), 1e21, 1e-7, 5e-324, NaN, Infinity, -Infinity),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }), fc.bigInt({ min: -(2n ** 2000n), max: -(2n ** 53n) }), fc.bigInt({ min: 10n ** 309n, max: 10n ** 310n }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  text.map((html) => new Markup(html)), fc.uuid().map((hex) => new UUID(hex)), date
)

/** A value that a session can hold, and that comes back as it went in. */
export const value: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.array(tie('any'), { maxLength: 4 }).map((items) => Tuple.from(items)),
    fc.array(fc.tuple(key, tie('any')), { maxLength: 4 }).map(dict)
  )
})).any

/** The data of a session. */
export const data: fc.Arbitrary<Record<string, unknown>> = fc.array(fc.tuple(key, value), { maxLength: 4 }).map(dict)

/** Keys may be `__proto__`, which an assignment would not make a key of. */
function dict (entries: Array<[string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(entries)
}

/** What applications should not put into a session, but do. */
export const oddity: fc.Arbitrary<unknown> = fc.constantFrom<() => unknown>(
  () => () => {}, () => Symbol('x'), () => new Map([[1, 2]]), () => new Set([1]), () => new Date(NaN), () => new Date(8.64e15), () => /x/, () => new Error('x'),
() => new WeakMap(), () => Promise.resolve(1), () => new Proxy({}, {}), () => Object.create({ inherited: 1 }), () => Object.create(null),
() => { const cycle: unknown[] = []; cycle.push(cycle); return cycle },
() => ({ toJSON: () => 'x' }), () => ({ toJSON () { throw new Error('x') } }), () => ({ toJSON: () => ({ ' t': 1 }) }), () => ({ toJSON: () => undefined }),
() => ({ get x () { throw new Error('x') } }), () => ({ __html__: () => 1 }), () => ({ __html__ () { throw new Error('x') } }), () => [undefined, , 1], // eslint-disable-line no-sparse-arrays
() => undefined, () => ({ a: undefined }), () => Object('text'), () => Object(1), () => Object(false), () => Object(1n), () => Object(Symbol('x')), () => new Uint16Array([1]), () => new DataView(new ArrayBuffer(2)), () => new ArrayBuffer(2),
() => nested(250), () => nested(255), () => nested(256), () => nested(300), () => nested(5000), () => tuples(100), () => tuples(127), () => tuples(128), () => tuples(200), () => 'x'.repeat(262_100), () => 'x'.repeat(262_144), () => 'x'.repeat(300_000),
() => '\u00e9'.repeat(131_000), () => 10n ** 4299n, () => 10n ** 4300n, () => -(10n ** 4300n), () => new (class Custom { field = 1 })(), () => new Tuple(), () => new Array(1000).fill(0.5), () => globalThis
).map((make) => make())

function nested (depth: number): unknown {
  let value: unknown = []
  for (let level = 1; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

function tuples (depth: number): unknown {
  let value: unknown = new Tuple()
  for (let level = 1; level < depth; level++) value = Tuple.from([value])
  return value
}

/** One change of a text. */
export type Edit = (text: string) => string

const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const letter = fc.oneof(fc.constantFrom(...'.=-_+/%"\\ \t;,AZaz09!~\0\x7f\xff'), fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)))
const at = (text: string, where: number): number => Math.floor(where * (text.length + 1))

/** Insert, delete, replace, swap, duplicate, turn a bit, cut, change the case. */
export const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(position, fc.string({ unit: letter, minLength: 1, maxLength: 4 })).map(([where, inserted]): Edit => (text) => text.slice(0, at(text, where)) + inserted + text.slice(at(text, where))),
  fc.tuple(position, fc.integer({ min: 1, max: 3 })).map(([where, count]): Edit => (text) => text.slice(0, at(text, where)) + text.slice(at(text, where) + count)),
  fc.tuple(position, letter).map(([where, replacement]): Edit => (text) => text.slice(0, at(text, where)) + replacement + text.slice(at(text, where) + 1)),
  fc.tuple(position, position).map(([one, other]): Edit => (text) => {
    const [from, to] = [at(text, one), at(text, other)].sort((a, b) => a - b) as [number, number]
    return text.slice(0, from) + text.slice(to, to + 1) + text.slice(from + 1, to) + text.slice(from, from + 1) + text.slice(to + 1)
  }),
  fc.tuple(position, position).map(([one, other]): Edit => (text) => {
    const [from, to] = [at(text, one), at(text, other)].sort((a, b) => a - b) as [number, number]
    return text.slice(0, to) + text.slice(from, to) + text.slice(to)
  }),
  fc.tuple(position, fc.integer({ min: 0, max: 7 })).map(([where, bit]): Edit => (text) => {
    const index = Math.min(at(text, where), text.length - 1)
    return text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)) + text.slice(index + 1)
  }),
  position.map((where): Edit => (text) => text.slice(0, at(text, where))),
  position.map((where): Edit => (text) => text.slice(at(text, where))),
  // the last letters of a signature, where the spare bits are
  letter.map((replacement): Edit => (text) => text.slice(0, -1) + replacement),
  fc.constantFrom<Edit>(
    (text) => text.toUpperCase(), (text) => text.toLowerCase(), (text) => text.replaceAll('-', '+').replaceAll('_', '/'), (text) => text + '=', (text) => encodeURIComponent(text) + '%20',
    (text) => text.split('.').reverse().join('.'), (text) => `"${text}"`, (text) => text + text
  )
)
