import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { UsageError } from '../../lib/cli/args.ts'
import { findCookie } from '../../lib/cli/cookie.ts'
import { cookies, run } from './run.ts'

const token = cookies.sha1

describe('the cookie in what is given', () => {
  const forms: Array<[title: string, input: string, headerSize?: number]> = [
    ['its value', token],
    ['its value, with white space around it', `  ${token}\r\n`],
    ['its value in quotes', `"${token}"`],
    ['name and value', `session=${token}`],
    ['the value of a Set-Cookie header', `session=${token}; HttpOnly; Path=/`, 80],
    ['a whole Set-Cookie header', `Set-Cookie: session=${token}; Path=/`, 70],
    ['a Set-Cookie header of another name', `set-cookie: sid=${token}; Domain=example.com; Secure`, 86],
    ['a whole Cookie header', `Cookie: theme=dark; session=${token}; lang=de`],
    ['the value of a Cookie header', `theme=dark;session=${token}`],
    ['the headers of a response', `HTTP/1.1 200 OK\r\nSet-Cookie: theme=dark; Path=/\r\nSet-Cookie: session=${token}; Path=/\r\n\r\n<p>session=1</p>`, 70],
    ['what curl -v shows', `> GET / HTTP/1.1\n< set-cookie: session=${token}; Path=/\n`, 70]
  ]
  for (const [title, input, headerSize] of forms) {
    test(`is found in ${title}`, (t: TestContext) => {
      t.assert.deepStrictEqual(findCookie(input), { value: token, headerSize })
    })
  }

  test('keeps the quotes that it has behind its name, as for the plugin', (t: TestContext) => {
    t.assert.deepStrictEqual(findCookie(`session="${token}"`), { value: `"${token}"`, headerSize: undefined })
    t.assert.deepStrictEqual(findCookie(`Set-Cookie: session="${token}"; Path=/`), { value: `"${token}"`, headerSize: 72 })
  })

  test('is found without going over a line again for each equals sign', (t: TestContext) => {
    const others = '='.repeat(60_000)
    const before = process.cpuUsage()
    t.assert.strictEqual(findCookie(`${others}\u2028; session=a`).value, 'a')
    t.assert.ok(process.cpuUsage(before).user < 1_000_000)
  })

  test('is the first one of the name that is asked for, as for the plugin', (t: TestContext) => {
    t.assert.strictEqual(findCookie('session=a; session=b').value, 'a')
    t.assert.strictEqual(findCookie('session=a; __Host-session=b', '__Host-session').value, 'b')
  })

  const missing: Array<[input: string, name: string | undefined, message: string]> = [
    ['theme=dark; lang=de; theme=light', undefined, 'there is no cookie named "session", but "theme", "lang": choose with --name'],
    ['session=a; Path=/', 'sid', 'there is no cookie named "sid", but "session": choose with --name'],
    ['Cookie:', undefined, 'there is no cookie named "session"'],
    ['=a', undefined, 'there is no cookie named "session"'],
    ['session=a', '', '--name must not be empty'],
    [Array.from({ length: 12 }, (_, i) => `c${i}=1`).join('; '), undefined,
      'there is no cookie named "session", but "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9": choose with --name'],
    ['\u2028a==\u2028=; b', undefined, 'there is no cookie named "session", but "a", "b": choose with --name'],
    ['\u001b[2J=1; b=2', undefined, 'there is no cookie named "session", but "\\u001b[2J", "b": choose with --name']
  ]
  for (const [input, name, message] of missing) {
    test(`is missing in ${JSON.stringify(input).slice(0, 40)}, asked for ${name ?? 'by default'}`, (t: TestContext) => {
      t.assert.throws(() => findCookie(input, name), (error: unknown) => error instanceof UsageError && error.message === message)
    })
  }

  test('comes from standard input only when there is no argument, or for -', async (t: TestContext) => {
    for (const argv of [[], ['-']]) {
      const { code, stdout } = await run(['inspect', '--json', '--name', 'sid', ...argv], { stdin: `Cookie: session=x; sid=${token}\n` })
      t.assert.strictEqual(code, 0)
      t.assert.ok(stdout.includes('"payload":{"user_id":42}'))
    }
    t.assert.strictEqual((await run(['inspect', token], { stdin: 'x' })).code, 0)
  })
})
