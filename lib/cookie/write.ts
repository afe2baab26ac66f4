/**
 * Writes the headers that a session puts into a response: Set-Cookie and Vary, and Cache-Control for one in a store.
 *
 * @module
 */

import { validateHeaderValue } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { deletionAttributes } from './attributes.ts'
import type { CookieAttributes } from './attributes.ts'
import { lookup } from '../lookup.ts'

/** The Set-Cookie values that sessions, not the application, put into a reply. */
const written = new WeakMap<FastifyReply, string[]>()

/** Replies that a session, not the application, made private. */
const marked = new WeakSet<FastifyReply>()

/** Characters that a cookie value can hold unencoded; `%` begins an encoded one. */
const cookieSafe = /^[!#$&-+\--:<-[\]-~]*$/

/** The session cookie of one response, whose value is not known yet. */
export class SessionCookie {
  readonly name: string
  readonly #fastify: FastifyInstance
  readonly #attributes: CookieAttributes
  /** The Set-Cookie value for an empty cookie. */
  readonly #empty: string
  /** The value that was encoded last: its length is checked before it is sent. */
  #value = ''
  #encodedValue = ''

  constructor (fastify: FastifyInstance, name: string, attributes: CookieAttributes) {
    this.name = name
    this.#fastify = fastify
    this.#attributes = attributes
    this.#empty = serialize(fastify, name, attributes)
  }

  /** Characters of the Set-Cookie value, without the value of the cookie. */
  get length (): number {
    return this.#empty.length
  }

  /** Characters of the Set-Cookie value. */
  lengthWith (value: string): number {
    return this.length + this.#encode(value).length
  }

  /** Puts the cookie into the reply. @param hasRivals - whether to delete older cookies of the name */
  send (reply: FastifyReply, value: string, hasRivals = false): void {
    const header = `${this.name}=${this.#encode(value)}${this.#empty.slice(this.name.length + 1)}`
    setCookies(reply, this.name, hasRivals ? [...this.#rivals(), header] : [header])
    addVary(reply)
  }

  /** Deletes the cookie: browsers match name, domain, path and partition. */
  delete (reply: FastifyReply, hasRivals = false): void {
    new SessionCookie(this.#fastify, this.name, deletionAttributes(this.#attributes)).send(reply, '', hasRivals)
  }

  #encode (value: string): string {
    if (value !== this.#value) {
      this.#value = value
      this.#encodedValue = encode(value)
    }
    return this.#encodedValue
  }

  /** Set-Cookie values that delete the cookies of a former domain or path. */
  #rivals (): string[] {
    const { domain, path, ...rest } = deletionAttributes(this.#attributes)
    const withoutPath: CookieAttributes = { ...rest, domain, path: undefined }
    const places = [withoutPath]
    if (domain !== undefined) places.push({ ...rest, domain: undefined, path })
    // Without Path, a browser takes the folder of the request, which may be below that of the cookie.
    if (path !== '/') places.push({ ...withoutPath, path: '/' })
    return places.map((place) => serialize(this.#fastify, this.name, place))
  }
}

/** A Set-Cookie value for an empty cookie. */
function serialize (fastify: FastifyInstance, name: string, attributes: CookieAttributes): string {
  // Each option is there, so that none is read from Object.prototype.
  return fastify.serializeCookie(name, '', { ...attributes, encode: undefined, priority: undefined } as object)
}

/** The encoded value. Skips percent-encoding for tokens: it takes time and changes nothing. */
function encode (value: string): string {
  return cookieSafe.test(value) ? value : encodeURIComponent(value)
}

/** Puts Set-Cookie values of one name into the reply, in place of those that a session put there; the others stay. */
function setCookies (reply: FastifyReply, name: string, headers: readonly string[]): void {
  const ours = written.get(reply) ?? []
  written.set(reply, [...ours, ...headers])
  const others = cookiesOf(reply).filter((header) => !(ours.includes(header) && nameOf(header) === name))
  // Also removes those of the raw reply.
  if (headerOf(reply, 'set-cookie') !== undefined) reply.removeHeader('set-cookie')
  const list = [...others, ...headers]
  if (list.length > 0) reply.header('set-cookie', list.length === 1 ? list[0] : list)
}

/** Removes from the reply a cookie that a session put there before. */
export function withdrawCookie (reply: FastifyReply, name: string): void {
  if (written.has(reply)) setCookies(reply, name, [])
}

/** Whether a session has put a cookie into the reply. */
export function hasOwnCookie (reply: FastifyReply): boolean {
  return written.has(reply)
}

/** The warning about a session that is sent beside a cookie for which {@link hasOtherCookie} is true. */
export function besideAnother ({ method, routeOptions: { url = 'without a route' } }: FastifyRequest): string {
  return `a response of ${method} ${url} has a Set-Cookie of the name of the session cookie that the session did not ` +
    'write, such as that of an upstream. The changed session is sent after it, and browsers keep the last one of the ' +
    'same domain and path, so that a login or logout in the other is lost. Do not change the session there, or set ' +
    'session.modified = false'
}

/** Whether the application, or an upstream, has put a cookie of that name into the reply. */
export function hasOtherCookie (reply: FastifyReply, name: string): boolean {
  const ours = written.get(reply)
  return cookiesOf(reply).some((header) => nameOf(header) === name && ours?.includes(header) !== true)
}

/** The Set-Cookie values of the reply and of the raw reply, each once. */
function cookiesOf (reply: FastifyReply): string[] {
  const present = headerOf(reply, 'set-cookie')
  // If only the raw reply has some, the reply gives those.
  if (present === undefined) return []
  return [...new Set([...listOf(present), ...listOf(reply.raw.getHeader('set-cookie'))])]
}

/** A header of the reply, or else of the raw reply. `getHeader` alone may give what Object.prototype has. */
function headerOf (reply: FastifyReply, name: string): number | string | string[] | undefined {
  const value = reply.getHeader(name)
  if (value === undefined || value !== (Object.prototype as Record<string, unknown>)[name]) return value
  return lookup(reply.getHeaders(), name) as string | undefined
}

/** Calls the getter of the prototype: @fastify/express sets a `headersSent` on the response that is true too early. */
export function areHeadersSent ({ raw }: Pick<FastifyReply, 'raw'>): boolean {
  return Reflect.get(Object.getPrototypeOf(raw), 'headersSent', raw) === true
}

/** Puts the headers that an error asks for into the reply, as Fastify's own error handler does. */
export function addHeadersOf (error: unknown, reply: FastifyReply): void {
  if (typeof error !== 'object' || error === null) return
  const headers = lookup(error, 'headers') as Record<string, string> | undefined
  if (headers !== undefined && reply.statusCode === lookup(error, 'statusCode')) reply.headers(headers)
}

/** Adds `Cookie` to Vary if it is missing; `*` stays `*`. */
export function addVary (reply: FastifyReply): void {
  const present = headerOf(reply, 'vary')
  if (present === undefined) reply.header('vary', 'Cookie')
  else if (present !== 'Cookie') reply.header('vary', mergeVary(present, 'Cookie'))
}

/** Keeps a response out of shared caches, unless the application has said how it may be cached. */
export function addPrivate (reply: FastifyReply): void {
  if (headerOf(reply, 'cache-control') !== undefined) return
  reply.header('cache-control', 'private')
  marked.add(reply)
}

/**
 * Sets a header of the raw reply, but keeps a Set-Cookie or Vary that the application put there: the headers of a
 * session must not replace them.
 */
export function setRawHeader (raw: FastifyReply['raw'], name: string, values: readonly string[]): void {
  const key = name.toLowerCase()
  if (key === 'vary') raw.setHeader(name, mergeVary(raw.getHeader(name) ?? '', values.join()))
  else if (key === 'set-cookie') raw.setHeader(name, [...new Set([...listOf(raw.getHeader(name)), ...values])])
  else raw.setHeader(name, values.length === 1 ? values[0] as string : values)
}

/**
 * Copies Set-Cookie, Vary and Cache-Control of a session into the raw reply, for code that writes the head itself.
 * Other cookies there stay. Leaves out values that Node.js would refuse: such code may never send the reply's headers.
 */
export function copyToRaw (reply: FastifyReply): void {
  const { raw } = reply
  const sent = listOf(headerOf(reply, 'set-cookie')).filter(isHeaderValue)
  const ours = written.get(reply)
  const present = listOf(raw.getHeader('set-cookie'))
  const others = present.filter((header) => ours?.includes(header) !== true && !sent.includes(header))
  if (sent.length > 0) raw.setHeader('set-cookie', [...others, ...sent])
  const vary = headerOf(reply, 'vary')
  const names = listOf(vary).join().split(',').filter(isHeaderValue)
  if (marked.has(reply) && raw.getHeader('cache-control') === undefined) raw.setHeader('cache-control', 'private')
  if (vary !== undefined) raw.setHeader('vary', mergeVary(raw.getHeader('vary') ?? '', names))
}

/**
 * The names of two Vary headers, each once. Empty names, which proxies may leave behind, are dropped.
 *
 * The package `vary` throws for invalid names. Here they may come from an upstream, and throwing would end the process.
 */
function mergeVary (present: number | string | string[], added: number | string | string[]): string {
  const names = new Map<string, string>()
  for (const name of `${String(present)},${String(added)}`.split(',').map((text) => text.trim())) {
    if (name === '*') return '*'
    if (name !== '' && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name)
  }
  return [...names.values()].join(', ')
}

function isHeaderValue (value: string): boolean {
  try {
    validateHeaderValue('x', value)
    return true
  } catch {
    return false
  }
}

function nameOf (header: string): string {
  return header.slice(0, Math.max(0, header.indexOf('='))).trim()
}

function listOf (header: number | string | string[] | undefined): string[] {
  return [header ?? []].flat().map(String)
}
