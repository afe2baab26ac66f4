/**
 * What every signer must do.
 *
 * @module
 */

import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import type { TestContext } from 'node:test'
import { BadSignature } from '../../lib/itsdangerous/errors.ts'
import type { SignerClass } from '../../lib/itsdangerous/serializer.ts'
import { HMACAlgorithm, NoneAlgorithm, SigningAlgorithm } from '../../lib/itsdangerous/algorithm.ts'
import type { KeyDerivation } from '../../lib/itsdangerous/signer.ts'
import { wantBytes } from '../../lib/crypto/bytes.ts'
import type { BytesLike } from '../../lib/crypto/bytes.ts'
import { md5, noOptions, strangers } from './makers.ts'

class ReverseAlgorithm extends SigningAlgorithm {
  override getSignature (key: Uint8Array, value: BytesLike): Uint8Array {
    return Buffer.concat([key, wantBytes(value)]).reverse()
  }
}

export function signerContract (name: string, Signer: SignerClass): void {
  const signer = new Signer('secret-key')

  describe(`${name}, as every signer,`, () => {
    test('gives back what was signed: text as text, bytes as bytes', (t: TestContext) => {
      const text = signer.sign('my string')
      const bytes = signer.sign(Buffer.from('my string'))

      t.assert.strictEqual(typeof text, 'string')
      t.assert.ok(Buffer.isBuffer(bytes))
      t.assert.ok(signer.validate(text))
      t.assert.ok(signer.validate(bytes))
      t.assert.strictEqual(signer.unsign(text), 'my string')
      t.assert.deepStrictEqual(signer.unsign(bytes), Buffer.from('my string'))
    })

    test('takes text and bytes for each other', (t: TestContext) => {
      const text = signer.sign('žluťoučký kůň 😀')

      t.assert.deepStrictEqual(signer.unsign(Buffer.from(text)), Buffer.from('žluťoučký kůň 😀'))
      t.assert.strictEqual(signer.unsign(signer.sign(Buffer.from('žluťoučký kůň 😀')).toString()), 'žluťoučký kůň 😀')
    })

    for (const [title, value, type] of strangers) {
      test(`refuses ${title} as a signed value, and signs none`, (t: TestContext) => {
        const given = value as string
        const refusal = { name: 'BadSignature', code: 'ERR_TOKEN_BAD_SIGNATURE', message: `A signed value must be text or bytes, got ${type}`, payload: undefined }
        const error = { name: 'TypeError', message: `value must be text or bytes, got ${type}` }

        t.assert.throws(() => signer.unsign(given), refusal)
        t.assert.strictEqual(signer.validate(given), false)
        t.assert.strictEqual(signer.verifySignature(given, signer.getSignature('')), false)
        t.assert.strictEqual(signer.verifySignature('value', given), false)
        t.assert.throws(() => signer.sign(given), error)
        t.assert.throws(() => signer.getSignature(given), error)
        if (value !== undefined) t.assert.throws(() => signer.deriveKey(given), error)
      })

      if (value !== undefined) {
        test(`takes ${title} neither as key nor as salt`, (t: TestContext) => {
          const isList = Array.isArray(value)
          t.assert.throws(() => new Signer(isList ? [value] as never : value as never), { name: 'TypeError', message: `secretKey must be text or bytes, got ${type}` })
          t.assert.throws(() => new Signer('key', { salt: value as never }), { name: 'TypeError', message: `salt must be text or bytes, got ${type}` })
        })
      }
    }

    test('does not verify an object whose text was signed', (t: TestContext) => {
      const signed = signer.sign('value')

      for (const spelling of [{ buffer: signed, byteOffset: 'utf8' }, Object(signed), [signed], Buffer.from(signed).toJSON()]) {
        t.assert.strictEqual(signer.validate(spelling as string), false)
      }
    })

    test('takes bytes of another realm', (t: TestContext) => {
      const foreign = (text: string): Uint8Array => runInNewContext('Uint8Array.from(bytes)', { bytes: [...Buffer.from(text)] }) as Uint8Array
      const signed = foreign(signer.sign('value'))

      t.assert.ok(!(signed instanceof Uint8Array))
      t.assert.deepStrictEqual(signer.unsign(signed), Buffer.from('value'))
      t.assert.deepStrictEqual(signer.unsign(signer.sign(foreign('value'))), Buffer.from('value'))
      t.assert.ok(new Signer(foreign('secret-key')).validate(signed))
    })

    test('gives of shared memory what was verified, whatever comes to stand there', (t: TestContext) => {
      const signed = signer.sign(Buffer.from('value'))
      const shared = new Uint8Array(new SharedArrayBuffer(signed.length))
      shared.set(signed)
      class Racing extends HMACAlgorithm {
        override getSignature (key: Uint8Array, value: BytesLike): Uint8Array {
          const signature = super.getSignature(key, value)
          shared.fill(65)
          return signature
        }
      }

      t.assert.deepStrictEqual(new Signer('secret-key', { algorithm: new Racing() }).unsign(shared), Buffer.from('value'))
    })

    test('takes bytes of memory that can grow and shrink', (t: TestContext) => {
      const signed = signer.sign(Buffer.from('value'))
      const bytes = new Uint8Array(Reflect.construct(ArrayBuffer, [signed.length, { maxByteLength: 1000 }]) as ArrayBuffer)
      bytes.set(signed)

      t.assert.deepStrictEqual(signer.unsign(bytes), Buffer.from('value'))
      Reflect.apply(Reflect.get(bytes.buffer, 'resize') as (length: number) => void, bytes.buffer, [3])
      t.assert.strictEqual(signer.validate(bytes), false)
    })

    test('shows no key to those who print it', (t: TestContext) => {
      const printed = new Signer(['hunter2', 'hunter3'])
      printed.sign('value')

      t.assert.strictEqual(String(printed.secretKeys), 'hunter2,hunter3')
      for (const options of [{}, { showHidden: true }, { depth: Infinity }]) t.assert.doesNotMatch(inspect(printed, options), /secretKeys?: |68 75 6e|hunter/)
      t.assert.doesNotMatch(JSON.stringify(printed), /secretKey|104,117,110|hunter/)
      t.assert.deepStrictEqual(Object.keys({ ...printed }).filter((name) => name.includes('ecret')), [])
    })

    for (const [options, message] of noOptions) {
      test(`throws for ${inspect(options)} instead of options`, (t: TestContext) => {
        t.assert.throws(() => new Signer('key', options as never), { name: 'TypeError', message })
      })
    }

    test('takes any Uint8Array for bytes, also a part of a larger one', (t: TestContext) => {
      const part = new Uint8Array([9, 0, 255, 46, 9]).subarray(1, 4)
      const signed = new Uint8Array([9, ...signer.sign(part), 9]).subarray(1, -1)

      t.assert.deepStrictEqual(signer.unsign(signed), Buffer.from([0, 255, 46]))
    })

    for (const value of ['', '.', 'a.b.c', '...', '\0', 'a\u2028b', 'x'.repeat(70_000)]) {
      test(`signs ${JSON.stringify(value.slice(0, 10))}, of ${value.length} characters`, (t: TestContext) => {
        t.assert.strictEqual(signer.unsign(signer.sign(value)), value)
      })
    }

    test('refuses a value without separator', (t: TestContext) => {
      const signed = signer.sign('my string').replace('.', '*')

      t.assert.strictEqual(signer.validate(signed), false)
      t.assert.throws(() => signer.unsign(signed), BadSignature)
      t.assert.throws(() => signer.unsign('my string'), { code: 'ERR_TOKEN_BAD_SIGNATURE', message: "No '.' found in value", payload: undefined })
      t.assert.throws(() => signer.unsign(Buffer.alloc(0)), { code: 'ERR_TOKEN_BAD_SIGNATURE', payload: undefined })
    })

    test('refuses a truncated signature and says what it would have signed', (t: TestContext) => {
      const signed = signer.sign('b')
      const broken = signed.slice(0, -1)

      t.assert.strictEqual(signer.verifySignature('b', broken.slice(broken.lastIndexOf('.') + 1)), false)
      t.assert.strictEqual(signer.validate(broken), false)
      t.assert.throws(() => signer.unsign(broken), (error: unknown) => error instanceof BadSignature && error.message === 'Signature does not match' && error.payload === 'b')
    })

    test('refuses a changed value', (t: TestContext) => {
      const signed = signer.sign('my string').replace('my', 'other')

      t.assert.strictEqual(signer.validate(signed), false)
      t.assert.throws(() => signer.unsign(signed), BadSignature)
    })

    test('accepts one spelling of a signature only', (t: TestContext) => {
      const signed = signer.sign('value')
      const last = signed.at(-1) as string
      // 20 bytes leave two bits of the last character unused.
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const spareBits = signed.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1]

      // Node's base64 looks at the low byte alone.
      const foreign = signed.replace(/.(?=.{9}$)/, (character) => String.fromCharCode(character.charCodeAt(0) + 0x100))
      for (const other of [spareBits, foreign, `${signed}=`, `${signed}\n`, `${signed} `, `${signed}\0`, `${signed}é`, `${signed}A`]) {
        t.assert.strictEqual(signer.validate(other), false, other)
        t.assert.strictEqual(signer.validate(Buffer.from(other)), false, other)
      }
    })

    test('refuses every change of one character', (t: TestContext) => {
      const signed = signer.sign('value')
      const accepted = []
      for (let i = 0; i < signed.length; i++) {
        for (const character of ['A', 'B', '.', '=', '\0', 'ÿ', '']) {
          const changed = signed.slice(0, i) + character + signed.slice(i + 1)
          if (changed !== signed && signer.validate(changed)) accepted.push(changed)
        }
      }

      t.assert.deepStrictEqual(accepted, [])
    })

    test('does not take a lone surrogate for the replacement character that has its bytes', (t: TestContext) => {
      const signed = signer.sign('\ufffd')

      t.assert.strictEqual(signer.unsign(signed), '\ufffd')
      t.assert.strictEqual(signer.validate(signed.replace('\ufffd', '\ud800')), false)
      t.assert.throws(() => signer.sign('\ud800'), { name: 'TypeError', message: 'text with a lone surrogate cannot be signed' })
    })

    for (const sep of ['', '-', '_', '=', 'a', 'Z', '0', '--', 'ab', '=_']) {
      test(`does not take '${sep}' as separator, as it may be part of a signature`, (t: TestContext) => {
        t.assert.throws(() => new Signer('secret-key', { sep }), { name: 'RangeError', message: /sep must not be empty or consist of/ })
      })
    }

    for (const sep of [':', '$', '..', '::', '§', '😀', '\0', '-:-', 'a.', ' ']) {
      test(`takes ${JSON.stringify(sep)} as separator`, (t: TestContext) => {
        const signer = new Signer('secret-key', { sep })

        for (const value of ['value', '', `a${sep}b`, sep, sep.repeat(3), sep.slice(0, 1).replace(/\p{Surrogate}/u, '')]) {
          t.assert.strictEqual(signer.unsign(signer.sign(value)), value)
          t.assert.deepStrictEqual(signer.unsign(signer.sign(Buffer.from(value))), Buffer.from(value))
        }
        t.assert.strictEqual(signer.validate(new Signer('secret-key').sign('value')), false)
      })
    }

    for (const keyDerivation of ['concat', 'django-concat', 'hmac', 'none'] as const) {
      test(`derives keys by ${keyDerivation}`, (t: TestContext) => {
        const signer = new Signer('secret-key', { keyDerivation })

        t.assert.strictEqual(signer.keyDerivation, keyDerivation)
        t.assert.strictEqual(signer.unsign(signer.sign('value')), 'value')
      })
    }

    test('throws for an unknown key derivation as soon as a key is derived', (t: TestContext) => {
      const signer = new Signer('secret-key', { keyDerivation: 'invalid' as KeyDerivation })
      const error = { name: 'TypeError', message: "keyDerivation must be 'concat', 'django-concat', 'hmac' or 'none'" }

      t.assert.throws(() => signer.deriveKey(), error)
      t.assert.throws(() => signer.sign('value'), error)
      t.assert.throws(() => signer.validate(`value.ZVPxAA.${'A'.repeat(27)}`), error)
    })

    test('takes a digest of one\'s own', (t: TestContext) => {
      const signer = new Signer('secret-key', { digestMethod: md5 })

      t.assert.strictEqual(signer.unsign(signer.sign('value')), 'value')
      t.assert.strictEqual(signer.digestMethod, md5)
    })

    for (const [title, algorithm] of [
      ['its own algorithm', undefined], ['NoneAlgorithm', new NoneAlgorithm()], ['HMACAlgorithm', new HMACAlgorithm()],
      ['an algorithm of one\'s own', new ReverseAlgorithm()]
    ] as const) {
      test(`signs with ${title}`, (t: TestContext) => {
        const signer = new Signer('secret-key', { algorithm })

        t.assert.strictEqual(signer.unsign(signer.sign('value')), 'value')
        t.assert.deepStrictEqual(signer.unsign(signer.sign(Buffer.from('value'))), Buffer.from('value'))
      })
    }

    test('signs with an HMACAlgorithm of its own digest when no algorithm is given', (t: TestContext) => {
      const { algorithm, digestMethod } = new Signer('secret-key', { digestMethod: 'sha256' })

      t.assert.ok(algorithm instanceof HMACAlgorithm)
      t.assert.strictEqual(algorithm.digestMethod, digestMethod)
      t.assert.strictEqual(digestMethod.name, 'sha256')
    })

    test('signs with the last key and accepts each', (t: TestContext) => {
      const old = new Signer('a').sign('my string')
      const both = new Signer(['a', 'b'])

      t.assert.strictEqual(both.unsign(old), 'my string')
      t.assert.ok(new Signer('b').validate(both.sign('my string')))
      t.assert.strictEqual(new Signer('a').validate(both.sign('my string')), false)
      t.assert.strictEqual(new Signer(['c', 'd']).validate(old), false)
    })

    test('signs with the same key after any number of verifications', (t: TestContext) => {
      const keys = Object.freeze(['old', 'middle', 'new'])
      const signer = new Signer(keys)
      for (const key of keys) {
        signer.validate(new Signer(key).sign('value'))
        signer.validate('value.forged')
      }

      t.assert.deepStrictEqual(keys, ['old', 'middle', 'new'])
      t.assert.deepStrictEqual(signer.secretKeys.map(String), ['old', 'middle', 'new'])
      t.assert.strictEqual(String(signer.secretKey), 'new')
      t.assert.ok(new Signer('new').validate(signer.sign('value')))
    })

    test('keeps copies of keys and salt', (t: TestContext) => {
      const key = Buffer.from('secret-key')
      const salt = Buffer.from('salt')
      const keys = [key]
      const signer = new Signer(keys, { salt })
      key.fill(0)
      salt.fill(0)
      keys.pop()

      t.assert.ok(new Signer('secret-key', { salt: 'salt' }).validate(signer.sign('value')))
    })

    for (const [title, key] of [
      ['empty', ''], ['of one byte', 'k'], ['not ASCII', 'ключ 🔑'], ['of bytes', new Uint8Array([0, 255, 128])], ['of no bytes', new Uint8Array()],
      ['as long as the block', 'k'.repeat(64)], ['longer than the block', 'k'.repeat(65)], ['of 10,000 bytes', 'k'.repeat(10_000)]
    ] as const) {
      test(`signs with a key that is ${title}`, (t: TestContext) => {
        const signer = new Signer(key)

        t.assert.strictEqual(signer.unsign(signer.sign('value')), 'value')
        t.assert.strictEqual(new Signer('another').validate(signer.sign('value')), false)
      })
    }

    test('throws without a key', (t: TestContext) => {
      t.assert.throws(() => new Signer([]), { name: 'RangeError', message: 'secretKey must hold at least one key' })
    })

    for (const [title, key, type] of [
      ['undefined', undefined, 'undefined'], ['null', null, 'null'], ['a number', 5, 'number'], ['an object', {}, 'object'],
      ['a list with undefined', ['a', undefined], 'undefined'], ['a list of lists', [['a']], 'array'], ['an ArrayBuffer', new ArrayBuffer(8), 'object']
    ] as const) {
      test(`throws for ${title} as key and names the type, not the value`, (t: TestContext) => {
        t.assert.throws(() => new Signer(key as never), { name: 'TypeError', message: `secretKey must be text or bytes, got ${type}` })
      })
    }

    test('throws for a salt that is neither text nor bytes', (t: TestContext) => {
      t.assert.throws(() => new Signer('key', { salt: 5 as never }), { name: 'TypeError', message: 'salt must be text or bytes, got number' })
    })

    test('throws for an unknown digest', (t: TestContext) => {
      t.assert.throws(() => new Signer('key', { digestMethod: 'md5' as never }), {
        name: 'TypeError', message: "digestMethod must be 'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash"
      })
    })

    test('tells salts apart', (t: TestContext) => {
      const signed = new Signer('key', { salt: 'one' }).sign('value')

      t.assert.strictEqual(new Signer('key', { salt: 'two' }).validate(signed), false)
      t.assert.strictEqual(new Signer('key').validate(signed), false)
      t.assert.ok(new Signer('key', { salt: Buffer.from('one') }).validate(signed))
    })

    test('takes undefined options for its defaults', (t: TestContext) => {
      const undefinedOptions = { salt: undefined, sep: undefined, keyDerivation: undefined, digestMethod: undefined, algorithm: undefined }

      t.assert.ok(signer.validate(new Signer('secret-key', undefinedOptions).sign('value')))
    })

    test('takes defaults from the static members of a subclass', (t: TestContext) => {
      class Other extends Signer {}
      Object.defineProperty(Other, 'defaultDigestMethod', { value: 'sha256' })
      Object.defineProperty(Other, 'defaultKeyDerivation', { value: 'hmac' })
      const other = new Other('secret-key')

      t.assert.strictEqual(other.digestMethod.name, 'sha256')
      t.assert.strictEqual(other.keyDerivation, 'hmac')
      t.assert.ok(new Signer('secret-key', { digestMethod: 'sha256', keyDerivation: 'hmac' }).validate(other.sign('value')))
    })

    test('derives each key once', (t: TestContext) => {
      let derived = 0
      class Counting extends Signer {
        override deriveKey (secretKey?: BytesLike): Uint8Array {
          derived++
          return super.deriveKey(secretKey)
        }
      }
      const signer = new Counting(['a', 'b', 'c'])
      for (let i = 0; i < 5; i++) {
        signer.sign('value')
        signer.validate(`value.ZVPxAA.${'A'.repeat(27)}`)
      }

      t.assert.strictEqual(derived, 3)
    })

    test('lets other errors than a bad signature through', (t: TestContext) => {
      class Failing extends SigningAlgorithm {
        override getSignature (): never { throw new RangeError('out of order') }
      }
      const signer = new Signer('key', { algorithm: new Failing() })

      t.assert.throws(() => signer.unsign('value.AAAA.AAAA'), { name: 'RangeError', message: 'out of order' })
      t.assert.throws(() => signer.validate('value.AAAA.AAAA'), { name: 'RangeError', message: 'out of order' })
    })
  })
}
