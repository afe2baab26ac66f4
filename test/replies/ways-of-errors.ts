/**
 * Errors of the application and of Fastify, and requests that no route is for.
 *
 * @module
 */

import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { handle } from './way.ts'
import type { Way } from './way.ts'

export const waysOfErrors: Way[] = [
  { name: 'an error that is thrown', status: 500, routes: (scope, act) => { scope.get('/way', (request, reply) => { act(request, reply); throw new Error('thrown') }) } },
  {
    name: 'an error after a wait',
    status: 409,
    routes: (scope, act) => handle(scope, async (request, reply) => {
      act(request, reply)
      await setImmediate()
      throw Object.assign(new Error('late'), { statusCode: 409 })
    })
  },
  { name: 'an error that is sent', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.send(new Error('sent')) }) },
  {
    name: 'an error in a preHandler hook',
    status: 500,
    routes: (scope, act) => {
      scope.addHook('preHandler', async (request, reply) => { act(request, reply); throw new Error('in the hook') })
      handle(scope, () => 'never')
    }
  },
  {
    name: 'the answer of an error handler',
    status: 418,
    body: 'handled',
    routes: (scope, act) => {
      scope.setErrorHandler((_error, request, reply) => { act(request, reply); reply.code(418).send('handled') })
      handle(scope, () => { throw new Error('to be handled') })
    }
  },
  {
    name: 'an error in the error handler',
    status: 500,
    routes: (scope, act) => {
      scope.setErrorHandler((_error, request, reply) => { act(request, reply); throw new Error('once more') })
      handle(scope, () => { throw new Error('to be handled') })
    }
  },
  {
    name: 'an error, after an onError hook',
    status: 500,
    routes: (scope, act) => {
      scope.addHook('onError', async (request, reply) => act(request, reply))
      handle(scope, () => { throw new Error('thrown') })
    }
  },
  {
    name: 'an error in a later onSend hook',
    status: 500,
    routes: (scope, act) => {
      scope.addHook('onSend', async (_request, reply) => { if (reply.statusCode === 200) throw new Error('in onSend') })
      handle(scope, (request, reply) => { act(request, reply); return 'text' })
    }
  },
  { name: 'an error of the serializer', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.serializer(() => { throw new Error('in the serializer') }).send({ a: 1 }) }) },
  { name: 'an error for a value that is no payload', status: 500, routes: (scope, act) => handle(scope, (request, reply) => { act(request, reply); return reply.type('text/plain').send({ a: 1 }) }) },
  {
    name: 'an error for a body that is no JSON',
    ask: { body: '{' },
    status: 400,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request, reply) => act(request, reply))
      handle(scope, () => 'never')
    }
  },
  {
    name: 'an error for a body of an unknown type',
    ask: { body: '<a/>', headers: { 'Content-Type': 'text/xml' } },
    status: 415,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request, reply) => act(request, reply))
      handle(scope, () => 'never')
    }
  },
  {
    name: 'an error for a body that is too large',
    ask: { body: `"${'x'.repeat(200)}"` },
    server: { bodyLimit: 100 },
    status: 413,
    routes: (scope, act) => {
      scope.addHook('onRequest', async (request, reply) => act(request, reply))
      handle(scope, () => 'never')
    }
  },
  {
    name: 'an error of validation',
    ask: { body: '{"number":"none"}' },
    status: 400,
    routes: (scope, act) => {
      scope.addHook('preValidation', async (request, reply) => act(request, reply))
      scope.post('/way', { schema: { body: { type: 'object', properties: { number: { type: 'integer' } } } } }, async () => 'never')
    }
  },
  {
    name: 'the error of a handler that takes too long',
    status: 503,
    routes: (scope, act) => {
      scope.get('/way', { handlerTimeout: 10 }, async (request, reply) => {
        act(request, reply)
        await once(reply.raw, 'finish')
        return 'too late'
      })
    }
  },

  // not found
  { name: '404', ask: { path: '/nowhere' }, status: 404, before: (fastify, act) => { fastify.addHook('onRequest', async (request, reply) => { if (request.url === '/nowhere') act(request, reply) }) } },
  {
    name: 'the answer of a not-found handler',
    ask: { path: '/scope/nowhere' },
    status: 404,
    body: 'nothing here',
    routes: (scope, act) => {
      scope.register(async (inner) => {
        inner.setNotFoundHandler((request, reply) => { act(request, reply); reply.code(404).send('nothing here') })
      }, { prefix: '/scope' })
    }
  },
  {
    name: 'the answer of the not-found handler of the whole application',
    ask: { path: '/nowhere' },
    status: 404,
    body: 'nothing here',
    before: (fastify, act) => { fastify.setNotFoundHandler((request, reply) => { act(request, reply); reply.code(404).send('nothing here') }) }
  },
  { name: 'the answer of callNotFound', status: 404, routes: (scope, act) => { scope.get('/way', (request, reply) => { act(request, reply); reply.callNotFound() }) } }
]
