import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { deflateSync } from 'node:zlib'
import type { DigestMethod, SecureSessionOptions } from '../../lib/index.ts'
import { Signer, TimestampSigner } from '../../lib/itsdangerous/index.ts'
import type { DigestName } from '../../lib/itsdangerous/index.ts'
import { cookieOf, cookieOfText, logOf, noise, savedData, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Answer, LogLine, Signing } from '../helpers.ts'

const now = Date.UTC(2024, 0, 1)

interface Outcome {
  answer: Answer
  lines: LogLine[]
  text: string
}

/** Sends a cookie to a handler that reads one key, at the time `now`. */
async function send (t: TestContext, cookie: string, options: SecureSessionOptions = {}): Promise<Outcome> {
  const log = logOf('trace')
  const { visit } = await sessionApp(t, options, { server: log.server })
  const answer = await visit((session) => ({ keys: Object.keys(session), user: session.user_id ?? null }), { cookie })
  return { answer, lines: log.lines, text: log.text() }
}

/** A payload, in front of a signature that is right. */
function sign (payload: string, { key = secretKey, salt = 'cookie-session', digest = 'sha512' }: Signing = {}): string {
  return `session=${new TimestampSigner(key, { salt, keyDerivation: 'hmac', digestMethod: digest }).sign(payload)}`
}

function base64url (text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('base64url')
}

function assertEmpty (t: TestContext, { answer }: Outcome): void {
  t.assert.strictEqual(answer.statusCode, 200)
  t.assert.deepStrictEqual(answer.json(), { keys: [], user: null })
  t.assert.strictEqual(answer.headers['set-cookie'], undefined)
  t.assert.strictEqual(answer.headers.vary, 'Cookie')
}

/** No piece of what the client sent, and nothing of the key, stands in the log. */
function assertSilent (t: TestContext, { text }: Outcome, cookie: string, key = secretKey): void {
  const value = cookie.slice('session='.length)
  for (const piece of [value, ...value.split('.')]) {
    if (piece.length >= 6) t.assert.ok(!text.includes(piece), 'a piece of the cookie is in the log')
  }
  t.assert.ok(!text.includes(key), 'the key is in the log')
}

describe('a cookie that is refused', () => {
  const valid = (): string => cookieOf({ user_id: 42, secret_word: 'abracadabra' })
  const parts = (): [string, string, string] => valid().slice('session='.length).split('.') as [string, string, string]
  const cookies: Record<string, [make: () => string, code: string]> = {
    'is signed with another key': [() => cookieOf({ user_id: 42 }, { key: 'another key, long enough' }), 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'is signed with another salt': [() => cookieOf({ user_id: 42 }, { salt: 'another salt' }), 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'has another payload': [() => `session=${base64url('{"user_id":1}')}.${parts()[1]}.${parts()[2]}`, 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'has another timestamp': [() => `session=${parts()[0]}.AAAAAA.${parts()[2]}`, 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'has another last character': [() => valid().slice(0, -1) + (valid().endsWith('A') ? 'B' : 'A'), 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'has another spelling of the signature': [() => `${valid()}=`, 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'has a character more': [() => `${valid()}A`, 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'is truncated': [() => valid().slice(0, -10), 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'has no signature': [() => `session=${parts()[0]}.${parts()[1]}`, 'ERR_TOKEN_BAD_SIGNATURE'],
    'has no dot': [() => 'session=abcdefghijkl', 'ERR_TOKEN_BAD_SIGNATURE'],
    'is not base64': [() => 'session=!!!!!!!!.????????.********', 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'is one dot': [() => 'session=.', 'ERR_TOKEN_BAD_SIGNATURE'],
    'is two dots': [() => 'session=..', 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'is 100 kB of dots': [() => `session=${'.'.repeat(100_000)}`, 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'is 100 kB of letters': [() => `session=${'A'.repeat(100_000)}`, 'ERR_TOKEN_BAD_SIGNATURE'],
    'is not ASCII': [() => 'session=äöü.äöüäöü.äöü', 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'is quoted': [() => `session="${valid().slice('session='.length)}"`, 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'is percent-encoded': [() => valid().replace(/\./g, '%2E'), 'ERR_TOKEN_BAD_SIGNATURE'],
    'is __proto__': [() => 'session=__proto__.constructor.prototype', 'ERR_TOKEN_BAD_TIME_SIGNATURE'],
    'has no timestamp': [() => `session=${base64url('{"user_id":42}')}.${base64url('signature')}`, 'ERR_TOKEN_BAD_SIGNATURE']
  }
  for (const [name, [make, code]] of Object.entries(cookies)) {
    test(`because it ${name} is an empty session and one debug line with the code`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const cookie = make()

      const outcome = await send(t, cookie)

      assertEmpty(t, outcome)
      t.assert.deepStrictEqual(outcome.lines.map(({ level, msg, code }) => [level, msg, code]), [[20, 'session cookie refused', code]])
      assertSilent(t, outcome, cookie)
    })
  }

  test('because it expired is an empty session and one debug line', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const cookie = cookieOf({ user_id: 42 })

    t.mock.timers.tick(2_678_400_000)
    t.assert.deepStrictEqual((await send(t, cookie)).answer.json(), { keys: ['user_id'], user: 42 })
    t.mock.timers.tick(1000)
    const outcome = await send(t, cookie)

    assertEmpty(t, outcome)
    t.assert.deepStrictEqual(outcome.lines.map(({ level, code }) => [level, code]), [[20, 'ERR_TOKEN_SIGNATURE_EXPIRED']])
    assertSilent(t, outcome, cookie)
  })

  test('because it comes from the future is an empty session, past the tolerance', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: now + 6000 })
    const cookie = cookieOf({ user_id: 42 })

    t.mock.timers.setTime(now)
    const outcome = await send(t, cookie)
    assertEmpty(t, outcome)
    t.assert.deepStrictEqual(outcome.lines.map(({ level, code }) => [level, code]), [[20, 'ERR_TOKEN_SIGNATURE_EXPIRED']])
    t.mock.timers.setTime(now + 1000)
    t.assert.deepStrictEqual((await send(t, cookie)).answer.json(), { keys: ['user_id'], user: 42 })
    assertEmpty(t, await send(t, cookie, { clockTolerance: 0 }))
    t.mock.timers.setTime(now)
    t.assert.deepStrictEqual((await send(t, cookie, { clockTolerance: 6 })).answer.json(), { keys: ['user_id'], user: 42 })
  })

  test('is checked for its age each time, also when it was seen before', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const cookie = cookieOf({ user_id: 42 })
    const { visit } = await sessionApp(t, { permanentSessionLifetime: 10 })
    const read = async (): Promise<string> => (await visit((session) => session.user_id ?? 'nobody', { cookie })).body

    t.assert.strictEqual(await read(), '42')
    t.mock.timers.tick(10_000)
    t.assert.strictEqual(await read(), '42')
    t.mock.timers.tick(1000)
    t.assert.strictEqual(await read(), 'nobody')
    t.mock.timers.setTime(now - 5000)
    t.assert.strictEqual(await read(), '42')
    t.mock.timers.setTime(now - 6000)
    t.assert.strictEqual(await read(), 'nobody')
  })

  test('can be replaced by a new session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.user_id = 1 }, { cookie: 'session=forged.forged.forged' })

    t.assert.deepStrictEqual(savedData(response), { user_id: 1 })
  })

  test('is neither verified nor logged when nothing looks at the session or refreshes it', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, { refreshEachRequest: false }, { server: log.server })

    const response = await visit(() => 'page', { cookie: 'session=forged.forged.forged' })

    t.assert.strictEqual(response.body, 'page')
    t.assert.strictEqual(response.headers.vary, undefined)
    t.assert.deepStrictEqual(log.lines, [])
  })

  test('that is empty is treated as missing: nothing is logged', async (t: TestContext) => {
    const outcome = await send(t, 'session=')

    assertEmpty(t, outcome)
    t.assert.deepStrictEqual(outcome.lines, [])
  })
})

describe('a signature of another digest', () => {
  const hints: Array<[theirs: DigestName, ours: DigestMethod | DigestMethod[], hint: string | undefined]> = [
    ['sha1', 'sha512', "the signature has the length of sha1, which stock Flask uses: the option digestMethod must be or contain 'sha1'"],
    ['sha256', 'sha512', "the signature has the length of sha256: the option digestMethod must be or contain 'sha256'"],
    ['sha384', 'sha512', "the signature has the length of sha384: the option digestMethod must be or contain 'sha384'"],
    ['sha512', 'sha1', "the signature has the length of sha512: the option digestMethod must be or contain 'sha512'"],
    ['sha256', ['sha512', 'sha1'], "the signature has the length of sha256: the option digestMethod must be or contain 'sha256'"]
  ]
  for (const [theirs, ours, hint] of hints) {
    test(`of ${theirs} where ${String(ours)} is expected is named in the log`, async (t: TestContext) => {
      const cookie = cookieOf({ user_id: 42 }, { digest: theirs })

      const outcome = await send(t, cookie, { digestMethod: ours })

      assertEmpty(t, outcome)
      t.assert.deepStrictEqual(outcome.lines.map(({ level, code, hint }) => ({ level, code, hint })), [
        { level: 40, code: undefined, hint: undefined }, { level: 20, code: 'ERR_TOKEN_BAD_TIME_SIGNATURE', hint }
      ])
      assertSilent(t, outcome, cookie)
    })
  }

  test('is not named in the log when the digest is one of those expected', async (t: TestContext) => {
    for (const digest of ['sha512', 'sha1'] as const) {
      const { lines } = await send(t, cookieOf({ user_id: 42 }, { digest, key: 'another key, long enough' }), { digestMethod: ['sha512', 'sha1'] })

      t.assert.deepStrictEqual(lines.map((line) => 'hint' in line), [false])
    }
  })

  test('is accepted from each of a list, and the first signs', async (t: TestContext) => {
    for (const digest of ['sha512', 'sha1', 'sha256'] as const) {
      const { visit } = await sessionApp(t, { digestMethod: ['sha256', 'sha1', 'sha512'] })

      const response = await visit((session) => { session.seen = session.user_id }, { cookie: cookieOf({ user_id: 42 }, { digest }) })

      t.assert.deepStrictEqual(savedData(response, 'session', { digest: 'sha256' }), { user_id: 42, seen: 42 })
    }
  })
})

describe('a cookie with a valid signature that cannot be read', () => {
  const payloads: Record<string, string> = {
    'is not JSON': base64url('no json'),
    'is not base64': 'no*base64',
    'is not UTF-8': base64url(Buffer.from([0x22, 0xff, 0x22])),
    'is empty': '',
    'is a list': base64url('[1,2]'),
    'is a number': base64url('42'),
    'is text': base64url('"text"'),
    'is null': base64url('null'),
    'is a tagged tuple': base64url('{" t":[1]}'),
    'is a tagged date': base64url('{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}'),
    'has a wrong tag': base64url('{"a":{" u":"no uuid"}}'),
    'says zlib and is none': '.' + base64url('no zlib data'),
    'inflates past 256 KiB': '.' + base64url(deflateSync(JSON.stringify({ bomb: 'x'.repeat(262_144) }))),
    'has bytes behind the zlib data': '.' + base64url(Buffer.concat([deflateSync('{"a":1}'), Buffer.from('more')])),
    'is longer than 256 KiB': base64url(JSON.stringify({ long: 'x'.repeat(262_144) })),
    'is nested deeper than 256': base64url(`{"a":${'['.repeat(256)}${']'.repeat(256)}}`),
    'is nested a hundred thousand times': base64url(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
  }
  for (const [name, payload] of Object.entries(payloads)) {
    test(`because it ${name} is an empty session and one warn line`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const cookie = sign(payload)

      const outcome = await send(t, cookie)

      assertEmpty(t, outcome)
      t.assert.deepStrictEqual(outcome.lines.map(({ level, msg, code }) => [level, msg, code]), [
        [40, 'session cookie with a valid signature is unreadable', 'ERR_TOKEN_BAD_PAYLOAD']
      ])
      assertSilent(t, outcome, cookie)
    })
  }

  test('accepts data exactly at the limits', async (t: TestContext) => {
    const overhead = '{"a":""}'.length
    for (const text of [`{"a":${'['.repeat(255)}${']'.repeat(255)}}`, `{"a":"${'x'.repeat(262_144 - overhead)}"}`]) {
      const plain = await send(t, sign(base64url(text)))
      const compressed = await send(t, sign('.' + base64url(deflateSync(text))))

      t.assert.deepStrictEqual(plain.answer.json().keys, ['a'])
      t.assert.deepStrictEqual(compressed.answer.json().keys, ['a'])
    }
  })

  test('is an empty session when the serializer of the application throws', async (t: TestContext) => {
    const serializer = { dumps: (data: unknown) => JSON.stringify(data), loads (): unknown { throw new Error('abracadabra') } }
    const cookie = cookieOfText('{"user_id":42}')

    const outcome = await send(t, cookie, { serializer })

    assertEmpty(t, outcome)
    t.assert.deepStrictEqual(outcome.lines.map(({ level, code }) => [level, code]), [[40, 'ERR_TOKEN_BAD_PAYLOAD']])
    t.assert.doesNotMatch(outcome.text, /abracadabra/)
  })
})

describe('saving data at the limits', () => {
  const nested = (depth: number): unknown => depth === 0 ? 1 : [nested(depth - 1)]

  test('fails for data nested deeper than 256 levels, and data that is saved can be read', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { maxCookieSize: 0 })

    const deep = await visit((session) => { session.a = nested(256) })
    const fits = await visit((session) => { session.a = nested(255) })

    t.assert.strictEqual(deep.statusCode, 500)
    t.assert.strictEqual(deep.json().code, 'FST_SESSION_UNSERIALIZABLE')
    t.assert.match(deep.json().message, /nested deeper than 256$/)
    t.assert.deepStrictEqual((savedData(fits) as { a: unknown }).a, nested(255))
  })

  test('fails for more than 256 KiB of JSON, and data that fits can be read', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { maxCookieSize: 0 })
    const overhead = '{"a":""}'.length

    const fits = await visit((session) => { session.a = 'x'.repeat(262_144 - overhead) })
    const long = await visit((session) => { session.a = 'x'.repeat(262_145 - overhead) })
    const bytes = await visit((session) => { session.a = 'ä'.repeat(262_144 / 2) })

    t.assert.strictEqual((savedData(fits) as { a: string }).a.length, 262_144 - overhead)
    t.assert.strictEqual(long.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.strictEqual(long.json().message,
      'The session is too large: 262145 bytes, the limit is 262144 of JSON. The largest keys are a (262145). Keep large data elsewhere and its id in the session')
    t.assert.strictEqual(bytes.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
  })

  test('a Set-Cookie of MAX_COOKIE_SIZE bytes is sent, one more is an error and leaves the client its old cookie', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { maxCookieSize: 300 })
    const save = (length: number) => visit((session) => { session.a = noise(length) }, { cookie: cookieOf({ b: 1 }) })

    let length = 1
    let response = await save(length)
    while (response.statusCode === 200 && length < 300) {
      t.assert.ok(String(response.headers['set-cookie']).length <= 300)
      response = await save(++length)
    }
    const last = await save(length - 1)

    t.assert.ok(String(last.headers['set-cookie']).length >= 299)
    t.assert.strictEqual(response.statusCode, 500)
    t.assert.strictEqual(response.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.match(response.json().message, /^The session is too large: 30[12] bytes, the limit is 300, MAX_COOKIE_SIZE\. The largest keys are a \(\d+\)/)
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('compresses long repetitive data so that it fits', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.a = 'x'.repeat(20_000) })

    t.assert.strictEqual(sessionCookieOf(response)?.value.startsWith('.'), true)
    t.assert.deepStrictEqual(savedData(response), { a: 'x'.repeat(20_000) })
  })

  const unserializable: Record<string, [value: unknown, message: string]> = {
    function: [{ items: [1, 2, () => {}] }, 'cart.items[2] cannot be written as JSON: a function'],
    Map: [new Map(), 'cart cannot be written as JSON: a Map'],
    Set: [[new Set()], 'cart[0] cannot be written as JSON: a Set'],
    symbol: [{ 'a b': Symbol('s') }, 'cart["a b"] cannot be written as JSON: a symbol'],
    'invalid Date': [{ at: new Date(NaN) }, 'cart.at cannot be written as JSON: a Date that is invalid or outside of the years 1 to 9999']
  }
  for (const [name, [value, message]] of Object.entries(unserializable)) {
    test(`a ${name} is an error with its path`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit((session) => { session.cart = value })

      t.assert.strictEqual(response.statusCode, 500)
      t.assert.deepStrictEqual(response.json(), {
        statusCode: 500, code: 'FST_SESSION_UNSERIALIZABLE', error: 'Internal Server Error', message: `The session cannot be saved: ${message}`
      })
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    })
  }

  test('a cycle is an error with its path', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cart: Record<string, unknown> = { items: [] }
    cart.self = { cart }

    const response = await visit((session) => { session.cart = cart })

    t.assert.strictEqual(response.json().message, 'The session cannot be saved: cart.self.cart cannot be written as JSON: it contains itself')
  })

  test('an overflow names keys and sizes, and no value', async (t: TestContext) => {
    const log = logOf('trace')
    const { visit } = await sessionApp(t, { maxCookieSize: 100 }, { server: log.server })

    const response = await visit((session) => { session.a = 'abracadabra'.repeat(2) + noise(100) })

    t.assert.strictEqual(response.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.doesNotMatch(response.body + log.text(), /abracadabra/)
  })

  test('the name of a key is cut short in the message of an overflow', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session[noise(20_000)] = 1 })

    t.assert.strictEqual(response.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.ok(response.body.length < 1000, `the answer has ${response.body.length} characters`)
  })
})

test('many cookies with signatures of another digest derive the key of each digest once', async (t: TestContext) => {
  const { visit } = await sessionApp(t, { digestMethod: 'sha256' })
  const forged = Array.from({ length: 60 }, (_, i) => `session=e30.aaaaaa.${'A'.repeat(84)}${i + 10}`).join('; ')
  const derived = t.mock.method(Signer.prototype, 'deriveKey')

  await visit((session) => session.user_id ?? null, { cookie: forged })
  t.assert.ok(derived.mock.callCount() <= 2, `${derived.mock.callCount()} keys were derived`)
})
