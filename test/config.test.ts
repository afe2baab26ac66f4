import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fastifyEnv from '@fastify/env'
import { ConfigReader } from '../lib/config.ts'
import { sessionConfigSchema } from '../lib/index.ts'
import type { FlaskConfig, SecureSessionOptions } from '../lib/index.ts'
import { buildApp, cookieAfter, cookieOf, deepFreeze, logOf, noise, refusalOf, savedData, secretKey, sessionApp, sessionCookieOf } from './helpers.ts'
import type { Act, Answer } from './helpers.ts'

type Key = keyof FlaskConfig

/** How a key reads and what it takes, as design.md has it. */
interface Row {
  option: ((value: never) => SecureSessionOptions) | undefined
  name: string | undefined
  expects: string
  wrong: unknown[]
}

const key = (value: never): SecureSessionOptions => ({ secretKey: value })
const cookie = (name: string) => (value: never): SecureSessionOptions => ({ cookie: { [name]: value } })
const notText = [1, true, {}, [], () => {}, Symbol('s'), 1n]
const notBoolean = [null, 0, 1, '', 'true', 'false', 'yes', '1', {}, []]
const notWhole = [null, '31', '', -1, 1.5, NaN, Infinity, 2 ** 53, true, {}, [], 1n, new Date(0)]

const rows: Record<Key, Row> = {
  SECRET_KEY: { option: key, name: 'secretKey', expects: 'a string or bytes', wrong: [...notText, new Uint8Array(0), [secretKey], new Uint16Array(20)] },
  SECRET_KEY_FALLBACKS: {
    option: (value) => ({ secretKeyFallbacks: value }),
    name: 'secretKeyFallbacks',
    expects: 'an array of non-empty strings or bytes',
    wrong: ['a single key', '', 1, {}, [''], ['a key', ''], ['a key', null], [1], [['a key']], [new Uint8Array(0)], new Set(['a key'])]
  },
  SESSION_COOKIE_NAME: {
    option: (value) => ({ cookieName: value }),
    name: 'cookieName',
    expects: "a cookie name (letters, digits and !#$%&'*+-.^_`|~)",
    wrong: [null, ...notText, '', 'a b', 'a;b', 'a=b', 'a,b', 'a\r\nSet-Cookie: b', 'a\n', 'a"b', 'a\tb', 'ä', 'a/b', '\0', 'a\u007f']
  },
  SESSION_COOKIE_DOMAIN: {
    option: cookie('domain'),
    name: 'cookie.domain',
    expects: 'a domain name or null',
    wrong: [...notText, '.', ':80', 'a b.com', 'example.com; Secure', 'example.com\r\nSet-Cookie: a=b', 'exa/mple.com', 'https://example.com', 'a?b.com', 'a#b', '-a.com', 'a..com', 'a'.repeat(64) + '.com', '[::1]']
  },
  SESSION_COOKIE_PATH: {
    option: cookie('path'),
    name: 'cookie.path',
    expects: "a path that starts with '/', or null",
    wrong: [...notText, 'app', ' /', '/a\r\nSet-Cookie: b=c', '/\n', '/\0', '/\u007f', 'https://example.com/']
  },
  SESSION_COOKIE_HTTPONLY: { option: cookie('httpOnly'), name: 'cookie.httpOnly', expects: 'a boolean', wrong: [...notBoolean, 'auto'] },
  SESSION_COOKIE_SECURE: { option: cookie('secure'), name: 'cookie.secure', expects: "a boolean or 'auto'", wrong: [...notBoolean, 'AUTO'] },
  SESSION_COOKIE_PARTITIONED: { option: cookie('partitioned'), name: 'cookie.partitioned', expects: 'a boolean', wrong: notBoolean },
  SESSION_COOKIE_SAMESITE: {
    option: cookie('sameSite'),
    name: 'cookie.sameSite',
    expects: "'Strict', 'Lax', 'None' or null",
    wrong: [1, true, false, {}, [], ['Lax'], '', 'invalid', 'Lax ', 'Lax; Secure', '__proto__', 'constructor', 'Lax\r\n']
  },
  PERMANENT_SESSION_LIFETIME: {
    option: (value) => ({ permanentSessionLifetime: value }),
    name: 'permanentSessionLifetime',
    expects: 'a whole number of seconds from 0 to 3155760000 (100 years)',
    wrong: [...notWhole, 3_155_760_001]
  },
  SESSION_REFRESH_EACH_REQUEST: { option: (value) => ({ refreshEachRequest: value }), name: 'refreshEachRequest', expects: 'a boolean', wrong: notBoolean },
  APPLICATION_ROOT: { option: undefined, name: undefined, expects: "a path that starts with '/'", wrong: [null, ...notText, '', 'app', '/a\r\nb'] },
  MAX_COOKIE_SIZE: { option: (value) => ({ maxCookieSize: value }), name: 'maxCookieSize', expects: 'a whole number of bytes, 0 for no limit', wrong: notWhole }
}

function typeName (value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** The message says what came by its type only. */
function pattern (name: string, expects: string, value: unknown): RegExp {
  const text = `${name} must be ${expects}, got ${typeName(value)}`
  return new RegExp(`^${text.replace(/[()$^.|*+?]/g, '\\$&')}( \\(text from the environment .*)?$`)
}

for (const [flaskKey, { option, name, expects, wrong }] of Object.entries(rows) as Array<[Key, Row]>) {
  describe(flaskKey, () => {
    test('in the config, a wrong value stops the start with the key, what it must be and the type that came', async (t: TestContext) => {
      for (const value of wrong.filter((value) => !(flaskKey === 'SECRET_KEY' && value === ''))) {
        const options = flaskKey === 'SECRET_KEY' ? { secretKey: undefined } : {}
        const error = await refusalOf(t, options, { config: { [flaskKey]: value } as FlaskConfig })

        t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', String(value))
        t.assert.match(error.message, pattern(flaskKey, expects, value))
        t.assert.ok(error instanceof TypeError)
      }
    })

    test('in the config, a wrong value at run time fails the request, and a right one mends it', async (t: TestContext) => {
      const config: Record<string, unknown> = { SECRET_KEY: secretKey }
      const { app, visit } = await sessionApp(t, { secretKey: undefined }, { config: config as FlaskConfig })
      await app.ready()
      const before = { ...config }

      config[flaskKey] = wrong[0]
      const failed = await visit((session) => { session.a = 1 })
      delete config[flaskKey]
      Object.assign(config, before)
      const mended = await visit((session) => { session.a = 1 })

      t.assert.strictEqual(failed.statusCode, 500)
      t.assert.strictEqual(failed.json().code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.match(failed.json().message, pattern(flaskKey, expects, wrong[0]))
      t.assert.strictEqual(failed.headers['set-cookie'], undefined)
      t.assert.deepStrictEqual(savedData(mended), { a: 1 })
    })

    if (option !== undefined && name !== undefined) {
      test(`as the option ${name}, a wrong value stops the start with the name of the option`, async (t: TestContext) => {
        for (const value of wrong) {
          const error = await refusalOf(t, option(value as never))

          t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', String(value))
          t.assert.match(error.message, pattern(name, expects, value))
        }
      })
    }
  })
}

describe('a wrong value', () => {
  test('is never in the message', async (t: TestContext) => {
    for (const [flaskKey, value] of [['SESSION_COOKIE_NAME', 'topsecret value'], ['SECRET_KEY_FALLBACKS', 'topsecret'], ['SESSION_COOKIE_PATH', 'topsecret'], ['SESSION_COOKIE_SAMESITE', 'topsecret']]) {
      const error = await refusalOf(t, {}, { config: { [flaskKey as string]: value } })

      t.assert.doesNotMatch(String(error.stack), /topsecret/)
    }
  })

  for (const value of ['false', 'true', 'False', 'no', 'on', '0', '1']) {
    test(`of '${value}' for a boolean points to the schema`, async (t: TestContext) => {
      for (const flaskKey of ['SESSION_COOKIE_SECURE', 'SESSION_COOKIE_HTTPONLY', 'SESSION_COOKIE_PARTITIONED', 'SESSION_REFRESH_EACH_REQUEST']) {
        const error = await refusalOf(t, {}, { config: { [flaskKey]: value } })

        t.assert.match(error.message, / must be a boolean.*, got string \(text from the environment becomes a boolean with sessionConfigSchema as the schema of @fastify\/env\)$/)
      }
    })
  }

  test('of another text for a boolean does not', async (t: TestContext) => {
    const error = await refusalOf(t, { cookie: { httpOnly: 'perhaps' as unknown as boolean } })

    t.assert.strictEqual(error.message, 'cookie.httpOnly must be a boolean, got string')
  })

  const options: Array<[options: object, message: string]> = [
    [{ cookie: null }, 'cookie must be an object, got null'],
    [{ cookie: 'session' }, 'cookie must be an object, got string'],
    [{ cookie: true }, 'cookie must be an object, got boolean'],
    [{ sessionName: '' }, 'sessionName must be a non-empty string, got string'],
    [{ sessionName: 1 }, 'sessionName must be a non-empty string, got number'],
    [{ sessionName: null }, 'sessionName must be a non-empty string, got null'],
    [{ confKey: '' }, 'confKey must be a non-empty string, got string'],
    [{ confKey: ['config'] }, 'confKey must be a non-empty string, got array'],
    [{ salt: '' }, 'salt must be a non-empty string or bytes, got string'],
    [{ salt: 1 }, 'salt must be a non-empty string or bytes, got number'],
    [{ salt: null }, 'salt must be a non-empty string or bytes, got null'],
    [{ salt: new Uint8Array(0) }, 'salt must be a non-empty string or bytes, got object'],
    [{ keyDerivation: 'pbkdf2' }, "keyDerivation must be 'hmac', 'django-concat', 'concat' or 'none', got string"],
    [{ keyDerivation: null }, "keyDerivation must be 'hmac', 'django-concat', 'concat' or 'none', got null"],
    [{ digestMethod: 'md5' }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got string"],
    [{ digestMethod: [] }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got array"],
    [{ digestMethod: ['sha1', 'md5'] }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got array"],
    [{ digestMethod: null }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got null"],
    [{ serializer: {} }, 'serializer must be an object with dumps and loads, got object'],
    [{ serializer: null }, 'serializer must be an object with dumps and loads, got null'],
    [{ serializer: { dumps: JSON.stringify } }, 'serializer must be an object with dumps and loads, got object'],
    [{ clockTolerance: -1 }, 'clockTolerance must be a number of seconds, 0 or more, got number'],
    [{ clockTolerance: NaN }, 'clockTolerance must be a number of seconds, 0 or more, got number'],
    [{ clockTolerance: '5' }, 'clockTolerance must be a number of seconds, 0 or more, got string'],
    [{ sessionInterface: null }, 'sessionInterface must be an instance of the SessionInterface of this copy of the package (import and require load one each), got null'],
    [{ sessionInterface: { openSession () {}, saveSession () {} } }, 'sessionInterface must be an instance of the SessionInterface of this copy of the package (import and require load one each), got object']
  ]
  for (const [wrong, message] of options) {
    test(`stops the start: ${message}`, async (t: TestContext) => {
      const error = await refusalOf(t, wrong)

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.strictEqual(error.message, message)
    })
  }

  test('of a sessionName that cannot name a cookie stops the start when nothing else names it', async (t: TestContext) => {
    const error = await refusalOf(t, { sessionName: 'my session' })

    t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
  })
})

describe('the order', () => {
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
})

describe('a change of the config while the server runs', () => {
  /** Two values for each key. */
  const values: Record<Key, [unknown, unknown]> = {
    SECRET_KEY: ['a', 'b'],
    SECRET_KEY_FALLBACKS: [['a'], ['b']],
    SESSION_COOKIE_NAME: ['a', 'b'],
    SESSION_COOKIE_DOMAIN: ['a.com', 'b.com'],
    SESSION_COOKIE_PATH: ['/a', '/b'],
    SESSION_COOKIE_HTTPONLY: [true, false],
    SESSION_COOKIE_SECURE: [true, false],
    SESSION_COOKIE_PARTITIONED: [true, false],
    SESSION_COOKIE_SAMESITE: ['Lax', 'Strict'],
    PERMANENT_SESSION_LIFETIME: [60, 61],
    SESSION_REFRESH_EACH_REQUEST: [true, false],
    APPLICATION_ROOT: ['/a', '/b'],
    MAX_COOKIE_SIZE: [1000, 1001]
  }
  const config = Object.fromEntries(Object.entries(values).map(([key, [value]]) => [key, value])) as FlaskConfig
  for (const [flaskKey, { option }] of Object.entries(rows) as Array<[Key, Row]>) {
    test(`is noticed in each key, but for ${flaskKey} where an option stands for it`, (t: TestContext) => {
      const reader = new ConfigReader(option?.(values[flaskKey][0] as never) ?? {})

      for (const [key, [, other]] of Object.entries(values)) {
        const before = reader.read(config)
        t.assert.strictEqual(reader.read({ ...config, [key]: other }) === before, key === flaskKey && option !== undefined, key)
      }
    })
  }

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
    t.assert.match(await read(), /"code":"FST_SESSION_INVALID_CONFIG".*SECRET_KEY_FALLBACKS must be an array of non-empty strings or bytes, got array/)
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

describe('the cookie\'s name', () => {
  const secure = { cookie: { secure: true } }

  for (const name of ['__Host-session', '__host-session', '__HOST-session']) {
    test(`${name} demands Secure, the path / and no domain`, async (t: TestContext) => {
      const cases: Array<[SecureSessionOptions, FlaskConfig, string | undefined]> = [
        [secure, {}, undefined],
        [{ cookie: { partitioned: true } }, {}, undefined],
        [{ cookie: { secure: true, path: '/' } }, { APPLICATION_ROOT: '/app' }, undefined],
        [{}, {}, 'SESSION_COOKIE_SECURE must be true for a cookie whose name starts with __Host-, got boolean'],
        [{ cookie: { secure: 'auto' } }, {}, 'SESSION_COOKIE_SECURE must be true for a cookie whose name starts with __Host-, got string'],
        [{ cookie: { secure: true, path: '/app' } }, {}, 'SESSION_COOKIE_PATH must be \'/\' for a cookie whose name starts with __Host-, got string'],
        [secure, { APPLICATION_ROOT: '/app' }, 'SESSION_COOKIE_PATH must be \'/\' for a cookie whose name starts with __Host-, got null'],
        [{ cookie: { secure: true, domain: 'example.com' } }, {}, 'SESSION_COOKIE_DOMAIN must be null for a cookie whose name starts with __Host-, got string']
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
        'SESSION_COOKIE_SECURE must be true for a cookie whose name starts with __Secure-, got boolean')
    })
  }

  test('may be any token', async (t: TestContext) => {
    const name = "!#$%&'*+-.^_`|~09azAZ"
    const { visit } = await sessionApp(t, { cookieName: name })

    const cookie = cookieAfter(await visit((session) => { session.a = 1 }), name)

    t.assert.strictEqual((await visit((session) => session.a, { cookie })).body, '1')
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
  for (const [given, sent] of [['Strict', 'Strict'], ['strict', 'Strict'], ['LAX', 'Lax'], ['Lax', 'Lax'], [null, undefined]] as const) {
    test(`${String(given)} is sent as ${String(sent)}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { cookie: { sameSite: given } })

      t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes.SameSite, sent)
    })
  }

  test('None needs Secure', async (t: TestContext) => {
    for (const cookie of [{ secure: true }, { partitioned: true }]) {
      const { visit } = await sessionApp(t, { cookie: { ...cookie, sameSite: 'none' } })
      const { attributes } = sessionCookieOf(await visit((session) => { session.a = 1 })) ?? {}
      t.assert.strictEqual(attributes?.SameSite, 'None')
      t.assert.strictEqual(attributes.Secure, true)
    }
    const error = await refusalOf(t, { cookie: { sameSite: 'none' } })
    t.assert.strictEqual(error.message, "SESSION_COOKIE_SECURE must be true or 'auto' when SESSION_COOKIE_SAMESITE is 'None', got boolean")
  })

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

  test('is as the request came in, by the word of a trusted proxy', async (t: TestContext) => {
    t.assert.strictEqual(await isSecure(t, true, { 'x-forwarded-proto': 'https' }), true)
    t.assert.strictEqual(await isSecure(t, true, { 'x-forwarded-proto': 'http' }), undefined)
    t.assert.strictEqual(await isSecure(t, true, {}), undefined)
  })

  test('does not believe a client', async (t: TestContext) => {
    t.assert.strictEqual(await isSecure(t, false, { 'x-forwarded-proto': 'https' }), undefined)
  })
})

describe('the options of the caller', () => {
  test('are left as they were', async (t: TestContext) => {
    const options: SecureSessionOptions = deepFreeze({
      secretKey: Buffer.from('bytes of a key, long enough'),
      secretKeyFallbacks: ['old', Buffer.from('older')],
      cookieName: 'sid',
      cookie: { domain: '.Example.com:80', path: '/ä', httpOnly: true, secure: true, partitioned: false, sameSite: 'lax' },
      permanentSessionLifetime: 60,
      refreshEachRequest: true,
      maxCookieSize: 4000,
      digestMethod: ['sha512', 'sha1'],
      salt: 'salt',
      sessions: [{ sessionName: 'session' }]
    })
    const config = deepFreeze({ SECRET_KEY_FALLBACKS: ['a'], APPLICATION_ROOT: '/x', SESSION_COOKIE_SAMESITE: 'strict' })
    const { visit } = await sessionApp(t, options, { config })

    const response = await visit((session) => { session.a = 1 })

    t.assert.strictEqual(response.statusCode, 200)
    t.assert.strictEqual(sessionCookieOf(response, 'sid')?.attributes.Domain, 'example.com')
  })

  test('are copied: a later change of them changes nothing', async (t: TestContext) => {
    const bytes = Buffer.from('bytes of a key, long enough')
    const options = { secretKey: bytes, secretKeyFallbacks: ['old'], cookie: { path: '/a' } }
    const { visit } = await sessionApp(t, options)
    const cookie = cookieAfter(await visit((session) => { session.a = 1 }))

    bytes.fill(0)
    options.secretKeyFallbacks.push('older')
    options.cookie.path = '/b'
    const response = await visit((session) => { session.b = session.a }, { cookie })

    t.assert.deepStrictEqual(savedData(response, 'session', { key: 'bytes of a key, long enough' }), { a: 1, b: 1 })
    t.assert.strictEqual(sessionCookieOf(response)?.attributes.Path, '/a')
  })
})

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
      SESSION_REFRESH_EACH_REQUEST: 'false',
      APPLICATION_ROOT: '/root',
      MAX_COOKIE_SIZE: '4000',
      UNKNOWN: 'left out'
    })

    t.assert.deepStrictEqual({ ...config }, {
      SECRET_KEY: 'a key from the environment',
      SECRET_KEY_FALLBACKS: ['the old one', 'the older one'],
      SESSION_COOKIE_NAME: 'sid',
      SESSION_COOKIE_DOMAIN: 'example.com',
      SESSION_COOKIE_PATH: '/app',
      SESSION_COOKIE_HTTPONLY: false,
      SESSION_COOKIE_SECURE: true,
      SESSION_COOKIE_PARTITIONED: true,
      SESSION_COOKIE_SAMESITE: 'lax',
      PERMANENT_SESSION_LIFETIME: 60,
      SESSION_REFRESH_EACH_REQUEST: false,
      APPLICATION_ROOT: '/root',
      MAX_COOKIE_SIZE: 4000
    })
    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }), 'sid')?.attributes, {
      Domain: 'example.com', Path: '/app', Secure: true, Partitioned: true, SameSite: 'Lax'
    })
  })

  test('has Flask\'s defaults, but no name that would go before that of the session', async (t: TestContext) => {
    const { visit, config } = await load(t, { SECRET_KEY: 'a key from the environment' })

    t.assert.deepStrictEqual({ ...config }, {
      SECRET_KEY: 'a key from the environment',
      SESSION_COOKIE_HTTPONLY: true,
      SESSION_COOKIE_SECURE: false,
      SESSION_COOKIE_PARTITIONED: false,
      PERMANENT_SESSION_LIFETIME: 2678400,
      SESSION_REFRESH_EACH_REQUEST: true,
      APPLICATION_ROOT: '/',
      MAX_COOKIE_SIZE: 4093
    })
    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes, { Path: '/', HttpOnly: true })
  })

  test('serves several sessions', async (t: TestContext) => {
    const app = await buildApp(t, { secretKey: undefined, sessions: [{}, { sessionName: 'admin' }] }, {
      before: (app) => app.register(fastifyEnv, { schema: sessionConfigSchema, data: { SECRET_KEY: 'a key from the environment' }, env: false })
    })
    app.get('/', async (request) => { (request as unknown as { admin: { a: number } }).admin.a = 1 })

    t.assert.ok(sessionCookieOf(await app.inject('/'), 'admin'))
  })

  test('cuts a fallback key at its commas, and a warning says so for what is left of it', async (t: TestContext) => {
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

  test('refuses an empty fallback key', async (t: TestContext) => {
    for (const SECRET_KEY_FALLBACKS of ['a,', ',', 'a,,b']) {
      const error = await refusalOf(t, {}, { before: (app) => app.register(fastifyEnv, { schema: sessionConfigSchema, data: { SECRET_KEY_FALLBACKS }, env: false }) })

      t.assert.strictEqual(error.message, 'SECRET_KEY_FALLBACKS must be an array of non-empty strings or bytes, got array')
    }
  })

  test('takes empty variables for none', async (t: TestContext) => {
    const { visit } = await load(t, {
      SECRET_KEY: 'a key from the environment', SECRET_KEY_FALLBACKS: '', SESSION_COOKIE_DOMAIN: '', SESSION_COOKIE_PATH: ''
    })

    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.attributes, { Path: '/', HttpOnly: true })
  })

  test('serves under another confKey', async (t: TestContext) => {
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

describe('at start-up', () => {
  const weak: Array<[SecureSessionOptions, string[]]> = [
    [{ secretKey: 'short' }, ['session: the secret key has 5 bytes, fewer than 16. Whoever guesses it can sign in as anybody']],
    [{ secretKey: 'dev' }, ['session: the secret key is a published placeholder. Whoever guesses it can sign in as anybody']],
    [{ secretKey: Buffer.from('CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET') }, ['session: the secret key is a published placeholder. Whoever guesses it can sign in as anybody']],
    [{ secretKey: undefined }, ['session: no secret key is set, so that sessions are empty and read-only']],
    [{ secretKey: undefined, secretKeyFallbacks: ['dev'] }, ['session: no secret key is set, so that sessions are empty and read-only']],
    [{ secretKeyFallbacks: ['dev', 'a key that is long enough', Buffer.from('brief')] }, [
      'session: key 1 of SECRET_KEY_FALLBACKS is a published placeholder (in an environment variable a comma ends a key). Whoever guesses it can sign in as anybody',
      'session: key 3 of SECRET_KEY_FALLBACKS has 5 bytes, fewer than 16 (in an environment variable a comma ends a key). Whoever guesses it can sign in as anybody'
    ]],
    [{ secretKey: 'a key that is long enough' }, []]
  ]
  for (const [options, lines] of weak) {
    test(`${lines.length} lines are logged for ${Object.keys(options).join(' and ')}: ${String(lines[0]).slice(9, 50)}`, async (t: TestContext) => {
      const log = logOf()
      const { visit } = await sessionApp(t, options, { server: log.server })

      await visit()
      await visit()

      t.assert.deepStrictEqual(log.lines.filter(({ level }) => level >= 30).map(({ level, msg }) => [level, msg]), lines.map((line) => [40, line]))
    })
  }

  test('the key itself is in no line', async (t: TestContext) => {
    const log = logOf('trace')
    const { visit } = await sessionApp(t, { secretKey: 'quite-short', secretKeyFallbacks: ['old-short'] }, { server: log.server })

    await visit((session) => { session.a = 1 })

    t.assert.match(log.text(), /fewer than 16/)
    t.assert.doesNotMatch(log.text(), /quite-short|old-short/)
  })
})
