/**
 * Random sessions that go from a peer to us and back, and the other way.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../../lib/index.ts'
import { DjangoSessionInterface, StarletteSessionInterface } from '../../lib/peers/index.ts'
import { dataOf } from '../../lib/session/session.ts'
import { decode, encode } from '../flask/our-side.ts'
import { randomKey, randomValue, Random } from '../flask/random.ts'
import type { Typed } from '../flask/typed-json.ts'
import type { Peers } from './peers.ts'

export const interfaces = { starlette: StarletteSessionInterface, django: DjangoSessionInterface }
export type PeerName = keyof typeof interfaces

export const secretKey = 'a secret key of the tests'
export const noon = 1_715_947_200

type Dict = Extract<Typed, { $dict: unknown }>

/** A Fastify application whose one route does to the session what is asked. */
export class OurSide {
  readonly fastify: FastifyInstance = Fastify()
  #work: (session: Record<string, unknown>) => void = () => {}

  static async start (name: PeerName): Promise<OurSide> {
    const app = new OurSide()
    await app.fastify.register(secureSession, { secretKey, sessionInterface: new interfaces[name](), maxCookieSize: 0 })
    app.fastify.get('/', async ({ session }) => { app.#work(session as unknown as Record<string, unknown>) })
    return app
  }

  /** The data as the route found it, and the Cookie header for the next request; `undefined` without a Set-Cookie. */
  async visit (cookie: string | undefined, work: (session: Record<string, unknown>) => void = () => {}): Promise<{ data: unknown, cookie: string | undefined }> {
    let data: unknown
    this.#work = (session) => {
      data = structuredClone(dataOf(session as never)?.peek())
      work(session)
    }
    const response = await this.fastify.inject({ url: '/', headers: cookie === undefined ? {} : { cookie } })
    if (response.statusCode !== 200) throw new Error(response.body)
    return { data, cookie: response.headers['set-cookie'] === undefined ? undefined : String(response.headers['set-cookie']).split(';', 1)[0] }
  }
}

/** Values that JSON holds, as Python has them. */
function jsonOnly (value: Typed): Typed {
  if (value === null || typeof value !== 'object') return value
  if ('$tuple' in value) return { $list: value.$tuple.map(jsonOnly) }
  if ('$list' in value) return { $list: value.$list.map(jsonOnly) }
  if ('$dict' in value) return { $dict: value.$dict.map(([key, item]) => [key, jsonOnly(item)]) }
  if ('$int' in value || '$float' in value) return value
  return Object.values(value).join()
}

export function randomSession (random: Random, wholeFloats: boolean): Dict {
  const pairs = random.times(random.int(1, 6), () => [randomKey(random), jsonOnly(randomValue(random, { wholeFloats }))] as const)
  return { $dict: [...new Map(pairs)].map(([key, value]) => [key, value]) }
}

/** The same data with sorted keys: JavaScript moves keys such as '1' to the front. */
function sorted (value: Typed): Typed {
  if (value === null || typeof value !== 'object') return value
  if ('$list' in value) return { $list: value.$list.map(sorted) }
  if (!('$dict' in value)) return value
  return { $dict: value.$dict.map(([key, item]): [string, Typed] => [key, sorted(item)]).sort(([a], [b]) => a < b ? -1 : 1) }
}

/** Floats in one spelling: `1e3` is `1000.0`. */
function sameFloats (value: Typed): Typed {
  if (value === null || typeof value !== 'object') return value
  if ('$list' in value) return { $list: value.$list.map(sameFloats) }
  if ('$dict' in value) return { $dict: value.$dict.map(([key, item]): [string, Typed] => [key, sameFloats(item)]) }
  if (!('$float' in value)) return value
  const number = Number(value.$float.replace(/^(-?)inf$/, '$1Infinity'))
  return { $float: Object.is(number, -0) ? '-0.0' : String(number) }
}

function difference (what: string, here: Typed, there: Typed): string[] {
  const [ours, theirs] = [sameFloats(sorted(here)), sameFloats(sorted(there))]
  return isDeepStrictEqual(ours, theirs) ? [] : [`${what}\n  here:  ${JSON.stringify(ours)}\n  there: ${JSON.stringify(theirs)}`]
}

export interface Report {
  sessions: number
  /** Each with both sides. */
  differences: string[]
}

/** Exchanges random sessions: of the peer's, read and changed here, and read there again; and of ours. The clock stands at noon. */
export async function exchange (name: PeerName, peers: Peers, { seed, runs }: { seed: number, runs: number }): Promise<Report> {
  const random = new Random(seed)
  const app = await OurSide.start(name)
  const differences: string[] = []
  const cookieIn = (headers: Array<[string, string]>): string => String(headers.find(([header]) => header.toLowerCase() === 'set-cookie')?.[1]).split(';', 1)[0] as string
  const visit = { secretKey, now: noon }
  for (let run = 0; run < runs; run++) {
    const theirs = randomSession(random, true)
    const written = cookieIn((await peers[name]({ ...visit, replace: theirs })).headers)
    const read = await app.visit(written, (session) => { session.seen_here = run })
    const readBack = await peers[name]({ ...visit, cookie: read.cookie })
    const changed = new Map([...theirs.$dict, ['seen_here', { $int: String(run) }] as [string, Typed]])
    differences.push(
      ...difference('theirs, read here', encode(read.data), encode(decode(theirs))),
      ...difference('theirs, changed here and read there', { $dict: [...changed] }, readBack.session)
    )

    const ours = randomSession(random, false)
    const { cookie } = await app.visit(undefined, (session) => fill(session, ours))
    const seen = await peers[name]({ ...visit, cookie, update: { $dict: [['seen_there', { $int: String(run) }]] } })
    const back = await app.visit(cookieIn(seen.headers))
    const touched = new Map([...ours.$dict, ['seen_there', { $int: String(run) }] as [string, Typed]])
    differences.push(
      ...difference('ours, read there', ours, seen.session),
      ...difference('ours, changed there and read here', encode(back.data), { $dict: [...touched] })
    )
  }
  await app.fastify.close()
  return { sessions: runs * 2, differences }
}

/** `set`, because a key may have the name of a method. */
function fill (session: Record<string, unknown>, { $dict }: Dict): void {
  const set = Object.getPrototypeOf(session).set as (key: string, value: unknown) => void
  for (const [key, value] of $dict) set.call(session, key, decode(value))
}
