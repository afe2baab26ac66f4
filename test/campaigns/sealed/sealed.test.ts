import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { requireSealedFlask, startPeer } from '../../flask/peer.ts'
import { exchange } from './exchange.ts'

/** Sessions with each Flask; `campaign.ts` takes thousands. */
const sessions = Number(process.env.SEALED_SESSIONS ?? 100)
const seed = Number(process.env.SEALED_SEED ?? Date.now() % 1_000_000_000)

describe('a real Flask with PyNaCl and the plugin', () => {
  test('open what the other seals, also of older keys, and refuse what is of another session or key', async (t: TestContext) => {
    for (const { command, versions } of requireSealedFlask(t)) {
      await t.test(`Flask ${versions.flask}, SEALED_SEED=${seed} SEALED_SESSIONS=${sessions}`, async (t: TestContext) => {
        const peer = startPeer(command)
        t.after(() => peer.close())

        const report = await exchange({ peer, seed, sessions })

        t.diagnostic(`Flask ${versions.flask}, PyNaCl ${versions.pynacl}: ${JSON.stringify({ ...report, failures: report.failures.length })}`)
        t.assert.deepStrictEqual(report.failures, [])
        t.assert.strictEqual(report.sessions, sessions)
        for (const kind of ['$tuple', '$bytes', '$markup', '$uuid', '$datetime', '$dict']) t.assert.ok((report.kinds[kind] ?? 0) >= sessions, kind)
      })
    }
  })
})
