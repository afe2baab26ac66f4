import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { runInNewContext } from 'node:vm'
import type { FastifyRequest } from 'fastify'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { Rejection, SecureSessionOptions, SessionApp } from '../../lib/index.ts'
import { reportRejection } from '../../lib/interfaces/rejections.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { buildApp, cookieAfter, cookieOf, cookieOfText, logOf, refusalOf, secretKey, sessionApp } from '../helpers.ts'
import type { Act } from '../helpers.ts'
import { noon } from './table.ts'

const read: Act = (session) => session.user ?? 'nobody'
const channel = 'fastify-secure-cookie-session.reject'

/** What was heard of rejections, by both ways. */
async function heard (t: TestContext, options: SecureSessionOptions = {}) {
  const rejections: Rejection[] = []
  const onReject = (_: FastifyRequest, rejection: Rejection): void => { rejections.push(rejection) }
  const log = logOf()
  return { ...await sessionApp(t, { onReject, ...options }, { server: log.server }), rejections, log }
}

const oldKey = 'an older key of the tests'
const now = noon * 1000
/** A cookie that was signed before. */
const older = (t: TestContext, seconds: number, data: object): string => {
  t.mock.timers.setTime(now - seconds * 1000)
  const cookie = cookieOf({ user: 'ann', ...data })
  t.mock.timers.setTime(now)
  return cookie
}
const value = (cookie: string): string => cookie.slice('session='.length)

const cases: Array<{ name: string, options?: SecureSessionOptions, cookie: (t: TestContext) => string, expected: Omit<Rejection, 'sessionName'> | undefined }> = [
  { name: 'no dot', cookie: () => 'session=rubbish', expected: { code: 'malformed' } },
  { name: 'one dot', cookie: () => 'session=a.b', expected: { code: 'malformed' } },
  { name: 'a forged signature', cookie: () => 'session=e30.ZVPxAA.c2lnbmF0dXJl', expected: { code: 'bad-signature' } },
  { name: 'another key', cookie: () => cookieOf({ user: 'ann' }, { key: 'a key of somebody else' }), expected: { code: 'bad-signature' } },
  { name: 'another digest', cookie: () => cookieOf({ user: 'ann' }, { digest: 'sha1' }), expected: { code: 'other-digest' } },
  { name: 'another digest and another key', cookie: () => cookieOf({ user: 'ann' }, { digest: 'sha1', key: 'a key of somebody else' }), expected: { code: 'bad-signature' } },
  { name: 'an old signature', options: { permanentSessionLifetime: 100 }, cookie: (t) => older(t, 101, {}), expected: { code: 'expired', age: 101 } },
  { name: 'a signature from the future', cookie: (t) => older(t, -60, {}), expected: { code: 'from-future', age: -60 } },
  { name: 'an old begin', options: { absoluteLifetime: 100 }, cookie: (t) => older(t, 5, { _created: noon - 101 }), expected: { code: 'expired-absolute', age: 101 } },
  { name: 'no begin and a signature older than that', options: { absoluteLifetime: 100 }, cookie: (t) => older(t, 101, {}), expected: { code: 'expired-absolute', age: 101 } },
  { name: 'a short lifetime', cookie: (t) => older(t, 11, { _lifetime: 10 }), expected: { code: 'expired-session', age: 11 } },
  { name: 'data that cannot be read', cookie: () => cookieOfText('{"a":'), expected: { code: 'unreadable' } },
  { name: 'a list as its data', cookie: () => cookieOfText('[1]'), expected: { code: 'unreadable' } },
  { name: 'an old key', options: { secretKeyFallbacks: [oldKey] }, cookie: () => cookieOf({ user: 'ann' }, { key: oldKey }), expected: { code: 'old-key', accepted: true } },
  { name: 'another valid one of its name', cookie: () => `${cookieOf({ user: 'ann' })}; ${cookieOf({ user: 'bob' })}`, expected: { code: 'second-cookie', accepted: true } },
  { name: 'a forged one of its name before it', cookie: () => `session=a.b.c; ${cookieOf({ user: 'ann' })}`, expected: { code: 'second-cookie', accepted: true } },
  { name: 'an old key and another of its name', options: { secretKeyFallbacks: [oldKey] }, cookie: () => `session=rubbish; ${cookieOf({ user: 'ann' }, { key: oldKey })}`, expected: { code: 'old-key', accepted: true } },
  { name: 'several, none of them accepted,', cookie: () => 'session=rubbish; session=a.b.c', expected: { code: 'malformed' } },
  { name: 'nothing wrong', cookie: () => cookieOf({ user: 'ann' }), expected: undefined },
  { name: 'no value', cookie: () => 'session=; session=', expected: undefined },
  { name: 'an old key that is too old', options: { secretKeyFallbacks: [oldKey], permanentSessionLifetime: 10 }, cookie: (t) => { t.mock.timers.setTime(now - 11_000); const cookie = cookieOf({ user: 'ann' }, { key: oldKey }); t.mock.timers.setTime(now); return cookie }, expected: { code: 'expired', age: 11 } }
]

describe('onReject', () => {
  for (const { name, options, cookie, expected } of cases) {
    const code = expected === undefined ? 'nothing' : `${expected.code}${expected.accepted === true ? ', accepted,' : ''}`
    test(`hears ${code} of a cookie with ${name}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit, rejections, log } = await heard(t, options)
      const answer = await visit(read, { cookie: cookie(t) })

      const { code, ...more } = expected ?? {}
      t.assert.deepStrictEqual(rejections, expected === undefined ? [] : [{ code, sessionName: 'session', ...more }])
      t.assert.strictEqual(answer.body === 'nobody', expected !== undefined ? expected.accepted !== true : name === 'no value')
      const reasons = log.lines.flatMap(({ reason }) => reason === undefined ? [] : [reason])
      if (expected !== undefined && expected.accepted !== true) t.assert.deepStrictEqual(reasons, [expected.code], 'a line of the log has it too')
    })
  }

  test('looks at the limits in their order: signature, age, absolute, session', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const all = { _created: noon - 1000, _lifetime: 10 }
    for (const [options, code] of [
      [{ secretKey: 'another key of the tests', permanentSessionLifetime: 50, absoluteLifetime: 100 }, 'bad-signature'],
      [{ permanentSessionLifetime: 50, absoluteLifetime: 100 }, 'expired'], [{ absoluteLifetime: 100 }, 'expired-absolute'], [{}, 'expired-session']
    ] as const) {
      const { visit, rejections } = await heard(t, options)
      await visit(read, { cookie: older(t, 60, all) })
      t.assert.deepStrictEqual(rejections.map(({ code }) => code), [code])
    }
  })

  test('gets the request, and is called once for it, however often the session is read again', async (t: TestContext) => {
    const urls: string[] = []
    const { visit } = await sessionApp(t, { onReject: ({ url }) => { urls.push(url) } })
    await visit(async (session) => {
      for (let i = 0; i < 3; i++) await session.reload()
      return session.user ?? 'nobody'
    }, { cookie: 'session=a.b.c', url: '/?a=1' })

    t.assert.deepStrictEqual(urls, ['/?a=1'])
  })

  test('hears nothing of a cookie that nobody looked at', async (t: TestContext) => {
    const { visit, rejections } = await heard(t, { refreshEachRequest: false })
    await visit(undefined, { cookie: 'session=a.b.c' })

    t.assert.deepStrictEqual(rejections, [])
  })

  test('is told apart by the names of several sessions, which inherit it', async (t: TestContext) => {
    const rejections: Rejection[] = []
    const app = await buildApp(t, { onReject: (_, rejection) => { rejections.push(rejection) }, sessions: [{}, { sessionName: 'admin' }] })
    app.get('/', async (request) => [request.session.user, (request as unknown as { admin: { user?: string } }).admin.user])
    await app.inject({ url: '/', headers: { cookie: 'session=rubbish; admin=a.b.c' } })

    t.assert.deepStrictEqual(rejections, [{ code: 'malformed', sessionName: 'session' }, { code: 'bad-signature', sessionName: 'admin' }])
  })

  test('may throw or reject, which is logged', async (t: TestContext) => {
    const ofAnotherRealm = runInNewContext("async () => { throw new Error('broken') }") as () => Promise<void>
    for (const onReject of [() => { throw new Error('broken') }, async () => { throw new Error('broken') }, ofAnotherRealm]) {
      const log = logOf('error')
      const { visit } = await sessionApp(t, { onReject }, { server: log.server })
      t.assert.strictEqual((await visit(read, { cookie: 'session=a.b.c' })).body, 'nobody')
      await Promise.resolve()
      t.assert.deepStrictEqual(log.lines.map(({ level, msg }) => [level, msg]), [[50, 'onReject failed']])
    }
  })

  const sessions: Record<string, SecureSessionOptions> = {
    signed: {}, revocable: { revocation: {} }, stored: { store: memoryStore(), secretKey: undefined }
  }
  for (const [kind, options] of Object.entries(sessions)) {
    test(`may write to the session, which begins with that: a session that is ${kind}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { ...options, onReject: ({ session }, { code }) => { session.flash = code } })

      const response = await visit((session) => String(session.flash), { cookie: 'session=a.b.c' })
      const next = await visit((session) => String(session.flash), { cookie: cookieAfter(response) })

      t.assert.match(response.body, /^(bad-signature|malformed)$/)
      t.assert.strictEqual(next.body, response.body)
    })
  }

  test('may write to a session that is accepted, which keeps its data', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {
      secretKey: 'the new key, long and random enough', secretKeyFallbacks: [secretKey], onReject: ({ session }, { code }) => { session.seen = code }
    })

    t.assert.strictEqual((await visit((session) => JSON.stringify(session), { cookie: cookieOf({ user: 'ann' }) })).body, '{"user":"ann","seen":"old-key"}')
  })

  test('must be a function', async (t: TestContext) => {
    const { code, message } = await refusalOf(t, { onReject: 'log' as never })

    t.assert.deepStrictEqual([code, message], ['FST_SESSION_INVALID_CONFIG', "onReject must be a function, got 'log'"])
  })

  test('hears unreadable of a cookie that an override refuses without a reason', async (t: TestContext) => {
    class Picky extends SecureCookieSessionInterface {
      override decode (): undefined {}
    }
    const { visit, rejections } = await heard(t, { sessionInterface: new Picky() })
    await visit(read, { cookie: cookieOf({ user: 'ann' }) })

    t.assert.deepStrictEqual(rejections, [{ code: 'unreadable', sessionName: 'session' }])
  })

  test('hears the reason through an override of decode', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override decode (...args: Parameters<SecureCookieSessionInterface['decode']>) {
        return super.decode(...args)
      }
    }
    const { visit, rejections } = await heard(t, { sessionInterface: new Own() })
    await visit(read, { cookie: 'session=rubbish' })

    t.assert.deepStrictEqual(rejections.map(({ code }) => code), ['malformed'])
  })

  test('gets no part of a cookie or a key', async (t: TestContext) => {
    const { visit, rejections, log } = await heard(t, { secretKeyFallbacks: [oldKey] })
    for (const cookie of [cookieOf({ user: 'ann' }, { digest: 'sha1' }), cookieOf({ user: 'ann' }, { key: oldKey })]) {
      await visit(read, { cookie })
      const told = JSON.stringify(rejections) + log.text()
      for (const part of [...value(cookie).split('.'), secretKey, oldKey]) t.assert.ok(!told.includes(part))
    }
  })
})

describe('the diagnostics channel', () => {
  test('gets what onReject gets, and the request', async (t: TestContext) => {
    const messages: unknown[] = []
    const listen = (message: unknown): void => { messages.push(message) }
    subscribe(channel, listen)
    t.after(() => unsubscribe(channel, listen))
    let seen: FastifyRequest | undefined
    const { visit, app } = await sessionApp(t)
    await visit((session, request) => { seen = request; return session.user ?? 'nobody' }, { cookie: 'session=rubbish' })
    t.assert.deepStrictEqual(messages.map(({ request, ...rest }: any) => [request === seen, rest]), [[true, { code: 'malformed', sessionName: 'session' }]])

    t.assert.strictEqual(app.decodeSession('rubbish'), null)
    t.assert.strictEqual(messages.length, 1, 'there is no request outside of requests')
    unsubscribe(channel, listen)
    await visit(read, { cookie: 'session=rubbish' })
    t.assert.strictEqual(messages.length, 1)
  })
})

describe('reportRejection', () => {
  test('reports the first rejection of a request and session', (t: TestContext) => {
    const rejections: Rejection[] = []
    const app = { sessionName: 'session', onReject: (_: FastifyRequest, rejection: Rejection) => { rejections.push(rejection) } } as unknown as SessionApp
    const other = { ...app, sessionName: 'admin' }
    const [one, two] = [{}, {}] as [FastifyRequest, FastifyRequest]
    reportRejection(app, one, { code: 'revoked' })
    reportRejection(app, one, { code: 'unknown-id' })
    reportRejection(other, one, { code: 'store-unavailable' })
    reportRejection(app, two, { code: 'unknown-id', age: 5 })

    t.assert.deepStrictEqual(rejections, [
      { code: 'revoked', sessionName: 'session' }, { code: 'store-unavailable', sessionName: 'admin' }, { code: 'unknown-id', sessionName: 'session', age: 5 }
    ])
  })
})
