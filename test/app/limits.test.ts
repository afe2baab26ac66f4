import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { memoryStore } from '../../lib/stores/index.ts'
import { setCookiesOf } from '../helpers.ts'
import { buildDemo } from './app.ts'
import type { DemoOptions } from './app.ts'
import { configFromEnvironment } from './settings.ts'

const newYear = Date.UTC(2026, 0, 1)

interface Browser {
  cookie: string
  /** Sends a form, or gets a page, and returns the text of the page behind it. */
  ask (url: string, fields?: Record<string, string>): Promise<string>
}

/** Browsers at a demo with this environment. */
async function browsers (t: TestContext, environment: NodeJS.ProcessEnv, options: DemoOptions = {}): Promise<() => Browser> {
  t.mock.timers.enable({ apis: ['Date'], now: newYear })
  const app = await buildDemo({ config: configFromEnvironment(environment), ...options })
  t.after(() => app.close())
  return () => {
    const browser: Browser = {
      cookie: '',
      async ask (url, fields) {
        const headers = { ...(browser.cookie !== '' && { cookie: browser.cookie }), ...(fields && { 'content-type': 'application/x-www-form-urlencoded' }) }
        const form = fields && { method: 'POST' as const, payload: new URLSearchParams(fields).toString() }
        const answer = await app.inject({ url, headers, ...form })
        for (const { name, value } of setCookiesOf(answer)) browser.cookie = value === '' ? '' : `${name}=${value}`
        if (answer.statusCode === 303) return await browser.ask(String(answer.headers.location))
        return answer.body.replaceAll('<wbr>', '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
      }
    }
    return browser
  }
}

/** What the card says of the limits. */
function limitsIn (page: string): string | undefined {
  return /This session (.*) Seconds without a visit/.exec(page)?.[1]
}

describe('the limits that the demo lists', () => {
  const everyLimit = { PERMANENT_SESSION_LIFETIME: '7200', SESSION_ABSOLUTE_LIFETIME: '86400', SESSION_REFRESH_AFTER: '90' }
  const listed = 'Idle limit 2 hours without a visit: PERMANENT_SESSION_LIFETIME ' +
    'Refreshed unchanged, only when it is 90 seconds old: SESSION_REFRESH_AFTER ' +
    'Absolute limit 1 day after it began: SESSION_ABSOLUTE_LIFETIME'

  test('are the idle limit and the end alone where nothing else is switched on', async (t: TestContext) => {
    const browser = (await browsers(t, {}))()
    const page = await browser.ask('/login', { name: 'Ada' })
    const expected = 'Idle limit 31 days without a visit: PERMANENT_SESSION_LIFETIME Ends 2026-02-01 00:00:00 UTC, if you do not come back'
    t.assert.strictEqual(limitsIn(page), expected)
  })

  for (const [name, options] of [['a cookie', {}], ['a sealed cookie', { sessions: 'sealed' }], ['a store', { store: memoryStore() }]] as const) {
    test(`are all that are switched on, for sessions in ${name}`, async (t: TestContext) => {
      const browser = (await browsers(t, everyLimit, options))()
      const page = await browser.ask('/login', { name: 'Ada' })
      t.assert.strictEqual(limitsIn(page), `Began 2026-01-01 00:00:00 UTC ${listed} Ends 2026-01-01 02:00:00 UTC, if you do not come back`)
    })

    test(`end a session in ${name} when they say so, however often it is used`, async (t: TestContext) => {
      const browser = (await browsers(t, everyLimit, options))()
      await browser.ask('/login', { name: 'Ada' })
      for (let hour = 1; hour < 24; hour++) {
        t.mock.timers.tick(3_600_000)
        await browser.ask('/')
      }
      const page = await browser.ask('/')
      t.mock.timers.tick(3_601_000)
      const later = await browser.ask('/')

      t.assert.strictEqual(limitsIn(page), `Began 2026-01-01 00:00:00 UTC ${listed} Ends 2026-01-02 00:00:00 UTC, if you do not come back`)
      t.assert.match(later, /Who are you\?/)
    })
  }

  test('contain one of the session alone, which is as long as the settings allow', async (t: TestContext) => {
    const browser = (await browsers(t, { PERMANENT_SESSION_LIFETIME: '7200' }))()
    await browser.ask('/login', { name: 'Ada' })
    const limited = await browser.ask('/lifetime', { seconds: '600' })
    const refused = await browser.ask('/lifetime', { seconds: '7201' })
    const free = await browser.ask('/lifetime', { seconds: '' })

    const idle = 'Idle limit 2 hours without a visit: PERMANENT_SESSION_LIFETIME'
    const own = `${idle} Its own 10 minutes without a visit: session.lifetime Ends 2026-01-01 00:10:00 UTC, if you do not come back`
    t.assert.strictEqual(limitsIn(limited), own)
    t.assert.match(refused, /session\.lifetime must be a whole number of seconds from 1 to 7200/)
    t.assert.strictEqual(limitsIn(refused), own)
    t.assert.strictEqual(limitsIn(free), `${idle} Ends 2026-01-01 02:00:00 UTC, if you do not come back`)
  })
})

describe('a log out everywhere in the demo', () => {
  const kinds = [
    ['cookies', { revocation: true }], ['sealed cookies', { revocation: true, sessions: 'sealed' }], ['a store', { store: memoryStore() }]
  ] as const

  for (const [name, options] of kinds) {
    test(`ends all sessions of the user in ${name}, and nobody else's`, async (t: TestContext) => {
      const open = await browsers(t, {}, options)
      const [phone, laptop, grace] = [open(), open(), open()]
      await phone.ask('/login', { name: 'Ada' })
      const offered = await laptop.ask('/login', { name: 'Ada' })
      await grace.ask('/login', { name: 'Grace' })
      const copy = laptop.cookie

      const here = await laptop.ask('/logout/everywhere', {})
      const there = await phone.ask('/')
      const thief = open()
      thief.cookie = copy

      t.assert.match(offered, /Log out everywhere/)
      t.assert.match(here, /You are logged out everywhere\..*Who are you\?/)
      t.assert.match(there, /Who are you\?/)
      t.assert.match(await thief.ask('/'), /Who are you\?/)
      t.assert.match(await grace.ask('/'), /Hello, Grace/)
      t.assert.match(await phone.ask('/login', { name: 'Ada' }), /Hello, Ada/)
    })
  }

  test('is told to a browser whose cookie was ended by it', async (t: TestContext) => {
    const open = await browsers(t, {}, { revocation: true })
    const [phone, laptop] = [open(), open()]
    await phone.ask('/login', { name: 'Ada' })
    await laptop.ask('/login', { name: 'Ada' })
    await laptop.ask('/logout/everywhere', {})
    t.assert.match(await phone.ask('/'), /it was refused: its session was ended by a log out \( revoked \)\. So the session is empty\./)
  })

  test('is not there for cookies without revocation', async (t: TestContext) => {
    const browser = (await browsers(t, {}))()
    const page = await browser.ask('/login', { name: 'Ada' })
    t.assert.doesNotMatch(page, /Log out everywhere/)
    t.assert.match(page, /a copy of the cookie stays valid\. Start the demo with REVOCATION=1 , and a log out ends every copy\./)
    t.assert.match(await browser.ask('/logout/everywhere', {}), /There is no such page\./)
  })
})
