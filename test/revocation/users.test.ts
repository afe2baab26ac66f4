import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookieAfter, cookieOf } from '../helpers.ts'
import { start } from './helpers.ts'
import { hasCookie, readSaved, saved, scene } from './scene.ts'

for (const sync of [true, false]) {
  const kind = sync ? 'synchronous' : 'asynchronous'

  describe(`with a store that is ${kind}, a session whose user changes`, () => {
    test('begins anew: an anonymous session from before a revocation can log in', async (t: TestContext) => {
      const { app, visit, userOf, tick } = await scene(t, sync)
      const anonymous = await visit((session) => { session['cart'] = ['tea'] })
      await app.endSessions(42)
      tick(1)
      const login = await visit((session) => { session['user_id'] = 42 }, { cookie: cookieAfter(anonymous) })
      t.assert.deepStrictEqual(saved(login)['cart'], ['tea'])
      t.assert.notStrictEqual(saved(login)._sid, saved(anonymous)._sid)
      t.assert.strictEqual(await userOf(cookieAfter(login)), 42)
      const { body } = await visit((session) => ({ cart: session['cart'] ?? null }), { cookie: cookieAfter(anonymous) })
      t.assert.strictEqual(body, '{"cart":null}')
    })

    test('begins anew when the user leaves: the copies of its cookies end', async (t: TestContext) => {
      const { visit, login, userOf } = await scene(t, sync)
      const cookie = await login()
      const logout = await visit((session) => { session.pop('user_id'); session['lang'] = 'eo' }, { cookie })
      t.assert.strictEqual(saved(logout)['lang'], 'eo')
      t.assert.strictEqual(await userOf(cookie), null)
    })

    test('begins anew for another user', async (t: TestContext) => {
      const { visit, login, userOf } = await scene(t, sync)
      const cookie = await login()
      const answer = await visit((session) => { session['user_id'] = 43 }, { cookie })
      t.assert.notStrictEqual(saved(answer)._sid, readSaved(cookie)._sid)
      t.assert.deepStrictEqual([await userOf(cookie), await userOf(cookieAfter(answer))], [null, 43])
    })

    test('does not change when the same user is another value with the same text', async (t: TestContext) => {
      const { visit, login } = await scene(t, sync)
      const cookie = await login()
      const answer = await visit((session) => { session['user_id'] = '42' }, { cookie })
      t.assert.strictEqual(saved(answer)._sid, readSaved(cookie)._sid)
    })

    test('logs in one of two requests with one cookie: the other one loses', async (t: TestContext) => {
      const { app, visit } = await scene(t, sync, {}, {
        after: (app) => app.get('/login', async (request) => { request.session['user_id'] = 42 })
      })
      const cookie = cookieAfter(await visit((session) => { session['cart'] = [] }))
      const slow = await visit(async (session) => {
        session['user_id'] = 42
        t.assert.ok(hasCookie(await app.inject({ url: '/login', headers: { cookie } })))
      }, { cookie })
      t.assert.ok(!hasCookie(slow))
    })
  })

  describe(`with a store that is ${kind}, endSessions`, () => {
    test('ends all sessions of a user, and nobody else\'s', async (t: TestContext) => {
      const { app, login, userOf } = await scene(t, sync)
      const cookies = [await login(), await login(), await login(43)]
      await app.endSessions(42)
      t.assert.deepStrictEqual(await Promise.all(cookies.map(userOf)), [null, null, 43])
    })

    test('lets a login of the same second live, and no session from that second', async (t: TestContext) => {
      const { app, login, userOf } = await scene(t, sync)
      const before = await login()
      await app.endSessions(42)
      const after = await login()
      t.assert.strictEqual(readSaved(after)._created, start + 6)
      t.assert.deepStrictEqual([await userOf(before), await userOf(after)], [null, 42])
      await app.endSessions(42)
      t.assert.strictEqual(await userOf(after), null)
      t.assert.strictEqual(await userOf(await login()), 42)
    })

    test('ends what a server began whose clock is ahead by clockTolerance', async (t: TestContext) => {
      const { app, userOf } = await scene(t, sync, { clockTolerance: 30 })
      const cookie = (created: number): string => cookieOf({ user_id: 42, _sid: 'a-sid-of-another-server', _created: created })
      await app.endSessions(42)
      t.assert.strictEqual(await userOf(cookie(start + 30)), null)
      t.assert.strictEqual(await userOf(cookie(start + 31)), 42)
    })

    test('leaves the excepted session as it is, until it is called again', async (t: TestContext) => {
      const { app, visit, login, userOf, tick } = await scene(t, sync)
      const [mine, other] = [await login(), await login()]
      tick(10)
      const answer = await visit(async (session) => {
        await app.endSessions(42, { except: session })
        session['n'] = 1
      }, { cookie: mine })
      t.assert.deepStrictEqual(saved(answer), { ...readSaved(mine), n: 1 })
      t.assert.deepStrictEqual([await userOf(mine), await userOf(other), await userOf(cookieAfter(answer))], [42, null, 42])
      await app.endSessions(42)
      t.assert.deepStrictEqual([await userOf(mine), await userOf(cookieAfter(answer))], [null, null])
    })

    test('gives a session without an id one, to except it', async (t: TestContext) => {
      const { app, visit, userOf } = await scene(t, sync)
      const fromFlask = cookieOf({ user_id: 42 })
      let answer = await visit(async (session) => {
        await app.endSessions(42, { except: session })
        session['n'] = 1
      }, { cookie: fromFlask })
      t.assert.deepStrictEqual([await userOf(fromFlask), await userOf(cookieAfter(answer))], [42, 42])
      answer = await visit(async (session) => {
        session['user_id'] = 42
        await app.endSessions(42, { except: session })
      })
      t.assert.strictEqual(await userOf(cookieAfter(answer)), 42)
      answer = await visit(async (session) => {
        await session.regenerate(['user_id'])
        await app.endSessions(42, { except: session })
      }, { cookie: cookieAfter(answer) })
      t.assert.strictEqual(await userOf(cookieAfter(answer)), 42)
    })

    test('refuses no session that has no user', async (t: TestContext) => {
      const { app, visit, userOf, login } = await scene(t, sync)
      const anonymous = cookieAfter(await visit((session) => { session['n'] = 1 }))
      const nobody = await login('')
      for (const user of ['null', 'undefined']) await app.endSessions(user)
      t.assert.strictEqual((await visit((session) => ({ n: session['n'] }), { cookie: anonymous })).body, '{"n":1}')
      t.assert.strictEqual(await userOf(nobody), '')
    })
  })

  describe(`with a store that is ${kind}, a cookie without an id`, () => {
    test('gets one made of its text, and the time of its signature, when it is next saved', async (t: TestContext) => {
      const { visit, tick } = await scene(t, sync)
      const cookie = cookieOf({ user_id: 42, _permanent: true })
      tick(60)
      const [one, two] = [await visit(undefined, { cookie }), await visit((session) => { session['n'] = 1 }, { cookie })]
      t.assert.strictEqual(saved(one)._created, start)
      t.assert.match(saved(one)._sid, /^[\w-]{22}$/)
      t.assert.deepStrictEqual(saved(two), { ...saved(one), n: 1 })
    })

    test('ends together with what was made of it', async (t: TestContext) => {
      const { visit, userOf } = await scene(t, sync)
      const cookie = cookieOf({ user_id: 42, _permanent: true })
      const named = cookieAfter(await visit(undefined, { cookie }))
      t.assert.strictEqual(await userOf(cookie), 42)
      await visit((session) => session.clear(), { cookie: named })
      t.assert.strictEqual(await userOf(cookie), null)
    })

    test('is ended by endSessions if it was signed before', async (t: TestContext) => {
      const { app, userOf, tick } = await scene(t, sync)
      const before = cookieOf({ user_id: 42 })
      await app.endSessions(42)
      tick(6)
      const after = cookieOf({ user_id: 42 })
      t.assert.deepStrictEqual([await userOf(before), await userOf(after)], [null, 42])
    })

    test('is one whose id and begin are of a wrong type', async (t: TestContext) => {
      const { app, visit, userOf, tick } = await scene(t, sync)
      const cookie = cookieOf({ user_id: 42, _sid: ['a-list-with-an-id'], _created: 'tomorrow' })
      tick(10)
      const named = saved(await visit((session) => session.touch(), { cookie }))
      t.assert.deepStrictEqual([typeof named._sid, named._created], ['string', start])
      await app.endSessions(42)
      t.assert.strictEqual(await userOf(cookie), null)
    })

    test('is completed if it has only one of the two', async (t: TestContext) => {
      const { visit } = await scene(t, sync)
      const [sid, created] = ['an-id-from-elsewhere', start - 1000]
      const act = (session: { touch: () => void }): void => session.touch()
      const one = saved(await visit(act, { cookie: cookieOf({ n: 1, _sid: sid }) }))
      t.assert.deepStrictEqual(one, { n: 1, _created: start, _sid: sid })
      const two = saved(await visit(act, { cookie: cookieOf({ n: 1, _created: created }) }))
      t.assert.deepStrictEqual(two, { n: 1, _created: created, _sid: two._sid })
    })

    test('is completed at first sight even if its refresh is not due, unless the route is not to refresh it', async (t: TestContext) => {
      const { visit } = await scene(t, sync, { refreshAfter: 600 })
      const cookie = cookieOf({ user_id: 42, _permanent: true })
      const named = await visit(undefined, { cookie })
      t.assert.ok(hasCookie(named))
      t.assert.ok(!hasCookie(await visit(undefined, { cookie: cookieAfter(named) })))
      t.assert.ok(!hasCookie(await visit((session) => session.options({ refresh: false }), { cookie })))
      t.assert.ok(!hasCookie(await visit(undefined, { cookie: cookieOf({ user_id: 42 }) })))
    })
  })
}
