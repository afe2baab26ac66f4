/**
 * An application with sessions that can be ended, in a process of its own: `server.ts REDIS_PORT CACHE_FOR`.
 *
 * @module
 */

import Fastify from 'fastify'
import secureSession from '../../lib/index.ts'
import { redisStore } from '../../lib/stores/index.ts'
import { secretKey } from '../helpers.ts'
import { clients } from '../stores/redis-clients.ts'
import type { Connect } from '../stores/redis-clients.ts'
import { RedisServer } from '../stores/redis-server.ts'

const [redisPort, cacheFor] = process.argv.slice(2).map(Number)
const server = new RedisServer()
server.port = redisPort as number
const { client, close } = await (clients['ioredis'] as Connect)(server)

const app = Fastify()
await app.register(secureSession, {
  secretKey, revocation: { store: redisStore(client), user: (session) => session['user_id'], cacheFor: cacheFor as number }
})
app.get('/me', async ({ session }) => ({ user: session['user_id'] ?? null }))
app.post<{ Params: { user: string } }>('/login/:user', async ({ session, params, url }) => {
  await session.regenerate()
  session['user_id'] = params.user
  // A permanent session is refreshed with each response, and to refresh it the store is asked each time.
  session.permanent = !url.endsWith('?once')
  return {}
})
app.post('/logout', async ({ session }) => {
  session.clear()
  return {}
})
app.post<{ Params: { user: string } }>('/logout-everywhere/:user', async ({ params }) => {
  await app.endSessions(params.user)
  return {}
})
app.addHook('onClose', () => close())
await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.((app.server.address() as { port: number }).port)
process.once('disconnect', () => { app.close().then(() => process.exit(), () => process.exit(1)) })
