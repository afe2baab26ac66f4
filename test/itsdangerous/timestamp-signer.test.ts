import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { TestContext } from 'node:test'
import { BadTimeSignature } from '../../lib/itsdangerous/errors.ts'
import type { BytesLike } from '../../lib/crypto/bytes.ts'
import { HMACAlgorithm } from '../../lib/itsdangerous/algorithm.ts'
import { Signer } from '../../lib/itsdangerous/signer.ts'
import { TimestampSigner } from '../../lib/itsdangerous/timestamp-signer.ts'
import { noOptions, outcomeOf, strangers } from './makers.ts'
import { signerContract } from './signer.contract.ts'

/** The moment of ItsDangerous' own tests. */
const now = Date.UTC(2011, 5, 24, 0, 9, 5)
const signer = new TimestampSigner('secret-key')

function stopClock (t: TestContext, at = now): void {
  t.mock.timers.enable({ apis: ['Date'], now: at })
}

/** A value with this text for a timestamp, rightly signed. */
function withTimestamp (text: string): string {
  return new Signer('secret-key').sign(`value.${text}`)
}

signerContract('TimestampSigner', TimestampSigner)

describe('TimestampSigner', () => {
  test('makes the very token that ItsDangerous 2.2.0 makes', (t: TestContext) => {
    stopClock(t, 1_700_000_000_999)

    t.assert.strictEqual(new TimestampSigner('a fixed key of these test vectors').sign('value'), 'value.ZVPxAA.9eP8K2UXExXzU_ewmBjRbYzHuec')
  })

  test('expires one second after maxAge', (t: TestContext) => {
    stopClock(t)
    const signed = signer.sign('value')
    t.mock.timers.tick(10_999)
    t.assert.strictEqual(signer.unsign(signed, { maxAge: 10 }), 'value')
    t.assert.strictEqual(signer.validate(signed, { maxAge: 10 }), true)
    t.mock.timers.tick(1)

    t.assert.strictEqual(signer.validate(signed, { maxAge: 10 }), false)
    t.assert.throws(() => signer.unsign(signed, { maxAge: 10 }), {
      code: 'ERR_TOKEN_SIGNATURE_EXPIRED', message: 'Signature age 11 > 10 seconds', payload: 'value', dateSigned: new Date(now)
    })
    t.assert.strictEqual(signer.unsign(signed), 'value')
  })

  test('lets pass the very second with a maxAge of 0', (t: TestContext) => {
    stopClock(t)
    const signed = signer.sign('value')

    t.assert.ok(signer.validate(signed, { maxAge: 0 }))
    t.assert.strictEqual(signer.validate(signed, { maxAge: -1 }), false)
    t.mock.timers.tick(1000)
    t.assert.strictEqual(signer.validate(signed, { maxAge: 0 }), false)
  })

  test('lets nothing pass with NaN for maxAge or clockTolerance', (t: TestContext) => {
    stopClock(t)
    const signed = signer.sign('value')

    t.assert.strictEqual(signer.validate(signed, { maxAge: NaN }), false)
    t.assert.strictEqual(signer.validate(signed, { maxAge: 10, clockTolerance: NaN }), false)
  })

  for (const [options, message] of [
    ...noOptions,
    [{ max_age: 3600 }, 'there is no option "max_age": the options are maxAge, clockTolerance'],
    [{ maxAge: 3600, maxage: 60 }, 'there is no option "maxage": the options are maxAge, clockTolerance'],
    [[3600], 'there is no option "0": the options are maxAge, clockTolerance']
  ] as const) {
    test(`throws for ${inspect(options)}, with which no age would be checked`, (t: TestContext) => {
      const signed = signer.sign('value')

      t.assert.throws(() => signer.unsign(signed, options as never), { name: 'TypeError', message })
      t.assert.throws(() => signer.unsignWithTimestamp(signed, options as never), { name: 'TypeError', message })
      t.assert.throws(() => signer.validate(signed, options as never), { name: 'TypeError', message })
    })
  }

  test('looks at no age for options that are undefined', (t: TestContext) => {
    const signed = withTimestamp('AQ')

    t.assert.strictEqual(signer.unsign(signed, { maxAge: undefined, clockTolerance: undefined }), 'value')
    t.assert.ok(signer.validate(signed, undefined))
  })

  for (const [title, value, type] of strangers) {
    test(`refuses ${title} also where it tells the time`, (t: TestContext) => {
      const message = `A signed value must be text or bytes, got ${type}`
      const given = value as string

      t.assert.throws(() => signer.unsignWithTimestamp(given), { name: 'BadSignature', message, payload: undefined })
      t.assert.deepStrictEqual(signer.verify(given), { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE', message, value: undefined, timestamp: undefined })
    })
  }

  test('verifies without throwing', (t: TestContext) => {
    stopClock(t)
    const signed = signer.sign('value')
    const at = now / 1000
    const forged = `${signed.slice(0, -1)}!`

    t.assert.deepStrictEqual(signer.verify(signed), { ok: true, value: 'value', timestamp: at, key: 0 })
    t.assert.deepStrictEqual(signer.verify(Buffer.from(signed)), { ok: true, value: Buffer.from('value'), timestamp: at, key: 0 })
    t.assert.deepStrictEqual(signer.verify(forged), {
      ok: false, code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'Signature does not match', value: 'value', timestamp: at
    })
    t.assert.deepStrictEqual(signer.verify('value.forged'), {
      ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE', message: 'Signature does not match', value: 'value', timestamp: undefined
    })
    t.assert.deepStrictEqual(signer.verify('value'), {
      ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE', message: "No '.' found in value", value: undefined, timestamp: undefined
    })
    t.assert.deepStrictEqual(signer.verify(new Signer('secret-key').sign('value')), {
      ok: false, code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'timestamp missing', value: 'value', timestamp: undefined
    })
    t.assert.deepStrictEqual(signer.verify(withTimestamp('!')), {
      ok: false, code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'Malformed timestamp', value: 'value', timestamp: undefined
    })
    t.assert.deepStrictEqual(signer.verify(signed, { maxAge: -1 }), {
      ok: false, code: 'ERR_TOKEN_SIGNATURE_EXPIRED', message: 'Signature age 0 > -1 seconds', value: 'value', timestamp: at
    })
  })

  for (const [key, secretKey] of [[0, 'newest'], [1, 'middle'], [2, 'oldest']] as const) {
    for (const algorithm of [undefined, new HMACAlgorithm('sha256')]) {
      test(`names key ${key} for a value that the ${secretKey} key signed, ${algorithm ? 'also' : 'not'} with an algorithm of its own`, (t: TestContext) => {
        const rotated = new TimestampSigner(['oldest', 'middle', 'newest'], { algorithm })
        const signed = new TimestampSigner(secretKey, { algorithm }).sign('value')

        t.assert.strictEqual(outcomeOf(rotated.verify(signed)), key)
        t.assert.strictEqual(outcomeOf(rotated.verify(Buffer.from(signed))), key)
      })
    }
  }

  test('accepts and rejects as verifySignature of a subclass does', (t: TestContext) => {
    const signed = new TimestampSigner('old').sign('value')
    class Strict extends TimestampSigner {
      override verifySignature (value: BytesLike, signature: BytesLike): boolean {
        return !signed.endsWith(String(signature)) && super.verifySignature(value, signature)
      }
    }
    class Lax extends TimestampSigner {
      override verifySignature (): boolean { return true }
    }
    const strict = new Strict(['old', 'new'])
    const lax = new Lax(['old', 'new'])

    t.assert.strictEqual(outcomeOf(strict.verify(signed)), 'ERR_TOKEN_BAD_TIME_SIGNATURE')
    t.assert.throws(() => strict.unsign(signed), { code: 'ERR_TOKEN_BAD_TIME_SIGNATURE' })
    t.assert.strictEqual(strict.unsign(strict.sign('value')), 'value')
    t.assert.strictEqual(outcomeOf(strict.verify(new TimestampSigner('old').sign('another'))), 1)
    t.assert.strictEqual(outcomeOf(lax.verify(`${signed}!`)), 0)
  })

  test('tells when the value was signed, in whole seconds', (t: TestContext) => {
    stopClock(t, now + 999)
    const signed = signer.sign('value')

    t.assert.deepStrictEqual(signer.unsignWithTimestamp(signed), { value: 'value', dateSigned: new Date(now) })
    t.assert.deepStrictEqual(signer.unsignWithTimestamp(Buffer.from(signed)), { value: Buffer.from('value'), dateSigned: new Date(now) })
    t.assert.deepStrictEqual(signer.unsignWithTimestamp(signed, { maxAge: 10 }).dateSigned, new Date(now))
  })

  test('refuses a rightly signed value without a timestamp', (t: TestContext) => {
    t.assert.throws(() => signer.unsign(new Signer('secret-key').sign('value')), {
      code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'timestamp missing', payload: 'value', dateSigned: undefined
    })
  })

  for (const [title, text] of [
    ['of nine bytes', '____________'], ['that is no base64', '!'], ['with padding', 'ZVPxAA=='], ['with spare bits', 'ZVPxAB'], ['of one character', 'A']
  ] as const) {
    test(`refuses a rightly signed timestamp ${title}`, (t: TestContext) => {
      t.assert.throws(() => signer.unsign(withTimestamp(text)), {
        code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'Malformed timestamp', payload: 'value', dateSigned: undefined
      })
    })
  }

  test('refuses a forged timestamp that no date can hold', (t: TestContext) => {
    t.assert.throws(() => signer.unsign('value.TgPVoaGhoQ.AGBfQ6G6cr07byTRt0zAdPljHOY'), {
      code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'Malformed timestamp', payload: 'value', dateSigned: undefined
    })
  })

  test('takes a timestamp with leading zeros, and an empty one for 1970', (t: TestContext) => {
    t.assert.deepStrictEqual(signer.unsignWithTimestamp(withTimestamp('AABlU_EA')).dateSigned, new Date(1_700_000_000_000))
    t.assert.deepStrictEqual(signer.unsignWithTimestamp(withTimestamp('')).dateSigned, new Date(0))
  })

  test('refuses a rightly signed date past the year 9999 as soon as the date matters', (t: TestContext) => {
    stopClock(t)
    const last = withTimestamp('Ov_0QX8')
    const past = withTimestamp('Ov_0QYA')
    const malformed = { code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'Malformed timestamp', payload: 'value', dateSigned: undefined }

    t.assert.deepStrictEqual(signer.unsignWithTimestamp(last).dateSigned, new Date('9999-12-31T23:59:59Z'))
    t.assert.strictEqual(signer.unsign(past), 'value')
    t.assert.strictEqual(signer.unsign(withTimestamp('__________8')), 'value')
    t.assert.throws(() => signer.unsignWithTimestamp(past), malformed)
    t.assert.throws(() => signer.unsign(past, { maxAge: 10 }), malformed)
    t.assert.throws(() => signer.unsignWithTimestamp(withTimestamp('__________8')), malformed)
    t.assert.throws(() => signer.unsign(past, { maxAge: 10 }), (error: unknown) => error instanceof BadTimeSignature && error.cause instanceof RangeError)
  })

  test('refuses a signature from the future when the age matters', (t: TestContext) => {
    stopClock(t)
    const signed = signer.sign('value')
    t.mock.timers.setTime(Date.UTC(1971, 4, 31))

    t.assert.throws(() => signer.unsign(signed, { maxAge: 10 }), { code: 'ERR_TOKEN_SIGNATURE_EXPIRED', payload: 'value', dateSigned: new Date(now) })
    t.assert.strictEqual(signer.unsign(signed), 'value')
  })

  test('takes a signature from up to clockTolerance seconds ahead', (t: TestContext) => {
    stopClock(t)
    const signed = signer.sign('value')
    t.mock.timers.setTime(now - 5000)

    t.assert.strictEqual(signer.unsign(signed, { maxAge: 10, clockTolerance: 5 }), 'value')
    t.assert.throws(() => signer.unsign(signed, { maxAge: 10, clockTolerance: 4 }), {
      code: 'ERR_TOKEN_SIGNATURE_EXPIRED', message: 'Signature age -5 < -4 seconds'
    })
    t.assert.strictEqual(signer.unsign(signed, { clockTolerance: 4 }), 'value')
  })

  test('tells the date of a signature that it refuses', (t: TestContext) => {
    stopClock(t)
    const signed = signer.sign('my string').replace('my', 'other')

    t.assert.throws(() => signer.unsign(signed), {
      code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'Signature does not match', payload: 'other string', dateSigned: new Date(now)
    })
    t.assert.throws(() => signer.unsign(Buffer.from(signed)), { payload: Buffer.from('other string'), dateSigned: new Date(now) })
    t.assert.throws(() => signer.unsign('value.!.forged'), { payload: 'value', dateSigned: undefined })
  })

  test('throws a plain BadSignature where there is nothing of a timestamp', (t: TestContext) => {
    t.assert.throws(() => signer.unsign('value'), { name: 'BadSignature', payload: undefined })
    t.assert.throws(() => signer.unsign('value.forged'), { name: 'BadSignature', payload: 'value' })
  })

  test('signs what getTimestamp gives', (t: TestContext) => {
    class Fixed extends TimestampSigner {
      override getTimestamp (): number { return 0 }
    }

    t.assert.match(new Fixed('secret-key').sign('value'), /^value\.\.[\w-]{27}$/)
    t.assert.deepStrictEqual(signer.unsignWithTimestamp(new Fixed('secret-key').sign('value')).dateSigned, new Date(0))
  })

  test('signs each time that getTimestamp gives, the first, the same and another', (t: TestContext) => {
    const times = [1, 1, 1_700_000_000, 0]
    class Fixed extends TimestampSigner {
      override getTimestamp (): number { return times.shift() as number }
    }
    const fixed = new Fixed('secret-key')

    t.assert.deepStrictEqual(Array.from({ length: 4 }, () => fixed.sign('value').split('.')[1]), ['AQ', 'AQ', 'ZVPxAA', ''])
  })

  test('signs no time before 1970', (t: TestContext) => {
    class Fixed extends TimestampSigner {
      override getTimestamp (): number { return -1 }
    }

    t.assert.throws(() => new Fixed('secret-key').sign('value'), { name: 'RangeError' })
  })

  test('turns timestamps into dates up to the year 9999', (t: TestContext) => {
    t.assert.deepStrictEqual(signer.timestampToDate(0), new Date(0))
    t.assert.deepStrictEqual(signer.timestampToDate(253_402_300_799n), new Date('9999-12-31T23:59:59Z'))
    t.assert.throws(() => signer.timestampToDate(253_402_300_800), { name: 'RangeError', message: 'a timestamp must lie before the year 10000' })
  })
})
