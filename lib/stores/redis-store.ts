/**
 * Sessions in Redis or Valkey.
 *
 * @module
 */

import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import { pick } from '../lookup.ts'
import { scriptRunner } from './redis-client.ts'
import type { RedisClient, RunScript } from './redis-client.ts'
import * as scripts from './redis-scripts.ts'
import { noOptions, wholeMilliseconds } from './store.ts'
import type { DeleteOptions, SessionOfUser, SessionStore, SetOptions, StoredSession, TouchOptions } from './store.ts'

/** How {@link redisStore} names its keys. */
export interface RedisStoreOptions {
  /**
   * Stands before each id. The sessions of a user are listed in the key `PREFIX:user:USER`, with one more colon.
   *
   * @defaultValue `'session:'`, as in Flask-Session
   */
  prefix?: string | undefined
}

/**
 * A store for several processes: Redis from 6.2, or Valkey, through a client of ioredis, iovalkey or node-redis 5.
 *
 * Each command is one Lua script on one key, so it is atomic, and a cluster can run it. When a session has ended is
 * judged by the clock of Redis. The client stays the application's: its time limits, its errors, its end.
 */
export function redisStore (client: RedisClient, options: RedisStoreOptions = {}): SessionStore {
  const { prefix = 'session:' }: RedisStoreOptions = pick(options, ['prefix'])
  if (typeof prefix !== 'string') throw new FST_SESSION_INVALID_CONFIG('redisStore prefix', 'text', typeof prefix)
  return new RedisStore(scriptRunner(client), prefix)
}

class RedisStore implements SessionStore {
  readonly #run: RunScript
  readonly #prefix: string

  constructor (run: RunScript, prefix: string) {
    this.#run = run
    this.#prefix = prefix
  }

  async get (id: string): Promise<StoredSession | null> {
    const reply = await this.#run(scripts.get, this.#prefix + id)
    if (reply === null) return null
    const [data, expires] = list(reply)
    return { data: bytes(data), expires: Number(expires) < 0 ? Infinity : Number(expires) }
  }

  async set (id: string, data: string, { expires, replaces, user }: SetOptions): Promise<boolean> {
    const end = String(wholeMilliseconds(expires))
    if (user !== undefined) await this.#index(user, id, end)
    const condition = replaces === null ? [] : [argument(replaces)]
    return isDone(await this.#run(scripts.set, this.#prefix + id, data, end, ...condition))
  }

  async touch (id: string, expires: number, { user }: TouchOptions = noOptions): Promise<boolean> {
    const end = String(wholeMilliseconds(expires))
    if (user !== undefined) await this.#index(user, id, end)
    return isDone(await this.#run(scripts.touch, this.#prefix + id, end))
  }

  async delete (id: string, { replaces, user }: DeleteOptions = noOptions): Promise<boolean> {
    const condition = replaces === undefined ? [] : [argument(replaces)]
    const isDeleted = isDone(await this.#run(scripts.remove, this.#prefix + id, ...condition))
    if (isDeleted && user !== undefined) await this.#run(scripts.unindex, this.#userKey(user), id)
    return isDeleted
  }

  async ids (user: string): Promise<SessionOfUser[]> {
    const reply = list(await this.#run(scripts.ids, this.#userKey(user)))
    const sessions: SessionOfUser[] = []
    for (let i = 0; i < reply.length; i += 2) {
      sessions.push({ id: bytes(reply[i]).toString(), expires: Number(reply[i + 1]) })
    }
    return sessions
  }

  // Before the session itself: a process that dies in between leaves an entry too many, never a session that is not
  // listed.
  async #index (user: string, id: string, expires: string): Promise<void> {
    await this.#run(scripts.index, this.#userKey(user), id, expires)
  }

  // No id begins with a colon, so no session has this key.
  #userKey (user: string): string {
    return `${this.#prefix}:user:${user}`
  }
}

function argument (value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function isDone (reply: unknown): boolean {
  return Number(reply) === 1
}

function list (reply: unknown): unknown[] {
  if (Array.isArray(reply)) return reply
  throw new TypeError(`Redis must answer with a list, got ${typeof reply}`)
}

function bytes (reply: unknown): Buffer {
  if (Buffer.isBuffer(reply)) return reply
  throw new TypeError(`The Redis client must answer with bytes, got ${typeof reply}: node-redis must be 5 or newer`)
}
