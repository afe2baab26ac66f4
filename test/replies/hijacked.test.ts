import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookieOf, logOf, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'

describe('save and hijack', () => {
  test('save puts the headers into the response at once', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(async (session, _request, reply) => {
      session.a = 1
      await session.save()
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.end(`${String(reply.getHeader('set-cookie')).slice(0, 8)} ${String(reply.raw.getHeader('vary'))}`)
      return reply
    })

    t.assert.strictEqual(response.body, 'session= Cookie')
    t.assert.deepStrictEqual(savedData(response), { a: 1 })
    t.assert.strictEqual(response.headers.vary, 'Cookie')
  })

  test('save leaves a header of the reply that Node.js would refuse out of the raw response', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(async (session, _request, reply) => {
      session.a = 1
      reply.header('vary', 'Accept, a\u0000b')
      await session.save()
      reply.hijack()
      reply.raw.end('hello')
      return reply
    })

    t.assert.strictEqual(response.body, 'hello')
    t.assert.strictEqual(response.headers.vary, 'Accept, Cookie')
    t.assert.deepStrictEqual(savedData(response), { a: 1 })
  })

  test('save sends the cookie also when nothing changed, in every form of the call', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const callback = t.mock.fn()

    const awaited = await visit(async (session) => { await session.save() }, { cookie: cookieOf({ a: 1 }) })
    const called = await visit((session) => { session.save(callback) }, { cookie: cookieOf({ a: 1 }) })

    t.assert.deepStrictEqual(savedData(awaited), { a: 1 })
    t.assert.deepStrictEqual(savedData(called), { a: 1 })
    t.assert.deepStrictEqual(callback.mock.calls.map(({ arguments: given }) => given), [[null]])
  })

  test('save sends nothing for an empty session, and the deletion for one that was emptied', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const empty = await visit(async (session) => { await session.save() })
    const emptied = await visit(async (session) => { session.clear(); await session.save() }, { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(empty.headers['set-cookie'], undefined)
    t.assert.strictEqual(sessionCookieOf(emptied)?.attributes['Max-Age'], '0')
  })

  test('save twice and a write after it leave one cookie, the last', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(async (session) => {
      session.a = 1
      await session.save()
      await session.save()
      session.a = 2
    })

    t.assert.deepStrictEqual(savedData(response), { a: 2 })
  })

  test('save passes the error of a session that cannot be saved to its callback', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    let told: unknown

    const response = await visit(async (session) => {
      session.bad = () => {}
      await session.save((error) => { told = (error as unknown as { code: string }).code })
      delete session.bad
      session.good = 1
    })

    t.assert.strictEqual(told, 'FST_SESSION_UNSERIALIZABLE')
    t.assert.deepStrictEqual(savedData(response), { good: 1 })
  })

  test('save in an onRequest hook from before the registration is an error, as there is no reply to save into', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      before: (app) => app.addHook('onRequest', async (request) => {
        request.session.a = 1
        await request.session.save()
      })
    })

    t.assert.strictEqual((await visit()).json().code, 'FST_SESSION_NOT_OPEN')
  })

  const changes: Record<string, Act> = {
    'a write': (session) => { session.a = 2 },
    'a nested change': (session) => { session.list.push(1) }
  }
  for (const [name, change] of Object.entries(changes)) {
    test(`${name} that a hijacked reply drops is logged once`, async (t: TestContext) => {
      const log = logOf()
      const { visit } = await sessionApp(t, {}, { server: log.server })

      const response = await visit((session, request, reply) => {
        change(session, request, reply)
        change(session, request, reply)
        reply.hijack()
        reply.raw.end('raw')
        return reply
      }, { cookie: cookieOf({ a: 1, list: [] }) })

      t.assert.strictEqual(response.body, 'raw')
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
      t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [
        [40, 'a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before']
      ])
    })
  }

  const harmless: Record<string, Act> = {
    'that read': (session) => { session.list.slice() },
    'that was saved': async (session) => { session.a = 2; await session.save() },
    'that did nothing': () => {}
  }
  for (const [name, act] of Object.entries(harmless)) {
    test(`a hijacked reply with a handler ${name} logs nothing`, async (t: TestContext) => {
      const log = logOf()
      const { visit } = await sessionApp(t, {}, { server: log.server })

      await visit(async (session, request, reply) => {
        await act(session, request, reply)
        reply.hijack()
        reply.raw.end('raw')
        return reply
      }, { cookie: cookieOf({ a: 1, list: [] }) })

      t.assert.deepStrictEqual(log.lines, [])
    })
  }

  test('an ordinary response logs nothing', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })

    await visit((session) => { session.list.push(1) }, { cookie: cookieOf({ list: [] }) })

    t.assert.deepStrictEqual(log.lines, [])
  })

  test('a change after save() that a hijacked reply drops is saved or logged', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })

    const response = await visit(async (session, _request, reply) => {
      session.seen = 1
      await session.save()
      session.seen = 2
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.end('data: 1\n\n')
      return reply
    })

    const { seen } = savedData(response) as { seen: number }
    t.assert.ok(seen === 2 || log.lines.length === 1, `seen is ${seen}, and nothing was logged`)
  })
})
