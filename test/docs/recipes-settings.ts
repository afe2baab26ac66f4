import { test, describe } from 'node:test'
import type { TestContext } from 'node:test'
import { execFileSync } from 'node:child_process'
import fastifyEnv from '@fastify/env'
import { requireFlask } from '../flask/peer.ts'
import { asking, cookiesOf, withRecipe } from './recipe.ts'
import type { Ask } from './recipe.ts'
import { snippet } from './snippets.ts'

describe('the recipe for', () => {
  test('fastify.config by hand: a change holds from the next request on', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'fastify.config by hand')
    fastify.get('/', async (request: Ask) => { request.session.a = 1 })

    const before = cookiesOf(await fastify.inject('/'))
    fastify.config.SESSION_COOKIE_SECURE = true
    const after = cookiesOf(await fastify.inject('/'))

    t.assert.deepStrictEqual([before, after].map(([cookie]) => cookie?.includes('Secure')), [false, true])
  })

  test('settings of the application: they stand beside ours', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'Settings of your own beside ours', { fastifyEnv })
    await fastify.ready()

    t.assert.deepStrictEqual([fastify.config.PORT, fastify.config.SESSION_COOKIE_HTTPONLY], [3000, true])
  })

  test('another key in Flask: text of an environment becomes a list, and the empty text an empty one', (t: TestContext) => {
    const code = `import os
from types import SimpleNamespace
app = SimpleNamespace(config={})
${snippet('lib/RECIPES.md', 'Another secret key', 'python')}
print(app.config["SECRET_KEY_FALLBACKS"])`
    const listOf = (text: string): string => {
      return execFileSync('python3', ['-c', code], { encoding: 'utf8', env: { ...process.env, SECRET_KEY_FALLBACKS: text } }).trim()
    }

    requireFlask(t)
    t.assert.deepStrictEqual([listOf('old,older'), listOf('')], ["['old', 'older']", '[]'])
  })

  test('another domain: takes the session over and deletes the old cookie', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'Another cookie domain or path')
    fastify.get('/', async (request: Ask) => request.session)
    await fastify.ready()
    const old = fastify.encodeSession(fastify.createSession({ user_id: 42 }))

    const moved = await fastify.inject(asking(`session=${old}`))
    const [sent, deleted] = cookiesOf(moved).sort()
    const later = await fastify.inject(asking(String(sent).split(';')[0] as string))

    t.assert.match(String(deleted), /^session=; (?=.*Max-Age=0).*Path=\//)
    t.assert.match(String(sent), /^session2=\S+; Domain=example.com; Path=\//)
    t.assert.deepStrictEqual([moved.json(), later.json(), cookiesOf(later)], [{ user_id: 42 }, { user_id: 42 }, []])
  })

  test('tenants: the cookie of one is refused at another, and an unknown host has no session', async (t: TestContext) => {
    const fastify = await withRecipe(t, 'Tenants by host name')
    fastify.get('/', async (request: Ask) => request.session)
    fastify.get('/in', async (request: Ask) => { request.session.user_id = 42 })
    const at = async (host: string, cookie: string): Promise<unknown> => {
      return (await fastify.inject({ url: '/', headers: { host, cookie } })).json()
    }

    const [sent] = cookiesOf(await fastify.inject({ url: '/in', headers: { host: 'acme.example.com:8080' } }))
    const cookie = String(sent).split(';')[0] as string

    t.assert.deepStrictEqual(await at('acme.example.com', cookie), { user_id: 42 })
    t.assert.deepStrictEqual(await at('bank.example.com', cookie), {})
    t.assert.deepStrictEqual(await at('localhost', cookie), {})
  })
})
