import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { SecureCookieSession, SecureCookieSessionInterface } from '../../lib/index.ts'
import { cookieAfter, cookieOf, logOf, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Answer, Browser, SessionApp } from '../helpers.ts'
import { login, noon, table } from './table.ts'

/** An application whose clock stands still at noon. */
async function appAtNoon (t: TestContext, options: SecureSessionOptions = {}): Promise<SessionApp & { at (seconds: number): void }> {
  t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
  const app = await sessionApp(t, options)
  return { ...app, at: (seconds) => t.mock.timers.setTime((noon + seconds) * 1000) }
}

/** Expires of the session cookie, in seconds after noon; `undefined` where it has none, `null` without a cookie. */
function endOf (answer: Answer): number | undefined | null {
  const cookie = sessionCookieOf(answer)
  if (cookie === undefined) return null
  const { Expires } = cookie.attributes
  return Expires === undefined ? undefined : Date.parse(String(Expires)) / 1000 - noon
}

/** Who the session says is logged in. */
const userOf = async (browser: Browser): Promise<string> => (await browser.visit((session) => session.user ?? 'nobody')).body

describe('a session ends', () => {
  for (const { name, options, lifetime = null, permanent = true, end, visits } of table) {
    test(`as its limits say: ${name}`, async (t: TestContext) => {
      const { at, browser } = await appAtNoon(t, options)
      const ann = browser()
      t.assert.strictEqual(endOf(await ann.visit(login(lifetime, permanent))), end)
      for (const [seconds, isAlive, end] of visits) {
        at(seconds)
        const answer = await ann.visit((session) => session.user ?? 'nobody')
        t.assert.deepStrictEqual([seconds, answer.body, endOf(answer)], [seconds, isAlive ? 'ann' : 'nobody', end])
      }
    })
  }
})

describe('SESSION_ABSOLUTE_LIFETIME', () => {
  test('writes the begin into the data of a new session, and never again', async (t: TestContext) => {
    const { at, browser, visit } = await appAtNoon(t, { absoluteLifetime: 1000 })
    const ann = browser()
    t.assert.deepStrictEqual(savedData(await ann.visit((session) => { session.a = 1 })), { a: 1, _created: noon })
    at(100)
    t.assert.deepStrictEqual(savedData(await ann.visit((session) => { session.a = 2 })), { a: 2, _created: noon })
    t.assert.deepStrictEqual(savedData(await ann.visit((_, request) => { request.session = { b: 1 } as never })), { b: 1, _created: noon })
    t.assert.strictEqual(sessionCookieOf(await visit()), undefined)
  })

  test('begins anew with regenerate, and when an emptied session begins again', async (t: TestContext) => {
    const { at, browser } = await appAtNoon(t, { absoluteLifetime: 1000 })
    for (const anew of [
      (session: any) => session.regenerate(['a']),
      (session: any) => session.regenerate(['a', '_created']),
      (session: any) => { session.clear(); session.a = 1 },
      async (session: any) => { session.pop('a'); await session.save(); session.a = 1 },
      async (session: any) => { await session.destroy(); session.a = 1 },
      (_: any, request: any) => { request.session = null; request.session.a = 1 }
    ]) {
      at(0)
      const ann = browser()
      await ann.visit((session) => { session.a = 1 })
      at(100)
      t.assert.deepStrictEqual(savedData(await ann.visit(anew)), { a: 1, _created: noon + 100 })
    }
  })

  test('counts a session of Flask from its signature, and writes that at its next save', async (t: TestContext) => {
    const { at, visit } = await appAtNoon(t, { absoluteLifetime: 100 })
    const [passing, permanent] = [cookieOf({ a: 1 }), cookieOf({ a: 1, _permanent: true })]
    at(60)
    t.assert.strictEqual(sessionCookieOf(await visit((session) => session.a, { cookie: passing })), undefined, 'a session that is not permanent waits for a change')
    t.assert.deepStrictEqual(savedData(await visit((session) => { session.b = 2 }, { cookie: passing })), { a: 1, b: 2, _created: noon })
    const refreshed = await visit(undefined, { cookie: permanent })
    t.assert.deepStrictEqual([savedData(refreshed), endOf(refreshed)], [{ a: 1, _permanent: true, _created: noon }, 100])
    for (const cookie of [passing, permanent, cookieAfter(refreshed)]) {
      at(100)
      t.assert.strictEqual((await visit((session) => session.a, { cookie })).body, '1')
      at(101)
      t.assert.strictEqual((await visit((session) => session.a ?? 'nothing', { cookie })).body, 'nothing')
    }
  })

  test('is never offended by a begin some seconds ahead', async (t: TestContext) => {
    const { visit } = await appAtNoon(t, { absoluteLifetime: 100 })

    t.assert.strictEqual((await visit((session) => session.a, { cookie: cookieOf({ a: 1, _created: noon + 60 }) })).body, '1')
  })

  test('takes a begin of a wrong type for none', async (t: TestContext) => {
    const { at, visit } = await appAtNoon(t, { absoluteLifetime: 100 })
    for (const _created of ['0', 1.5, null, true, [0]]) {
      at(0)
      const cookie = cookieOf({ a: 1, _created })
      at(100)
      t.assert.deepStrictEqual(savedData(await visit((session) => { session.a++ }, { cookie })), { a: 2, _created: noon })
    }
  })

  test('is written by encodeSession, and judged by decodeSession', async (t: TestContext) => {
    const { app, at } = await appAtNoon(t, { absoluteLifetime: 100 })
    await app.ready()
    const cookie = app.encodeSession(app.createSession({ a: 1 }))
    t.assert.deepStrictEqual(savedData({ headers: { 'set-cookie': `session=${cookie}` } }), { a: 1, _created: noon })
    at(50)
    const later = app.encodeSession(app.decodeSession(cookie) ?? app.createSession())
    at(100)
    t.assert.deepStrictEqual(app.decodeSession(later)?.data(), { a: 1 })
    at(101)
    t.assert.strictEqual(app.decodeSession(later), null)
  })

  test('leaves a begin that is not judged as it is', async (t: TestContext) => {
    const { visit } = await appAtNoon(t)

    t.assert.deepStrictEqual(savedData(await visit((session) => { session.a++ }, { cookie: cookieOf({ a: 1, _created: 5 }) })), { a: 2, _created: 5 })
  })

  test('is read at request time', async (t: TestContext) => {
    const config: { SESSION_ABSOLUTE_LIFETIME?: number } = {}
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, {}, { config })
    const cookie = cookieOf({ a: 1 })
    t.mock.timers.tick(200_000)
    t.assert.strictEqual((await visit((session) => session.a, { cookie })).body, '1')
    config.SESSION_ABSOLUTE_LIFETIME = 199
    t.assert.strictEqual((await visit((session) => session.a ?? 'nothing', { cookie })).body, 'nothing')
  })
})

describe('SESSION_REFRESH_AFTER', () => {
  test('lets a change, touch and save sign at once', async (t: TestContext) => {
    const { at, visit } = await appAtNoon(t, { permanentSessionLifetime: 100, refreshAfter: 50 })
    const cookie = cookieOf({ a: 1, list: [1], _permanent: true })
    at(10)
    for (const act of [
      (session: any) => { session.a = 2 }, (session: any) => { session.list.push(2) }, (session: any) => session.touch(), (session: any) => session.save()
    ]) t.assert.strictEqual(endOf(await visit(act, { cookie })), 110)
    t.assert.strictEqual(endOf(await visit((session) => session.list, { cookie })), null)
    t.assert.strictEqual(endOf(await visit(undefined, { cookie, url: '/nowhere' })), null)
  })

  test('refreshes a session that lacks a key that is switched on at first sight', async (t: TestContext) => {
    const { visit } = await appAtNoon(t, { refreshAfter: 1000, absoluteLifetime: 2000 })
    const first = await visit(undefined, { cookie: cookieOf({ a: 1, _permanent: true }) })
    t.assert.deepStrictEqual(savedData(first), { a: 1, _permanent: true, _created: noon })
    t.assert.strictEqual(sessionCookieOf(await visit(undefined, { cookie: cookieAfter(first) })), undefined)
  })

  test('leaves a session alone whose route or handler refreshes none, but saves its changes', async (t: TestContext) => {
    const { at, visit } = await appAtNoon(t, { permanentSessionLifetime: 100, refreshAfter: 10 })
    const cookie = cookieOf({ a: 1, _permanent: true })
    at(50)
    const poll = (session: any): void => session.options({ refresh: false })
    t.assert.strictEqual(endOf(await visit(poll, { cookie })), null)
    t.assert.strictEqual(endOf(await visit((session) => { poll(session); session.a = 2 }, { cookie })), 150)
  })

  test('leaves alone, on a route that refreshes none, what lacks a key that is switched on', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { app } = await sessionApp(t, { absoluteLifetime: 100 }, {
      after: (app) => app.register(async (scope) => {
        scope.get('/poll', { config: { session: { refresh: false } } }, async ({ session }) => session.a)
        scope.get('/write', { config: { session: { refresh: false } } }, async ({ session }) => { session.a = 2; return 'written' })
      })
    })
    const headers = { cookie: cookieOf({ a: 1, _permanent: true }) }
    t.assert.strictEqual(sessionCookieOf(await app.inject({ url: '/poll', headers })), undefined)
    t.assert.deepStrictEqual(savedData(await app.inject({ url: '/write', headers })), { a: 2, _permanent: true, _created: noon })
  })

  for (const [config, names] of [
    [{ refreshAfter: 60, permanentSessionLifetime: 60 }, /^refreshAfter must be less than permanentSessionLifetime, which is 60, or 0, got 60$/],
    [{ refreshAfter: 61, permanentSessionLifetime: 60 }, /^refreshAfter must be less than permanentSessionLifetime, which is 60/],
    [{ refreshAfter: 2_678_400 }, /^refreshAfter must be less than permanentSessionLifetime, which is 2678400/],
    [{ SESSION_REFRESH_AFTER: 60, PERMANENT_SESSION_LIFETIME: 60 }, /^SESSION_REFRESH_AFTER must be less than PERMANENT_SESSION_LIFETIME, which is 60/],
    [{ refreshAfter: 60, absoluteLifetime: 60 }, /^refreshAfter must be less than absoluteLifetime, which is 60, or 0, got 60$/],
    [{ refreshAfter: -1 }, /^refreshAfter must be a whole number/],
    [{ absoluteLifetime: 1.5 }, /^absoluteLifetime must be a whole number/]
  ] as const) {
    test(`is refused with ${JSON.stringify(config)}`, async (t: TestContext) => {
      await t.assert.rejects(async () => { await (await sessionApp(t, config)).app.ready() }, { code: 'FST_SESSION_INVALID_CONFIG', message: names })
    })
  }

  test('may be 0 with any lifetime', async (t: TestContext) => {
    await (await sessionApp(t, { refreshAfter: 0, permanentSessionLifetime: 0, absoluteLifetime: 1 })).app.ready()
  })

  test('is refused when the config changes to a contradiction', async (t: TestContext) => {
    const config = { SESSION_REFRESH_AFTER: 60, PERMANENT_SESSION_LIFETIME: 61 }
    const { visit } = await sessionApp(t, {}, { config })
    t.assert.strictEqual((await visit()).statusCode, 200)
    config.PERMANENT_SESSION_LIFETIME = 60
    t.assert.strictEqual((await visit()).json().code, 'FST_SESSION_INVALID_CONFIG')
  })
})

describe('session.lifetime', () => {
  test('is null, or what was set, and an access', async (t: TestContext) => {
    const { browser } = await appAtNoon(t)
    const ann = browser()
    t.assert.deepStrictEqual((await ann.visit((session) => [session.lifetime])).json(), [null])
    const answer = await ann.visit((session) => { session.a = 1; session.lifetime = 60 })
    t.assert.deepStrictEqual(savedData(answer), { a: 1, _lifetime: 60 })
    const read = await ann.visit((session) => [session.lifetime, session.modified])
    t.assert.deepStrictEqual([read.json(), read.headers.vary], [[60, false], 'Cookie'])
    t.assert.deepStrictEqual(savedData(await ann.visit((session) => { session.lifetime = null })), { a: 1 })
  })

  test('may be set before anything else', async (t: TestContext) => {
    const { visit } = await appAtNoon(t)

    t.assert.deepStrictEqual(savedData(await visit((session) => { session.lifetime = 60; session.a = 1 })), { a: 1, _lifetime: 60 })
  })

  test('of a session without data saves nothing', async (t: TestContext) => {
    const { visit } = await appAtNoon(t)

    t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.lifetime = 60 }))?.attributes['Max-Age'], '0')
  })

  for (const [value, message] of [
    [101, /^session\.lifetime must be a whole number of seconds from 1 to 100, the PERMANENT_SESSION_LIFETIME, or null, got 101: raise that setting/],
    [0, /from 1 to 100, .* got 0$/], [-1, /got -1$/], [1.5, /got 1\.5$/], [NaN, /got NaN$/], [Infinity, /got Infinity$/],
    ['60', /got '60'$/], [true, /got true$/], [{}, /got object$/], [60n, /got 60n$/]
  ] as const) {
    test(`cannot be ${String(value)}`, async (t: TestContext) => {
      const { visit } = await appAtNoon(t, { permanentSessionLifetime: 100 })
      let thrown: unknown
      const answer = await visit((session) => {
        try {
          session.lifetime = value as number
        } catch (error) {
          thrown = error
        }
      })

      t.assert.throws(() => { throw thrown }, { name: 'RangeError', message })
      t.assert.strictEqual(sessionCookieOf(answer), undefined)
    })
  }

  test('has the same limits outside of requests, and none where nobody knows them', async (t: TestContext) => {
    const { app } = await appAtNoon(t, { permanentSessionLifetime: 100 })
    await app.ready()
    t.assert.throws(() => { app.createSession().lifetime = 101 }, { name: 'RangeError' })
    const session = app.createSession({ a: 1 })
    session.lifetime = 100
    t.assert.strictEqual(app.decodeSession(app.encodeSession(session))?.lifetime, 100)
    t.assert.throws(() => { (app.decodeSession(app.encodeSession(session)) as { lifetime: number }).lifetime = 101 }, { name: 'RangeError' })

    const free = new SecureCookieSession()
    free.lifetime = 1_000_000_000
    t.assert.strictEqual(free.lifetime, 1_000_000_000)
    t.assert.throws(() => { free.lifetime = 0 }, { name: 'RangeError', message: /seconds from 1, or null, got 0$/ })
  })

  test('gives way to a config that sinks below it', async (t: TestContext) => {
    const config = { PERMANENT_SESSION_LIFETIME: 100 }
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { browser } = await sessionApp(t, {}, { config })
    const ann = browser()
    await ann.visit(login(80))
    config.PERMANENT_SESSION_LIFETIME = 50
    t.mock.timers.tick(50_000)
    t.assert.strictEqual(endOf(await ann.visit()), 100)
    t.mock.timers.tick(51_000)
    t.assert.strictEqual(await userOf(ann), 'nobody')
  })

  test('of a wrong type in a cookie counts as none', async (t: TestContext) => {
    const log = logOf()
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, {}, { server: log.server })
    const cookies = [0, -5, 1.5, '1', true, null].map((_lifetime) => cookieOf({ a: 1, _lifetime }))
    t.mock.timers.tick(1_000_000)
    for (const cookie of cookies) t.assert.strictEqual((await visit((session) => session.a, { cookie })).body, '1')
    t.assert.strictEqual(log.lines.filter(({ level, keys }) => level === 20 && String(keys) === '_lifetime').length, cookies.length)
  })

  test('cannot be written to a session that is read-only', async (t: TestContext) => {
    const { visit } = await appAtNoon(t, { secretKey: undefined })

    t.assert.strictEqual((await visit((session) => { session.lifetime = 60 })).json().code, 'FST_SESSION_UNAVAILABLE')
  })
})

test('a permanent session of which nobody knows when it was signed is refreshed, whatever refreshAfter says', async (t: TestContext) => {
  class Own extends SecureCookieSessionInterface {
    override decode (...args: Parameters<SecureCookieSessionInterface['decode']>): ReturnType<SecureCookieSessionInterface['decode']> {
      const loaded = super.decode(...args)
      return loaded && { ...loaded, signedAt: undefined }
    }
  }
  const { visit } = await sessionApp(t, { sessionInterface: new Own(), refreshAfter: 60 })

  t.assert.deepStrictEqual(savedData(await visit(undefined, { cookie: cookieOf({ _permanent: true, a: 1 }) })), { _permanent: true, a: 1 })
})
