import { describe, test } from 'node:test'
import fastifyExpress from '@fastify/express'
import { Passport, Strategy } from 'passport'
import { Browser, setCookieNames } from './browser.mjs'
import { application, LogLines, ours } from './plugins.mjs'

/** Lets everybody in who says a name. */
class ByName extends Strategy {
  name = 'by-name'

  authenticate (request) {
    const name = new URL(request.originalUrl, 'http://localhost').searchParams.get('name')
    if (name !== null) this.success({ name }, { message: `Welcome, ${name}` })
    else this.fail({ message: 'Who are you?' }, 401)
  }
}

/** The request of Express is the raw one: this shows it the session of Fastify's. */
function createProxyHandler (request) {
  return {
    get: (target, key) => key === 'session' ? request.session : target[key],
    set (target, key, value) {
      if (key === 'session') request.session = value
      else target[key] = value
      return true
    }
  }
}

async function withExpress (t, { options, before, after } = {}) {
  const stream = new LogLines()
  const fastify = application(t, { logger: { stream } })
  await ours(fastify)
  await fastify.register(fastifyExpress, { createProxyHandler })
  const passport = new Passport()
  passport.use(new ByName())
  passport.serializeUser((user, done) => done(null, user.name))
  passport.deserializeUser((name, done) => done(null, name === 'nobody' ? false : { name }))
  fastify.get('/cart', async (request) => { request.session.cart = ['pear']; return {} })
  fastify.get('/session', async (request) => request.session)
  fastify.get('/me', async (request) => ({ user: request.raw.user ?? null }))
  if (before !== undefined) fastify.use(before)
  fastify.use(passport.initialize())
  fastify.use(passport.session())
  fastify.use('/login', passport.authenticate('by-name', { successRedirect: '/me', failureMessage: true, ...options }))
  fastify.use('/logout', (request, response, next) => {
    request.logout({}, (error) => error ? next(error) : response.redirect('/me'))
  })
  after?.(fastify)
  // Express gives the reply another prototype, without the methods with which inject reads it.
  return { browser: await Browser.connect(fastify), stream }
}

describe('passport 0.7 through @fastify/express', () => {
  test('keeps a user logged in until the logout', async (t) => {
    const { browser, stream } = await withExpress(t)

    const login = await browser.get('/login?name=ada')
    t.assert.strictEqual(login.headers.location, '/me')
    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: { name: 'ada' } })

    await browser.get('/logout')
    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: null })
    t.assert.deepStrictEqual(stream.warnings, [])
  })

  test('drops what the visitor had on login', async (t) => {
    const { browser } = await withExpress(t)
    await browser.get('/cart')

    await browser.get('/login?name=ada')

    t.assert.deepStrictEqual((await browser.get('/session')).json(), { passport: { user: 'ada' } })
  })

  test('refuses a stranger', async (t) => {
    const { browser } = await withExpress(t, { options: { failureMessage: false } })

    t.assert.strictEqual((await browser.get('/login')).statusCode, 401)
  })

  test('logs a user out who is gone', async (t) => {
    const { browser } = await withExpress(t)
    await browser.get('/login?name=nobody')

    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: null })
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { passport: {} })
  })

  test('keeps the cookies that Express middleware set', async (t) => {
    const { browser } = await withExpress(t, {
      before: (_request, response, next) => { response.cookie('theme', 'dark'); next() }
    })

    const login = await browser.get('/login?name=ada')

    t.assert.deepStrictEqual(setCookieNames(login).sort(), ['session', 'theme'])
  })

  test('keeps the cookie that a callback sets after the login', async (t) => {
    const { browser } = await withExpress(t, {
      after: (fastify) => fastify.use('/remember', (request, response, next) => {
        request.logIn({ name: 'ada' }, (error) => {
          if (error) return next(error)
          response.cookie('remember', 'me')
          request.session.seen = 1
          response.redirect('/me')
        })
      })
    })

    const remember = await browser.get('/remember')

    t.assert.deepStrictEqual(setCookieNames(remember).sort(), ['remember', 'session'])
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { passport: { user: 'ada' }, seen: 1 })
  })

  test('warns of the message that a failure leaves in the session, for Express ends the reply itself', async (t) => {
    const { browser, stream } = await withExpress(t)

    await browser.get('/login')

    t.assert.deepStrictEqual(stream.warnings, ['a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before'])
  })

  test('saves what middleware writes before a route of Fastify answers', async (t) => {
    const { browser } = await withExpress(t, {
      before: (request, _response, next) => { request.session.visits = (request.session.visits ?? 0) + 1; next() }
    })

    await browser.get('/me')
    await browser.get('/me')

    t.assert.deepStrictEqual((await browser.get('/session')).json(), { visits: 3 })
  })

  test('lets an onSend hook write when middleware sent the reply', async (t) => {
    const { browser } = await withExpress(t, {
      before: (request, response, next) => {
        if (request.url === '/early') response.send({ early: true })
        else next()
      },
      after: (fastify) => fastify.addHook('onSend', async (request) => { if (request.url === '/early') request.session.seen = 1 })
    })

    const early = await browser.get('/early')

    t.assert.strictEqual(early.statusCode, 200)
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { seen: 1 })
  })

  test('leaves nothing in the session after the logout', async (t) => {
    const { browser } = await withExpress(t)
    await browser.get('/login?name=ada')
    await browser.get('/cart')

    await browser.get('/logout')

    t.assert.deepStrictEqual((await browser.get('/session')).json(), {})
  })

  test('starts afresh also with keepSessionInfo, for regenerate() empties the very session that passport kept', async (t) => {
    const { browser } = await withExpress(t, { options: { keepSessionInfo: true } })
    await browser.get('/cart')

    await browser.get('/login?name=ada')

    t.assert.deepStrictEqual((await browser.get('/session')).json(), { passport: { user: 'ada' } })
  })
})
