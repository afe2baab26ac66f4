import { createHash, createHmac, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import nacl from 'tweetnacl'
import { constantTimeEqual, digest, HMAC, hmac, nodeDigest, openSecretBox, resolveDigest } from '../../lib/itsdangerous/digest.ts'
import type { Digest, DigestName } from '../../lib/itsdangerous/digest.ts'
import { md5, strangers } from './makers.ts'

const names = ['sha1', 'sha256', 'sha384', 'sha512'] as const
/** Each digest by its name, and each by node:crypto: SHA-512 by its name is tweetnacl's. */
const methods = [...names, ...names.map(nodeDigest)]
const title = (method: DigestName | Digest) => typeof method === 'string' ? `'${method}'` : `nodeDigest('${method.name}')`
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

interface Vector {
  name: string
  key: string
  data: string
  macs: Partial<Record<DigestName, string>>
}

/** Key and data in hex. */
const vectors: Vector[] = [
  // RFC 2202, HMAC-SHA-1; its cases 1 to 4 and 6 have the data of RFC 4231's.
  { name: 'RFC 2202, case 1', key: '0b'.repeat(20), data: '4869205468657265', macs: { sha1: 'b617318655057264e28bc0b6fb378c8ef146be00' } },
  { name: 'RFC 2202, case 2', key: '4a656665', data: '7768617420646f2079612077616e7420666f72206e6f7468696e673f', macs: { sha1: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79' } },
  { name: 'RFC 2202, case 3', key: 'aa'.repeat(20), data: 'dd'.repeat(50), macs: { sha1: '125d7342b9ac11cd91a39af48aa17b4f63f175d3' } },
  { name: 'RFC 2202, case 4', key: '0102030405060708090a0b0c0d0e0f10111213141516171819', data: 'cd'.repeat(50), macs: { sha1: '4c9007f4026250c6bc8414f9bf50c86c2d7235da' } },
  { name: 'RFC 2202, case 5', key: '0c'.repeat(20), data: '546573742057697468205472756e636174696f6e', macs: { sha1: '4c1a03424b55e07fe7f27be1d58bb9324a9a5a04' } },
  {
    name: 'RFC 2202, case 6',
    key: 'aa'.repeat(80),
    data: '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
    macs: { sha1: 'aa4ae5e15272d00e95705637ce8a3b55ed402112' }
  },
  {
    name: 'RFC 2202, case 7',
    key: 'aa'.repeat(80),
    data: '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b657920616e64204c6172676572205468616e204f6e6520426c6f636b2d53697a652044617461',
    macs: { sha1: 'e8e99d0f45237d786d6bbaa7965c7808bbff1a91' }
  },
  {
    name: 'RFC 4231, case 1',
    key: '0b'.repeat(20),
    data: '4869205468657265',
    macs: {
      sha256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      sha384: 'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
      sha512: '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854'
    }
  },
  {
    name: 'RFC 4231, case 2',
    key: '4a656665',
    data: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    macs: {
      sha256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      sha384: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
      sha512: '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737'
    }
  },
  {
    name: 'RFC 4231, case 3',
    key: 'aa'.repeat(20),
    data: 'dd'.repeat(50),
    macs: {
      sha256: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
      sha384: '88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27',
      sha512: 'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb'
    }
  },
  {
    name: 'RFC 4231, case 4',
    key: '0102030405060708090a0b0c0d0e0f10111213141516171819',
    data: 'cd'.repeat(50),
    macs: {
      sha256: '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
      sha384: '3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb',
      sha512: 'b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd'
    }
  },
  {
    name: 'RFC 4231, case 5, whose MACs are cut off there',
    key: '0c'.repeat(20),
    data: '546573742057697468205472756e636174696f6e',
    macs: { sha256: 'a3b6167473100ee06e0c796c2955552b', sha384: '3abf34c3503b2a23a46efc619baef897', sha512: '415fad6271580a531d4179bc891d87a6' }
  },
  {
    name: 'RFC 4231, case 6',
    key: 'aa'.repeat(131),
    data: '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
    macs: {
      sha256: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
      sha384: '4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952',
      sha512: '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598'
    }
  },
  {
    name: 'RFC 4231, case 7',
    key: 'aa'.repeat(131),
    data: '5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e',
    macs: {
      sha256: '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
      sha384: '6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e',
      sha512: 'e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58'
    }
  }
]

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

  test('takes text for its UTF-8 bytes, short or long', (t: TestContext) => {
    const kept = new HMAC('sha512', 'ключ')
    for (const value of ['', 'value', 'ž', '無限', '😀', 'ž'.repeat(170), '無'.repeat(171), '😀'.repeat(20_000), 'a'.repeat(512), 'a']) {
      t.assert.deepStrictEqual(kept.sign(value), createHmac('sha512', 'ключ').update(value).digest())
    }
  })

  test('takes the hash as text where a digest gives it so', (t: TestContext) => {
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

  test('uses the same memory for one value after the other, but keeps none over 64 KiB', (t: TestContext) => {
    const used: ArrayBufferLike[] = []
    const kept = new HMAC({ ...md5, hash: (data) => { used.push(data.buffer); return md5.hash(data) } }, 'key')
    /** Whether two values of so many bytes are laid out in the same memory. */
    const isShared = (first: number, second: number): boolean => {
      used.length = 0
      for (const length of [first, second]) kept.sign(Buffer.alloc(length))
      // Each second hash is the outer one.
      return used[0] === used[2]
    }

    t.assert.ok(isShared(1, 512))
    t.assert.ok(!isShared(512, 513))
    t.assert.ok(isShared(513, 1))
    t.assert.ok(isShared(65_472, 65_472))
    t.assert.ok(!isShared(65_473, 65_473))
    t.assert.ok(isShared(65_472, 1))
  })

  test('signs values of one length alike, wherever they are laid out', (t: TestContext) => {
    const kept = new HMAC('sha1', 'key')
    const values = [Buffer.alloc(200), 'x'.repeat(200), 'y'.repeat(200), Buffer.alloc(30_000), 'z'.repeat(200), Buffer.alloc(70_000), Buffer.alloc(70_000, 1), 'x'.repeat(200)]
    for (const value of values) {
      t.assert.strictEqual(hex(kept.sign(value)), createHmac('sha1', 'key').update(value).digest('hex'))
    }
  })

  for (const [title, value, type] of strangers) {
    test(`throws for ${title} as key or value`, (t: TestContext) => {
      const error = { name: 'TypeError', message: `value must be text or bytes, got ${type}` }

      t.assert.throws(() => hmac('sha1', 'key', value as never), error)
      t.assert.throws(() => hmac('sha1', value as never, 'value'), error)
      t.assert.throws(() => digest('sha1', value as never), error)
      t.assert.throws(() => new HMAC('sha1', 'key').verifyText(value as never, 'x'.repeat(27)), error)
    })
  }

  test('gives each MAC in memory of its own', (t: TestContext) => {
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

  test('signs with a digest of one\'s own', (t: TestContext) => {
    // RFC 2202, HMAC-MD5, cases 2 and 6
    t.assert.strictEqual(hex(hmac(md5, 'Jefe', 'what do ya want for nothing?')), '750c783e6ab0b503eaa86e310a5db738')
    t.assert.strictEqual(
      hex(hmac(md5, Buffer.alloc(80, 0xaa), 'Test Using Larger Than Block-Size Key - Hash Key First')),
      '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd'
    )
  })
})

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
  test('gives SHA-512 by tweetnacl and the others by node:crypto', (t: TestContext) => {
    const sizes = names.map(resolveDigest).map(({ name, blockLength, digestLength }) => [name, blockLength, digestLength])

    t.assert.deepStrictEqual(sizes, [['sha1', 64, 20], ['sha256', 64, 32], ['sha384', 128, 48], ['sha512', 128, 64]])
    t.mock.method(nacl, 'hash', () => new Uint8Array(64))
    t.assert.strictEqual(hex(digest('sha512', 'value')), '00'.repeat(64))
    t.assert.notStrictEqual(hex(digest(nodeDigest('sha512'), 'value')), '00'.repeat(64))
  })

  test('gives back a digest of one\'s own', (t: TestContext) => {
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
  test('tells equal bytes from others', (t: TestContext) => {
    const bytes = randomBytes(64)
    t.assert.ok(constantTimeEqual(bytes, Uint8Array.from(bytes)))
    for (let bit = 0; bit < 512; bit++) {
      const other = Buffer.from(bytes)
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7))
      t.assert.strictEqual(constantTimeEqual(bytes, other), false)
    }
  })

  test('takes bytes of other lengths for different', (t: TestContext) => {
    t.assert.strictEqual(constantTimeEqual(Buffer.from('abc'), Buffer.from('ab')), false)
    t.assert.strictEqual(constantTimeEqual(Buffer.from('ab'), Buffer.from('abc')), false)
    t.assert.strictEqual(constantTimeEqual(Buffer.from('a'), new Uint8Array()), false)
    t.assert.strictEqual(constantTimeEqual(new Uint8Array(), Buffer.from('a')), false)
  })

  test('takes no bytes for equal to no bytes', (t: TestContext) => {
    t.assert.strictEqual(constantTimeEqual(new Uint8Array(), Buffer.alloc(0)), true)
  })

  test('leaves the comparison to nacl.verify', (t: TestContext) => {
    const verify = t.mock.method(nacl, 'verify', () => true)

    t.assert.strictEqual(constantTimeEqual(Buffer.from('a'), Buffer.from('b')), true)
    t.assert.strictEqual(verify.mock.callCount(), 1)
  })
})

describe('openSecretBox', () => {
  const key = Buffer.alloc(32, 1)
  const nonce = Buffer.alloc(24, 2)

  test('opens a box of libsodium, also an empty one', (t: TestContext) => {
    const message = openSecretBox(nacl.secretbox(Buffer.from('message'), nonce, key), nonce, key)

    t.assert.deepStrictEqual(message, Buffer.from('message'))
    t.assert.deepStrictEqual(openSecretBox(nacl.secretbox(new Uint8Array(), nonce, key), nonce, key), Buffer.alloc(0))
  })

  test('gives undefined for anything else', (t: TestContext) => {
    const box = nacl.secretbox(Buffer.from('message'), nonce, key)

    t.assert.strictEqual(openSecretBox(box.map((byte, i) => i === 20 ? byte ^ 1 : byte), nonce, key), undefined)
    t.assert.strictEqual(openSecretBox(box, nonce, Buffer.alloc(32, 3)), undefined)
    t.assert.strictEqual(openSecretBox(box, Buffer.alloc(24, 3), key), undefined)
    t.assert.strictEqual(openSecretBox(box, nonce.subarray(1), key), undefined)
    t.assert.strictEqual(openSecretBox(box, nonce, key.subarray(1)), undefined)
    t.assert.strictEqual(openSecretBox(new Uint8Array(), nonce, key), undefined)
  })
})
