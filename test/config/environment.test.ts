import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fastifyEnv from '@fastify/env'
import { sessionConfigSchema } from '../../lib/index.ts'
import type { FlaskConfig } from '../../lib/index.ts'
import { buildApp, cookieOf, logOf, refusalOf, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act, Answer } from '../helpers.ts'
import { rows } from './rows.ts'

describe('sessionConfigSchema', () => {
  const load = async (t: TestContext, data: Record<string, string>, confKey = 'config'): Promise<{ visit: (act: Act) => Promise<Answer>, config: FlaskConfig }> => {
    const { app, visit } = await sessionApp(t, { secretKey: undefined, confKey }, {
      before: (app) => app.register(fastifyEnv, { schema: { ...sessionConfigSchema }, confKey, data, env: false })
    })
    await app.ready()
    return { visit, config: (app as unknown as Record<string, FlaskConfig>)[confKey] as FlaskConfig }
  }

  test('turns the text of environment variables into their types', async (t: TestContext) => {
    const { visit, config } = await load(t, {
      SECRET_KEY: 'a key from the environment',
      SECRET_KEY_FALLBACKS: 'the old one,the older one',
      SESSION_COOKIE_NAME: 'sid',
      SESSION_COOKIE_DOMAIN: 'example.com',
      SESSION_COOKIE_PATH: '/app',
      SESSION_COOKIE_HTTPONLY: 'false',
      SESSION_COOKIE_SECURE: 'true',
      SESSION_COOKIE_PARTITIONED: 'true',
      SESSION_COOKIE_SAMESITE: 'lax',
      PERMANENT_SESSION_LIFETIME: '60',
      SESSION_ABSOLUTE_LIFETIME: '3600',
      SESSION_REFRESH_AFTER: '10',
      SESSION_REFRESH_EACH_REQUEST: 'false',
      APPLICATION_ROOT: '/root',
      MAX_COOKIE_SIZE: '4000',
      UNKNOWN: 'left out'
    })

    t.assert.deepStrictEqual({ ...config }, {
      SECRET_KEY: 'a key from the environment',
      SECRET_KEY_FALLBACKS: 'the old one,the older one',
      SESSION_COOKIE_NAME: 'sid',
      SESSION_COOKIE_DOMAIN: 'example.com',
      SESSION_COOKIE_PATH: '/app',
      SESSION_COOKIE_HTTPONLY: false,
      SESSION_COOKIE_SECURE: true,
      SESSION_COOKIE_PARTITIONED: true,
      SESSION_COOKIE_SAMESITE: 'lax',
      PERMANENT_SESSION_LIFETIME: 60,
      SESSION_ABSOLUTE_LIFETIME: 3600,
      SESSION_REFRESH_AFTER: 10,
      SESSION_REFRESH_EACH_REQUEST: false,
      APPLICATION_ROOT: '/root',
      MAX_COOKIE_SIZE: 4000
    })
    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }), 'sid')?.attributes, {
      Domain: 'example.com', Path: '/app', Secure: true, Partitioned: true, SameSite: 'Lax'
    })
  })

  test('has Flask\'s defaults, but no name and lifetime that would go before those of the session', async (t: TestContext) => {
    const { visit, config } = await load(t, { SECRET_KEY: 'a key from the environment' })

    t.assert.deepStrictEqual({ ...config }, {
      SECRET_KEY: 'a key from the environment',
      SESSION_COOKIE_HTTPONLY: true,
      SESSION_COOKIE_SECURE: false,
      SESSION_COOKIE_PARTITIONED: false,
      SESSION_REFRESH_AFTER: 0,
      SESSION_REFRESH_EACH_REQUEST: true,
      APPLICATION_ROOT: '/',
      MAX_COOKIE_SIZE: 4093
    })
    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes, { Path: '/', HttpOnly: true })
  })

  test('works for several sessions', async (t: TestContext) => {
    const app = await buildApp(t, { secretKey: undefined, sessions: [{}, { sessionName: 'admin' }] }, {
      before: (app) => app.register(fastifyEnv, { schema: sessionConfigSchema, data: { SECRET_KEY: 'a key from the environment' }, env: false })
    })
    app.get('/', async (request) => { (request as unknown as { admin: { a: number } }).admin.a = 1 })

    t.assert.ok(sessionCookieOf(await app.inject('/'), 'admin'))
  })

  test('leads to a warning about the rest of a fallback key that has a comma in it', async (t: TestContext) => {
    const log = logOf()
    const { app } = await sessionApp(t, { secretKey: undefined }, {
      server: log.server,
      before: (app) => app.register(fastifyEnv, {
        schema: sessionConfigSchema, data: { SECRET_KEY: 'a key from the environment', SECRET_KEY_FALLBACKS: 'q8T!vR#2pL0x)Zk@Wd5,7' }, env: false
      })
    })
    await app.ready()

    t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [
      [40, 'session: key 2 of SECRET_KEY_FALLBACKS has 1 bytes, fewer than 16 (in an environment variable a comma ends a key). Whoever guesses it can sign in as anybody']
    ])
  })

  test('leaves an empty fallback key to be refused', async (t: TestContext) => {
    for (const SECRET_KEY_FALLBACKS of ['a,', ',', 'a,,b']) {
      const error = await refusalOf(t, {}, { before: (app) => app.register(fastifyEnv, { schema: sessionConfigSchema, data: { SECRET_KEY_FALLBACKS }, env: false }) })

      t.assert.strictEqual(error.message,
        'SECRET_KEY_FALLBACKS must be a list of non-empty strings or bytes, or text that lists them (["a","b"] or a,b), got string')
    }
  })

  test('treats empty variables as not set', async (t: TestContext) => {
    const { visit } = await load(t, {
      SECRET_KEY: 'a key from the environment', SECRET_KEY_FALLBACKS: '', SESSION_COOKIE_DOMAIN: '', SESSION_COOKIE_PATH: '', SESSION_COOKIE_SAMESITE: ''
    })

    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes, { Path: '/', HttpOnly: true })
  })

  test('works under another confKey', async (t: TestContext) => {
    const { visit } = await load(t, { SECRET_KEY: 'a key from the environment', SESSION_COOKIE_NAME: 'sid' }, 'env')

    t.assert.ok(sessionCookieOf(await visit((session) => { session.a = 1 }), 'sid'))
  })

  test('names every key of the config', (t: TestContext) => {
    t.assert.deepStrictEqual(Object.keys(sessionConfigSchema.properties).sort(), Object.keys(rows).sort())
  })

  test('a change of SESSION_COOKIE_SECURE in the config of @fastify/env shows in the next Set-Cookie', async (t: TestContext) => {
    const { visit, config } = await load(t, { SECRET_KEY: 'a key from the environment' })

    t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes.Secure, undefined)
    config.SESSION_COOKIE_SECURE = true
    t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes.Secure, true)
  })
})

describe('SECRET_KEY_FALLBACKS as text', () => {
  const forms: Array<[text: string, keys: string[]]> = [
    ['["an old key","an older key"]', ['an old key', 'an older key']],
    [' [ "an old key" , "an older key" ] ', ['an old key', 'an older key']],
    ['["a key, with a comma"]', ['a key, with a comma']],
    ['an old key,an older key', ['an old key', 'an older key']],
    ['an old key, an older key', ['an old key', 'an older key']],
    ['an old key', ['an old key']],
    ['[]', []],
    ['', []],
    [' ', []]
  ]
  const all = ['an old key', 'an older key', 'a key, with a comma']
  /** Which of the keys sign cookies that an application accepts. */
  const accepted = async (visit: (act: Act, how: { cookie: string }) => Promise<Answer>): Promise<string[]> => {
    const keys: string[] = []
    for (const key of all) {
      const { body } = await visit((session) => session.key ?? 'none', { cookie: cookieOf({ key }, { key }) })
      if (body === key) keys.push(key)
    }
    return keys
  }

  for (const [text, keys] of forms) {
    test(`${JSON.stringify(text)} means ${keys.length} keys in the config, as an option and with @fastify/env`, async (t: TestContext) => {
      const data = { SECRET_KEY: secretKey, SECRET_KEY_FALLBACKS: text }
      const ways = [
        await sessionApp(t, {}, { config: { SECRET_KEY_FALLBACKS: text } }),
        await sessionApp(t, { secretKeyFallbacks: text }),
        await sessionApp(t, { SECRET_KEY_FALLBACKS: text }),
        await sessionApp(t, { secretKey: undefined }, {
          before: (app) => app.register(fastifyEnv, { schema: sessionConfigSchema, data, env: false })
        })
      ]
      for (const { visit } of ways) t.assert.deepStrictEqual(await accepted(visit), keys)
    })
  }

  test('works with a schema of the application that splits it at commas', async (t: TestContext) => {
    const schema = { type: 'object', properties: { SECRET_KEY_FALLBACKS: { type: 'string', separator: ',' } } }
    for (const [text, keys] of forms.slice(0, 4)) {
      const { visit } = await sessionApp(t, {}, {
        before: (app) => app.register(fastifyEnv, { schema, data: { SECRET_KEY_FALLBACKS: text }, env: false })
      })

      t.assert.deepStrictEqual(await accepted(visit), keys)
    }
  })

  test('leaves keys alone that only look like JSON in a list', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKeyFallbacks: ['[an old key', 'an older key]'] })

    for (const key of ['[an old key', 'an older key]']) {
      t.assert.strictEqual((await visit((session) => session.a ?? 'none', { cookie: cookieOf({ a: 'found' }, { key }) })).body, 'found')
    }
  })
})
