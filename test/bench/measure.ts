/**
 * Epochs of fresh servers; in each, every case with its peers' stretches of load in a shuffled order.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Build } from './build.ts'
import { countOf, flowOf } from './cases.ts'
import type { Case, Peer, Tier } from './cases.ts'
import { Cookies, Load } from './load.ts'
import type { Traffic } from './load.ts'
import { startServer } from './processes.ts'
import type { Running } from './processes.ts'
import type { CookieFile } from './protocol.ts'
import { shuffled } from './stats.ts'
import type { Sample } from './stats.ts'

export interface Plan {
  cases: readonly Case[]
  peers: readonly Peer[]
  tier: Tier
  epochs: number
  /** Stretches per peer, case and size in each epoch, and how long each is. */
  segments: number
  ms: number
  /** Requests before the first stretch. */
  warmRequests: number
  sizes: readonly number[]
}

/** One size of a case with those who take part. */
export interface Cell { at: Case, size: number, peers: Peer[] }

export function cellsOf ({ cases, peers, tier, sizes }: Plan): Cell[] {
  return cases.flatMap((at) => at.sizes.filter((size) => size === 0 || sizes.includes(size)).map((size) => (
    { at, size, peers: peers.filter((peer) => peer.takesPart(at, size, tier)) }
  )))
}

/** Seconds that a plan takes, roughly. */
export function durationOf (plan: Plan): number {
  const runs = cellsOf(plan).reduce((sum, cell) => sum + cell.peers.length, 0)
  const servers = new Set(cellsOf(plan).flatMap((cell) => cell.peers)).size
  return plan.epochs * (servers * (0.7 + plan.warmRequests * fresh / 25_000) + runs * (plan.warmRequests / 20 + 80 + plan.segments * (plan.ms + 80)) / 1000)
}

export async function measure (build: Build, plan: Plan, show: (progress: string) => void): Promise<Sample[]> {
  const cells = cellsOf(plan)
  const jar = new Jar(build)
  jar.fill(cells, show)
  const load = new Load(build)
  const samples: Sample[] = []
  const start = Date.now()
  for (let epoch = 1; epoch <= plan.epochs; epoch++) {
    const servers = await startAll(build, [...new Set(cells.flatMap(({ peers }) => peers))])
    const warm = new Set<Running>()
    let done = 0
    for (const cell of shuffled(cells)) {
      const seconds = Math.round((Date.now() - start) / 1000)
      show(`epoch ${epoch}/${plan.epochs}, ${++done}/${cells.length}, ${seconds} s: ${cell.at.name} ${cell.size}`)
      samples.push(...await measureCell(cell, plan, epoch, servers, warm, jar, load))
    }
    await Promise.all([...servers.values()].map((server) => server.stop()))
  }
  load.stop()
  return samples
}

/** The library that a peer runs: this one, or the one to compare with. */
export function libOf (build: Build, peer: Peer): string {
  return (peer.name.startsWith('base-') ? build.base : undefined) ?? build.lib
}

async function startAll (build: Build, peers: readonly Peer[]): Promise<Map<Peer, Running>> {
  const servers = new Map<Peer, Running>()
  for (const peer of shuffled(peers)) {
    servers.set(peer, await startServer(build, { ...peer.server, lib: libOf(build, peer) }))
  }
  return servers
}

async function measureCell ({ at, size, peers }: Cell, plan: Plan, epoch: number, servers: Map<Peer, Running>, warm: Set<Running>, jar: Jar, load: Load): Promise<Sample[]> {
  const samples: Sample[] = []
  const runs = await Promise.all(peers.map(async (peer) => {
    const server = servers.get(peer) as Running
    return { peer, server, traffic: await jar.trafficOf(peer, at, size, server) }
  }))
  for (const { peer, server, traffic } of shuffled(runs)) {
    await probe(peer, at, traffic, server.port)
    if (warm.has(server)) await warmUp(server, traffic, load, plan.warmRequests)
    else await bringUp(server, traffic, load, plan.warmRequests)
    warm.add(server)
  }
  const order = shuffled(runs.flatMap((run) => Array.from({ length: plan.segments }, () => run)))
  for (const { peer, server, traffic } of order) samples.push({ peer: peer.name, case: at.name, size, epoch, ...await stretch(server, traffic, load, plan.ms) })
  return samples
}

/**
 * Brings a server that has just begun into the state of one that has run for long.
 *
 * @param longest - milliseconds that it is given to answer them, before its collections and again after them
 */
export async function bringUp (server: Running, traffic: Traffic, load: Load, warmRequests: number, longest?: number): Promise<void> {
  await warmUp(server, traffic, load, warmRequests * fresh, longest)
  await server.age()
  await warmUp(server, traffic, load, warmRequests, longest)
}

/** How much longer a server is warmed up that has just begun: V8 is at work until about the 50,000th request. */
const fresh = 5

/** By requests, as V8 counts calls, and not by time: on a busy machine little happens in a second. */
async function warmUp (server: Running, traffic: Traffic, load: Load, requests: number, longest = Math.max(4000, requests / 5)): Promise<void> {
  const end = Date.now() + longest
  for (let sent = 0; sent < requests && Date.now() < end;) sent += (await load.run(server.port, traffic, 200)).requests * (server.isJITted ? 1 : 100)
}

/** One stretch of load and what it cost. */
export async function stretch (server: Running, traffic: Traffic, load: Load, ms: number): Promise<{ us: number, rps: number }> {
  const before = await server.stats()
  const { requests, seconds } = await load.run(server.port, traffic, ms)
  const after = await server.stats()
  const counted = after.requests - before.requests
  return { us: (after.cpu - before.cpu) / (Number.isNaN(counted) ? requests : counted), rps: requests / seconds }
}

/**
 * Asks once and looks at the answer, so that nobody is fast by doing something else.
 *
 * @throws when it is not what the case is about.
 */
async function probe (peer: Peer, at: Case, traffic: Traffic, port: number): Promise<void> {
  if (traffic.kind === 'flow') return
  const cookie = traffic.kind === 'many' ? traffic.cookies.first : traffic.cookie
  const response = await fetch(`http://127.0.0.1:${port}${traffic.path}`, cookie === undefined ? {} : { headers: { cookie } })
  const { user } = await response.json() as { user?: unknown }
  const complain = (what: string): never => { throw new Error(`${peer.name}, ${at.name}: ${what}`) }
  if (response.status !== 200) complain(`status ${response.status}`)
  if (!peer.hasSessions) return
  // A peer that makes its cookies itself numbers its users itself.
  const isExpected = peer.format === undefined ? typeof user === typeof at.user : user === at.user
  if (at.user !== undefined && !isExpected) complain(`user ${String(user)} instead of ${at.user}`)
  if (at.sets !== undefined && response.headers.has('set-cookie') !== at.sets) complain(`Set-Cookie is ${at.sets ? 'missing' : 'there'}`)
  const isRefreshed = at.name === 'refresh' && peer.server.refresh !== false && peer.server.limits?.refreshAfter === undefined
  if (isRefreshed && !response.headers.has('set-cookie')) complain('Set-Cookie is missing')
}

/** The cookies of a run. */
export class Jar {
  readonly #build: Build
  readonly #files = new Map<string, Cookies>()

  constructor (build: Build) {
    this.#build = build
  }

  fill (cells: readonly Cell[], show: (progress: string) => void): void {
    const wanted = new Map<string, CookieFile>()
    for (const { at, size, peers } of cells) {
      for (const peer of peers) {
        const file = this.#fileOf(peer, at, size)
        const known = file === undefined ? undefined : wanted.get(file.path)
        if (file !== undefined && (known === undefined || known.count < file.count)) wanted.set(file.path, file)
      }
    }
    show(`making ${[...wanted.values()].reduce((sum, { count }) => sum + count, 0)} cookies`)
    this.make([...wanted.values()])
  }

  make (files: readonly CookieFile[]): void {
    const { status } = spawnSync(process.execPath, [this.#build.script('cookies'), this.#build.itsdangerous, JSON.stringify(files)], { stdio: 'inherit' })
    if (status !== 0) throw new Error('the cookies could not be made')
  }

  makeOnce (file: CookieFile): void {
    if (!existsSync(file.path)) this.make([file])
  }

  path (name: string): string {
    return join(this.#build.folder, `${name}.txt`)
  }

  read (path: string): Cookies {
    let cookies = this.#files.get(path)
    if (cookies === undefined) this.#files.set(path, cookies = new Cookies(path))
    return cookies
  }

  /** @param server - makes the cookies of a peer that keeps the data in its process */
  async trafficOf (peer: Peer, at: Case, size: number, server: Running): Promise<Traffic> {
    const { path } = at
    if (at.cookie === 'flow') return { kind: 'flow', steps: flowOf(size) }
    if (at.cookie === 'none') return { kind: 'plain', path, cookie: undefined }
    const file = this.#fileOf(peer, at, size)
    if (file === undefined) return { kind: 'plain', path, cookie: (await server.seed(size, 1))[0] }
    const cookies = this.read(file.path)
    if (at.cookie === 'new' || at.cookie === 'forged') return { kind: 'many', path, cookies }
    return { kind: 'plain', path, cookie: cookies.first }
  }

  #fileOf (peer: Peer, at: Case, size: number): CookieFile | undefined {
    if (peer.format === undefined || at.cookie === 'none' || at.cookie === 'flow') return undefined
    const kind = at.cookie === 'permanent' || at.cookie === 'forged' ? at.cookie : 'valid'
    const isMany = at.cookie === 'new' || at.cookie === 'forged'
    const sessions = at.sessions ?? 1
    const path = this.path(`${peer.format}-${kind}-${size}-${sessions}${isMany ? '-many' : ''}`)
    return { format: peer.format, kind, size, sessions, count: countOf(peer, kind, isMany), path }
  }
}
