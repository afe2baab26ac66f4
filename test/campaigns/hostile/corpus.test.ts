import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { countCookieInVary } from '../../helpers.ts'
import { cookieOf, corpus, newestAnswer } from './corpus.ts'
import type { CorpusEntry } from './corpus.ts'
import { differenceFor, differences, expectationFor, reasonFor } from './expectations.ts'
import type { Expectation } from './expectations.ts'
import { changesSince, snapshotOfShared } from './shared-objects.ts'
import { levels, makeWorld, optionsFor } from './world.ts'
import type { Sight, World } from './world.ts'

const groups = new Map<string, CorpusEntry[]>()
for (const entry of corpus.entries) {
  const group = entry.id.slice(0, entry.id.indexOf(':'))
  groups.set(group, [...groups.get(group) ?? [], entry])
}

describe('the hostile corpus', () => {
  for (const [group, entries] of groups) {
    test(`does no harm and is read as the table says: ${group}, ${entries.length} cookies`, async (t: TestContext) => {
      const now = corpus.now * 1000
      t.mock.timers.enable({ apis: ['Date'], now })
      const worlds = new Map<string, World>()
      for (const [name, options] of Object.entries(corpus.apps)) worlds.set(name, await makeWorld(optionsFor(options)))
      t.after(() => Promise.all([...worlds.values()].map((world) => world.close())))
      const shared = snapshotOfShared()
      const wrong: string[] = []

      for (const entry of entries) {
        const cookie = cookieOf(entry)
        const world = worlds.get(entry.app) as World
        // What was seen before may be remembered, and must come out the same.
        for (const time of ['first', 'second']) {
          const sight = await world.see(cookie)
          for (const complaint of complaints(entry, cookie, sight)) wrong.push(`${entry.id}, ${time} time: ${complaint} (${reasonFor(entry)})`)
        }
      }

      t.assert.deepStrictEqual(wrong, [])
      t.assert.deepStrictEqual(changesSince(shared), [])
    })
  }

  test('is read in the same way after any other cookie', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: corpus.now * 1000 })
    const options = corpus.apps.sha1 as (typeof corpus.apps)[string]
    const world = await makeWorld(optionsFor(options))
    t.after(() => world.close())
    const entries = corpus.entries.filter(({ app, id }) => app === 'sha1' && !id.startsWith('sizes: '))
    const wrong: string[] = []

    // steps prime to the number of entries: each is met after others than in the corpus
    const step = entries.length % 7 === 0 ? 11 : 7
    for (let at = 0, count = 0; count < entries.length; at = (at + step) % entries.length, count++) {
      const entry = entries[at] as CorpusEntry
      const cookie = cookieOf(entry)
      for (const complaint of complaints(entry, cookie, await world.see(cookie))) wrong.push(`${entry.id}: ${complaint}`)
    }

    t.assert.deepStrictEqual(wrong, [])
  })

  test('opens no sealed session, and with readSigned the very ones that signed sessions open', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: corpus.now * 1000 })
    const worlds = new Map<string, World[]>()
    for (const [name, app] of Object.entries(corpus.apps).filter(([, app]) => app.keyDerivation !== 'none' && app.config?.SECRET_KEY !== null)) {
      const options = optionsFor(app)
      worlds.set(name, await Promise.all([false, true, { readSigned: true }].map((sealed) => makeWorld({ ...options, sealed, maxCookieSize: 0 }))))
    }
    t.after(() => Promise.all([...worlds.values()].flat().map((world) => world.close())))
    const shared = snapshotOfShared()
    const wrong: string[] = []

    for (const entry of corpus.entries.filter(({ app }) => worlds.has(app))) {
      const cookie = cookieOf(entry)
      const [signed, sealed, both] = await Promise.all((worlds.get(entry.app) as World[]).map((world) => world.see(cookie)))
      if (sealed?.status !== 200 || !isDeepStrictEqual(sealed.data, {}) || sealed.setCookie.length > 0) wrong.push(`${entry.id}: sealed`)
      if (both?.status !== signed?.status || !isDeepStrictEqual(both?.data, signed?.data)) wrong.push(`${entry.id}: readSigned`)
      for (const line of [...sealed?.lines ?? [], ...both?.lines ?? []]) if (line.level > levels.warn) wrong.push(`${entry.id}: ${line.msg}`)
    }

    t.assert.deepStrictEqual(wrong, [])
    t.assert.deepStrictEqual(changesSince(shared), [])
  })

  test('has an entry for every difference from Flask in the table', (t: TestContext) => {
    const met = new Set(corpus.entries.map(differenceFor))
    t.assert.deepStrictEqual(differences.filter((difference) => !met.has(difference)).map(({ why }) => why), [])
  })

  test('holds cookies of every group that stock Flask takes, refuses and fails at', (t: TestContext) => {
    const outcomes = corpus.entries.map((entry) => newestAnswer(entry).outcome)
    t.assert.deepStrictEqual([...new Set(outcomes)].sort(), ['500', 'data', 'empty'])
    t.assert.ok(groups.size >= 13 && corpus.entries.length > 1700)
  })
})

function complaints (entry: CorpusEntry, cookie: string, sight: Sight): string[] {
  const { data, log } = expectationFor(entry)
  const found: string[] = []
  if (sight.status !== 200) found.push(`status ${sight.status}`)
  if (!holds(sight.data, data)) found.push('other data than expected')
  const wanted = log === 'none' ? [] : [levels[log]]
  // A cookie of another digest is reported to the developer, too, once for each application.
  const seen = sight.lines.filter(({ msg }) => !/is signed with the right key/.test(String(msg))).map(({ level }) => level)
  if (!isDeepStrictEqual(seen, wanted)) found.push(`log lines of level ${seen.join()} instead of ${wanted.join()}`)
  if (leaks(sight.text, cookie)) found.push('a part of the cookie or of a key in the log')
  // Without a key nothing depends on the cookie.
  if (countCookieInVary(sight.vary) !== (entry.app === 'no key' ? 0 : 1)) found.push(`Vary is ${sight.vary}`)
  const isPermanent = Boolean(sight.data?._permanent)
  if (sight.setCookie.length !== (isPermanent ? 1 : 0)) found.push(`${sight.setCookie.length} Set-Cookie`)
  return found
}

function holds (data: Sight['data'], expected: Expectation['data']): boolean {
  if (data === undefined) return false
  return isDeepStrictEqual(data, expected) || (typeof expected.keys === 'number' && Object.keys(data).length === expected.keys)
}

/** Whether the log tells eight characters or more of the cookie, or a key. */
function leaks (text: string, cookie: string): boolean {
  const keys = Object.values(corpus.apps).flatMap(({ config = {} }) => [config.SECRET_KEY, config.SECRET_KEY_FALLBACKS].flat()).filter((key) => typeof key === 'string')
  const parts = cookie.split(/[;=.,\s]+/).filter((part) => part.length >= 8)
  const told = text.replace(/"time":\d+/g, '')
  return [...keys, ...parts].some((part) => told.includes(part))
}
