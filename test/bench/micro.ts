/**
 * Micro-benchmarks: `npm run bench:micro -- [--only NAMES] [--base COMMIT] [--rounds N]`, in nanoseconds per call.
 *
 * Each library is measured in processes of its own that run compiled JavaScript.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, here } from './build.ts'
import { isPinned, serverCPU } from './processes.ts'
import { describeMachine, table } from './report.ts'
import { median } from './stats.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    base: { type: 'string' },
    rounds: { type: 'string', default: '40' },
    processes: { type: 'string', default: '2' }
  }
})

const { lib, base, script } = build(options.base)
const times = new Map<string, number[][]>()
const libraries = base === undefined ? [lib] : [lib, base]
for (let turn = 1; turn <= Number(options.processes); turn++) {
  libraries.forEach((library, index) => {
    console.log(`process ${turn}/${options.processes}${index === 0 ? '' : ', base'}`)
    for (const [name, list] of Object.entries(run(library))) {
      const all = times.get(name) ?? libraries.map(() => [])
      all[index]?.push(...list)
      times.set(name, all)
    }
  })
}

const ns = (value: number): string => Number.isFinite(value) ? value.toFixed(value < 100 ? 1 : 0) : ''
const rows = [...times].map(([name, [now = [], before = []]]) => [
  name, ns(Math.min(...now)), ns(median(now)), ...(base === undefined ? [] : [ns(Math.min(...before)), ns(median(before)), (Math.min(...now) / Math.min(...before)).toFixed(2)])
])
const head = ['call', 'ns min', 'median', ...(base === undefined ? [] : ['base min', 'median', 'now / base'])]
const machine = describeMachine()
console.log(`\n${machine.date}, ${machine.cpu}, Node ${machine.node}, load average ${machine.loadAverage.join(' ')}\n\n${table(head, rows, 1)}`)
const file = join(here, 'results', `micro-${machine.date.replace(/\D/g, '').slice(0, 14)}.json`)
writeFileSync(file, JSON.stringify({ machine, times: Object.fromEntries(times) }) + '\n')
console.log(`\nWritten to ${file}`)

function run (library: string): Record<string, number[]> {
  const args = [script('micro-cases'), library, options.only, options.rounds]
  const [command, all] = isPinned ? ['taskset', ['-c', serverCPU, process.execPath, ...args]] as const : [process.execPath, args] as const
  const { status, stdout, stderr } = spawnSync(command, all, { encoding: 'utf8', maxBuffer: 1e8, env: { ...process.env, NODE_ENV: 'production' } })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, number[]>
}
