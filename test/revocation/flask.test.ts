import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { redisStore } from '../../lib/stores/index.ts'
import { FastifyApp, FlaskApp, noon } from '../flask/each-flask.ts'
import { findPythons, startPeer } from '../flask/peer.ts'
import type { Peer } from '../flask/peer.ts'
import { clients } from '../stores/redis-clients.ts'
import type { Connection } from '../stores/redis-clients.ts'
import { RedisServer, whyNoRedis } from '../stores/redis-server.ts'

const pythons = findPythons().filter(({ command }) => spawnSync(command, ['-c', 'import redis']).status === 0)

/** Why Flask and Redis cannot be tested together here; `false` if they can. */
function whyNot (): string | false {
  const noRedis = whyNoRedis()
  if (noRedis !== false || pythons.length > 0) return noRedis
  const reason = 'needs a Python with Flask and redis-py: apt-get install python3-flask python3-redis'
  if (process.env['CI'] === 'true') throw new Error(reason)
  return reason
}

for (const { command, versions } of pythons.length > 0 ? pythons : [{ command: '', versions: { flask: 'any' } }]) {
  describe(`Flask ${versions.flask} on the same Redis, with the lines of the README,`, { skip: whyNot() }, () => {
    const server = new RedisServer()
    let connection: Connection
    let peer: Peer

    before(async () => {
      await server.start()
      connection = await (clients['ioredis'] as (server: RedisServer) => Promise<Connection>)(server)
      peer = startPeer(command)
    })
    after(async () => {
      await peer.close()
      connection.close()
      await server.kill()
    })

    /** The same application twice, and Flask as it comes. */
    async function twins (t: TestContext): Promise<{ fastify: FastifyApp, flask: FlaskApp, stock: FlaskApp }> {
      t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
      const revocation = { store: redisStore(connection.client), user: (session: any) => session.user_id }
      // Redis judges by its own clock when a record ends.
      const permanentSessionLifetime = 100 * 365 * 86_400
      const config = { PERMANENT_SESSION_LIFETIME: permanentSessionLifetime, REVOCATION_REDIS: server.url }
      return {
        fastify: await FastifyApp.start(t, { revocation, permanentSessionLifetime }),
        flask: await FlaskApp.start(peer, { config, digest: 'sha512', lines: 'flask_revocation.RevokedSessionInterface' }),
        stock: await FlaskApp.start(peer, { config, digest: 'sha512' }, 'stock')
      }
    }

    test('refuses a session that was logged out here', async (t: TestContext) => {
      const { fastify, flask, stock } = await twins(t)
      const { cookie } = await fastify.request(undefined, ({ session }) => { session['user_id'] = 42 })
      t.assert.strictEqual(await flask.get(cookie, 'user_id'), 42)
      await fastify.request(cookie, ({ session }) => session.clear())
      t.assert.strictEqual(await flask.get(cookie, 'user_id'), null)
      t.assert.strictEqual(await stock.get(cookie, 'user_id'), 42)
    })

    test('refuses a session of its own that was logged out here, with all copies', async (t: TestContext) => {
      const { fastify, flask } = await twins(t)
      const first = await flask.set(undefined, 'user_id', { $int: '42' })
      const second = await flask.set(first, 'n', { $int: '1' })
      t.assert.notStrictEqual(first, second)
      await fastify.request(second, ({ session }) => session.clear())
      t.assert.deepStrictEqual([await flask.get(first, 'user_id'), await flask.get(second, 'user_id')], [null, null])
    })

    test('refuses such a session in every spelling of its signature that Flask takes', async (t: TestContext) => {
      const { fastify, flask, stock } = await twins(t)
      const cookie = await stock.set(undefined, 'user_id', { $int: '42' })
      const last = cookie.slice(-1)
      const spareBit = String.fromCharCode(last.charCodeAt(0) + 1)
      const spellings = [`${cookie}=`, cookie.slice(0, -1) + spareBit, `${cookie.slice(0, -5)}!!!!${cookie.slice(-5)}`]
      await fastify.request(cookie, ({ session }) => session.clear())
      for (const spelling of spellings) {
        t.assert.deepStrictEqual([spelling, await stock.get(spelling, 'user_id'), await flask.get(spelling, 'user_id')], [spelling, 42, null])
        t.assert.strictEqual(await fastify.read(spelling, ({ session }) => session['user_id']), undefined)
      }
    })

    test('gives a session without an id the one that it has here', async (t: TestContext) => {
      const { fastify, flask, stock } = await twins(t)
      const cookie = await stock.set(undefined, 'user_id', { $int: '42' })
      const named = await flask.set(cookie, 'n', { $int: '1' })
      await fastify.request(cookie, ({ session }) => session.clear())
      t.assert.deepStrictEqual([await flask.get(cookie, 'user_id'), await flask.get(named, 'user_id')], [null, null])
    })

    test('refuses the sessions of a user who was logged out everywhere, but for the exception', async (t: TestContext) => {
      const { fastify, flask } = await twins(t)
      const login = async (): Promise<string> => (await fastify.request(undefined, ({ session }) => { session['user_id'] = 43 })).cookie
      const [mine, other] = [await login(), await login()]
      const fromFlask = await flask.set(undefined, 'user_id', { $int: '43' })
      const another = await flask.set(undefined, 'user_id', { $int: '44' })
      const except = await fastify.fastify.decodeSession(mine.slice('session='.length))
      await fastify.fastify.endSessions(43, { except: except ?? undefined })
      const seen: unknown[] = []
      for (const cookie of [mine, other, fromFlask, another, await login()]) seen.push(await flask.get(cookie, 'user_id'))
      t.assert.deepStrictEqual(seen, [43, null, null, 44, 43])
    })

    test('refuses the sessions of a user whose name has a colon', async (t: TestContext) => {
      const { fastify, flask } = await twins(t)
      const login = async (user: string): Promise<string> => (await fastify.request(undefined, ({ session }) => { session['user_id'] = user })).cookie
      const [ended, other] = [await login('google:50%'), await login('google%3A50%25')]
      await fastify.fastify.endSessions('google:50%')
      t.assert.deepStrictEqual([await flask.get(ended, 'user_id'), await flask.get(other, 'user_id')], [null, 'google%3A50%25'])
    })
  })
}
