import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import secureSession from '../../lib/index.ts'
import type { FlaskConfig, SecureSessionOptions } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { buildApp, logOf, refusalOf, secretKey, sessionApp } from '../helpers.ts'
import type { Setup } from '../helpers.ts'

/** The warnings of an application that has just started. */
async function warningsOf (t: TestContext, options: object, setup: Setup = {}): Promise<string[]> {
  const log = logOf()
  const app = await buildApp(t, options, { ...setup, server: log.server })
  await app.ready()
  return log.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)
}

describe('a key that is too weak', () => {
  const weak: Array<[SecureSessionOptions, string[]]> = [
    [{ secretKey: 'short' }, ['session: secretKey has 5 bytes, fewer than 16. Whoever guesses it can sign in as anybody']],
    [{ secretKey: 'dev' }, ['session: secretKey is a published placeholder. Whoever guesses it can sign in as anybody']],
    [{ secretKey: Buffer.from('CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET') }, ['session: secretKey is a published placeholder. Whoever guesses it can sign in as anybody']],
    [{ secretKey: undefined }, ['session: no secret key is set, so that sessions are empty and read-only']],
    [{ secretKey: undefined, secretKeyFallbacks: ['dev'] }, ['session: no secret key is set, so that sessions are empty and read-only']],
    [{ secretKeyFallbacks: ['dev', 'a key that is long enough', Buffer.from('brief')] }, [
      'session: key 1 of secretKeyFallbacks is a published placeholder (in an environment variable a comma ends a key). Whoever guesses it can sign in as anybody',
      'session: key 3 of secretKeyFallbacks has 5 bytes, fewer than 16 (in an environment variable a comma ends a key). Whoever guesses it can sign in as anybody'
    ]],
    [{ secretKey: 'a key that is long enough' }, []]
  ]
  for (const [options, lines] of weak) {
    test(`gets ${lines.length} warnings at the start for ${Object.keys(options).join(' and ')}: ${String(lines[0]).slice(9, 50)}`, async (t: TestContext) => {
      const log = logOf()
      const { visit } = await sessionApp(t, options, { server: log.server })

      await visit()
      await visit()

      t.assert.deepStrictEqual(log.lines.filter(({ level }) => level >= 30).map(({ level, msg }) => [level, msg]), lines.map((line) => [40, line]))
    })
  }

  test('is never logged itself', async (t: TestContext) => {
    const log = logOf('trace')
    const { visit } = await sessionApp(t, { secretKey: 'quite-short', secretKeyFallbacks: ['old-short'] }, { server: log.server })

    await visit((session) => { session.a = 1 })

    t.assert.match(log.text(), /fewer than 16/)
    t.assert.doesNotMatch(log.text(), /quite-short|old-short/)
  })
})

describe('a key with white space or quotation marks at its ends', () => {
  const line = (name: string): string => {
    return `session: ${name} begins or ends with white space, such as the line break of a file, which counts as part of the key`
  }
  const quoted = (name: string): string => `session: ${name} has quotation marks around it, which counts as part of the key`
  const long = 'a key that is long enough'
  const keys: Array<[options: SecureSessionOptions, warnings: string[]]> = [
    [{ secretKey: `${long}\n` }, [line('secretKey')]],
    [{ secretKey: `${long}\r\n` }, [line('secretKey')]],
    [{ secretKey: Buffer.from(`${long}\n`) }, [line('secretKey')]],
    [{ secretKey: `\ufeff${long}` }, [line('secretKey')]],
    [{ secretKeyFallbacks: [long, ` ${long}`] }, [line('key 2 of secretKeyFallbacks')]],
    [{ secretKey: `"${long}"` }, [quoted('secretKey')]],
    [{ secretKeyFallbacks: [`'${long}'`] }, [quoted('key 1 of secretKeyFallbacks')]],
    [{ secretKey: `"${long}'` }, []],
    [{ secretKey: `"${long}" with more words` }, []],
    [{ secretKey: Buffer.from([...Array(31).keys(), 0x0a]) }, []],
    [{ secretKey: Buffer.from([...Buffer.from('long enough, but not ASCII: '), 0xfc, 0x0a]) }, []]
  ]
  for (const [options, warnings] of keys) {
    test(`gets ${warnings.length} warnings at the start: ${JSON.stringify(Object.values(options).map(String))}`, async (t: TestContext) => {
      t.assert.deepStrictEqual(await warningsOf(t, options), warnings)
    })
  }
})

describe('a setting that can hardly be meant', () => {
  const ends = 'is 0, so that each session ends within a second, permanent or not'
  const dropped = 'but browsers drop cookies of more than 4096 bytes. Large sessions need the option store'
  const doubtful: Array<[options: SecureSessionOptions, warnings: string[]]> = [
    [{ permanentSessionLifetime: 0 }, [`session: permanentSessionLifetime ${ends}`]],
    [{ PERMANENT_SESSION_LIFETIME: 0, store: memoryStore() }, [`session: PERMANENT_SESSION_LIFETIME ${ends}`]],
    [{ permanentSessionLifetime: 1 }, []],
    [{ maxCookieSize: 4097 }, [`session: maxCookieSize is 4097, ${dropped}`]],
    [{ MAX_COOKIE_SIZE: 10_000, sealed: true }, [`session: MAX_COOKIE_SIZE is 10000, ${dropped}`]],
    [{ maxCookieSize: 10_000, store: memoryStore() }, []],
    [{ maxCookieSize: 4096 }, []],
    [{ maxCookieSize: 0 }, []]
  ]
  for (const [options, warnings] of doubtful) {
    test(`gets ${warnings.length} warnings at the start: ${JSON.stringify(options)}`, async (t: TestContext) => {
      t.assert.deepStrictEqual(await warningsOf(t, options), warnings)
    })
  }

  test('gets one warning when it comes while the server runs', async (t: TestContext) => {
    const log = logOf()
    const config: FlaskConfig = { SECRET_KEY: secretKey }
    const { visit } = await sessionApp(t, { secretKey: undefined, sealed: true }, { server: log.server, config })
    const warnings = async (change: FlaskConfig): Promise<string[]> => {
      log.lines.length = 0
      Object.assign(config, change)
      await visit()
      await visit()
      return log.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)
    }

    t.assert.deepStrictEqual(await warnings({}), [])
    t.assert.deepStrictEqual(await warnings({ SECRET_KEY: null }), ['session: no secret key is set, so that sessions are empty and read-only'])
    t.assert.deepStrictEqual(await warnings({ SECRET_KEY: 'dev' }), [
      'session: SECRET_KEY is a published placeholder. Whoever guesses it can read sealed sessions offline and sign in as anybody'
    ])
    t.assert.deepStrictEqual(await warnings({ SECRET_KEY: secretKey, MAX_COOKIE_SIZE: 5000 }), [`session: MAX_COOKIE_SIZE is 5000, ${dropped}`])
    t.assert.deepStrictEqual(await warnings({ SECRET_KEY: undefined, MAX_COOKIE_SIZE: 4000 }), [])
  })

  test('gets no warning of a config that is complete only when the server starts', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: secretKey }
    const log = logOf()
    const app = await buildApp(t, { secretKey: undefined }, { server: log.server, config })
    app.register(async () => {
      config.SECRET_KEY = null
      app.createSession()
      config.SECRET_KEY = secretKey
    })
    await app.ready()

    t.assert.deepStrictEqual(log.lines, [])
  })
})

describe('the warnings about keys name the setting as it was written:', () => {
  const [weak, old] = ['short\n', [secretKey, 'old\n']]
  const written: Array<[key: string, fallbacks: string, options: object, config?: FlaskConfig]> = [
    ['secretKey', 'secretKeyFallbacks', { secretKey: weak, secretKeyFallbacks: old }],
    ['SECRET_KEY', 'SECRET_KEY_FALLBACKS', { secretKey: undefined, SECRET_KEY: weak, SECRET_KEY_FALLBACKS: old }],
    ['SECRET_KEY', 'SECRET_KEY_FALLBACKS', { secretKey: undefined }, { SECRET_KEY: weak, SECRET_KEY_FALLBACKS: old }],
    ['secretKey', 'SECRET_KEY_FALLBACKS', { secretKey: weak }, { SECRET_KEY: secretKey, SECRET_KEY_FALLBACKS: old }],
    ['SECRET_KEY', 'secretKeyFallbacks', { sessions: [{ SECRET_KEY: weak, secretKeyFallbacks: old }], SECRET_KEY_FALLBACKS: [secretKey] }]
  ]
  for (const [key, fallbacks, options, config] of written) {
    test(`${key} and ${fallbacks}, for ${JSON.stringify(options)}${config === undefined ? '' : ' and the config'}`, async (t: TestContext) => {
      const warnings = await warningsOf(t, options, config === undefined ? {} : { config })

      t.assert.deepStrictEqual(warnings.map((line) => /^session: (.*?) (?:has|begins) /.exec(line)?.[1]), [key, key, `key 2 of ${fallbacks}`, `key 2 of ${fallbacks}`])
    })
  }

  test('the one that is empty, for a sealed session', async (t: TestContext) => {
    for (const [name, options] of [['secretKey', {}], ['SECRET_KEY', { secretKey: undefined }]] as const) {
      const error = await refusalOf(t, { sealed: true, [name]: '', ...options })

      t.assert.strictEqual(error.message, `${name} must be set for session, which is sealed, got none`)
    }
  })
})

describe('an option that the plugin does not have', () => {
  const lifetime = 'use permanentSessionLifetime, in seconds, with session.permanent = true'
  const options: Array<[option: object, name: string, cure: string]> = [
    [{ secure: true }, 'secure', 'use cookie.secure'],
    [{ sameSite: 'lax' }, 'sameSite', 'use cookie.sameSite'],
    [{ httpOnly: false }, 'httpOnly', 'use cookie.httpOnly'],
    [{ maxAge: 60 }, 'maxAge', lifetime],
    [{ cookie: { samesite: 'lax' } }, 'cookie.samesite', 'use cookie.sameSite'],
    [{ cookie: { maxAge: 60 } }, 'cookie.maxAge', lifetime],
    [{ cookie: { SESSION_COOKIE_SECURE: true } }, 'cookie.SESSION_COOKIE_SECURE', 'use cookie.secure'],
    [{ cookie: { secretKey: 'abracadabra' } }, 'cookie.secretKey', 'use secretKey'],
    [{ cookie: { priority: 'high' } }, 'cookie.priority', 'the attributes are domain, path, httpOnly, secure, partitioned, sameSite'],
    [{ digestmethod: 'sha1' }, 'digestmethod', 'use digestMethod'],
    [{ digest_method: 'sha1' }, 'digest_method', 'use digestMethod'],
    [{ digest: 'sha1' }, 'digest', 'use digestMethod'],
    [{ cookieSecure: true }, 'cookieSecure', 'use cookie.secure'],
    [{ sessionCookieSecure: true }, 'sessionCookieSecure', 'use cookie.secure'],
    [{ session_cookie_secure: true }, 'session_cookie_secure', 'use cookie.secure'],
    [{ SESSION_COOKIE_SAME_SITE: 'Lax' }, 'SESSION_COOKIE_SAME_SITE', 'use cookie.sameSite'],
    [{ SESSION_TYPE: 'redis' }, 'SESSION_TYPE', 'there is no such key'],
    [{ application_root: '/' }, 'application_root', 'use APPLICATION_ROOT'],
    [{ secret_key: 'abracadabra' }, 'secret_key', 'use secretKey'],
    [{ lifetime: 60 }, 'lifetime', lifetime],
    [{ rolling: false }, 'rolling', 'use refreshEachRequest'],
    [{ key: 'abracadabra' }, 'key', 'use secretKey (and readSecureSession.key)'],
    [{ secret: 'abracadabra' }, 'secret', 'use secretKey'],
    [{ name: 'sid' }, 'name', 'use cookieName'],
    [{ sessions: [{ rolling: false }] }, 'rolling', 'use refreshEachRequest'],
    [{ rolling: false, sessions: [{ rolling: false }, { sessionName: 'admin', rolling: true }] }, 'rolling', 'use refreshEachRequest'],
    [{ sessions: [{ compat: [] }] }, 'compat', 'it belongs beside the list of sessions']
  ]
  for (const [option, name, cure] of options) {
    test(`gets one warning that names the right one: ${JSON.stringify(option)}`, async (t: TestContext) => {
      const warnings = await warningsOf(t, option)

      t.assert.deepStrictEqual(warnings, [`the session plugin ignores the option ${name}: ${cure}`])
    })
  }

  test('gets a warning in a list of options, too', async (t: TestContext) => {
    const log = logOf()
    const app = Fastify(log.server)
    t.after(() => app.close())
    app.register(secureSession, [{ secretKey: 'a key that is long enough', ttl: 60 } as SecureSessionOptions])
    await app.ready()

    t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg), [`the session plugin ignores the option ttl: ${lifetime}`])
  })

  test('gets no warning when nobody could mean it for sessions, or when it is undefined', async (t: TestContext) => {
    const options = { prefix: '/x', logLevel: 'info', logSerializers: {}, skipOverride: true, whatever: 1, secret: undefined, cookie: { maxAge: undefined } }

    t.assert.deepStrictEqual(await warningsOf(t, options), [])
  })
})
