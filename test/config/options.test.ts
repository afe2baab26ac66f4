import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import vm from 'node:vm'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { cookieAfter, cookieOf, deepFreeze, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'

describe('the options of the caller', () => {
  test('are left as they were', async (t: TestContext) => {
    const options: SecureSessionOptions = deepFreeze({
      secretKey: Buffer.from('bytes of a key, long enough'),
      secretKeyFallbacks: ['old', Buffer.from('older')],
      cookieName: 'sid',
      cookie: { domain: '.Example.com:80', path: '/ä', httpOnly: true, secure: true, partitioned: false, sameSite: 'lax' },
      permanentSessionLifetime: 60,
      refreshEachRequest: true,
      maxCookieSize: 4000,
      digestMethod: ['sha512', 'sha1'],
      salt: 'salt',
      sessions: [{ sessionName: 'session' }]
    })
    const config = deepFreeze({ SECRET_KEY_FALLBACKS: ['a'], APPLICATION_ROOT: '/x', SESSION_COOKIE_SAMESITE: 'strict' })
    const { visit } = await sessionApp(t, options, { config })

    const response = await visit((session) => { session.a = 1 })

    t.assert.strictEqual(response.statusCode, 200)
    t.assert.strictEqual(sessionCookieOf(response, 'sid')?.attributes.Domain, 'example.com')
  })

  test('are copied: a later change of them changes nothing', async (t: TestContext) => {
    const bytes = Buffer.from('bytes of a key, long enough')
    const options = { secretKey: bytes, secretKeyFallbacks: ['old'], cookie: { path: '/a' } }
    const { visit } = await sessionApp(t, options)
    const cookie = cookieAfter(await visit((session) => { session.a = 1 }))

    bytes.fill(0)
    options.secretKeyFallbacks.push('older')
    options.cookie.path = '/b'
    const response = await visit((session) => { session.b = session.a }, { cookie })

    t.assert.deepStrictEqual(savedData(response, 'session', { key: 'bytes of a key, long enough' }), { a: 1, b: 1 })
    t.assert.strictEqual(sessionCookieOf(response)?.attributes.Path, '/a')
  })
})

describe('values of another realm, as test runners with a DOM make them', () => {
  const foreign = (code: string): unknown => vm.runInNewContext(code)

  test('are keys, lists and dates like any other', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {
      secretKey: foreign('Uint8Array.from({ length: 32 }, () => 107)') as Uint8Array,
      secretKeyFallbacks: foreign("['an old key', Uint8Array.from({ length: 20 }, () => 111)]") as string[],
      cookie: foreign("({ path: '/app' })") as object,
      digestMethod: foreign("['sha512', 'sha1']") as ['sha512', 'sha1'],
      readSecureSession: foreign('({ key: new Uint8Array(32) })') as { key: Uint8Array }
    })

    const response = await visit((session) => {
      session.a = 1
      session.options({ expires: foreign('new Date(86_400_000)') as Date })
    })

    t.assert.deepStrictEqual(savedData(response, 'session', { key: 'k'.repeat(32) }), { a: 1 })
    t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/app', HttpOnly: true, Expires: 'Fri, 02 Jan 1970 00:00:00 GMT' })
    for (const key of ['an old key', 'o'.repeat(20)]) {
      t.assert.strictEqual((await visit((session) => session.a ?? 'none', { cookie: cookieOf({ a: 'found' }, { key }) })).body, 'found')
    }
  })

  test('are a list of sessions and a config like any other', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {
      secretKey: undefined, sessions: foreign("[{ cookieName: 'sid' }]") as Array<{ cookieName: string }>
    }, { config: foreign('({ SECRET_KEY: Uint8Array.from({ length: 32 }, () => 107), SECRET_KEY_FALLBACKS: [] })') as object })

    const response = await visit((session) => { session.a = 1 })

    t.assert.deepStrictEqual(savedData(response, 'sid', { key: 'k'.repeat(32) }), { a: 1 })
  })
})
