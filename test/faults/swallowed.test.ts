import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { Readable } from 'node:stream'
import { cookieOf, logOf, savedData, sessionApp } from '../helpers.ts'
import type { Session } from '../../lib/index.ts'

const lost = 'a change of the session was lost: session.save() failed, and nothing was changed since'

describe('an error of session.save() that a handler catches and forgets', () => {
  test('is a warning, as the response goes out without the change', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })

    const response = await visit(async (session) => {
      session.bad = () => {}
      try { await session.save() } catch {}
    })

    t.assert.strictEqual(response.statusCode, 200)
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
    t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [[40, lost]])
  })

  test('is the only warning, although a value changes in the stream that follows', async (t: TestContext) => {
    const log = logOf('warn')
    const { visit } = await sessionApp(t, {}, { server: log.server })
    async function * body (session: Session): AsyncGenerator<string> {
      yield 'first'
      await new Promise((resolve) => setImmediate(resolve))
      session.items.push(1)
      yield 'second'
    }

    await visit(async (session) => {
      session.bad = () => {}
      try { await session.save() } catch {}
      return Readable.from(body(session))
    }, { cookie: cookieOf({ items: [] }) })
    await new Promise((resolve) => setImmediate(resolve))

    t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg), [lost])
  })

  test('is no warning when the session is mended', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })

    const response = await visit(async (session) => {
      session.bad = () => {}
      try { await session.save() } catch {}
      session.bad = 1
    })

    t.assert.deepStrictEqual(savedData(response), { bad: 1 })
    t.assert.deepStrictEqual(log.lines, [])
  })

  test('of the onSend hook is no warning: the response has failed', async (t: TestContext) => {
    const log = logOf('warn')
    const { visit } = await sessionApp(t, {}, {
      server: log.server, after: (app) => app.setErrorHandler(async (_error, request, reply) => reply.code(500).send(`page of ${String(request.session.user)}`))
    })

    const response = await visit((session) => { session.user = 'alice'; session.bad = () => {} })

    t.assert.strictEqual(response.body, 'page of alice')
    t.assert.deepStrictEqual(log.lines, [])
  })
})

describe('a value of the session that was taken out before the head was sent', () => {
  for (const [what, isChanged] of [['changed', true], ['only read', false]] as const) {
    test(`and is ${what} inside a stream is ${isChanged ? 'reported once' : 'not reported'}`, async (t: TestContext) => {
      const log = logOf('warn')
      const { visit } = await sessionApp(t, {}, { server: log.server })
      async function * body (items: number[]): AsyncGenerator<string> {
        yield 'first'
        await new Promise((resolve) => setImmediate(resolve))
        if (isChanged) items.push(1)
        yield String(items.length)
      }

      await visit((session: Session) => Readable.from(body(session.items)), { cookie: cookieOf({ items: [] }) })
      await new Promise((resolve) => setImmediate(resolve))

      t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg.slice(0, 58)), isChanged ? ['a change inside a value of the session was lost: the heade'] : [])
    })
  }
})
