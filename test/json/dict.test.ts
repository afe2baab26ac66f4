import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { getOwn, isDict, isOwn, isPlainObject, setOwn } from '../../lib/json/dict.ts'
import type { Dict } from '../../lib/json/dict.ts'

describe('isDict and isPlainObject', () => {
  for (const [title, value, dict, plain] of [
    ['a plain object', {}, true, true], ['one without a prototype', Object.create(null), true, false], ['an object of a class', new (class {})(), true, false],
    ['a plain object with a name of its own', { [Symbol.toStringTag]: 'Own' }, true, true], ['a list', [], false, false], ['null', null, false, false], ['undefined', undefined, false, false],
    ['text', 'a', false, false], ['a function', () => 1, false, false], ['a date', new Date(0), false, false], ['a Map', new Map(), false, false], ['bytes', new Uint8Array(1), false, false]
  ] as const) {
    test(`say of ${title}: ${dict}, ${plain}`, (t: TestContext) => {
      t.assert.deepStrictEqual([isDict(value), isPlainObject(value)], [dict, plain])
    })
  }
})

describe('setOwn', () => {
  test('sets any key, __proto__ and constructor among them, and changes no prototype', (t: TestContext) => {
    const dict: Dict = {}
    for (const key of ['a', '__proto__', 'constructor', 'toString']) setOwn(dict, key, { admin: true })

    t.assert.deepStrictEqual(Object.keys(dict), ['a', '__proto__', 'constructor', 'toString'])
    t.assert.strictEqual(Object.getPrototypeOf(dict), Object.prototype)
    t.assert.strictEqual('admin' in dict, false)
    setOwn(dict, '__proto__', 1)
    t.assert.strictEqual(getOwn(dict, '__proto__'), 1)
    t.assert.ok(Reflect.deleteProperty(dict, '__proto__'))
    t.assert.strictEqual(getOwn(dict, '__proto__'), undefined)
  })

  test('makes __proto__ a property like any other, which can be written, listed and removed', (t: TestContext) => {
    const dict: Dict = {}
    setOwn(dict, '__proto__', 1)

    t.assert.deepStrictEqual(Object.getOwnPropertyDescriptor(dict, '__proto__'), { value: 1, writable: true, enumerable: true, configurable: true })
  })
})

describe('getOwn', () => {
  test('finds own keys only', (t: TestContext) => {
    t.assert.strictEqual(getOwn({ a: 1 }, 'a'), 1)
    t.assert.strictEqual(getOwn({}, 'toString'), undefined)
    t.assert.strictEqual(getOwn({}, '__proto__'), undefined)
  })
})

describe('isOwn', () => {
  test('tells own keys from those of prototypes', (t: TestContext) => {
    const dict: Dict = Object.assign(Object.create({ inherited: 1 }), { own: undefined })

    t.assert.deepStrictEqual(['own', 'inherited', 'toString', '__proto__', 'missing'].map((key) => isOwn(dict, key)), [true, false, false, false, false])
  })

  test('is not fooled by a key of its own name', (t: TestContext) => {
    t.assert.strictEqual(isOwn({ hasOwnProperty: () => true }, 'other'), false)
  })
})
