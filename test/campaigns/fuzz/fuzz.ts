/**
 * Looks for cookies of which we make something else than Flask, other than where that is meant.
 *
 *     tsx test/campaigns/fuzz/fuzz.ts --seconds 60 --seed 1 [--python /path/to/python] [--log 10]
 *
 * Starts from the corpus, keeps what runs code of lib/ that did not run before, or what gets an answer of a new kind, and
 * changes that further. What it finds is written to findings/, whose cases findings.test.ts runs ever after.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { mock } from 'node:test'
import { parseArgs } from 'node:util'
import { findPythons, startPeer } from '../../flask/peer.ts'
import { Campaign } from './campaign.ts'
import { now } from './gene.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    python: { type: 'string', default: findPythons()[0]?.command ?? '' },
    /** Seconds between two lines. */
    log: { type: 'string', default: '30' },
    /** Cookies that are tried at once. */
    batch: { type: 'string', default: '150' }
  }
})
if (options.python === '') throw new Error('no Python with Flask: pip install flask')

mock.timers.enable({ apis: ['Date'], now: now * 1000 })
const folder = new URL('findings/', import.meta.url)
mkdirSync(folder, { recursive: true })
const peer = startPeer(options.python)
const campaign = await Campaign.start(peer, Number(options.seed))
console.log(`seed ${options.seed}, Flask ${(await peer.versions()).flask}, ${options.seconds} seconds`)

const start = performance.now()
const seconds = (): number => (performance.now() - start) / 1000
const tell = (): void => console.log(`${seconds().toFixed(0)} s: ${(campaign.executions / seconds()).toFixed(0)}/s, ${campaign.summary}`)
let written = 0
const write = (): void => {
  for (const found of campaign.found.slice(written)) {
    writeFileSync(new URL(`${found.name}.json`, folder), JSON.stringify(found, null, 2) + '\n')
    console.log(`FOUND ${found.name}: ${found.reason} (Flask: ${found.flask.outcome} ${found.flask.exception ?? ''})`)
  }
  written = campaign.found.length
}
try {
  await campaign.plant(true)
  tell()
  for (let told = seconds(); seconds() < Number(options.seconds);) {
    await campaign.step(Number(options.batch))
    write()
    if (seconds() - told < Number(options.log)) continue
    told = seconds()
    campaign.checkShared()
    tell()
  }
  campaign.checkShared()
} finally {
  write()
  tell()
  console.log(`slowest ${campaign.slowest.milliseconds.toFixed(1)} ms: ${campaign.slowest.header.slice(0, 100)}`)
  for (const [reason, count] of [...campaign.differences].sort(([, a], [, b]) => b - a)) console.log(`${String(count).padStart(8)}  ${reason}`)
  await campaign.close()
  await peer.close()
}
process.exitCode = campaign.found.length > 0 ? 1 : 0
