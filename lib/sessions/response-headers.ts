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

/** Sets a cookie in the place of the one that the session sent before, if any; those of others stay, also in the raw reply. */
export function replaceSetCookie (reply: FastifyReply, previous: string | undefined, header: string): void {
  const present = reply.getHeader('set-cookie')
  if (present === undefined) {
    reply.header('set-cookie', header)
    return
  }
  const others = [present].flat().map(String).filter((cookie) => cookie !== previous)
  reply.removeHeader('set-cookie')
  reply.header('set-cookie', others.length === 0 ? header : [...others, header])
}

/** Puts both headers into the raw reply too, for those who write their head to it. */
export function copyToRaw (reply: FastifyReply): void {
  for (const name of ['set-cookie', 'vary']) {
    const value = reply.getHeader(name)
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
}
