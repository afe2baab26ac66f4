import { describe, mock, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyReply } from 'fastify'
import {
  NullSession, SecureCookieSession, SecureCookieSessionInterface, SessionInterface, TaggedJSONSerializer
} from '../../lib/index.ts'
import type { SecureSessionOptions, SessionApp, SessionRequest } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { cookieOf, sessionApp, sessionCookieOf, setCookiesOf, signingSerializer } from '../helpers.ts'
import type { Act, Answer, Setup, SetCookie, Visit } from '../helpers.ts'

mock.timers.enable({ apis: ['Date'], now: Date.UTC(2024, 0, 1) })
/** 31 days later. */
const inAMonth = 'Thu, 01 Feb 2024 00:00:00 GMT'
const permanent = { _permanent: true, user: 'ada' }

type Decoded = ReturnType<SecureCookieSessionInterface['decode']>

/** A stand-in for encryption: nothing of the payload can be seen in the cookie. */
const conceal = (text: string): string => Buffer.from(text).toString('hex')
const reveal = (text: string): string => Buffer.from(text, 'hex').toString()

class Concealed extends SecureCookieSessionInterface {
  override encode (app: SessionApp, data: Record<string, unknown>): string {
    return conceal(super.encode(app, data))
  }

  override decode (app: SessionApp, cookie: string, log: SessionRequest['log']): Decoded {
    return super.decode(app, reveal(cookie), log)
  }
}

class OwnEncode extends SecureCookieSessionInterface {
  override encode (app: SessionApp, data: Record<string, unknown>): string {
    return super.encode(app, { ...data, own: true })
  }
}

class OwnDecode extends SecureCookieSessionInterface {
  override decode (app: SessionApp, cookie: string, log: SessionRequest['log']): Decoded {
    return super.decode(app, /^[0-9a-f]+$/.test(cookie) ? reveal(cookie) : cookie, log)
  }
}

class ConcealedPayloads extends URLSafeTimedSerializer {
  override dumpPayload (...args: Parameters<URLSafeTimedSerializer['dumpPayload']>): string {
    return conceal(super.dumpPayload(...args))
  }

  override loadPayload (...[payload, serializer]: Parameters<URLSafeTimedSerializer['loadPayload']>): unknown {
    return super.loadPayload(reveal(typeof payload === 'string' ? payload : Buffer.from(payload).toString()), serializer)
  }
}
const concealedPayloads = new ConcealedPayloads('the key of this serializer alone', {
  serializer: new TaggedJSONSerializer(), salt: 'own', signerOptions: { keyDerivation: 'hmac', digestMethod: 'sha256' }
})

class OwnSigning extends SecureCookieSessionInterface {
  override getSigningSerializer (): URLSafeTimedSerializer { return concealedPayloads }
}

class OpenedElsewhere extends SecureCookieSessionInterface {
  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    const cookie = reveal(String(request.headers.cookie).slice('session='.length))
    return super.openSession(app, { headers: { cookie }, log: request.log } as SessionRequest)
  }
}

class OwnSave extends SecureCookieSessionInterface {
  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    reply.header('x-saved', session.get('user') as string)
    super.saveSession(app, session, reply)
  }
}

/** Ends the session of the user whom it does not know. */
class OwnShouldSet extends SecureCookieSessionInterface {
  override shouldSetCookie (app: SessionApp, session: SecureCookieSession): boolean {
    return session.get('user') !== 'nobody' && super.shouldSetCookie(app, session)
  }
}

class AlwaysSet extends SecureCookieSessionInterface {
  override shouldSetCookie (): boolean { return true }
}

class OwnExpiration extends SecureCookieSessionInterface {
  override getExpirationTime (): Date { return new Date(Date.UTC(2030, 0, 1)) }
}

class NamedOther extends SecureCookieSessionInterface { override getCookieName (): string { return 'other' } }
class WithDomain extends SecureCookieSessionInterface { override getCookieDomain (): string { return 'example.com' } }
class WithPath extends SecureCookieSessionInterface { override getCookiePath (): string { return '/shop' } }
class ForScripts extends SecureCookieSessionInterface { override getCookieHttpOnly (): boolean { return false } }
class Secure extends SecureCookieSessionInterface { override getCookieSecure (): boolean { return true } }
class Strict extends SecureCookieSessionInterface { override getCookieSameSite (): 'Strict' { return 'Strict' } }
class Partitioned extends SecureCookieSessionInterface { override getCookiePartitioned (): boolean { return true } }

class Forever extends SecureCookieSession {
  override get permanent (): boolean { return true }
}
class OwnClass extends SecureCookieSessionInterface { override sessionClass = Forever }

const concealedJSON = { dumps: (value: unknown) => conceal(JSON.stringify(value)), loads: (text: string) => JSON.parse(reveal(text)) }
class OwnSerializer extends SecureCookieSessionInterface { override serializer = concealedJSON }

interface Case {
  /** What is overridden. */
  name: string
  sessionInterface: SessionInterface
  /** The Cookie header; by default the one of {@link permanent}. */
  cookie?: string
  /** The name of the cookie, if it is not `session`. */
  cookieName?: string
  expires?: string
  /** Shows that the override was heard, where {@link attributes} do not. */
  heard? (t: TestContext, cookie: SetCookie, response: Answer): void
  attributes?: SetCookie['attributes']
}

const cookie = cookieOf(permanent)
const token = cookie.slice('session='.length)
const holds = (t: TestContext, token: string, data: unknown, serializer = signingSerializer()): void => {
  const { seen, ...rest } = serializer.loads(token) as Record<string, unknown>
  t.assert.deepStrictEqual(rest, data)
}

const cases: Case[] = [
  { name: 'encode', sessionInterface: new OwnEncode(), heard: (t, { value }) => holds(t, value, { ...permanent, own: true }) },
  { name: 'decode', sessionInterface: new OwnDecode(), cookie: `session=${conceal(token)}`, heard: (t, { value }) => holds(t, value, permanent) },
  {
    name: 'encode and decode',
    sessionInterface: new Concealed(),
    cookie: `session=${conceal(token)}`,
    heard: (t, { value }) => holds(t, reveal(value), permanent)
  },
  {
    name: 'getSigningSerializer',
    sessionInterface: new OwnSigning(),
    cookie: `session=${concealedPayloads.dumps(permanent)}`,
    heard: (t, { value }) => holds(t, value, permanent, concealedPayloads)
  },
  {
    name: 'openSession',
    sessionInterface: new OpenedElsewhere(),
    cookie: `session=${conceal(cookie)}`,
    heard: (t, { value }) => holds(t, value, permanent)
  },
  { name: 'saveSession', sessionInterface: new OwnSave(), heard: (t, _cookie, { headers }) => t.assert.strictEqual(headers['x-saved'], 'ada') },
  { name: 'shouldSetCookie, which is true for all', sessionInterface: new AlwaysSet() },
  { name: 'shouldSetCookie, which is as usual for this user', sessionInterface: new OwnShouldSet() },
  { name: 'getExpirationTime', sessionInterface: new OwnExpiration(), expires: 'Tue, 01 Jan 2030 00:00:00 GMT' },
  { name: 'getCookieName', sessionInterface: new NamedOther(), cookie: `other=${token}`, cookieName: 'other' },
  { name: 'getCookieDomain', sessionInterface: new WithDomain(), attributes: { Path: '/', HttpOnly: true, Domain: 'example.com' } },
  { name: 'getCookiePath', sessionInterface: new WithPath(), attributes: { Path: '/shop', HttpOnly: true } },
  { name: 'getCookieHttpOnly', sessionInterface: new ForScripts(), attributes: { Path: '/' } },
  { name: 'getCookieSecure', sessionInterface: new Secure(), attributes: { Path: '/', HttpOnly: true, Secure: true } },
  { name: 'getCookieSameSite', sessionInterface: new Strict(), attributes: { Path: '/', HttpOnly: true, SameSite: 'Strict' } },
  {
    name: 'getCookiePartitioned',
    sessionInterface: new Partitioned(),
    attributes: { Path: '/', HttpOnly: true, Secure: true, Partitioned: true }
  },
  // The cookie does not say that it is permanent: the class does.
  { name: 'sessionClass', sessionInterface: new OwnClass(), cookie: cookieOf({ user: 'ada' }), heard: (t, { value }) => holds(t, value, { user: 'ada' }) },
  {
    name: 'serializer',
    sessionInterface: new OwnSerializer(),
    cookie: `session=${signingSerializer().dumps(permanent, { serializer: concealedJSON })}`,
    heard: (t, { value }) => t.assert.match(String(signingSerializer().loads(value, { serializer: { loads: String } })), /^[0-9a-f]+$/)
  }
]

/** A visit to a route whose handler does not look at the session. */
const untouched: Visit = { url: '/untouched' }

async function appOf (t: TestContext, options: SecureSessionOptions, setup: Setup = {}): ReturnType<typeof sessionApp> {
  return await sessionApp(t, options, {
    ...setup,
    after: (app) => {
      app.get('/untouched', async () => 'untouched')
      setup.after?.(app)
    }
  })
}

describe('an interface of the application', () => {
  for (const { name, sessionInterface, cookie: given = cookie, cookieName, expires = inAMonth, heard, attributes } of cases) {
    const check = (t: TestContext, response: Answer): void => {
      t.assert.strictEqual(response.statusCode, 200, response.body)
      const cookie = sessionCookieOf(response, cookieName)
      t.assert.ok(cookie, 'a Set-Cookie')
      t.assert.deepStrictEqual(cookie.attributes, { ...attributes ?? { Path: '/', HttpOnly: true }, Expires: expires })
      heard?.(t, cookie, response)
    }

    test(`that overrides ${name} saves a permanent session that was changed`, async (t: TestContext) => {
      const { visit } = await appOf(t, { sessionInterface })

      const response = await visit((session) => {
        const { user } = session
        session.seen = 1
        return user
      }, { cookie: given })

      t.assert.strictEqual(response.body, 'ada')
      check(t, response)
    })

    test(`that overrides ${name} refreshes a permanent session that was not looked at`, async (t: TestContext) => {
      const { visit } = await appOf(t, { sessionInterface })

      check(t, await visit(undefined, { ...untouched, cookie: given }))
    })
  }

  for (const [what, visited] of [['changed', {}], ['not looked at', untouched]] as const) {
    const change: Act = (session) => { session.seen = 1 }

    test(`that overrides shouldSetCookie can keep a session that was ${what} from being sent`, async (t: TestContext) => {
      const { visit } = await appOf(t, { sessionInterface: new OwnShouldSet() })

      const response = await visit(change, { ...visited, cookie: cookieOf({ _permanent: true, user: 'nobody' }) })

      t.assert.strictEqual(response.statusCode, 200)
      t.assert.strictEqual(sessionCookieOf(response), undefined)
    })

    test(`that overrides shouldSetCookie can send a session that is not permanent and was ${what}`, async (t: TestContext) => {
      const { visit } = await appOf(t, { sessionInterface: new AlwaysSet() })

      const response = await visit(change, { ...visited, cookie: cookieOf({ user: 'ada' }) })

      t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/', HttpOnly: true })
    })

    test(`that overrides sessionClass gives the application its class when the session was ${what}`, async (t: TestContext) => {
      const seen: unknown[] = []
      const { visit } = await appOf(t, { sessionInterface: new OwnClass() }, {
        after: (app) => app.addHook('onResponse', async (request) => { seen.push(request.session instanceof Forever) })
      })

      await visit(change, { ...visited, cookie })

      t.assert.deepStrictEqual(seen, [true])
    })
  }

  test('that overrides mayNeedRefresh can keep a session that was not looked at from being refreshed', async (t: TestContext) => {
    class Never extends SecureCookieSessionInterface {
      override mayNeedRefresh (): boolean { return false }
    }
    const { visit } = await appOf(t, { sessionInterface: new Never() })

    t.assert.strictEqual(sessionCookieOf(await visit(undefined, { ...untouched, cookie })), undefined)
    t.assert.ok(sessionCookieOf(await visit((session) => session.user, { cookie })))
  })

  test('that overrides makeNullSession gives the stand-in of a session without a key', async (t: TestContext) => {
    class Quiet extends NullSession {
      override get (): unknown { return 'stand-in' }
    }
    class OwnNull extends SecureCookieSessionInterface {
      override makeNullSession (): NullSession { return new Quiet() }
    }
    const { visit } = await appOf(t, { secretKey: undefined, sessionInterface: new OwnNull() })

    const touched = await visit((session) => session.get('user'), { cookie })
    const other = await visit(undefined, { ...untouched, cookie })

    t.assert.strictEqual(touched.body, 'stand-in')
    t.assert.strictEqual(other.body, 'untouched')
    for (const response of [touched, other]) t.assert.strictEqual(sessionCookieOf(response), undefined)
  })
})

/** Keeps its sessions by name in a Map, without a signature. */
class Kept extends SessionInterface {
  readonly sessions = new Map<string, Record<string, unknown>>([['1', permanent]])

  override openSession (_app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    const data = this.sessions.get(String(request.headers.cookie).slice('id='.length))
    return data === undefined ? null : new SecureCookieSession(data)
  }

  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    if (!this.shouldSetCookie(app, session)) return
    this.sessions.set('1', Object.fromEntries(session.entries()))
    const expires = this.getExpirationTime(app, session)
    reply.header('set-cookie', app.fastify.serializeCookie('id', '1', expires === null ? {} : { expires }))
  }
}

describe('an interface that keeps its sessions elsewhere', () => {
  test('saves a permanent session that was changed', async (t: TestContext) => {
    const sessionInterface = new Kept()
    const { visit } = await appOf(t, { secretKey: undefined, sessionInterface })

    const response = await visit((session) => { session.seen = 1 }, { cookie: 'id=1' })

    t.assert.strictEqual(response.headers['set-cookie'], `id=1; Expires=${inAMonth}`)
    t.assert.deepStrictEqual(sessionInterface.sessions.get('1'), { ...permanent, seen: 1 })
  })

  test('refreshes a permanent session that was not looked at', async (t: TestContext) => {
    const { visit } = await appOf(t, { secretKey: undefined, sessionInterface: new Kept() })

    const response = await visit(undefined, { ...untouched, cookie: 'id=1' })

    t.assert.strictEqual(response.headers['set-cookie'], `id=1; Expires=${inAMonth}`)
  })

  for (const order of ['before', 'after'] as const) {
    test(`may stand ${order} a session in a cookie`, async (t: TestContext) => {
      const sessions = [{ secretKey: 'a key of this session' }, { sessionName: 'kept', sessionInterface: new Kept() }]
      const { visit } = await appOf(t, { sessions: order === 'before' ? sessions.reverse() : sessions } as SecureSessionOptions)

      const response = await visit((session, request) => {
        const { kept } = request as unknown as { kept: { user: string } }
        session.seen = kept.user
      }, { cookie: 'id=1' })

      t.assert.strictEqual(response.statusCode, 200, response.body)
      t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['id', 'session'])
    })
  }

  test('gives the stand-in that makeNullSession makes where it opens none', async (t: TestContext) => {
    class OwnNull extends Kept {
      override makeNullSession (): NullSession { return new NullSession('the session has expired') }
    }
    const { visit } = await appOf(t, { secretKey: undefined, sessionInterface: new OwnNull() })

    const response = await visit((session) => { session.seen = 1 }, { cookie: 'id=2' })

    t.assert.match(response.json().message, /the session has expired$/)
    t.assert.strictEqual((await visit(undefined, { ...untouched, cookie: 'id=2' })).body, 'untouched')
  })
})
