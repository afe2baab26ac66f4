import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createWarnOnce } from '../../lib/config/warn-once.ts'

describe('createWarnOnce', () => {
  test('logs one warning of each kind, with the name of the session', (t: TestContext) => {
    const lines: unknown[] = []
    const log = { warn: (line: unknown) => { lines.push(line) } }
    const warnOnce = createWarnOnce(log, 'admin')

    warnOnce('proxy', 'trustProxy is off')
    warnOnce('proxy', 'trustProxy is off')
    warnOnce('proxy', 'another text')
    warnOnce('digest', 'set digestMethod')

    t.assert.deepStrictEqual(lines, ['admin: trustProxy is off', 'admin: set digestMethod'])
  })

  test('counts each session apart', (t: TestContext) => {
    const lines: unknown[] = []
    const log = { warn: (line: unknown) => { lines.push(line) } }

    for (const name of ['session', 'admin']) createWarnOnce(log, name)('proxy', 'trustProxy is off')

    t.assert.deepStrictEqual(lines, ['session: trustProxy is off', 'admin: trustProxy is off'])
  })
})
