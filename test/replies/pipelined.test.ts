import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { Answer } from '../client.ts'
import { cookieOf } from '../helpers.ts'
import { checkProcess, sentIn, serve } from './served.ts'
import { chunks } from './way.ts'

describe('replies on one connection', () => {
  test('do not mix their sessions, in whatever order and way they are answered', async (t: TestContext) => {
    const served = await serve(t, {
      routes: (scope) => {
        const count = async (request: FastifyRequest): Promise<string> => {
          const user = String(request.session.user)
          await setImmediate()
          request.session.count = Number(request.session.count) + 1
          return user
        }
        scope.get('/text', count)
        scope.get('/stream', async (request, reply) => reply.send(Readable.from(chunks(await count(request)))))
        scope.get('/error', async (request) => { throw new Error(await count(request)) })
        scope.get('/hijacked', async (request, reply) => {
          const user = await count(request)
          reply.hijack()
          await request.session.save()
          reply.raw.end(user)
        })
        scope.get('/lost', async (request, reply) => {
          reply.hijack()
          reply.raw.end(await count(request))
        })
        scope.get('/untouched', async () => 'nobody')
      }
    }, () => [])
    const paths = ['/text', '/stream', '/error', '/hijacked', '/lost', '/untouched', '/nowhere']
    const asked = Array.from({ length: 210 }, (_, number) => ({ path: paths[number % 7] as string, user: `user ${number % 3}`, count: number }))
    const client = await served.connect()

    const answers = await Promise.all(asked.map(({ path, user, count }) => client.ask({ path, cookie: cookieOf({ user, count }) })))
    await client.close()

    asked.forEach(({ path, user, count }, index) => {
      const answer = answers[index] as Answer
      const isAsked = path !== '/untouched' && path !== '/nowhere'
      t.assert.strictEqual(answer.status, path === '/error' ? 500 : path === '/nowhere' ? 404 : 200)
      if (path === '/error') t.assert.strictEqual(JSON.parse(answer.body).message, user)
      else if (path !== '/nowhere') t.assert.strictEqual(answer.body, isAsked ? user : 'nobody')
      const isSaved = isAsked && path !== '/lost'
      t.assert.deepStrictEqual(sentIn(t, served.fastify, answer, false), { vary: isSaved ? 1 : 0, cookie: isSaved ? { user, count: count + 1 } : 'none' }, `${path} ${count}`)
    })
    await checkProcess(t)
  })
})
