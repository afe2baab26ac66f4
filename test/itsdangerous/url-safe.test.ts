import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import { BadPayload } from '../../lib/itsdangerous/errors.ts'
import { Signer } from '../../lib/itsdangerous/signer.ts'
import { TimestampSigner } from '../../lib/itsdangerous/timestamp-signer.ts'
import { maxPayloadLength, URLSafeSerializer, URLSafeTimedSerializer } from '../../lib/itsdangerous/url-safe.ts'
import { asText } from './makers.ts'
import { serializerContract } from './serializer.contract.ts'

serializerContract('URLSafeSerializer', URLSafeSerializer, Signer)
serializerContract('URLSafeTimedSerializer', URLSafeTimedSerializer, TimestampSigner)

for (const [name, URLSafe] of [['URLSafeSerializer', URLSafeSerializer], ['URLSafeTimedSerializer', URLSafeTimedSerializer]] as const) {
  const serializer = new URLSafe('secret-key')
  const sign = (payload: string): string => serializer.makeSigner().sign(payload)
  /** A token with these bytes for a compressed payload. */
  const compressed = (bytes: Uint8Array): string => sign(`.${Buffer.from(bytes).toString('base64url')}`)
  const payloadOf = (token: string): string => serializer.makeSigner().unsign(token)
  const loads = (token: string): unknown => serializer.loads(token, { serializer: asText })

  describe(name, () => {
    test('makes tokens of letters, digits, hyphen, underscore and dot', (t: TestContext) => {
      const random = randomBytes(1500).toString('latin1')
      for (const value of [null, '', 'žluťoučký 😀', { 'a?b&c': '/+=' }, 'a'.repeat(5000), random]) {
        t.assert.match(serializer.dumps(value), /^[\w.-]+$/)
        t.assert.deepStrictEqual(serializer.loads(serializer.dumps(value)), value)
      }
    })

    test('compresses from 1024 bytes on', (t: TestContext) => {
      t.assert.strictEqual(serializer.compressFrom, 1024)
      t.assert.strictEqual(payloadOf(serializer.dumps('a'.repeat(1021))).startsWith('.'), false)
      t.assert.strictEqual(payloadOf(serializer.dumps('a'.repeat(1022))).startsWith('.'), true)
      // Bytes count, not characters.
      t.assert.strictEqual(payloadOf(serializer.dumps('ž'.repeat(511))).startsWith('.'), true)
      t.assert.strictEqual(payloadOf(serializer.dumps('ž'.repeat(510))).startsWith('.'), false)
    })

    test('compresses from the length that it is told', (t: TestContext) => {
      const always = new URLSafe('secret-key', { compressFrom: 0 })
      const never = new URLSafe('secret-key', { compressFrom: Infinity })

      t.assert.ok(always.dumps('a'.repeat(40)).startsWith('.'))
      t.assert.ok(!never.dumps('a'.repeat(5000)).startsWith('.'))
      t.assert.strictEqual(never.loads(always.dumps('a'.repeat(40))), 'a'.repeat(40))
      t.assert.strictEqual(always.loads(never.dumps('a'.repeat(5000))), 'a'.repeat(5000))
    })

    test('compresses one token from the length that dumps is given', (t: TestContext) => {
      const never = new URLSafe('secret-key', { compressFrom: Infinity })

      t.assert.ok(serializer.dumps('a'.repeat(40), { compressFrom: 0 }).startsWith('.'))
      t.assert.ok(!serializer.dumps('a'.repeat(5000), { compressFrom: Infinity }).startsWith('.'))
      t.assert.ok(never.dumps('a'.repeat(1022), { compressFrom: 1024 }).startsWith('.'))
      t.assert.ok(serializer.dumps('a'.repeat(1022), { compressFrom: undefined }).startsWith('.'))
      t.assert.ok(!never.dumps('a'.repeat(5000)).startsWith('.'))
    })

    test('takes salt, serializer and compressFrom in one call of dumps', (t: TestContext) => {
      const token = serializer.dumps('a'.repeat(40), { salt: 'other', serializer: asText, compressFrom: 0 })

      t.assert.ok(token.startsWith('.'))
      t.assert.strictEqual(serializer.loads(token, { salt: 'other', serializer: asText }), 'a'.repeat(40))
      t.assert.throws(() => serializer.dumps(1, { compressfrom: 0 } as never), {
        name: 'TypeError', message: 'there is no option "compressfrom": the options are salt, serializer, compressFrom'
      })
    })

    test('does not compress where it would not make the token shorter', (t: TestContext) => {
      const always = new URLSafe('secret-key', { compressFrom: 0 })

      t.assert.ok(!always.dumps('short').startsWith('.'))
      t.assert.ok(!always.dumps('0123456789abcdefghijklmnopqrstuvwxyz').startsWith('.'))
      // As ItsDangerous: two bytes at least, of which the dot takes one.
      const saved = new Set<number>()
      for (let length = 1; length < 40; length++) {
        const text = 'a'.repeat(length)
        const bytes = length - deflateSync(text).length
        saved.add(bytes)
        t.assert.strictEqual(always.dumps(text, { serializer: asText }).startsWith('.'), bytes >= 2, text)
      }
      for (const bytes of [0, 1, 2]) t.assert.ok(saved.has(bytes))
    })

    test('compresses nothing that it would refuse to inflate', (t: TestContext) => {
      const longest = 'a'.repeat(maxPayloadLength - 2)

      t.assert.ok(serializer.dumps(longest).startsWith('.'))
      t.assert.ok(!serializer.dumps(`${longest}a`).startsWith('.'))
      t.assert.strictEqual(serializer.loads(serializer.dumps(longest)), longest)
      t.assert.strictEqual(serializer.loads(serializer.dumps(`${longest}a`)), `${longest}a`)
    })

    test('reads what zlib has compressed, at any level', (t: TestContext) => {
      for (const level of [0, 1, 6, 9]) t.assert.strictEqual(loads(compressed(deflateSync('some text', { level }))), 'some text')
      t.assert.strictEqual(loads(compressed(deflateSync(''))), '')
      t.assert.strictEqual(loads(compressed(deflateSync('some text', { windowBits: 9 }))), 'some text')
    })

    const good = deflateSync('some text, some text, some text')
    const wrongChecksum = Buffer.from(good)
    wrongChecksum[good.length - 1] = (wrongChecksum[good.length - 1] as number) ^ 1
    for (const [title, bytes] of [
      ['raw deflate', deflateRawSync('some text')], ['gzip', gzipSync('some text')],
      ['zlib with a preset dictionary', deflateSync('some text', { dictionary: Buffer.from('some text') })],
      ['zlib cut off', good.subarray(0, -1)], ['zlib cut off in its data', good.subarray(0, 8)], ['the head of zlib alone', good.subarray(0, 2)],
      ['zlib with a wrong checksum', wrongChecksum], ['zlib with a byte behind it', Buffer.concat([good, Buffer.of(0)])],
      ['zlib with white space behind it', Buffer.concat([good, Buffer.from('\n')])],
      ['zlib twice', Buffer.concat([good, good])], ['nothing', Buffer.alloc(0)], ['random bytes', Buffer.from('00ff80fe', 'hex')],
      ['zlib of what is no UTF-8', deflateSync(Buffer.of(0xff, 0xfe))], ['zlib of a cut-off character', deflateSync(Buffer.from('😀').subarray(0, 3))]
    ] as const) {
      test(`refuses ${title} as a compressed payload`, (t: TestContext) => {
        t.assert.throws(() => loads(compressed(bytes)), (error: unknown) =>
          error instanceof BadPayload && error.message === 'The payload could not be decoded' && error.cause instanceof Error)
      })
    }

    test('says that there are bytes behind a compressed payload', (t: TestContext) => {
      t.assert.throws(() => loads(compressed(Buffer.concat([good, Buffer.of(0)]))), (error: unknown) =>
        error instanceof BadPayload && (error.cause as Error).message === 'there are bytes behind the compressed payload')
    })

    test('inflates 262144 bytes and not one more', (t: TestContext) => {
      t.assert.strictEqual(maxPayloadLength, 262_144)
      t.assert.strictEqual((loads(compressed(deflateSync(Buffer.alloc(262_144, 'a')))) as string).length, 262_144)
      t.assert.throws(() => loads(compressed(deflateSync(Buffer.alloc(262_145, 'a')))), (error: unknown) =>
        error instanceof BadPayload && (error.cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
    })

    test('stops inflating a bomb of 64 MiB', (t: TestContext) => {
      t.assert.throws(() => loads(compressed(deflateSync(Buffer.alloc(1 << 26)))), (error: unknown) =>
        error instanceof BadPayload && (error.cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
    })

    for (const [title, payload] of [
      ['padding', 'YQ=='], ['spare bits', 'YR'], ['foreign characters', 'YW Jj'], ['the other alphabet', '+/+/'], ['two dots in front', `..${good.toString('base64url')}`],
      ['a dot in its middle', 'YW.Jj'], ['what is no UTF-8', '_w'], ['a byte order mark, which is no JSON', '77u_MQ']
    ] as const) {
      test(`refuses a signed payload with ${title}`, (t: TestContext) => {
        t.assert.throws(() => serializer.loads(sign(payload)), { code: 'ERR_TOKEN_BAD_PAYLOAD' })
      })
    }

    test('keeps a byte order mark of text', (t: TestContext) => {
      t.assert.strictEqual(loads(serializer.dumps('\ufefftext', { serializer: asText })), '\ufefftext')
    })

    test('reads a payload given as text or bytes', (t: TestContext) => {
      t.assert.deepStrictEqual(serializer.loadPayload('eyJpZCI6NDJ9'), { id: 42 })
      t.assert.deepStrictEqual(serializer.loadPayload(Buffer.from('eyJpZCI6NDJ9')), { id: 42 })
      t.assert.strictEqual(serializer.dumpPayload({ id: 42 }), 'eyJpZCI6NDJ9')
      t.assert.strictEqual(serializer.dumpPayload('x', asText), 'eA')
    })
  })
}

describe('URLSafeSerializer and URLSafeTimedSerializer', () => {
  test('make the very tokens that ItsDangerous 2.2.0 makes', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    const key = 'a fixed key of these test vectors'

    t.assert.strictEqual(new URLSafeTimedSerializer(key).dumps({ id: 42 }), 'eyJpZCI6NDJ9.ZVPxAA.0mGUSScfflw862S6fXC_HQM0kzk')
    t.assert.match(new URLSafeSerializer(key).dumps({ id: 42 }), /^eyJpZCI6NDJ9\.[\w-]{27}$/)
  })
})
