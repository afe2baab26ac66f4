import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http2'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyBaseLogger, FastifyHttpOptions, FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import { flaskSessionSerializer } from '../../lib/flask-session/serializer.ts'
import secureSession, { JSONTag, SecureCookieSessionInterface, TaggedJSONSerializer } from '../../lib/index.ts'
import type { SecureCookieSession } from '../../lib/index.ts'
import type { SessionSerializer } from '../../lib/session/hand-out.ts'
import { cookieOf, logOf, noise, savedData, secretKey, sessionApp, setCookiesOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'

// Its types import those of ws, which are not installed.
const fastifyHttpProxy = createRequire(import.meta.url)('@fastify/http-proxy') as FastifyPluginAsync<Record<string, unknown>>

// An exception or a rejection that nobody handles would end the process of an application.
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => { unhandled.push(reason) })
process.on('uncaughtExceptionMonitor', (error) => { unhandled.push(error) })

async function checkProcess (t: TestContext): Promise<void> {
  for (let i = 0; i < 5; i++) await setImmediate()
  t.assert.deepStrictEqual(unhandled.splice(0), [])
}

/** Neither order nor case counts. */
const varyNames = (vary: unknown): string[] => String(vary).toLowerCase().split(', ').sort()

const cookie = cookieOf({ user: 'ada', cart: { items: [] } })

describe('a Vary header of the application does not end the process', () => {
  for (const [given, sent] of [
    ['Accept-Encoding,', 'Accept-Encoding, Cookie'], [',', 'Cookie'], ['', 'Cookie'], [' , Accept ,, ', 'Accept, Cookie'],
    ['two words', 'two words, Cookie'], ['a/b', 'a/b, Cookie'], ['"quoted"', '"quoted", Cookie'], ['*', '*'], ['Accept, *', '*'],
    ['cookie', 'cookie'], ['COOKIE, cookie', 'COOKIE']
  ] as const) {
    const replies: Record<string, Act> = {
      'a stream': (_session, _request, reply) => { reply.header('vary', given); return Readable.from(['hello']) },
      'a Response': () => new Response('hello', { headers: { vary: given } }),
      'the raw head of a hijacked reply': async (session, _request, reply) => {
        await session.save()
        reply.hijack()
        reply.raw.writeHead(200, { vary: given }).end('hello')
        return reply
      }
    }
    for (const [name, respond] of Object.entries(replies)) {
      test(`of ${name}: '${given}' becomes '${sent}'`, async (t: TestContext) => {
        const { visit } = await sessionApp(t)

        const response = await visit((session, ...rest) => { session.get('user'); return respond(session, ...rest) }, { cookie })

        t.assert.strictEqual(response.statusCode, 200)
        t.assert.strictEqual(response.body, 'hello')
        t.assert.deepStrictEqual(varyNames(response.headers.vary), varyNames(sent))
        await checkProcess(t)
      })
    }
  }

  test('that an upstream sent through @fastify/http-proxy', async (t: TestContext) => {
    const upstream = Fastify()
    t.after(() => upstream.close())
    upstream.get('/up', async (_request, reply) => reply.header('vary', 'Accept-Encoding,').send('hello'))
    await upstream.listen({ host: '127.0.0.1', port: 0 })
    const { port } = upstream.server.address() as AddressInfo
    const { app } = await sessionApp(t, {}, {
      after: (app) => {
        app.register(fastifyHttpProxy, {
          upstream: `http://127.0.0.1:${port}`,
          prefix: '/proxy',
          preHandler: async (request: FastifyRequest) => { request.session.get('user') }
        })
      }
    })

    const response = await app.inject({ url: '/proxy/up', headers: { cookie } })

    t.assert.strictEqual(response.body, 'hello')
    t.assert.strictEqual(response.headers.vary, 'Accept-Encoding, Cookie')
    await checkProcess(t)
  })
})

describe('a payload that is dropped because the session cannot be saved does not end the process', () => {
  const payloads: Record<string, () => unknown> = {
    'a file that does not exist': () => createReadStream('/nonexistent/file'),
    'a stream that fails when it is destroyed': () => new Readable({
      read () {},
      destroy (_error, callback) { process.nextTick(callback, new Error('could not be closed')) }
    }),
    'a web stream that fails when it is cancelled': () => new ReadableStream({ cancel () { throw new Error('could not be cancelled') } }),
    'a locked web stream': () => { const stream = new ReadableStream(); stream.getReader(); return stream },
    'a Response': () => new Response(new ReadableStream({ cancel () { throw new Error('could not be cancelled') } })),
    'a Response without a body': () => new Response(null)
  }
  for (const [name, payload] of Object.entries(payloads)) {
    test(name, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit((session, _request, reply) => {
        session.big = noise(6000)
        return reply.send(payload())
      })

      t.assert.strictEqual(response.statusCode, 500)
      t.assert.strictEqual(response.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
      await checkProcess(t)
      t.assert.strictEqual((await visit(() => 'next')).body, 'next')
    })
  }
})

describe('a value that was handed out and cannot be read any more counts as changed when the reply is hijacked', () => {
  const throws = (): never => { throw new Error('cannot be read') }
  const values: Record<string, (cart: Record<string, unknown>) => void> = {
    'a getter that throws': (cart) => { Object.defineProperty(cart, 'total', { get: throws, enumerable: true }) },
    'a getter that throws in the place of a value': (cart) => { Object.defineProperty(cart, 'items', { get: throws, enumerable: true }) },
    'a proxy whose traps throw': (cart) => { cart.items = new Proxy([], { get: throws, ownKeys: throws, getPrototypeOf: throws }) },
    'a revoked proxy': (cart) => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); cart.items = proxy },
    'a toJSON that throws': (cart) => { cart.toJSON = throws },
    'a value that contains itself': (cart) => { cart.items = cart }
  }
  for (const [name, spoil] of Object.entries(values)) {
    test(name, async (t: TestContext) => {
      const log = logOf()
      const { visit } = await sessionApp(t, {}, { server: log.server })

      const response = await visit((session, _request, reply) => {
        spoil(session.cart)
        reply.hijack()
        reply.raw.end('raw')
        return reply
      }, { cookie })

      t.assert.strictEqual(response.body, 'raw')
      await checkProcess(t)
      t.assert.deepStrictEqual(log.lines.map(({ level }) => level), [40])
    })
  }
})

describe('a value of the session that is written by an async function fails the response, and the process lives:', () => {
  class TagPoint extends JSONTag {
    override readonly key = ' p'

    override check (value: unknown): boolean {
      return typeof value === 'object' && value !== null && 'point' in value
    }

    override toJson (value: unknown): unknown {
      return (value as { point: unknown }).point
    }
  }
  const withTag = new TaggedJSONSerializer()
  withTag.register(TagPoint, { index: 0 })
  const reject = async (): Promise<never> => { throw new Error('rejected') }
  const values: Record<string, { value: object, serializer?: SessionSerializer }> = {
    'toJSON that rejects': { value: { toJSON: reject } },
    'toJSON that resolves': { value: { toJSON: async () => 'text' } },
    '__html__ that rejects': { value: { __html__: reject } },
    '__html__ that resolves': { value: { __html__: async () => '<p>' } },
    '__html__ for Flask-Session': { value: { __html__: reject }, serializer: flaskSessionSerializer as SessionSerializer },
    'toJson of a tag': { value: { get point () { return reject() } }, serializer: withTag }
  }
  for (const [name, { value, serializer }] of Object.entries(values)) {
    test(name, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { serializer })

      const response = await visit((session) => { session.list = [value] })

      t.assert.strictEqual(response.json().code, 'FST_SESSION_UNSERIALIZABLE')
      t.assert.strictEqual(response.json().message, 'The session cannot be saved: list[0] cannot be written as JSON: a Promise')
      t.assert.deepStrictEqual(setCookiesOf(response), [])
      await checkProcess(t)
    })
  }
})

describe('a logger that fails does not end the process when it is given a line about', () => {
  const fail = (): never => { throw new Error('the logger failed') }
  const reject = async (): Promise<void> => fail()
  const acts: Record<string, Act> = {
    'a change that a hijacked reply lost': (session, _request, reply) => {
      session.a = 1
      reply.hijack()
      reply.raw.end('page')
      return reply
    },
    'a change in a stream': (session) => {
      const { items } = session.cart
      return Readable.from((function * () { yield 'pa'; items.push(1); yield 'ge' })())
    },
    'a change before the head that cannot be saved': (session) => {
      session.list = []
      return Readable.from(['page']).on('resume', () => { session.list.push(noise(6000)) })
    },
    'a head that Node.js would refuse': async (session, _request, reply) => {
      await session.save()
      reply.hijack()
      reply.raw.getHeader = fail
      reply.raw.writeHead(200).end('page')
      return reply
    }
  }
  for (const [name, act] of Object.entries(acts)) {
    for (const [how, write] of Object.entries({ throws: fail, rejects: reject })) {
      test(`${name}, and ${how}`, async (t: TestContext) => {
        const silent = (): void => {}
        const logger = { level: 'info', fatal: write, error: write, warn: write, info: silent, debug: silent, trace: silent, silent, child: () => logger }
        const { visit } = await sessionApp(t, {}, { server: { loggerInstance: logger as FastifyBaseLogger } })

        const response = await visit(act, { cookie })

        t.assert.strictEqual(response.body, 'page')
        await checkProcess(t)
      })
    }
  }
})

describe('anything with a then counts as a promise:', () => {
  const eventually = <T>(settle: () => T): Promise<T> => ({
    then (resolve: (value: T) => void, reject: (error: unknown) => void) {
      globalThis.setImmediate(() => {
        try {
          resolve(settle())
        } catch (error) {
          reject(error)
        }
      })
    }
  } as unknown as Promise<T>)
  class Eventually extends SecureCookieSessionInterface {
    override openSession (...args: Parameters<SecureCookieSessionInterface['openSession']>): SecureCookieSession {
      return eventually(() => super.openSession(...args)) as unknown as SecureCookieSession
    }

    override saveSession (...args: Parameters<SecureCookieSessionInterface['saveSession']>): void {
      return eventually(() => {
        if (args[1].get('bad') === true) throw Object.assign(new Error('not saved'), { code: 'NOT_SAVED' })
        super.saveSession(...args)
      }) as unknown as void
    }
  }

  test('what opens and what saves a session is waited for', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sessionInterface: new Eventually() })

    const response = await visit((session) => { session.seen = session.user }, { cookie })

    t.assert.deepStrictEqual(savedData(response), { user: 'ada', cart: { items: [] }, seen: 'ada' })
    await checkProcess(t)
  })

  test('the error with which it fails to save is that of the response', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sessionInterface: new Eventually() })

    const response = await visit((session) => { session.bad = true }, { cookie })

    t.assert.strictEqual(response.json().code, 'NOT_SAVED')
    await checkProcess(t)
  })
})

test('over HTTP/2, null may stand for the status message before the headers of a raw writeHead', async (t: TestContext) => {
  const app = Fastify({ http2: true } as unknown as FastifyHttpOptions<Server>) as unknown as FastifyInstance
  t.after(() => app.close())
  app.register(secureSession, { secretKey })
  app.get('/', async ({ session }, reply) => {
    session.seen = 1
    await session.save()
    reply.hijack()
    reply.raw.writeHead(200, null as unknown as string, { 'x-one': '1' }).end('raw')
    return reply
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = connect(app.listeningOrigin)
  const stream = client.request({ ':path': '/' }).resume()
  const [headers] = await once(stream, 'response') as [IncomingHttpHeaders]
  await once(stream, 'close')
  client.close() // before the application, which would wait for it until its connection times out

  t.assert.strictEqual(headers['x-one'], '1')
  t.assert.deepStrictEqual(savedData({ headers }), { seen: 1 })
  await checkProcess(t)
})

describe('the arguments of a raw writeHead keep their headers beside those of the session', () => {
  const flat = ['Link', '<a>', 'Set-Cookie', 'a=1', 'link', '<b>', 'set-cookie', 'b=2', 'X-One', '1', 'Vary', 'Accept']
  const pairs = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]])
  const object = { Link: ['<a>', '<b>'], 'Set-Cookie': ['a=1', 'b=2'], 'x-one': 1, VARY: 'Accept' }
  const calls: Record<string, unknown[]> = {
    'a flat list': [200, flat],
    'a list of pairs': [200, pairs],
    'an object': [200, object],
    'an object behind a status message': [200, 'Fine', object],
    'a list of pairs behind a status message': [200, 'Fine', pairs],
    'an object behind an undefined status message': [200, undefined, object],
    'an object before an undefined argument': [200, object, undefined],
    'a flat list before an undefined argument': [200, flat, undefined]
  }
  for (const [name, args] of Object.entries(calls)) {
    test(name, async (t: TestContext) => {
      const { app } = await sessionApp(t, {}, {
        after: (app) => app.get('/raw', async ({ session }, reply) => {
          session.seen = 1
          await session.save()
          reply.hijack()
          reply.raw.writeHead(...args as [number])
          reply.raw.end('raw')
          return reply
        })
      })
      await app.listen({ host: '127.0.0.1', port: 0 })

      const response = await fetch(`${app.listeningOrigin}/raw`)

      t.assert.strictEqual(await response.text(), 'raw')
      t.assert.strictEqual(response.headers.get('link'), '<a>, <b>')
      t.assert.strictEqual(response.headers.get('x-one'), '1')
      t.assert.deepStrictEqual(varyNames(response.headers.get('vary')), ['accept', 'cookie'])
      const [session = '', ...others] = response.headers.getSetCookie().sort().reverse()
      t.assert.deepStrictEqual(others, ['b=2', 'a=1'])
      t.assert.deepStrictEqual(savedData({ headers: { 'set-cookie': session } }), { seen: 1 })
      await checkProcess(t)
    })
  }

  test('and an error of the application in them stays its own', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const codes: unknown[] = []

    await visit(async (session, _request, reply) => {
      session.seen = 1
      await session.save()
      reply.hijack()
      for (const headers of [{ 'bad name': '1' }, { a: 'line\nbreak' }, ['odd']]) {
        try {
          reply.raw.writeHead(200, headers as never)
        } catch (error) {
          codes.push((error as { code: string }).code)
        }
      }
      reply.raw.end('raw')
      return reply
    })

    t.assert.deepStrictEqual(codes, ['ERR_INVALID_HTTP_TOKEN', 'ERR_INVALID_CHAR', 'ERR_INVALID_ARG_VALUE'])
    await checkProcess(t)
  })
})

describe('an error page after a failed save', () => {
  const looks: Record<string, Act> = {
    'reads a key': (session) => session.user,
    'reads inside of a value': (session) => session.cart.items.length,
    'reads all data': (session) => JSON.stringify(session),
    'lists the keys': (session) => [...session.keys()].join(),
    'asks whether it was modified': (session) => String(session.modified)
  }
  for (const [name, look] of Object.entries(looks)) {
    test(`is sent when it ${name}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, {
        after: (app) => app.setErrorHandler(async (error: Error & { code: string }, request, reply) => {
          await look(request.session, request, reply)
          return reply.code(500).type('text/html').send(`<p>${error.code}</p>`)
        })
      })

      const response = await visit((session) => { session.big = noise(6000) }, { cookie })

      t.assert.strictEqual(response.body, '<p>FST_SESSION_COOKIE_OVERFLOW</p>')
      t.assert.deepStrictEqual(setCookiesOf(response), [])
    })
  }

  const cures: Record<string, Act> = {
    'deletes the large key': (session) => { delete session.big },
    'shortens the large value': (session) => { session.big = 'x' },
    'changes it inside': (session) => { session.big.length = 0 },
    'clears the session and writes to it': (session) => { session.clear(); session.user = 'ada' }
  }
  for (const [name, cure] of Object.entries(cures)) {
    test(`has the session when it ${name}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, {
        after: (app) => app.setErrorHandler(async (_error, request, reply) => {
          await cure(request.session, request, reply)
          return reply.code(200).send('mended')
        })
      })

      const response = await visit((session) => { session.big = [noise(6000)] }, { cookie })

      t.assert.strictEqual(response.body, 'mended')
      t.assert.strictEqual(setCookiesOf(response).length, 1)
    })
  }
})
