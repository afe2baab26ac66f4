import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { deflateSync } from 'node:zlib'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, LightMyRequestResponse } from 'fastify'
import secureSession from '../../../lib/index.ts'
import type { SecureSessionOptions } from '../../../lib/index.ts'
import { Signer, URLSafeTimedSerializer } from '../../../lib/itsdangerous/index.ts'
import { sessionApp } from '../../helpers.ts'
import { changesSince, snapshotOfShared } from './shared-objects.ts'
import { levels } from './world.ts'
import type { LogLine } from './world.ts'

// The table of all of them is ADVISORIES.md.

const secretKey = 'the secret key of the advisories'
const now = Date.UTC(2026, 0, 1)
const month = 2_678_400

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

interface App {
  fastify: FastifyInstance
  lines: Array<LogLine & { text: string }>
  /** One request. */
  get (cookie?: string): Promise<LightMyRequestResponse>
}

/** An application with one route, at a time that stands still. */
async function appFor (t: TestContext, handler: Handler, options: SecureSessionOptions = {}): Promise<App> {
  t.mock.timers.reset()
  t.mock.timers.enable({ apis: ['Date'], now })
  const lines: App['lines'] = []
  const write = (text: string): void => {
    if (!/"msg":"(incoming request|request completed)"/.test(text)) lines.push({ ...JSON.parse(text), text })
  }
  const fastify = Fastify({ logger: { level: 'debug', stream: { write } } })
  t.after(() => fastify.close())
  await fastify.register(secureSession, { secretKey, ...options })
  fastify.get('/', async (request, reply) => await handler(request, reply) ?? 'ok')
  await fastify.ready()
  return { fastify, lines, get: (cookie) => fastify.inject({ url: '/', headers: cookie === undefined ? {} : { cookie } }) }
}

/** The data that the handler finds. */
async function readerFor (t: TestContext, options?: SecureSessionOptions): Promise<App> {
  return appFor(t, (request) => request.session.data(), options)
}

interface Signing {
  key?: string | string[]
  salt?: string
}

function signed (payload: string, { key = secretKey, salt = 'cookie-session' }: Signing = {}): string {
  const signing = new URLSafeTimedSerializer(key, { salt, signerOptions: { keyDerivation: 'hmac', digestMethod: 'sha512' } })
  return signing.makeSigner().sign(payload)
}

/** A session cookie with this JSON. */
function cookieOf (json: string, signing?: Signing): string {
  return `session=${signed(Buffer.from(json).toString('base64url'), signing)}`
}

function sessionCookies (response: LightMyRequestResponse): string[] {
  return [response.headers['set-cookie'] ?? []].flat().filter((header) => header.startsWith('session='))
}

function firstCookie (response: LightMyRequestResponse): string {
  return String(sessionCookies(response)[0]).split(';', 1)[0] as string
}

describe('answers of one user in the cache of another', () => {
  test('CVE-2023-30861 (Flask): a permanent session that is refreshed, but not looked at, varies by cookie', async (t: TestContext) => {
    const { get } = await appFor(t, () => 'the same for all')
    const response = await get(cookieOf('{"_permanent":true,"user":"alice"}'))
    t.assert.strictEqual(sessionCookies(response).length, 1)
    t.assert.strictEqual(response.headers.vary, 'Cookie')
  })

  const looks: { [name: string]: (session: FastifyRequest['session']) => unknown } = {
    in: (session) => 'user' in session,
    has: (session) => session.has('user'),
    size: (session) => session.size,
    'Object.keys': (session) => Object.keys(session),
    'for in': (session) => { for (const key in session) session.has(key) },
    spread: (session) => ({ ...session }),
    iteration: (session) => [...session],
    keys: (session) => [...session.keys()],
    'JSON.stringify': (session) => JSON.stringify(session),
    'Object.hasOwn': (session) => Object.hasOwn(session, 'user'),
    permanent: (session) => session.permanent,
    data: (session) => session.data(),
    'a key that is not there': (session) => session.nothing
  }
  for (const [name, look] of Object.entries(looks)) {
    test(`CVE-2026-27205 (Flask): the answer varies by cookie after ${name}`, async (t: TestContext) => {
      const { get } = await appFor(t, (request) => String(look(request.session)))
      t.assert.strictEqual((await get(cookieOf('{"user":"alice"}'))).headers.vary, 'Cookie')
      t.assert.strictEqual((await get()).headers.vary, 'Cookie')
    })
  }

  test('Flask 3.1.3, stream_with_context: a session first read inside a stream varies by cookie', async (t: TestContext) => {
    const { get } = await appFor(t, (request, reply) => {
      async function * chunks (): AsyncGenerator<string> { yield String(request.session.user) }
      return reply.send(Readable.from(chunks()))
    })
    const response = await get(cookieOf('{"user":"alice"}'))
    t.assert.strictEqual(response.body, 'alice')
    t.assert.strictEqual(response.headers.vary, 'Cookie')
  })

  test('CVE-2025-48947 (nextjs-auth0), CVE-2025-64762 (authkit-nextjs), CVE-2024-26144 (Rails): no Set-Cookie without Vary, also in an answer that the application calls public', async (t: TestContext) => {
    const steps: Handler[] = [
      (request) => { request.session.user = 'alice' }, (request) => { request.session.clear() }, (request) => { request.session.touch() },
      (request) => { request.session = null as never }, (request) => { request.session.regenerate() }, (request) => request.session.save()
    ]
    let step = 0
    const { get } = await appFor(t, (request, reply) => {
      reply.header('cache-control', 'public, max-age=600').header('vary', 'Accept-Encoding')
      steps[step]?.(request, reply)
    })
    for (; step < steps.length; step++) {
      const response = await get(cookieOf('{"user":"bob"}'))
      t.assert.strictEqual(sessionCookies(response).length, 1)
      t.assert.strictEqual(response.headers.vary, 'Accept-Encoding, Cookie')
    }
  })

  test('CVE-2014-1418 (Django): an error and a redirect vary by cookie, too', async (t: TestContext) => {
    const { get } = await appFor(t, (request, reply) => {
      if (request.session.user === 'alice') throw new Error('for alice only')
      return reply.redirect('/elsewhere')
    })
    for (const json of ['{"user":"alice"}', '{}']) t.assert.strictEqual((await get(cookieOf(json))).headers.vary, 'Cookie')
  })

  test('CVE-2022-23633 (Rails): what one request does to its data no other request sees', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => {
      const { list } = request.session
      list.push('secret')
      return JSON.stringify(list)
    })
    const cookie = cookieOf('{"list":["own"]}')
    for (let time = 0; time < 4; time++) t.assert.strictEqual((await get(cookie)).body, '["own","secret"]')
  })
})

describe('keys', () => {
  const [oldest, old, newest] = ['the first key of the advisories', 'the second key of the advisories', secretKey]

  test('CVE-2025-47278 (Flask): the newest key signs, all keys verify', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => { request.session.count = (request.session.count ?? 0) + 1; return request.session.data() }, { secretKeyFallbacks: [oldest, old] })
    for (const key of [oldest, old, newest]) {
      const response = await get(cookieOf('{"count":1}', { key }))
      t.assert.deepStrictEqual(response.json(), { count: 2 })
      t.assert.strictEqual(firstCookie(response), cookieOf('{"count":2}', { key: newest }))
    }
  })

  test('itsdangerous.js 1.1.5: verifying, also in vain, does not change which key signs', (t: TestContext) => {
    const keys = [oldest, old, newest]
    const signer = new Signer(keys)
    const expected = new Signer(newest).sign('value')
    for (const token of [expected, new Signer(oldest).sign('value'), 'forged.token', new Signer('another key').sign('value')]) {
      signer.validate(token)
      t.assert.strictEqual(signer.sign('value'), expected)
    }
    t.assert.deepStrictEqual(keys, [oldest, old, newest])
  })

  for (const [advisory, key] of [
    ['CVE-2023-27524 (Superset)', 'CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET'], ['CVE-2023-27524 (Superset)', 'thisISaSECRET_1234'], ['CVE-2023-27524 (Superset)', '\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h'],
    ['CVE-2020-17526 (Airflow)', 'temporary_key'], ['CVE-2021-41192 (Redash)', 'c292a0a3aa32397cdb050e233733900f'], ['the documentation of Flask', '_5#y2L"F4Q8z\n\xec]/'], ['a tutorial', 'dev'],
    ['a key that can be guessed', 'fifteen letters']
  ] as const) {
    test(`${advisory}: a key that everybody knows is warned of at start-up, and not told: ${JSON.stringify(key)}`, async (t: TestContext) => {
      const { lines } = await readerFor(t, { secretKey: key })
      t.assert.deepStrictEqual(lines.map(({ level }) => level), [levels.warn])
      // 'dev' is a part of other words
      t.assert.ok(key.length < 5 || !lines[0]?.text.includes(JSON.stringify(key).slice(1, -1)))
    })
  }

  for (const [name, options] of Object.entries<SecureSessionOptions>({
    'an empty old key': { secretKeyFallbacks: ['a good old key of 30 characters', ''] },
    'empty bytes for an old key': { secretKeyFallbacks: [new Uint8Array(0)] },
    'an empty old key in a text': { secretKeyFallbacks: 'a good old key of 30 characters,' },
    'a hole in the list of old keys': { secretKeyFallbacks: [undefined as unknown as string] }
  })) {
    test(`CVE-2020-17526 (Airflow), keys that are none: ${name} is refused at start-up`, async (t: TestContext) => {
      const fastify = Fastify()
      t.after(() => fastify.close())
      fastify.register(secureSession, { secretKey, ...options })
      await t.assert.rejects(async () => fastify.ready(), { code: 'FST_SESSION_INVALID_CONFIG' })
    })
  }

  test('CVE-2020-17526 (Airflow), keys that are none: a text of old keys is not taken letter by letter', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { secretKeyFallbacks: 'abc' })

    for (const key of ['a', 'b', 'c']) {
      const { body } = await visit((session) => session.user ?? 'nobody', { cookie: cookieOf('{"user":"admin"}', { key }) })
      t.assert.strictEqual(body, 'nobody')
    }
  })

  test('CVE-2026-39324 (rack-session), CVE-2015-9235 (jsonwebtoken): nothing is read without a signature', async (t: TestContext) => {
    const { get, lines } = await readerFor(t)
    const payload = Buffer.from('{"user":"admin"}').toString('base64url')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const stamp = signed(payload).split('.')[1] as string
    for (const value of [payload, `${payload}.`, `${payload}.${stamp}`, `${payload}.${stamp}.`, `.${stamp}.`, '{"user":"admin"}', `${none}.${payload}.`, `j:{"user":"admin"}`, `${payload}.${stamp}.${payload}`]) { // eslint-disable-line @stylistic/quotes
      t.assert.deepStrictEqual((await get(`session=${value}`)).json(), {}, value)
    }
    t.assert.ok(lines.length > 0 && lines.every(({ level }) => level === levels.debug))
  })

  test('CVE-2026-39324 (rack-session): without a key nothing is read at all', async (t: TestContext) => {
    const { get } = await readerFor(t, { secretKey: undefined })
    for (const key of [secretKey, 'undefined', 'null']) t.assert.deepStrictEqual((await get(cookieOf('{"user":"admin"}', { key }))).json(), {})
  })
})

describe('signatures', () => {
  test('GHSA-63x4-8g8c-vhww (tinyhttp), cookie-signature issue 40: nothing may follow a signature', async (t: TestContext) => {
    const { get } = await readerFor(t)
    const cookie = cookieOf('{"user":"alice"}')
    for (const tail of ['x', 'tampered', '=', '==', '.', '%20', '\x00', '-', 'A', 'AAAA', '"']) t.assert.deepStrictEqual((await get(cookie + tail)).json(), {}, tail)
    t.assert.deepStrictEqual((await get(cookie)).json(), { user: 'alice' })
  })

  test('itsdangerous issues 28 and 368, joserfc pull 51: the last letter of a signature has one spelling', async (t: TestContext) => {
    const { get } = await readerFor(t)
    const cookie = cookieOf('{"user":"alice"}')
    const accepted = []
    for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if ((await get(cookie.slice(0, -1) + letter)).body !== '{}') accepted.push(letter)
    }
    t.assert.deepStrictEqual(accepted, [cookie.at(-1)])
  })

  test('RangeError of timingSafeEqual (many): a signature of any length is refused without a failure', async (t: TestContext) => {
    for (const digestMethod of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const { get } = await readerFor(t, { digestMethod })
      for (let length = 0; length < 130; length++) {
        const response = await get(`session=eyJhIjoxfQ.aVXAAA.${'A'.repeat(length)}`)
        t.assert.strictEqual(response.statusCode, 200)
        t.assert.strictEqual(response.body, '{}')
      }
    }
  })

  test('client-sessions 297e86c, hono 47243a4b: a value cannot be moved to the cookie of another session', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => ({ session: request.session.data(), admin: (request as unknown as { admin: FastifyRequest['session'] }).admin.data() }), { sessions: [{}, { sessionName: 'admin' }] })
    const own = signed(Buffer.from('{"user":"alice"}').toString('base64url'))
    const admins = signed(Buffer.from('{"user":"alice"}').toString('base64url'), { salt: 'cookie-session.admin' })
    t.assert.deepStrictEqual((await get(`session=${own}; admin=${admins}`)).json(), { session: { user: 'alice' }, admin: { user: 'alice' } })
    t.assert.deepStrictEqual((await get(`session=${admins}; admin=${own}`)).json(), { session: {}, admin: {} })
  })

  test('a reset link signed with the same key is no session', async (t: TestContext) => {
    const { get } = await readerFor(t)
    for (const salt of ['password-reset', 'itsdangerous', 'itsdangerous.Signer', 'cookie-session.', 'cookie-sessio']) t.assert.deepStrictEqual((await get(cookieOf('{"user":"alice"}', { salt }))).json(), {})
  })
})

describe('the life of a session', () => {
  test('CVE-2022-25896 (passport): regenerate drops what was planted before the login', async (t: TestContext) => {
    const { get } = await appFor(t, async (request) => {
      await request.session.regenerate(['cart'])
      request.session.user = 'alice'
      return request.session.data()
    })
    const response = await get(cookieOf('{"user":"mallory","role":"admin","csrf":"known","cart":[1]}'))
    t.assert.deepStrictEqual(response.json(), { cart: [1], user: 'alice' })
    t.assert.strictEqual(firstCookie(response), cookieOf('{"cart":[1],"user":"alice"}'))
  })

  test('CVE-2024-31999 (@fastify/secure-session): a kept cookie ends with its lifetime, though the session was ended and others were refreshed', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => {
      const data = request.session.data()
      if (data.user === 'bob') request.session.delete()
      return data
    })
    const [kept, ended] = [cookieOf('{"_permanent":true,"user":"alice"}'), cookieOf('{"user":"bob"}')]
    t.assert.strictEqual(sessionCookies(await get(ended))[0], 'session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly')
    t.mock.timers.tick(month * 1000)
    // a stateless session can be replayed that long: the README says so
    t.assert.strictEqual((await get(kept)).json().user, 'alice')
    t.assert.strictEqual((await get(ended)).json().user, 'bob')
    t.mock.timers.tick(1000)
    t.assert.deepStrictEqual((await get(kept)).json(), {})
    t.assert.deepStrictEqual((await get(ended)).json(), {})
  })

  test('CVE-2024-35220 (@fastify/session): a maxAge for the browser does not make the server accept a cookie for longer', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => {
      const data = request.session.data()
      request.session.options({ maxAge: 10 * 365 * 86_400, expires: new Date(now * 2) })
      request.session.touch()
      return data
    }, { permanentSessionLifetime: 60 })
    const cookie = firstCookie(await get(cookieOf('{"user":"alice"}')))
    t.mock.timers.tick(61_000)
    t.assert.deepStrictEqual((await get(cookie)).json(), {})
  })

  test('CVE-2025-46336 (rack-session): a slow request that only reads does not bring back a session that was ended meanwhile', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => request.session.data())
    t.assert.deepStrictEqual(sessionCookies(await get(cookieOf('{"user":"alice"}'))), [])
    const permanent = await appFor(t, (request) => request.session.data(), { refreshEachRequest: false })
    t.assert.deepStrictEqual(sessionCookies(await permanent.get(cookieOf('{"_permanent":true,"user":"alice"}'))), [])
  })

  test('CVE-2015-5963 (Django): nobody gets a session by asking, with or without a bad cookie', async (t: TestContext) => {
    const { get } = await readerFor(t)
    for (const cookie of [undefined, 'session=', 'session=x', `${cookieOf('{"user":"alice"}')}x`, cookieOf('{}')]) t.assert.deepStrictEqual(sessionCookies(await get(cookie)), [])
  })
})

describe('names and headers', () => {
  const options: SecureSessionOptions = { cookieName: '__Host-session', cookie: { secure: true } }

  test('CVE-2023-23934 (Werkzeug): a cookie without a name does not stand for one with a __Host- name', async (t: TestContext) => {
    const { get } = await readerFor(t, options)
    const [mallory, alice] = ['mallory', 'alice'].map((user) => cookieOf(`{"user":"${user}"}`).replace('session=', '__Host-session='))
    for (const shadow of [`=${mallory}`, `= ${mallory}`, `==${mallory}`, ` =${mallory}`, `x ${mallory}`]) {
      t.assert.deepStrictEqual((await get(shadow)).json(), {}, shadow)
      t.assert.deepStrictEqual((await get(`${shadow}; ${alice}`)).json(), { user: 'alice' }, shadow)
    }
  })

  test('cookie prefix bypass by white space (Django, ASP.NET, Werkzeug): only space and tab stand before a name', async (t: TestContext) => {
    const { get } = await readerFor(t, options)
    const [mallory, alice] = ['mallory', 'alice'].map((user) => cookieOf(`{"user":"${user}"}`).replace('session=', '__Host-session='))
    const spaces = ['\v', '\f', '\x1c', '\x1d', '\x1e', '\x1f', '\x85', '\xa0', '\u1680', '\u2000', '\u2009', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\ufeff', '\u200b', '\u180e']
    for (const space of spaces) {
      // as bytes, and as the character itself where a header may have it
      for (const bytes of [Buffer.from(space).toString('latin1'), space].filter((text) => !/[\u0100-\uffff]/.test(text))) {
        const shadow = `${bytes}${mallory}`
        t.assert.deepStrictEqual((await get(`${shadow}; ${alice}`)).json(), { user: 'alice' }, JSON.stringify(bytes))
        t.assert.deepStrictEqual((await get(shadow)).json(), {}, JSON.stringify(bytes))
        t.assert.deepStrictEqual((await get(String(mallory).replace('=', `${bytes}=`))).json(), {}, JSON.stringify(bytes))
      }
    }
  })

  test('cookie sandwich and phantom $Version (Tomcat, Jetty, Flask): quotes and $Version change nothing', async (t: TestContext) => {
    const { get } = await readerFor(t)
    const cookie = cookieOf('{"user":"alice"}')
    const quoted = cookie.replace('=', '="') + '"'
    t.assert.deepStrictEqual((await get(`$Version=1; x="start; ${cookie}; y=end"`)).json(), { user: 'alice' })
    t.assert.deepStrictEqual((await get(`$Version=1; ${quoted}; $Path="/"`)).json(), {})
  })

  test('names in another case or percent-encoded are other names', async (t: TestContext) => {
    const { get } = await readerFor(t)
    const cookie = cookieOf('{"user":"alice"}')
    for (const name of ['Session', 'SESSION', '%73ession', 'session%20', '"session"', 'session[]', 'sess\xc4\xb1on']) {
      t.assert.deepStrictEqual((await get(cookie.replace('session', name))).json(), {}, name)
    }
  })

  for (const [name, option] of Object.entries<SecureSessionOptions>({
    'a line break in the name': { cookieName: 'legit\r\nX-Injected: evil' },
    'a semicolon in the name': { cookieName: 'session; Domain=evil.example' },
    'an = in the name': { cookieName: 'session=x' },
    'no name': { cookieName: '' },
    'a line break in the path': { cookie: { path: '/\r\nSet-Cookie: a=b' } },
    'a line break in the domain': { cookie: { domain: 'example.com\r\nX: y' } },
    'a semicolon in the domain': { cookie: { domain: 'example.com; Path=/' } },
    'text for sameSite': { cookie: { sameSite: 'Lax; Domain=evil.example' } }
  })) {
    test(`CVE-2024-47764 (cookie), GHSA-26pp-8wgv-hjvm (Hono): ${name} is refused at start-up`, async (t: TestContext) => {
      const fastify = Fastify()
      t.after(() => fastify.close())
      fastify.register(secureSession, { secretKey, ...option })
      await t.assert.rejects(async () => fastify.ready(), { code: 'FST_SESSION_INVALID_CONFIG' })
    })
  }

  test('CVE-2024-47764 (cookie): a semicolon in the path is encoded', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => { request.session.user = 'alice' }, { cookie: { path: '/app; Domain=evil.example' } })
    t.assert.match(sessionCookies(await get())[0] as string, /; Path=\/app%3B%20Domain=evil\.example; HttpOnly$/)
  })

  test('CVE-2024-47764 (cookie): a semicolon in the path of session.options() is encoded', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => {
      request.session.user = 'alice'
      request.session.options({ path: '/app; Domain=evil.example' })
    })
    t.assert.match(sessionCookies(await get())[0] as string, /; Path=\/app%3B%20Domain=evil\.example; HttpOnly$/)
  })

  for (const attributes of [
    { path: '/\r\nSet-Cookie: a=b' }, { domain: 'example.com; Path=/' }, { domain: 'example.com\r\nX: y' }, { sameSite: 'lax; Domain=evil.example' }
  ]) {
    test(`CVE-2024-47764 (cookie): session.options() cannot add attributes or headers: ${JSON.stringify(attributes)}`, async (t: TestContext) => {
      const { get } = await appFor(t, (request) => {
        request.session.user = 'alice'
        request.session.options(attributes)
      })
      const response = await get()
      t.assert.strictEqual(response.statusCode, 500)
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    })
  }

  test('CVE-2023-26136 (tough-cookie), CVE-2022-24999 (qs): __proto__ is a key like others, in cookies, headers and writes', async (t: TestContext) => {
    const shared = snapshotOfShared()
    const { get } = await appFor(t, (request) => {
      const { session } = request
      session.set('__proto__', { polluted: 1 })
      session.set('constructor', { prototype: { polluted: 2 } })
      session['__proto__'] = { polluted: 3 } // eslint-disable-line no-proto
      session.update([['__proto__', { polluted: 4 }], ['prototype', 5]])
      session.update(JSON.parse('{"__proto__":{"polluted":6}}'))
      Object.assign(session, JSON.parse('{"__proto__":{"polluted":7}}'))
      request.session = JSON.parse('{"__proto__":{"polluted":8},"user":"alice"}')
      return { polluted: ({} as { polluted?: number }).polluted ?? null, own: session.polluted ?? null, keys: Object.keys(session), value: session.get('__proto__') }
    })
    const response = await get(`__proto__=x; constructor=y; ${cookieOf('{"__proto__":{"polluted":0},"constructor":{"prototype":{"polluted":0}},"a":{"__proto__":{"polluted":0}}}')}`)
    t.assert.deepStrictEqual(response.json(), { polluted: null, own: null, keys: ['__proto__', 'user'], value: { polluted: 8 } })
    t.assert.deepStrictEqual(changesSince(shared), [])
  })

  test('lines in logs (log4j and others): a refused cookie is neither quoted nor able to begin a line', async (t: TestContext) => {
    const { get, lines } = await readerFor(t)
    for (const value of ['${jndi:ldap://evil.example/a}', '%0d%0aforged line', '\u001b[31mred', 'eyJ1c2VyIjoiYWxpY2UifQ.abcdef.secret-signature']) await get(`session=${value}`) // eslint-disable-line no-template-curly-in-string
    t.assert.strictEqual(lines.length, 4)
    for (const { text } of lines) t.assert.doesNotMatch(text, /jndi|forged|red|eyJ1|secret-sig/)
  })
})

describe('what costs too much', () => {
  const packed = (text: string | Buffer): string => `session=${signed('.' + deflateSync(text).toString('base64url'))}`

  test('CVE-2024-28176 (jose): a payload inflates to 256 KiB and not further', async (t: TestContext) => {
    const { get, lines } = await readerFor(t)
    for (const cookie of [packed(`{"x":"${'x'.repeat(3_000_000)}"}`), packed(Buffer.alloc(50_000_000)), packed(`{"x":"${'x'.repeat(262_137)}"}`)]) t.assert.strictEqual((await get(cookie)).body, '{}')
    t.assert.deepStrictEqual(lines.map(({ code }) => code), Array(3).fill('ERR_TOKEN_BAD_PAYLOAD'))
  })

  test('CVE-2024-28176 (jose): a user cannot store a text that can never be read again', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => { request.session.bio = 'x'.repeat(3_000_000) })
    const response = await get(cookieOf('{"user":"alice"}'))
    t.assert.strictEqual(response.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.deepStrictEqual(sessionCookies(response), [])
  })

  test('CVE-2020-36518 (jackson-databind): nested lists end at 256, before any stack does', async (t: TestContext) => {
    const { get } = await readerFor(t)
    for (const depth of [256, 5000, 100_000, 1_000_000]) {
      const response = await get(packed(`{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`))
      t.assert.strictEqual(response.statusCode, 200)
      t.assert.strictEqual(response.body, '{}')
    }
  })

  test('CVE-2017-16119 (fresh) and other regular expressions: a hostile header of 16 KiB takes no time that is noticed', async (t: TestContext) => {
    const { get } = await readerFor(t)
    const parts = ['.', '=', ' ', '\t', ';', '"', '\\"', 'session', 'session=', ' session ', 'session=;', '-', 'A', '%', '\xff', '\\', '0', '" ', ' =']
    const start = process.hrtime.bigint()
    for (const part of parts) {
      const text = part.repeat(Math.floor(16_384 / part.length))
      for (const cookie of [text, `session=${text}`, `${text}session=a.b.c`, `session=${text}.aVXAAA.${'A'.repeat(86)}`]) t.assert.strictEqual((await get(cookie)).statusCode, 200)
    }
    const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
    t.assert.ok(milliseconds < 4 * parts.length * 50, `${milliseconds} ms`)
  })

  test('regular expressions for numbers and strings: a signed payload of 256 KiB takes no time that is noticed', async (t: TestContext) => {
    const { get } = await readerFor(t)
    const start = process.hrtime.bigint()
    for (const part of ['"', '\\', '\\"', '-', '1', '1.', '1e', '.0', 'NaN', '-Infinity', ' ', '"\\', '0', '1.0']) {
      for (const text of [`{"x":NaN${part.repeat(262_000 / part.length)}`, `{"x":1.0,"y":"${part.repeat(262_000 / part.length)}`]) {
        t.assert.strictEqual((await get(packed(text))).body, '{}')
      }
    }
    const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
    t.assert.ok(milliseconds < 28 * 500, `${milliseconds} ms`)
  })
})

describe('data that acts', () => {
  test('CVE-2013-0156 (Rails), CVE-2017-5941 (node-serialize), pickled sessions: nothing in a payload is run', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => ({ code: request.session.code, kind: typeof request.session.code }))
    const code = '_$$ND_FUNC$$_function () { process.exit(1) }()'
    t.assert.deepStrictEqual((await get(cookieOf(JSON.stringify({ code })))).json(), { code, kind: 'string' })
    const pickled = Buffer.from("cos\nsystem\n(S'true'\ntR.")
    t.assert.deepStrictEqual((await get(`session=${signed(pickled.toString('base64url'))}`)).json(), { kind: 'undefined' })
  })

  test('keys that the language calls are data: then, toJSON, valueOf, toString, Symbol.toPrimitive', async (t: TestContext) => {
    const { get } = await appFor(t, async (request) => {
      const session = await (async () => request.session)()
      return { then: session.get('then'), text: `${session.get('user')}`, keys: Object.keys(session) }
    })
    const json = '{"then":"x","toJSON":"y","valueOf":1,"toString":null,"Symbol(Symbol.toPrimitive)":2,"user":"alice"}'
    t.assert.deepStrictEqual((await get(cookieOf(json))).json(), { then: 'x', text: 'alice', keys: ['then', 'toJSON', 'valueOf', 'toString', 'Symbol(Symbol.toPrimitive)', 'user'] })
  })

  test('an integer of another user: ids past 2^53 are not rounded', async (t: TestContext) => {
    const { get } = await appFor(t, (request) => String(request.session.user_id))
    for (const id of ['9007199254740993', '9223372036854775807', '18446744073709551615', `1${'0'.repeat(400)}1`]) t.assert.strictEqual((await get(cookieOf(`{"user_id":${id}}`))).body, id)
  })
})
