import { once } from 'node:events'
import { get } from 'node:http'
import { describe, test } from 'node:test'
import fastifyWebsocket from '@fastify/websocket'
import { Browser } from './browser.mjs'
import { application, LogLines, ours } from './plugins.mjs'

const loss = 'a change of the session was lost: a websocket cannot set cookies, not even with session.save(). ' +
  'Change the session in an ordinary request'

async function withChat (t, { routes, ...options } = {}) {
  const stream = new LogLines()
  const fastify = application(t, { logger: { stream } })
  await ours(fastify, options)
  await fastify.register(fastifyWebsocket)
  fastify.get('/login', async (request) => { request.session.set('user', 'ada'); return {} })
  fastify.get('/me', async (request) => ({ user: request.session.get('user') ?? null, seen: request.session.get('seen') ?? null }))
  await fastify.register(async (child) => {
    routes?.(child)
    child.get('/chat', { websocket: true }, (socket, request) => {
      socket.on('message', () => socket.send(JSON.stringify({ user: request.session.get('user') ?? null })))
    })
    child.get('/writing', { websocket: true }, (socket, request) => {
      request.session.set('seen', 1)
      request.session.set('seen', 2)
      socket.on('message', () => socket.send(JSON.stringify({ seen: request.session.get('seen') })))
    })
    child.get('/saving', { websocket: true }, (socket, request) => {
      request.session.set('seen', 1)
      request.session.save()
      socket.on('message', () => socket.send(JSON.stringify({ seen: request.session.get('seen') })))
    })
    child.get('/saving-unchanged', { websocket: true }, (socket, request) => {
      request.session.save()
      socket.on('message', () => socket.send('{}'))
    })
  })
  await fastify.ready()
  return { fastify, browser: new Browser(fastify), stream }
}

/** Asks over a socket, and waits until both sides closed it. */
async function ask (fastify, url, headers) {
  const server = new Promise((resolve) => fastify.websocketServer.once('connection', (socket) => resolve(socket)))
  const socket = await fastify.injectWS(url, { headers })
  const closed = once(await server, 'close')
  const answer = once(socket, 'message')
  socket.send('?')
  const [message] = await answer
  socket.terminate()
  await closed
  return JSON.parse(message.toString())
}

describe('@fastify/websocket', () => {
  test('has the session in its handler', async (t) => {
    const { fastify, browser } = await withChat(t)
    await browser.get('/login')

    t.assert.deepStrictEqual(await ask(fastify, '/chat', await browser.cookieHeader()), { user: 'ada' })
  })

  test('has an empty session without a cookie', async (t) => {
    const { fastify } = await withChat(t)

    t.assert.deepStrictEqual(await ask(fastify, '/chat'), { user: null })
  })

  test('drops a change by its handler, with one warning', async (t) => {
    const { fastify, browser, stream } = await withChat(t)

    t.assert.deepStrictEqual(await ask(fastify, '/writing', await browser.cookieHeader()), { seen: 2 })
    await fastify.close()

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('drops a change by its handler also after save(), with one warning', async (t) => {
    const { fastify, browser, stream } = await withChat(t)

    t.assert.deepStrictEqual(await ask(fastify, '/saving', await browser.cookieHeader()), { seen: 1 })
    await fastify.close()

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('drops the session that its handler saves without a change, with one warning', async (t) => {
    const { fastify, browser, stream } = await withChat(t)
    await browser.get('/login')

    await ask(fastify, '/saving-unchanged', await browser.cookieHeader())
    await fastify.close()

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('drops a change inside of a value by its handler, with one warning', async (t) => {
    const routes = (child) => {
      child.get('/list', async (request) => { request.session.set('list', []); return {} })
      child.get('/pushing', { websocket: true }, (socket, request) => {
        socket.on('message', () => {
          request.session.get('list').push(1)
          socket.send('{}')
        })
      })
    }
    const { fastify, browser, stream } = await withChat(t, { routes })
    await browser.get('/list')

    await ask(fastify, '/pushing', await browser.cookieHeader())
    await fastify.close()

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('says nothing about a value that its handler looked into and did not change', async (t) => {
    const routes = (child) => {
      child.get('/list', async (request) => { request.session.set('list', [1]); return {} })
      child.get('/looking', { websocket: true }, (socket, request) => {
        socket.on('message', () => socket.send(JSON.stringify(request.session.get('list'))))
      })
    }
    const { fastify, browser, stream } = await withChat(t, { routes })
    await browser.get('/list')

    t.assert.deepStrictEqual(await ask(fastify, '/looking', await browser.cookieHeader()), [1])
    await fastify.close()

    t.assert.deepStrictEqual(stream.warnings, [])
  })

  test('drops a change by a hook before the upgrade, with one warning', async (t) => {
    const routes = (child) => child.addHook('preValidation', async (request) => { request.session.set('seen', 1) })
    const { fastify, stream } = await withChat(t, { routes })

    await ask(fastify, '/chat')
    await fastify.close()

    t.assert.deepStrictEqual(stream.warnings, [loss])
  })

  test('says nothing about a session that is only read, also a permanent one', async (t) => {
    const { fastify, browser, stream } = await withChat(t)
    fastify.server.unref()
    await browser.get('/login')

    await ask(fastify, '/chat', await browser.cookieHeader())
    await fastify.close()

    t.assert.deepStrictEqual(stream.warnings, [])
  })

  test('answers an upgrade that a hook refuses with the session saved', async (t) => {
    const routes = (child) => child.addHook('preValidation', async (request, reply) => {
      request.session.set('seen', 1)
      return reply.code(401).send()
    })
    const { fastify } = await withChat(t, { routes })
    await fastify.listen({ host: '127.0.0.1', port: 0 })

    const [response] = await upgrade(fastify, '/chat')

    t.assert.strictEqual(response.statusCode, 401)
    t.assert.match(response.headers['set-cookie'][0], /^session=/)
  })

  test('upgrades a real connection and keeps the session readable', async (t) => {
    const { fastify, browser } = await withChat(t)
    await browser.get('/login')
    await fastify.listen({ host: '127.0.0.1', port: 0 })

    const [response, socket] = await upgrade(fastify, '/chat', await browser.cookieHeader())
    socket.destroy()

    t.assert.strictEqual(response.statusCode, 101)
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('sets a cookie in the answer to the upgrade, through the headers event', async (t) => {
    const { fastify } = await withChat(t, {
      routes: (child) => child.addHook('preValidation', async (request, reply) => {
        request.session.set('seen', 1)
        await request.session.save()
        request.raw.sessionCookie = reply.getHeader('set-cookie')
      })
    })
    fastify.websocketServer.on('headers', (headers, request) => { headers.push(`Set-Cookie: ${request.sessionCookie}`) })
    await fastify.listen({ host: '127.0.0.1', port: 0 })

    const [response, socket] = await upgrade(fastify, '/chat')
    socket.destroy()

    t.assert.match(response.headers['set-cookie'][0], /^session=eyJzZWVuIjoxfQ\.[\w.-]+; Path=\/; HttpOnly$/)
  })
})

/** What a server answers to an upgrade, with the socket if it accepts. */
function upgrade (fastify, path, headers) {
  return new Promise((resolve, reject) => {
    const request = get(fastify.listeningOrigin + path, {
      headers: { ...headers, connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': 13, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
    })
    request.on('error', reject)
    request.on('response', (response) => { response.resume(); response.on('end', () => resolve([response])) })
    request.on('upgrade', (response, socket) => resolve([response, socket]))
  })
}
