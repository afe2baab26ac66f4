import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { BadData, BadHeader, BadPayload, BadSignature, BadTimeSignature, SignatureExpired } from '../../lib/itsdangerous/errors.ts'

type ErrorClass = new (message: string) => BadData
type Family = ReadonlyArray<readonly [TokenError: ErrorClass, name: string, code: string, bases: ReadonlyArray<typeof Error | ErrorClass>]>

describe('token errors', () => {
  for (const [TokenError, name, code, bases] of ([
    [BadData, 'BadData', 'ERR_TOKEN_BAD_DATA', [Error]],
    [BadSignature, 'BadSignature', 'ERR_TOKEN_BAD_SIGNATURE', [BadData]],
    [BadTimeSignature, 'BadTimeSignature', 'ERR_TOKEN_BAD_TIME_SIGNATURE', [BadData, BadSignature]],
    [SignatureExpired, 'SignatureExpired', 'ERR_TOKEN_SIGNATURE_EXPIRED', [BadData, BadSignature, BadTimeSignature]],
    [BadHeader, 'BadHeader', 'ERR_TOKEN_BAD_HEADER', [BadData, BadSignature]],
    [BadPayload, 'BadPayload', 'ERR_TOKEN_BAD_PAYLOAD', [BadData]]
  ] as Family)) {
    test(`${name} has its name, its code and its place in the family`, (t: TestContext) => {
      const error = new TokenError('a message')

      t.assert.strictEqual(error.name, name)
      t.assert.strictEqual(error.code, code)
      t.assert.strictEqual(error.message, 'a message')
      t.assert.strictEqual(String(error), `${name}: a message`)
      for (const Base of [Error, ...bases]) t.assert.ok(error instanceof Base, Base.name)
    })
  }

  test('BadPayload is no BadSignature, and BadSignature no BadTimeSignature', (t: TestContext) => {
    t.assert.ok(!((new BadPayload('') as Error) instanceof BadSignature))
    t.assert.ok(!(new BadSignature('') instanceof BadTimeSignature))
  })

  test('carry what is left of the token', (t: TestContext) => {
    const cause = new Error('the cause')
    const expired = new SignatureExpired('', { payload: 'value', dateSigned: new Date(0), cause })
    const header = new BadHeader('', { payload: 'value', header: { alg: 'none' }, cause })

    t.assert.deepStrictEqual([expired.payload, expired.dateSigned, expired.cause], ['value', new Date(0), cause])
    t.assert.deepStrictEqual([header.payload, header.header, header.cause], ['value', { alg: 'none' }, cause])
    t.assert.strictEqual(new BadPayload('', { cause }).cause, cause)
  })

  test('have no cause unless there is one', (t: TestContext) => {
    t.assert.strictEqual('cause' in new BadSignature(''), false)
    t.assert.strictEqual('cause' in new BadTimeSignature('', { payload: 'value' }), false)
  })
})
