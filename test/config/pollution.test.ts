import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseCookieOptions } from '../../lib/config/cookie-options.ts'
import { lookup, pick } from '../../lib/lookup.ts'
import { ConfigReader } from '../../lib/config/reader.ts'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { FlaskConfig, SecureSessionOptions } from '../../lib/index.ts'
import { cookieOf, savedData, secretKey, sessionApp, sessionCookieOf, setCookiesOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'
import { rows, values } from './rows.ts'
import type { Key, Row } from './rows.ts'

const prototype = Object.prototype as unknown as Record<string, unknown>

/** Runs with keys that every object inherits, as after a prototype pollution somewhere in the application. */
async function polluted<T> (keys: Record<string, unknown>, work: () => T | Promise<T>): Promise<T> {
  // Not enumerable: a `for..in` of Node or Fastify must not trip over them.
  for (const [key, value] of Object.entries(keys)) Object.defineProperty(prototype, key, { value, configurable: true, writable: true })
  try {
    return await work()
  } finally {
    for (const key of Object.keys(keys)) delete prototype[key]
  }
}

const write: Act = (session) => { session.a = 1 }

describe('a key of Object.prototype', () => {
  test('SECRET_KEY_FALLBACKS does not verify, with and without other keys in the config', async (t: TestContext) => {
    for (const config of [{ SECRET_KEY: secretKey }, {}]) {
      await polluted({ SECRET_KEY_FALLBACKS: ['the key of an attacker'], secretKeyFallbacks: ['the key of an attacker'] }, async () => {
        const { visit } = await sessionApp(t, {}, { config })
        const forged = cookieOf({ user_id: 1 }, { key: 'the key of an attacker' })

        t.assert.strictEqual((await visit((session) => session.user_id ?? 'nobody', { cookie: forged })).body, 'nobody')
      })
    }
  })

  test('is ignored while the server runs, too', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKey: undefined }, { config: { SECRET_KEY: secretKey } })
    await visit(write)

    const response = await polluted({ SESSION_COOKIE_DOMAIN: 'evil.example', SESSION_COOKIE_NAME: 'evil' }, async () => await visit(write))

    t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/', HttpOnly: true })
  })

  for (const [flaskKey, { option }] of Object.entries(rows) as Array<[Key, Row]>) {
    test(`${flaskKey} is ignored in the config and the options, which may have it themselves or from their class`, async (t: TestContext) => {
      const [evil, good] = values[flaskKey]
      const read = (options: object, config?: object): unknown => new ConfigReader(options).read(config as FlaskConfig)[flaskKey]
      const normal = read({})
      class Config { get [flaskKey] (): unknown { return good } }
      const camel = option?.(evil as never) ?? {}

      await polluted({ [flaskKey]: evil, ...camel, ...camel.cookie }, () => {
        t.assert.deepStrictEqual(read({}), normal)
        t.assert.deepStrictEqual(read({}, {}), normal)
        t.assert.deepStrictEqual(read({ cookie: {} }, Object.create({})), normal)
        for (const holder of [{ [flaskKey]: good }, new Config(), Object.create({ [flaskKey]: good })]) {
          t.assert.deepStrictEqual(read({}, holder), good)
          t.assert.deepStrictEqual(read(holder), good)
        }
      })
    })
  }

  test('is no option of the plugin, nor of one of several sessions', async (t: TestContext) => {
    const evil = {
      salt: 'evil',
      digestMethod: 'sha1',
      keyDerivation: 'none',
      clockTolerance: 1e9,
      sessionName: 'evil',
      confKey: 'evil',
      cookie: { path: '/evil' },
      sessions: [{ sessionName: 'evil' }],
      compat: ['evil'],
      sessionInterface: {},
      readSecureSession: { key: Buffer.alloc(32) }
    }
    for (const options of [{}, { sessions: [{}] }] as SecureSessionOptions[]) {
      const response = await polluted(evil, async () => {
        const { visit } = await sessionApp(t, options)
        return await visit(write)
      })

      t.assert.deepStrictEqual(savedData(response), { a: 1 })
      t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/', HttpOnly: true })
    }
  })

  test('is no option of a session interface', async (t: TestContext) => {
    await polluted({ salt: 'evil', digestMethod: 'sha1', clockTolerance: 1e9 }, async () => {
      const sessions = new SecureCookieSessionInterface({})

      t.assert.deepStrictEqual([sessions.salt, sessions.digestMethod, sessions.clockTolerance], [undefined, 'sha512', 5])
    })
  })

  test('is no config of the application', async (t: TestContext) => {
    const { app, visit } = await sessionApp(t, { secretKey: undefined })
    await app.ready()

    const response = await polluted({ config: { SECRET_KEY: 'the key of an attacker' } }, async () => await visit(write))

    t.assert.strictEqual(response.json().code, 'FST_SESSION_UNAVAILABLE')
  })

  test('is no session config of a route, and no cookie option of a response', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const disabled = await polluted({ session: false }, async () => await visit(write))
    const changed = await polluted({ httpOnly: false, secure: true, partitioned: true, refresh: 1 }, async () => {
      return await visit((session) => {
        session.a = 1
        session.options({ sameSite: 'Lax' })
      })
    })

    t.assert.deepStrictEqual(savedData(disabled), { a: 1 })
    t.assert.deepStrictEqual(sessionCookieOf(changed)?.attributes, { Path: '/', HttpOnly: true, SameSite: 'Lax' })
  })

  test('is no cookie option of a response, whichever it is', async (t: TestContext) => {
    const evil = { domain: 'evil.example', path: '/evil', expires: 1, maxAge: 1, sameSite: 'evil', secure: 'evil' }

    const read = await polluted(evil, () => {
      const { domain, path, expires, maxAge, sameSite, secure } = parseCookieOptions({}, 'the cookie attribute')
      return [domain, path, expires, maxAge, sameSite, secure]
    })

    t.assert.deepStrictEqual(read, Array(6).fill(undefined))
  })
})

describe('lookup', () => {
  test('finds the keys that an object has itself, and those of its classes', (t: TestContext) => {
    class Base { get inherited (): number { return 1 } }
    class Derived extends Base { own = 2 }

    t.assert.deepStrictEqual(pick(new Derived(), ['own', 'inherited', 'missing']), Object.assign(Object.create(null), { own: 2, inherited: 1 }))
  })

  test("ignores what is Object.prototype's, unless the object has the same value itself", async (t: TestContext) => {
    const read = await polluted({ evil: 1 }, () => {
      return [{}, { evil: 1 }, Object.create({ evil: 1 }) as object, Object.create(null) as object].map((object) => lookup(object, 'evil'))
    })

    t.assert.deepStrictEqual(read, [undefined, 1, 1, undefined])
    t.assert.strictEqual(lookup({}, 'toString'), undefined)
  })

  test('works for objects without a prototype', (t: TestContext) => {
    const base = Object.assign(Object.create(null), { key: 1 }) as object

    t.assert.strictEqual(lookup(base, 'key'), 1)
    t.assert.strictEqual(lookup(Object.create(base) as object, 'key'), 1)
    t.assert.strictEqual(lookup(base, 'other'), undefined)
  })

  test('asks a Proxy that answers without listing its keys', (t: TestContext) => {
    const config = new Proxy({}, { get: (_target, key) => key === 'SECRET_KEY' ? 'from elsewhere' : undefined })

    t.assert.strictEqual(lookup(config, 'SECRET_KEY'), 'from elsewhere')
  })
})

describe('a key of Object.prototype', () => {
  const start = Date.UTC(2026, 0, 1)

  test('prolongs no session, gives none its data or its begin, and revives none that was ended', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: start })
    const options = { permanentSessionLifetime: 200, absoluteLifetime: 100, sealed: { readSigned: true }, revocation: {} }
    const keys = {
      maxAge: 1e9,
      created: start / 1000 + 1e6,
      lifetime: 1e9,
      sid: 'x'.repeat(22),
      memo: { data: { user: 'eve' } },
      loaded: { data: { user: 'eve' }, book: {} },
      rivals: [{ sid: 'y'.repeat(22) }],
      spelling: 'x',
      needsRewrite: true
    }
    await polluted(keys, async () => {
      const { visit, browser } = await sessionApp(t, options)
      const who: Act = (session) => session.user ?? 'nobody'
      const [ann, bob] = [browser(), browser()]
      const login = await ann.visit((session) => { session.user = 'ann' })
      await bob.visit((session) => { session.user = 'bob' })
      const cookie = `session=${bob.jar.get('session')}`
      await bob.visit((session) => session.clear())

      t.assert.strictEqual(setCookiesOf(login).length, 1)
      t.assert.strictEqual((await visit(who)).body, 'nobody')
      t.assert.strictEqual((await visit(who, { cookie })).body, 'nobody')
      t.assert.strictEqual((await ann.visit(who)).body, 'ann')
      t.mock.timers.tick(101_000)
      t.assert.strictEqual((await ann.visit(who)).body, 'nobody')
    })
  })

  test('is no attribute of the cookie', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const before = await visit(write)
    await polluted({ domain: 'example.org', maxAge: 1, expires: new Date(), sameSite: 'none', priority: 'high' }, async () => {
      const attributes = sessionCookieOf(await visit(write))?.attributes
      t.assert.deepStrictEqual(attributes, sessionCookieOf(before)?.attributes)
    })
  })
})

describe('a key of Object.prototype, whichever it is', () => {
  // Of each name that is read from there while sessions of all kinds are served.
  test('changes no response and nothing in a store, unless it does so without sessions, too', (t: TestContext) => {
    const program = fileURLToPath(new URL('polluted-scenes.ts', import.meta.url))
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', program], { encoding: 'utf8' })

    t.assert.strictEqual(stderr, '')
    const { read, excluded, changes } = JSON.parse(stdout) as {
      read: Record<string, string[]>, excluded: Record<string, string[]>, changes: string[]
    }
    t.assert.deepStrictEqual(changes, [])
    t.assert.ok(Object.values(read).every((names) => names.includes('SECRET_KEY') && names.includes('cookie')))
    t.assert.deepStrictEqual(excluded, {
      true: ['cookie', 'set-cookie'], // @fastify/cookie and Fastify read them
      text: ['set-cookie'],
      'an object': ['cookie', 'set-cookie'],
      'a function': ['set-cookie', 'toJSON'], // JSON.stringify
      'what fits': []
    })
  })
})
