import './readme-facts.ts'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import fastifyCookie from '@fastify/cookie'
import fastifyEnv from '@fastify/env'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import secureSession from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { testClient } from '../../lib/testing.ts'
import { keygen } from '../../lib/cli/keys.ts'
import { run as runCommand } from '../cli/run.ts'
import { requireFlask } from '../flask/peer.ts'
import { run, snippet, textOf, untested } from './snippets.ts'

const secretKey = 'a secret key of the documents'
process.env.SECRET_KEY = secretKey

/** The application of a snippet that begins with `fastify`. */
function application (t: TestContext): FastifyInstance {
  const fastify = Fastify()
  t.after(() => fastify.close())
  return fastify
}

const folder = mkdtempSync(join(tmpdir(), 'readme-'))
after(() => rmSync(folder, { recursive: true, force: true }))

describe('the first session of the README', () => {
  const key = /keygen/

  test('has a key in .env, made by the command that stands there', async (t: TestContext) => {
    const shell = snippet('README.md', 'Install', 'sh')
    const { code, stdout } = await runCommand(['keygen'])

    t.assert.match(shell, key)
    t.assert.strictEqual(keygen.usage.startsWith('keygen'), true)
    t.assert.strictEqual(code, 0)
    writeFileSync(join(folder, '.env'), `SECRET_KEY=${stdout}`)
  })

  test('logs in, tells who it is, and logs out, over a port', async (t: TestContext) => {
    const shell = snippet('README.md', 'The first session', 'sh')
    const root = (path: string): string => pathToFileURL(join(import.meta.dirname, '../..', path)).href
    const code = snippet('README.md', 'The first session')
      .replace("'fastify'", `'${import.meta.resolve('fastify')}'`)
      .replace("'fastify-secure-cookie-session'", `'${root('lib/index.ts')}'`)
      .replace('port: 3000', 'port: 0')
    const [command] = shell.split('\n')
    t.assert.strictEqual(command, 'node --env-file=.env app.mjs')
    writeFileSync(join(folder, 'app.mjs'), code)
    const server = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--env-file=.env', 'app.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => server.kill())
    let url = ''
    for await (const chunk of server.stdout) {
      url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(chunk))?.[0] ?? url
      if (url !== '') break
    }

    const login = await fetch(`${url}/login`, { method: 'POST' })
    const cookie = String(login.headers.get('set-cookie')).split(';')[0] as string
    const me = await fetch(`${url}/me`, { headers: { cookie } })
    const logout = await fetch(`${url}/logout`, { method: 'POST', headers: { cookie } })

    t.assert.match(String(login.headers.get('set-cookie')), /Expires=/)
    t.assert.deepStrictEqual(await me.json(), { user: 42 })
    t.assert.match(String(logout.headers.get('set-cookie')), /^session=; .*Max-Age=0/)
  })
})

describe("the README's", () => {
  test('settings for production make a cookie that browsers take', async (t: TestContext) => {
    const { fastify } = await run(snippet('README.md', 'In production'), { Fastify: () => Fastify({ trustProxy: '127.0.0.1' }), secureSession })
    t.after(() => fastify.close())
    fastify.get('/', async (request: any) => { request.session.user_id = 1 })

    const { headers } = await fastify.inject('/')

    t.assert.match(headers['set-cookie'], /^__Host-session=\S+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  })

  test('limits end a session without use, and in all', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })
    const fastify = application(t)
    await run(snippet('README.md', 'How long a session lasts'), { fastify, secureSession })
    fastify.get('/', async (request: any) => {
      request.session.user_id ??= 42
      request.session.permanent = true
      return request.session
    })
    fastify.get('/me', async (request: any) => request.session.size)
    const client = testClient(fastify)
    const visitAfter = async (seconds: number): Promise<unknown[]> => {
      t.mock.timers.tick(seconds * 1000)
      const response = await client.inject('/me')
      return [response.json(), response.headers['set-cookie'] !== undefined]
    }
    await client.inject('/')

    t.assert.deepStrictEqual(await visitAfter(59), [2, false])
    t.assert.deepStrictEqual(await visitAfter(1), [2, true])
    for (let minute = 0; minute < 8 * 60 - 25; minute += 25) await visitAfter(25 * 60)
    t.assert.deepStrictEqual(await visitAfter(25 * 60), [0, false])
  })

  test('limit without use counts from the last change of a session that is not permanent', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 })
    const fastify = application(t)
    await run(snippet('README.md', 'How long a session lasts'), { fastify, secureSession })
    fastify.get('/', async (request: any) => { request.session.visits = (request.session.visits ?? 0) + 1 })
    fastify.get('/me', async (request: any) => request.session.size)
    const client = testClient(fastify)
    const sizeAfter = async (minutes: number, change = false): Promise<unknown> => {
      t.mock.timers.tick(minutes * 60_000)
      if (change) await client.inject('/')
      return (await client.inject('/me')).json()
    }

    t.assert.deepStrictEqual([await sizeAfter(0, true), await sizeAfter(20, true), await sizeAfter(20), await sizeAfter(11)], [1, 1, 1, 0])
  })

  test('sealed session takes over what was signed with SHA-1', async (t: TestContext) => {
    t.assert.ok(textOf('README.md').includes("`digestMethod: ['sha512', 'sha1']` if they were signed with SHA-1"))
    const [before, fastify] = [application(t), application(t)]
    await before.register(secureSession, { secretKey, digestMethod: 'sha1' })
    await fastify.register(secureSession, { secretKey, sealed: { readSigned: true }, digestMethod: ['sha512', 'sha1'] })
    await before.ready()
    await fastify.ready()
    const cookie = before.encodeSession(before.createSession({ user_id: 42 })) as string

    t.assert.strictEqual((fastify.decodeSession(cookie) as any)?.user_id, 42)
  })

  test('revocation ends all sessions of a user but one', async (t: TestContext) => {
    const fastify = application(t)
    await run(snippet('README.md', 'Log out everywhere'), { fastify, secureSession, redis: undefined }, {
      'fastify-secure-cookie-session/stores': { redisStore: () => memoryStore({ max: Infinity }) }
    })
    fastify.get('/', async (request: any) => request.session.size)
    const clients = [testClient(fastify), testClient(fastify)] as const
    for (const client of clients) await client.sessionTransaction((session) => { session.user_id = 42 })

    const sizes = []
    t.assert.strictEqual((await fastify.inject({ method: 'POST', url: '/password' })).statusCode, 401)
    t.assert.strictEqual((await clients[0].inject({ method: 'POST', url: '/password' })).statusCode, 200)
    for (const client of clients) sizes.push((await client.inject('/')).json())

    t.assert.deepStrictEqual(sizes, [1, 0])
  })

  test('walk through request.session does what it says', async (t: TestContext) => {
    const fastify = application(t)
    await fastify.register(secureSession, { secretKey })
    const seen: unknown[] = []
    fastify.get('/', async (request: any, reply) => {
      request.session = { cart: { items: [] } }
      await run(snippet('README.md', 'request.session'), { request, reply })
      seen.push(request.session.size)
      return { ok: true }
    })
    await run(snippet('README.md', 'request.session', 'js', 1), { fastify })

    t.assert.strictEqual((await fastify.inject('/')).statusCode, 200)
    t.assert.deepStrictEqual(seen, [0])
    t.assert.strictEqual((await fastify.inject('/logo.svg')).headers.vary, undefined)
  })

  test('settings come from the environment', async (t: TestContext) => {
    const fastify = application(t)
    await run(snippet('README.md', 'Settings'), { fastify, fastifyEnv })
    fastify.get('/', async (request) => { request.session.a = 1 })

    t.assert.match(String((await fastify.inject('/')).headers['set-cookie']), /^session=/)
  })

  test('test client logs in', async (t: TestContext) => {
    snippet('README.md', 'Testing', 'sh')
    const fastify = application(t)
    await fastify.register(fastifyCookie)
    await fastify.register(secureSession, { secretKey })
    fastify.get('/me', async (request) => ({ user: request.session.user_id }))

    const { response, session } = await run(snippet('README.md', 'Testing'), {}, { './app.mjs': { build: async () => fastify } })

    t.assert.deepStrictEqual(response.json(), { user: 1 })
    t.assert.strictEqual(session.user_id, 1)
  })

  test('sealed session is in a cookie that nobody can read', async (t: TestContext) => {
    const fastify = application(t)
    await run(snippet('README.md', 'Signed, sealed, or in a store'), { fastify, secureSession })
    fastify.get('/', async (request) => { request.session.user_name = 'Ada Lovelace' })

    const [, payload = ''] = /=([^.]+)/.exec(String((await fastify.inject('/')).headers['set-cookie'])) ?? []

    t.assert.doesNotMatch(Buffer.from(payload, 'base64url').toString('latin1'), /Ada|user/)
  })

  test('session in a store has an id in its cookie', async (t: TestContext) => {
    const fastify = application(t)
    await run(snippet('README.md', 'Signed, sealed, or in a store', 'js', 1), { fastify, secureSession, redis: undefined }, {
      'fastify-secure-cookie-session/stores': { redisStore: () => memoryStore() }
    })
    fastify.get('/', async (request) => { request.session.user_id = 42 })

    t.assert.match(String((await fastify.inject('/')).headers['set-cookie']), /^session=[\w-]{43}; Path=\/; HttpOnly$/)
  })

  test('several sessions have a cookie each', async (t: TestContext) => {
    const fastify = application(t)
    await run(snippet('README.md', 'Several sessions'), { fastify, secureSession })
    fastify.get('/', async (request: any) => {
      request.session.a = 1
      request.admin.b = 2
    })

    const { headers } = await fastify.inject('/')

    t.assert.match(String(headers['set-cookie']), /session=\S+; Path=\/; HttpOnly,admin=\S+; Path=\/admin; HttpOnly; SameSite=Strict/)
  })
})

describe('stock Flask, with the lines of the README,', () => {
  test('reads the login of the first session, and makes one that is read here', async (t: TestContext) => {
    const app = snippet('README.md', 'Sharing with Flask', 'python')
    t.assert.match(snippet('README.md', 'Sharing with Flask', 'sh'), /http:\/\/localhost:5000\/me/)
    const fastify = application(t)
    await fastify.register(secureSession, { secretKey, digestMethod: 'sha1' })
    await fastify.ready()
    const cookie = fastify.encodeSession(fastify.createSession({ user_id: 42 }))
    const visit = `${app}\nprint(app.test_client(use_cookies=False).get("/me", headers={"Cookie": "session=${cookie}"}).get_json())` +
      '\nprint(app.test_client().post("/login").headers["Set-Cookie"])'

    for (const { command } of requireFlask(t)) {
      const [me, login = ''] = execFileSync(command, ['-c', visit], { encoding: 'utf8' }).split('\n')
      t.assert.strictEqual(me, "{'user': 42}")
      t.assert.deepStrictEqual(fastify.decodeSession(/^session=([^;]+)/.exec(login)?.[1])?.data(), { user_id: 7 })
    }
  })
})

describe('the README', () => {
  test('has no more than 2,500 words', (t: TestContext) => {
    const words = textOf('README.md').trim().split(/\s+/).length
    t.diagnostic(`${words} words`)

    t.assert.ok(words <= 2500)
  })

  test('has no code that no test runs or compiles', (t: TestContext) => {
    snippet('README.md', 'TypeScript', 'ts') // typescript.test.ts
    t.assert.deepStrictEqual(untested('README.md'), [])
  })
})
