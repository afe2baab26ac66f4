import { spawn, spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { flaskSessionSerializer, redisStore } from '../../lib/stores/index.ts'
import type { RedisClient } from '../../lib/stores/index.ts'
import { parseSetCookie } from '../helpers.ts'
import { RedisServer, whyNoRedis } from '../stores/redis-server.ts'
import { storeApp } from './world.ts'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'

// Not a part of CI: Debian has no Flask-Session 0.8. What it writes is recorded in test/vectors/flask-session.json.
const python = process.env['FLASK_SESSION_PYTHON'] ?? 'python3'

function whyNot (): string | false {
  const hasPython = spawnSync(python, ['-c', 'import flask_session, redis, msgspec']).status === 0
  if (hasPython) return whyNoRedis()
  return 'these tests need Flask-Session 0.8: pip install flask-session msgspec redis, and FLASK_SESSION_PYTHON=python3 of that environment'
}

const skip = whyNot()
const server = new RedisServer()
let redis: Redis

before(async () => {
  if (skip !== false) return
  await server.start()
  redis = new Redis(server.port, '127.0.0.1')
})

after(async () => {
  redis?.disconnect()
  await server.kill()
})

/** One browser, two servers behind one address. */
interface Twins {
  jar: Map<string, string>
  flask (method: 'GET' | 'POST', path: string, json?: unknown): Promise<string>
  ours (act: (session: Session) => unknown): Promise<string>
  /** What lies in Redis under the id in the cookie. */
  stored (): Promise<Buffer | null>
}

async function twins (t: TestContext, flaskOptions: object = {}, options: SecureSessionOptions = {}): Promise<Twins> {
  const child = spawn(python, [new URL('flask_session_app.py', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (question: object): Promise<any> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    return JSON.parse(String((await lines.next()).value))
  }
  t.diagnostic(JSON.stringify(await ask({ port: server.port, options: flaskOptions })))
  const { visit } = await storeApp(t, redisStore(redis as unknown as RedisClient), { serializer: flaskSessionSerializer, ...options })
  const jar = new Map<string, string>()
  const take = (headers: readonly string[]): void => {
    for (const { name, value, attributes } of headers.map(parseSetCookie)) {
      if (attributes['Max-Age'] === '0') jar.delete(name)
      else jar.set(name, value)
    }
  }
  const cookie = (): string => Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
  return {
    jar,
    async flask (method, path, json) {
      const answer = await ask({ method, path, json, cookie: cookie() })
      if (answer.status !== 200) throw new Error(`Flask answered ${String(answer.status)}`)
      take(answer.cookies)
      return answer.body
    },
    async ours (act) {
      const answer = await visit(act, { cookie: cookie() })
      if (answer.statusCode !== 200) throw new Error(answer.body)
      take([answer.headers['set-cookie'] ?? []].flat().map(String))
      return answer.body
    },
    stored: async () => await redis.getBuffer(`session:${String(jar.get('session')).split('.')[0] ?? ''}`)
  }
}

for (const format of ['msgpack', 'json']) {
  describe(`with Flask-Session that writes ${format}`, { skip }, () => {
    const options = { SESSION_SERIALIZATION_FORMAT: format }

    test('a login there is a login here, and the other way round', async (t: TestContext) => {
      const { flask, ours, stored } = await twins(t, options)
      await flask('POST', '/set', { user_id: 42 })
      t.assert.strictEqual((await stored())?.[0], format === 'json' ? 0x7b : 0x82)
      t.assert.strictEqual(await ours((session) => { const { user_id: id } = session; session.cart = [1.5]; return id }), '42')
      t.assert.strictEqual(String(await stored()), '{"_permanent":true,"user_id":42,"cart":[1.5]}')
      t.assert.deepStrictEqual(JSON.parse(await flask('GET', '/show')), { _permanent: 'bool True', cart: 'list [1.5]', user_id: 'int 42' })
    })

    test('each type of Python comes over', async (t: TestContext) => {
      const { flask, ours } = await twins(t, options)
      await flask('POST', '/values')
      const seen = await ours((session) => Object.fromEntries(Array.from(session.entries(), ([key, value]) => [key, kindOf(value)])))
      const isJSON = format === 'json'
      t.assert.deepStrictEqual(JSON.parse(seen), {
        _permanent: 'Boolean true',
        int: 'BigInt 18446744073709551615',
        negative: 'BigInt -9223372036854775808',
        float: 'Number 0.5',
        whole: 'Number 1',
        text: 'String é😀',
        bytes: isJSON ? 'String AP8=' : `Buffer ${String(Buffer.from([0, 255]))}`,
        list: 'Array 1,2',
        dict: 'Object [object Object]',
        true: 'Boolean true',
        tuple: 'Array 1,2',
        aware: isJSON ? 'String 2026-11-27T12:30:15Z' : 'Date 2026-11-27T12:30:15.000Z',
        naive: 'String 2026-11-27T12:30:00',
        uuid: 'String 00000000-0000-0000-0000-000000000001',
        decimal: 'String 1.10'
      })
      await ours((session) => { session.touched = true })
      const there = JSON.parse(await flask('GET', '/show'))
      t.assert.strictEqual(there.int, 'int 18446744073709551615')
      t.assert.strictEqual(there.whole, isJSON ? 'float 1.0' : 'int 1')
      t.assert.strictEqual(there.aware, "str '2026-11-27T12:30:15Z'")
      t.assert.strictEqual(there.bytes, "str 'AP8='")
    })

    test('a logout on either side is a logout on both', async (t: TestContext) => {
      const { flask, ours, jar } = await twins(t, options)
      await flask('POST', '/set', { user_id: 42 })
      const id = jar.get('session') as string
      await ours((session) => session.clear())
      jar.set('session', id)
      t.assert.strictEqual(await flask('GET', '/show'), '{"_permanent":"bool True"}\n')
      await ours((session) => { session.user_id = 43 })
      const other = jar.get('session') as string
      await flask('POST', '/clear')
      jar.set('session', other)
      t.assert.strictEqual(await ours((session) => session.size), '0')
    })

    test('regenerate() on either side leaves nothing under the old id', async (t: TestContext) => {
      const { flask, ours, jar } = await twins(t, options)
      await flask('POST', '/set', { user_id: 42 })
      const first = jar.get('session') as string
      await ours(async (session) => await session.regenerate(['user_id']))
      const second = jar.get('session') as string
      await flask('POST', '/regenerate')
      const third = jar.get('session') as string
      t.assert.strictEqual(new Set([first, second, third]).size, 3)
      t.assert.strictEqual(await ours((session) => session.user_id), '42')
      for (const old of [first, second]) t.assert.strictEqual(await redis.exists(`session:${old}`), 0)
    })

    test('a session ends on both sides when the store says so, permanent or not', async (t: TestContext) => {
      const { flask, ours, jar } = await twins(t, { ...options, PERMANENT_SESSION_LIFETIME: 600, SESSION_PERMANENT: false }, { permanentSessionLifetime: 1200 })
      await flask('POST', '/set', { user_id: 42 })
      const key = `session:${jar.get('session') as string}`
      t.assert.ok(await redis.ttl(key) <= 600)
      await ours((session) => { session.a = 1 })
      t.assert.ok(await redis.ttl(key) > 1100)
      await redis.pexpire(key, 1)
      await new Promise((resolve) => setTimeout(resolve, 10))
      t.assert.strictEqual(await ours((session) => session.size), '0')
      t.assert.strictEqual(await flask('GET', '/show'), '{}\n')
    })
  })
}

test('with SESSION_USE_SIGNER the signed ids of either side are read by the other', { skip }, async (t: TestContext) => {
  const { flask, ours, jar } = await twins(t, { SESSION_USE_SIGNER: true }, { secretKey: 'a secret key of the tests', signIds: 'flask-session' })
  await flask('POST', '/set', { user_id: 42 })
  t.assert.match(jar.get('session') as string, /^[\w-]{43}\.[\w-]{27}$/)
  t.assert.strictEqual(await ours((session) => session.user_id), '42')
  jar.clear()
  await ours((session) => { session.user_id = 43 })
  t.assert.match(await flask('GET', '/show'), /"user_id":"int 43"/)
})

function kindOf (value: unknown): string {
  return `${Object(value).constructor.name} ${value instanceof Date ? value.toISOString() : String(value)}`
}
