import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { countCookieInVary, noise, signingSerializer } from '../../helpers.ts'
import secureSession from '../../../lib/index.ts'
import type { FlaskConfig, SecureSessionOptions, Session } from '../../../lib/index.ts'
import { addRoutes } from './app.ts'
import type { UserData } from './app.ts'
import { Connection, headerOf, Jar } from '../../client.ts'
import type { Answer, Ask } from '../../client.ts'
import { ServerProcess } from './server-process.ts'

const secretKey = 'the secret key before all faults'

/** Someone who comes again and again, and knows how often: the session must know it too. */
class Client {
  readonly jar = new Jar()
  readonly name: string
  /** Where the next request goes; `undefined` while there is no server. */
  port: () => Promise<number>
  visits = 0
  /** Requests that nobody answered to the end. */
  cut = 0
  onAnswer = (): void => {}
  readonly #t: TestContext
  #connection: Connection | undefined
  #port = 0

  constructor (t: TestContext, name: string, port: () => Promise<number>) {
    this.#t = t
    this.name = name
    this.port = port
    t.after(() => this.#connection?.close())
  }

  /** Asks until there is an answer. */
  async ask (ask: Ask): Promise<Answer> {
    for (;;) {
      try {
        const port = await this.port()
        if (port !== this.#port || this.#connection?.isOpen !== true) {
          await this.#connection?.close()
          this.#connection = await Connection.open(port)
          this.#port = port
        }
        const answer = await this.#connection.ask({ ...ask, cookie: this.jar.header })
        if (!answer.isCut) {
          this.jar.take(answer)
          this.onAnswer()
          return answer
        }
      } catch (error) {
        if (!/^ECONN/.test((error as { code?: string }).code ?? '')) throw error
      }
      this.cut++
    }
  }

  async login (permanent = false): Promise<void> {
    const { status } = await this.ask({ path: '/login', body: JSON.stringify({ user: this.name, permanent }) })
    this.#t.assert.strictEqual(status, 200)
    this.visits = 1
  }

  /** Writes; the answer must know of each visit that was answered before. */
  async visit (): Promise<void> {
    const { status, body } = await this.ask({ path: '/visit', method: 'POST' })
    this.#t.assert.strictEqual(status, 200)
    const { before, session } = JSON.parse(body) as { before: string | null, session: UserData }
    this.#t.assert.deepStrictEqual([before, session.user, session.visits], [this.name, this.name, this.visits + 1])
    this.visits++
  }

  async read (): Promise<void> {
    this.#t.assert.deepStrictEqual(await this.me(), { user: this.name, visits: this.visits })
  }

  async me (): Promise<{ user: string | null, visits: number | null }> {
    const { status, body } = await this.ask({ path: '/me' })
    this.#t.assert.strictEqual(status, 200)
    return JSON.parse(body)
  }
}

async function listening (t: TestContext, options: SecureSessionOptions, config?: FlaskConfig, routes?: (fastify: FastifyInstance) => void): Promise<number> {
  const fastify = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance
  t.after(() => fastify.close())
  if (config !== undefined) fastify.decorate('config', config)
  await fastify.register(secureSession, options)
  addRoutes(fastify, () => undefined)
  routes?.(fastify)
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return (fastify.server.address() as AddressInfo).port
}

function clients (t: TestContext, count: number, name: string, port: () => Promise<number>): Client[] {
  return Array.from({ length: count }, (_, number) => new Client(t, `${name} ${number}`, port))
}

const times = async (count: number, act: () => Promise<void>): Promise<void> => { for (let time = 0; time < count; time++) await act() }
const each = async (all: readonly Client[], act: (client: Client) => Promise<void>): Promise<void> => { await Promise.all(all.map(act)) }

/** When these have had so many more answers, all together. */
function answers (all: readonly Client[], count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    for (const client of all) client.onAnswer = () => { if (--left === 0) resolve() }
  })
}

describe('a failed write', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  let deep: unknown[] = []
  for (let level = 0; level < 300; level++) deep = [deep]
  const failures: Array<[what: string, code: string, write: (session: Session) => void]> = [
    ['of a function', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.bad = () => {} }],
    ['of a Map', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.bad = new Map() }],
    ['of a cycle', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.bad = cycle }],
    ['of an invalid date', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.bad = new Date(NaN) }],
    ['of too many levels', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.bad = deep }],
    ['of an object that throws', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.bad = { toJSON () { throw new Error('no') } } }],
    ['inside of a value', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.cart.items.push(Symbol('bad')) }],
    ['of too much for a cookie', 'FST_SESSION_COOKIE_OVERFLOW', (session) => { session.bad = noise(6000) }],
    ['of more than can be read', 'FST_SESSION_COOKIE_OVERFLOW', (session) => { session.bad = 'x'.repeat(300_000) }],
    ['behind one that is right', 'FST_SESSION_UNSERIALIZABLE', (session) => { session.visits = 100; session.bad = () => {} }]
  ]

  for (const [what, code, write] of failures) {
    test(`${what} leaves the old cookie in force`, async (t: TestContext) => {
      const port = await listening(t, { secretKey, sessions: [{ sessionName: 'session' }, { sessionName: 'admin' }] }, undefined, (fastify) => {
        fastify.post('/break', async (request) => {
          const { admin } = request as unknown as { admin: Session }
          admin.level = 7
          write(request.session)
          return 'never'
        })
      })
      const client = new Client(t, 'ada', async () => port)
      await client.login()
      await client.visit()
      const old = client.jar.cookies.get('session')

      const answer = await client.ask({ path: '/break', method: 'POST' })

      t.assert.strictEqual(answer.status, 500)
      t.assert.strictEqual(JSON.parse(answer.body).code, code)
      // the other session of the request is saved
      t.assert.deepStrictEqual(headerOf(answer, 'set-cookie').map((header) => header.slice(0, header.indexOf('='))), ['admin'])
      t.assert.strictEqual(countCookieInVary(headerOf(answer, 'vary')), 1)
      t.assert.strictEqual(client.jar.cookies.get('session'), old)
      await client.read()
      t.assert.deepStrictEqual(JSON.parse((await client.ask({ path: '/all' })).body), { before: 'ada', session: { user: 'ada', visits: 2, cart: { items: [] } }, admin: { level: 7 } })
      await client.visit()
    })
  }

  test('under load is nobody else\'s business', async (t: TestContext) => {
    const port = await listening(t, { secretKey }, undefined, (fastify) => {
      fastify.post('/break', async (request) => { request.session.cart.items.push(request.session.visits % 2 === 0 ? noise(6000) : () => {}) })
    })
    const all = clients(t, 20, 'client', async () => port)

    await each(all, async (client) => {
      await client.login()
      await times(10, async () => {
        await client.visit()
        const { status } = await client.ask({ path: '/break', method: 'POST' })
        t.assert.strictEqual(status, 500)
        await client.read()
      })
    })

    t.assert.deepStrictEqual(all.map(({ visits }) => visits), Array(20).fill(11))
  })
})

describe('a server that is killed and started again under load', () => {
  test('logs nobody out and loses no write that it answered', async (t: TestContext) => {
    const config = { options: { secretKey }, seed: 1 }
    let server = await ServerProcess.start(config)
    t.after(() => server.kill())
    const { port } = server
    let up = Promise.resolve(port)
    const all = clients(t, 10, 'client', () => up)
    await each(all, (client) => client.login(client.name.endsWith('0')))

    const work = each(all, (client) => times(60, () => client.visit()))
    for (let restart = 1; restart <= 2; restart++) {
      await answers(all, 100)
      let isUp = (_port: number): void => {}
      up = new Promise((resolve) => { isUp = resolve })
      await server.kill()
      server = await ServerProcess.start({ ...config, port })
      isUp(port)
    }
    await work

    t.assert.deepStrictEqual(all.map(({ visits }) => visits), Array(10).fill(61))
    t.assert.ok(all.some(({ cut }) => cut > 0), 'no request was on the way when the server was killed')
    await each(all, (client) => client.read())
  })
})

describe('a key that is rotated under load', () => {
  const [oldKey, newKey] = ['the old key of the application', 'the new key of the application']
  const opensWith = (key: string, { jar }: Client): boolean => {
    return signingSerializer({ key }).loadsUnsafe(jar.cookies.get('session') ?? '').valid
  }

  test('logs out only those who got no new cookie before the old key was removed', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: oldKey }
    const port = await listening(t, {}, config)
    const group = (name: string): Client[] => clients(t, 10, name, async () => port)
    const [writers, permanent, readers, idle] = [group('writer'), group('permanent reader'), group('reader'), group('idle')]
    const present = [...writers, ...permanent, ...readers]
    const renewed = [...writers, ...permanent]
    await each([...writers, ...readers, ...idle], (client) => client.login())
    await each(permanent, (client) => client.login(true))
    const load = (all: readonly Client[]): Promise<void> => each(all, (client) => times(30, () => writers.includes(client) ? client.visit() : client.read()))

    const first = load(present)
    await answers(present, 200)
    Object.assign(config, { SECRET_KEY: newKey, SECRET_KEY_FALLBACKS: [oldKey] })
    await first

    for (const client of renewed) t.assert.deepStrictEqual([opensWith(newKey, client), opensWith(oldKey, client)], [true, false], client.name)
    // reading alone makes no new cookie, as in Flask
    for (const client of [...readers, ...idle]) t.assert.deepStrictEqual([opensWith(newKey, client), opensWith(oldKey, client)], [false, true], client.name)
    await each(idle.slice(0, 5), (client) => client.visit())

    const second = load(renewed)
    await answers(renewed, 200)
    Object.assign(config, { SECRET_KEY_FALLBACKS: [] })
    await second

    await each([...renewed, ...idle.slice(0, 5)], (client) => client.read())
    for (const client of [...readers, ...idle.slice(5)]) t.assert.deepStrictEqual(await client.me(), { user: null, visits: null }, client.name)
    await each([...readers, ...idle], async (client) => { await client.login(); await client.visit() })
  })

  test('logs out everybody, and nobody else in, when it is replaced without a fallback', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: oldKey }
    const port = await listening(t, {}, config)
    const all = clients(t, 10, 'client', async () => port)
    await each(all, (client) => client.login())
    const seen = new Map(all.map((client) => [client, [] as Array<string | null>]))

    const load = each(all, (client) => times(20, async () => { seen.get(client)?.push((await client.me()).user) }))
    await answers(all, 100)
    config.SECRET_KEY = newKey
    await load

    for (const [{ name }, users] of seen) {
      const loggedOut = users.indexOf(null)
      t.assert.ok(loggedOut > 0, name)
      t.assert.deepStrictEqual(users, [...Array(loggedOut).fill(name), ...Array(20 - loggedOut).fill(null)])
    }
  })
})

describe('two servers behind one address whose clocks differ', () => {
  /** The session `admin` has Flask's rule: nothing from the future. */
  const options = { secretKey, sessions: [{ sessionName: 'session' }, { sessionName: 'admin', clockTolerance: 0 }] }
  const second = (): number => Math.floor(Date.now() / 1000)

  test('by 5 seconds log nobody out; by 6 they do, and by 1 with Flask\'s rule', async (t: TestContext) => {
    const [ahead, behind] = await Promise.all([ServerProcess.start({ options }), ServerProcess.start({ options })])
    t.after(() => Promise.all([ahead.kill(), behind.kill()]))
    const inTurns = (): () => Promise<number> => {
      let turn = 0
      return async () => (turn++ % 2 === 0 ? ahead : behind).port
    }

    await ahead.setClock(5000)
    const all = Array.from({ length: 10 }, (_, number) => new Client(t, `client ${number}`, inTurns()))
    await each(all, async (client) => {
      await client.login(client.name.endsWith('0'))
      await times(10, async () => { await client.visit(); await client.read() })
    })

    // Each pair of requests counts that fell into one second: in the next one the clocks are nearer by one.
    const withinASecond = async <T>(ask: (client: Client) => Promise<T>): Promise<T> => {
      for (let tries = 0; tries < 20; tries++) {
        const start = second()
        const client = new Client(t, 'client', inTurns())
        const found = await ask(client)
        if (second() === start) return found
      }
      throw new Error('two requests never fell into one second')
    }
    await ahead.setClock(6000)
    t.assert.deepStrictEqual(await withinASecond(async (client) => {
      await client.login()
      return client.me()
    }), { user: null, visits: null })
    // to be ahead oneself is no harm
    const other = new Client(t, 'client', async () => behind.port)
    await other.login()
    other.port = async () => ahead.port
    await other.read()

    await ahead.setClock(1000)
    t.assert.deepStrictEqual(await withinASecond(async (client) => {
      await client.ask({ path: '/level', body: '{"level":7}' })
      return JSON.parse((await client.ask({ path: '/all' })).body)
    }), { before: null, session: {}, admin: {} })
    await ahead.setClock(0)
    t.assert.deepStrictEqual(await withinASecond(async (client) => {
      await client.ask({ path: '/level', body: '{"level":7}' })
      return JSON.parse((await client.ask({ path: '/all' })).body)
    }), { before: null, session: {}, admin: { level: 7 } })
  })
})
