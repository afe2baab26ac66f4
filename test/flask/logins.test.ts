import { describe } from 'node:test'
import type { TestContext } from 'node:test'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { Tuple, UUID } from '../../lib/index.ts'
import { FastifyApp, FlaskApp, withEachFlask } from './each-flask.ts'
import type { AppOptions } from './peer.ts'
import { signatureLength } from './token.ts'

interface Pair {
  with: string
  options: SecureSessionOptions
  flask: Omit<AppOptions, 'app'>
}

const pairs: Pair[] = [
  { with: "stock Flask, here digestMethod: 'sha1'", options: { digestMethod: 'sha1' }, flask: {} },
  { with: 'Flask on hashlib.sha512, here the default', options: {}, flask: { digest: 'sha512' } }
]

for (const pair of pairs) {
  describe(`logins shared with ${pair.with}`, () => {
    withEachFlask('in Flask are seen here', async (t: TestContext, peer) => {
      const [flask, ours] = [await FlaskApp.start(peer, pair.flask), await FastifyApp.start(t, pair.options)]
      const cookie = await flask.set(undefined, 'user_id', { $int: '42' })
      t.assert.strictEqual(await ours.read(cookie, ({ session }) => session.user_id), 42)
    })

    withEachFlask('here are seen in Flask', async (t: TestContext, peer) => {
      const [flask, ours] = [await FlaskApp.start(peer, pair.flask), await FastifyApp.start(t, pair.options)]
      const { cookie } = await ours.request(undefined, ({ session }) => { session.user_id = 42 })
      t.assert.strictEqual(await flask.get(cookie, 'user_id'), 42)
    })

    withEachFlask('survive a change on either side', async (t: TestContext, peer) => {
      const [flask, ours] = [await FlaskApp.start(peer, pair.flask), await FastifyApp.start(t, pair.options)]
      const login = await flask.set(undefined, 'user_id', { $int: '42' })
      const { cookie: withCart } = await ours.request(login, ({ session }) => { session.cart = { items: ['book'] } })
      const withTheme = await flask.set(withCart, 'theme', 'dark')
      const { cookie: withMore } = await ours.request(withTheme, ({ session }) => { session.cart.items.push('pen') })
      t.assert.deepStrictEqual((await flask.request(withMore)).session?.data, {
        $dict: [['cart', { $dict: [['items', { $list: ['book', 'pen'] }]] }], ['theme', 'dark'], ['user_id', { $int: '42' }]]
      })
    })

    withEachFlask('keep the types that JSON lacks, on the way there and back', async (t: TestContext, peer) => {
      const [flask, ours] = [await FlaskApp.start(peer, pair.flask), await FastifyApp.start(t, pair.options)]
      const { cookie } = await ours.request(undefined, ({ session }) => {
        session.point = new Tuple(1, 2.5)
        session.token = Buffer.from([0, 255])
        session.id = new UUID('12345678-1234-5678-1234-567812345678')
        session.big = 2n ** 64n
        session.at = new Date(0)
      })
      const back = await flask.set(cookie, 'seen', true)
      t.assert.deepStrictEqual(await ours.read(back, ({ session }) => session.data()), {
        at: new Date(0),
        big: 18446744073709551616n,
        id: new UUID('12345678123456781234567812345678'),
        point: new Tuple(1, 2.5),
        seen: true,
        token: Buffer.from([0, 255])
      })
    })

    withEachFlask('end on both sides with a logout on either', async (t: TestContext, peer) => {
      const [flask, ours] = [await FlaskApp.start(peer, pair.flask), await FastifyApp.start(t, pair.options)]
      const login = await flask.set(undefined, 'user_id', { $int: '42' })
      const here = await ours.request(login, ({ session }) => session.clear())
      const there = await flask.request(login, [{ op: 'clear' }])
      t.assert.strictEqual(here.headers['set-cookie'], 'session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly')
      t.assert.deepStrictEqual(there.headers.find(([name]) => name === 'Set-Cookie')?.[1],
        'session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/')
    })

    withEachFlask('that are permanent end at the same second', async (t: TestContext, peer) => {
      const [flask, ours] = [await FlaskApp.start(peer, pair.flask), await FastifyApp.start(t, pair.options)]
      const here = await ours.request(undefined, ({ session }) => { session.permanent = true })
      const there = await flask.request(here.cookie, [{ op: 'set', key: 'user_id', value: { $int: '42' } }])
      t.assert.match(String(here.headers['set-cookie']), /; Expires=Mon, 17 Jun 2024 12:00:00 GMT;/)
      t.assert.match(String(there.headers.find(([name]) => name === 'Set-Cookie')?.[1]), /; Expires=Mon, 17 Jun 2024 12:00:00 GMT;/)
    })
  })
}

describe("moving from stock Flask to SHA-512 with digestMethod: ['sha512', 'sha1']", () => {
  const options: SecureSessionOptions = { digestMethod: ['sha512', 'sha1'] }

  withEachFlask('keeps everybody logged in', async (t: TestContext, peer) => {
    const [stock, ours] = [await FlaskApp.start(peer), await FastifyApp.start(t, options)]
    const login = await stock.set(undefined, 'user_id', { $int: '42' })
    t.assert.strictEqual(await ours.read(login, ({ session }) => session.user_id), 42)
  })

  withEachFlask('signs the next cookie with SHA-512, which Flask on SHA-512 reads', async (t: TestContext, peer) => {
    const [stock, moved] = [await FlaskApp.start(peer), await FlaskApp.start(peer, { digest: 'sha512' }, 'moved')]
    const ours = await FastifyApp.start(t, options)
    const login = await stock.set(undefined, 'user_id', { $int: '42' })
    const { cookie } = await ours.request(login, ({ session }) => { session.visits = 1 })
    t.assert.strictEqual(cookie.split('.').at(-1)?.length, signatureLength.sha512)
    t.assert.strictEqual(await moved.get(cookie, 'user_id'), 42)
    t.assert.strictEqual(await stock.get(cookie, 'user_id'), null)
  })

  withEachFlask('reads cookies of Flask on SHA-512 too', async (t: TestContext, peer) => {
    const [moved, ours] = [await FlaskApp.start(peer, { digest: 'sha512' }), await FastifyApp.start(t, options)]
    const login = await moved.set(undefined, 'user_id', { $int: '42' })
    t.assert.strictEqual(await ours.read(login, ({ session }) => session.user_id), 42)
  })
})

describe('without the digest of the other side', () => {
  withEachFlask('nobody is logged in, here or there', async (t: TestContext, peer) => {
    const [stock, ours] = [await FlaskApp.start(peer), await FastifyApp.start(t)]
    const theirs = await stock.set(undefined, 'user_id', { $int: '42' })
    const { cookie: mine } = await ours.request(undefined, ({ session }) => { session.user_id = 42 })
    t.assert.strictEqual(await ours.read(theirs, ({ session }) => session.user_id), undefined)
    t.assert.strictEqual(await stock.get(mine, 'user_id'), null)
  })
})

describe('a session of another name', () => {
  const named = (salt: string): Omit<AppOptions, 'app'> => ({ digest: 'sha512', salt, config: { SESSION_COOKIE_NAME: 'admin' } })
  type Named = Record<'admin', { user_id?: number }>
  const userOf = (request: object): number | undefined => (request as Named).admin.user_id

  withEachFlask("is shared with a Flask whose salt is 'cookie-session.NAME'", async (t: TestContext, peer) => {
    const [flask, ours] = [await FlaskApp.start(peer, named('cookie-session.admin')), await FastifyApp.start(t, { sessionName: 'admin' })]
    const { cookie } = await ours.request(undefined, (request) => { (request as unknown as Named).admin.user_id = 42 })
    t.assert.strictEqual(await flask.get(cookie, 'user_id'), 42)
    t.assert.strictEqual(await ours.read(await flask.set(cookie, 'user_id', { $int: '43' }), userOf), 43)
  })

  withEachFlask("is not shared with a Flask whose salt is Flask's", async (t: TestContext, peer) => {
    const [flask, ours] = [await FlaskApp.start(peer, named('cookie-session')), await FastifyApp.start(t, { sessionName: 'admin' })]
    const { cookie } = await ours.request(undefined, (request) => { (request as unknown as Named).admin.user_id = 42 })
    t.assert.strictEqual(await flask.get(cookie, 'user_id'), null)
    t.assert.strictEqual(await ours.read(await flask.set(undefined, 'user_id', { $int: '43' }), userOf), undefined)
  })

  withEachFlask("is shared with such a Flask once the salt is 'cookie-session' here", async (t: TestContext, peer) => {
    const [flask, ours] = [await FlaskApp.start(peer, named('cookie-session')), await FastifyApp.start(t, { sessionName: 'admin', salt: 'cookie-session' })]
    const { cookie } = await ours.request(undefined, (request) => { (request as unknown as Named).admin.user_id = 42 })
    t.assert.strictEqual(await flask.get(cookie, 'user_id'), 42)
  })

  withEachFlask("does not take the token of the session 'session'", async (t: TestContext, peer) => {
    const flask = await FlaskApp.start(peer, { digest: 'sha512' })
    const ours = await FastifyApp.start(t, { sessions: [{}, { sessionName: 'admin' }] })
    const login = await flask.set(undefined, 'user_id', { $int: '42' })
    t.assert.strictEqual(await ours.read(login, ({ session }) => session.user_id), 42)
    t.assert.strictEqual(await ours.read(login.replace(/^session=/, 'admin='), userOf), undefined)
  })
})

describe('after a change of the secret key', () => {
  withEachFlask('logins of the old key last on both sides, while it is among the fallbacks', async (t: TestContext, peer, { features }) => {
    const [before, ours] = [await FlaskApp.start(peer), await FastifyApp.start(t, { digestMethod: 'sha1', secretKey: 'the new secret key', secretKeyFallbacks: ['a secret key of the tests'] })]
    const login = await before.set(undefined, 'user_id', { $int: '42' })
    t.assert.strictEqual(await ours.read(login, ({ session }) => session.user_id), 42)

    const after = await FlaskApp.start(peer, { config: { SECRET_KEY: 'the new secret key', ...(features.fallbacks && { SECRET_KEY_FALLBACKS: ['a secret key of the tests'] }) } }, 'after')
    // Flask before 3.1 has no fallbacks
    t.assert.strictEqual(await after.get(login, 'user_id'), features.fallbacks ? 42 : null)

    const { cookie } = await ours.request(login, ({ session }) => { session.visits = 1 })
    t.assert.strictEqual(await after.get(cookie, 'user_id'), 42)
    t.assert.strictEqual(await before.get(cookie, 'user_id'), null)
  })
})
