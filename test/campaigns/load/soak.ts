/**
 * A soak run: `npm run soak -- [--requests N] [--users N] [--connections N] [--bound BYTES] [--seed N]`.
 *
 * A server in a process of its own, users that each have a cookie, every answer checked, and the server's memory looked at
 * after garbage collection. Exits with 1 after any error, or when the heap grows by more than the bound.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { line } from '../../bench/stats.ts'
import { Random } from '../../flask/random.ts'
import type { UserData } from './app.ts'
import { Connection, headerOf } from '../../client.ts'
import type { Answer, Ask } from '../../client.ts'
import { ServerProcess } from './server-process.ts'
import type { ServerStats } from './server.ts'

export interface SoakOptions {
  requests: number
  /** Each has a cookie of their own. */
  users: number
  connections: number
  /** Requests on the way in each connection. */
  inFlight: number
  seed: number
  /** Bytes by which the heap may grow in the second half of the run, by a straight line through what was left after each collection. */
  bound: number
  /** Called every ten seconds. */
  report: (line: string) => void
}

/** Memory in bytes at a point of the run. */
export interface Sample extends ServerStats {
  requests: number
}

export interface SoakSummary {
  requests: number
  users: number
  /** Cookies that the server made. */
  cookies: number
  byKind: Record<string, number>
  errors: number
  /** The first of them. */
  examples: string[]
  seconds: number
  /** After garbage collection: at the start, at 10 %, 50 % and 100 % of the requests. */
  memory: Record<'0 %' | '10 %' | '50 %' | '100 %', Omit<Sample, 'delay' | 'cpu'>>
  /** Of the heap after collection, over the second half, by least squares. */
  slopePer1000Requests: number
  growthInSecondHalf: number
  bound: number
  passed: boolean
}

/** How often the memory is looked at. */
const samples = 20

/** What is asked, and how often of a hundred requests. */
const mix = { untouched: 20, read: 27, visit: 16, cart: 12, refresh: 10, forged: 10, logout: 5 } as const
type Kind = keyof typeof mix | 'login'
const kinds = Object.entries(mix).flatMap(([kind, count]) => Array<Kind>(count).fill(kind as Kind))

/** What is known of a user: the cookie, and what the server must find in it. */
class User {
  readonly name: string
  readonly isPermanent: boolean
  cookie = ''
  visits = 0
  items: number[] = []
  isBusy = false

  constructor (number: number) {
    this.name = `user-${number}`
    this.isPermanent = number % 4 === 0
  }
}

/** A request, and the check of its answer: what is wrong with it, if anything. */
interface Turn {
  kind: Kind
  ask: Ask
  check (answer: Answer): string | undefined
}

export async function soak (options: SoakOptions): Promise<SoakSummary> {
  const server = await ServerProcess.start({ options: { secretKey: 'the secret key of the soak run' } }, ['--expose-gc'])
  try {
    return await run(server, options)
  } finally {
    await server.kill()
  }
}

async function run (server: ServerProcess, { requests, users: count, connections, inFlight, seed, bound, report }: SoakOptions): Promise<SoakSummary> {
  const random = new Random(seed)
  const users = Array.from({ length: count }, (_, number) => new User(number))
  const permanent = users.filter(({ isPermanent }) => isPermanent)
  const byKind: Record<string, number> = {}
  const examples: string[] = []
  const measured: Sample[] = [{ requests: 0, ...await server.stats(true) }]
  const start = performance.now()
  const counts = { sent: 0, done: 0, errors: 0, cookies: 0, newcomers: 0 }

  /** Everybody comes once; then it is anybody's turn who is not waiting for an answer. */
  const nextTurn = (): { user: User, turn: Turn } => {
    const newcomer = users[counts.newcomers]
    // Newcomers come in the first part of the run, between the others.
    if (newcomer !== undefined && (counts.newcomers === 0 || random.chance(0.5))) {
      counts.newcomers++
      return { user: newcomer, turn: login(newcomer) }
    }
    for (;;) {
      const kind = random.pick(kinds)
      const user = kind === 'refresh' ? random.pick(permanent) : users[random.int(0, counts.newcomers - 1)] as User
      if (user.isBusy || (kind === 'refresh' && user.cookie === '')) {
        if (counts.newcomers < users.length) return nextTurn()
        continue
      }
      return { user, turn: user.cookie === '' ? login(user) : turnOf(kind, user, random) }
    }
  }

  const work = async (connection: Connection, end: number): Promise<void> => {
    while (counts.sent < end) {
      counts.sent++
      const { user, turn } = nextTurn()
      user.isBusy = true
      const answer = await connection.ask(turn.ask)
      user.isBusy = false
      counts.done++
      byKind[turn.kind] = (byKind[turn.kind] ?? 0) + 1
      const problem = answer.isCut ? 'the answer was cut' : turn.check(answer)
      if (problem !== undefined) {
        counts.errors++
        if (examples.length < 10) examples.push(`${turn.kind} of ${user.name}: ${problem}: ${answer.status} ${answer.body.slice(0, 300)}`)
      }
      for (const header of headerOf(answer, 'set-cookie')) {
        if (turn.kind === 'forged') continue
        const [pair = ''] = header.split(';', 1)
        user.cookie = pair === 'session=' ? '' : pair
        counts.cookies++
      }
      if (counts.errors > 1000 || !connection.isOpen) return
    }
  }

  const all = await Promise.all(Array.from({ length: connections }, () => Connection.open(server.port)))
  const tell = async (): Promise<void> => report(describe(counts.done, counts.errors, await server.stats(), start))
  const timer = setInterval(() => { tell().catch(() => {}) }, 10_000)
  try {
    for (let part = 1; part <= samples && counts.errors <= 1000; part++) {
      const end = Math.round(requests * part / samples)
      await Promise.all(all.flatMap((connection) => Array.from({ length: inFlight }, () => work(connection, end))))
      measured.push({ requests: counts.done, ...await server.stats(true) })
    }
    await tell()
  } finally {
    clearInterval(timer)
    await Promise.all(all.map((connection) => connection.close()))
  }

  const secondHalf = measured.filter((sample) => sample.requests >= requests / 2)
  const { slope } = line(secondHalf.map((sample) => [sample.requests, sample.heapUsed]))
  const growth = Math.round(slope * requests / 2)
  const at = (part: number): Omit<Sample, 'delay' | 'cpu'> => {
    const { delay, cpu, ...memory } = measured[Math.round(part * samples)] ?? measured.at(-1) as Sample
    return memory
  }
  return {
    requests: counts.done,
    users: users.filter(({ cookie, visits }) => cookie !== '' || visits > 0).length,
    cookies: counts.cookies,
    byKind,
    errors: counts.errors,
    examples,
    seconds: Math.round((performance.now() - start) / 100) / 10,
    memory: { '0 %': at(0), '10 %': at(0.1), '50 %': at(0.5), '100 %': at(1) },
    slopePer1000Requests: Math.round(slope * 1e4) / 10,
    growthInSecondHalf: growth,
    bound,
    passed: counts.errors === 0 && counts.done === requests && growth <= bound
  }
}

function describe (done: number, errors: number, { rss, heapUsed, external, delay }: ServerStats, start: number): string {
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
  const perSecond = Math.round(done / (performance.now() - start) * 1000)
  return `${done} requests (${perSecond} a second), ${errors} errors; MiB: rss ${megabytes(rss)}, heapUsed ${megabytes(heapUsed)}, external ${megabytes(external)}; ` +
    `event loop delay in ms: median ${delay.median}, p99 ${delay.p99}, max ${delay.max}`
}

function login (user: User): Turn {
  return {
    kind: 'login',
    ask: { path: '/login', body: JSON.stringify({ user: user.name, permanent: user.isPermanent }) },
    check: (answer) => {
      user.visits = 1
      user.items = []
      return wrongData(answer, null, user) ?? wrongCookies(answer, 1)
    }
  }
}

function turnOf (kind: Kind, user: User, random: Random): Turn {
  const { cookie } = user
  const refreshed = user.isPermanent ? 1 : 0
  switch (kind) {
    case 'untouched': case 'refresh': return {
      kind,
      ask: { path: '/untouched', cookie },
      check: (answer) => (answer.body === 'nobody was asked' ? undefined : 'another body') ?? wrongCookies(answer, refreshed, user)
    }
    case 'read': return {
      kind,
      ask: { path: '/me', cookie },
      check: (answer) => (answer.body === JSON.stringify({ user: user.name, visits: user.visits }) ? undefined : 'other data') ?? wrongCookies(answer, refreshed, user)
    }
    case 'visit': return {
      kind,
      ask: { path: '/visit', method: 'POST', cookie },
      check: (answer) => {
        user.visits++
        return wrongData(answer, user.name, user) ?? wrongCookies(answer, 1, user)
      }
    }
    case 'cart': {
      // before the cookie is full
      if (user.items.length >= 100) return turnOf('logout', user, random)
      const item = random.int(0, 1e9)
      return {
        kind,
        ask: { path: '/cart', body: JSON.stringify({ item }), cookie },
        check: (answer) => {
          user.items.push(item)
          return wrongData(answer, user.name, user) ?? wrongCookies(answer, 1, user)
        }
      }
    }
    case 'forged': {
      const at = random.int('session='.length, cookie.length - 1)
      const forged = cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1)
      return {
        kind,
        ask: { path: '/me', cookie: forged },
        check: (answer) => (answer.body === '{"user":null,"visits":null}' ? undefined : 'somebody was let in') ?? wrongCookies(answer, 0)
      }
    }
    default: return {
      kind: 'logout',
      ask: { path: '/logout', method: 'POST', cookie },
      check: (answer) => {
        const problem = answer.body === JSON.stringify({ before: user.name, session: {}, admin: {} }) ? undefined : 'other data'
        return problem ?? (headerOf(answer, 'set-cookie')[0]?.startsWith('session=; Max-Age=0') === true ? undefined : 'the cookie was not deleted')
      }
    }
  }
}

function wrongData ({ status, body }: Answer, before: string | null, user: User): string | undefined {
  if (status !== 200) return 'another status'
  const session: UserData = { user: user.name, visits: user.visits, cart: { items: user.items }, ...(user.isPermanent && { _permanent: true }) }
  return body === JSON.stringify({ before, session, admin: {} }) ? undefined : 'other data'
}

/** @param user - whose data must be in the cookie, as far as can be seen at a glance */
function wrongCookies (answer: Answer, count: number, user?: User): string | undefined {
  const cookies = headerOf(answer, 'set-cookie')
  if (cookies.length !== count) return `${cookies.length} cookies`
  if (user === undefined || cookies[0] === undefined) return undefined
  const payload = Buffer.from(cookies[0].slice('session='.length, cookies[0].indexOf('.')), 'base64url').toString()
  return payload.startsWith(`{"user":"${user.name}","visits":${user.visits},`) ? undefined : 'the cookie of another'
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '1000000' },
      users: { type: 'string', default: '100000' },
      connections: { type: 'string', default: '16' },
      'in-flight': { type: 'string', default: '4' },
      bound: { type: 'string', default: String(2 ** 20) },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) }
    }
  })
  console.log(`--seed ${values.seed}`)
  const summary = await soak({
    requests: Number(values.requests),
    users: Number(values.users),
    connections: Number(values.connections),
    inFlight: Number(values['in-flight']),
    bound: Number(values.bound),
    seed: Number(values.seed),
    report: (text) => console.log(text)
  })
  console.log(JSON.stringify(summary, null, 2))
  process.exitCode = summary.passed ? 0 : 1
}
