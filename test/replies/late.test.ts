import { once } from 'node:events'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { headerOf } from '../client.ts'
import { buildApp, cookieOf, sessionApp } from '../helpers.ts'
import type { Session } from '../../lib/index.ts'
import { checkNext, checkProcess, serve } from './served.ts'
import { plain } from './states.ts'
import { handle } from './way.ts'

describe('a write after the head of the response is refused, and the process goes on:', () => {
  const late: Array<{ name: string, status: number, body: string, routes (scope: FastifyInstance, write: (request: FastifyRequest) => void): void }> = [
    {
      name: 'inside of a stream',
      status: 200,
      body: 'onetwo',
      routes: (scope, write) => handle(scope, (request, reply) => reply.send(Readable.from((async function * () {
        yield 'one'
        await setImmediate()
        write(request)
        yield 'two'
      })())))
    },
    {
      name: 'in an onResponse hook',
      status: 200,
      body: 'text',
      routes: (scope, write) => {
        scope.addHook('onResponse', async (request) => write(request))
        handle(scope, () => 'text')
      }
    },
    {
      name: 'in a hijacked reply whose head is written',
      status: 201,
      body: 'raw',
      routes: (scope, write) => handle(scope, (request, reply) => {
        reply.hijack()
        reply.raw.writeHead(201).write('raw')
        write(request)
        reply.raw.end()
      })
    },
    {
      name: 'in a handler that took too long',
      status: 503,
      body: '{"statusCode":503,"code":"FST_ERR_HANDLER_TIMEOUT","error":"Service Unavailable","message":"Request timed out after 10 ms on route \'/way\'"}',
      routes: (scope, write) => {
        scope.get('/way', { handlerTimeout: 10 }, async (request, reply) => {
          await once(reply.raw, 'finish')
          write(request)
          return 'too late'
        })
      }
    }
  ]

  for (const { name, status, body, routes } of late) {
    test(name, async (t: TestContext) => {
      const refusals: string[] = []
      const served = await serve(t, {
        routes: (scope) => routes(scope, (request) => {
          try {
            request.session.user = 'bob'
          } catch (error) {
            refusals.push((error as { code: string }).code)
            request.server.server.emit('refused')
          }
        })
      }, () => [])
      const refused = once(served.fastify.server, 'refused')
      const client = await served.connect()
      const cookie = served.cookieFor('written')

      const answer = await client.ask({ path: '/way', cookie })

      await refused
      t.assert.deepStrictEqual(refusals, ['FST_SESSION_HEADERS_SENT'])
      t.assert.strictEqual(answer.status, status)
      t.assert.strictEqual(answer.body, body)
      t.assert.deepStrictEqual(headerOf(answer, 'set-cookie'), [])
      await checkNext(t, served, client, cookie, answer, plain)
      await checkProcess(t)
    })
  }
})

describe('a session after the headers were sent:', () => {
  test('reads work and a write throws', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    let code: unknown
    async function * body (session: Session): AsyncGenerator<string> {
      yield 'first '
      await delay(1)
      yield `user ${String(session.user_id)} ${String(session.cart.items.length)}`
      try {
        session.user_id = 43
      } catch (error) {
        code = (error as { code: string }).code
      }
    }

    const response = await visit((session) => Readable.from(body(session)), { cookie: cookieOf({ user_id: 42, cart: { items: [] } }) })

    t.assert.strictEqual(response.body, 'first user 42 0')
    t.assert.strictEqual(code, 'FST_SESSION_HEADERS_SENT')
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('a write in an onResponse hook throws, and so does save', async (t: TestContext) => {
    const codes: unknown[] = []
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.addHook('onResponse', async (request) => {
        for (const act of [() => { request.session.a = 1 }, () => request.session.save(), () => { request.session = null }]) {
          try {
            await act()
          } catch (error) {
            codes.push((error as { code: string }).code)
          }
        }
      })
    })

    await visit((session) => session.a)

    t.assert.deepStrictEqual(codes, ['FST_SESSION_HEADERS_SENT', 'FST_SESSION_HEADERS_SENT', 'FST_SESSION_HEADERS_SENT'])
  })
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
