import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import { buildApp, sessionApp } from '../helpers.ts'

/** What attackers found at the end of a request. */
describe('headers that come after the onSend hook', () => {
  for (const [what, vary, expected] of [['with a Vary', 'Accept-Encoding', 'Accept-Encoding, Cookie'], ['without one', undefined, 'Cookie']] as const) {
    test(`the headers of a Response ${what} go beside those of the session`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      const headers = { ...vary === undefined ? {} : { vary }, 'set-cookie': 'other=1' }

      const answer = await visit((session) => {
        session.user = 'alice'
        return new Response('hello', { headers })
      })

      t.assert.strictEqual(answer.body, 'hello')
      t.assert.strictEqual(answer.headers['vary'], expected)
      t.assert.deepStrictEqual([answer.headers['set-cookie']].flat().map((cookie) => String(cookie).split('=')[0]).sort(), ['other', 'session'])
    })
  }

  const heads: Record<string, (status: number) => [number, ...unknown[]]> = {
    'an object': (status) => [status, { Vary: 'Origin', 'Set-Cookie': 'other=1' }],
    'an object behind a message': (status) => [status, 'Fine', { vary: 'Origin', 'set-cookie': ['other=1'] }],
    'a list': (status) => [status, ['vary', 'Origin', 'set-cookie', 'other=1']]
  }
  for (const [what, headOf] of Object.entries(heads)) {
    test(`a head that is written as ${what} keeps a saved session`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const answer = await visit(async (session, _request, reply) => {
        session.user = 'bob'
        await session.save()
        reply.hijack()
        Reflect.apply(reply.raw.writeHead, reply.raw, headOf(200))
        reply.raw.end('bob')
        return reply
      })

      t.assert.strictEqual(answer.body, 'bob')
      t.assert.strictEqual(answer.headers['vary'], 'Origin, Cookie')
      t.assert.deepStrictEqual([answer.headers['set-cookie']].flat().map((cookie) => String(cookie).split('=')[0]), ['other', 'session'])
    })
  }

  test('a head without headers keeps a saved session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const answer = await visit(async (session, _request, reply) => {
      session.user = 'bob'
      await session.save()
      reply.hijack()
      reply.raw.writeHead(202).end('bob')
      return reply
    })
    t.assert.strictEqual(answer.statusCode, 202)
    t.assert.strictEqual(answer.headers['vary'], 'Cookie')
  })

  test('a list that is written in an onSend hook, and changed there, is sent as it is in the end', async (t: TestContext) => {
    const app = await buildApp(t)
    app.get('/', async (request) => String(request.session['user']))
    app.get('/seen', async (request) => ({ seen: request.session['seen'] }))
    app.addHook('onSend', async (request) => {
      if (request.url !== '/') return
      const seen: string[] = []
      request.session['seen'] = seen
      seen.push('x')
    })

    const first = await app.inject('/')
    const second = await app.inject({ url: '/seen', cookies: { session: first.cookies[0]?.value ?? '' } })

    t.assert.deepStrictEqual(second.json(), { seen: ['x'] })
  })
})

describe('a session that cannot be saved', () => {
  for (const [what, make] of [
    ['a stream', () => new Readable({ read () {} })],
    ['a web stream', () => Readable.toWeb(new Readable({ read () {} }))],
    ['the body of a Response', () => new Response(Readable.toWeb(new Readable({ read () {} })) as ReadableStream)]
  ] as const) {
    test(`lets go of ${what} that was to be sent`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      let isLetGo = false
      const answer = await visit((session) => {
        const payload = make()
        const stream = payload instanceof Response ? payload.body as object : payload
        const method = stream instanceof Readable ? 'destroy' : 'cancel'
        const original = Reflect.get(stream, method) as () => unknown
        Reflect.set(stream, method, function (this: unknown) {
          isLetGo = true
          return Reflect.apply(original, this, [])
        })
        session.function = () => {}
        return payload
      })
      t.assert.strictEqual(answer.statusCode, 500)
      t.assert.strictEqual(isLetGo, true)
    })
  }

  test('is left as it is when only a refresh would not fit', async (t: TestContext) => {
    const data = { _permanent: true, text: randomBytes(2100).toString('base64') }
    const wide = await buildApp(t, { maxCookieSize: 0 })
    await wide.ready()
    const cookie = `session=${wide.encodeSession(wide.createSession(data))}`
    const lines: Array<{ level: number, msg: string, err: { code: string } }> = []
    const app = await buildApp(t, { maxCookieSize: 3000 }, { server: { logger: { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } } })
    app.get('/untouched', async () => 'ok')
    app.get('/read', async (request) => String((request.session['text'] as string).length))
    app.get('/write', async (request) => { request.session['more'] = 1 })

    const statuses = []
    for (const url of ['/untouched', '/read', '/none', '/write']) statuses.push((await app.inject({ url, headers: { cookie } })).statusCode)

    t.assert.deepStrictEqual(statuses, [200, 200, 404, 500])
    t.assert.deepStrictEqual(lines.slice(0, 3).map(({ level, msg, err }) => [level, msg, err.code]), Array.from({ length: 3 }, () => (
      [40, 'the session cookie could not be refreshed', 'FST_SESSION_COOKIE_OVERFLOW']
    )))
  })
})

describe('half a change', () => {
  test('is not left behind by an update that throws', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const answer = await visit((session) => {
      t.assert.throws(() => session.update([['role', 'admin'], null] as unknown as Array<[string, unknown]>), TypeError)
      return [session.has('role'), session.modified]
    })
    t.assert.deepStrictEqual(answer.json(), [false, false])
  })

  test('is not made of a key that happens to be undefined', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const answer = await visit((session) => {
      session.user = 'alice'
      const had = session.delete(undefined as unknown as string)
      return [had, session.user, session.deleted]
    })
    t.assert.deepStrictEqual(answer.json(), [false, 'alice', false])
  })
})

test('a Date that an application changes and gives again is the date of the next cookie', async (t: TestContext) => {
  const expires = new Date(Date.UTC(2030, 0, 1))
  const { visit } = await sessionApp(t)
  const write = async (): Promise<string> => String((await visit((session) => {
    session.user = 'alice'
    session.options({ expires })
  })).headers['set-cookie']).split('; ')[2] ?? ''
  const first = await write()
  expires.setUTCFullYear(2031)

  t.assert.deepStrictEqual([first, await write()], ['Expires=Tue, 01 Jan 2030 00:00:00 GMT', 'Expires=Wed, 01 Jan 2031 00:00:00 GMT'])
})

test('a cookie that comes a second time is remembered, and one that comes once is not', async (t: TestContext) => {
  let verified = 0
  class Counting extends SecureCookieSessionInterface {
    override getSigningSerializer (...args: Parameters<SecureCookieSessionInterface['getSigningSerializer']>): ReturnType<SecureCookieSessionInterface['getSigningSerializer']> {
      const signing = super.getSigningSerializer(...args)
      if (signing !== undefined && !Object.hasOwn(signing, 'examine')) {
        signing.examine = (...rest) => {
          verified++
          return Object.getPrototypeOf(signing).examine.apply(signing, rest)
        }
      }
      return signing
    }
  }
  const maker = await buildApp(t)
  await maker.ready()
  const cookies = [1, 2].map((user) => `session=${maker.encodeSession(maker.createSession({ user }))}`)
  const app = await buildApp(t, { sessionInterface: new Counting() })
  app.get('/', async (request) => String(request.session['user']))

  const seen = []
  for (const cookie of [cookies[0], cookies[0], cookies[0], cookies[1], cookies[0], cookies[1], cookies[1]]) {
    await app.inject({ url: '/', headers: { cookie: cookie as string } })
    seen.push(verified)
  }

  t.assert.deepStrictEqual(seen, [1, 2, 2, 3, 3, 4, 4])
})
