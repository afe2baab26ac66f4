import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { copyData } from '../../lib/json/copy.ts'
import type { Dict } from '../../lib/json/dict.ts'
import { SecureCookieSession } from '../../lib/index.ts'
import { TrackedData } from '../../lib/sessions/tracked-data.ts'
import type { OpenedSession, SessionSource } from '../../lib/sessions/tracked-data.ts'
import { cookieOf, savedData, sessionApp } from '../helpers.ts'

/**
 * Data from a source that counts, and with a watcher that notes what it is told.
 *
 * @param copyOf - by default the source can copy nothing but by its text
 */
function watched (t: TestContext, opened: Partial<OpenedSession> & { data: Dict }, copyOf: SessionSource['copyOf'] = () => undefined) {
  const source = {
    open: t.mock.fn((): OpenedSession => ({ text: JSON.stringify(opened.data), isShared: true, ...opened })),
    dumps: t.mock.fn((data: Dict) => JSON.stringify(data)),
    loads: t.mock.fn((text: string) => JSON.parse(text) as Dict),
    copyOf
  }
  const told: string[] = []
  const tell = (what: string) => (): void => { told.push(what) }
  const data = new TrackedData(source)
  data.watcher = {
    isReadOnly: false, onAccess: tell('access'), onHandOut: tell('hand out'), beforeWrite: tell('before write'), afterWrite: tell('after write'), save: tell('save')
  }
  return { data, told, copies: () => source.loads.mock.callCount(), texts: () => source.dumps.mock.callCount() }
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

  test('notices a change inside of data that it has for itself', (t: TestContext) => {
    const own = { list: [1] }
    const { data } = watched(t, { data: own, isShared: false })

    t.assert.strictEqual(data.get('list'), own.list)
    t.assert.strictEqual(data.modified, false)
    own.list.push(2)
    t.assert.strictEqual(data.modified, true)
  })

  for (const isShared of [true, false]) {
    test(`neither parses nor writes ${isShared ? 'shared' : 'its own'} data to copy and compare a value, where that can be done without`, (t: TestContext) => {
      const { data, copies, texts } = watched(t, { data: { list: [1, { a: [] }], other: { b: 1 } }, isShared }, copyData)
      const list = data.get('list') as unknown[]

      t.assert.deepStrictEqual([list, data.modified, copies(), texts()], [[1, { a: [] }], false, 0, 0])
      list.push(2)
      t.assert.deepStrictEqual([data.modified, copies(), texts()], [true, 0, 2])
      list.pop()
      t.assert.deepStrictEqual([data.modified, copies(), texts()], [false, 0, 2])
    })

    test(`parses ${isShared ? 'shared data once' : 'its own data not at all'} to hand out values that can only be copied so`, (t: TestContext) => {
      const given = { a: [1], b: [2], c: 3 }
      const { data, copies } = watched(t, { data: given, isShared })
      const [a, b] = [data.get('a'), data.get('b')] as number[][]

      t.assert.deepStrictEqual([copies(), data.modified, a === given.a], [isShared ? 1 : 0, false, !isShared])
      b?.push(3)
      t.assert.deepStrictEqual([data.modified, a, b, data.toSave()], [true, [1], [2, 3], { a: [1], b: [2, 3], c: 3 }])
    })
  }

  for (const [how, copyOf] of [['by its text', undefined], ['without a text', copyData]] as const) {
    test(`takes what is inside of values for unchanged when it is told so, and copies ${how}`, (t: TestContext) => {
      const shared = { list: [1], more: [2], same: [3] }
      const { data } = watched(t, { data: shared }, copyOf)
      const list = data.get('list') as number[]
      const mine = [4]
      list.push(2)
      data.set('mine', mine)
      data.modified = false
      t.assert.strictEqual(data.modified, false)

      for (const value of [list, mine, data.get('more') as number[]]) {
        value.push(5)
        t.assert.strictEqual(data.modified, true)
        value.pop()
        t.assert.strictEqual(data.modified, false)
      }
      t.assert.deepStrictEqual(data.toSave(), { list: [1, 2], more: [2], same: [3], mine: [4] })
      t.assert.strictEqual(data.get('mine'), mine)
      t.assert.strictEqual(data.get('list'), list)
      t.assert.deepStrictEqual(shared, { list: [1], more: [2], same: [3] })
    })
  }

  test('does not take another spelling of the same text for a change', (t: TestContext) => {
    const { data } = watched(t, { data: { map: { a: 1 } } }, copyData)
    const map = data.get('map') as Dict
    map['b'] = undefined

    t.assert.strictEqual(data.modified, false)
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
