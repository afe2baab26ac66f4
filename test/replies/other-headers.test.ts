import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
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

  test('have the session cookie once, as a string, after it was replaced', async (t: TestContext) => {
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

  test('have no Vary when a stream follows a mere look at session.modified', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => Readable.from([String(session.modified)]), { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(response.body, 'false')
    t.assert.strictEqual(response.headers.vary, undefined)
  })
})

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
      t.assert.deepStrictEqual(String(answer.headers['vary']).split(', ').sort(), ['Cookie', 'Origin'])
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
})
