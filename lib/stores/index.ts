/**
 * Where sessions lie on a server.
 *
 * @module
 */

export { FST_SESSION_INVALID_STORE, FST_SESSION_STORE_UNAVAILABLE } from '../errors.ts'
export { expressStore, Store } from './express-store.ts'
export type { ExpressSession, ExpressSessionStore } from './express-store.ts'
export { flaskSessionSerializer } from '../flask-session/serializer.ts'
export type { FlaskSessionSerializer } from '../flask-session/serializer.ts'
export { keyvStore } from './keyv-store.ts'
export type { KeyvLike } from './keyv-store.ts'
export { memoryStore } from './memory-store.ts'
export type { MemoryStoreOptions } from './memory-store.ts'
export { redisStore } from './redis-store.ts'
export type { RedisStoreOptions } from './redis-store.ts'
export type {
  IoredisClient, NodeRedisClient, NodeRedisCluster, NodeRedisSentinel, RedisClient
} from './redis-client.ts'
export { sqliteStore } from './sqlite-store.ts'
export type { SqliteDatabase, SqliteModule, SqliteStatement, SqliteStoreOptions } from './sqlite-store.ts'
export type { MaybePromise } from '../maybe-promise.ts'
export type {
  DeleteOptions, SessionOfUser, SessionStore, SetOptions, StoredSession, SyncSessionStore, TouchOptions
} from './store.ts'
