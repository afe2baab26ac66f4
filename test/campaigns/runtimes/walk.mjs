// A walk of twenty steps through an application, over a port, on any runtime: node walk.mjs, bun walk.mjs, deno run -A walk.mjs.
// In JavaScript and on its own, so that it runs beside the installed package. The last line is the result as JSON.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'

const lifetimeOfFlaskCookie = 3_000_000_000

/** Made by Flask 3.1.3 at 2023-11-14, of {'user': 'alice'}. */
const flaskCookie = 'eyJ1c2VyIjoiYWxpY2UifQ.ZVPxAA.-f-_pe-2XjS10-6yF_4mCUEYJO4'
const flaskKey = 'a fixed key of these test vectors'

/** The application. */
async function build (Fastify, { secureSession, Tuple, UUID }) {
  const fastify = Fastify()
  await fastify.register(secureSession, {
    secretKey: 'a secret key of the walk',
    sessions: [
      { sessionName: 'session' },
      { sessionName: 'admin', cookie: { path: '/', sameSite: 'Strict' } },
      { sessionName: 'flask', salt: 'cookie-session', secretKey: flaskKey, digestMethod: 'sha1', permanentSessionLifetime: lifetimeOfFlaskCookie }
    ]
  })
  fastify.get('/untouched', async () => ({}))
  fastify.get('/poll', { config: { session: { refresh: false } } }, async () => ({}))
  fastify.get('/me', async ({ session }) => ({ user: session.user_id ?? null }))
  fastify.post('/login', async ({ session }) => {
    session.user_id = 42
    session.permanent = true
    return {}
  })
  fastify.post('/push', async ({ session }) => {
    session.setDefault('items', []).push(1)
    return session.items
  })
  fastify.post('/values', async ({ session }) => {
    session.kinds = [new Date(0), Buffer.from('bytes'), 2n ** 64n, new Tuple(1, 2), new UUID('12345678123456781234567812345678')]
    return {}
  })
  fastify.get('/values', async ({ session: { kinds: [date, bytes, large, tuple, uuid] } }) => {
    return [date.toISOString(), bytes.toString(), String(large), tuple instanceof Tuple, String(uuid)]
  })
  fastify.get('/flask', async ({ flask }) => flask)
  fastify.post('/admin', async ({ admin }) => {
    admin.level = 1
    return {}
  })
  fastify.post('/stream', async ({ session }, reply) => {
    session.streamed = true
    return reply.type('text/plain').send(Readable.from(['hello']))
  })
  fastify.post('/response', async ({ session }) => {
    session.responded = true
    return new Response('hello', { headers: { 'x-own': 'yes' } })
  })
  fastify.post('/raw', async ({ session }, reply) => {
    session.raw = true
    await session.save()
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/plain' })
    reply.raw.end('hello')
  })
  fastify.post('/fail', async ({ session }) => {
    session.failed = true
    throw new Error('expected')
  })
  fastify.post('/text', async ({ session, query: { length } }) => {
    session.text = 'abcdefgh '.repeat(length)
    return {}
  })
  fastify.post('/random', async ({ session }) => {
    session.text = Buffer.from(Array.from({ length: 6000 }, () => Math.random() * 256)).toString('base64')
    return {}
  })
  fastify.get('/text', async ({ session }) => ({ length: session.text.length }))
  fastify.post('/regenerate', async ({ session }) => {
    await session.regenerate(['user_id'])
    return session
  })
  fastify.post('/logout', async (request) => {
    request.session = null
    return {}
  })
  return fastify
}

/** A client that keeps cookies. */
class Client {
  jar = new Map()
  #base

  constructor (base) { this.#base = base }

  async ask (method, path) {
    const cookie = Array.from(this.jar, ([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(this.#base + path, { method, headers: cookie === '' ? {} : { cookie } })
    const sent = response.headers.getSetCookie()
    for (const header of sent) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(header)
      if (value === '') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    const text = await response.text()
    return { status: response.status, vary: response.headers.get('vary'), headers: response.headers, sent, text, json: () => JSON.parse(text) }
  }

  get (path) { return this.ask('GET', path) }
  post (path) { return this.ask('POST', path) }
}

/** Each step is a sentence, and what checks it. */
const steps = {
  'a session is empty at first, and its response varies': async (client) => {
    const { vary, sent, json } = await client.get('/me')
    assert.deepEqual([json(), vary, sent], [{ user: null }, 'Cookie', []])
  },
  'a route that does not look has no Vary': async (client) => assert.equal((await client.get('/untouched')).vary, null),
  'a login sends a cookie that outlives the browser': async (client) => {
    assert.match((await client.post('/login')).sent[0], /^session=\S+; Path=\/; Expires=.* GMT; HttpOnly$/)
  },
  'the next request knows the user': async (client) => assert.deepEqual((await client.get('/me')).json(), { user: 42 }),
  'an untouched permanent session is refreshed': async (client) => assert.equal((await client.get('/untouched')).sent.length, 1),
  'a poll is not refreshed': async (client) => assert.equal((await client.get('/poll')).sent.length, 0),
  'a change inside a value is saved': async (client) => {
    await client.post('/push')
    assert.deepEqual((await client.post('/push')).json(), [1, 1])
  },
  'dates, bytes, large integers, tuples and UUIDs come back': async (client) => {
    await client.post('/values')
    assert.deepEqual((await client.get('/values')).json(), ['1970-01-01T00:00:00.000Z', 'bytes', '18446744073709551616', true, '12345678-1234-5678-1234-567812345678'])
  },
  "Flask's cookie is read": async (client) => {
    client.jar.set('flask', flaskCookie)
    assert.deepEqual((await client.get('/flask')).json(), { user: 'alice' })
  },
  'a second session has a cookie of its own': async (client) => {
    assert.match((await client.post('/admin')).sent.find((header) => header.startsWith('admin=')), /; SameSite=Strict$/)
  },
  'a value is not accepted in the cookie of the other session': async (client) => {
    const other = new Client(client.base)
    other.jar.set('session', client.jar.get('admin'))
    assert.deepEqual((await other.get('/me')).json(), { user: null })
  },
  'a damaged cookie is an empty session': async (client) => {
    const other = new Client(client.base)
    other.jar.set('session', client.jar.get('session').replace(/.$/, (letter) => letter === 'A' ? 'Q' : 'A'))
    assert.deepEqual((await other.get('/me')).json(), { user: null })
  },
  'a stream carries the session': async (client) => {
    const { text, sent } = await client.post('/stream')
    assert.deepEqual([text, sent.length], ['hello', 1])
  },
  'a Response carries the session': async (client) => {
    const { text, sent, headers } = await client.post('/response')
    assert.deepEqual([text, sent.length, headers.get('x-own')], ['hello', 1, 'yes'])
  },
  'a hijacked reply carries what was saved': async (client) => {
    const { text, sent, vary } = await client.post('/raw')
    assert.deepEqual([text, sent.length, vary], ['hello', 1, 'Cookie'])
  },
  'an error carries the session': async (client) => {
    const { status, sent } = await client.post('/fail')
    assert.deepEqual([status, sent.length], [500, 1])
  },
  'a large session is compressed and read': async (client) => {
    await client.post('/text?length=500')
    assert.deepEqual([client.jar.get('session')[0], (await client.get('/text')).json()], ['.', { length: 4500 }])
  },
  'one that does not fit is an error, and the old cookie stays': async (client) => {
    const before = client.jar.get('session')
    const { status, json, sent } = await client.post('/random')
    assert.deepEqual([status, json().code, sent, client.jar.get('session')], [500, 'FST_SESSION_COOKIE_OVERFLOW', [], before])
  },
  'regenerate forgets all but what it is told to keep': async (client) => assert.deepEqual((await client.post('/regenerate')).json(), { user_id: 42 }),
  'a logout deletes the cookie': async (client) => {
    assert.match((await client.post('/logout')).sent[0], /^session=; .*Max-Age=0/)
    assert.deepEqual((await client.get('/me')).json(), { user: null })
  }
}

/** Walks all steps. @returns the titles of those that failed, each with the reason */
export async function walk (Fastify, plugin) {
  const fastify = await build(Fastify, plugin)
  const base = await fastify.listen({ port: 0, host: '127.0.0.1' })
  const client = Object.assign(new Client(base), { base })
  const failed = []
  for (const [title, check] of Object.entries(steps)) {
    try {
      await check(client)
    } catch (error) {
      failed.push(`${title}: ${error.message.split('\n').slice(0, 6).join(' ')}`)
    }
  }
  await fastify.close()
  return { fastify: fastify.version, steps: Object.keys(steps).length, failed }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { default: Fastify } = await import('fastify')
  const plugin = await import('fastify-secure-cookie-session')
  console.log(JSON.stringify(await walk(Fastify, plugin)))
  process.exit()
}
