/**
 * A way to reply, and what its routes are made of.
 *
 * @module
 */

import type { Server } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { FastifyHttpOptions, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Ask } from '../client.ts'
import { silence } from './states.ts'
import type { Sent, StateName } from './states.ts'

/** Headers for a head that the way writes itself, in order; a name may be repeated. */
export type Head = Array<[name: string, value: string]>

/** What a way does with the session and with the headers of the application, at the place that the way is about. */
export type Act = (request: FastifyRequest, reply: FastifyReply) => Head

export interface Way {
  /** What the reply is. */
  name: string
  /** What is asked; `GET /way` if not otherwise. */
  ask?: Partial<Ask>
  server?: FastifyHttpOptions<Server>
  /** Hooks that run before the plugin's. */
  before? (fastify: FastifyInstance, act: Act): void
  /** The route and its hooks, in a scope registered after the plugin. */
  routes? (scope: FastifyInstance, act: Act): void
  status: number
  body?: string
  isCut?: boolean
  /** Whether the server closes the connection without announcing it in the head. */
  isClosing?: boolean
  /** Why HTTP/2 has no such way. */
  onlyHTTP1?: string
  /** Headers of others, as they must be in the response. */
  others?: Record<string, string[]>
  /** The Set-Cookie headers of others. */
  otherCookies?: string[]
  /** Where a reply differs from what is usual, and the reason. */
  except?: { why: string, sent: Partial<Record<StateName, Sent>>, warned?: StateName[] }
}

/** A reply that Fastify does not send. */
export const lost: NonNullable<Way['except']> = {
  why: 'Fastify has no onSend hook for a reply that it does not send: the log reports lost changes',
  sent: silence,
  warned: ['written', 'changed inside', 'emptied']
}

/** A handler for GET and POST. */
export function handle (scope: FastifyInstance, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): void {
  scope.route({ method: ['GET', 'POST'], url: '/way', handler: async (request, reply) => await handler(request, reply) })
}

/** The parts one after another; an error among them is thrown. */
export async function * chunks (...parts: Array<string | Error>): AsyncGenerator<string> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    yield part
    await setImmediate()
  }
}

export function webStream (...parts: Array<string | Error>): ReadableStream {
  const left = chunks(...parts)
  return new ReadableStream({
    async pull (controller) {
      const { value, done } = await left.next()
      if (done === true) controller.close()
      else controller.enqueue(Buffer.from(value))
    }
  })
}
