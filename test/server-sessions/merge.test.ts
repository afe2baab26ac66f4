import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { mergeByKey } from '../../lib/server-sessions/merge.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'

interface Case {
  before: object
  now: object
  there: object
  assigned?: string[]
  data: object
  conflicts?: string[]
}

describe('mergeByKey', () => {
  const cases: Record<string, Case> = {
    'keeps the keys of both': { before: {}, now: { a: 1 }, there: { b: 2 }, assigned: ['a'], data: { b: 2, a: 1 } },
    'leaves what this request did not change': { before: { a: 1 }, now: { a: 1, b: 1 }, there: { a: 2 }, data: { a: 2, b: 1 } },
    'lets the later save win, and names the key': { before: { a: 1 }, now: { a: 3 }, there: { a: 2 }, assigned: ['a'], data: { a: 3 }, conflicts: ['a'] },
    'names no key that both gave the same value': { before: { a: 1 }, now: { a: 1, b: [1] }, there: { a: 1, b: [1] }, data: { a: 1, b: [1] }, conflicts: ['b'] },
    'removes the keys that this request removed': { before: { a: 1, b: 1 }, now: { b: 1 }, there: { a: 1, b: 1, c: 1 }, data: { b: 1, c: 1 } },
    'removes a key that the other changed': { before: { a: 1 }, now: {}, there: { a: 2 }, data: {}, conflicts: ['a'] },
    'leaves a key removed that this request only changed inside of': { before: { a: [1] }, now: { a: [1, 2] }, there: {}, data: {} },
    'sets a removed key that this request assigned anew': { before: { a: [1] }, now: { a: [1, 2] }, there: {}, assigned: ['a'], data: { a: [1, 2] } },
    'sets a removed key that this request assigned anew to the same value': { before: { a: 1 }, now: { a: 1 }, there: {}, assigned: ['a'], data: { a: 1 } },
    'leaves a key removed that both removed': { before: { a: 1 }, now: {}, there: {}, data: {} },
    'knows __proto__ as a key': {
      before: JSON.parse('{"__proto__":1}'), now: JSON.parse('{"__proto__":2}'), there: JSON.parse('{"__proto__":1}'), data: JSON.parse('{"__proto__":2}')
    }
  }
  for (const [title, { before, now, there, assigned = [], data, conflicts = [] }] of Object.entries(cases)) {
    test(title, (t: TestContext) => {
      const merged = mergeByKey(sessionJSONSerializer, { ...before }, { ...now }, { ...there }, new Set(assigned))
      t.assert.strictEqual(JSON.stringify(merged.data), JSON.stringify(data))
      t.assert.deepStrictEqual(merged.conflicts, conflicts)
    })
  }
})
