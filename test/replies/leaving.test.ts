import { once } from 'node:events'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { checkNext, checkProcess, loss, serve } from './served.ts'
import { plain, stateNames, states } from './states.ts'
import type { StateName } from './states.ts'
import { handle } from './way.ts'
import type { Act } from './way.ts'

describe('a client that closes the connection', () => {
  /** Handlers that wait until the client is gone. */
  async function leave (t: TestContext, routes: (scope: FastifyInstance, act: Act, gone: () => Promise<unknown>) => void): Promise<void> {
    let state: StateName = 'unread'
    let left = (): void => {}
    let gone: Promise<unknown> = Promise.resolve()
    const served = await serve(t, { routes: (scope, act) => routes(scope, act, () => gone) }, (request) => {
      states[state].act(request)
      return []
    })
    for (state of stateNames) {
      gone = new Promise<void>((resolve) => { left = resolve })
      const client = await served.connect()
      const begun = once(served.fastify.server, 'begun')
      const closed = once(served.fastify.server, 'closed')
      const cookie = served.cookieFor(state)
      const answer = client.ask({ path: '/way', cookie })
      await begun
      await client.abort()
      left()
      await closed
      t.assert.strictEqual((await answer).isCut, true)
      // it could not take the new cookie
      await checkNext(t, served, client, cookie, { status: 0, head: '', body: '', isCut: true }, states[state].cookie)
      t.assert.deepStrictEqual(served.warnings(), [], state)
    }
    await checkProcess(t)
  }
  /** Tells the test that the handler waits, and waits itself until the server knows that nobody listens. */
  async function waitForIt ({ server, raw }: { server: FastifyInstance, raw: FastifyReply['raw'] }, gone: () => Promise<unknown>): Promise<void> {
    const closed = once(raw, 'close')
    closed.then(() => server.server.emit('closed'), () => {})
    server.server.emit('begun')
    await Promise.all([gone(), closed])
  }

  test('before the reply keeps its cookie, and the server goes on', async (t: TestContext) => {
    await leave(t, (scope, act, gone) => handle(scope, async (request, reply) => {
      act(request, reply)
      await waitForIt({ server: request.server, raw: reply.raw }, gone)
      return 'to nobody'
    }))
  })

  test('before the session is used keeps its cookie, and the server goes on', async (t: TestContext) => {
    await leave(t, (scope, act, gone) => handle(scope, async (request, reply) => {
      await waitForIt({ server: request.server, raw: reply.raw }, gone)
      act(request, reply)
      return 'to nobody'
    }))
  })

  test('in the middle of a stream keeps its cookie, and the server goes on', async (t: TestContext) => {
    await leave(t, (scope, act, gone) => handle(scope, (request, reply) => {
      act(request, reply)
      return reply.send(Readable.from((async function * () {
        yield 'one'
        await waitForIt({ server: request.server, raw: reply.raw }, gone)
        yield 'two'
      })()))
    }))
  })

  test('while its body is read keeps its cookie, and the server goes on', async (t: TestContext) => {
    let state: StateName = 'unread'
    const served = await serve(t, {
      routes: (scope, act) => {
        scope.addHook('onRequest', async (request, reply) => {
          act(request, reply)
          reply.raw.once('close', () => request.server.server.emit('closed'))
          setImmediate().then(() => request.server.server.emit('begun'), () => {})
        })
        handle(scope, () => 'never')
      }
    }, (request) => {
      states[state].act(request)
      return []
    })
    for (state of stateNames) {
      const client = await served.connect()
      const [begun, closed] = [once(served.fastify.server, 'begun'), once(served.fastify.server, 'closed')]
      const cookie = served.cookieFor(state)
      const answer = client.ask({ path: '/way', cookie, body: '{}', headers: { 'Content-Length': '3' } })
      await begun
      await client.abort()
      await closed
      t.assert.strictEqual((await answer).isCut, true)
      await checkNext(t, served, client, cookie, { status: 0, head: '', body: '', isCut: true }, states[state].cookie)
    }
    await checkProcess(t)
  })

  test('in the middle of a hijacked reply is no reason to be silent about a change that was lost', async (t: TestContext) => {
    const served = await serve(t, {
      routes: (scope, act) => handle(scope, (request, reply) => {
        act(request, reply)
        reply.hijack()
        reply.raw.once('close', () => request.server.server.emit('closed'))
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
        reply.raw.write('data: 1\n\n', () => request.server.server.emit('begun'))
      })
    }, (request) => {
      states.written.act(request)
      return []
    })
    const [begun, closed] = [once(served.fastify.server, 'begun'), once(served.fastify.server, 'closed')]
    const client = await served.connect()
    const cookie = served.cookieFor('written')
    const answer = client.ask({ path: '/way', cookie })
    await begun
    await client.abort()
    await closed

    t.assert.strictEqual((await answer).isCut, true)
    t.assert.deepStrictEqual(served.warnings(), [loss])
    await checkNext(t, served, client, cookie, { status: 0, head: '', body: '', isCut: true }, plain)
    await checkProcess(t)
  })
})
