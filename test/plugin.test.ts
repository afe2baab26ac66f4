import { test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import secureSession from '../lib/index.ts'

test('a value that one request sets is there in the next', async (t: TestContext) => {
  const fastify = Fastify()
  t.after(() => fastify.close())
  await fastify.register(secureSession, { secretKey: 'a secret key of the tests' })
  fastify.post('/login', async (request) => { request.session.user_id = 42 })
  fastify.get('/me', async (request) => ({ user: request.session.user_id ?? null }))

  const login = await fastify.inject({ method: 'POST', url: '/login' })
  const cookie = String(login.headers['set-cookie']).split(';', 1)[0] as string
  const me = await fastify.inject({ url: '/me', headers: { cookie } })

  t.assert.deepStrictEqual(me.json(), { user: 42 })
})
