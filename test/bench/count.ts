/**
 * What a request takes in instructions and cache misses, counted by valgrind's callgrind: nearly the same each time, whatever else
 * the machine does, where microseconds differ by a twentieth. It counts what the process does, not what the system does for it.
 *
 * @module
 * @see {@link https://valgrind.org/docs/manual/cl-manual.html}
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Build } from './build.ts'
import { floorOf } from './cases.ts'
import type { Case, Peer } from './cases.ts'
import { Load } from './load.ts'
import { bringUp, Jar, libOf } from './measure.ts'
import type { Cell } from './measure.ts'
import { hasValgrind, startServer } from './processes.ts'
import { table } from './report.ts'

/** Per request. */
export interface Count {
  peer: Peer
  at: Case
  size: number
  instructions: number
  /** Misses of the first-level caches: 32 KB of code and 32 KB of data in lines of 64 bytes. */
  codeMisses: number
  dataMisses: number
}

/** Six times so many requests come before counting: a hot function waits for them before V8 makes its last version. */
const warmRequests = 25_000
/** Milliseconds of a stretch that is counted. They go on until the two with the fewest instructions agree, or there are so many. */
const stretchTime = 4000
const mostStretches = 5
/** Compiles in time and not beside it, so that it ends; V8's other threads are counted, too. */
const flags = ['--no-concurrent-recompilation', '--single-threaded-gc']

/** @param show - is told of each count */
export async function measureCounts (build: Build, cells: readonly Cell[], show: (progress: string) => void): Promise<Count[]> {
  if (!hasValgrind) throw new Error('valgrind counts instructions: apt-get install valgrind')
  const jar = new Jar(build)
  jar.fill(cells, show)
  const waiting = cells.flatMap(({ at, size, peers }) => peers.map((peer) => ({ at, size, peer })))
  const all = waiting.length
  const counts: Count[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const count = await countOne(build, jar, next.peer, next.at, next.size)
      counts.push(count)
      show(`${counts.length}/${all}: ${next.at.name} ${next.size}, ${next.peer.name}: ${Math.round(count.instructions)} instructions`)
    }
  }
  // They do not disturb each other.
  await Promise.all([work(), work()])
  return counts
}

async function countOne (build: Build, jar: Jar, peer: Peer, at: Case, size: number): Promise<Count> {
  const folder = join(build.folder, 'counts', `${peer.name}-${at.name}-${size}`)
  mkdirSync(folder, { recursive: true })
  const valgrind = ['--log-file=/dev/null', '--tool=callgrind', '--cache-sim=yes', '--instr-atstart=no', '--smc-check=all-non-file',
    '--compress-strings=no', '--compress-pos=no', `--callgrind-out-file=${join(folder, 'out')}`]
  const server = await startServer(build, { ...peer.server, lib: libOf(build, peer) }, flags, ['valgrind', ...valgrind])
  const load = new Load(build)
  const traffic = await jar.trafficOf(peer, at, size, server)
  const control = (command: string): void => { spawnSync('callgrind_control', [command, String(server.pid)], { stdio: 'ignore' }) }
  // However long it takes.
  await bringUp(server, traffic, load, warmRequests, Infinity)
  control('--instr=on')
  const perRequest: number[][] = []
  for (let stretch = 1; stretch <= mostStretches && !agree(perRequest); stretch++) {
    const before = await server.stats()
    control('--zero')
    await load.run(server.port, traffic, stretchTime)
    control('--dump')
    const after = await server.stats()
    const totals = totalsOf(readFileSync(join(folder, `out.${stretch}`), 'latin1'))
    perRequest.push(totals.map((total) => total / (after.requests - before.requests)))
    perRequest.sort(([a = NaN], [b = NaN]) => a - b)
  }
  await server.stop()
  load.stop()
  const [best = []] = perRequest
  const [instructions = NaN, , , codeMisses = NaN, readMisses = NaN, writeMisses = NaN] = best
  return { peer, at, size, instructions, codeMisses, dataMisses: readMisses + writeMisses }
}

/** Whether V8 has made of the code what it will: until then each stretch takes fewer instructions. */
function agree ([[best = NaN] = [], [second = NaN] = []]: readonly number[][]): boolean {
  return second < best * 1.01
}

/**
 * The sums over all functions but V8's compilers, which are at work once in the life of a process: Ir, Dr, Dw, I1mr, D1mr, D1mw,
 * ILmr, DLmr, DLmw.
 *
 * @see {@link https://valgrind.org/docs/manual/cl-format.html}
 */
function totalsOf (dump: string): number[] {
  const totals = Array<number>(9).fill(0)
  let isCompiler = false
  let isCall = false
  for (const line of dump.split('\n')) {
    if (line.startsWith('fn=')) isCompiler = /v8::internal::(compiler|maglev|baseline)::/.test(line)
    else if (line.startsWith('calls=')) isCall = true // the next line is what the function that was called took
    else if (/^\d/.test(line)) {
      if (!isCompiler && !isCall) line.split(' ').slice(1).forEach((cost, event) => { totals[event] = (totals[event] ?? 0) + Number(cost) })
      isCall = false
    }
  }
  return totals
}

/** In instructions. Callgrind's viewers, too, take a miss of the first level for ten. */
function costOf ({ instructions, codeMisses, dataMisses }: Count): number {
  return instructions + 10 * (codeMisses + dataMisses)
}

export function countTables (counts: readonly Count[], cells: readonly Cell[]): string {
  return cells.map(({ at, size, peers }) => {
    const own = counts.filter((count) => count.at === at && count.size === size)
    const ratio = (count: Count, name: string): string => {
      const other = own.find(({ peer }) => peer.name === name)
      return other === undefined ? '' : (costOf(count) / costOf(other)).toFixed(3)
    }
    const rows = own.sort((a, b) => peers.indexOf(a.peer) - peers.indexOf(b.peer)).map((count) => [
      count.peer.label, ...[count.instructions, count.codeMisses, count.dataMisses, costOf(count)].map((value) => Math.round(value).toLocaleString('en')),
      ratio(count, floorOf(at)), ratio(count, 'secure-session')
    ])
    return `## ${at.title}, ${size} B\n\n` +
      table(['peer', 'instructions', 'code misses', 'data misses', 'cost', '/ cookie', '/ secure-session'], rows, 1)
  }).join('\n\n')
}

/** The tables and how they came about, for a file. */
export function countReport (tables: string): string {
  return `# Instructions and cache misses per request

\`npm run bench -- --count\` of ${new Date().toISOString().slice(0, 10)}, Node ${process.version}: each server under callgrind, in the state of one that has run for long; the best of some stretches, once two agree.
Misses are those of first-level caches of 32 KB each; cost is instructions and ten for each miss. V8's compilers and the system's own work are left out, and the
processor's SHA instructions, which valgrind does not have: SHA-1 costs some 3,000 instructions less than here.

${tables}
`
}
