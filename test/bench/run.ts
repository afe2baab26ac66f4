/**
 * The benchmark: `npm run bench -- --help`.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, here } from './build.ts'
import { basePeers, cases, floorOf, peers as allPeers, sizes } from './cases.ts'
import type { Case, Peer, Tier } from './cases.ts'
import { countReport, countTables, measureCounts } from './count.ts'
import { cellsOf, durationOf, measure } from './measure.ts'
import type { Plan } from './measure.ts'
import { plot } from './plot.ts'
import { pinSelf } from './processes.ts'
import { profileCase } from './profile.ts'
import { describeMachine, markdown } from './report.ts'
import type { Results } from './report.ts'
import { measureMemory, measureScale } from './scale.ts'
import { figuresOf } from './stats.ts'

const help = `npm run bench -- [options]

Server CPU per request, ours beside other session plugins. Without options: all peers, about 20 minutes.

  --quick          ours, the floor and @fastify/secure-session only, about 2 minutes
  --full           everything, with more epochs and scale and memory, about an hour
  --case NAMES     these cases only, separated by commas: ${cases.map(({ name }) => name).join(' ')}
  --only NAMES     these peers only, and the floor: ${allPeers.map(({ name }) => name).join(' ')};
                   a name stands for all that begin with it
  --size SIZES     these payloads only: ${sizes.join(' ')}
  --base COMMIT    measures the library of that commit too (or of a folder that has lib and types), as base-...
  --epochs N       rounds of fresh processes
  --segments N     stretches of load per peer, case and epoch
  --ms N           length of a stretch; wrk rounds it up to tenths of a second
  --warm N         requests to a server before a case is measured; five times as many to one that has just begun
  --isolate        a fresh process for each case too
  --two-cpus       the load has a CPU of its own: more requests per second, but waking that CPU is in the server's time
  --scale          only how cost grows with keys, sessions, payload and distinct cookies
  --memory         only memory per request and per remembered cookie
  --count          instructions and cache misses per request, counted by valgrind (--case, --only, --size, --base): nearly the same each time
  --profile CASE   one server (--only, otherwise ours-sha512; --size) under --cpu-prof: the ten largest self times
  --keep           writes results/latest.md, which is committed, or counts.md with --count
`

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    case: { type: 'string' },
    only: { type: 'string' },
    size: { type: 'string' },
    base: { type: 'string' },
    epochs: { type: 'string' },
    segments: { type: 'string' },
    ms: { type: 'string' },
    warm: { type: 'string' },
    isolate: { type: 'boolean', default: false },
    'two-cpus': { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    count: { type: 'boolean', default: false },
    profile: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

if (options.help) console.log(help)
else await main()

async function main (): Promise<void> {
  pinSelf()
  const compiled = build(options.base)
  const peers = options.base === undefined ? [...allPeers] : [...allPeers, ...basePeers()]
  if (options.profile !== undefined) {
    await profile(compiled, peers)
    return
  }

  if (options.count) {
    await count(compiled, peers)
    return
  }

  const tier: Tier = options.full ? 3 : options.quick ? 1 : 2
  const isPart = options.scale || options.memory
  const plan = planOf(tier, peers)
  const results: Results = { machine: describeMachine(), plan, figures: [], scale: [] }
  if (!isPart) {
    console.log(`About ${Math.ceil(durationOf(plan) / 60)} minutes.`)
    results.figures = figuresOf(await measurePlan(compiled, plan), (name) => floorOf(caseOf(name)))
  }
  const scaleEpochs = Number(options.epochs ?? [1, 3, 5][tier - 1])
  if (options.scale || (options.full && !isPart)) results.scale.push(...await measureScale(compiled, { epochs: scaleEpochs, isQuick: options.quick }, show))
  if (options.memory || (options.full && !isPart)) results.scale.push(...await measureMemory(compiled, show))
  show('')
  write(results, peers)
}

function planOf (tier: Tier, peers: readonly Peer[]): Plan {
  const [epochs, segments, ms] = ([[2, 3, 200], [4, 3, 200], [7, 4, 300]] as const)[tier - 1] as readonly [number, number, number]
  const chosen = options.case === undefined ? cases.filter((at) => at.tier <= tier) : options.case.split(',').map(caseOf)
  // Who was named takes part, whatever the tier.
  const named = options.only?.split(',')
  return {
    cases: chosen,
    peers: named === undefined ? peers : peers.filter(({ name }) => /^(cookie(-set|-hooks)?|parts-.*)$/.test(name) || named.some((start) => name.startsWith(start))),
    tier: named === undefined && options.case === undefined ? tier : 2,
    epochs: Number(options.epochs ?? epochs),
    segments: Number(options.segments ?? segments),
    ms: Number(options.ms ?? ms),
    warmRequests: Number(options.warm ?? 10_000),
    sizes: options.size?.split(',').map(Number) ?? sizes
  }
}

/** In one go, or case by case so that each has its own processes. */
async function measurePlan (compiled: ReturnType<typeof build>, plan: Plan): Promise<Awaited<ReturnType<typeof measure>>> {
  if (!options.isolate) return measure(compiled, plan, show)
  const samples = []
  for (const at of plan.cases) samples.push(...await measure(compiled, { ...plan, cases: [at] }, show))
  return samples
}

/** The four hot cases, if none is named; of peers that are named only these, as each takes a minute. */
async function count (compiled: ReturnType<typeof build>, peers: readonly Peer[]): Promise<void> {
  const named = options.only?.split(',')
  const plan = planOf(1, named === undefined ? peers : peers.filter(({ name }) => named.includes(name)))
  const cells = cellsOf(options.case === undefined ? { ...plan, cases: ['untouched', 'read', 'read-new', 'write'].map(caseOf) } : plan)
  const text = countTables(await measureCounts(compiled, cells, show), cells)
  show('')
  console.log(text)
  if (options.keep) writeFileSync(join(here, 'results', 'counts.md'), countReport(text))
}

async function profile (compiled: ReturnType<typeof build>, peers: readonly Peer[]): Promise<void> {
  const names = (options.only ?? 'ours-sha512').split(',')
  for (const at of (options.profile ?? '').split(',').map(caseOf)) {
    for (const peer of peers.filter(({ name }) => names.includes(name))) {
      const chosen = at.sizes.filter((size) => options.size === undefined ? size <= 1000 : options.size.split(',').includes(String(size)))
      for (const size of chosen) console.log(await profileCase(compiled, peer, at, size) + '\n')
    }
  }
}

function write (results: Results, peers: readonly Peer[]): void {
  const text = markdown(results, peers)
  console.log(text)
  const folder = join(here, 'results')
  const name = join(folder, `run-${results.machine.date.replace(/\D/g, '').slice(0, 14)}`)
  writeFileSync(`${name}.json`, JSON.stringify(results, undefined, 1) + '\n')
  writeFileSync(`${name}.md`, text)
  writeFileSync(`${name}.svg`, plot(results, peers))
  picture(name)
  console.log(`Written to ${name}.{json,md,svg}`)
  if (options.keep) copyFileSync(`${name}.md`, join(folder, 'latest.md'))
}

/** A PNG of the plot, by Chromium where there is one. */
function picture (name: string): void {
  const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
  if (chromium === undefined) return
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(readFileSync(`${name}.svg`, 'utf8')) ?? []
  spawnSync(chromium, ['--headless', '--no-sandbox', '--hide-scrollbars', `--window-size=${width},${Math.ceil(Number(height))}`, `--screenshot=${name}.png`, `${name}.svg`], { stdio: 'ignore', timeout: 30_000 })
}

function caseOf (name: string): Case {
  const found = cases.find((at) => at.name === name)
  if (found === undefined) throw new Error(`there is no case ${name}; there are ${cases.map(({ name }) => name).join(', ')}`)
  return found
}

/** On a terminal one line that changes, elsewhere a line each. */
function show (progress: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${progress}`)
  else if (progress !== '') console.log(progress)
}
