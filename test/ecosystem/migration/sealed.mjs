import fastifyCsrfProtection from '@fastify/csrf-protection'
import fastifyFlash from '@fastify/flash'
import secureSession from '../../../lib/index.ts'
import Fastify from 'fastify'

const users = new Map([['ada', { name: 'ada', role: 'admin' }], ['bob', { name: 'bob', role: 'customer' }]])

/** A small shop with a log in, a cart, forms and flashed messages. */
export async function shop (environment) {
  const fastify = Fastify()

  await fastify.register(secureSession, {
    cookieName: 'shop-session',
    secretKey: environment.COOKIE_KEY,
    sealed: true,
    readSecureSession: { key: Buffer.from(environment.COOKIE_KEY, 'hex'), expiry: 24 * 60 * 60 },
    compat: ['@fastify/secure-session'],
    permanentSessionLifetime: 24 * 60 * 60,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: environment.SECURE === 'true' }
  })
  await fastify.register(fastifyCsrfProtection, { sessionPlugin: '@fastify/secure-session' })
  await fastify.register(fastifyFlash)

  fastify.decorateRequest('user', { getter () { return users.get(this.session.get('user')) ?? null } })

  async function mustBeLoggedIn (request, reply) {
    if (request.user !== null) return
    request.session.set('returnTo', request.url)
    request.flash('info', 'Please log in')
    return reply.redirect('/login')
  }

  fastify.get('/', async (request, reply) => ({ user: request.user?.name ?? null, messages: reply.flash() }))

  fastify.get('/login', async (_request, reply) => ({ token: reply.generateCsrf() }))

  fastify.post('/login', { preHandler: fastify.csrfProtection }, async (request, reply) => {
    if (!users.has(request.body.name)) return reply.code(401).send({ error: 'unknown user' })
    const returnTo = request.session.get('returnTo') ?? '/'
    request.session.regenerate()
    request.session.set('user', request.body.name)
    if (request.body.remember) request.session.options({ maxAge: 30 * 24 * 60 * 60 })
    request.flash('info', 'Welcome, %s', request.body.name)
    return reply.redirect(returnTo)
  })

  fastify.get('/cart', { preHandler: mustBeLoggedIn }, async (request) => request.session.get('cart') ?? [])

  fastify.post('/cart', { preHandler: mustBeLoggedIn }, async (request) => {
    const cart = request.session.get('cart') ?? []
    request.session.set('cart', [...cart, request.body.item])
    return request.session.get('cart')
  })

  fastify.post('/order', { preHandler: mustBeLoggedIn }, async (request) => {
    const order = { user: request.user.name, items: request.session.cart ?? [] }
    request.session.set('cart', undefined)
    return order
  })

  fastify.get('/ping', async (request) => {
    request.session.touch()
    return { changed: request.session.changed }
  })

  fastify.get('/debug', async (request) => request.session.data())

  fastify.post('/logout', async (request, reply) => {
    request.session.delete()
    return reply.redirect('/')
  })

  return fastify
}

/** Whose cookie it is, for the websocket server next door. */
export function whoseCookie (fastify, value) {
  return fastify.decodeSecureSession(value)?.get('user') ?? null
}
