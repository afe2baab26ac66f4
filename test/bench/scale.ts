/**
 * How cost grows: one thing is varied at a time, the rest stands still. Straight lines are what is wanted.
 *
 * @module
 */

import type { Build } from './build.ts'
import { Load } from './load.ts'
import type { Traffic } from './load.ts'
import { bringUp, Jar, stretch } from './measure.ts'
import { startServer } from './processes.ts'
import type { Running } from './processes.ts'
import type { CookieFile, DigestKind, ServerConfig } from './protocol.ts'
import { quantile, shuffled } from './stats.ts'

export interface ScaleSeries {
  title: string
  axis: string
  unit: string
  points: Array<{ x: number, y: number, spread?: number }>
}

interface Point {
  series: string
  axis: string
  x: number
  server: ServerConfig
  path: string
  file: Omit<CookieFile, 'path' | 'format'>
}

const valid = { kind: 'valid', size: 1000, sessions: 1, count: 20_000 } as const
const digests: readonly DigestKind[] = ['sha1', 'sha512']

/** @param isQuick - one digest only */
function pointsOf (isQuick: boolean): Point[] {
  return digests.slice(0, isQuick ? 1 : 2).flatMap((digest) => {
    const ours = (more: Partial<ServerConfig> = {}): ServerConfig => ({ kind: 'ours', digest, ...more })
    const series = (title: string, axis: string, xs: readonly number[], of: (x: number) => Omit<Point, 'series' | 'axis' | 'x'>): Point[] => (
      xs.map((x) => ({ series: `${title}, ${digest}`, axis, x, ...of(x) }))
    )
    return [
      ...series('payload size, read of cookies never seen', 'bytes of JSON', [110, 500, 1000, 2000, 2980, 5000], (size) => (
        { server: ours(), path: '/read', file: { ...valid, size } })),
      ...series('payload size, read of a cookie seen before', 'bytes of JSON', [110, 500, 1000, 2000, 2980, 5000], (size) => (
        { server: ours(), path: '/read', file: { ...valid, size, count: 1 } })),
      ...series('payload size, write', 'bytes of JSON', [110, 500, 1000, 2000, 2980, 5000], (size) => (
        { server: ours({ maxCookieSize: 12_000 }), path: '/write', file: { ...valid, size, count: 1 } })),
      ...series('fallback keys, cookies never seen, signed with the oldest', 'keys besides the newest', [0, 1, 2, 4, 8, 16], (fallbacks) => (
        { server: ours({ fallbacks }), path: '/read', file: { ...valid, size: 110 } })),
      ...series('fallback keys, forged cookies', 'keys besides the newest', [0, 1, 2, 4, 8, 16], (fallbacks) => (
        { server: ours({ fallbacks }), path: '/read', file: { ...valid, kind: 'forged', size: 110, count: 5000 } })),
      ...series('sessions per application, untouched', 'sessions', [1, 2, 4, 8], (sessions) => (
        { server: ours({ sessions }), path: '/untouched', file: { ...valid, size: 110 * sessions, sessions, count: 1 } })),
      ...series('sessions per application, all read', 'sessions', [1, 2, 4, 8], (sessions) => (
        { server: ours({ sessions }), path: '/read-all', file: { ...valid, size: 110 * sessions, sessions, count: 1 } })),
      ...series('distinct cookies in turn, read', 'cookies', [1, 100, 1000, 5000, 20_000, 100_000], (count) => (
        { server: ours(), path: '/read', file: { ...valid, size: 110, count } }))
    ]
  })
}

export async function measureScale (build: Build, { epochs, isQuick }: { epochs: number, isQuick: boolean }, show: (progress: string) => void): Promise<ScaleSeries[]> {
  const jar = new Jar(build)
  const load = new Load(build)
  const points = pointsOf(isQuick).map((point) => ({ ...point, traffic: trafficOf(point, jar), us: [] as number[] }))
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let done = 0
    for (const point of shuffled(points)) {
      show(`scale, epoch ${epoch}/${epochs}, ${++done}/${points.length}: ${point.series} ${point.x}`)
      const server = await startServer(build, point.server)
      await bringUp(server, point.traffic, load, 10_000)
      for (let times = 0; times < 3; times++) point.us.push((await stretch(server, point.traffic, load, 250)).us)
      await server.stop()
    }
  }
  load.stop()
  return seriesOf(points.map(({ series, axis, x, us }) => (
    { series, axis, x, y: quantile(us, 0.1), spread: (quantile(us, 0.9) - quantile(us, 0.1)) / quantile(us, 0.5) }
  )))
}

function seriesOf (points: ReadonlyArray<{ series: string, axis: string, x: number, y: number, spread: number }>): ScaleSeries[] {
  const series = new Map<string, ScaleSeries>()
  for (const { series: title, axis, ...point } of points) {
    if (!series.has(title)) series.set(title, { title, axis, unit: 'us', points: [] })
    series.get(title)?.points.push(point)
  }
  return [...series.values()]
}

function trafficOf ({ path, file, server }: Point, jar: Jar): Traffic {
  const format = server.digest === 'sha1' ? 'sha1' : 'sha512'
  const target = jar.path(`scale-${format}-${file.kind}-${file.size}-${file.sessions}-${file.count}`)
  jar.makeOnce({ ...file, format, path: target })
  const cookies = jar.read(target)
  return file.count === 1 ? { kind: 'plain', path, cookie: cookies.first } : { kind: 'many', path, cookies }
}

/**
 * Memory: what a request leaves for the collector, and what stays for each cookie that is remembered.
 *
 * Servers have a young generation so large that nothing is collected while a stretch is counted.
 */
export async function measureMemory (build: Build, show: (progress: string) => void): Promise<ScaleSeries[]> {
  const load = new Load(build)
  const jar = new Jar(build)
  const kinds: ReadonlyArray<readonly [string, ServerConfig]> = [['cookie', { kind: 'cookie' }], ...digests.map((digest) => [`ours, ${digest}`, { kind: 'ours', digest } as const] as const)]
  const result: ScaleSeries[] = []
  for (const [name, config] of kinds) {
    for (const path of ['/untouched', '/read', '/write']) {
      show(`memory per request: ${name} ${path}`)
      const server = await startServer(build, config, ['--min-semi-space-size=256', '--max-semi-space-size=256'])
      const points: ScaleSeries['points'] = []
      for (const size of [110, 1000, 2980]) {
        const traffic = trafficOf({ series: '', axis: '', x: 0, server: config, path, file: { ...valid, size, count: 1 } }, jar)
        points.push({ x: size, y: await garbagePerRequest(server, traffic, load) })
      }
      await server.stop()
      result.push({ title: `memory per request, ${name}, ${path}`, axis: 'bytes of JSON', unit: 'bytes', points })
    }
  }
  for (const [name, config] of kinds) {
    const points: ScaleSeries['points'] = []
    for (const count of [2, 100, 200, 400, 800, 5000, 20_000]) {
      show(`memory kept for cookies: ${name} ${count}`)
      points.push({ x: count, y: await keptFor(build, config, count, load, jar) })
    }
    result.push(
      { title: `memory kept for cookies of 1 KB that come again and again, ${name}`, axis: 'cookies', unit: 'bytes', points: points.filter(({ x }) => x <= 800) },
      { title: `memory kept for more cookies than are remembered, ${name}`, axis: 'cookies', unit: 'bytes', points: points.filter(({ x }) => x > 800) }
    )
  }
  load.stop()
  return result
}

/** What a server keeps when so many cookies came in turn, several times each, besides what it keeps for one. */
async function keptFor (build: Build, config: ServerConfig, count: number, load: Load, jar: Jar): Promise<number> {
  const trafficWith = (cookies: number): Traffic => (
    trafficOf({ series: '', axis: '', x: 0, server: config, path: '/read', file: { ...valid, count: cookies } }, jar)
  )
  const server = await startServer(build, config)
  await bringUp(server, trafficWith(1), load, 10_000)
  const before = await server.gc()
  await load.run(server.port, trafficWith(count), 200 + count / 4)
  const after = await server.gc()
  await server.stop()
  return after.memory - before.memory
}

async function garbagePerRequest (server: Running, traffic: Traffic, load: Load): Promise<number> {
  await load.run(server.port, traffic, 700)
  const values: number[] = []
  for (let times = 0; times < 8; times++) {
    const before = await server.gc()
    await load.run(server.port, traffic, 50)
    const after = await server.stats()
    values.push((after.memory - before.memory) / (after.requests - before.requests))
  }
  return quantile(values, 0.5)
}
