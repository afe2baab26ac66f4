import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Dict } from '../../lib/json/dict.ts'
import { SecureCookieSession } from '../../lib/index.ts'
import { TrackedData } from '../../lib/sessions/tracked-data.ts'
import type { OpenedSession } from '../../lib/sessions/tracked-data.ts'
import { cookieOf, savedData, sessionApp } from '../helpers.ts'

/** Data from a source that counts, and with a watcher that notes what it is told. */
function watched (t: TestContext, opened: Partial<OpenedSession> & { data: Dict }) {
  const source = {
    open: t.mock.fn((): OpenedSession => ({ text: JSON.stringify(opened.data), isShared: true, ...opened })),
    dumps: t.mock.fn((data: Dict) => JSON.stringify(data)),
    loads: t.mock.fn((text: string) => JSON.parse(text) as Dict)
  }
  const told: string[] = []
  const tell = (what: string) => (): void => { told.push(what) }
  const data = new TrackedData(source)
  data.watcher = {
    isReadOnly: false, onAccess: tell('access'), onHandOut: tell('hand out'), beforeWrite: tell('before write'), afterWrite: tell('after write'), save: tell('save')
  }
  return { data, told, copies: () => source.loads.mock.callCount() }
}

describe('TrackedData', () => {
  test('tells of the first access only, and of every value that can be changed from the outside', (t: TestContext) => {
    const { data, told } = watched(t, { data: { text: 'a', n: 1, none: null, list: [] } })

    for (const key of ['text', 'n', 'none', 'missing']) data.get(key)
    t.assert.deepStrictEqual(told, ['access'])
    data.get('list')
    data.get('list')
    t.assert.deepStrictEqual(told, ['access', 'hand out', 'hand out'])
  })

  test('copies shared data when a list of it is handed out, and not before', (t: TestContext) => {
    const shared = { text: 'a', none: null, list: [1] }
    const { data, copies } = watched(t, { data: shared })

    t.assert.deepStrictEqual([data.get('text'), data.get('none'), data.has('list'), data.keys().length, data.isEmpty], ['a', null, true, 3, false])
    t.assert.strictEqual(copies(), 0)
    t.assert.notStrictEqual(data.get('list'), shared.list)
    t.assert.strictEqual(data.get('list'), data.get('list'))
    data.set('text', 'b')
    t.assert.strictEqual(copies(), 1)
    t.assert.deepStrictEqual(shared, { text: 'a', none: null, list: [1] })
  })

  test('parses shared data for no write of a key, and not when all of it is flat', (t: TestContext) => {
    for (const shared of [{ text: 'a', list: [1] }, { text: 'a', none: null }]) {
      const before = structuredClone(shared)
      const { data, copies } = watched(t, { data: shared })
      data.set('text', 'b')
      data.set('more', 1)

      t.assert.deepStrictEqual(data.toSave(), { ...before, text: 'b', more: 1 })
      t.assert.strictEqual(copies(), 0)
      data.entries()
      t.assert.strictEqual(copies(), 'list' in shared ? 1 : 0)
      t.assert.deepStrictEqual(shared, before)
    }
  })

  test('hands out what was written and not what was shared under the same key', (t: TestContext) => {
    const shared: Dict = JSON.parse('{"a":{"n":1},"b":{"n":2},"__proto__":{"n":3},"c":{"n":4}}') as Dict
    const { data } = watched(t, { data: shared })
    const own = { n: 5 }
    data.set('a', own)
    data.delete('c')
    const entries = data.entries()

    t.assert.deepStrictEqual(entries, [['a', { n: 5 }], ['b', { n: 2 }], ['__proto__', { n: 3 }]])
    t.assert.strictEqual(data.get('a'), own)
    for (const [key, value] of entries) t.assert.notStrictEqual(value, Object.getOwnPropertyDescriptor(shared, key)?.value)
    t.assert.strictEqual(JSON.stringify(shared), '{"a":{"n":1},"b":{"n":2},"__proto__":{"n":3},"c":{"n":4}}')
  })

  test('copies no data that it has for itself', (t: TestContext) => {
    const own = { list: [1] }
    const { data, copies } = watched(t, { data: own, isShared: false })

    t.assert.strictEqual(data.get('list'), own.list)
    data.set('a', 1)
    t.assert.strictEqual(data.toSave(), own)
    t.assert.strictEqual(copies(), 0)
  })
})

describe('a value that was handed out', () => {
  test('stays the one of a session without a cookie that is taken for unchanged', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const seen: unknown[] = []
    await visit((session) => {
      session.list = [1]
      const { list } = session
      session.modified = false
      session.a = 1
      seen.push(session.list === list)
    })
    const session = new SecureCookieSession({ list: [1] }) as unknown as { list: number[], modified: boolean, a: number }
    const { list } = session
    session.modified = false
    session.a = 1
    seen.push(session.list === list)

    t.assert.deepStrictEqual(seen, [true, true])
  })
})

describe('an error handler', () => {
  test('may reload a session that could not be saved, and write again', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.setErrorHandler(async (error: Error & { code: string }, request, reply) => {
        await request.session.reload()
        request.session.error = error.code
        return reply.code(200).send('mended')
      })
    })

    const response = await visit((session) => { session.bad = () => {} }, { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(response.body, 'mended')
    t.assert.deepStrictEqual(savedData(response), { a: 1, error: 'FST_SESSION_UNSERIALIZABLE' })
  })
})
