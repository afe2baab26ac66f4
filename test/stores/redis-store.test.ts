import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { redisStore } from '../../lib/stores/index.ts'
import type { RedisClient, SessionStore } from '../../lib/stores/index.ts'
import { clients, clusters, pools } from './redis-clients.ts'
import type { Connect, Connection } from './redis-clients.ts'
import { RedisServer, whyNoRedis } from './redis-server.ts'
import { randomId, readable, storeContract } from './store.contract.ts'

const DAY = 86_400_000
const skip = whyNoRedis()
// The map that Flask-Session writes for { _permanent: True, user_id: 42 }: no UTF-8.
const msgpack = Buffer.from('82aa5f7065726d616e656e74c3a7757365725f69642a', 'hex')
const server = new RedisServer()
const cluster = new RedisServer(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
/** Looks into the server past the store. */
let redis: Redis

before(async () => {
  if (skip !== false) return
  await Promise.all([server.start(), cluster.start()])
  redis = new Redis(server.port, '127.0.0.1')
  await ownAllSlots()
})

after(async () => {
  redis?.disconnect()
  await Promise.all([server.kill(), cluster.kill()])
})

for (const [name, connect] of Object.entries({ ...clients, ...pools })) withClient(name, connect, server)
for (const [name, connect] of Object.entries(clusters)) withClient(name, connect, cluster)

for (const [name, connect] of Object.entries(clients)) {
  describe(`redisStore with ${name}`, { skip }, () => {
    let connection: Connection
    let store: SessionStore
    before(async () => {
      connection = await connect(server)
      store = redisStore(connection.client)
    })
    after(() => connection.close())

    test('gives the bytes of other writers, replaces them and deletes them', async (t: TestContext) => {
      const [id, expires] = [randomId(), Date.now() + DAY]
      await redis.set(`session:${id}`, msgpack, 'PXAT', expires)

      t.assert.deepStrictEqual(await store.get(id), { data: msgpack, expires })
      t.assert.strictEqual(await store.set(id, '{}', { expires, replaces: msgpack.toString() }), false)
      t.assert.strictEqual(await store.delete(id, { replaces: msgpack.toString() }), false)
      t.assert.strictEqual(await store.set(id, '{}', { expires, replaces: msgpack.subarray(1) }), false)
      t.assert.strictEqual(await store.set(id, '{}', { expires, replaces: new Uint8Array(msgpack) }), true)
      await redis.set(`session:${id}`, msgpack)
      t.assert.strictEqual(await store.delete(id, { replaces: msgpack }), true)
    })

    test('fails with the error of the server, without the id and the data in it', async (t: TestContext) => {
      const id = randomId()
      await redis.hset(`session:${id}`, 'field', 'value')

      for (const command of commands(store, id)) {
        const error = await rejection(command())
        t.assert.match(error.message, /^WRONGTYPE /)
        t.assert.doesNotMatch(inspect(error, { depth: null, showHidden: true }), new RegExp(`${id}|secret`))
      }
    })

    test('fails while Redis is away, and works again when it is back, without its old scripts', async (t: TestContext) => {
      const server = new RedisServer()
      await server.start()
      const { client, close } = await connect(server)
      t.after(async () => {
        close()
        await server.kill()
      })
      const store = redisStore(client)
      const [id, expires] = [randomId(), Date.now() + DAY]
      await store.set(id, 'first', { expires, replaces: null })

      await server.kill()
      for (const command of commands(store, id)) {
        const error = await rejection(command())
        t.assert.doesNotMatch(inspect(error, { depth: null, showHidden: true }), new RegExp(`${id}|secret`))
      }
      const ready = new Promise((resolve) => client.once('ready', resolve))
      await server.start()
      await ready

      t.assert.strictEqual(await store.get(id), null)
      t.assert.strictEqual(await store.set(id, 'second', { expires, replaces: null }), true)
      t.assert.deepStrictEqual(readable(await store.get(id)), { data: 'second', expires })
    })
  })
}

describe('redisStore', { skip }, () => {
  test('writes the keys of Flask-Session, with an expiry in milliseconds', async (t: TestContext) => {
    const [id, expires] = [randomId(), Date.now() + DAY]

    await redisStore(redis).set(id, '{"user_id":42}', { expires, replaces: null })
    await redisStore(redis, { prefix: 'shop-' }).set(id, '{}', { expires, replaces: null })

    t.assert.strictEqual(await redis.get(`session:${id}`), '{"user_id":42}')
    t.assert.strictEqual(await redis.pexpiretime(`session:${id}`), expires)
    t.assert.strictEqual(await redis.get(`shop-${id}`), '{}')
  })

  test('gives Infinity as the expiry of a key without one, and touch leaves it so', async (t: TestContext) => {
    const [id, store] = [randomId(), redisStore(redis)]
    await redis.set(`session:${id}`, '{}')

    t.assert.strictEqual(await store.touch(id, Date.now() + DAY), true)
    t.assert.strictEqual((await store.get(id))?.expires, Infinity)
  })

  test('needs no PEXPIRETIME, which Redis 6.2 does not have', async (t: TestContext) => {
    await redis.acl('SETUSER', 'old', 'on', 'nopass', '~*', '+@all', '-pexpiretime')
    const old = new Redis(server.port, '127.0.0.1', { username: 'old', password: 'any' })
    t.after(() => old.disconnect())
    const [id, store, expires] = [randomId(), redisStore(old), Date.now() + DAY]
    await store.set(id, '{}', { expires, replaces: null })

    t.assert.strictEqual(await store.touch(id, expires + DAY), true)
    t.assert.strictEqual(await store.touch(id, expires), true)
    t.assert.ok(Math.abs(Number((await store.get(id))?.expires) - expires - DAY) <= 1)
    await redis.persist(`session:${id}`)
    t.assert.strictEqual(await store.touch(id, expires), true)
    t.assert.strictEqual((await store.get(id))?.expires, Infinity)
    t.assert.strictEqual(await store.touch(randomId(), expires), false)
  })

  test('works with a client that gathers commands', async (t: TestContext) => {
    const gathering = new Redis(server.port, '127.0.0.1', { enableAutoPipelining: true })
    t.after(() => gathering.disconnect())
    const [store, expires] = [redisStore(gathering), Date.now() + DAY]
    const ids = Array.from({ length: 10 }, randomId)

    await Promise.all(ids.map(async (id) => await store.set(id, id, { expires, replaces: null })))

    const sessions = await Promise.all(ids.map(async (id) => readable(await store.get(id))))
    t.assert.deepStrictEqual(sessions, ids.map((data) => ({ data, expires })))
  })

  test('keeps the list of a user until its last session ends', async (t: TestContext) => {
    const [user, store, now] = [randomId(), redisStore(redis), Date.now()]
    const key = `session::user:${user}`
    const set = async (expires: number): Promise<boolean> => await store.set(randomId(), '', { expires, replaces: null, user })
    await set(now + DAY)
    t.assert.strictEqual(await redis.pexpiretime(key), now + DAY)
    await set(now + 3 * DAY)
    await set(now + 2 * DAY)
    t.assert.strictEqual(await redis.pexpiretime(key), now + 3 * DAY)

    await set(now - 1)
    t.assert.strictEqual(await redis.zcard(key), 3)
    await redis.zadd(key, now - DAY, randomId())
    await store.touch(randomId(), now + 4 * DAY, { user })

    t.assert.strictEqual(await redis.zcount(key, '-inf', now), 0)
    t.assert.strictEqual(await redis.pexpiretime(key), now + 4 * DAY)
  })

  test('removes a deleted session from the list of its user, if it is told the user', async (t: TestContext) => {
    const [user, id, store, expires] = [randomId(), randomId(), redisStore(redis), Date.now() + DAY]
    await store.set(id, 'first', { expires, replaces: null, user })

    await store.delete(id, { replaces: 'second', user })
    t.assert.deepStrictEqual(await store.ids?.(user), [{ id, expires }])
    await store.delete(id)
    t.assert.deepStrictEqual(await store.ids?.(user), [{ id, expires }])
    await store.set(id, 'first', { expires, replaces: null, user })
    await store.delete(id, { user })
    t.assert.deepStrictEqual(await store.ids?.(user), [])
    t.assert.strictEqual(await redis.exists(`session::user:${user}`), 0)
  })

  test('lists a session before it is written', async (t: TestContext) => {
    const [user, id, expires] = [randomId(), randomId(), Date.now() + DAY]
    await redis.hset(`session:${id}`, 'field', 'value')

    await t.assert.rejects(async () => await redisStore(redis).set(id, '', { expires, replaces: null, user }))

    t.assert.deepStrictEqual(await redisStore(redis).ids?.(user), [{ id, expires }])
  })
})

describe('redisStore, without a server,', () => {
  test('asks a sentinel of node-redis for bytes from the master', async (t: TestContext) => {
    const sent: unknown[][] = []
    const sentinel = {
      getSentinelNode () {},
      async sendCommand (...args: unknown[]) {
        sent.push(args)
        return null
      }
    }

    t.assert.strictEqual(await redisStore(sentinel).get('ID'), null)
    const [[isReadonly, args, options] = []] = sent
    t.assert.strictEqual(isReadonly, false)
    t.assert.deepStrictEqual((args as string[]).toSpliced(1, 1), ['EVAL', '1', 'session:ID'])
    t.assert.deepStrictEqual(options, { typeMapping: { 36: Buffer } })
  })

  test('refuses answers that cannot be right', async (t: TestContext) => {
    const answering = (reply: unknown): SessionStore => redisStore({ callBuffer: async () => reply })

    await t.assert.rejects(async () => await answering(['{}', 1]).get('ID'), { message: /must answer with bytes, got string/ })
    await t.assert.rejects(async () => await answering('{}').get('ID'), { message: /must answer with a list, got string/ })
    await t.assert.rejects(async () => await answering(null).ids?.('user'), { message: /must answer with a list, got object/ })
  })

  test('cuts the arguments that Redis quotes when it does not know EVAL', async (t: TestContext) => {
    const quoting = "ERR unknown command 'EVAL', with args beginning with: 'return 1' '1' 'session:ID' 'secret' "
    const store = redisStore({ callBuffer: async () => { throw new Error(quoting) } })

    const error = await rejection((async () => await store.get('ID'))())

    t.assert.strictEqual(error.message, "ERR unknown command 'EVAL'")
    t.assert.doesNotMatch(inspect(error), /secret|session:ID/)
  })

  test('passes on what a client throws, even if it is no error', async (t: TestContext) => {
    const store = redisStore({ callBuffer: async () => { throw 'away' } }) // eslint-disable-line no-throw-literal

    await t.assert.rejects(async () => await store.get('ID'), (thrown) => thrown === 'away')
  })

  test('refuses what is no client, and a prefix that is no text', (t: TestContext) => {
    for (const client of [null, undefined, 'redis://127.0.0.1', {}]) {
      t.assert.throws(() => redisStore(client as unknown as RedisClient), {
        code: 'FST_SESSION_INVALID_CONFIG', message: /^redisStore client must be a client of ioredis, .* got /
      })
    }
    t.assert.throws(() => redisStore({ callBuffer: async () => null }, { prefix: 1 as unknown as string }), {
      code: 'FST_SESSION_INVALID_CONFIG', message: 'redisStore prefix must be text, got number'
    })
  })
})

function withClient (name: string, connect: Connect, server: RedisServer): void {
  let connection: Promise<Connection> | undefined
  storeContract(`redisStore with ${name}`, {
    skip,
    hasItsOwnClock: true,
    async makeStore () {
      connection ??= connect(server)
      return redisStore((await connection).client)
    }
  })
  after(async () => (await connection)?.close())
}

async function ownAllSlots (): Promise<void> {
  const node = new Redis(cluster.port, '127.0.0.1')
  await node.cluster('ADDSLOTS', ...Array.from({ length: 16384 }, (_, slot) => slot))
  for (let tries = 0; tries < 500; tries++) {
    if (String(await node.cluster('INFO')).includes('cluster_state:ok')) break
    await setTimeout(20)
  }
  node.disconnect()
}

function commands (store: SessionStore, id: string): Array<() => Promise<unknown>> {
  const expires = Date.now() + DAY
  return [
    async () => await store.get(id),
    async () => await store.set(id, 'a secret', { expires, replaces: null }),
    async () => await store.delete(id, { replaces: 'a secret' })
  ]
}

async function rejection (promise: Promise<unknown>): Promise<Error> {
  const settled = await promise.then((value) => value, (error: unknown) => error)
  if (settled instanceof Error) return settled
  throw new Error('The command must fail')
}
