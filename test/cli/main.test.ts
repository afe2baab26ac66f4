import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { main } from '../../lib/cli/main.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/url-safe.ts'
import { cookies, key, lines, run } from './run.ts'
import type { Outcome } from './run.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
const words = ['keygen', 'inspect', 'verify', 'sign']

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

  test('refuses other sizes and arguments', async (t: TestContext) => {
    const sizes = ['15', '1025', '-1', '3.5', '0x20', 'many', ''].map((bytes) => `--bytes=${bytes}`)
    for (const argument of [...sizes, '32']) {
      const message = argument === '32' ? 'keygen takes options only' : '--bytes must be a whole number from 16 to 1024'
      t.assert.deepStrictEqual(await run(['keygen', argument]), {
        code: 2, stdout: '', stderr: `fastify-secure-cookie-session keygen: ${message}; see --help\n`
      })
    }
  })
})

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
  const io = { stderr: { write () {} }, stdout: { write () {} }, isTTY: false, env: {}, program: '/' }

  test('on standard input is one line', async (t: TestContext) => {
    for (const [error, message] of [
      [Object.assign(new Error('/home/me'), { code: 'EIO' }), 'standard input cannot be read: EIO; see --help'],
      [undefined, 'standard input has more than 16777216 bytes; see --help']
    ] as const) {
      let stderr = ''
      const stdin = async function * (): AsyncGenerator<Uint8Array> {
        if (error !== undefined) throw error
        while (true) yield new Uint8Array(1_048_576)
      }
      const write = (text: string): void => { stderr += text }
      t.assert.strictEqual(await main(['inspect'], { ...io, stderr: { write }, stdin }), 2)
      t.assert.strictEqual(stderr, `fastify-secure-cookie-session inspect: ${message}\n`)
    }
  })

  test('is one line without its message', async (t: TestContext) => {
    let stderr = ''
    const stdout = { write () { throw new TypeError('a value of /home/me') } }
    const write = (text: string): void => { stderr += text }
    t.assert.strictEqual(await main(['--help'], { ...io, stderr: { write }, stdout, stdin: async function * () {} }), 2)
    t.assert.strictEqual(stderr, 'fastify-secure-cookie-session: unexpected TypeError\n')
    t.mock.method(URLSafeTimedSerializer.prototype, 'loadsWithTimestamp', stdout.write)
    t.assert.deepStrictEqual(await run(['inspect', cookies.sha1]), {
      code: 2, stdout: '', stderr: 'fastify-secure-cookie-session inspect: unexpected TypeError\n'
    })
  })
})

describe('as a program', () => {
  const file = fileURLToPath(new URL('../../lib/cli.ts', import.meta.url))

  function start (argv: string[], stdout: 'pipe' | number = 'pipe'): ChildProcess {
    return spawn(process.execPath, ['--import', 'tsx', file, ...argv], {
      env: { ...process.env, SECRET_KEY: key }, stdio: ['pipe', stdout, 'pipe']
    })
  }

  async function outcome (child: ChildProcess, input = ''): Promise<{ code: number, stdout: string, stderr: string }> {
    child.stdin?.end(input)
    const [stdout, stderr, [code]] = await Promise.all([
      child.stdout?.destroyed === false ? text(child.stdout) : '', text(child.stderr as Readable), once(child, 'close')
    ])
    return { code: code as number, stdout, stderr }
  }

  const program = async (argv: string[], input: string): Promise<Outcome> => await outcome(start(argv), input)

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
  test('ends quietly when nobody reads its answer or its errors', async (t: TestContext) => {
    const help = start(['--help'])
    help.stdout?.destroy()
    const wrong = start(['--wrong'])
    wrong.stderr?.destroy()
    wrong.stdin?.end()
    const [answered, [code]] = await Promise.all([outcome(help), once(wrong, 'exit')])
    t.assert.deepStrictEqual(answered, { code: 0, stdout: '', stderr: '' })
    t.assert.strictEqual(code, 2)
  })

  test('says in one line that its answer could not be written', { skip: !existsSync('/dev/full') }, async (t: TestContext) => {
    const full = openSync('/dev/full', 'w')
    t.after(() => { closeSync(full) })
    t.assert.deepStrictEqual(await outcome(start(['--help'], full)), {
      code: 2, stdout: '', stderr: 'fastify-secure-cookie-session: standard output cannot be written: ENOSPC\n'
    })
  })
})
