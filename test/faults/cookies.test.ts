import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { SealedFormat } from '../../lib/formats/sealed.ts'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SecureSessionOptions, SessionApp } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { cookieAfter, cookieOf, logOf, parseSetCookie, savedData, secretKey, sessionApp, setCookiesOf, signingSerializer } from '../helpers.ts'
import type { Act, Answer, SetCookie } from '../helpers.ts'

// Its types import those of ws, which are not installed.
const fastifyHttpProxy = createRequire(import.meta.url)('@fastify/http-proxy') as FastifyPluginAsync<Record<string, unknown>>

const now = Date.UTC(2024, 0, 1)
const permanent = cookieOf({ _permanent: true, user: 'ada' })
const deletion = 'session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/'

/** The cookies of an answer, each as `name=value` with the values of ours left out. */
const namesOf = (response: Answer): string[] => setCookiesOf(response).map(({ name, value }) => `${name}=${value.includes('.') ? '...' : value}`)

describe('a permanent session that nobody changed is not refreshed', () => {
  const others: Record<string, { act: Act, sent: string[] }> = {
    'where reply.clearCookie deletes its cookie': {
      act: (_session, _request, reply) => { reply.clearCookie('session', { path: '/' }) }, sent: ['session=']
    },
    'where reply.setCookie sets its cookie': {
      act: (_session, _request, reply) => { reply.setCookie('session', 'other') }, sent: ['session=other']
    },
    'where a header of the reply deletes its cookie': {
      act: (_session, _request, reply) => { reply.header('set-cookie', deletion) }, sent: ['session=']
    },
    'where a header of the reply has its cookie among others': {
      act: (_session, _request, reply) => { reply.header('set-cookie', ['a=1', deletion, 'b=2']) }, sent: ['a=1', 'session=', 'b=2']
    },
    'where a header of reply.raw deletes its cookie': {
      act: (_session, _request, reply) => { reply.raw.setHeader('set-cookie', [deletion]) }, sent: ['session=']
    },
    'where the handler has looked at it and deletes its cookie': {
      act: (session, _request, reply) => { session.get('user'); reply.clearCookie('session', { path: '/' }) }, sent: ['session=']
    },
    'where the head of a hijacked reply deletes its cookie': {
      act: (session, _request, reply) => {
        session.get('user')
        reply.hijack()
        reply.raw.writeHead(200, { 'set-cookie': deletion }).end('bye')
        return reply
      },
      sent: ['session=']
    }
  }
  for (const [name, { act, sent }] of Object.entries(others)) {
    test(name, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      t.assert.deepStrictEqual(namesOf(await visit(act, { cookie: permanent })), sent)
    })
  }

  for (const where of ['before', 'after'] as const) {
    test(`in the last Set-Cookie, where an onSend hook from ${where} the registration deletes its cookie`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, {
        [where]: (app: FastifyInstance) => {
          app.addHook('onSend', async (_request, reply) => { reply.header('set-cookie', deletion) })
        }
      })

      t.assert.strictEqual(namesOf(await visit(undefined, { cookie: permanent })).at(-1), 'session=')
    })
  }

  for (const [when, act] of [['', () => {}], [' after a look', (session) => { session.get('user') }]] as Array<[string, Act]>) {
    test(`in the last Set-Cookie, where a Response deletes its cookie${when}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      const response = await visit((...args) => {
        act(...args)
        return new Response('bye', { headers: { 'set-cookie': deletion } })
      }, { cookie: permanent })

      t.assert.strictEqual(namesOf(response).at(-1), 'session=')
    })
  }

  const kinds: Record<string, SecureSessionOptions> = {
    signed: {}, revocable: { revocation: {} }, stored: { secretKey: undefined, store: memoryStore() }
  }
  for (const [kind, options] of Object.entries(kinds)) {
    test(`and gives way where its cookie is deleted after the refresh was written: a session that is ${kind}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t, options)
      const cookie = cookieAfter(await visit((session) => { session.permanent = true; session.user = 'ada' }))

      const response = await visit((session, _request, reply) => {
        session.get('user')
        reply.send(new Readable({ read () { this.push(null) } }))
        reply.raw.writeHead(200, ['Set-Cookie', deletion])
        return reply
      }, { cookie })
      const fetched = await visit((session) => {
        session.get('user')
        return new Response('bye', { headers: { 'set-cookie': deletion } })
      }, { cookie })

      t.assert.deepStrictEqual(namesOf(response), ['session='])
      t.assert.deepStrictEqual(namesOf(fetched), ['session='])
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    })
  }

  /** An application like Flask, behind @fastify/http-proxy. */
  async function proxied (t: TestContext, act?: Act): Promise<FastifyInstance> {
    const upstream = Fastify()
    t.after(() => upstream.close())
    upstream.get('/logout', async (_request, reply) => reply.header('set-cookie', deletion).send('bye'))
    upstream.get('/login', async (_request, reply) => reply.header('set-cookie', 'session=theirs; Path=/').send('hello'))
    upstream.get('/other', async (_request, reply) => reply.header('set-cookie', 'sessions=1; Path=/').send('hello'))
    await upstream.listen({ host: '127.0.0.1', port: 0 })
    const { port } = upstream.server.address() as AddressInfo
    const { app } = await sessionApp(t, {}, {
      after: (app) => {
        app.register(fastifyHttpProxy, {
          upstream: `http://127.0.0.1:${port}`,
          prefix: '/flask',
          preHandler: async (request: FastifyRequest, reply: FastifyReply) => { await act?.(request.session, request, reply) }
        })
      }
    })
    return app
  }

  for (const [path, sent] of [['logout', ['session=']], ['login', ['session=theirs']], ['other', ['sessions=1', 'session=...']]] as const) {
    test(`where an upstream answers /${path} with ${sent.join(' and ')}, behind @fastify/http-proxy`, async (t: TestContext) => {
      const app = await proxied(t)

      t.assert.deepStrictEqual(namesOf(await app.inject({ url: `/flask/${path}`, headers: { cookie: permanent } })), sent)
    })

    test(`where an upstream answers /${path} with ${sent.join(' and ')} after a look, behind @fastify/http-proxy`, async (t: TestContext) => {
      const app = await proxied(t, (session) => session.get('user'))

      t.assert.deepStrictEqual(namesOf(await app.inject({ url: `/flask/${path}`, headers: { cookie: permanent } })), sent)
    })
  }

  test('where its route asked for no refresh, so that a slow poll does not log in again', async (t: TestContext) => {
    const { app } = await sessionApp(t, {}, {
      after: (app) => app.get('/poll', { config: { session: { refresh: false } } }, async () => 'nothing new')
    })

    t.assert.deepStrictEqual(namesOf(await app.inject({ url: '/poll', headers: { cookie: permanent } })), [])
  })
})

describe('a session that the handler changed is sent', () => {
  test('beside a cookie of its name that the handler put into the reply', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session, _request, reply) => {
      session.user = 'bob'
      reply.header('set-cookie', deletion)
    }, { cookie: permanent })

    t.assert.deepStrictEqual(namesOf(response), ['session=', 'session=...'])
  })

  test('beside a cookie of another name', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    t.assert.deepStrictEqual(namesOf(await visit((_session, _request, reply) => {
      reply.header('set-cookie', ['sessions=1', 'my_session=1', 'SESSION=1'])
    }, { cookie: permanent })), ['sessions=1', 'my_session=1', 'SESSION=1', 'session=...'])
  })
})

const good = cookieOf({ user: 'ada' })
const token = good.slice('session='.length)
const user: Act = (session) => session.get('user') ?? 'nobody'

describe('a good session cookie is found', () => {
  const useless: Record<string, string> = {
    'of another application': cookieOf({ user: 'eve' }, { key: 'another key' }),
    'that is empty': 'session=',
    'that says deleted': 'session=deleted',
    'that was damaged': `session=${token.slice(0, -5)}`,
    'that has no value at all': 'session',
    'that is too old': cookieOf({ user: 'old' }).replace(/\.[^.]+\.[^.]+$/, '.AAAAAA.AAAA'),
    'in quotes': `session="${token}"`
  }
  for (const [name, other] of Object.entries(useless)) {
    test(`behind one ${name}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      t.assert.strictEqual((await visit(user, { cookie: `${other}; ${good}` })).body, 'ada')
    })

    test(`before one ${name}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)
      t.assert.strictEqual((await visit(user, { cookie: `${good}; ${other}` })).body, 'ada')
    })
  }

  test('among many, and only one that verifies makes no others expire', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = [...Object.values(useless), good, ...Object.values(useless)].join('; ')

    const response = await visit((session) => { session.seen = 1 }, { cookie })

    t.assert.deepStrictEqual(savedData(response), { user: 'ada', seen: 1 })
  })

  test('and those that are refused are one debug line', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })
    await visit(user, { cookie: `session=; session=deleted; session=a.b.c; ${good}` })

    t.assert.deepStrictEqual(log.lines.map(({ level }) => level), [20])
  })
})

/** A good cookie that was signed so many seconds after {@link now}. */
function signedAt (t: TestContext, seconds: number, data: object): string {
  t.mock.timers.setTime(now + seconds * 1000)
  return cookieOf(data)
}

describe('of several good session cookies', () => {
  for (const [what, order] of [['the first', [20, 10, 0]], ['the second', [10, 20, 0]], ['the last', [0, 10, 20]]] as const) {
    test(`the one that was signed last counts: ${what}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit } = await sessionApp(t)
      const cookie = order.map((seconds) => signedAt(t, seconds, { user: `at ${seconds}` })).join('; ')
      t.mock.timers.setTime(now + 30_000)

      for (let i = 0; i < 3; i++) t.assert.strictEqual((await visit(user, { cookie })).body, 'at 20')
    })
  }

  test('the first counts of those that were signed in the same second', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t)

    for (const [a, b] of [['ada', 'bob'], ['bob', 'ada']] as const) {
      t.assert.strictEqual((await visit(user, { cookie: `${cookieOf({ user: a })}; ${cookieOf({ user: b })}` })).body, a)
    }
  })

  test('the first counts where a decode of the application says nothing of the time', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override decode (_app: SessionApp, cookie: string): ReturnType<SecureCookieSessionInterface['decode']> {
        return { data: { user: cookie } }
      }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    t.assert.strictEqual((await visit(user, { cookie: 'session=ada; session=bob' })).body, 'ada')
  })

  test('one that has expired does not count', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t, { permanentSessionLifetime: 15 })
    const cookie = `${signedAt(t, 0, { user: 'old' })}; ${signedAt(t, 10, { user: 'new' })}`
    t.mock.timers.setTime(now + 20_000)

    t.assert.strictEqual((await visit(user, { cookie })).body, 'new')
  })

  const attributesOf = (response: Answer): Array<[value: string, attributes: SetCookie['attributes']]> => {
    return setCookiesOf(response).map(({ value, attributes }) => [value === '' ? '' : '...', attributes])
  }
  const gone = { 'Max-Age': '0', Expires: 'Thu, 01 Jan 1970 00:00:00 GMT', HttpOnly: true } as const
  const acts: Record<string, { act: Act | undefined, data: object, last: (attributes: object) => [string, object] }> = {
    'and changed': { act: (session) => { session.seen = 1 }, data: { user: 'ada' }, last: (attributes) => ['...', { ...attributes, HttpOnly: true }] },
    'and ended': { act: (session) => session.clear(), data: { user: 'ada' }, last: (attributes) => ['', { ...gone, ...attributes }] },
    'and refreshed': {
      act: undefined,
      data: { _permanent: true },
      last: (attributes) => ['...', { ...attributes, HttpOnly: true, Expires: 'Thu, 01 Feb 2024 00:00:00 GMT' }]
    }
  }
  interface Kind {
    options: () => SecureSessionOptions
    /** Two cookies that are ours. */
    both: (data: object) => [string, string]
    /** One that only looks like ours. */
    foreign: string
  }
  const sealing = (key: string): SealedFormat => new SealedFormat(signingSerializer({ key, salt: 'cookie-session.sealed' }))
  const sealed = (data: object, key = secretKey): string => `session=${sealing(key).encode(JSON.stringify(data))}`
  const signedPair: Kind['both'] = (data) => [cookieOf(data), cookieOf({ ...data, other: 1 })]
  const sealedPair: Kind['both'] = (data) => [sealed(data), sealed({ ...data, other: 1 })]
  const kinds: Record<string, Kind> = {
    signed: { options: () => ({}), both: signedPair, foreign: cookieOf({ user: 'eve' }, { key: 'another key' }) },
    sealed: { options: () => ({ sealed: true }), both: sealedPair, foreign: sealed({ user: 'eve' }, 'another key') },
    'sealed beside one that is signed': {
      options: () => ({ sealed: { readSigned: true } }), both: (data) => [sealed(data), cookieOf(data)], foreign: cookieOf({ user: 'eve' }, { key: 'another key' })
    },
    revocable: { options: () => ({ revocation: { store: memoryStore() } }), both: signedPair, foreign: cookieOf({ user: 'eve' }, { key: 'another key' }) },
    'sealed and revocable': { options: () => ({ sealed: true, revocation: { store: memoryStore() } }), both: sealedPair, foreign: cookieOf({ user: 'eve' }) }
  }
  const cases = Object.entries(kinds).flatMap(([kind, { options, both, foreign }]) => Object.entries(acts).map(([name, { act, data, last }]) => ({
    name: `${kind} ${name}`, options, act, last, foreign, both: () => both(data)
  })))
  for (const { name, options, act, last, foreign, both } of cases) {
    const cookie = (): string => both().join('; ')

    test(`others expire beside one that is ${name}: one without Path`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit } = await sessionApp(t, options())

      t.assert.deepStrictEqual(attributesOf(await visit(act, { cookie: cookie() })), [['', gone], last({ Path: '/' })])
    })

    test(`others expire beside one that is ${name} with a Domain and a Path: one without Path, one without Domain, one of the whole site`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit } = await sessionApp(t, { ...options(), cookie: { domain: 'example.com', path: '/shop' } })

      t.assert.deepStrictEqual(attributesOf(await visit(act, { cookie: cookie() })), [
        ['', { ...gone, Domain: 'example.com' }], ['', { ...gone, Path: '/shop' }],
        ['', { ...gone, Domain: 'example.com', Path: '/' }], last({ Domain: 'example.com', Path: '/shop' })
      ])
    })

    // Without Path a browser takes the folder of the request, and a logout under /shop would fall back to the cookie of /.
    test(`others expire beside one that is ${name} whose Path was narrowed: one without Path, one of the whole site`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit } = await sessionApp(t, { ...options(), cookie: { path: '/shop' } })

      t.assert.deepStrictEqual(attributesOf(await visit(act, { cookie: cookie() })), [
        ['', gone], ['', { ...gone, Path: '/' }], last({ Path: '/shop' })
      ])
    })

    test(`one of another application does not expire beside one that is ${name}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit } = await sessionApp(t, { ...options(), cookie: { path: '/shop' } })
      const [ours] = both()

      for (const cookie of [`${ours}; ${foreign}`, `${foreign}; ${ours}`]) {
        t.assert.deepStrictEqual(attributesOf(await visit(act, { cookie })), [last({ Path: '/shop' })])
      }
    })

    test(`others expire once beside one that is ${name} and is saved twice`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const { visit } = await sessionApp(t, options())

      const response = await visit(async (session, request, reply) => {
        await act?.(session, request, reply)
        await session.save()
        await session.save()
      }, { cookie: cookie() })

      t.assert.strictEqual(setCookiesOf(response).length, 2)
      t.assert.strictEqual(parseSetCookie(String([response.headers['set-cookie']].flat()[0])).attributes.Path, undefined)
    })
  }

  test('none is expired by a response that writes no session', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    t.assert.deepStrictEqual(setCookiesOf(await visit(user, { cookie: `${good}; ${cookieOf({ user: 'bob' })}` })), [])
  })
})
