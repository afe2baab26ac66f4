import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyHttpOptions, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { cookieOf, logOf, secretKey } from '../helpers.ts'
import { countCookieInVary } from '../hostile/world.ts'
import secureSession from '../../lib/index.ts'
import { Connection, headerOf, Jar } from './client.ts'
import type { Answer, Ask } from './client.ts'

// Nothing that goes wrong in a reply may end the process.
const unheard: unknown[] = []
process.on('unhandledRejection', (reason) => { unheard.push(reason) })
process.on('uncaughtExceptionMonitor', (error) => { unheard.push(error) })

// -- what is done to a session, and what has to come of it

const plain = { user: 'ada', list: [1] }
const permanent = { _permanent: true, user: 'ada', list: [1] }

interface State {
  /** What the client's cookie holds. */
  cookie: Record<string, unknown>
  act (request: FastifyRequest): void
}

const states = {
  unread: { cookie: plain, act () {} },
  read: { cookie: plain, act ({ session }) { session.get('user') } },
  written: { cookie: plain, act ({ session }) { session.user = 'bob' } },
  'changed inside': { cookie: plain, act ({ session }) { session.list.push(2) } },
  emptied: { cookie: plain, act ({ session }) { session.clear() } },
  refreshed: { cookie: permanent, act () {} }
} as const satisfies Record<string, State>

type StateName = keyof typeof states
const stateNames = Object.keys(states) as StateName[]

/** What the session put into a response. */
interface Sent {
  /** How often Cookie stands in Vary. */
  vary: 0 | 1
  /** What the new cookie holds. */
  cookie: 'none' | 'deletion' | Record<string, unknown>
}

const expected: Record<StateName, Sent> = {
  unread: { vary: 0, cookie: 'none' },
  read: { vary: 1, cookie: 'none' },
  written: { vary: 1, cookie: { user: 'bob', list: [1] } },
  'changed inside': { vary: 1, cookie: { user: 'ada', list: [1, 2] } },
  emptied: { vary: 1, cookie: 'deletion' },
  refreshed: { vary: 1, cookie: { _permanent: true, user: 'ada', list: [1] } }
}

const nothing: Sent = { vary: 0, cookie: 'none' }
const silence: Record<StateName, Sent> = { unread: nothing, read: nothing, written: nothing, 'changed inside': nothing, emptied: nothing, refreshed: nothing }

const attributes = 'Path=/; HttpOnly'
const deletion = 'session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly'
const loss = 'a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before'

// -- the ways of a reply

type Act = (request: FastifyRequest) => void

interface Way {
  /** What the reply is. */
  name: string
  /** What is asked; `GET /way` if not otherwise. */
  ask?: Partial<Ask>
  server?: FastifyHttpOptions<Server>
  /** Hooks that stand before the plugin's. */
  before? (fastify: FastifyInstance, act: Act): void
  /** The route and its hooks, in a scope behind the plugin. */
  routes? (scope: FastifyInstance, act: Act): void
  status: number
  body?: string
  isCut?: boolean
  /** Whether the server closes the connection without a word in the head. */
  isClosing?: boolean
  /** Headers of others, as they must be in the response. */
  others?: Record<string, string[]>
  /** The Set-Cookie headers of others. */
  otherCookies?: string[]
  /** Where a reply differs from what is usual, and the reason. */
  except?: { why: string, sent: Partial<Record<StateName, Sent>>, warned?: StateName[] }
}

const lost: Way['except'] = {
  why: 'Fastify has no onSend hook for a reply that it does not send: the log tells of what was lost',
  sent: silence,
  warned: ['written', 'changed inside', 'emptied']
}

const notBegun: Way['except'] = { why: 'a session that nobody asked for has not begun yet', sent: { refreshed: nothing } }

const ways: Way[] = [
  // what handlers send
  { name: 'an object', status: 200, body: '{"a":1}', routes: (scope, act) => handle(scope, (request) => { act(request); return { a: 1 } }) },
  { name: 'bytes', status: 200, body: 'bytes', routes: (scope, act) => handle(scope, (request) => { act(request); return Buffer.from('bytes') }) },
  { name: 'nothing', status: 200, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send() }) },
  {
    name: 'text from a handler with a callback',
    status: 200,
    body: 'text',
    routes: (scope, act) => {
      scope.get('/way', (request, reply) => {
        act(request)
        reply.send('text')
      })
    }
  },
  {
    name: 'text that is sent later',
    status: 200,
    body: 'later',
    routes: (scope, act) => {
      scope.get('/way', (request, reply) => {
        setImmediate().then(() => {
          act(request)
          reply.send('later')
        }, () => {})
      })
    }
  },
  { name: 'a redirect', status: 302, others: { location: ['/elsewhere'] }, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.redirect('/elsewhere') }) },
  { name: 'a response to HEAD', ask: { method: 'HEAD' }, status: 200, body: '', routes: (scope, act) => handle(scope, (request) => { act(request); return 'not sent' }) },
  { name: '304', status: 304, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.code(304).send() }) },
  { name: '204', status: 204, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.code(204).send() }) },
  { name: 'a response with trailers', status: 200, body: 'text', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.trailer('x-check', (_reply, _payload, done) => done(null, 'ok')).send('text') }) },
  {
    name: 'a response behind early hints',
    status: 200,
    body: 'text',
    routes: (scope, act) => handle(scope, (request, reply) => {
      reply.raw.writeEarlyHints({ link: '</style.css>; rel=preload' })
      act(request)
      return 'text'
    })
  },
  {
    name: 'a response with a Vary and a cookie of its own',
    status: 200,
    others: { 'x-seen': ['1'] },
    otherCookies: ['theme=dark', 'size=large'],
    routes: (scope, act) => handle(scope, (request, reply) => {
      reply.header('x-seen', '1').header('vary', 'Accept, Origin').header('set-cookie', 'theme=dark')
      act(request)
      reply.header('set-cookie', 'size=large')
      return 'text'
    })
  },
  {
    name: 'a response with headers that are set on the raw reply',
    status: 200,
    others: { 'x-raw': ['1'] },
    otherCookies: ['theme=dark'],
    routes: (scope, act) => handle(scope, (request, reply) => {
      reply.raw.setHeader('x-raw', '1')
      reply.raw.setHeader('set-cookie', 'theme=dark')
      act(request)
      return 'text'
    })
  },
  { name: 'an answer to Expect: 100-continue', ask: { body: '{}', headers: { Expect: '100-continue' } }, status: 200, body: 'text', routes: (scope, act) => handle(scope, (request) => { act(request); return 'text' }) },
  { name: 'an answer to Connection: close', ask: { headers: { Connection: 'close' } }, status: 200, body: 'text', routes: (scope, act) => handle(scope, (request) => { act(request); return 'text' }) },

  // streams
  { name: 'a stream', status: 200, body: 'onetwo', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(Readable.from(['one', 'two'])) }) },
  { name: 'an async iterator', status: 200, body: 'onetwo', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(Readable.from(chunks('one', 'two'))) }) },
  { name: 'a stream in a HEAD response', ask: { method: 'HEAD' }, status: 200, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(Readable.from(['one', 'two'])) }) },
  { name: 'a web Response', status: 202, body: 'web', others: { 'x-web': ['1'] }, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(new Response('web', { status: 202, headers: { 'x-web': '1' } })) }) },
  { name: 'a web stream', status: 200, body: 'onetwo', routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(webStream('one', 'two')) }) },
  { name: 'a stream that fails at once', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(Readable.from(chunks(new Error('at once')))) }) },
  { name: 'a stream that fails in its middle', status: 200, body: 'one', isCut: true, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(Readable.from(chunks('one', new Error('in the middle')))) }) },
  { name: 'a web stream that fails in its middle', status: 200, body: 'one', isCut: true, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(webStream('one', new Error('in the middle'))) }) },

  // errors
  { name: 'an error that is thrown', status: 500, routes: (scope, act) => { scope.get('/way', (request) => { act(request); throw new Error('thrown') }) } },
  {
    name: 'an error after a wait',
    status: 409,
    routes: (scope, act) => handle(scope, async (request) => {
      act(request)
      await setImmediate()
      throw Object.assign(new Error('late'), { statusCode: 409 })
    })
  },
  { name: 'an error that is sent', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.send(new Error('sent')) }) },
  {
    name: 'an error in a preHandler hook',
    status: 500,
    routes: (scope, act) => {
      scope.addHook('preHandler', async (request) => { act(request); throw new Error('in the hook') })
      handle(scope, () => 'never')
    }
  },
  {
    name: 'the answer of an error handler',
    status: 418,
    body: 'handled',
    routes: (scope, act) => {
      scope.setErrorHandler((_error, request, reply) => { act(request); reply.code(418).send('handled') })
      handle(scope, () => { throw new Error('to be handled') })
    }
  },
  {
    name: 'an error in the error handler',
    status: 500,
    routes: (scope, act) => {
      scope.setErrorHandler((_error, request) => { act(request); throw new Error('once more') })
      handle(scope, () => { throw new Error('to be handled') })
    }
  },
  {
    name: 'an error, after an onError hook',
    status: 500,
    routes: (scope, act) => {
      scope.addHook('onError', async (request) => act(request))
      handle(scope, () => { throw new Error('thrown') })
    }
  },
  {
    name: 'an error in a later onSend hook',
    status: 500,
    routes: (scope, act) => {
      scope.addHook('onSend', async (_request, reply) => { if (reply.statusCode === 200) throw new Error('in onSend') })
      handle(scope, (request) => { act(request); return 'text' })
    }
  },
  { name: 'an error of the serializer', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.serializer(() => { throw new Error('in the serializer') }).send({ a: 1 }) }) },
  { name: 'an error for a value that is no payload', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request); return reply.type('text/plain').send({ a: 1 }) }) },
  {
    name: 'an error for a body that is no JSON',
    ask: { body: '{' },
    status: 400,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request) => act(request))
      handle(scope, () => 'never')
    }
  },
  {
    name: 'an error for a body of an unknown type',
    ask: { body: '<a/>', headers: { 'Content-Type': 'text/xml' } },
    status: 415,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request) => act(request))
      handle(scope, () => 'never')
    }
  },
  {
    name: 'an error for a body that is too large',
    ask: { body: `"${'x'.repeat(200)}"` },
    server: { bodyLimit: 100 },
    status: 413,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request) => act(request))
      handle(scope, () => 'never')
    }
  },
  {
    name: 'an error of validation',
    ask: { body: '{"number":"none"}' },
    status: 400,
    routes: (scope, act) => {
      scope.addHook('preValidation', async (request) => act(request))
      scope.post('/way', { schema: { body: { type: 'object', properties: { number: { type: 'integer' } } } } }, async () => 'never')
    }
  },
  {
    name: 'the error of a handler that takes too long',
    status: 503,
    routes: (scope, act) => {
      scope.get('/way', { handlerTimeout: 10 }, async (request) => {
        act(request)
        await setTimeout(30)
        return 'too late'
      })
    }
  },

  // not found
  { name: '404', ask: { path: '/nowhere' }, status: 404, before: (fastify, act) => { fastify.addHook('onRequest', async (request) => { if (request.url === '/nowhere') act(request) }) } },
  {
    name: 'the answer of a not-found handler',
    ask: { path: '/scope/nowhere' },
    status: 404,
    body: 'nothing here',
    routes: (scope, act) => {
      scope.register(async (inner) => {
        inner.setNotFoundHandler((request, reply) => { act(request); reply.code(404).send('nothing here') })
      }, { prefix: '/scope' })
    }
  },
  { name: 'what callNotFound makes', status: 404, routes: (scope, act) => { scope.get('/way', (request, reply) => { act(request); reply.callNotFound() }) } },

  // replies from hooks
  ...(['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const).map((hook): Way => ({
    name: `a reply from a hook: ${hook}`,
    ask: { body: '{}' },
    status: 403,
    body: 'no',
    routes: (scope, act) => {
      // an async hook that replied gives the reply back; preParsing has one argument more
      scope.addHook(hook as 'onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
        act(request)
        return reply.code(403).send('no')
      })
      handle(scope, () => 'never')
    }
  })),
  {
    name: 'a reply from an onRequest hook before the plugin',
    status: 403,
    body: 'no',
    before: (fastify, act) => {
      fastify.addHook('onRequest', async (request, reply) => {
        if (request.url !== '/way') return
        act(request)
        return reply.code(403).send('no')
      })
    },
    routes: (scope) => handle(scope, () => 'never'),
    except: notBegun
  },
  {
    name: 'an error in an onRequest hook before the plugin',
    status: 500,
    before: (fastify, act) => {
      fastify.addHook('onRequest', async (request) => {
        if (request.url !== '/way') return
        act(request)
        throw new Error('early')
      })
    },
    routes: (scope) => handle(scope, () => 'never'),
    except: notBegun
  },
  {
    name: 'a reply after a preSerialization hook',
    status: 200,
    body: '{"a":1}',
    routes: (scope, act) => {
      scope.addHook('preSerialization', async (request, _reply, payload) => { act(request); return payload })
      handle(scope, () => ({ a: 1 }))
    }
  },
  {
    name: 'a reply after an onSend hook before the plugin',
    status: 200,
    body: 'text',
    before: (fastify, act) => { fastify.addHook('onSend', async (request, _reply, payload) => { if (request.url === '/way') act(request); return payload }) },
    routes: (scope) => handle(scope, () => 'text')
  },
  {
    name: 'a reply after an onSend hook behind the plugin',
    status: 200,
    body: 'text',
    routes: (scope, act) => {
      scope.addHook('onSend', async (request, _reply, payload) => { act(request); return payload })
      handle(scope, () => 'text')
    }
  },

  // past Fastify
  { name: 'a hijacked reply', status: 200, body: 'raw', routes: (scope, act) => handle(scope, (request, reply) => { act(request); reply.hijack(); reply.raw.end('raw') }), except: lost },
  { name: 'a hijacked reply with a head of its own', status: 201, body: 'raw', others: { 'x-raw': ['1'] }, routes: (scope, act) => handle(scope, (request, reply) => { reply.hijack(); act(request); reply.raw.writeHead(201, { 'x-raw': '1' }).end('raw') }), except: lost },
  { name: 'a raw reply that was not hijacked', status: 201, body: 'raw', routes: (scope, act) => handle(scope, (request, reply) => { act(request); reply.raw.writeHead(201).end('raw') }), except: lost },
  ...(['before', 'after'] as const).map((when): Way => ({
    name: `a hijacked reply with session.save() ${when} it`,
    status: 201,
    body: 'raw',
    routes: (scope, act) => handle(scope, async (request, reply) => {
      act(request)
      if (when === 'after') reply.hijack()
      await request.session.save()
      if (when === 'before') reply.hijack()
      reply.raw.writeHead(201, { 'x-raw': '1' }).end('raw')
    }),
    except: {
      why: 'save() reads the session and sends its cookie, changed or not',
      sent: { unread: { vary: 1, cookie: plain }, read: { vary: 1, cookie: plain } }
    }
  })),

  // before Fastify
  {
    name: 'the refusal of a URL that cannot be decoded',
    ask: { path: '/%zz' },
    status: 400,
    before: (fastify, act) => { fastify.addHook('onRequest', async (request) => { if (request.url === '/%zz') act(request) }) },
    except: { why: 'Fastify answers without any hook', sent: silence }
  },
  {
    name: 'the refusal of what is no HTTP',
    ask: { raw: 'GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n' },
    status: 400,
    isClosing: true,
    except: { why: 'no request comes of it', sent: silence }
  },
  {
    name: 'the refusal of a header of 20 KiB',
    ask: { headers: { 'X-Large': 'x'.repeat(20 * 1024) } },
    status: 431,
    isClosing: true,
    except: { why: 'no request comes of it', sent: silence }
  },
  {
    name: 'the refusal of a request that takes too long',
    ask: { body: '{}', headers: { 'Content-Length': '3' } },
    server: { http: { connectionsCheckingInterval: 10 } },
    status: 408,
    isClosing: true,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request, reply) => {
        act(request)
        // for this request alone: a busy machine may take as long for one that is as it should be
        const { server } = request.server
        const { headersTimeout, requestTimeout } = server
        Object.assign(server, { headersTimeout: 20, requestTimeout: 20 })
        reply.raw.once('close', () => { Object.assign(server, { headersTimeout, requestTimeout }) })
      })
      handle(scope, () => 'never')
    },
    except: { why: 'the HTTP server writes the answer itself, while Fastify waits for the body', sent: silence }
  }
]

function handle (scope: FastifyInstance, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): void {
  scope.route({ method: ['GET', 'POST'], url: '/way', handler: async (request, reply) => await handler(request, reply) })
}

async function * chunks (...parts: Array<string | Error>): AsyncGenerator<string> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    yield part
    await setImmediate()
  }
}

function webStream (...parts: Array<string | Error>): ReadableStream {
  const left = chunks(...parts)
  return new ReadableStream({
    async pull (controller) {
      const { value, done } = await left.next()
      if (done === true) controller.close()
      else controller.enqueue(Buffer.from(value))
    }
  })
}

// -- the tests

interface Served {
  port: number
  fastify: FastifyInstance
  /** What the plugin said of changes that were lost or came too late. */
  warnings: string[]
  /** The Cookie header for a state. */
  cookieFor (state: StateName): string
}

/** The application of a way, listening. `GET /next` shows the session. */
async function serve (t: TestContext, { server = {}, before, routes }: Partial<Way>, act: Act): Promise<Served> {
  const log = logOf('info')
  const fastify = Fastify({ ...log.server, forceCloseConnections: true, ...server } as FastifyHttpOptions<Server>) as unknown as FastifyInstance
  t.after(() => fastify.close())
  before?.(fastify, act)
  await fastify.register(secureSession, { secretKey })
  await fastify.register(async (scope) => routes?.(scope, act))
  fastify.get('/next', async (request) => request.session.data())
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const warnings: string[] = []
  return {
    port: (fastify.server.address() as AddressInfo).port,
    fastify,
    get warnings () {
      warnings.push(...log.lines.splice(0).filter(({ msg }) => /session/.test(msg)).map(({ msg }) => msg))
      return warnings
    },
    cookieFor: (state) => cookieOf(states[state].cookie)
  }
}

/** What the session put into a response; throws when there is more than may be. */
function sentIn (t: TestContext, fastify: FastifyInstance, answer: Answer, isPermanent: boolean): Sent {
  const vary = headerOf(answer, 'vary')
  const ours = headerOf(answer, 'set-cookie').filter((header) => header.startsWith('session='))
  t.assert.ok(vary.length <= 1 && ours.length <= 1, `${vary.length} Vary, ${ours.length} Set-Cookie`)
  const [header] = ours
  const count = countCookieInVary(vary) as 0 | 1
  if (header === undefined) return { vary: count, cookie: 'none' }
  if (header === deletion) return { vary: count, cookie: 'deletion' }
  const [pair = '', ...rest] = header.split('; ')
  const others = isPermanent ? rest.filter((attribute) => !/^Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/.test(attribute)) : rest
  t.assert.strictEqual(others.join('; '), attributes)
  t.assert.strictEqual(rest.length - others.length, isPermanent ? 1 : 0)
  return { vary: count, cookie: fastify.decodeSession(pair.slice('session='.length))?.data() ?? {} }
}

/** The server answers the next request, on the same connection if it is still there, and finds what the client was given. */
async function checkNext (t: TestContext, { port }: Served, connection: Connection, cookie: string, answer: Answer, data: Record<string, unknown>): Promise<void> {
  const jar = new Jar()
  jar.cookies.set('session', cookie.slice('session='.length))
  jar.take(answer)
  const isOver = !connection.isOpen || headerOf(answer, 'connection').includes('close')
  const next = isOver ? await Connection.open(port) : connection
  const { status, body } = await next.ask({ path: '/next', cookie: jar.header })
  await next.close()
  t.assert.strictEqual(status, 200)
  t.assert.deepStrictEqual(JSON.parse(body), data)
}

describe('a reply has what its session needs:', () => {
  for (const way of ways) {
    test(way.name + (way.except === undefined ? '' : ` (${way.except.why})`), async (t: TestContext) => {
      let state: StateName = 'unread'
      const served = await serve(t, way, (request) => states[state].act(request))
      for (state of stateNames) {
        const { vary, cookie } = way.except?.sent[state] ?? expected[state]
        const connection = await Connection.open(served.port)
        const sentCookie = served.cookieFor(state)

        const answer = await connection.ask({ path: '/way', cookie: sentCookie, ...way.ask })

        t.assert.strictEqual(answer.status, way.status, state)
        t.assert.strictEqual(answer.isCut, way.isCut ?? false, state)
        if (way.body !== undefined) t.assert.strictEqual(answer.body, way.body, state)
        for (const [name, values] of Object.entries(way.others ?? {})) t.assert.deepStrictEqual(headerOf(answer, name), values)
        t.assert.deepStrictEqual(headerOf(answer, 'set-cookie').filter((header) => !header.startsWith('session=')), way.otherCookies ?? [], state)
        t.assert.deepStrictEqual(sentIn(t, served.fastify, answer, state === 'refreshed'), { vary, cookie }, state)
        if (way.isClosing === true) await connection.closed()
        const left = cookie === 'none' ? states[state].cookie : cookie === 'deletion' ? {} : cookie
        await checkNext(t, served, connection, sentCookie, answer, left)
        t.assert.deepStrictEqual(served.warnings.splice(0), way.except?.warned?.includes(state) === true ? [loss] : [], state)
      }
      await setImmediate()
      t.assert.deepStrictEqual(unheard, [])
    })
  }
})

describe('a client that leaves', () => {
  /** Handlers that wait until the client is gone. */
  async function leave (t: TestContext, routes: (scope: FastifyInstance, act: Act, gone: () => Promise<unknown>) => void): Promise<void> {
    let state: StateName = 'unread'
    let left = (): void => {}
    let gone: Promise<unknown> = Promise.resolve()
    const served = await serve(t, { routes: (scope, act) => routes(scope, act, () => gone) }, (request) => states[state].act(request))
    for (state of stateNames) {
      gone = new Promise<void>((resolve) => { left = resolve })
      const connection = await Connection.open(served.port)
      const begun = once(served.fastify.server, 'begun')
      const closed = once(served.fastify.server, 'closed')
      const cookie = served.cookieFor(state)
      const answer = connection.ask({ path: '/way', cookie })
      await begun
      await connection.abort()
      left()
      await closed
      t.assert.strictEqual((await answer).isCut, true)
      // it could not take the new cookie
      await checkNext(t, served, connection, cookie, { status: 0, head: '', body: '', isCut: true }, states[state].cookie)
      t.assert.deepStrictEqual(served.warnings.splice(0), [], state)
    }
    await setImmediate()
    t.assert.deepStrictEqual(unheard, [])
  }
  /** Tells the test that the handler waits, and waits itself until the server knows that nobody listens. */
  async function waitForIt ({ server, raw }: { server: FastifyInstance, raw: FastifyReply['raw'] }, gone: () => Promise<unknown>): Promise<void> {
    const closed = once(raw, 'close')
    closed.then(() => server.server.emit('closed'), () => {})
    server.server.emit('begun')
    await Promise.all([gone(), closed])
  }

  test('before the reply keeps its cookie, and harms nobody', async (t: TestContext) => {
    await leave(t, (scope, act, gone) => handle(scope, async (request, reply) => {
      act(request)
      await waitForIt({ server: request.server, raw: reply.raw }, gone)
      return 'to nobody'
    }))
  })

  test('before the session is used keeps its cookie, and harms nobody', async (t: TestContext) => {
    await leave(t, (scope, act, gone) => handle(scope, async (request, reply) => {
      await waitForIt({ server: request.server, raw: reply.raw }, gone)
      act(request)
      return 'to nobody'
    }))
  })

  test('in the middle of a stream harms nobody', async (t: TestContext) => {
    await leave(t, (scope, act, gone) => handle(scope, (request, reply) => {
      act(request)
      return reply.send(Readable.from((async function * () {
        yield 'one'
        await waitForIt({ server: request.server, raw: reply.raw }, gone)
        yield 'two'
      })()))
    }))
  })

  test('while its body is read harms nobody', async (t: TestContext) => {
    let state: StateName = 'unread'
    const served = await serve(t, {
      routes: (scope, act) => {
        scope.addHook('onRequest', async (request, reply) => {
          act(request)
          reply.raw.once('close', () => request.server.server.emit('closed'))
          setImmediate().then(() => request.server.server.emit('begun'), () => {})
        })
        handle(scope, () => 'never')
      }
    }, (request) => states[state].act(request))
    for (state of stateNames) {
      const connection = await Connection.open(served.port)
      const [begun, closed] = [once(served.fastify.server, 'begun'), once(served.fastify.server, 'closed')]
      const cookie = served.cookieFor(state)
      const answer = connection.ask({ path: '/way', cookie, body: '{}', headers: { 'Content-Length': '3' } })
      await begun
      await connection.abort()
      await closed
      t.assert.strictEqual((await answer).isCut, true)
      await checkNext(t, served, connection, cookie, { status: 0, head: '', body: '', isCut: true }, states[state].cookie)
    }
    await setImmediate()
    t.assert.deepStrictEqual(unheard, [])
  })
})

describe('a write that comes too late is refused, and the process lives on:', () => {
  const late: Array<{ name: string, status: number, body: string, routes (scope: FastifyInstance, write: Act): void }> = [
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
      const served = await serve(t, { routes }, (request) => {
        try {
          request.session.user = 'bob'
        } catch (error) {
          refusals.push((error as { code: string }).code)
          request.server.server.emit('refused')
        }
      })
      const refused = once(served.fastify.server, 'refused')
      const connection = await Connection.open(served.port)
      const cookie = served.cookieFor('written')

      const answer = await connection.ask({ path: '/way', cookie })

      await refused
      t.assert.deepStrictEqual(refusals, ['FST_SESSION_HEADERS_SENT'])
      t.assert.strictEqual(answer.status, status)
      t.assert.strictEqual(answer.body, body)
      t.assert.deepStrictEqual(headerOf(answer, 'set-cookie'), [])
      await checkNext(t, served, connection, cookie, answer, plain)
      t.assert.deepStrictEqual(unheard, [])
    })
  }
})

describe('replies on one connection', () => {
  test('do not mix, whoever comes next and however it is answered', async (t: TestContext) => {
    const served = await serve(t, {
      routes: (scope) => {
        const count = async (request: FastifyRequest): Promise<string> => {
          const user = String(request.session.user)
          await setImmediate()
          request.session.count = Number(request.session.count) + 1
          return user
        }
        scope.get('/text', count)
        scope.get('/stream', async (request, reply) => reply.send(Readable.from(chunks(await count(request)))))
        scope.get('/error', async (request) => { throw new Error(await count(request)) })
        scope.get('/hijacked', async (request, reply) => {
          const user = await count(request)
          reply.hijack()
          await request.session.save()
          reply.raw.end(user)
        })
        scope.get('/lost', async (request, reply) => {
          reply.hijack()
          reply.raw.end(await count(request))
        })
        scope.get('/untouched', async () => 'nobody')
      }
    }, () => {})
    const paths = ['/text', '/stream', '/error', '/hijacked', '/lost', '/untouched', '/nowhere']
    const asked = Array.from({ length: 210 }, (_, number) => ({ path: paths[number % 7] as string, user: `user ${number % 3}`, count: number }))
    const connection = await Connection.open(served.port)

    const answers = await Promise.all(asked.map(({ path, user, count }) => connection.ask({ path, cookie: cookieOf({ user, count }) })))
    await connection.close()

    asked.forEach(({ path, user, count }, index) => {
      const answer = answers[index] as Answer
      const isAsked = path !== '/untouched' && path !== '/nowhere'
      t.assert.strictEqual(answer.status, path === '/error' ? 500 : path === '/nowhere' ? 404 : 200)
      if (path === '/error') t.assert.strictEqual(JSON.parse(answer.body).message, user)
      else if (path !== '/nowhere') t.assert.strictEqual(answer.body, isAsked ? user : 'nobody')
      const isSaved = isAsked && path !== '/lost'
      t.assert.deepStrictEqual(sentIn(t, served.fastify, answer, false), { vary: isSaved ? 1 : 0, cookie: isSaved ? { user, count: count + 1 } : 'none' }, `${path} ${count}`)
    })
    t.assert.deepStrictEqual(unheard, [])
  })
})
