import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Jar, Pool } from '../client.ts'
import type { Answer } from '../client.ts'
import { RedisServer, whyNoRedis } from '../stores/redis-server.ts'

const cacheFor = 1

/** A process with the application. */
class Server {
  readonly pool: Pool
  readonly #child: ChildProcess

  private constructor (child: ChildProcess, pool: Pool) {
    this.#child = child
    this.pool = pool
  }

  static async start (redis: RedisServer): Promise<Server> {
    const script = fileURLToPath(new URL('server.ts', import.meta.url))
    const child = fork(script, [String(redis.port), String(cacheFor)], { execArgv: ['--import', 'tsx'] })
    const [port] = await once(child, 'message') as [number]
    let turn = 0
    return new Server(child, await Pool.open(port, 4, 1, (count) => turn++ % Math.max(count, 1)))
  }

  async post (path: string, jar: Jar): Promise<Answer> {
    const answer = await this.pool.ask({ path, method: 'POST', cookie: jar.header })
    jar.take(answer)
    return answer
  }

  /** Whom the application sees; its status where that is not 200. */
  async user (cookie: string, jar?: Jar): Promise<unknown> {
    const answer = await this.pool.ask({ path: '/me', cookie })
    jar?.take(answer)
    return answer.status === 200 ? JSON.parse(answer.body).user : answer.status
  }

  async stop (): Promise<void> {
    await this.pool.close()
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    await exit
  }
}

describe('two processes with one Redis', { skip: whyNoRedis() }, () => {
  const redis = new RedisServer([], true)
  let one: Server
  let two: Server

  before(async () => {
    await redis.start()
    ;[one, two] = await Promise.all([Server.start(redis), Server.start(redis)])
  })
  after(async () => {
    await Promise.all([one.stop(), two.stop()])
    await redis.kill()
  })

  test('see a logout everywhere within cacheFor, and a login after it at once', async (t: TestContext) => {
    const jar = new Jar()
    await one.post('/login/ada?once', jar)
    const { header: cookie } = jar
    t.assert.deepStrictEqual([await one.user(cookie), await two.user(cookie)], ['ada', 'ada'])
    await one.post('/logout-everywhere/ada', new Jar())
    const ended = performance.now()
    t.assert.strictEqual(await one.user(cookie), null)
    let [last, sent] = [ended, ended]
    while (await two.user(cookie) !== null) {
      last = sent
      await setTimeout(10)
      sent = performance.now()
    }
    const seconds = (last - ended) / 1000
    t.assert.ok(seconds < cacheFor, `a request that was sent after ${seconds} s was still accepted`)
    t.diagnostic(`the other process accepted it for ${seconds.toFixed(2)} s, cacheFor is ${cacheFor} s`)
    await two.post('/login/ada', jar)
    t.assert.deepStrictEqual([await one.user(jar.header), await two.user(jar.header)], ['ada', 'ada'])
  })

  test('lose no login and revive no session when Redis is killed under load and started again', { timeout: 60_000 }, async (t: TestContext) => {
    const servers = [one, two]
    const counts = { requests: 0, unavailable: 0, others: 0 }
    /** Cookies of sessions whose logout was acknowledged, and of those whose logout was refused with a 503. */
    const [ended, refused] = [[] as string[], [] as string[]]
    const lost: string[] = []
    const load = { isOver: false }
    const at = (): Server => servers[counts.requests++ % 2] as Server
    const note = (status: unknown): boolean => {
      if (status === 503) counts.unavailable++
      else if (status !== 200) counts.others++
      return status === 200
    }

    /** Logs in, looks around, logs out. In the end logs in once more. */
    async function visitor (name: string): Promise<{ name: string, jar: Jar }> {
      const jar = new Jar()
      const self = { isLoggedIn: false }
      for (let round = 0; !load.isOver || !self.isLoggedIn; round++) {
        if (!self.isLoggedIn) self.isLoggedIn = note((await at().post(`/login/${name}`, jar)).status)
        for (let i = 0; i < 5 && self.isLoggedIn && !load.isOver; i++) {
          const user = await at().user(jar.header, jar)
          note(typeof user === 'number' ? user : 200)
          if (typeof user !== 'number' && user !== name) lost.push(`${name} is ${String(user)} in round ${round}`)
          await setTimeout(5)
        }
        if (!load.isOver && self.isLoggedIn) {
          const { header } = jar
          const isAcknowledged = note((await at().post('/logout', jar)).status)
          ;(isAcknowledged ? ended : refused).push(header)
          self.isLoggedIn = false
        }
        await setTimeout(5)
      }
      return { name, jar }
    }

    const visitors = Array.from({ length: 8 }, (_, index) => visitor(`visitor-${index}`))
    await setTimeout(1500)
    await redis.crash()
    await setTimeout(1500)
    await redis.start()
    await setTimeout(3000)
    load.isOver = true
    const remaining = await Promise.all(visitors)
    await setTimeout(cacheFor * 1000)

    const revived = { acknowledged: 0, refused: 0 }
    for (const server of servers) {
      for (const cookie of ended) if (await server.user(cookie) !== null) revived.acknowledged++
      for (const cookie of refused) if (await server.user(cookie) !== null) revived.refused++
      for (const { name, jar } of remaining) if (await server.user(jar.header) !== name) lost.push(`${name} at the end`)
    }
    t.diagnostic(`${counts.requests} requests, ${counts.unavailable} failed with 503; ${ended.length} logouts acknowledged, ` +
      `${refused.length} refused; ${lost.length} logins lost; came back: ${revived.acknowledged} and ${revived.refused}`)
    t.assert.deepStrictEqual(lost, [])
    t.assert.deepStrictEqual(revived, { acknowledged: 0, refused: 0 })
    t.assert.strictEqual(counts.others, 0)
    t.assert.ok(counts.unavailable > 0)
  })
})
