import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { NullSession, SecureCookieSession } from '../../lib/index.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'
import { cookieOf, sessionApp } from '../helpers.ts'
import type { Act } from '../helpers.ts'

describe('SecureCookieSession', () => {
  test('begins with the data that it is given, and does not look for other data', (t: TestContext) => {
    const load = t.mock.fn(() => ({ data: { a: 2 } }))
    const session = new SecureCookieSession({ a: 1 }, { load, serializer: sessionJSONSerializer })

    t.assert.deepStrictEqual(session.data(), { a: 1 })
    t.assert.strictEqual(load.mock.callCount(), 0)
  })

  test('is empty without data', (t: TestContext) => {
    const session = new SecureCookieSession()

    t.assert.deepStrictEqual([session.data(), session.size, session.modified, session.popItem()], [{}, 0, false, undefined])
  })

  test('copies the given data, and notices changes inside of it', (t: TestContext) => {
    const given = { list: [1] }
    const session = new SecureCookieSession(given)
    session.set('a', 1)
    session.modified = false
    t.assert.deepStrictEqual(given, { list: [1] })
    ;(session.get('list') as number[]).push(2)

    t.assert.strictEqual(session.modified, true)
  })

  test('notices a change inside of what only its serializer can copy', (t: TestContext) => {
    const bytes = Buffer.from('a')
    const session = new SecureCookieSession({ bytes, list: [Buffer.from('b')] })

    t.assert.strictEqual(session.get('bytes'), bytes)
    t.assert.strictEqual(session.modified, false)
    bytes[0] = 0x62
    t.assert.strictEqual(session.modified, true)
    bytes[0] = 0x61
    t.assert.strictEqual(session.modified, false)
    ;(session.get('list') as Buffer[])[0] = bytes
    t.assert.strictEqual(session.modified, true)
  })

  test('has no prototype, no extension and no symbol of its own to be changed', (t: TestContext) => {
    const session = new SecureCookieSession({ a: 1 })

    t.assert.strictEqual(Reflect.preventExtensions(session), false)
    t.assert.strictEqual(Reflect.setPrototypeOf(session, {}), false)
    t.assert.strictEqual(Object.getOwnPropertyDescriptor(session, Symbol.iterator), undefined)
    t.assert.strictEqual(Reflect.deleteProperty(new NullSession(), Symbol('s')), true)
    t.assert.strictEqual(session.accessed, false)
  })

  test('shows its class and data to console.log', (t: TestContext) => {
    const session = new SecureCookieSession({ user_id: 42 })

    t.assert.strictEqual(inspect(session), 'SecureCookieSession { user_id: 42 }')
    t.assert.strictEqual(session.accessed, false)
  })

  test('calls a getter of a subclass with the session itself, so that it can read data by property', (t: TestContext) => {
    class Own extends SecureCookieSession {
      declare user_id: number
      get user (): string { return `user ${this.user_id}` }
      greet (): string { return `Hello, ${this.user}` }
    }
    const session = new Own({ user_id: 42 })

    t.assert.strictEqual(session.user, 'user 42')
    t.assert.strictEqual(session.greet(), 'Hello, user 42')
  })
})

describe('keys that every object has', () => {
  const methods = ['hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', 'toString', 'valueOf'] as const

  for (const name of methods) {
    test(`${name} is the method, unless the data has a key of that name`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      const look: Act = (session) => [typeof session[name], session.get(name) ?? null, name in session]

      t.assert.deepStrictEqual((await visit(look)).json(), ['function', null, false])
      t.assert.deepStrictEqual((await visit(look, { cookie: cookieOf({ [name]: 1 }) })).json(), ['number', 1, true])
    })
  }

  test('constructor is a key like any other', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const look: Act = (session) => [typeof session.constructor, 'constructor' in session]

    t.assert.deepStrictEqual((await visit(look)).json(), ['undefined', false])
    t.assert.deepStrictEqual((await visit(look, { cookie: cookieOf({ constructor: 1 }) })).json(), ['number', true])
    t.assert.deepStrictEqual((await visit((session) => { Object.assign(session, { constructor: 2 }); return [session.get('constructor')] })).json(), [2])
  })
})
