import { once } from 'node:events'
import { get } from 'node:http'
import { describe, test } from 'node:test'
import { Readable } from 'node:stream'
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

describe('hand-written server-sent events', () => {
  function events (reply) {
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    reply.raw.end('data: 1\n\n')
  }

  test('keep a change that was saved before the reply was hijacked', async (t) => {
    const { browser, stream } = await withRoutes(t, async (fastify) => {
      fastify.get('/events', async (request, reply) => {
        request.session.set('seen', 1)
        await request.session.save()
        reply.hijack()
        events(reply)
      })
    })

    const response = await browser.get('/events')

    t.assert.strictEqual(response.headers.vary, 'Cookie')
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { seen: 1 })
    t.assert.deepStrictEqual(stream.warnings, [])
  })

  test('keep a change that was saved after the reply was hijacked', async (t) => {
    const { browser } = await withRoutes(t, async (fastify) => {
      fastify.get('/events', async (request, reply) => {
        reply.hijack()
        request.session.set('seen', 1)
        await request.session.save()
        events(reply)
      })
    })

    await browser.get('/events')

    t.assert.deepStrictEqual((await browser.get('/session')).json(), { seen: 1 })
  })

  test('keep the logout that was saved', async (t) => {
    const { browser } = await withRoutes(t, async (fastify) => {
      fastify.get('/login', async (request) => { request.session.set('user', 'ada'); return {} })
      fastify.get('/events', async (request, reply) => {
        await request.session.destroy()
        await request.session.save()
        reply.hijack()
        events(reply)
      })
    })
    await browser.get('/login')

    const response = await browser.get('/events')

    t.assert.deepStrictEqual(setCookies(response), ['session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly'])
  })

  test('keep what others set on the raw reply before', async (t) => {
    const { browser } = await withRoutes(t, async (fastify) => {
      fastify.get('/events', async (request, reply) => {
        reply.raw.setHeader('Set-Cookie', 'theme=dark')
        reply.raw.setHeader('Vary', 'Accept-Encoding')
        request.session.set('seen', 1)
        await request.session.save()
        reply.hijack()
        events(reply)
      })
    })

    const response = await browser.get('/events')

    t.assert.deepStrictEqual(setCookieNames(response).sort(), ['session', 'theme'])
    t.assert.strictEqual(response.headers.vary, 'Accept-Encoding, Cookie')
  })

  test('do not lose a change after save() silently', async (t) => {
    const { browser, stream } = await withRoutes(t, async (fastify) => {
      fastify.get('/events', async (request, reply) => {
        request.session.set('seen', 1)
        await request.session.save()
        request.session.set('seen', 2)
        reply.hijack()
        events(reply)
      })
    })

    await browser.get('/events')

    const { seen } = (await browser.get('/session')).json()
    t.assert.ok(seen === 2 || stream.warnings.length === 1, `seen is ${seen}, and nothing was said`)
  })

  test('lose a change that was not saved, with one warning', async (t) => {
    const { browser, stream } = await withRoutes(t, async (fastify) => {
      fastify.get('/events', async (request, reply) => {
        request.session.set('seen', 1)
        reply.hijack()
        events(reply)
      })
    })

    await browser.get('/events')

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('warn also when the client closes the connection before the end', async (t) => {
    const { fastify, stream } = await withRoutes(t, async (fastify) => {
      fastify.get('/events', async (request, reply) => {
        request.session.set('seen', 1)
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
        reply.raw.write('data: 1\n\n')
      })
    })
    const closed = new Promise((resolve) => fastify.server.once('request', (_request, response) => response.once('close', resolve)))
    await fastify.listen({ host: '127.0.0.1', port: 0 })

    const [response] = await once(get(`${fastify.listeningOrigin}/events`), 'response')
    response.destroy()
    await closed

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('warn of a change inside of a value', async (t) => {
    const { browser, stream } = await withRoutes(t, async (fastify) => {
      fastify.get('/cart', async (request) => { request.session.set('cart', []); return {} })
      fastify.get('/events', async (request, reply) => {
        request.session.get('cart').push('pear')
        reply.hijack()
        events(reply)
      })
    })
    await browser.get('/cart')

    await browser.get('/events')

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })
})

describe('a streamed reply', () => {
  test('has the cookie of a change from before the stream', async (t) => {
    const { browser } = await withRoutes(t, async (fastify) => {
      fastify.get('/file', async (request, reply) => {
        request.session.set('seen', 1)
        return reply.send(Readable.from(['a', 'b']))
      })
    })

    const response = await browser.get('/file')

    t.assert.strictEqual(response.body, 'ab')
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { seen: 1 })
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
