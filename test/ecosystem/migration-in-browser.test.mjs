// Members who are logged in with @fastify/secure-session go on after the application has moved to sealed sessions.
import { describe, test } from 'node:test'
import { jar, openBrowser, tabOf, valueOf } from '../browser/chromium.ts'
import { openSite } from '../browser/sites.ts'
import * as before from './migration/before.mjs'
import * as sealed from './migration/sealed.mjs'

const environment = { COOKIE_KEY: '4fe91796c30bd989d95b62dc46c7c3ba0b6aa2df2187400586a4121c54c53b85', SECURE: 'true' }

/** Asks the shop from within the page, as its own scripts would. */
async function ask (page, url, body) {
  return await page.evaluate(async ([url, body]) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const method = body === undefined ? 'GET' : 'POST'
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), redirect: 'manual' })
    return await response.json().catch(() => null)
  }, [url, body])
}

async function logIn (page, name, remember) {
  const { token } = await ask(page, '/login')
  return await ask(page, '/login', { name, _csrf: token, remember })
}

describe('members of an application that moves from @fastify/secure-session to sealed sessions', () => {
  test('stay logged in, keep their carts, and have a sealed cookie from their next page on', async (t) => {
    const context = await openBrowser(t)
    if (context === undefined) return
    const site = await openSite(t)
    const old = await before.shop(environment)
    t.after(() => old.close())
    await site.serve(old)
    const page = tabOf(context)
    const home = site.url('/')

    await page.goto(home)
    await logIn(page, 'ada', true)
    await ask(page, '/cart', { item: 'pear' })
    const boxed = await valueOf(context, 'shop-session')
    const [keptBefore] = await jar(context)

    const moved = await sealed.shop(environment)
    await site.serve(moved)
    const first = await ask(page, '/')
    const token = await valueOf(context, 'shop-session')
    const cart = await ask(page, '/cart', { item: 'plum' })
    const [keptAfter] = await jar(context)

    t.assert.match(boxed, /%3B/)
    t.assert.deepStrictEqual(first, { user: 'ada', messages: { info: ['Welcome, ada'] } })
    t.assert.match(token, /^[\w-]+\.[\w-]{6}\.[\w-]{86}$/)
    t.assert.doesNotMatch(Buffer.from(token.split('.')[0], 'base64url').toString('latin1'), /ada|pear/)
    t.assert.strictEqual(sealed.whoseCookie(moved, token), 'ada')
    t.assert.deepStrictEqual(cart, ['pear', 'plum'])
    t.assert.deepStrictEqual([keptAfter.name, keptAfter.path, keptAfter.sameSite], [keptBefore.name, keptBefore.path, keptBefore.sameSite])

    t.assert.strictEqual((await ask(page, '/')).user, 'ada')
    t.assert.deepStrictEqual(await ask(page, '/cart'), ['pear', 'plum'])
    await ask(page, '/logout', {})
    t.assert.strictEqual(await valueOf(context, 'shop-session'), undefined)
    t.assert.strictEqual((await ask(page, '/')).user, null)
  })

  test('log in and out as ever when they come for the first time', async (t) => {
    const context = await openBrowser(t)
    if (context === undefined) return
    const site = await openSite(t)
    const moved = await sealed.shop(environment)
    await site.serve(moved)
    const page = tabOf(context)

    await page.goto(site.url('/'))
    const stranger = await ask(page, '/')
    await logIn(page, 'bob')
    const member = await ask(page, '/')
    const script = await page.evaluate('document.cookie')
    await ask(page, '/logout', {})

    t.assert.deepStrictEqual([stranger.user, member.user, script], [null, 'bob', ''])
    t.assert.deepStrictEqual(await jar(context), [])
  })
})
