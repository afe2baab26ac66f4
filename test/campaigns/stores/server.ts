/**
 * One process of an application whose sessions lie in a Redis, with ours or with a peer. It says its port, and ends when
 * its input does.
 *
 * @module
 */

import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import secureSession from '../../../lib/index.ts'
import { redisStore } from '../../../lib/stores/index.ts'

/** Which sessions a process has. */
export type Kind = 'ours' | '@fastify/session' | 'express-session'
export const kinds: readonly Kind[] = ['ours', '@fastify/session', 'express-session']

interface Bag {
  [key: string]: unknown
  destroy (callback: () => void): unknown
}

/** What a request asks for: `/add/KEY?wait=MS`, `/show`, `/login`, `/logout`. Reads, waits, writes. */
async function answer (url: string, session: Bag): Promise<unknown> {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const [, verb, key = ''] = pathname.split('/')
  const before = session['user_id']
  const wait = Number(searchParams.get('wait') ?? 0)
  if (wait > 0) await setTimeout(wait)
  if (verb === 'add') session[key] = 1
  if (verb === 'login') session['user_id'] = 42
  if (verb === 'logout') await new Promise<void>((resolve) => { session.destroy(() => resolve()) })
  return verb === 'show' ? { ...session, cookie: undefined } : { before }
}

const require = createRequire(import.meta.url)

async function connectRedis (port: number): Promise<unknown> {
  const { createClient } = require('redis')
  const { RedisStore } = require('connect-redis')
  const client = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true, socket: { reconnectStrategy: 50 } })
  client.on('error', () => {})
  await client.connect()
  return new RedisStore({ client })
}

const secret = 'a secret of thirty-two characters at least'

async function listen (kind: Kind, redisPort: number): Promise<number> {
  if (kind === 'express-session') {
    const middleware = require('express-session')({ store: await connectRedis(redisPort), secret, resave: false, saveUninitialized: false })
    const server = createServer((request: IncomingMessage & { session?: Bag }, response: ServerResponse) => {
      middleware(request, response, (error: unknown) => {
        if (error !== undefined && error !== null) {
          response.writeHead(500).end()
          return
        }
        answer(String(request.url), request.session as Bag).then((body) => response.end(JSON.stringify(body)), () => response.writeHead(500).end())
      })
    })
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    return (server.address() as AddressInfo).port
  }
  const app = Fastify()
  if (kind === 'ours') {
    const redis = new Redis(redisPort, '127.0.0.1', {
      enableOfflineQueue: false, commandTimeout: 1000, maxRetriesPerRequest: 0, retryStrategy: () => 50
    })
    redis.on('error', () => {})
    await app.register(secureSession, { store: redisStore(redis) })
  } else {
    await app.register(require('@fastify/cookie'))
    await app.register(require('@fastify/session'), { store: await connectRedis(redisPort), secret, saveUninitialized: false, cookie: { secure: false } })
  }
  app.get('/*', async (request) => await answer(request.url, request.session as unknown as Bag))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

const [, , kind, redisPort] = process.argv
if (kind !== undefined && import.meta.url === new URL(process.argv[1] ?? '', 'file:').href) {
  console.log(await listen(kind as Kind, Number(redisPort)))
  process.stdin.on('end', () => process.exit()).resume()
}
