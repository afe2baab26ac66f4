/**
 * A long campaign of random exchanges with every Flask on this machine.
 *
 *     npx tsx test/flask/campaign.ts --runs 20000 --seed 1
 *
 * @module
 */

import { mock } from 'node:test'
import { parseArgs } from 'node:util'
import { converse } from './conversation.ts'
import { differences } from './differences.ts'
import type { DifferenceName } from './differences.ts'
import { findPythons, startPeer } from './peer.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    failures: { type: 'string', default: '5' },
    flask: { type: 'string' }
  }
})

mock.timers.enable({ apis: ['Date'], now: 0 })
for (const { command, versions } of findPythons()) {
  if (values.flask !== undefined && versions.flask !== values.flask) continue
  const peer = startPeer(command)
  const started = performance.now()
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1)
  console.log(`Flask ${versions.flask}, Werkzeug ${versions.werkzeug}, ItsDangerous ${versions.itsdangerous}, Python ${versions.python}; seed ${values.seed}`)
  let next = 1000
  const report = await converse({
    peer,
    versions,
    seed: Number(values.seed),
    runs: Number(values.runs),
    maxFailures: Number(values.failures),
    setClock: (now) => mock.timers.setTime(now),
    onConversation: ({ exchanges, failures }) => {
      if (exchanges < next) return
      console.log(`  ${exchanges} exchanges, ${failures.length} failures, ${seconds()} s`)
      next += 1000 * Math.ceil((exchanges - next + 1) / 1000)
    }
  })
  await peer.close()
  const { exchanges, conversations, cookies, deletions, silent, readByUs, readByFlask, failures, tally } = report
  console.log(`  ${exchanges} exchanges in ${conversations} conversations, both sent a cookie in ${cookies}, deleted it in ${deletions}, said nothing in ${silent}; ` +
    `${readByUs} of Flask's and ${readByFlask} of ours read by both; ${failures.length} failures; ${seconds()} s`)
  for (const name of Object.keys(differences) as DifferenceName[]) {
    const count = tally.counts.get(name) ?? 0
    if (tally.knows(name)) console.log(`  ${String(count).padStart(7)} ${name}: ${differences[name].feature}`)
  }
  for (const failure of failures) console.log(`\n${failure}`)
  if (failures.length > 0) process.exitCode = 1
}
