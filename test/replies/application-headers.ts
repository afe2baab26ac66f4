/**
 * Headers of the application: where it puts them, and which of them are missing in a response.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import { headerOf } from '../client.ts'
import type { Answer } from '../client.ts'
import type { Head } from './way.ts'

/** Names and values. Their types are what `reply.header` takes, but a campaign may hand in anything. */
export type Headers = Array<[name: string, value: string | string[]]>

/** Headers of the application. */
export interface Given {
  /** Set with `reply.header`. */
  reply?: Headers
  /** Set with `reply.raw.setHeader`. */
  raw?: Headers
  /** Written by the ways that write a head themselves. */
  head?: Head
}

/** Sets the headers. @returns those of the head */
export function put (reply: FastifyReply, headers: Given): Head {
  for (const [name, value] of headers.reply ?? []) reply.header(name, value)
  for (const [name, value] of headers.raw ?? []) reply.raw.setHeader(name, value)
  return headers.head ?? []
}

/** The parts of a header that commas separate. */
export function split (answer: Answer, name: string): string[] {
  return headerOf(answer, name).join(',').split(',').map((part) => part.trim()).filter((part) => part !== '')
}

/** All that is in the first list and not in the second, counting what is repeated. */
export function missing (wanted: readonly string[], there: readonly string[]): string[] {
  const left = [...there]
  return wanted.filter((value) => {
    const at = left.indexOf(value)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}
