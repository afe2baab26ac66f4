/**
 * Reports the way of one warm request through lib/: `npx tsx test/way/way.ts --help`.
 *
 * @module
 */

import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { recordCases, wayOf } from './count.ts'
import type { Way } from './count.ts'
import { instrument } from './instrument.ts'
import type { Call } from './recorder.ts'

const help = `npx tsx test/way/way.ts [options]

  --lib FOLDER  counts another checkout: its folder lib
  --tree        all calls of each request, indented by depth
`

const { values } = parseArgs({
  options: { lib: { type: 'string' }, tree: { type: 'boolean' }, help: { type: 'boolean' } }
})
if (values.help === true) console.log(help)
else await report(values.lib === undefined ? fileURLToPath(new URL('../../lib', import.meta.url)) : resolve(values.lib))

async function report (lib: string): Promise<void> {
  const recordings = Object.entries(await recordCases(await instrument(lib)))
  const columns = 'files | functions | calls | calls that cross a file | pairs of files | depth | turns back | returns'
  console.log(`| one warm request | ${columns} |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|`)
  const ways = recordings.map(([name, calls]): [string, Way] => [name, wayOf(calls)])
  for (const [name, { files, functions, calls, crossings, pairs, depth, turns, returns }] of ways) {
    const cells = [name, files, functions, calls, crossings, pairs, depth, turns.length, returns.length]
    console.log(`| ${cells.join(' | ')} |`)
  }
  console.log(ways.map(([name, way]) => listOf(name, way)).join(''))
  if (values.tree !== true) return
  for (const [name, calls] of recordings) console.log(`\n## ${name}: all calls\n\n${calls.map(lineOf).join('\n')}`)
}

function listOf (name: string, { turns, returns }: Way): string {
  if (turns.length + returns.length === 0) return ''
  const pairs = turns.map(({ files, there, back }) => {
    return `- ${files.join(' and ')}: ${there.join(', ')}; back: ${back.join(', ')}\n`
  })
  return `\n## ${name}\n\nFiles that call each other (turns back):\n\n${pairs.join('')}\n` +
    `Calls into a file that is at work already (returns):\n\n${returns.map((call) => `- ${call}\n`).join('')}`
}

function lineOf ({ spot, depth }: Call): string {
  return `${'  '.repeat(depth)}${spot.file}:${spot.line} ${spot.name}`
}
