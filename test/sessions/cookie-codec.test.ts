import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { CookieCodec } from '../../lib/sessions/cookie-codec.ts'
import { sessionJSONSerializer } from '../../lib/sessions/secure-cookie-session.ts'
import type { SessionRequest } from '../../lib/sessions/session-interface.ts'
import { cookieOf, logOf, noise, secretKey, sessionApp, sessionCookieOf, signingSerializer } from '../helpers.ts'

const now = Date.UTC(2024, 0, 1)

/** A codec, how often it verified and parsed, and what it told the log. */
function codecOf (t: TestContext, rememberedCookies = 100) {
  const signing = signingSerializer()
  const examine = t.mock.method(signing, 'examine').mock
  const loads = t.mock.fn((text: string) => sessionJSONSerializer.loads(text))
  const lines: unknown[] = []
  const log = { debug: (...line: unknown[]) => lines.push(['debug', ...line]), warn: (...line: unknown[]) => lines.push(['warn', ...line]) } as unknown as SessionRequest['log']
  const serializer = { dumps: (data: unknown) => sessionJSONSerializer.dumps(data), loads }
  const codec = new CookieCodec({ signing, serializer, clockTolerance: 5, rememberedCookies, digests: ['sha512'], secureSession: undefined })
  return { codec, log, lines, verified: () => examine.callCount(), parsed: () => loads.mock.callCount() }
}

describe('CookieCodec', () => {
  for (const [seconds, again] of [[0, 0], [60, 0], [61, 1], [-5, 0], [-6, 1]] as const) {
    test(`${again === 0 ? 'does not verify' : 'refuses'} a cookie of its own ${seconds} seconds later, if it may be a minute old and 5 seconds ahead`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { codec, log, lines, verified } = codecOf(t)
      const cookie = codec.encode({ a: 1 })
      t.mock.timers.setTime(now + seconds * 1000)

      t.assert.deepStrictEqual(codec.decode(cookie, 60, log), again === 0 ? { data: { a: 1 }, text: '{"a":1}', isShared: true } : undefined)
      t.assert.strictEqual(verified(), again)
      t.assert.deepStrictEqual(lines, again === 0 ? [] : [['debug', { code: 'ERR_TOKEN_SIGNATURE_EXPIRED' }, 'session cookie refused']])
    })
  }

  test('parses a cookie that comes again and again once', (t: TestContext) => {
    const { codec, log, parsed } = codecOf(t)
    const cookie = codec.encode({ a: 1 })
    for (let i = 0; i < 3; i++) codec.decode(cookie, 60, log)

    t.assert.strictEqual(parsed(), 1)
  })

  test('shares the data of a cookie that it remembers, and no other', (t: TestContext) => {
    const { codec, log, verified } = codecOf(t)
    const cookie = cookieOf({ a: 1 }).slice('session='.length)
    const opened = [1, 2, 3, 4].map(() => codec.decode(cookie, 60, log))

    t.assert.deepStrictEqual(opened.map((each) => each?.isShared), [false, false, true, true])
    t.assert.notStrictEqual(opened[0]?.data, opened[1]?.data)
    t.assert.strictEqual(verified(), 2)
  })

  const lists = (length: number): unknown[] => Array.from({ length }, (_, index) => index % 2 === 0 ? [] : {})
  for (const [title, data, isShared] of [
    ['keeps the data of 4,096 characters', { a: 'x'.repeat(4088) }, true], ['parses data of more characters each time', { a: 'x'.repeat(4089) }, false],
    ['keeps the data of 64 lists and dicts', { a: lists(62) }, true], ['parses data of more lists and dicts each time', { a: lists(63) }, false]
  ] as const) {
    test(`${title} when its cookie comes again`, (t: TestContext) => {
      const { codec, log, verified, parsed } = codecOf(t)
      const cookie = codec.encode(data)
      const opened = [1, 2, 3].map(() => codec.decode(cookie, 60, log))

      t.assert.deepStrictEqual(opened.map((each) => [each?.data, each?.isShared]), new Array(3).fill([data, isShared]))
      t.assert.deepStrictEqual([verified(), parsed()], [0, isShared ? 1 : 3])
    })
  }

  test('names the keys that take the most bytes, the largest first', (t: TestContext) => {
    const { codec } = codecOf(t)

    t.assert.match(codec.overflow(5000, '4093', { c: 'x', b: 'x'.repeat(15), a: 'é'.repeat(10) }).message, /: 5000 bytes, the limit is 4093\. The largest keys are a \(28\), b \(23\), c \(9\)\./)
  })
})

describe('a cookie that comes again', () => {
  for (const [rememberedCookies, times] of [[1000, 2], [0, 4]] as const) {
    test(`is verified ${times} times of 4 when ${rememberedCookies} are remembered`, async (t: TestContext) => {
      class Own extends SecureCookieSessionInterface { override rememberedCookies = rememberedCookies }
      const { visit } = await sessionApp(t, { sessionInterface: new Own() })
      const examine = t.mock.method(URLSafeTimedSerializer.prototype, 'examine').mock
      const cookie = cookieOf({ a: 1 })
      for (let i = 0; i < 4; i++) t.assert.strictEqual((await visit((session) => session.a, { cookie })).body, '1')

      t.assert.strictEqual(examine.callCount(), times)
    })
  }

  test('is no cookie any more when the key was taken away', async (t: TestContext) => {
    const config: { SECRET_KEY: string | null } = { SECRET_KEY: secretKey }
    const { visit } = await sessionApp(t, { secretKey: undefined }, { config, after: (app) => app.get('/plain', async () => 'plain') })
    const cookie = cookieOf({ a: 1, _permanent: true })
    await visit((session) => session.a, { cookie })
    config.SECRET_KEY = null

    t.assert.strictEqual((await visit((session) => session.a ?? 'nothing', { cookie })).body, 'nothing')
    t.assert.strictEqual((await visit(undefined, { cookie, url: '/plain' })).body, 'plain')
  })

  test('and could not be written again is left with the client, unless the application changed something', async (t: TestContext) => {
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

describe('compression', () => {
  for (const [options, room] of [[{}, 2950], [{ maxCookieSize: 0 }, 2950], [{ maxCookieSize: 1000 }, 630], [{ cookie: { secure: 'auto' as const } }, 2944]] as const) {
    test(`begins with ${room + 1} bytes, which would not fit into the cookie as they are, with ${JSON.stringify(options)}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, options)
      const isCompressed = async (length: number): Promise<boolean | undefined> => {
        const response = await visit((session) => { session.a = 'x'.repeat(length - '{"a":""}'.length) })
        return sessionCookieOf(response)?.value.startsWith('.')
      }

      t.assert.deepStrictEqual([await isCompressed(100), await isCompressed(room), await isCompressed(room + 1)], [false, false, true])
    })
  }
})
