import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import { sessionApp } from '../../helpers.ts'
import secureSession, { SecureCookieSessionInterface } from '../../../lib/index.ts'
import type { SecureSessionOptions } from '../../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../../lib/itsdangerous/index.ts'

/** What the properties and the fuzzer have found, in the smallest form. */
describe('found by random input', () => {
  test('a write at the start of a stream, after the session was read, keeps all cookies', async (t: TestContext) => {
    const fastify = Fastify()
    t.after(() => fastify.close())
    await fastify.register(secureSession, { secretKey: 'a secret key of the regressions' })
    fastify.get('/', async (request, reply) => {
      async function * chunks (): AsyncGenerator<string> {
        request.session.user = 'alice'
        yield 'chunk'
      }
      t.assert.strictEqual(request.session.user, undefined)
      return reply.header('set-cookie', 'other=1').send(Readable.from(chunks()))
    })

    const { cookies, headers } = await fastify.inject('/')

    t.assert.deepStrictEqual(cookies.map(({ name }) => name).sort(), ['other', 'session'])
    t.assert.strictEqual(headers.vary, 'Cookie')
  })

  const secretKey = 'a secret key of the regressions'
  /** Which of these requests, in this order, were answered with a new cookie. */
  async function refreshed (t: TestContext, cookie: string, urls: string[], options: SecureSessionOptions): Promise<boolean[]> {
    const fastify = Fastify()
    t.after(() => fastify.close())
    await fastify.register(secureSession, { secretKey, ...options })
    fastify.get('/untouched', async () => 'ok')
    fastify.get('/read', async (request) => String(request.session.user))
    const answers = []
    for (const url of urls) answers.push((await fastify.inject({ url, headers: { cookie } })).cookies.length > 0)
    return answers
  }
  const signed = (text: string): string => {
    const signing = new URLSafeTimedSerializer(secretKey, { salt: 'cookie-session', signerOptions: { keyDerivation: 'hmac', digestMethod: 'sha512' } })
    return `session=${signing.makeSigner().sign(Buffer.from(text).toString('base64url'))}`
  }

  test('an untouched permanent session is refreshed, whatever its serializer writes', async (t: TestContext) => {
    const serializer = {
      dumps: (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex'),
      loads: (text: string) => JSON.parse(Buffer.from(text, 'hex').toString())
    }
    const cookie = signed(serializer.dumps({ _permanent: true }))
    t.assert.deepStrictEqual(await refreshed(t, cookie, ['/untouched', '/read', '/read', '/untouched'], { serializer }), [true, true, true, true])
  })

  test('an untouched permanent session is refreshed or not with a memo as without', async (t: TestContext) => {
    const cookie = signed('{"\\u005fpermanent":true}')
    const urls = ['/untouched', '/read', '/read', '/untouched']
    const sessions = new SecureCookieSessionInterface()
    sessions.rememberedCookies = 0
    t.assert.deepStrictEqual(await refreshed(t, cookie, urls, {}), await refreshed(t, cookie, urls, { sessionInterface: sessions }))
  })
})

describe('data of an application that is too much', () => {
  const secretKey = 'a secret key of the regressions'
  /** Keeps something in the session. The answer, and how long its line of the log is. */
  async function keep (t: TestContext, value: unknown, options: SecureSessionOptions = {}): Promise<{ code: string, message: string, logged: number }> {
    let logged = 0
    const fastify = Fastify({ logger: { level: 'error', stream: { write: (line: string) => { logged += line.length } } } })
    t.after(() => fastify.close())
    await fastify.register(secureSession, { secretKey, ...options })
    fastify.get('/', async (request) => { request.session.update(value as Record<string, unknown>) })
    return { ...(await fastify.inject('/')).json<{ code: string, message: string }>(), logged }
  }

  test('is refused at once in a list of 60 million holes', async (t: TestContext) => {
    const items: unknown[] = []
    items[60_000_000] = 1
    const start = performance.now()
    const { code, message } = await keep(t, { cart: { items } })

    t.assert.strictEqual(code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.match(message, /^The session is too large: more than 262144 bytes, the limit is 262144 of JSON\. The largest keys are cart\. /)
    t.assert.ok(performance.now() - start < 2000)
  })

  test('overflows with the keys that are the largest, though not all of it was written', async (t: TestContext) => {
    const { code, message } = await keep(t, {
      a: 'x'.repeat(300_000), b: Buffer.alloc(100_000), c: [[['y'.repeat(1000)]]], ['d'.repeat(500)]: { e: 1 }, f: 1, g: null, h: new Date(0), get i () { return { get j () { throw new Error('not to be read') } } }
    })

    t.assert.strictEqual(code, 'FST_SESSION_COOKIE_OVERFLOW')
    t.assert.match(message, /^The session is too large: more than 262144 bytes, the limit is 262144 of JSON\. The largest keys are a, b \(133351\), c \(1014\), of 8 keys\. /)
  })

  test('names the largest of 2,000 keys, and of 100,000 for an own serializer', async (t: TestContext) => {
    const keys = (count: number): Record<string, unknown> => Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, key === 1500 ? 'large' : key === 1000 ? { a: 'larger' } : []]))
    const ours = await keep(t, keys(2000))
    const theirs = await keep(t, keys(100_000), { serializer: { dumps: (data) => JSON.stringify(data), loads: (text) => JSON.parse(text) } })

    t.assert.match(ours.message, /^The session is too large: \d+ bytes, the limit is 4093, MAX_COOKIE_SIZE\. The largest keys are k1000 \(24\), k1500 \(17\), k\d+ \(\d+\), of 2000 keys\. /)
    t.assert.match(theirs.message, /^The session is too large: 1188\d+ bytes, the limit is 262144 of JSON\. The largest keys are k1000 \(24\), k1500 \(17\), k\d+ \(\d+\), of 100000 keys\. /)
  })

  test('shows no more than the start of a long key', async (t: TestContext) => {
    let deep: unknown = 1
    for (let level = 0; level < 300; level++) deep = [deep]
    const { code, message, logged } = await keep(t, { prefs: { ['K'.repeat(200_000)]: deep } })

    t.assert.strictEqual(code, 'FST_SESSION_UNSERIALIZABLE')
    t.assert.strictEqual(message, `The session cannot be saved: prefs["${'K'.repeat(64)}..."]${'[0]'.repeat(10)}... cannot be written as JSON: nested deeper than 256`)
    t.assert.ok(logged < 10_000)
  })
})

describe('half a change', () => {
  test('is not left behind by an update that throws', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const answer = await visit((session) => {
      t.assert.throws(() => session.update([['role', 'admin'], null] as unknown as Array<[string, unknown]>), TypeError)
      return [session.has('role'), session.modified]
    })
    t.assert.deepStrictEqual(answer.json(), [false, false])
  })

  test('is not made of a key that happens to be undefined', async (t: TestContext) => {
    const { visit } = await sessionApp(t)
    const answer = await visit((session) => {
      session.user = 'alice'
      const had = session.delete(undefined as unknown as string)
      return [had, session.user, session.deleted]
    })
    t.assert.deepStrictEqual(answer.json(), [false, 'alice', false])
  })
})

test('a Date that an application changes and gives again is the date of the next cookie', async (t: TestContext) => {
  const expires = new Date(Date.UTC(2030, 0, 1))
  const { visit } = await sessionApp(t)
  const write = async (): Promise<string> => String((await visit((session) => {
    session.user = 'alice'
    session.options({ expires })
  })).headers['set-cookie']).split('; ')[2] ?? ''
  const first = await write()
  expires.setUTCFullYear(2031)

  t.assert.deepStrictEqual([first, await write()], ['Expires=Tue, 01 Jan 2030 00:00:00 GMT', 'Expires=Wed, 01 Jan 2031 00:00:00 GMT'])
})
