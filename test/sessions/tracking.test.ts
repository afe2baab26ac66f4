import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { Markup, Tuple, UUID } from '../../lib/index.ts'
import type { Session } from '../../lib/index.ts'
import { cookieOf, cookieOfText, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'

describe('accessed, and Vary: Cookie', () => {
  const reads: Record<string, Act> = {
    'a property': (session) => session.user_id,
    'a property that is not there': (session) => session.missing,
    get: (session) => session.get('user_id'),
    'get of a missing key': (session) => session.get('missing', 1),
    has: (session) => session.has('user_id'),
    in: (session) => 'user_id' in session,
    'Object.hasOwn': (session) => Object.hasOwn(session, 'user_id'),
    size: (session) => session.size,
    keys: (session) => { session.keys() },
    values: (session) => { session.values() },
    entries: (session) => { session.entries() },
    forEach: (session) => { session.forEach(() => {}) },
    iteration: (session) => [...session],
    spread: (session) => ({ ...session }),
    'Object.keys': (session) => Object.keys(session),
    'for..in': (session) => { const keys: string[] = []; for (const key in session) keys.push(key); return keys },
    JSON: (session) => JSON.stringify(session),
    data: (session) => session.data(),
    permanent: (session) => session.permanent,
    pop: (session) => session.pop('missing'),
    'delete of a missing key': (session) => session.delete('missing'),
    'delete of a missing property': (session) => delete session.missing,
    setDefault: (session) => session.setDefault('user_id', 1),
    reload: async (session) => { await session.reload() },
    'accessed set by hand': (session) => { session.accessed = true }
  }
  for (const [name, read] of Object.entries(reads)) {
    test(`${name} is an access and no change`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      let flags: unknown

      const response = await visit(async (session, request, reply) => {
        await read(session, request, reply)
        flags = { accessed: session.accessed, modified: session.modified }
      }, { cookie: cookieOf({ user_id: 42 }) })

      t.assert.deepStrictEqual(flags, { accessed: true, modified: false })
      t.assert.strictEqual(response.headers.vary, 'Cookie')
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    })
  }

  test('an access without a cookie counts as well', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => session.user_id)

    t.assert.strictEqual(response.headers.vary, 'Cookie')
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  const writes: Record<string, Act> = {
    'a property': (session) => { session.a = 1 },
    'the same value again': (session) => { session.user_id = 42 },
    'delete of a property': (session) => { delete session.other },
    set: (session) => { session.set('a', 1) },
    delete: (session) => session.delete('other'),
    pop: (session) => session.pop('other'),
    popItem: (session) => session.popItem(),
    setDefault: (session) => session.setDefault('a', 1),
    update: (session) => { session.update({ a: 1 }) },
    permanent: (session) => { session.permanent = true },
    modified: (session) => { session.modified = true },
    touch: (session) => { session.touch() },
    regenerate: async (session) => { await session.regenerate(['user_id']) },
    'Object.assign': (session) => { Object.assign(session, { a: 1 }) },
    'Object.defineProperty': (session) => { Object.defineProperty(session, 'a', { value: 1 }) },
    save: async (session) => { await session.save() }
  }
  for (const [name, write] of Object.entries(writes)) {
    test(`${name} is a change and an access`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      let flags: unknown

      const response = await visit(async (session, request, reply) => {
        await write(session, request, reply)
        flags = { accessed: session.accessed, modified: session.modified }
      }, { cookie: cookieOf({ user_id: 42, other: 1 }) })

      t.assert.deepStrictEqual(flags, { accessed: true, modified: true })
      t.assert.strictEqual(response.headers.vary, 'Cookie')
      t.assert.ok(sessionCookieOf(response))
    })
  }

  const glances: Record<string, Act> = {
    nothing: () => {},
    'its truth': (session) => session ? 'yes' : 'no',
    'its type': (session) => typeof session,
    'the type of a method': (session) => typeof session.regenerate,
    modified: (session) => session.modified,
    changed: (session) => session.changed,
    accessed: (session) => session.accessed,
    new: (session) => session.new,
    deleted: (session) => session.deleted,
    then: async (session) => { await session },
    inspect: (session) => inspect(session),
    options: (session) => { session.options({ maxAge: 5 }) },
    'modified set to false': (session) => { session.modified = false },
    'Promise.resolve': async (session) => { await Promise.resolve(session) }
  }
  for (const [name, glance] of Object.entries(glances)) {
    test(`looking at ${name} is no access`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      let accessed: unknown

      const response = await visit(async (session, request, reply) => {
        await glance(session, request, reply)
        accessed = session.accessed
      }, { cookie: cookieOf({ user_id: 42 }) })

      t.assert.strictEqual(accessed, false)
      t.assert.strictEqual(response.headers.vary, undefined)
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    })
  }

  test('accessed set to false by hand leaves Vary out', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      session.get('user_id')
      session.accessed = false
    }, { cookie: cookieOf({ user_id: 42 }) })

    t.assert.strictEqual(response.headers.vary, undefined)
  })
})

describe('changes inside of values', () => {
  const data = {
    cart: { items: [{ id: 1, n: 1 }], coupon: null },
    list: [1, [2, 3]],
    tuple: new Tuple<unknown>(1, [2]),
    bytes: Buffer.from('bytes'),
    at: new Date(Date.UTC(2024, 0, 1)),
    map: { a: 1 },
    markup: new Markup('<b>'),
    uuid: new UUID('12345678123456781234567812345678'),
    count: 1,
    text: 'text'
  }

  const changes: Record<string, [change: (session: Session) => unknown, key: string, saved: unknown]> = {
    'push to an inner array': [(session) => session.cart.items.push({ id: 2, n: 1 }), 'cart', { items: [{ id: 1, n: 1 }, { id: 2, n: 1 }], coupon: null }],
    'a property of an inner object': [(session) => { session.cart.items[0].n = 2 }, 'cart', { items: [{ id: 1, n: 2 }], coupon: null }],
    'delete inside': [(session) => { delete session.cart.coupon }, 'cart', { items: [{ id: 1, n: 1 }] }],
    'sort of an array': [(session) => session.list.reverse(), 'list', [[2, 3], 1]],
    'a shorter array': [(session) => { session.list.length = 1 }, 'list', [1]],
    'an array in an array': [(session) => session.list[1].push(4), 'list', [1, [2, 3, 4]]],
    'an array in a tuple': [(session) => session.tuple[1].push(3), 'tuple', new Tuple<unknown>(1, [2, 3])],
    'a byte': [(session) => { session.bytes[0] = 0x42 }, 'bytes', Buffer.from('Bytes')],
    'a date': [(session) => session.at.setUTCFullYear(2025), 'at', new Date(Date.UTC(2025, 0, 1))],
    'an object used as a map': [(session) => { session.map['b' + 1] = 2 }, 'map', { a: 1, b1: 2 }],
    'an object got by get': [(session) => { session.get('map').a = 2 }, 'map', { a: 2 }],
    'an object got by data': [(session) => { (session.data().map as { a: number }).a = 2 }, 'map', { a: 2 }],
    'an object got by spread': [(session) => { ({ ...session }.map as { a: number }).a = 2 }, 'map', { a: 2 }],
    'an object got by values': [(session) => { for (const value of session.values()) if (value instanceof Date) value.setTime(0) }, 'at', new Date(0)],
    'an object got by iteration': [(session) => { for (const [key, value] of session) if (key === 'list') (value as number[]).pop() }, 'list', [1]],
    'an object got by forEach': [(session) => session.forEach((value, key) => { if (key === 'list') (value as number[]).pop() }), 'list', [1]],
    'an object got by Object.entries': [(session) => { Object.entries(session).find(([key]) => key === 'list')?.[1].pop() }, 'list', [1]],
    'an object got by its descriptor': [(session) => Object.getOwnPropertyDescriptor(session, 'list')?.value.pop(), 'list', [1]],
    'an object got by setDefault': [(session) => session.setDefault('list', []).pop(), 'list', [1]],
    'a change of the prototype key': [(session) => { Object.defineProperty(session.map, '__proto__', { value: 1, enumerable: true }) }, 'map', Object.fromEntries([['a', 1], ['__proto__', 1]])]
  }
  for (const [name, [change, key, saved]] of Object.entries(changes)) {
    test(`${name} is noticed and saved`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      let modified: unknown

      const response = await visit((session) => {
        change(session)
        modified = session.modified
      }, { cookie: cookieOf(data) })

      t.assert.strictEqual(modified, true)
      t.assert.deepStrictEqual((savedData(response) as Record<string, unknown>)[key], saved)
    })
  }

  test('is noticed when the response is sent, even if the handler did not ask', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.list.push(4) }, { cookie: cookieOf({ list: [] }) })

    t.assert.deepStrictEqual(savedData(response), { list: [4] })
  })

  test('is noticed after an earlier check found none', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const seen: boolean[] = []

    await visit((session) => {
      const { list } = session
      seen.push(session.modified)
      list.push(1)
      seen.push(session.modified)
    }, { cookie: cookieOf({ list: [] }) })

    t.assert.deepStrictEqual(seen, [false, true])
  })

  test('is saved in a value that the request itself has set', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      const cart = { items: [] as number[] }
      session.cart = cart
      cart.items.push(1)
      session.cart.items.push(2)
    })

    t.assert.deepStrictEqual(savedData(response), { cart: { items: [1, 2] } })
  })

  test('is noticed in a value that became one that cannot be saved', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    let modified: unknown

    const response = await visit((session) => {
      session.map.self = session.map
      modified = session.modified
    }, { cookie: cookieOf({ map: {} }) })

    t.assert.strictEqual(modified, true)
    t.assert.strictEqual(response.json().code, 'FST_SESSION_UNSERIALIZABLE')
  })

  const reading: Act = (session) => {
    for (const [, value] of session) inspect(value)
    session.cart?.items?.map((item: { n: number }) => item.n + 1)
    Object.values(session.list).reverse()
    return String(session.modified)
  }

  test('is not seen where values are only read', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(reading, { cookie: cookieOf(data) })

    t.assert.strictEqual(response.body, 'false')
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  // What json.dumps of Python may write where we write otherwise; the data is the same.
  const spellings: Record<string, string> = {
    'spaces after commas and colons': '{"list": [1, 2], "cart": {"items": [{"n": 1}]}}',
    'escapes of non-ASCII letters': '{"list":["\\u00e4\\ud83d\\ude00","\\u007f"],"cart":{"items":[]}}',
    'letters as they are': '{"list":["ä😀"],"cart":{"items":[]}}',
    'an escaped slash': '{"list":["a\\/b"]}',
    'floats with a zero': '{"list":[1.0,2.50,1e2,-0.0],"cart":{"items":[{"n":1.0}]}}',
    'large ints': '{"list":[9007199254740993,-18446744073709551616]}',
    'NaN and infinities': '{"list":[NaN,Infinity,-Infinity]}',
    'numbers as keys, in another order': '{"list":{"b":1,"2":2,"1":1}}',
    'tagged values with spaces': '{"list": [{" t": [1, {" t": []}]}, {" b": "Ynl0ZXM="}, {" d": "Mon, 01 Jan 2024 00:00:00 GMT"}, {" u": "12345678123456781234567812345678"}]}',
    'a dict that looks like a tag': '{"list": {" di": {" t__": "x"}}}',
    'one key twice': '{"list":[1],"list":[2]}'
  }
  for (const [name, text] of Object.entries(spellings)) {
    test(`is not seen in a payload with ${name}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit(reading, { cookie: cookieOfText(text) })

      t.assert.strictEqual(response.body, 'false')
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    })
  }

  test('is seen in a payload with another spelling', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    let flags: unknown

    const response = await visit((session) => {
      const { list } = session
      const before = session.modified
      list.push(2)
      flags = [before, session.modified]
    }, { cookie: cookieOfText('{"list": [1, "\\u00e4"]}') })

    t.assert.deepStrictEqual(flags, [false, true])
    t.assert.deepStrictEqual(savedData(response), { list: [1, 'ä', 2] })
  })

  test('are not saved when they were undone', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      session.list.push(2)
      session.list.pop()
    }, { cookie: cookieOfText('{"list": [1]}') })

    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('is looked for from the reloaded data on after reload()', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(async (session) => {
      const { list } = session
      await session.reload()
      list.push(2)
      return { list: session.list, modified: session.modified }
    }, { cookie: cookieOf({ list: [1] }) })

    t.assert.deepStrictEqual(response.json(), { list: [1], modified: false })
  })
})

describe('values that are handed out', () => {
  test('stay the same objects in one request', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, request) => session.cart === request.session.get('cart') &&
      session.get('cart') === session.data().cart, { cookie: cookieOf({ cart: {} }) })

    t.assert.strictEqual(response.body, 'true')
  })

  test('are never those of another request with the same cookie', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOf({ cart: { items: [1] } })
    const seen: unknown[] = []

    for (let i = 0; i < 3; i++) {
      await visit((session) => {
        seen.push(structuredClone(session.cart))
        session.cart.items.push(2)
        session.other = true
      }, { cookie })
      await visit((session) => { seen.push(session.size, session.has('other')) }, { cookie })
    }

    t.assert.deepStrictEqual(seen, [{ items: [1] }, 1, false, { items: [1] }, 1, false, { items: [1] }, 1, false])
  })

  test('can be read and removed again when they cannot be saved', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      session.map = new Map()
      session.map.set('a', 1)
      const { size } = session.map
      const [[key]] = [...session] as [[string, unknown]]
      delete session.map
      session.list = [size, key]
    })

    t.assert.strictEqual(response.body, 'null')
    t.assert.deepStrictEqual(savedData(response), { list: [1, 'map'] })
  })
})
