/**
 * The demo: a small shop with a session, and a view of the cookie that holds it.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import secureSession from '../../lib/index.ts'
import type { DigestName, FlaskConfig } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'
import { ExplainingSessions } from './cookie-facts.ts'
import type { Refused } from './cookie-facts.ts'
import { html } from './html.ts'
import { kinds } from './kinds.ts'
import type { KindName } from './kinds.ts'
import { limitsOf } from './limits.ts'
import { errorPage, homePage } from './page.ts'
import { configFromEnvironment, demoSecretKey } from './settings.ts'
import { addToCart, changeQuantity, flash, productOf } from './shop.ts'
import type { DemoSession } from './shop.ts'
import { SessionsInStore } from './store-facts.ts'

export interface DemoOptions {
  /** What `fastify.config` is; it is read anew for each request. @defaultValue what the demo sets by itself */
  config?: FlaskConfig | undefined
  /** @defaultValue `'sha512'` */
  digestMethod?: DigestName | undefined
  /** @defaultValue `'cookie'` */
  sessions?: KindName | undefined
  /** Keeps the sessions on the server. @defaultValue they lie in the cookie */
  store?: SessionStore | undefined
  /** Lets the sessions in cookies of a user be ended together. @defaultValue `false` */
  revocation?: boolean | undefined
  logger?: FastifyServerOptions['logger'] | undefined
  /** Where the demo listens, for the way back from the twin. @defaultValue `3000` */
  port?: number | undefined
  /** Where the twin listens, on the same host. @defaultValue `5000` */
  twinPort?: number | undefined
}

const staticFiles = {
  '/style.css': { type: 'text/css; charset=utf-8', content: readFileSync(new URL('style.css', import.meta.url)) },
  '/icon.svg': { type: 'image/svg+xml', content: readFileSync(new URL('icon.svg', import.meta.url)) }
}

const unknown: Refused = { cause: 'the store does not have its id, so its session was ended or is too old' }
const revoked: Refused = { cause: 'its session was ended by a log out', code: 'revoked' }

const securityHeaders = {
  'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff'
}

/** The demo application, ready for `listen` or `inject`. */
export async function buildDemo (options: DemoOptions = {}): Promise<FastifyInstance> {
  const { config = configFromEnvironment({}), digestMethod, sessions: kind = 'cookie', store, logger = false, twinPort = 5000 } = options
  const fastify = Fastify({ logger, bodyLimit: 65_536 })
  const sessions = store === undefined ? await ExplainingSessions.open(config, kind, digestMethod) : new SessionsInStore(store)
  const revocation = options.revocation === true && store === undefined
    ? { store: memoryStore({ max: Infinity }), user: ({ user_name: name }: DemoSession) => name }
    : undefined
  const canEndAll = store !== undefined || revocation !== undefined

  fastify.decorate('config', config)
  await fastify.register(secureSession, sessions instanceof SessionsInStore
    ? { sessionInterface: sessions }
    : { ...kinds[kind].options, digestMethod, revocation })

  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async (_request: FastifyRequest, body: string) => {
    return new URLSearchParams(body)
  })
  fastify.addHook('onRequest', async (_request, reply) => { reply.headers(securityHeaders) })
  fastify.setErrorHandler<Error & { statusCode?: number, code?: string }>((error, request, reply) => {
    const { statusCode = 500, code = 'Error', message } = error
    if (statusCode >= 500) request.log.error(error)
    return sendPage(reply.code(statusCode), errorPage(code, message))
  })
  fastify.setNotFoundHandler((_request, reply) => sendPage(reply.code(404), errorPage('Not found', 'There is no such page.')))

  for (const [path, { type, content }] of Object.entries(staticFiles)) {
    fastify.get(path, async (_request, reply) => reply.type(type).header('cache-control', 'max-age=60').send(content))
  }

  fastify.get('/', async (request, reply) => {
    const session: DemoSession = request.session
    const name = sessions.getCookieName(sessions.app)
    const token = request.cookies[name] ?? ''
    // Before a save, which may end the session.
    const received = token === '' || sessions instanceof SessionsInStore
      ? undefined
      : revocation !== undefined && session.size === 0 && await fastify.isRevoked(session) ? revoked : sessions.judge(token)
    const messages = session.has('_flashes') ? session.pop('_flashes', []) : []
    if (session.visits !== undefined) session.visits.fastify += 1

    // As a rule the onSend hook does this; here the page is to show the cookie that goes out with it.
    if (session.modified) await session.save()
    const sent = [reply.getHeader('set-cookie') ?? []].flat().map(String).find((cookie) => cookie.startsWith(`${name}=`))
    const settings = sessions.app.config
    const common = { session, messages, kind, digest: digestMethod ?? 'sha512', config, settings, canEndAll }
    if (sessions instanceof SessionsInStore) {
      const stored = await sessions.explain(sent ?? `${name}=${token}`)
      // What was sent without a session in the store deletes the cookie.
      const refused = token !== '' && sent === undefined && stored === undefined ? unknown : undefined
      const devices = session.user_name === undefined
        ? []
        : await fastify.listSessions(session.user_name, { current: request.session, data: ({ device }: DemoSession) => device })
      const limits = stored && limitsOf(stored, session.lifetime, settings)
      return sendPage(reply, homePage({ ...common, cookie: undefined, limits, received: refused, twin: undefined, startTwin: undefined, stored, devices }))
    }
    const held = sent ?? (received instanceof Date ? `${name}=${token}` : undefined)
    const cookie = held === undefined ? undefined : sessions.explain(held)

    return sendPage(reply, homePage({
      ...common,
      cookie,
      limits: cookie && limitsOf(cookie, session.lifetime, settings),
      received,
      twin: `${request.protocol}://${hostOf(request)}:${twinPort}/`,
      startTwin: twinCommand(options)
    }))
  })

  fastify.post('/login', async (request, reply) => {
    const session: DemoSession = request.session
    const name = Array.from(field(request, 'name').trim()).slice(0, 60).join('')
    if (name === '') {
      flash(session, 'warning', 'Please tell a name; any will do.')
    } else {
      session.clear()
      session.permanent = field(request, 'remember') !== ''
      session.user_name = name
      session.logged_in_at = new Date()
      session.visits = { fastify: 0, flask: 0 }
      if (store !== undefined) session.device = String(request.headers['user-agent'] ?? '').slice(0, 200)
      flash(session, 'success', html`Welcome, <strong>${name}</strong>. Fastify has logged you in.`)
    }
    return reply.redirect('/', 303)
  })

  fastify.post('/logout', async (request, reply) => {
    const session: DemoSession = request.session
    session.clear()
    flash(session, 'success', 'Fastify has logged you out.')
    return reply.redirect('/', 303)
  })

  // What follows is for those who are logged in.
  fastify.register(async (members) => {
    members.addHook('preHandler', async (request, reply) => {
      const session: DemoSession = request.session
      if (session.user_name !== undefined) return
      flash(session, 'warning', 'Please log in first.')
      return reply.redirect('/', 303)
    })

    members.post('/remember', async (request, reply) => {
      request.session.permanent = field(request, 'remember') !== ''
      return reply.redirect('/', 303)
    })

    members.post('/lifetime', async (request, reply) => {
      const session: DemoSession = request.session
      const seconds = field(request, 'seconds').trim()
      try {
        session.lifetime = seconds === '' ? null : Number(seconds)
      } catch (error) {
        flash(session, 'warning', (error as RangeError).message)
      }
      return reply.redirect('/', 303)
    })

    if (canEndAll) {
      members.post('/logout/everywhere', async (request, reply) => {
        const session: DemoSession = request.session
        await fastify.endSessions(session.user_name)
        session.clear()
        flash(session, 'success', 'You are logged out everywhere.')
        return reply.redirect('/', 303)
      })
    }

    if (store !== undefined) {
      members.post('/devices/end', async (request, reply) => {
        const session: DemoSession = request.session
        const only = field(request, 'id')
        await fastify.endSessions(session.user_name, only === '' ? { except: request.session } : { only })
        flash(session, 'success', only === '' ? 'All other devices are logged out.' : 'That device is logged out.')
        return reply.redirect('/', 303)
      })
    }

    members.post('/cart/add', async (request, reply) => {
      const session: DemoSession = request.session
      const product = productOf(field(request, 'sku'))
      if (product === undefined) {
        flash(session, 'warning', 'There is no such thing in the shop.')
      } else {
        addToCart(session, product)
        flash(session, 'success', html`<strong>${product.name}</strong> put into the cart by Fastify.`)
      }
      return reply.redirect('/', 303)
    })

    members.post('/cart/quantity', async (request, reply) => {
      const session: DemoSession = request.session
      const by = field(request, 'by') === '-1' ? -1 : 1
      if (session.cart !== undefined) changeQuantity(session.cart, field(request, 'sku'), by)
      return reply.redirect('/', 303)
    })

    members.post('/cart/remove', async (request, reply) => {
      const session: DemoSession = request.session
      const sku = field(request, 'sku')
      if (session.cart !== undefined) session.cart.items = session.cart.items.filter((item) => item.sku !== sku)
      return reply.redirect('/', 303)
    })

    members.post('/cart/note', async (request, reply) => {
      const session: DemoSession = request.session
      if (session.cart !== undefined) session.cart.note = field(request, 'note').trim()
      return reply.redirect('/', 303)
    })
  })

  return fastify
}

/** The command that starts the twin with the same settings; what both have by default is left out. */
export function twinCommand (options: DemoOptions): string {
  const { config, digestMethod: DIGEST = 'sha512', sessions: SESSIONS = 'cookie', port: PORT = 3000, twinPort: FLASK_PORT = 5000 } = options
  const differences = [
    // Which key that is, the page does not say.
    (config?.SECRET_KEY ?? demoSecretKey) !== demoSecretKey && 'SECRET_KEY=...',
    SESSIONS !== 'cookie' && `SESSIONS=${SESSIONS}`,
    DIGEST !== 'sha512' && `DIGEST=${DIGEST}`,
    PORT !== 3000 && `PORT=${PORT}`,
    FLASK_PORT !== 5000 && `FLASK_PORT=${FLASK_PORT}`
  ]
  return [...differences.filter((each) => each !== false), 'npm run start:flask'].join(' ')
}

function sendPage (reply: FastifyReply, page: { toString (): string }): FastifyReply {
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page.toString())
}

/** A field of the form; empty where there is none. */
function field ({ body }: FastifyRequest, name: string): string {
  return body instanceof URLSearchParams ? body.get(name) ?? '' : ''
}

/** The host as the browser calls it: 127.0.0.1 and localhost have different cookies. */
function hostOf ({ hostname }: FastifyRequest): string {
  return /^(?:[\w.-]+|\[[\da-f:]+\])$/i.test(hostname) ? hostname : '127.0.0.1'
}
