import './recipes-settings.ts'
import './recipes-routes.ts'
import './recipes-values.ts'
import './recipes-moving.ts'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { snippet, untested } from './snippets.ts'

describe('the recipes', () => {
  test('have no code that no test runs or compiles', (t: TestContext) => {
    const paths = JSON.parse(snippet('lib/RECIPES.md', 'TypeScript beside @fastify/flash', 'json')) as object // test/package compiles with it
    snippet('lib/RECIPES.md', 'The type of fastify.config', 'ts') // typescript.test.ts, and the next
    snippet('lib/RECIPES.md', 'A session of another name', 'ts')

    t.assert.deepStrictEqual(Object.keys(paths), ['compilerOptions'])
    t.assert.deepStrictEqual(untested('lib/RECIPES.md'), [])
  })
})
