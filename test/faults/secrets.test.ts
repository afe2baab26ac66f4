import assert from 'node:assert'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import { cookieOf, savedData, secretKey, sessionApp } from '../helpers.ts'
import type { Act } from '../helpers.ts'

describe('a secret key', () => {
  const prints: Record<string, Act> = {
    'a failed assertion': (session) => { assert.strictEqual(session, null) },
    'a failed deep comparison': (session, request) => { assert.deepStrictEqual([request, session], []) },
    'inspect without custom functions': (session, request) => inspect([request, session], { customInspect: false, depth: 8, showProxy: true, showHidden: true }),
    'inspect with getters': (session, request) => inspect([request, session], { getters: true, depth: 4 }),
    'the prototypes and symbols of the session': (session) => Reflect.ownKeys(Object.getPrototypeOf(session)).map((key) => inspect(Reflect.get(session, key), { depth: 8, customInspect: false }))
  }
  for (const [name, act] of Object.entries(prints)) {
    test(`is in nothing that ${name} prints`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit(act, { cookie: cookieOf({ user: 'alice' }) })

      t.assert.ok(response.body.length > 10)
      t.assert.ok(!response.body.includes(secretKey), response.body.slice(0, 2000))
    })
  }

  test('that is rotated while a request is under way does not sign the refresh of that request', async (t: TestContext) => {
    const config = { SECRET_KEY: secretKey }
    const { app, visit } = await sessionApp(t, { secretKey: undefined }, { config, after: (app) => app.get('/other', async () => 'other') })

    const response = await visit(async () => {
      config.SECRET_KEY = 'another key, long enough to be safe'
      await app.inject('/other')
    }, { cookie: cookieOf({ _permanent: true, user: 'mallory' }) })

    t.assert.deepStrictEqual(savedData(response), { _permanent: true, user: 'mallory' })
    t.assert.throws(() => savedData(response, 'session', { key: config.SECRET_KEY }))
  })
})

describe('data that is remembered', () => {
  test('does not change when a serializer of the application changes its argument', async (t: TestContext) => {
    const serializer = {
      dumps: (data: unknown) => { Object.assign(data as object, { leaked: true }); return JSON.stringify(data) },
      loads: (text: string) => JSON.parse(text) as unknown
    }
    const { visit } = await sessionApp(t, { serializer })
    const cookie = cookieOf({ _permanent: true, list: [1] })

    const seen = []
    for (let i = 0; i < 4; i++) seen.push((await visit((session) => session.data(), { cookie })).json())

    for (const data of seen) t.assert.deepStrictEqual(data, { _permanent: true, list: [1] })
  })

  test('does not change when an encode of the application changes its argument, at the top and inside', async (t: TestContext) => {
    class Changing extends SecureCookieSessionInterface {
      override encode (...[app, data, options]: Parameters<SecureCookieSessionInterface['encode']>): string {
        (data.list as unknown[]).push('leaked')
        data.leaked = true
        return super.encode(app, data, options)
      }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Changing() })
    const cookie = cookieOf({ _permanent: true, list: [1] })

    for (let i = 0; i < 4; i++) {
      t.assert.deepStrictEqual((await visit((session) => session.data(), { cookie })).json(), { _permanent: true, list: [1] })
    }
  })
})
