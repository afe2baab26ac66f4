import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { hmac } from '../../lib/crypto/digest.ts'
import { sealSecretBox } from '../../lib/crypto/secretbox.ts'
import { SealedFormat, sealedSalt, sealedTextLength } from '../../lib/formats/sealed.ts'
import { verifiedToken } from '../../lib/formats/token-format.ts'
import { TimestampSigner, URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import type { DigestName } from '../../lib/itsdangerous/index.ts'
import { FlaskFormat } from '../../lib/formats/flask.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'
import { bytesOf, decode, encode } from '../flask/our-side.ts'
import type { Text } from '../flask/typed-json.ts'
import { sealedVectors } from '../vectors/vectors.ts'
import { formatContract } from './format.contract.ts'

const salt = 'cookie-session.sealed'
const nonce = Uint8Array.from({ length: 24 }, (_, index) => index)

interface Made {
  keys?: Array<string | Uint8Array>
  digest?: DigestName
  salt?: string | Uint8Array
}

/** The newest key is the first. */
function serializer ({ keys = ['key'], digest = 'sha512', salt: given = salt }: Made = {}): URLSafeTimedSerializer {
  return new URLSafeTimedSerializer([...keys].reverse(), { salt: given, signerOptions: { keyDerivation: 'hmac', digestMethod: digest } })
}

const sealed = (made?: Made, makeNonce?: () => Uint8Array): SealedFormat => new SealedFormat(serializer(made), makeNonce)

for (const digest of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
  formatContract(`SealedFormat with ${digest}`, (...keys) => sealed({ keys, digest }))
}

/** As in the specification, made with tweetnacl 1.0.3 and PyNaCl 1.5.0. */
const vector = {
  key: 'new-secret-key-0123456789',
  now: 1_700_000_000,
  json: '{"user_id":42}',
  token: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXy9KwyhxoiudID69ghiWHjVooNgJMHyV7ClPO7bKjJqdgOv8wNKm-Mm5IvCAgNVpb.ZVPxAA.' +
    'gP6ApbfidgrkIEd9sutX79fcLPBENSiAq0eSfGoyiWXEr3VikgcgI4eOqAoRxCbeaXjGsMEP-cXTjk5r_pegQA'
}

describe('SealedFormat', () => {
  for (const { name, app, now, nonce, json, data, cookie } of sealedVectors.sessions) {
    const { config: { SECRET_KEY: key, SECRET_KEY_FALLBACKS: fallbacks = [] } = {}, digest = 'sha512', keyDerivation = 'hmac', salt = 'cookie-session' } = app
    const signing = new URLSafeTimedSerializer([...fallbacks as Text[], key as Text].map(bytesOf), {
      salt: sealedSalt(bytesOf(salt)), signerOptions: { keyDerivation, digestMethod: digest }
    })

    test(`opens what Flask and PyNaCl sealed: ${name}`, (t: TestContext) => {
      const decoded = new SealedFormat(signing).decode(cookie)

      t.assert.deepStrictEqual(decoded, verifiedToken(json, now, 0))
      t.assert.deepStrictEqual(encode(sessionJSONSerializer.loads(json)), encode(decode(data)))
    })

    test(`seals what Flask and PyNaCl sealed: ${name}`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })

      t.assert.strictEqual(new SealedFormat(signing, () => Buffer.from(nonce, 'hex')).encode(json), cookie)
    })
  }

  test('writes the vector of its specification, and reads it', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: vector.now * 1000 })
    const format = sealed({ keys: [vector.key] }, () => nonce)

    t.assert.strictEqual(format.encode(vector.json), vector.token)
    t.assert.deepStrictEqual(format.decode(vector.token), verifiedToken(vector.json, vector.now, 0))
  })

  test('takes each nonce from node:crypto', (t: TestContext) => {
    const { mock } = t.mock.method(nodeCrypto, 'randomBytes', (length: number) => Buffer.from(nonce.subarray(0, length)))
    syncBuiltinESMExports()
    t.after(() => {
      mock.restore()
      syncBuiltinESMExports()
    })
    t.mock.timers.enable({ apis: ['Date'], now: vector.now * 1000 })

    t.assert.strictEqual(sealed({ keys: [vector.key] }).encode(vector.json), vector.token)
    t.assert.deepStrictEqual(mock.calls.map((call) => call.arguments), [[24]])
  })

  test('writes equal text differently each of 1000 times', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })
    const format = sealed()
    const payloads = Array.from({ length: 1000 }, () => format.encode(vector.json).split('.', 1)[0] as string)

    t.assert.strictEqual(new Set(payloads).size, 1000)
    t.assert.strictEqual(new Set(payloads.map((payload) => payload.slice(0, 32))).size, 1000, 'nonces')
    t.assert.strictEqual(new Set(payloads.map((payload) => payload.slice(32))).size, 1000, 'boxes')
  })

  for (const [length, padded] of [[0, 0], [1, 32], [31, 32], [32, 32], [33, 64], [64, 64], [65, 96]] as const) {
    test(`pads ${length} bytes to ${padded}, and gives back ${length}`, (t: TestContext) => {
      const format = sealed()
      for (const text of ['x'.repeat(length), 'ä'.repeat(length / 2) + 'x'.repeat(length % 2)]) {
        const token = format.encode(text)
        const decoded = format.decode(token)

        t.assert.strictEqual(Buffer.from(token.split('.', 1)[0] as string, 'base64url').length, 24 + 16 + padded)
        t.assert.strictEqual(decoded.ok && decoded.json, text)
      }
    })
  }

  test('never compresses, however small the room', (t: TestContext) => {
    const [repeated, random] = ['x'.repeat(2000), nodeCrypto.randomBytes(1000).toString('hex')]

    t.assert.strictEqual(sealed().encode(repeated).length, sealed().encode(random).length)
  })

  test('derives its keys from text, bytes and keys outside of ASCII', (t: TestContext) => {
    for (const key of ['schlüssel 鍵 🔑', Buffer.from('schlüssel 鍵 🔑'), new Uint8Array([0, 255, 128])]) {
      const decoded = sealed({ keys: ['newer', key] }).decode(sealed({ keys: [key], salt: Buffer.from(salt) }).encode('{}'))

      t.assert.deepStrictEqual(decoded.ok && [decoded.json, decoded.key], ['{}', 1])
    }
  })

  test('takes no token of which any bit of a byte was flipped', (t: TestContext) => {
    const format = sealed()
    const token = format.encode(vector.json)
    for (let at = 0; at < token.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const code = token.charCodeAt(at) ^ (1 << bit)
        const flipped = token.slice(0, at) + String.fromCharCode(code) + token.slice(at + 1)
        t.assert.deepStrictEqual(format.decode(flipped).signedAt, undefined, `byte ${at}, bit ${bit}`)
      }
    }
  })

  const signed = (payload: string): string => serializer().makeSigner().sign(payload)
  const keyOf = (key: string, given = salt): Buffer => hmac('sha512', key, `\0box\0${given}`).subarray(0, 32)
  const boxed = (text: string | Uint8Array, key: Uint8Array = keyOf('key')): string => {
    return Buffer.concat([nonce, sealSecretBox(Buffer.from(text as string), nonce, key)]).toString('base64url')
  }
  const box = boxed('{}'.padEnd(32))

  test('opens a box that was made by hand', (t: TestContext) => {
    const decoded = sealed().decode(signed(box))

    t.assert.strictEqual(decoded.ok && decoded.json, '{}')
  })

  const unreadable: Record<string, string> = {
    'is of another key': boxed('{}', keyOf('other')),
    'is of a fallback key, and not of the key that signed': boxed('{}', keyOf('older')),
    'is of another session': boxed('{}', keyOf('key', 'cookie-session.admin.sealed')),
    'is cut short at its end': box.slice(0, -4),
    'is cut short at its beginning': box.slice(4),
    'is all nonce': Buffer.from(nonce).toString('base64url'),
    'has a nonce of 23 bytes alone': Buffer.alloc(23).toString('base64url'),
    'is a MAC without text, of zeros': Buffer.alloc(40).toString('base64url'),
    'is empty': '',
    'is compressed': `.${box}`,
    'is JSON': Buffer.from('{"user_id":42}').toString('base64url'),
    'is not base64url': `${box.slice(0, -1)}*`,
    'has padding': `${boxed('{}'.padEnd(31))}=`,
    'is not UTF-8': boxed(Uint8Array.of(0x22, 0xff, 0x22))
  }
  for (const [what, payload] of Object.entries(unreadable)) {
    test(`calls a signed payload unreadable that ${what}`, (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: vector.now * 1000 })

      t.assert.deepStrictEqual(sealed({ keys: ['key', 'older'] }).decode(signed(payload)), {
        ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', message: 'The payload could not be opened', signedAt: vector.now, key: 0
      })
    })
  }

  test('calls a payload unreadable that was signed with a key of which it knows no box', (t: TestContext) => {
    class Own extends URLSafeTimedSerializer {
      override * iterUnsigners (): Generator<TimestampSigner> {
        yield new TimestampSigner(['another', 'key'], { salt })
      }
    }
    const decoded = new SealedFormat(new Own('key', { salt })).decode(new TimestampSigner('another', { salt }).sign(box))

    t.assert.deepStrictEqual([decoded.ok, !decoded.ok && decoded.code], [false, 'ERR_TOKEN_BAD_PAYLOAD'])
  })

  test('refuses a signed token, and is refused as one', (t: TestContext) => {
    const plain = new FlaskFormat(serializer({ salt: 'cookie-session' }))

    t.assert.strictEqual(sealed().decode(plain.encode('{}')).signedAt, undefined)
    t.assert.strictEqual(plain.decode(sealed().encode('{}')).signedAt, undefined)
  })
})

describe('sealedSalt', () => {
  test('appends to text and to bytes', (t: TestContext) => {
    t.assert.strictEqual(sealedSalt('cookie-session'), 'cookie-session.sealed')
    t.assert.deepStrictEqual(sealedSalt(Uint8Array.of(0, 255)), Buffer.from([0, 255, 0x2e, 0x73, 0x65, 0x61, 0x6c, 0x65, 0x64]))
  })
})

describe('sealedTextLength', () => {
  test('is the length of the text in a box of each size, and undefined for all other lengths', (t: TestContext) => {
    const lengths = Array.from({ length: 200 }, (_, length) => sealedTextLength(Buffer.alloc(length).toString('base64url')))

    t.assert.deepStrictEqual(lengths.flatMap((length, bytes) => length === undefined ? [] : [[bytes, length]]), [[40, 0], [72, 32], [104, 64], [136, 96], [168, 128]])
  })

  test('is undefined for what is not base64url', (t: TestContext) => {
    for (const payload of ['*'.repeat(96), `.${'A'.repeat(95)}`, `${'A'.repeat(95)}=`]) t.assert.strictEqual(sealedTextLength(payload), undefined)
  })
})
