/**
 * The peers that run on Fastify, ours among them.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type * as Library from '../../lib/index.ts'
import type * as Stores from '../../lib/stores/index.ts'
import { Parts, Seen, Visit } from './parts.ts'
import { otherKey, payload, secretKey, sessionNames } from './payload.ts'
import type { Payload } from './payload.ts'
import type { ServerConfig } from './protocol.ts'
import type { BenchServer } from './server.ts'
import { untyped } from './untyped.ts'

type Result = object | Promise<object>

/** What each route does to a peer's session. `n` is another number each time. */
interface Work {
  read (request: FastifyRequest, reply: FastifyReply): Result
  readAll?: (request: FastifyRequest, reply: FastifyReply) => Result
  nestedRead (request: FastifyRequest, reply: FastifyReply): Result
  write (request: FastifyRequest, reply: FastifyReply, n: number): Result
  nestedWrite (request: FastifyRequest, reply: FastifyReply, n: number): Result
  refresh (request: FastifyRequest, reply: FastifyReply): Result
  login (request: FastifyRequest, reply: FastifyReply, data: Payload): Result
}

type Plugin = FastifyPluginCallback<any>

export async function fastifyServer (config: ServerConfig): Promise<BenchServer> {
  const fastify = Fastify()
  const work = await setUp(fastify, config)
  addRoutes(fastify, work)
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return { server: fastify.server, seed: (size, count) => seed(fastify, size, count) }
}

function addRoutes (fastify: FastifyInstance, work: Work): void {
  let n = 1_000_000
  fastify.get('/untouched', (_request, reply) => { reply.send({ user: 0 }) })
  const add = (path: string, handle: (request: FastifyRequest, reply: FastifyReply) => Result): void => {
    fastify.get(path, (request, reply) => {
      const result = handle(request, reply)
      if (result instanceof Promise) return result as Promise<object>
      reply.send(result)
      return undefined
    })
  }
  add('/read', (request, reply) => work.read(request, reply))
  add('/read-all', (request, reply) => (work.readAll ?? work.read)(request, reply))
  add('/nested-read', (request, reply) => work.nestedRead(request, reply))
  add('/write', (request, reply) => work.write(request, reply, ++n))
  add('/nested-write', (request, reply) => work.nestedWrite(request, reply, ++n))
  add('/refresh', (request, reply) => work.refresh(request, reply))
  for (const size of [110, 1000, 2980]) {
    const users = Array.from({ length: 100 }, (_, index) => payload(size, index))
    add(`/login/${size}`, (request, reply) => work.login(request, reply, users[++n % 100] as Payload))
  }
}

/** Cookies of sessions that were begun by logging in. */
async function seed (fastify: FastifyInstance, size: number, count: number): Promise<string[]> {
  const cookies: string[] = []
  while (cookies.length < count) {
    const { headers } = await fastify.inject({ url: `/login/${size}` })
    cookies.push([headers['set-cookie']].flat().map((cookie) => String(cookie).split(';', 1)[0]).join('; '))
    if (cookies.length % 100 === 0) await setImmediate()
  }
  return cookies
}

async function setUp (fastify: FastifyInstance, config: ServerConfig): Promise<Work> {
  switch (config.kind) {
    case 'cookie': return withCookie(fastify, false, config.hooks)
    case 'cookie-set': return withCookie(fastify, true)
    case 'secure-session': return withSecureSession(fastify, config)
    case 'fastify-session': return withFastifySession(fastify, config)
    case 'iron-session': return withIronSession()
    case 'parts': return withParts(fastify, config)
    case 'parts-seen': return withSeen(fastify)
    case 'ours': return withOurs(fastify, config)
    default: return bare
  }
}

const bare: Work = {
  read: () => ({ user: 0 }),
  nestedRead: () => ({ user: 0, items: 1 }),
  write: () => ({ user: 0 }),
  nestedWrite: () => ({ user: 0 }),
  refresh: () => ({ user: 0 }),
  login: () => ({ user: 0 })
}

/** The floor; `set` adds a cookie that is ready made, and Vary, to what would be written. */
async function withCookie (fastify: FastifyInstance, set: boolean, hooks = false): Promise<Work> {
  await fastify.register(await untyped<Plugin>('@fastify/cookie'))
  if (hooks) {
    fastify.addHook('onRequest', (_request, _reply, done) => { done() })
    fastify.addHook('onSend', (_request, _reply, _payload, done) => { done() })
  }
  if (!set) return bare
  const values = new Map([0, 110, 1000, 2980].map((size) => [size, 'x'.repeat(Math.ceil(size * 4 / 3) + 35)]))
  const options = Object.freeze({ path: '/', httpOnly: true })
  const write = (reply: FastifyReply, value: string): object => {
    (reply as unknown as { setCookie (name: string, value: string, options: object): void }).setCookie('session', value, options)
    reply.header('vary', 'Cookie')
    return { user: 0 }
  }
  const again = (request: FastifyRequest, reply: FastifyReply): object => {
    return write(reply, (request as unknown as { cookies: Record<string, string> }).cookies['session'] ?? '')
  }
  const sizes = new Map<Payload, string>()
  return {
    ...bare,
    write: again,
    nestedWrite: again,
    refresh: again,
    login: (_request, reply, data) => {
      let value = sizes.get(data)
      if (value === undefined) sizes.set(data, value = values.get(JSON.stringify(data).length) ?? '')
      return write(reply, value)
    }
  }
}

/** The parts of a session's work alone; a write follows a read that is remembered. */
async function withParts (fastify: FastifyInstance, { digest = 'sha512' }: ServerConfig): Promise<Work> {
  await withCookie(fastify, false, true)
  const parts = new Parts(digest)
  const remembered = new Map<string, Payload | undefined>()
  return {
    ...bare,
    read: (request, reply) => {
      const data = parts.open(request.headers.cookie ?? '')
      reply.header('vary', 'Cookie')
      return { user: data?.user_id ?? null }
    },
    write: (request, reply, n) => {
      const { cookie = '' } = request.headers
      if (!remembered.has(cookie)) remembered.set(cookie, parts.open(cookie))
      reply.header('set-cookie', parts.seal({ ...remembered.get(cookie) as Payload, visits: n }))
      reply.header('vary', 'Cookie')
      return { user: 0 }
    }
  }
}

/** The parts of the work for a cookie that came before. */
async function withSeen (fastify: FastifyInstance): Promise<Work> {
  await withCookie(fastify, false)
  const seen = new Seen()
  const slot = Symbol('visit')
  const visitOf = (request: FastifyRequest): Visit => (request as unknown as Record<symbol, Visit>)[slot] as Visit
  fastify.decorateRequest(slot, null)
  fastify.decorateRequest('session', { getter (this: FastifyRequest) { return visitOf(this).session as never } })
  fastify.addHook('onRequest', (request, _reply, done) => {
    (request as unknown as Record<symbol, Visit>)[slot] = new Visit(seen, request.headers.cookie ?? '')
    done()
  })
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    const visit = visitOf(request)
    if (visit.isRead) reply.header('vary', 'Cookie')
    else if (visit.isPermanent) throw new Error('there is nothing to be refreshed here')
    done()
  })
  return { ...bare, read: (request) => ({ user: request.session['user_id'] }) }
}

/** A session that has methods and properties, whoever made it. */
interface AnySession {
  get (key: string): any
  set (key: string, value: unknown): void
  touch (): void
  [key: string]: any
}

function sessionOf (request: FastifyRequest): AnySession {
  return (request as unknown as { session: AnySession }).session
}

async function withSecureSession (fastify: FastifyInstance, { sessions = 1 }: ServerConfig): Promise<Work> {
  await fastify.register(await untyped<Plugin>('@fastify/secure-session'), sessionNames.slice(0, sessions).map((sessionName) => (
    { sessionName, key: Buffer.from(secretKey), cookie: { path: '/', httpOnly: true } }
  )))
  return {
    read: (request) => ({ user: sessionOf(request).get('user_id') ?? null }),
    readAll: readAll(sessions, (session) => session.get('user_id')),
    nestedRead: (request) => ({ user: sessionOf(request).get('user_id'), items: sessionOf(request).get('cart').length }),
    write: (request, _reply, n) => {
      sessionOf(request).set('visits', n)
      return { user: 0 }
    },
    nestedWrite: (request, _reply, n) => {
      const cart = sessionOf(request).get('cart')
      cart[0].qty = n
      sessionOf(request).set('cart', cart)
      return { user: 0 }
    },
    refresh: (request) => {
      sessionOf(request).touch()
      return { user: 0 }
    },
    login: (request, _reply, data) => {
      for (const key of Object.keys(data)) sessionOf(request).set(key, data[key])
      return { user: 0 }
    }
  }
}

/** The memory store: the data stays in the process. */
async function withFastifySession (fastify: FastifyInstance, { refresh = false }: ServerConfig): Promise<Work> {
  await fastify.register(await untyped<Plugin>('@fastify/cookie'))
  await fastify.register(await untyped<Plugin>('@fastify/session'), {
    secret: secretKey, cookieName: 'session', cookie: { secure: false, maxAge: 2_678_400_000 }, saveUninitialized: false, rolling: refresh
  })
  return {
    read: (request) => ({ user: sessionOf(request).get('user_id') ?? null }),
    nestedRead: (request) => ({ user: sessionOf(request).get('user_id'), items: sessionOf(request).get('cart').length }),
    write: (request, _reply, n) => {
      sessionOf(request).set('visits', n)
      return { user: 0 }
    },
    nestedWrite: (request, _reply, n) => {
      sessionOf(request).get('cart')[0].qty = n
      return { user: 0 }
    },
    refresh: () => ({ user: 0 }),
    login: (request, _reply, data) => {
      // Its own copy: the store keeps the objects themselves.
      for (const key of Object.keys(data)) sessionOf(request).set(key, key === 'cart' ? structuredClone(data.cart) : data[key])
      return { user: 0 }
    }
  }
}

type Iron = Payload & { save (): Promise<void> }

async function withIronSession (): Promise<Work> {
  const { getIronSession } = await untyped<{ getIronSession (request: object, response: object, options: object): Promise<Iron> }>('iron-session')
  const options = { password: secretKey, cookieName: 'session', cookieOptions: { secure: false } }
  const open = (request: FastifyRequest, reply: FastifyReply): Promise<Iron> => getIronSession(request.raw, reply.raw, options)
  const change = async (request: FastifyRequest, reply: FastifyReply, by: (session: Iron) => void): Promise<object> => {
    const session = await open(request, reply)
    by(session)
    await session.save()
    return { user: 0 }
  }
  return {
    read: async (request, reply) => ({ user: (await open(request, reply)).user_id ?? null }),
    nestedRead: async (request, reply) => {
      const session = await open(request, reply)
      return { user: session.user_id, items: session.cart.length }
    },
    write: (request, reply, n) => change(request, reply, (session) => { session.visits = n }),
    nestedWrite: (request, reply, n) => change(request, reply, (session) => { (session.cart[0] ?? { qty: 0 }).qty = n }),
    refresh: (request, reply) => change(request, reply, () => {}),
    login: (request, reply, data) => change(request, reply, (session) => { Object.assign(session, data) })
  }
}

async function withOurs (fastify: FastifyInstance, config: ServerConfig): Promise<Work> {
  const { default: secureSession, nodeDigest, SecureCookieSessionInterface } = await import(config.lib ?? '') as typeof Library
  const { digest = 'sha512', refresh = true, sessions = 1, fallbacks = 0, maxCookieSize = 8192, remembered, parses = true, isConfigured = false, sealed = false, store = false, limits } = config
  const digestMethod = digest === 'node-sha512' ? nodeDigest('sha512') : digest
  if (!parses) await fastify.register(await untyped<Plugin>('@fastify/cookie'), { hook: false })
  if (isConfigured) {
    fastify.decorate('config', { PORT: 3000, SECRET_KEY: secretKey, MAX_COOKIE_SIZE: maxCookieSize, PERMANENT_SESSION_LIFETIME: 86_400 * 31, SESSION_COOKIE_SAMESITE: 'Lax', SESSION_COOKIE_SECURE: false })
  }
  const options: Library.SecureSessionOptions = {
    // Cookies are signed with the oldest key, so that all fallbacks are tried.
    secretKey: fallbacks === 0 ? secretKey : otherKey,
    secretKeyFallbacks: Array.from({ length: fallbacks }, (_, index) => index === 0 ? secretKey : `${otherKey}${index}`),
    ...(remembered === undefined ? { digestMethod, sealed } : { sessionInterface: Object.assign(new SecureCookieSessionInterface({ digestMethod }), { rememberedCookies: remembered }) }),
    refreshEachRequest: refresh,
    ...limits,
    maxCookieSize,
    sessions: sessions === 1 ? undefined : Array.from({ length: sessions }, (_, index) => ({ sessionName: nameOf(index) }))
  }
  if (store) {
    const { memoryStore } = await import((config.lib ?? '').replace(/index\.js$/, 'stores/index.js')) as typeof Stores
    await fastify.register(secureSession, { store: memoryStore({ max: 1_000_000 }), refreshEachRequest: refresh })
  } else await fastify.register(secureSession, isConfigured ? { digestMethod } : options)
  return {
    read: (request) => ({ user: request.session['user_id'] ?? null }),
    readAll: readAll(sessions, (session) => session['user_id']),
    nestedRead: (request) => ({ user: request.session['user_id'], items: request.session['cart'].length }),
    write: (request, _reply, n) => {
      request.session['visits'] = n
      return { user: 0 }
    },
    nestedWrite: (request, _reply, n) => {
      request.session['cart'][0].qty = n
      return { user: 0 }
    },
    // Nothing: the session is permanent.
    refresh: () => ({ user: 0 }),
    login: (request, _reply, data) => {
      for (const key of Object.keys(data)) request.session[key] = data[key]
      return { user: 0 }
    }
  }
}

function nameOf (index: number): string {
  return sessionNames[index] ?? `session${index}`
}

function readAll (sessions: number, read: (session: AnySession) => unknown): (request: FastifyRequest) => object {
  const names = Array.from({ length: sessions }, (_, index) => nameOf(index))
  return (request) => {
    let user: unknown = null
    for (const name of names) user = read((request as unknown as Record<string, AnySession>)[name] as AnySession) ?? null
    return { user }
  }
}
