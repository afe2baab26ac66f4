import { createHmac, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { digest, HMAC, hmac, nodeDigest, resolveDigest } from '../../lib/crypto/digest.ts'
import type { Digest, DigestName } from '../../lib/crypto/digest.ts'
import { md5, strangers } from '../itsdangerous/makers.ts'
import { vectors } from './hmac-vectors.ts'

const names = ['sha1', 'sha256', 'sha384', 'sha512'] as const
/** Each digest by its name, and each by node:crypto: `'sha512'` signs with tweetnacl. */
const methods = [...names, ...names.map(nodeDigest)]
const title = (method: DigestName | Digest) => typeof method === 'string' ? `'${method}'` : `nodeDigest('${method.name}')`
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('HMAC', () => {
  for (const method of methods) {
    const name = resolveDigest(method).name as DigestName
    for (const { name: source, key, data, macs } of vectors) {
      const mac = macs[name]
      if (mac === undefined) continue
      test(`of ${title(method)} is right for ${source}`, (t: TestContext) => {
        const made = hmac(method, Buffer.from(key, 'hex'), Buffer.from(data, 'hex'))

        t.assert.strictEqual(hex(made).slice(0, mac.length), mac)
        t.assert.strictEqual(made.length, resolveDigest(method).digestLength)
      })
    }

    test(`of ${title(method)} is node:crypto's for keys and values of all lengths around the blocks`, (t: TestContext) => {
      const { blockLength, digestLength } = resolveDigest(method)
      const around = (length: number) => [length - 1, length, length + 1]
      const padding = blockLength === 64 ? 9 : 17
      const lengths = [0, ...[digestLength, blockLength - padding, blockLength, 2 * blockLength - padding, 2 * blockLength].flatMap(around)]
      for (const keyLength of lengths) {
        const key = randomBytes(keyLength)
        // One HMAC for all values, so that its buffers are used again for shorter and longer ones.
        const kept = new HMAC(method, key)
        for (const length of [...lengths, 511, 512, 513, 1535, 70_000, 3, 1025, 0]) {
          const value = randomBytes(length)
          const expected = createHmac(name, key).update(value).digest('hex')
          if (hex(kept.sign(value)) !== expected || hex(hmac(method, key, value)) !== expected) {
            t.assert.fail(`key ${hex(key)}, value ${hex(value)}`)
          }
        }
      }
      t.assert.ok(true)
    })
  }

  test('signs the UTF-8 bytes of text, short or long', (t: TestContext) => {
    const kept = new HMAC('sha512', 'ключ')
    for (const value of ['', 'value', 'ž', '無限', '😀', 'ž'.repeat(170), '無'.repeat(171), '😀'.repeat(20_000), 'a'.repeat(512), 'a']) {
      t.assert.deepStrictEqual(kept.sign(value), createHmac('sha512', 'ключ').update(value).digest())
    }
  })

  test('verifies with node:crypto what tweetnacl signed, for all lengths around the blocks', (t: TestContext) => {
    const block = 128
    const length = fc.oneof(fc.nat(3 * block + 2), fc.constantFrom(...[1, 2, 3].flatMap((n) => [-18, -17, -16, -1, 0, 1].map((d) => n * block + d))))
    const bytes = length.chain((n) => fc.uint8Array({ minLength: n, maxLength: n }))
    const hash = t.mock.method(nacl, 'hash')
    fc.assert(fc.property(bytes, bytes, fc.nat(), (key, value, at) => {
      const kept = new HMAC('sha512', key)
      const mac = kept.signText(value)
      const hashed = hash.mock.callCount()

      t.assert.strictEqual(kept.verifyText(value, mac), true)
      t.assert.strictEqual(kept.verifyText(value, new HMAC(nodeDigest('sha512'), key).signText(value)), true)
      const changed = Uint8Array.from(value)
      changed[at % value.length] = (changed[at % value.length] as number) ^ 1
      if (value.length > 0) t.assert.strictEqual(kept.verifyText(changed, mac), false)
      t.assert.strictEqual(hash.mock.callCount(), hashed)
    }))
  })

  test('rejects a MAC when the two implementations of SHA-512 disagree', (t: TestContext) => {
    const kept = new HMAC('sha512', 'key')
    const right = kept.signText('value')
    t.mock.method(nacl, 'hash', () => new Uint8Array(64))

    t.assert.strictEqual(kept.verifyText('value', kept.signText('value')), false)
    t.assert.strictEqual(kept.verifyText('value', right), true)
  })

  test('signs and verifies with the same digest of the application', (t: TestContext) => {
    let hashed = 0
    const kept = new HMAC({ ...md5, hash: (data) => { hashed++; return md5.hash(data) } }, 'key')
    const mac = kept.signText('value')
    t.assert.strictEqual(hashed, 2)

    t.assert.strictEqual(kept.verifyText('value', mac), true)
    t.assert.strictEqual(hashed, 4)
  })

  test('leaves every comparison of MACs to nacl.verify, which takes constant time', (t: TestContext) => {
    for (const method of [...methods, md5]) {
      const kept = new HMAC(method, 'key')
      const mac = kept.signText('value')
      const verify = t.mock.method(nacl, 'verify', () => true)

      t.assert.strictEqual(kept.verifyText('value', '!'.repeat(mac.length)), true)
      verify.mock.mockImplementation(() => false)
      t.assert.strictEqual(kept.verifyText('value', mac), false)
      t.assert.strictEqual(verify.mock.callCount(), 2)
      verify.mock.restore()
    }
  })

  test('asks a digest that has hashText for text', (t: TestContext) => {
    const asked: string[] = []
    const hashText = (data: Uint8Array, encoding: 'binary' | 'base64url'): string => {
      asked.push(encoding)
      return Buffer.from(md5.hash(data)).toString(encoding)
    }
    const kept = new HMAC({ ...md5, hashText }, 'Jefe')

    t.assert.strictEqual(kept.signText('what do ya want for nothing?'), Buffer.from('750c783e6ab0b503eaa86e310a5db738', 'hex').toString('base64url'))
    t.assert.deepStrictEqual(asked, ['binary', 'base64url'])
    t.assert.strictEqual(hex(kept.sign('what do ya want for nothing?')), '750c783e6ab0b503eaa86e310a5db738')
  })

  for (const method of methods) {
    test(`of ${title(method)} as text is that of the bytes, and verifies as text`, (t: TestContext) => {
      const kept = new HMAC(method, 'key')
      for (const value of ['', 'value', 'ž', Buffer.from('value')]) {
        const text = Buffer.from(kept.sign(value)).toString('base64url')

        t.assert.strictEqual(kept.signText(value), text)
        t.assert.strictEqual(kept.verifyText(value, text), true)
        t.assert.strictEqual(kept.verifyText('another value', text), false)
      }
    })

    test(`of ${title(method)} has one spelling`, (t: TestContext) => {
      const kept = new HMAC(method, 'key')
      const text = kept.signText('value')
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        // The neighbours have spare bits in common, or the low byte.
        for (const other of [code - 1, code + 1, code ^ 0x20, code + 0x80, code + 0x100, 0, 0x3d, 0x2b, 0x2f]) {
          t.assert.strictEqual(kept.verifyText('value', text.slice(0, i) + String.fromCharCode(other) + text.slice(i + 1)), false)
        }
      }
      for (const other of ['', text.slice(1), text.slice(0, -1), `${text}=`, `${text}A`, `A${text}`, ` ${text.slice(1)}`]) {
        t.assert.strictEqual(kept.verifyText('value', other), false)
      }
    })
  }

  for (const [title, value, type] of strangers) {
    test(`throws for ${title} as key or value`, (t: TestContext) => {
      const error = { name: 'TypeError', message: `value must be text or bytes, got ${type}` }

      t.assert.throws(() => hmac('sha1', 'key', value as never), error)
      t.assert.throws(() => hmac('sha1', value as never, 'value'), error)
      t.assert.throws(() => digest('sha1', value as never), error)
      t.assert.throws(() => new HMAC('sha1', 'key').verifyText(value as never, 'x'.repeat(27)), error)
    })
  }

  test('returns each MAC in new memory', (t: TestContext) => {
    for (const method of methods) {
      const kept = new HMAC(method, 'key')
      const first = kept.sign('one')
      const before = hex(first)
      kept.sign('two')

      t.assert.strictEqual(hex(first), before)
    }
  })

  test('does not change value or key', (t: TestContext) => {
    const key = Buffer.from('key')
    const value = Buffer.from('value')
    hmac('sha512', key, value)

    t.assert.deepStrictEqual([String(key), String(value)], ['key', 'value'])
  })

  test('signs with a digest of the application', (t: TestContext) => {
    // RFC 2202, HMAC-MD5, cases 2 and 6
    t.assert.strictEqual(hex(hmac(md5, 'Jefe', 'what do ya want for nothing?')), '750c783e6ab0b503eaa86e310a5db738')
    t.assert.strictEqual(
      hex(hmac(md5, Buffer.alloc(80, 0xaa), 'Test Using Larger Than Block-Size Key - Hash Key First')),
      '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd'
    )
  })
})
