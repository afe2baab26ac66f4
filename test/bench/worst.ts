/**
 * What the worst input costs: `npm run bench:worst -- [--parts headers,cookies,keys] [--only NAMES] [--rounds N]`, in microseconds of whole requests.
 *
 * Cookie headers of 16 KiB that nobody signed, cookies that were signed and are accepted, and many keys to try. All requests
 * of a part take turns in random order, so that a slow moment of the machine hits each alike. The time of a request without a
 * cookie, which each includes, is in the first line.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { deflateSync } from 'node:zlib'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession, { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import type { DigestName } from '../../lib/itsdangerous/index.ts'
import { maxPayloadLength } from '../../lib/itsdangerous/url-safe.ts'
import { secretKey } from './payload.ts'
import { describeMachine, table } from './report.ts'
import { grouped, line, median, shuffled } from './stats.ts'

const { values: options } = parseArgs({ options: { parts: { type: 'string', default: 'headers,cookies,keys' }, only: { type: 'string', default: '' }, rounds: { type: 'string', default: '40' } } })
const rounds = Number(options.rounds)
const isChosen = (name: string): boolean => options.only === '' || options.only.split(',').some((part) => name.includes(part))

// -- timing

interface Timed {
  /** The columns of the table in front of the times. */
  row: string[]
  /** The column of the times. */
  column: string
  /** Microseconds at the most, for the median. */
  goal: number
  run (): Promise<void>
  us: number[]
}

/** Runs all of them in turn, in another order each time. */
async function time (cases: readonly Timed[], rounds: number): Promise<void> {
  for (let round = -5; round < rounds; round++) {
    for (const { run, us } of shuffled(cases)) {
      const start = process.hrtime.bigint()
      await run()
      // the first rounds are warm-up
      if (round >= 0) us.push(Number(process.hrtime.bigint() - start) / 1000)
    }
  }
}

/** Each time as `least / median`, with an exclamation mark where the median misses the goal. */
function show (title: string, head: readonly string[], cases: readonly Timed[]): void {
  const columns = [...new Set(cases.map(({ column }) => column))]
  const rows = [...grouped(cases, ({ row }) => row.join('|')).values()].map((group) => [
    ...(group[0] as Timed).row,
    ...columns.map((column) => {
      const found = group.find((one) => one.column === column)
      return found === undefined ? '' : `${us(Math.min(...found.us))} / ${us(median(found.us))}${median(found.us) < found.goal ? '' : ' !'}`
    })
  ])
  console.log(`\n## ${title}\n\n${table([...head, ...columns], rows, 1)}`)
  const limited = cases.filter(({ goal }) => goal !== Infinity)
  const missed = limited.filter(({ us: all, goal }) => median(all) >= goal)
  if (limited.length > 0) console.log(`\n${missed.length} of ${limited.length} over the goal of ${us((limited[0] as Timed).goal)} us.`)
}

const us = (value: number): string => value.toFixed(0)

// -- applications

type Route = '/untouched' | '/read' | '/all' | '/write'

async function application (options: SecureSessionOptions): Promise<FastifyInstance> {
  const fastify = Fastify()
  await fastify.register(secureSession, options)
  fastify.get('/untouched', async () => 'ok')
  fastify.get('/read', async (request) => String(request.session.get('user')))
  fastify.get('/all', async (request) => String(request.session.data()['user']))
  fastify.get('/write', async (request) => {
    request.session.set('visits', 1)
    return String(request.session.get('user'))
  })
  await fastify.ready()
  return fastify
}

/** @param body - what must come of it: a time is of no use otherwise */
function request (fastify: FastifyInstance, url: Route, cookie: string | undefined, body: string): () => Promise<void> {
  const asked = { url, headers: cookie === undefined ? {} : { cookie } }
  return async () => {
    const response = await fastify.inject(asked)
    if (response.statusCode !== 200 || response.body !== body) throw new Error(`${url} answered ${response.statusCode} ${response.body.slice(0, 200)}`)
  }
}

// -- Cookie headers that nobody signed

const headerSize = 16 * 1024
const fill = (start: string, part: string, end = ''): string => start + part.repeat(Math.ceil(headerSize / part.length)).slice(0, headerSize - start.length - end.length) + end
const forgedEnd = `.aVXAAA.${'A'.repeat(86)}`
const headers: Record<string, string> = {
  'many short cookies': fill('', 'a=b; '),
  'many cookies of many names': Array.from({ length: 2000 }, (_, index) => `c${index}=${index}`).join('; ').slice(0, headerSize),
  'one giant cookie': fill('other=', 'x'),
  'many cookies of our name': fill('', 'session=a.b.c; '),
  'many names that end as ours': fill('', 'xsession=a; '),
  'our name again and again': fill('', 'session'),
  'our name behind spaces': fill('', `x${' '.repeat(400)}session=a`),
  'spaces before our name': fill('a=b;', ' ', 'session=a.b.c'),
  'semicolons alone': fill('', ';'),
  'percent signs': fill('a=', '%41'),
  'wrong percent signs': fill('a=', '%'),
  'Latin-1': fill('session=', '\xff', forgedEnd),
  'a giant forged cookie of ours': fill('session=', 'eyJ1c2VyIjoxfQ', forgedEnd),
  'the same, compressed': fill('session=.', 'eJyrViouSSxJVbJSMlSqBQAkCwQb', forgedEnd),
  'the same, permanent': fill('session=', Buffer.from('{"_permanent":true}').toString('base64url'), forgedEnd),
  'a giant signature': fill('session=e30.aVXAAA.', 'A'),
  'a giant signature that is almost base64url': fill('session=e30.aVXAAA.', 'A', '='),
  'a giant timestamp': fill('session=e30.', 'A', `.${'A'.repeat(86)}`),
  'many dots': fill('session=', '.'),
  'many dots before a signature': fill('session=', '.', forgedEnd)
}

async function timeHeaders (): Promise<void> {
  const [remembering, allDigests, secureSessionToo] = await Promise.all([
    application({ secretKey }),
    application({ secretKey, digestMethod: ['sha512', 'sha384', 'sha256', 'sha1'] }),
    application({ secretKey, readSecureSession: { key: Buffer.alloc(32, 1) } })
  ])
  const cases: Timed[] = []
  const add = (name: string, fastify: FastifyInstance, how: string, url: Route, cookie: string | undefined): void => {
    if (!isChosen(name)) return
    cases.push({ row: [name, String(cookie?.length ?? 0)], column: how, goal: 2000, us: [], run: request(fastify, url, cookie, url === '/untouched' ? 'ok' : 'undefined') })
  }
  add('no cookie', remembering, 'read', '/read', undefined)
  add('no cookie', remembering, 'untouched', '/untouched', undefined)
  for (const [name, cookie] of Object.entries(headers)) {
    add(name, remembering, 'read', '/read', cookie)
    add(name, remembering, 'untouched', '/untouched', cookie)
    if (cookie.startsWith('session=')) {
      add(name, allDigests, 'read, four digests', '/read', cookie)
      add(name, secureSessionToo, 'read, readSecureSession', '/read', cookie)
    }
  }
  await time(cases, rounds)
  show('Cookie headers of 16 KiB that nobody signed: microseconds, least / median', ['header', 'bytes'], cases)
}

// -- cookies that were signed

/** JSON of about so many bytes: what is repeated, and what stands around it. A list that would have too many values is cut later. */
const list = (item: string) => (size: number): string => `{"user":1,"a":[${Array(Math.max(1, Math.floor((size - 16) / (item.length + 1)))).fill(item).join(',')}]}`
const shapes: Record<string, (size: number) => string> = {
  '1.0 in a list': list('1.0'),
  '{"a":1.0} in a list': list('{"a":1.0}'),
  '1.0 under many keys': (size) => keysOf(size, '1.0'),
  '-0.0 in a list': list('-0.0'),
  '-0 in a list': list('-0'),
  'NaN in a list': list('NaN'),
  'bigints in a list': list('12345678901234567890'),
  'bigints of 4,000 digits': (size) => list('9'.repeat(Math.min(4000, size - 16)))(size),
  'fractions in a list': list('0.1'),
  'ints in a list': list('1'),
  'empty lists in a list': list('[]'),
  'empty dicts in a list': list('{}'),
  'lists in lists': (size) => list('['.repeat(Math.min(200, size / 2 - 20)) + ']'.repeat(Math.min(200, size / 2 - 20)))(size),
  'lists in lists with 1.0': (size) => list('['.repeat(Math.min(200, size / 2 - 20)) + '1.0' + ']'.repeat(Math.min(200, size / 2 - 20)))(size),
  'many keys': (size) => keysOf(size, '1'),
  'escaped text': (size) => `{"user":1,"a":"${'\\u00e9\\n'.repeat((size - 18) / 8)}"}`,
  'escaped text with 1.0': (size) => `{"user":1,"f":1.0,"a":"${'\\u00e9\\n'.repeat((size - 26) / 8)}"}`,
  '1.0 in a list, and long text': (size) => list('1.0')(Math.min(size / 2, 16_000)).replace('"user":1', `"user":1,"b":"${'x'.repeat(Math.max(0, size - Math.min(size / 2, 16_000) - 20))}"`),
  '-0 in lists 240 deep': (size) => `{"user":1,"a":${'['.repeat(240)}${Array(Math.max(1, Math.floor((size - 500) / 5))).fill('[-0]').join()}${']'.repeat(240)}}`,
  'short text': list('"a"'),
  'long text': (size) => `{"user":1,"a":"${'x'.repeat(size - 18)}"}`,
  tuples: list('{" t":[1]}'),
  'empty tuples': list('{" t":[]}'),
  'tuples with 1.0': list('{" t":[1.0]}'),
  dates: list('{" d":"Tue, 24 May 2011 00:00:00 GMT"}'),
  UUIDs: list('{" u":"00000000000000000000000000000000"}'),
  bytes: list('{" b":"YQ=="}'),
  Markup: list('{" m":"a"}'),
  'tagged dicts': list('{" di":{" t__":1}}'),
  'unknown tags': list('{" x":1}')
}

function keysOf (size: number, value: string): string {
  let text = '{"user":1'
  for (let key = 0; text.length < size - 20; key++) text += `,"${key.toString(36)}k":${value}`
  return text + '}'
}

const sizes: Array<[name: string, bytes: number, isCompressed: boolean]> = [
  ['4 KB', 2900, false],
  ['16 KiB', 12_000, false],
  [`${maxPayloadLength / 1024} KiB inflated`, maxPayloadLength - 144, true]
]

async function timeSigned (): Promise<void> {
  const signer = new URLSafeTimedSerializer(secretKey, { salt: 'cookie-session', signerOptions: { keyDerivation: 'hmac', digestMethod: 'sha512' } }).makeSigner()
  const forgetful = new SecureCookieSessionInterface()
  forgetful.rememberedCookies = 0
  const unseen = await application({ secretKey, sessionInterface: forgetful, maxCookieSize: 0 })
  for (const [sizeName, size, isCompressed] of sizes) {
    const cases: Timed[] = []
    for (const [name, make] of Object.entries(shapes)) {
      if (!isChosen(name)) continue
      const cookieOf = (text: string): string => `session=${signer.sign(isCompressed ? `.${deflateSync(text).toString('base64url')}` : Buffer.from(text).toString('base64url'))}`
      let text = make(size)
      // what zlib cannot make small enough, or the session refuses, has to be shorter
      const isAccepted = async (): Promise<boolean> => cookieOf(text).length <= headerSize && (await unseen.inject({ url: '/write', headers: { cookie: cookieOf(text) } })).body === '1'
      for (let less = size * 0.9; !await isAccepted(); less *= 0.9) text = make(Math.floor(less))
      const cookie = cookieOf(text)
      // a memory for each, as one has no room for all
      const seen = await application({ secretKey, maxCookieSize: 0 })
      for (const [how, fastify, url] of [
        ['read a key', unseen, '/read'], ['read all', unseen, '/all'], ['write', unseen, '/write'], ['seen: read a key', seen, '/read'], ['seen: read all', seen, '/all'], ['seen: write', seen, '/write']
      ] as const) {
        cases.push({ row: [name, String(text.length), String(cookie.length)], column: how, goal: 5000, us: [], run: request(fastify, url, cookie, '1') })
      }
    }
    // the large ones take long enough to be told from noise
    await time(cases, isCompressed ? Math.ceil(rounds / 4) : rounds)
    show(`Accepted cookies, ${sizeName}: microseconds, least / median`, ['data', 'JSON', 'cookie'], cases)
  }
}

// -- keys

async function timeKeys (): Promise<void> {
  const counts = [1, 10, 50, 100, 200]
  for (const digestMethod of ['sha512', 'sha1'] as const satisfies DigestName[]) {
    const cases: Array<Timed & { count: number }> = []
    for (const count of counts) {
      const secretKeyFallbacks = Array.from({ length: count }, (_, index) => `fallback key number ${index}`)
      const sessionInterface = new SecureCookieSessionInterface({ digestMethod })
      sessionInterface.rememberedCookies = 0
      const fastify = await application({ secretKey, secretKeyFallbacks, sessionInterface })
      const cookieFor = (key: string): string => `session=${new URLSafeTimedSerializer(key, { salt: 'cookie-session', signerOptions: { keyDerivation: 'hmac', digestMethod } }).dumps({ user: 1 })}`
      for (const [name, cookie, body] of [
        ['of no key', cookieFor('a key that nobody has'), 'undefined'], ['of the oldest key', cookieFor(secretKeyFallbacks[0] as string), '1'], ['of the newest key', cookieFor(secretKey), '1']
      ] as const) {
        cases.push({ count, row: [String(count)], column: name, goal: Infinity, us: [], run: request(fastify, '/read', cookie, body) })
      }
    }
    await time(cases, rounds * 5)
    show(`Fallback keys, ${digestMethod}: microseconds for a cookie, least / median`, ['keys'], cases)
    console.log('')
    for (const name of new Set(cases.map(({ column }) => column))) {
      const { slope, start, r2 } = line(cases.filter(({ column }) => column === name).map(({ count, us: all }) => [count, Math.min(...all)]))
      console.log(`${name}: ${start.toFixed(1)} us + ${slope.toFixed(2)} us for each key, R^2 ${r2.toFixed(4)}`)
    }
  }
}

const machine = describeMachine()
console.log(`${machine.date}, ${machine.cpu}, Node ${machine.node}, load average ${machine.loadAverage.join(' ')}, ${rounds} rounds`)
const parts = { headers: timeHeaders, cookies: timeSigned, keys: timeKeys }
for (const [name, part] of Object.entries(parts)) if (options.parts.split(',').includes(name)) await part()
