import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { requireFlask, startPeer } from '../../flask/peer.ts'
import { Campaign } from './campaign.ts'
import { now } from './gene.ts'

const seed = Number(process.env.HOSTILE_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** A slice of what fuzz.ts does for hours. */
describe('cookies that are changed at random', () => {
  test('are to us what they are to Flask, but for the differences that are meant', async (t: TestContext) => {
    const [python] = requireFlask(t)
    if (python === undefined) return
    t.diagnostic(`HOSTILE_SEED=${seed}`)
    t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })
    const peer = startPeer(python.command)
    t.after(() => peer.close())
    const campaign = await Campaign.start(peer, seed)
    t.after(() => campaign.close())

    await campaign.plant(false)
    for (let batch = 0; batch < 20; batch++) await campaign.step(100)
    campaign.checkShared()

    t.diagnostic(campaign.summary)
    t.assert.deepStrictEqual(campaign.found, [])
  })
})
