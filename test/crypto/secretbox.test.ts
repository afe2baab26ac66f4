import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { hmac } from '../../lib/crypto/digest.ts'
import { openSecretBox, randomBytes, sealSecretBox } from '../../lib/crypto/secretbox.ts'

const nonce = Uint8Array.from({ length: 24 }, (_, i) => i)
const key = hmac('sha512', 'new-secret-key-0123456789', '\0box\0cookie-session.sealed').subarray(0, 32)

/** Messages and their boxes, made with `SecretBox(key).encrypt(message, nonce).ciphertext` of PyNaCl 1.5.0. */
const vectors = [
  ['{"user_id":42}'.padEnd(32), 'cbd2b0ca1c688ae7480faf608625878d5a2836024c1f257b0a53ceedb2a326a7603aff3034a9be326e48bc2020355a5b'],
  ['', 'b0aeaa7615258eb9bdbf74d4baa1e178']
] as const

describe('sealSecretBox and openSecretBox', () => {
  test('share their key with the vectors of PyNaCl', (t: TestContext) => {
    t.assert.strictEqual(key.toString('hex'), '59d8f552fc9876475499ec9bb7e14fb754deb601ba5cdece9ecb7b797b0d3eb5')
  })

  for (const [message, box] of vectors) {
    test(`seal and open '${message}' as PyNaCl does`, (t: TestContext) => {
      t.assert.strictEqual(sealSecretBox(Buffer.from(message), nonce, key).toString('hex'), box)
      t.assert.deepStrictEqual(openSecretBox(Buffer.from(box, 'hex'), nonce, key), Buffer.from(message))
    })
  }

  test('give back any message', (t: TestContext) => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
      t.assert.deepStrictEqual(openSecretBox(sealSecretBox(message, nonce, key), nonce, key), Buffer.from(message))
    }))
  })
})

describe('openSecretBox', () => {
  const box = sealSecretBox(Buffer.from('message'), nonce, key)
  const other = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => i === 0 ? byte ^ 1 : byte)

  test('returns undefined for a box with any byte changed', (t: TestContext) => {
    for (let at = 0; at < box.length; at++) {
      t.assert.strictEqual(openSecretBox(box.map((byte, i) => i === at ? byte ^ 1 : byte), nonce, key), undefined)
    }
  })

  for (const [title, otherBox, otherNonce, otherKey] of [
    ['another key', box, nonce, other(key)], ['another nonce', box, other(nonce), key],
    ['a short nonce', box, nonce.subarray(1), key], ['a short key', box, nonce, key.subarray(1)],
    ['a box that is cut off', box.subarray(0, -1), nonce, key], ['an empty box', new Uint8Array(), nonce, key]
  ] as const) {
    test(`returns undefined for ${title}`, (t: TestContext) => {
      t.assert.strictEqual(openSecretBox(otherBox, otherNonce, otherKey), undefined)
    })
  }
})

test('sealSecretBox throws for a nonce or a key of another length', (t: TestContext) => {
  t.assert.throws(() => sealSecretBox(Buffer.from('message'), nonce.subarray(1), key), Error)
  t.assert.throws(() => sealSecretBox(Buffer.from('message'), nonce, key.subarray(1)), Error)
})

test('randomBytes returns as many bytes as asked for, others each time', (t: TestContext) => {
  for (const length of [0, 1, 24, 1024]) t.assert.strictEqual(randomBytes(length).length, length)
  t.assert.notDeepStrictEqual(randomBytes(24), randomBytes(24))
})
