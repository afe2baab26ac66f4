/**
 * Pictures of the demo, to be looked at: `npx tsx test/browser/screenshots.ts FOLDER`, and for another kind of session
 * `npx tsx test/browser/screenshots.ts FOLDER sealed`.
 *
 * @module
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { buildDemo } from '../app/app.ts'
import { kindNamed } from '../app/kinds.ts'
import { programFile } from '../programs.ts'

const [folder = 'screenshots', kind = 'cookie'] = process.argv.slice(2)

const screens: Record<string, BrowserContextOptions> = {
  desktop: { viewport: { width: 1280, height: 900 } },
  'desktop-dark': { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true },
  'phone-dark': { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, colorScheme: 'dark' }
}

mkdirSync(folder, { recursive: true })
const demo = await buildDemo({ sessions: kindNamed(kind) })
const address = await demo.listen({ host: '127.0.0.1', port: 0 })
const browser = await chromium.launch({ executablePath: programFile('chromium'), args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
try {
  for (const [screen, options] of Object.entries(screens)) {
    const page = await (await browser.newContext(options)).newPage()
    await page.goto(address)
    await photograph(page, `${screen}-1-stranger`)
    await page.getByLabel('Name').fill('Ada Lovelace')
    await page.getByLabel('Remember me').check()
    await press(page, 'Log in')
    for (const name of ['Add Darjeeling', 'Add Ginger cookies', 'One Darjeeling more']) await press(page, name)
    await press(page, 'Add Blue cup')
    await photograph(page, `${screen}-2-cart`)
    await page.getByLabel('Note to the shop').fill(Array.from({ length: 1500 }, (_, index) => (index * 7919 % 99_991).toString(36)).join(''))
    await press(page, 'Keep the note')
    await photograph(page, `${screen}-3-overflow`)
    await page.goto(address)
    await press(page, 'Log out')
    await photograph(page, `${screen}-4-logged-out`)
    await page.context().addCookies([{ name: 'session', value: 'e30.aVW5AA.x', url: address }])
    await page.goto(address)
    await page.getByText('Settings').click()
    await photograph(page, `${screen}-5-refused`)
  }
} finally {
  await browser.close()
  await demo.close()
}

async function press (page: Page, name: string): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name }).click()])
}

async function photograph (page: Page, name: string): Promise<void> {
  const width = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]')
  if (width[0] > width[1]) console.warn(`${name}: ${width[0]} px wide on a screen of ${width[1]}`)
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
