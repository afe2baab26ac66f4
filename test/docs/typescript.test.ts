import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { snippet } from './snippets.ts'

const checkout = join(import.meta.dirname, '../..')
const folder = join(checkout, 'coverage/docs') // below the checkout, so that its node_modules are found
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
const ours = 'fastify-secure-cookie-session'

after(() => rmSync(folder, { recursive: true, force: true }))

/** What the compiler says to a program. */
async function compile (name: string, program: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.mts`), program)
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({
    extends: '../../tsconfig.json',
    compilerOptions: { skipLibCheck: true, noUnusedLocals: false, paths: { [ours]: ['../../lib/index.ts'] } },
    include: [`${name}.mts`]
  }))
  try {
    return (await promisify(execFile)(process.execPath, [tsc, '-p', join(folder, `${name}.json`), '--pretty', 'false'])).stdout
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

const head = `import Fastify from 'fastify'\nimport secureSession from '${ours}'\nconst fastify = Fastify()\nawait fastify.register(secureSession)\n`

describe('in TypeScript', () => {
  test('the data of the README is checked', async (t: TestContext) => {
    const program = `${head}${snippet('README.md', 'TypeScript', 'ts')}
fastify.get('/', async ({ session }) => {
  session.user_id = 42
  session.cart?.items.push('tea')
  // @ts-expect-error
  session.user_id = 'a word'
  // @ts-expect-error
  session.nothing = 1
})`

    t.assert.strictEqual(await compile('data', program), '')
  })

  test('fastify.config has the types of the recipe', async (t: TestContext) => {
    const program = `${snippet('lib/RECIPES.md', 'The type of fastify.config', 'ts')}${head}
fastify.config.SESSION_COOKIE_SECURE = 'auto'
export const port: number = fastify.config.PORT
// @ts-expect-error
fastify.config.PERMANENT_SESSION_LIFETIME = 'long'`

    t.assert.strictEqual(await compile('config', program), '')
  })

  test('a session of another name has the type of the recipe', async (t: TestContext) => {
    const program = `${snippet('lib/RECIPES.md', 'A session of another name', 'ts')}${head}
fastify.get('/', async ({ admin }) => {
  admin.level = 1
  // @ts-expect-error
  admin.level = 'high'
})
fastify.get('/leave', async (request) => {
  request.admin = { level: 2 }
  request.admin = null
  // @ts-expect-error
  request.admin = { level: 'high' }
})`

    t.assert.strictEqual(await compile('named', program), '')
  })
})
