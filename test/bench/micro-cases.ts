/**
 * The calls that are timed, in interleaved and shuffled batches. Prints nanoseconds per call as JSON.
 *
 * @module
 */

import Fastify from 'fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type * as ItsDangerous from '../../lib/itsdangerous/index.ts'
import type * as Library from '../../lib/index.ts'
import { payload, secretKey } from './payload.ts'
import { shuffled } from './stats.ts'

const [url = '', only = '', rounds = '40'] = process.argv.slice(2)
const lib = await import(url) as typeof Library
const { URLSafeTimedSerializer, TimestampSigner, nodeDigest } = await import(url.replace('/index.js', '/itsdangerous/index.js')) as typeof ItsDangerous

type Call = (times: number) => unknown
const calls: Record<string, Call> = {}
const sizes = [110, 1000, 2980]
const digests = { sha1: 'sha1', sha512: 'sha512', 'node-sha512': nodeDigest('sha512') } as const

/** What is computed goes here, so that nothing is left out. */
export let sink: unknown

/** Times a call; different arguments in turn keep V8 from taking one for a constant. */
function add<T> (name: string, args: readonly T[], call: (arg: T, index: number) => unknown): void {
  let next = 0
  calls[name] = (times) => {
    for (const end = next + times; next < end; next++) sink = call(args[next % args.length] as T, next)
  }
}

for (const size of sizes) {
  const many = Array.from({ length: 64 }, (_, index) => payload(size, index))
  const texts = many.map((data) => JSON.stringify(data))
  const json = new lib.TaggedJSONSerializer()
  add(`tag ${size}`, many, (data) => json.dumps(data))
  add(`untag ${size}`, texts, (text) => json.loads(text))
  add(`JSON.stringify ${size}`, many, (data) => JSON.stringify(data))
  add(`JSON.parse ${size}`, texts, (text) => JSON.parse(text))
  for (const [name, digestMethod] of Object.entries(digests)) {
    const signer = new TimestampSigner(secretKey, { salt: 'cookie-session', keyDerivation: 'hmac', digestMethod })
    const values = texts.map((text) => Buffer.from(text).toString('base64url'))
    const signed = values.map((value) => signer.sign(value))
    add(`sign ${name} ${size}`, values, (value) => signer.sign(value))
    add(`unsign ${name} ${size}`, signed, (token) => signer.unsign(token, { maxAge: 1000 }))
  }
}

for (const [name, digestMethod] of Object.entries(digests)) {
  for (const size of sizes) await addSessions(name, digestMethod, size)
}

/** Opening and saving as the hooks do it, on requests and replies that are no more than that needs. */
async function addSessions (name: string, digestMethod: typeof digests[keyof typeof digests], size: number): Promise<void> {
  const fastify = Fastify()
  await fastify.register(lib.secureSession, { secretKey, digestMethod, maxCookieSize: 8192 })
  await fastify.ready()
  const tokens = new URLSafeTimedSerializer(secretKey, {
    salt: 'cookie-session', signerOptions: { keyDerivation: 'hmac', digestMethod: nodeDigest(digestMethod === 'sha1' ? 'sha1' : 'sha512') }, compressFrom: Infinity
  })
  const config = {
    SECRET_KEY: secretKey,
    SECRET_KEY_FALLBACKS: [],
    SESSION_COOKIE_NAME: 'session',
    SESSION_COOKIE_DOMAIN: null,
    SESSION_COOKIE_PATH: null,
    SESSION_COOKIE_HTTPONLY: true,
    SESSION_COOKIE_SECURE: false,
    SESSION_COOKIE_PARTITIONED: false,
    SESSION_COOKIE_SAMESITE: null,
    PERMANENT_SESSION_LIFETIME: 2_678_400,
    SESSION_ABSOLUTE_LIFETIME: null,
    SESSION_REFRESH_AFTER: 0,
    SESSION_REFRESH_EACH_REQUEST: true,
    APPLICATION_ROOT: '/',
    MAX_COOKIE_SIZE: 8192
  } as const
  const app = { config, fastify, sessionName: 'session', warnOnce () {} }
  const sessions = new lib.SecureCookieSessionInterface({ digestMethod })
  // More than a memo holds.
  const distinct = 15_000
  const requests = Array.from({ length: distinct }, (_, index) => requestOf(`session=${tokens.dumps(payload(size, index))}`))
  const open = (request: FastifyRequest): Record<string, unknown> & Library.SecureCookieSession => sessions.openSession(app, request) as never
  add(`open, hot ${name} ${size}`, requests.slice(0, 1), (request) => open(request).get('user_id'))
  add(`open, never seen ${name} ${size}`, requests, (request) => open(request).get('user_id'))
  add(`open and save ${name} ${size}`, requests.slice(0, 1), (request, index) => {
    const session = open(request)
    session.set('visits', 1_000_000 + index)
    sessions.saveSession(app, session, replyOf(request))
  })
  if (name === 'sha1' && size === 1000) addProperties(open(requests[0] as FastifyRequest))
}

function addProperties (session: Record<string, unknown> & Library.SecureCookieSession): void {
  const keys = ['user_id', 'visits', 'token', 'nothing']
  add('session.user_id', keys, () => session['user_id'])
  add('session[key]', keys, (key) => session[key])
  add('session.get(key)', keys, (key) => session.get(key))
  add('session.has(key)', keys, (key) => session.has(key))
  add('key in session', keys, (key) => key in session)
  add('session.cart, an array', keys, () => session['cart'])
  add('Object.keys(session)', keys, () => Object.keys(session))
  add('session.visits = n', keys, (_key, index) => { session['visits'] = index })
  add('session.set(key, n)', keys, (_key, index) => { session.set('visits', index) })
  add('session.modified', keys, () => session.modified)
}

function requestOf (cookie: string): FastifyRequest {
  return { headers: { cookie }, log: { debug () {}, warn () {}, info () {}, error () {} }, protocol: 'http' } as unknown as FastifyRequest
}

function replyOf (request: FastifyRequest): FastifyReply {
  const headers: Record<string, unknown> = {}
  const reply = {
    request,
    raw: { headersSent: false },
    header: (name: string, value: unknown) => { headers[name.toLowerCase()] = value; return reply },
    getHeader: (name: string) => headers[name.toLowerCase()],
    hasHeader: (name: string) => name.toLowerCase() in headers,
    removeHeader: (name: string) => { delete headers[name.toLowerCase()]; return reply }
  }
  return reply as unknown as FastifyReply
}

/** Calls that take about two milliseconds together. */
function batchOf (call: Call): number {
  let times = 16
  call(2000)
  for (;;) {
    const start = process.hrtime.bigint()
    call(times)
    const took = Number(process.hrtime.bigint() - start)
    if (took > 500_000) return Math.max(1, Math.round(times * 2_000_000 / took))
    times *= 2
  }
}

const chosen = Object.entries(calls).filter(([name]) => only === '' || only.split(',').some((part) => name.includes(part)))
const batches = chosen.map(([name, call]) => ({ name, call, times: batchOf(call), ns: [] as number[] }))
for (let round = 0; round < Number(rounds); round++) {
  for (const { call, times, ns } of shuffled(batches)) {
    const start = process.hrtime.bigint()
    call(times)
    ns.push(Number(process.hrtime.bigint() - start) / times)
  }
}
process.stdout.write(JSON.stringify(Object.fromEntries(batches.map(({ name, ns }) => [name, ns]))))
process.exit(0)
