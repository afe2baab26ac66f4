/**
 * The least there is to a login: what the tests of cookies visit.
 *
 * @module
 */

import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../../lib/index.ts'
import type { FlaskConfig } from '../../lib/index.ts'
import { noise, secretKey } from '../helpers.ts'

/** An application with these settings, on `/` and on `/members`. */
export async function membersApp (config: FlaskConfig = {}): Promise<FastifyInstance> {
  const app = Fastify()
  app.decorate('config', { SECRET_KEY: secretKey, ...config })
  await app.register(secureSession)
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async () => null)
  app.addHook('onRequest', async (_request, reply) => { reply.type('text/html') })

  for (const prefix of ['', '/members']) {
    app.route({
      method: ['GET', 'POST'],
      url: `${prefix}/`,
      handler: async ({ session }) => session.user ?? 'nobody'
    })
    app.route<{ Querystring: { user?: string, permanent?: string } }>({
      method: ['GET', 'POST'],
      url: `${prefix}/login`,
      async handler ({ session, query }) {
        session.user = query.user ?? 'ada'
        session.permanent = query.permanent !== undefined
        return session.user
      }
    })
    app.route({
      method: ['GET', 'POST'],
      url: `${prefix}/logout`,
      async handler ({ session }) {
        session.clear()
        return 'nobody'
      }
    })
  }
  app.get('/untouched', async () => 'untouched')
  app.get('/cached', async ({ session }, reply) => {
    reply.header('cache-control', 'max-age=60')
    return `${session.user ?? 'nobody'} at ${process.hrtime.bigint()}`
  })
  app.get<{ Params: { size: string } }>('/fill/:size', async ({ session, params }) => {
    session.filling = fillingFor(app, Number(params.size))
    return 'filled'
  })
  app.get('/filled', async ({ headers }) => String(`${headers.cookie}; Path=/; HttpOnly`.length))
  return app
}

/** A text with which the Set-Cookie header of a session that holds nothing else is of this size. */
function fillingFor (app: FastifyInstance, size: number): string {
  const name = app.getDecorator<FlaskConfig>('config').SESSION_COOKIE_NAME
  const text = noise(size * 2)
  for (let length = size; length < text.length; length++) {
    const filling = text.slice(0, length)
    const header = `${name}=${app.encodeSession(app.createSession({ filling }))}; Path=/; HttpOnly`
    if (header.length === size) return filling
  }
  throw new Error(`no filling makes a header of ${size} bytes`)
}
