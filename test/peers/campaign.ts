/**
 * A long campaign of random sessions with the Starlette and the Django of this machine.
 *
 *     npx tsx test/peers/campaign.ts --runs 1000 --seed 1
 *     npx tsx test/peers/campaign.ts --peer starlette --path /path/to/a/checkout/of/starlette
 *
 * @module
 */

import { mock } from 'node:test'
import { parseArgs } from 'node:util'
import { exchange, interfaces, noon } from './exchange.ts'
import type { PeerName } from './exchange.ts'
import { startPeers } from './peers.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    peer: { type: 'string' },
    path: { type: 'string' }
  }
})

mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
const peers = startPeers(values.path)
for (const name of Object.keys(interfaces) as PeerName[]) {
  if (values.peer !== undefined && values.peer !== name) continue
  const started = performance.now()
  const version = await peers[`${name}Version`]()
  const { differences } = await exchange(name, peers, { seed: Number(values.seed), runs: Number(values.runs) })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${name} ${version}, seed ${values.seed}: ${values.runs} sessions each way, ${differences.length} differences, ${seconds} s`)
  for (const text of differences.slice(0, 5)) console.log(`\n${text}`)
  if (differences.length > 0) process.exitCode = 1
}
await peers.close()
