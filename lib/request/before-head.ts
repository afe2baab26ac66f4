/**
 * The moment before the head of the response is written.
 *
 * Nothing here throws, but for what `writeHead` itself throws: an error would end the process.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import { areHeadersSent, setRawHeader } from '../cookie/write.ts'

type Raw = FastifyReply['raw']

/**
 * Calls the listener right before the head of the response is written, and reports what it throws. Fastify has no hook
 * for that moment: a handler may hijack the reply, and the headers of a `Response` are set after onSend.
 *
 * The package `on-headers` does the same, but loses one of two cookies that come as a list of pairs, and the headers
 * behind an `undefined` status message.
 */
export function beforeHead (raw: Raw, listener: () => void, report: (error: unknown) => void): void {
  const { writeHead } = raw
  const writeHeadOnce = ((...args: Parameters<typeof writeHead>) => {
    raw.writeHead = writeHead
    let rest = args
    try {
      rest = setHeadersOf(args, raw)
      listener()
    } catch (error) {
      report(error)
    }
    try {
      return writeHead.apply(raw, rest)
    } catch (error) {
      // A head that Node.js refused may have replaced headers of the session, and another head may follow.
      if (!areHeadersSent({ raw })) raw.writeHead = writeHeadOnce
      throw error
    }
  }) as typeof writeHead
  raw.writeHead = writeHeadOnce
}

/**
 * Sets the headers among the arguments of a `writeHead`, which itself would replace those that the listener adds.
 *
 * @returns the other arguments
 */
function setHeadersOf <T extends unknown[]> (args: T, raw: Raw): T {
  const at = args.findLastIndex((arg) => typeof arg === 'object' && arg !== null)
  if (at === -1) return args
  // HTTP/2 refuses two Content-Type. So of two spellings of a name in an object, the last one counts there.
  const isRepeatable = Array.isArray(args[at]) || raw.req.httpVersionMajor < 2
  const headers = new Map<string, { name: string, values: unknown[] }>()
  for (const [name, value] of pairsOf(args[at] as object)) {
    const key = name.toLowerCase()
    const values = isRepeatable ? headers.get(key)?.values ?? [] : []
    headers.set(key, { name, values: [...values, ...[value].flat()] })
  }
  for (const { name, values } of headers.values()) {
    // Node.js refuses an absent value, but not a list that contains one. Set alone, it is refused.
    const absent = values.find((value) => value === undefined || value === null)
    if (values.includes(absent)) raw.setHeader(name, absent as never)
    else setRawHeader(raw, name, values as string[])
  }
  // HTTP/2 would take a null, which stands for no status message, for the headers.
  return args.slice(0, at).filter((arg) => arg !== null) as T
}

/** The headers of an object, a list of pairs, or a flat list of names and values. */
function pairsOf (headers: object): Array<[name: string, value: unknown]> {
  if (!Array.isArray(headers)) return Object.entries(headers)
  if (headers.every(Array.isArray)) return headers.map(([name, value]) => [String(name), value])
  const pairs: Array<[string, unknown]> = []
  for (let i = 0; i < headers.length; i += 2) pairs.push([String(headers[i]), headers[i + 1]])
  return pairs
}
