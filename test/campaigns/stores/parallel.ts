/**
 * Parallel writes of different keys to one session, by two processes: how many survive.
 *
 *     npx tsx test/campaigns/stores/parallel.ts [REQUESTS...]
 *
 * @module
 */

import { RedisServer } from '../../stores/redis-server.ts'
import { Processes } from './processes.ts'
import { kinds } from './server.ts'
import type { Kind } from './server.ts'

export interface Survivors {
  kept: number
  failed: number
  milliseconds: number
}

export async function parallelWrites (kind: Kind, redisPort: number, count: number): Promise<Survivors> {
  const processes = await Processes.start(kind, redisPort)
  try {
    const { cookie } = await processes.ask('/login')
    const start = performance.now()
    const answers = await Promise.all(Array.from({ length: count }, async (_, index) => {
      return await processes.ask(`/add/key${index}?wait=5`, cookie, index)
    }))
    const milliseconds = Math.round(performance.now() - start)
    const data = JSON.parse((await processes.ask('/show', cookie)).body) as object
    const kept = Object.keys(data).filter((key) => key.startsWith('key')).length
    return { kept, failed: answers.filter(({ status }) => status !== 200).length, milliseconds }
  } finally {
    processes.stop()
  }
}

if (import.meta.url === new URL(process.argv[1] ?? '', 'file:').href) {
  const counts = process.argv.slice(2).map(Number)
  const redis = new RedisServer()
  await redis.start()
  for (const count of counts.length > 0 ? counts : [50, 1000]) {
    for (const kind of kinds) {
      const { kept, failed, milliseconds } = await parallelWrites(kind, redis.port, count)
      console.log(`${count} parallel writes, ${kind}: ${kept} kept, ${failed} answered with an error, ${milliseconds} ms`)
    }
  }
  await redis.kill()
}
