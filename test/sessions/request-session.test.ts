import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert'
import { inspect } from 'node:util'
import { NullSession, SecureCookieSession } from '../../lib/index.ts'
import type { Session } from '../../lib/index.ts'
import { cookieOf, cookieOfText, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'

/** A session of its own, typed as requests have it. */
function sessionOf (data?: Record<string, unknown>): Session & SecureCookieSession {
  return new SecureCookieSession(data) as Session & SecureCookieSession
}

describe('data by property', () => {
  test('reads, writes and deletes any text as a key', (t: TestContext) => {
    const session = sessionOf()

    session.user_id = 42
    session['oauth2:accounts.google.com'] = { state: 'x' }
    session[''] = 'empty'

    t.assert.strictEqual(session.user_id, 42)
    t.assert.deepStrictEqual(session['oauth2:accounts.google.com'], { state: 'x' })
    t.assert.strictEqual(session.get(''), 'empty')
    t.assert.strictEqual(delete session.user_id, true)
    t.assert.strictEqual(session.user_id, undefined)
    t.assert.strictEqual(delete session.user_id, true)
  })

  test('shows exactly the data to Object.keys, in, for..in, spread, JSON and Object.hasOwn', (t: TestContext) => {
    const session = sessionOf({ a: 1, b: [2], _permanent: true })
    const seen: string[] = []
    for (const key in session) seen.push(key)

    t.assert.deepStrictEqual(Object.keys(session), ['a', 'b', '_permanent'])
    t.assert.deepStrictEqual(seen, ['a', 'b', '_permanent'])
    t.assert.deepStrictEqual(Reflect.ownKeys(session), ['a', 'b', '_permanent'])
    t.assert.deepStrictEqual({ ...session }, { a: 1, b: [2], _permanent: true })
    t.assert.strictEqual(JSON.stringify(session), '{"a":1,"b":[2],"_permanent":true}')
    t.assert.deepStrictEqual(Object.entries(session), [['a', 1], ['b', [2]], ['_permanent', true]])
    t.assert.strictEqual('a' in session, true)
    t.assert.strictEqual('get' in session, false)
    t.assert.strictEqual('modified' in session, false)
    t.assert.strictEqual('constructor' in session, false)
    t.assert.strictEqual(Object.hasOwn(session, 'a'), true)
    t.assert.strictEqual(Object.hasOwn(session, 'get'), false)
    t.assert.deepStrictEqual(Object.getOwnPropertyDescriptor(session, 'a'), { value: 1, writable: true, enumerable: true, configurable: true })
    t.assert.strictEqual(Object.getOwnPropertyDescriptor(session, 'get'), undefined)
  })

  test('is equal to a plain object of the same data', (t: TestContext) => {
    t.assert.doesNotThrow(() => assert.deepEqual(sessionOf({ a: 1, b: { c: [2] } }), { a: 1, b: { c: [2] } }))
    t.assert.throws(() => assert.deepEqual(sessionOf({ a: 1, b: 2 }), { a: 1 }))
  })

  test('is equal to a session of the same data, and to no other', (t: TestContext) => {
    t.assert.doesNotThrow(() => assert.deepStrictEqual(sessionOf({ a: 1, b: [2] }), sessionOf({ a: 1, b: [2] })))
    t.assert.throws(() => assert.deepEqual(sessionOf({ a: 1 }), sessionOf({ a: 2 })))
  })

  test('takes the keys of Object.assign', (t: TestContext) => {
    t.assert.deepStrictEqual({ ...Object.assign(sessionOf({ a: 1 }), { b: 2 }) }, { a: 1, b: 2 })
  })

  test('has no then, so that it can be awaited and returned', async (t: TestContext) => {
    const session = sessionOf({ then: 'data' })

    t.assert.strictEqual(session.then, undefined)
    t.assert.strictEqual(await session, session)
    t.assert.strictEqual(session.get('then'), 'data')
    t.assert.strictEqual('then' in session, true)
  })

  test('is sent as JSON when a handler returns it', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => session, { cookie: cookieOf({ user_id: 42, cart: { items: [1] } }) })

    t.assert.strictEqual(response.body, '{"user_id":42,"cart":{"items":[1]}}')
  })

  test('reaches keys that bear the name of a member with get and set only', (t: TestContext) => {
    const session = sessionOf()
    const names = [
      'get', 'set', 'has', 'delete', 'pop', 'popItem', 'setDefault', 'update', 'clear', 'size', 'keys', 'values', 'entries', 'forEach',
      'permanent', 'modified', 'accessed', 'new', 'data', 'touch', 'options', 'regenerate', 'save', 'destroy', 'reload', 'changed', 'deleted'
    ]
    for (const name of names) session.set(name, `the key ${name}`)

    t.assert.deepStrictEqual(Object.keys(session), names)
    for (const name of names) {
      t.assert.strictEqual(session.get(name), `the key ${name}`)
      t.assert.strictEqual(name in session, true)
    }
    t.assert.strictEqual(typeof session.get, 'function')
    t.assert.strictEqual(session.size, names.length)
    t.assert.strictEqual(session.modified, true)
    t.assert.strictEqual(session.new, false)
    t.assert.strictEqual(delete (session as { get?: unknown }).get, true)
    t.assert.strictEqual(session.has('get'), false)
  })

  test('refuses to put data in the place of a member, and says how to do it', (t: TestContext) => {
    const session = sessionOf()

    for (const name of ['get', 'data', 'size', 'new', 'deleted']) {
      t.assert.throws(() => { (session as Record<string, unknown>)[name] = 1 }, {
        name: 'TypeError', message: `session.${name} is a member of the session: write session.set('${name}', ...) for a key of that name`
      })
    }
    t.assert.strictEqual(session.size, 0)
    t.assert.strictEqual(session.modified, false)
  })

  test('takes the names of what every object has for ordinary keys, and changes no prototype', (t: TestContext) => {
    const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__']
    const prototype = Object.getPrototypeOf(sessionOf()) as object

    for (const write of ['property', 'set', 'update', 'setDefault', 'assignment of entries'] as const) {
      const session = sessionOf()
      const data = session as Record<string, unknown>
      for (const name of names) {
        const value = { polluted: name }
        if (write === 'property') data[name] = value
        else if (write === 'set') session.set(name, value)
        else if (write === 'setDefault') session.setDefault(name, value)
        else session.update([[name, value]])
      }

      for (const name of names) {
        t.assert.deepStrictEqual(session.get(name), { polluted: name }, `${write} of ${name}`)
        t.assert.deepStrictEqual(data[name], { polluted: name })
        t.assert.strictEqual(Object.hasOwn(session, name), true)
      }
      t.assert.deepStrictEqual(Object.keys(session), names)
      t.assert.deepStrictEqual(Object.keys(session.data()), names)
      t.assert.strictEqual(Object.getPrototypeOf(session), prototype)
      t.assert.strictEqual(Object.getPrototypeOf(session.data()), Object.prototype)
      t.assert.strictEqual(({} as Record<string, unknown>).polluted, undefined)
      for (const name of names) t.assert.strictEqual(delete data[name], true)
      t.assert.strictEqual(session.size, 0)
    }
  })

  test('finds nothing behind such a name when the data has none', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    t.assert.strictEqual(session.constructor, undefined)
    t.assert.strictEqual((session as Record<string, unknown>).__proto__, undefined) // eslint-disable-line no-proto
    t.assert.strictEqual(session.get('toString'), undefined)
    t.assert.strictEqual(session.has('hasOwnProperty'), false)
    t.assert.strictEqual(session.hasOwnProperty('a'), true) // eslint-disable-line no-prototype-builtins
    t.assert.match(String(session), /^\[object \w+\]$/)
  })

  test('carries such keys through a cookie', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const text = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"a":1}'

    const response = await visit((session) => {
      session.seen = true
      return { admin: session.admin ?? null, plain: (Object.create(Object.getPrototypeOf({})) as { admin?: boolean }).admin ?? null }
    }, { cookie: cookieOfText(text) })

    t.assert.deepStrictEqual(response.json(), { admin: null, plain: null })
    t.assert.strictEqual(
      Buffer.from(sessionCookieOf(response)?.value.split('.')[0] ?? '', 'base64url').toString(),
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"a":1,"seen":true}'
    )
  })

  test('takes a value by defineProperty, and no getter, no symbol', (t: TestContext) => {
    const session = sessionOf()

    Object.defineProperty(session, 'a', { value: 1, writable: true, enumerable: true, configurable: true })

    t.assert.strictEqual(session.get('a'), 1)
    t.assert.strictEqual(session.modified, true)
    t.assert.throws(() => Object.defineProperty(session, 'b', { get: () => 1 }), TypeError)
    t.assert.throws(() => Object.defineProperty(session, Symbol('c'), { value: 1 }), TypeError)
    t.assert.strictEqual(session.size, 1)
  })

  test('leaves the data alone when defineProperty asks for what a session cannot do', (t: TestContext) => {
    const session = sessionOf()

    t.assert.throws(() => Object.defineProperty(session, 'a', { value: 1, configurable: false }), TypeError)
    t.assert.strictEqual(session.size, 0)
  })

  test('cannot be frozen, sealed or given another prototype', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    t.assert.throws(() => Object.freeze(session), TypeError)
    t.assert.throws(() => Object.seal(session), TypeError)
    t.assert.throws(() => Object.preventExtensions(session), TypeError)
    t.assert.throws(() => Object.setPrototypeOf(session, null), TypeError)
    t.assert.strictEqual(Object.isExtensible(session), true)
    session.a = 2
    t.assert.strictEqual(session.a, 2)
  })

  test('keeps symbols apart from the data', (t: TestContext) => {
    const session = sessionOf({ a: 1 })
    const symbol = Symbol('application')
    const bag = session as unknown as Record<symbol, unknown>

    bag[symbol] = 'kept'

    t.assert.strictEqual(bag[symbol], 'kept')
    t.assert.strictEqual(symbol in session, true)
    t.assert.strictEqual(Object.getOwnPropertyDescriptor(session, symbol), undefined)
    t.assert.deepStrictEqual(Object.getOwnPropertySymbols(session), [])
    t.assert.strictEqual(session.modified, false)
    t.assert.strictEqual(delete bag[symbol], true)
  })

  test('shows its data to console.log, and that is no access', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => inspect(session), { cookie: cookieOf({ user_id: 42, cart: { items: [] } }) })

    t.assert.strictEqual(response.body, 'SecureCookieSession { user_id: 42, cart: { items: [] } }')
    t.assert.strictEqual(response.headers.vary, undefined)
    t.assert.strictEqual(inspect(new NullSession()), 'SecureCookieSession {}')
    t.assert.match(inspect({ session: sessionOf({ a: { b: { c: { d: 1 } } } }) }), /^{ session: SecureCookieSession \{ a: \[?\{?/)
  })
})

describe('as a dict and as a Map', () => {
  test('get gives the value, or the default', (t: TestContext) => {
    const session = sessionOf({ a: 1, no: false, zero: 0, none: null })

    t.assert.strictEqual(session.get('a'), 1)
    t.assert.strictEqual(session.get('a', 2), 1)
    t.assert.strictEqual(session.get('no', true), false)
    t.assert.strictEqual(session.get('zero', 1), 0)
    t.assert.strictEqual(session.get('none', 'default'), null)
    t.assert.strictEqual(session.get('b'), undefined)
    t.assert.strictEqual(session.get('b', 2), 2)
    t.assert.strictEqual(session.modified, false)
  })

  test('set sets a key, and removes it for undefined', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    t.assert.strictEqual(session.set('b', 2), undefined)
    session.set('a', undefined)
    session.c = undefined

    t.assert.deepStrictEqual(session.data(), { b: 2 })
    t.assert.strictEqual(session.modified, true)
  })

  test('setting undefined where nothing is changes nothing', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    session.set('passport', undefined)

    t.assert.strictEqual(session.modified, false)
  })

  test('has and delete say whether a key is there', (t: TestContext) => {
    const session = sessionOf({ a: undefined, b: null })

    t.assert.strictEqual(session.has('b'), true)
    t.assert.strictEqual(session.has('c'), false)
    t.assert.strictEqual(session.delete('c'), false)
    t.assert.strictEqual(session.modified, false)
    t.assert.strictEqual(session.delete('b'), true)
    t.assert.strictEqual(session.modified, true)
    t.assert.strictEqual(session.has('b'), false)
  })

  test('pop removes a key and gives its value, or the default', (t: TestContext) => {
    const session = sessionOf({ a: 1, list: [1, 2] })

    t.assert.strictEqual(session.pop('missing'), undefined)
    t.assert.strictEqual(session.pop('missing', 'default'), 'default')
    t.assert.strictEqual(session.modified, false)
    t.assert.deepStrictEqual(session.pop('list'), [1, 2])
    t.assert.strictEqual(session.pop('a', 2), 1)
    t.assert.strictEqual(session.size, 0)
    t.assert.strictEqual(session.modified, true)
  })

  test('popItem removes the youngest key', (t: TestContext) => {
    const session = sessionOf({ a: 1, b: 2 })

    t.assert.deepStrictEqual(session.popItem(), ['b', 2])
    t.assert.deepStrictEqual(session.popItem(), ['a', 1])
    t.assert.strictEqual(session.modified, true)
    session.modified = false
    t.assert.strictEqual(session.popItem(), undefined)
    t.assert.strictEqual(session.modified, false)
  })

  test('setDefault sets a key that is not there', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    t.assert.strictEqual(session.setDefault('a', 2), 1)
    t.assert.strictEqual(session.modified, false)
    t.assert.deepStrictEqual(session.setDefault('list', []), [])
    session.setDefault('list', [0]).push(1)
    t.assert.deepStrictEqual(session.data(), { a: 1, list: [1] })
    t.assert.strictEqual(session.modified, true)
  })

  test('update takes an object, entries, a Map and another session', (t: TestContext) => {
    const session = sessionOf({ a: 1, gone: 1 })

    session.update({ b: 2, gone: undefined })
    session.update([['c', 3], ['d', undefined]])
    session.update(new Map([['e', 5]]))
    session.update(sessionOf({ f: 6 }))

    t.assert.deepStrictEqual(session.data(), { a: 1, b: 2, c: 3, e: 5, f: 6 })
    t.assert.strictEqual(session.modified, true)
  })

  test('clear removes every key', (t: TestContext) => {
    const session = sessionOf({ a: 1, b: 2 })

    t.assert.strictEqual(session.clear(), undefined)

    t.assert.strictEqual(session.size, 0)
    t.assert.strictEqual(session.modified, true)
    t.assert.strictEqual(session.deleted, false)
  })

  test('size, keys, values, entries, forEach and iteration go over the data in its order', (t: TestContext) => {
    const session = sessionOf({ a: 1, b: 'two' })
    const seen: unknown[] = []
    session.forEach((value, key) => seen.push([key, value]))

    t.assert.strictEqual(session.size, 2)
    t.assert.deepStrictEqual([...session.keys()], ['a', 'b'])
    t.assert.deepStrictEqual([...session.values()], [1, 'two'])
    t.assert.deepStrictEqual([...session.entries()], [['a', 1], ['b', 'two']])
    t.assert.deepStrictEqual([...session], [['a', 1], ['b', 'two']])
    t.assert.deepStrictEqual(seen, [['a', 1], ['b', 'two']])
    t.assert.strictEqual(typeof session.keys().next, 'function')
    t.assert.deepStrictEqual(new Map(session), new Map<string, unknown>([['a', 1], ['b', 'two']]))
    t.assert.strictEqual(session.modified, false)
  })

  test('may be changed during iteration', (t: TestContext) => {
    const session = sessionOf({ a: 1, b: 2, c: 3 })

    for (const [key] of session) session.delete(key)

    t.assert.strictEqual(session.size, 0)
  })

  test('copies its initial data', (t: TestContext) => {
    const data = { a: 1 }
    const session = sessionOf(data)

    session.a = 2

    t.assert.deepStrictEqual(data, { a: 1 })
  })
})

describe('flags', () => {
  test('begin false', (t: TestContext) => {
    for (const session of [sessionOf(), sessionOf({ a: 1 })]) {
      t.assert.strictEqual(session.modified, false)
      t.assert.strictEqual(session.changed, false)
      t.assert.strictEqual(session.accessed, false)
      t.assert.strictEqual(session.deleted, false)
      t.assert.strictEqual(session.new, false)
    }
  })

  test('permanent is the key _permanent', (t: TestContext) => {
    const session = sessionOf()

    t.assert.strictEqual(session.permanent, false)
    session.permanent = true
    t.assert.strictEqual(session.permanent, true)
    t.assert.deepStrictEqual(session.data(), { _permanent: true })
    t.assert.strictEqual(session.modified, true)
    session.permanent = 0 as unknown as boolean
    t.assert.deepStrictEqual(session.data(), { _permanent: false })
    session._permanent = 1
    t.assert.strictEqual(session.permanent, true)
  })

  test('modified can be set and unset by hand, changed is another name for it', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    session.modified = true
    t.assert.strictEqual(session.changed, true)
    session.changed = false
    t.assert.strictEqual(session.modified, false)
    session.changed = true
    t.assert.strictEqual(session.modified, true)
    t.assert.strictEqual(session.changed, true)
  })

  test('modified set to false makes the present data count as unchanged', (t: TestContext) => {
    const session = sessionOf({ list: [1] })

    session.list.push(2)
    t.assert.strictEqual(session.modified, true)
    session.modified = false
    t.assert.strictEqual(session.modified, false)
    session.list.push(3)
    t.assert.strictEqual(session.modified, true)
  })

  test('accessed can be set by hand', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    session.accessed = true
    t.assert.strictEqual(session.accessed, true)
    session.accessed = false
    t.assert.strictEqual(session.accessed, false)
    session.get('a')
    t.assert.strictEqual(session.accessed, true)
  })

  test('new cannot be set', (t: TestContext) => {
    const session = sessionOf() as { new: boolean }
    t.assert.throws(() => { session.new = true }, TypeError)
  })
})

describe('a session has the methods of other session plugins:', () => {
  test('data gives a copy', (t: TestContext) => {
    const session = sessionOf({ a: 1 })
    const data = session.data()

    data.a = 2
    data.b = 3

    t.assert.deepStrictEqual(session.data(), { a: 1 })
    t.assert.strictEqual(session.modified, false)
    t.assert.strictEqual(Object.getPrototypeOf(data), Object.prototype)
  })

  test('delete without a key ends the session', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    t.assert.strictEqual(session.delete(), undefined)

    t.assert.strictEqual(session.deleted, true)
    t.assert.strictEqual(session.size, 0)
    t.assert.strictEqual(session.modified, true)
    session.b = 2
    t.assert.strictEqual(session.deleted, false)
    t.assert.deepStrictEqual(session.data(), { b: 2 })
  })

  test('touch marks the session as modified and leaves the data', (t: TestContext) => {
    const session = sessionOf({ a: 1 })

    session.touch()

    t.assert.strictEqual(session.modified, true)
    t.assert.deepStrictEqual(session.data(), { a: 1 })
  })

  test('regenerate removes every key but those to keep, in every form of the call', async (t: TestContext) => {
    const errors: unknown[] = []
    const callback = (error: Error | null): void => { errors.push(error) }

    const cases: Array<[run: (session: Session) => Promise<void>, left: string[], calls: number]> = [
      [(session) => session.regenerate(), [], 0],
      [(session) => session.regenerate([]), [], 0],
      [(session) => session.regenerate(['b', 'c', 'missing', 'b']), ['b', 'c'], 0],
      [(session) => session.regenerate(callback), [], 1],
      [(session) => session.regenerate(['a'], callback), ['a'], 1],
      [(session) => session.regenerate(undefined, callback), [], 1]
    ]
    for (const [run, left, calls] of cases) {
      errors.length = 0
      const session = sessionOf({ a: 1, b: 2, c: 3 })

      const promise = run(session)

      t.assert.deepStrictEqual(Object.keys(session), left)
      t.assert.strictEqual(session.modified, true)
      t.assert.deepStrictEqual(errors, Array(calls).fill(null))
      t.assert.strictEqual(await promise, undefined)
    }
  })

  test('destroy ends the session, at once and in every form of the call', async (t: TestContext) => {
    for (const callback of [undefined, t.mock.fn()]) {
      const session = sessionOf({ a: 1 })

      const promise = session.destroy(callback)

      t.assert.strictEqual(session.size, 0)
      t.assert.strictEqual(session.deleted, true)
      t.assert.deepStrictEqual(callback?.mock.calls.map(({ arguments: given }) => given), callback && [[null]])
      t.assert.strictEqual(await promise, undefined)
    }
  })

  test('reload forgets what the request wrote, at once and in every form of the call', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    for (const write of ['a value', 'an inner value', 'the end'] as const) {
      const response = await visit(async (session) => {
        if (write === 'a value') session.a = 2
        else if (write === 'an inner value') session.list.push(2)
        else session.delete()
        let called = 0
        const promise = session.reload((error) => { called += error === null ? 1 : 100 })
        const data = session.data()
        await promise
        await session.reload()
        return { data, called, modified: session.modified, deleted: session.deleted }
      }, { cookie: cookieOf({ a: 1, list: [1] }) })

      t.assert.deepStrictEqual(response.json(), { data: { a: 1, list: [1] }, called: 1, modified: false, deleted: false })
      t.assert.strictEqual(sessionCookieOf(response), undefined)
    }
  })

  test('save does nothing where there is no response', async (t: TestContext) => {
    const callback = t.mock.fn()

    t.assert.strictEqual(await sessionOf({ a: 1 }).save(), undefined)
    await sessionOf({ a: 1 }).save(callback)

    t.assert.deepStrictEqual(callback.mock.calls[0]?.arguments, [null])
  })

  test('an operation that fails passes its error to the callback, or rejects the promise', async (t: TestContext) => {
    const run: Array<(session: Session, callback?: (error: Error | null) => void) => Promise<void>> = [
      (session, callback) => session.regenerate([], callback),
      (session, callback) => session.save(callback),
      (session, callback) => session.destroy(callback)
    ]
    for (const act of run) {
      const session = new NullSession() as unknown as Session
      const callback = t.mock.fn()

      await t.assert.rejects(async () => { await act(session) }, { code: 'FST_SESSION_UNAVAILABLE' })
      t.assert.strictEqual(await act(session, callback), undefined)
      t.assert.strictEqual((callback.mock.calls[0]?.arguments[0] as { code: string }).code, 'FST_SESSION_UNAVAILABLE')
      t.assert.strictEqual(callback.mock.callCount(), 1)
    }
  })
})

describe('assignment', () => {
  test('of null ends the session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, request) => {
      request.session = null
      return { deleted: session.deleted, same: request.session === session, data: request.session }
    }, { cookie: cookieOf({ user_id: 42 }) })

    t.assert.deepStrictEqual(response.json(), { deleted: true, same: true, data: {} })
    t.assert.strictEqual(sessionCookieOf(response)?.attributes['Max-Age'], '0')
  })

  test('of a plain object replaces the data and leaves the object alone', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const data = Object.freeze({ b: 2, gone: undefined, ['__proto__']: 3 })

    const response = await visit((_session, request) => { request.session = data }, { cookie: cookieOf({ a: 1 }) })

    t.assert.deepStrictEqual(Object.entries(savedData(response) as object), [['b', 2], ['__proto__', 3]])
  })

  test('of an object without prototype, and of another session, replaces the data', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const bare = await visit((_session, request) => { request.session = Object.assign(Object.create(null) as object, { a: 1 }) })
    const other = await visit((_session, request) => { request.session = sessionOf({ b: 2 }) })

    t.assert.deepStrictEqual(savedData(bare), { a: 1 })
    t.assert.deepStrictEqual(savedData(other), { b: 2 })
  })

  test('of the session itself changes nothing', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, request) => { request.session = session as object }, { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(sessionCookieOf(response), undefined)
  })

  test('of anything else is a TypeError and changes nothing', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    for (const data of [undefined, 1, 'text', true, [], [['a', 1]], () => {}, Symbol('s'), 1n]) {
      const response = await visit((session, request) => {
        try {
          request.session = data as object
          return 'was taken'
        } catch (error) {
          return { name: (error as Error).name, message: (error as Error).message, data: session.data() }
        }
      }, { cookie: cookieOf({ a: 1 }) })

      t.assert.deepStrictEqual(response.json(), {
        name: 'TypeError', message: 'a session can be set to null, which ends it, or to a plain object', data: { a: 1 }
      }, typeof data)
      t.assert.strictEqual(sessionCookieOf(response), undefined)
    }
  })

  test('of a Map, a Set or a Date is a TypeError too, not an empty session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    for (const data of [new Map([['b', 2]]), new Set(['b']), new Date(0)]) {
      const response = await visit((_session, request) => { request.session = data }, { cookie: cookieOf({ a: 1 }) })

      t.assert.strictEqual(response.statusCode, 500, data.constructor.name)
      t.assert.strictEqual(sessionCookieOf(response), undefined)
    }
  })
})

describe('a session class of the application', () => {
  class Cart extends SecureCookieSession {
    #limit = 2

    get items (): unknown[] {
      return this.setDefault('cart', []) as unknown[]
    }

    set items (items: unknown[]) {
      this.set('cart', items)
    }

    add (item: unknown): boolean {
      return this.items.length < this.#limit && this.items.push(item) > 0
    }

    override get permanent (): boolean {
      return true
    }
  }

  test('adds members, which are no data', (t: TestContext) => {
    const cart = new Cart()

    t.assert.strictEqual(cart.add('apple'), true)
    t.assert.deepStrictEqual(cart.items, ['apple'])
    cart.items = ['pear', 'plum']
    t.assert.strictEqual(cart.add('fig'), false)
    t.assert.strictEqual(cart.permanent, true)
    t.assert.deepStrictEqual({ ...cart }, { cart: ['pear', 'plum'] })
    t.assert.ok(cart instanceof Cart)
    t.assert.ok(cart instanceof SecureCookieSession)
    t.assert.throws(() => { (cart as { add: unknown }).add = 1 }, TypeError)
  })
})
