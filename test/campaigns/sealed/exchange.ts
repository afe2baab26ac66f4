/**
 * Random sealed sessions, written by this package and read by a live Flask, and the other way round.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import Fastify from 'fastify'
import type { FastifyRequest } from 'fastify'
import secureSession from '../../../lib/index.ts'
import type { Session } from '../../../lib/index.ts'
import { bytesOf, decode, encode } from '../../flask/our-side.ts'
import type { Derivation, Digest, Peer } from '../../flask/peer.ts'
import { Random, randomDict, randomSecretKey, randomValue } from '../../flask/random.ts'
import type { Text, Typed } from '../../flask/typed-json.ts'

export interface Report {
  /** Sessions that went both ways. */
  sessions: number
  /** Tokens of an older key that were read, and of another session that were refused; on both sides together. */
  older: number
  foreign: number
  /** How often each kind of value was in a session. */
  kinds: Record<string, number>
  failures: string[]
}

export interface Asked {
  peer: Peer
  seed: number
  sessions: number
  onWorld?: (report: Report) => void
}

/** How a session is sealed. */
interface World {
  name: string
  digest: Digest
  keyDerivation: Derivation
  key: Text
  older: Text[]
}

/** Sessions that are sealed in the same way. */
const sessionsOfWorld = 25

export async function exchange ({ peer, seed, sessions, onWorld = () => {} }: Asked): Promise<Report> {
  const random = new Random(seed)
  const report: Report = { sessions: 0, older: 0, foreign: 0, kinds: {}, failures: [] }
  while (report.sessions < sessions && report.failures.length < 5) {
    await visitWorld(random, peer, Math.min(sessionsOfWorld, sessions - report.sessions), report)
    onWorld(report)
  }
  return report
}

function randomWorld (random: Random): World {
  return {
    name: random.pick(['session', 'session', 'admin', 'shop_1']),
    digest: random.pick(['sha512', 'sha512', 'sha1', 'sha256', 'sha384']),
    keyDerivation: random.pick(['hmac', 'hmac', 'concat', 'django-concat']),
    key: randomSecretKey(random),
    older: random.times(random.pick([0, 1, 3]), () => randomSecretKey(random))
  }
}

async function visitWorld (random: Random, peer: Peer, count: number, report: Report): Promise<void> {
  const world = randomWorld(random)
  const ours = await OurApp.start(world)
  const theirs = await TheirApp.start(peer, 'flask', world)
  const problem = (what: string, typed: Typed, got: unknown): void => {
    report.failures.push(`${what}\n  ${JSON.stringify(world)}\n  wrote ${JSON.stringify(typed)}\n  read  ${JSON.stringify(got)}`)
  }
  const check = (what: string, typed: Typed, got: Typed): void => {
    if (!isDeepStrictEqual(sorted(got), sorted(typed))) problem(what, typed, got)
  }

  for (let index = 0; index < count; index++) {
    const typed = randomSession(random, report.kinds)
    check('Flask reads ours', typed, await theirs.read(await ours.write(typed)))
    check('we read Flask\'s', typed, await ours.read(await theirs.write(typed)))
    report.sessions++
  }

  const nothing: Typed = { $dict: [] }
  const typed: Typed = { $dict: [['user_id', { $int: '42' }]] }
  for (const older of world.older) {
    const before = { ...world, key: older, older: [] }
    const [ourPast, theirPast] = [await OurApp.start(before), await TheirApp.start(peer, 'past', before)]
    check('Flask reads ours of an older key', typed, await theirs.read(await ourPast.write(typed)))
    check('we read Flask\'s of an older key', typed, await ours.read(await theirPast.write(typed)))
    report.older += 2
    await ourPast.close()
  }
  for (const other of [{ ...world, name: 'other' }, { ...world, key: 'a key of nobody else', older: [] }]) {
    const [ourOther, theirOther] = [await OurApp.start(other), await TheirApp.start(peer, 'other', other)]
    check('Flask refuses ours of another session or key', nothing, await theirs.read(await ourOther.write(typed)))
    check('we refuse Flask\'s of another session or key', nothing, await ours.read(await theirOther.write(typed)))
    report.foreign += 2
    await ourOther.close()
  }
  await ours.close()
}

/** A session with a value of each kind that has a tag, and others. */
function randomSession (random: Random, kinds: Report['kinds']): Typed {
  const value = (depth?: number): Typed => randomValue(random, { wholeFloats: false }, depth)
  const { $dict } = randomDict(random, random.int(0, 4), value)
  const tagged: Array<[string, Typed]> = [
    ['tagged tuple', { $tuple: random.times(random.int(0, 3), () => value(1)) }],
    ['tagged bytes', { $bytes: random.times(random.int(0, 40), () => random.int(0, 255).toString(16).padStart(2, '0')).join('') }],
    ['tagged markup', { $markup: random.pick(['<b>', '', 'ä€𝄞']) }],
    ['tagged uuid', { $uuid: random.times(16, () => random.int(0, 255).toString(16).padStart(2, '0')).join('') }],
    ['tagged datetime', { $datetime: random.int(-59_011_459_200, 253_402_300_799) }],
    ['tagged dict', { $dict: [[random.pick([' t', ' b', ' m', ' u', ' d', ' di']), value(1)]] }]
  ]
  const typed: Typed = { $dict: [...new Map([...$dict, ...tagged])] }
  countKinds(typed, kinds)
  return typed
}

function countKinds (typed: Typed, kinds: Report['kinds']): void {
  const kind = typed === null || typeof typed !== 'object' ? String(typed === null ? null : typeof typed) : Object.keys(typed)[0] as string
  kinds[kind] = (kinds[kind] ?? 0) + 1
  if (typed === null || typeof typed !== 'object') return
  if ('$dict' in typed) for (const [, item] of typed.$dict) countKinds(item, kinds)
  else for (const item of '$tuple' in typed ? typed.$tuple : '$list' in typed ? typed.$list : []) countKinds(item, kinds)
}

/** The value as JavaScript has it, with the keys of dicts in one order. */
function sorted (typed: Typed): unknown {
  return order(encode(decode(typed)))
}

function order (typed: Typed): unknown {
  if (typed === null || typeof typed !== 'object') return typed
  if ('$tuple' in typed) return { $tuple: typed.$tuple.map(order) }
  if ('$list' in typed) return { $list: typed.$list.map(order) }
  if (!('$dict' in typed)) return typed
  const entries = typed.$dict.map(([key, item]) => [key, order(item)] as const)
  return { $dict: entries.sort(([a], [b]) => a < b ? -1 : 1) }
}

class OurApp {
  readonly #fastify = Fastify()
  #work: (session: Session) => void = () => {}

  static async start ({ name, digest, keyDerivation, key, older }: World): Promise<OurApp> {
    const app = new OurApp()
    await app.#fastify.register(secureSession, {
      sessionName: name,
      cookieName: 'session',
      sealed: true,
      digestMethod: digest,
      keyDerivation,
      secretKey: bytesOf(key),
      secretKeyFallbacks: older.map(bytesOf),
      maxCookieSize: 0
    })
    app.#fastify.get('/', async (request) => { app.#work(request[name as keyof FastifyRequest] as Session) })
    return app
  }

  /** The Cookie header after a session with these values was saved. */
  async write (typed: Typed): Promise<string> {
    this.#work = (session) => { session.update(decode(typed) as Record<string, unknown>) }
    const { headers } = await this.#fastify.inject('/')
    return String(headers['set-cookie']).split(';', 1)[0] as string
  }

  async read (cookie: string): Promise<Typed> {
    let data: unknown
    this.#work = (session) => { data = session.data() }
    await this.#fastify.inject({ url: '/', headers: { cookie } })
    return encode(data)
  }

  close (): Promise<void> {
    return this.#fastify.close()
  }
}

class TheirApp {
  readonly #peer: Peer
  readonly #app: string

  private constructor (peer: Peer, app: string) {
    this.#peer = peer
    this.#app = app
  }

  static async start (peer: Peer, app: string, { name, digest, keyDerivation, key, older }: World): Promise<TheirApp> {
    const salt = name === 'session' ? 'cookie-session' : `cookie-session.${name}`
    await peer.app({ app, sealed: true, digest, keyDerivation, salt, config: { SECRET_KEY: key, SECRET_KEY_FALLBACKS: older } })
    return new TheirApp(peer, app)
  }

  async write (typed: Typed): Promise<string> {
    const { headers } = await this.#peer.request({ app: this.#app, steps: [{ op: 'update', value: typed }] })
    const cookie = headers.find(([name]) => name === 'Set-Cookie')?.[1]
    return String(cookie).split(';', 1)[0] as string
  }

  async read (cookie: string): Promise<Typed> {
    const { session } = await this.#peer.request({ app: this.#app, cookie, steps: [{ op: 'data' }] })
    return session?.data ?? null
  }
}
