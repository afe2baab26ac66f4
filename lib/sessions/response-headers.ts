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
  if (present === undefined) reply.header('vary', 'Cookie')
  else if (present !== 'Cookie') reply.header('vary', append(String(present), 'Cookie'))
}

/** Sets a cookie in the place of the one that the session sent before, if any; those of others stay, also in the raw reply. */
export function replaceSetCookie (reply: FastifyReply, previous: string | undefined, header: string): void {
  const present = reply.getHeader('set-cookie')
  if (present === undefined) {
    reply.header('set-cookie', header)
    return
  }
  // removeHeader takes those of the raw reply away, too.
  const all = new Set([...listOf(present), ...listOf(reply.raw.getHeader('set-cookie'))])
  const others = [...all].filter((cookie) => cookie !== previous)
  reply.removeHeader('set-cookie')
  reply.header('set-cookie', others.length === 0 ? header : [...others, header])
}

/**
 * Puts both headers into the raw reply too, for those who write their head to it. What others put there stays.
 *
 * @param previous - the cookie that the session put there before, if any
 */
export function copyToRaw (reply: FastifyReply, previous: string | undefined): void {
  const { raw } = reply
  const ours = listOf(reply.getHeader('set-cookie'))
  const others = listOf(raw.getHeader('set-cookie')).filter((cookie) => cookie !== previous && !ours.includes(cookie))
  if (ours.length > 0) raw.setHeader('set-cookie', [...others, ...ours])
  const vary = reply.getHeader('vary')
  if (vary !== undefined) raw.setHeader('vary', append(String(raw.getHeader('vary') ?? ''), String(vary)))
}

/**
 * Sets the headers among the arguments of a `writeHead`, so that others can be put beside them: writeHead itself would put
 * them in their place.
 *
 * @returns the other arguments
 */
export function setHeadersOf <T extends unknown[]> (args: T, raw: FastifyReply['raw']): T {
  const headers = args.at(-1)
  if (typeof headers !== 'object' || headers === null) return args
  const flat = Array.isArray(headers) ? headers as unknown[] : Object.entries(headers).flat(1)
  for (let i = 0; i < flat.length; i += 2) raw.setHeader(String(flat[i]), flat[i + 1] as string | string[])
  return args.slice(0, -1) as T
}

function listOf (header: number | string | string[] | undefined): string[] {
  return [header ?? []].flat().map(String)
}
