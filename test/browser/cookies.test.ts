import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import type { FlaskConfig } from '../../lib/index.ts'
import { jar, openBrowser, profile, secondsLeft, tabOf, valueOf } from './chromium.ts'
import { membersApp } from './members.ts'
import { openSite } from './sites.ts'
import type { Site } from './sites.ts'

const day = 86_400

/** Chromium with one tab, and a site for it to visit. */
interface Visit {
  context: BrowserContext
  page: Page
  site: Site
  /** The settings of the site; they may change. */
  config: FlaskConfig
}

async function visit (t: TestContext, config: FlaskConfig = {}, scheme: 'http' | 'https' = 'https'): Promise<Visit | undefined> {
  const context = await openBrowser(t)
  if (context === undefined) return undefined
  const site = await openSite(t, scheme)
  const app = await membersApp(config)
  await site.serve(app)
  return { context, page: tabOf(context), site, config: app.getDecorator<FlaskConfig>('config') }
}

async function textAt (page: Page, url: string): Promise<string | null> {
  await page.goto(url)
  return await page.textContent('body')
}

/** A tab at a page of another site, which holds this HTML. */
async function foreignPage (t: TestContext, context: BrowserContext, html: string, host = 'mall.example'): Promise<Page> {
  const site = await openSite(t)
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  app.get('/', async (_request, reply) => reply.type('text/html').send(`<!doctype html>${html}`))
  await site.serve(app)
  const page = await context.newPage()
  await page.goto(site.url('/', host))
  return page
}

describe('the cookie in the jar of Chromium', () => {
  test('goes to its host only, is hidden from scripts, and ends with the browser', async (t: TestContext) => {
    const the = await visit(t)
    if (the === undefined) return
    const { context, page, site } = the

    await page.goto(site.url('/login'))

    t.assert.deepStrictEqual(await jar(context), [{ name: 'session', domain: 'shop.example', path: '/', flags: 'HttpOnly' }])
    t.assert.strictEqual(await page.evaluate('document.cookie'), '')
    t.assert.strictEqual(await textAt(page, site.url('/')), 'ada')
    t.assert.strictEqual(await textAt(page, site.url('/', 'www.shop.example')), 'nobody')
  })

  test('shows itself to scripts without HttpOnly', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_HTTPONLY: false })
    if (the === undefined) return
    const { context, page, site } = the

    await page.goto(site.url('/login'))

    t.assert.deepStrictEqual(await jar(context), [{ name: 'session', domain: 'shop.example', path: '/', flags: '' }])
    t.assert.strictEqual(await page.evaluate('document.cookie'), `session=${await valueOf(context)}`)
  })

  test('goes to all names of its domain, and from all of them when it is deleted on one', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_DOMAIN: 'shop.example' })
    if (the === undefined) return
    const { context, page, site } = the

    await page.goto(site.url('/login', 'www.shop.example'))

    t.assert.deepStrictEqual(await jar(context), [{ name: 'session', domain: '.shop.example', path: '/', flags: 'HttpOnly' }])
    t.assert.strictEqual(await textAt(page, site.url('/')), 'ada')
    await page.goto(site.url('/logout', 'help.shop.example'))
    t.assert.deepStrictEqual(await jar(context), [])
  })

  test('goes to its path only, and is deleted there', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_PATH: '/members' })
    if (the === undefined) return
    const { context, page, site } = the

    await page.goto(site.url('/members/login'))

    t.assert.deepStrictEqual(await jar(context), [{ name: 'session', domain: 'shop.example', path: '/members', flags: 'HttpOnly' }])
    t.assert.strictEqual(await textAt(page, site.url('/')), 'nobody')
    t.assert.strictEqual(await textAt(page, site.url('/members/')), 'ada')
    await page.goto(site.url('/members/logout'))
    t.assert.deepStrictEqual(await jar(context), [])
  })

  test('is not taken with Secure from a site in the clear', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_SECURE: true }, 'http')
    if (the === undefined) return
    const { context, page, site } = the

    t.assert.strictEqual(await textAt(page, site.url('/login')), 'ada')
    t.assert.deepStrictEqual(await jar(context), [])
  })

  for (const [scheme, flags] of [['http', 'HttpOnly'], ['https', 'HttpOnly Secure']] as const) {
    test(`has ${flags} from ${scheme} where Secure is 'auto', and is deleted there`, async (t: TestContext) => {
      const the = await visit(t, { SESSION_COOKIE_SECURE: 'auto' }, scheme)
      if (the === undefined) return
      const { context, page, site } = the

      await page.goto(site.url('/login'))

      t.assert.deepStrictEqual(await jar(context), [{ name: 'session', domain: 'shop.example', path: '/', flags }])
      await page.goto(site.url('/logout'))
      t.assert.deepStrictEqual(await jar(context), [])
    })
  }

  const prefixes: Array<[string, FlaskConfig, { domain: string, path: string }]> = [
    ['__Host-session', { SESSION_COOKIE_SECURE: true }, { domain: 'shop.example', path: '/' }],
    ['__Secure-session', { SESSION_COOKIE_SECURE: true, SESSION_COOKIE_DOMAIN: 'shop.example', SESSION_COOKIE_PATH: '/members' }, { domain: '.shop.example', path: '/members' }]
  ]
  for (const [name, config, place] of prefixes) {
    test(`may be named ${name}, and is deleted under that name`, async (t: TestContext) => {
      const the = await visit(t, { SESSION_COOKIE_NAME: name, ...config })
      if (the === undefined) return
      const { context, page, site } = the

      await page.goto(site.url('/members/login'))

      t.assert.deepStrictEqual(await jar(context), [{ name, ...place, flags: 'HttpOnly Secure' }])
      t.assert.strictEqual(await textAt(page, site.url('/members/')), 'ada')
      await page.goto(site.url('/members/logout'))
      t.assert.deepStrictEqual(await jar(context), [])
    })
  }
})

describe('the lifetime of the cookie', () => {
  test('is 31 days for a permanent session', async (t: TestContext) => {
    const the = await visit(t)
    if (the === undefined) return
    const { context, page, site } = the

    await page.goto(site.url('/login?permanent'))
    const left = await secondsLeft(context)

    t.assert.deepStrictEqual(await jar(context), [{ name: 'session', domain: 'shop.example', path: '/', flags: 'HttpOnly Expires' }])
    t.assert.ok(left > 31 * day - 10 && left <= 31 * day + 1, `${left} s`)
  })

  test('is cut to 400 days by Chromium', async (t: TestContext) => {
    const the = await visit(t, { PERMANENT_SESSION_LIFETIME: 1000 * day })
    if (the === undefined) return
    const { context, page, site } = the

    await page.goto(site.url('/login?permanent'))
    const left = await secondsLeft(context)

    t.assert.ok(left > 400 * day - 10 && left <= 400 * day + 1, `${left} s`)
  })

  test('starts again with every page, also one that has nothing to do with the session', async (t: TestContext) => {
    const the = await visit(t, { PERMANENT_SESSION_LIFETIME: 1000 })
    if (the === undefined) return
    const { context, page, site, config } = the

    await page.goto(site.url('/login?permanent'))
    const before = await secondsLeft(context)
    config.PERMANENT_SESSION_LIFETIME = 5000
    await page.goto(site.url('/untouched'))
    const after = await secondsLeft(context)

    t.assert.ok(before > 990 && before <= 1001, `${before} s`)
    t.assert.ok(after > 4990 && after <= 5001, `${after} s`)
  })

  test('does not start again where SESSION_REFRESH_EACH_REQUEST is false', async (t: TestContext) => {
    const the = await visit(t, { PERMANENT_SESSION_LIFETIME: 1000, SESSION_REFRESH_EACH_REQUEST: false })
    if (the === undefined) return
    const { context, page, site, config } = the

    await page.goto(site.url('/login?permanent'))
    config.PERMANENT_SESSION_LIFETIME = 5000
    await page.goto(site.url('/'))
    const left = await secondsLeft(context)

    t.assert.ok(left > 980 && left <= 1001, `${left} s`)
  })

  test('outlives the browser for a permanent session, and no other', async (t: TestContext) => {
    const start = await profile(t)
    if (start === undefined) return
    const site = await openSite(t)
    await site.serve(await membersApp())

    const evening = await start()
    const page = tabOf(evening)
    await page.goto(site.url('/login?user=ada', 'day.example'))
    await page.goto(site.url('/login?user=grace&permanent', 'month.example'))
    const before = [await textAt(page, site.url('/', 'day.example')), await textAt(page, site.url('/', 'month.example'))]
    await evening.close()
    const morning = await start()
    const nextPage = tabOf(morning)

    t.assert.deepStrictEqual(before, ['ada', 'grace'])
    t.assert.deepStrictEqual(await jar(morning), [{ name: 'session', domain: 'month.example', path: '/', flags: 'HttpOnly Expires' }])
    t.assert.strictEqual(await textAt(nextPage, site.url('/', 'day.example')), 'nobody')
    t.assert.strictEqual(await textAt(nextPage, site.url('/', 'month.example')), 'grace')
  })
})

describe('SameSite', () => {
  // How the session fares when another site leads to ours: by a link, by a form, and inside of a frame.
  const rows: Array<[FlaskConfig, { link: string, form: string, frame: string }]> = [
    [{ SESSION_COOKIE_SAMESITE: 'Strict' }, { link: 'nobody', form: 'nobody', frame: 'nobody' }],
    [{ SESSION_COOKIE_SAMESITE: 'Lax' }, { link: 'ada', form: 'nobody', frame: 'nobody' }],
    [{ SESSION_COOKIE_SAMESITE: 'None', SESSION_COOKIE_SECURE: true }, { link: 'ada', form: 'ada', frame: 'ada' }],
    // Chromium reads a missing SameSite as Lax, but for forms in the first two minutes.
    [{}, { link: 'ada', form: 'ada', frame: 'nobody' }]
  ]
  for (const [config, expected] of rows) {
    const { SESSION_COOKIE_SAMESITE: sameSite } = config
    const words = Object.entries(expected).map(([way, user]) => `${way}: ${user}`).join(', ')
    test(`${sameSite ?? 'left out'} lets another site come to (${words})`, async (t: TestContext) => {
      const the = await visit(t, config)
      if (the === undefined) return
      const { context, page, site } = the
      await page.goto(site.url('/login'))
      const [cookie] = await jar(context)

      const foreign = await foreignPage(t, context, `
        <a href="${site.url('/')}">link</a> <iframe src="${site.url('/')}"></iframe>
        <form method="post" action="${site.url('/')}"><button>form</button></form>`)
      const frame = await foreign.frameLocator('iframe').locator('body').textContent()
      await foreign.getByRole('link').click()
      await foreign.waitForURL(site.url('/'))
      const link = await foreign.textContent('body')
      await foreign.goBack()
      await foreign.getByRole('button').click()
      await foreign.waitForURL(site.url('/'))
      const form = await foreign.textContent('body')

      t.assert.strictEqual(cookie?.sameSite, sameSite ?? undefined)
      t.assert.deepStrictEqual({ link, form, frame }, expected)
      t.assert.strictEqual(await textAt(page, site.url('/')), 'ada')
    })
  }
})

describe('a partitioned cookie', () => {
  test('belongs to a frame under one site, and is deleted there', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_PARTITIONED: true, SESSION_COOKIE_SAMESITE: 'None' })
    if (the === undefined) return
    const { context, page, site } = the
    const frame = (path: string): string => `<iframe src="${site.url(path)}"></iframe>`

    const mall = await foreignPage(t, context, frame('/login'))
    await mall.frameLocator('iframe').getByText('ada').waitFor()
    const inTheMall = await jar(context)
    const market = await foreignPage(t, context, frame('/'), 'market.example')
    const inTheMarket = await market.frameLocator('iframe').locator('body').textContent()
    const atHome = await textAt(page, site.url('/'))
    const mallAgain = await foreignPage(t, context, frame('/'))
    const inTheMallAgain = await mallAgain.frameLocator('iframe').locator('body').textContent()
    const leaving = await foreignPage(t, context, frame('/logout'))
    await leaving.frameLocator('iframe').getByText('nobody').waitFor()

    t.assert.deepStrictEqual(inTheMall, [
      { name: 'session', domain: 'shop.example', path: '/', flags: 'HttpOnly Secure', sameSite: 'None', partition: 'https://mall.example' }
    ])
    t.assert.deepStrictEqual([inTheMarket, atHome, inTheMallAgain], ['nobody', 'nobody', 'ada'])
    t.assert.deepStrictEqual(await jar(context), [])
  })

  test('stays for one site when it is deleted under another', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_PARTITIONED: true, SESSION_COOKIE_SAMESITE: 'None' })
    if (the === undefined) return
    const { context, page, site } = the
    const frame = (path: string): string => `<iframe src="${site.url(path)}"></iframe>`

    await page.goto(site.url('/login'))
    const mall = await foreignPage(t, context, frame('/login'))
    await mall.frameLocator('iframe').getByText('ada').waitFor()
    const partitions = (await jar(context)).map(({ partition }) => partition).sort()
    await page.goto(site.url('/logout'))

    t.assert.deepStrictEqual(partitions, ['https://mall.example', 'https://shop.example'])
    t.assert.deepStrictEqual((await jar(context)).map(({ partition }) => partition), ['https://mall.example'])
  })
})

describe('the size of the cookie', () => {
  const name = 'shop_sid'

  test('is 4093 bytes at most, which Chromium keeps and sends back', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_NAME: name })
    if (the === undefined) return
    const { context, page, site } = the

    const response = await page.goto(site.url('/fill/4093'))
    const [header = ''] = await response?.headerValues('set-cookie') ?? []

    t.assert.strictEqual(header.length, 4093)
    t.assert.strictEqual(await valueOf(context, name), header.slice(`${name}=`.length, header.indexOf(';')))
    t.assert.strictEqual(await textAt(page, site.url('/filled')), '4093')
  })

  test('stays what it was after a page that would have made it 4094', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_NAME: name })
    if (the === undefined) return
    const { context, page, site } = the
    await page.goto(site.url('/fill/4000'))
    const before = await valueOf(context, name)

    const response = await page.goto(site.url('/fill/4094'))

    t.assert.strictEqual(response?.status(), 500)
    t.assert.match(await page.textContent('body') ?? '', /"code":"FST_SESSION_COOKIE_OVERFLOW".*4094 bytes/)
    t.assert.strictEqual(await valueOf(context, name), before)
    t.assert.strictEqual(await textAt(page, site.url('/filled')), '4000')
  })

  test('would pass unnoticed over 4096 without MAX_COOKIE_SIZE: Chromium drops the cookie', async (t: TestContext) => {
    const the = await visit(t, { SESSION_COOKIE_NAME: name, MAX_COOKIE_SIZE: 0 })
    if (the === undefined) return
    const { context, page, site } = the

    const response = await page.goto(site.url('/fill/4200'))

    t.assert.strictEqual(response?.status(), 200)
    t.assert.strictEqual((await response?.headerValues('set-cookie'))?.[0]?.length, 4200)
    t.assert.deepStrictEqual(await jar(context), [])
  })
})

describe('the cache of Chromium', () => {
  test('shows nobody the page of the one who used the browser before', async (t: TestContext) => {
    // Chromium keeps nothing that came with a certificate it does not trust.
    const the = await visit(t, {}, 'http')
    if (the === undefined) return
    const { page, site } = the
    const views: Array<string | null> = []

    for (const way of ['/login?user=ada', '/login?user=grace', '/logout']) {
      await page.goto(site.url(way))
      views.push(await textAt(page, site.url('/cached')))
      // To go where one is would be to load the page again.
      await page.goto(site.url('/untouched'))
      views.push(await textAt(page, site.url('/cached')))
    }
    const [ada, adaAgain, grace, graceAgain, nobody, nobodyAgain] = views

    t.assert.deepStrictEqual(views.map((text) => text?.split(' ')[0]), ['ada', 'ada', 'grace', 'grace', 'nobody', 'nobody'])
    // The page was kept, or the above would say nothing.
    t.assert.deepStrictEqual([adaAgain, graceAgain, nobodyAgain], [ada, grace, nobody])
  })
})
