import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { runInNewContext } from 'node:vm'
import { SecureCookieSessionInterface, SessionInterface } from '../../lib/index.ts'
import type { SecureCookieSession, SessionApp, SessionRequest } from '../../lib/index.ts'
import { buildApp, cookieAfter, cookieOf, cookieOfText, noise, savedData, savedText, secretKey, sessionApp, sessionCookieOf, setCookiesOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'

const fileOf = (path: string): string => JSON.stringify(new URL(`../../${path}`, import.meta.url).href)

describe('where jsdom has replaced the global Uint8Array', () => {
  // Afterwards the global is a class of another realm, which Buffer does not extend.
  const script = `
    import Fastify from 'fastify'
    import { runInNewContext } from 'node:vm'
    globalThis.Uint8Array = runInNewContext('Uint8Array')
    const { secureSession } = await import(${fileOf('lib/index.ts')})
    const { TimestampSigner } = await import(${fileOf('lib/itsdangerous/index.ts')})
    const { sealSecretBox } = await import(${fileOf('lib/crypto/secretbox.ts')})

    async function visit (secretKey, digestMethod) {
      const key = Buffer.alloc(32, 1)
      const app = Fastify()
      app.register(secureSession, { secretKey, digestMethod, readSecureSession: { key } })
      app.get('/write', async ({ session }) => {
        Object.assign(session, { bytes: new Uint8Array([1, 2]), buffer: Buffer.from('ab'), date: new Date(0) })
      })
      app.get('/read', async ({ session }) => [String(session.bytes), String(session.buffer), session.date?.getTime(), session.old])
      const { cookies: [{ value }] } = await app.inject('/write')
      const nonce = Buffer.alloc(24, 2)
      const message = Buffer.from(JSON.stringify({ old: 42, __ts: Math.floor(Date.now() / 1000) }))
      const old = [sealSecretBox(message, nonce, key), nonce].map((part) => part.toString('base64')).join(';')
      const answers = []
      for (const session of [value, old]) answers.push((await app.inject({ url: '/read', cookies: { session } })).body)
      return answers.join(' ')
    }

    const keys = ['a secret of sixteen bytes', Buffer.from('a secret of sixteen bytes'), new Uint8Array(32).fill(7)]
    const answers = new Set()
    for (const key of keys) for (const digest of ['sha512', 'sha1']) answers.add(await visit(key, digest))
    const signer = new TimestampSigner(Buffer.from('key'))
    console.log(JSON.stringify([Buffer.from('') instanceof Uint8Array, ...answers, String(signer.unsign(signer.sign(Buffer.from('value'))))]))
  `

  test('sessions work with keys of text and bytes, and so do cookies of @fastify/secure-session and tokens', (t: TestContext) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      cwd: import.meta.dirname, encoding: 'utf8', timeout: 60_000
    })

    t.assert.strictEqual(stderr, '')
    t.assert.deepStrictEqual(JSON.parse(stdout), [false, '["\\u0001\\u0002","ab",0,null] ["undefined","undefined",null,42]', 'value'])
  })
})

describe('what comes from another realm', () => {
  const foreign = (code: string): unknown => runInNewContext(code)

  test('is kept as what it is: bytes, dates, boxed values, lists and dicts', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const code = '({ bytes: new Uint8Array([1, 2]), date: new Date(0), text: Object("a"), number: Object(1), yes: Object(true), list: [{ a: [] }] })'

    t.assert.strictEqual(savedText(await visit((session) => { session.update(foreign(code) as object) })),
      '{"bytes":{" b":"AQI="},"date":{" d":"Thu, 01 Jan 1970 00:00:00 GMT"},"text":"a","number":1,"yes":true,"list":[{"a":[]}]}')
  })

  test('is a key, and a date of cookie options', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKey: foreign(`new Uint8Array([${Array.from(Buffer.from(secretKey)).join()}])`) as Uint8Array })

    const response = await visit((session) => {
      session.user = 1
      session.options({ expires: foreign('new Date(0)') as Date })
    })
    t.assert.deepStrictEqual(savedData(response), { user: 1 })
    t.assert.strictEqual(sessionCookieOf(response)?.attributes.Expires, 'Thu, 01 Jan 1970 00:00:00 GMT')
  })

  test('is an error with a code, which the client of an openSession sees as it was thrown', async (t: TestContext) => {
    class Failing extends SessionInterface {
      override async openSession (): Promise<never> {
        return await foreign('Promise.reject(Object.assign(new Error("down"), { code: "STORE_DOWN" }))') as never
      }

      override saveSession (): void {}
    }
    const { visit } = await sessionApp(t, { secretKey: undefined, sessionInterface: new Failing() }, { config: { SECRET_KEY: secretKey } })

    t.assert.strictEqual((await visit((session) => session.user)).json().code, 'STORE_DOWN')
  })
})

describe('the error for a session that is too large', () => {
  test('says how many keys there are, where no key is large', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const keys = noise(300 * 14).match(/.{14}/g) ?? []

    const response = await visit((session) => { for (const key of keys) session[key] = 1 })

    t.assert.strictEqual(response.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.match(response.json().message, /, of 300 keys/)
  })
})

describe('cookie attributes of a route that make the cookie longer', () => {
  test('compress data of each size that would not fit otherwise', async (t: TestContext) => {
    let size = 0
    const app = await buildApp(t, {}, {
      after: (app) => app.get('/', {
        config: { session: { path: `/${'a'.repeat(50)}`, domain: 'shop.example' } }
      }, async ({ session }) => { session.a = 'x'.repeat(size) })
    })

    const compressed: boolean[] = []
    for (size = 2861; size <= 2925; size++) {
      const response = await app.inject('/')
      t.assert.ok(String(response.headers['set-cookie']).length <= 4093)
      t.assert.deepStrictEqual(savedData(response), { a: 'x'.repeat(size) })
      compressed.push(sessionCookieOf(response)?.value.startsWith('.') === true)
    }
    t.assert.deepStrictEqual(compressed, compressed.toSorted((a, b) => Number(a) - Number(b)))
    t.assert.deepStrictEqual([compressed.at(0), compressed.at(-1)], [false, true])
  })
})

test('a float that is decoded and encoded outside of requests stays a float', async (t: TestContext) => {
  const app = await buildApp(t)
  await app.ready()
  const session = app.decodeSession(cookieOfText('{"price":1.0}').slice('session='.length))

  const cookies = [`session=${app.encodeSession(session ?? app.createSession())}`]
  t.assert.strictEqual(savedText({ headers: { 'set-cookie': cookies } }), '{"price":1.0}')
})

describe('the request is seen by', () => {
  /** One cookie for each tenant, by the host name. */
  class Tenants extends SecureCookieSessionInterface {
    readonly outside: string[] = []

    override getCookieName (app: SessionApp, request?: SessionRequest): string {
      return this.#tenant('name', request) ?? super.getCookieName(app, request)
    }

    override getCookieDomain (app: SessionApp, request?: SessionRequest): string | null {
      return this.#tenant('domain', request) === undefined ? super.getCookieDomain(app, request) : request?.hostname ?? null
    }

    override getCookiePath (app: SessionApp, request?: SessionRequest): string {
      const tenant = this.#tenant('path', request)
      return tenant === undefined ? super.getCookiePath(app, request) : `/${tenant}`
    }

    #tenant (getter: string, request: SessionRequest | undefined): string | undefined {
      if (request === undefined) this.outside.push(getter)
      return request?.hostname.split('.')[0]
    }
  }

  test('getters: each tenant has a cookie of its own, by host name', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sessionInterface: new Tenants() })
    const write: Act = (session, request) => { session.host = request.hostname }
    const read: Act = (session) => session.data()

    const one = await visit(write, { headers: { host: 'one.example' } })
    const two = await visit(write, { headers: { host: 'two.example' } })
    const both = `${cookieAfter(one, 'one')}; ${cookieAfter(two, 'two')}`

    t.assert.deepStrictEqual(setCookiesOf(one).map(({ name, attributes: { Domain, Path } }) => [name, Domain, Path]), [['one', 'one.example', '/one']])
    t.assert.deepStrictEqual((await visit(read, { headers: { host: 'one.example' }, cookie: both })).json(), { host: 'one.example' })
    t.assert.deepStrictEqual((await visit(read, { headers: { host: 'two.example' }, cookie: both })).json(), { host: 'two.example' })
    t.assert.deepStrictEqual((await visit(read, { headers: { host: 'three.example' }, cookie: both })).json(), {})
  })

  test('no getter outside of requests', async (t: TestContext) => {
    const tenants = new Tenants()
    const app = await buildApp(t, { sessionInterface: tenants })
    await app.ready()
    tenants.outside.splice(0)

    app.encodeSession(app.createSession({ a: 1 }))

    t.assert.deepStrictEqual(tenants.outside, ['name', 'domain', 'path'])
  })

  test('shouldSetCookie: a poll does not refresh the session, and saves a change', async (t: TestContext) => {
    class WithoutPolls extends SecureCookieSessionInterface {
      override shouldSetCookie (app: SessionApp, session: SecureCookieSession, request?: SessionRequest): boolean {
        return super.shouldSetCookie(app, session, request) && (session.modified || request?.headers['x-poll'] === undefined)
      }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new WithoutPolls() })
    const cookie = cookieOf({ user: 1, _permanent: true })

    t.assert.strictEqual(sessionCookieOf(await visit(undefined, { cookie, headers: { 'x-poll': '1' } })), undefined)
    t.assert.deepStrictEqual(savedData(await visit(undefined, { cookie })), { user: 1, _permanent: true })
    t.assert.deepStrictEqual(savedData(await visit((session) => { session.user = 2 }, { cookie, headers: { 'x-poll': '1' } })), { user: 2, _permanent: true })
  })

  test('no override that does without it', async (t: TestContext) => {
    class Older extends SecureCookieSessionInterface {
      override getCookieName (app: SessionApp): string { return `older_${super.getCookieName(app)}` }
      override shouldSetCookie (app: SessionApp, session: SecureCookieSession): boolean { return super.shouldSetCookie(app, session) }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Older() })

    const written = await visit((session) => { session.a = 1 })

    t.assert.deepStrictEqual((await visit((session) => session.data(), { cookie: cookieAfter(written, 'older_session') })).json(), { a: 1 })
  })
})
