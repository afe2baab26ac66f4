import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookieAfter, cookieOf, countCookieInVary, setCookiesOf } from '../helpers.ts'
import type { Answer } from '../helpers.ts'
import { hasCookie, isDeletion, readSaved, saved, scene } from './scene.ts'
import type { Scene } from './scene.ts'

const permanent = { user_id: 42, _permanent: true }
const isUnavailable = (answer: Answer): boolean =>
  answer.statusCode === 503 && JSON.parse(answer.body).code === 'FST_SESSION_STORE_UNAVAILABLE'

/** A scene whose store has gone away since a login. What was remembered is forgotten. */
async function away (t: TestContext, sync: boolean, onStoreError: 'refuse' | 'accept', log: object[] = []): Promise<Scene & { cookie: string }> {
  const stream = { write: (line: string) => { log.push(JSON.parse(line)) } }
  const stage = await scene(t, sync, { revocation: { onStoreError } }, { server: { logger: { level: 'debug', stream } } })
  const answer = await stage.visit((session) => Object.assign(session, permanent))
  stage.tick(60)
  stage.store.failure = new Error('away')
  return { ...stage, cookie: cookieAfter(answer) }
}

for (const sync of [true, false]) {
  const kind = sync ? 'synchronous' : 'asynchronous'

  describe(`a ${kind} store that is away`, () => {
    for (const [name, act] of Object.entries<(session: any) => unknown>({
      'is read': (session) => session.user_id,
      'is written': (session) => { session.n = 1 },
      'is cleared': (session) => session.clear()
    })) {
      test(`is a 503 where the session ${name}`, async (t: TestContext) => {
        const { visit, cookie } = await away(t, sync, 'refuse')
        const answer = await visit(act, { cookie })
        t.assert.ok(isUnavailable(answer), answer.body)
        t.assert.deepStrictEqual([answer.headers['retry-after'], answer.headers['cache-control']], ['1', 'no-store'])
        t.assert.strictEqual(countCookieInVary(answer.headers['vary'] as string), 1)
        t.assert.strictEqual(hasCookie(answer), name === 'is cleared')
      })
    }

    test('does not stop a route that does not look at the session', async (t: TestContext) => {
      const { visit, cookie } = await away(t, sync, 'refuse')
      const answer = await visit(undefined, { cookie })
      t.assert.strictEqual(answer.statusCode, 200)
      t.assert.ok(!hasCookie(answer))
      t.assert.strictEqual(answer.headers['vary'], undefined)
    })

    test('does not stop a visitor without a cookie, or with one that is not ours', async (t: TestContext) => {
      const { visit } = await away(t, sync, 'refuse')
      for (const cookie of [undefined, 'session=junk', cookieOf(permanent, { key: 'another' })]) {
        t.assert.strictEqual((await visit((session) => session.size, { cookie })).body, '0')
      }
    })

    test('does not stop a session that is remembered', async (t: TestContext) => {
      const { visit, store, cookie } = await away(t, sync, 'refuse')
      store.failure = undefined
      await visit(undefined, { cookie })
      store.failure = new Error('away again')
      const answer = await visit((session) => session['user_id'], { cookie })
      t.assert.strictEqual(answer.body, '42')
      t.assert.ok(!hasCookie(answer), 'no refresh without an answer')
      t.assert.ok(isUnavailable(await visit((session) => { session['n'] = 1 }, { cookie })))
    })

    test('is a 503 for a login, and ends nothing', async (t: TestContext) => {
      const { visit, store, tick } = await away(t, sync, 'refuse')
      t.assert.ok(isUnavailable(await visit((session) => { session['user_id'] = 42 })))
      tick(2)
      store.failure = undefined
      t.assert.strictEqual(store.inner.get('ended:any'), null)
      t.assert.ok(hasCookie(await visit((session) => { session['user_id'] = 42 })))
    })

    test('is a 503 for a logout, but the cookie is deleted, and this process refuses the session from then on', async (t: TestContext) => {
      const { visit, store, cookie, userOf, tick } = await away(t, sync, 'refuse')
      store.failure = undefined
      await visit(undefined, { cookie })
      store.failure = new Error('away again')
      const logout = await visit((session) => session.clear(), { cookie })
      t.assert.ok(isUnavailable(logout))
      t.assert.ok(isDeletion(logout))
      t.assert.strictEqual(await userOf(cookie), null)
      store.failure = undefined
      tick(2)
      await visit(undefined, { cookie: cookieOf(permanent) })
      await new Promise((resolve) => setImmediate(resolve))
      t.assert.strictEqual(store.inner.get(`ended:${readSaved(cookie)._sid}`)?.data, '1')
    })

    test('is a 503 for a logout of which only the end of another cookie could not be written', async (t: TestContext) => {
      const { visit, login, userOf, store, tick } = await scene(t, sync)
      const [older, between] = [await login(), await login()]
      tick(1)
      const newest = await login()
      const { set } = store
      const lost = `ended:${readSaved(between)._sid}`
      store.set = (id, data, options) => {
        if (id === lost) throw new Error('away for a moment')
        return set(id, data, options)
      }
      const logout = await visit((session) => session.clear(), { cookie: [between, older, newest].join('; ') })
      t.assert.ok(isUnavailable(logout))
      t.assert.ok(setCookiesOf(logout).every(({ value }) => value === ''))
      tick(2)
      for (const cookie of [older, between, newest]) t.assert.strictEqual(await userOf(cookie), null)
    })

    test('still learns of the end of a session that could not be read', async (t: TestContext) => {
      const { visit, store, cookie, userOf, tick } = await away(t, sync, 'refuse')
      const logout = await visit((_session, request) => { request.session = null }, { cookie })
      t.assert.ok(isUnavailable(logout))
      t.assert.ok(isDeletion(logout))
      t.assert.strictEqual(await userOf(cookie), null)
      store.failure = undefined
      tick(2)
      await visit(undefined, { cookie: cookieOf(permanent) })
      await new Promise((resolve) => setImmediate(resolve))
      t.assert.strictEqual(store.inner.get(`ended:${readSaved(cookie)._sid}`)?.data, '1')
      t.assert.strictEqual(await userOf(cookie), null)
    })

    test('that is back in time for the end of an unreadable session that somebody else ended: the cookie is deleted', async (t: TestContext) => {
      const { visit, store, cookie, tick } = await away(t, sync, 'refuse')
      const answer = await visit((session) => {
        store.failure = undefined
        tick(2)
        store.inner.set(`ended:${readSaved(cookie)._sid}`, '1', { expires: Date.now() + 60_000, replaces: null })
        session.clear()
      }, { cookie })
      t.assert.ok(isUnavailable(answer))
      t.assert.ok(isDeletion(answer))
    })

    test('makes endSessions reject', async (t: TestContext) => {
      for (const onStoreError of ['refuse', 'accept'] as const) {
        await t.test(onStoreError, async (t: TestContext) => {
          const { app } = await away(t, sync, onStoreError)
          await t.assert.rejects(app.endSessions(42), { code: 'FST_SESSION_STORE_UNAVAILABLE', statusCode: 503 })
        })
      }
    })
  })

  describe(`a ${kind} store that is away, with onStoreError: 'accept',`, () => {
    test('leaves sessions valid, but refreshes none', async (t: TestContext) => {
      const { visit, cookie } = await away(t, sync, 'accept')
      const answer = await visit((session) => session['user_id'], { cookie })
      t.assert.strictEqual(answer.body, '42')
      t.assert.ok(!hasCookie(answer))
    })

    test('lets sessions be changed, and lets users log in', async (t: TestContext) => {
      const { visit, cookie } = await away(t, sync, 'accept')
      t.assert.strictEqual(saved(await visit((session) => { session['n'] = 1 }, { cookie }))['n'], 1)
      t.assert.strictEqual(saved(await visit((session) => { session['user_id'] = 43 }))['user_id'], 43)
    })

    test('lets users log out, with a warning, and this process refuses the session', async (t: TestContext) => {
      const log: Array<{ level?: number, msg?: string, err?: { code: string } }> = []
      const { visit, cookie, userOf } = await away(t, sync, 'accept', log)
      const logout = await visit((session) => session.clear(), { cookie })
      t.assert.strictEqual(logout.statusCode, 200)
      t.assert.ok(isDeletion(logout))
      t.assert.strictEqual(await userOf(cookie), null)
      const warnings = log.filter(({ level }) => level === 40)
      t.assert.deepStrictEqual(warnings.map(({ msg, err }) => [msg, err?.code]), [
        ['a session was ended, but other processes do not know it yet', 'FST_SESSION_STORE_UNAVAILABLE']
      ])
    })

    test('ends the session that a login replaces, in this process', async (t: TestContext) => {
      const { visit, cookie, userOf } = await away(t, sync, 'accept')
      const login = await visit((session) => { session['user_id'] = 43 }, { cookie })
      t.assert.deepStrictEqual([await userOf(cookie), await userOf(cookieAfter(login))], [null, 43])
    })
  })
}

test('a store that hangs fails within storeTimeout', async (t: TestContext) => {
  const { visit, store } = await scene(t, false, { revocation: { storeTimeout: 0.05 } })
  store.isHanging = true
  t.assert.ok(isUnavailable(await visit((session) => session['user_id'], { cookie: cookieOf(permanent) })))
})

test('a store that lies fails at once', async (t: TestContext) => {
  const { visit, store, tick } = await scene(t, false)
  for (const junk of [undefined, 'ended', { data: 1, expires: 1 }, []]) {
    store.get = (() => junk) as never
    tick(2)
    t.assert.ok(isUnavailable(await visit((session) => session['user_id'], { cookie: cookieOf(permanent) })))
  }
})

test('a change that a store lies about is not saved', async (t: TestContext) => {
  const { visit, store, login } = await scene(t, false)
  const cookie = await login()
  store.set = (() => 'OK') as never
  const answer = await visit((session) => session.clear(), { cookie })
  t.assert.ok(isUnavailable(answer))
  t.assert.ok(isDeletion(answer))
})
