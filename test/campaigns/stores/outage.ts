/**
 * Load with two processes while Redis is killed and started again, with its data on disk: which acknowledged writes are
 * lost, how many requests fail, how long the longest takes.
 *
 *     npx tsx test/campaigns/stores/outage.ts [SECONDS]
 *
 * @module
 */

import { setTimeout } from 'node:timers/promises'
import { RedisServer } from '../../stores/redis-server.ts'
import { Processes } from './processes.ts'
import type { Kind } from './server.ts'

const users = 20
const kills = 3

export interface Result {
  acknowledged: number
  lost: number
  failed: number
  /** Requests that were answered with another status than 200 and 503, or not at all. */
  odd: number
  longest: number
}

/** @param redis - keeps each write on disk before it answers, so that a crash loses nothing that it acknowledged */
export async function outage (kind: Kind, redis: RedisServer, seconds: number): Promise<Result> {
  const processes = await Processes.start(kind, redis.port)
  const result: Result = { acknowledged: 0, lost: 0, failed: 0, odd: 0, longest: 0 }
  const end = performance.now() + seconds * 1000
  const sessions: Array<{ cookie: string | undefined, keys: string[] }> = []
  const user = async (index: number): Promise<void> => {
    const mine = { cookie: (await processes.ask('/login', undefined, index)).cookie, keys: [] as string[] }
    sessions.push(mine)
    for (let n = 0; performance.now() < end; n++) {
      const start = performance.now()
      try {
        const { status, cookie } = await processes.ask(`/add/key${n}`, mine.cookie, index + n)
        if (status === 200) mine.keys.push(`key${n}`)
        else if (status === 503) result.failed++
        else result.odd++
        if (cookie !== undefined && cookie !== mine.cookie) result.odd++
      } catch {
        result.odd++
      }
      result.longest = Math.max(result.longest, performance.now() - start)
      await setTimeout(20)
    }
  }
  const killer = async (): Promise<void> => {
    for (let i = 0; i < kills; i++) {
      await setTimeout(seconds * 1000 / (kills + 1) - 1000)
      await redis.crash()
      await setTimeout(1000)
      await redis.start()
    }
  }
  try {
    await Promise.all([killer(), ...Array.from({ length: users }, async (_, index) => await user(index))])
    await setTimeout(1500)
    for (const { cookie, keys } of sessions) {
      const data = JSON.parse((await processes.ask('/show', cookie)).body) as object
      result.acknowledged += keys.length
      result.lost += keys.filter((key) => !Object.hasOwn(data, key)).length
    }
    result.longest = Math.round(result.longest)
    return result
  } finally {
    processes.stop()
  }
}

if (import.meta.url === new URL(process.argv[1] ?? '', 'file:').href) {
  const redis = new RedisServer([], true)
  await redis.start()
  const { acknowledged, lost, failed, odd, longest } = await outage('ours', redis, Number(process.argv[2] ?? 30))
  console.log(`${acknowledged} writes acknowledged, ${lost} of them lost; ${failed} answered with 503, ${odd} otherwise; the longest took ${longest} ms`)
  await redis.kill()
}
