import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { Markup, NullSession, SecureCookieSession, SecureCookieSessionInterface, SessionInterface, Tuple, UUID } from '../../lib/index.ts'
import type { FlaskConfig, Session, SessionApp, SessionRequest } from '../../lib/index.ts'
import { cookieAfter, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act, Setup } from '../helpers.ts'

const now = Date.UTC(2024, 0, 1)

// Flask 3.1.3, tests/test_basic.py
describe('sessions as in Flask', () => {
  // test_session_accessed
  test('only a request that uses the session accesses it', async (t: TestContext) => {
    const { browser } = await sessionApp(t)
    const { visit } = browser()
    let session: Session | undefined
    const flags = (): unknown => ({ accessed: session?.accessed, modified: session?.modified })
    const nothing: Act = (given) => { session = given }

    const first = await visit(nothing)
    t.assert.strictEqual(first.headers.vary, undefined)
    t.assert.deepStrictEqual(flags(), { accessed: false, modified: false })

    const set = await visit((given) => { session = given; given.value = '42'; return 'value set' })
    t.assert.strictEqual(set.body, 'value set')
    t.assert.strictEqual(set.headers.vary, 'Cookie')
    t.assert.deepStrictEqual(flags(), { accessed: true, modified: true })

    const get = await visit((given) => { session = given; return given.get('value', 'None') })
    t.assert.strictEqual(get.body, '42')
    t.assert.strictEqual(get.headers.vary, 'Cookie')
    t.assert.deepStrictEqual(flags(), { accessed: true, modified: false })

    const last = await visit(nothing)
    t.assert.strictEqual(last.headers.vary, undefined)
    t.assert.deepStrictEqual(flags(), { accessed: false, modified: false })
  })

  const write: Act = (session) => { session.testing = 42; return 'Hello World' }

  // test_session_path, test_session_using_application_root
  test('the path of the cookie is APPLICATION_ROOT', async (t: TestContext) => {
    for (const APPLICATION_ROOT of ['/foo', '/bar']) {
      const { visit } = await sessionApp(t, {}, { config: { APPLICATION_ROOT } })

      t.assert.strictEqual(sessionCookieOf(await visit(write))?.attributes.Path, APPLICATION_ROOT)
    }
  })

  // test_session_using_session_settings
  test('every setting of the cookie shows when it is set and when it is deleted', async (t: TestContext) => {
    const { browser } = await sessionApp(t, {}, {
      config: {
        APPLICATION_ROOT: '/test',
        SESSION_COOKIE_DOMAIN: '.example.com',
        SESSION_COOKIE_HTTPONLY: false,
        SESSION_COOKIE_SECURE: true,
        SESSION_COOKIE_PARTITIONED: true,
        SESSION_COOKIE_SAMESITE: 'Lax',
        SESSION_COOKIE_PATH: '/'
      }
    })
    const { visit } = browser()
    const attributes = { Domain: 'example.com', Path: '/', Secure: true, Partitioned: true, SameSite: 'Lax' }

    const set = await visit(write)
    const cleared = await visit((session) => { session.pop('testing', null); return 'Goodbye World' })

    t.assert.deepStrictEqual(sessionCookieOf(set)?.attributes, attributes)
    t.assert.strictEqual(sessionCookieOf(cleared)?.value, '')
    t.assert.deepStrictEqual(sessionCookieOf(cleared)?.attributes, {
      ...attributes, 'Max-Age': '0', Expires: 'Thu, 01 Jan 1970 00:00:00 GMT'
    })
  })

  // test_session_using_samesite_attribute
  test('SameSite is refused when invalid, left out for null, else sent', async (t: TestContext) => {
    const config: FlaskConfig = {}
    const { app, visit } = await sessionApp(t, {}, { config })
    await app.ready()
    const sameSite = async (): Promise<unknown> => sessionCookieOf(await visit(write))?.attributes.SameSite

    config.SESSION_COOKIE_SAMESITE = 'invalid'
    t.assert.strictEqual((await visit(write)).json().code, 'FST_SESSION_INVALID_CONFIG')
    config.SESSION_COOKIE_SAMESITE = null
    t.assert.strictEqual(await sameSite(), undefined)
    config.SESSION_COOKIE_SAMESITE = 'Strict'
    t.assert.strictEqual(await sameSite(), 'Strict')
    config.SESSION_COOKIE_SAMESITE = 'Lax'
    t.assert.strictEqual(await sameSite(), 'Lax')
  })

  // test_missing_session
  test('without a secret key reads are empty, writes and pop fail', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKey: undefined })

    const response = await visit((session) => {
      const failures = [() => { session.foo = 42 }, () => session.pop('foo')].map((act) => {
        try {
          return act()
        } catch (error) {
          return (error as { code: string }).code
        }
      })
      return { missing: session.get('missing_key') ?? null, failures }
    })

    t.assert.deepStrictEqual(response.json(), { missing: null, failures: ['FST_SESSION_UNAVAILABLE', 'FST_SESSION_UNAVAILABLE'] })
  })

  // test_session_secret_key_fallbacks
  test('keys can be rotated', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: '0 key', SECRET_KEY_FALLBACKS: ['-1 key', '-2 key'] }
    const { browser } = await sessionApp(t, { secretKey: undefined }, { config })
    const { visit } = browser()
    const read = async (): Promise<unknown> => (await visit((session) => session.data())).json()

    await visit((session) => { session.a = 1 })
    t.assert.deepStrictEqual(await read(), { a: 1 })
    config.SECRET_KEY = '? key'
    t.assert.deepStrictEqual(await read(), {})
    config.SECRET_KEY = '+1 key'
    config.SECRET_KEY_FALLBACKS = ['0 key', '-1 key']
    t.assert.deepStrictEqual(await read(), { a: 1 })
  })

  // test_session_expiration
  test('a permanent session expires in 31 days, another has no Expires', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { browser } = await sessionApp(t)
    const { visit } = browser()

    const permanent = await visit((session) => { session.test = 42; session.permanent = true })
    const read = await visit((session) => session.permanent)
    const passing = await visit((session) => { session.test = 42; session.permanent = false })

    t.assert.strictEqual(sessionCookieOf(permanent)?.attributes.Expires, 'Thu, 01 Feb 2024 00:00:00 GMT')
    t.assert.strictEqual(read.body, 'true')
    t.assert.strictEqual(sessionCookieOf(passing)?.attributes.Expires, undefined)
  })

  // test_session_stored_last
  test('the session is stored last', async (t: TestContext) => {
    for (const when of ['before', 'after'] as const) {
      const setup: Setup = { [when]: (app: Parameters<NonNullable<Setup['before']>>[0]) => { app.addHook('onSend', async (request) => { request.session.foo = 42 }) } }
      const { browser } = await sessionApp(t, {}, setup)
      const { visit } = browser()
      const read: Act = (session) => String(session.get('foo'))

      t.assert.strictEqual((await visit(read)).body, 'undefined')
      t.assert.strictEqual((await visit(read)).body, '42')
    }
  })

  // test_session_special_types
  test('special types come back as they went in', async (t: TestContext) => {
    const { browser } = await sessionApp(t)
    const { visit } = browser()
    const data = {
      t: new Tuple(1, 2, 3),
      b: Buffer.from([0xff]),
      m: new Markup('<html>'),
      u: new UUID('0123456789abcdef0123456789abcdef'),
      d: new Date(now),
      t_tag: { ' t': 'not-a-tuple' },
      di_t_tag: { ' t__': 'not-a-tuple' },
      di_tag: { ' di': 'not-a-dict' }
    }
    let seen: unknown

    await visit((session) => { session.update(data) })
    await visit((session) => { seen = session.data() })

    t.assert.deepStrictEqual(seen, data)
  })

  // test_session_cookie_setting
  for (const [isPermanent, refresh, isSent] of [[true, true, true], [true, false, false], [false, true, false], [false, false, false]] as const) {
    test(`a read ${isSent ? 'sends' : 'sends no'} cookie when permanent is ${String(isPermanent)} and refresh is ${String(refresh)}`, async (t: TestContext) => {
      const { browser } = await sessionApp(t, {}, { config: { SESSION_REFRESH_EACH_REQUEST: refresh } })
      const { visit } = browser()
      const bump: Act = (session) => {
        session.foo = session.get('foo', 0) + 1
        session.permanent = isPermanent
        return String(session.foo)
      }

      t.assert.strictEqual((await visit(bump)).body, '1')
      t.assert.strictEqual((await visit(bump)).body, '2')
      t.assert.strictEqual((await visit(bump)).body, '3')
      const read = await visit((session) => String(session.get('foo', 0)))

      t.assert.strictEqual(sessionCookieOf(read) !== undefined, isSent)
      t.assert.strictEqual(read.body, '3')
    })
  }

  // test_session_vary_cookie
  const varying: Array<[name: string, act: Act, vary: string | undefined]> = [
    ['set', (session) => { session.test = 'test' }, 'Cookie'],
    ['get', (session) => session.get('test'), 'Cookie'],
    ['property', (session) => session.test, 'Cookie'],
    ['setdefault', (session) => session.setDefault('test', 'default'), 'Cookie'],
    ['clear', (session) => { session.clear() }, 'Cookie'],
    ['Vary: Cookie set by the handler', (session, _request, reply) => { reply.header('vary', 'Cookie'); session.test = 'test' }, 'Cookie'],
    ['another Vary set by the handler', (session, _request, reply) => { reply.header('vary', 'Accept-Encoding, Accept-Language'); session.test = 'test' }, 'Accept-Encoding, Accept-Language, Cookie'],
    ['nothing', () => '', undefined]
  ]
  for (const [name, act, vary] of varying) {
    test(`Vary after ${name} is ${String(vary)}`, async (t: TestContext) => {
      const { browser } = await sessionApp(t)
      const { visit } = browser()

      await visit((session) => { session.test = 'test' })

      t.assert.strictEqual((await visit(act)).headers.vary, vary)
    })
  }

  // test_session_refresh_vary
  test('a refreshed session varies, also when the handler ignored it', async (t: TestContext) => {
    const { browser } = await sessionApp(t)
    const { visit } = browser()

    const login = await visit((session) => { session.user_id = 1; session.permanent = true })
    const ignored = await visit(() => '')

    t.assert.strictEqual(login.headers.vary, 'Cookie')
    t.assert.strictEqual(ignored.headers.vary, 'Cookie')
  })

  // test_flashes
  test('modified can be reset between two writes, and the list of messages is still there', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const flash = (session: Session, message: string): void => { session.set('_flashes', [...session.get('_flashes', []), message]) }

    const response = await visit((session) => {
      const seen = [session.modified]
      flash(session, 'Zap')
      session.modified = false
      flash(session, 'Zip')
      seen.push(session.modified)
      return { seen, flashes: session.pop('_flashes') }
    })

    t.assert.deepStrictEqual(response.json(), { seen: [false, true], flashes: ['Zap', 'Zip'] })
  })
})

// Flask 3.1.3, tests/test_reqctx.py and tests/test_session_interface.py
describe('session interfaces as in Flask', () => {
  // test_session_error_pops_context
  test('an openSession that throws is a 500, and the server goes on', async (t: TestContext) => {
    class Failing extends SessionInterface {
      override openSession (): SecureCookieSession { throw new Error('failing') }
      override saveSession (): void {}
    }
    const { visit } = await sessionApp(t, { secretKey: undefined, sessionInterface: new Failing() })

    t.assert.strictEqual((await visit((session) => session.a)).statusCode, 500)
    t.assert.strictEqual((await visit((session) => session.a)).statusCode, 500)
  })

  // test_session_dynamic_cookie_name
  test('getCookieName may differ from request to request', async (t: TestContext) => {
    class ByHeader extends SecureCookieSessionInterface {
      dynamic = false
      override getCookieName (app: SessionApp): string {
        return this.dynamic ? 'dynamic_cookie_name' : super.getCookieName(app)
      }
    }
    const sessionInterface = new ByHeader()
    const { browser } = await sessionApp(t, { sessionInterface })
    const { visit } = browser()
    const read: Act = (session) => session.get('value', 'None')

    await visit((session) => { session.value = '42' })
    sessionInterface.dynamic = true
    await visit((session) => { session.value = '616' })
    sessionInterface.dynamic = false
    t.assert.strictEqual((await visit(read)).body, '42')
    sessionInterface.dynamic = true
    t.assert.strictEqual((await visit(read)).body, '616')
  })

  // test_open_session_with_endpoint
  test('openSession knows the route', async (t: TestContext) => {
    const seen: unknown[] = []
    class Route extends SessionInterface {
      override openSession (_app: SessionApp, request: SessionRequest): null {
        seen.push((request as unknown as { routeOptions: { url: string } }).routeOptions.url)
        return null
      }

      override saveSession (): void {}
    }
    const { visit } = await sessionApp(t, { secretKey: undefined, sessionInterface: new Route() })

    t.assert.strictEqual((await visit((session) => session instanceof NullSession)).body, 'true')
    t.assert.deepStrictEqual(seen, ['/'])
  })
})

// Flask 3.1.3, tests/test_testing.py
describe('a client as in Flask', () => {
  // test_redirect_session
  test('a redirect and its target share a session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const redirect = await visit((session, _request, reply) => { session.redirect = true; return reply.redirect('/') })
    const target = await visit((session) => { session.target = true }, { cookie: cookieAfter(redirect) })

    t.assert.deepStrictEqual(savedData(redirect), { redirect: true })
    t.assert.deepStrictEqual(savedData(target), { redirect: true, target: true })
  })
})
