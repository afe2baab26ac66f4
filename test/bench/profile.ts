/**
 * Where the time of one case goes: a server under `--cpu-prof`, and its largest self times.
 *
 * @module
 */

import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './build.ts'
import type { Build } from './build.ts'
import type { Case, Peer } from './cases.ts'
import { Load } from './load.ts'
import { Jar, stretch } from './measure.ts'
import { startServer } from './processes.ts'
import { table } from './report.ts'

interface Profile {
  nodes: Array<{ id: number, callFrame: { functionName: string, url: string, lineNumber: number } }>
  startTime: number
  samples: number[]
  timeDeltas: number[]
}

/** @returns the ten largest self times, in parts of the time that was not idle and per request; of all, of ours, and by place */
export async function profileCase (build: Build, peer: Peer, at: Case, size: number): Promise<string> {
  const folder = join(build.folder, 'profiles', `${peer.name}-${at.name}-${size}`)
  mkdirSync(folder, { recursive: true })
  const jar = new Jar(build)
  jar.fill([{ at, size, peers: [peer] }], () => {})
  const load = new Load(build)
  const server = await startServer(build, peer.server, ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200'])
  const traffic = await jar.trafficOf(peer, at, size, server)
  await load.run(server.port, traffic, 3000)
  await server.age()
  await load.run(server.port, traffic, 1000)
  const begin = await server.stats()
  const { us } = await stretch(server, traffic, load, 3000)
  const end = await server.stats()
  await server.stop()
  load.stop()
  const file = readdirSync(folder)[0]
  if (file === undefined) throw new Error('there is no profile')
  const self = selfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile, begin.now, end.now)
  self.delete('(idle)')
  const busy = [...self.values()].reduce((sum, time) => sum + time, 0)
  const rowsOf = (times: Iterable<[string, number]>): string[][] => [...times].sort(([, a], [, b]) => b - a).slice(0, 10)
    .map(([name, time]) => [name, `${(time / busy * 100).toFixed(1)} %`, (time / busy * us).toFixed(2)])
  const places = new Map<string, number>()
  for (const [name, time] of self) places.set(placeOf(name), (places.get(placeOf(name)) ?? 0) + time)
  return [
    `${peer.label}: ${at.title}, ${size} B: ${us.toFixed(2)} us per request under the profiler`,
    table(['function', 'self', 'us'], rowsOf(self), 1),
    table(['ours alone', 'self', 'us'], rowsOf([...self].filter(([name]) => placeOf(name) === 'lib')), 1),
    table(['place', 'self', 'us'], rowsOf(places), 1)
  ].join('\n\n')
}

/** The package or the part of Node that a function belongs to; what has no place of its own is V8's or the system's. */
function placeOf (name: string): string {
  const place = / (\S+):\d+$/.exec(name)?.[1]
  if (place === undefined) return name.startsWith('(') ? name : 'native'
  if (place.startsWith('node:')) return 'node'
  return /^(@[^/]+\/[^/]+|[^/]+)/.exec(place)?.[1] ?? place
}

/** Microseconds by function, between two moments. */
function selfTimes ({ nodes, startTime, samples, timeDeltas }: Profile, begin: number, end: number): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const self = new Map<string, number>()
  let now = startTime
  samples.forEach((id, index) => {
    const delta = timeDeltas[index] ?? 0
    now += delta
    if (now < begin || now > end) return
    const name = names.get(id) ?? ''
    self.set(name, (self.get(name) ?? 0) + delta)
  })
  return self
}

function nameOf ({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  const place = path.replace(root, '').replace(/^\/node_modules\/\.cache\/bench-\d+\//, '').replace(/^\/node_modules\//, '')
  return `${name} ${place}:${lineNumber + 1}`
}
