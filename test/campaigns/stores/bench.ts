/**
 * What sessions in a store cost beside @fastify/session, in memory and in one Redis: requests a second of one process.
 *
 *     npx tsx test/campaigns/stores/bench.ts [SECONDS]
 *
 * @module
 */

import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import autocannon from 'autocannon'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import secureSession from '../../../lib/index.ts'
import { memoryStore, redisStore, sqliteStore } from '../../../lib/stores/index.ts'
import { RedisServer } from '../../stores/redis-server.ts'

const require = createRequire(import.meta.url)
const secret = 'a secret of thirty-two characters at least'
const seconds = Number(process.argv[2] ?? 3)

async function routes (app: FastifyInstance): Promise<string> {
  app.get('/untouched', async () => 'ok')
  app.get('/read', async (request) => String(request.session['user_id']))
  app.get('/write', async (request) => {
    request.session['count'] = (Number(request.session['count']) || 0) + 1
    return 'ok'
  })
  app.get('/login', async (request) => {
    request.session['user_id'] = 42
    return 'ok'
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

async function measure (name: string, app: FastifyInstance): Promise<void> {
  const url = await routes(app)
  const figures: string[] = []
  for (const route of ['untouched', 'read', 'write']) {
    // Each connection has a session of its own.
    const cookies = await Promise.all(Array.from({ length: 10 }, async () => {
      const response = await app.inject('/login')
      return String(response.headers['set-cookie']).split(';')[0] as string
    }))
    let n = 0
    const result = await autocannon({
      url: `${url}/${route}`, connections: 10, duration: seconds,
      setupClient: (client) => client.setHeaders({ cookie: cookies[n++ % cookies.length] as string })
    })
    figures.push(`${route} ${Math.round(result.requests.average)}`)
    if (result.non2xx > 0) figures.push(`(${result.non2xx} errors)`)
  }
  console.log(`${name.padEnd(34)} ${figures.join(', ')} requests/s`)
  await app.close()
}

const redis = new RedisServer()
await redis.start()
const ioredis = new Redis(redis.port, '127.0.0.1')
const nodeRedis = require('redis').createClient({ url: redis.url })
await nodeRedis.connect()

const make: Record<string, () => Promise<FastifyInstance>> = {
  'no session': async () => Fastify(),
  'ours, cookie': async () => await Fastify().register(secureSession, { secretKey: secret }) as unknown as FastifyInstance,
  'ours, memoryStore': async () => await Fastify().register(secureSession, { store: memoryStore() }) as unknown as FastifyInstance,
  '@fastify/session, its memory': async () => {
    const app = Fastify()
    await app.register(require('@fastify/cookie'))
    await app.register(require('@fastify/session'), { secret, saveUninitialized: false, cookie: { secure: false } })
    return app
  },
  'ours, redisStore (ioredis)': async () => await Fastify().register(secureSession, { store: redisStore(ioredis) }) as unknown as FastifyInstance,
  'ours, redisStore (node-redis)': async () => await Fastify().register(secureSession, { store: redisStore(nodeRedis) }) as unknown as FastifyInstance,
  '@fastify/session, connect-redis': async () => {
    const app = Fastify()
    const { RedisStore } = require('connect-redis')
    await app.register(require('@fastify/cookie'))
    await app.register(require('@fastify/session'), { secret, store: new RedisStore({ client: nodeRedis }), saveUninitialized: false, cookie: { secure: false } })
    return app
  },
  'ours, sqliteStore': async () => await Fastify().register(secureSession, { store: sqliteStore(`${process.env['TMPDIR'] ?? '/tmp'}/bench-${process.pid}.db`) }) as unknown as FastifyInstance
}
for (const [name, app] of Object.entries(make)) {
  try {
    await measure(name, await app())
  } catch (error) {
    console.log(`${name.padEnd(34)} ${(error as Error).message}`)
  }
}

// How the cost of one session grows with the number of the others, without HTTP.
for (const count of [100, 10_000, 1_000_000]) {
  const store = memoryStore({ max: Infinity })
  const expires = Date.now() + 3_600_000
  const ids = Array.from({ length: count }, (_, index) => String(index).padStart(43, '0'))
  for (const id of ids) store.set(id, '{"user_id":42}', { expires, replaces: null })
  const start = performance.now()
  for (let i = 0; i < 100_000; i++) {
    const id = ids[(i * 7919) % count] as string
    store.get(id)
    store.set(id, '{"user_id":42}', { expires, replaces: '{"user_id":42}' })
  }
  const each = (performance.now() - start) / 100_000 * 1000
  console.log(`memoryStore with ${count} sessions: ${each.toFixed(2)} microseconds for get and set`)
}
ioredis.disconnect()
nodeRedis.destroy()
await redis.kill()
