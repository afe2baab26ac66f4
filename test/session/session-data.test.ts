import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Dict } from '../../lib/json/dict.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'
import { SessionData } from '../../lib/session/session-data.ts'
import type { LoadedSession } from '../../lib/session/session-data.ts'

/** Data whose source has this, and what its observer hears. */
function observed (loaded: LoadedSession | undefined) {
  const heard: string[] = []
  const hear = (event: string) => (): void => { heard.push(event) }
  let loads = 0
  const data = new SessionData({
    serializer: sessionJSONSerializer,
    load: () => {
      loads++
      return loaded
    }
  })
  data.observer = {
    isReadOnly: false,
    longestLifetime: undefined,
    onAccess: hear('access'),
    onExpose: hear('expose'),
    beforeWrite: hear('before write'),
    afterWrite: hear('after write'),
    onLoss: hear('loss'),
    onOptions: hear('options'),
    save: hear('save')
  }
  return { data, heard, loads: () => loads }
}

const of = (data: Dict): LoadedSession => ({ data, json: JSON.stringify(data), isShared: true })

describe('the observer of a session', () => {
  test('hears of the first access only, and of every value that can be changed from the outside', (t: TestContext) => {
    const { data, heard } = observed(of({ text: 'a', n: 1, none: null, list: [] }))

    for (const key of ['text', 'n', 'none', 'missing']) data.get(key)
    t.assert.deepStrictEqual(heard, ['access'])
    data.get('list')
    data.get('list')
    t.assert.deepStrictEqual(heard, ['access', 'expose', 'expose'])
  })

  test('hears of each write before and after it', (t: TestContext) => {
    const { data, heard } = observed(of({ a: 1 }))
    data.set('a', 2)
    data.delete('missing')
    data.modified = true

    t.assert.deepStrictEqual(heard, ['before write', 'access', 'after write', 'before write', 'after write'])
  })

  test('prevents a write by throwing', (t: TestContext) => {
    const { data } = observed(of({ a: 1 }))
    data.observer = { ...data.observer, isReadOnly: false, beforeWrite: () => { throw new Error('too late') } } as typeof data.observer & {}

    t.assert.throws(() => data.set('a', 2), { message: 'too late' })
    t.assert.deepStrictEqual([data.get('a'), data.modified, data.revision], [1, false, 0])
  })
})

describe('the source of a session', () => {
  test('is loaded at the first look, and once', (t: TestContext) => {
    const { data, loads } = observed(of({ a: 1 }))
    t.assert.strictEqual(loads(), 0)
    t.assert.strictEqual(data.get('a'), 1)
    data.set('b', 2)

    t.assert.strictEqual(loads(), 1)
  })

  test('is loaded again by reload, which forgets every change', (t: TestContext) => {
    const { data, loads } = observed(of({ list: [1] }))
    ;(data.get('list') as number[]).push(2)
    data.set('a', 1)
    const before = data.revision
    data.reload()

    t.assert.deepStrictEqual([data.entries(), data.modified, data.deleted, loads()], [[['list', [1]]], false, false, 2])
    t.assert.ok(data.revision > before)
  })

  test('may have nothing', (t: TestContext) => {
    const { data } = observed(undefined)

    t.assert.deepStrictEqual([data.isEmpty, data.keys(), data.get('a'), data.loaded, data.modified], [true, [], undefined, undefined, false])
  })

  test('may have data that has to be written again, which counts as modified', (t: TestContext) => {
    const { data } = observed({ ...of({ a: 1 }), needsRewrite: true })

    t.assert.deepStrictEqual([data.get('a'), data.modified], [1, true])
  })
})

describe('the text of a session', () => {
  test('is its data as JSON, and no access', (t: TestContext) => {
    const { data, heard } = observed(of({ list: [1] }))

    t.assert.strictEqual(data.text, '{"list":[1]}')
    t.assert.deepStrictEqual(heard, [])
  })

  test('is undefined when the data cannot be written', (t: TestContext) => {
    const { data } = observed(of({}))
    data.set('a', () => {})

    t.assert.strictEqual(data.text, undefined)
  })
})

describe('several keys at once', () => {
  test('are all written or none', (t: TestContext) => {
    const { data } = observed(of({ a: 1 }))
    const broken = function * (): Generator<[string, unknown]> {
      yield ['a', 2]
      throw new Error('broken')
    }

    for (const write of [() => data.update(broken()), () => data.replace(broken())]) {
      t.assert.throws(write, { message: 'broken' })
      t.assert.deepStrictEqual([data.entries(), data.modified], [[['a', 1]], false])
    }
  })

  test('are removed where their value is undefined', (t: TestContext) => {
    const { data } = observed(of({ a: 1, b: 2 }))
    data.update([['a', undefined], ['c', 3]])
    t.assert.deepStrictEqual(data.entries(), [['b', 2], ['c', 3]])
    data.replace([['a', undefined], ['d', 4]])
    t.assert.deepStrictEqual(data.entries(), [['d', 4]])
  })
})
