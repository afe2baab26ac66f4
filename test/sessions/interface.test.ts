import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyReply } from 'fastify'
import { nodeDigest, NullSession, SecureCookieSession, SecureCookieSessionInterface, SessionInterface, TaggedJSONSerializer } from '../../lib/index.ts'
import type { DigestMethod, SameSite, SessionApp, SessionRequest } from '../../lib/index.ts'
import { cookieAfter, cookieOf, cookieOfText, savedData, secretKey, sessionApp, sessionCookieOf, signingSerializer } from '../helpers.ts'
import type { Act } from '../helpers.ts'

const write: Act = (session) => { session.a = 1 }

describe('a subclass of SecureCookieSessionInterface', () => {
  test('may give every attribute of the cookie', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override getCookieName (): string { return 'own' }
      override getCookieDomain (): string { return 'own.example' }
      override getCookiePath (): string { return '/own' }
      override getCookieHttpOnly (): boolean { return false }
      override getCookieSecure (): boolean { return true }
      override getCookieSameSite (): SameSite { return 'Strict' }
      override getCookiePartitioned (): boolean { return true }
      override getExpirationTime (): Date { return new Date(Date.UTC(2030, 0, 1)) }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })
    const attributes = { Domain: 'own.example', Path: '/own', Secure: true, Partitioned: true, SameSite: 'Strict' }

    const set = await visit(write)
    const deleted = await visit((session) => { session.clear() }, { cookie: cookieAfter(set, 'own') })

    t.assert.deepStrictEqual(sessionCookieOf(set, 'own')?.attributes, { ...attributes, Expires: 'Tue, 01 Jan 2030 00:00:00 GMT' })
    t.assert.deepStrictEqual(sessionCookieOf(deleted, 'own')?.attributes, { ...attributes, Expires: 'Thu, 01 Jan 1970 00:00:00 GMT', 'Max-Age': '0' })
  })

  test('is asked with the config of the application', async (t: TestContext) => {
    const seen: unknown[] = []
    class Own extends SecureCookieSessionInterface {
      override getCookiePath (app: SessionApp): string {
        seen.push([app.sessionName, app.config.SESSION_COOKIE_NAME, app.config.APPLICATION_ROOT, Object.isFrozen(app.config), typeof app.fastify.inject])
        return super.getCookiePath(app)
      }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() }, { config: { APPLICATION_ROOT: '/root' } })

    const response = await visit(write)

    t.assert.strictEqual(sessionCookieOf(response)?.attributes.Path, '/root')
    t.assert.deepStrictEqual(seen[0], ['session', 'session', '/root', true, 'function'])
  })

  test('may decide when a cookie is set', async (t: TestContext) => {
    class Always extends SecureCookieSessionInterface {
      override shouldSetCookie (): boolean { return true }
    }
    class Never extends SecureCookieSessionInterface {
      override shouldSetCookie (): boolean { return false }
    }
    const always = await sessionApp(t, { sessionInterface: new Always() })
    const never = await sessionApp(t, { sessionInterface: new Never() })

    t.assert.deepStrictEqual(savedData(await always.visit(() => {}, { cookie: cookieOf({ a: 1 }) })), { a: 1 })
    t.assert.strictEqual(sessionCookieOf(await never.visit(write)), undefined)
    t.assert.strictEqual(sessionCookieOf(await never.visit((session) => { session.clear() }, { cookie: cookieOf({ a: 1 }) }))?.value, '')
  })

  test('may sign in its own way, by fields and by the constructor', async (t: TestContext) => {
    class Fields extends SecureCookieSessionInterface {
      override salt = 'own salt'
      override digestMethod = 'sha256' as const
    }
    for (const sessionInterface of [new Fields(), new SecureCookieSessionInterface({ salt: 'own salt', digestMethod: 'sha256' })]) {
      const { visit } = await sessionApp(t, { sessionInterface })

      t.assert.deepStrictEqual(savedData(await visit(write), 'session', { salt: 'own salt', digest: 'sha256' }), { a: 1 })
    }
  })

  test('keeps its digests when the list that it was given changes, and a digest that is an object as it is', (t: TestContext) => {
    const digestMethod: DigestMethod[] = ['sha512', 'sha1']
    const sessions = new SecureCookieSessionInterface({ digestMethod })
    digestMethod.pop()
    const own = nodeDigest('sha512')

    t.assert.deepStrictEqual(sessions.digestMethod, ['sha512', 'sha1'])
    t.assert.strictEqual(new SecureCookieSessionInterface({ digestMethod: own }).digestMethod, own)
    t.assert.strictEqual(new SecureCookieSessionInterface({ digestMethod: 'sha256' }).digestMethod, 'sha256')
  })

  test('takes what stock Flask takes with another key derivation', async (t: TestContext) => {
    for (const keyDerivation of ['concat', 'django-concat', 'none', 'hmac'] as const) {
      const { browser } = await sessionApp(t, { keyDerivation, digestMethod: 'sha1' })
      const { visit } = browser()
      await visit(write)

      t.assert.strictEqual((await visit((session) => session.a)).body, '1')
    }
  })

  test('may give the signing serializer, or none', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override getSigningSerializer (): ReturnType<SecureCookieSessionInterface['getSigningSerializer']> {
        return signingSerializer({ key: 'a key from elsewhere' })
      }
    }
    class None extends SecureCookieSessionInterface {
      override getSigningSerializer (): undefined { return undefined }
    }
    const own = await sessionApp(t, { sessionInterface: new Own() })
    const none = await sessionApp(t, { sessionInterface: new None() })

    const response = await own.visit(write)
    t.assert.deepStrictEqual(savedData(response, 'session', { key: 'a key from elsewhere' }), { a: 1 })
    t.assert.strictEqual((await own.visit((session) => session.a, { cookie: cookieAfter(response) })).body, '1')
    t.assert.strictEqual((await none.visit(write)).json().code, 'FST_SESSION_UNAVAILABLE')
  })

  test('gives the same signing serializer as long as nothing changes', async (t: TestContext) => {
    const sessionInterface = new SecureCookieSessionInterface()
    const config = { SECRET_KEY: secretKey }
    const app = { config: { ...config } } as { config: { SECRET_KEY: string } }
    const seen: unknown[] = []
    class Watching extends SecureCookieSessionInterface {
      override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
        seen.push(this.getSigningSerializer(app))
        return super.openSession(app, request)
      }
    }
    const { visit } = await sessionApp(t, { secretKey: undefined, sessionInterface: new Watching() }, { config })

    await visit(write)
    await visit(write)
    config.SECRET_KEY = 'another key, long enough'
    await visit(write)

    t.assert.strictEqual(seen[0], seen[1])
    t.assert.notStrictEqual(seen[1], seen[2])
    t.assert.strictEqual(sessionInterface.salt, undefined)
    t.assert.strictEqual(app.config.SECRET_KEY, secretKey)
  })

  test('may have its own data serializer', async (t: TestContext) => {
    const serializer = { dumps: (data: unknown) => JSON.stringify({ v: data }), loads: (text: string) => (JSON.parse(text) as { v: unknown }).v }
    for (const options of [{ serializer }, { sessionInterface: new SecureCookieSessionInterface({ serializer }) }]) {
      const { browser } = await sessionApp(t, options)
      const { visit } = browser()

      const first = await visit((session) => { session.list = [1] })
      const pushed = await visit((session) => { session.list.push(2) })
      const read = await visit((session) => session.list)

      t.assert.strictEqual(Buffer.from(sessionCookieOf(first)?.value.split('.')[0] ?? '', 'base64url').toString(), '{"v":{"list":[1]}}')
      t.assert.ok(sessionCookieOf(pushed))
      t.assert.strictEqual(sessionCookieOf(read), undefined)
      t.assert.strictEqual(read.body, '[1,2]')
    }
  })

  test('may have a tagged serializer with fewer tags', async (t: TestContext) => {
    class Plain extends TaggedJSONSerializer {
      static override readonly defaultTags: typeof TaggedJSONSerializer.defaultTags = TaggedJSONSerializer.defaultTags.slice(0, 4)
    }
    const { visit } = await sessionApp(t, { serializer: new Plain() })

    const response = await visit((session) => session.at, { cookie: cookieOfText('{"at":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}}') })

    t.assert.deepStrictEqual(response.json(), { ' d': 'Thu, 01 Jan 1970 00:00:00 GMT' })
  })

  test('may have its own session class', async (t: TestContext) => {
    class Counter extends SecureCookieSession {
      count (): number {
        const n = Number(this.get('n', 0)) + 1
        this.set('n', n)
        return n
      }
    }
    class Own extends SecureCookieSessionInterface {
      override sessionClass = Counter
    }
    const { browser } = await sessionApp(t, { sessionInterface: new Own() })
    const { visit } = browser()
    const count: Act = (session) => ({ n: (session as unknown as Counter).count(), is: session instanceof Counter })

    t.assert.deepStrictEqual((await visit(count)).json(), { n: 1, is: true })
    t.assert.deepStrictEqual((await visit(count)).json(), { n: 2, is: true })
  })

  test('may refuse to open a session', async (t: TestContext) => {
    class Robots extends SecureCookieSessionInterface {
      override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
        return request.headers['user-agent'] === 'robot' ? null : super.openSession(app, request)
      }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Robots() })
    const cookie = cookieOf({ a: 1, _permanent: true })

    const robot = await visit((session) => session.a ?? 'nothing', { cookie, headers: { 'user-agent': 'robot' } })
    const human = await visit((session) => session.a ?? 'nothing', { cookie, headers: { 'user-agent': 'human' } })

    t.assert.strictEqual(robot.body, 'nothing')
    t.assert.strictEqual(robot.headers['set-cookie'], undefined)
    t.assert.strictEqual(human.body, '1')
  })

  test('may have its own null session', async (t: TestContext) => {
    class Guest extends NullSession {
      override get (key: string, defaultValue?: unknown): unknown { return key === 'user' ? 'guest' : super.get(key, defaultValue) }
    }
    class Own extends SecureCookieSessionInterface {
      override nullSessionClass = Guest
    }
    const sessionInterface = new Own()
    const { visit } = await sessionApp(t, { secretKey: undefined, sessionInterface })
    let session: object = {}

    const response = await visit((given) => { session = given; return given.get('user') })

    t.assert.strictEqual(response.body, 'guest')
    t.assert.strictEqual(sessionInterface.isNullSession(session), true)
    t.assert.strictEqual(sessionInterface.isNullSession(new SecureCookieSession()), false)
    t.assert.strictEqual(sessionInterface.isNullSession(new NullSession()), false)
  })

  for (const name of ['salt', 'keyDerivation', 'digestMethod', 'serializer', 'clockTolerance', 'sealed'] as const) {
    test(`takes ${name} itself: as an option beside it, it stops the start`, async (t: TestContext) => {
      const value = { salt: 's', keyDerivation: 'hmac', digestMethod: 'sha1', serializer: JSON, clockTolerance: 1, sealed: true }[name]

      await t.assert.rejects(async () => {
        const { app } = await sessionApp(t, { sessionInterface: new SecureCookieSessionInterface(), [name]: value })
        await app.ready()
      }, { code: 'FST_SESSION_INVALID_CONFIG', message: `${name} must be a property of the sessionInterface, got a plugin option` })
    })
  }
})

describe('a subclass of SessionInterface', () => {
  /** Keeps the data on the server; the cookie is only its name. */
  class OnServer extends SessionInterface {
    readonly store = new Map<string, Record<string, unknown>>()

    override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession {
      const id = new RegExp(`${this.getCookieName(app)}=(\\w+)`).exec(request.headers.cookie ?? '')?.[1] ?? ''
      return new SecureCookieSession(this.store.get(id) ?? {})
    }

    override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
      if (!this.shouldSetCookie(app, session)) return
      const id = `id${this.store.size + 1}`
      this.store.set(id, session.data())
      reply.setCookie(this.getCookieName(app), id, {
        path: this.getCookiePath(app), httpOnly: this.getCookieHttpOnly(app), secure: this.getCookieSecure(app), partitioned: this.getCookiePartitioned(app)
      })
    }
  }

  test('keeps sessions in its own way, and needs no key', async (t: TestContext) => {
    const sessionInterface = new OnServer()
    const { visit } = await sessionApp(t, { secretKey: undefined, sessionInterface })

    const first = await visit((session) => { session.list = [1] })
    const read = await visit((session) => session.list, { cookie: cookieAfter(first) })

    t.assert.strictEqual(sessionCookieOf(first)?.value, 'id1')
    t.assert.strictEqual(read.body, '[1]')
    t.assert.strictEqual(sessionCookieOf(read), undefined)
    t.assert.deepStrictEqual([...sessionInterface.store], [['id1', { list: [1] }]])
  })

  test('is asked to save each session, also one that nobody touched', async (t: TestContext) => {
    class Counting extends OnServer {
      saved = 0
      override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
        this.saved++
        super.saveSession(app, session, reply)
      }
    }
    const sessionInterface = new Counting()
    const { visit } = await sessionApp(t, { secretKey: undefined, sessionInterface })
    await visit(undefined, { url: '/nowhere' })

    t.assert.strictEqual(sessionInterface.saved, 1)
  })

  test('has Flask\'s getters', async (t: TestContext) => {
    const sessionInterface = new OnServer()
    const config = { SESSION_COOKIE_DOMAIN: null, SESSION_COOKIE_PATH: null, APPLICATION_ROOT: '/root', SESSION_COOKIE_SAMESITE: 'Lax', PERMANENT_SESSION_LIFETIME: 60 }
    const app = { config } as unknown as SessionApp
    t.mock.timers.enable({ apis: ['Date'], now: 0 })

    t.assert.strictEqual(sessionInterface.getCookieDomain(app), null)
    t.assert.strictEqual(sessionInterface.getCookiePath(app), '/root')
    t.assert.strictEqual(sessionInterface.getCookieSameSite(app), 'Lax')
    t.assert.strictEqual(sessionInterface.getExpirationTime(app, new SecureCookieSession()), null)
    t.assert.deepStrictEqual(sessionInterface.getExpirationTime(app, new SecureCookieSession({ _permanent: true })), new Date(60_000))
    t.assert.ok(sessionInterface.makeNullSession(app) instanceof NullSession)
  })
})
