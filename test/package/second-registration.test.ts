import Fastify from 'fastify'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import secureSession from '../../lib/index.ts'

test('a second registration under another name, in the same scope, adds a session', async (t: TestContext) => {
  const app = Fastify()
  t.after(() => app.close())
  app.register(secureSession, { secretKey: 'a secret of sixteen bytes' })
  app.register(secureSession, { secretKey: 'a secret of sixteen bytes', sessionName: 'admin' })
  app.get('/', async (request) => {
    request.session.user_id = 42;
    (request as unknown as Record<'admin', { level?: number }>).admin.level = 1
    return {}
  })

  const { cookies } = await app.inject('/')
  t.assert.deepStrictEqual(cookies.map(({ name }) => name), ['session', 'admin'])
  t.assert.strictEqual(app.decodeSession(cookies[1]?.value, 'admin')?.level, 1)
  t.assert.strictEqual(app.decodeSession(cookies[0]?.value)?.user_id, 42)
})
