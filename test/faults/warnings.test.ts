import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyServerOptions } from 'fastify'
import { cookieOf, logOf, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'
import type { FlaskConfig, SecureSessionOptions, SessionCookieOptions, SessionRouteConfig } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'

const write: Act = (session) => { session.a = 1 }

/** The warnings of several requests, and the last Set-Cookie. */
async function warningsOf (
  t: TestContext, options: SecureSessionOptions, headers: Record<string, string>, server: FastifyServerOptions = {}
): Promise<{ warnings: string[], attributes: Record<string, string | true> | undefined }> {
  const log = logOf()
  const { visit } = await sessionApp(t, options, { server: { ...server, ...log.server } })
  await visit(write, { headers })
  const response = await visit(write, { headers })
  const warnings = log.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)
  return { warnings, attributes: sessionCookieOf(response)?.attributes }
}

describe('a Secure cookie over plain HTTP', () => {
  for (const host of ['shop.example', 'localhost.example', '128.0.0.1', '[::2]:80']) {
    test(`is reported once for the host ${host}, with the cure`, async (t: TestContext) => {
      const { warnings } = await warningsOf(t, { cookie: { secure: true } }, { host })

      t.assert.deepStrictEqual(warnings.length, 1)
      t.assert.match(warnings[0] ?? '', /^session: the cookie is Secure, but the request came over plain HTTP.*localhost.*'auto'.*trustProxy/)
    })
  }

  for (const host of ['localhost', 'LOCALHOST:3000', 'app.localhost', '127.0.0.1:3000', '127.9.9.9', '[::1]:3000']) {
    test(`is right for the host ${host}`, async (t: TestContext) => {
      t.assert.deepStrictEqual((await warningsOf(t, { cookie: { secure: true } }, { host })).warnings, [])
    })
  }

  for (const header of ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-ssl', 'x-forwarded-prefix']) {
    test(`is right behind a proxy that ends TLS and sends ${header}`, async (t: TestContext) => {
      t.assert.deepStrictEqual((await warningsOf(t, { cookie: { secure: true } }, { host: 'shop.example', [header]: 'https' })).warnings, [])
    })
  }

  test('that is Partitioned is reported, too', async (t: TestContext) => {
    t.assert.strictEqual((await warningsOf(t, { cookie: { partitioned: true } }, { host: 'shop.example' })).warnings.length, 1)
  })

  test('is reported once for each of two sessions', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, { cookie: { secure: true }, sessions: [{}, { sessionName: 'admin' }] }, { server: log.server })
    const both: Act = (session, request) => { session.a = 1; (request as unknown as { admin: { a: number } }).admin.a = 1 }
    for (let i = 0; i < 3; i++) await visit(both, { headers: { host: 'shop.example' } })

    t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg.slice(0, 30)), ['session: the cookie is Secure,', 'admin: the cookie is Secure, b'])
  })
})

describe("a Secure of 'auto'", () => {
  for (const [name, headers] of Object.entries({
    'X-Forwarded-Proto': { 'x-forwarded-proto': 'https, http' }, Forwarded: { forwarded: 'for=1.2.3.4;proto="https"' }
  })) {
    test(`is reported where ${name} says HTTPS and Fastify does not trust it`, async (t: TestContext) => {
      const { warnings, attributes } = await warningsOf(t, { cookie: { secure: 'auto' } }, { host: 'shop.example', ...headers } as Record<string, string>)

      t.assert.strictEqual(attributes?.Secure, undefined)
      t.assert.deepStrictEqual(warnings.length, 1)
      t.assert.match(warnings[0] ?? '', /'auto'.*trustProxy/)
    })
  }

  test('is right where Fastify trusts the proxy, and over plain HTTP', async (t: TestContext) => {
    const trusted = await warningsOf(t, { cookie: { secure: 'auto' } }, { host: 'shop.example', 'x-forwarded-proto': 'https' }, { trustProxy: true })
    const plain = await warningsOf(t, { cookie: { secure: 'auto' } }, { host: 'shop.example' })

    t.assert.deepStrictEqual(trusted, { warnings: [], attributes: { Path: '/', HttpOnly: true, Secure: true } })
    t.assert.deepStrictEqual(plain, { warnings: [], attributes: { Path: '/', HttpOnly: true } })
  })

  test('with SameSite=None leaves SameSite out over plain HTTP, which is reported once', async (t: TestContext) => {
    const options = { cookie: { secure: 'auto', sameSite: 'None' } } as const
    const plain = await warningsOf(t, options, { host: 'shop.example' })
    const local = await warningsOf(t, options, { host: 'localhost' })
    const https = await warningsOf(t, options, { host: 'shop.example', 'x-forwarded-proto': 'https' }, { trustProxy: true })

    t.assert.deepStrictEqual(plain.attributes, { Path: '/', HttpOnly: true })
    t.assert.deepStrictEqual(plain.warnings.length, 1)
    t.assert.match(plain.warnings[0] ?? '', /SESSION_COOKIE_SAMESITE, cookie\.sameSite.*trustProxy/)
    t.assert.deepStrictEqual(local, { warnings: [], attributes: { Path: '/', HttpOnly: true } })
    t.assert.strictEqual(https.attributes?.SameSite, 'None')
  })
})

describe("SameSite=None and a Secure of 'auto' over plain HTTP leave SameSite out, which is reported once:", () => {
  interface Way {
    options?: SecureSessionOptions
    config?: FlaskConfig
    route?: SessionRouteConfig
    /** Given to session.options() by the handler. */
    asked?: SessionCookieOptions
  }
  const auto = { secure: 'auto', sameSite: 'None' } as const
  const ways: Record<string, Way> = {
    'by the option cookie': { options: { cookie: auto } },
    "by options with Flask's names": { options: { SESSION_COOKIE_SECURE: 'auto', SESSION_COOKIE_SAMESITE: 'None' } },
    'by the config': { config: { SESSION_COOKIE_SECURE: 'auto', SESSION_COOKIE_SAMESITE: 'None' } },
    'by session.options()': { asked: auto },
    'by the config of a route': { route: auto },
    'by the config and session.options()': { config: { SESSION_COOKIE_SECURE: 'auto' }, asked: { sameSite: 'None' } },
    'by the config and the config of a route': { config: { SESSION_COOKIE_SECURE: 'auto', SESSION_COOKIE_SAMESITE: 'Lax' }, route: { sameSite: 'None' } },
    'by the config of a route and session.options()': { route: { secure: 'auto', sameSite: 'Strict' }, asked: { sameSite: 'None' } }
  }
  const message = "session: the SameSite of the cookie is 'None' (by SESSION_COOKIE_SAMESITE, cookie.sameSite, the config of the route or " +
    'session.options()), which browsers accept on Secure cookies only, but the request came over plain HTTP, so that SameSite is left out. ' +
    'Serve over HTTPS, or set the option trustProxy of Fastify'

  /** The attributes of two requests that write the session, and the lines of the log. */
  async function outcome (t: TestContext, { options = {}, config = {}, route, asked }: Way, headers: Record<string, string>): Promise<unknown> {
    const log = logOf()
    const { app } = await sessionApp(t, options, {
      config,
      server: { ...log.server, trustProxy: true },
      after: (app) => app.get('/write', { config: route === undefined ? {} : { session: route } }, async ({ session }) => {
        if (asked !== undefined) session.options(asked)
        session.a = 1
      })
    })
    const answers = [await app.inject({ url: '/write', headers }), await app.inject({ url: '/write', headers })]
    return [...answers.map((answer) => sessionCookieOf(answer)?.attributes), ...log.lines.map(({ level, msg }) => [level, msg])]
  }

  const left = { Path: '/', HttpOnly: true }
  const shop = { host: 'shop.example' }
  for (const kind of ['in cookies', 'in a store'] as const) {
    const stored = (): SecureSessionOptions => kind === 'in a store' ? { store: memoryStore() } : {}

    for (const [name, way] of Object.entries(ways)) {
      test(`${name}, for sessions ${kind}`, async (t: TestContext) => {
        const given = { ...way, options: { ...way.options, ...stored() } }

        t.assert.deepStrictEqual(await outcome(t, given, shop), [left, left, [40, message]])
        const kept = { ...left, Secure: true, SameSite: 'None' }
        t.assert.deepStrictEqual(await outcome(t, given, { ...shop, 'x-forwarded-proto': 'https' }), [kept, kept])
      })
    }

    test(`not where session.options() asks for another SameSite, or for none, for sessions ${kind}`, async (t: TestContext) => {
      const options = { cookie: auto, ...stored() }

      t.assert.deepStrictEqual(await outcome(t, { options, asked: { sameSite: 'Lax' } }, shop), [{ ...left, SameSite: 'Lax' }, { ...left, SameSite: 'Lax' }])
      t.assert.deepStrictEqual(await outcome(t, { options, asked: { sameSite: null } }, shop), [left, left])
      t.assert.deepStrictEqual(await outcome(t, { options, route: { sameSite: false } }, shop), [left, left])
    })
  }
})

describe('a cookie that our key signed with another digest', () => {
  test('is reported once at warn, with the option to set', async (t: TestContext) => {
    const log = logOf('info')
    const { visit } = await sessionApp(t, {}, { server: log.server })
    for (let i = 0; i < 3; i++) await visit((session) => session.user, { cookie: cookieOf({ user: 1 }, { digest: 'sha1' }) })

    t.assert.deepStrictEqual(log.lines.map(({ level }) => level), [40])
    t.assert.match(log.lines[0]?.msg ?? '', /digestMethod to 'sha1'/)
  })

  test('cannot be feigned: a forged signature of that length is a debug line', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })
    await visit((session) => session.user, { cookie: cookieOf({ user: 1 }, { digest: 'sha1', key: 'a key of somebody else' }) })

    t.assert.deepStrictEqual(log.lines.map(({ level }) => level), [20])
  })

  test('is reported for an old key, too', async (t: TestContext) => {
    const log = logOf('info')
    const { visit } = await sessionApp(t, { secretKeyFallbacks: ['an older key of the tests'] }, { server: log.server })
    await visit((session) => session.user, { cookie: cookieOf({ user: 1 }, { digest: 'sha256', key: 'an older key of the tests' }) })

    t.assert.match(log.lines[0]?.msg ?? '', /digestMethod to 'sha256'/)
  })
})

describe('a cookie whose age is refused', () => {
  for (const [title, seconds, expected] of [
    ['from the future names its age and clockTolerance', 8, { age: -8, hint: /from the future.*clockTolerance/ }],
    ['that is too old names its age', -2_678_401, { age: 2_678_401, hint: /PERMANENT_SESSION_LIFETIME/ }]
  ] as const) {
    test(title, async (t: TestContext) => {
      const now = Date.UTC(2026, 0, 1)
      t.mock.timers.enable({ apis: ['Date'], now: now + seconds * 1000 })
      const cookie = cookieOf({ user: 1 })
      t.mock.timers.setTime(now)
      const log = logOf()
      const { visit } = await sessionApp(t, {}, { server: log.server })

      await visit((session) => session.user, { cookie })

      t.assert.strictEqual(log.lines[0]?.age, expected.age)
      t.assert.match(String(log.lines[0]?.hint), expected.hint)
    })
  }
})
