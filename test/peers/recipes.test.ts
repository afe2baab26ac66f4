import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import { decode } from '../flask/our-side.ts'
import secureSession from '../../lib/index.ts'
import { secretKey } from '../helpers.ts'
import { Browser } from './browser.ts'
import type { Ask } from './browser.ts'
import { noon } from './exchange.ts'
import { canImport, requirePeers, startPeers } from './peers.ts'
import type { Peers } from './peers.ts'
import { run, snippet } from './snippets.ts'

let peers: Peers
before(() => { peers = startPeers() })
after(() => peers.close())

/** Who Flask-Login takes the visitor for. */
async function me (browser: Browser): Promise<unknown> {
  return JSON.parse((await browser.there('/me')).body)
}

describe('the recipe for Flask-Login', () => {
  const zoe = { user: '42', fresh: true }
  const nobody = { user: null, fresh: false }

  async function start (t: TestContext, config: Record<string, unknown> = {}): Promise<{ browser: Browser, recipe: Record<string, any> }> {
    const browser = await Browser.start(t, peers, { config })
    return { browser, recipe: await run(snippet('Flask-Login')) }
  }

  for (const protection of ['basic', 'strong']) {
    test(`makes a login that is fresh there, with the session protection ${protection}`, async (t: TestContext) => {
      if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
      const { browser, recipe } = await start(t, { SESSION_PROTECTION: protection })
      await browser.here((request) => recipe.loginUser(request, 42))

      t.assert.deepStrictEqual(await me(browser), zoe)
      t.assert.strictEqual((await browser.there('/fresh')).body, 'fresh')
      t.assert.strictEqual(await browser.here((request) => recipe.isFresh(request)), 'true')
    })

    test(`sees a login from there, and one that another browser has taken over, with ${protection}`, async (t: TestContext) => {
      if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
      const { browser, recipe } = await start(t, { SESSION_PROTECTION: protection })
      await browser.there('/login/42')
      t.assert.strictEqual(await browser.here(({ session }) => session._user_id), '42')
      t.assert.strictEqual(await browser.here((request) => recipe.isFresh(request)), 'true')

      browser.headers = { 'User-Agent': 'thief' }
      t.assert.strictEqual(await browser.here((request) => recipe.isFresh(request)), 'false')
      t.assert.deepStrictEqual(await me(browser), protection === 'strong' ? nobody : { user: '42', fresh: false })
      t.assert.strictEqual(await browser.here((request) => recipe.isFresh(request)), 'false')
    })
  }

  // Each as the bytes of the header; inject and WSGI take them as Latin-1.
  for (const [what, headers] of Object.entries<Record<string, string>>({
    'no User-Agent': {},
    'an empty User-Agent': { 'User-Agent': '' },
    'an apostrophe': { 'User-Agent': "it's curl/8" },
    'both quotes': { 'User-Agent': 'it\'s "curl" \\ 8' },
    'double quotes': { 'User-Agent': '"curl"' },
    'a backslash and a tab': { 'User-Agent': 'a\\b\tc' },
    'text beyond ASCII': { 'User-Agent': Buffer.from('Zoë €').toString('latin1') },
    'a proxy': { 'User-Agent': 'curl/8', 'X-Forwarded-For': '203.0.113.7' },
    'several proxies': { 'User-Agent': 'curl/8', 'X-Forwarded-For': ' 2001:db8::1 , 203.0.113.7, 10.0.0.1' },
    'an empty X-Forwarded-For': { 'User-Agent': 'curl/8', 'X-Forwarded-For': '' }
  })) {
    test(`has the right _id for ${what}`, async (t: TestContext) => {
      if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
      const { browser, recipe } = await start(t, { SESSION_PROTECTION: 'strong' })
      browser.headers = headers
      await browser.there('/login/42')
      const theirs = await browser.here(({ session }) => session._id)

      t.assert.strictEqual(await browser.here((request) => recipe.identify(request)), theirs)
      browser.jar.clear()
      await browser.here((request) => recipe.loginUser(request, 42))
      t.assert.deepStrictEqual(await me(browser), zoe)
    })
  }

  test('takes the address of an IPv4 client as Flask does, when the server listens on IPv6', async (t: TestContext) => {
    const { identify } = await run(snippet('Flask-Login'))

    t.assert.strictEqual(identify({ ip: '::ffff:127.0.0.1', headers: {} }), identify({ ip: '127.0.0.1', headers: {} }))
  })

  test('logs out on both sides, whichever is asked, and forgets the remembered user', async (t: TestContext) => {
    if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
    const { browser, recipe } = await start(t)
    await browser.there('/login/42?remember')
    t.assert.deepStrictEqual([...browser.jar.keys()].sort(), ['remember_token', 'session'])
    await browser.here((request, reply) => recipe.logoutUser(request, reply))
    t.assert.deepStrictEqual([browser.jar.has('remember_token'), await me(browser)], [false, nobody])

    await browser.here((request) => recipe.loginUser(request, 42))
    await browser.there('/logout')
    t.assert.strictEqual(await browser.here(({ session }) => session._user_id ?? 'nobody'), 'nobody')
  })

  test('has Flask-Login remember a user who logged in here', async (t: TestContext) => {
    if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
    const { browser, recipe } = await start(t)
    await browser.here((request) => recipe.loginUser(request, 42, { remember: true }))
    t.assert.deepStrictEqual(await me(browser), zoe)
    t.assert.match(String(browser.jar.get('remember_token')), /^42\|[0-9a-f]{128}$/)
    browser.jar.delete('session')
    t.assert.deepStrictEqual(await me(browser), { user: '42', fresh: false })
  })

  test('logs in whom Flask-Login remembers, but not as fresh, and nobody who has forged the cookie', async (t: TestContext) => {
    if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
    const { identify, isFresh } = await run(snippet('Flask-Login'))
    const browser = await Browser.start(t, peers, {
      config: { SESSION_PROTECTION: 'strong' },
      setup: (fastify) => run(snippet('Flask-Login', 1), { fastify, secretKey, identify })
    })
    await browser.there('/login/42?remember')
    const cookie = browser.jar.get('remember_token') ?? ''
    for (const forged of [cookie.replace('42', '43'), `${cookie.slice(0, -1)}g`, cookie.slice(3), '42|', '']) {
      browser.jar.clear()
      browser.jar.set('remember_token', forged)
      t.assert.strictEqual(await browser.here(({ session }) => session._user_id ?? 'nobody'), 'nobody', forged)
    }
    browser.jar.set('remember_token', cookie)
    t.assert.strictEqual(await browser.here(({ session }) => session._user_id), '42')
    t.assert.strictEqual(await browser.here(isFresh), 'false')
    t.assert.deepStrictEqual(await me(browser), { user: '42', fresh: false })
  })
})

describe('the recipe for Flask-WTF', () => {
  const start = async (t: TestContext, config: Record<string, unknown> = {}, key = secretKey): Promise<{ browser: Browser, recipe: Record<string, any> }> => {
    return { browser: await Browser.start(t, peers, { config }), recipe: await run(snippet('Flask-WTF'), { secretKey: key }) }
  }

  test('makes tokens that Flask-WTF takes', async (t: TestContext) => {
    if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
    const { browser, recipe } = await start(t)
    const token = await browser.here(recipe.generateCsrf)

    t.assert.deepStrictEqual([(await browser.there('/form', { csrf_token: token })).body, await browser.here((request) => recipe.validateCsrf(request, token))], ['right', 'true'])
    t.assert.strictEqual(await browser.here(recipe.generateCsrf), token, 'one token for a session')
    browser.headers['X-CSRFToken'] = token
    t.assert.strictEqual((await browser.there('/form', {})).body, 'right')
    browser.jar.clear()
    t.assert.strictEqual((await browser.there('/form', { csrf_token: token })).status, 400)
  })

  test('takes the tokens of Flask-WTF for an hour, and no others', async (t: TestContext) => {
    if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
    const { browser, recipe } = await start(t)
    const validate = (token: unknown): Promise<string> => browser.here((request) => recipe.validateCsrf(request, token))
    t.assert.strictEqual(await validate('a.b.c'), 'false')
    const { body: token } = await browser.there('/token')
    t.assert.strictEqual(await validate(token), 'true')
    for (const wrong of [undefined, '', 1, `${token}x`, token.slice(1), [token]]) t.assert.strictEqual(await validate(wrong), 'false')

    t.mock.timers.tick(3_600_000)
    t.assert.strictEqual(await validate(token), 'true')
    t.mock.timers.tick(1000)
    t.assert.deepStrictEqual([await validate(token), (await browser.there('/form', { csrf_token: token })).status], ['false', 400])

    t.mock.timers.setTime(noon * 1000)
    browser.jar.clear()
    await browser.here(recipe.generateCsrf)
    t.assert.strictEqual(await validate(token), 'false', 'of another session')
  })

  test('works with WTF_CSRF_SECRET_KEY', async (t: TestContext) => {
    if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
    const { browser, recipe } = await start(t, { WTF_CSRF_SECRET_KEY: 'another key' }, 'another key')
    const token = await browser.here(recipe.generateCsrf)

    t.assert.strictEqual((await browser.there('/form', { csrf_token: token })).body, 'right')
  })
})

describe("the recipe for Flask's flash messages", () => {
  test('shows there what was flashed here, and here what was flashed there, once', async (t: TestContext) => {
    if (!requirePeers(t, 'flask_login', 'flask_wtf')) return
    const browser = await Browser.start(t, peers)
    const { flash, getFlashedMessages } = await run(snippet("Flask's flash messages"))
    await browser.here((request) => { flash(request, 'saved') })
    await browser.here((request) => { flash(request, 'careful', 'warning') })
    t.assert.deepStrictEqual(JSON.parse((await browser.there('/flashes')).body), [['message', 'saved'], ['warning', 'careful']])
    t.assert.strictEqual(await browser.here(getFlashedMessages), '[]')

    await browser.there('/flash/first')
    await browser.here((request) => { flash(request, 'third') })
    t.assert.strictEqual(await browser.here(getFlashedMessages), '[["message","first"],["warning","second"],["message","third"]]')
    t.assert.strictEqual((await browser.there('/flashes')).body.trim(), '[]')
  })
})

describe('the recipe for', () => {
  const env = { SECRET_KEY: secretKey }
  const register = async (t: TestContext, heading: string): Promise<ReturnType<typeof Fastify>> => {
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const fastify = Fastify()
    t.after(() => fastify.close())
    await run(snippet(heading), { fastify, secretKey, secureSession, process: { env } })
    fastify.get('/', async ({ session }: Ask) => { session.seen = [session.user ?? null, 'é'] })
    return fastify
  }
  const cookieIn = (header: unknown): string => String(header).split(';', 1)[0] as string
  const visit = { secretKey, now: noon, update: { $dict: [['user', 'Zoë']] as Array<[string, string]> } }
  const seen = { $dict: [['user', 'Zoë'], ['seen', { $list: ['Zoë', 'é'] }]] }

  test('FastAPI and Starlette shares the session', async (t: TestContext) => {
    if (!requirePeers(t, 'starlette')) return
    const fastify = await register(t, 'FastAPI and Starlette')
    const cookie = cookieIn((await peers.starlette(visit)).headers.at(-1)?.[1])
    const answer = await fastify.inject({ url: '/', headers: { cookie } })

    t.assert.deepStrictEqual((await peers.starlette({ ...visit, cookie: cookieIn(answer.headers['set-cookie']) })).session, seen)
  })

  test('Django says who is logged in', async (t: TestContext) => {
    if (!requirePeers(t, 'django')) return
    const fastify = await register(t, 'Django')
    const { headers } = await peers.django({ secretKey, now: noon, login: 'zoe' })
    const cookie = cookieIn(headers.find(([, header]) => header.startsWith('sessionid='))?.[1])

    t.assert.deepStrictEqual((await fastify.inject({ url: '/me', headers: { cookie } })).json(), { userId: '1' })
    t.assert.strictEqual((await fastify.inject('/me')).statusCode, 401)
  })

  test('Quart shares the session', async (t: TestContext) => {
    if (!canImport('quart')) return t.skip('needs apt-get install python3-quart')
    const fastify = await register(t, 'Quart')
    const cookie = cookieIn((await peers.quart(visit)).headers.find(([name]) => name.toLowerCase() === 'set-cookie')?.[1])
    const answer = await fastify.inject({ url: '/', headers: { cookie } })

    const { session } = await peers.quart({ ...visit, cookie: cookieIn(answer.headers['set-cookie']) })
    t.assert.deepStrictEqual(decode(session), { user: 'Zoë', seen: ['Zoë', 'é'] })
  })

  test("a session interface of one's own shares the session of Starlette", async (t: TestContext) => {
    if (!requirePeers(t, 'starlette')) return
    const fastify = await register(t, 'Your own session interface')
    const own = { ...visit, options: { session_cookie: 'sid' } }
    const cookie = cookieIn((await peers.starlette(own)).headers.at(-1)?.[1])
    const answer = await fastify.inject({ url: '/', headers: { cookie } })

    t.assert.match(String(answer.headers['set-cookie']), /^sid=\S+; Path=\/; HttpOnly; SameSite=Lax$/)
    t.assert.deepStrictEqual((await peers.starlette({ ...own, cookie: cookieIn(answer.headers['set-cookie']) })).session, seen)
    t.assert.strictEqual((await fastify.inject({ url: '/', headers: { cookie: 'sid=forged' } })).statusCode, 200)
  })
})
