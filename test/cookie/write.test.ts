import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import { cookieOf, sessionApp, setCookiesOf } from '../helpers.ts'

describe('the headers of a response', () => {
  test('keep the cookies that others put into the reply and into the raw one', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, _request, reply) => {
      reply.raw.setHeader('set-cookie', ['raw=1'])
      reply.header('set-cookie', 'plain=2')
      session.a = 1
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['plain', 'raw', 'session'])
  })

  test('are one text for one cookie, also when it was replaced', async (t: TestContext) => {
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

  test('contain each cookie of others once when a session without a cookie is saved twice', async (t: TestContext) => {
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

  test('contain no Vary when a session was only asked whether it changed before a stream', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => Readable.from([String(session.modified)]), { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(response.body, 'false')
    t.assert.strictEqual(response.headers.vary, undefined)
  })
})

describe('the value of a cookie', () => {
  /** Signers may put these between the parts of a token. */
  const separators = '!#$&\'()*+./:<=>?@[]^_`{|}~'

  for (const [value, sent] of [
    ['eyJhIjoxfQ.aaaaaa.b_-', 'eyJhIjoxfQ.aaaaaa.b_-'], ['a b;c', 'a%20b%3Bc'], ['\n', '%0A'], ['ä', '%C3%A4'],
    ['100%', '100%25'], ['a"\\,', 'a%22%5C%2C'], [separators, separators]
  ] as const) {
    test(`is sent as ${JSON.stringify(sent)} when an interface of the application makes ${JSON.stringify(value)}`, async (t: TestContext) => {
      class Own extends SecureCookieSessionInterface {
        override encode (): string { return value }
      }
      const { visit } = await sessionApp(t, { sessionInterface: new Own() })

      const response = await visit((session) => { session.a = 1 })

      t.assert.strictEqual(response.headers['set-cookie'], `session=${sent}; Path=/; HttpOnly`)
    })
  }
})
