import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { testClient } from '../../lib/testing.ts'
import { cookieAfter, cookieOf, cookieOfText, logOf, savedData, savedText, sessionApp, sessionCookieOf } from '../helpers.ts'

const sid = 'abcdefghijklmnopqrstuv'
const all = { _created: 1_700_000_000, _lifetime: 600, _sid: sid }
const text = '{"_created": 1700000000, "user": 1.0, "_sid": "abcdefghijklmnopqrstuv", "_permanent": true, "_lifetime": 600}'

describe('_created, _lifetime and _sid in a cookie', () => {
  test('are no keys of the session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const seen = await visit((session) => ({
      keys: [...session.keys()],
      size: session.size,
      data: session.data(),
      json: session,
      iteration: [...session],
      values: [...session.values()],
      own: Object.keys(session),
      in: Object.keys(all).map((key) => key in session),
      has: Object.keys(all).map((key) => session.has(key)),
      get: Object.keys(all).map((key) => session.get(key, 'nothing')),
      property: [session._created, session._sid, session._lifetime],
      delete: session.delete('_created')
    }), { cookie: cookieOf({ a: 1, ...all }) })

    t.assert.deepStrictEqual(seen.json(), {
      keys: ['a'],
      size: 1,
      data: { a: 1 },
      json: { a: 1 },
      iteration: [['a', 1]],
      values: [1],
      own: ['a'],
      in: [false, false, false],
      has: [false, false, false],
      get: ['nothing', 'nothing', 'nothing'],
      property: [null, null, null],
      delete: false
    })
    t.assert.strictEqual(seen.headers['set-cookie'], undefined)
  })

  test('are not taken by popItem', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const answer = await visit((session) => [session.popItem(), session.popItem() ?? 'nothing'], { cookie: cookieOf({ a: 1, ...all }) })

    t.assert.deepStrictEqual(answer.json(), [['a', 1], 'nothing'])
    t.assert.strictEqual(sessionCookieOf(answer)?.attributes['Max-Age'], '0')
  })

  test('are an error to write, in every way there is', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    for (const key of Object.keys(all)) {
      const answer = await visit((session, request) => {
        const message = (write: () => unknown): string | undefined => {
          try {
            write()
            return undefined
          } catch (error) {
            return `${(error as Error).name}: ${(error as Error).message}`
          }
        }
        return [
          () => session.set(key, 1), () => { session[key] = 1 }, () => session.update({ b: 1, [key]: 1 }), () => session.update([[key, 1]]),
          () => session.setDefault(key, 1), () => Object.assign(session, { [key]: 1 }), () => Object.defineProperty(session, key, { value: 1, configurable: true }),
          () => { request.session = { [key]: 1 } as never }
        ].map(message)
      }, { cookie: cookieOf({ a: 1, ...all }) })

      for (const message of answer.json() as string[]) t.assert.match(message, new RegExp(`^TypeError: ${key} is a key that the session keeps for itself: `))
      t.assert.strictEqual(answer.headers['set-cookie'], undefined)
    }
  })

  test('are kept by changes and by the replacement of the data', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOf({ a: 1, ...all })

    t.assert.deepStrictEqual(savedData(await visit((session) => { session.b = 2 }, { cookie })), { a: 1, b: 2, ...all })
    t.assert.deepStrictEqual(savedData(await visit((_, request) => { request.session = { c: 3 } as never }, { cookie })), { c: 3, ...all })
    t.assert.deepStrictEqual(savedData(await visit((session) => session.save(), { cookie })), { a: 1, ...all })
  })

  test('end with the session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOf({ a: 1, ...all })
    for (const end of [
      (session: any) => session.clear(), (session: any) => session.destroy(), (session: any) => session.delete(),
      (_: any, request: any) => { request.session = null }, (_: any, request: any) => { request.session = {} }
    ]) {
      const answer = await visit((session, request) => {
        end(session, request)
        request.session.b = 2
      }, { cookie })
      t.assert.deepStrictEqual(savedData(answer), { b: 2 })
    }
  })

  test('end where the session is empty when it is saved, and begins again later', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const answer = await visit(async (session) => {
      session.pop('a')
      await session.save()
      session.b = 2
    }, { cookie: cookieOf({ a: 1, ...all }) })

    t.assert.deepStrictEqual(savedData(answer), { b: 2 })
  })

  test('begin anew with regenerate, which keeps the lifetime only when it is named', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    for (const [keep, expected] of [
      [['a'], { a: 1, b: 2 }], [['a', '_created', '_sid'], { a: 1, b: 2 }], [['a', '_lifetime'], { a: 1, b: 2, _lifetime: 600 }], [[], { b: 2 }]
    ] as const) {
      const answer = await visit(async (session) => {
        await session.regenerate(keep)
        session.b = 2
      }, { cookie: cookieOf({ a: 1, ...all }) })
      t.assert.deepStrictEqual(savedData(answer), expected)
    }
  })

  test('stay where they are in the text of a session that is refreshed, and go behind the keys of one that changed', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOfText(text)
    for (let time = 1; time <= 2; time++) {
      t.assert.strictEqual(savedText(await visit(undefined, { cookie })), text)
      t.assert.strictEqual(savedText(await visit((session) => session.user, { cookie })), text)
      const changed = await visit((session) => { session.b = 2 }, { cookie })
      t.assert.strictEqual(savedText(changed),
        '{"user":1.0,"_permanent":true,"b":2,"_created":1700000000,"_lifetime":600,"_sid":"abcdefghijklmnopqrstuv"}')
    }
  })

  test('do not make a session changed whose values were only looked at', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOfText('{"_created": 1700000000, "list": [1], "_sid": "abcdefghijklmnopqrstuv"}')
    for (let time = 1; time <= 2; time++) {
      const answer = await visit((session) => session.list.length === 1 && session.modified, { cookie })
      t.assert.deepStrictEqual([answer.body, answer.headers['set-cookie']], ['false', undefined])
    }
  })

  test('count as absent when they are of a wrong type, with one line of the log', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })
    const cookie = cookieOf({ a: 1, _created: 'yesterday', _lifetime: -1, _sid: 'short' })
    const answer = await visit((session) => {
      session.b = Object.keys(session).length
    }, { cookie })

    t.assert.deepStrictEqual(savedData(answer), { a: 1, b: 1 })
    t.assert.deepStrictEqual(log.lines.map(({ level, keys, msg }) => ({ level, keys, msg })), [{
      level: 20,
      keys: ['_created', '_lifetime', '_sid'],
      msg: 'keys that the session keeps for itself are of a wrong type in a session cookie, and count as absent'
    }])
    t.assert.ok(!log.text().includes('yesterday'))
  })

  test('pass through createSession, encodeSession and decodeSession', async (t: TestContext) => {
    const { app } = await sessionApp(t)
    await app.ready()
    const session = app.createSession({ a: 1, ...all })
    t.assert.deepStrictEqual(session.data(), { a: 1 })
    const cookie = app.encodeSession(session)
    t.assert.deepStrictEqual(savedData({ headers: { 'set-cookie': `session=${cookie}` } }), { a: 1, ...all })

    const decoded = app.decodeSession(cookie)
    t.assert.deepStrictEqual(decoded?.data(), { a: 1 })
    if (decoded === null) throw new Error('refused')
    decoded.b = 2
    t.assert.deepStrictEqual(savedData({ headers: { 'set-cookie': `session=${app.encodeSession(decoded)}` } }), { a: 1, b: 2, ...all })
  })

  test('pass through the transactions of the test client', async (t: TestContext) => {
    const { app, visit } = await sessionApp(t)
    const client = testClient<Record<string, unknown>>(app)
    const login = await visit((session) => { session.b = 2 }, { cookie: cookieOf({ a: 1, ...all }) })
    await client.jar.setCookie(cookieAfter(login), 'https://localhost/')
    await client.sessionTransaction((session) => { session.c = 3 })
    const answer = await client.inject('/')
    t.assert.strictEqual(answer.statusCode, 200)

    const saved = { headers: { 'set-cookie': await client.jar.getCookieString('https://localhost/') } }
    t.assert.deepStrictEqual(savedData(saved), { a: 1, b: 2, c: 3, ...all })
  })
})
