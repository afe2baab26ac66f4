/**
 * `request.session`, the options and the helpers as an application sees them that has not described its data.
 *
 * @module
 */

import Fastify from 'fastify'
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import { describe, expect, test } from 'tstyche'
import secureSession, { FST_SESSION_COOKIE_OVERFLOW, secureSession as named, sessionConfigSchema } from '../../lib/index.ts'
import type { FlaskConfig, OnReject, Rejection, SecureSessionOptions, Session, SessionCookieOptions, SessionOptions } from '../../lib/index.ts'

declare const request: FastifyRequest
declare const fastify: FastifyInstance

describe('request.session', () => {
  // The import of the package alone must bring the property along.
  test('is a session', () => {
    expect<FastifyRequest['session']>().type.toBe<Session>()
  })

  // A setter of `Session` would refuse both idioms of cookie-session.
  test('can be ended and replaced by assignment', () => {
    request.session = null
    request.session = { user_id: 42 }
    request.session = request.session.data()
    // @ts-expect-error Type 'undefined' is not assignable
    request.session = undefined
    // @ts-expect-error Type 'number' is not assignable
    request.session = 42
  })

  // An index signature of `any` makes a `then` look possible; an await must not unwrap what is no promise.
  test('is no promise', () => {
    expect<Awaited<Session>>().type.toBe<Session>()
  })
})

describe('a session of data that nobody described', () => {
  // With `{}` for the data every key would be `never`.
  test('has any key, of any type', () => {
    expect(request.session.user_id).type.toBe<any>()
    expect(request.session['oauth2:example.com']).type.toBe<any>()
    expect(request.session.get('user_id')).type.toBe<any>()
    expect(request.session.set).type.toBeCallableWith('user_id', 42)
    expect(request.session.set).type.toBeCallableWith('user_id', undefined)
    expect(request.session.has('user_id')).type.toBe<boolean>()
    expect(request.session.pop('user_id')).type.toBe<any>()
    expect(request.session.setDefault('cart', [])).type.toBe<any>()
    expect(request.session.data().user_id).type.toBe<any>()
  })

  // The index signature of the data must not turn the members into `any`.
  test('keeps the types of its members', () => {
    expect(request.session.permanent).type.toBe<boolean>()
    expect(request.session.modified).type.toBe<boolean>()
    expect(request.session.size).type.toBe<number>()
    expect(request.session.delete()).type.toBe<void>()
    expect(request.session.delete('user_id')).type.toBe<boolean>()
    expect(request.session.popItem()).type.toBe<[string, unknown] | undefined>()
    expect(Array.from(request.session)).type.toBe<Array<[string, unknown]>>()
    expect(new Map(request.session.entries())).type.toBe<Map<string, unknown>>()
  })

  // `new` and `deleted` tell; there is nothing to set.
  test('has flags to read and flags to write', () => {
    request.session.permanent = true
    request.session.modified = true
    request.session.changed = true
    request.session.lifetime = 1800
    request.session.lifetime = null
    expect<Session['lifetime']>().type.toBe<number | null>()
    // @ts-expect-error Type 'string' is not assignable
    request.session.lifetime = '30m'
    // @ts-expect-error Type 'string' is not assignable
    request.session.permanent = 'yes'
    // @ts-expect-error it is a read-only property
    request.session.new = true
    // @ts-expect-error it is a read-only property
    request.session.deleted = true
  })

  // passport awaits, express passport calls back, secure-session's users do neither.
  test('regenerates, saves, ends and reloads in every form', () => {
    expect(request.session.regenerate).type.toBeCallableWith()
    expect(request.session.regenerate).type.toBeCallableWith(['user_id'])
    expect(request.session.regenerate).type.toBeCallableWith(['user_id'], () => {})
    expect(request.session.regenerate).type.toBeCallableWith((error: Error | null) => error)
    expect(request.session.regenerate).type.not.toBeCallableWith('user_id')
    expect(request.session.save).type.toBeCallableWith((error: any) => error)
    expect(request.session.destroy()).type.toBe<Promise<void>>()
    expect(request.session.reload()).type.toBe<Promise<void>>()
  })

  // The demo does so: describe the data where it is used, and leave the package alone.
  test('may be taken for one of described data', () => {
    expect<Session>().type.toBeAssignableTo<Session<{ user_id: number }>>()
  })
})

describe('a session of described data', () => {
  interface Data { user_id: number, name?: string, cart: string[] }
  const session = request.session as Session<Data>

  // A cookie may hold nothing yet: no key is certain to be there.
  test('may lack any of its keys', () => {
    expect(session.user_id).type.toBe<number | undefined>()
    expect(session.get('user_id')).type.toBe<number | undefined>()
    expect(session.get('user_id', null)).type.toBe<number | null>()
    expect(session.pop('cart')).type.toBe<string[] | undefined>()
    expect(session.pop('name', 'nobody')).type.toBe<string>()
    expect(session.setDefault('cart', [])).type.toBe<string[]>()
    expect(session.setDefault('name', 'nobody')).type.toBe<string>()
  })

  // The overload for functions that take secure-session's sessions promises every key: a call must not get that one.
  test('gives a copy in which any key may be missing', () => {
    expect(session.data()).type.toBe<Partial<Data>>()
  })

  // passport logs out with `set('passport', undefined)`.
  test('takes values of their types, and undefined to remove them', () => {
    expect(session.set).type.toBeCallableWith('user_id', 42)
    expect(session.set).type.toBeCallableWith('user_id', undefined)
    expect(session.set).type.not.toBeCallableWith('user_id', '42')
    expect(session.set).type.not.toBeCallableWith('user_id', null)
    expect(session.setDefault).type.not.toBeCallableWith('user_id', '42')
    expect(session.setDefault).type.not.toBeCallableWith('name', undefined)
    session.user_id = 42
    delete session.user_id
    // @ts-expect-error Type 'string' is not assignable
    session.user_id = '42'
  })

  // A misspelt key would read as undefined for ever.
  test('has no other keys', () => {
    expect(session).type.not.toHaveProperty('userId')
    expect(session.get).type.not.toBeCallableWith('userId')
    expect(session.set).type.not.toBeCallableWith('userId', 42)
    expect(session.has).type.not.toBeCallableWith('userId')
    expect(session.delete).type.not.toBeCallableWith('userId')
    expect(session.pop).type.not.toBeCallableWith('userId')
    expect(session.setDefault).type.not.toBeCallableWith('userId', 42)
  })

  // Part of the data is enough; entries come from elsewhere and are not looked at.
  test('is updated from an object or from entries', () => {
    expect(session.update).type.toBeCallableWith({ name: 'a' })
    expect(session.update).type.toBeCallableWith([['name', 'a']])
    expect(session.update).type.toBeCallableWith(new Map([['name', 'a']]))
    expect(session.update).type.not.toBeCallableWith({ name: 1 })
    expect(session.update).type.not.toBeCallableWith({ userId: 1 })
  })

  // A key of that name is reached by `get` and `set`; read as a property it is the member.
  test('has its members where a key bears the name of one', () => {
    const clash = request.session as Session<{ size: string }>
    expect(clash.size).type.toBe<number>()
    expect(clash.get('size')).type.toBe<string | undefined>()
  })
})

describe('a route', () => {
  test('may have no session, or other cookie attributes', () => {
    expect<FastifyContextConfig['session']>().type.toBe<false | SessionCookieOptions | undefined>()
    expect(fastify.get).type.toBeCallableWith('/', { config: { session: false } }, async () => '')
    expect(fastify.get).type.toBeCallableWith('/', { config: { session: { sameSite: 'None', secure: true, refresh: false } } }, async () => '')
  })

  // `true` would have no meaning; an attribute in Set-Cookie's spelling would have no effect.
  test('takes nothing else', () => {
    expect<FastifyContextConfig['session']>().type.not.toBeAssignableFrom(true)
    // @ts-expect-error Type '{ httpOnly: string; }' is not assignable
    fastify.get('/', { config: { session: { httpOnly: 'no' } } }, async () => '')
    expect<FastifyContextConfig['session']>().type.not.toBeAssignableFrom({ samesite: 'None' })
    expect(request.session.options).type.not.toBeCallableWith({ maxage: 60 })
    expect(request.session.options).type.not.toBeCallableWith({ expires: '2011-06-24' })
  })
})

describe('the plugin', () => {
  const app = Fastify()

  // register() infers the options from the plugin: an overload too many, and they are `any`.
  test('is registered with options, a list of them, or a function', () => {
    expect(app.register).type.toBeCallableWith(secureSession)
    expect(app.register).type.toBeCallableWith(secureSession, { secretKey: 'a secret', prefix: '/app' })
    expect(app.register).type.toBeCallableWith(named, { secretKey: new Uint8Array(32), cookie: { secure: 'auto' } })
    expect(app.register).type.toBeCallableWith(secureSession, [{ secretKey: 'a secret' }, { secretKey: 'another', sessionName: 'admin' }])
    expect(app.register).type.toBeCallableWith(secureSession, { sessions: [{ sessionName: 'admin' }] })
    expect(app.register).type.toBeCallableWith(secureSession, (instance: FastifyInstance) => ({ secretKey: instance.prefix }))
  })

  // A Flask reader writes what Flask's documentation says.
  test("is registered with Flask's keys, in `sessions`, too", () => {
    expect(app.register).type.toBeCallableWith(secureSession, { SECRET_KEY: 'a secret', SESSION_COOKIE_SECURE: true })
    expect(app.register).type.toBeCallableWith(secureSession, { sessions: [{ SESSION_COOKIE_NAME: 'sid', SECRET_KEY_FALLBACKS: '["old"]' }] })
  })

  test('is not registered with options of a wrong type', () => {
    expect(app.register).type.not.toBeCallableWith(secureSession, { secretKey: 42 })
    expect(app.register).type.not.toBeCallableWith(secureSession, { digestMethod: 'md5' })
    expect(app.register).type.not.toBeCallableWith(secureSession, { secretKeyFallbacks: 42 })
    expect(app.register).type.not.toBeCallableWith(secureSession, { SESSION_COOKIE_SECURE: 'yes' })
    expect(app.register).type.not.toBeCallableWith(secureSession, { sessions: [{ SECRET_KEY: 42 }] })
    expect(app.register).type.not.toBeCallableWith(secureSession, { cookie: { secure: 'yes' } })
    expect(app.register).type.not.toBeCallableWith(secureSession, { keyDerivation: 'pbkdf2' })
    expect(app.register).type.not.toBeCallableWith(secureSession, { compat: ['@fastify/jwt'] })
    expect(app.register).type.not.toBeCallableWith(secureSession, [{ sessionName: 1 }])
  })

  test('reports rejections with their code', () => {
    expect(app.register).type.toBeCallableWith(secureSession, { refreshAfter: 60, absoluteLifetime: null, onReject: () => {} })
    expect(app.register).type.not.toBeCallableWith(secureSession, { onReject: 'log' })
    expect<Parameters<OnReject>>().type.toBe<[request: FastifyRequest, rejection: Rejection]>()
    expect<'revoked'>().type.toBeAssignableTo<Rejection['code']>()
    expect<Rejection['age']>().type.toBe<number | undefined>()
  })

  // Under exactOptionalPropertyTypes `process.env.SECRET_KEY` needs the `undefined`.
  test('takes what the environment gives', () => {
    expect<{ secretKey: string | undefined }>().type.toBeAssignableTo<SecureSessionOptions>()
    expect<{ SECRET_KEY: string | undefined, SESSION_COOKIE_DOMAIN: null }>().type.toBeAssignableTo<FlaskConfig>()
    expect<SecureSessionOptions>().type.toBeAssignableTo<SessionOptions>()
    expect(sessionConfigSchema).type.toBeAssignableTo<object>()
  })

  test('has errors to tell by their class', () => {
    expect(FST_SESSION_COOKIE_OVERFLOW).type.toBeConstructableWith('a')
    expect(new FST_SESSION_COOKIE_OVERFLOW()).type.toBeAssignableTo<Error & { code: string }>()
  })
})

describe('sessions outside of requests', () => {
  interface Admin { level: number }

  test('have the data of the application', () => {
    expect(fastify.createSession({ user_id: 42 })).type.toBe<Session>()
    expect(fastify.decodeSession('eyJ9')).type.toBe<Session | null>()
    expect(fastify.decodeSession(undefined)).type.toBe<Session | null>()
    expect(fastify.encodeSession(request.session)).type.toBe<string>()
  })

  // Data typed by an interface has no index signature and did not fit into Record<string, unknown>.
  test('have other data by a type argument', () => {
    expect(fastify.createSession({ level: 1 } as Admin)).type.toBe<Session>()
    expect(fastify.createSession<Admin>({ level: 1 }, 'admin')).type.toBe<Session<Admin>>()
    expect(fastify.createSession<Admin>).type.not.toBeCallableWith({ level: 'high' }, 'admin')
    expect(fastify.decodeSession<Admin>('eyJ9', 'admin')).type.toBe<Session<Admin> | null>()
    expect(fastify.encodeSession(fastify.createSession<Admin>({ level: 1 }), 'admin')).type.toBe<string>()
  })
})
