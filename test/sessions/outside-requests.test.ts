import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession, { SecureCookieSession, SessionInterface } from '../../lib/index.ts'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import { buildApp, cookieOf, logOf, noise, refusalOf, secretKey, signingSerializer } from '../helpers.ts'

function valueOf (data: unknown, salt = 'cookie-session'): string {
  return cookieOf(data, { salt }).slice('session='.length)
}

/** By @fastify/secure-session 8.4.0, under a key of 32 times 7: { user_id: 42, cart: { items: ['ä'] } }, at the beginning of 2024. */
const recorded = 'KY2cjypFMwQwqYNtDRb9q3fXSD2lP3hZfFxE8LqY47Q9Kp9keC3oIu%2FhiMXljM4nkgqeFNJGYwwrkxk3Bp45ac5A3u9ZmSSk%3BSrTQvCjXG8snIqJVtb549Sfe1%2F0Tgf%2FZ'

describe('createSession, encodeSession and decodeSession', () => {
  test('make a session, its cookie, and the session again', async (t: TestContext) => {
    const app = await buildApp(t)

    const session = app.createSession({ user_id: 42 })
    session.cart = { items: [1] }
    const cookie = app.encodeSession(session)
    const again = app.decodeSession(cookie)

    t.assert.ok(session instanceof SecureCookieSession)
    t.assert.deepStrictEqual(signingSerializer().loads(cookie), { user_id: 42, cart: { items: [1] } })
    t.assert.deepStrictEqual(again?.data(), { user_id: 42, cart: { items: [1] } })
    t.assert.deepStrictEqual(app.createSession().data(), {})
  })

  for (const maxCookieSize of [4093, 0]) {
    test(`compress a session that would not fit into a cookie as it is, with a limit of ${maxCookieSize}`, async (t: TestContext) => {
      const app = await buildApp(t, { maxCookieSize })
      await app.ready()
      const encoded = (length: number): string => app.encodeSession(app.createSession({ a: 'x'.repeat(length) }))

      t.assert.doesNotMatch(encoded(2900), /^\./)
      t.assert.match(encoded(3000), /^\./)
    })
  }

  test('give every caller data of its own', async (t: TestContext) => {
    const app = await buildApp(t)
    const cookie = valueOf({ list: [1] })

    app.decodeSession(cookie)?.list.push(2)

    t.assert.deepStrictEqual(app.decodeSession(cookie)?.data(), { list: [1] })
  })

  test('refuse what a request would refuse', async (t: TestContext) => {
    const log = logOf()
    const app = await buildApp(t, {}, { server: log.server })

    for (const cookie of [undefined, 'forged', `${valueOf({ a: 1 })}A`]) t.assert.strictEqual(app.decodeSession(cookie), null)
    t.assert.deepStrictEqual(log.lines.filter(({ msg }) => msg === 'session cookie refused').length, 2)
  })

  test('refuse what is no text at all', async (t: TestContext) => {
    const app = await buildApp(t)

    for (const cookie of [null, 5, {}, ['a'], Buffer.from(valueOf({ a: 1 })), true]) t.assert.strictEqual(app.decodeSession(cookie as unknown as string), null)
  })

  test('read a cookie of @fastify/secure-session, as it was sent and as parseCookie decodes it', async (t: TestContext) => {
    const serializer = {
      dumps: (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex'),
      loads: (text: string) => JSON.parse(Buffer.from(text, 'hex').toString())
    }
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2024, 0, 1) })
    for (const options of [{}, { serializer }]) {
      const app = await buildApp(t, { ...options, readSecureSession: { key: Buffer.alloc(32, 7) } })
      await app.ready()

      for (const cookie of [recorded, app.parseCookie(`session=${recorded}`).session]) {
        t.assert.deepStrictEqual(app.decodeSession(cookie)?.data(), { user_id: 42, cart: { items: ['ä'] } })
      }
    }
  })

  test('with a serializer of one\'s own read what it wrote, each time', async (t: TestContext) => {
    const serializer = {
      dumps: (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex'),
      loads: (text: string) => JSON.parse(Buffer.from(text, 'hex').toString())
    }
    const app = await buildApp(t, { serializer })
    const other = await buildApp(t, { serializer })
    const cookie = app.encodeSession(app.createSession({ a: [1] }))

    for (const reader of [app, app, other, other, other]) {
      const session = reader.decodeSession(cookie)
      t.assert.deepStrictEqual(session?.data(), { a: [1] })
      session.a.push(2)
    }
  })

  test('throw for what is no session', async (t: TestContext) => {
    const app = await buildApp(t)

    t.assert.throws(() => app.encodeSession({ a: 1 } as unknown as Session), {
      name: 'TypeError', message: 'encodeSession takes a session: request.session, or what createSession returns'
    })
  })

  test('sign the session of a request under its own name, in a scope whose first session is another', async (t: TestContext) => {
    const app = await buildApp(t)
    app.register(async (scope) => {
      scope.register(secureSession, { secretKey, sessionName: 'admin' })
      scope.get('/ticket', async (request) => {
        request.session.user = 'alice'
        const { admin } = request as unknown as { admin: Session }
        admin.level = 1
        return [scope.encodeSession(request.session), scope.encodeSession(request.session, 'admin'), scope.encodeSession(admin), scope.encodeSession(scope.createSession({ b: 2 }))]
      })
    })

    const tickets = (await app.inject('/ticket')).json() as string[]

    t.assert.deepStrictEqual(tickets.map((ticket, index) => {
      return signingSerializer({ salt: index === 0 ? 'cookie-session' : 'cookie-session.admin' }).loads(ticket)
    }), [{ user: 'alice' }, { user: 'alice' }, { level: 1 }, { b: 2 }])
  })

  test('count encoding the session of a request as an access', async (t: TestContext) => {
    const app = await buildApp(t)
    app.get('/', async (request) => app.encodeSession(request.session))

    const response = await app.inject({ url: '/', headers: { cookie: cookieOf({ a: 1 }) } })

    t.assert.strictEqual(response.headers.vary, 'Cookie')
  })

  test('throw for what a request could not save', async (t: TestContext) => {
    const app = await buildApp(t)

    t.assert.throws(() => app.encodeSession(app.createSession({ a: () => {} })), { code: 'FST_SESSION_UNSERIALIZABLE' })
    t.assert.throws(() => app.encodeSession(app.createSession({ a: noise(300_000) })), { code: 'FST_SESSION_COOKIE_OVERFLOW' })
  })

  test('without a key decode nothing and refuse to encode', async (t: TestContext) => {
    const app = await buildApp(t, { secretKey: undefined })

    t.assert.strictEqual(app.decodeSession(valueOf({ a: 1 })), null)
    t.assert.throws(() => app.encodeSession(app.createSession({ a: 1 })), { code: 'FST_SESSION_UNAVAILABLE' })
  })

  test('read the config as it is now', async (t: TestContext) => {
    const config = { SECRET_KEY: 'the first key, long enough' }
    const app = await buildApp(t, { secretKey: undefined }, { config })
    const first = app.encodeSession(app.createSession({ a: 1 }))

    config.SECRET_KEY = 'the second key, long enough'

    t.assert.strictEqual(app.decodeSession(first), null)
    t.assert.notStrictEqual(app.encodeSession(app.createSession({ a: 1 })), first)
  })

  test('take the name of one of several sessions', async (t: TestContext) => {
    const app = await buildApp(t, { sessions: [{}, { sessionName: 'admin' }] })

    const cookie = app.encodeSession(app.createSession({ a: 1 }, 'admin'), 'admin')

    t.assert.strictEqual(app.decodeSession(cookie), null)
    t.assert.deepStrictEqual(app.decodeSession(cookie, 'admin')?.data(), { a: 1 })
    t.assert.throws(() => app.createSession({}, 'nobody'), {
      code: 'FST_SESSION_INVALID_CONFIG', message: 'sessionName must be one of session, admin, got another name'
    })
  })

  test('know the sessions of the scopes around, registered one by one', async (t: TestContext) => {
    const app = await buildApp(t)
    let inner: FastifyInstance | undefined
    app.register(async (scope) => {
      scope.register(secureSession, { secretKey: 'the key of the admins', sessionName: 'admin' })
      inner = scope
    })
    await app.ready()

    t.assert.deepStrictEqual(inner?.decodeSession(valueOf({ a: 1 }), 'session')?.data(), { a: 1 })
    t.assert.throws(() => app.createSession({}, 'admin'), { code: 'FST_SESSION_INVALID_CONFIG' })
  })

  test('refuse for an interface that keeps no signed cookies', async (t: TestContext) => {
    class Own extends SessionInterface {
      override openSession (): SecureCookieSession { return new SecureCookieSession() }
      override saveSession (): void {}
    }
    const app = await buildApp(t, { secretKey: undefined, sessionInterface: new Own() })

    const error = { name: 'TypeError', message: 'the sessionInterface of session keeps no sessions outside of requests' }
    t.assert.throws(() => app.createSession(), error)
    t.assert.throws(() => app.decodeSession(cookieOf({ a: 1 })), error)
    t.assert.throws(() => app.encodeSession(new SecureCookieSession({ a: 1 }) as unknown as Session), error)
  })
})

describe('compat', () => {
  interface Compatible {
    createSecureSession (data?: Record<string, unknown>): Session
    encodeSecureSession (session: Session, name?: string): string
    decodeSecureSession (cookie: string | undefined, log?: unknown, name?: string): Session | null
  }

  test('passes for other plugins and has the helpers of @fastify/secure-session', async (t: TestContext) => {
    const app = await buildApp(t, { compat: ['@fastify/secure-session', '@fastify/session'] }) as FastifyInstance & Compatible
    await app.ready()

    const cookie = app.encodeSecureSession(app.createSecureSession({ a: 1 }))

    t.assert.strictEqual(app.hasPlugin('@fastify/secure-session'), true)
    t.assert.strictEqual(app.hasPlugin('@fastify/session'), true)
    t.assert.deepStrictEqual(app.decodeSecureSession(cookie)?.data(), { a: 1 })
    t.assert.strictEqual(app.decodeSecureSession('forged', app.log), null)
  })

  test('for @fastify/session alone adds no helper', async (t: TestContext) => {
    const app = await buildApp(t, { compat: ['@fastify/session'] })
    await app.ready()

    t.assert.strictEqual(app.hasPlugin('@fastify/session'), true)
    t.assert.strictEqual(app.hasDecorator('createSecureSession'), false)
  })

  test('is off if not asked for', async (t: TestContext) => {
    const app = Fastify()
    t.after(() => app.close())
    app.register(secureSession, [{ sessionName: 'session' }] as unknown as SecureSessionOptions)
    await app.ready()

    t.assert.strictEqual(app.hasPlugin('@fastify/secure-session'), false)
  })

  for (const compat of ['@fastify/secure-session', 'session', true, null, {}, ['@fastify/cookie'], [1]]) {
    test(`of ${JSON.stringify(compat)} stops the start`, async (t: TestContext) => {
      const error = await refusalOf(t, { compat } as unknown as SecureSessionOptions)

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', error.message)
    })
  }
})
