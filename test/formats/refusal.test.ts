import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { describeAge, describeBadSignature, describeEnd, isMalformed } from '../../lib/formats/refusal.ts'

/** A token with a signature of so many characters. */
const token = (length: number): string => `e30.ZVPxAA.${'s'.repeat(length)}`
const code = 'ERR_TOKEN_BAD_TIME_SIGNATURE'
const reason = 'bad-signature'

describe('describeBadSignature', () => {
  for (const [length, digest] of [[27, 'sha1'], [43, 'sha256'], [64, 'sha384'], [86, 'sha512']] as const) {
    test(`names ${digest} for a signature of ${length} characters`, (t: TestContext) => {
      const who = digest === 'sha1' ? ', which stock Flask uses' : ''
      const hint = `the signature has the length of ${digest}${who}: the option digestMethod must be or contain '${digest}'`

      t.assert.deepStrictEqual(describeBadSignature(code, token(length), ['md5']), { reason, code, hint })
    })
  }

  test('has no hint for a digest that would have been accepted', (t: TestContext) => {
    t.assert.deepStrictEqual(describeBadSignature(code, token(86), ['sha1', 'sha512']), { reason, code })
  })

  for (const length of [0, 26, 28, 42, 63, 85, 87]) {
    test(`has no hint for a signature of ${length} characters, which no digest makes`, (t: TestContext) => {
      t.assert.deepStrictEqual(describeBadSignature(code, token(length), []), { reason, code })
    })
  }

  test('names the option that reads signed cookies, for one that looks signed where sealed ones are accepted', (t: TestContext) => {
    const hint = 'the cookie looks signed and not sealed: sealed: { readSigned: true } reads such cookies'
    for (const payload of ['e30', 'eyJhIjoxfQ', 'ewogImEiOjF9', '.eJw']) {
      const signed = `${payload}.ZVPxAA.${'s'.repeat(86)}`
      t.assert.deepStrictEqual(describeBadSignature(code, signed, ['sha512'], true), { reason, code, hint })
      t.assert.deepStrictEqual(describeBadSignature(code, signed, ['sha512']), { reason, code })
    }
  })

  test('names the option that reads sealed cookies, for one that looks sealed where signed ones are accepted', (t: TestContext) => {
    const sealed = `${'A'.repeat(96)}.ZVPxAA.${'s'.repeat(86)}`

    t.assert.deepStrictEqual(describeBadSignature(code, sealed, ['sha512']), { reason, code, hint: 'the cookie looks sealed: the option sealed reads such cookies' })
    t.assert.deepStrictEqual(describeBadSignature(code, sealed, ['sha512'], true), { reason, code })
  })

  test('has no hint when the token has no timestamp, so that no digest is the cause', (t: TestContext) => {
    const code = 'ERR_TOKEN_BAD_SIGNATURE'

    t.assert.deepStrictEqual(describeBadSignature(code, token(27), ['sha512']), { reason, code })
  })
})

describe('isMalformed', () => {
  test('is a token with fewer than two dots', (t: TestContext) => {
    t.assert.deepStrictEqual(['', '.', 'a', 'a.b', 'a.', '..', 'a.b.c', '.a.b.c'].map(isMalformed), [true, true, true, true, true, false, false, false])
  })

  test('is the reason of its refusal', (t: TestContext) => {
    const code = 'ERR_TOKEN_BAD_SIGNATURE'

    t.assert.deepStrictEqual(describeBadSignature(code, 'a.b', []), { reason: 'malformed', code })
  })
})

describe('describeEnd', () => {
  test('names the limit', (t: TestContext) => {
    t.assert.match(describeEnd('expired-absolute', 61).hint ?? '', /SESSION_ABSOLUTE_LIFETIME/)
    t.assert.match(describeEnd('expired-session', 61).hint ?? '', /session\.lifetime/)
    t.assert.deepStrictEqual({ ...describeEnd('expired-session', 61), hint: '' }, { reason: 'expired-session', code: 'ERR_TOKEN_SIGNATURE_EXPIRED', age: 61, hint: '' })
  })
})

describe('describeAge', () => {
  test('says that a cookie is too old', (t: TestContext) => {
    t.assert.deepStrictEqual(describeAge(61, 5), {
      reason: 'expired', code: 'ERR_TOKEN_SIGNATURE_EXPIRED', age: 61, hint: 'the cookie is older than PERMANENT_SESSION_LIFETIME'
    })
  })

  test('says that a cookie is from the future, and names the tolerance', (t: TestContext) => {
    t.assert.deepStrictEqual(describeAge(-8, 5), {
      reason: 'from-future',
      code: 'ERR_TOKEN_SIGNATURE_EXPIRED',
      age: -8,
      hint: 'the cookie is from the future: set the clocks right, or raise clockTolerance (5 seconds)'
    })
  })
})
