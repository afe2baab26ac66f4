import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { hmac } from '../../lib/crypto/digest.ts'
import { sealSecretBox } from '../../lib/crypto/secretbox.ts'
import { SealedFormat } from '../../lib/formats/sealed.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { noon, secretKey } from './each-flask.ts'
import { requireSealedFlask, startPeer } from './peer.ts'
import type { FlaskResponse, Peer } from './peer.ts'

const signing = new URLSafeTimedSerializer(secretKey, {
  salt: 'cookie-session.sealed', signerOptions: { keyDerivation: 'hmac', digestMethod: 'sha512' }
})
const sign = (payload: string): string => signing.makeSigner().sign(payload)
const boxKey = hmac('sha512', secretKey, '\0box\0cookie-session.sealed').subarray(0, 32)
const box = (text: string, key: Uint8Array = boxKey): string => {
  return Buffer.concat([Buffer.alloc(24), sealSecretBox(Buffer.from(text), Buffer.alloc(24), key)]).toString('base64url')
}

/** Flask's answer to the value of a cookie. */
const answerTo = (peer: Peer, value: string, now = noon): Promise<FlaskResponse> => {
  return peer.request({ app: 'app', cookie: `session=${value}`, now, steps: [{ op: 'data' }] })
}

describe('flask_sealed.py', () => {
  const tokens: Record<string, [token: () => string, status: number, userId: string | undefined]> = {
    'opens what the plugin sealed': [() => new SealedFormat(signing).encode('{"user_id":42}'), 200, '42'],
    'opens a box without padding': [() => sign(box('{"user_id":42}')), 200, '42'],
    'refuses an edited box': [() => new SealedFormat(signing).encode('{"user_id":42}').replace(/^./, (first) => first === 'A' ? 'B' : 'A'), 200, undefined],
    'refuses a box of another key under a right signature': [() => sign(box('{"user_id":42}', Buffer.alloc(32))), 200, undefined],
    'refuses a box that is cut short, under a right signature': [() => sign(box('{"user_id":42}').slice(0, -4)), 200, undefined],
    'refuses a payload that is no box, under a right signature': [() => sign('eyJ1c2VyX2lkIjo0Mn0'), 200, undefined],
    'refuses a box without JSON, under a right signature': [() => sign(box('no JSON')), 200, undefined],
    'refuses text': [() => 'text', 200, undefined]
  }
  for (const [title, [token, status, userId]] of Object.entries(tokens)) {
    test(title, async (t: TestContext) => {
      for (const { command } of requireSealedFlask(t)) {
        t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
        const value = token()
        t.mock.timers.reset()
        const peer = startPeer(command)
        t.after(() => peer.close())
        await peer.app({ app: 'app', sealed: true, config: { SECRET_KEY: secretKey } })

        const answer = await answerTo(peer, value)

        t.assert.strictEqual(answer.status, status)
        t.assert.deepStrictEqual(answer.session?.data.$dict, userId === undefined ? [] : [['user_id', { $int: userId }]])
      }
    })
  }

  test('refuses a session that is too old', async (t: TestContext) => {
    for (const { command } of requireSealedFlask(t)) {
      t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
      const value = new SealedFormat(signing).encode('{"user_id":42}')
      t.mock.timers.reset()
      const peer = startPeer(command)
      t.after(() => peer.close())
      await peer.app({ app: 'app', sealed: true, config: { SECRET_KEY: secretKey, PERMANENT_SESSION_LIFETIME: 60 } })

      t.assert.strictEqual((await answerTo(peer, value, noon + 60)).session?.data.$dict.length, 1)
      t.assert.strictEqual((await answerTo(peer, value, noon + 61)).session?.data.$dict.length, 0)
    }
  })

  test('has no session without a key', async (t: TestContext) => {
    for (const { command } of requireSealedFlask(t)) {
      const peer = startPeer(command)
      t.after(() => peer.close())
      await peer.app({ app: 'app', sealed: true, config: { SECRET_KEY: null } })

      t.assert.strictEqual((await answerTo(peer, 'text')).session?.null, true)
    }
  })
})
