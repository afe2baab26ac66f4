import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { describeRefusal } from '../../lib/sessions/refusal.ts'

/** A token with a signature of so many characters. */
const token = (length: number): string => `e30.ZVPxAA.${'s'.repeat(length)}`

describe('describeRefusal', () => {
  for (const [length, hint] of [
    [27, "the signature has the length of sha1, which stock Flask uses: the option digestMethod would have to be or to contain 'sha1'"],
    [43, "the signature has the length of sha256: the option digestMethod would have to be or to contain 'sha256'"],
    [64, "the signature has the length of sha384: the option digestMethod would have to be or to contain 'sha384'"],
    [86, "the signature has the length of sha512: the option digestMethod would have to be or to contain 'sha512'"]
  ] as const) {
    test(`knows the digest of a signature of ${length} characters`, (t: TestContext) => {
      t.assert.deepStrictEqual(describeRefusal('ERR_TOKEN_BAD_TIME_SIGNATURE', token(length), ['md5']), { code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', hint })
    })
  }

  test('has no hint for a digest that would have been accepted', (t: TestContext) => {
    t.assert.deepStrictEqual(describeRefusal('ERR_TOKEN_BAD_TIME_SIGNATURE', token(86), ['sha1', 'sha512']), { code: 'ERR_TOKEN_BAD_TIME_SIGNATURE' })
  })

  for (const length of [0, 26, 28, 42, 63, 85, 87]) {
    test(`has no hint for a signature of ${length} characters, which no digest makes`, (t: TestContext) => {
      t.assert.deepStrictEqual(describeRefusal('ERR_TOKEN_BAD_TIME_SIGNATURE', token(length), []), { code: 'ERR_TOKEN_BAD_TIME_SIGNATURE' })
    })
  }

  for (const code of ['ERR_TOKEN_SIGNATURE_EXPIRED', 'ERR_TOKEN_BAD_SIGNATURE'] as const) {
    test(`has no hint for ${code}, of which the digest is no cause`, (t: TestContext) => {
      t.assert.deepStrictEqual(describeRefusal(code, token(27), ['sha512']), { code })
    })
  }
})
