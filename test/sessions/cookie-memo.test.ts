import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { CookieMemo } from '../../lib/sessions/cookie-memo.ts'
import type { RememberedCookie } from '../../lib/sessions/cookie-memo.ts'
import { cookieAfter, cookieOf, logOf, secretKey, sessionApp, signingSerializer } from '../helpers.ts'
import type { Act } from '../helpers.ts'

const read: Act = (session) => session.user_id ?? 'nobody'

describe('a cookie that was verified before', () => {
  test('lends its signature to no other payload and no other time', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const [payload, time, signature] = cookieOf({ user_id: 42 }).slice('session='.length).split('.') as [string, string, string]
    const other = Buffer.from('{"user_id":1}').toString('base64url')

    for (let i = 0; i < 3; i++) {
      t.assert.strictEqual((await visit(read, { cookie: `session=${payload}.${time}.${signature}` })).body, '42')
      t.assert.strictEqual((await visit(read, { cookie: `session=${other}.${time}.${signature}` })).body, 'nobody')
      t.assert.strictEqual((await visit(read, { cookie: `session=${payload}.AAAAAA.${signature}` })).body, 'nobody')
      t.assert.strictEqual((await visit(read, { cookie: `session=${payload}.${time}.A${signature.slice(1)}` })).body, signature.startsWith('A') ? '42' : 'nobody')
      t.assert.strictEqual((await visit(read, { cookie: `session=${signature.slice(-22)}` })).body, 'nobody')
    }
  })

  for (const rememberedCookies of [0, 1, 2, 4, 1000]) {
    test(`is read alike when ${rememberedCookies} are remembered`, async (t: TestContext) => {
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

  test('is read alike when the cookies are very long', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookies = Array.from({ length: 12 }, (_, user) => cookieOf({ user_id: user, big: 'x'.repeat(200_000) }))

    for (let i = 0; i < 2; i++) {
      for (const [user, cookie] of cookies.entries()) t.assert.strictEqual((await visit(read, { cookie })).body, String(user))
    }
  })

  test('shows no change of one request to another', async (t: TestContext) => {
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

  test('is refreshed from what it holds', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const cookie = cookieOf({ list: [1], _permanent: true })

    for (let i = 0; i < 3; i++) {
      const response = await visit(undefined, { cookie })

      t.assert.deepStrictEqual(signingSerializer().loads(cookieAfter(response).slice('session='.length)), { list: [1], _permanent: true })
    }
  })

  test('is refused when its key went', async (t: TestContext) => {
    const config = { SECRET_KEY: secretKey }
    const { visit } = await sessionApp(t, { secretKey: undefined }, { config })
    const cookie = cookieOf({ user_id: 42 })

    t.assert.strictEqual((await visit(read, { cookie })).body, '42')
    config.SECRET_KEY = 'another key, long enough'
    t.assert.strictEqual((await visit(read, { cookie })).body, 'nobody')
    config.SECRET_KEY = secretKey
    t.assert.strictEqual((await visit(read, { cookie })).body, '42')
  })

  test('what was signed here but cannot be read is an empty session as well', async (t: TestContext) => {
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

  test('a signing serializer with another separator works', async (t: TestContext) => {
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

describe('CookieMemo', () => {
  /** A cookie of 97 characters; what tells it from others stands at the end. */
  const cookieNo = (n: number): string => `e30.AAAAAQ.${String(n).padStart(86, '0')}`
  /** Which of these cookies are known; to ask makes an old one young. */
  const known = (memo: CookieMemo, ...numbers: number[]): number[] => numbers.filter((n) => memo.get(cookieNo(n)) !== undefined)

  test('knows what was added, by the whole of the cookie', (t: TestContext) => {
    const memo = new CookieMemo(4)
    memo.add(cookieNo(1), '{}')

    t.assert.deepStrictEqual(memo.get(cookieNo(1)), {
      cookie: cookieNo(1), text: '{}', timestamp: undefined, mayBePermanent: undefined, data: undefined
    })
    t.assert.strictEqual(memo.get(`x${cookieNo(1)}`), undefined)
    t.assert.strictEqual(memo.get(cookieNo(2)), undefined)
  })

  for (const [title, other] of [
    ['the end of its signature', 'e30.AAAAAQ.s-other-signature-12345678'], ['its signature', 'e31.AAAAAQ.a-long-signature-12345678'],
    ['all but its length', 'xe30.AAAAAQ.a-long-signature-12345678'], ['all but one character in front', 'e30.AAAAAQ.b-long-signature-12345678']
  ] as const) {
    test(`takes no cookie for another that has only ${title} in common`, (t: TestContext) => {
      const cookie = 'e30.AAAAAQ.a-long-signature-12345678'
      const memo = new CookieMemo(2)
      memo.add(cookie, '{}')
      t.assert.strictEqual(memo.get(other), undefined)
      t.assert.strictEqual(memo.get(cookie)?.cookie, cookie)
      memo.add('e30.AAAAAQ.another-one-87654321', '{}') // now it is an old one
      t.assert.strictEqual(memo.get(other), undefined)
      t.assert.strictEqual(memo.get(cookie)?.cookie, cookie)
    })
  }

  test('forgets the older half when the younger one is full', (t: TestContext) => {
    const memo = new CookieMemo(4)
    for (const n of [1, 2, 3, 4]) memo.add(cookieNo(n), '{}')
    memo.add(cookieNo(5), '{}')

    t.assert.deepStrictEqual(known(memo, 1, 2, 5, 3), [5, 3])
  })

  test('takes an old cookie that is used again for a young one', (t: TestContext) => {
    const memo = new CookieMemo(4)
    for (const n of [1, 2, 3]) memo.add(cookieNo(n), '{}')
    t.assert.deepStrictEqual(known(memo, 1), [1])
    memo.add(cookieNo(4), '{}')

    t.assert.deepStrictEqual(known(memo, 2, 1), [1])
  })

  for (const max of [0, 1, -2]) {
    test(`remembers none where ${max} are to be remembered`, (t: TestContext) => {
      const memo = new CookieMemo(max)
      memo.add(cookieNo(1), '{}')
      for (let i = 0; i < 3; i++) memo.addSeen(cookieNo(2), '{}')

      t.assert.deepStrictEqual(known(memo, 1, 2), [])
    })
  }

  test('takes any number, and no more memory for it', (t: TestContext) => {
    const memo = new CookieMemo(1e12)
    memo.add(cookieNo(1), '{}')

    t.assert.deepStrictEqual(known(memo, 1), [1])
  })

  test('has 1,048,576 bytes for the cookies and texts of each half that were not asked for', (t: TestContext) => {
    const text = (total: number): string => 'x'.repeat(total - 97 - 8)
    const memo = new CookieMemo(1000)
    memo.add(cookieNo(1), text(500_000))
    memo.add(cookieNo(2), text(548_576))
    memo.add(cookieNo(3), text(500_000))
    memo.add(cookieNo(4), text(548_577)) // one byte too many: 1 and 2 have to go

    t.assert.deepStrictEqual(known(memo, 1, 2, 4, 3), [4, 3])
  })

  for (const [what, more] of [['as many', 0], ['not one more', 1]] as const) {
    test(`has 1,048,576 characters for the cookies and texts of each half that were asked for, and ${what}`, (t: TestContext) => {
      const text = (total: number): string => 'x'.repeat(total - 97)
      const memo = new CookieMemo(1000)
      memo.add(cookieNo(1), text(500_000))
      memo.add(cookieNo(2), text(300_000))
      memo.add(cookieNo(3), text(500_000)) // in the second half
      t.assert.deepStrictEqual(known(memo, 1, 3), [1, 3])
      memo.add(cookieNo(4), text(48_576 + more))
      // 2 is still in the first half, unless 4 has taken its place.
      t.assert.deepStrictEqual(known(memo, 4, 2), more === 0 ? [4, 2] : [4])
    })
  }

  test('counts a cookie that is asked for again only once', (t: TestContext) => {
    const memo = new CookieMemo(1000)
    memo.add(cookieNo(1), 'x'.repeat(1000))
    for (const n of [2, 3]) {
      memo.add(cookieNo(n), '{}')
      for (let i = 0; i < 2000; i++) memo.get(cookieNo(1))
    }

    t.assert.deepStrictEqual(known(memo, 2, 3), [2, 3])
  })

  test('takes an old cookie that was asked for before for a young one when it is asked for again', (t: TestContext) => {
    const memo = new CookieMemo(4)
    memo.add(cookieNo(1), '{}')
    for (const n of [2, 3, 4, 5]) {
      t.assert.deepStrictEqual(known(memo, 1), [1])
      memo.add(cookieNo(n), '{}')
    }

    t.assert.deepStrictEqual(known(memo, 1), [1])
  })

  test('remembers nothing that would take all of its room, and forgets nothing for it', (t: TestContext) => {
    const memo = new CookieMemo(1000)
    memo.add(cookieNo(1), '{}')
    for (const n of [2, 3, 4]) memo.add(cookieNo(n), 'x'.repeat(1_048_576 - 97))

    t.assert.deepStrictEqual(known(memo, 1, 2, 3, 4), [1])
  })

  for (const text of ['x'.repeat(1_048_576 - 97 - 7), 'ä'.repeat(524_288 - 52)]) {
    test(`forgets nothing for a text of ${text.length} characters, with which a cookie is one byte too long`, (t: TestContext) => {
      const memo = new CookieMemo(1000)
      memo.add(cookieNo(1), '{}')
      for (const n of [2, 3]) memo.add(cookieNo(n), text)

      t.assert.deepStrictEqual(known(memo, 1, 2, 3), [1])
    })
  }

  test('has 16 KiB for each cookie where few are to be remembered', (t: TestContext) => {
    const memo = new CookieMemo(2)
    memo.add(cookieNo(1), 'x'.repeat(16_384 - 97 - 8))
    t.assert.deepStrictEqual(known(memo, 1), [1])
    memo.add(cookieNo(2), 'x'.repeat(16_384 - 97 - 7))
    t.assert.deepStrictEqual(known(memo, 2), [])
  })

  test('gives the same object for a cookie that is asked for again, also when it is an old one by then', (t: TestContext) => {
    const memo = new CookieMemo(4)
    memo.add(cookieNo(1), '{}')
    const first = memo.get(cookieNo(1))
    t.assert.strictEqual(memo.get(cookieNo(1)), first)
    memo.add(cookieNo(2), '{}')
    memo.add(cookieNo(3), '{}')

    t.assert.strictEqual(memo.get(cookieNo(1)), first)
    t.assert.deepStrictEqual(known(memo, 2, 3), [2, 3])
  })

  test('remembers a cookie that was seen when it is seen again', (t: TestContext) => {
    const memo = new CookieMemo(4)
    memo.addSeen(cookieNo(1), '{}')
    t.assert.deepStrictEqual(known(memo, 1), [])
    memo.addSeen(cookieNo(1), '{}')

    t.assert.deepStrictEqual(known(memo, 1), [1])
    t.assert.strictEqual(memo.get(cookieNo(1))?.cookie, cookieNo(1))
  })

  for (const other of [2, 11, 101, 1001, 10_001, 100_001, 1_000_001, 10_000_001]) {
    test(`takes the cookie ${other} for another one than 1, though both came once`, (t: TestContext) => {
      const memo = new CookieMemo(1000)
      memo.addSeen(cookieNo(1), '{}')
      memo.addSeen(cookieNo(other), '{}')

      t.assert.deepStrictEqual(known(memo, 1, other), [])
    })
  }

  test('has seen more cookies than it remembers', (t: TestContext) => {
    const memo = new CookieMemo(4)
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) memo.addSeen(cookieNo(n), '{}')
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) {
      memo.addSeen(cookieNo(n), '{}')
      t.assert.deepStrictEqual(known(memo, n), [n])
    }
  })

  for (const [sep, cookie] of [[undefined, 'e30.AAAAAQ.c2ln'], ['.', '.e30.AAAAAQ.c2ln'], [':', 'e30:AAAAAQ:c2ln'], ['::', 'e30::AAAAAQ::c2ln']] as const) {
    test(`finds the timestamp in ${cookie}, once`, (t: TestContext) => {
      const memo = new CookieMemo(4, sep)
      memo.add(cookie, '{}')
      const remembered = memo.get(cookie) as RememberedCookie

      t.assert.strictEqual(memo.timestampOf(remembered), 1)
      t.assert.strictEqual(remembered.timestamp, 1)
    })
  }

  test('knows which cookies may be permanent, and keeps it', (t: TestContext) => {
    const memo = new CookieMemo(4)
    const [permanent, passing] = ['eyJfcGVybWFuZW50Ijp0cnVlfQ.AAAAAQ.c2lnbmVk', 'eyJ1c2VyX2lkIjo0Mn0.AAAAAQ.c2lnbmF0dXJl'] as const
    t.assert.deepStrictEqual([permanent, passing].map((cookie) => memo.mayBePermanent(cookie)), [true, false])
    for (const cookie of [permanent, passing]) memo.add(cookie, '{}')

    t.assert.deepStrictEqual([permanent, passing].map((cookie) => memo.mayBePermanent(cookie)), [true, false])
    t.assert.deepStrictEqual([permanent, passing].map((cookie) => memo.get(cookie)?.mayBePermanent), [true, false])
  })
})
