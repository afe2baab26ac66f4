import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyReply } from 'fastify'
import { SecureCookieSession, SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SessionApp, SessionRequest } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { cookieOf, savedData, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'

/** Counts what is asked of it. */
class Counting extends SecureCookieSessionInterface {
  opened = 0
  saved = 0

  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    this.opened++
    return super.openSession(app, request)
  }

  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    this.saved++
    super.saveSession(app, session, reply)
  }
}

/** A route that no handler touches. */
const untouched = { url: '/nowhere' }

describe('a request that does not touch the session', () => {
  for (const [title, cookie, refreshEachRequest, times] of [
    ['without a cookie', undefined, true, 0], ['with a cookie that is not permanent', cookieOf({ a: 1 }), true, 0],
    ['with a permanent cookie', cookieOf({ _permanent: true }), true, 1], ['with a permanent cookie that is not to be refreshed', cookieOf({ _permanent: true }), false, 0]
  ] as const) {
    test(`${title} opens ${times === 0 ? 'none' : 'it'}`, async (t: TestContext) => {
      const sessionInterface = new Counting()
      const { visit } = await sessionApp(t, { sessionInterface, refreshEachRequest })
      await visit(undefined, { ...untouched, cookie })

      t.assert.deepStrictEqual([sessionInterface.opened, sessionInterface.saved], [times, times])
    })
  }

  test('refreshes what a session class of its own calls permanent', async (t: TestContext) => {
    class Forever extends SecureCookieSession {
      override get permanent (): boolean { return true }
    }
    class Own extends SecureCookieSessionInterface { override sessionClass = Forever }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    t.assert.deepStrictEqual(savedData(await visit(undefined, { ...untouched, cookie: cookieOf({ a: 1 }) })), { a: 1 })
  })

  test('saves it when an interface of its own says so', async (t: TestContext) => {
    class Always extends SecureCookieSessionInterface {
      override shouldSetCookie (): boolean { return true }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Always() })

    t.assert.deepStrictEqual(savedData(await visit(undefined, { ...untouched, cookie: cookieOf({ a: 1 }) })), { a: 1 })
    t.assert.strictEqual(sessionCookieOf(await visit(undefined, untouched)), undefined)
  })

  test('gets its answer without a key, and for a URL that cannot be read', async (t: TestContext) => {
    const cookie = cookieOf({ _permanent: true })
    const none = await sessionApp(t, { secretKey: undefined }, { after: (app) => app.get('/plain', async () => 'plain') })
    const usual = await sessionApp(t)

    t.assert.strictEqual((await none.visit(undefined, { url: '/plain', cookie })).body, 'plain')
    t.assert.strictEqual((await usual.visit(undefined, { url: '/%zz', cookie })).json().message, "'/%zz' is not a valid url component")
  })
})

describe('saving', () => {
  test('is not tried again where it failed and nothing changed since', async (t: TestContext) => {
    const sessionInterface = new Counting()
    const { visit } = await sessionApp(t, { sessionInterface })

    t.assert.strictEqual((await visit((session) => { session.bad = () => {} })).json().code, 'FST_SESSION_UNSERIALIZABLE')
    t.assert.strictEqual(sessionInterface.saved, 1)
  })

  test('may itself write to the session', async (t: TestContext) => {
    class Stamping extends SecureCookieSessionInterface {
      override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
        session.set('stamp', 1)
        super.saveSession(app, session, reply)
      }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Stamping() })

    t.assert.deepStrictEqual(savedData(await visit(async (session) => { await session.save(); session.a = 2 })), { a: 2, stamp: 1 })
  })

  test('tells a later onSend hook of its mistake, also when nobody touched the session before', async (t: TestContext) => {
    let code: unknown
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.register(async () => {
        app.addHook('onSend', async (request) => {
          try {
            request.session.bad = () => {}
          } catch (error) {
            code = (error as { code: string }).code
          }
        })
      })
    })
    await visit(undefined, untouched)

    t.assert.strictEqual(code, 'FST_SESSION_UNSERIALIZABLE')
  })

  test('keeps Cookie beside the Vary of a Response, whose headers come last', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.a = 1; return new Response('web', { headers: { vary: 'Accept' } }) })

    t.assert.strictEqual(response.headers.vary, 'Accept, Cookie')
  })

  test('sends what the getters of an interface say as it is, if no options were asked for', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override getCookieName (): string { return '__Secure-own' }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }), '__Secure-own')?.attributes, { Path: '/', HttpOnly: true })
  })

  test('encodes a value that an interface of its own made', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override encode (): string { return 'a b;c' }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    t.assert.strictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }))?.header, 'session=a%20b%3Bc; Path=/; HttpOnly')
  })

  test('encodes what a signing serializer of its own puts between the parts, if no cookie can hold it', async (t: TestContext) => {
    const own = new URLSafeTimedSerializer(secretKey, { signerOptions: { sep: ';' } })
    class Own extends SecureCookieSessionInterface {
      override getSigningSerializer (): URLSafeTimedSerializer { return own }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    t.assert.match(sessionCookieOf(await visit((session) => { session.a = 1 }))?.header ?? '', /^session=eyJhIjoxfQ%3B[\w-]{6}%3B[\w-]{27}; Path=\/; HttpOnly$/)
  })
})

describe('what is assigned to request.session', () => {
  for (const [title, value] of [['undefined', undefined], ['a number', 1], ['text', 'a'], ['a list', []], ['a Map', new Map()], ['a function', () => {}]] as const) {
    test(`is refused when it is ${title}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit((_session, request) => { Object.assign(request, { session: value }) })

      t.assert.strictEqual(response.json().message, 'a session can be set to null, which ends it, or to a plain object')
    })
  }
})
