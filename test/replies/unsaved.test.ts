import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { buildApp, sessionApp } from '../helpers.ts'

describe('a session that cannot be saved', () => {
  for (const [what, make] of [
    ['a stream', () => new Readable({ read () {} })],
    ['a web stream', () => Readable.toWeb(new Readable({ read () {} }))],
    ['the body of a Response', () => new Response(Readable.toWeb(new Readable({ read () {} })) as ReadableStream)]
  ] as const) {
    test(`destroys ${what} that was to be sent`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      let isLetGo = false
      const answer = await visit((session) => {
        const payload = make()
        const stream = payload instanceof Response ? payload.body as object : payload
        const method = stream instanceof Readable ? 'destroy' : 'cancel'
        const original = Reflect.get(stream, method) as () => unknown
        Reflect.set(stream, method, function (this: unknown) {
          isLetGo = true
          return Reflect.apply(original, this, [])
        })
        session.function = () => {}
        return payload
      })
      t.assert.strictEqual(answer.statusCode, 500)
      t.assert.strictEqual(isLetGo, true)
    })
  }

  test('keeps its old cookie when only a refresh would not fit', async (t: TestContext) => {
    const data = { _permanent: true, text: randomBytes(2100).toString('base64') }
    const wide = await buildApp(t, { maxCookieSize: 0 })
    await wide.ready()
    const cookie = `session=${wide.encodeSession(wide.createSession(data))}`
    const lines: Array<{ level: number, msg: string, err: { code: string } }> = []
    const app = await buildApp(t, { maxCookieSize: 3000 }, { server: { logger: { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } } })
    app.get('/untouched', async () => 'ok')
    app.get('/read', async (request) => String((request.session['text'] as string).length))
    app.get('/write', async (request) => { request.session['more'] = 1 })

    const statuses = []
    for (const url of ['/untouched', '/read', '/none', '/write']) statuses.push((await app.inject({ url, headers: { cookie } })).statusCode)

    t.assert.deepStrictEqual(statuses, [200, 200, 404, 500])
    t.assert.deepStrictEqual(lines.slice(0, 3).map(({ level, msg, err }) => [level, msg, err.code]), Array.from({ length: 3 }, () => (
      [40, 'the session cookie could not be refreshed', 'FST_SESSION_COOKIE_OVERFLOW']
    )))
  })
})
