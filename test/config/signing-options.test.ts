import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SigningOptions } from '../../lib/index.ts'
import { refusalOf } from '../helpers.ts'

const digests = "'sha1', 'sha256', 'sha384', 'sha512' or a digest with name, blockLength, digestLength and hash, or a list of them"
const wrong: Array<[options: object, message: string]> = [
  [{ digestMethod: 'sha-1' }, `digestMethod must be ${digests}, got 'sha-1'`],
  [{ digestMethod: ['sha1', 'SHA512', null] }, `digestMethod must be ${digests}, got 'SHA512', null`],
  [{ digestMethod: [] }, `digestMethod must be ${digests}, got array`],
  [{ digestMethod: null }, `digestMethod must be ${digests}, got null`],
  [{ digestMethod: { name: 'x', blockLength: 8, digestLength: 4, hash: async () => new Uint8Array(4) } }, `digestMethod must be ${digests}, got object`],
  [{ keyDerivation: 'pbkdf2' }, "keyDerivation must be 'hmac', 'django-concat', 'concat' or 'none', got 'pbkdf2'"],
  [{ salt: '' }, 'salt must be a non-empty string or bytes, got string'],
  [{ serializer: JSON }, 'serializer must be an object with synchronous dumps and loads, got object'],
  [{ clockTolerance: -5 }, 'clockTolerance must be a number of seconds, 0 or more, got -5'],
  [{ readSecureSession: 'abracadabra' }, 'readSecureSession must be an object with a key and, if need be, expiry, got string'],
  [{ readSecureSession: { secret: 'abracadabra' } }, 'readSecureSession must be an object with a key and, if need be, expiry, got object'],
  [{ readSecureSession: null }, 'readSecureSession must be an object with a key and, if need be, expiry, got null']
]

describe('new SecureCookieSessionInterface', () => {
  for (const [options, message] of wrong) {
    test(`refuses a wrong option: ${message}`, (t: TestContext) => {
      t.assert.throws(() => new SecureCookieSessionInterface(options as SigningOptions), { code: 'FST_SESSION_INVALID_CONFIG', message })
    })
  }

  test('takes each right option, and keeps its own copy of a list of digests', (t: TestContext) => {
    const digestMethod: Array<'sha1' | 'sha256'> = ['sha1', 'sha256']
    const sessions = new SecureCookieSessionInterface({ digestMethod, salt: new Uint8Array(4), keyDerivation: 'concat', clockTolerance: 0 })

    digestMethod.pop()

    t.assert.deepStrictEqual(sessions.digestMethod, ['sha1', 'sha256'])
    t.assert.strictEqual(sessions.clockTolerance, 0)
  })
})

describe('a sessionInterface', () => {
  for (const method of ['shouldSetCookie', 'getCookieName', 'cookieSettings', 'encode', 'decode', 'noteBook', 'getSigningSerializer']) {
    test(`is refused at the start when its ${method} is async: nobody would wait for it`, async (t: TestContext) => {
      const sessionInterface = Object.assign(new SecureCookieSessionInterface(), { [method]: async () => {} })

      const error = await refusalOf(t, { sessionInterface })

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.strictEqual(error.message, `sessionInterface.${method} must be a synchronous method, got an async one`)
    })
  }

  test('stops the start beside a signing option, which it would not hear', async (t: TestContext) => {
    const { message } = await refusalOf(t, { sessionInterface: new SecureCookieSessionInterface(), digestMethod: 'sha1' })

    t.assert.strictEqual(message, 'digestMethod must be a property of the sessionInterface, got a plugin option')
  })
})

describe('a sessionInterface whose class sets a wrong field', () => {
  const interfaces: Array<[sessionInterface: SecureCookieSessionInterface, message: string]> = [
    [new class extends SecureCookieSessionInterface { override digestMethod = 'sha-1' as 'sha1' }(), `sessionInterface.digestMethod must be ${digests}, got 'sha-1'`],
    [new class extends SecureCookieSessionInterface { override clockTolerance = '5' as unknown as number }(), "sessionInterface.clockTolerance must be a number of seconds, 0 or more, got '5'"]
  ]
  for (const [sessionInterface, message] of interfaces) {
    test(`stops the start: ${message}`, async (t: TestContext) => {
      t.assert.strictEqual((await refusalOf(t, { sessionInterface })).message, message)
    })
  }
})
