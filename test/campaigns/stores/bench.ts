/**
 * What sessions in a store cost beside @fastify/session, in memory and in one Redis: CPU time of the process for each
 * request, less that of a request without a session. CPU time, since other work on the machine does not change it.
 *
 *     npx tsx test/campaigns/stores/bench.ts [REQUESTS]
 *
 * @module
 */

import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import secureSession from '../../../lib/index.ts'
import type { SecureSessionOptions } from '../../../lib/index.ts'
import { memoryStore, redisStore, sqliteStore } from '../../../lib/stores/index.ts'
import { RedisServer, whyNoRedis } from '../../stores/redis-server.ts'

const require = createRequire(import.meta.url)
const secret = 'a secret of thirty-two characters at least'
const requests = Number(process.argv[2] ?? 4000)
const inFlight = 10
const rounds = 5

type Make = () => Promise<FastifyInstance>

const ours = (options: SecureSessionOptions): Make => async () => await Fastify().register(secureSession, options) as unknown as FastifyInstance

const theirs = (store?: unknown): Make => async () => {
  const app = Fastify()
  await app.register(require('@fastify/cookie'))
  await app.register(require('@fastify/session'), { secret, saveUninitialized: false, cookie: { secure: false }, ...(store !== undefined && { store }) })
  return app
}

async function withRoutes (make: Make): Promise<FastifyInstance> {
  const app = await make()
  app.get('/untouched', async () => 'ok')
  app.get('/read', async (request) => String(request.session?.['user_id']))
  app.get('/write', async (request) => {
    if (request.session !== undefined) request.session['count'] = (Number(request.session['count']) || 0) + 1
    return 'ok'
  })
  app.get('/login', async (request) => {
    if (request.session !== undefined) request.session['user_id'] = 42
    return 'ok'
  })
  await app.ready()
  return app
}

/** Microseconds of CPU for a request. */
async function cost (app: FastifyInstance, url: string, count: number): Promise<number> {
  const cookies = await Promise.all(Array.from({ length: inFlight }, async () => {
    return String((await app.inject('/login')).headers['set-cookie']).split(';')[0] as string
  }))
  const run = async (cookie: string): Promise<void> => {
    for (let i = 0; i < count / inFlight; i++) {
      const { statusCode } = await app.inject({ url, headers: { cookie } })
      if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
    }
  }
  const before = process.cpuUsage()
  await Promise.all(cookies.map(run))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const redis = new RedisServer()
const hasRedis = whyNoRedis() === false
if (hasRedis) await redis.start()
const ioredis = new Redis(redis.port, '127.0.0.1', { lazyConnect: true })
const nodeRedis = require('redis').createClient({ url: redis.url })
if (hasRedis) await nodeRedis.connect()
const { RedisStore } = require('connect-redis')

const subjects: Record<string, Make> = {
  'no session': async () => Fastify() as unknown as FastifyInstance,
  'ours, cookie': ours({ secretKey: secret }),
  'ours, memoryStore': ours({ store: memoryStore() }),
  '@fastify/session, its memory': theirs(),
  ...(hasRedis && {
    'ours, redisStore (ioredis)': ours({ store: redisStore(ioredis) }),
    'ours, redisStore (node-redis)': ours({ store: redisStore(nodeRedis) }),
    '@fastify/session, connect-redis': theirs(new RedisStore({ client: nodeRedis }))
  })
}
try {
  subjects['ours, sqliteStore'] = ours({ store: sqliteStore(join(tmpdir(), `bench-${process.pid}.db`)) })
} catch (error) {
  console.log((error as Error).message)
}

const apps = new Map<string, FastifyInstance>()
for (const [name, make] of Object.entries(subjects)) apps.set(name, await withRoutes(make))
const best = new Map<string, number>()
for (let round = 0; round < rounds; round++) {
  for (const [name, app] of apps) {
    for (const url of ['/untouched', '/read', '/write']) {
      const key = `${name} ${url}`
      best.set(key, Math.min(best.get(key) ?? Infinity, await cost(app, url, round === 0 ? requests / 4 : requests)))
    }
  }
}
for (const name of apps.keys()) {
  const figures = ['/untouched', '/read', '/write'].map((url) => {
    const own = (best.get(`${name} ${url}`) ?? NaN) - (name === 'no session' ? 0 : best.get(`no session ${url}`) ?? NaN)
    return `${url.slice(1)} ${own.toFixed(0)}`
  })
  console.log(`${name.padEnd(34)} ${figures.join(', ')} microseconds`)
}
await Promise.all(Array.from(apps.values(), async (app) => await app.close()))
ioredis.disconnect()
nodeRedis.destroy()
await redis.kill()

// How the cost of one session grows with the number of the others, without HTTP.
for (const count of [100, 1_000, 10_000, 100_000, 1_000_000]) {
  const store = memoryStore({ max: Infinity })
  const expires = Date.now() + 3_600_000
  const ids = Array.from({ length: count }, (_, index) => String(index).padStart(43, '0'))
  for (const id of ids) store.set(id, '{"user_id":42}', { expires, replaces: null })
  const before = process.cpuUsage()
  for (let i = 0; i < 100_000; i++) {
    const id = ids[(i * 7919) % count] as string
    store.get(id)
    store.set(id, '{"user_id":42}', { expires, replaces: '{"user_id":42}' })
  }
  const { user, system } = process.cpuUsage(before)
  console.log(`memoryStore with ${count} sessions: ${((user + system) / 100_000).toFixed(2)} microseconds for get and set`)
  store.close?.()
}
