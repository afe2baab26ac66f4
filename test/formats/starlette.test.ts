import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { StarletteFormat } from '../../lib/formats/starlette.ts'
import { verifiedToken } from '../../lib/formats/token-format.ts'
import { TimestampSigner } from '../../lib/itsdangerous/index.ts'
import { formatContract } from './format.contract.ts'

const starlette = (...keys: string[]): StarletteFormat => new StarletteFormat(new TimestampSigner([...keys].reverse()))
const key = 'a secret key of the tests'
const noon = 1_715_947_200

formatContract('StarletteFormat', starlette)

describe('StarletteFormat', () => {
  // Starlette 0.26 with ItsDangerous 2.1.
  const token = 'eyJ1c2VyX2lkIjogNDIsICJuYW1lIjogIlpvXHUwMGViIFx1MjBhYyIsICJjYXJ0IjogWzEsIDIuMCwgeyIgdCI6IFsxXX1dLCAiYmlnIjogMTIzNDU2Nzg5MDEyMzQ1Njc4OTAs' +
    'ICJuYW4iOiBOYU4sICJkZWwiOiAiXHUwMDdmXG4iLCAibm8iOiBudWxsfQ==.ZkdGwA.YxAs0EOgeO5J149NByGoiGnpeeE'
  const json = '{"user_id": 42, "name": "Zo\\u00eb \\u20ac", "cart": [1, 2.0, {" t": [1]}], "big": 12345678901234567890, "nan": NaN, ' +
    '"del": "\\u007f\\n", "no": null}'

  test('reads what Starlette wrote', (t: TestContext) => {
    t.assert.deepStrictEqual(starlette(key).decode(token), verifiedToken(json, noon, 0))
  })

  test('writes what Starlette wrote', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })

    t.assert.strictEqual(starlette(key).encode(json), token)
  })

  test('says when a token was signed whose payload cannot be decoded, and why', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    for (const [payload, message] of [
      ['e30', /not base64/], ['e3', /not base64/], ['e30=x', /not base64/], ['e-30', /not base64/], ['/w==', /encoded data was not valid/]
    ] as const) {
      const decoded = starlette(key).decode(new TimestampSigner(key).sign(payload))

      const { message: said, ...rest } = decoded as { message: string }
      t.assert.deepStrictEqual(rest, { ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', signedAt: noon, key: 0 }, payload)
      t.assert.match(said, message)
    }
  })

  test('refuses a cookie of Flask with the same key', (t: TestContext) => {
    const signer = new TimestampSigner(key, { salt: 'cookie-session', keyDerivation: 'hmac' })

    t.assert.deepStrictEqual(starlette(key).decode(signer.sign('e30=')), { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE' })
  })
})
