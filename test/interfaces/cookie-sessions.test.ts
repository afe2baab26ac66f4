import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { nodeDigest, SecureCookieSessionInterface } from '../../lib/index.ts'
import type { LoadedSession, SecureSessionOptions, SessionApp, SessionRequest } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { cookieOf, cookieOfText, logOf, noise, secretKey, sessionApp } from '../helpers.ts'

describe('a cookie that comes again', () => {
  test('is ignored once the key was taken away', async (t: TestContext) => {
    const config: { SECRET_KEY: string | null } = { SECRET_KEY: secretKey }
    const { visit } = await sessionApp(t, { secretKey: undefined }, { config, after: (app) => app.get('/plain', async () => 'plain') })
    const cookie = cookieOf({ a: 1, _permanent: true })
    await visit((session) => session.a, { cookie })
    config.SECRET_KEY = null

    t.assert.strictEqual((await visit((session) => session.a ?? 'nothing', { cookie })).body, 'nothing')
    t.assert.strictEqual((await visit(undefined, { cookie, url: '/plain' })).body, 'plain')
  })

  test('stays with the client when it is too long to be refreshed, and a change of it is an error', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, { maxCookieSize: 200 }, { server: log.server })
    const cookie = cookieOf({ big: noise(200), _permanent: true })

    const untouched = await visit(undefined, { cookie, url: '/nowhere' })
    t.assert.deepStrictEqual([untouched.statusCode, untouched.headers['set-cookie']], [404, undefined])
    t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [[40, 'the session cookie could not be refreshed']])
    const changed = await visit((session) => { session.a = 1 }, { cookie })
    t.assert.strictEqual(changed.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
  })
})

describe('many cookies of one name', () => {
  const secretKeyFallbacks = [1, 2, 3, 4, 5].map((number) => `fallback key ${number} of the tests`)
  const readSecureSession = { key: [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] }
  const store = memoryStore({ max: Infinity })
  const kinds: Array<[kind: string, options: SecureSessionOptions, most: number]> = [
    ['one key', {}, 64],
    ['six keys', { secretKeyFallbacks }, 21],
    ['six keys and two formats', { secretKeyFallbacks, sealed: { readSigned: true } }, 10],
    ['six keys and two of @fastify/secure-session', { secretKeyFallbacks, readSecureSession }, 16],
    ['six keys for ids', { secretKeyFallbacks, store, signIds: 'flask-session' }, 21],
    ['six keys that ids are not signed with', { secretKeyFallbacks, store }, 64]
  ]
  for (const [kind, options, most] of kinds) {
    test(`with ${kind}: the first ${most} are looked at`, async (t: TestContext) => {
      const { app, visit } = await sessionApp(t, options)
      await app.ready()
      const value = await app.encodeSession(app.createSession({ a: 1 }))
      const behind = async (damaged: number): Promise<string> => {
        return (await visit((session) => session.a, { cookie: `${'session=damaged; '.repeat(damaged)}session=${value}` })).body
      }

      t.assert.deepStrictEqual([await behind(most - 1), await behind(most)], ['1', 'null'])
    })
  }

  test('are read with a logger that has private fields', async (t: TestContext) => {
    class Logger {
      readonly #lines: unknown[] = []
      level = 'debug'
      child (): this { return this }
      trace (): void {}
      debug (line: unknown): void { this.#lines.push(line) }
      info (): void {}
      warn (line: unknown): void { this.#lines.push(line) }
      error (): void {}
      fatal (): void {}
      silent (): void {}
      get lines (): unknown[] { return this.#lines }
    }
    const levels: unknown[] = []
    class Own extends SecureCookieSessionInterface {
      override decode (app: SessionApp, cookie: string, log: SessionRequest['log']): LoadedSession | undefined {
        levels.push((log as unknown as Logger).level)
        return super.decode(app, cookie, log)
      }
    }
    const log = new Logger()
    const { visit } = await sessionApp(t, { sessionInterface: new Own() }, { server: { loggerInstance: log } })
    const unreadable = cookieOfText('no json')

    const { body } = await visit((session) => session.a, { cookie: `${cookieOf({ a: 1 })}; ${unreadable}` })

    t.assert.strictEqual(body, '1')
    t.assert.deepStrictEqual(levels, ['debug', 'debug'])
    t.assert.deepStrictEqual(log.lines, [{ reason: 'unreadable', code: 'ERR_TOKEN_BAD_PAYLOAD' }])
  })

  test('are hashed 128 times at the most', async (t: TestContext) => {
    let hashed = 0
    const { name, blockLength, digestLength, hash } = nodeDigest('sha512')
    const digestMethod = { name, blockLength, digestLength, hash: (bytes: Uint8Array) => { hashed++; return hash(bytes) } }
    const { visit } = await sessionApp(t, { digestMethod, secretKeyFallbacks, sealed: { readSigned: true } })
    const damaged = `${cookieOf({ a: 1 }, { key: 'another key of the tests' })}; `
    const read = async (cookies: number): Promise<number> => {
      hashed = 0
      await visit((session) => session.a, { cookie: damaged.repeat(cookies) })
      return hashed
    }
    await read(1) // derives the keys

    // HMAC hashes twice.
    t.assert.deepStrictEqual([await read(1), await read(60)], [2 * 12, 2 * 120])
  })
})

describe('compression', () => {
  for (const [options, limit] of [
    [{}, 4093], [{ maxCookieSize: 0 }, 4093], [{ maxCookieSize: 1000 }, 1000], [{ cookie: { secure: true } }, 4093],
    [{ cookie: { path: '/shop', domain: 'example.com' } }, 4093]
  ] as const) {
    test(`begins exactly where the cookie would not fit as it is, with ${JSON.stringify(options)}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, options)
      for (const permanent of [false, true]) {
        const headerOf = async (length: number): Promise<string> => String((await visit((session) => {
          session.permanent = permanent
          session.a = 'x'.repeat(length)
        })).headers['set-cookie'])
        // Three bytes are four characters.
        let length = Math.floor((limit - (await headerOf(0)).length) * 3 / 4) - 2
        let last = await headerOf(length)
        t.assert.ok(!last.startsWith('session=.'), 'not compressed while it fits')
        for (let next = await headerOf(++length); !next.startsWith('session=.'); next = await headerOf(++length)) last = next
        t.assert.ok(last.length <= limit && last.length > limit - 3, `${last.length} of ${limit} characters`)
      }
    })
  }
})
