import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { FlaskFormat } from '../../lib/formats/flask.ts'
import { verifiedToken } from '../../lib/formats/token-format.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import type { DigestName } from '../../lib/itsdangerous/index.ts'
import { noise } from '../helpers.ts'
import { flaskVectors } from '../vectors/vectors.ts'
import { formatContract } from './format.contract.ts'

const options = { salt: 'cookie-session', compressFrom: Infinity }

function flaskFormat (keys: string[], digestMethod: DigestName = 'sha512'): FlaskFormat {
  return new FlaskFormat(new URLSafeTimedSerializer([...keys].reverse(), { ...options, signerOptions: { keyDerivation: 'hmac', digestMethod } }))
}

for (const digest of ['sha1', 'sha256', 'sha512'] as const) {
  formatContract(`FlaskFormat with ${digest}`, (...keys) => flaskFormat(keys, digest))
}

describe('FlaskFormat', () => {
  const usual = flaskVectors.sessions.filter(({ app: { config, ...others } }) => {
    return typeof config?.SECRET_KEY === 'string' && Object.keys({ ...config, ...others }).length === 1
  })
  for (const { name, app, now, json, cookie } of usual) {
    test(`reads what Flask wrote: ${name}`, (t: TestContext) => {
      const decoded = flaskFormat([String(app.config?.SECRET_KEY)], 'sha1').decode(cookie)

      t.assert.deepStrictEqual(decoded, verifiedToken(json, now, 0))
    })

    // The bytes of zlib differ from build to build.
    if (cookie.startsWith('.')) continue

    test(`writes what Flask wrote: ${name}`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })

      t.assert.strictEqual(flaskFormat([String(app.config?.SECRET_KEY)], 'sha1').encode(json), cookie)
    })
  }

  for (const digest of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
    test(`compresses repeated text exactly where the token with ${digest} would not fit in the room`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: 1_704_067_200_000 })
      const format = flaskFormat(['key'], digest)
      for (let length = 150; length < 160; length++) {
        const json = `{"a":"${'x'.repeat(length)}"}`
        const plain = format.encode(json)
        t.assert.strictEqual(format.encode(json, plain.length), plain, `${length}`)
        t.assert.match(format.encode(json, plain.length - 1), /^\./, `${length}`)
      }
    })
  }

  test('writes what fits, compressed, although it does not try what cannot fit', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_704_067_200_000 })
    const format = flaskFormat(['key'])
    const random = ((state) => () => (state = (state * 48_271) % 2_147_483_647))(1)
    for (const length of [16_000, 17_000, 40_000, 66_000, 140_000, 250_000]) {
      for (const alphabet of ['ab', 'abcd', 'abcdefghijklmnopqrstuvwxyz']) {
        for (const period of [200, 1500, 4000, Infinity]) {
          const letters: string[] = []
          for (let i = 0; i < length; i++) letters.push(i < period ? alphabet.charAt(random() % alphabet.length) : letters[i - period] as string)
          const json = JSON.stringify({ a: letters.join('') })
          const token = format.encode(json, 0)
          t.assert.strictEqual(format.encode(json, token.length, true), token, `${length} letters of ${alphabet.length}, again after ${period}`)
        }
      }
    }
  })

  test('does not compress what cannot fit, unless it is of use all the same', (t: TestContext) => {
    const json = JSON.stringify({ a: noise(60_000) })

    t.assert.strictEqual(flaskFormat(['key']).encode(json, 4000, true).startsWith('.'), false)
    t.assert.strictEqual(flaskFormat(['key']).encode(json, 4000).startsWith('.'), true)
  })

  test('does not compress text that would become longer', (t: TestContext) => {
    const json = JSON.stringify({ a: noise(20) })

    t.assert.strictEqual(flaskFormat(['key']).encode(json, 0).startsWith('.'), false)
  })

  test('compresses as early as a serializer of the application does', (t: TestContext) => {
    const signing = new URLSafeTimedSerializer('key', { ...options, compressFrom: 100 })

    t.assert.match(new FlaskFormat(signing).encode(`{"a":"${'x'.repeat(150)}"}`), /^\./)
  })

  test('says when a token was signed whose payload cannot be decoded, and that it cannot', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_704_067_200_000 })
    const signing = new URLSafeTimedSerializer('key', options)
    for (const payload of ['.', '.AAAA', '****', '_w', '.eJw']) {
      const token = String(signing.makeSigner().sign(payload))

      t.assert.deepStrictEqual(new FlaskFormat(signing).decode(token), {
        ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', message: 'The payload could not be decoded', signedAt: 1_704_067_200, key: 0
      }, payload)
    }
  })

  test('refuses a token with anything before or behind it', (t: TestContext) => {
    const format = flaskFormat(['key'])
    const token = format.encode('{"a":1}')
    for (const edited of [`.${token}`, ` ${token}`, `x${token}`, `${token}.`, `${token}=`, `${token} `, `${token}\n`, `${token}${token}`]) {
      t.assert.strictEqual(format.decode(edited).ok, false, edited)
    }
  })

  test('names the kind of refusal', (t: TestContext) => {
    const format = flaskFormat(['key'])
    const token = format.encode('{}')

    t.assert.deepStrictEqual(format.decode('text'), { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE', message: "No '.' found in value" })
    t.assert.deepStrictEqual(format.decode(`${token.slice(0, -3)}AAA`), {
      ok: false, code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', message: 'Signature does not match'
    })
  })
})
