import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { setHeadersOf } from '../../lib/sessions/response-headers.ts'
import { cookieOf, sessionApp, setCookiesOf } from '../helpers.ts'

describe('the headers of the response', () => {
  test('keep the cookies that others put into the reply and into the raw one', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, _request, reply) => {
      reply.raw.setHeader('set-cookie', ['raw=1'])
      reply.header('set-cookie', 'plain=2')
      session.a = 1
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['plain', 'raw', 'session'])
  })

  test('have one text for one cookie, also when it was replaced', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const types: unknown[] = []

    await visit(async (session, _request, reply) => {
      session.a = 1
      await session.save()
      session.a = 2
      await session.save()
      types.push(typeof reply.getHeader('set-cookie'))
    })

    t.assert.deepStrictEqual(types, ['string'])
  })

  test('have each cookie of others once when a session without a cookie is saved twice', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(async (session, _request, reply) => {
      reply.raw.setHeader('set-cookie', ['raw=1'])
      reply.header('set-cookie', 'plain=2')
      await session.save()
      await session.save()
      reply.hijack()
      reply.raw.end('raw')
      return reply
    })

    t.assert.deepStrictEqual(response.headers['set-cookie'], ['raw=1', 'plain=2'])
  })

  test('keep a Vary of the raw reply beside that of the reply', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(async (session, _request, reply) => {
      reply.raw.setHeader('vary', 'Origin')
      reply.header('vary', 'Accept')
      session.a = 1
      await session.save()
      reply.hijack()
      reply.raw.end('raw')
      return reply
    })

    t.assert.strictEqual(response.headers.vary, 'Origin, Accept, Cookie')
  })

  test('have no Vary when a session was only asked whether it changed before a stream', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => Readable.from([String(session.modified)]), { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(response.body, 'false')
    t.assert.strictEqual(response.headers.vary, undefined)
  })
})

describe('setHeadersOf', () => {
  /** What is left of the arguments, and the headers that were set. */
  function taken (t: TestContext, ...args: unknown[]): { rest: unknown[], set: unknown[][] } {
    const setHeader = t.mock.fn()
    const rest = setHeadersOf(args, { setHeader } as unknown as FastifyReply['raw'])
    return { rest, set: setHeader.mock.calls.map((call) => call.arguments) }
  }

  test('sets the headers of an object', (t: TestContext) => {
    t.assert.deepStrictEqual(taken(t, 200, { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'] }), {
      rest: [200], set: [['content-type', 'text/plain'], ['set-cookie', ['a=1', 'b=2']]]
    })
    t.assert.deepStrictEqual(taken(t, 200, 'Fine', { a: '1' }), { rest: [200, 'Fine'], set: [['a', '1']] })
  })

  test('sets the headers of a list of names and values by turns', (t: TestContext) => {
    t.assert.deepStrictEqual(taken(t, 200, ['a', '1', 'b', '2']), { rest: [200], set: [['a', '1'], ['b', '2']] })
  })

  test('leaves arguments without headers alone', (t: TestContext) => {
    for (const args of [[], [200], [200, 'Fine'], [200, undefined], [200, null], [200, 'Fine', undefined]]) {
      t.assert.deepStrictEqual(taken(t, ...args), { rest: args, set: [] })
    }
    t.assert.deepStrictEqual(taken(t, 200, {}), { rest: [200], set: [] })
  })
})
