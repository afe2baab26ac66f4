import { describe, test } from 'node:test'
import fastifyPassport from '@fastify/passport'
import { Browser, setCookies } from './browser.mjs'
import { application, ours, withEach } from './plugins.mjs'

/** Lets everybody in who says a name. */
class ByName extends fastifyPassport.Strategy {
  name = 'by-name'

  authenticate (request) {
    const name = request.body?.name
    if (typeof name === 'string') this.success({ name }, { type: 'success', message: `Welcome, ${name}` })
    else this.fail({ type: 'error', message: 'Who are you?' }, 401)
  }
}

async function withPassport (fastify, { authenticator: options, login } = {}) {
  const passport = new fastifyPassport.Authenticator(options)
  passport.use(new ByName())
  passport.registerUserSerializer(async (user) => user.name)
  passport.registerUserDeserializer(async (name) => ({ name }))
  await fastify.register(passport.initialize())
  await fastify.register(passport.secureSession())
  fastify.post('/login', { preValidation: passport.authenticate('by-name', login) }, async (request) => ({ user: request.user }))
  fastify.get('/me', async (request) => ({ user: request.user ?? null, isAuthenticated: request.isAuthenticated() }))
  fastify.post('/logout', async (request) => { await request.logOut(); return {} })
  fastify.post('/cart', async (request) => { request.session.set('cart', ['pear']); return {} })
  fastify.get('/session', async (request) => request.session.data())
  fastify.get('/private', async (request, reply) => {
    request.session.set('returnTo', '/private?page=2')
    return reply.redirect('/login')
  })
  return new Browser(fastify)
}

async function browserWithPassport (t, options) {
  const fastify = application(t)
  await ours(fastify)
  return withPassport(fastify, options)
}

describe('@fastify/passport', () => {
  test('keeps a user logged in until the logout', async (t) => {
    const browser = await browserWithPassport(t)

    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: null, isAuthenticated: false })
    t.assert.strictEqual((await browser.post('/login', { name: 'ada' })).statusCode, 200)
    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: { name: 'ada' }, isAuthenticated: true })
    await browser.post('/logout', {})
    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: null, isAuthenticated: false })
  })

  test('deletes the cookie on a logout that leaves nothing', async (t) => {
    const browser = await browserWithPassport(t)
    await browser.post('/login', { name: 'ada' })

    const logout = await browser.post('/logout', {})

    t.assert.deepStrictEqual(setCookies(logout), ['session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly'])
    t.assert.strictEqual(await browser.cookie('session'), undefined)
  })

  test('answers 401 and sets no cookie for a stranger', async (t) => {
    const browser = await browserWithPassport(t)

    const response = await browser.post('/login', {})

    t.assert.strictEqual(response.statusCode, 401)
    t.assert.deepStrictEqual(setCookies(response), [])
  })

  test('drops what the visitor had on login, as a defence against session fixation', async (t) => {
    const browser = await browserWithPassport(t)
    await browser.post('/cart', {})
    const planted = await browser.cookieHeader()

    await browser.post('/login', { name: 'ada' })

    t.assert.deepStrictEqual((await browser.get('/session')).json(), { passport: 'ada' })
    t.assert.notDeepStrictEqual(await browser.cookieHeader(), planted)
  })

  test('leaves the cookie from before the login a stranger', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    const victim = await withPassport(fastify)
    await victim.post('/cart', {})
    const planted = await victim.cookieHeader()
    await victim.post('/login', { name: 'ada' })

    const me = await fastify.inject({ url: '/me', headers: planted })

    t.assert.deepStrictEqual(me.json(), { user: null, isAuthenticated: false })
  })

  test('keeps the session with keepSessionInfo, which @fastify/secure-session loses', async (t) => {
    const sessions = await withEach(t, async (fastify) => {
      const browser = await withPassport(fastify, { login: { keepSessionInfo: true } })
      fastify.get('/kept', async ({ session }) => ({ cart: session.get('cart'), passport: session.get('passport') }))
      await browser.post('/cart', {})
      await browser.post('/login', { name: 'ada' })
      return (await browser.get('/kept')).json()
    })

    t.assert.deepStrictEqual(sessions, {
      ours: { cart: ['pear'], passport: 'ada' },
      '@fastify/secure-session': { passport: 'ada' },
      '@fastify/session': { cart: ['pear'], passport: 'ada' }
    })
  })

  test('keeps the session over login and logout with clearSessionOnLogin: false', async (t) => {
    const browser = await browserWithPassport(t, { authenticator: { clearSessionOnLogin: false } })
    await browser.post('/cart', {})

    await browser.post('/login', { name: 'ada' })
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { cart: ['pear'], passport: 'ada' })

    await browser.post('/logout', {})
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { cart: ['pear'] })
  })

  test('keeps the fields of clearSessionIgnoreFields', async (t) => {
    const browser = await browserWithPassport(t, { authenticator: { clearSessionIgnoreFields: ['cart'] } })
    await browser.post('/cart', {})

    await browser.post('/login', { name: 'ada' })

    t.assert.deepStrictEqual((await browser.get('/session')).json(), { cart: ['pear'], passport: 'ada' })
  })

  test('keeps the user under another key', async (t) => {
    const browser = await browserWithPassport(t, { authenticator: { key: 'get' } })
    await browser.post('/login', { name: 'ada' })

    t.assert.deepStrictEqual((await browser.get('/session')).json(), { get: 'ada' })
    t.assert.deepStrictEqual((await browser.get('/me')).json().user, { name: 'ada' })
  })

  test('goes back to where the visitor wanted to go, once', async (t) => {
    const browser = await browserWithPassport(t, { login: { successReturnToOrRedirect: '/', keepSessionInfo: true } })
    await browser.get('/private')

    t.assert.strictEqual((await browser.post('/login', { name: 'ada' })).headers.location, '/private?page=2')
    t.assert.strictEqual((await browser.post('/login', { name: 'ada' })).headers.location, '/')
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { passport: 'ada' })
  })

  test('collects messages of failures and of the success', async (t) => {
    const browser = await browserWithPassport(t, {
      authenticator: { clearSessionOnLogin: false }, login: { failureMessage: true, successMessage: true }
    })

    await browser.post('/login', {})
    await browser.post('/login', {})
    await browser.post('/login', { name: 'ada' })

    t.assert.deepStrictEqual((await browser.get('/session')).json().messages, ['Who are you?', 'Who are you?', 'Welcome, ada'])
  })

  test('flashes failures and successes', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    const browser = await withPassport(fastify, {
      authenticator: { clearSessionOnLogin: false }, login: { failureFlash: true, successFlash: true }
    })
    fastify.get('/flash', async (_request, reply) => reply.flash())

    await browser.post('/login', {})
    await browser.post('/login', { name: 'ada' })

    t.assert.deepStrictEqual((await browser.get('/flash')).json(), { error: ['Who are you?'], success: ['Welcome, ada'] })
    t.assert.deepStrictEqual((await browser.get('/flash')).json(), {})
  })

  test('keeps a user whose serialised form is 0', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    const passport = new fastifyPassport.Authenticator()
    passport.use(new ByName())
    passport.registerUserSerializer(async () => 0)
    passport.registerUserDeserializer(async (id) => ({ id }))
    await fastify.register(passport.initialize())
    await fastify.register(passport.secureSession())
    fastify.post('/login', { preValidation: passport.authenticate('by-name') }, async () => ({}))
    fastify.get('/me', async (request) => request.user)
    const browser = new Browser(fastify)

    await browser.post('/login', { name: 'ada' })

    t.assert.deepStrictEqual((await browser.get('/me')).json(), { id: 0 })
  })

  test('logs a user out who is gone', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    const passport = new fastifyPassport.Authenticator()
    passport.use(new ByName())
    passport.registerUserSerializer(async (user) => user.name)
    passport.registerUserDeserializer(async () => null)
    await fastify.register(passport.initialize())
    await fastify.register(passport.secureSession())
    fastify.post('/login', { preValidation: passport.authenticate('by-name') }, async () => ({}))
    fastify.get('/me', async (request) => ({ user: request.user ?? null }))
    const browser = new Browser(fastify)
    await browser.post('/login', { name: 'ada' })

    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: null })
    t.assert.strictEqual(await browser.cookie('session'), undefined)
  })

  test('reads the session on every request, so that every response varies by cookie', async (t) => {
    const browser = await browserWithPassport(t)

    t.assert.strictEqual((await browser.get('/me')).headers.vary, 'Cookie')
  })
})
