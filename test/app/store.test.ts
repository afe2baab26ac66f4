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
