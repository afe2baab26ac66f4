/**
 * One way to run a Lua script on each kind of Redis client, with bytes in the answers.
 *
 * @module
 */

import { FST_SESSION_INVALID_CONFIG, isError } from '../errors.ts'

/** An argument of a Redis command. */
export type RedisArgument = string | Buffer

/** Asks a node-redis client for bytes instead of text. */
export interface AsBytes {
  typeMapping: { 36: BufferConstructor }
}

/** A client, or a cluster, of ioredis or iovalkey. */
export interface IoredisClient {
  callBuffer (command: string, ...args: RedisArgument[]): Promise<unknown>
  /** They have it, but it is not in their types. */
  evalBuffer? (script: string, numberOfKeys: number, ...keysAndArguments: RedisArgument[]): Promise<unknown>
}

/** A client, or a pool of clients, of node-redis. */
export interface NodeRedisClient {
  sendCommand (args: RedisArgument[], options: AsBytes): Promise<unknown>
}

/** A cluster of node-redis. */
export interface NodeRedisCluster {
  getSlotRandomNode: unknown
  sendCommand (key: string, isReadonly: boolean, args: RedisArgument[], options: AsBytes): Promise<unknown>
}

/** A sentinel of node-redis. */
export interface NodeRedisSentinel {
  getSentinelNode: unknown
  sendCommand (isReadonly: boolean, args: RedisArgument[], options: AsBytes): Promise<unknown>
}

/** A client that the application connects, watches and closes. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster | NodeRedisSentinel

/** Runs a Lua script on one key. */
export type RunScript = (script: string, key: string, ...args: RedisArgument[]) => Promise<unknown>

// 36 is the code of `$`, the blob strings of Redis' protocol: RESP_TYPES.BLOB_STRING of node-redis.
const asBytes: AsBytes = { typeMapping: { 36: Buffer } }

/**
 * How scripts run on this client.
 *
 * The text of a script is sent each time: Redis has it cached, knows it by its hash, and loses it when it restarts.
 */
export function scriptRunner (client: RedisClient): RunScript {
  const run = runner(client)
  return async (script, key, ...args) => {
    try {
      return await run(script, key, ...args)
    } catch (error) {
      throw withoutArguments(error)
    }
  }
}

function runner (client: RedisClient): RunScript {
  if (typeof client === 'object' && client !== null) {
    if ('callBuffer' in client) {
      // With enableAutoPipelining, callBuffer loses the name of the command.
      return (script, key, ...args) =>
        client.evalBuffer?.(script, 1, key, ...args) ?? client.callBuffer('EVAL', script, '1', key, ...args)
    }
    if ('getSlotRandomNode' in client) {
      return (script, key, ...args) => client.sendCommand(key, false, ['EVAL', script, '1', key, ...args], asBytes)
    }
    if ('getSentinelNode' in client) {
      return (script, key, ...args) => client.sendCommand(false, ['EVAL', script, '1', key, ...args], asBytes)
    }
    if ('sendCommand' in client) {
      return (script, key, ...args) => client.sendCommand(['EVAL', script, '1', key, ...args], asBytes)
    }
  }
  const expects = 'a client of ioredis, iovalkey, or node-redis 5 or newer'
  throw new FST_SESSION_INVALID_CONFIG('redisStore client', expects, typeof client)
}

// Loggers print errors with all their fields. ioredis puts the command there, whose arguments are the id and the data;
// Redis quotes the arguments of a command that it does not know.
function withoutArguments (error: unknown): unknown {
  if (!isError(error)) return error
  if ('command' in error) delete error.command
  const [message, quoted] = error.message.split(', with args beginning with:')
  return quoted === undefined ? error : new Error(message)
}
