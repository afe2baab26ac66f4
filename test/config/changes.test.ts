import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ConfigReader } from '../../lib/config/reader.ts'
import type { FlaskConfig } from '../../lib/index.ts'
import { cookieAfter, cookieOf, noise, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'
import { rows, values } from './rows.ts'
import type { Key, Row } from './rows.ts'

describe('a change of the config while the server runs', () => {
  const config = Object.fromEntries(Object.entries(values).map(([key, [value]]) => [key, value])) as FlaskConfig
  for (const [flaskKey, { option }] of Object.entries(rows) as Array<[Key, Row]>) {
    test(`is noticed in every key, but for ${flaskKey} when an option stands for it`, (t: TestContext) => {
      const reader = new ConfigReader(option?.(values[flaskKey][0] as never) ?? { [flaskKey]: values[flaskKey][0] })

      for (const [key, [, other]] of Object.entries(values)) {
        const before = reader.read(config)
        t.assert.strictEqual(reader.read({ ...config, [key]: other }) === before, key === flaskKey, key)
      }
    })
  }

  test('to the same value, or in a key that is not ours, leaves the very same settings', (t: TestContext) => {
    const reader = new ConfigReader({})
    const before = reader.read(config)

    t.assert.strictEqual(reader.read({ ...config, SECRET_KEY_FALLBACKS: ['a'] }), before)
    t.assert.strictEqual(reader.read({ ...config, PORT: 3000 } as FlaskConfig), before)
    t.assert.ok(Object.isFrozen(before))
    t.assert.ok(Object.isFrozen(before.SECRET_KEY_FALLBACKS))
    t.assert.ok(Object.isFrozen(reader.read(undefined).SECRET_KEY_FALLBACKS))
  })

  const write: Act = (session) => { session.a = 1; session.permanent = true }
  const changes: Array<[change: FlaskConfig, attributes: Record<string, string | true | undefined>]> = [
    [{ SESSION_COOKIE_SECURE: true }, { Secure: true }],
    [{ SESSION_COOKIE_HTTPONLY: false }, { HttpOnly: undefined }],
    [{ SESSION_COOKIE_DOMAIN: 'example.com' }, { Domain: 'example.com' }],
    [{ SESSION_COOKIE_PATH: '/app' }, { Path: '/app' }],
    [{ APPLICATION_ROOT: '/root' }, { Path: '/root' }],
    [{ APPLICATION_ROOT: '/root', SESSION_COOKIE_PATH: '/app' }, { Path: '/app' }],
    [{ SESSION_COOKIE_SAMESITE: 'Strict' }, { SameSite: 'Strict' }],
    [{ SESSION_COOKIE_PARTITIONED: true }, { Partitioned: true, Secure: true }],
    [{ PERMANENT_SESSION_LIFETIME: 60 }, { Expires: 'Mon, 01 Jan 2024 00:01:00 GMT' }]
  ]
  const usual = { Path: '/', Expires: 'Thu, 01 Feb 2024 00:00:00 GMT', HttpOnly: true }

  for (const [change, attributes] of changes) {
    test(`to ${JSON.stringify(change)} shows in the next Set-Cookie, and so does its end`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2024, 0, 1) })
      const config: FlaskConfig = {}
      const { visit } = await sessionApp(t, {}, { config })

      const before = await visit(write)
      Object.assign(config, change)
      const changed = await visit(write)
      for (const name of Object.keys(change)) delete config[name as Key]
      const after = await visit(write)

      t.assert.deepStrictEqual(sessionCookieOf(before)?.attributes, usual)
      t.assert.deepStrictEqual(sessionCookieOf(changed)?.attributes, JSON.parse(JSON.stringify({ ...usual, ...attributes })))
      t.assert.deepStrictEqual(sessionCookieOf(after)?.attributes, usual)
    })
  }

  test('of SESSION_COOKIE_NAME holds for reading and writing', async (t: TestContext) => {
    const config: FlaskConfig = {}
    const { visit } = await sessionApp(t, {}, { config })
    const value = cookieOf({ n: 1 }).slice('session='.length)
    const bump: Act = (session) => { session.n = (session.n ?? 0) + 1 }

    t.assert.deepStrictEqual(savedData(await visit(bump, { cookie: `session=${value}; other=${value}x` })), { n: 2 })
    config.SESSION_COOKIE_NAME = 'other'
    t.assert.deepStrictEqual(savedData(await visit(bump, { cookie: `other=${value}; session=${value}x` }), 'other'), { n: 2 })
  })

  test('of SECRET_KEY signs with the new key and refuses the old', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: 'the first key, long enough' }
    const { visit } = await sessionApp(t, { secretKey: undefined }, { config })
    const read: Act = (session) => session.a ?? 'nothing'

    const first = await visit(write)
    config.SECRET_KEY = 'the second key, long enough'
    const second = await visit(write)

    t.assert.deepStrictEqual(savedData(first, 'session', { key: 'the first key, long enough' }), { a: 1, _permanent: true })
    t.assert.deepStrictEqual(savedData(second, 'session', { key: 'the second key, long enough' }), { a: 1, _permanent: true })
    t.assert.strictEqual((await visit(read, { cookie: cookieAfter(first) })).body, 'nothing')
    t.assert.strictEqual((await visit(read, { cookie: cookieAfter(second) })).body, '1')
  })

  test('of SECRET_KEY_FALLBACKS in place, by push and by index, holds at once', async (t: TestContext) => {
    const SECRET_KEY_FALLBACKS: string[] = []
    const { visit } = await sessionApp(t, {}, { config: { SECRET_KEY_FALLBACKS } })
    const old = cookieOf({ a: 1 }, { key: 'an old key' })
    const read = async (): Promise<string> => (await visit((session) => session.a ?? 'nothing', { cookie: old })).body

    t.assert.strictEqual(await read(), 'nothing')
    SECRET_KEY_FALLBACKS.push('an old key')
    t.assert.strictEqual(await read(), '1')
    SECRET_KEY_FALLBACKS[0] = 'another old key'
    t.assert.strictEqual(await read(), 'nothing')
    SECRET_KEY_FALLBACKS.unshift('an old key')
    t.assert.strictEqual(await read(), '1')
    SECRET_KEY_FALLBACKS.length = 0
    t.assert.strictEqual(await read(), 'nothing')
    SECRET_KEY_FALLBACKS.push('')
    t.assert.match(await read(), /"code":"FST_SESSION_INVALID_CONFIG".*SECRET_KEY_FALLBACKS must be a list of non-empty strings or bytes.*, got array/)
  })

  test('of PERMANENT_SESSION_LIFETIME refuses what is older, and takes it again', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2024, 0, 1) })
    const config: FlaskConfig = { PERMANENT_SESSION_LIFETIME: 60 }
    const { visit } = await sessionApp(t, {}, { config })
    const old = cookieOf({ a: 1 })
    const read = async (): Promise<string> => (await visit((session) => session.a ?? 'nothing', { cookie: old })).body

    t.mock.timers.tick(60_000)
    t.assert.strictEqual(await read(), '1')
    t.mock.timers.tick(1000)
    t.assert.strictEqual(await read(), 'nothing')
    config.PERMANENT_SESSION_LIFETIME = 61
    t.assert.strictEqual(await read(), '1')
    config.PERMANENT_SESSION_LIFETIME = 0
    t.assert.strictEqual(await read(), 'nothing')
  })

  test('of SESSION_REFRESH_EACH_REQUEST holds at once', async (t: TestContext) => {
    const config: FlaskConfig = {}
    const { visit } = await sessionApp(t, {}, { config })
    const isSent = async (): Promise<boolean> => sessionCookieOf(await visit(() => {}, { cookie: cookieOf({ _permanent: true }) })) !== undefined

    t.assert.strictEqual(await isSent(), true)
    config.SESSION_REFRESH_EACH_REQUEST = false
    t.assert.strictEqual(await isSent(), false)
  })

  test('of MAX_COOKIE_SIZE holds at once, and 0 turns the check off', async (t: TestContext) => {
    const config: FlaskConfig = {}
    const { visit } = await sessionApp(t, {}, { config })
    const status = async (): Promise<number> => (await visit((session) => { session.big = noise(6000) })).statusCode

    t.assert.strictEqual(await status(), 500)
    config.MAX_COOKIE_SIZE = 16_384
    t.assert.strictEqual(await status(), 200)
    config.MAX_COOKIE_SIZE = 1024
    t.assert.strictEqual(await status(), 500)
    config.MAX_COOKIE_SIZE = 0
    t.assert.strictEqual(await status(), 200)
  })

  test('by another object in its place holds at once', async (t: TestContext) => {
    const app = { config: { SESSION_COOKIE_PATH: '/a' } as FlaskConfig }
    const { visit } = await sessionApp(t, { confKey: 'settings' }, {
      before: (fastify) => fastify.decorate('settings', { getter: () => app.config })
    })

    t.assert.strictEqual(sessionCookieOf(await visit(write))?.attributes.Path, '/a')
    app.config = { SESSION_COOKIE_PATH: '/b' }
    t.assert.strictEqual(sessionCookieOf(await visit(write))?.attributes.Path, '/b')
  })
})

describe('confKey', () => {
  test('names the decorator that is read', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { confKey: 'settings' }, {
      config: { SESSION_COOKIE_NAME: 'wrong' },
      before: (app) => app.decorate('settings', { SESSION_COOKIE_NAME: 'right' })
    })

    t.assert.ok(sessionCookieOf(await visit((session) => { session.a = 1 }), 'right'))
  })

  test('may name what is decorated after the registration, or never', async (t: TestContext) => {
    const late = await sessionApp(t, { confKey: 'settings' }, { after: (app) => app.decorate('settings', { SESSION_COOKIE_NAME: 'late' }) })
    const never = await sessionApp(t, { confKey: 'settings' })

    t.assert.ok(sessionCookieOf(await late.visit((session) => { session.a = 1 }), 'late'))
    t.assert.ok(sessionCookieOf(await never.visit((session) => { session.a = 1 })))
  })

  test('may name null', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { confKey: 'settings' }, { before: (app) => app.decorate('settings', null) })

    t.assert.ok(sessionCookieOf(await visit((session) => { session.a = 1 })))
  })
})
