import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../../lib/index.ts'
import { cookieOf, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'

/** An application without the plugin, closed when the test ends. */
function bare (t: TestContext): FastifyInstance {
  const app = Fastify() as unknown as FastifyInstance
  t.after(() => app.close())
  return app
}

async function rejection (app: FastifyInstance): Promise<Error> {
  try {
    await app.ready()
  } catch (error) {
    return error as Error
  }
  throw new Error('the application started')
}

describe('cookie attributes in the config of a route', () => {
  const names = 'domain, expires, httpOnly, maxAge, partitioned, path, refresh, sameSite, secure'
  const routes: Array<[config: object, message: string | undefined]> = [
    [{ session: { sameSite: 'None', secure: true } }, undefined],
    [{ session: { partitioned: true, sameSite: 'none' } }, undefined],
    [{ session: { refresh: false } }, undefined],
    [{ session: { refresh: true, path: '/' } }, undefined],
    [{ session: true }, undefined],
    [{ session: false }, undefined],
    [{ session: null }, undefined],
    [{}, undefined],
    [{ session: { samesite: 'Lax' } }, `a cookie attribute of session in the config of GET /embed must be one of ${names}, got samesite`],
    [{ session: { whatever: undefined } }, `a cookie attribute of session in the config of GET /embed must be one of ${names}, got whatever`],
    [{ session: 'none' }, "session in the config of GET /embed must be false or an object, got 'none'"],
    [{ session: 0 }, 'session in the config of GET /embed must be false or an object, got 0'],
    [{ session: { refresh: 'no' } }, "GET /embed: the cookie attribute refresh must be a boolean, got 'no'"],
    [{ session: { sameSite: 'laxx' } }, "GET /embed: the cookie attribute sameSite must be 'Strict', 'Lax', 'None' or null, got 'laxx'"],
    [{ session: { sameSite: 'None' } }, "GET /embed: the cookie attribute secure must be true or 'auto' when GET /embed: the cookie attribute sameSite is 'None', got false"],
    [{ session: { path: 'embed' } }, "GET /embed: the cookie attribute path must be a path that starts with '/', or null, got 'embed'"],
    [{ session: { maxAge: null } }, 'GET /embed: the cookie attribute maxAge must be a whole number of seconds, got null']
  ]
  for (const [config, message] of routes) {
    test(`${message === undefined ? 'let the application start' : 'stop the start'}: ${JSON.stringify(config)}`, async (t: TestContext) => {
      const app = bare(t)
      await app.register(secureSession, { secretKey })
      app.register(async (scope) => { scope.get('/embed', { config }, async () => 'ok') })

      if (message === undefined) await t.assert.doesNotReject(async () => { await app.ready() })
      else t.assert.strictEqual((await rejection(app)).message, message)
    })
  }

  test('are checked for the session whose name they have', async (t: TestContext) => {
    const app = bare(t)
    await app.register(secureSession, { secretKey, cookie: { secure: true }, sessions: [{}, { sessionName: 'admin', cookieName: '__Host-admin' }] })
    app.get('/embed', { config: { session: { path: '/embed' }, admin: { path: '/embed' } } as object }, async () => 'ok')

    const { message } = await rejection(app)

    t.assert.strictEqual(message, "GET /embed: the cookie attribute path must be '/' for a cookie whose name starts with __Host-, got '/embed'")
  })

  test('of a route that was there before the plugin fail the request that sends the cookie', async (t: TestContext) => {
    const app = bare(t)
    app.register(secureSession, { secretKey })
    app.get('/', { config: { session: { sameSite: 'None' } } }, async (request) => { request.session.a = 1 })

    const response = await app.inject('/')

    t.assert.strictEqual(response.statusCode, 500)
    t.assert.strictEqual(response.json().code, 'FST_SESSION_INVALID_CONFIG')
  })
})

describe('session.options()', () => {
  test('takes a boolean as sameSite: true is Strict, false leaves it out', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { cookie: { sameSite: 'Lax' } })

    for (const [sameSite, sent] of [[true, 'Strict'], [false, undefined]] as const) {
      const response = await visit((session) => {
        session.a = 1
        session.options({ sameSite })
      })

      t.assert.strictEqual(sessionCookieOf(response)?.attributes.SameSite, sent)
    }
  })

  test('fails the response for a refresh that is not a boolean', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      session.a = 1
      session.options({ refresh: 'no' as unknown as boolean })
    }, { cookie: cookieOf({ _permanent: true }) })

    t.assert.strictEqual(response.statusCode, 500)
    t.assert.strictEqual(response.json().message, "the cookie attribute refresh must be a boolean, got 'no'")
  })
})
