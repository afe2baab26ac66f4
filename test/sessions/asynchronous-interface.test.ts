import { describe, mock, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SecureCookieSession, SessionApp, SessionInterface, SessionRequest } from '../../lib/index.ts'
import { cookieOf, sessionApp, sessionCookieOf, signingSerializer } from '../helpers.ts'
import type { Act, Answer, Setup, Visit } from '../helpers.ts'

mock.timers.enable({ apis: ['Date'], now: Date.UTC(2024, 0, 1) })
/** 31 days later. */
const inAMonth = 'Thu, 01 Feb 2024 00:00:00 GMT'
const permanent = { _permanent: true, user: 'ada' }
const cookie = cookieOf(permanent)

/** A visit to a route whose handler does not look at the session. */
const untouched: Visit = { url: '/untouched' }

async function appOf (t: TestContext, sessionInterface: SessionInterface, setup: Setup = {}): ReturnType<typeof sessionApp> {
  return await sessionApp(t, { sessionInterface }, {
    ...setup,
    after: (app) => {
      app.get('/untouched', async () => 'untouched')
      setup.after?.(app)
    }
  })
}

/** An interface with these methods in the place of its own; they may return promises. */
function withMethods<Interface extends SessionInterface> (sessionInterface: Interface, methods: Record<string, (...args: never[]) => unknown>): Interface {
  return Object.assign(sessionInterface, methods)
}

/** Does the work of the ones below. */
const usual = new SecureCookieSessionInterface()
const asynchronous: Record<string, () => SessionInterface> = {
  openSession: () => withMethods(new SecureCookieSessionInterface(), {
    openSession: async (app: SessionApp, request: SessionRequest) => {
      await null
      return usual.openSession(app, request)
    }
  }),
  saveSession: () => withMethods(new SecureCookieSessionInterface(), {
    saveSession: async (app: SessionApp, session: SecureCookieSession, reply: FastifyReply) => {
      await null
      usual.saveSession(app, session, reply)
    }
  })
}
asynchronous['openSession and saveSession'] = () => Object.assign(asynchronous.openSession?.() as SessionInterface, {
  saveSession: (asynchronous.saveSession?.() as SessionInterface).saveSession
})

// An error that nobody waits for would end the process of an application.
const unheard: unknown[] = []
process.on('unhandledRejection', (reason) => { unheard.push(reason) })

/** The process lives: nothing was left unheard, and the next request is served. */
async function lives (t: TestContext, visit: (act?: Act, visit?: Visit) => Promise<Answer>): Promise<void> {
  await setImmediate()
  t.assert.deepStrictEqual(unheard.splice(0), [])
  t.assert.strictEqual((await visit(undefined, untouched)).body, 'untouched')
}

describe('an asynchronous interface', () => {
  for (const [name, make] of Object.entries(asynchronous)) {
    test(`saves a permanent session that was changed: ${name}`, async (t: TestContext) => {
      const { visit } = await appOf(t, make())

      const response = await visit((session) => {
        const { user } = session
        session.seen = 1
        return user
      }, { cookie })

      t.assert.strictEqual(response.body, 'ada')
      t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/', HttpOnly: true, Expires: inAMonth })
      t.assert.deepStrictEqual(signingSerializer().loads(sessionCookieOf(response)?.value ?? ''), { ...permanent, seen: 1 })
      await lives(t, visit)
    })

    test(`refreshes a permanent session that was not looked at: ${name}`, async (t: TestContext) => {
      const { visit } = await appOf(t, make())

      const response = await visit(undefined, { ...untouched, cookie })

      t.assert.strictEqual(response.body, 'untouched')
      t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/', HttpOnly: true, Expires: inAMonth })
      await lives(t, visit)
    })
  }

  test('stands in for a session when its openSession resolves to null', async (t: TestContext) => {
    const sessionInterface = withMethods(new SecureCookieSessionInterface(), { openSession: async () => null })
    const { visit } = await appOf(t, sessionInterface)

    const response = await visit((session) => String(session.user), { cookie })

    t.assert.strictEqual(response.body, 'undefined')
    t.assert.strictEqual(sessionCookieOf(response), undefined)
    await lives(t, visit)
  })

  const secret = 'redis://:password@127.0.0.1'
  const opensNoSession: Record<string, () => unknown> = {
    'that rejects': async () => { throw new Error(secret) },
    'that returns a plain object': () => ({ user: 'ada' }),
    'that returns text': () => 'ada',
    'that resolves to a plain object': async () => ({ user: 'ada' })
  }
  for (const [what, openSession] of Object.entries(opensNoSession)) {
    test(`makes the first access to the session an error with a code when it has an openSession ${what}`, async (t: TestContext) => {
      const caught: unknown[] = []
      const sessionInterface = withMethods(new SecureCookieSessionInterface(), { openSession })
      const { app, visit } = await appOf(t, sessionInterface, {
        after: (app) => {
          app.get('/caught', async (request) => {
            try {
              return request.session.user
            } catch (error) {
              caught.push((error as { code?: string }).code)
              return 'caught'
            }
          })
          app.get('/uncaught', async (request) => request.session.user)
        }
      })

      const response = await app.inject({ url: '/uncaught', headers: { cookie } })
      t.assert.strictEqual(response.statusCode, 500)
      t.assert.match(response.json().code, /^FST_SESSION_/)
      t.assert.strictEqual((await app.inject({ url: '/caught', headers: { cookie } })).body, 'caught')
      t.assert.match(String(caught[0]), /^FST_SESSION_/)
      t.assert.ok(!response.body.includes(secret))
      await lives(t, visit)
    })

    test(`serves routes that do not look at the session when it has an openSession ${what}`, async (t: TestContext) => {
      const { visit } = await appOf(t, withMethods(new SecureCookieSessionInterface(), { openSession }))

      const response = await visit(undefined, { ...untouched, cookie })

      t.assert.strictEqual(response.statusCode, 200)
      t.assert.strictEqual(response.body, 'untouched')
      t.assert.strictEqual(sessionCookieOf(response), undefined)
      await lives(t, visit)
    })
  }

  test('whose openSession is under way makes an early look at the session an error with a code, and a later one none', async (t: TestContext) => {
    const codes: unknown[] = []
    const { visit } = await appOf(t, asynchronous.openSession?.() as SessionInterface, {
      before: (app) => app.addHook('onRequest', async (request) => {
        for (let i = 0; i < 2; i++) {
          try {
            codes.push(request.session.user)
          } catch (error) {
            codes.push((error as { code?: string }).code)
          }
        }
      })
    })

    t.assert.strictEqual((await visit((session) => session.user, { cookie })).body, 'ada')
    t.assert.deepStrictEqual(codes, ['FST_SESSION_NOT_OPEN', 'FST_SESSION_NOT_OPEN'])
    await lives(t, visit)
  })

  test('makes a response whose saveSession rejects a 500, and serves the next request', async (t: TestContext) => {
    const sessionInterface = withMethods(new SecureCookieSessionInterface(), {
      saveSession: async (_app: SessionApp, session: SecureCookieSession) => {
        if (session.modified) throw new Error('the store is away')
      }
    })
    const { visit } = await appOf(t, sessionInterface)

    const response = await visit((session) => { session.seen = 1 }, { cookie })

    t.assert.strictEqual(response.statusCode, 500)
    t.assert.strictEqual(sessionCookieOf(response), undefined)
    await lives(t, visit)
  })
})
