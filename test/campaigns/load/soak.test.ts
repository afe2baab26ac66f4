import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { soak } from './soak.ts'

const seed = Number(process.env.LOAD_SEED ?? Math.floor(Math.random() * 2 ** 31))

test('gives 1,000 users in 10,000 requests their own data, and keeps its memory flat', async (t: TestContext) => {
  t.diagnostic(`LOAD_SEED=${seed}`)

  const summary = await soak({ requests: 10_000, users: 1000, connections: 16, inFlight: 4, seed, bound: 2 ** 20, report: (line) => t.diagnostic(line) })

  t.assert.deepStrictEqual(summary.examples, [])
  t.assert.strictEqual(summary.requests, 10_000)
  t.assert.strictEqual(summary.users, 1000)
  t.assert.ok(Object.values(summary.byKind).every((count) => count > 100) && Object.keys(summary.byKind).length === 8, JSON.stringify(summary.byKind))
  t.assert.ok(summary.passed, JSON.stringify(summary))
})
