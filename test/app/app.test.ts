import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { FlaskConfig } from '../../lib/index.ts'
import { requireFlask, requireSealedFlask } from '../flask/peer.ts'
import { buildDemo } from './app.ts'
import type { DemoOptions } from './app.ts'
import { kindNamed, kinds } from './kinds.ts'
import type { KindName } from './kinds.ts'
import { configFromEnvironment, demoSecretKey } from './settings.ts'

const newYear = Date.UTC(2026, 0, 1)

/** A browser with one cookie. */
class Browser {
  cookie = ''
  readonly #app: FastifyInstance

  constructor (app: FastifyInstance) {
    this.#app = app
  }

  async get (url = '/', headers: Record<string, string> = {}) {
    return this.#request({ url, headers })
  }

  /** Sends a form, and gets the page behind the redirect. */
  async post (url: string, fields: Record<string, string> = {}) {
    const answer = await this.send(url, fields)
    return answer.statusCode === 303 ? this.get(String(answer.headers.location)) : answer
  }

  /** Sends a form. */
  async send (url: string, fields: Record<string, string> = {}) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return this.#request({ url, method: 'POST', headers, payload: new URLSearchParams(fields).toString() })
  }

  async #request (options: { url: string, method?: 'POST', headers: Record<string, string>, payload?: string }) {
    const cookie = this.cookie === '' ? {} : { cookie: this.cookie }
    const response = await this.#app.inject({ ...options, headers: { ...options.headers, ...cookie } })
    const sent = response.headers['set-cookie']
    if (sent !== undefined) {
      const [pair = ''] = String(sent).split(';')
      this.cookie = pair.endsWith('=') ? '' : pair
    }
    return response
  }
}

async function open (t: TestContext, options: DemoOptions = {}): Promise<Browser> {
  const app = await buildDemo(options)
  t.after(() => app.close())
  return new Browser(app)
}

/** The text of a page without its tags. */
function textOf (page: { body: string }): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&#34;': '"', '&#39;': "'" }
  return page.body.replaceAll('<wbr>', '').replace(/<[^>]*>/g, ' ').replace(/&[a-z#0-9]+;/g, (entity) => entities[entity] ?? entity).replace(/\s+/g, ' ')
}

function messagesOf (page: { body: string }): string[] {
  return [...page.body.matchAll(/<p class="message [a-z]+">(.*?)<\/p>/gs)].map(([, text]) => String(text))
}

/** The JSON of the session, as the page shows it. */
function payloadOf (page: { body: string }): Record<string, unknown> {
  const [, json = ''] = /<pre[^>]*aria-label="The payload as JSON">(.*?)<\/pre>/s.exec(page.body) ?? []
  return JSON.parse(textOf({ body: json.replace(/<\/?mark[^>]*>/g, '') }))
}

function itemsOf (page: { body: string }): unknown {
  return (payloadOf(page).cart as { items: unknown }).items
}

const tea = (quantity: number) => ({ sku: 'tea', quantity, price: { ' t': [890, 'EUR'] } })
const cup = (quantity: number) => ({ sku: 'cup', quantity, price: { ' t': [1450, 'EUR'] } })

describe('the walk through the shop', () => {
  test('begins without a cookie', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.get()

    t.assert.strictEqual(page.statusCode, 200)
    t.assert.strictEqual(page.headers['set-cookie'], undefined)
    t.assert.strictEqual(page.headers.vary, 'Cookie')
    t.assert.match(textOf(page), /Who are you\?.*The cookie There is none: an empty session needs no cookie\./)
  })

  test('logs in under any name, and answers the form with a redirect', async (t: TestContext) => {
    const browser = await open(t)

    const answer = await browser.send('/login', { name: '  Ada Lovelace ' })
    const page = await browser.get()

    t.assert.strictEqual(answer.statusCode, 303)
    t.assert.strictEqual(answer.headers.location, '/')
    t.assert.match(textOf(page), /Hello, Ada Lovelace/)
  })

  test('shows a message on the next page and not on the one after', async (t: TestContext) => {
    const browser = await open(t)

    const first = await browser.post('/login', { name: 'Ada' })
    const second = await browser.get()

    t.assert.deepStrictEqual(messagesOf(first), ['Welcome, <strong>Ada</strong>. Fastify has logged you in.'])
    t.assert.deepStrictEqual(messagesOf(second), [])
    t.assert.strictEqual('_flashes' in payloadOf(first), false)
  })

  test('counts visits inside of a value of the session', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    await browser.get()
    const page = await browser.get()

    t.assert.deepStrictEqual(payloadOf(page).visits, { fastify: 3, flask: 0 })
    t.assert.match(textOf(page), /Visits 3 on Fastify 3 on Flask 0/)
  })

  test('asks for a name when there is none', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.post('/login', { name: ' ' })

    t.assert.deepStrictEqual(messagesOf(page), ['Please tell a name; any will do.'])
    t.assert.match(textOf(page), /Who are you\?/)
  })

  test('puts things into the cart and adds up what they cost', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    await browser.post('/cart/add', { sku: 'tea' })
    await browser.post('/cart/add', { sku: 'cup' })
    const page = await browser.post('/cart/add', { sku: 'tea' })

    t.assert.deepStrictEqual(itemsOf(page), [tea(2), cup(1)])
    t.assert.match(textOf(page), /Total € 32\.30/)
  })

  test('changes quantities, and takes out what is down to none', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    await browser.post('/cart/add', { sku: 'tea' })
    await browser.post('/cart/add', { sku: 'cup' })
    const more = await browser.post('/cart/quantity', { sku: 'tea', by: '1' })
    const less = await browser.post('/cart/quantity', { sku: 'cup', by: '-1' })

    t.assert.deepStrictEqual(itemsOf(more), [tea(2), cup(1)])
    t.assert.deepStrictEqual(itemsOf(less), [tea(2)])
  })

  test('stops at 99 of a kind', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    for (let count = 0; count < 50; count++) await browser.send('/cart/add', { sku: 'tea' })
    for (let count = 0; count < 55; count++) await browser.send('/cart/quantity', { sku: 'tea', by: '1' })
    const page = await browser.get()

    t.assert.deepStrictEqual(itemsOf(page), [tea(99)])
  })

  test('removes a thing from the cart, however many there are', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    await browser.post('/cart/add', { sku: 'tea' })
    await browser.post('/cart/add', { sku: 'tea' })
    await browser.post('/cart/add', { sku: 'cup' })
    const page = await browser.post('/cart/remove', { sku: 'tea' })

    t.assert.deepStrictEqual(itemsOf(page), [cup(1)])
  })

  test('keeps a note with the cart', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    await browser.post('/cart/add', { sku: 'tea' })
    const page = await browser.post('/cart/note', { note: 'Ring twice,\nplease' })

    t.assert.match(page.body, /<textarea[^>]*>\nRing twice,\nplease<\/textarea>/)
  })

  test('does not sell what it does not have', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    const page = await browser.post('/cart/add', { sku: 'constructor' })

    t.assert.deepStrictEqual(messagesOf(page), ['There is no such thing in the shop.'])
    t.assert.strictEqual('cart' in payloadOf(page), false)
  })

  test('remembers for 31 days whoever asks for it, and no longer when asked not to', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: newYear })
    const browser = await open(t)

    const remembered = await browser.post('/login', { name: 'Ada', remember: 'yes' })
    const forgotten = await browser.post('/remember')

    t.assert.match(String(remembered.headers['set-cookie']), /; Expires=Sun, 01 Feb 2026 00:00:00 GMT/)
    t.assert.match(textOf(remembered), /Expires Sun, 01 Feb 2026 00:00:00 GMT/)
    t.assert.doesNotMatch(String(forgotten.headers['set-cookie']), /Expires/)
    t.assert.match(textOf(forgotten), /Expires with the browser, after 31 days at the latest/)
  })

  test('logs out, says so, and leaves no cookie behind', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada', remember: 'yes' })
    const page = await browser.post('/logout')

    t.assert.deepStrictEqual(messagesOf(page), ['Fastify has logged you out.'])
    t.assert.match(String(page.headers['set-cookie']), /^session=; .*Max-Age=0/)
    t.assert.match(textOf(page), /this page has deleted its cookie/)
    t.assert.strictEqual(browser.cookie, '')
  })

  for (const path of ['/remember', '/cart/add', '/cart/quantity', '/cart/remove', '/cart/note']) {
    test(`asks strangers to log in at ${path}`, async (t: TestContext) => {
      const browser = await open(t)

      const page = await browser.post(path, { sku: 'tea', note: 'x', remember: 'yes' })

      t.assert.deepStrictEqual(messagesOf(page), ['Please log in first.'])
      t.assert.strictEqual(browser.cookie, '')
    })
  }

  test('has a page for what it does not know', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.get('/nowhere')

    t.assert.strictEqual(page.statusCode, 404)
    t.assert.match(textOf(page), /There is no such page\./)
  })
})

describe('hostile visitors', () => {
  test('have their names shown as text, in the page, the message and the JSON', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.post('/login', { name: '<script>alert("1")</script> & \'co\'' })

    const escaped = '&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &#39;co&#39;'
    t.assert.doesNotMatch(page.body, /<script/)
    t.assert.ok(page.body.includes(`<h2 id="who">Hello, ${escaped}</h2>`))
    t.assert.deepStrictEqual(messagesOf(page), [`Welcome, <strong>${escaped}</strong>. Fastify has logged you in.`])
    t.assert.strictEqual(payloadOf(page).user_name, '<script>alert("1")</script> & \'co\'')
  })

  test('do not get out of the field for notes', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    await browser.post('/cart/add', { sku: 'tea' })
    const page = await browser.post('/cart/note', { note: '</textarea><img src=x onerror=alert(1)>' })

    t.assert.doesNotMatch(page.body, /<img src=x/)
    t.assert.match(page.body, /&lt;\/textarea&gt;&lt;img src=x onerror=alert\(1\)&gt;<\/textarea>/)
  })

  test('have long names cut between characters', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.post('/login', { name: '😀'.repeat(100) })

    t.assert.strictEqual(payloadOf(page).user_name, '😀'.repeat(60))
  })

  test('do not choose where the link to the twin leads', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.get('/', { host: 'x"><script>' })

    t.assert.match(page.body, /<a href="http:\/\/127\.0\.0\.1:5000\/" title="The same on Flask">/)
    t.assert.doesNotMatch(page.body, /<script/)
  })

  test('find no script, no style in the page, and a policy against both', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.post('/login', { name: 'Ada' })

    t.assert.doesNotMatch(page.body, /<script|<style| style=| on[a-z]+=/)
    t.assert.strictEqual(
      page.headers['content-security-policy'],
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    t.assert.strictEqual(page.headers['x-content-type-options'], 'nosniff')
    t.assert.strictEqual(page.headers['cache-control'], 'no-store')
  })

  test('send bodies that are no forms in vain', async (t: TestContext) => {
    const app = await buildDemo()
    t.after(() => app.close())

    const answers = [
      await app.inject({ method: 'POST', url: '/login', payload: { name: 'Ada' } }),
      await app.inject({ method: 'POST', url: '/login' }),
      await app.inject({ method: 'POST', url: '/login', headers: { 'content-type': 'text/csv' }, payload: 'name' }),
      await app.inject({ method: 'POST', url: '/login', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: `name=${'a'.repeat(70_000)}` })
    ]

    t.assert.deepStrictEqual(answers.map(({ statusCode }) => statusCode), [303, 303, 415, 413])
  })
})

describe('the view of the cookie', () => {
  test('shows the very cookie that goes out with the page', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: newYear })
    const browser = await open(t)

    const page = await browser.post('/login', { name: 'Ada' })

    // Flask 3.1.3 reads this token.
    const payload = 'eyJfcGVybWFuZW50IjpmYWxzZSwidXNlcl9uYW1lIjoiQWRhIiwibG9nZ2VkX2luX2F0Ijp7IiBkIjoiVGh1LCAwMSBKYW4gMjAyNiAwMDowMDowMCBHTVQifSwidmlzaXRzIjp7ImZhc3RpZnkiOjEsImZsYXNrIjowfX0'
    const signature = 'Y6lj58Fak4AKDJ5yXL8nDamfIlc1BIGlPmU7cU6BFc6vA6FKtdcJAG5I17KOB465mLy3plRRlDc-bu0vlElQJQ'
    t.assert.deepStrictEqual([page.headers['set-cookie']].flat(), [`session=${payload}.aVW5AA.${signature}; Path=/; HttpOnly; SameSite=Lax`])
    t.assert.ok(page.body.includes(`<span class="payload">${payload}</span>`))
    t.assert.ok(page.body.includes(`<span class="signature">${signature}</span>`))
    t.assert.match(textOf(page), /session= \S+ \. aVW5AA \. \S+ ; Path=\/; HttpOnly; SameSite=Lax/)
  })

  test('tells size, digest, and when it was signed', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: newYear })
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    t.mock.timers.tick(12_000)
    const page = await browser.get()

    const { length } = String(page.headers['set-cookie'])
    t.assert.ok(textOf(page).includes(`${length} of 4093 bytes`))
    t.assert.match(textOf(page), /Signed at 2026-01-01 00:00:12 UTC Age new with this page; the one before was 12 s old/)
    t.assert.match(textOf(page), /Compressed no: 125 bytes of JSON fit as they are Digest HMAC-SHA-512, by tweetnacl/)
  })

  test('fills its bar with the parts of the cookie', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.post('/login', { name: 'Ada' })

    const lengths = [...page.body.matchAll(/<rect class="\w+" x="\d+" width="(\d+)"/g)].map(([, width]) => Number(width))
    t.assert.strictEqual(lengths.length, 4)
    t.assert.strictEqual(lengths.reduce((sum, length) => sum + length, 0), String(page.headers['set-cookie']).length)
  })

  test('marks the tags of Flask', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    const page = await browser.post('/cart/add', { sku: 'tea' })

    const marks = [...page.body.matchAll(/<mark title="(\w+)">&#34; (\w+)&#34;<\/mark>/g)].map(([, name, tag]) => [name, tag])
    t.assert.deepStrictEqual(marks, [['datetime', 'd'], ['UUID', 'u'], ['tuple', 't']])
  })

  test('says when the payload is compressed', async (t: TestContext) => {
    const browser = await open(t)

    await browser.post('/login', { name: 'Ada' })
    await browser.post('/cart/add', { sku: 'tea' })
    const page = await browser.post('/cart/note', { note: 'all work and no play '.repeat(150) })

    t.assert.match(textOf(page), /Compressed yes: \d{4} bytes of JSON in \d{3} /)
    t.assert.strictEqual((payloadOf(page).cart as { note: string }).note.length, 3149)
  })

  test('says what is too large for a cookie, and keeps the old one', async (t: TestContext) => {
    const browser = await open(t)
    await browser.post('/login', { name: 'Ada' })
    await browser.post('/cart/add', { sku: 'tea' })
    const before = browser.cookie

    const note = Array.from({ length: 2000 }, (_, index) => (index * 2654435761 % 4294967296).toString(36)).join('')
    const page = await browser.post('/cart/note', { note })

    t.assert.strictEqual(page.statusCode, 500)
    t.assert.match(textOf(page), /FST_SESSION_COOKIE_OVERFLOW The session is too large: \d+ bytes, the limit is 4093, MAX_COOKIE_SIZE\. The largest keys are cart/)
    t.assert.strictEqual(browser.cookie, before)
  })

  test('says why a cookie was refused', async (t: TestContext) => {
    const browser = await open(t)
    await browser.post('/login', { name: 'Ada' })
    browser.cookie = browser.cookie.replace('session=e', 'session=f')

    const page = await browser.get()

    const refused = /Your browser sent a cookie, and it was refused: it was changed, or signed with another SECRET_KEY or DIGEST \( ERR_TOKEN_BAD_TIME_SIGNATURE \)\./
    t.assert.match(textOf(page), refused)
    t.assert.match(textOf(page), /Who are you\?/)
    t.assert.doesNotMatch(textOf(page), /There is none/)
  })

  test('names the cause of a refusal where it is known: the age, another digest, another kind of session', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: newYear })
    const causes: string[] = []
    for (const [from, to, seconds] of [[{}, {}, 31 * 86_400 + 2], [{ digestMethod: 'sha1' }, {}, 0], [{ sessions: 'sealed' }, {}, 0]] as const) {
      const [issuer, browser] = [await open(t, from), await open(t, to)]
      await issuer.post('/login', { name: 'Ada' })
      browser.cookie = issuer.cookie
      t.mock.timers.tick(seconds * 1000)
      causes.push(/it was refused: (.*?) So the session/.exec(textOf(await browser.get()))?.[1] ?? '')
    }

    t.assert.deepStrictEqual(causes, [
      'the cookie is older than PERMANENT_SESSION_LIFETIME ( ERR_TOKEN_SIGNATURE_EXPIRED ).',
      "the signature has the length of sha1, which stock Flask uses: the option digestMethod must be or contain 'sha1' ( ERR_TOKEN_BAD_TIME_SIGNATURE ).",
      'the cookie looks sealed: the option sealed reads such cookies ( ERR_TOKEN_BAD_TIME_SIGNATURE ).'
    ])
  })

  test('tells how the twin is started with the same digest and kind of session', async (t: TestContext) => {
    const plain = await (await open(t)).get()
    const other = await (await open(t, { config: { SECRET_KEY: 'a key that nobody may see' }, digestMethod: 'sha1', sessions: 'sealed', port: 3001, twinPort: 5001 })).get()

    t.assert.match(textOf(plain), /same digest: HMAC-SHA-512\. If it is not running, start it with: npm run start:flask /)
    const command = 'SECRET_KEY=... SESSIONS=sealed DIGEST=sha1 PORT=3001 FLASK_PORT=5001 npm run start:flask'
    t.assert.ok(textOf(other).includes(`same digest: HMAC-SHA-1. If it is not running, start it with: ${command} `))
  })

  test('shows SHA-1 where the cookies are those of stock Flask', async (t: TestContext) => {
    const browser = await open(t, { digestMethod: 'sha1' })

    const page = await browser.post('/login', { name: 'Ada' })

    t.assert.match(browser.cookie, /\.[\w-]{27}$/)
    t.assert.match(textOf(page), /Digest HMAC-SHA-1, by node:crypto/)
  })
})

describe('sealed sessions', () => {
  test('are shown by the page alone: the cookie says nothing', async (t: TestContext) => {
    const browser = await open(t, { sessions: 'sealed' })

    const page = await browser.post('/login', { name: 'Ada' })

    t.assert.match(textOf(page), /is kept in a sealed cookie.*"user_name": "Ada".*Sealed: only who has the key can read it or change it\. This page can, so it shows it\./)
    t.assert.doesNotMatch(Buffer.from(browser.cookie.slice('session='.length), 'base64url').toString('latin1'), /Ada|user/)
  })

  test('are asked for by name', (t: TestContext) => {
    t.assert.strictEqual(kindNamed('sealed'), 'sealed')
    for (const name of ['', 'Sealed', 'toString']) t.assert.throws(() => kindNamed(name), { message: /^SESSIONS must be one of cookie, sealed/ })
  })
})

describe('the settings', () => {
  const rowOf = (page: { body: string }, key: string): string => {
    const rows = [...page.body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) => textOf({ body: String(row) }).trim())
    return rows.find((row) => row.startsWith(`${key} `)) ?? ''
  }

  test('are listed with their values and where these come from', async (t: TestContext) => {
    const browser = await open(t)

    const page = await browser.get()

    t.assert.strictEqual(rowOf(page, 'SECRET_KEY'), 'SECRET_KEY 77 bytes config')
    t.assert.strictEqual(rowOf(page, 'SESSION_COOKIE_NAME'), 'SESSION_COOKIE_NAME "session" default')
    t.assert.strictEqual(rowOf(page, 'SESSION_COOKIE_SAMESITE'), 'SESSION_COOKIE_SAMESITE "Lax" config')
    t.assert.strictEqual(rowOf(page, 'PERMANENT_SESSION_LIFETIME'), 'PERMANENT_SESSION_LIFETIME 2678400 default')
  })

  test('hold from the next request on when they change', async (t: TestContext) => {
    const config: FlaskConfig = { SECRET_KEY: demoSecretKey }
    const browser = await open(t, { config })
    await browser.post('/login', { name: 'Ada' })

    config.SESSION_COOKIE_SECURE = true
    const page = await browser.get()

    t.assert.match(String(page.headers['set-cookie']), /; Secure/)
    t.assert.strictEqual(rowOf(page, 'SESSION_COOKIE_SECURE'), 'SESSION_COOKIE_SECURE true config')
  })

  test('keep the keys to themselves', async (t: TestContext) => {
    const config = { SECRET_KEY: 'a key that nobody may see', SECRET_KEY_FALLBACKS: ['an old key that nobody may see'] }
    const browser = await open(t, { config })

    const page = await browser.post('/login', { name: 'Ada' })

    t.assert.doesNotMatch(page.body, /nobody may see/)
    t.assert.strictEqual(rowOf(page, 'SECRET_KEY_FALLBACKS'), 'SECRET_KEY_FALLBACKS 1 keys config')
  })

  test('say what is missing without a key', async (t: TestContext) => {
    const browser = await open(t, { config: {} })
    browser.cookie = 'session=e30.aVW5AA.x'

    const page = await browser.get()
    const login = await browser.post('/login', { name: 'Ada' })

    t.assert.strictEqual(rowOf(page, 'SECRET_KEY'), 'SECRET_KEY null default')
    t.assert.strictEqual(login.statusCode, 500)
    t.assert.match(textOf(login), /FST_SESSION_UNAVAILABLE/)
  })

  test('are read from the environment', (t: TestContext) => {
    const config = configFromEnvironment({
      SECRET_KEY: 'from outside',
      SECRET_KEY_FALLBACKS: 'older,,old',
      SESSION_COOKIE_NAME: 'shop',
      SESSION_COOKIE_SAMESITE: '',
      SESSION_COOKIE_SECURE: 'True',
      SESSION_COOKIE_HTTPONLY: '0',
      PERMANENT_SESSION_LIFETIME: '60',
      PATH: '/bin'
    })

    t.assert.deepStrictEqual(config, {
      SECRET_KEY: 'from outside',
      SECRET_KEY_FALLBACKS: ['older', 'old'],
      SESSION_COOKIE_NAME: 'shop',
      SESSION_COOKIE_SAMESITE: null,
      SESSION_COOKIE_SECURE: true,
      SESSION_COOKIE_HTTPONLY: false,
      PERMANENT_SESSION_LIFETIME: 60
    })
  })

  test('have a key that says that it is for the demo when the environment has none', (t: TestContext) => {
    t.assert.deepStrictEqual(configFromEnvironment({ SECRET_KEY: '' }), {
      SECRET_KEY: 'DEMO ONLY - this key is published with the source, set SECRET_KEY to your own',
      SESSION_COOKIE_SAMESITE: 'Lax'
    })
  })

  test('stop the start when one is wrong', async (t: TestContext) => {
    const start = async (): Promise<void> => {
      const app = await buildDemo({ config: configFromEnvironment({ SESSION_COOKIE_SECURE: 'maybe' }) })
      await app.ready()
    }

    await t.assert.rejects(start, { code: 'FST_SESSION_INVALID_CONFIG' })
  })
})

describe('the way to Flask and back', () => {
  test('leads to the twin on the same host, whose cookies do not depend on the port', async (t: TestContext) => {
    const browser = await open(t, { twinPort: 5001 })

    const local = await browser.get('/', { host: 'localhost:3000' })
    const number = await browser.get('/', { host: '[::1]:3000' })

    t.assert.match(local.body, /<a href="http:\/\/localhost:5001\/">The same shop on Flask<\/a>/)
    t.assert.match(number.body, /<a href="http:\/\/\[::1\]:5001\/">The same shop on Flask<\/a>/)
  })

  test('takes over a session of Flask 3.1.3: login, cart and messages', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: newYear })
    const browser = await open(t)
    browser.cookie = 'session=.eJx1kEtrwzAQhP-KmPNC_OxDhJ4acuqltPRQjBHy2hGJldSS-8Dov1dy6LGX3UXMfDNoQduflDuwg3xfIHxccLPW7BwoPoyQ2PL44FTP2008EJpAf8ovNVljB9Cq8fztr5omNAStpihaYLo0xRxJeVFW9c3t3X8bgWA8j9c2l8loXr0pLK_qjLB7fY50wsesrDf-B7IkuGOC6_mClGvPPrqQWKfzMHDXGtuqtYqIVfDGHYkyF4-sRZEVtShKWd_LLBP7p5fkmh1PrVVjouwnFTsQPo0z3iVGr5w3fQzOCenvjpBVCL_VS2FD.aVW5AA.NuQj5MEUhYERQ59RsiykooD2WiBINrKOloWG96osMxfLUdd_rkwc-jwYNVGaARHV6ZYvf82W8Ufcgbb_BxP_vg'

    const page = await browser.post('/cart/quantity', { sku: 'cup', by: '1' })

    t.assert.deepStrictEqual(messagesOf(page), ['<em>safe</em>', '&lt;em&gt;text&lt;/em&gt;'])
    t.assert.match(textOf(page), /Hello, Grace Logged in at 2025-12-31 23:59:00 UTC/)
    t.assert.match(textOf(page), /Visits 6 on Fastify 2 on Flask 4/)
    t.assert.deepStrictEqual(payloadOf(page).cart, {
      id: { ' u': '12345678123456781234567812345678' },
      items: [cup(4)],
      note: ''
    })
  })

  for (const digest of ['sha512', 'sha1'] as const) {
    test(`is open in both directions on ${digest}: what one side changes, the other shows`, async (t: TestContext) => {
      for (const { command, versions } of requireFlask(t)) {
        const browser = await open(t, { digestMethod: digest })
        await browser.post('/login', { name: 'Ada <3', remember: 'yes' })
        await browser.send('/cart/add', { sku: 'tea' })

        const twin = walkOnFlask(command, digest, browser.cookie, [
          ['/', null], ['/cart/quantity', 'sku=tea&by=1'], ['/cart/add', 'sku=cup'], ['/', null], ['/cart/add', 'sku=cup']
        ])
        const [first, , , second] = twin.pages.map((body) => ({ body }))
        browser.cookie = twin.cookie
        const page = await browser.get()

        const name = `Flask ${versions.flask}`
        t.assert.deepStrictEqual(messagesOf(first as { body: string }), ['<strong>Darjeeling</strong> put into the cart by Fastify.'], name)
        t.assert.match(textOf(second as { body: string }), /Hello, Ada <3 .* Visits 3 on Fastify 1 on Flask 2 .* Total € 32\.30/, name)
        t.assert.deepStrictEqual(messagesOf(page), ['<strong>Blue cup</strong> put into the cart by Flask.'], name)
        t.assert.deepStrictEqual(itemsOf(page), [tea(2), cup(2)], name)
        t.assert.match(textOf(page), /Visits 4 on Fastify 2 on Flask 2/, name)
      }
    })
  }

  for (const digest of ['sha512', 'sha1'] as const) {
    test(`is open in both directions to sealed sessions on ${digest}`, async (t: TestContext) => {
      for (const { command, versions } of requireSealedFlask(t)) {
        const browser = await open(t, { digestMethod: digest, sessions: 'sealed' })
        await browser.post('/login', { name: 'Ada', remember: 'yes' })
        await browser.send('/cart/add', { sku: 'tea' })

        const twin = walkOnFlask(command, digest, browser.cookie, [['/', null], ['/cart/add', 'sku=cup']], 'sealed')
        browser.cookie = twin.cookie
        const page = await browser.get()

        const name = `Flask ${versions.flask}`
        t.assert.match(textOf({ body: String(twin.pages[0]) }), /is kept in a sealed cookie .* Hello, Ada .* "sku": "tea" .* Total € 8\.90 /, name)
        t.assert.match(textOf({ body: String(twin.pages[0]) }), /Sealed: only who has the key can read it or change it\./, name)
        t.assert.deepStrictEqual(itemsOf(page), [tea(1), cup(1)], name)
        t.assert.doesNotMatch(Buffer.from(twin.cookie.slice('session='.length), 'base64url').toString('latin1'), /Ada|tea/)
      }
    })
  }

  test('carries along what a session keeps for itself, so that a log out everywhere ends what Flask has written', async (t: TestContext) => {
    for (const { command, versions } of requireFlask(t)) {
      const config = configFromEnvironment({ SESSION_ABSOLUTE_LIFETIME: '3600' })
      const browser = await open(t, { config, revocation: true })
      const { _sid: id, _created: began } = payloadOf(await browser.post('/login', { name: 'Ada' }))
      await browser.post('/lifetime', { seconds: '600' })

      const twin = walkOnFlask(command, 'sha512', browser.cookie, [['/', null], ['/cart/add', 'sku=cup']])
      browser.cookie = twin.cookie
      const page = await browser.get()
      await browser.post('/logout/everywhere')
      browser.cookie = twin.cookie
      const later = await browser.get()

      const name = `Flask ${versions.flask}`
      t.assert.match(textOf({ body: String(twin.pages[0]) }), /Hello, Ada .* "_sid": "[\w-]{22}"/, name)
      const { _sid, _created, _lifetime } = payloadOf(page)
      t.assert.deepStrictEqual([_sid, _created, _lifetime], [id, began, 600], name)
      t.assert.deepStrictEqual(itemsOf(page), [cup(1)], name)
      t.assert.match(textOf(later), /it was refused: its session was ended by a log out \( revoked \)/, name)
    }
  })

  test('knows the same kinds of cookies on both sides, and says the same of them', (t: TestContext) => {
    const twin = readFileSync(new URL('flask_twin.py', import.meta.url), 'utf8')

    const theirs = [...twin.matchAll(/^ {4}"(\w+)": \(\[.*\], "(.*)"\),$/gm)].map(([, name, note]) => [name, note])
    t.assert.deepStrictEqual(theirs, Object.entries(kinds).map(([name, { note }]) => [name, note]))
  })

  test('ends on both sides with a log out on one', async (t: TestContext) => {
    for (const { command, versions } of requireFlask(t)) {
      const browser = await open(t)
      await browser.post('/login', { name: 'Ada' })

      const twin = walkOnFlask(command, 'sha512', browser.cookie, [['/logout', ''], ['/', null], ['/', null]])

      const [, page, later] = twin.pages.map((body) => ({ body }))
      t.assert.deepStrictEqual(messagesOf(page as { body: string }), ['Flask has logged you out.'], versions.flask)
      t.assert.match(textOf(later as { body: string }), /There is none: an empty session needs no cookie\./, versions.flask)
      t.assert.strictEqual(twin.cookie, '', versions.flask)
    }
  })

  test('has the same published key on both sides', (t: TestContext) => {
    const twin = readFileSync(new URL('flask_twin.py', import.meta.url), 'utf8')

    t.assert.ok(twin.includes(`DEMO_SECRET_KEY = "${demoSecretKey}"\n`))
  })
})

/** Paths of the twin, each with the form to post there, or null to get it. */
type Steps = ReadonlyArray<readonly [path: string, form: string | null]>

const walk = `
import json, sys
import flask_twin
cookie, steps = json.load(sys.stdin)
client = flask_twin.app.test_client(use_cookies=False)
pages = []
for path, form in steps:
    response = client.open(path, method="GET" if form is None else "POST", data=form,
        content_type="application/x-www-form-urlencoded", headers={"Cookie": cookie} if cookie else {})
    sent = response.headers.get("Set-Cookie")
    if sent is not None:
        cookie = sent.split(";")[0]
        cookie = "" if cookie.endswith("=") else cookie
    pages.append(response.get_data(as_text=True))
json.dump({"cookie": cookie, "pages": pages}, sys.stdout)
`

/** Lets a real Flask take these steps with a cookie. */
function walkOnFlask (python: string, digest: string, cookie: string, steps: Steps, sessions: KindName = 'cookie'): { cookie: string, pages: string[] } {
  const { stdout, stderr } = spawnSync(python, ['-B', '-W', 'ignore', '-c', walk], {
    input: JSON.stringify([cookie, steps]),
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { PATH: process.env.PATH, PYTHONIOENCODING: 'utf-8', DIGEST: digest, SESSIONS: sessions },
    timeout: 30_000
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}
