import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookieAttributes, deletionAttributes, settleCookie } from '../../lib/cookie/attributes.ts'
import type { CookieSettings } from '../../lib/cookie/attributes.ts'

const settings: CookieSettings = {
  name: '__Secure-session', domain: null, path: '/', httpOnly: true, secure: false, partitioned: false, sameSite: null
}
const unset = { domain: undefined, expires: undefined, maxAge: undefined, sameSite: undefined }
const plain = { ...unset, path: '/', httpOnly: true, secure: false, partitioned: false }

describe('cookieAttributes', () => {
  test('has undefined for attributes that are not set, and does not check the configuration again', (t: TestContext) => {
    t.assert.deepStrictEqual(cookieAttributes(settleCookie(settings), false), plain)
  })

  test('has every attribute of the settings', (t: TestContext) => {
    const all: CookieSettings = { ...settings, domain: 'a.org', path: '/shop', httpOnly: false, secure: true, sameSite: 'Lax' }

    t.assert.deepStrictEqual(cookieAttributes(settleCookie(all), false), {
      ...unset, domain: 'a.org', path: '/shop', httpOnly: false, secure: true, partitioned: false, sameSite: 'lax'
    })
  })

  test('has a date and an age only if the application asks for them', (t: TestContext) => {
    const expires = new Date(0)
    const secure = { ...plain, secure: true }

    t.assert.deepStrictEqual(cookieAttributes(settleCookie(settings, { secure: true, maxAge: 0 }), false), { ...secure, maxAge: 0 })
    t.assert.deepStrictEqual(cookieAttributes(settleCookie(settings, { secure: true, expires }), false), { ...secure, expires })
  })

  test('prefers what the application asks for, and a null removes an attribute', (t: TestContext) => {
    const configured: CookieSettings = { ...settings, name: 'session', domain: 'a.org', sameSite: 'Lax' }
    const asked = { domain: 'b.org', path: '/b', httpOnly: false, secure: true, partitioned: true, sameSite: 'Strict' } as const

    t.assert.deepStrictEqual(cookieAttributes(settleCookie(configured, asked), false), { ...unset, ...asked, sameSite: 'strict' })
    t.assert.deepStrictEqual(cookieAttributes(settleCookie(configured, { domain: null, sameSite: null }), false), plain)
  })

  for (const [secure, partitioned, isHTTPS, expected] of [
    ['auto', false, true, true], ['auto', false, false, false], [false, true, false, true], [false, false, true, false]
  ] as const) {
    test(`is ${expected ? 'Secure' : 'not Secure'} with secure ${secure}, partitioned ${partitioned} and https ${isHTTPS}`, (t: TestContext) => {
      t.assert.strictEqual(cookieAttributes(settleCookie({ ...settings, secure, partitioned }), isHTTPS).secure, expected)
    })
  }

  test('names the attribute that makes a cookie which browsers drop', (t: TestContext) => {
    t.assert.throws(() => settleCookie(settings, {}, 'GET /login: the cookie attribute'), {
      code: 'FST_SESSION_INVALID_CONFIG',
      message: 'GET /login: the cookie attribute secure must be true for a cookie whose name starts with __Secure-, got false'
    })
  })
})

describe('deletionAttributes', () => {
  test('ends the cookie at once and keeps all that browsers match', (t: TestContext) => {
    const attributes = { ...plain, domain: 'a.org', maxAge: 60, expires: new Date(1e12) }

    t.assert.deepStrictEqual(deletionAttributes(attributes), { ...attributes, maxAge: 0, expires: new Date(0) })
  })
})
