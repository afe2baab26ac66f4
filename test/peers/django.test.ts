import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { DjangoFormat } from '../../lib/formats/django.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { DjangoSessionInterface } from '../../lib/peers/index.ts'
import { noise, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'
import { exchange, noon } from './exchange.ts'
import { peerContract } from './peer.contract.ts'
import { requirePeers, startPeers } from './peers.ts'
import type { Peers } from './peers.ts'

/** Django 3.2 signed `{"user":"Zoë"}` at noon. */
const token = 'eyJ1c2VyIjoiWm9cdTAwZWIifQ:1s7wFk:rM8pp2pnTzFld7a8hzjigDtU5wp3RnK5vrFAL7HYIpg'
const cookie = `sessionid=${token}`
const { salt, keyDerivation } = new DjangoSessionInterface()
const format = (key = secretKey): DjangoFormat => new DjangoFormat(new URLSafeTimedSerializer(key, {
  salt: salt as string, signerOptions: { keyDerivation, digestMethod: 'sha256' }
}))

peerContract('DjangoSessionInterface', {
  make: (options) => new DjangoSessionInterface(options),
  cookieName: 'sessionid',
  token,
  sign: (json, key) => format(key).encode(json),
  read: (token) => Buffer.from(token.slice(0, token.indexOf(':')), 'base64url').toString(),
  spelling: '{"a":1,"b":2}'
})

describe('DjangoSessionInterface', () => {
  const options = { sessionInterface: new DjangoSessionInterface() }

  test('compresses a session that would not fit, and reads it', async (t: TestContext) => {
    const { visit } = await sessionApp(t, options)
    const text = noise(100).repeat(80)
    const { value } = sessionCookieOf(await visit((session) => { session.text = text }), 'sessionid') ?? { value: '' }

    t.assert.match(value, /^\./)
    t.assert.strictEqual((await visit((session) => session.text, { cookie: `sessionid=${value}` })).body, text)
  })

  for (const [expiry, expires] of [
    [0, undefined], [60, 'Fri, 17 May 2024 12:01:00 GMT'], [1.5, 'Fri, 17 May 2024 12:00:01 GMT'], ['2024-05-18T00:00:00+00:00', 'Sat, 18 May 2024 00:00:00 GMT'],
    ['2024-05-18T00:00:00.123456+02:00', 'Fri, 17 May 2024 22:00:00 GMT'], ['soon', 'Fri, 31 May 2024 12:00:00 GMT'], [1e300, 'Fri, 31 May 2024 12:00:00 GMT'],
    [null, 'Fri, 31 May 2024 12:00:00 GMT'], [[60], 'Fri, 31 May 2024 12:00:00 GMT']
  ] as const) {
    test(`ends the cookie as _session_expiry says, and nothing else: ${JSON.stringify(expiry)}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
      const { visit } = await sessionApp(t, options)
      const set = sessionCookieOf(await visit((session) => session.update({ a: 1, _session_expiry: expiry })), 'sessionid')

      t.assert.strictEqual(set?.attributes.Expires, expires)
      t.mock.timers.tick(14 * 86_400_000)
      t.assert.strictEqual((await visit((session) => session.a, { cookie: `sessionid=${set?.value}` })).body, '1')
    })
  }
})

describe('sessions shared with a live Django', () => {
  const options = { sessionInterface: new DjangoSessionInterface() }
  let peers: Peers
  before(() => { peers = startPeers() })
  after(() => peers.close())

  test('are the same on both sides, each way', async (t: TestContext) => {
    if (!requirePeers(t, 'django')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })

    t.assert.deepStrictEqual(await exchange('django', peers, { seed: 19, runs: 60 }), { sessions: 120, differences: [] })
  })

  test('end with a logout on either side', async (t: TestContext) => {
    if (!requirePeers(t, 'django')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, options)
    const here = await visit((session) => session.clear(), { cookie })
    const there = await peers.django({ secretKey, now: noon, cookie, logout: true })

    t.assert.strictEqual(here.headers['set-cookie'], 'sessionid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax')
    t.assert.match(String(there.headers[0]?.[1]), /^sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=\//)
    t.assert.strictEqual((await visit((session) => session.size, { cookie: 'sessionid=""' })).body, '0')
    t.assert.deepStrictEqual((await peers.django({ secretKey, now: noon, cookie: 'sessionid=' })).session, { $dict: [] })
    // session.clear() there leaves a cookie of an empty dict.
    const cleared = await peers.django({ secretKey, now: noon, cookie, replace: { $dict: [] } })
    const empty = String(cleared.headers[0]?.[1]).split(';', 1)[0] as string
    t.assert.strictEqual((await visit((session) => session.size, { cookie: empty })).body, '0')
  })

  test('end their cookie as set_expiry says, on both sides', async (t: TestContext) => {
    if (!requirePeers(t, 'django')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, options)
    for (const expiry of [0, 60]) {
      const [[, header]] = (await peers.django({ secretKey, now: noon, cookie, expiry })).headers as [[string, string]]
      const theirs = /expires=([^;]+)/i.exec(header)?.[1]
      const ours = sessionCookieOf(await visit((session) => { session.a = 1 }, { cookie: header.split(';', 1)[0] as string }), 'sessionid')
      t.assert.strictEqual(ours?.attributes.Expires, theirs)
    }
  })

  test('end at the same second', async (t: TestContext) => {
    if (!requirePeers(t, 'django')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, options)
    const lifetime = 14 * 86_400
    for (const [age, isAlive] of [[lifetime, true], [lifetime + 1, false]] as const) {
      t.mock.timers.setTime((noon + age) * 1000)
      const here = await visit((session) => session.has('user'), { cookie })
      const there = await peers.django({ secretKey, now: noon + age, cookie })
      t.assert.deepStrictEqual([here.body, there.session], [String(isAlive), { $dict: isAlive ? [['user', 'Zoë']] : [] }], String(age))
    }
  })

  test('say who is logged in: _auth_user_id', async (t: TestContext) => {
    if (!requirePeers(t, 'django')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, options)
    const login = await peers.django({ secretKey, now: noon, login: 'zoe', who: true })
    const theirs = String(login.headers.find(([, header]) => header.startsWith('sessionid='))?.[1]).split(';', 1)[0] as string
    const answer = await visit((session) => { session.seen = true; return session._auth_user_id }, { cookie: theirs })

    t.assert.deepStrictEqual([login.who, answer.body], ['zoe', '1'])
    // The login survives a change here.
    const { value } = sessionCookieOf(answer, 'sessionid') ?? { value: '' }
    t.assert.strictEqual((await peers.django({ secretKey, now: noon, cookie: `sessionid=${value}`, who: true })).who, 'zoe')
    // And it ends there with a logout here.
    t.assert.match(String((await visit((session) => session.clear(), { cookie: theirs })).headers['set-cookie']), /^sessionid=; Max-Age=0;/)
  })
})
