/**
 * A soak of `memoryStore`: many requests of many sessions, some of which end or are abandoned. Its memory must stay flat.
 *
 *     node --expose-gc --import tsx test/campaigns/stores/soak.ts [REQUESTS] [SESSIONS]
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../../../lib/index.ts'
import { memoryStore } from '../../../lib/stores/index.ts'

export interface Soak {
  /** Megabytes of the heap after each tenth of the requests. */
  heap: number[]
  requests: number
}

export async function soak (requests: number, sessions: number, collect: () => void): Promise<Soak> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(secureSession, { store: memoryStore({ max: sessions }), user: (session) => session.user_id })
  app.get('/visit', async (request) => {
    request.session['user_id'] ??= Math.floor(Math.random() * sessions / 10)
    request.session['cart'] = Array.from({ length: 5 }, (_, index) => `item ${index}`)
    return 'ok'
  })
  app.get('/logout', async (request) => {
    request.session.clear()
    return 'out'
  })
  const cookies: string[] = []
  const heap: number[] = []
  const measure = (): void => {
    collect()
    heap.push(Math.round(process.memoryUsage().heapUsed / 1_048_576 * 10) / 10)
  }
  // Injected requests leave the event loop no turn, in which Node.js lets go of them.
  const turn = async (i: number): Promise<void> => { if (i % 100 === 0) await setImmediate() }
  // The store is full before the first measurement.
  for (let i = 0; i < sessions; i++) {
    await turn(i)
    cookies.push(cookieOf(await app.inject('/visit')))
  }
  measure()
  for (let i = 0; i < requests; i++) {
    await turn(i)
    const index = Math.floor(Math.random() * sessions)
    const chance = Math.random()
    const url = chance < 0.05 ? '/logout' : '/visit'
    // Some visitors lose their cookie.
    const answer = await app.inject({ url, headers: chance > 0.95 ? {} : { cookie: cookies[index] as string } })
    if (url === '/visit') cookies[index] = cookieOf(answer)
    if ((i + 1) % Math.ceil(requests / 10) === 0) measure()
  }
  await app.close()
  return { heap, requests }
}

function cookieOf ({ headers }: { headers: Record<string, unknown> }): string {
  return String(headers['set-cookie']).split(';')[0] as string
}

if (import.meta.url === new URL(process.argv[1] ?? '', 'file:').href) {
  const [requests = 1_000_000, sessions = 100_000] = process.argv.slice(2).map(Number)
  const start = performance.now()
  const { heap } = await soak(requests, sessions, globalThis.gc ?? (() => {}))
  console.log(`${requests} requests, ${sessions} sessions, ${Math.round((performance.now() - start) / 1000)} s; MB of heap after each tenth: ${heap.join(', ')}`)
}
