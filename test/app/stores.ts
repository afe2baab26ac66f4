/**
 * The stores that the demo can keep its sessions in: `SESSIONS=redis npm start`.
 *
 * @module
 */

import { Redis } from 'ioredis'
import { memoryStore, redisStore, sqliteStore } from '../../lib/stores/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'

/** By the name in SESSIONS. */
export const stores: Readonly<Record<string, (environment: NodeJS.ProcessEnv) => SessionStore>> = {
  memory: () => memoryStore(),
  sqlite: ({ SQLITE = 'demo-sessions.db' }) => sqliteStore(SQLITE),
  redis ({ REDIS_URL = 'redis://127.0.0.1:6379' }) {
    const redis = new Redis(REDIS_URL, { enableOfflineQueue: false, commandTimeout: 1000, maxRetriesPerRequest: 0 })
    // The plugin answers requests with 503 while Redis is away, and logs why.
    redis.on('error', () => {})
    return redisStore(redis)
  }
}
