import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import { ConfigReader } from '../../lib/config/reader.ts'
import secureSession from '../../lib/index.ts'
import type { FlaskConfig, SecureSessionOptions } from '../../lib/index.ts'
import { buildApp, cookieOf, savedData, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act, Answer } from '../helpers.ts'
import { rows, values } from './rows.ts'
import type { Key, Row } from './rows.ts'

describe('the order of precedence', () => {
  const write: Act = (session) => { session.a = 1; session.permanent = true }
  const attribute = (name: string) => (answer: Answer): unknown => sessionCookieOf(answer)?.attributes[name]
  const table: Array<[flaskKey: Key, option: SecureSessionOptions, byOption: unknown, inConfig: unknown, byConfig: unknown, byDefault: unknown, see: (answer: Answer) => unknown]> = [
    ['SESSION_COOKIE_DOMAIN', { cookie: { domain: 'a.com' } }, 'a.com', 'b.com', 'b.com', undefined, attribute('Domain')],
    ['SESSION_COOKIE_PATH', { cookie: { path: '/a' } }, '/a', '/b', '/b', '/', attribute('Path')],
    ['SESSION_COOKIE_HTTPONLY', { cookie: { httpOnly: true } }, true, false, undefined, true, attribute('HttpOnly')],
    ['SESSION_COOKIE_SECURE', { cookie: { secure: false } }, undefined, true, true, undefined, attribute('Secure')],
    ['SESSION_COOKIE_PARTITIONED', { cookie: { partitioned: false } }, undefined, true, true, undefined, attribute('Partitioned')],
    ['SESSION_COOKIE_SAMESITE', { cookie: { sameSite: null } }, undefined, 'lax', 'Lax', undefined, attribute('SameSite')],
    ['PERMANENT_SESSION_LIFETIME', { permanentSessionLifetime: 60 }, 'Mon, 01 Jan 2024 00:01:00 GMT', 3600, 'Mon, 01 Jan 2024 01:00:00 GMT', 'Thu, 01 Feb 2024 00:00:00 GMT', attribute('Expires')],
    ['MAX_COOKIE_SIZE', { maxCookieSize: 0 }, 200, 10, 500, 200, (answer) => answer.statusCode],
    ['SESSION_COOKIE_NAME', { cookieName: 'a' }, 'a', 'b', 'b', 'session', ({ headers }) => String(headers['set-cookie']).split('=', 1)[0]],
    ['SECRET_KEY', { secretKey: 'option key option key' }, 200, 'config key config key', 200, 500, (answer) => answer.statusCode]
  ]
  for (const [flaskKey, option, byOption, inConfig, byConfig, byDefault, see] of table) {
    test(`for ${flaskKey} is option, config, default; undefined counts as not given`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2024, 0, 1) })
      const base = flaskKey === 'SECRET_KEY' ? { secretKey: undefined } : {}
      const config = { [flaskKey]: inConfig } as FlaskConfig
      const none = { [flaskKey]: undefined } as FlaskConfig
      const visits: Array<[options: SecureSessionOptions, config: FlaskConfig | undefined, seen: unknown]> = [
        [option, config, byOption], [base, config, byConfig], [base, none, byDefault], [base, undefined, byDefault]
      ]
      for (const [options, given, seen] of visits) {
        const { visit } = await sessionApp(t, options, given === undefined ? {} : { config: given })

        t.assert.strictEqual(see(await visit(write)), seen)
      }
    })
  }

  test('for SESSION_REFRESH_EACH_REQUEST is option, config, default', async (t: TestContext) => {
    const SESSION_REFRESH_EACH_REQUEST = false
    for (const [options, config, isSent] of [
      [{ refreshEachRequest: true }, { SESSION_REFRESH_EACH_REQUEST }, true], [{}, { SESSION_REFRESH_EACH_REQUEST }, false], [{}, {}, true]
    ] as const) {
      const { visit } = await sessionApp(t, options, { config })

      t.assert.strictEqual(sessionCookieOf(await visit(() => {}, { cookie: cookieOf({ _permanent: true }) })) !== undefined, isSent)
    }
  })

  test('for SECRET_KEY_FALLBACKS is option, config, default', async (t: TestContext) => {
    const SECRET_KEY_FALLBACKS = ['config fallback']
    for (const [options, config, readable] of [
      [{ secretKeyFallbacks: ['option fallback'] }, { SECRET_KEY_FALLBACKS }, ['option fallback']],
      [{}, { SECRET_KEY_FALLBACKS }, ['config fallback']], [{}, {}, []], [{}, { SECRET_KEY_FALLBACKS: null }, []]
    ] as const) {
      const { visit } = await sessionApp(t, options, { config })
      for (const fallback of ['option fallback', 'config fallback']) {
        const answer = await visit((session) => session.a ?? 'nothing', { cookie: cookieOf({ a: 'found' }, { key: fallback }) })

        t.assert.strictEqual(answer.body, (readable as readonly string[]).includes(fallback) ? 'found' : 'nothing')
      }
    }
  })

  for (const [flaskKey, { option }] of Object.entries(rows) as Array<[Key, Row]>) {
    test(`for ${flaskKey} is the option, the key among the options, the config`, (t: TestContext) => {
      const [first, second] = values[flaskKey]
      const read = (options: object, config: object): unknown => {
        const value = new ConfigReader(options).read(config)[flaskKey]
        return Array.isArray(value) ? [...value] : value
      }

      t.assert.deepStrictEqual(read({ [flaskKey]: first }, { [flaskKey]: second }), first)
      t.assert.deepStrictEqual(read({ [flaskKey]: second }, { [flaskKey]: first }), second)
      t.assert.deepStrictEqual(read({ [flaskKey]: undefined }, { [flaskKey]: first }), first)
      if (option !== undefined) t.assert.deepStrictEqual(read({ ...option(first as never), [flaskKey]: second }, {}), first)
    })
  }
})

describe("Flask's keys among the options", () => {
  const write: Act = (session) => { session.a = 1 }

  test('set what the options of the same meaning set', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {
      secretKey: undefined,
      SECRET_KEY: 'the key of the Flask application',
      SESSION_COOKIE_NAME: 'sid',
      SESSION_COOKIE_SECURE: true,
      SESSION_COOKIE_SAMESITE: 'Lax',
      APPLICATION_ROOT: '/app'
    })

    const response = await visit(write)

    t.assert.deepStrictEqual(sessionCookieOf(response, 'sid')?.attributes, { Path: '/app', HttpOnly: true, Secure: true, SameSite: 'Lax' })
    t.assert.deepStrictEqual(savedData(response, 'sid', { key: 'the key of the Flask application' }), { a: 1 })
  })

  test('stand in `sessions` and around it, and those of a session replace the common ones in either form', async (t: TestContext) => {
    const app = await buildApp(t, {
      secretKey: undefined,
      SECRET_KEY: 'the common key, long enough',
      cookie: { path: '/common', sameSite: 'Lax' },
      maxCookieSize: 4000,
      SESSION_COOKIE_HTTPONLY: false,
      sessions: [
        {},
        { sessionName: 'flask', SECRET_KEY: 'the own key, long enough', SESSION_COOKIE_PATH: '/own', MAX_COOKIE_SIZE: 0, SESSION_COOKIE_HTTPONLY: true },
        { sessionName: 'options', secretKey: 'the own key, long enough', cookie: { path: '/own', httpOnly: true } }
      ]
    })
    app.get('/', async (request) => {
      for (const name of ['session', 'flask', 'options']) (request as unknown as Record<string, Record<string, unknown>>)[name]!.a = 'x'
    })

    const response = await app.inject('/')

    t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/common', SameSite: 'Lax' })
    t.assert.deepStrictEqual(savedData(response, 'session', { key: 'the common key, long enough' }), { a: 'x' })
    for (const name of ['flask', 'options']) {
      t.assert.deepStrictEqual(sessionCookieOf(response, name)?.attributes, { Path: '/own', HttpOnly: true, SameSite: 'Lax' })
      t.assert.deepStrictEqual(savedData(response, name, { key: 'the own key, long enough', salt: `cookie-session.${name}` }), { a: 'x' })
    }
  })

  test('stand in a list of options', async (t: TestContext) => {
    const app = Fastify()
    t.after(() => app.close())
    app.register(secureSession, [{ SECRET_KEY: secretKey, SESSION_COOKIE_SECURE: true }])
    app.get('/', async (request) => { request.session.a = 1 })

    t.assert.deepStrictEqual(sessionCookieOf(await app.inject('/'))?.attributes, { Path: '/', HttpOnly: true, Secure: true })
  })
})
