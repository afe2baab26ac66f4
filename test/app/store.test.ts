import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { memoryStore } from '../../lib/stores/index.ts'
import { setCookiesOf } from '../helpers.ts'
import type { Answer } from '../helpers.ts'
import { buildDemo } from './app.ts'
import { kindNamed } from './kinds.ts'

/** A browser that follows redirects. */
function browserOf (app: FastifyInstance, agent: string): { cookie: string, ask (url: string, fields?: Record<string, string>): Promise<Answer> } {
  const browser = {
    cookie: '',
    async ask (url: string, fields?: Record<string, string>): Promise<Answer> {
      const headers = { 'user-agent': agent, ...(browser.cookie !== '' && { cookie: browser.cookie }) }
      const form = fields && { method: 'POST' as const, payload: new URLSearchParams(fields).toString() }
      const answer = await app.inject({ url, ...form, headers: { ...headers, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) } })
      for (const { name, value } of setCookiesOf(answer)) browser.cookie = value === '' ? '' : `${name}=${value}`
      return answer.statusCode === 303 ? await browser.ask(String(answer.headers.location)) : answer
    }
  }
  return browser
}

async function demo (t: TestContext): Promise<FastifyInstance> {
  const app = await buildDemo({ store: memoryStore() })
  t.after(() => app.close())
  return app
}

describe('the demo with sessions in a store', () => {
  test('shows the id in the cookie, and what the store has under it', async (t: TestContext) => {
    const ada = browserOf(await demo(t), 'Firefox')
    t.assert.match((await ada.ask('/')).body, /Nothing is in either/)
    const page = await ada.ask('/login', { name: 'Ada' })
    t.assert.match(ada.cookie, /^session=[\w-]{43}$/)
    t.assert.ok(page.body.includes(`<span class="payload">${ada.cookie.slice(8)}</span>`))
    t.assert.match(page.body, /&#34;user_name&#34;: &#34;Ada&#34;/)
    t.assert.doesNotMatch(page.body, /Flask(?!'s keys)/)
  })

  test('says so when the store does not have the id of the cookie', async (t: TestContext) => {
    const app = await demo(t)
    const [phone, laptop] = [browserOf(app, 'a phone'), browserOf(app, 'a laptop')]
    await phone.ask('/login', { name: 'Ada' })
    await laptop.ask('/login', { name: 'Ada' })
    const here = (await laptop.ask('/logout/everywhere', {})).body
    const there = (await phone.ask('/')).body
    t.assert.match(here, /Nothing is in either/)
    t.assert.doesNotMatch(there, /Nothing is in either/)
    t.assert.match(there, /it was refused: the store does not have its id, so its session was ended or is too old\./)
  })

  test('lists the devices of the user, and ends each at a button', async (t: TestContext) => {
    const app = await demo(t)
    const [phone, laptop] = [browserOf(app, 'a phone'), browserOf(app, 'a laptop')]
    await phone.ask('/login', { name: 'Ada' })
    const page = await laptop.ask('/login', { name: 'Ada' })
    t.assert.match(page.body, /a laptop <strong>\(this one\)<\/strong>.*a phone/s)
    const other = /aria-label="Log out the device ([\w-]{16})"/.exec(page.body)?.[1] as string

    t.assert.match((await laptop.ask('/devices/end', { id: other })).body, /That device is logged out/)

    t.assert.match((await phone.ask('/')).body, /Who are you\?/)
    t.assert.match((await laptop.ask('/')).body, /Hello, Ada/)
  })

  test('calls a device by its browser and system where it knows them', async (t: TestContext) => {
    const app = await demo(t)
    const agents = [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/143.0 Mobile/15E148 Safari/605.1.15',
      '', 'curl/8.5.0'
    ]
    let page = ''
    for (const agent of agents) page = (await browserOf(app, agent).ask('/login', { name: 'Ada' })).body
    const shown = [...page.matchAll(/<span>([^<]*?)(?: <strong>\(this one\)<\/strong>)?<br>/g)].map(([, name]) => name)
    t.assert.deepStrictEqual(shown.sort(), ['Chrome on Linux', 'Edge on Windows', 'Firefox on iPhone', 'Unknown device', 'curl/8.5.0'])
  })

  test('logs all other devices out, and this one too if asked', async (t: TestContext) => {
    const app = await demo(t)
    const [phone, laptop, grace] = [browserOf(app, 'a phone'), browserOf(app, ''), browserOf(app, 'a phone')]
    await grace.ask('/login', { name: 'Grace' })
    await phone.ask('/login', { name: 'Ada' })
    await laptop.ask('/login', { name: 'Ada' })
    const page = await laptop.ask('/devices/end', {})
    t.assert.match(page.body, /All other devices are logged out/)
    t.assert.match((await phone.ask('/')).body, /Who are you\?/)
    t.assert.match((await grace.ask('/')).body, /Hello, Grace/)
    const own = /<button name="id" value="([\w-]{16})" aria-label="Log out this device"/.exec(page.body)?.[1] as string
    t.assert.match((await laptop.ask('/devices/end', { id: own })).body, /Who are you\?/)
  })

  test('is asked for by name', (t: TestContext) => {
    t.assert.throws(() => kindNamed('mongo'), { message: 'SESSIONS must be one of cookie, sealed, memory, sqlite, redis' })
  })
})
