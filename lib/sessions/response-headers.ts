/**
 * The two headers that a session puts into a response.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import { append } from 'vary'

/** Adds `Cookie` to Vary, beside what is there and not twice; `*` stays `*`. */
export function addVary (reply: FastifyReply): void {
  const present = reply.getHeader('vary')
  reply.header('vary', present === undefined ? 'Cookie' : append(String(present), 'Cookie'))
}

/** Sets a cookie in the place of the one that the session sent before, if any; those of others stay. */
export function replaceSetCookie (reply: FastifyReply, previous: string | undefined, header: string): void {
  const present = previous === undefined ? [] : [reply.getHeader('set-cookie') ?? []].flat().map(String)
  const others = present.filter((cookie) => cookie !== previous)
  if (others.length < present.length) {
    reply.removeHeader('set-cookie')
    if (others.length > 0) reply.header('set-cookie', others)
  }
  reply.header('set-cookie', header)
}
