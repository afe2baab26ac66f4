import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

// The campaigns take an hour: `npm run mutate`, RESULTS.md. These are some lines, and show that they can be run.
test('the tests notice every change of the access to keys in dict.ts that makes a difference', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mutation-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { NODE_TEST_CONTEXT: context, NODE_V8_COVERAGE: coverage, ...env } = process.env
  const report = join(folder, 'report.json')

  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', 'test/campaigns/mutation/stryker.config.mjs', '--mutate', 'lib/json/dict.ts:28-31'],
    { env: { ...env, MUTATE: 'json', REPORT: report }, encoding: 'utf8' }
  )

  t.assert.strictEqual(status, 0, stdout)
  const { files } = JSON.parse(readFileSync(report, 'utf8'))
  const { mutants } = files['lib/json/dict.ts']
  const survivors = mutants.filter((mutant) => !['Killed', 'Timeout'].includes(mutant.status))
  t.assert.ok(mutants.length >= 4)
  t.assert.deepStrictEqual(survivors.map(({ mutatorName, location, replacement }) => `${location.start.line}: ${mutatorName} ${replacement}`), [
    // To define a property that is no __proto__ does what assigning it does.
    '30: ConditionalExpression false'
  ])
})
