/**
 * Session interfaces of one's own.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import { describe, expect, test } from 'tstyche'
import secureSession, {
  JSONTag, nodeDigest, NullSession, SecureCookieSession, SecureCookieSessionInterface, SessionInterface, TaggedJSONSerializer
} from '../../lib/index.ts'
import type { SessionApp, SessionConfig, SessionMembers, SessionRequest, SigningOptions } from '../../lib/index.ts'

type Options = Exclude<Parameters<typeof secureSession>[1], readonly unknown[]>

declare const config: SessionConfig

class Stored extends SessionInterface {
  override openSession (_app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    return request.headers.cookie === undefined ? null : new SecureCookieSession({ user_id: 42 })
  }

  override saveSession (_app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    reply.header('x-user', String(session.get('user_id')))
  }
}

class Subdomains extends SecureCookieSessionInterface {
  override nullSessionClass = class extends NullSession {}
  override getCookieDomain (app: SessionApp): string | null {
    return app.config.SESSION_COOKIE_DOMAIN
  }
}

describe('a session interface', () => {
  // Every type that an override names must be exported, or a subclass has to write `any`.
  test('extends SessionInterface or SecureCookieSessionInterface', () => {
    expect<Stored>().type.toBeAssignableTo<SessionInterface>()
    expect<Subdomains>().type.toBeAssignableTo<SessionInterface>()
    expect({ sessionInterface: new Stored() }).type.toBeAssignableTo<Options>()
    expect({ sessionInterface: new Subdomains({ digestMethod: 'sha1' }) }).type.toBeAssignableTo<Options>()
  })

  // It has no code to open or save a session.
  test('is abstract', () => {
    expect(SessionInterface).type.not.toBeConstructableWith()
  })

  // `{}` has neither openSession nor saveSession.
  test('cannot be just any object', () => {
    expect({ sessionInterface: {} }).type.not.toBeAssignableTo<Options>()
    expect({ sessionInterface: Stored }).type.not.toBeAssignableTo<Options>()
  })

  // The config is complete where an interface reads it: no key is undefined.
  test('reads a complete, read-only config', () => {
    expect<SessionApp['config']>().type.toBe<SessionConfig>()
    expect<SessionConfig['PERMANENT_SESSION_LIFETIME']>().type.toBe<number>()
    expect<SessionConfig['SESSION_COOKIE_SAMESITE']>().type.toBe<'Strict' | 'Lax' | 'None' | null>()
    // @ts-expect-error it is a read-only property
    config.SECRET_KEY = null
  })
})

describe('SecureCookieSession', () => {
  test('has the members of request.session', () => {
    expect<SecureCookieSession>().type.toBeAssignableTo<SessionMembers<Record<string, unknown>>>()
    expect<NullSession>().type.toBeAssignableTo<SecureCookieSession>()
  })
})

describe('signing options', () => {
  // A list is for moving users from one digest to another; an object is for a digest of one's own.
  test('take a digest by name or object, or a list of them', () => {
    expect<SigningOptions>().type.toBeAssignableFrom({ digestMethod: 'sha1' as const })
    expect<SigningOptions>().type.toBeAssignableFrom({ digestMethod: nodeDigest('sha512') })
    expect<SigningOptions>().type.toBeAssignableFrom({ digestMethod: ['sha512', nodeDigest('sha1')] as const })
    expect<SigningOptions>().type.not.toBeAssignableFrom({ digestMethod: ['md5'] as const })
  })

  test('take sealed as a boolean, or with readSigned, which must not be misspelt', () => {
    expect<SigningOptions>().type.toBeAssignableFrom({ sealed: true })
    expect<SigningOptions>().type.toBeAssignableFrom({ sealed: { readSigned: true } })
    expect<SigningOptions>().type.not.toBeAssignableFrom({ sealed: {} })
    expect<SigningOptions>().type.not.toBeAssignableFrom({ sealed: 'yes' })
  })

  test('take a serializer with tags of its own', () => {
    class TagMoney extends JSONTag {
      override readonly key = ' $'
      override check (value: unknown): boolean { return typeof value === 'object' }
      override toJson (value: unknown): unknown { return value }
      override toValue (value: unknown): unknown { return value }
    }
    const serializer = new TaggedJSONSerializer()
    expect(serializer.register).type.toBeCallableWith(TagMoney, { index: 0 })
    expect<SigningOptions>().type.toBeAssignableFrom({ serializer })
    expect<SigningOptions>().type.not.toBeAssignableFrom({ serializer: { dumps: String } })
  })
})
