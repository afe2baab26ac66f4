import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import secureSession, { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'

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
