import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { RedisServer, whyNoRedis } from '../../stores/redis-server.ts'
import { logouts } from './logout.ts'
import { outage } from './outage.ts'
import { parallelWrites } from './parallel.ts'
import { soak } from './soak.ts'

// Short slices; the README of this folder says how to run them for longer, and what they found.
const skip = whyNoRedis()
const redis = new RedisServer()
const durable = new RedisServer([], true)

before(async () => {
  if (skip === false) await Promise.all([redis.start(), durable.start()])
})

after(async () => await Promise.all([redis.kill(), durable.kill()]))

describe('two processes with one Redis', { skip, concurrency: true }, () => {
  test('lose no key of 50 parallel writes to one session', async (t: TestContext) => {
    const { kept, failed } = await parallelWrites('ours', redis.port, 50)
    t.assert.deepStrictEqual({ kept, failed }, { kept: 50, failed: 0 })
  })

  test('bring no session back that was ended while a slow request ran', async (t: TestContext) => {
    t.assert.deepStrictEqual(await logouts('ours', redis.port, 60), { back: 0, failed: 0 })
  })

  test('lose no write that was acknowledged while Redis is killed three times', async (t: TestContext) => {
    const { acknowledged, lost, odd } = await outage('ours', durable, 7)
    t.assert.ok(acknowledged > 0)
    t.assert.deepStrictEqual({ lost, odd }, { lost: 0, odd: 0 })
  })
})

test('a soak of the memory store ends with as many sessions as it may have', async (t: TestContext) => {
  const { heap } = await soak(200, 50, () => {})
  t.assert.strictEqual(heap.length, 11)
})
