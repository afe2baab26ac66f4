/**
 * Ways to reply with headers that neither a handler nor Fastify made: arguments of `writeHead` in each form that Node.js reads,
 * and the answers of an upstream.
 *
 * @module
 */

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { handle } from '../../replies/way.ts'
import type { Head, Way } from '../../replies/way.ts'
import { objectOf, saved } from '../../replies/ways-past-fastify.ts'

// Its types import those of ws, which are not installed.
const fastifyHttpProxy = createRequire(import.meta.url)('@fastify/http-proxy') as FastifyPluginAsync<Record<string, unknown>>

/** What is given to `writeHead` after the status. */
const forms: Record<string, (head: Head) => unknown[]> = {
  'an object': (head) => [objectOf(head)],
  'a flat list': (head) => [head.flat()],
  'a list of pairs': (head) => [head],
  'a message and an object': (head) => ['Fine', objectOf(head)],
  'a message and a flat list': (head) => ['Fine', head.flat()],
  'a message and a list of pairs': (head) => ['Fine', head],
  'an undefined message and an object': (head) => [undefined, objectOf(head)],
  'an object and undefined': (head) => [objectOf(head), undefined],
  'a flat list and undefined': (head) => [head.flat(), undefined]
}

const waysOfForms = Object.entries(forms).map(([form, argumentsOf]): Way => ({
  name: `writeHead with ${form}`,
  status: 201,
  routes: (scope, act) => handle(scope, async (request, reply) => {
    const head = act(request, reply)
    await request.session.save()
    reply.hijack()
    const { raw } = reply
    try {
      Reflect.apply(raw.writeHead, raw, [201, ...argumentsOf(head)])
      raw.end('raw')
    } catch (error) {
      raw.statusCode = 500
      raw.end((error as { code: string }).code)
    }
  }),
  except: saved
}))

/** A server that answers with a head of the campaign. @returns its origin */
async function upstreamOf (scope: FastifyInstance, headOf: () => Head): Promise<string> {
  const upstream = createServer((_request, response) => {
    try {
      response.writeHead(200, headOf().flat())
      response.end('upstream')
    } catch (error) {
      response.statusCode = 502
      response.end((error as { code: string }).code)
    }
  })
  scope.addHook('onClose', async () => {
    upstream.closeAllConnections()
    upstream.close()
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
}

const waysOfUpstreams: Way[] = [
  {
    name: 'an upstream through @fastify/http-proxy',
    status: 200,
    routes: async (scope, act) => {
      let head: Head = []
      const upstream = await upstreamOf(scope, () => head)
      const preHandler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => { head = act(request, reply) }
      await scope.register(fastifyHttpProxy, { upstream, prefix: '/way', preHandler })
    }
  },
  {
    name: 'the Response of a fetch',
    status: 200,
    routes: async (scope, act) => {
      let head: Head = []
      const upstream = await upstreamOf(scope, () => head)
      handle(scope, (request, reply) => {
        head = act(request, reply)
        return fetch(upstream)
      })
    }
  }
]

export const moreWays: readonly Way[] = [...waysOfForms, ...waysOfUpstreams]
