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
  decoded = 0
  saved = 0

  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    this.opened++
    return super.openSession(app, request)
  }

  override decode (...args: Parameters<SecureCookieSessionInterface['decode']>): ReturnType<SecureCookieSessionInterface['decode']> {
    this.decoded++
    return super.decode(...args)
  }

  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    this.saved++
    super.saveSession(app, session, reply)
  }
}

/** A route that no handler touches. */
const untouched = { url: '/nowhere' }

describe('a request that does not touch the session', () => {
  for (const [title, cookie, refreshEachRequest, decoded] of [
    ['without a cookie', undefined, true, 0],
    ['with a cookie that may have to be refreshed', cookieOf({ a: 1 }), true, 1],
    ['with a permanent cookie that is to be refreshed', cookieOf({ _permanent: true }), true, 1],
    ['with a cookie that is never refreshed', cookieOf({ a: 1 }), false, 0],
    ['with a permanent cookie that is not to be refreshed', cookieOf({ _permanent: true }), false, 0]
  ] as const) {
    test(`${title} has it verified ${decoded === 0 ? 'never' : 'once'}`, async (t: TestContext) => {
      const sessionInterface = new Counting()
      const { visit } = await sessionApp(t, { sessionInterface, refreshEachRequest })
      const response = await visit(undefined, { ...untouched, cookie })

      t.assert.strictEqual(sessionInterface.decoded, decoded)
      t.assert.strictEqual(response.headers.vary === 'Cookie', response.headers['set-cookie'] !== undefined)
    })
  }

  test('opens the session once, as Flask does, and verifies its cookie when somebody looks', async (t: TestContext) => {
    const sessionInterface = new Counting()
    const { visit } = await sessionApp(t, { sessionInterface, refreshEachRequest: false })
    const cookie = cookieOf({ a: 1 })

    await visit(undefined, { cookie })
    t.assert.deepStrictEqual([sessionInterface.opened, sessionInterface.decoded], [1, 0])
    await visit((session) => [session.a, session.a], { cookie })
    t.assert.deepStrictEqual([sessionInterface.opened, sessionInterface.decoded], [2, 1])
  })

  test('refreshes the session that a class of the application calls permanent', async (t: TestContext) => {
    class Forever extends SecureCookieSession {
      override get permanent (): boolean { return true }
    }
    class Own extends SecureCookieSessionInterface { override sessionClass = Forever }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    t.assert.deepStrictEqual(savedData(await visit(undefined, { ...untouched, cookie: cookieOf({ a: 1 }) })), { a: 1 })
  })

  test('is answered with the session when an interface of the application says so', async (t: TestContext) => {
    class Always extends SecureCookieSessionInterface {
      override shouldSetCookie (): boolean { return true }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Always() })

    t.assert.deepStrictEqual(savedData(await visit(undefined, { ...untouched, cookie: cookieOf({ a: 1 }) })), { a: 1 })
    t.assert.strictEqual(sessionCookieOf(await visit(undefined, untouched)), undefined)
  })

  test('is answered without a key, and for a URL that cannot be read', async (t: TestContext) => {
    const cookie = cookieOf({ _permanent: true })
    const none = await sessionApp(t, { secretKey: undefined }, { after: (app) => app.get('/plain', async () => 'plain') })
    const usual = await sessionApp(t)

    t.assert.strictEqual((await none.visit(undefined, { url: '/plain', cookie })).body, 'plain')
    t.assert.strictEqual((await usual.visit(undefined, { url: '/%zz', cookie })).json().message, "'/%zz' is not a valid url component")
  })
})

describe('saving', () => {
  test('is not tried again when it failed and nothing changed since', async (t: TestContext) => {
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

  test('throws its error in a later onSend hook, even if nobody touched the session before', async (t: TestContext) => {
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

  test('sends the values of the interface\'s getters unchanged, if the response has no options of its own', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override getCookieName (): string { return '__Secure-own' }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    t.assert.deepStrictEqual(sessionCookieOf(await visit((session) => { session.a = 1 }), '__Secure-own')?.attributes, { Path: '/', HttpOnly: true })
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

describe('a value that is assigned to request.session', () => {
  for (const [title, value] of [['undefined', undefined], ['a number', 1], ['text', 'a'], ['a list', []], ['a Map', new Map()], ['a function', () => {}]] as const) {
    test(`is refused when it is ${title}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit((_session, request) => { Object.assign(request, { session: value }) })

      t.assert.strictEqual(response.json().message, 'a session can be set to null, which ends it, or to a plain object')
    })
  }
})
