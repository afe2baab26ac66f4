import { createHash, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import nacl from 'tweetnacl'
import { constantTimeEqual, digest, nodeDigest, resolveDigest } from '../../lib/crypto/digest.ts'
import type { Digest, DigestName } from '../../lib/crypto/digest.ts'
import { md5 } from '../itsdangerous/makers.ts'

const names = ['sha1', 'sha256', 'sha384', 'sha512'] as const
/** Each digest by its name, and each by node:crypto: `'sha512'` signs with tweetnacl. */
const methods = [...names, ...names.map(nodeDigest)]
const title = (method: DigestName | Digest) => typeof method === 'string' ? `'${method}'` : `nodeDigest('${method.name}')`
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('digest', () => {
  for (const method of methods) {
    test(`of ${title(method)} is node:crypto's`, (t: TestContext) => {
      const name = resolveDigest(method).name
      for (const value of ['', 'value', 'ž'.repeat(1000)]) {
        t.assert.deepStrictEqual(digest(method, value), createHash(name).update(value).digest())
        t.assert.deepStrictEqual(digest(method, Buffer.from(value)), createHash(name).update(value).digest())
      }
    })
  }
})

describe('resolveDigest', () => {
  test('returns SHA-512 by tweetnacl and the others by node:crypto', (t: TestContext) => {
    const sizes = names.map(resolveDigest).map(({ name, blockLength, digestLength }) => [name, blockLength, digestLength])

    t.assert.deepStrictEqual(sizes, [['sha1', 64, 20], ['sha256', 64, 32], ['sha384', 128, 48], ['sha512', 128, 64]])
    t.mock.method(nacl, 'hash', () => new Uint8Array(64))
    t.assert.strictEqual(hex(digest('sha512', 'value')), '00'.repeat(64))
    t.assert.notStrictEqual(hex(digest(nodeDigest('sha512'), 'value')), '00'.repeat(64))
  })

  test('returns a digest of the application', (t: TestContext) => {
    t.assert.strictEqual(resolveDigest(md5), md5)
    const widest = { ...md5, digestLength: 64 }
    t.assert.strictEqual(resolveDigest(widest), widest)
  })

  for (const [title, method] of [
    ['an unknown name', 'md5'], ['a name of Object.prototype', 'toString'], ['__proto__', '__proto__'], ['upper case', 'SHA512'], ['nothing', undefined],
    ['null', null], ['a number', 512], ['a function', () => new Uint8Array(64)], ['an empty object', {}], ['an object without name', { ...md5, name: undefined }],
    ['an object without hash', { ...md5, hash: undefined }], ['a block of 0 bytes', { ...md5, blockLength: 0 }],
    ['a hash of half a byte', { ...md5, digestLength: 0.5 }], ['a hash longer than its block', { ...md5, digestLength: 65 }],
    ['a hash of no bytes', { ...md5, digestLength: 0 }],
    ['a hash of less than no bytes', { ...md5, digestLength: -1 }], ['a list with a name', ['sha1']], ['a String object', Object('sha1')],
    ['sizes that are text', { ...md5, blockLength: '64' }]
  ] as const) {
    test(`refuses ${title}`, (t: TestContext) => {
      t.assert.throws(() => resolveDigest(method as never), { name: 'TypeError', message: /^digestMethod must be 'sha1'/ })
    })
  }

  test('refuses an unknown name for nodeDigest', (t: TestContext) => {
    t.assert.throws(() => nodeDigest('md5' as never), { name: 'TypeError', message: /^digestMethod must be 'sha1'/ })
    t.assert.throws(() => nodeDigest('constructor' as never), { name: 'TypeError' })
  })
})

describe('constantTimeEqual', () => {
  test('is true for equal bytes only', (t: TestContext) => {
    const bytes = randomBytes(64)
    t.assert.ok(constantTimeEqual(bytes, Uint8Array.from(bytes)))
    for (let bit = 0; bit < 512; bit++) {
      const other = Buffer.from(bytes)
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7))
      t.assert.strictEqual(constantTimeEqual(bytes, other), false)
    }
  })

  test('is false for bytes of different lengths', (t: TestContext) => {
    t.assert.strictEqual(constantTimeEqual(Buffer.from('abc'), Buffer.from('ab')), false)
    t.assert.strictEqual(constantTimeEqual(Buffer.from('ab'), Buffer.from('abc')), false)
    t.assert.strictEqual(constantTimeEqual(Buffer.from('a'), new Uint8Array()), false)
    t.assert.strictEqual(constantTimeEqual(new Uint8Array(), Buffer.from('a')), false)
  })

  test('is true for no bytes and no bytes', (t: TestContext) => {
    t.assert.strictEqual(constantTimeEqual(new Uint8Array(), Buffer.alloc(0)), true)
  })

  test('leaves the comparison to nacl.verify', (t: TestContext) => {
    const verify = t.mock.method(nacl, 'verify', () => true)

    t.assert.strictEqual(constantTimeEqual(Buffer.from('a'), Buffer.from('b')), true)
    t.assert.strictEqual(verify.mock.callCount(), 1)
  })
})
