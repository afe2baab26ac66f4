import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { TestContext } from 'node:test'
import type { BytesLike } from '../../lib/crypto/bytes.ts'
import { Serializer } from '../../lib/itsdangerous/serializer.ts'
import { TimedSerializer } from '../../lib/itsdangerous/timed-serializer.ts'
import { TimestampSigner } from '../../lib/itsdangerous/timestamp-signer.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/url-safe.ts'
import { noOptions, outcomeOf } from './makers.ts'
import { serializerContract } from './serializer.contract.ts'

/** The moment of ItsDangerous' own tests. */
const now = Date.UTC(2011, 5, 24, 0, 9, 5)

serializerContract('TimedSerializer', TimedSerializer, TimestampSigner)

for (const [name, Timed] of [['TimedSerializer', TimedSerializer], ['URLSafeTimedSerializer', URLSafeTimedSerializer]] as const) {
  const serializer = new Timed('secret-key')
  const stopClock = (t: TestContext) => t.mock.timers.enable({ apis: ['Date'], now })

  for (const [title, value] of [['a dict', { id: 42 }], ['a text long enough to be compressed', 'a'.repeat(2000)]] as const) {
    describe(`${name} with ${title}`, () => {
      test('expires one second after maxAge, with a payload that can be read', (t: TestContext) => {
        stopClock(t)
        const token = serializer.dumps(value)
        t.mock.timers.tick(10_999)
        t.assert.deepStrictEqual(serializer.loads(token, { maxAge: 10 }), value)
        t.mock.timers.tick(1)

        t.assert.throws(() => serializer.loads(token, { maxAge: 10 }), (error: { code: string, dateSigned: Date, payload: string }) => {
          t.assert.strictEqual(error.code, 'ERR_TOKEN_SIGNATURE_EXPIRED')
          t.assert.deepStrictEqual(error.dateSigned, new Date(now))
          t.assert.deepStrictEqual(serializer.loadPayload(error.payload), value)
          return true
        })
        t.assert.deepStrictEqual(serializer.loads(token), value)
      })

      test('tells when the token was signed', (t: TestContext) => {
        stopClock(t)
        const token = serializer.dumps(value)

        t.assert.deepStrictEqual(serializer.loadsWithTimestamp(token), { value, dateSigned: new Date(now) })
        t.assert.deepStrictEqual(serializer.loadsWithTimestamp(Buffer.from(token), { maxAge: 0 }), { value, dateSigned: new Date(now) })
      })

      test('takes maxAge and clockTolerance also in loadsUnsafe', (t: TestContext) => {
        stopClock(t)
        const token = serializer.dumps(value)
        t.mock.timers.tick(11_000)
        t.assert.deepStrictEqual(serializer.loadsUnsafe(token, { maxAge: 11 }), { valid: true, payload: value })
        t.assert.deepStrictEqual(serializer.loadsUnsafe(token, { maxAge: 10 }), { valid: false, payload: value })
        t.mock.timers.setTime(now - 1000)

        t.assert.deepStrictEqual(serializer.loadsUnsafe(token, { maxAge: 10 }), { valid: false, payload: value })
        t.assert.deepStrictEqual(serializer.loadsUnsafe(token, { maxAge: 10, clockTolerance: 1 }), { valid: true, payload: value })
      })
    })
  }

  describe(name, () => {
    for (const [options, message] of [
      ...noOptions,
      [{ max_age: 3600 }, 'there is no option "max_age": the options are salt, serializer, maxAge, clockTolerance'],
      [{ maxAge: 3600, return_timestamp: true }, 'there is no option "return_timestamp": the options are salt, serializer, maxAge, clockTolerance']
    ] as const) {
      test(`throws for ${inspect(options)}, with which no age would be checked`, (t: TestContext) => {
        const token = serializer.dumps(1)

        t.assert.throws(() => serializer.loads(token, options as never), { name: 'TypeError', message })
        t.assert.throws(() => serializer.loadsWithTimestamp(token, options as never), { name: 'TypeError', message })
        t.assert.deepStrictEqual(serializer.loadsUnsafe(token, options as never), { valid: false, payload: undefined })
      })
    }

    test('takes a token from up to clockTolerance seconds ahead', (t: TestContext) => {
      stopClock(t)
      const token = serializer.dumps(1)
      t.mock.timers.setTime(now - 5000)

      t.assert.strictEqual(serializer.loads(token, { maxAge: 10, clockTolerance: 5 }), 1)
      t.assert.throws(() => serializer.loads(token, { maxAge: 10, clockTolerance: 4 }), { code: 'ERR_TOKEN_SIGNATURE_EXPIRED' })
      t.assert.throws(() => serializer.loads(token, { maxAge: 10 }), { code: 'ERR_TOKEN_SIGNATURE_EXPIRED' })
    })

    test('stops at the first signer that finds the signature expired', (t: TestContext) => {
      stopClock(t)
      const both = new Timed('secret-key', { fallbackSigners: [{ digestMethod: 'sha256' }] })
      const expired = both.dumps(1)
      const fallback = new Timed('secret-key', { signerOptions: { digestMethod: 'sha256' } }).dumps(1)
      t.mock.timers.tick(11_000)

      t.assert.throws(() => both.loads(expired, { maxAge: 10 }), { code: 'ERR_TOKEN_SIGNATURE_EXPIRED' })
      t.assert.throws(() => both.loads(fallback, { maxAge: 10 }), { code: 'ERR_TOKEN_SIGNATURE_EXPIRED' })
      t.assert.throws(() => both.loads(`${expired.slice(0, -1)}!`, { maxAge: 10 }), { code: 'ERR_TOKEN_BAD_TIME_SIGNATURE' })
    })

    test('needs a timestamp', (t: TestContext) => {
      t.assert.throws(() => serializer.loads(new Serializer('secret-key').dumps(1)), { code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'timestamp missing' })
    })

    test('verifies without throwing', (t: TestContext) => {
      stopClock(t)
      const both = new Timed('secret-key', { fallbackSigners: [{ digestMethod: 'sha256' }] })
      const old = new Timed('secret-key', { signerOptions: { digestMethod: 'sha256' } }).dumps(1)
      const signed = both.dumps(1)
      const payload = signed.slice(0, signed.indexOf('.'))
      t.mock.timers.tick(11_000)

      for (const token of [signed, old, Buffer.from(signed)]) {
        const value = typeof token === 'string' ? payload : Buffer.from(payload)
        t.assert.deepStrictEqual(both.verify(token, { maxAge: 11 }), { ok: true, value, timestamp: now / 1000, key: 0 })
        t.assert.deepStrictEqual(both.verify(token, { maxAge: 10 }), {
          ok: false, code: 'ERR_TOKEN_SIGNATURE_EXPIRED', message: 'Signature age 11 > 10 seconds', value, timestamp: now / 1000
        })
      }
      t.assert.strictEqual(outcomeOf(both.verify(`${signed}A`)), 'ERR_TOKEN_BAD_TIME_SIGNATURE')
      t.assert.strictEqual(outcomeOf(both.verify('value')), 'ERR_TOKEN_BAD_SIGNATURE')
    })

    for (const digestMethod of ['sha1', 'sha512'] as const) {
      for (const [key, secretKey] of [[0, 'newest'], [1, 'middle'], [2, 'oldest']] as const) {
        test(`names key ${key} of three for a token that was signed with the ${secretKey} key and ${digestMethod}`, (t: TestContext) => {
          const token = new Timed(secretKey, { signerOptions: { digestMethod } }).dumps(1)
          for (const [own, other] of [['sha1', 'sha512'], ['sha512', 'sha1']] as const) {
            const verifier = new Timed(['oldest', 'middle', 'newest'], {
              signerOptions: { digestMethod: own }, fallbackSigners: [{ digestMethod: other }]
            })

            t.assert.strictEqual(outcomeOf(verifier.verify(token)), key)
            t.assert.strictEqual(outcomeOf(verifier.verify(Buffer.from(token))), key)
          }
        })
      }
    }
  })
}

describe('TimedSerializer', () => {
  test('names the key as its signer counts it when a subclass gives the signer keys of its own', (t: TestContext) => {
    class Peppered extends TimedSerializer {
      override makeSigner (salt: BytesLike = this.salt): TimestampSigner {
        return new TimestampSigner(['other', ...this.secretKeys, 'pepper'], { salt })
      }
    }
    const peppered = new Peppered(['old', 'new'])
    const keyOf = (secretKey: string) => outcomeOf(peppered.verify(new TimedSerializer(secretKey).dumps(1)))

    t.assert.strictEqual(keyOf('new'), 0)
    t.assert.strictEqual(keyOf('old'), 1)
    t.assert.strictEqual(keyOf('other'), 3)
  })

  test('rejects every token when a subclass has no signers', (t: TestContext) => {
    class Mute extends TimedSerializer {
      override * iterUnsigners (): Generator<TimestampSigner> {}
    }

    t.assert.deepStrictEqual(new Mute('key').verify(new TimedSerializer('key').dumps(1)), {
      ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE', message: 'There is no signer'
    })
  })
})
