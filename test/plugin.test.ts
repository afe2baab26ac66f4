import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import * as api from '../lib/index.ts'
import secureSession, { secureSession as namedExport, SecureCookieSession, SecureCookieSessionInterface, SessionInterface } from '../lib/index.ts'
import type { FlaskConfig, SecureSessionOptions, Session } from '../lib/index.ts'
import { buildApp, cookieAfter, refusalOf, savedData, secretKey, sessionApp, sessionCookieOf, setCookiesOf, signingSerializer } from './helpers.ts'

/** An application without the plugin, closed when the test ends. */
function bare (t: TestContext): FastifyInstance {
  const app = Fastify() as unknown as FastifyInstance
  t.after(() => app.close())
  return app
}

async function rejection (work: () => unknown): Promise<Error & { code?: string }> {
  try {
    await work()
  } catch (error) {
    return error as Error & { code?: string }
  }
  throw new Error('nothing was thrown')
}

/** Keeps sessions without signatures. */
class Elsewhere extends SessionInterface {
  override openSession (): SecureCookieSession { return new SecureCookieSession() }
  override saveSession (): void {}
}

/** A session of another name than `session`. */
function sessionNamed (request: FastifyRequest, name: string): Session {
  return (request as unknown as Record<string, Session>)[name] as Session
}

test('a value that one request sets is there in the next', async (t: TestContext) => {
  const fastify = Fastify()
  t.after(() => fastify.close())
  await fastify.register(secureSession, { secretKey })
  fastify.post('/login', async (request) => { request.session.user_id = 42 })
  fastify.get('/me', async (request) => ({ user: request.session.user_id ?? null }))

  const login = await fastify.inject({ method: 'POST', url: '/login' })
  const me = await fastify.inject({ url: '/me', headers: { cookie: cookieAfter(login) } })

  t.assert.deepStrictEqual(me.json(), { user: 42 })
})

describe('the package', () => {
  test('exports the plugin as default and by name', (t: TestContext) => {
    t.assert.strictEqual(secureSession, namedExport)
    t.assert.strictEqual((secureSession as unknown as Record<symbol, unknown>)[Symbol.for('skip-override')], true)
    t.assert.deepStrictEqual((secureSession as unknown as Record<symbol, unknown>)[Symbol.for('plugin-meta')], { fastify: '>=5 <7', name: 'fastify-secure-cookie-session' })
  })

  test('exports its errors, each with its code and status', (t: TestContext) => {
    const errors = Object.entries(api).filter(([name]) => name.startsWith('FST_'))

    t.assert.deepStrictEqual(errors.map(([name]) => name).sort(), [
      'FST_SESSION_ALREADY_REGISTERED', 'FST_SESSION_COOKIE_OVERFLOW', 'FST_SESSION_HEADERS_SENT', 'FST_SESSION_INVALID_CONFIG',
      'FST_SESSION_NOT_OPEN', 'FST_SESSION_OPEN_FAILED', 'FST_SESSION_STORE_UNAVAILABLE', 'FST_SESSION_UNAVAILABLE',
      'FST_SESSION_UNSERIALIZABLE'
    ])
    for (const [name, Class] of errors) {
      const error = new (Class as typeof api.FST_SESSION_HEADERS_SENT)('a', 'b', 'c')
      t.assert.strictEqual(error.code, name)
      t.assert.strictEqual(error.statusCode, name === 'FST_SESSION_STORE_UNAVAILABLE' ? 503 : 500)
      t.assert.ok(error instanceof Error)
    }
  })
})

describe('the registration', () => {
  test('decorates while the plugin loads, for plugins that look for request.session', async (t: TestContext) => {
    const app = bare(t)
    let hasDecorator: unknown
    app.register(secureSession, { secretKey })
    app.register(fp(async (app) => { hasDecorator = app.hasRequestDecorator('session') }, { name: 'next', decorators: { request: ['session'] }, dependencies: ['fastify-secure-cookie-session'] }))

    await app.ready()

    t.assert.strictEqual(hasDecorator, true)
    t.assert.strictEqual(app.hasPlugin('fastify-secure-cookie-session'), true)
  })

  test('takes options as a function of the instance', async (t: TestContext) => {
    const app = bare(t)
    app.decorate('settings', { key: 'a key of the function' })
    app.register(secureSession, (parent: FastifyInstance) => ({ secretKey: (parent as unknown as { settings: { key: string } }).settings.key }))
    app.get('/', async (request) => { request.session.a = 1 })

    t.assert.deepStrictEqual(savedData(await app.inject('/'), 'session', { key: 'a key of the function' }), { a: 1 })
  })

  test('ignores options that it does not know', async (t: TestContext) => {
    const options = { prefix: '/x', logLevel: 'info', logSerializers: {}, skipOverride: true, whatever: 1, cookie: { whatever: 1 } }
    const { visit } = await sessionApp(t, options as SecureSessionOptions)

    t.assert.ok(sessionCookieOf(await visit((session) => { session.a = 1 })))
  })

  test('without any option gives null sessions', async (t: TestContext) => {
    const app = bare(t)
    app.register(secureSession)
    app.get('/', async (request) => request.session.size)

    t.assert.strictEqual((await app.inject('/')).body, '0')
  })

  test('registers @fastify/cookie, if nobody has', async (t: TestContext) => {
    const { app } = await sessionApp(t)

    t.assert.strictEqual(app.hasPlugin('@fastify/cookie'), true)
  })

  test('uses the @fastify/cookie of the application', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, { before: (app) => app.register(fastifyCookie, { secret: 'of the application' }) })

    const response = await visit((session, _request, reply) => {
      session.a = 1
      reply.setCookie('signed', 'x', { signed: true })
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['session', 'signed'])
  })

  test('does not mind @fastify/cookie without its hook', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, { before: (app) => app.register(fastifyCookie, { hook: false }) })

    const cookie = cookieAfter(await visit((session) => { session.a = 1 }))

    t.assert.strictEqual((await visit((session) => session.a, { cookie })).body, '1')
  })

  test('@fastify/cookie after it rejects ready()', async (t: TestContext) => {
    const error = await rejection(async () => {
      const app = bare(t)
      app.register(secureSession, { secretKey })
      app.register(fastifyCookie)
      await app.ready()
    })

    t.assert.strictEqual(error.code, 'FST_ERR_DEC_ALREADY_PRESENT')
  })

  test('stays within its scope', async (t: TestContext) => {
    const app = bare(t)
    app.register(async (scope) => {
      scope.register(secureSession, { secretKey })
      scope.get('/in', async (request) => { request.session.a = 1 })
    })
    app.get('/out', async (request) => typeof request.session)

    t.assert.ok(sessionCookieOf(await app.inject('/in')))
    t.assert.strictEqual((await app.inject('/out')).body, 'undefined')
  })

  test('serves the scopes below', async (t: TestContext) => {
    const app = await buildApp(t)
    app.register(async (scope) => { scope.register(async (inner) => { inner.get('/deep', async (request) => { request.session.a = 1 }) }) })

    t.assert.deepStrictEqual(savedData(await app.inject('/deep')), { a: 1 })
  })

  test('is allowed in two sibling scopes, each with its own key', async (t: TestContext) => {
    const app = bare(t)
    for (const name of ['one', 'two']) {
      app.register(async (scope) => {
        scope.register(secureSession, { secretKey: `a key of scope ${name}` })
        scope.get(`/${name}`, async (request) => { request.session.name = name })
      })
    }

    t.assert.deepStrictEqual(savedData(await app.inject('/one'), 'session', { key: 'a key of scope one' }), { name: 'one' })
    t.assert.deepStrictEqual(savedData(await app.inject('/two'), 'session', { key: 'a key of scope two' }), { name: 'two' })
  })
})

const cure = "request.session exists already. Register the session plugin once, in the outermost scope that needs it. For several sessions use 'sessions: [...]', with a sessionName for each"

describe('a second session of the same name', () => {
  const registrations: Record<string, (app: FastifyInstance) => unknown> = {
    'in the same scope': (app) => {
      app.register(secureSession, { secretKey })
      app.register(secureSession, { secretKey })
    },
    'in a child scope': (app) => {
      app.register(secureSession, { secretKey })
      app.register(async (scope) => { scope.register(secureSession, { secretKey }) })
    },
    'in a grandchild scope': (app) => {
      app.register(secureSession, { secretKey })
      app.register(async (scope) => { scope.register(async (inner) => { inner.register(secureSession, { secretKey }) }) })
    },
    'by the application, as a value': (app) => {
      app.decorateRequest('session', null as never)
      app.register(secureSession, { secretKey })
    },
    'by another session plugin': (app) => {
      app.register(fp(async (app) => { app.decorateRequest('session', { getter: () => ({}) as never }) }))
      app.register(secureSession, { secretKey })
    },
    'in one list': (app) => { app.register(secureSession, { secretKey, sessions: [{}, {}] }) }
  }
  for (const [where, register] of Object.entries(registrations)) {
    test(`${where} rejects ready() with the cure`, async (t: TestContext) => {
      const app = bare(t)

      const error = await rejection(async () => {
        register(app)
        await app.ready()
      })

      t.assert.strictEqual(error.code, 'FST_SESSION_ALREADY_REGISTERED')
      t.assert.strictEqual(error.message, cure)
    })
  }

  test('by a plugin that comes later is that plugin\'s error', async (t: TestContext) => {
    const app = bare(t)

    const error = await rejection(async () => {
      app.register(secureSession, { secretKey })
      app.register(fp(async (app) => { app.decorateRequest('session', null as never) }))
      await app.ready()
    })

    t.assert.strictEqual(error.code, 'FST_ERR_DEC_ALREADY_PRESENT')
  })

  test('and each wrong option reject ready() and never end the process', (t: TestContext) => {
    const script = `
      import Fastify from 'fastify'
      import secureSession from ${JSON.stringify(new URL('../lib/index.ts', import.meta.url).href)}
      process.on('uncaughtException', (error) => { console.log('uncaught', error.message); process.exit(1) })
      process.on('unhandledRejection', (error) => { console.log('unhandled', error.message); process.exit(1) })
      const codes = []
      const registrations = [
        (app) => { app.register(secureSession); app.register(secureSession) },
        (app) => { app.register(secureSession); app.register(async (scope) => { scope.register(secureSession) }) },
        (app) => { app.register(secureSession, { cookieName: 'a b' }) },
        (app) => { app.register(secureSession, { digestMethod: 'md5' }) },
        (app) => { app.decorate('config', { SESSION_COOKIE_SECURE: 'false' }); app.register(secureSession) }
      ]
      for (const register of registrations) {
        const app = Fastify()
        register(app)
        await new Promise((resolve) => app.ready((error) => { codes.push(error?.code); resolve() }))
      }
      await new Promise((resolve) => setImmediate(resolve))
      console.log(codes.join())
    `
    const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)), timeout: 60_000
    })

    t.assert.strictEqual(stdout, 'FST_SESSION_ALREADY_REGISTERED,FST_SESSION_ALREADY_REGISTERED,FST_SESSION_INVALID_CONFIG,FST_SESSION_INVALID_CONFIG,FST_SESSION_INVALID_CONFIG\n')
    t.assert.strictEqual(status, 0)
  })

  test('and what a handler does not await never end the process', (t: TestContext) => {
    const script = `
      import Fastify from 'fastify'
      import secureSession from ${JSON.stringify(new URL('../lib/index.ts', import.meta.url).href)}
      const app = Fastify()
      app.register(secureSession)
      app.get('/destroy', async (request) => { request.session.destroy(); return 'done' })
      app.get('/regenerate', async (request) => { request.session.regenerate(); return 'done' })
      app.get('/save', async (request) => { request.session.save(); return 'done' })
      for (const url of ['/destroy', '/regenerate', '/save']) await app.inject(url)
      await new Promise((resolve) => setImmediate(resolve))
      console.log('alive')
    `
    const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)), timeout: 60_000
    })

    t.assert.strictEqual(stdout, 'alive\n')
    t.assert.strictEqual(status, 0)
  })
})

describe('several sessions', () => {
  const write = async (request: FastifyRequest): Promise<void> => {
    request.session.user_id = 1
    sessionNamed(request, 'admin').user_id = 2
  }
  const forms: Record<string, SecureSessionOptions | SecureSessionOptions[]> = {
    'as sessions with common options': { secretKey, cookie: { path: '/x' }, sessions: [{}, { sessionName: 'admin', cookie: { sameSite: 'Strict' } }] },
    'as a list': [{ secretKey, cookie: { path: '/x' } }, { secretKey, sessionName: 'admin', cookie: { path: '/x', sameSite: 'Strict' } }]
  }
  for (const [form, options] of Object.entries(forms)) {
    test(`${form} have a cookie each`, async (t: TestContext) => {
      const app = bare(t)
      app.register(secureSession, options as SecureSessionOptions)
      app.get('/', write)

      const response = await app.inject('/')

      t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name), ['session', 'admin'])
      t.assert.deepStrictEqual(savedData(response), { user_id: 1 })
      t.assert.deepStrictEqual(savedData(response, 'admin', { salt: 'cookie-session.admin' }), { user_id: 2 })
      t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/x', HttpOnly: true })
      t.assert.deepStrictEqual(sessionCookieOf(response, 'admin')?.attributes, { Path: '/x', HttpOnly: true, SameSite: 'Strict' })
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    })
  }

  test('do not take values of each other', async (t: TestContext) => {
    const app = await buildApp(t, { sessions: [{}, { sessionName: 'admin' }] })
    app.get('/write', write)
    app.get('/read', async (request) => ({ session: request.session.user_id ?? null, admin: sessionNamed(request, 'admin').user_id ?? null }))
    const response = await app.inject('/write')
    const user = sessionCookieOf(response)?.value ?? ''
    const admin = sessionCookieOf(response, 'admin')?.value ?? ''

    const right = await app.inject({ url: '/read', headers: { cookie: `session=${user}; admin=${admin}` } })
    const swapped = await app.inject({ url: '/read', headers: { cookie: `session=${admin}; admin=${user}` } })

    t.assert.deepStrictEqual(right.json(), { session: 1, admin: 2 })
    t.assert.deepStrictEqual(swapped.json(), { session: null, admin: null })
  })

  test('may be registered one by one', async (t: TestContext) => {
    const app = bare(t)
    app.register(secureSession, { secretKey })
    app.register(async (scope) => {
      scope.register(secureSession, { secretKey, sessionName: 'admin' })
      scope.get('/', write)
    })

    t.assert.deepStrictEqual(setCookiesOf(await app.inject('/')).map(({ name }) => name).sort(), ['admin', 'session'])
  })

  test('take each attribute and option that they leave out, or undefined, from the options around them', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2024, 0, 1) })
    const own = { cookie: { path: '/admin', secure: undefined, domain: null }, permanentSessionLifetime: undefined, secretKey: undefined, digestMethod: undefined }
    const app = await buildApp(t, {
      cookie: { secure: true, sameSite: 'Strict', domain: 'example.com', path: '/x' },
      permanentSessionLifetime: 60,
      digestMethod: 'sha1',
      sessions: [{ cookie: undefined }, { sessionName: 'admin', ...own }]
    })
    app.get('/', async (request) => {
      request.session.permanent = true
      sessionNamed(request, 'admin').permanent = true
    })

    const response = await app.inject('/')

    t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, {
      Domain: 'example.com', Path: '/x', HttpOnly: true, Secure: true, SameSite: 'Strict', Expires: 'Mon, 01 Jan 2024 00:01:00 GMT'
    })
    t.assert.deepStrictEqual(sessionCookieOf(response, 'admin')?.attributes, {
      Path: '/admin', HttpOnly: true, Secure: true, SameSite: 'Strict', Expires: 'Mon, 01 Jan 2024 00:01:00 GMT'
    })
    t.assert.deepStrictEqual(savedData(response, 'admin', { salt: 'cookie-session.admin', digest: 'sha1' }), { _permanent: true })
  })

  const salts: Array<[salt: string | Uint8Array, own: SecureSessionOptions, ofSession: string, ofAdmin: string]> = [
    ['my-app', {}, 'my-app', 'my-app.admin'],
    [Buffer.from('my-app'), {}, 'my-app', 'my-app.admin'],
    ['my-app', { salt: undefined }, 'my-app', 'my-app.admin'],
    ['my-app', { salt: 'of the admins' }, 'my-app', 'of the admins']
  ]
  for (const [salt, own, ofSession, ofAdmin] of salts) {
    test(`with the common salt ${typeof salt} and ${JSON.stringify(own)} have the salts ${ofSession} and ${ofAdmin}`, async (t: TestContext) => {
      const app = await buildApp(t, { salt, sessions: [{}, { sessionName: 'admin', ...own }] })
      app.get('/', write)

      const response = await app.inject('/')

      t.assert.deepStrictEqual(savedData(response, 'session', { salt: ofSession }), { user_id: 1 })
      t.assert.deepStrictEqual(savedData(response, 'admin', { salt: ofAdmin }), { user_id: 2 })
    })
  }

  const admin = { sessionName: 'admin' }
  const sharing = new SecureCookieSessionInterface({ salt: 'of both' })
  const movable: Record<string, SecureSessionOptions | SecureSessionOptions[]> = {
    'with one salt': [{ secretKey, salt: 'a' }, { secretKey, salt: 'a', ...admin }],
    "with keyDerivation 'none'": { secretKey, keyDerivation: 'none', sessions: [{}, admin] },
    'with one sessionInterface that has a salt': { secretKey, sessionInterface: sharing, sessions: [{}, admin] },
    'of which one accepts the old key of the other': [{ secretKey: 'the first key of two', secretKeyFallbacks: [secretKey], salt: 'a' }, { secretKey, salt: 'a', ...admin }]
  }
  for (const [name, options] of Object.entries(movable)) {
    test(`${name}, so that one would take the other's cookie, reject ready()`, async (t: TestContext) => {
      const app = bare(t)

      const error = await rejection(async () => {
        app.register(secureSession, options as SecureSessionOptions)
        await app.ready()
      })

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.strictEqual(error.message,
        "salt must be another one for each session with the same key, and not left out by keyDerivation 'none', got cookies of session that admin accepts")
    })
  }

  test('of nested scopes that would take each other\'s cookies reject ready()', async (t: TestContext) => {
    const app = await buildApp(t)

    const error = await rejection(async () => {
      app.register(async (scope) => { scope.register(secureSession, { secretKey, sessionName: 'admin', salt: 'cookie-session' }) })
      await app.ready()
    })

    t.assert.match(error.message, /^salt must be another one .* got cookies of session that admin accepts$/)
  })

  const apart: Record<string, SecureSessionOptions[]> = {
    'with one salt and keys of their own': [{ secretKey, salt: 'a' }, { secretKey: 'the key of the admins', salt: 'a', ...admin }],
    "with keyDerivation 'none' and keys of their own": [{ secretKey, keyDerivation: 'none' }, { secretKey: 'the key of the admins', keyDerivation: 'none', ...admin }],
    'without a key': [{ salt: 'a' }, { salt: 'a', ...admin }],
    'of which one is kept otherwise': [{ secretKey }, { sessionInterface: new Elsewhere(), ...admin }]
  }
  for (const [name, options] of Object.entries(apart)) {
    test(`${name} are allowed`, async (t: TestContext) => {
      const app = bare(t)
      app.register(secureSession, options as SecureSessionOptions)

      await t.assert.doesNotReject(async () => { await app.ready() })
    })
  }

  test('that begin to share a cookie name while the server runs fail each request until they no longer do', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: secretKey }
    const app = await buildApp(t, { secretKey: undefined, sessions: [{}, { sessionName: 'admin' }] }, { config })
    app.get('/', write)
    await app.ready()

    config.SESSION_COOKIE_NAME = 'sid'
    const failed = [await app.inject('/'), await app.inject('/')]
    delete config.SESSION_COOKIE_NAME
    const mended = await app.inject('/')

    for (const response of failed) {
      t.assert.strictEqual(response.statusCode, 500)
      t.assert.strictEqual(response.json().message, 'cookieName (SESSION_COOKIE_NAME) must be another name for each of several sessions, got the same name twice')
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    }
    t.assert.deepStrictEqual(setCookiesOf(mended).map(({ name }) => name), ['session', 'admin'])
  })

  test('that begin to take each other\'s cookies while the server runs fail each request', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: 'the key of the users' }
    const app = bare(t)
    app.decorate('config', config)
    app.register(secureSession, [{ salt: 'a' }, { secretKey, salt: 'a', ...admin }] as SecureSessionOptions)
    app.get('/', write)

    const before = await app.inject('/')
    config.SECRET_KEY = secretKey
    const after = await app.inject('/')

    t.assert.strictEqual(before.statusCode, 200)
    t.assert.strictEqual(after.statusCode, 500)
    t.assert.match(after.json().message, /^salt must be another one for each session/)
  })

  test('take cookies of @fastify/secure-session one at a time', async (t: TestContext) => {
    const readSecureSession = { key: Buffer.alloc(32, 7) }
    const one = await buildApp(t, { sessions: [{ readSecureSession }, admin] })
    const alone = await buildApp(t, { readSecureSession, sessions: [admin] })
    const { message } = await refusalOf(t, { readSecureSession, sessions: [{}, admin] })

    await t.assert.doesNotReject(async () => { await one.ready() })
    await t.assert.doesNotReject(async () => { await alone.ready() })
    t.assert.strictEqual(message, 'readSecureSession must be an option of one of the sessions, since the cookies that it reads do not say whose they are, got an option of all')
  })

  const key = Buffer.alloc(32, 7)
  const other = Buffer.alloc(32, 8)
  const shared: Record<string, SecureSessionOptions[]> = {
    'with one key of @fastify/secure-session': [{ secretKey, readSecureSession: { key } }, { secretKey, ...admin, readSecureSession: { key } }],
    'with one key of @fastify/secure-session in two spellings': [
      { secretKey, readSecureSession: { key: [other, key.toString('base64')] } }, { secretKey, ...admin, readSecureSession: { key } }
    ],
    'with one key of @fastify/secure-session in two interfaces': [
      { secretKey, sessionInterface: new SecureCookieSessionInterface({ readSecureSession: { key } }) },
      { secretKey, ...admin, readSecureSession: { key } }
    ]
  }
  for (const [name, options] of Object.entries(shared)) {
    test(`${name}, so that one would take the other's cookie, reject ready()`, async (t: TestContext) => {
      const app = bare(t)

      const error = await rejection(async () => {
        app.register(secureSession, options)
        await app.ready()
      })

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.strictEqual(error.message, 'readSecureSession.key must be another one for each of several sessions, got the same key twice')
    })
  }

  test('of nested scopes with one key of @fastify/secure-session reject ready()', async (t: TestContext) => {
    const app = await buildApp(t, { readSecureSession: { key } })

    const error = await rejection(async () => {
      app.register(async (scope) => { scope.register(secureSession, { secretKey, ...admin, readSecureSession: { key } }) })
      await app.ready()
    })

    t.assert.match(error.message, /^readSecureSession.key must be another one/)
  })

  test('may each read cookies of @fastify/secure-session that have keys of their own', async (t: TestContext) => {
    const app = bare(t)
    app.register(secureSession, [{ secretKey, readSecureSession: { key } }, { secretKey, ...admin, readSecureSession: { key: other } }])

    await t.assert.doesNotReject(async () => { await app.ready() })
  })

  test('from two copies of the package, as import and require load them, are told apart, and nothing of one is taken for the other\'s', (t: TestContext) => {
    const script = `
      import { createRequire } from 'node:module'
      import Fastify from 'fastify'
      import * as one from './lib/index.ts'
      const two = createRequire(process.cwd() + '/test/')('../lib/index.ts')
      const secretKey = 'a secret key of the tests'
      const start = async (...registrations) => {
        const app = Fastify()
        for (const [plugin, options] of registrations) app.register(plugin, { secretKey, ...options })
        app.get('/', async (request) => { request.session.user_id = 1; request.admin.user_id = 2 })
        await app.ready()
        return app
      }
      const admin = { sessionName: 'admin' }
      console.log(one.secureSession === two.secureSession)
      const app = await start([one.secureSession], [two.secureSession, admin])
      const { cookies } = await app.inject('/')
      console.log(app.decodeSession(cookies[1].value, 'admin').user_id, app.decodeSession(cookies[1].value))
      for (const registrations of [
        [[one.secureSession], [two.secureSession, { ...admin, cookieName: 'session' }]],
        [[one.secureSession], [two.secureSession, { ...admin, salt: 'cookie-session' }]],
        [[one.secureSession, { sessionInterface: new two.SecureCookieSessionInterface() }]]
      ]) {
        try {
          await start(...registrations)
        } catch (error) {
          console.log(error.message)
        }
      }
    `
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      timeout: 60_000,
      // Of a file that is loaded in two ways the coverage would be that of none.
      env: { ...process.env, NODE_V8_COVERAGE: '' }
    })

    t.assert.deepStrictEqual(stdout.split('\n'), [
      'false',
      '2 null',
      'cookieName (SESSION_COOKIE_NAME) must be another name for each of several sessions, got the same name twice',
      "salt must be another one for each session with the same key, and not left out by keyDerivation 'none', got cookies of session that admin accepts",
      'sessionInterface must be an instance of the SessionInterface of this copy of the package (import and require load one each), got object',
      ''
    ], stderr)
  })

  const wrong: Record<string, [options: unknown, setup?: Parameters<typeof refusalOf>[2]]> = {
    'an empty list': [{ sessions: [] }],
    'common attributes that are none': [{ cookie: 'secure', sessions: [{ cookie: { path: '/' } }] }],
    'own attributes that are none': [{ cookie: { secure: true }, sessions: [{ cookie: null }] }],
    'an empty common salt': [{ salt: '', sessions: [{}, { sessionName: 'admin' }] }],
    'a common salt that is none': [{ salt: 5, sessions: [{ sessionName: 'admin' }] }],
    'a salt of null': [{ salt: 'a', sessions: [{ sessionName: 'admin', salt: null }] }],
    'what is no list': [{ sessions: 'session' }],
    'a list with null in it': [{ sessions: [null] }],
    'a list with text in it': [{ sessions: ['admin'] }],
    'one cookie name for two': [{ sessions: [{ cookieName: 'sid' }, { sessionName: 'admin', cookieName: 'sid' }] }],
    'one cookie name for two, in the config': [{ sessions: [{}, { sessionName: 'admin' }] }, { config: { SESSION_COOKIE_NAME: 'sid' } }],
    'a wrong option in one of them': [{ sessions: [{}, { sessionName: 'admin', cookieName: 'a b' }] }]
  }
  for (const [name, [options, setup]] of Object.entries(wrong)) {
    test(`from ${name} reject ready()`, async (t: TestContext) => {
      const error = await refusalOf(t, options as SecureSessionOptions, setup)

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', error.message)
    })
  }

  for (const options of [[], [null], ['admin']]) {
    test(`from the list ${JSON.stringify(options)} reject ready()`, async (t: TestContext) => {
      const app = bare(t)

      const error = await rejection(async () => {
        app.register(secureSession, options as unknown as SecureSessionOptions)
        await app.ready()
      })

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', error.message)
    })
  }
})

describe('sessions of scopes side by side', () => {
  const admin = { sessionName: 'admin' }
  const key = Buffer.alloc(32, 7)
  const collision = 'the session of another scope has a cookie of the same name, but cannot read this one. Unless the scopes serve different hosts, they log each other\'s users out. Give each a cookieName, or all the same sessionName, key and options'
  const mustDiffer = "salt must be another one for each session with the same key, and not left out by keyDerivation 'none', got cookies of"

  /** An application with one scope for each list of options, at `/0`, `/1` and so on, and what it warned of. */
  function sideBySide (t: TestContext, scopes: SecureSessionOptions[], config?: FlaskConfig): { app: FastifyInstance, warnings: string[] } {
    const warnings: string[] = []
    const stream = { write: (line: string) => { warnings.push(JSON.parse(line).msg) } }
    const app = Fastify({ logger: { level: 'warn', stream } }) as unknown as FastifyInstance
    t.after(() => app.close())
    if (config !== undefined) app.decorate('config', config)
    for (const [index, options] of scopes.entries()) {
      app.register(async (scope) => {
        scope.register(secureSession, { secretKey, ...options })
        scope.get(`/${index}`, async (request) => {
          const session = sessionNamed(request, options.sessionName ?? 'session')
          const before = { ...session }
          session.user_id = index
          return before
        })
      })
    }
    return { app, warnings }
  }

  const sharing = new SecureCookieSessionInterface({ salt: 'of both' })
  const exchangeable: Record<string, [scopes: SecureSessionOptions[], message: string]> = {
    'with one salt': [[{ salt: 'a' }, { salt: 'a', ...admin }], `${mustDiffer} session that admin accepts`],
    "with keyDerivation 'none'": [[{ keyDerivation: 'none' }, { keyDerivation: 'none', ...admin }], `${mustDiffer} session that admin accepts`],
    'with one sessionInterface': [[{ sessionInterface: sharing }, { sessionInterface: sharing, ...admin }], `${mustDiffer} session that admin accepts`],
    'of which one accepts the old key of the other': [
      [{ salt: 'a', secretKey: 'the first key of two', secretKeyFallbacks: [secretKey] }, { salt: 'a', ...admin }],
      `${mustDiffer} session that admin accepts`
    ],
    'that differ in the cookie name alone': [[{ cookieName: 'visitor' }, { cookieName: 'staff' }], `${mustDiffer} visitor that staff accepts`],
    'with one key of @fastify/secure-session': [
      [{ readSecureSession: { key } }, { readSecureSession: { key }, ...admin }],
      'readSecureSession.key must be another one for each of several sessions, got the same key twice'
    ]
  }
  for (const [name, [scopes, message]] of Object.entries(exchangeable)) {
    test(`${name}, so that one would take the other's cookie, reject ready()`, async (t: TestContext) => {
      const { app } = sideBySide(t, [{ sessionName: 'third', cookieName: 'third' }, ...scopes])

      const error = await rejection(() => app.ready())

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.strictEqual(error.message, message)
    })
  }

  test('share the login when names, key and options are the same', async (t: TestContext) => {
    for (const options of [{}, { salt: 'a' }, { keyDerivation: 'none' }, { readSecureSession: { key } }, { sealed: true }] satisfies SecureSessionOptions[]) {
      const { app, warnings } = sideBySide(t, [options, options])

      const response = await app.inject('/0')
      const other = await app.inject({ url: '/1', headers: { cookie: cookieAfter(response) } })

      t.assert.deepStrictEqual(other.json(), { user_id: 0 })
      t.assert.deepStrictEqual(warnings, [])
    }
  })

  test('share the login after one of them got a new key, as long as each reads what the other signs', async (t: TestContext) => {
    const [older, newer] = ['the older key of the tests', 'the newer key of the tests']
    const scopes = (secretKeyFallbacks: string[]): SecureSessionOptions[] => {
      return [{ secretKey: newer, secretKeyFallbacks: [older] }, { secretKey: older, secretKeyFallbacks }]
    }
    const both = sideBySide(t, scopes([newer]))
    const one = sideBySide(t, scopes([]))
    await both.app.ready()
    await one.app.ready()

    t.assert.deepStrictEqual(both.warnings, [])
    t.assert.deepStrictEqual(one.warnings, [`session: ${collision}`])
  })

  const colliding: Record<string, SecureSessionOptions[]> = {
    'keys of their own': [{}, { secretKey: 'the key of another scope' }],
    'kinds of their own': [{}, { sealed: true }],
    'one of which has no signature': [{}, { sessionInterface: new Elsewhere() }],
    'names of their own': [{ ...admin, cookieName: 'session' }, {}]
  }
  for (const [name, scopes] of Object.entries(colliding)) {
    test(`and with ${name}, but one cookie, start with one warning: they may serve different hosts`, async (t: TestContext) => {
      const { app, warnings } = sideBySide(t, scopes)
      await app.ready()
      await app.inject('/0')
      await app.inject('/1')

      t.assert.deepStrictEqual(warnings, [`session: ${collision}`])
    })
  }

  test('do not collide when browsers keep their cookies apart, nor when both are kept elsewhere', async (t: TestContext) => {
    const other = { secretKey: 'the key of another scope' }
    for (const scopes of [
      [{}, { cookie: { path: '/1' }, ...other }], [{}, { cookie: { domain: 'example.com' }, ...other }], [{}, { cookieName: 'staff', ...other }],
      [{ sessionInterface: new Elsewhere() }, { sessionInterface: new Elsewhere() }]
    ] satisfies SecureSessionOptions[][]) {
      const { app, warnings } = sideBySide(t, scopes)
      await app.ready()

      t.assert.deepStrictEqual(warnings, [])
    }
  })

  test('that begin to take each other\'s cookies while the server runs fail the requests of the changed scope', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: 'the key of the visitors' }
    const { app } = sideBySide(t, [{ salt: 'a', secretKey: undefined }, { salt: 'a', ...admin }], config)

    const before = await app.inject('/0')
    config.SECRET_KEY = secretKey
    const [visitor, staff] = [await app.inject('/0'), await app.inject('/1')]

    t.assert.strictEqual(before.statusCode, 200)
    t.assert.strictEqual(visitor.statusCode, 500)
    t.assert.strictEqual(visitor.json().message, `${mustDiffer} session that admin accepts`)
    t.assert.strictEqual(staff.statusCode, 200)
  })

  test('take a session over by encodeSession of the other scope, with its key and its config', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: 'the key of the other scope' }
    const app = bare(t)
    app.decorate('config', config)
    let other: FastifyInstance | undefined
    app.register(async (scope) => {
      other = scope
      scope.register(secureSession, { salt: 'of the other scope' })
    })
    app.register(async (scope) => {
      scope.register(secureSession, { secretKey })
      scope.get('/', async (request) => {
        request.session.user_id = 1
        return [scope.encodeSession(request.session), other?.encodeSession(request.session)]
      })
    })

    const [own, taken] = (await app.inject('/')).json()

    t.assert.deepStrictEqual(other?.decodeSession(taken)?.data(), { user_id: 1 })
    t.assert.strictEqual(other?.decodeSession(own), null)
    t.assert.deepStrictEqual(signingSerializer().loads(own), { user_id: 1 })
  })
})
