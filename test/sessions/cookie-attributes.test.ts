import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SessionApp } from '../../lib/index.ts'
import { cookieAttributes, SetCookieWriter } from '../../lib/sessions/cookie-attributes.ts'
import type { CookieAttributes } from '../../lib/sessions/cookie-attributes.ts'

const config = {
  SESSION_COOKIE_NAME: '__Secure-session',
  SESSION_COOKIE_DOMAIN: null,
  SESSION_COOKIE_PATH: null,
  SESSION_COOKIE_HTTPONLY: true,
  SESSION_COOKIE_SECURE: false,
  SESSION_COOKIE_SAMESITE: null,
  SESSION_COOKIE_PARTITIONED: false,
  APPLICATION_ROOT: '/'
}
const app = { config } as unknown as SessionApp

describe('cookieAttributes', () => {
  test('leaves out what nobody set, and checks the configuration no second time', (t: TestContext) => {
    const attributes = cookieAttributes(new SecureCookieSessionInterface(), app, false)

    t.assert.deepStrictEqual(attributes, { path: '/', httpOnly: true, secure: false, partitioned: false })
  })

  test('has a date and an age only if the application asked for them', (t: TestContext) => {
    const sessions = new SecureCookieSessionInterface()
    const expires = new Date(0)

    t.assert.deepStrictEqual(cookieAttributes(sessions, app, false, { secure: true, maxAge: 0 }), { path: '/', httpOnly: true, secure: true, partitioned: false, maxAge: 0 })
    t.assert.deepStrictEqual(cookieAttributes(sessions, app, false, { secure: true, expires }), { path: '/', httpOnly: true, secure: true, partitioned: false, expires })
  })
})

describe('SetCookieWriter', () => {
  const usual: CookieAttributes = { path: '/', httpOnly: true, secure: false, partitioned: false, expires: new Date(5000) }

  /** A writer, and how often it had attributes spelled. */
  function writer (t: TestContext) {
    const spell = t.mock.fn((name: string, _value: string, { path }: CookieAttributes) => `${name}=; Path=${path}`)
    const app = { fastify: { serializeCookie: spell } } as unknown as SessionApp
    const ours = new SetCookieWriter()
    return { write: (name: string, value: string, attributes: CookieAttributes) => ours.write(app, name, value, attributes), spell: spell.mock }
  }

  test('spells attributes once as long as they stay the same', (t: TestContext) => {
    const { write, spell } = writer(t)

    t.assert.strictEqual(write('session', 'a', usual), 'session=a; Path=/')
    t.assert.strictEqual(write('session', 'b', { ...usual }), 'session=b; Path=/')
    t.assert.strictEqual(write('session', '', { ...usual, expires: new Date(5999) }), 'session=; Path=/')
    t.assert.strictEqual(spell.callCount(), 1)
  })

  for (const change of [
    { path: '/app' }, { httpOnly: false }, { secure: true }, { partitioned: true }, { domain: 'example.com' }, { sameSite: 'lax' as const }, { maxAge: 5 },
    { expires: new Date(6000) }, { expires: new Date(4999) }
  ]) {
    test(`spells them anew with ${JSON.stringify(change)}, and once`, (t: TestContext) => {
      const { write, spell } = writer(t)
      write('session', 'a', usual)
      const changed = { ...usual, ...change }

      t.assert.strictEqual(write('session', 'a', changed), `session=a; Path=${changed.path}`)
      write('session', 'a', changed)
      t.assert.strictEqual(spell.callCount(), 2)
    })
  }

  test('has the name of each cookie before the attributes', (t: TestContext) => {
    const { write } = writer(t)
    write('a', '1', usual)

    t.assert.strictEqual(write('longer', '2', usual), 'longer=2; Path=/')
    t.assert.strictEqual(write('a', '3', usual), 'a=3; Path=/')
  })

  test('sees that the application changed its own date', (t: TestContext) => {
    const { write, spell } = writer(t)
    const expires = new Date(5000)
    write('a', '1', { ...usual, expires })
    expires.setTime(9000)
    write('a', '1', { ...usual, expires })

    t.assert.strictEqual(spell.callCount(), 2)
  })
})
