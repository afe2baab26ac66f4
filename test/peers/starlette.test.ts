import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { StarletteFormat } from '../../lib/formats/starlette.ts'
import { TimestampSigner } from '../../lib/itsdangerous/index.ts'
import { StarletteSessionInterface } from '../../lib/peers/index.ts'
import { secretKey, sessionApp } from '../helpers.ts'
import { exchange, noon } from './exchange.ts'
import { peerContract } from './peer.contract.ts'
import { requirePeers, startPeers } from './peers.ts'
import type { Peers } from './peers.ts'

/** Starlette 0.26 signed `{"user": "Zoë"}` at noon. */
const token = 'eyJ1c2VyIjogIlpvXHUwMGViIn0=.ZkdGwA.OxaGPeG-pTX_IKjY_9UhRyT8bR4'
const format = (key = secretKey): StarletteFormat => new StarletteFormat(new TimestampSigner(key))
const cookie = `session=${token}`

peerContract('StarletteSessionInterface', {
  make: (options) => new StarletteSessionInterface(options),
  cookieName: 'session',
  token,
  sign: (json, key) => format(key).encode(json),
  read: (token) => Buffer.from(token.slice(0, token.indexOf('.')), 'base64').toString(),
  spelling: '{"a": 1, "b": 2}'
})

describe('sessions shared with a live Starlette', () => {
  const options = { sessionInterface: new StarletteSessionInterface() }
  let peers: Peers
  before(() => { peers = startPeers() })
  after(() => peers.close())

  test('are the same on both sides, each way', async (t: TestContext) => {
    if (!requirePeers(t, 'starlette')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })

    t.assert.deepStrictEqual(await exchange('starlette', peers, { seed: 19, runs: 60 }), { sessions: 120, differences: [] })
  })

  test('end with a logout on either side', async (t: TestContext) => {
    if (!requirePeers(t, 'starlette')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, options)
    const here = await visit((session) => session.clear(), { cookie })
    const there = await peers.starlette({ secretKey, now: noon, cookie, replace: { $dict: [] } })

    t.assert.strictEqual(here.headers['set-cookie'], 'session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax')
    t.assert.deepStrictEqual(there.headers.at(-1), ['set-cookie', 'session=null; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax'])
    t.assert.strictEqual((await visit((session) => session.size, { cookie: 'session=null' })).body, '0')
    t.assert.deepStrictEqual((await peers.starlette({ secretKey, now: noon, cookie: 'session=' })).session, { $dict: [] })
  })

  test('end at the same second', async (t: TestContext) => {
    if (!requirePeers(t, 'starlette')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, options)
    const lifetime = 14 * 86_400
    for (const [age, isAlive] of [[lifetime, true], [lifetime + 1, false]] as const) {
      t.mock.timers.setTime((noon + age) * 1000)
      const here = await visit((session) => session.has('user'), { cookie })
      const there = await peers.starlette({ secretKey, now: noon + age, cookie })
      t.assert.deepStrictEqual([here.body, there.session], [String(isAlive), { $dict: isAlive ? [['user', 'Zoë']] : [] }], String(age))
    }
  })

  test('are refused there when our clock runs ahead, by a second already', async (t: TestContext) => {
    if (!requirePeers(t, 'starlette')) return

    t.assert.deepStrictEqual((await peers.starlette({ secretKey, now: noon - 1, cookie })).session, { $dict: [] })
  })

  test('have the name and the lifetime that the middleware was given', async (t: TestContext) => {
    if (!requirePeers(t, 'starlette')) return
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const { visit } = await sessionApp(t, { sessionInterface: new StarletteSessionInterface({ cookieName: 'sid', maxAge: 60, sameSite: 'strict' }) })
    const there = await peers.starlette({
      secretKey, now: noon, options: { session_cookie: 'sid', max_age: 60, same_site: 'strict' }, update: { $dict: [['user', 'Zoë']] }
    })

    t.assert.deepStrictEqual(there.headers.at(-1), ['set-cookie', `sid=${token}; path=/; Max-Age=60; httponly; samesite=strict`])
    t.assert.strictEqual((await visit((session) => session.user, { cookie: `sid=${token}` })).body, 'Zoë')
  })
})
