import { describe, test } from 'node:test'
import fastifyHttpProxy from '@fastify/http-proxy'
import fastifySSE from '@fastify/sse'
import { Browser, setCookies, setCookieNames } from './browser.mjs'
import { application, LogLines, ours } from './plugins.mjs'

const loss = 'a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before'

async function withRoutes (t, routes) {
  const stream = new LogLines()
  const fastify = application(t, { logger: { stream }, forceCloseConnections: true })
  await ours(fastify)
  await routes(fastify)
  fastify.get('/session', async (request) => request.session)
  return { fastify, browser: new Browser(fastify), stream }
}

describe('@fastify/sse', () => {
  async function withEvents (t, handler, sse = 'only') {
    return withRoutes(t, async (fastify) => {
      await fastify.register(fastifySSE)
      fastify.get('/login', async (request) => { request.session.set('user', 'ada'); return {} })
      fastify.get('/events', { sse }, handler)
    })
  }
  const asEvents = { headers: { accept: 'text/event-stream' } }

  test('reads the session while it sends', async (t) => {
    const { browser } = await withEvents(t, async (request, reply) => {
      await reply.sse.send({ data: 1 })
      await reply.sse.send({ data: request.session.get('user') })
    })
    await browser.get('/login')

    t.assert.strictEqual((await browser.get('/events', asEvents)).body, 'data: 1\n\ndata: "ada"\n\n')
  })

  test('keeps a change that was saved before the first event', async (t) => {
    const { browser, stream } = await withEvents(t, async (request, reply) => {
      request.session.set('seen', 1)
      await request.session.save()
      await reply.sse.send({ data: 1 })
    })

    const response = await browser.get('/events', asEvents)

    t.assert.deepStrictEqual(setCookieNames(response), ['session'])
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { seen: 1 })
    t.assert.deepStrictEqual(stream.warnings, [])
  })

  test('loses a change that was not saved, with one warning', async (t) => {
    const { browser, stream } = await withEvents(t, async (request, reply) => {
      request.session.set('seen', 1)
      request.session.set('seen', 2)
      await reply.sse.send({ data: 1 })
    })

    const response = await browser.get('/events', asEvents)

    t.assert.deepStrictEqual(setCookies(response), [])
    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('refuses a write after the first event', async (t) => {
    let error
    const { browser } = await withEvents(t, async (request, reply) => {
      await reply.sse.send({ data: 1 })
      try {
        request.session.set('seen', 1)
      } catch (thrown) {
        error = thrown
      }
    })

    await browser.get('/events', asEvents)

    t.assert.strictEqual(error.code, 'FST_SESSION_HEADERS_SENT')
  })

  test('saves as usual for those who do not ask for events', async (t) => {
    const { browser } = await withEvents(t, async (request, reply) => {
      request.session.set('seen', 1)
      if (reply.sse === undefined) return { seen: 1 }
    }, 'dual')

    const response = await browser.get('/events', { headers: { accept: 'application/json' } })

    t.assert.deepStrictEqual(setCookieNames(response), ['session'])
  })
})

describe('@fastify/http-proxy', () => {
  async function upstream (t) {
    const server = application(t)
    server.get('/page', async (_request, reply) => reply.header('set-cookie', 'upstream=1; Path=/').header('vary', 'Accept').send('page'))
    server.get('/cookie', async (request) => ({ cookie: request.headers.cookie ?? null }))
    return server.listen({ host: '127.0.0.1', port: 0 })
  }

  test('sees the session in its preHandler and merges the cookie with that of the upstream', async (t) => {
    const origin = await upstream(t)
    const { browser } = await withRoutes(t, async (fastify) => {
      await fastify.register(fastifyHttpProxy, {
        upstream: origin,
        prefix: '/api',
        preHandler: async (request) => { request.session.set('hits', request.session.get('hits', 0) + 1) }
      })
    })

    await browser.get('/api/page')
    const response = await browser.get('/api/page')

    t.assert.strictEqual(response.body, 'page')
    t.assert.deepStrictEqual(setCookieNames(response).sort(), ['session', 'upstream'])
    t.assert.strictEqual(response.headers.vary, 'Accept, Cookie')
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { hits: 2 })
  })

  test('refuses in its preHandler whom the session does not know', async (t) => {
    const origin = await upstream(t)
    const { browser } = await withRoutes(t, async (fastify) => {
      fastify.get('/login', async (request) => { request.session.set('user', 'ada'); return {} })
      await fastify.register(fastifyHttpProxy, {
        upstream: origin,
        prefix: '/api',
        preHandler: async (request, reply) => request.session.has('user') ? undefined : reply.code(401).send()
      })
    })

    t.assert.strictEqual((await browser.get('/api/page')).statusCode, 401)
    await browser.get('/login')
    t.assert.strictEqual((await browser.get('/api/page')).statusCode, 200)
  })

  test('adds neither cookie nor Vary to what it passes on untouched', async (t) => {
    const origin = await upstream(t)
    const { browser } = await withRoutes(t, async (fastify) => {
      await fastify.register(fastifyHttpProxy, { upstream: origin, prefix: '/api' })
    })

    const response = await browser.get('/api/page')

    t.assert.deepStrictEqual(setCookieNames(response), ['upstream'])
    t.assert.strictEqual(response.headers.vary, 'Accept')
  })
})
