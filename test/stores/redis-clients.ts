/**
 * The kinds of clients that `redisStore` takes, connected to a Redis of the tests.
 *
 * @module
 */

import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { Cluster, Redis } from 'ioredis'
import type { NodeRedisClient, NodeRedisCluster, RedisClient } from '../../lib/stores/index.ts'
import type { RedisServer } from './redis-server.ts'

// Loaded without types: to check theirs would double the time that tsc takes for the whole project.
const require = createRequire(import.meta.url)
const { Redis: Valkey } = require('iovalkey') as { Redis: typeof Redis }
const { createClient, createClientPool, createCluster } = require('redis') as NodeRedis

interface NodeRedis {
  createClient (options: object): NodeRedisClient & Connectable
  createClientPool (options: object): NodeRedisClient & Connectable
  createCluster (options: object): NodeRedisCluster & Connectable
}

interface Connectable extends EventEmitter {
  connect (): Promise<unknown>
  destroy (): void
}

export interface Connection {
  client: RedisClient & EventEmitter
  close (): void
}

export type Connect = (server: RedisServer) => Promise<Connection>

// As the README of the stores recommends it: commands fail while Redis is away, and are not queued.
const ioredisOptions = {
  enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 5_000, retryStrategy: () => 20, lazyConnect: true
}

export const clients: Record<string, Connect> = {
  ioredis: async ({ port }) => connected(new Redis(port, '127.0.0.1', ioredisOptions)),
  iovalkey: async ({ port }) => connected(new Valkey(port, '127.0.0.1', ioredisOptions)),
  'node-redis': async ({ url }) =>
    await quietly(createClient({ url, socket: { reconnectStrategy: 20 }, disableOfflineQueue: true }))
}

export const pools: Record<string, Connect> = {
  'a pool of node-redis': async ({ url }) => await quietly(createClientPool({ url }))
}

export const clusters: Record<string, Connect> = {
  'a cluster of ioredis': async ({ port }) => connected(new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true })),
  'a cluster of node-redis': async ({ url }) => await quietly(createCluster({ rootNodes: [{ url }] }))
}

async function quietly (client: (NodeRedisClient | NodeRedisCluster) & Connectable): Promise<Connection> {
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}

async function connected (client: Redis | Cluster): Promise<Connection> {
  (client as EventEmitter).on('error', () => {})
  await client.connect()
  return { client, close: () => client.disconnect() }
}
