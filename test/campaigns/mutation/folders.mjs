/**
 * The folders of the library that are changed, and which tests have to notice: `MUTATE=json npm run mutate`.
 *
 * @module
 */

import { readdirSync } from 'node:fs'

const testsOf = {
  itsdangerous: ['test/itsdangerous'],
  json: ['test/json'],
  sessions: ['test/sessions', 'test/replies', 'test', 'test/campaigns/hostile']
}

/** Too slow to be run for every change, and not meant for a single line. */
const campaigns = [
  'test/campaigns/hostile/corpus.test.ts', 'test/campaigns/hostile/properties.test.ts', 'test/json/properties.test.ts',
  'test/replies/replies.test.ts', 'test/replies/headers.test.ts'
]

export const folder = process.env.MUTATE ?? 'itsdangerous'
if (!Object.hasOwn(testsOf, folder)) throw new Error(`MUTATE must be one of ${Object.keys(testsOf).join(', ')}`)

export const testFiles = testsOf[folder].flatMap((place) => readdirSync(place).sort().map((name) => `${place}/${name}`))
  .filter((file) => file.endsWith('.test.ts') && !campaigns.includes(file))

/** What bundle.mjs makes of a test file. */
export const bundleOf = (file) => file.replace(/\.ts$/, '.mjs')
