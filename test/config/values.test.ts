import { inspect } from 'node:util'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FlaskConfig, SecureSessionOptions } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { refusalOf, savedData, secretKey, sessionApp } from '../helpers.ts'
import { rows } from './rows.ts'
import type { Key, Row } from './rows.ts'

/** What a message shows of a value: that of text and the like, the type of anything else. */
function shown (value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (Object(value) === value) return typeof value
  return typeof value === 'string' && value.length > 50 ? inspect(`${value.slice(0, 50)}...`) : inspect(value)
}

/** A message that says what the setting must be and what it is, perhaps with a hint. */
function pattern (name: string, { expects, isSecret }: Row, value: unknown): RegExp {
  const got = isSecret && Object(value) !== value && value !== null ? typeof value : shown(value)
  return new RegExp(`^${escaped(`${name} must be ${expects}, got ${got}`)}( \\((text from the environment|older keys) .*)?$`)
}

function escaped (text: string): string {
  return text.replace(/[\\()[\]{}$^.|*+?]/g, '\\$&')
}

for (const [flaskKey, row] of Object.entries(rows) as Array<[Key, Row]>) {
  const { option, name, wrong } = row
  describe(flaskKey, () => {
    test('in the config, a wrong value stops the start with the key, what it must be, and what it is', async (t: TestContext) => {
      for (const value of wrong.filter((value) => !(flaskKey === 'SECRET_KEY' && value === ''))) {
        const options = flaskKey === 'SECRET_KEY' ? { secretKey: undefined } : {}
        const error = await refusalOf(t, options, { config: { [flaskKey]: value } as FlaskConfig })

        t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', String(value))
        t.assert.match(error.message, pattern(flaskKey, row, value))
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
      t.assert.match(failed.json().message, pattern(flaskKey, row, wrong[0]))
      t.assert.strictEqual(failed.headers['set-cookie'], undefined)
      t.assert.deepStrictEqual(savedData(mended), { a: 1 })
    })

    if (option !== undefined && name !== undefined) {
      test(`as the option ${name}, a wrong value stops the start with the name of the option`, async (t: TestContext) => {
        for (const value of wrong) {
          const error = await refusalOf(t, option(value as never))

          t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', String(value))
          t.assert.match(error.message, pattern(name, row, value))
        }
      })
    }
  })
}

describe('the message about a wrong value', () => {
  const hint = (type: string): string => ` (text from the environment becomes ${type} with sessionConfigSchema as the schema of @fastify/env)`
  const cookie = (name: string, value: unknown): SecureSessionOptions => ({ cookie: { [name]: value } })
  const messages: Array<[options: object, message: string]> = [
    [cookie('sameSite', 'laxx'), "cookie.sameSite must be 'Strict', 'Lax', 'None' or null, got 'laxx'"],
    [{ SESSION_COOKIE_SAMESITE: 'laxx' }, "SESSION_COOKIE_SAMESITE must be 'Strict', 'Lax', 'None' or null, got 'laxx'"],
    [cookie('sameSite', true), "cookie.sameSite must be 'Strict', 'Lax', 'None' or null, got true"],
    [cookie('path', '/a\r\nSet-Cookie: b=c'), "cookie.path must be a path that starts with '/', or null, got '/a\\r\\nSet-Cookie: b=c'"],
    [cookie('path', 'x'.repeat(51)), `cookie.path must be a path that starts with '/', or null, got '${'x'.repeat(50)}...'`],
    [cookie('domain', 'None'), "cookie.domain must be a domain name or null, got 'None'"],
    [cookie('secure', 'AUTO'), "cookie.secure must be a boolean or 'auto', got 'AUTO'"],
    [cookie('httpOnly', 'perhaps'), "cookie.httpOnly must be a boolean, got 'perhaps'"],
    [cookie('httpOnly', 0), 'cookie.httpOnly must be a boolean, got 0'],
    [cookie('httpOnly', {}), 'cookie.httpOnly must be a boolean, got object'],
    [cookie('httpOnly', []), 'cookie.httpOnly must be a boolean, got array'],
    [cookie('httpOnly', 'False'), `cookie.httpOnly must be a boolean, got 'False'${hint('a boolean')}`],
    [{ permanentSessionLifetime: '3600' }, `permanentSessionLifetime must be a whole number of seconds from 0 to 3155760000 (100 years), got '3600'${hint('a number')}`],
    [{ permanentSessionLifetime: '31 days' }, "permanentSessionLifetime must be a whole number of seconds from 0 to 3155760000 (100 years), got '31 days'"],
    [{ maxCookieSize: '4093' }, `maxCookieSize must be a whole number of bytes, 0 for no limit, got '4093'${hint('a number')}`],
    [{ maxCookieSize: 1n }, 'maxCookieSize must be a whole number of bytes, 0 for no limit, got 1n'],
    [{ secretKey: ['new', 'old'] }, 'secretKey must be a string or bytes, got array (older keys go into secretKeyFallbacks)'],
    [{ secretKey: undefined, SECRET_KEY: ['new', 'old'] }, 'SECRET_KEY must be a string or bytes, got array (older keys go into SECRET_KEY_FALLBACKS)']
  ]
  for (const [options, message] of messages) {
    test(`says: ${message}`, async (t: TestContext) => {
      t.assert.strictEqual((await refusalOf(t, options)).message, message)
    })
  }

  test('says that PERMANENT_SESSION_LIFETIME in the config came as text', async (t: TestContext) => {
    const error = await refusalOf(t, {}, { config: { PERMANENT_SESSION_LIFETIME: '3600' as unknown as number } })

    t.assert.match(error.message, /^PERMANENT_SESSION_LIFETIME must be .*, got '3600' \(text from the environment becomes a number with/)
  })

  for (const value of ['false', 'true', 'False', 'no', 'on', '0', '1']) {
    test(`recommends the schema for the text '${value}' in place of a boolean`, async (t: TestContext) => {
      for (const flaskKey of ['SESSION_COOKIE_SECURE', 'SESSION_COOKIE_HTTPONLY', 'SESSION_COOKIE_PARTITIONED', 'SESSION_REFRESH_EACH_REQUEST']) {
        const error = await refusalOf(t, {}, { config: { [flaskKey]: value } })

        t.assert.ok(error.message.endsWith(`, got '${value}'${hint('a boolean')}`), error.message)
      }
    })
  }

  test('never shows a key or a salt', async (t: TestContext) => {
    const secrets: SecureSessionOptions[] = [
      { secretKeyFallbacks: ['topsecret', ''] }, { secretKeyFallbacks: 'topsecret,' }, { secretKeyFallbacks: '["topsecret' + '",1]' },
      { secretKey: ['topsecret'] as never }, { salt: { topsecret: 1 } as never }, { readSecureSession: { key: 'topsecret' } },
      { readSecureSession: 'topsecret' as never }
    ]
    for (const options of secrets) {
      const error = await refusalOf(t, options)

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.doesNotMatch(String(error.stack), /topsecret/)
    }
  })
})

describe('an option that is not a key of Flask', () => {
  test('shows only the length of text that may be a key, or an address with a password', async (t: TestContext) => {
    const names = [
      'cookie', 'compat', 'sessions', 'keyDerivation', 'digestMethod', 'serializer', 'clockTolerance', 'sealed', 'onReject', 'revocation', 'store'
    ]
    const misplaced = (secret: string): object[] => [
      ...names.map((name) => ({ [name]: secret })), { sessions: [secret] }, { digestMethod: ['sha1', secret] },
      ...['hashIds', 'signIds', 'user', 'storeTimeout'].map((name) => ({ store: memoryStore(), [name]: secret })),
      ...['store', 'user', 'cacheFor', 'onStoreError'].map((name) => ({ revocation: { [name]: secret } }))
    ]
    for (const options of misplaced('redis://:pw@db:6')) {
      const { code, message } = await refusalOf(t, options)

      t.assert.strictEqual(code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.match(message, /, got text of 16 characters$/)
    }
    for (const options of misplaced('fifteen letters')) t.assert.match((await refusalOf(t, options)).message, /, got 'fifteen letters'$/)
  })

  const options: Array<[options: object, message: string]> = [
    [{ cookie: null }, 'cookie must be an object, got null'],
    [{ cookie: 'session' }, "cookie must be an object, got 'session'"],
    [{ cookie: true }, 'cookie must be an object, got true'],
    [{ compat: 'all' }, "compat must be a list of names, got 'all'"],
    [{ sessionName: '' }, "sessionName must be a non-empty string, got ''"],
    [{ sessionName: 1 }, 'sessionName must be a non-empty string, got 1'],
    [{ sessionName: null }, 'sessionName must be a non-empty string, got null'],
    [{ confKey: '' }, "confKey must be a non-empty string, got ''"],
    [{ confKey: ['config'] }, 'confKey must be a non-empty string, got array'],
    [{ salt: '' }, 'salt must be a non-empty string or bytes, got string'],
    [{ salt: 1 }, 'salt must be a non-empty string or bytes, got number'],
    [{ salt: null }, 'salt must be a non-empty string or bytes, got null'],
    [{ salt: new Uint8Array(0) }, 'salt must be a non-empty string or bytes, got object'],
    [{ keyDerivation: 'pbkdf2' }, "keyDerivation must be 'hmac', 'django-concat', 'concat' or 'none', got 'pbkdf2'"],
    [{ keyDerivation: null }, "keyDerivation must be 'hmac', 'django-concat', 'concat' or 'none', got null"],
    [{ digestMethod: 'SHA1' }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got 'SHA1'"],
    [{ digestMethod: [] }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got array"],
    [{ digestMethod: ['sha1', 'md5'] }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got 'md5'"],
    [{ digestMethod: null }, "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them, got null"],
    [{ serializer: {} }, 'serializer must be an object with synchronous dumps and loads, got object'],
    [{ serializer: null }, 'serializer must be an object with synchronous dumps and loads, got null'],
    [{ serializer: { dumps: JSON.stringify } }, 'serializer must be an object with synchronous dumps and loads, got object'],
    [{ serializer: { dumps: async () => '{}', loads: JSON.parse } }, 'serializer must be an object with synchronous dumps and loads, got object'],
    [{ serializer: { dumps: JSON.stringify, loads: async () => ({}) } }, 'serializer must be an object with synchronous dumps and loads, got object'],
    [{ clockTolerance: -1 }, 'clockTolerance must be a number of seconds, 0 or more, got -1'],
    [{ clockTolerance: NaN }, 'clockTolerance must be a number of seconds, 0 or more, got NaN'],
    [{ clockTolerance: '5' }, "clockTolerance must be a number of seconds, 0 or more, got '5'"],
    [{ sessionInterface: null }, 'sessionInterface must be an instance of the SessionInterface of this copy of the package (import and require load one each), got null'],
    [{ sessionInterface: { openSession () {}, saveSession () {} } }, 'sessionInterface must be an instance of the SessionInterface of this copy of the package (import and require load one each), got object']
  ]
  for (const [wrong, message] of options) {
    test(`stops the start when it is wrong: ${message}`, async (t: TestContext) => {
      const error = await refusalOf(t, wrong)

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.strictEqual(error.message, message)
    })
  }

  test('such as a sessionName that cannot name a cookie stops the start when nothing else names the cookie', async (t: TestContext) => {
    const error = await refusalOf(t, { sessionName: 'my session' })

    t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
    t.assert.strictEqual(error.message, "sessionName must be a cookie name (letters, digits and !#$%&'*+-.^_`|~), got 'my session'")
  })
})

describe('SECRET_KEY', () => {
  test('may be null or empty, which is no key', async (t: TestContext) => {
    for (const SECRET_KEY of [null, '']) {
      const { visit } = await sessionApp(t, { secretKey: undefined }, { config: { SECRET_KEY } })

      t.assert.strictEqual((await visit((session) => { session.a = 1 })).json().code, 'FST_SESSION_UNAVAILABLE')
    }
  })
})
