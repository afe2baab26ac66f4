import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import nacl from 'tweetnacl'
import type { BytesLike } from '../../lib/crypto/bytes.ts'
import { HMACAlgorithm, NoneAlgorithm, SigningAlgorithm } from '../../lib/itsdangerous/algorithm.ts'
import { Signer } from '../../lib/itsdangerous/signer.ts'
import { signerContract } from './signer.contract.ts'

signerContract('Signer', Signer)

describe('Signer', () => {
  test('makes the very tokens that ItsDangerous 2.2.0 makes', (t: TestContext) => {
    const key = 'a fixed key of these test vectors'

    t.assert.strictEqual(new Signer(key).sign('value'), 'value.ZoVjI7uDf3KYFNbvtc2kTfSET7Q')
    t.assert.strictEqual(new Signer(key).sign('a.b:c$d'), 'a.b:c$d.5rQJSqlj2IvIS_wXrjF84aCuiqI')
    t.assert.strictEqual(new Signer(key).sign('grüße 😀'), 'grüße 😀.Op3QvFnZjdrvB3rOdLgJp6mLPVY')
    t.assert.strictEqual(new Signer(key, { keyDerivation: 'hmac' }).sign('value'), 'value.pzY0rIE86PV9KCQzCKFM_XtXNRw')
    t.assert.strictEqual(
      new Signer(key, { digestMethod: 'sha512' }).sign('value'),
      'value.gxeA7rji6gknPbbUxPbYc3-Ef1Kk4-2pEbxKNW-G5fEYQOuBv23LL407qckmFAwg91razY8G77Y7QRL2fYYWRA'
    )
  })

  test('has the defaults of ItsDangerous', (t: TestContext) => {
    const { salt, sep, keyDerivation, digestMethod } = new Signer('key')

    t.assert.deepStrictEqual({ salt: String(salt), sep, keyDerivation, digestMethod: digestMethod.name }, {
      salt: 'itsdangerous.Signer', sep: '.', keyDerivation: 'django-concat', digestMethod: 'sha1'
    })
  })

  test('derives keys of known bytes', (t: TestContext) => {
    const hex = (keyDerivation: 'concat' | 'django-concat' | 'hmac' | 'none') =>
      Buffer.from(new Signer('key', { salt: 'salt', keyDerivation }).deriveKey()).toString('hex')

    t.assert.strictEqual(hex('concat'), 'dfb8ddda7c9d815199620a5a3268b5fd0a20e2be')
    t.assert.strictEqual(hex('django-concat'), '874393f094658be18c4eca99163af37ac6f3e791')
    t.assert.strictEqual(hex('hmac'), '88dccdb4127d5baaf1f1bf8b968095e9f8abc03c')
    t.assert.strictEqual(hex('none'), '6b6579')
  })

  test('derives a key from any secret key that it is given', (t: TestContext) => {
    const signer = new Signer(['old', 'new'])

    t.assert.deepStrictEqual(signer.deriveKey('old'), new Signer('old').deriveKey())
    t.assert.deepStrictEqual(signer.deriveKey(Buffer.from('old')), new Signer('old').deriveKey())
    t.assert.deepStrictEqual(signer.deriveKey(), new Signer('new').deriveKey())
  })

  test('gives the signature alone as text', (t: TestContext) => {
    const signer = new Signer('a fixed key of these test vectors')

    t.assert.strictEqual(signer.getSignature('value'), 'ZoVjI7uDf3KYFNbvtc2kTfSET7Q')
    t.assert.strictEqual(signer.getSignature(Buffer.from('value')), 'ZoVjI7uDf3KYFNbvtc2kTfSET7Q')
    t.assert.ok(signer.verifySignature('value', Buffer.from('ZoVjI7uDf3KYFNbvtc2kTfSET7Q')))
  })

  test('verifies with the newest key first', (t: TestContext) => {
    const asked: string[] = []
    class Noting extends HMACAlgorithm {
      override verifySignature (key: Uint8Array, value: string, signature: Uint8Array): boolean {
        asked.push(String(key))
        return super.verifySignature(key, value, signature)
      }
    }
    const signer = new Signer(['old', 'middle', 'new'], { keyDerivation: 'none', algorithm: new Noting() })
    signer.unsign(new Signer('middle', { keyDerivation: 'none' }).sign('value'))

    t.assert.deepStrictEqual(asked, ['new', 'middle'])
  })
})

describe('Signer with an algorithm', () => {
  class Backwards extends HMACAlgorithm {
    override getSignature (key: Uint8Array, value: BytesLike): Uint8Array {
      return super.getSignature(key, value).reverse()
    }
  }

  test('gives the derived key to the algorithm', (t: TestContext) => {
    const keys: Uint8Array[] = []
    class Noting extends HMACAlgorithm {
      override getSignature (key: Uint8Array, value: BytesLike): Uint8Array {
        keys.push(key)
        return super.getSignature(key, value)
      }
    }
    const signer = new Signer('secret-key', { algorithm: new Noting() })

    t.assert.strictEqual(signer.sign('value'), new Signer('secret-key').sign('value'))
    t.assert.deepStrictEqual(keys, [signer.deriveKey()])
  })

  test('signs with the algorithm that a subclass sets as a field', (t: TestContext) => {
    class Own extends Signer {
      override readonly algorithm = new Backwards()
    }

    t.assert.strictEqual(new Own('key').sign('value'), new Signer('key', { algorithm: new Backwards() }).sign('value'))
    t.assert.strictEqual(new Own('key').validate(new Signer('key').sign('value')), false)
  })

  for (const [title, algorithm] of [
    ['no algorithm', undefined], ['HMACAlgorithm', new HMACAlgorithm()], ['a subclass of it', new Backwards()]
  ] as const) {
    test(`leaves the comparison to nacl.verify, which takes constant time, with ${title}`, (t: TestContext) => {
      const signer = new Signer('key', { algorithm })
      const signed = signer.sign('value')
      const verify = t.mock.method(nacl, 'verify', () => false)

      t.assert.strictEqual(signer.validate(signed), false)
      verify.mock.mockImplementation(() => true)
      t.assert.strictEqual(signer.validate(`value.${'A'.repeat(27)}`), true)
      t.assert.strictEqual(verify.mock.callCount(), 2)
    })
  }
})

describe('SigningAlgorithm', () => {
  test('leaves getSignature to its subclasses', (t: TestContext) => {
    // @ts-expect-error: it is abstract
    const algorithm: SigningAlgorithm = new SigningAlgorithm()

    t.assert.throws(() => algorithm.getSignature(Buffer.from('a'), 'b'), TypeError)
  })

  test('compares what getSignature gives', (t: TestContext) => {
    class Constant extends SigningAlgorithm {
      override getSignature (): Uint8Array { return Uint8Array.of(1, 2, 3) }
    }
    const verify = (...signature: number[]) => new Constant().verifySignature(Buffer.from('key'), 'value', Uint8Array.from(signature))

    t.assert.strictEqual(verify(1, 2, 3), true)
    t.assert.strictEqual(verify(1, 2, 4), false)
    t.assert.strictEqual(verify(1, 2), false)
    t.assert.strictEqual(verify(), false)
  })
})

describe('NoneAlgorithm', () => {
  test('signs with nothing', (t: TestContext) => {
    const signer = new Signer('key', { algorithm: new NoneAlgorithm() })

    t.assert.strictEqual(signer.sign('value'), 'value.')
    t.assert.strictEqual(signer.unsign('value.'), 'value')
    t.assert.strictEqual(signer.validate('value.AAAA'), false)
  })
})

describe('HMACAlgorithm', () => {
  const key = Buffer.from('key')
  const fox = 'The quick brown fox jumps over the lazy dog'
  const mac = (algorithm: HMACAlgorithm) => Buffer.from(algorithm.getSignature(key, fox)).toString('hex')

  test('signs with SHA-1 by default', (t: TestContext) => {
    t.assert.strictEqual(mac(new HMACAlgorithm()), 'de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9')
  })

  test('signs with the digest that it is given', (t: TestContext) => {
    t.assert.strictEqual(mac(new HMACAlgorithm('sha256')), 'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8')
  })

  test('takes its default digest from a static member of a subclass', (t: TestContext) => {
    class SHA256 extends HMACAlgorithm {
      static override defaultDigestMethod = 'sha256' as const
    }

    t.assert.strictEqual(mac(new SHA256()), 'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8')
  })

  test('lets a subclass sign and verify its own way', (t: TestContext) => {
    class Backwards extends HMACAlgorithm {
      override getSignature (key: Uint8Array, value: string): Uint8Array {
        return super.getSignature(key, value).reverse()
      }
    }
    const signer = new Signer('key', { algorithm: new Backwards() })
    const backwards = Buffer.from(new Signer('key').getSignature('value'), 'base64url').reverse().toString('base64url')

    t.assert.strictEqual(signer.sign('value'), `value.${backwards}`)
    t.assert.strictEqual(signer.unsign(`value.${backwards}`), 'value')
    t.assert.strictEqual(signer.validate(new Signer('key').sign('value')), false)
    for (const signature of ['', '!', `${backwards}=`, backwards.slice(1)]) {
      t.assert.strictEqual(signer.validate(`value.${signature}`), false, signature)
    }
  })

  test('refuses a signature of another length without computing one', (t: TestContext) => {
    class Counting extends HMACAlgorithm {
      computed = 0
      override getSignature (key: Uint8Array, value: string): Uint8Array {
        this.computed++
        return super.getSignature(key, value)
      }
    }
    const algorithm = new Counting()

    t.assert.strictEqual(algorithm.verifySignature(key, fox, new Uint8Array(64)), false)
    t.assert.strictEqual(algorithm.computed, 0)
    t.assert.strictEqual(algorithm.verifySignature(key, fox, new Uint8Array(20)), false)
    t.assert.strictEqual(algorithm.computed, 1)
  })
})
