import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { run } from './run.ts'

describe('keygen', () => {
  test('prints 32 random bytes as base64url and nothing else', async (t: TestContext) => {
    const { code, stdout, stderr } = await run(['keygen'])
    t.assert.strictEqual(code, 0)
    t.assert.strictEqual(stderr, '')
    t.assert.match(stdout, /^[\w-]{43}\n$/)
  })

  test('never prints a key twice', async (t: TestContext) => {
    const keys = await Promise.all(Array.from({ length: 20 }, async () => (await run(['keygen'])).stdout))
    t.assert.strictEqual(new Set(keys).size, 20)
  })

  test('prints as many bytes as it is told', async (t: TestContext) => {
    const { stdout } = await run(['keygen', '--bytes', '48', '--json'])
    const { key, bytes } = JSON.parse(stdout) as { key: string, bytes: number }
    t.assert.strictEqual(bytes, 48)
    t.assert.strictEqual(Buffer.from(key, 'base64url').length, 48)
  })

  for (const bytes of ['15', '1025', '-1', '3.5', '0x20', 'many', '']) {
    test(`refuses --bytes=${bytes}`, async (t: TestContext) => {
      t.assert.deepStrictEqual(await run(['keygen', `--bytes=${bytes}`]), {
        code: 2, stdout: '', stderr: 'fastify-secure-cookie-session keygen: --bytes must be a whole number from 16 to 1024; see --help\n'
      })
    })
  }

  test('refuses any other argument', async (t: TestContext) => {
    t.assert.deepStrictEqual(await run(['keygen', '32']), {
      code: 2, stdout: '', stderr: 'fastify-secure-cookie-session keygen: keygen takes options only; see --help\n'
    })
  })
})
