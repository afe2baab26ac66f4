import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { compactJSON } from '../../lib/itsdangerous/compact-json.ts'
import { Serializer } from '../../lib/itsdangerous/serializer.ts'
import { Signer } from '../../lib/itsdangerous/signer.ts'
import { serializerContract } from './serializer.contract.ts'

serializerContract('Serializer', Serializer, Signer)

describe('Serializer', () => {
  test('makes the very tokens that ItsDangerous 2.2.0 makes', (t: TestContext) => {
    const dumps = (digestMethod?: 'sha1' | 'sha512') => new Serializer('dev key', { salt: 'dev salt', signerOptions: { digestMethod } }).dumps([42])

    t.assert.strictEqual(dumps(), '[42].-9cNi0CxsSB3hZPNCe9a2eEs1ZM')
    t.assert.strictEqual(dumps('sha1'), '[42].-9cNi0CxsSB3hZPNCe9a2eEs1ZM')
    t.assert.strictEqual(dumps('sha512'), '[42].MKCz_0nXQqv7wKpfHZcRtJRmpT2T5uvs9YQsJEhJimqxc9bCLxG31QzS5uC8OVBI1i6jyOLAFNoKaF5ckO9L5Q')
  })

  test('has the defaults of ItsDangerous', (t: TestContext) => {
    const { salt, serializer, serializerOptions, signer, signerOptions, fallbackSigners } = new Serializer('key')

    t.assert.deepStrictEqual({ salt, serializerOptions, signerOptions, fallbackSigners }, {
      salt: 'itsdangerous', serializerOptions: {}, signerOptions: {}, fallbackSigners: []
    })
    t.assert.strictEqual(serializer, compactJSON)
    t.assert.strictEqual(signer, Signer)
  })

  test('reads the JSON with spaces that Python writes', (t: TestContext) => {
    const key = 'a fixed key of these test vectors'

    t.assert.deepStrictEqual(new Serializer(key).loads('{"id": 42}.RVMTd_qwcmxWQKl5EWURlqDGPAU'), { id: 42 })
  })

  test('reads a payload that is text as it is', (t: TestContext) => {
    t.assert.strictEqual(new Serializer('key').loadPayload('"\ud800"'), '\ud800')
  })

  test('keeps __proto__ an ordinary key', (t: TestContext) => {
    const serializer = new Serializer('key')
    const data = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as object
    const loaded = serializer.loads(serializer.dumps(data)) as object

    t.assert.deepStrictEqual(Object.keys(loaded), ['__proto__', 'constructor'])
    t.assert.strictEqual(Object.getPrototypeOf(loaded), Object.prototype)
    t.assert.strictEqual('admin' in {}, false)
  })
})

describe('compactJSON', () => {
  test('writes no white space and leaves non-ASCII characters as they are', (t: TestContext) => {
    t.assert.strictEqual(compactJSON.dumps({ a: [1, 'ž'], b: null }), '{"a":[1,"ž"],"b":null}')
    t.assert.deepStrictEqual(compactJSON.loads(' { "a" : [ 1 ] } '), { a: [1] })
  })

  test('throws for what is not JSON', (t: TestContext) => {
    t.assert.throws(() => compactJSON.loads('NaN'), SyntaxError)
    t.assert.throws(() => compactJSON.dumps(Symbol('s')), { name: 'TypeError', message: 'a symbol has no JSON' })
    t.assert.throws(() => compactJSON.dumps({ toJSON: () => undefined }), { name: 'TypeError', message: 'a object has no JSON' })
  })
})
