/**
 * cookie-session on plain node:http.
 *
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { payload, secretKey } from './payload.ts'
import type { Payload } from './payload.ts'
import type { BenchServer } from './server.ts'
import { untyped } from './untyped.ts'

type Handler = (session: Payload) => object
type Middleware = (request: object, response: object, next: () => void) => void
interface Carrier { session: Payload }

export async function nodeServer (): Promise<BenchServer> {
  const cookieSession = await untyped<(options: object) => Middleware>('cookie-session')
  const middleware = cookieSession({ name: 'session', keys: [secretKey] })
  let count = 0
  const routes: Record<string, Handler> = {
    '/untouched': () => ({ user: 0 }),
    '/read': (session) => ({ user: session.user_id ?? null }),
    '/nested-read': (session) => ({ user: session.user_id, items: session.cart.length }),
    '/write': (session) => {
      session.visits = 1_000_000 + ++count
      return { user: session.user_id }
    },
    '/nested-write': (session) => {
      (session.cart[0] ?? { qty: 0 }).qty = 1_000_000 + ++count
      return { user: session.user_id }
    },
    '/refresh': (session) => {
      session.visits = 1_000_000 + ++count
      return { user: 0 }
    }
  }
  for (const size of [110, 1000, 2980]) {
    routes[`/login/${size}`] = (session) => {
      Object.assign(session, payload(size, ++count % 1000))
      return { user: 0 }
    }
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    middleware(request, response, () => {
      const handler = routes[request.url ?? '']
      const body = JSON.stringify(handler?.((request as unknown as Carrier).session) ?? {})
      const status = handler === undefined ? 404 : 200
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }).end(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server }
}
