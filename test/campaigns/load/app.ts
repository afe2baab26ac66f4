/**
 * The application under load. Its handlers wait now and then, so that requests overlap, and answer with all that they see.
 *
 * @module
 */

import { setImmediate, setTimeout } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Session } from '../../../lib/index.ts'

/** What the session of a user holds. */
export interface UserData {
  _permanent?: boolean
  user?: string
  visits?: number
  cart?: { items: number[] }
  flashes?: string[]
}

/** What a second session holds. */
export interface AdminData {
  level?: number
}

/** What every handler answers. */
export interface Seen {
  /** Who it was before the handler waited. */
  before: string | null
  session: UserData
  admin: AdminData
  flashes?: string[]
}

/** The routes read and write two sessions, `session` and `admin`, as far as the second is registered. */
export function addRoutes (fastify: FastifyInstance, pauses: () => number | undefined): void {
  const pause = async (): Promise<void> => {
    const ms = pauses()
    if (ms === 0) await setImmediate()
    else if (ms !== undefined) await setTimeout(ms)
  }
  const route = (method: 'GET' | 'POST', url: string, act: (session: Session<UserData>, request: FastifyRequest) => Partial<Seen> | void): void => {
    fastify.route({
      method,
      url,
      handler: async (request): Promise<Seen> => {
        const session = request.session as Session<UserData>
        const before = session.user ?? null
        await pause()
        const found = act(session, request)
        await pause()
        return { before, session: session.data(), admin: adminOf(request)?.data() ?? {}, ...found }
      }
    })
  }

  route('GET', '/all', () => {})
  route('POST', '/login', (session, request) => {
    const { user, permanent } = request.body as { user: string, permanent: boolean }
    session.regenerate()
    session.update({ user, visits: 1, cart: { items: [] } })
    if (permanent) session.permanent = true
  })
  route('POST', '/visit', (session) => { session.visits = (session.visits ?? 0) + 1 })
  route('POST', '/cart', (session, request) => {
    const { item } = request.body as { item: number }
    session.setDefault('cart', { items: [] }).items.push(item)
  })
  route('POST', '/flash', (session, request) => {
    const { message } = request.body as { message: string }
    session.set('flashes', [...session.get('flashes') ?? [], message])
  })
  route('POST', '/flashes', (session) => ({ flashes: session.pop('flashes') ?? [] }))
  route('POST', '/level', (_session, request) => { adminOf(request)?.set('level', (request.body as { level: number }).level) })
  route('POST', '/logout', (session) => session.clear())
  fastify.post('/fail', async (request) => {
    const session = request.session as Session<UserData>
    await pause()
    session.visits = (session.visits ?? 0) + 1
    await pause()
    throw new Error(`of ${session.user}`)
  })
  fastify.get('/me', async (request) => {
    const { user } = request.session
    await pause()
    return { user: user ?? null, visits: request.session.visits ?? null }
  })
  fastify.get('/untouched', async () => {
    await pause()
    return 'nobody was asked'
  })
}

function adminOf (request: FastifyRequest): Session<AdminData> | undefined {
  return (request as unknown as { admin?: Session<AdminData> }).admin
}
