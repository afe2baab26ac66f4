import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import * as itsdangerous from '../../lib/itsdangerous/index.ts'

describe('the itsdangerous export', () => {
  test('has the public names of ItsDangerous, and a few more', (t: TestContext) => {
    t.assert.deepStrictEqual(Object.keys(itsdangerous).sort(), [
      'BadData', 'BadHeader', 'BadPayload', 'BadSignature', 'BadTimeSignature', 'HMACAlgorithm', 'NoneAlgorithm', 'Serializer',
      'SignatureExpired', 'Signer', 'SigningAlgorithm', 'TimedSerializer', 'TimestampSigner', 'URLSafeSerializer', 'URLSafeTimedSerializer',
      'base64Decode', 'base64Encode', 'bytesToInt', 'compactJSON', 'intToBytes', 'nodeDigest', 'wantBytes'
    ])
  })
})
