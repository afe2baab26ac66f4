/**
 * What handlers send: values, bodies, and streams of both kinds.
 *
 * @module
 */

import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { chunks, handle, webStream } from './way.ts'
import type { Way } from './way.ts'

export const waysOfHandlers: Way[] = [
  { name: 'an object', status: 200, body: '{"a":1}', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return { a: 1 } }) },
  { name: 'bytes', status: 200, body: 'bytes', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return Buffer.from('bytes') }) },
  { name: 'nothing', status: 200, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send() }) },
  {
    name: 'text from a handler with a callback',
    status: 200,
    body: 'text',
    routes: (scope, act) => {
      scope.get('/way', (request, reply) => {
        act(request, reply)
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
          act(request, reply)
          reply.send('later')
        }, () => {})
      })
    }
  },
  { name: 'a redirect', status: 302, others: { location: ['/elsewhere'] }, routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.redirect('/elsewhere') }) },
  { name: 'a response to HEAD', ask: { method: 'HEAD' }, status: 200, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return 'not sent' }) },
  { name: '304', status: 304, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.code(304).send() }) },
  { name: '204', status: 204, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.code(204).send() }) },
  { name: 'a response with trailers', onlyHTTP1: 'Fastify sends trailers with chunks', status: 200, body: 'text', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.trailer('x-check', (_reply, _payload, done) => done(null, 'ok')).send('text') }) },
  {
    name: 'a response behind early hints',
    status: 200,
    body: 'text',
    routes: (scope, act) => handle(scope, (request, reply) => {
      reply.raw.writeEarlyHints({ link: '</style.css>; rel=preload' })
      act(request, reply)
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
      act(request, reply)
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
      act(request, reply)
      return 'text'
    })
  },
  { name: 'an answer to Expect: 100-continue', onlyHTTP1: 'its client sends no Expect here', ask: { body: '{}', headers: { Expect: '100-continue' } }, status: 200, body: 'text', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return 'text' }) },
  { name: 'an answer to Connection: close', onlyHTTP1: 'no header of HTTP/2 is about the connection', ask: { headers: { Connection: 'close' } }, status: 200, body: 'text', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return 'text' }) },

  // streams
  { name: 'a stream', status: 200, body: 'onetwo', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(Readable.from(['one', 'two'])) }) },
  { name: 'an async iterator', status: 200, body: 'onetwo', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(Readable.from(chunks('one', 'two'))) }) },
  { name: 'a stream in a HEAD response', ask: { method: 'HEAD' }, status: 200, body: '', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(Readable.from(['one', 'two'])) }) },
  {
    name: 'a web Response',
    status: 202,
    body: 'web',
    others: { 'x-web': ['1'] },
    routes: (scope, act) => handle(scope, (request, reply) => {
      const head = act(request, reply)
      return reply.send(new Response('web', { status: 202, headers: [['x-web', '1'], ...head] }))
    })
  },
  {
    name: 'a web Response with a cookie of its own',
    status: 200,
    body: 'web',
    otherCookies: ['web=1'],
    routes: (scope, act) => handle(scope, (request, reply) => {
      act(request, reply)
      return new Response('web', { headers: { 'set-cookie': 'web=1' } })
    })
  },
  { name: 'a web stream', status: 200, body: 'onetwo', routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(webStream('one', 'two')) }) },
  { name: 'a stream that fails at once', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(Readable.from(chunks(new Error('at once')))) }) },
  { name: 'a stream that fails in its middle', status: 200, body: 'one', isCut: true, routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(Readable.from(chunks('one', new Error('in the middle')))) }) },
  { name: 'a web stream that fails in its middle', status: 200, body: 'one', isCut: true, routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(webStream('one', new Error('in the middle'))) }) }
]
