import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { Typed } from '../../flask/typed-json.ts'
import { countCookieInVary } from '../../helpers.ts'
import { makeWorld, python } from '../hostile/world.ts'
import { key, now } from './gene.ts'

/** What the fuzzer wrote, with what was decided about it. */
interface Finding {
  name: string
  /** What the fuzzer said. */
  reason: string
  cookie: string
  expected: Typed
  /** Why that is right, or what was wrong here; empty while nobody has looked at it. */
  why: string
}

const folder = new URL('findings/', import.meta.url)
const findings: Finding[] = readdirSync(folder).filter((name) => name.endsWith('.json')).sort()
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))

describe('what the fuzzer found', () => {
  for (const { name, reason, cookie, expected, why } of findings) {
    test(`is read as it was decided: ${name}, ${reason}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })
      const world = await makeWorld({ secretKey: key, digestMethod: 'sha1' })
      t.after(() => world.close())
      for (const time of ['first', 'second']) {
        const { status, data, lines, vary } = await world.see(cookie)
        t.assert.strictEqual(status, 200, time)
        t.assert.deepStrictEqual(data, python.decode(expected), why)
        t.assert.ok(lines.length === 0 || (lines.length === 1 && isDeepStrictEqual(data, {})))
        t.assert.strictEqual(countCookieInVary(vary), 1)
      }
    })
  }
})
