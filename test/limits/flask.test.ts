import { describe } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { cookieOf, FastifyApp, FlaskApp, noon, setCookieOf, withEachFlask } from '../flask/each-flask.ts'
import type { FlaskConfig, Peer, Step } from '../flask/peer.ts'
import { encode } from '../flask/our-side.ts'
import { cookieOf as signed } from '../helpers.ts'
import { login, table } from './table.ts'
import type { Limit } from './table.ts'

const lines = 'flask_limits.LimitedSessionInterface'

/** The settings of a row as Flask names them. */
function configOf ({ options }: Limit): FlaskConfig {
  const { permanentSessionLifetime, absoluteLifetime, refreshAfter, refreshEachRequest } = options
  return {
    ...(permanentSessionLifetime !== undefined && { PERMANENT_SESSION_LIFETIME: permanentSessionLifetime }),
    ...(absoluteLifetime !== undefined && { SESSION_ABSOLUTE_LIFETIME: Number(absoluteLifetime) }),
    ...(refreshAfter !== undefined && { SESSION_REFRESH_AFTER: refreshAfter }),
    ...(refreshEachRequest !== undefined && { SESSION_REFRESH_EACH_REQUEST: refreshEachRequest })
  }
}

/** A cookie as a browser keeps it until it is replaced. */
class Jar {
  cookie: string | undefined

  /** Keeps the cookie of a response, and gives its Expires in seconds after noon; `null` without a Set-Cookie. */
  keep (headers: ReadonlyArray<readonly [string, string]>): number | undefined | null {
    const header = setCookieOf(headers)
    if (header === undefined) return null
    const [, expires] = /; Expires=([^;]+)/i.exec(header) ?? []
    this.cookie = /; Max-Age=0/i.test(header) || /^session=;/.test(header) ? undefined : cookieOf(headers)
    return expires === undefined ? undefined : Date.parse(expires) / 1000 - noon
  }
}

/** One application, here or in Flask, as a user sees it. */
interface Side {
  login (jar: Jar, limit: Limit): Promise<number | undefined | null>
  visit (jar: Jar, seconds: number): Promise<[isAlive: boolean, end: number | undefined | null]>
  logout (jar: Jar): Promise<void>
}

async function inFlask (peer: Peer, limit: Limit, lines?: string): Promise<Side> {
  const app = await FlaskApp.start(peer, { config: configOf(limit), digest: 'sha512', ...(lines !== undefined && { lines }) })
  return {
    async login (jar, { lifetime, permanent = true }) {
      const steps: Step[] = [{ op: 'set', key: 'user', value: 'ann' }, { op: 'permanent', value: permanent }]
      if (lifetime !== undefined) steps.push({ op: 'set', key: '_lifetime', value: encode(lifetime) })
      return jar.keep((await app.request(jar.cookie, steps)).headers)
    },
    async visit (jar, seconds) {
      const { headers, steps: [answer] } = await app.request(jar.cookie, [{ op: 'get', key: 'user' }], { now: noon + seconds })
      return [answer !== undefined && 'value' in answer && answer.value === 'ann', jar.keep(headers)]
    },
    async logout (jar) {
      jar.keep((await app.request(jar.cookie, [{ op: 'pop', key: 'user' }, { op: 'pop', key: '_permanent' }])).headers)
    }
  }
}

async function here (t: TestContext, { options }: Limit): Promise<Side> {
  const app = await FastifyApp.start(t, options)
  const request = async (jar: Jar, work: (request: FastifyRequest) => unknown): Promise<number | undefined | null> => {
    const { headers } = await app.request(jar.cookie, work)
    return jar.keep(Object.entries(headers) as Array<[string, string]>)
  }
  return {
    login: (jar, { lifetime, permanent }) => request(jar, ({ session }) => login(lifetime ?? null, permanent)(session)),
    async visit (jar, seconds) {
      t.mock.timers.setTime((noon + seconds) * 1000)
      let user: unknown
      const end = await request(jar, ({ session }) => { user = session.user })
      return [user === 'ann', end]
    },
    logout: async (jar) => { await request(jar, ({ session }) => session.clear()) }
  }
}

/** What stock Flask does with the same settings: it knows the age of the signature alone. */
function stockFlask ({ options, permanent = true, visits }: Limit): Array<[boolean, number | undefined | null]> {
  const { permanentSessionLifetime: idle = 2_678_400, refreshEachRequest = true } = options
  let signedAt = 0
  return visits.map(([at]) => {
    if (at - signedAt > idle) return [false, null]
    if (!permanent || !refreshEachRequest) return [true, null]
    signedAt = at
    return [true, at + idle]
  })
}

describe('Flask with the Python lines', () => {
  for (const limit of table) {
    withEachFlask(`ends sessions as we do: ${limit.name}`, async (t: TestContext, peer) => {
      const [jar, flask] = [new Jar(), await inFlask(peer, limit, lines)]
      t.assert.strictEqual(await flask.login(jar, limit), limit.end)
      for (const [at, ...expected] of limit.visits) t.assert.deepStrictEqual([at, ...await flask.visit(jar, at)], [at, ...expected])
    })

    withEachFlask(`ends sessions that move between it and us as either does: ${limit.name}`, async (t: TestContext, peer) => {
      for (const first of [0, 1]) {
        t.mock.timers.setTime(noon * 1000)
        const [jar, sides] = [new Jar(), [await inFlask(peer, limit, lines), await here(t, limit)] as const]
        t.assert.strictEqual(await sides[first]?.login(jar, limit), limit.end)
        for (const [index, [at, ...expected]] of limit.visits.entries()) {
          t.assert.deepStrictEqual([at, ...await sides[(index + first + 1) % 2]?.visit(jar, at) ?? []], [at, ...expected])
        }
      }
    })
  }

  withEachFlask('begins an emptied session anew, and loses the cookie of one that has nothing but its book', async (t: TestContext, peer) => {
    const app = await FlaskApp.start(peer, { config: { SESSION_ABSOLUTE_LIFETIME: 1000 }, digest: 'sha512', lines })
    const cookie = signed({ user: 'ann', _created: noon - 500, _sid: 'abcdefghijklmnopqrstuv' })
    const again = await app.request(cookie, [{ op: 'clear' }, { op: 'set', key: 'user', value: 'bob' }])
    const ours = await FastifyApp.start(t, { absoluteLifetime: 1000 })
    t.assert.strictEqual(await ours.read(cookieOf(again.headers), ({ session }) => session.user), 'bob')
    const decoded = await app.request(cookieOf(again.headers))
    t.assert.deepStrictEqual(decoded.session?.data, { $dict: [['_created', { $int: String(noon) }], ['user', 'bob']] })

    const emptied = await app.request(cookie, [{ op: 'pop', key: 'user' }])
    t.assert.match(setCookieOf(emptied.headers) ?? '', /^session=; Expires=Thu, 01 Jan 1970/)
  })

  withEachFlask('counts a session of stock Flask from its signature', async (t: TestContext, peer) => {
    const app = await FlaskApp.start(peer, { config: { SESSION_ABSOLUTE_LIFETIME: 100, SESSION_REFRESH_AFTER: 50 }, digest: 'sha512', lines })
    const cookie = signed({ user: 'ann', _permanent: true })
    const { headers } = await app.request(cookie, [], { now: noon + 60 })
    const { session } = await app.request(cookieOf(headers), [], { now: noon + 100 })
    t.assert.deepStrictEqual(session?.data, { $dict: [['_created', { $int: String(noon) }], ['_permanent', true], ['user', 'ann']] })
    t.assert.deepStrictEqual((await app.request(cookieOf(headers), [], { now: noon + 101 })).session?.data, { $dict: [] })
    t.assert.deepStrictEqual((await app.request('session=a.forged.cookie', [], { now: noon })).session?.data, { $dict: [] })
  })
})

describe('stock Flask', () => {
  for (const limit of table) {
    withEachFlask(`knows the age of the signature alone, and carries the keys along: ${limit.name}`, async (t: TestContext, peer) => {
      const [jar, flask, ours] = [new Jar(), await inFlask(peer, limit), await here(t, limit)]
      await ours.login(jar, limit)
      const expected = stockFlask(limit)
      for (const [index, [at]] of limit.visits.entries()) {
        t.assert.deepStrictEqual([at, ...await flask.visit(jar, at)], [at, ...expected[index] ?? []])
      }
      const [last, isAlive] = limit.visits.at(-1) ?? [0, false]
      // Whatever Flask signed anew meanwhile: the absolute end has not moved, and a session that was used lives on.
      if (limit.options.absoluteLifetime !== undefined) t.assert.strictEqual((await ours.visit(jar, last))[0], isAlive)
    })
  }
})

describe('a slow request that is under way while the user logs out', () => {
  const limits: Array<[title: string, limit: Limit, at: number, lines: string | undefined, isLoggedIn: boolean]> = [
    ['logs in again in stock Flask', { name: '', options: {}, visits: [], end: 0 }, 10, undefined, true],
    ['logs in again in Flask with the lines and default settings', { name: '', options: {}, visits: [], end: 0 }, 10, lines, true],
    ['changes nothing in Flask with the lines while the signature is younger than SESSION_REFRESH_AFTER', { name: '', options: { refreshAfter: 60 }, visits: [], end: 0 }, 10, lines, false],
    ['logs in again in Flask with the lines where the signature is due', { name: '', options: { refreshAfter: 60 }, visits: [], end: 0 }, 60, lines, true]
  ]
  for (const [title, limit, at, lines, isLoggedIn] of limits) {
    withEachFlask(title, async (t: TestContext, peer) => {
      const [jar, flask] = [new Jar(), await inFlask(peer, limit, lines)]
      await flask.login(jar, limit)
      // It came with the cookie of before the logout, and its answer arrives after that of the logout.
      const slow = new Jar()
      slow.cookie = jar.cookie
      const [, end] = await flask.visit(slow, at)
      await flask.logout(jar)
      if (end !== null) jar.cookie = slow.cookie
      t.assert.deepStrictEqual((await flask.visit(jar, at))[0], isLoggedIn)
    })
  }
})
