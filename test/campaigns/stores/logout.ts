/**
 * Logout against a slow request of the same session, again and again, in random order: which sessions come back.
 *
 *     npx tsx test/campaigns/stores/logout.ts [TIMES]
 *
 * @module
 */

import { RedisServer } from '../../stores/redis-server.ts'
import { Processes } from './processes.ts'
import { kinds } from './server.ts'
import type { Kind } from './server.ts'

const inFlight = 20

/** @returns how many of the sessions are logged in after the logout */
export async function logouts (kind: Kind, redisPort: number, times: number): Promise<{ back: number, failed: number }> {
  const processes = await Processes.start(kind, redisPort)
  let left = times
  let back = 0
  let failed = 0
  const one = async (): Promise<void> => {
    const { cookie } = await processes.ask('/login')
    const slow = processes.ask(`/add/a?wait=${Math.ceil(Math.random() * 20)}`, cookie, 1)
    const logout = processes.ask(`/logout?wait=${Math.ceil(Math.random() * 20)}`, cookie, 0)
    const answers = [await slow, await logout]
    failed += answers.filter(({ status }) => status !== 200).length
    // A copy of the cookie, or what the slow request was given.
    for (const each of new Set([cookie, answers[0]?.cookie])) {
      if (JSON.parse((await processes.ask('/show', each)).body).user_id === 42) {
        back++
        break
      }
    }
  }
  const worker = async (): Promise<void> => { while (left-- > 0) await one() }
  try {
    await Promise.all(Array.from({ length: inFlight }, worker))
    return { back, failed }
  } finally {
    processes.stop()
  }
}

if (import.meta.url === new URL(process.argv[1] ?? '', 'file:').href) {
  const times = Number(process.argv[2] ?? 1000)
  const redis = new RedisServer()
  await redis.start()
  for (const kind of kinds) {
    const { back, failed } = await logouts(kind, redis.port, times)
    console.log(`${times} logouts against slow requests, ${kind}: ${back} sessions came back, ${failed} answers were errors`)
  }
  await redis.kill()
}
