import { test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import secureSession from '../../lib/index.ts'
import { cookieOf, secretKey, signingSerializer } from '../helpers.ts'
import { requirePrograms } from '../programs.ts'
import { startNginx, startVarnish } from './proxies.ts'
import { openSite } from './sites.ts'

/** Opens pages that may be kept for a minute, as far as the application says. @returns their port */
async function openPages (t: TestContext): Promise<number> {
  const app = Fastify()
  let guests = 0
  await app.register(secureSession, { secretKey })
  app.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'max-age=60') })
  app.get('/me', async ({ session }) => `I am ${session.user ?? 'nobody'}`)
  app.get('/news', async () => 'news')
  app.get('/terms', { config: { session: false } }, async () => 'terms')
  app.get<{ Params: { name: string } }>('/rename/:name', async ({ session, params }) => {
    session.user = params.name
    return `I am ${session.user}`
  })
  app.get('/end', async ({ session }) => {
    session.clear()
    return 'ended'
  })
  for (const [url, cacheControl] of [['/guest', 'max-age=60'], ['/private-guest', 'private']] as const) {
    app.get(url, async ({ session }, reply) => {
      reply.header('cache-control', cacheControl)
      session.user ??= `guest ${++guests}`
      return `I am ${session.user}`
    })
  }
  const site = await openSite(t, 'http')
  await site.serve(app)
  return site.port
}

const visitors = {
  nobody: {},
  ada: { cookie: cookieOf({ user: 'ada' }) },
  grace: { cookie: cookieOf({ user: 'grace' }) },
  'permanent ada': { cookie: cookieOf({ _permanent: true, user: 'ada' }) },
  'permanent grace': { cookie: cookieOf({ _permanent: true, user: 'grace' }) }
}

/** What somebody gets, in words: from the cache or not, the page, and whose cookie came with it. */
async function get (url: string, visitor: string): Promise<string> {
  const response = await fetch(url, { headers: visitors[visitor as keyof typeof visitors] })
  const [setCookie] = response.headers.getSetCookie()
  const [, token = ''] = /^session=([^;]*)/.exec(setCookie ?? '') ?? []
  const { user } = token === '' ? {} : signingSerializer().loads(token) as { user?: string }
  const cookie = setCookie === undefined ? '' : token === '' ? ', cookie deleted' : `, cookie of ${user}`
  return `${response.headers.get('x-cache')}: ${await response.text()}${cookie}`
}

/** What visitors get one after the other: `ada /me` is Ada at /me. */
async function visit (address: string, ...visits: string[]): Promise<string[]> {
  const answers: string[] = []
  for (const [visitor, path] of visits.map((visit) => visit.split(/ (?=\/)/))) answers.push(await get(`${address}${path}`, String(visitor)))
  return answers
}

test('nginx with proxy_cache', async (t: TestContext) => {
  if (!requirePrograms(t, 'nginx')) return
  const address = await startNginx(t, await openPages(t))

  await t.test('keeps the page of each user for that user', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'ada /me', 'grace /me', 'nobody /me', 'ada /me', 'grace /me', 'nobody /me'), [
      'MISS: I am ada', 'MISS: I am grace', 'MISS: I am nobody', 'HIT: I am ada', 'HIT: I am grace', 'HIT: I am nobody'
    ])
  })

  await t.test('keeps no answer that refreshes a permanent session', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'permanent ada /me', 'permanent ada /me', 'permanent grace /me', 'nobody /me'), [
      'MISS: I am ada, cookie of ada', 'MISS: I am ada, cookie of ada', 'MISS: I am grace, cookie of grace', 'HIT: I am nobody'
    ])
  })

  await t.test('keeps a page without a session for all, without the cookie of the user who was refreshed with it', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'permanent ada /news', 'nobody /news', 'permanent grace /news', 'ada /news', 'nobody /news'), [
      'MISS: news, cookie of ada', 'MISS: news', 'HIT: news', 'HIT: news', 'HIT: news'
    ])
  })

  await t.test('keeps a page whose route has session: false whoever comes first', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'permanent ada /terms', 'permanent grace /terms', 'ada /terms', 'nobody /terms'), [
      'MISS: terms', 'HIT: terms', 'HIT: terms', 'HIT: terms'
    ])
  })

  await t.test('keeps no answer that begins, changes or ends a session', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'nobody /guest', 'nobody /guest', 'ada /rename/eve', 'ada /rename/eve', 'ada /end', 'ada /end'), [
      'MISS: I am guest 1, cookie of guest 1', 'MISS: I am guest 2, cookie of guest 2',
      'MISS: I am eve, cookie of eve', 'MISS: I am eve, cookie of eve', 'MISS: ended, cookie deleted', 'MISS: ended, cookie deleted'
    ])
  })
})

test('nginx that ignores Set-Cookie', async (t: TestContext) => {
  if (!requirePrograms(t, 'nginx')) return
  const address = await startNginx(t, await openPages(t), 'proxy_ignore_headers Set-Cookie;')

  await t.test('keeps the refreshed cookie of a permanent session for its user', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'permanent ada /me', 'permanent grace /me', 'nobody /me', 'ada /me', 'permanent ada /me', 'permanent grace /me'), [
      'MISS: I am ada, cookie of ada', 'MISS: I am grace, cookie of grace', 'MISS: I am nobody', 'MISS: I am ada',
      'HIT: I am ada, cookie of ada', 'HIT: I am grace, cookie of grace'
    ])
  })

  await t.test('hands nobody the cookie that came with a page without a session', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'permanent ada /news', 'permanent ada /news', 'nobody /news', 'permanent grace /news', 'ada /news'), [
      'MISS: news, cookie of ada', 'HIT: news, cookie of ada', 'MISS: news', 'HIT: news', 'HIT: news'
    ])
  })

  await t.test('keeps changes and ends of sessions for their users', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'ada /rename/eve', 'grace /rename/eve', 'nobody /rename/eve', 'ada /end', 'grace /end', 'nobody /end'), [
      'MISS: I am eve, cookie of eve', 'MISS: I am eve, cookie of eve', 'MISS: I am eve, cookie of eve',
      'MISS: ended, cookie deleted', 'MISS: ended, cookie deleted', 'MISS: ended, cookie deleted'
    ])
  })

  // Those without a cookie are all the same to Vary: an application that begins sessions on such pages has to say private.
  await t.test('gives all strangers the session of the first, unless the page is private', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'nobody /guest', 'nobody /guest', 'nobody /private-guest', 'nobody /private-guest'), [
      'MISS: I am guest 1, cookie of guest 1', 'HIT: I am guest 1, cookie of guest 1',
      'MISS: I am guest 2, cookie of guest 2', 'MISS: I am guest 3, cookie of guest 3'
    ])
  })
})

test('nginx that ignores Vary', async (t: TestContext) => {
  if (!requirePrograms(t, 'nginx')) return
  const address = await startNginx(t, await openPages(t), 'proxy_ignore_headers Vary;')

  await t.test('shows one user the page of another: it is Vary that keeps them apart', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'ada /me', 'grace /me'), ['MISS: I am ada', 'HIT: I am ada'])
  })
})

test('Varnish', async (t: TestContext) => {
  if (!requirePrograms(t, 'varnishd')) return
  const address = await startVarnish(t, await openPages(t))

  await t.test('keeps what comes without a cookie, and asks the application for everybody else', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'ada /me', 'nobody /me', 'ada /me', 'permanent grace /me', 'nobody /me', 'nobody /news', 'ada /news', 'nobody /news'), [
      'MISS: I am ada', 'MISS: I am nobody', 'MISS: I am ada', 'MISS: I am grace, cookie of grace', 'HIT: I am nobody',
      'MISS: news', 'MISS: news', 'HIT: news'
    ])
  })

  await t.test('keeps no answer that begins a session', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'nobody /guest', 'nobody /guest'), [
      'MISS: I am guest 1, cookie of guest 1', 'MISS: I am guest 2, cookie of guest 2'
    ])
  })
})

test('Varnish that looks for pages also for those with cookies', async (t: TestContext) => {
  if (!requirePrograms(t, 'varnishd')) return
  const address = await startVarnish(t, await openPages(t), 'return (hash);')

  await t.test('keeps the page of each user for that user', async (t: TestContext) => {
    t.assert.deepStrictEqual(await visit(address, 'ada /me', 'grace /me', 'nobody /me', 'ada /me', 'grace /me', 'nobody /me'), [
      'MISS: I am ada', 'MISS: I am grace', 'MISS: I am nobody', 'HIT: I am ada', 'HIT: I am grace', 'HIT: I am nobody'
    ])
  })

  await t.test('keeps a page without a session for all, and no answer that refreshes, begins or ends one', async (t: TestContext) => {
    const visits = [
      'permanent ada /news', 'nobody /news', 'permanent grace /news', 'permanent ada /terms', 'permanent grace /terms',
      'permanent ada /me', 'permanent ada /me', 'nobody /guest', 'nobody /guest', 'ada /end', 'ada /end'
    ]
    t.assert.deepStrictEqual(await visit(address, ...visits), [
      'MISS: news, cookie of ada', 'MISS: news', 'HIT: news', 'MISS: terms', 'HIT: terms',
      'MISS: I am ada, cookie of ada', 'MISS: I am ada, cookie of ada',
      'MISS: I am guest 1, cookie of guest 1', 'MISS: I am guest 2, cookie of guest 2', 'MISS: ended, cookie deleted', 'MISS: ended, cookie deleted'
    ])
  })
})
