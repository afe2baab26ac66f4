/**
 * A long campaign of random sealed sessions with every Flask on this machine that has PyNaCl.
 *
 *     npx tsx test/campaigns/sealed/campaign.ts --sessions 2000 --seed 1
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { findPythons, startPeer } from '../../flask/peer.ts'
import { exchange } from './exchange.ts'

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) }
  }
})

for (const { command, versions } of findPythons()) {
  if (typeof versions.pynacl !== 'string') continue
  console.log(`Flask ${versions.flask}, ItsDangerous ${versions.itsdangerous}, PyNaCl ${versions.pynacl}, Python ${versions.python}; seed ${values.seed}`)
  const started = performance.now()
  const peer = startPeer(command)
  const { failures, sessions, older, foreign, kinds } = await exchange({ peer, seed: Number(values.seed), sessions: Number(values.sessions) })
  await peer.close()
  console.log(`  ${sessions} sessions both ways, ${older} tokens of an older key read, ${foreign} of another session or key refused, ` +
    `${failures.length} failures; ${((performance.now() - started) / 1000).toFixed(1)} s`)
  console.log(`  values: ${Object.entries(kinds).map(([kind, count]) => `${kind} ${count}`).join(', ')}`)
  for (const failure of failures) console.log(`\n${failure}`)
  if (failures.length > 0) process.exitCode = 1
}
