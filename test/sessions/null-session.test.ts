import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { NullSession, SecureCookieSession } from '../../lib/index.ts'
import type { Session } from '../../lib/index.ts'
import { cookieOf, sessionApp } from '../helpers.ts'
import type { Act } from '../helpers.ts'

const unavailable = {
  code: 'FST_SESSION_UNAVAILABLE',
  statusCode: 500,
  message: 'The session is read-only because no secret key is set. Set the option secretKey, or SECRET_KEY in the config, to something long and random'
}

describe('without a secret key', () => {
  const reads: Record<string, Act> = {
    'a property': (session) => session.user_id ?? 'nothing',
    get: (session) => session.get('user_id', 'nothing'),
    has: (session) => session.has('user_id') ? 'something' : 'nothing',
    in: (session) => 'user_id' in session ? 'something' : 'nothing',
    size: (session) => session.size === 0 ? 'nothing' : 'something',
    'Object.keys': (session) => Object.keys(session).length === 0 ? 'nothing' : 'something',
    iteration: (session) => [...session].length === 0 ? 'nothing' : 'something',
    data: (session) => Object.keys(session.data()).length === 0 ? 'nothing' : 'something',
    JSON: (session) => JSON.stringify(session) === '{}' ? 'nothing' : 'something',
    permanent: (session) => session.permanent ? 'something' : 'nothing',
    flags: (session) => session.modified || session.changed || session.deleted || session.new ? 'something' : 'nothing',
    'options of the cookie': (session) => { session.options({ maxAge: 1 }); return 'nothing' },
    inspect: (session) => inspect(session) === 'SecureCookieSession {}' ? 'nothing' : 'something',
    reload: async (session) => { await session.reload(); return session.size === 0 ? 'nothing' : 'something' }
  }
  for (const [name, read] of Object.entries(reads)) {
    test(`${name} finds an empty session, whatever the cookie`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { secretKey: undefined })

      const response = await visit(read, { cookie: cookieOf({ user_id: 42, _permanent: true }) })

      t.assert.strictEqual(response.statusCode, 200)
      t.assert.strictEqual(response.body, 'nothing')
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    })
  }

  const writes: Record<string, (session: Session) => unknown> = {
    'a property': (session) => { session.a = 1 },
    'a property set to undefined': (session) => { session.a = undefined },
    'delete of a property': (session) => delete session.a,
    set: (session) => session.set('a', 1),
    'set to undefined': (session) => session.set('a', undefined),
    'delete with a key': (session) => session.delete('a'),
    'delete without a key': (session) => session.delete(),
    pop: (session) => session.pop('a'),
    'pop with a default': (session) => session.pop('a', 1),
    popItem: (session) => session.popItem(),
    setDefault: (session) => session.setDefault('a', 1),
    update: (session) => session.update({ a: 1 }),
    clear: (session) => session.clear(),
    permanent: (session) => { session.permanent = true },
    modified: (session) => { session.modified = true },
    changed: (session) => { session.changed = true },
    touch: (session) => session.touch(),
    'Object.assign': (session) => Object.assign(session, { a: 1 }),
    'Object.defineProperty': (session) => Object.defineProperty(session, 'a', { value: 1 }),
    regenerate: (session) => session.regenerate(),
    save: (session) => session.save(),
    destroy: (session) => session.destroy()
  }
  for (const [name, write] of Object.entries(writes)) {
    test(`${name} throws, and says what to set`, async (t: TestContext) => {
      await t.assert.rejects(async () => { await write(new NullSession() as unknown as Session) }, unavailable)
    })
  }

  test('assignment to request.session throws too', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKey: undefined })

    for (const data of [null, {}, { a: 1 }]) {
      const response = await visit((_session, request) => { request.session = data })

      t.assert.strictEqual(response.statusCode, 500)
      t.assert.strictEqual(response.json().code, 'FST_SESSION_UNAVAILABLE')
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    }
  })

  test('an access adds no Vary: no cookie is looked at', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKey: undefined })

    t.assert.strictEqual((await visit((session) => session.user_id)).headers.vary, undefined)
  })

  test('an access before a stream adds no Vary either', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKey: undefined })

    const response = await visit((session) => Readable.from([String(session.user)]))

    t.assert.strictEqual(response.body, 'undefined')
    t.assert.strictEqual(response.headers.vary, undefined)
  })

  test('the session is truthy and a NullSession', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKey: undefined })

    const response = await visit((session) => ({ null: session instanceof NullSession, session: session instanceof SecureCookieSession }))

    t.assert.deepStrictEqual(response.json(), { null: true, session: true })
  })

  test('null and the empty text are no key', async (t: TestContext) => {
    for (const SECRET_KEY of [null, '']) {
      const { visit } = await sessionApp(t, { secretKey: undefined }, { config: { SECRET_KEY } })

      t.assert.strictEqual((await visit((session) => session instanceof NullSession)).body, 'true')
    }
  })

  test('a key that is set while the server runs makes sessions of the next request', async (t: TestContext) => {
    const config: { SECRET_KEY?: string } = {}
    const { visit } = await sessionApp(t, { secretKey: undefined }, { config })

    t.assert.strictEqual((await visit((session) => { session.a = 1 })).statusCode, 500)
    config.SECRET_KEY = 'a key that came late, but came'
    t.assert.strictEqual((await visit((session) => { session.a = 1 })).statusCode, 200)
    delete config.SECRET_KEY
    t.assert.strictEqual((await visit((session) => { session.a = 1 })).statusCode, 500)
  })
})
