import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import secureSession from '../../lib/index.ts'
import * as itsdangerous from '../../lib/itsdangerous/index.ts'
import { cookies, key, run as runCommand } from '../cli/run.ts'
import { application, asking, secretKey } from './recipe.ts'
import type { App, Ask } from './recipe.ts'
import { run, snippet, textOf, untested } from './snippets.ts'

async function withCode (t: TestContext, heading: string): Promise<App> {
  const fastify = application(t)
  await run(snippet('lib/REFERENCE.md', heading), { fastify, secureSession })
  return fastify
}

describe('the commands of the reference', () => {
  const commands = Array.from(textOf('lib/REFERENCE.md').matchAll(/^ {4}npx fastify-secure-cookie-session (.*?) *(?:#.*)?$/gm), ([, command]) => String(command))

  for (const command of commands) {
    test(`${command} answers`, async (t: TestContext) => {
      const argv = command.split(' ').map((word) => word === 'COOKIE' ? cookies.sha512 : word.replaceAll("'", ''))
      const { code, stdout } = await runCommand(argv, { env: { SECRET_KEY: key } })

      t.assert.ok(stdout.length > 20)
      t.assert.strictEqual(code, command.startsWith('verify') ? 1 : 0) // that cookie is of 2023
    })
  }

  test('are all that there are', (t: TestContext) => {
    t.assert.deepStrictEqual(commands.map((command) => command.split(' ')[0]), ['keygen', 'inspect', 'verify', 'sign'])
  })
})

describe('the reasons of rejections in the reference', () => {
  test('are all that there are', (t: TestContext) => {
    const [, type = ''] = /export type RejectionCode =\n([^]*?)\n\n/.exec(textOf('types/session.ts')) ?? []
    const [, table = ''] = /### Why a session was rejected\n([^]*?)\n## /.exec(textOf('lib/REFERENCE.md')) ?? []
    const codes = Array.from(type.matchAll(/'([a-z-]+)'/g), ([, code]) => code).sort()
    const rows = Array.from(table.matchAll(/^\| (`.*?`) \|/gm), ([, cell]) => String(cell).match(/[a-z-]+/g)).flat().sort()

    t.assert.deepStrictEqual(rows, codes)
  })
})

describe("the reference's", () => {
  test('onReject is told why a user was logged out', async (t: TestContext) => {
    const fastify = await withCode(t, 'Why a session was rejected')
    const lines: unknown[] = []
    fastify.get('/', async (request: Ask) => {
      request.log.info = (...line: unknown[]) => lines.push(line)
      return request.session
    })
    await fastify.inject(asking('session=forged'))

    t.assert.deepStrictEqual(lines, [[{ code: 'malformed', age: undefined }, 'logged out']])
  })

  test('test of an application passes', async (t: TestContext) => {
    const titles: string[] = []
    const build = async (): Promise<App> => {
      const fastify = application(t)
      await fastify.register(secureSession, { secretKey })
      fastify.get('/me', async (request) => ({ user: request.session.user_id }))
      return fastify
    }
    let passes: Promise<void> | undefined
    const theirTest = (title: string, body: () => Promise<void>): void => {
      titles.push(title)
      passes = body()
    }

    await run(snippet('lib/REFERENCE.md', 'Testing'), {}, { './app.mjs': { build }, 'node:test': { test: theirTest } })
    await passes

    t.assert.deepStrictEqual(titles, ['me'])
  })
})

describe("ItsDangerous' document", () => {
  test('has an example that runs, and no other code', async (t: TestContext) => {
    process.env.SECRET_KEY = 'a secret key of the documents'
    const { id } = await run(snippet('lib/itsdangerous/README.md', 'ItsDangerous'))

    t.assert.strictEqual(id, 5)
    t.assert.deepStrictEqual(untested('lib/itsdangerous/README.md'), [])
    t.assert.deepStrictEqual(untested('lib/REFERENCE.md'), [])
  })

  test('names every export', (t: TestContext) => {
    const text = textOf('lib/itsdangerous/README.md')
    const errors = /^(?:Bad|Signature)|Error$|isTokenError/

    t.assert.deepStrictEqual(Object.keys(itsdangerous).filter((name) => !text.includes(`\`${name}\``) && !errors.test(name)), [])
  })
})
