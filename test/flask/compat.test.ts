import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { converse } from './conversation.ts'
import { differences } from './differences.ts'
import { requireFlask, startPeer } from './peer.ts'

/** Exchanges with each Flask. */
const runs = Number(process.env.FLASK_RUNS ?? 600)
const seed = Number(process.env.FLASK_SEED ?? Date.now() % 1_000_000_000)

describe('a real Flask and the plugin, given the same cookie at the same time', () => {
  test('do the same to the session, and each reads what the other writes', async (t: TestContext) => {
    for (const { command, versions } of requireFlask(t)) {
      await t.test(`Flask ${versions.flask}, FLASK_SEED=${seed} FLASK_RUNS=${runs}`, async (t: TestContext) => {
        t.mock.timers.enable({ apis: ['Date'] })
        const peer = startPeer(command)
        t.after(() => peer.close())

        const report = await converse({ peer, versions, seed, runs, setClock: (now) => t.mock.timers.setTime(now) })

        t.diagnostic(`Flask ${versions.flask}: ${report.exchanges} exchanges, seed ${seed}; known differences met: ` +
          [...report.tally.counts].map(([name, count]) => `${name} (${differences[name].versions}) ${count}`).join(', '))
        t.assert.deepStrictEqual(report.failures, [])
        t.assert.ok(report.exchanges >= runs)
      })
    }
  })
})
