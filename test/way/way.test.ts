import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { recordCases, wayOf } from './count.ts'
import type { CaseName } from './count.ts'
import { instrument } from './instrument.ts'

/** The most that a request whose cookie this process has not seen may need. */
const limits: ReadonlyArray<{ name: CaseName, request: string, files: number, depth: number, turns: number }> = [
  { name: 'read, never seen', request: 'a read', files: 34, depth: 20, turns: 3 },
  { name: 'write, never seen', request: 'a write', files: 40, depth: 20, turns: 5 }
]

test('a request goes through few files', async (t: TestContext) => {
  const recordings = await recordCases(await instrument(fileURLToPath(new URL('../../lib', import.meta.url))))
  for (const { name, request, ...most } of limits) {
    const { files, depth, turns } = wayOf(recordings[name])
    await t.test(`${request} enters at most ${most.files} files`, (t: TestContext) => {
      t.assert.ok(files <= most.files, `${files} files`)
    })
    await t.test(`${request} calls at most ${most.depth} deep`, (t: TestContext) => {
      t.assert.ok(depth <= most.depth, `${depth} deep`)
    })
    await t.test(`${request} finds at most ${most.turns} pairs of files that call each other`, (t: TestContext) => {
      t.assert.ok(turns.length <= most.turns, turns.map(({ files }) => files.join(' and ')).join(', '))
    })
  }
})

test('the counting follows getters, constructors, generators and promises', async (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'way-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'index.ts'), `
    import { Box, leaf, numbers } from './other.ts'
    export async function run (): Promise<void> {
      new Box().value
      for (const number of numbers()) if (leaf(number) === 1) break
      await later()
      leaf(3)
    }
    const later = async (): Promise<number> => leaf(await Promise.resolve(2))
    export const again = (): number => leaf(4)
  `)
  writeFileSync(join(folder, 'other.ts'), `
    import { again } from './index.ts'
    export class Box {
      readonly #value: number
      constructor () { this.#value = leaf(5) }
      get value (): number { return this.#value === 0 ? 0 : again() }
    }
    export function * numbers (): Generator<number> { yield leaf(1); yield 2 }
    export function leaf (value: number): number { return value }
  `)
  const { library, recorder } = await instrument(folder)
  const calls = await recorder.record((library as unknown as { run (): Promise<void> }).run)
  const lines = calls.map(({ spot, depth, caller }) => `${caller?.spot.name ?? 'outside'} -> ${spot.name}, ${depth}`)
  t.assert.deepStrictEqual(lines, [
    'outside -> run, 1',
    'run -> Box.constructor, 2',
    'Box.constructor -> leaf, 3',
    'run -> Box.get value, 2',
    'Box.get value -> again, 3',
    'again -> leaf, 4',
    'run -> numbers, 2',
    'numbers -> leaf, 3',
    'run -> leaf, 2',
    'run -> later, 2',
    'later -> leaf, 3',
    'run -> leaf, 2'
  ])
  t.assert.deepStrictEqual(wayOf(calls), {
    files: 2,
    functions: 7,
    calls: 12,
    crossings: 8,
    pairs: 2,
    depth: 4,
    turns: [{
      files: ['index.ts', 'other.ts'],
      there: [
        'run -> Box.constructor', 'run -> Box.get value', 'again -> leaf',
        'run -> numbers', 'run -> leaf', 'later -> leaf'
      ],
      back: ['Box.get value -> again']
    }],
    returns: ['Box.get value -> again', 'again -> leaf']
  })
})
