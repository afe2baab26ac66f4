import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookieOf, logOf, savedData, sessionApp, sessionCookieOf, setCookiesOf } from '../helpers.ts'
import type { Act, Answer } from '../helpers.ts'

const write: Act = (session) => { session.a = 1 }

describe('a gateway behind a proxy that ends TLS', () => {
  for (const host of ['127.0.0.1:3000', 'localhost:3000']) {
    test(`hears of the missing trustProxy even where the proxy, as nginx by default, sends the Host ${host}`, async (t: TestContext) => {
      const log = logOf()
      const { visit } = await sessionApp(t, { cookie: { secure: 'auto' } }, { server: log.server })

      const response = await visit(write, { headers: { host, 'x-forwarded-proto': 'https' } })

      t.assert.strictEqual(sessionCookieOf(response)?.attributes.Secure, undefined)
      t.assert.deepStrictEqual(log.lines.map(({ level }) => level), [40])
      t.assert.match(log.lines[0]?.msg ?? '', /'auto'.*trustProxy/)
    })
  }
})

describe('a change of the session beside a cookie of its name from an upstream', () => {
  const theirs = 'session=theirs; Path=/'
  const cookie = cookieOf({ _permanent: true, user: 7 })

  /** The answer to the second of two requests, and the warnings about both. */
  async function answerOf (t: TestContext, act: Act): Promise<{ response: Answer, warnings: string[] }> {
    const log = logOf('warn')
    const { visit } = await sessionApp(t, {}, { server: log.server })
    await visit(act, { cookie })
    const response = await visit(act, { cookie })
    return { response, warnings: log.lines.map(({ msg }) => msg) }
  }

  test('is sent last and reported once, since it undoes a logout of the upstream', async (t: TestContext) => {
    const { response, warnings } = await answerOf(t, (session, _request, reply) => {
      session.a = 1
      reply.header('set-cookie', theirs)
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ value }) => value === 'theirs'), [true, false])
    t.assert.strictEqual(warnings.length, 1)
    t.assert.match(warnings[0] ?? '', /^session: .*Set-Cookie.*modified = false/)
  })

  test('is reported, too, when save() put it into a hijacked reply before the head of the upstream', async (t: TestContext) => {
    const { warnings } = await answerOf(t, (session, _request, reply) => {
      session.save()
      reply.hijack()
      reply.raw.writeHead(200, { 'set-cookie': theirs })
      reply.raw.end()
    })

    t.assert.strictEqual(warnings.length, 1)
  })

  test('gives way when the application says that nothing was modified', async (t: TestContext) => {
    const { response, warnings } = await answerOf(t, (session, _request, reply) => {
      session.a = 1
      reply.header('set-cookie', theirs)
      session.modified = false
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ value }) => value), ['theirs'])
    t.assert.deepStrictEqual(warnings, [])
  })

  test('is no news beside other cookies', async (t: TestContext) => {
    const { response, warnings } = await answerOf(t, (session, _request, reply) => {
      session.a = 1
      reply.header('set-cookie', 'sessions=1')
    })

    t.assert.deepStrictEqual(savedData(response), { _permanent: true, user: 7, a: 1 })
    t.assert.deepStrictEqual(warnings, [])
  })
})
