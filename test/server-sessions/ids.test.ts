import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import secureSession from '../../lib/index.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { Signer } from '../../lib/itsdangerous/index.ts'
import { isWellFormedId, newId, storeKey } from '../../lib/server-sessions/session-ids.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { sessionApp, sessionCookieOf, setCookiesOf } from '../helpers.ts'
import type { Act } from '../helpers.ts'
import { AsyncStore, dataIn, idOf, show, storeApp } from './world.ts'

const planted = 'P'.repeat(43)
const expires = (): number => Date.now() + 3_600_000

function withSession (store: AsyncStore, id: string, data: object): void {
  store.inner.set(id, JSON.stringify(data), { expires: expires(), replaces: null })
}

test('a new id has 32 random bytes in base64url', (t: TestContext) => {
  t.assert.match(newId(), /^[A-Za-z0-9_-]{43}$/)
  t.assert.notStrictEqual(newId(), newId())
})

test('the key in the store has the name of the session in front, unless that is session', (t: TestContext) => {
  t.assert.strictEqual(storeKey('session', planted, false), planted)
  t.assert.strictEqual(storeKey('admin', planted, false), `admin:${planted}`)
})

for (const [name, isRefused] of [['ended', true], ['since', true], ['since:admin', true], ['ended:', true], ['attended', false], ['since2', false]] as const) {
  test(`a session named ${name}, whose keys are ${isRefused ? '' : 'not '}those of ended sessions, ${isRefused ? 'stops the start' : 'starts'}`, async (t: TestContext) => {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(secureSession, { sessionName: name, cookieName: 'id', store: memoryStore() })
    const expects = "sessionName must be neither 'ended' nor 'since' for a session in a store, which may list ended sessions there, got one of them"
    if (isRefused) await t.assert.rejects(async () => await app.ready(), { code: 'FST_SESSION_INVALID_CONFIG', message: expects })
    else await app.ready()
  })
}

test('hashIds keeps SHA-256 of the id', (t: TestContext) => {
  t.assert.strictEqual(storeKey('session', 'abc', true), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})

describe('a cookie that is no id never reaches the store:', () => {
  const hostile: Record<string, string> = {
    empty: '',
    short: 'A'.repeat(15),
    long: 'A'.repeat(129),
    path: '../../../../etc/passwd',
    colon: `admin:${planted}`,
    space: 'A'.repeat(20) + ' x',
    percent: '%41'.repeat(16),
    star: '*'.repeat(20),
    newline: 'A'.repeat(20) + '%0a',
    quote: `"${planted}"`,
    unicode: 'é'.repeat(20),
    dot: `${planted}.sig`
  }
  for (const [title, value] of Object.entries(hostile)) {
    test(title, async (t: TestContext) => {
      t.assert.strictEqual(isWellFormedId(value), false)
      const store = new AsyncStore()
      const { visit } = await storeApp(t, store)
      const answer = await visit((session) => { session.a = 1 }, { cookie: `session=${value}` })
      t.assert.deepStrictEqual(store.methods, ['set'])
      t.assert.notStrictEqual(idOf(answer), value)
    })
  }
})

test('a cookie that is no id is refused with a debug line, when the session is looked at', async (t: TestContext) => {
  const { visit, log } = await storeApp(t, new AsyncStore(), { refreshEachRequest: false })
  await visit(show, { url: '/blind', cookie: 'session=nonsense' })
  t.assert.deepStrictEqual(log.lines, [])
  await visit(show, { cookie: 'session=nonsense' })
  t.assert.deepStrictEqual(log.lines.map(({ level, code, msg }) => ({ level, code, msg })), [{ level: 20, code: 'malformed', msg: 'session cookie refused' }])
})

test('of several cookies of the name the first two ids are asked, and the first known one counts', async (t: TestContext) => {
  const store = new AsyncStore()
  const { visit } = await storeApp(t, store)
  const [a, b, c] = ['a'.repeat(43), 'b'.repeat(43), 'c'.repeat(43)]
  withSession(store, b, { user: 'b' })
  withSession(store, c, { user: 'c' })

  const answer = await visit((session) => {
    session.seen = true
    return session.user
  }, { cookie: `session=no; session=${a}; session=${b}; session=${c}` })

  t.assert.strictEqual(answer.body, 'b')
  t.assert.deepStrictEqual(store.calls.slice(0, 2).map(([method, id]) => [method, id]), [['get', a], ['get', b]])
  t.assert.strictEqual(idOf(answer), b)
  const unknown = await visit(show, { cookie: `session=${a}; session=${'d'.repeat(43)}; session=${c}` })
  t.assert.deepStrictEqual(unknown.json(), {})
})

describe('of two cookies of the name,', () => {
  const [a, b, unknown] = ['a'.repeat(43), 'b'.repeat(43), 'u'.repeat(43)]
  const signer = new Signer('a secret key of the tests', { salt: 'flask-session', keyDerivation: 'hmac', digestMethod: 'sha1' })
  const bare = {}
  const signed = { secretKey: 'a secret key of the tests', signIds: 'flask-session' } as const
  const acts: Record<string, { act: Act | undefined, isPermanent?: boolean }> = {
    'changes the session': { act: (session) => { session.seen = 1 } },
    'ends it': { act: (session) => session.clear() },
    'renews it': { act: (session) => session.regenerate(['user']) },
    'refreshes it': { act: undefined, isPermanent: true }
  }
  const pairs: Array<[what: string, options: SecureSessionOptions, cookies: [string, string], isOurs: boolean]> = [
    ['two that the store knows', bare, [a, b], true],
    ['one, twice,', bare, [a, a], true],
    ['a second that the store does not know', bare, [a, unknown], false],
    ['a first that the store does not know', bare, [unknown, a], false],
    ['a second that is no id', bare, [a, 'eyJ1c2VyIjoxfQ.ZZZZZZ.signature'], false],
    ['a second that says deleted', bare, [a, 'deleted'], false],
    ['a second of another session of the store', bare, [a, 'other'.repeat(8)], false],
    ['two that are signed and known', signed, [signer.sign(a), signer.sign(b)], true],
    ['a second that is signed, which the store has forgotten,', signed, [signer.sign(a), signer.sign(unknown)], true],
    ['a first that is signed, which the store has forgotten,', signed, [signer.sign(unknown), signer.sign(a)], true],
    ['a second with another signature', signed, [signer.sign(a), `${b}.AAAAAAAAAAAAAAAAAAAAAAAAAAA`], false],
    ['a second without a signature', signed, [signer.sign(a), b], false]
  ]
  for (const sync of [true, false]) {
    for (const [what, options, cookies, isOurs] of pairs) {
      for (const [does, { act, isPermanent = false }] of Object.entries(acts)) {
        test(`${what} ${isOurs ? 'is expired beside the first' : 'is left alone'} where a response ${does}, with a store that is ${sync ? 'synchronous' : 'asynchronous'}`, async (t: TestContext) => {
          const store = new AsyncStore()
          for (const id of [a, b]) withSession(store, id, { user: id, ...(isPermanent && { _permanent: true }) })
          withSession(store, `admin:${'other'.repeat(8)}`, { user: 'root' })
          const { visit } = await storeApp(t, sync ? store.inner : store, { cookie: { path: '/shop' }, ...options })

          const answer = await visit(act, { cookie: cookies.map((value) => `session=${value}`).join('; '), ...(isPermanent && { url: '/blind' }) })

          const sent = setCookiesOf(answer).map(({ value, attributes }) => [value === '' ? '' : 'id', attributes.Path])
          const last = [does === 'ends it' ? '' : 'id', '/shop']
          t.assert.deepStrictEqual(sent, isOurs ? [['', undefined], ['', '/'], last] : [last])
        })
      }
    }
  }

  for (const sync of [true, false]) {
    for (const [form, options, sign] of [['bare', bare, String], ['signed', signed, (id: string) => signer.sign(id)]] as const) {
      for (const [does, end] of Object.entries<Act>({
        'clear()': (session) => session.clear(),
        'destroy()': (session) => { session.destroy() },
        'session = null': (_session, request) => { request.session = null as never },
        'regenerate()': (session) => session.regenerate(['user']),
        'the removal of its last key': (session) => { session.delete('user') }
      })) {
        test(`the second ends with the first by ${does}, ${form}, with a store that is ${sync ? 'synchronous' : 'asynchronous'}`, async (t: TestContext) => {
          const store = new AsyncStore()
          for (const id of [a, b]) store.inner.set(id, '{"user":"ann"}', { expires: expires(), replaces: null, user: 'ann' })
          const { app, visit } = await storeApp(t, sync ? store.inner : store, { user: (session) => session['user'], ...options })

          const answer = await visit(end, { cookie: `session=${sign(a)}; session=${sign(b)}` })

          t.assert.deepStrictEqual([await dataIn(store.inner, a), await dataIn(store.inner, b)], [null, null])
          t.assert.strictEqual((await app.listSessions('ann')).length, does === 'regenerate()' ? 1 : 0)
          t.assert.strictEqual((store.inner.ids as NonNullable<typeof store.inner.ids>)('ann').length, does === 'regenerate()' ? 1 : 0)
          t.assert.strictEqual(setCookiesOf(answer).at(-1)?.value === '', does !== 'regenerate()')
        })
      }
    }
  }

  test('the second is left alone where the first goes on', async (t: TestContext) => {
    const store = new AsyncStore()
    for (const id of [a, b]) withSession(store, id, { user: 'ann' })
    const { visit } = await storeApp(t, store)

    await visit((session) => { session.n = 1 }, { cookie: `session=${a}; session=${b}` })

    t.assert.deepStrictEqual(await dataIn(store.inner, b), { user: 'ann' })
  })

  for (const [form, options, sign] of [['bare', bare, String], ['signed', signed, (id: string) => signer.sign(id)]] as const) {
    test(`that the store does not know, ${form}, ${form === 'bare' ? 'none is' : 'both are'} expired beside a session that begins`, async (t: TestContext) => {
      const { visit } = await storeApp(t, new AsyncStore(), options)

      const answer = await visit((session) => { session.a = 1 }, { cookie: `session=${sign(a)}; session=${sign(b)}` })

      t.assert.deepStrictEqual(setCookiesOf(answer).map(({ value }) => value.length > 0), form === 'bare' ? [true] : [false, true])
    })
  }
})

test('an id is worth nothing in the cookie of another session', async (t: TestContext) => {
  const store = memoryStore()
  const { app } = await sessionApp(t, { store, sessions: [{}, { sessionName: 'admin' }] }, {
    after: (app) => app.register(async (scope) => {
      scope.get('/write', async (request) => {
        request.session.a = 1
        const admin = (request as never as { admin: Record<string, unknown> }).admin
        admin.root = true
        return 'written'
      })
      scope.get('/read', async (request) => [request.session, (request as never as { admin: unknown }).admin])
    })
  })
  const cookies = Object.fromEntries(setCookiesOf(await app.inject('/write')).map(({ name, value }) => [name, value]))
  t.assert.deepStrictEqual(await dataIn(store, cookies.session ?? ''), { a: 1 })
  t.assert.deepStrictEqual(await dataIn(store, `admin:${cookies.admin ?? ''}`), { root: true })
  const swapped = `session=${cookies.admin ?? ''}; admin=${cookies.session ?? ''}`
  t.assert.deepStrictEqual((await app.inject({ url: '/read', headers: { cookie: swapped } })).json(), [{}, {}])
})

test('with hashIds what lies in the store is no cookie', async (t: TestContext) => {
  const store = new AsyncStore()
  const { browser, visit } = await storeApp(t, store, { hashIds: true })
  const one = browser()
  await one.visit((session) => { session.user_id = 42 })
  const key = store.calls[0]?.[1] as string
  t.assert.notStrictEqual(key, one.jar.get('session'))
  t.assert.deepStrictEqual((await one.visit(show)).json(), { user_id: 42 })
  t.assert.deepStrictEqual((await visit(show, { cookie: `session=${key}` })).json(), {})
})

describe('ids signed in the way of Flask-Session', () => {
  // Made by Flask-Session 0.8.0 with SESSION_USE_SIGNER: Signer('a secret key of the tests', salt='flask-session', key_derivation='hmac').
  const signed = 'PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP.cHXNgQrGTAMQNIQVOv8hrPEFxUE'
  const options = { secretKey: 'a secret key of the tests', signIds: 'flask-session' } as const

  test('are read, and written in the same form', async (t: TestContext) => {
    const store = new AsyncStore()
    withSession(store, planted, { user_id: 42 })
    const { visit } = await storeApp(t, store, options)
    const answer = await visit((session) => { session.seen = 1 }, { cookie: `session=${signed}` })
    t.assert.strictEqual(sessionCookieOf(answer)?.value, signed)
    t.assert.deepStrictEqual(await dataIn(store.inner, planted), { user_id: 42, seen: 1 })
  })

  test('with an old key are read', async (t: TestContext) => {
    const store = new AsyncStore()
    withSession(store, planted, { user_id: 42 })
    const { visit } = await storeApp(t, store, { ...options, secretKey: 'a new key', secretKeyFallbacks: [options.secretKey] })
    t.assert.deepStrictEqual((await visit(show, { cookie: `session=${signed}` })).json(), { user_id: 42 })
  })

  for (const [title, cookie] of Object.entries({ 'without a signature': planted, 'with another signature': `${signed.slice(0, -1)}Q`, 'with another id': `Q${signed.slice(1)}` })) {
    test(`${title} never reach the store`, async (t: TestContext) => {
      const store = new AsyncStore()
      const { visit } = await storeApp(t, store, options)
      t.assert.deepStrictEqual((await visit(show, { cookie: `session=${cookie}` })).json(), {})
      t.assert.deepStrictEqual(store.methods, [])
    })
  }

  test('need a secret key: without one sessions are empty and read-only', async (t: TestContext) => {
    const { visit, log } = await storeApp(t, new AsyncStore(), { signIds: 'flask-session' })
    const answer = await visit((session) => { session.a = 1 })
    t.assert.strictEqual(answer.json().code, 'FST_SESSION_UNAVAILABLE')
    t.assert.deepStrictEqual(log.lines.filter(({ level }) => level === 40).map(({ msg }) => msg), ['session: no secret key is set, so that sessions are empty and read-only'])
  })
})

test('without a secret key signed ids are neither read nor written outside of requests', async (t: TestContext) => {
  const store = new AsyncStore()
  withSession(store, planted, { user_id: 42 })
  const { app } = await storeApp(t, store, { signIds: 'flask-session' })
  await app.ready()
  t.assert.strictEqual(await app.decodeSession(`${planted}.cHXNgQrGTAMQNIQVOv8hrPEFxUE`), null)
  await t.assert.rejects(async () => await app.encodeSession(app.createSession({ a: 1 })), { code: 'FST_SESSION_UNAVAILABLE', message: /no secret key is set/ })
})

test('sessions in a store need no secret key, and nothing warns about it', async (t: TestContext) => {
  const { visit, log } = await storeApp(t, memoryStore())
  t.assert.strictEqual((await visit((session) => { session.a = 1 })).statusCode, 200)
  t.assert.deepStrictEqual(log.lines, [])
})

test('many ids with a wrong signature derive the key once', async (t: TestContext) => {
  const { visit } = await storeApp(t, new AsyncStore(), { secretKey: 'a secret key of the tests', signIds: 'flask-session' })
  const forged = Array.from({ length: 60 }, (_, i) => `session=${planted}.${'A'.repeat(25)}${i + 10}`).join('; ')
  const derived = t.mock.method(Signer.prototype, 'deriveKey')
  await visit(show, { cookie: forged })
  await visit(show, { cookie: forged })
  t.assert.strictEqual(derived.mock.callCount(), 1)
})
