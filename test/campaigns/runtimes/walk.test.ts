import { test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import * as plugin from '../../../lib/index.ts'

// The runtimes that are not here are walked by `npm run runtimes`.
const { walk } = await import(String('./walk.mjs')) as {
  walk: (...given: unknown[]) => Promise<{ fastify: string, steps: number, failed: string[] }>
}

test('the walk of twenty steps that each runtime takes is right on this one', async (t: TestContext) => {
  const { fastify, steps, failed } = await walk(Fastify, plugin)
  t.diagnostic(`Node.js ${process.version}, Fastify ${fastify}`)

  t.assert.strictEqual(steps, 20)
  t.assert.deepStrictEqual(failed, [])
})
