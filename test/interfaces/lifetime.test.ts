import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSession, SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SessionApp } from '../../lib/index.ts'
import { ageOf, endOf, isRefreshDue, judge, judgeBook, noteBegin } from '../../lib/interfaces/lifetime.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'
import { noBook } from '../../lib/session/book-keeping.ts'
import { SessionData } from '../../lib/session/session-data.ts'

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

/** Seconds since 1970. */
const now = 1000
const idle = { PERMANENT_SESSION_LIFETIME: 100 }
const both = { ...idle, SESSION_ABSOLUTE_LIFETIME: 150, SESSION_REFRESH_AFTER: 20 }

describe('judgeBook', () => {
  for (const [signedAt, book, settings, verdict] of [
    [0, {}, idle, 'alive'], [0, { created: 0 }, idle, 'alive'], [0, { created: 0 }, { ...idle, SESSION_ABSOLUTE_LIFETIME: null }, 'alive'],
    [990, { created: 850 }, both, 'alive'], [990, { created: 849 }, both, 'expired-absolute'], [990, { created: -5 }, both, 'expired-absolute'],
    [850, {}, both, 'alive'], [849, {}, both, 'expired-absolute'], [990, { created: 2000 }, both, 'alive'],
    [990, { lifetime: 10 }, idle, 'alive'], [989, { lifetime: 10 }, idle, 'expired-session'], [989, { lifetime: 10, created: 1 }, both, 'expired-absolute']
  ] as const) {
    test(`calls a session that was signed at ${signedAt} ${verdict} with ${JSON.stringify([book, settings])} at 1000`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: now * 1000 + 999 })

      t.assert.strictEqual(judgeBook(signedAt, book, settings), verdict)
    })
  }
})

describe('endOf', () => {
  for (const [book, settings, end] of [
    [{}, idle, 1100], [{ lifetime: 30 }, idle, 1030], [{ lifetime: 300 }, idle, 1100], [{ created: 900 }, idle, 1100],
    [{ created: 900 }, both, 1050], [{ created: 990 }, both, 1100], [{ created: 900, lifetime: 30 }, both, 1030], [{}, both, 1100],
    [{}, { ...both, SESSION_ABSOLUTE_LIFETIME: 50 }, 1050], [{ created: 800 }, both, 950]
  ] as const) {
    test(`is ${end} with ${JSON.stringify([book, settings])} at 1000`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })

      t.assert.deepStrictEqual(endOf(book, settings), new Date(end * 1000))
    })
  }
})

describe('isRefreshDue', () => {
  for (const [age, book, settings, isDue] of [
    [0, {}, idle, true], [19, { created: 5 }, both, false], [20, { created: 5 }, both, true], [-3, { created: 5 }, both, false],
    [0, {}, both, true], [14, { created: 5, lifetime: 30 }, both, false], [15, { created: 5, lifetime: 30 }, both, true],
    [49, {}, { ...idle, SESSION_REFRESH_AFTER: 90 }, false], [50, {}, { ...idle, SESSION_REFRESH_AFTER: 90 }, true]
  ] as const) {
    test(`is ${isDue} for a signature of ${age} seconds with ${JSON.stringify([book, settings])}`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })

      t.assert.strictEqual(isRefreshDue(now - age, book, settings), isDue)
    })
  }

  test('is not asked about a session without a signature: it is sent', (t: TestContext) => {
    const app = { config: { ...both, SESSION_REFRESH_EACH_REQUEST: true } } as unknown as SessionApp

    t.assert.strictEqual(new SecureCookieSessionInterface().shouldSetCookie(app, new SecureCookieSession({ _permanent: true })), true)
  })
})

describe('noteBegin', () => {
  const dataOf = (signedAt?: number): SessionData => {
    return new SessionData({ serializer: sessionJSONSerializer, load: () => ({ data: { a: 1 }, signedAt }) })
  }

  test('notes when a session was signed, or now', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })
    for (const [data, created] of [[dataOf(900), 900], [dataOf(), 1000]] as const) {
      noteBegin(data, both)
      t.assert.deepStrictEqual(data.book, { ...noBook, created })
    }
    const anew = dataOf(900)
    anew.keepOnly(new Set(['a']))
    noteBegin(anew, both)
    t.assert.deepStrictEqual(anew.book, { ...noBook, created: 1000 })
  })

  test('notes nothing twice, and nothing unless a setting needs it', (t: TestContext) => {
    const [known, unneeded] = [dataOf(900), dataOf(900)]
    known.book = { created: 5 }
    noteBegin(known, both)
    noteBegin(unneeded, idle)
    t.assert.deepStrictEqual([known.book, unneeded.book], [{ created: 5 }, noBook])
  })
})
