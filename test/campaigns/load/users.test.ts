import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { Random } from '../../flask/random.ts'
import { countCookieInVary } from '../../helpers.ts'
import secureSession, { SecureCookieSessionInterface } from '../../../lib/index.ts'
import type { SecureSessionOptions } from '../../../lib/index.ts'
import { addRoutes } from './app.ts'
import type { AdminData, UserData } from './app.ts'
import { headerOf, Jar, Pool } from '../../client.ts'
import type { Answer, Ask } from '../../client.ts'

const seed = Number(process.env.LOAD_SEED ?? Math.floor(Math.random() * 2 ** 31))
const users = Number(process.env.LOAD_USERS ?? 1000)
const secretKey = 'the secret key of many users'

/** Where somebody saw what is wrong, nobody goes on: a thousand errors say no more than one. */
interface Crowd {
  isOver: boolean
}

interface Past {
  cookie: string
  session: UserData
  admin: AdminData
}

/** What a user did to their sessions, and what the server must say of it. */
class User {
  readonly name: string
  readonly jar = new Jar()
  session: UserData = {}
  admin: AdminData = {}
  requests = 0
  /** Cookie headers of before, and what they held: a cookie stays what it was. */
  readonly #past: Past[] = []
  readonly #t: TestContext
  readonly #crowd: Crowd
  readonly #pool: Pool
  readonly #random: Random
  readonly #isPermanent: boolean

  constructor (t: TestContext, crowd: Crowd, pool: Pool, random: Random, number: number) {
    this.#t = t
    this.#crowd = crowd
    this.#pool = pool
    this.#random = random
    this.#isPermanent = random.chance(0.3)
    this.name = `user-${number}-${random.int(0x10000000, 0xffffffff).toString(16)}`
  }

  async live (steps: number, others: readonly User[]): Promise<void> {
    for (let step = 0; step < steps && !this.#crowd.isOver; step++) {
      if (this.session.user === undefined) await this.#login()
      else await this.#act(others)
    }
  }

  async #act (others: readonly User[]): Promise<void> {
    const random = this.#random
    switch (random.pick(['reads', 'reads', 'visit', 'cart', 'cart', 'flash', 'flashes', 'level', 'fail', 'logout', 'stolen', 'swapped', 'replayed'] as const)) {
      case 'reads': return this.#read(random.int(1, 3))
      case 'visit': return this.#write({ path: '/visit', method: 'POST' }, (session) => { session.visits = (session.visits ?? 0) + 1 })
      case 'cart': {
        const item = random.int(0, 1e9)
        return this.#write({ path: '/cart', body: JSON.stringify({ item }) }, ({ cart }) => { cart?.items.push(item) })
      }
      case 'flash': {
        const message = `for ${this.name}: ${random.int(0, 1e9)}`
        return this.#write({ path: '/flash', body: JSON.stringify({ message }) }, (session) => { (session.flashes ??= []).push(message) })
      }
      case 'flashes': return this.#popFlashes()
      case 'level': return this.#setLevel(random.int(0, 1e9))
      case 'fail': return this.#fail()
      case 'logout': return this.#write({ path: '/logout', method: 'POST' }, (session) => { for (const key of Object.keys(session)) Reflect.deleteProperty(session, key) })
      case 'swapped': return this.#swap()
      case 'replayed': return this.#replay(random.pick(this.#past))
      case 'stolen': return this.#steal(random.pick(others))
    }
  }

  async #login (): Promise<void> {
    const body = JSON.stringify({ user: this.name, permanent: this.#isPermanent })
    await this.#write({ path: '/login', body }, (session) => {
      Object.assign(session, { user: this.name, visits: 1, cart: { items: [] } })
      if (this.#isPermanent) session._permanent = true
    })
  }

  /** Several at once: reading changes nothing, so it does not matter which comes last. */
  async #read (count: number): Promise<void> {
    const paths = this.#random.times(count, () => this.#random.pick(['/me', '/all', '/untouched']))
    await Promise.all(paths.map(async (path) => {
      const answer = await this.#ask({ path })
      this.#checkHeaders(answer, path !== '/untouched', this.#refreshed())
      this.jar.take(answer)
      if (path === '/untouched') this.#equal(answer.body, 'nobody was asked')
      else if (path === '/me') this.#equal(JSON.parse(answer.body), { user: this.name, visits: this.session.visits })
      else this.#checkAll(answer, this.name)
    }))
  }

  /** Beside it there is a reader now and then, with the cookie as it was before. */
  async #write (ask: Ask, change: (session: UserData) => void, more: object = {}): Promise<void> {
    const before = this.session.user ?? null
    this.#past.push({ cookie: this.jar.header, session: structuredClone(this.session), admin: this.admin })
    const written = this.#ask(ask)
    if (this.#random.chance(0.3)) await this.#replay(this.#past.at(-1))
    const answer = await written
    change(this.session)
    this.#checkHeaders(answer, true, ['session'])
    this.jar.take(answer)
    this.#checkAll(answer, before, more)
  }

  async #popFlashes (): Promise<void> {
    const flashes = this.session.flashes
    if (flashes !== undefined) return this.#write({ path: '/flashes', method: 'POST' }, (session) => { delete session.flashes }, { flashes })
    const answer = await this.#ask({ path: '/flashes', method: 'POST' })
    this.#checkHeaders(answer, true, this.#refreshed())
    this.jar.take(answer)
    this.#checkAll(answer, this.name, { flashes: [] })
  }

  async #setLevel (level: number): Promise<void> {
    const answer = await this.#ask({ path: '/level', body: JSON.stringify({ level }) })
    this.admin = { level }
    this.#checkHeaders(answer, true, ['admin', ...this.#refreshed()])
    this.jar.take(answer)
    this.#checkAll(answer, this.name)
  }

  /** What was written before the error counts. */
  async #fail (): Promise<void> {
    const answer = await this.#ask({ path: '/fail', method: 'POST' })
    this.session.visits = (this.session.visits ?? 0) + 1
    this.#equal(answer.status, 500)
    this.#checkHeaders(answer, true, ['session'])
    this.jar.take(answer)
    this.#equal(JSON.parse(answer.body).message, `of ${this.name}`)
  }

  /** Another user's data under one's own signature, and the other way round. */
  async #steal (other: User): Promise<void> {
    const [mine, theirs] = [this, other].map(({ jar }) => jar.cookies.get('session')?.split('.') ?? [])
    if (other === this || mine?.length !== 3 || theirs?.length !== 3) return
    const [payload, time, signature] = this.#random.chance(0.5) ? [theirs[0], mine[1], mine[2]] : [mine[0], theirs[1], theirs[2]]
    const path = this.#random.pick(['/all', '/untouched'])
    const answer = await this.#ask({ path }, `session=${payload}.${time}.${signature}`)
    this.#checkHeaders(answer, path === '/all', [])
    if (path === '/all') this.#equal(JSON.parse(answer.body), { before: null, session: {}, admin: {} })
  }

  /** The cookie of the one session in the place of the other's. */
  async #swap (): Promise<void> {
    const [session = '', admin = ''] = ['session', 'admin'].map((name) => this.jar.cookies.get(name))
    const answer = await this.#ask({ path: '/all' }, `session=${admin}; admin=${session}`)
    this.#checkHeaders(answer, true, [])
    this.#equal(JSON.parse(answer.body), { before: null, session: {}, admin: {} })
  }

  async #replay (past: Past | undefined): Promise<void> {
    if (past === undefined) return
    const { cookie, session, admin } = past
    const answer = await this.#ask({ path: '/all' }, cookie)
    this.#equal(JSON.parse(answer.body), { before: session.user ?? null, session, admin })
  }

  #refreshed (): string[] {
    return this.session._permanent === true ? ['session'] : []
  }

  async #ask (ask: Ask, cookie = this.jar.header): Promise<Answer> {
    const answer = await this.#pool.ask({ ...ask, cookie })
    this.requests++
    this.#equal(answer.isCut, false)
    this.#equal(answer.status, ask.path === '/fail' ? 500 : 200)
    return answer
  }

  #checkAll (answer: Answer, before: string | null, more: object = {}): void {
    this.#equal(JSON.parse(answer.body), { before, session: this.session, admin: this.admin, ...more })
  }

  /** @param cookies - the names of those that must be in Set-Cookie */
  #checkHeaders (answer: Answer, isAccessed: boolean, cookies: string[]): void {
    const all = headerOf(answer, 'set-cookie')
    const isVaried = isAccessed || cookies.length > 0
    this.#equal(countCookieInVary(headerOf(answer, 'vary')), isVaried ? 1 : 0)
    this.#equal(all.map((header) => header.slice(0, header.indexOf('='))).sort(), cookies.sort())
    for (const header of all) {
      const [name, payload] = header.split(/[=.;]/, 2) as ['session' | 'admin', string]
      const data = payload === '' ? {} : JSON.parse(Buffer.from(payload, 'base64url').toString())
      this.#equal(data, this[name])
    }
  }

  #equal (actual: unknown, expected: unknown): void {
    if (this.#crowd.isOver) throw new Error('another user saw what is wrong')
    this.#crowd.isOver = !isDeepStrictEqual(actual, expected)
    this.#t.assert.deepStrictEqual(actual, expected)
  }
}

interface Load {
  connections: number
  inFlight: number
  steps: number
}

/** Everybody at once. */
async function gather (t: TestContext, options: SecureSessionOptions, { connections, inFlight, steps }: Load): Promise<void> {
  t.diagnostic(`LOAD_SEED=${seed} LOAD_USERS=${users}`)
  const random = new Random(seed)
  const fastify = await serverOf(t, options, random)
  const pool = await Pool.open((fastify.server.address() as AddressInfo).port, connections, inFlight, (count) => random.int(0, count - 1))
  t.after(() => pool.close())
  const crowd: Crowd = { isOver: false }
  const everybody = Array.from({ length: users }, (_, number) => new User(t, crowd, pool, new Random(seed + number), number))

  await Promise.all(everybody.map((user) => user.live(steps, everybody)))

  for (const { jar, session, admin } of everybody) {
    for (const [name, expected] of Object.entries({ session, admin })) {
      const found = fastify.decodeSession(jar.cookies.get(name), name)
      t.assert.deepStrictEqual(found?.data() ?? {}, expected)
    }
  }
  t.assert.strictEqual(new Set(everybody.map(({ name }) => name)).size, users)
  t.assert.strictEqual(pool.mostInFlight, connections * inFlight)
  const requests = everybody.reduce((sum, { requests }) => sum + requests, 0)
  t.diagnostic(`${requests} requests`)
  t.assert.ok(requests > users * steps * 0.9)
}

async function serverOf (t: TestContext, options: SecureSessionOptions, random: Random): Promise<FastifyInstance> {
  const fastify = Fastify({ forceCloseConnections: true })
  t.after(() => fastify.close())
  await fastify.register(secureSession, { secretKey, ...options })
  addRoutes(fastify, () => random.chance(0.5) ? undefined : random.int(0, 5))
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return fastify
}

function remembering (rememberedCookies: number): SecureCookieSessionInterface {
  const sessions = new SecureCookieSessionInterface({ digestMethod: 'sha1' })
  sessions.rememberedCookies = rememberedCookies
  return sessions
}

describe('a thousand users at once', () => {
  const sessions = [{ sessionName: 'session' }, { sessionName: 'admin' }]

  test('see their own data only, on connections that are kept', async (t: TestContext) => {
    await gather(t, { sessions }, { connections: 100, inFlight: 1, steps: 5 })
  })

  test('see their own data only, when requests are pipelined', async (t: TestContext) => {
    const large = { sessions: sessions.map((each) => ({ ...each, sessionInterface: remembering(1_000_000) })) }
    await gather(t, large, { connections: 30, inFlight: 8, steps: 7 })
  })

  test('see their own data only, when two sessions share one interface that remembers hardly any cookie', async (t: TestContext) => {
    await gather(t, { sessions, sessionInterface: remembering(4) }, { connections: 30, inFlight: 8, steps: 4 })
  })
})

describe('rememberedCookies', () => {
  for (const count of [Infinity, 1e9, 0, -1]) {
    test(`may be ${count}`, async (t: TestContext) => {
      const before = process.memoryUsage().arrayBuffers
      const fastify = await serverOf(t, { sessionInterface: remembering(count) }, new Random(1))
      const jar = new Jar()
      for (let visits = 1; visits <= 3; visits++) {
        const { statusCode, headers, body } = await fastify.inject({ method: 'POST', url: '/visit', headers: { cookie: jar.header } })
        t.assert.strictEqual(statusCode, 200)
        t.assert.strictEqual(JSON.parse(body).session.visits, visits)
        jar.take({ head: `\r\nset-cookie: ${String(headers['set-cookie'])}` })
      }
      t.assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 24)
    })
  }
})
