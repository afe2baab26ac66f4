import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'node:test'
import fastifyAutoload from '@fastify/autoload'
import fastifyEnv from '@fastify/env'
import fp from 'fastify-plugin'
import * as main from '../../lib/index.ts'
import { Browser, setCookies } from './browser.mjs'
import { application, LogLines, ours } from './plugins.mjs'

const { secureSession, sessionConfigSchema } = main
const require = createRequire(import.meta.url)
const folder = (name) => fileURLToPath(new URL(`./autoload/${name}`, import.meta.url))
const secretKey = 'the secret key of the environment'

function sessionRoutes (fastify) {
  fastify.get('/login', async (request) => { request.session.set('user', 'ada'); return {} })
  fastify.get('/me', async (request) => ({ user: request.session.get('user') ?? null }))
}

describe('@fastify/autoload', () => {
  test('loads the plugin from a folder with its autoConfig, in the order of dependencies', async (t) => {
    const fastify = application(t)
    await fastify.register(fastifyAutoload, { dir: folder('plugins'), forceESM: true })
    await fastify.register(fastifyAutoload, { dir: folder('routes'), forceESM: true })
    const browser = new Browser(fastify)

    const [cookie] = setCookies(await browser.get('/login'))

    t.assert.match(cookie, /^sid=[\w.-]+; Path=\/; HttpOnly; Secure$/)
    const me = await fastify.inject({ url: '/me', headers: { cookie: cookie.split(';', 1)[0] } })
    t.assert.deepStrictEqual(me.json(), { account: 'ada' })
  })

  test('hands the plugin the options that every plugin of the folder gets', async (t) => {
    const fastify = application(t)
    await fastify.register(fastifyAutoload, {
      dir: folder('plugins'), forceESM: true, options: { prefix: '/api', logLevel: 'warn', name: 'x', cookieName: 'from-options' }
    })
    await fastify.register(fastifyAutoload, { dir: folder('routes'), forceESM: true })

    const response = await fastify.inject('/login')

    t.assert.match(setCookies(response)[0], /^from-options=/)
  })
})

describe('the export', () => {
  test('is a function with a default and a name', (t) => {
    t.assert.strictEqual(typeof main.default, 'function')
    t.assert.strictEqual(main.secureSession, main.default)
    t.assert.strictEqual(main.default.default, main.default)
  })

  test('takes an autoConfig, as @fastify/autoload writes to it', (t) => {
    t.after(() => { delete secureSession.autoConfig })

    secureSession.autoConfig = { cookieName: 'sid' }

    t.assert.deepStrictEqual(secureSession.autoConfig, { cookieName: 'sid' })
  })

  test('registers as a module namespace, as CommonJS applications and import() get it', async (t) => {
    const fastify = application(t)

    await fastify.register(main, { secretKey })

    t.assert.ok(fastify.hasRequestDecorator('session'))
  })

  test('registers as a promise of a module', async (t) => {
    const fastify = application(t)

    await fastify.register(import('../../lib/index.ts'), { secretKey })

    t.assert.ok(fastify.hasRequestDecorator('session'))
  })

  test('is a plugin of Fastify 5 under its own name', async (t) => {
    const fastify = application(t)
    await ours(fastify)

    t.assert.ok(fastify.hasPlugin('fastify-secure-cookie-session'))
    t.assert.deepStrictEqual(secureSession[Symbol.for('plugin-meta')], { fastify: '>=5 <7', name: require('../../package.json').name })
  })
})

describe('@fastify/env', () => {
  test('configures the session when its registration was awaited', async (t) => {
    const fastify = application(t)
    await fastify.register(fastifyEnv, { schema: sessionConfigSchema, data: { SECRET_KEY: secretKey, SESSION_COOKIE_SAMESITE: 'Lax' } })
    await fastify.register(secureSession)
    sessionRoutes(fastify)

    const [cookie] = setCookies(await fastify.inject('/login'))

    t.assert.match(cookie, /^session=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  test('configures the session when nobody waits', async (t) => {
    const fastify = application(t)
    fastify.register(secureSession)
    fastify.register(fastifyEnv, { schema: sessionConfigSchema, data: { SECRET_KEY: secretKey, SESSION_COOKIE_NAME: 'sid' } })
    sessionRoutes(fastify)

    t.assert.match(setCookies(await fastify.inject('/login'))[0], /^sid=/)
  })

  test('turns the text of the environment into booleans, numbers and lists', async (t) => {
    const fastify = application(t)
    await fastify.register(fastifyEnv, {
      schema: sessionConfigSchema,
      data: {
        SECRET_KEY: 'the newest secret key',
        SECRET_KEY_FALLBACKS: `an older one,${secretKey}`,
        SESSION_COOKIE_HTTPONLY: 'false',
        SESSION_REFRESH_EACH_REQUEST: 'false',
        PERMANENT_SESSION_LIFETIME: '60'
      }
    })
    await fastify.register(secureSession)
    sessionRoutes(fastify)
    const before = application(t)
    await ours(before, { secretKey })
    sessionRoutes(before)
    const [old] = setCookies(await before.inject('/login'))

    const me = await fastify.inject({ url: '/me', headers: { cookie: old.split(';', 1)[0] } })

    t.assert.deepStrictEqual(me.json(), { user: 'ada' })
    t.assert.match(setCookies(await fastify.inject('/login'))[0], /; Path=\/$/)
    t.assert.strictEqual(fastify.config.PERMANENT_SESSION_LIFETIME, 60)
  })

  test('works under another confKey, with a schema of the application around ours', async (t) => {
    const fastify = application(t)
    const schema = { type: 'object', required: ['PORT'], properties: { ...sessionConfigSchema.properties, PORT: { type: 'string', default: 3000 } } }
    await fastify.register(fastifyEnv, { confKey: 'settings', schema, data: { SECRET_KEY: secretKey } })
    await fastify.register(secureSession, { confKey: 'settings' })
    sessionRoutes(fastify)
    const browser = new Browser(fastify)

    await browser.get('/login')

    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: 'ada' })
    t.assert.strictEqual(fastify.settings.PORT, '3000')
  })

  test('gives its values to options that are a function', async (t) => {
    const fastify = application(t)
    const schema = { type: 'object', properties: { COOKIE_SECRET: { type: 'string' } } }
    fastify.register(fastifyEnv, { schema, data: { COOKIE_SECRET: secretKey } })
    fastify.register(secureSession, (instance) => ({ secretKey: instance.config.COOKIE_SECRET }))
    sessionRoutes(fastify)
    const browser = new Browser(fastify)

    await browser.get('/login')

    t.assert.deepStrictEqual((await browser.get('/me')).json(), { user: 'ada' })
  })

  test('leaves the defaults of Flask where the environment is silent', async (t) => {
    const fastify = application(t)
    await fastify.register(fastifyEnv, { schema: sessionConfigSchema, data: {} })

    t.assert.deepStrictEqual({ ...fastify.config }, {
      SESSION_COOKIE_HTTPONLY: true,
      SESSION_COOKIE_SECURE: false,
      SESSION_COOKIE_PARTITIONED: false,
      SESSION_REFRESH_AFTER: 0,
      SESSION_REFRESH_EACH_REQUEST: true,
      APPLICATION_ROOT: '/',
      MAX_COOKIE_SIZE: 4093
    })
  })
})

describe('compat', () => {
  const dependent = (name) => fp(async (fastify) => { fastify.decorate('loaded', true) }, { dependencies: [name] })

  for (const name of ['@fastify/secure-session', '@fastify/session']) {
    test(`lets a plugin load that depends on ${name}`, async (t) => {
      const fastify = application(t)
      await ours(fastify, { compat: [name] })

      await fastify.register(dependent(name))

      t.assert.ok(fastify.hasPlugin(name))
      t.assert.ok(fastify.loaded)
    })

    test(`does not pass for ${name} unless it is told to`, async (t) => {
      const fastify = application(t)
      await ours(fastify)

      t.assert.strictEqual(fastify.hasPlugin(name), false)
      await t.assert.rejects(async () => fastify.register(dependent(name)), { code: 'FST_ERR_PLUGIN_DEPENDENCY_NOT_REGISTERED' })
    })
  }

  test("has @fastify/secure-session's helpers for its name alone", async (t) => {
    const helpers = ['createSecureSession', 'encodeSecureSession', 'decodeSecureSession']
    const fastify = application(t)
    await ours(fastify, { compat: ['@fastify/session'] })
    const other = application(t)
    await ours(other, { compat: ['@fastify/secure-session', '@fastify/session'] })

    t.assert.deepStrictEqual(helpers.filter((name) => fastify.hasDecorator(name)), [])
    t.assert.deepStrictEqual(helpers.filter((name) => other.hasDecorator(name)), helpers)
  })

  test('refuses other names', async (t) => {
    const fastify = application(t)

    await t.assert.rejects(ours(fastify, { compat: ['express-session'] }), { code: 'FST_SESSION_INVALID_CONFIG' })
  })

  test('works in every scope that has a session of its own', async (t) => {
    const fastify = application(t)
    await fastify.register(async (child) => ours(child, { compat: ['@fastify/secure-session'] }))
    await fastify.register(async (child) => ours(child, { compat: ['@fastify/secure-session'] }))

    await fastify.ready()

    t.assert.strictEqual(fastify.hasPlugin('@fastify/secure-session'), false)
  })
})

describe('options of fastify-cli', () => {
  test('pass the plugin by without a word', async (t) => {
    const stream = new LogLines()
    const fastify = application(t, { logger: { stream } })

    await ours(fastify, { prefix: '/api', logLevel: 'info', logSerializers: {}, skipOverride: true, watch: true, port: 3000 })
    await fastify.ready()

    t.assert.deepStrictEqual(stream.warnings, [])
  })
})
