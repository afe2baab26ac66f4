import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ageOf, judge } from '../../lib/interfaces/lifetime.ts'

describe('ageOf', () => {
  test('is in whole seconds, and negative for the future', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000_999 })

    t.assert.deepStrictEqual([990, 1000, 1001].map(ageOf), [10, 0, -1])
  })
})

describe('judge', () => {
  for (const [age, verdict] of [
    [0, 'alive'], [60, 'alive'], [61, 'expired'], [Infinity, 'expired'], [-5, 'alive'], [-6, 'from-future'], [-Infinity, 'from-future'], [NaN, 'expired']
  ] as const) {
    test(`calls a session whose signature is ${age} seconds old ${verdict} with a maxAge of 60 and a tolerance of 5`, (t: TestContext) => {
      t.assert.strictEqual(judge(age, { maxAge: 60, clockTolerance: 5 }), verdict)
    })
  }

  test('calls no session alive with limits that are not numbers', (t: TestContext) => {
    t.assert.strictEqual(judge(0, { maxAge: NaN, clockTolerance: 5 }), 'expired')
    t.assert.strictEqual(judge(-1, { maxAge: 60, clockTolerance: NaN }), 'from-future')
  })
})
