/**
 * Replies that Fastify does not send: hijacked ones, raw ones, and refusals from before any hook.
 *
 * @module
 */

import { silence, plain } from './states.ts'
import { handle, lost } from './way.ts'
import type { Head, Way } from './way.ts'

/** The headers by name; a name that is repeated has a list. */
export function objectOf (head: Head): Record<string, string[] | string> {
  const names = [...new Set(head.map(([name]) => name))]
  return Object.fromEntries(names.map((name) => {
    const values = head.filter(([other]) => other === name).flatMap(([, value]) => value)
    return [name, values.length === 1 ? values[0] as string : values]
  }))
}

/** What is given to `writeHead` after the status. */
const heads: Record<string, (head: Head) => unknown[]> = {
  'an object': (head) => [objectOf([['x-raw', '1'], ...head])],
  'an object after a message': (head) => ['Fine', objectOf(head)],
  'a list of names and values': (head) => [[['x-raw', '1'], ...head].flat()],
  'a status alone': () => []
}

/** A reply into which `session.save()` puts the session. */
export const saved: NonNullable<Way['except']> = {
  why: 'save() reads the session and sends its cookie, changed or not',
  sent: { unread: { vary: 1, cookie: plain }, read: { vary: 1, cookie: plain } }
}

export const waysPastFastify: Way[] = [
  { name: 'a hijacked reply', status: 200, body: 'raw', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); reply.hijack(); reply.raw.end('raw') }), except: lost },
  { name: 'a hijacked reply with a head of its own', status: 201, body: 'raw', others: { 'x-raw': ['1'] }, routes: (scope, act) => handle(scope, (request, reply) => { reply.hijack(); reply.raw.writeHead(201, objectOf([['x-raw', '1'], ...act(request, reply)])).end('raw') }), except: lost },
  { name: 'a raw reply that was not hijacked', status: 201, body: 'raw', routes: (scope, act) => handle(scope, (request, reply) => { reply.raw.writeHead(201, objectOf(act(request, reply))).end('raw') }), except: lost },
  ...(['before', 'after'] as const).map((when): Way => ({
    name: `a hijacked reply with session.save() ${when} it`,
    status: 200,
    body: 'raw',
    routes: (scope, act) => handle(scope, async (request, reply) => {
      act(request, reply)
      if (when === 'after') reply.hijack()
      await request.session.save()
      if (when === 'before') reply.hijack()
      reply.raw.end('raw')
    }),
    except: saved
  })),
  ...Object.entries(heads).map(([what, argumentsOf]): Way => ({
    name: `a hijacked reply with session.save() and a head that is ${what}`,
    status: 201,
    body: 'raw',
    routes: (scope, act) => handle(scope, async (request, reply) => {
      const head = act(request, reply)
      await request.session.save()
      reply.hijack()
      Reflect.apply(reply.raw.writeHead, reply.raw, [201, ...argumentsOf(head)])
      reply.raw.end('raw')
    }),
    except: saved
  })),

  // before Fastify
  {
    name: 'the refusal of a URL that cannot be decoded',
    ask: { path: '/%zz' },
    status: 400,
    before: (fastify, act) => { fastify.addHook('onRequest', async (request, reply) => { if (request.url === '/%zz') act(request, reply) }) },
    except: { why: 'Fastify answers without any hook', sent: silence }
  },
  {
    name: 'the refusal of a parameter of the path that is too long',
    ask: { path: '/parameter/toolong' },
    server: { routerOptions: { maxParamLength: 5 } },
    status: 414,
    routes: (scope) => { scope.get('/parameter/:name', async () => 'never') },
    except: { why: 'Fastify answers without any hook', sent: silence }
  },
  {
    name: 'the refusal of what is no HTTP',
    onlyHTTP1: 'its client cannot say it',
    ask: { raw: 'GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n' },
    status: 400,
    isClosing: true,
    except: { why: 'no request comes of it', sent: silence }
  },
  {
    name: 'the refusal of a header of 20 KiB',
    onlyHTTP1: 'HTTP/2 has another limit, and ends the stream without an answer',
    ask: { headers: { 'X-Large': 'x'.repeat(20 * 1024) } },
    status: 431,
    isClosing: true,
    except: { why: 'no request comes of it', sent: silence }
  },
  {
    name: 'the refusal of a request that takes too long',
    onlyHTTP1: 'Node.js has no requestTimeout for HTTP/2',
    ask: { body: '{}', headers: { 'Content-Length': '3' } },
    server: { http: { connectionsCheckingInterval: 10 } },
    status: 408,
    isClosing: true,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request, reply) => {
        act(request, reply)
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
