import { after, before } from 'node:test'
import { createRequire } from 'node:module'
import { Keyv } from 'keyv'
import { expressStore, keyvStore, sqliteStore, Store } from '../../lib/stores/index.ts'
import type { ExpressSessionStore, SessionStore } from '../../lib/stores/index.ts'
import { clients } from '../stores/redis-clients.ts'
import type { Connection } from '../stores/redis-clients.ts'
import { RedisServer, whyNoRedis } from '../stores/redis-server.ts'
import { PostgresServer, whyNoPostgres } from './postgres-server.ts'
import { sessionContract } from './session.contract.ts'

const require = createRequire(import.meta.url)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const hasSqlite = major > 22 || (major === 22 && minor >= 13)
const redis = new RedisServer()
const postgres = new PostgresServer()
const skips = { redis: whyNoRedis(), postgres: whyNoPostgres(), sqlite: hasSqlite ? false : 'node:sqlite came with Node 22.13' } as const
let connection: Connection | undefined
let pool: { query (sql: string): Promise<unknown>, end (): Promise<void> } | undefined

before(async () => {
  if (skips.redis === false) {
    await redis.start()
    connection = await (clients['node-redis'] as NonNullable<typeof clients[string]>)(redis)
  }
  if (skips.postgres === false) {
    await postgres.start()
    const { Pool } = require('pg')
    const opened: NonNullable<typeof pool> = new Pool({ host: postgres.directory, user: 'tests', database: 'postgres' })
    pool = opened
    await opened.query('CREATE TABLE session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)')
  }
})

after(async () => {
  connection?.close()
  await pool?.end()
  await Promise.all([redis.kill(), postgres.kill()])
})

const stores: Record<string, { make: () => SessionStore, skip?: string | false }> = {
  'the MemoryStore of express-session': { make: () => express(new (require('express-session').MemoryStore)()) },
  memorystore: { make: () => express(new (require('memorystore')({ Store }))({ checkPeriod: 0 })) },
  'connect-redis': { make: () => express(new (require('connect-redis').RedisStore)({ client: connection?.client })), skip: skips.redis },
  'connect-pg-simple on PostgreSQL': {
    make: () => express(new (require('connect-pg-simple')({ Store }))({ pool, pruneSessionInterval: false })), skip: skips.postgres
  },
  'keyvStore on a Map': { make: () => keyvStore(new Keyv({ throwOnErrors: true })) },
  'sqliteStore in memory': { make: () => sqliteStore(':memory:'), skip: skips.sqlite }
}

function express (store: ExpressSessionStore): SessionStore {
  return expressStore(store)
}

for (const [name, { make, skip = false }] of Object.entries(stores)) sessionContract(name, make, { skip })
