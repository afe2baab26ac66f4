import { describe, test } from 'node:test'
import fastifyFlash from '@fastify/flash'
import { Browser } from './browser.mjs'
import { application, ours } from './plugins.mjs'

function flashRoutes (fastify) {
  fastify.get('/flash', async (request) => request.flash('info', ['Hello', 'Good day']))
  fastify.get('/warn', async (request) => request.flash('warning', 'Only %d left', 3))
  fastify.get('/show', async (_request, reply) => reply.flash())
  fastify.get('/show/:type', async (request, reply) => reply.flash(request.params.type))
}

async function withFlash (t) {
  const fastify = application(t)
  await ours(fastify)
  await fastify.register(fastifyFlash)
  flashRoutes(fastify)
  return new Browser(fastify)
}

describe('@fastify/flash', () => {
  test('shows messages once, in a later request', async (t) => {
    const browser = await withFlash(t)

    t.assert.strictEqual((await browser.get('/flash')).body, '2')
    t.assert.strictEqual((await browser.get('/flash')).body, '4')
    await browser.get('/warn')

    t.assert.deepStrictEqual((await browser.get('/show/warning')).json(), ['Only 3 left'])
    t.assert.deepStrictEqual((await browser.get('/show')).json(), { info: ['Hello', 'Good day', 'Hello', 'Good day'] })
    t.assert.deepStrictEqual((await browser.get('/show')).json(), {})
  })

  test('leaves a cookie with an empty list for a visitor who only looks, as on @fastify/secure-session', async (t) => {
    const browser = await withFlash(t)

    await browser.get('/show')

    t.assert.strictEqual((await browser.cookie('session')).split('.', 1)[0], Buffer.from('{"flash":{}}').toString('base64url'))
  })

  test('works in a child scope', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    await fastify.register(async (child) => {
      await child.register(fastifyFlash)
      flashRoutes(child)
    }, { prefix: '/child' })
    const browser = new Browser(fastify)

    await browser.get('/child/flash')

    t.assert.deepStrictEqual((await browser.get('/child/show')).json(), { info: ['Hello', 'Good day'] })
  })

  test('works with the session in the same child scope', async (t) => {
    const fastify = application(t)
    await fastify.register(async (child) => {
      await ours(child)
      await child.register(fastifyFlash)
      flashRoutes(child)
    })
    const browser = new Browser(fastify)

    await browser.get('/flash')

    t.assert.deepStrictEqual((await browser.get('/show')).json(), { info: ['Hello', 'Good day'] })
  })

  test('loads after a session whose registration nobody awaits', async (t) => {
    const fastify = application(t)
    ours(fastify)
    fastify.register(fastifyFlash)

    await fastify.ready()

    t.assert.ok(fastify.hasRequestDecorator('flash'))
  })

  test('says that it misses the session when it comes before it', async (t) => {
    const fastify = application(t)
    fastify.register(fastifyFlash)
    ours(fastify).catch(() => {})

    await t.assert.rejects(async () => fastify.ready(), { code: 'FST_ERR_PLUGIN_NOT_PRESENT_IN_INSTANCE' })
  })

  test('says that it misses the session when that is in a child scope', async (t) => {
    const fastify = application(t)
    fastify.register(async (child) => ours(child))
    fastify.register(fastifyFlash)

    await t.assert.rejects(async () => fastify.ready(), { code: 'FST_ERR_PLUGIN_NOT_PRESENT_IN_INSTANCE' })
  })
})
