import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { BrowserContext, Page } from 'playwright-core'
import type { FlaskConfig } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { buildDemo } from '../app/app.ts'
import type { DemoOptions } from '../app/app.ts'
import { configFromEnvironment } from '../app/settings.ts'
import { requireFlask } from '../flask/peer.ts'
import { jar, openBrowser, profile, secondsLeft, tabOf, valueOf } from './chromium.ts'
import { openSite } from './sites.ts'
import type { Site } from './sites.ts'
import { startTwin } from './twin.ts'

const kept = { name: 'session', domain: '127.0.0.1', path: '/', sameSite: 'Lax' }

interface Shopping {
  context: BrowserContext
  page: Page
  site: Site
}

/** The demo, in front of somebody whom it has not seen before. */
async function enter (t: TestContext, settings: FlaskConfig = {}, options: DemoOptions = {}): Promise<Shopping | undefined> {
  const context = await openBrowser(t)
  if (context === undefined) return undefined
  const site = await openSite(t, 'http')
  await site.serve(await buildDemo({ config: { ...configFromEnvironment({}), ...settings }, ...options }))
  const page = tabOf(context)
  await page.goto(shop(site))
  return { context, page, site }
}

function shop (site: Site): string {
  return site.url('/', '127.0.0.1')
}

async function logIn (page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: `Hello, ${name}` }).waitFor()
}

/** Puts a thing into the cart and waits until the page says so. */
async function add (page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Add ${name}` }).click()
  await page.getByRole('status').getByText(`${name} put into the cart`).waitFor()
}

/** What is in the cart, as the page shows it. */
async function cart (page: Page): Promise<string[]> {
  const items = await page.locator('.items li').all()
  return await Promise.all(items.map(async (item) => {
    return `${await item.locator('output').textContent()} ${await item.locator('.name').textContent()}`
  }))
}

/** The numbers of visits: all, on Fastify, on Flask. */
async function visits (page: Page): Promise<string[]> {
  return await page.locator('.counters dd').allTextContents()
}

describe('a walk through the demo with Chromium', () => {
  test('leads from no cookie over login and cart to no cookie', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { context, page } = the

    const cookies = [await jar(context)]
    await logIn(page, 'Ada Lovelace')
    const welcome = await page.getByRole('status').textContent()
    cookies.push(await jar(context))
    await page.reload()
    const counted = await visits(page)
    const later = await page.getByRole('status').textContent()
    await add(page, 'Darjeeling')
    await add(page, 'Ginger cookies')
    await page.getByRole('button', { name: 'One Darjeeling more' }).click()
    await page.getByText('€ 17.80').waitFor()
    const bought = await cart(page)
    const total = await page.locator('.total strong').textContent()
    cookies.push(await jar(context))
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('Fastify has logged you out.').waitFor()
    cookies.push(await jar(context))

    t.assert.match(welcome ?? '', /Welcome, Ada Lovelace\. Fastify has logged you in\./)
    t.assert.strictEqual(later?.trim(), '')
    t.assert.deepStrictEqual(counted, ['2', '2', '0'])
    t.assert.deepStrictEqual(bought, ['2 Darjeeling', '1 Ginger cookies'])
    t.assert.strictEqual(total, '€ 22.00')
    t.assert.deepStrictEqual(cookies, [[], [{ ...kept, flags: 'HttpOnly' }], [{ ...kept, flags: 'HttpOnly' }], []])
  })

  test('shows the cookie that is in the jar, and shows none to scripts', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { context, page } = the

    await logIn(page, 'Ada')
    const shown = await page.locator('.token').textContent()

    t.assert.strictEqual(shown?.startsWith(`session=${await valueOf(context)};`), true, shown ?? '')
    // The policy of the demo forbids scripts of the page, not those of its developer tools.
    t.assert.strictEqual(await page.evaluate('document.cookie'), '')
  })

  test('gives the cookie an end when asked to remember, and takes it away again', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { context, page } = the
    const remember = async (isWanted: boolean): Promise<void> => {
      await page.getByLabel('Remember me').setChecked(isWanted)
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText(isWanted ? /Expires=/ : /with the browser, after/).waitFor()
    }

    await logIn(page, 'Ada')
    await remember(true)
    const left = await secondsLeft(context)
    const remembered = await jar(context)
    await remember(false)

    t.assert.ok(left > 31 * 86_400 - 10 && left <= 31 * 86_400 + 1, `${left} s`)
    t.assert.deepStrictEqual(remembered, [{ ...kept, flags: 'HttpOnly Expires' }])
    t.assert.deepStrictEqual(await jar(context), [{ ...kept, flags: 'HttpOnly' }])
  })

  test('has no way back to the page of a member after the log out', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { page } = the

    await logIn(page, 'Ada')
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('Fastify has logged you out.').waitFor()
    await page.goBack()

    t.assert.strictEqual(await page.getByRole('heading', { level: 2 }).first().textContent(), 'Who are you?')
  })

  test('keeps the old cookie when a note is too long for a new one', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { context, page, site } = the
    await logIn(page, 'Ada')
    await add(page, 'Blue cup')
    const before = await valueOf(context)

    await page.getByLabel('Note to the shop').fill(Array.from({ length: 1500 }, (_, index) => (index * 7919 % 99_991).toString(36)).join(''))
    await page.getByRole('button', { name: 'Keep the note' }).click()
    await page.getByRole('heading', { name: 'FST_SESSION_COOKIE_OVERFLOW' }).waitFor()
    const reason = await page.locator('main p').first().textContent()
    const after = await valueOf(context)
    await page.getByRole('link', { name: 'Back to the shop' }).click()
    await page.waitForURL(shop(site))

    t.assert.match(reason ?? '', /4093.*cart \(\d+\)/)
    t.assert.strictEqual(after, before)
    t.assert.deepStrictEqual(await cart(page), ['1 Blue cup'])
    t.assert.strictEqual(await page.getByLabel('Note to the shop').inputValue(), '')
  })
})

describe('two tabs', () => {
  test('have one session: what changes in one is in the other from its next page on', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { context, page: first, site } = the
    const second = await context.newPage()
    await second.goto(shop(site))

    await logIn(first, 'Ada')
    await second.reload()
    await add(second, 'Darjeeling')
    await first.reload()
    const inFirst = await cart(first)
    await second.getByRole('button', { name: 'Log out' }).click()
    await second.getByText('Fastify has logged you out.').waitFor()
    await first.getByRole('button', { name: 'Add Blue cup' }).click()
    await first.getByText('Please log in first.').waitFor()

    t.assert.deepStrictEqual(inFirst, ['1 Darjeeling'])
  })

  test('that write at the same time leave what the later answer says', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { context, page: first, site } = the
    await logIn(first, 'Ada')
    const second = await context.newPage()
    await second.goto(shop(site))

    const { arrived, release } = site.hold('/cart/add')
    const slow = add(first, 'Darjeeling')
    await arrived
    await add(second, 'Blue cup')
    const inSecond = await cart(second)
    release()
    await slow
    await second.goto(shop(site))

    t.assert.deepStrictEqual(inSecond, ['1 Blue cup'])
    t.assert.deepStrictEqual(await cart(first), ['1 Darjeeling'])
    t.assert.deepStrictEqual(await cart(second), ['1 Darjeeling'])
  })
})

describe('two browsers of one user', () => {
  const kinds: ReadonlyArray<[string, DemoOptions]> = [['cookies', { revocation: true }], ['a store', { store: memoryStore() }]]

  for (const [name, options] of kinds) {
    test(`list their limits, and are both logged out by a log out everywhere in one, with sessions in ${name}`, async (t: TestContext) => {
      const the = await enter(t, { PERMANENT_SESSION_LIFETIME: 3600, SESSION_ABSOLUTE_LIFETIME: 86_400, SESSION_REFRESH_AFTER: 60 }, options)
      const start = await profile(t)
      if (the === undefined || start === undefined) return
      const { context, page: laptop, site } = the
      const phone = tabOf(await start())
      await phone.goto(shop(site))
      const limits = async (page: Page): Promise<string[]> => await page.getByRole('region', { name: 'This session' }).locator('dt').allTextContents()
      const headline = async (page: Page): Promise<string | null> => await page.getByRole('heading', { level: 2 }).first().textContent()

      await logIn(laptop, 'Ada')
      await logIn(phone, 'Ada')
      await phone.getByLabel('Seconds without a visit').fill('600')
      await phone.getByRole('button', { name: 'Limit' }).click()
      await phone.getByText('session.lifetime', { exact: true }).waitFor()
      const listed = [await limits(laptop), await limits(phone)]
      await laptop.reload()
      const before = [await headline(laptop), await headline(phone)]
      const copy = await context.cookies(shop(site))
      await laptop.getByRole('button', { name: 'Log out everywhere' }).click()
      await laptop.getByText('You are logged out everywhere.').waitFor()
      await phone.reload()
      const after = [await headline(laptop), await headline(phone)]
      await context.addCookies(copy)
      await laptop.goto(shop(site))
      const withCopy = await headline(laptop)
      await logIn(phone, 'Ada')
      await phone.reload()

      t.assert.deepStrictEqual(listed, [
        ['Began', 'Idle limit', 'Refreshed', 'Absolute limit', 'Ends'],
        ['Began', 'Idle limit', 'Its own', 'Refreshed', 'Absolute limit', 'Ends']
      ])
      t.assert.deepStrictEqual(before, ['Hello, Ada', 'Hello, Ada'])
      t.assert.deepStrictEqual(after, ['Who are you?', 'Who are you?'])
      t.assert.strictEqual(withCopy, 'Who are you?')
      t.assert.strictEqual(await headline(phone), 'Hello, Ada')
    })
  }
})

describe('another site', () => {
  // Lax keeps the cookie back, so the shop sees a stranger; but what it writes for the stranger takes the place of the member's session.
  test('cannot use the login of a member, only end it where the shop writes to the session of strangers', async (t: TestContext) => {
    const the = await enter(t)
    if (the === undefined) return
    const { context, page, site } = the
    await logIn(page, 'Ada')
    const mall = await openSite(t)
    const app = Fastify()
    app.get('/', async (_request, reply) => reply.type('text/html').send(`
      <form method="post" action="${shop(site)}cart/add"><button name="sku" value="tea">A present for you</button></form>`))
    await mall.serve(app)

    await page.goto(mall.url('/', 'mall.example'))
    await page.getByRole('button').click()
    await page.waitForURL(shop(site))

    t.assert.strictEqual((await page.getByRole('status').textContent())?.trim(), 'Please log in first.')
    t.assert.deepStrictEqual(await jar(context), [])
  })
})

describe('the way to Flask and back in Chromium', () => {
  test('keeps login, cart and messages, and ends with one log out', async (t: TestContext) => {
    const [python] = requireFlask(t)
    if (python === undefined) return
    const context = await openBrowser(t)
    if (context === undefined) return
    const site = await openSite(t, 'http')
    const twinPort = await startTwin(t, python.command, site.port)
    await site.serve(await buildDemo({ twinPort }))
    const page = tabOf(context)
    const cross = async (to: string): Promise<void> => {
      await page.getByRole('navigation').getByRole('link', { name: to }).click()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator(`body.${to.toLowerCase()}`).waitFor()
    }

    await page.goto(shop(site))
    await logIn(page, 'Ada')
    await add(page, 'Darjeeling')
    await cross('Flask')
    const address = page.url()
    const onFlask = { cart: await cart(page), visits: await visits(page) }
    await add(page, 'Blue cup')
    await page.getByRole('button', { name: 'One Darjeeling more' }).click()
    await page.getByText('€ 17.80').waitFor()
    await page.getByLabel('Remember me').check()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText(/Expires=/).waitFor()
    const fromFlask = await jar(context)
    await cross('Fastify')
    const onFastify = { cart: await cart(page), visits: await visits(page) }
    const fromFastify = await jar(context)
    await cross('Flask')
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('Flask has logged you out.').waitFor()
    const afterwards = await jar(context)
    await cross('Fastify')

    t.assert.strictEqual(address, `http://127.0.0.1:${twinPort}/`)
    t.assert.deepStrictEqual(onFlask, { cart: ['1 Darjeeling'], visits: ['3', '2', '1'] })
    t.assert.deepStrictEqual(onFastify, { cart: ['2 Darjeeling', '1 Blue cup'], visits: ['7', '3', '4'] })
    t.assert.deepStrictEqual(fromFlask, [{ ...kept, flags: 'HttpOnly Expires' }])
    t.assert.deepStrictEqual(fromFastify, fromFlask)
    t.assert.deepStrictEqual(afterwards, [])
    t.assert.strictEqual(await page.getByRole('heading', { level: 2 }).first().textContent(), 'Who are you?')
  })
})
