import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import { JSONTag, SecureCookieSessionInterface, TaggedJSONSerializer } from '../../lib/index.ts'
import type { SecureCookieSession, Session, SessionApp, SessionCookieOptions, SessionRequest } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { cookieAfter, cookieOf, cookieOfText, logOf, noise, parseSetCookie, savedData, savedText, secretKey, sessionApp, sessionCookieOf, setCookiesOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'

const now = Date.UTC(2024, 0, 1)
/** 31 days later. */
const inAMonth = 'Thu, 01 Feb 2024 00:00:00 GMT'

describe('the cookie', () => {
  test('is what Flask on SHA-512 makes of the same data', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.user_id = 42 })

    // Flask 3.1.3, ItsDangerous 2.2.0, digest_method = hashlib.sha512
    t.assert.strictEqual(response.headers['set-cookie'],
      'session=eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.V3ItAyolOyjSRmLVPYRc93Z0cZCcvHR6WGpW4qofLHeHBPQVaNCbVgBgv2_UsfICDuyE0L3VPSJxwXxlFaSDTw; Path=/; HttpOnly')
  })

  test('is what stock Flask makes of the same data with the digest sha1', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    const { visit } = await sessionApp(t, { digestMethod: 'sha1' })

    const response = await visit((session) => { session.user_id = 42 })

    // Flask 3.1.3, ItsDangerous 2.2.0
    t.assert.strictEqual(response.headers['set-cookie'], 'session=eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.iwZUt7PZ7jC8AjzoTlM10FrBrxw; Path=/; HttpOnly')
  })

  test('has an Expires when the session is permanent', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.permanent = true })

    t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { Path: '/', Expires: inAMonth, HttpOnly: true })
  })

  test('is deleted with the same attributes when the session was emptied', async (t: TestContext) => {
    const cookie = { domain: 'example.com', path: '/app', httpOnly: false, secure: true, partitioned: true, sameSite: 'None' }
    const { visit } = await sessionApp(t, { cookie })
    const empty: Act[] = [
      (session) => { session.clear() },
      (session) => { session.delete() },
      (session) => { delete session.a },
      (session) => session.pop('a'),
      (_session, request) => { request.session = null },
      (_session, request) => { request.session = {} },
      async (session) => { await session.destroy() },
      async (session) => { await session.regenerate() }
    ]

    for (const act of empty) {
      const response = await visit(act, { cookie: cookieOf({ a: 1 }) })

      t.assert.strictEqual(response.headers['set-cookie'],
        'session=; Max-Age=0; Domain=example.com; Path=/app; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; Partitioned; SameSite=None')
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    }
  })

  test('is deleted with HttpOnly and the default path', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.clear() }, { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(response.headers['set-cookie'], 'session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly')
  })

  test('is neither set nor deleted when an empty session stays empty', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    for (const cookie of [undefined, 'session=', 'session=forged', cookieOf({})]) {
      const response = await visit((session) => session.size, { cookie })

      t.assert.strictEqual(response.headers['set-cookie'], undefined)
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    }
  })

  test('is set when one key was added and another deleted', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.clear(); session.b = 2 }, { cookie: cookieOf({ a: 1 }) })

    t.assert.deepStrictEqual(savedData(response), { b: 2 })
  })

  test('is not sent again for the same data, and has a new timestamp after touch()', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { browser } = await sessionApp(t)
    const { visit } = browser()

    const first = await visit((session) => { session.a = 1 })
    t.mock.timers.tick(1000)
    const read = await visit((session) => session.a)
    const touched = await visit((session) => { session.touch() })

    t.assert.strictEqual(read.headers['set-cookie'], undefined)
    t.assert.notStrictEqual(cookieAfter(touched), cookieAfter(first))
    t.assert.deepStrictEqual(savedData(touched), { a: 1 })
  })
})

describe('refreshing', () => {
  const untouched: Act = () => {}
  const read: Act = (session) => session.a
  const write: Act = (session) => { session.b = 2 }
  const table: Array<[permanent: boolean, refresh: boolean, name: string, act: Act, isSet: boolean, vary: string | undefined]> = [
    [true, true, 'untouched', untouched, true, 'Cookie'],
    [true, true, 'read', read, true, 'Cookie'],
    [true, true, 'written', write, true, 'Cookie'],
    [true, false, 'untouched', untouched, false, undefined],
    [true, false, 'read', read, false, 'Cookie'],
    [true, false, 'written', write, true, 'Cookie'],
    [false, true, 'untouched', untouched, false, undefined],
    [false, true, 'read', read, false, 'Cookie'],
    [false, true, 'written', write, true, 'Cookie'],
    [false, false, 'untouched', untouched, false, undefined],
    [false, false, 'read', read, false, 'Cookie'],
    [false, false, 'written', write, true, 'Cookie']
  ]
  for (const [permanent, refreshEachRequest, name, act, isSet, vary] of table) {
    const title = `a ${permanent ? 'permanent' : 'passing'} session that was ${name} is ${isSet ? '' : 'not '}sent with refresh ${refreshEachRequest ? 'on' : 'off'}`
    test(title, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit } = await sessionApp(t, { refreshEachRequest })
      const cookie = cookieOf(permanent ? { a: 1, _permanent: true } : { a: 1 })
      t.mock.timers.tick(1000)

      const response = await visit(act, { cookie })

      t.assert.strictEqual(response.headers.vary, vary)
      const saved = sessionCookieOf(response)
      t.assert.strictEqual(saved !== undefined, isSet)
      t.assert.strictEqual(saved?.attributes.Expires, isSet && permanent ? 'Thu, 01 Feb 2024 00:00:01 GMT' : undefined)
    })
  }

  test('a refreshed session keeps its data and gets a new timestamp', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t)
    const cookie = cookieOf({ list: [1], _permanent: true })
    t.mock.timers.tick(1000)

    const response = await visit(untouched, { cookie })

    t.assert.notStrictEqual(cookieAfter(response), cookie)
    t.assert.deepStrictEqual(savedData(response), { list: [1], _permanent: true })
  })

  test('a refreshed session is signed as it was read', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const spelled = '{"list": [1, 1.0], "a": "\\u00e4", "_permanent": true}'
    const ours = '{"list":[1,1.0],"a":"\u00e4","_permanent":true}'
    const refreshed = async (act: Act): Promise<unknown> => savedText(await visit(act, { cookie: cookieOfText(spelled) }))

    t.assert.strictEqual(await refreshed(untouched), spelled)
    t.assert.strictEqual(await refreshed(read), spelled)
    t.assert.strictEqual(await refreshed((session) => session.list), spelled)
    t.assert.strictEqual(await refreshed((session) => session.reload()), spelled)
    t.assert.strictEqual(await refreshed((session) => { session.modified = true }), ours)
    t.assert.strictEqual(await refreshed((session) => { session.modified = false }), spelled)
    t.assert.strictEqual(await refreshed((session) => { const { list } = session; session.modified = false; return list }), ours)
    t.assert.strictEqual(await refreshed((session) => { session.list.push(2) }), '{"list":[1,1.0,2],"a":"\u00e4","_permanent":true}')
  })

  for (const [title, act, saved] of [
    ['is read and another key written', (session) => { session.seen = session.rates.list }, '{"rates":{"list":[1.0,1]},"n":2.0,"seen":[1,1]}'],
    ['is pushed to', (session) => { session.rates.list.push(1) }, '{"rates":{"list":[1.0,1,1]},"n":2.0}'],
    ['gets the same number again', (session) => { session.n = 2 }, '{"rates":{"list":[1.0,1]},"n":2.0}'],
    ['gets another number', (session) => { session.n = 3 }, '{"rates":{"list":[1.0,1]},"n":3}'],
    ['is moved to another key', (session) => { session.other = session.rates; delete session.rates }, '{"n":2.0,"other":{"list":[1,1]}}'],
    ['is taken for unchanged before a change', (session) => { session.n = 3; session.modified = false; session.m = 1 }, '{"rates":{"list":[1.0,1]},"n":3,"m":1}'],
    ['is read again before a change', (session) => { session.n = 3; session.reload(); session.m = 1 }, '{"rates":{"list":[1.0,1]},"n":2.0,"m":1}']
  ] as Array<[string, Act, string]>) {
    test(`a float of Python stays one where it stands when it ${title}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      t.assert.strictEqual(savedText(await visit(act, { cookie: cookieOfText('{"rates": {"list": [1.0, 1]}, "n": 2.0}') })), saved)
    })
  }

  test('the text of an application\'s own serializer is signed as it is', async (t: TestContext) => {
    const serializer = { dumps: (data: unknown) => JSON.stringify(data), loads: (text: string): unknown => JSON.parse(text) }
    const { visit } = await sessionApp(t, { serializer })

    t.assert.strictEqual(savedText(await visit((session) => { session.m = 1 }, { cookie: cookieOfText('{"n":2.0}') })), '{"n":2,"m":1}')
  })

  test('a refreshed session whose original text does not fit is serialized again', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { maxCookieSize: 300 })
    const spelled = `{"_permanent": true,${' '.repeat(100)}"a": "${noise(50)}"}`

    t.assert.strictEqual(savedText(await visit(untouched, { cookie: cookieOfText(spelled) })), spelled.replaceAll(' ', ''))
  })

  test('a session with modified set to false still fails when it is too large to be read', async (t: TestContext) => {
    class Uncompressed extends SecureCookieSessionInterface {
      override getSigningSerializer (): URLSafeTimedSerializer { return signing }
    }
    const signing = new URLSafeTimedSerializer(secretKey, { compressFrom: Infinity })
    for (const sessionInterface of [new SecureCookieSessionInterface(), new Uncompressed()]) {
      const { visit } = await sessionApp(t, { maxCookieSize: 0, sessionInterface })

      const response = await visit((session) => {
        session.permanent = true
        session.big = '\u00e4'.repeat(140_000)
        session.modified = false
      })

      t.assert.strictEqual(response.json().code, 'FST_SESSION_COOKIE_OVERFLOW')
    }
  })

  test('a request whose key is taken away meanwhile refreshes the session with the key that it came in with', async (t: TestContext) => {
    const config: { SECRET_KEY: string | null } = { SECRET_KEY: secretKey }
    const { app, visit } = await sessionApp(t, { secretKey: undefined }, { config, after: (app) => app.get('/fast', async () => 'fast') })

    const response = await visit(async (session) => {
      const { a } = session
      config.SECRET_KEY = null
      await app.inject('/fast')
      return a
    }, { cookie: cookieOf({ _permanent: true }) })

    t.assert.deepStrictEqual(savedData(response), { _permanent: true })
  })

  for (const change of ['shouldSetCookie', 'getExpirationTime'] as const) {
    test(`saves changes that ${change} of the application makes to the session, at the top and inside of a value`, async (t: TestContext) => {
      const changes: Array<(session: Session) => void> = [(session) => { session.seen = 1 }, (session) => { session.list.push(1) }]
      class Changing extends SecureCookieSessionInterface {
        override shouldSetCookie (app: SessionApp, session: SecureCookieSession): boolean {
          if (change === 'shouldSetCookie') changes[0]?.(session as unknown as Session)
          return super.shouldSetCookie(app, session)
        }

        override getExpirationTime (app: SessionApp, session: SecureCookieSession): Date | null {
          if (change === 'getExpirationTime') changes[0]?.(session as unknown as Session)
          return super.getExpirationTime(app, session)
        }
      }
      const { visit } = await sessionApp(t, { sessionInterface: new Changing() })
      const cookie = cookieOf({ _permanent: true, list: [] })

      t.assert.deepStrictEqual(savedData(await visit(read, { cookie })), { _permanent: true, list: [], seen: 1 })
      changes.shift()
      t.assert.deepStrictEqual(savedData(await visit(read, { cookie })), { _permanent: true, list: [1] })
    })
  }

  class OwnEncode extends SecureCookieSessionInterface {
    override encode (app: SessionApp, data: Record<string, unknown>): string {
      return super.encode(app, { ...data, own: true })
    }
  }
  class OwnDecode extends SecureCookieSessionInterface {
    override decode (app: SessionApp, cookie: string, log: SessionRequest['log']): ReturnType<SecureCookieSessionInterface['decode']> {
      const opened = super.decode(app, cookie, log)
      return opened === undefined ? undefined : { ...opened, data: { ...opened.data, own: true } }
    }
  }
  class OwnSerializer extends TaggedJSONSerializer {
    override dumps (value: unknown): string {
      return super.dumps({ ...value as object, own: true })
    }
  }
  class Money {
    readonly amount: number
    constructor (amount: number) { this.amount = amount }
  }
  class TagMoney extends JSONTag {
    override readonly key = ' $'
    override check (value: unknown): boolean { return value instanceof Money }
    override toJson (value: unknown): unknown { return `${(value as Money).amount} EUR` }
    override toValue (json: unknown): Money { return new Money(Number.parseInt(json as string)) }
  }
  test('a refreshed session with tags of the application is serialized again', async (t: TestContext) => {
    const serializer = new TaggedJSONSerializer()
    serializer.register(TagMoney, { index: 0 })
    const { visit } = await sessionApp(t, { sessionInterface: new SecureCookieSessionInterface({ serializer }) })

    t.assert.strictEqual(savedText(await visit(read, { cookie: cookieOfText('{"_permanent":true,"m":{" $":"5"}}') })), '{"_permanent":true,"m":{" $":"5 EUR"}}')
  })

  const interfaces = { encode: new OwnEncode(), decode: new OwnDecode(), serializer: new SecureCookieSessionInterface({ serializer: new OwnSerializer() }) }
  for (const [name, sessionInterface] of Object.entries(interfaces)) {
    test(`a refreshed session goes through the ${name} of the application`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { sessionInterface })

      t.assert.deepStrictEqual(savedData(await visit(read, { cookie: cookieOf({ _permanent: true }) })), { _permanent: true, own: true })
    })
  }

  test('a refused cookie is not refreshed', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(untouched, { cookie: cookieOf({ _permanent: true }, { key: 'another key' }) })

    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })
})

describe('the session cookie beside other cookies', () => {
  const setsOthers = (app: FastifyInstance): void => {
    app.addHook('onSend', async (_request, reply) => { reply.setCookie('sent', '4', { path: '/' }) })
  }

  for (const when of ['before', 'after'] as const) {
    test(`is sent once when the application sets others in a hook registered ${when} the plugin`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, {
        before: async (app) => {
          await app.register(fastifyCookie)
          if (when === 'before') setsOthers(app)
        },
        after: (app) => {
          if (when === 'after') app.register(async () => setsOthers(app))
        }
      })

      const response = await visit((session, _request, reply) => {
        reply.setCookie('early', '1')
        session.a = 1
        reply.header('set-cookie', 'plain=2')
        reply.header('set-cookie', ['list=3', 'list=3b'])
      })

      t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['early', 'list', 'list', 'plain', 'sent', 'session'])
    })
  }

  test('is sent once when the plugin registered @fastify/cookie itself', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, _request, reply) => {
      reply.setCookie('other', '1')
      session.a = 1
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['other', 'session'])
  })

  test('leaves the cookies of the raw response there', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, _request, reply) => {
      reply.raw.setHeader('set-cookie', ['raw=1', 'raw2=2'])
      session.a = 1
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['raw', 'raw2', 'session'])
  })

  test('leaves the others there when it is replaced', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit(async (session, _request, reply) => {
      reply.header('set-cookie', 'first=1')
      session.a = 1
      await session.save()
      reply.header('set-cookie', 'second=2')
      session.a = 2
    })

    t.assert.deepStrictEqual(setCookiesOf(response).map(({ name }) => name).sort(), ['first', 'second', 'session'])
    t.assert.deepStrictEqual(savedData(response), { a: 2 })
  })

  test('is found among many in a request', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const ours = cookieOf({ user_id: 42 })
    const headers = [
      ours, `a=1; ${ours}; b=2`, `a=1;${ours};b=2`, `xsession=no; ${ours}`, `session2=no; ${ours}`, `a=session; ${ours}`,
      `"session=no"; ${ours}`, `a= ${ours.replace('=', '')}; ${ours}`, `a;\t ${ours}\t ;b`, `${ours}; session=second`, `=x; ;;${ours}`,
      ours.replace('=', '= ')
    ]

    for (const cookie of headers) {
      t.assert.strictEqual((await visit((session) => session.user_id, { cookie })).body, '42', cookie.replace(ours, 'OURS'))
    }
  })

  test('is not confused with a cookie of a similar name', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const ours = cookieOf({ user_id: 42 })
    const value = ours.slice('session='.length)

    for (const cookie of [`Session=${value}`, `x${ours}`, `a=${ours}`, `session ${value}`, `session =${value}`, `\u00a0${ours}`]) {
      t.assert.strictEqual((await visit((session) => session.user_id ?? 'nobody', { cookie })).body, 'nobody', cookie)
    }
  })
})

describe('hooks of the application', () => {
  const writes: Record<string, (session: Session) => unknown> = {
    'a write': (session) => { session.late = 1 },
    'a nested change': (session) => { session.cart.late = 1 },
    'a delete': (session) => { delete session.cart },
    'an end': (session) => { session.delete() }
  }
  const expected: Record<string, unknown> = {
    'a write': { cart: { a: 1 }, late: 1 },
    'a nested change': { cart: { a: 1, late: 1 } },
    'a delete': undefined,
    'an end': undefined
  }
  for (const [name, write] of Object.entries(writes)) {
    for (const when of ['before', 'after'] as const) {
      for (const handler of ['wrote', 'read', 'did nothing'] as const) {
        test(`${name} in an onSend hook from ${when} the registration is saved once when the handler ${handler}`, async (t: TestContext) => {
          const { visit } = await sessionApp(t, {}, {
            // Within a plugin, as hooks added outside of one come before those of all plugins.
            [when]: (app: FastifyInstance) => app.register(async () => {
              app.addHook('onSend', async (request) => { write(request.session) })
            })
          })

          const response = await visit((session) => {
            if (handler === 'read') session.get('cart')
            if (handler === 'wrote') session.update({ temporary: 1 })
            if (handler === 'wrote') session.delete('temporary')
          }, { cookie: cookieOf({ cart: { a: 1 } }) })

          t.assert.strictEqual(response.statusCode, 200)
          const cookie = sessionCookieOf(response)
          t.assert.ok(cookie)
          if (cookie.value === '') t.assert.strictEqual(expected[name], undefined)
          else t.assert.deepStrictEqual(savedData(response), expected[name])
          t.assert.strictEqual(response.headers.vary, 'Cookie')
        })
      }
    }
  }

  test('a read in a later onSend hook adds Vary', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.register(async () => { app.addHook('onSend', async (request) => { request.session.get('a') }) })
    })

    const response = await visit(undefined, { cookie: cookieOf({ a: 1 }) })

    t.assert.strictEqual(response.headers.vary, 'Cookie')
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('a later onSend hook that changes a value read before, without touching the session, is too late', async (t: TestContext) => {
    let cart: { items: number[] } | undefined
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.register(async () => { app.addHook('onSend', async () => { cart?.items.push(1) }) })
    })

    const response = await visit((session) => { cart = session.cart }, { cookie: cookieOf({ cart: { items: [] } }) })

    t.assert.deepStrictEqual(cart, { items: [1] })
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('a later onSend hook that throws leaves one cookie', async (t: TestContext) => {
    for (const act of ['wrote', 'was permanent'] as const) {
      const { visit } = await sessionApp(t, {}, {
        after: (app) => app.register(async () => {
          let thrown = false
          app.addHook('onSend', async () => {
            if (thrown) return
            thrown = true
            throw new Error('later')
          })
        })
      })

      const response = await visit((session) => { if (act === 'wrote') session.a = 1 }, { cookie: cookieOf({ a: 0, _permanent: true }) })

      t.assert.strictEqual(response.statusCode, 500)
      t.assert.deepStrictEqual(savedData(response), { a: act === 'wrote' ? 1 : 0, _permanent: true })
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    }
  })

  test('an error handler after a later onSend hook threw may still end the session', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => {
        app.setErrorHandler((error: Error, request, reply) => {
          request.session.delete()
          reply.send(error.message)
        })
        app.register(async () => {
          app.addHook('onSend', async (_request, reply) => { if (reply.statusCode === 200) throw new Error('later') })
        })
      }
    })

    const response = await visit((session) => { session.a = 1 }, { cookie: cookieOf({ a: 0 }) })

    t.assert.strictEqual(sessionCookieOf(response)?.attributes['Max-Age'], '0')
  })

  test('a nested change that cannot be saved any more is logged', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, {
      server: log.server,
      after: (app) => app.register(async () => {
        app.addHook('onSend', async (request) => { request.session.cart.map = new Map([['secret', 'value']]) })
      })
    })

    const response = await visit(() => 'sent', { cookie: cookieOf({ cart: {} }) })

    t.assert.strictEqual(response.body, 'sent')
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
    const [line, ...more] = log.lines.filter(({ level }) => level >= 40)
    t.assert.deepStrictEqual(more, [])
    t.assert.strictEqual(line?.level, 50)
    t.assert.strictEqual(line.msg, 'the session was changed after it was saved, and could not be saved again')
    t.assert.strictEqual((line.err as { code: string }).code, 'FST_SESSION_UNSERIALIZABLE')
  })

  for (const ending of ['answers', 'throws', 'goes on'] as const) {
    test(`a write in an onRequest hook registered before the plugin is saved when the hook ${ending}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, {
        before: (app) => app.addHook('onRequest', async (request, reply) => {
          request.session.early = true
          if (ending === 'answers') return reply.send('early')
          if (ending === 'throws') throw new Error('early')
        })
      })

      const response = await visit()

      t.assert.deepStrictEqual(savedData(response), { early: true })
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    })
  }

  test('an onRequest hook registered before the plugin reads with the config of its own request', async (t: TestContext) => {
    const config = { SECRET_KEY: 'the old key, long enough' }
    const seen: unknown[] = []
    const { visit } = await sessionApp(t, { secretKey: undefined }, {
      config,
      before: (app) => app.addHook('onRequest', async (request) => { seen.push(request.session.user_id) })
    })
    const cookie = cookieOf({ user_id: 42 }, { key: 'the new key, long enough' })

    await visit(undefined, { cookie })
    config.SECRET_KEY = 'the new key, long enough'
    await visit(undefined, { cookie })

    t.assert.deepStrictEqual(seen, [undefined, 42])
  })

  test('all hooks of a request see the same session object', async (t: TestContext) => {
    const seen = new Set<unknown>()
    const { visit } = await sessionApp(t, {}, {
      before: (app) => app.addHook('onRequest', async (request) => { seen.add(request.session) }),
      after: (app) => {
        app.addHook('preValidation', async (request) => { seen.add(request.session) })
        app.addHook('onSend', async (request) => { seen.add(request.session) })
        app.addHook('onResponse', async (request) => { seen.add(request.session) })
      }
    })

    await visit((session, request) => { seen.add(session).add(request.session) })

    t.assert.strictEqual(seen.size, 1)
  })
})

describe('a save that fails', () => {
  const failures: Record<string, [act: Act, code: string, message: RegExp]> = {
    overflow: [
      (session) => { session.big = noise(8000) },
      'FST_SESSION_COOKIE_OVERFLOW', /^The session is too large: \d+ bytes, the limit is 4093, MAX_COOKIE_SIZE\. The largest keys are big \(\d+\)/
    ],
    'an unserializable value': [
      (session) => { session.cart = { items: [1, 2, () => {}] } },
      'FST_SESSION_UNSERIALIZABLE', /^The session cannot be saved: cart\.items\[2\] cannot be written as JSON: a function$/
    ]
  }
  for (const [name, [act, code, message]] of Object.entries(failures)) {
    test(`for ${name} is a 500 with its code and no Set-Cookie`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit(act, { cookie: cookieOf({ a: 1 }) })

      t.assert.strictEqual(response.statusCode, 500)
      t.assert.strictEqual(response.json().code, code)
      t.assert.match(response.json().message, message)
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    })

    test(`for ${name} is mended by an error handler that clears the session`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, {
        after: (app) => app.setErrorHandler((error: Error & { code: string }, request, reply) => {
          request.session.clear()
          request.session.error = error.code
          reply.code(200).send('mended')
        })
      })

      const response = await visit(act, { cookie: cookieOf({ a: 1 }) })

      t.assert.strictEqual(response.statusCode, 200)
      t.assert.strictEqual(response.body, 'mended')
      t.assert.deepStrictEqual(savedData(response), { error: code })
    })
  }

  test('is mended by an error handler that changes the value inside', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.setErrorHandler((error: Error, request, reply) => {
        request.session.cart.items.pop()
        reply.code(200).send(error.name)
      })
    })

    const response = await visit((session) => { session.cart.items.push(() => {}) }, { cookie: cookieOf({ cart: { items: [1] } }) })

    t.assert.strictEqual(response.statusCode, 200)
    t.assert.strictEqual(response.headers['set-cookie'], undefined)

    const changed = await visit((session) => { session.cart.items.push(2, () => {}) }, { cookie: cookieOf({ cart: { items: [1] } }) })

    t.assert.deepStrictEqual(savedData(changed), { cart: { items: [1, 2] } })
  })

  test('and fails again in the error handler ends in a 500', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.setErrorHandler((error: Error, request, reply) => {
        request.session.worse = () => {}
        reply.code(200).send(error.name)
      })
    })

    const response = await visit((session) => { session.bad = () => {} })

    t.assert.strictEqual(response.statusCode, 500)
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('leaves the error of the application alone', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      session.bad = () => {}
      throw Object.assign(new Error('gone'), { statusCode: 410 })
    })

    t.assert.ok(response.statusCode >= 400)
    t.assert.strictEqual(response.headers['set-cookie'], undefined)
  })

  test('names the three largest keys, the largest first', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { maxCookieSize: 200 })

    const response = await visit((session) => { session.update({ a: 'x', b: noise(30), c: noise(10), d: noise(20), e: noise(200) }) })

    t.assert.match(response.json().message, /the limit is 200, MAX_COOKIE_SIZE\. The largest keys are e \(208\), b \(38\), d \(28\), of 5 keys\. Keep/)
  })

  test('keeps the reason of the serializer as the cause', async (t: TestContext) => {
    const cause = new Error('an own reason')
    let seen: unknown
    const serializer = { dumps: (): string => { throw cause }, loads: JSON.parse }
    const { visit } = await sessionApp(t, { serializer }, {
      after: (app) => app.setErrorHandler((error: Error, _request, reply) => { seen = error.cause; reply.code(500).send(error) })
    })

    const response = await visit((session) => { session.a = 1 })

    t.assert.strictEqual(response.json().message, 'The session cannot be saved: its serializer threw an error')
    t.assert.strictEqual(seen, cause)
  })
})

describe('options of one response', () => {
  test('replace the configured attributes, and only in this response', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t, { cookie: { domain: 'example.com', sameSite: 'Lax' } })

    const asked = await visit((session) => {
      session.a = 1
      session.options({ path: '/app', secure: true, sameSite: 'strict', httpOnly: false, partitioned: true, maxAge: 60 })
      const more = { domain: null, expires: new Date(Date.UTC(2024, 5, 1)), userInfo: 'ignored', signed: true }
      session.options(more)
    })
    const next = await visit((session) => { session.a = 1 })

    t.assert.deepStrictEqual(sessionCookieOf(asked)?.attributes, {
      'Max-Age': '60', Path: '/app', Expires: 'Sat, 01 Jun 2024 00:00:00 GMT', Secure: true, Partitioned: true, SameSite: 'Strict'
    })
    t.assert.deepStrictEqual(sessionCookieOf(next)?.attributes, { Domain: 'example.com', Path: '/', HttpOnly: true, SameSite: 'Lax' })
  })

  const sameSites: Array<[asked: string | boolean | null | undefined, sent: string | undefined]> = [
    ['lax', 'Lax'], ['NONE', 'None'], [true, 'Strict'], [false, undefined], [null, undefined], [undefined, 'Lax']
  ]
  for (const [sameSite, sent] of sameSites) {
    test(`sameSite ${String(sameSite)} is sent as ${String(sent)}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { cookie: { sameSite: 'Lax', secure: true } })

      const response = await visit((session) => { session.a = 1; session.options({ sameSite }) })

      t.assert.strictEqual(sessionCookieOf(response)?.attributes.SameSite, sent)
    })
  }

  test('partitioned forces Secure, and auto follows the request', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, { server: { trustProxy: true } })

    const partitioned = await visit((session) => { session.a = 1; session.options({ partitioned: true, secure: false }) })
    const plain = await visit((session) => { session.a = 1; session.options({ secure: 'auto' }) })
    const secure = await visit((session) => { session.a = 1; session.options({ secure: 'auto' }) }, { headers: { 'x-forwarded-proto': 'https' } })

    t.assert.strictEqual(sessionCookieOf(partitioned)?.attributes.Secure, true)
    t.assert.strictEqual(sessionCookieOf(plain)?.attributes.Secure, undefined)
    t.assert.strictEqual(sessionCookieOf(secure)?.attributes.Secure, true)
  })

  test('override the lifetime of a permanent session, but not its deletion', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t)
    const options = { expires: new Date(Date.UTC(2024, 5, 1)), maxAge: 100, path: '/x' }

    const permanent = await visit((session) => { session.permanent = true; session.options(options) })
    const ended = await visit((session) => { session.clear(); session.options(options) }, { cookie: cookieOf({ a: 1 }) })

    t.assert.deepStrictEqual(sessionCookieOf(permanent)?.attributes, { 'Max-Age': '100', Path: '/x', Expires: 'Sat, 01 Jun 2024 00:00:00 GMT', HttpOnly: true })
    t.assert.deepStrictEqual(sessionCookieOf(ended)?.attributes, { 'Max-Age': '0', Path: '/x', Expires: 'Thu, 01 Jan 1970 00:00:00 GMT', HttpOnly: true })
  })

  test('cannot inject a header', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    for (const options of [{ path: '/\r\nSet-Cookie: evil=1' }, { domain: 'a; Secure' }, { sameSite: 'Lax; Secure' }]) {
      const response = await visit((session) => { session.a = 1; session.options(options) })

      t.assert.strictEqual(response.statusCode, 500, JSON.stringify(options))
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    }
  })

  const wrong: Array<[asked: Record<string, unknown>, message: string]> = [
    [{ domain: 'https://a.com' }, "domain must be a domain name or null, got 'https://a.com'"],
    [{ path: 'app' }, "path must be a path that starts with '/', or null, got 'app'"],
    [{ httpOnly: 1 }, 'httpOnly must be a boolean, got 1'],
    [{ secure: 'AUTO' }, "secure must be a boolean or 'auto', got 'AUTO'"],
    [{ partitioned: null }, 'partitioned must be a boolean, got null'],
    [{ sameSite: 'invalid' }, "sameSite must be 'Strict', 'Lax', 'None' or null, got 'invalid'"],
    [{ expires: 'tomorrow' }, "expires must be a valid Date, got 'tomorrow'"],
    [{ expires: new Date(NaN) }, 'expires must be a valid Date, got object'],
    [{ maxAge: '60' }, "maxAge must be a whole number of seconds, got '60'"],
    [{ maxAge: 0.5 }, 'maxAge must be a whole number of seconds, got 0.5'],
    [{ sameSite: 'none' }, "secure must be true or 'auto' when the cookie attribute sameSite is 'None', got false"]
  ]
  for (const [asked, message] of wrong) {
    test(`fail with a code when they are wrong: ${message}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit((session) => { session.a = 1; session.options(asked) })

      t.assert.strictEqual(response.statusCode, 500)
      t.assert.strictEqual(response.json().code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.strictEqual(response.json().message, `the cookie attribute ${message}`)
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
    })
  }

  const dropped: Array<[cookieName: string, asked: SessionCookieOptions, message: string]> = [
    ['__Host-a', { secure: false }, 'secure must be true for a cookie whose name starts with __Host-, got false'],
    ['__Host-a', { secure: 'auto' }, "secure must be true for a cookie whose name starts with __Host-, got 'auto'"],
    ['__Host-a', { path: '/app' }, "path must be '/' for a cookie whose name starts with __Host-, got '/app'"],
    ['__Host-a', { domain: 'example.com' }, "domain must be null for a cookie whose name starts with __Host-, got 'example.com'"],
    ['__Secure-a', { secure: false }, 'secure must be true for a cookie whose name starts with __Secure-, got false']
  ]
  for (const [cookieName, asked, message] of dropped) {
    test(`fail with a code when browsers would drop a cookie ${cookieName}: ${JSON.stringify(asked)}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { cookieName, cookie: { secure: true } })

      const response = await visit((session) => { session.a = 1; session.options(asked) })
      const next = await visit((session) => { session.a = 1; session.options({ secure: false, partitioned: true }) })

      t.assert.strictEqual(response.json().message, `the cookie attribute ${message}`)
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
      t.assert.strictEqual(sessionCookieOf(next, cookieName)?.attributes.Secure, true)
    })
  }

  test('are spelled as those of the configuration', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { cookie: { path: '/app' } })

    const asked = await visit((session) => { session.a = 1; session.options({ domain: '.Example.com:80', path: '/ä; Secure' }) })
    const none = await visit((session) => { session.a = 1; session.options({ domain: '', path: null }) })

    t.assert.deepStrictEqual(sessionCookieOf(asked)?.attributes, { Domain: 'example.com', Path: '/%C3%A4%3B%20Secure', HttpOnly: true })
    t.assert.deepStrictEqual(sessionCookieOf(none)?.attributes, { Path: '/app', HttpOnly: true })
  })

  test('leave the given object unchanged', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => { session.a = 1; session.options(Object.freeze({ path: '/x' })); session.options(Object.freeze({ maxAge: 1 })) })

    t.assert.strictEqual(parseSetCookie(String(response.headers['set-cookie'])).attributes.Path, '/x')
  })
})

describe('the config of a route', () => {
  test('with session: false opens and refreshes no session, adds no Vary, and a write throws an error with the reason', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => {
        app.get('/static', { config: { session: false } }, async (request) => request.session.a ?? 'nothing')
        app.get('/write', { config: { session: false } }, async (request) => { request.session.a = 1 })
      }
    })
    const cookie = cookieOf({ a: 1, _permanent: true })

    const read = await visit(undefined, { url: '/static', cookie })
    const write = await visit(undefined, { url: '/write', cookie })

    t.assert.strictEqual(read.body, 'nothing')
    t.assert.strictEqual(read.headers['set-cookie'], undefined)
    t.assert.strictEqual(read.headers.vary, undefined)
    t.assert.strictEqual(write.json().code, 'FST_SESSION_UNAVAILABLE')
    t.assert.match(write.json().message, /the config of the route has session: false$/)
  })

  test('gives cookie attributes, which session.options() may replace', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.get('/app', { config: { session: { path: '/app', maxAge: 10 } } }, async (request) => {
        request.session.a = 1
        request.session.options({ maxAge: 20 })
      })
    })

    const response = await visit(undefined, { url: '/app' })

    t.assert.deepStrictEqual(sessionCookieOf(response)?.attributes, { 'Max-Age': '20', Path: '/app', HttpOnly: true })
  })
})
