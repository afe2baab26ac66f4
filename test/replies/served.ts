/**
 * The application of a way, listening, and what it put into a response.
 *
 * @module
 */

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyHttpOptions, FastifyInstance } from 'fastify'
import { headerOf, Jar } from '../client.ts'
import type { Answer } from '../client.ts'
import { cookieOf, countCookieInVary, logOf, secretKey } from '../helpers.ts'
import secureSession from '../../lib/index.ts'
import { http1 } from './protocols.ts'
import type { Client, Protocol } from './protocols.ts'
import { states } from './states.ts'
import type { Sent, StateName } from './states.ts'
import type { Act, Way } from './way.ts'

/** What the log says of a change that is in no response. */
export const loss = 'a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before'

const attributes = 'Path=/; HttpOnly'
const deletion = 'session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly'

// Nothing that goes wrong in a reply may end the process.
const unheard: unknown[] = []
process.on('unhandledRejection', (reason) => { unheard.push(reason) })
process.on('uncaughtExceptionMonitor', (error) => { unheard.push(error) })

/** The rejections and exceptions that were left to the process since the last look. */
export async function takeUnheard (): Promise<unknown[]> {
  await setImmediate()
  return unheard.splice(0)
}

/** Fails when a rejection or an exception was left to the process. */
export async function checkProcess (t: TestContext): Promise<void> {
  t.assert.deepStrictEqual(await takeUnheard(), [])
}

export interface Served {
  fastify: FastifyInstance
  /** The log lines about sessions since the last look. */
  warnings (): string[]
  /** The Cookie header for a state. */
  cookieFor (state: StateName): string
  connect (): Promise<Client>
}

interface Serving {
  protocol?: Protocol
  /** Without the plugin `request.session` has an empty `save()` and nothing else, and the hooks do nothing. */
  hasPlugin?: boolean
}

/** The application of a way, listening. `GET /next` shows the session. */
export async function serve (t: Pick<TestContext, 'after'>, way: Partial<Way>, act: Act, { protocol = http1, hasPlugin = true }: Serving = {}): Promise<Served> {
  const log = logOf('info')
  const options = { ...log.server, ...protocol.server(), ...way.server } as FastifyHttpOptions<Server>
  const fastify = Fastify(options) as unknown as FastifyInstance
  const clients: Client[] = []
  t.after(async () => {
    await Promise.all(clients.map((client) => client.isOpen ? client.close() : undefined))
    await fastify.close()
  })
  way.before?.(fastify, act)
  if (hasPlugin) await fastify.register(secureSession, { secretKey })
  else {
    fastify.decorateRequest('session', { getter: () => ({ async save () {} }) as never })
    fastify.addHook('onRequest', (_request, _reply, done) => done())
    fastify.addHook('onSend', (_request, _reply, _payload, done) => done())
  }
  await fastify.register(async (scope) => way.routes?.(scope, act))
  fastify.get('/next', async (request) => request.session.data())
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return {
    fastify,
    warnings: () => log.lines.splice(0).filter(({ msg }) => /session/.test(msg)).map(({ msg }) => msg),
    cookieFor: (state) => cookieOf(states[state].cookie),
    async connect () {
      const client = await protocol.open((fastify.server.address() as AddressInfo).port)
      clients.push(client)
      return client
    }
  }
}

/** What the session put into a response; throws when there is more than may be. */
export function sentIn (t: TestContext, fastify: FastifyInstance, answer: Answer, isPermanent: boolean): Sent {
  const vary = headerOf(answer, 'vary')
  const ours = headerOf(answer, 'set-cookie').filter((header) => header.startsWith('session='))
  t.assert.ok(vary.length <= 1 && ours.length <= 1, `${vary.length} Vary, ${ours.length} Set-Cookie`)
  const [header] = ours
  const count = countCookieInVary(vary) as 0 | 1
  if (header === undefined) return { vary: count, cookie: 'none' }
  if (header === deletion) return { vary: count, cookie: 'deletion' }
  const [pair = '', ...rest] = header.split('; ')
  const others = isPermanent ? rest.filter((attribute) => !/^Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/.test(attribute)) : rest
  t.assert.strictEqual(others.join('; '), attributes)
  t.assert.strictEqual(rest.length - others.length, isPermanent ? 1 : 0)
  return { vary: count, cookie: fastify.decodeSession(pair.slice('session='.length))?.data() ?? {} }
}

/**
 * The server answers the next request, on the same connection if it is still there, and finds what the client was given.
 *
 * @returns the connection for what comes next
 */
export async function checkNext (
  t: TestContext, served: Served, client: Client, cookie: string, answer: Answer, data: Record<string, unknown>
): Promise<Client> {
  const jar = new Jar()
  jar.cookies.set('session', cookie.slice('session='.length))
  jar.take(answer)
  const isOver = !client.isOpen || headerOf(answer, 'connection').includes('close')
  const next = isOver ? await served.connect() : client
  const { status, body } = await next.ask({ path: '/next', cookie: jar.header })
  t.assert.strictEqual(status, 200)
  t.assert.deepStrictEqual(JSON.parse(body), data)
  return next
}
