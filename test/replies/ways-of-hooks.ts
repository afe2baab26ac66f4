/**
 * Replies of hooks, and replies of handlers that a hook follows.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { handle } from './way.ts'
import type { Way } from './way.ts'

const notBegun: Way['except'] = { why: 'a session that nobody looked at has not begun yet', sent: { refreshed: { vary: 0, cookie: 'none' } } }

export const waysOfHooks: Way[] = [
  ...(['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const).map((hook): Way => ({
    name: `a reply from a hook: ${hook}`,
    ask: { body: '{}' },
    status: 403,
    body: 'no',
    routes: (scope, act) => {
      // an async hook that replied gives the reply back; preParsing has one argument more
      scope.addHook(hook as 'onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
        act(request, reply)
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
        act(request, reply)
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
      fastify.addHook('onRequest', async (request, reply) => {
        if (request.url !== '/way') return
        act(request, reply)
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
      scope.addHook('preSerialization', async (request, reply, payload) => { act(request, reply); return payload })
      handle(scope, () => ({ a: 1 }))
    }
  },
  {
    name: 'a reply after an onSend hook before the plugin',
    status: 200,
    body: 'text',
    before: (fastify, act) => { fastify.addHook('onSend', async (request, reply, payload) => { if (request.url === '/way') act(request, reply); return payload }) },
    routes: (scope) => handle(scope, () => 'text')
  },
  {
    name: 'a reply after an onSend hook behind the plugin',
    status: 200,
    body: 'text',
    routes: (scope, act) => {
      scope.addHook('onSend', async (request, reply, payload) => { act(request, reply); return payload })
      handle(scope, () => 'text')
    }
  }
]
