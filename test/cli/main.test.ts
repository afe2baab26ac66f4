import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cookies, key, lines, run } from './run.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
const words = ['keygen', 'inspect', 'verify', 'sign']

describe('help', () => {
  for (const argv of [['--help'], ['-h'], ...words.flatMap((word) => [[word, '--help'], [word, '--salt', '-h']])]) {
    test(`${argv.join(' ')} is answered on standard output, in lines of up to 80 columns`, async (t: TestContext) => {
      const { code, stdout, stderr } = await run(argv)
      t.assert.strictEqual(code, 0)
      t.assert.strictEqual(stderr, '')
      t.assert.match(stdout, /^Usage: npx fastify-secure-cookie-session /m)
      t.assert.match(stdout, /^Examples:\n {2}\S/m)
      t.assert.deepStrictEqual(stdout.split('\n').filter((line) => line.length > 80), [])
    })
  }

  test('names every command', async (t: TestContext) => {
    const { stdout } = await run(['--help'])
    for (const word of words) t.assert.match(stdout, new RegExp(`^ {2}${word} +\\w`, 'm'))
  })

  test('is what a call without arguments gets, as an error', async (t: TestContext) => {
    const { stdout: help } = await run(['--help'])
    t.assert.deepStrictEqual(await run([]), { code: 2, stdout: '', stderr: help })
  })

  test('says which of several keys signs', async (t: TestContext) => {
    const { stdout } = await run(['verify', '--help'])
    t.assert.match(stdout, /from the OLDEST to the NEWEST/)
  })
})

describe('version', () => {
  test("is package.json's", async (t: TestContext) => {
    t.assert.deepStrictEqual(await run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('is unknown to a program that lies in no package', async (t: TestContext) => {
    t.assert.strictEqual((await run(['--version'], { program: '/' })).stdout, 'unknown\n')
  })

  test('is looked for above a package.json that has none', async (t: TestContext) => {
    const program = fileURLToPath(new URL('package-without-version/package.json', import.meta.url))
    t.assert.strictEqual((await run(['--version'], { program })).stdout, `${version}\n`)
  })
})

describe('a wrong call', () => {
  const wrong: Array<[argv: string[], message: RegExp]> = [
    [[cookies.sha1], /^fastify-secure-cookie-session: no such command or option: the commands are keygen, inspect, verify, sign; see --help\n$/],
    [['--json'], /no such command or option/],
    [['keygen', '--size', '3'], /^fastify-secure-cookie-session keygen: Unknown option '--size'; see --help\n$/],
    [['inspect', '--name'], /^fastify-secure-cookie-session inspect: Option '--name <value>' argument missing; see --help\n$/],
    [['inspect', '--name', '--json'], /^[^\n]*Option '--name' argument is ambiguous; see --help\n$/],
    [['inspect', 'session=a;', 'Path=/'], /one COOKIE is taken, got 2 arguments/],
    [['inspect'], /COOKIE is missing: give it as an argument or on standard input/],
    [['inspect', '-'], /COOKIE is missing: standard input is empty/]
  ]
  for (const [argv, message] of wrong) {
    test(`${argv.join(' ')} gets one line and exit code 2`, async (t: TestContext) => {
      const { code, stdout, stderr } = await run(argv)
      t.assert.strictEqual(code, 2)
      t.assert.strictEqual(stdout, '')
      t.assert.match(stderr, message)
      t.assert.match(stderr, /^[^\n]+; see --help\n$/)
    })
  }

  test('repeats nothing of an argument that a terminal would take for a command', async (t: TestContext) => {
    for (const [argv, option] of [
      [['inspect', '--\u001b]0;x\u0007'], "'--\\u001b]0;x\\u0007'"], [['sign', '-\u009b'], "'-\\u009b'"], [['verify', '--name\u202e'], "'--name\\u202e'"],
      [['keygen', '--\n\u{e0041}'], "'--\\u000a\\udb40\\udc41'"]
    ] as const) {
      t.assert.strictEqual((await run(argv)).stderr, `fastify-secure-cookie-session ${argv[0]}: Unknown option ${option}; see --help\n`)
    }
  })

  test('repeats a long argument in part', async (t: TestContext) => {
    t.assert.strictEqual((await run(['inspect', `--${'x'.repeat(1000)}`])).stderr,
      `fastify-secure-cookie-session inspect: Unknown option '--${'x'.repeat(102)}...; see --help\n`)
  })

  test('does not repeat an argument that may be a cookie', async (t: TestContext) => {
    const { stderr } = await run([cookies.sha1])
    t.assert.ok(!stderr.includes(cookies.sha1))
  })
})

describe('a key as an argument', () => {
  const arguments_ = [
    ['--key', 'hunter2hunter2'], ['--key=hunter2hunter2'], ['--secret', 'hunter2hunter2'], ['--secret-key=hunter2hunter2'],
    ['--SECRET_KEY', 'hunter2hunter2'], ['SECRET_KEY=hunter2hunter2'], ['--fallbacks=hunter2hunter2'], ['-key', 'hunter2hunter2']
  ]
  for (const more of arguments_) {
    for (const argv of [['verify', ...more, cookies.sha1], ['sign', '{}', ...more], more]) {
      test(`${argv.join(' ').slice(0, 40)}... is refused with the reason, and not repeated`, async (t: TestContext) => {
        const { code, stdout, stderr } = await run(argv, { env: { SECRET_KEY: key } })
        t.assert.strictEqual(code, 2)
        t.assert.strictEqual(stdout, '')
        t.assert.match(stderr, /: a key is never taken from an argument, .* list of processes .* SECRET_KEY .* --key-file FILE; see --help\n$/)
        t.assert.ok(!stderr.includes('hunter2'))
      })
    }
  }
})

describe('an error that is not the caller\'s', () => {
  test('is thrown on', async (t: TestContext) => {
    const { main } = await import('../../lib/cli/main.ts')
    const io = { stdout: { write () {} }, stderr: { write () {} }, isTTY: false, env: {}, program: undefined }
    await t.assert.rejects(main(['inspect'], { ...io, stdin: async () => { throw new Error('a broken pipe') } }), { message: 'a broken pipe' })
    await t.assert.rejects(main(['inspect', cookies.sha1], { ...io, stdin: async () => '', stdout: { write () { throw new Error('a full disk') } } }), { message: 'a full disk' })
    t.assert.strictEqual(await main(['--version'], { ...io, stdin: async () => '' }), 0)
  })
})

describe('as a program', () => {
  async function program (argv: string[], input: string): Promise<{ code: number, stdout: string, stderr: string }> {
    const file = fileURLToPath(new URL('../../lib/cli.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', file, ...argv], { env: { ...process.env, SECRET_KEY: key } })
    child.stdin.end(input)
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: code as number, stdout, stderr }
  }

  test('reads standard input and the environment, and exits with the code', async (t: TestContext) => {
    const [version_, inspected, refused, wrong] = await Promise.all([
      program(['--version'], ''), program(['inspect', '--json'], `Set-Cookie: session=${cookies.sha1}; Path=/\n`),
      program(['verify'], cookies.sha512), program(['verify', '--max-age', 'x'], '')
    ])
    t.assert.deepStrictEqual(version_, { code: 0, stdout: `${version}\n`, stderr: '' })
    t.assert.strictEqual(inspected.code, 0)
    t.assert.deepStrictEqual((JSON.parse(inspected.stdout) as { payload: unknown }).payload, { user_id: 42 })
    t.assert.strictEqual(refused.code, 1)
    t.assert.match(refused.stdout, /^REFUSED: ERR_TOKEN_SIGNATURE_EXPIRED\n/)
    t.assert.deepStrictEqual(wrong, {
      code: 2,
      stdout: '',
      stderr: lines('fastify-secure-cookie-session verify: --max-age must be a whole number from 0 to 3155760000; see --help')
    })
  })
})
