import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { FlaskFormat } from '../../lib/formats/flask.ts'
import { RememberedTokens } from '../../lib/formats/remembered.ts'
import { verifiedToken } from '../../lib/formats/token-format.ts'
import type { DecodedToken, TokenFormat } from '../../lib/formats/token-format.ts'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { RevocableSessionInterface } from '../../lib/revocation/revocable-sessions.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'
import { cookieAfter, cookieOf, logOf, noise, secretKey, sessionApp, signingSerializer } from '../helpers.ts'
import type { Act } from '../helpers.ts'
import { formatContract } from './format.contract.ts'

const read: Act = (session) => session.user_id ?? 'nobody'

describe('a cookie that was verified before', () => {
  test('does not make its signature right for another payload or timestamp', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const [payload, time, signature] = cookieOf({ user_id: 42 }).slice('session='.length).split('.') as [string, string, string]
    const other = Buffer.from('{"user_id":1}').toString('base64url')

    for (let i = 0; i < 3; i++) {
      t.assert.strictEqual((await visit(read, { cookie: `session=${payload}.${time}.${signature}` })).body, '42')
      t.assert.strictEqual((await visit(read, { cookie: `session=${other}.${time}.${signature}` })).body, 'nobody')
      t.assert.strictEqual((await visit(read, { cookie: `session=${payload}.AAAAAA.${signature}` })).body, 'nobody')
      const edited = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
      t.assert.strictEqual((await visit(read, { cookie: `session=${payload}.${time}.${edited}` })).body, 'nobody')
      t.assert.strictEqual((await visit(read, { cookie: `session=${signature.slice(-22)}` })).body, 'nobody')
    }
  })

  for (const rememberedCookies of [0, 1, 2, 4, 1000]) {
    test(`is read the same when ${rememberedCookies} cookies are remembered`, async (t: TestContext) => {
      class Own extends SecureCookieSessionInterface {
        override rememberedCookies = rememberedCookies
      }
      const { visit } = await sessionApp(t, { sessionInterface: new Own() })
      const cookies = Array.from({ length: 6 }, (_, user) => cookieOf({ user_id: user, list: [user] }))
      const order = [0, 1, 2, 3, 4, 5, 5, 0, 4, 0, 3, 0, 1, 0, 2, 0]

      for (const user of order) {
        const response = await visit((session) => ({ user: session.user_id, list: session.list.push(1) && session.list }), { cookie: cookies[user] })

        t.assert.deepStrictEqual(response.json(), { user, list: [user, 1] })
      }
    })
  }

  test('is read the same when it is very long', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookies = Array.from({ length: 12 }, (_, user) => cookieOf({ user_id: user, big: 'x'.repeat(200_000) }))

    for (let i = 0; i < 2; i++) {
      for (const [user, cookie] of cookies.entries()) t.assert.strictEqual((await visit(read, { cookie })).body, String(user))
    }
  })

  test('shows no request the changes of another', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOf({ user_id: 42, at: new Date(0), cart: { items: [] } })
    const change: Act = (session) => {
      const before = JSON.stringify(session)
      session.cart.items.push(1)
      session.at.setTime(1e12)
      session.user_id = 1
      delete session.cart.more
      for (const [, value] of session) if (typeof value === 'object' && value !== null) Object.assign(value, { extra: 1 })
      Object.assign(session.data().cart, { by: 'data' })
      session.clear()
      return before
    }

    for (let i = 0; i < 3; i++) {
      t.assert.strictEqual((await visit(change, { cookie })).body, '{"user_id":42,"at":"1970-01-01T00:00:00.000Z","cart":{"items":[]}}')
    }
  })

  test('keeps its data when it is refreshed', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOf({ list: [1], _permanent: true })

    for (let i = 0; i < 3; i++) {
      const response = await visit(undefined, { cookie })

      t.assert.deepStrictEqual(signingSerializer().loads(cookieAfter(response).slice('session='.length)), { list: [1], _permanent: true })
    }
  })

  test('is refused while its key is not configured', async (t: TestContext) => {
    const config = { SECRET_KEY: secretKey }
    const { visit } = await sessionApp(t, { secretKey: undefined }, { config })
    const cookie = cookieOf({ user_id: 42 })

    t.assert.strictEqual((await visit(read, { cookie })).body, '42')
    config.SECRET_KEY = 'another key, long enough'
    t.assert.strictEqual((await visit(read, { cookie })).body, 'nobody')
    config.SECRET_KEY = secretKey
    t.assert.strictEqual((await visit(read, { cookie })).body, '42')
  })

  test('is an empty session and a warning when its data cannot be read', async (t: TestContext) => {
    for (const text of ['no JSON', '[1]', 'null']) {
      const log = logOf()
      const serializer = { dumps: () => text, loads: (text: string): unknown => JSON.parse(text) }
      const { visit } = await sessionApp(t, { serializer }, { server: log.server })
      const cookie = cookieAfter(await visit((session) => { session.user_id = 42 }))

      const response = await visit((session) => ({ keys: Object.keys(session) }), { cookie })

      t.assert.deepStrictEqual(response.json(), { keys: [] }, text)
      t.assert.deepStrictEqual(log.lines.map(({ level, code }) => [level, code]), [[40, 'ERR_TOKEN_BAD_PAYLOAD']])
    }
  })

  test('may have another separator', async (t: TestContext) => {
    const own = new URLSafeTimedSerializer(secretKey, { salt: 's', signerOptions: { sep: ':', digestMethod: 'sha512' } })
    class Own extends SecureCookieSessionInterface {
      override getSigningSerializer (): URLSafeTimedSerializer { return own }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })

    const response = await visit((session) => { session.user_id = 42 })

    t.assert.strictEqual(response.statusCode, 200)
    t.assert.strictEqual((await visit(read, { cookie: cookieAfter(response) })).body, '42')
    t.assert.strictEqual((await visit(read, { cookie: `session=${own.dumps('{"user_id":7}', { serializer: { dumps: String } })}` })).body, '7')
  })
})

formatContract('RememberedTokens', (...keys) => {
  return new RememberedTokens(new FlaskFormat(new URLSafeTimedSerializer([...keys].reverse(), { compressFrom: Infinity })), 1000)
})

describe('RememberedTokens', () => {
  /** A format that accepts every token until it is closed, and the tokens that are still accepted then. */
  function closing (max: number, jsonOf: (token: string) => string = () => '{}') {
    let isClosed = false
    const inner: TokenFormat = {
      encode: String,
      decode: (token): DecodedToken => {
        if (isClosed) return { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE' }
        return verifiedToken(jsonOf(token), 0, 0)
      }
    }
    const format = new RememberedTokens(inner, max)
    const seeTwice = (token: string): void => {
      format.decode(token)
      format.decode(token)
    }
    const known = (tokens: readonly string[]): string[] => {
      isClosed = true
      return tokens.filter((token) => format.decode(token).ok)
    }
    return { format, seeTwice, known }
  }
  const tokens = (count: number): string[] => Array.from({ length: count }, (_, n) => `e30.AAAAAQ.${String(n).padStart(86, '0')}`)

  for (const max of [0, 1, 2, 1000]) {
    test(`remembers at most ${max} of 100,000 tokens`, (t: TestContext) => {
      const { seeTwice, known } = closing(max)
      const all = tokens(100_000)
      for (const token of all) seeTwice(token)

      const { length } = known(all)
      t.assert.ok(length <= max, `${length}`)
      t.assert.ok(length >= Math.floor(max / 2), `${length}`)
    })
  }

  test('remembers no token that came once', (t: TestContext) => {
    const { format, seeTwice, known } = closing(1000)
    const [once = '', twice = ''] = tokens(2)
    format.decode(once)
    seeTwice(twice)

    t.assert.deepStrictEqual(known([once, twice]), [twice])
  })

  test('remembers a token that comes again and again, whatever else comes', (t: TestContext) => {
    const { format, known } = closing(10)
    const [usual = '', ...others] = tokens(100)
    for (const other of others) {
      format.decode(usual)
      format.decode(other)
    }

    t.assert.deepStrictEqual(known([usual]), [usual])
  })

  test('remembers at most about 2 MiB of long tokens', (t: TestContext) => {
    const { seeTwice, known } = closing(1000, () => 'x'.repeat(100_000))
    const all = tokens(200)
    for (const token of all) seeTwice(token)

    const { length } = known(all)
    t.assert.ok(length > 0 && length * 100_000 <= 2 * 1_048_576, `${length}`)
  })

  test('forgets nothing for a token that is too long to be remembered', (t: TestContext) => {
    const [long = '', ...others] = tokens(11)
    const { format, seeTwice, known } = closing(1000, (token) => token === long ? 'x'.repeat(1_048_576) : '{}')
    for (const token of others) seeTwice(token)
    for (let i = 0; i < 5; i++) t.assert.strictEqual(format.decode(long).ok, true)

    t.assert.deepStrictEqual(known([long, ...others]), others)
  })

  for (const [what, other] of [
    ['the end of its signature', 'e30.AAAAAQ.s-other-signature-12345678'],
    ['its signature', 'e31.AAAAAQ.a-long-signature-12345678'],
    ['all but one character in front', 'xe30.AAAAAQ.a-long-signature-12345678']
  ] as const) {
    test(`does not accept a token that shares only ${what} with a remembered one`, (t: TestContext) => {
      const { seeTwice, known } = closing(2)
      const token = 'e30.AAAAAQ.a-long-signature-12345678'
      seeTwice(token)
      t.assert.deepStrictEqual(known([other, token]), [token])
    })

    test(`does not accept a token that shares only ${what} with an older remembered one`, (t: TestContext) => {
      const { seeTwice, known } = closing(4)
      const token = 'e30.AAAAAQ.a-long-signature-12345678'
      for (const each of [token, 'e30.AAAAAQ.another-signature-87654321']) seeTwice(each)
      t.assert.deepStrictEqual(known([other, token]), [token])
    })
  }

  test('remembers no token that it writes, and forgets none for it', (t: TestContext) => {
    const { format, seeTwice, known } = closing(2)
    const [twice = ''] = tokens(1)
    seeTwice(twice)
    const written = Array.from({ length: 100 }, (_, n) => format.encode(`{"n":${n}}`))

    t.assert.deepStrictEqual(known([twice, ...written]), [twice])
  })

  test('does not remember a refusal', (t: TestContext) => {
    let isRight = false
    const answer = (): DecodedToken => isRight ? verifiedToken('{}', 0, 0) : { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE' }
    const format = new RememberedTokens({ encode: String, decode: answer }, 1000)

    t.assert.strictEqual(format.decode('token').ok, false)
    isRight = true
    t.assert.strictEqual(format.decode('token').ok, true)
  })
})

describe('what is written, whether it is sent or not, takes no place of a cookie that was verified', () => {
  /** Counts how often a token is verified because it is not remembered. Remembers two tokens of an age. */
  const counting = <T extends typeof RevocableSessionInterface | typeof SecureCookieSessionInterface>(Base: T) => {
    return class extends (Base as typeof RevocableSessionInterface) {
      override rememberedCookies = 4
      decoded = 0

      override makeFormat (signing: URLSafeTimedSerializer): TokenFormat {
        const format = super.makeFormat(signing)
        return {
          encode: (json, room) => format.encode(json, room),
          decode: (token) => {
            this.decoded++
            return format.decode(token)
          }
        }
      }
    }
  }
  const revocation = (): { store: SessionStore } => ({ store: memoryStore() })
  const kinds = {
    signed: () => new (counting(SecureCookieSessionInterface))({}, 'session'),
    sealed: () => new (counting(SecureCookieSessionInterface))({ sealed: true }, 'session'),
    revocable: () => new (counting(RevocableSessionInterface))({ revocation: revocation() }, 'session'),
    'sealed and revocable': () => new (counting(RevocableSessionInterface))({ sealed: true, revocation: revocation() }, 'session')
  }
  /** @param status - of the responses, by which each is known to be sent or not */
  const writes: Record<string, { act: Act, status: number, sends: boolean }> = {
    'that is sent': { act: (session) => { session.n = Math.random() }, status: 200, sends: true },
    'that is long and sent': { act: (session) => { session.update({ n: Math.random(), letters: noise(2000) }) }, status: 200, sends: true },
    'that does not fit': { act: (session) => { session.update({ n: Math.random(), letters: noise(6000) }) }, status: 500, sends: false },
    'that does not fit, of repeated letters': { act: (session) => { session.update({ n: Math.random(), letters: noise(100).repeat(2600) + noise(5000) }) }, status: 500, sends: false },
    'that is replaced by another save': { act: async (session) => { session.n = Math.random(); await session.save(); session.n = Math.random() }, status: 200, sends: true },
    'of which the application ends the session': { act: async (session) => { session.n = Math.random(); await session.save(); session.clear() }, status: 200, sends: true },
    'of a reply that is hijacked': {
      act: (session, _request, reply) => { session.n = Math.random(); reply.hijack(); reply.raw.end('raw'); return reply }, status: 200, sends: false
    },
    'of encodeSession': { act: (_session, request) => request.server.encodeSession(request.server.createSession({ n: Math.random() })), status: 200, sends: false }
  }
  for (const [kind, make] of Object.entries(kinds)) {
    for (const [what, { act, status, sends }] of Object.entries(writes)) {
      test(`of a session that is ${kind}: one ${what}`, async (t: TestContext) => {
        const sessions = make()
        const { visit } = await sessionApp(t, { sessionInterface: sessions })
        const cookies: string[] = []
        for (const user of [1, 2]) cookies.push(cookieAfter(await visit((session) => { session.user_id = user })))
        const readAll = async (): Promise<number> => {
          const before = sessions.decoded
          for (const [i, cookie] of cookies.entries()) t.assert.strictEqual((await visit(read, { cookie })).body, String(i + 1))
          return sessions.decoded - before
        }
        t.assert.deepStrictEqual([await readAll(), await readAll(), await readAll()], [2, 2, 0])

        for (let i = 0; i < 20; i++) {
          const response = await visit(act)
          t.assert.deepStrictEqual([response.statusCode, response.headers['set-cookie'] !== undefined], [status, sends])
        }

        t.assert.strictEqual(await readAll(), 0)
      })
    }
  }
})

describe('an interface that remembers no cookie', () => {
  test('asks its signing serializer about each of them', async (t: TestContext) => {
    class Counting extends URLSafeTimedSerializer {
      asked = 0
      override verify (...args: Parameters<URLSafeTimedSerializer['verify']>): ReturnType<URLSafeTimedSerializer['verify']> {
        this.asked++
        return super.verify(...args)
      }
    }
    const signing = new Counting(secretKey)
    class Own extends SecureCookieSessionInterface {
      override rememberedCookies = 0
      override getSigningSerializer (): URLSafeTimedSerializer { return signing }
    }
    const { visit } = await sessionApp(t, { sessionInterface: new Own() })
    const cookie = `session=${signing.dumps({ user_id: 42 })}`
    for (let i = 0; i < 3; i++) t.assert.strictEqual((await visit(read, { cookie })).body, '42')

    t.assert.strictEqual(signing.asked, 3)
  })
})
