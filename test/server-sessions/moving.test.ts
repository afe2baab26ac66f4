import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../../lib/index.ts'
import type { Session } from '../../lib/index.ts'
import { expressStore } from '../../lib/stores/index.ts'
import type { ExpressSessionStore } from '../../lib/stores/index.ts'
import { setCookiesOf } from '../helpers.ts'

const require = createRequire(import.meta.url)
const secret = 'a secret of thirty-two characters at least'

/** The stores that applications of @fastify/session have, each with its own way to be made. */
const stores: Record<string, () => ExpressSessionStore> = {
  'the MemoryStore of express-session': () => new (require('express-session').MemoryStore)(),
  memorystore: () => new (require('memorystore')(require('express-session')))({ checkPeriod: 0 }),
  'the store of @fastify/session itself': () => new (require('@fastify/session').Store)()
}

/** Before. */
async function fastifySession (store: ExpressSessionStore): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(require('@fastify/cookie'))
  await app.register(require('@fastify/session'), { secret, store, saveUninitialized: false, cookie: { secure: false, maxAge: 3_600_000 } })
  return app
}

/** After: two lines instead of three, and the same store. */
async function ours (store: ExpressSessionStore): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  await app.register(secureSession, { store: expressStore(store), permanentSessionLifetime: 3600, compat: ['@fastify/session'] })
  return app
}

/** The application, which stays as it is. */
function shop (app: FastifyInstance): void {
  const sessionOf = (request: { session: unknown }): Session => request.session as Session
  app.post('/login', async (request) => {
    await sessionOf(request).regenerate()
    // Both give another session to the request.
    const session = sessionOf(request)
    session.user = { id: 42, name: 'Ada' }
    session.set('cart', ['tea'])
    await session.save()
    return 'in'
  })
  app.get('/me', async (request) => ({ user: sessionOf(request).user ?? null, cart: sessionOf(request).get('cart') ?? null }))
  app.post('/cart', async (request) => {
    sessionOf(request).cart.push('cup')
    sessionOf(request).touch()
    return sessionOf(request).cart.length
  })
  app.post('/logout', async (request) => {
    await sessionOf(request).destroy()
    return 'out'
  })
  app.post('/callback', (request, reply) => {
    sessionOf(request).set('seen', true)
    sessionOf(request).save((error) => { reply.send(error === null || error === undefined ? 'saved' : 'failed') })
  })
}

async function conversation (app: FastifyInstance): Promise<unknown[]> {
  let cookie = ''
  const seen: unknown[] = []
  const steps = [['POST', '/login'], ['GET', '/me'], ['POST', '/cart'], ['GET', '/me'], ['POST', '/callback'], ['POST', '/logout'], ['GET', '/me']] as const
  for (const [method, url] of steps) {
    const answer = await app.inject({ method, url, headers: { cookie } })
    const sent = setCookiesOf(answer).at(-1)
    if (sent !== undefined) cookie = `${sent.name}=${sent.value}`
    seen.push(`${answer.statusCode} ${answer.body}`)
  }
  return seen
}

describe('an application that moves over from @fastify/session keeps its routes and its store:', () => {
  for (const [name, make] of Object.entries(stores)) {
    test(name, async (t: TestContext) => {
      const store = make()
      const expected = [
        '200 in', '200 {"user":{"id":42,"name":"Ada"},"cart":["tea"]}', '200 2', '200 {"user":{"id":42,"name":"Ada"},"cart":["tea","cup"]}',
        '200 saved', '200 out', '200 {"user":null,"cart":null}'
      ]
      for (const make of [fastifySession, ours]) {
        const app = await make(store)
        t.after(() => app.close())
        shop(app)
        t.assert.deepStrictEqual(await conversation(app), expected, make.name)
      }
    })
  }

  test('sessions of before are not read, and not harmed', async (t: TestContext) => {
    const store = stores['the MemoryStore of express-session']?.() as ExpressSessionStore
    const before = await fastifySession(store)
    t.after(() => before.close())
    shop(before)
    const [cookie] = setCookiesOf(await before.inject({ method: 'POST', url: '/login' }))
    const after = await ours(store)
    t.after(() => after.close())
    shop(after)
    const id = decodeURIComponent(String(cookie?.value)).split('.')[0] as string
    const answer = await after.inject({ url: '/me', headers: { cookie: `session=${id}` } })
    t.assert.deepStrictEqual(answer.json(), { user: null, cart: null })
    const again = await before.inject({ url: '/me', headers: { cookie: `${cookie?.name ?? ''}=${cookie?.value ?? ''}` } })
    t.assert.deepStrictEqual(again.json().user, { id: 42, name: 'Ada' })
  })
})
