import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookies, key, lines, oldKey, run, secondsLater } from './run.ts'
import type { Outcome } from './run.ts'

const env = { SECRET_KEY: key }
const usage = (message: string): Outcome => ({ code: 2, stdout: '', stderr: `fastify-secure-cookie-session sign: ${message}; see --help\n` })

describe('sign', () => {
  test('makes the very cookies that Flask makes', async (t: TestContext) => {
    secondsLater(t, 0)
    const json = '{"user_id":42}'
    for (const [argv, cookie] of [
      [[], cookies.sha512], [['--digest', 'sha1'], cookies.sha1], [['--digest', 'sha256,sha1'], cookies.sha256],
      [['--salt', 'cookie-session.admin', '--key-derivation', 'django-concat'], cookies.admin]
    ] as const) {
      t.assert.deepStrictEqual(await run(['sign', ...argv, json], { env }), { code: 0, stdout: `${cookie}\n`, stderr: '' })
    }
  })

  test('signs with the newest of several keys', async (t: TestContext) => {
    secondsLater(t, 0)
    const { stdout } = await run(['sign', '{"user_id":42}'], { env: { SECRET_KEY: oldKey, SECRET_KEY_FALLBACKS: key } })
    t.assert.strictEqual(stdout, `${cookies.old}\n`)
  })

  test('reads standard input, and leaves out white space', async (t: TestContext) => {
    secondsLater(t, 0)
    t.assert.strictEqual((await run(['sign'], { env, stdin: '{ "user_id": 42 }\n' })).stdout, `${cookies.sha512}\n`)
  })

  test('makes a session permanent', async (t: TestContext) => {
    secondsLater(t, 0)
    const { stdout } = await run(['sign', '--permanent', '--json', '{"_permanent":false,"user_id":42}'], { env })
    t.assert.strictEqual(stdout, lines(
      `{"cookie":"${cookies.permanent}","bytes":137,"digest":"sha512","key":{"index":0,"name":"newest","source":"SECRET_KEY"},"permanent":true}`
    ))
  })

  for (const json of [
    '{"at":{" d":"Sat, 03 Feb 2024 04:05:06 GMT"},"big":1180591620717411303424,"f":3.0,"pair":{" t":[1,{" b":"AP8Q"}]},"x":{" di":{" t__":1}}}',
    '{"__proto__":{"a":1}}'
  ]) {
    test(`makes what verify accepts, with tags, numbers and keys as they were: ${json.slice(0, 20)}`, async (t: TestContext) => {
      const { stdout } = await run(['sign', json], { env })
      t.assert.ok((await run(['verify', '--json', stdout], { env })).stdout.endsWith(`,"permanent":false,"payload":${json}}\n`))
    })
  }

  test('warns of a cookie that browsers drop', async (t: TestContext) => {
    const data = { noise: Array.from({ length: 3000 }, (_, i) => (i * i * 7919) % 100_003) }
    const { code, stdout, stderr } = await run(['sign', JSON.stringify(data)], { env })
    t.assert.strictEqual(code, 0)
    t.assert.ok(stdout.length > 4094)
    t.assert.strictEqual(stderr, `warning: ${stdout.length - 1} bytes; browsers drop cookies over 4093, name and attributes included\n`)
  })
})

describe('what sign refuses', () => {
  const wrong: Array<[json: string, message: string]> = [
    ['{user_id:42}', 'the session must be JSON, and tagged values of their kind'],
    ['{"id":{" u":"no uuid"}}', 'the session must be JSON, and tagged values of their kind'],
    ['[1]', 'the session must be a JSON object'],
    ['null', 'the session must be a JSON object'],
    ['42', 'the session must be a JSON object'],
    ['{" t":[1]}', 'the session must be a JSON object'],
    [`{"a":"${'a'.repeat(262_137)}"}`, 'the session must have at most 262144 bytes of JSON']
  ]
  for (const [json, message] of wrong) {
    test(`${json.slice(0, 30)}: ${message}`, async (t: TestContext) => {
      t.assert.deepStrictEqual(await run(['sign', json], { env }), usage(message))
    })
  }

  test('a session that --permanent makes too large', async (t: TestContext) => {
    const json = `{"a":"${'a'.repeat(262_130)}"}`
    t.assert.strictEqual((await run(['sign', json], { env })).code, 0)
    t.assert.deepStrictEqual(await run(['sign', '--permanent', json], { env }), usage('the session must have at most 262144 bytes of JSON'))
  })

  test('nothing at all', async (t: TestContext) => {
    t.assert.deepStrictEqual(await run(['sign'], { env }), usage('JSON is missing: give it as an argument or on standard input'))
  })

  test('anything without a key', async (t: TestContext) => {
    t.assert.deepStrictEqual(await run(['sign', '{}']), usage('no key: set SECRET_KEY in the environment or use --key-file FILE'))
  })
})
