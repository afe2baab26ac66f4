import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FlaskConfig, SecureSessionOptions } from '../../lib/index.ts'
import { buildApp, cookieAfter, refusalOf, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'

describe('the cookie\'s name', () => {
  const secure = { cookie: { secure: true } }

  for (const name of ['__Host-session', '__host-session', '__HOST-session']) {
    test(`${name} demands Secure, the path / and no domain`, async (t: TestContext) => {
      const cases: Array<[SecureSessionOptions, FlaskConfig, string | undefined]> = [
        [secure, {}, undefined],
        [{ cookie: { partitioned: true } }, {}, undefined],
        [{ cookie: { secure: true, path: '/' } }, { APPLICATION_ROOT: '/app' }, undefined],
        [{}, {}, 'cookie.secure must be true for a cookie whose name starts with __Host-, got false'],
        [{ cookie: { secure: 'auto' } }, {}, "cookie.secure must be true for a cookie whose name starts with __Host-, got 'auto'"],
        [{ SESSION_COOKIE_SECURE: 'auto' }, {}, "SESSION_COOKIE_SECURE must be true for a cookie whose name starts with __Host-, got 'auto'"],
        [{ cookie: { secure: true, path: '/app' } }, {}, "cookie.path must be '/' for a cookie whose name starts with __Host-, got '/app'"],
        [secure, { APPLICATION_ROOT: '/app' }, "cookie.path, else APPLICATION_ROOT, must be '/' for a cookie whose name starts with __Host-, got '/app'"],
        [secure, { SESSION_COOKIE_PATH: '/app' }, "SESSION_COOKIE_PATH must be '/' for a cookie whose name starts with __Host-, got '/app'"],
        [{ cookie: { secure: true, domain: 'example.com' } }, {}, "cookie.domain must be null for a cookie whose name starts with __Host-, got 'example.com'"]
      ]
      for (const [options, config, message] of cases) {
        if (message === undefined) {
          const { visit } = await sessionApp(t, { cookieName: name, ...options }, { config })
          const cookie = sessionCookieOf(await visit((session) => { session.a = 1 }), name)
          t.assert.strictEqual(cookie?.attributes.Secure, true)
          t.assert.strictEqual(cookie.attributes.Path, '/')
        } else {
          const error = await refusalOf(t, { cookieName: name, ...options }, { config })
          t.assert.strictEqual(error.message, message)
        }
      }
    })
  }

  for (const name of ['__Secure-session', '__secure-session', '__SECURE-x']) {
    test(`${name} demands Secure alone`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { cookieName: name, cookie: { secure: true, path: '/app', domain: 'example.com' } })

      t.assert.ok(sessionCookieOf(await visit((session) => { session.a = 1 }), name))
      t.assert.strictEqual((await refusalOf(t, { cookieName: name })).message,
        'cookie.secure must be true for a cookie whose name starts with __Secure-, got false')
    })
  }

  test('may be any token', async (t: TestContext) => {
    const name = "!#$%&'*+-.^_`|~09azAZ"
    const { visit } = await sessionApp(t, { cookieName: name })

    const cookie = cookieAfter(await visit((session) => { session.a = 1 }), name)

    t.assert.strictEqual((await visit((session) => session.a, { cookie })).body, '1')
  })

  test('is judged where it is that of the session, too', async (t: TestContext) => {
    t.assert.strictEqual((await refusalOf(t, { sessionName: '__Host-session' })).message,
      'cookie.secure must be true for a cookie whose name starts with __Host-, got false')
  })

  test('is that of the session when nothing else names it', async (t: TestContext) => {
    const app = await buildApp(t, { sessionName: 'admin' })
    app.get('/', async (request) => { (request as unknown as { admin: { a: number } }).admin.a = 1 })

    const response = await app.inject('/')

    t.assert.deepStrictEqual(savedData(response, 'admin', { salt: 'cookie-session.admin' }), { a: 1 })
  })
})

describe('the cookie\'s domain', () => {
  const domains: Array<[given: string | null, sent: string | undefined]> = [
    ['example.com', 'example.com'], ['.example.com', 'example.com'], ['..example.com', 'example.com'], ['example.com:8080', 'example.com'],
    ['.example.com:8080', 'example.com'], ['EXAMPLE.com', 'example.com'], ['localhost', 'localhost'], ['127.0.0.1:5000', '127.0.0.1'],
    ['bücher.example', 'xn--bcher-kva.example'], ['例え.テスト', 'xn--r8jz45g.xn--zckzah'], ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['', undefined], [null, undefined]
  ]
  for (const [given, sent] of domains) {
    test(`${JSON.stringify(given)} is sent as ${String(sent)}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, { config: { SESSION_COOKIE_DOMAIN: given } })

      t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes.Domain, sent)
    })
  }
})

describe('the cookie\'s path', () => {
  const paths: Array<[given: string | null, sent: string]> = [
    ['/', '/'], ['/app', '/app'], ['/a b', '/a%20b'], ['/a;b', '/a%3Bb'], ['/a; Domain=evil', '/a%3B%20Domain=evil'], ['/ä', '/%C3%A4'], ['/😀', '/%F0%9F%98%80'],
    ["/%41!$&'()*+,/:=@_.~-", "/%41!$&'()*+,/:=@_.~-"], ['/"<>', '/%22%3C%3E'], ['/\ud800', '/%EF%BF%BD'], ['', '/root'], [null, '/root']
  ]
  for (const [given, sent] of paths) {
    test(`${JSON.stringify(given)} is sent as ${sent}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, { config: { SESSION_COOKIE_PATH: given, APPLICATION_ROOT: '/root' } })

      t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes.Path, sent)
    })
  }
})

describe('SameSite', () => {
  for (const [given, sent] of [['Strict', 'Strict'], ['strict', 'Strict'], ['LAX', 'Lax'], ['Lax', 'Lax'], [null, undefined], ['', undefined]] as const) {
    test(`${JSON.stringify(given)} is sent as ${String(sent)}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { cookie: { sameSite: given } })

      t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes.SameSite, sent)
    })
  }

  test('None goes with Secure', async (t: TestContext) => {
    for (const cookie of [{ secure: true }, { partitioned: true }]) {
      const { visit } = await sessionApp(t, { cookie: { ...cookie, sameSite: 'none' } })
      const { attributes } = sessionCookieOf(await visit((session) => { session.a = 1 })) ?? {}
      t.assert.strictEqual(attributes?.SameSite, 'None')
      t.assert.strictEqual(attributes.Secure, true)
    }
  })

  const refusals: Array<[options: SecureSessionOptions, config: FlaskConfig, message: string]> = [
    [{ cookie: { sameSite: 'none' } }, {}, "cookie.secure must be true or 'auto' when cookie.sameSite is 'None', got false"],
    [{ SESSION_COOKIE_SAMESITE: 'None' }, {}, "SESSION_COOKIE_SECURE must be true or 'auto' when SESSION_COOKIE_SAMESITE is 'None', got false"],
    [{}, { SESSION_COOKIE_SAMESITE: 'None' }, "SESSION_COOKIE_SECURE must be true or 'auto' when SESSION_COOKIE_SAMESITE is 'None', got false"],
    [{ cookie: { secure: false } }, { SESSION_COOKIE_SAMESITE: 'None' }, "cookie.secure must be true or 'auto' when SESSION_COOKIE_SAMESITE is 'None', got false"],
    [{ cookie: { sameSite: 'None' } }, { SESSION_COOKIE_SECURE: false }, "SESSION_COOKIE_SECURE must be true or 'auto' when cookie.sameSite is 'None', got false"]
  ]
  for (const [options, config, message] of refusals) {
    test(`None without Secure is refused under the names that were written: ${message}`, async (t: TestContext) => {
      t.assert.strictEqual((await refusalOf(t, options, { config })).message, message)
    })
  }

  test('None goes with auto', async (t: TestContext) => {
    const app = await buildApp(t, { cookie: { sameSite: 'None', secure: 'auto' } })

    await t.assert.doesNotReject(async () => { await app.ready() })
  })
})

describe('Secure auto', () => {
  const isSecure = async (t: TestContext, trustProxy: boolean, headers: Record<string, string>): Promise<unknown> => {
    const { visit } = await sessionApp(t, {}, { server: { trustProxy }, config: { SESSION_COOKIE_SECURE: 'auto' } })
    return sessionCookieOf(await visit((session) => { session.a = 1 }, { headers }))?.attributes.Secure
  }

  test('follows the protocol that a trusted proxy reports', async (t: TestContext) => {
    t.assert.strictEqual(await isSecure(t, true, { 'x-forwarded-proto': 'https' }), true)
    t.assert.strictEqual(await isSecure(t, true, { 'x-forwarded-proto': 'http' }), undefined)
    t.assert.strictEqual(await isSecure(t, true, {}), undefined)
  })

  test('ignores the protocol that a client reports', async (t: TestContext) => {
    t.assert.strictEqual(await isSecure(t, false, { 'x-forwarded-proto': 'https' }), undefined)
  })
})
