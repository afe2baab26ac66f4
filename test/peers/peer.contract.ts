/**
 * What every session interface for another framework must do.
 *
 * @module
 */

import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import secureSession, { Markup, Tuple, UUID } from '../../lib/index.ts'
import type { PeerOptions } from '../../lib/peers/index.ts'
import type { SecureCookieSessionInterface } from '../../lib/index.ts'
import { testClient } from '../../lib/testing.ts'
import { buildApp, cookieOf, logOf, noise, refusalOf, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'
import { noon } from './exchange.ts'

export interface PeerUnderTest {
  make (options?: PeerOptions): SecureCookieSessionInterface
  /** By default. */
  cookieName: string
  /** What the peer signed at noon for `{"user": "Zoë"}`. */
  token: string
  /** What the peer would sign now for this text. */
  sign (json: string, key?: string): string
  /** The text in a token. */
  read (token: string): string
  /** Two members of an object, as the peer spells them. */
  spelling: string
}

/** Values that the peer's JSON cannot hold. */
const unserializable: Record<string, [value: unknown, called: string]> = {
  'a Date': [new Date(0), 'Date'],
  'an invalid Date': [new Date(NaN), 'Date'],
  bytes: [Buffer.from('a'), 'Uint8Array'],
  'a Tuple': [new Tuple(1), 'Tuple'],
  'a UUID': [new UUID('12345678123456781234567812345678'), 'UUID'],
  Markup: [new Markup('<b>'), 'Markup'],
  'a Map': [new Map(), 'Map'],
  'a Set': [new Set(), 'Set']
}

export function peerContract (name: string, { make, cookieName, token, sign, read, spelling }: PeerUnderTest): void {
  const options = { sessionInterface: make() }
  const cookie = `${cookieName}=${token}`
  const atNoon = (t: TestContext): void => t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })

  describe(`${name} as the session interface of a peer`, () => {
    test("reads the peer's cookie, and sends none for it", async (t: TestContext) => {
      atNoon(t)
      const { visit } = await sessionApp(t, options)
      const answer = await visit((session) => session.user, { cookie })

      t.assert.deepStrictEqual([answer.body, answer.headers['set-cookie'], answer.headers.vary], ['Zoë', undefined, 'Cookie'])
    })

    test("writes the peer's cookie, for 14 days", async (t: TestContext) => {
      atNoon(t)
      const { visit } = await sessionApp(t, options)
      const answer = await visit((session) => { session.user = 'Zoë' })

      t.assert.strictEqual(answer.headers['set-cookie'], `${cookie}; Path=/; Expires=Fri, 31 May 2024 12:00:00 GMT; HttpOnly; SameSite=Lax`)
    })

    test('writes JSON as Python does', async (t: TestContext) => {
      const { visit } = await sessionApp(t, options)
      const answer = await visit((session) => session.update({ a: [1, 'ü€😀\u007f\n"\\:,'], b: { ' t': NaN, n: 12345678901234567890n } }))

      const { value } = sessionCookieOf(answer, cookieName) ?? { value: '' }
      t.assert.strictEqual(read(value).replace(/ (?!t)/g, ''), '{"a":[1,"\\u00fc\\u20ac\\ud83d\\ude00\\u007f\\n\\"\\\\:,"],"b":{" t":NaN,"n":12345678901234567890}}')
      t.assert.strictEqual(read(String(sessionCookieOf(await visit((session) => session.update({ a: 1, b: 2 })), cookieName)?.value)), spelling)
    })

    test('keeps what did not change as it was: floats, long ints, NaN, and what looks like a tag', async (t: TestContext) => {
      const { visit } = await sessionApp(t, options)
      const json = '{"n": [2.0, 12345678901234567890, NaN, -0.0], "t": {" t": [1]}}'
      const answer = await visit((session) => { session.a = 1 }, { cookie: `${cookieName}=${sign(json)}` })

      t.assert.strictEqual(read(String(sessionCookieOf(answer, cookieName)?.value)).replaceAll(' ', ''), `${json.slice(0, -1)},"a":1}`.replaceAll(' ', ''))
    })

    test('leaves all keys to the applications but those of the book, which the peer carries along', async (t: TestContext) => {
      atNoon(t)
      const { visit } = await sessionApp(t, { ...options, absoluteLifetime: 100 })
      const begun = sessionCookieOf(await visit((session) => { session._permanent = 'no' }), cookieName)
      t.assert.deepStrictEqual(JSON.parse(read(String(begun?.value))), { _permanent: 'no', _created: noon })

      t.mock.timers.tick(60_000)
      const changed = `${cookieName}=${sign(JSON.stringify({ _created: noon, a: 1 }))}`
      t.assert.strictEqual((await visit((session) => session.size, { cookie: changed })).body, '1')
      t.mock.timers.tick(41_000)
      t.assert.strictEqual((await visit((session) => session.size, { cookie: changed })).body, '0')
    })

    test('tells why a cookie was rejected', async (t: TestContext) => {
      atNoon(t)
      const codes: string[] = []
      const { visit } = await sessionApp(t, { ...options, onReject: (_, { code }) => { codes.push(code) } })
      for (const value of ['null', 'e30', `${token.slice(0, -3)}AAA`, sign('{"a":1}', 'another key'), sign('[]')]) {
        await visit((session) => session.size, { cookie: `${cookieName}=${value}` })
      }
      t.mock.timers.tick(1_209_601_000)
      await visit((session) => session.size, { cookie })

      t.assert.deepStrictEqual(codes, ['malformed', 'malformed', 'bad-signature', 'bad-signature', 'unreadable', 'expired'])
    })

    test('sends no cookie when a value was looked at, and one when a change was made in it', async (t: TestContext) => {
      const { visit } = await sessionApp(t, options)
      const cart = `${cookieName}=${sign('{"cart":{"items" :[1.0,"\u00fc"]}}')}`

      t.assert.strictEqual((await visit((session) => session.cart, { cookie: cart })).headers['set-cookie'], undefined)
      t.assert.ok(sessionCookieOf(await visit((session) => { session.cart.items.push(2) }, { cookie: cart }), cookieName))
    })

    for (const [what, [value, called]] of Object.entries(unserializable)) {
      test(`writes no session with ${what} in it, and says where it is`, async (t: TestContext) => {
        const { visit } = await sessionApp(t, options)
        for (const [data, place] of [[{ a: value }, 'a'], [{ cart: { items: [1, { 'at home': value }] } }, 'cart.items[1]["at home"]']] as const) {
          const answer = await visit((session) => session.update(data))

          const { code, message } = answer.json() as { code: string, message: string }
          t.assert.deepStrictEqual([answer.statusCode, code, answer.headers['set-cookie']], [500, 'FST_SESSION_UNSERIALIZABLE', undefined])
          t.assert.ok(message.includes(`${place} cannot be written as JSON: a ${called}`), message)
        }
      })
    }

    test('takes a cookie that was edited, or is of another key or framework, as an empty session, with a debug line', async (t: TestContext) => {
      atNoon(t)
      const flask = ['sha1', 'sha512'].map((digest) => cookieOf({ a: 1 }, { digest: digest as 'sha1' }).replace('session=', ''))
      const edited = [token.replace('Z', 'Y'), `${token.slice(0, -3)}AAA`, token.slice(1), `x${token}`, `"${token}"`]
      for (const value of [...edited, ...flask, sign('{"a":1}', 'another key'), 'null', 'e30', '::', '..']) {
        const log = logOf()
        const { visit } = await sessionApp(t, options, { server: log.server })
        t.assert.strictEqual((await visit((session) => session.size, { cookie: `${cookieName}=${value}` })).body, '0', value)
        // No advice about digests: the peer has one.
        const lines = log.lines.map(({ level, code, hint, msg }) => [level, code, hint, msg])
        t.assert.deepStrictEqual(lines, [[20, 'ERR_TOKEN_BAD_SIGNATURE', undefined, 'session cookie refused']], value)
      }
    })

    for (const json of ['[]', '1', 'null', '"text"', '{', '{"a": }', '', '\ufeff{}']) {
      test(`takes a signed payload that is no object as an empty session: ${json}`, async (t: TestContext) => {
        const log = logOf()
        const { visit } = await sessionApp(t, options, { server: log.server })

        t.assert.strictEqual((await visit((session) => session.size, { cookie: `${cookieName}=${sign(json)}` })).body, '0')
        t.assert.deepStrictEqual(log.lines.map(({ level, code }) => [level, code]), [[40, 'ERR_TOKEN_BAD_PAYLOAD']])
      })
    }

    test('takes a signed payload of more than 262,144 bytes as an empty session', async (t: TestContext) => {
      const { visit } = await sessionApp(t, options)
      for (const [length, size] of [[262_144, '1'], [262_145, '0']] as const) {
        const json = `{"a":"${noise(length - 8)}"}`
        t.assert.strictEqual((await visit((session) => session.size, { cookie: `${cookieName}=${sign(json)}` })).body, size, `${json.length}`)
      }
    })

    test('reads the keys in SECRET_KEY_FALLBACKS too, and signs with SECRET_KEY', async (t: TestContext) => {
      atNoon(t)
      const { visit } = await sessionApp(t, { ...options, secretKey: 'a new secret key', secretKeyFallbacks: [secretKey] })

      t.assert.strictEqual((await visit((session) => session.user, { cookie })).body, 'Zoë')
      const { value } = sessionCookieOf(await visit((session) => { session.user = 'Zoë' }), cookieName) ?? { value: '' }
      t.assert.strictEqual(value, sign(read(token), 'a new secret key'))
    })

    test('has no permanent sessions and no refresh', async (t: TestContext) => {
      atNoon(t)
      const { visit } = await sessionApp(t, { ...options, refreshEachRequest: true })
      const answer = await visit((session) => {
        session.permanent = true
        return [session.permanent, session.modified, session.size]
      })

      t.assert.deepStrictEqual([answer.json(), answer.headers['set-cookie']], [[true, false, 0], undefined])
      t.mock.timers.tick(86_400_000)
      t.assert.strictEqual((await visit((session) => session.user, { cookie })).headers['set-cookie'], undefined)
    })

    test("lets the usual keys, from the options and the config, go before the peer's defaults", async (t: TestContext) => {
      atNoon(t)
      const settings = { SESSION_COOKIE_NAME: 'shared', PERMANENT_SESSION_LIFETIME: 60, SESSION_COOKIE_SAMESITE: 'Strict' }
      const apps = [
        await sessionApp(t, { sessionInterface: make(), ...settings }),
        await sessionApp(t, { sessionInterface: make() }, { config: settings }),
        await sessionApp(t, { sessionInterface: make({ cookieName: 'shared', maxAge: 60, sameSite: 'Strict' }) }),
        await sessionApp(t, { sessionInterface: make({ cookieName: 'other', maxAge: 3, sameSite: null }), ...settings })
      ]
      for (const { visit } of apps) {
        t.mock.timers.setTime(noon * 1000)
        const answer = await visit((session) => { session.user = 'Zoë' })
        t.assert.strictEqual(answer.headers['set-cookie'], `shared=${token}; Path=/; Expires=Fri, 17 May 2024 12:01:00 GMT; HttpOnly; SameSite=Strict`)
        t.mock.timers.tick(60_000)
        t.assert.strictEqual((await visit((session) => session.user, { cookie: `shared=${token}` })).body, 'Zoë')
        t.mock.timers.tick(1000)
        t.assert.strictEqual((await visit((session) => session.user ?? 'nobody', { cookie: `shared=${token}` })).body, 'nobody')
      }
    })

    test('leaves SameSite out where the peer does', async (t: TestContext) => {
      const { visit } = await sessionApp(t, { sessionInterface: make({ sameSite: null, maxAge: undefined }) })

      const set = sessionCookieOf(await visit((session) => { session.a = 1 }), cookieName)
      t.assert.deepStrictEqual(Object.keys(set?.attributes ?? {}), ['Path', 'Expires', 'HttpOnly'])
    })

    test('names a wrong option', (t: TestContext) => {
      for (const [wrong, what] of [[{ cookieName: 'a b' }, 'cookieName'], [{ maxAge: '1 h' }, 'maxAge'], [{ sameSite: 'lux' }, 'sameSite']] as const) {
        t.assert.throws(() => make(wrong as object), (error: Error & { code: string }) => error.code === 'FST_SESSION_INVALID_CONFIG' && error.message.includes(`${what} must be`))
      }
    })

    test('has its name in the test client, and in the helpers outside of requests', async (t: TestContext) => {
      const { app } = await sessionApp(t, options, { after: (app) => app.get('/me', async ({ session }) => session.user) })
      const client = testClient(app)
      await client.sessionTransaction((session) => { session.user = 'Zoë' })

      t.assert.deepStrictEqual((await client.jar.getCookies('https://localhost/')).map(({ key }) => key), [cookieName])
      t.assert.strictEqual((await client.inject('/me')).body, 'Zoë')
      t.assert.strictEqual(app.decodeSession(app.encodeSession(app.createSession({ user: 1 })))?.user, 1)
    })

    test('stands beside other sessions, if their cookies have other names', async (t: TestContext) => {
      const beside = (own: object): object => ({ sessions: [{ cookieName }, { sessionName: 'peer', sessionInterface: make(), ...own }] })

      t.assert.match((await refusalOf(t, beside({}))).message, /cookieName \(SESSION_COOKIE_NAME\) must be another name for each of several sessions/)
      await (await buildApp(t, beside({ cookieName: 'peer' }))).ready()
      const twice = { sessions: [{ sessionInterface: make() }, { sessionName: 'b', cookieName: 'b', sessionInterface: make() }] }
      t.assert.match((await refusalOf(t, twice)).message, /salt must be/)
    })

    test('has empty sessions without a key', async (t: TestContext) => {
      const app = Fastify()
      t.after(() => app.close())
      await app.register(secureSession, options)
      app.get('/', async ({ session }) => session.user ?? 'nobody')

      t.assert.strictEqual((await app.inject({ url: '/', headers: { cookie } })).body, 'nobody')
    })
  })
}
