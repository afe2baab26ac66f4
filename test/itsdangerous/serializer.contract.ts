/**
 * What every serializer must do.
 *
 * @module
 */

import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { TestContext } from 'node:test'
import type { BytesLike } from '../../lib/crypto/bytes.ts'
import { BadPayload, BadSignature } from '../../lib/itsdangerous/errors.ts'
import type { Serializer, SerializerOptions, SignerClass } from '../../lib/itsdangerous/serializer.ts'
import type { SecretKey, Signer } from '../../lib/itsdangerous/signer.ts'
import { asText, noOptions, strangers } from './makers.ts'

interface SerializerClass<S extends Signer> {
  new (secretKey: SecretKey, options?: SerializerOptions<S>): Serializer<S>
}

/** @param Signer - the class that signs by default */
export function serializerContract<S extends Signer> (name: string, Serializer: SerializerClass<S>, Signer: SignerClass<S>): void {
  const serializer = new Serializer('secret-key')
  /** Signs text that stands for a payload. */
  const sign = (payload: string): string => serializer.makeSigner().sign(payload)
  const payloadOf = (token: string): string => serializer.makeSigner().unsign(token)

  describe(`${name}, as every serializer,`, () => {
    for (const value of [null, true, 'str', 'text', 'žluťoučký 😀', [1, 2, 3], { id: 42 }, 1.5, '', [], {}]) {
      test(`gives back ${JSON.stringify(value)}`, (t: TestContext) => {
        t.assert.deepStrictEqual(serializer.loads(serializer.dumps(value)), value)
        t.assert.deepStrictEqual(serializer.loads(Buffer.from(serializer.dumps(value))), value)
      })
    }

    for (const [title, value] of [['a dict', { id: 42 }], ['a text long enough to be compressed', 'a'.repeat(2000)]] as const) {
      describe(`with ${title}`, () => {
        const token = serializer.dumps(value)

        for (const [change, changed] of [
          ['in upper case', token.toUpperCase()], ['with a letter more', `${token}a`], ['with another first letter', `a${token.slice(1)}`],
          ['without its last separator', token.slice(0, token.lastIndexOf('.')) + token.slice(token.lastIndexOf('.') + 1)]
        ] as const) {
          test(`refuses the token ${change}`, (t: TestContext) => {
            t.assert.deepStrictEqual(serializer.loads(token), value)
            t.assert.throws(() => serializer.loads(changed), BadSignature)
          })
        }

        test('hands over the payload of a bad signature, which can be read', (t: TestContext) => {
          t.assert.throws(() => serializer.loads(token.slice(0, -1)), (error: unknown) => {
            t.assert.ok(error instanceof BadSignature)
            t.assert.deepStrictEqual(serializer.loadPayload(error.payload as BytesLike), value)
            return true
          })
        })

        test('throws BadPayload with its cause for a signed payload that is cut off', (t: TestContext) => {
          t.assert.throws(() => serializer.loads(sign(payloadOf(token).slice(0, -1))), (error: unknown) =>
            error instanceof BadPayload && /^The payload could not be (?:decoded|unserialized)$/.test(error.message) && !(error instanceof BadSignature) && error.cause instanceof Error)
        })

        test('reads what it can of anything in loadsUnsafe', (t: TestContext) => {
          t.assert.deepStrictEqual(serializer.loadsUnsafe(token), { valid: true, payload: value })
          t.assert.deepStrictEqual(serializer.loadsUnsafe(token.slice(0, -1)), { valid: false, payload: value })
          t.assert.deepStrictEqual(serializer.loadsUnsafe(Buffer.from(token.slice(0, -1))), { valid: false, payload: value })
          const unreadable = sign(payloadOf(token).slice(0, -1))
          t.assert.deepStrictEqual(serializer.loadsUnsafe(unreadable), { valid: false, payload: undefined })
          t.assert.deepStrictEqual(serializer.loadsUnsafe(unreadable.slice(0, -1)), { valid: false, payload: undefined })
        })

        test('needs the salt of the token', (t: TestContext) => {
          const token = serializer.dumps(value, { salt: 'other' })

          t.assert.throws(() => serializer.loads(token), BadSignature)
          t.assert.deepStrictEqual(serializer.loads(token, { salt: 'other' }), value)
          t.assert.deepStrictEqual(serializer.loads(token, { salt: Buffer.from('other') }), value)
          t.assert.deepStrictEqual(new Serializer('secret-key', { salt: 'other' }).loads(token), value)
          t.assert.deepStrictEqual(serializer.loadsUnsafe(token, { salt: 'other' }), { valid: true, payload: value })
        })

        test('accepts the digest of a fallback signer', (t: TestContext) => {
          const old = new Serializer('secret-key', { signerOptions: { digestMethod: 'sha256' } })
          const now = new Serializer('secret-key', { signerOptions: { digestMethod: 'sha1' }, fallbackSigners: [{ digestMethod: 'sha256' }] })

          t.assert.deepStrictEqual(now.loads(old.dumps(value)), value)
          t.assert.deepStrictEqual(now.loads(now.dumps(value)), value)
          t.assert.throws(() => old.loads(now.dumps(value)), BadSignature)
        })
      })
    }

    for (const token of ['', '.', '..', '....................', 'value', 'not.a.token', '\0', 'é.é.é', '\ud800.\ud800.\ud800', '.'.repeat(100_000)]) {
      test(`refuses ${JSON.stringify(token.slice(0, 20))}, of ${token.length} characters, also in loadsUnsafe`, (t: TestContext) => {
        t.assert.throws(() => serializer.loads(token), BadSignature)
        t.assert.throws(() => serializer.loads(Buffer.from(token)), BadSignature)
        t.assert.deepStrictEqual(serializer.loadsUnsafe(token), { valid: false, payload: undefined })
      })
    }

    for (const [title, value, type] of strangers) {
      test(`refuses ${title} as a token`, (t: TestContext) => {
        t.assert.throws(() => serializer.loads(value as never), {
          name: 'BadSignature', code: 'ERR_TOKEN_BAD_SIGNATURE', message: `A signed value must be text or bytes, got ${type}`, payload: undefined
        })
        t.assert.deepStrictEqual(serializer.loadsUnsafe(value as never), { valid: false, payload: undefined })
        t.assert.deepStrictEqual(serializer.loadsUnsafe(value as never, { serializer: asText }), { valid: false, payload: undefined })
      })

      test(`throws for ${title} as a payload`, (t: TestContext) => {
        t.assert.throws(() => serializer.loadPayload(value as never, asText), { name: 'TypeError', message: `value must be text or bytes, got ${type}` })
      })

      if (value !== undefined) {
        test(`takes ${title} neither as key nor as salt`, (t: TestContext) => {
          const salt = { name: 'TypeError', message: `salt must be text or bytes, got ${type}` }
          t.assert.throws(() => new Serializer(Array.isArray(value) ? [value] as never : value as never), { name: 'TypeError', message: `secretKey must be text or bytes, got ${type}` })
          t.assert.throws(() => new Serializer('key', { salt: value as never }), salt)
          t.assert.throws(() => serializer.dumps(1, { salt: value as never }), salt)
          t.assert.throws(() => serializer.loads('a.b.c', { salt: value as never }), salt)
        })
      }
    }

    test('does not throw in loadsUnsafe, whatever it is given', (t: TestContext) => {
      t.assert.strictEqual(serializer.loadsUnsafe(new Uint8Array([255, 46, 255])).valid, false)
      for (const options of [null, 3600, { max_age: 3600 }]) {
        t.assert.deepStrictEqual(serializer.loadsUnsafe(serializer.dumps(1), options as never), { valid: false, payload: undefined })
      }
    })

    for (const [options, message] of noOptions) {
      test(`throws for ${inspect(options)} instead of options`, (t: TestContext) => {
        t.assert.throws(() => new Serializer('key', options as never), { name: 'TypeError', message })
        t.assert.throws(() => serializer.dumps(1, options as never), { name: 'TypeError', message })
        t.assert.throws(() => serializer.loads(serializer.dumps(1), options as never), { name: 'TypeError', message })
      })
    }

    test('throws for options that there are not', (t: TestContext) => {
      const error = { name: 'TypeError', message: /^there is no option "max_age": the options are salt, serializer/ }

      t.assert.throws(() => serializer.dumps(1, { max_age: 3600 } as never), error)
      t.assert.throws(() => serializer.loads(serializer.dumps(1), { max_age: 3600 } as never), error)
    })

    test('shows no key to those who print it', (t: TestContext) => {
      const printed = new Serializer(['hunter2', 'hunter3'])
      printed.loads(printed.dumps(1))

      t.assert.strictEqual(String(printed.secretKeys), 'hunter2,hunter3')
      for (const options of [{}, { showHidden: true }, { depth: Infinity }]) t.assert.doesNotMatch(inspect(printed, options), /secretKeys?: |68 75 6e|hunter/)
      t.assert.doesNotMatch(JSON.stringify(printed), /secretKey|104,117,110|hunter/)
    })

    test('says so in loadsUnsafe when there is no payload to hand over', (t: TestContext) => {
      class Silent extends (Signer as unknown as SignerClass) {
        override unsign (): never { throw new BadSignature('no payload') }
      }
      Object.assign(Silent.prototype, { unsignWithTimestamp: Silent.prototype.unsign })
      const silent = new Serializer('secret-key', { signer: Silent as unknown as SignerClass<S> })

      t.assert.deepStrictEqual(silent.loadsUnsafe(serializer.dumps(1)), { valid: false, payload: undefined })
    })

    test('throws BadPayload for a payload that is no UTF-8', (t: TestContext) => {
      const token = serializer.makeSigner().sign(Buffer.from([0xff]))

      t.assert.throws(() => serializer.loads(token), BadPayload)
    })

    test('signs with the class that it is given', (t: TestContext) => {
      class Other extends (Signer as unknown as SignerClass) {}
      Object.defineProperty(Other, 'defaultKeyDerivation', { value: 'hmac' })
      const other = new Serializer('secret-key', { signer: Other as unknown as SignerClass<S> })

      t.assert.deepStrictEqual(other.loads(other.dumps({ id: 42 })), { id: 42 })
      t.assert.throws(() => serializer.loads(other.dumps({ id: 42 })), BadSignature)
    })

    test('signs with the options that it is given', (t: TestContext) => {
      const other = new Serializer('secret-key', { signerOptions: { keyDerivation: 'hmac', salt: 'not this one' } })

      t.assert.deepStrictEqual(other.loads(other.dumps({ id: 42 })), { id: 42 })
      t.assert.throws(() => serializer.loads(other.dumps({ id: 42 })), BadSignature)
      t.assert.strictEqual(String(other.makeSigner().salt), 'itsdangerous')
    })

    test('signs and verifies with makeSigner of a subclass', (t: TestContext) => {
      class Other extends Serializer {
        override makeSigner (salt: BytesLike = this.salt): S { return new Signer(this.secretKeys, { digestMethod: 'sha256', salt }) }
      }
      const made = new Other('secret-key').dumps({ id: 42 })

      t.assert.deepStrictEqual(new Serializer('secret-key', { signerOptions: { digestMethod: 'sha256' } }).loads(made), { id: 42 })
      t.assert.deepStrictEqual(new Other('secret-key').loads(made), { id: 42 })
    })

    test('signs with makeSigner also when a subclass tries others first', (t: TestContext) => {
      class Other extends Serializer {
        override * iterUnsigners (salt?: BytesLike): Generator<S> {
          yield this.makeSigner('older')
          yield * super.iterUnsigners(salt)
        }
      }
      const other = new Other('secret-key')

      t.assert.deepStrictEqual(serializer.loads(other.dumps({ id: 42 })), { id: 42 })
      t.assert.deepStrictEqual(other.loads(other.dumps({ id: 42 })), { id: 42 })
      t.assert.deepStrictEqual(other.loads(serializer.dumps({ id: 42 }, { salt: 'older' })), { id: 42 })
    })

    test('hands its serializerOptions to dumps of the data serializer', (t: TestContext) => {
      const given: unknown[] = []
      const data = { dumps: (value: unknown, options: unknown) => { given.push(options); return JSON.stringify(value) }, loads: JSON.parse }
      const serializerOptions = { sortKeys: true }
      new Serializer('secret-key', { serializer: data, serializerOptions }).dumps({ id: 42 })
      new Serializer('secret-key', { serializer: data }).dumps({ id: 42 })

      t.assert.deepStrictEqual(given, [{ sortKeys: true }, {}])
    })

    test('takes another data serializer, for all calls or for one', (t: TestContext) => {
      const reversed = { dumps: (value: unknown) => String(value).split('').reverse().join(''), loads: (text: string) => text.split('').reverse().join('') }
      const other = new Serializer('secret-key', { serializer: reversed })

      t.assert.strictEqual(other.loads(other.dumps('abc')), 'abc')
      t.assert.strictEqual(other.loads(other.dumps('abc'), { serializer: asText }), 'cba')
      t.assert.strictEqual(serializer.loads(serializer.dumps('abc', { serializer: asText }), { serializer: reversed }), 'cba')
      t.assert.deepStrictEqual(serializer.loadsUnsafe(serializer.dumps('abc', { serializer: asText }).slice(0, -1), { serializer: reversed }), { valid: false, payload: 'cba' })
    })

    test('wraps whatever a data serializer throws', (t: TestContext) => {
      for (const thrown of [new RangeError('own error'), 'a string', undefined]) {
        const failing = { dumps: String, loads: () => { throw thrown } }
        const token = serializer.dumps('abc', { serializer: asText })

        t.assert.throws(() => serializer.loads(token, { serializer: failing }), (error: unknown) => error instanceof BadPayload && error.message === 'The payload could not be unserialized' && error.cause === thrown)
      }
    })

    test('throws what dumps of the data serializer throws', (t: TestContext) => {
      t.assert.throws(() => serializer.dumps(undefined), { name: 'TypeError', message: 'a undefined has no JSON' })
      t.assert.throws(() => serializer.dumps(() => 1), { name: 'TypeError', message: 'a function has no JSON' })
      t.assert.throws(() => serializer.dumps(5n), TypeError)
    })

    test('tries its own signer, then each fallback with each key from the oldest on', (t: TestContext) => {
      class Signer256 extends (Signer as unknown as SignerClass) {}
      Object.defineProperty(Signer256, 'defaultDigestMethod', { value: 'sha256' })
      const all = new Serializer(['old', 'new'], {
        salt: 'salt',
        signerOptions: { sep: ':' },
        fallbackSigners: [{ digestMethod: 'sha256' }, [Signer, { digestMethod: 'sha384' }], Signer256 as unknown as SignerClass<S>]
      })
      const tried = [...all.iterUnsigners()].map(({ secretKeys, digestMethod, sep, salt }) => [secretKeys.join(), digestMethod.name, sep, String(salt)])

      t.assert.deepStrictEqual(tried, [
        ['old,new', 'sha1', ':', 'salt'],
        ['old', 'sha256', '.', 'salt'], ['new', 'sha256', '.', 'salt'],
        ['old', 'sha384', '.', 'salt'], ['new', 'sha384', '.', 'salt'],
        ['old', 'sha256', ':', 'salt'], ['new', 'sha256', ':', 'salt']
      ])
      t.assert.deepStrictEqual([...all.iterUnsigners('other')].map(({ salt }) => String(salt)), Array.from({ length: 7 }, () => 'other'))
      t.assert.ok([...all.iterUnsigners()][5] instanceof Signer256)
    })

    test('throws the refusal of the last fallback when all refuse', (t: TestContext) => {
      const both = new Serializer('secret-key', { signerOptions: { sep: ':' }, fallbackSigners: [{ sep: '.' }] })

      t.assert.throws(() => both.loads('value'), { code: 'ERR_TOKEN_BAD_SIGNATURE', message: "No '.' found in value" })
    })

    test('rejects every token when a subclass has no signers', (t: TestContext) => {
      class Mute extends Serializer {
        override * iterUnsigners (): Generator<S> {}
      }
      const mute = new Mute('secret-key')

      t.assert.throws(() => mute.loads(serializer.dumps(1)), { code: 'ERR_TOKEN_BAD_SIGNATURE', message: 'There is no signer' })
      t.assert.deepStrictEqual(mute.loadsUnsafe(serializer.dumps(1)), { valid: false, payload: undefined })
    })

    test('does not try a fallback for a payload that is unreadable', (t: TestContext) => {
      const read: string[] = []
      const failing = { dumps: String, loads: (text: string) => { read.push(text); throw new Error('unreadable') } }
      const both = new Serializer('secret-key', { fallbackSigners: [{}, {}] })

      t.assert.throws(() => both.loads(serializer.dumps('abc', { serializer: asText }), { serializer: failing }), BadPayload)
      t.assert.deepStrictEqual(read, ['abc'])
    })

    test('takes fallbacks and data serializer from the static members of a subclass', (t: TestContext) => {
      class Other extends Serializer {}
      Object.defineProperty(Other, 'defaultFallbackSigners', { value: [{ digestMethod: 'sha256' }] })
      Object.defineProperty(Other, 'defaultSerializer', { value: asText })
      const token = new Serializer('secret-key', { signerOptions: { digestMethod: 'sha256' } }).dumps({ id: 42 })

      t.assert.strictEqual(new Other('secret-key').loads(token), '{"id":42}')
    })

    test('signs with the last key and accepts each', (t: TestContext) => {
      const keys = Object.freeze(['old', 'new'])
      const both = new Serializer(keys)

      t.assert.strictEqual(both.loads(new Serializer('old').dumps(1)), 1)
      t.assert.strictEqual(new Serializer('new').loads(both.dumps(1)), 1)
      t.assert.throws(() => new Serializer('old').loads(both.dumps(1)), BadSignature)
      t.assert.deepStrictEqual(keys, ['old', 'new'])
      t.assert.strictEqual(String(both.secretKey), 'new')
      t.assert.throws(() => new Serializer([]), { name: 'RangeError' })
      t.assert.throws(() => new Serializer(undefined as never), { name: 'TypeError', message: 'secretKey must be text or bytes, got undefined' })
    })

    test('takes undefined options for its defaults', (t: TestContext) => {
      const options = { salt: undefined, serializer: undefined, serializerOptions: undefined, signer: undefined, signerOptions: undefined, fallbackSigners: undefined }
      const callOptions = { salt: undefined, serializer: undefined }

      t.assert.strictEqual(serializer.loads(new Serializer('secret-key', options).dumps(1, callOptions), callOptions), 1)
    })

    test('derives the keys of its own salt once', (t: TestContext) => {
      let derived = 0
      class Counting extends (Signer as unknown as SignerClass) {
        override deriveKey (secretKey?: BytesLike): Uint8Array {
          derived++
          return super.deriveKey(secretKey)
        }
      }
      const counting = new Serializer('secret-key', { signer: Counting as unknown as SignerClass<S> })
      const token = serializer.dumps(1)
      for (let i = 0; i < 10; i++) counting.loads(token)

      t.assert.strictEqual(derived, 1)
      for (let i = 0; i < 10; i++) counting.dumps(1)
      t.assert.ok(derived <= 2)
    })
  })
}
