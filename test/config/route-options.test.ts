import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../../lib/index.ts'
import { cookieOf, logOf, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'

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

describe('a mistake in the config of a route that was there before the plugin', () => {
  const names = 'domain, expires, httpOnly, maxAge, partitioned, path, refresh, sameSite, secure'
  const cure = 'Register the session plugin before the route: then such a mistake stops the start'
  const visited = async (t: TestContext, configs: Record<string, object>, options: object = {}): Promise<[statuses: number[], warnings: string[]]> => {
    const log = logOf()
    const app = Fastify(log.server) as unknown as FastifyInstance
    t.after(() => app.close())
    for (const [url, config] of Object.entries(configs)) app.get(url, { config }, async (request) => { request.session.a = 1 })
    app.register(secureSession, { secretKey, ...options })
    const statuses = []
    for (const url of [...Object.keys(configs), ...Object.keys(configs)]) statuses.push((await app.inject(url)).statusCode)
    return [statuses, log.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)]
  }

  test('is logged once for each route, at its first request, with the cure', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visited(t, { '/a': { session: { samesite: 'Lax' } }, '/b': { session: { samesite: 'Lax' } }, '/c': { session: 'none' } }), [
      [200, 200, 200, 200, 200, 200],
      [
        `session: a cookie attribute of session in the config of GET /a must be one of ${names}, got samesite. ${cure}`,
        `session: a cookie attribute of session in the config of GET /b must be one of ${names}, got samesite. ${cure}`,
        `session: session in the config of GET /c must be false or an object, got 'none'. ${cure}`
      ]
    ])
  })

  test('is logged for the session whose name it has', async (t: TestContext) => {
    const configs = { '/': { session: { path: '/' }, admin: { whatever: 1 } } }
    const [, warnings] = await visited(t, configs, { sessions: [{}, { sessionName: 'admin' }] })

    t.assert.deepStrictEqual(warnings, [`admin: a cookie attribute of admin in the config of GET / must be one of ${names}, got whatever. ${cure}`])
  })

  test('is the only thing that is logged about routes', async (t: TestContext) => {
    const configs = { '/a': { session: { path: '/', refresh: false } }, '/b': { session: true }, '/c': { session: null }, '/d': {}, '/e': { session: false } }

    t.assert.deepStrictEqual((await visited(t, configs))[1], [])
  })
})

describe('session.options()', () => {
  const warningsAfter = async (t: TestContext, act: Act): Promise<string[]> => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })
    for (let i = 0; i < 2; i++) t.assert.strictEqual((await visit(act)).statusCode, 200)
    return log.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)
  }

  test('reports each misspelt attribute once, and ignores it', async (t: TestContext) => {
    const warnings = await warningsAfter(t, (session) => {
      session.a = 1
      for (const options of [{ samesite: 'laxx', path: '/' }, { max_age: 60 }, { SameSite: 'Lax' }]) session.options(options)
    })

    t.assert.deepStrictEqual(warnings, [
      'session: session.options() ignores samesite: use sameSite',
      'session: session.options() ignores max_age: use maxAge',
      'session: session.options() ignores SameSite: use sameSite'
    ])
  })

  test('ignores other keys without a word: @fastify/csrf-protection gives userInfo and those of @fastify/cookie', async (t: TestContext) => {
    const warnings = await warningsAfter(t, (session) => {
      session.a = 1
      for (const options of [{ userInfo: 'a', signed: true, priority: 'high', path: '/' }, undefined, null]) session.options(options as object)
    })

    t.assert.deepStrictEqual(warnings, [])
  })

  test('reports nothing outside of requests', async (t: TestContext) => {
    const log = logOf()
    const { app } = await sessionApp(t, {}, { server: log.server })
    await app.ready()
    app.createSession().options({ samesite: 'lax' } as object)

    t.assert.deepStrictEqual(log.lines, [])
  })

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
