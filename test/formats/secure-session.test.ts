import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import nacl from 'tweetnacl'
import { SecureSessionFormat, secureSessionSetup } from '../../lib/formats/secure-session.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'
import { cookieAfter, cookieOf, logOf, refusalOf, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'
import { readingContract } from './format.contract.ts'

const now = Date.UTC(2024, 0, 1)
const key = Buffer.alloc(32, 7)

// @fastify/secure-session 8.4.0: { user_id: 42, cart: { items: ['ä'] } }, at `now`
const recorded = 'session=KY2cjypFMwQwqYNtDRb9q3fXSD2lP3hZfFxE8LqY47Q9Kp9keC3oIu%2FhiMXljM4nkgqeFNJGYwwrkxk3Bp45ac5A3u9ZmSSk%3BSrTQvCjXG8snIqJVtb549Sfe1%2F0Tgf%2FZ'

/** A cookie as @fastify/secure-session makes it. */
function boxed (message: string, boxKey: Uint8Array = key): string {
  const nonce = Buffer.alloc(24, 1)
  const box = Buffer.from(nacl.secretbox(Buffer.from(message), nonce, boxKey))
  return `session=${encodeURIComponent(`${box.toString('base64')};${nonce.toString('base64')}`)}`
}

/** A key of 32 bytes. */
const keyOf = (name: string): Buffer => Buffer.alloc(32, name)

readingContract('SecureSessionFormat', {
  encode: (json, name) => {
    const message = `${json.slice(0, -1)}${json === '{}' ? '' : ','}"__ts":${Math.floor(Date.now() / 1000)}}`
    return boxed(message, keyOf(name)).slice('session='.length)
  },
  make: (...names) => new SecureSessionFormat(secureSessionSetup({ key: names.map(keyOf) }), sessionJSONSerializer)
})

const seconds = now / 1000
const read: Act = (session) => session.data()

describe('readSecureSession', () => {
  test('takes over a cookie and replaces it by one of ours', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t, { readSecureSession: { key } })

    const first = await visit(read, { cookie: recorded })
    const second = await visit(read, { cookie: cookieAfter(first) })

    t.assert.deepStrictEqual(first.json(), { user_id: 42, cart: { items: ['ä'] } })
    t.assert.deepStrictEqual(savedData(first), { user_id: 42, cart: { items: ['ä'] } })
    t.assert.deepStrictEqual(second.json(), { user_id: 42, cart: { items: ['ä'] } })
    t.assert.strictEqual(sessionCookieOf(second), undefined)
  })

  test('takes each of several keys, as bytes and as base64 text', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const other = Buffer.alloc(32, 8)
    for (const keys of [key.toString('base64'), [other, key], [other.toString('base64'), key.toString('base64')], new Uint8Array(key)]) {
      const { visit } = await sessionApp(t, { readSecureSession: { key: keys } })

      t.assert.strictEqual((await visit((session) => session.user_id, { cookie: recorded })).body, '42')
    }
  })

  test('still reads cookies that this plugin signed', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { readSecureSession: { key } })

    t.assert.deepStrictEqual((await visit(read, { cookie: cookieOf({ user_id: 1 }) })).json(), { user_id: 1 })
  })

  test('is off by default', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t)

    t.assert.deepStrictEqual((await visit(read, { cookie: recorded })).json(), {})
  })

  test('ends with the expiry, which is a day and a second', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const usual = await sessionApp(t, { readSecureSession: { key } })
    const short = await sessionApp(t, { readSecureSession: { key, expiry: 10 } })
    const user: Act = (session) => session.user_id ?? 'nobody'

    t.mock.timers.setTime(now + 9999)
    t.assert.strictEqual((await short.visit(user, { cookie: recorded })).body, '42')
    t.mock.timers.setTime(now + 10_000)
    t.assert.strictEqual((await short.visit(user, { cookie: recorded })).body, 'nobody')
    t.mock.timers.setTime(now + 86_400_999)
    t.assert.strictEqual((await usual.visit(user, { cookie: recorded })).body, '42')
    t.mock.timers.setTime(now + 86_401_000)
    t.assert.strictEqual((await usual.visit(user, { cookie: recorded })).body, 'nobody')
  })

  test('reads __proto__ as an ordinary key', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t, { readSecureSession: { key } })

    const response = await visit((session) => ({ keys: Object.keys(session), admin: session.admin ?? null }), {
      cookie: boxed(`{"__proto__":{"admin":1},"__ts":${seconds}}`)
    })

    t.assert.deepStrictEqual(response.json(), { keys: ['__proto__'], admin: null })
  })

  const refused: Record<string, string> = {
    'of another key': boxed(`{"a":1,"__ts":${seconds}}`, Buffer.alloc(32, 9)),
    'that was changed': recorded.replace('KY2c', 'KY2d'),
    'without a nonce': recorded.split('%3B')[0] as string,
    'with a short nonce': recorded.slice(0, -8),
    'with something behind it': `${recorded}%3Bmore`,
    'without a time': boxed('{"a":1}'),
    'with a wrong time': boxed(`{"a":1,"__ts":"${seconds}"}`),
    'that holds a number': boxed('1'),
    'that is empty': 'session=%3B'
  }
  for (const [name, cookie] of Object.entries(refused)) {
    test(`a cookie ${name} is an empty session`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const log = logOf()
      const { visit } = await sessionApp(t, { readSecureSession: { key } }, { server: log.server })

      const response = await visit(read, { cookie })

      t.assert.deepStrictEqual(response.json(), {})
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
      t.assert.deepStrictEqual(log.lines.map(({ level }) => level), [20])
    })
  }

  const unreadable: Record<string, string> = {
    null: 'null',
    'no JSON': 'text',
    'nothing at all': '',
    'nested deeper than 256': `{"a":${'['.repeat(300)}${']'.repeat(300)},"__ts":${seconds}}`
  }
  for (const [name, message] of Object.entries(unreadable)) {
    test(`data that cannot be taken over is an empty session: ${name}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const log = logOf()
      const { visit } = await sessionApp(t, { readSecureSession: { key } }, { server: log.server })

      const response = await visit(read, { cookie: boxed(message) })

      t.assert.strictEqual(response.statusCode, 200)
      t.assert.deepStrictEqual(response.json(), {})
      t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [[40, 'session cookie with a valid signature is unreadable']])
    })
  }

  const wrong: unknown[] = [
    { key: Buffer.alloc(31) }, { key: 'short' }, { key: [] }, { key: [key, Buffer.alloc(16)] }, { key, expiry: '10' }, { key, expiry: NaN },
    {}, { key: null }, { key: 1 }, true, 'text'
  ]
  for (const readSecureSession of wrong) {
    test(`a wrong option stops the start: ${JSON.stringify(readSecureSession)?.slice(0, 40)}`, async (t: TestContext) => {
      const error = await refusalOf(t, { readSecureSession } as SecureSessionOptions)

      t.assert.strictEqual(error.code, 'FST_SESSION_INVALID_CONFIG', error.message)
    })
  }

  for (const [readSecureSession, message] of [
    [{ key: Buffer.alloc(31) }, 'readSecureSession.key must be 32 bytes or their base64 text, or a list of such keys, got other lengths'],
    [{ key, expiry: NaN }, 'readSecureSession.expiry must be a number of seconds, got number']
  ] as const) {
    test(`a wrong option is named: ${message}`, async (t: TestContext) => {
      t.assert.strictEqual((await refusalOf(t, { readSecureSession })).message, message)
    })
  }
})
