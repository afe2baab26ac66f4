import { deflateSync } from 'node:zlib'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { DjangoFormat } from '../../lib/formats/django.ts'
import { verifiedToken } from '../../lib/formats/token-format.ts'
import { Signer, URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { noise } from '../helpers.ts'
import { formatContract } from './format.contract.ts'

const salt = 'django.contrib.sessions.backends.signed_cookies'
const django = (...keys: string[]): DjangoFormat => new DjangoFormat(new URLSafeTimedSerializer([...keys].reverse(), {
  salt, signerOptions: { keyDerivation: 'django-concat', digestMethod: 'sha256' }
}))
const key = 'a secret key of the tests'
const noon = 1_715_947_200
const sign = (text: string): string => new Signer(key, { salt, keyDerivation: 'django-concat', digestMethod: 'sha256', sep: ':' }).sign(text)

formatContract('DjangoFormat', django)

describe('DjangoFormat', () => {
  // Django 3.2.
  const vectors: Record<string, [token: string, json: string, signedAt: number]> = {
    'a compressed session': [
      '.eJxFzEEOgjAQRuGrkH89MUMF0TlEDyAlpEA1JHVIgK4IdxfcuHtv821IS5jbcYAUhqD-EyB4Ti4xhy5zybDvQej9vELqnMyFaUP2m2ZvCN34huTmWpS36v7gf52aQqy3hCHEgz3R6uX08' +
      'HSCaIpx_wJKeCQe:1s7wFk:RiSA9YhL5lZX7BH2Oy5S0PnDaQv1lQhCu40HrznBclA',
      '{"user_id":42,"name":"Zo\\u00eb \\u20ac","cart":[1,2.0,{" t":[1]}],"big":12345678901234567890,"nan":NaN,"del":"\\u007f\\n","no":null}', noon
    ],
    'repeated text': [
      '.eJyrVkpUslKqGCZAqRYAvw9f3A:1s7wFk:1fmvCjfuqdLAQ2ANAVPrdiLVIMLaPIhm1SDrGjhD-4Q', `{"a":"${'x'.repeat(200)}"}`, noon
    ],
    'the second 0': ['eyJhIjoxfQ:0:HmaajSLGr2Pd0IG0c28yTHrdinRJLLe5akHizxJXzOQ', '{"a":1}', 0],
    'a time before 1970': ['eyJhIjoxfQ:-1c:3WxgtE7pzaQ6azm1q2lfVPATzr0rtlkzXiFiiOtC8gM', '{"a":1}', -100]
  }
  for (const [name, [token, json, signedAt]] of Object.entries(vectors)) {
    test(`reads what Django wrote: ${name}`, (t: TestContext) => {
      t.assert.deepStrictEqual(django(key).decode(token), verifiedToken(json, signedAt, 0))
    })
  }

  test('writes what Django wrote', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })

    t.assert.strictEqual(django(key).encode('{"a":1}'), 'eyJhIjoxfQ:0:HmaajSLGr2Pd0IG0c28yTHrdinRJLLe5akHizxJXzOQ')
  })

  test('compresses repeated text exactly where the token would not fit in the room', (t: TestContext) => {
    for (let length = 150; length < 160; length++) {
      const json = `{"a":"${'x'.repeat(length)}"}`
      const plain = django(key).encode(json)
      t.assert.strictEqual(django(key).encode(json, plain.length), plain, `${length}`)
      t.assert.match(django(key).encode(json, plain.length - 1), /^\./, `${length}`)
    }
  })

  test('does not compress text that would become longer', (t: TestContext) => {
    t.assert.strictEqual(django(key).encode(JSON.stringify({ a: noise(20) }), 0).startsWith('.'), false)
  })

  test('says when a token was signed whose payload cannot be decoded, and that it cannot', (t: TestContext) => {
    const bomb = `.${deflateSync('x'.repeat(262_145)).toString('base64url')}`
    for (const payload of ['.', '.AAAA', '****', '_w', 'e30=', bomb]) {
      t.assert.deepStrictEqual(django(key).decode(sign(`${payload}:1s7wFk`)), {
        ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', message: 'The payload could not be decoded', signedAt: noon, key: 0
      }, payload.slice(0, 10))
    }
  })

  test('refuses a signed text without a time in base62', (t: TestContext) => {
    for (const text of ['e30', 'e30:', 'e30:-', 'e30:1_2', 'e30:1s7wFk ', 'e30:123456789']) {
      t.assert.deepStrictEqual(django(key).decode(sign(text)), { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE', isMalformed: true }, text)
    }
  })
})
