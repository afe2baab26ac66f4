import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import { cookieAfter, countCookieInVary, savedData } from '../helpers.ts'
import { start } from './helpers.ts'
import { hasCookie, isDeletion, readSaved, saved, scene } from './scene.ts'

for (const sync of [true, false]) {
  const kind = sync ? 'synchronous' : 'asynchronous'

  describe(`with a store that is ${kind}, a session that is saved`, () => {
    test('has an id of 128 random bits and a begin', async (t: TestContext) => {
      const { visit } = await scene(t, sync)
      const first = saved(await visit((session) => { session['user_id'] = 42 }))
      const second = saved(await visit((session) => { session['user_id'] = 42 }))
      t.assert.deepStrictEqual({ ...first, _sid: '' }, { user_id: 42, _created: start, _sid: '' })
      t.assert.match(first._sid, /^[\w-]{22}$/)
      t.assert.notStrictEqual(first._sid, second._sid)
    })

    test('keeps both while it goes on, refreshed or changed', async (t: TestContext) => {
      const { visit, tick } = await scene(t, sync)
      const login = await visit((session) => { session.permanent = true; session['user_id'] = 42 })
      tick(60)
      const refreshed = await visit(undefined, { cookie: cookieAfter(login) })
      t.assert.deepStrictEqual(savedData(refreshed), savedData(login))
      t.assert.notStrictEqual(cookieAfter(refreshed), cookieAfter(login))
      const changed = await visit((session) => { session['n'] = 1 }, { cookie: cookieAfter(refreshed) })
      t.assert.deepStrictEqual(saved(changed), { _permanent: true, user_id: 42, n: 1, _created: start, _sid: saved(login)._sid })
    })

    for (const [name, end] of Object.entries<(session: Session, request: { session: unknown }) => void>({
      'clear()': (session) => session.clear(),
      'delete()': (session) => session.delete(),
      'destroy()': (session) => { session.destroy() },
      'session = null': (_session, request) => { request.session = null },
      'the removal of its last key': (session) => { session.delete('user_id') }
    })) {
      test(`is ended by ${name}: no copy of any of its cookies is taken again`, async (t: TestContext) => {
        const { visit, store, login, userOf, tick } = await scene(t, sync)
        const cookie = await login()
        tick(5)
        const touched = cookieAfter(await visit((session) => { session.touch() }, { cookie }))
        const other = await login()
        const logout = await visit((session, request) => end(session, request as never), { cookie: touched })
        t.assert.ok(isDeletion(logout))
        t.assert.deepStrictEqual([await userOf(cookie), await userOf(touched), await userOf(other)], [null, null, 42])
        const { _sid: sid } = readSaved(cookie)
        t.assert.strictEqual(store.inner.get(`ended:${sid}`)?.data, '1')
      })
    }

    for (const [name, end] of Object.entries<(session: Session, request: { session: unknown }) => unknown>({
      'clear()': (session) => session.clear(),
      'destroy()': (session) => { session.destroy() },
      'session = null': (_session, request) => { request.session = null },
      'regenerate()': (session) => session.regenerate(['user_id']),
      'the removal of its user': (session) => { session.delete('user_id') }
    })) {
      test(`is ended by ${name} together with those in other cookies of the request`, async (t: TestContext) => {
        const { visit, store, login, userOf, tick } = await scene(t, sync)
        const cookies: string[] = []
        for (const user of [42, 43, 42]) {
          cookies.push(await login(user))
          tick(1)
        }
        const [older, oldest, newest] = cookies as [string, string, string]
        const copy = cookieAfter(await visit((session) => { session['n'] = 1 }, { cookie: newest }))
        store.asked.length = 0
        await visit((session, request) => end(session, request as never), { cookie: [older, newest, oldest, copy].join('; ') })
        for (const cookie of [...cookies, copy]) t.assert.strictEqual(await userOf(cookie), null)
        t.assert.strictEqual(store.asked.filter((question) => question.startsWith('set ended:')).length, 3)
      })
    }

    test('leaves those in other cookies alone while it goes on', async (t: TestContext) => {
      const { visit, login, userOf, tick } = await scene(t, sync)
      const older = await login()
      tick(1)
      const newest = await login()
      await visit((session) => { session['n'] = 1 }, { cookie: `${older}; ${newest}` })
      t.assert.deepStrictEqual([await userOf(older), await userOf(newest)], [42, 42])
    })

    test('that was ended elsewhere leaves no other cookie of the request that logs in after a logout', async (t: TestContext) => {
      const { visit, app, login, userOf, tick } = await scene(t, sync)
      const older = await login()
      tick(1)
      const newest = await login()
      await app.inject({ url: '/logout', headers: { cookie: newest } })
      await visit((session) => session.clear(), { cookie: `${older}; ${newest}` })
      t.assert.strictEqual(await userOf(older), null)
    })

    test('is ended before the Set-Cookie goes out', async (t: TestContext) => {
      const { visit, store, login } = await scene(t, sync)
      const cookie = await login()
      store.asked.length = 0
      await visit((session) => session.clear(), { cookie })
      t.assert.match(store.asked.at(-1) ?? '', /^set ended:/)
    })

    test('is ended by regenerate(), and another one begins', async (t: TestContext) => {
      const { visit, login, userOf, tick } = await scene(t, sync)
      const cookie = await login()
      tick(100)
      const answer = await visit((session) => session.regenerate(['user_id']), { cookie })
      t.assert.strictEqual(saved(answer)['user_id'], 42)
      t.assert.strictEqual(saved(answer)._created, start + 100)
      t.assert.strictEqual(await userOf(cookie), null)
      t.assert.strictEqual(await userOf(cookieAfter(answer)), 42)
    })

    test('is another one when it was cleared and written again in one request', async (t: TestContext) => {
      const { visit, login, userOf } = await scene(t, sync)
      const cookie = await login()
      const answer = await visit((session) => { session.clear(); session['user_id'] = 43 }, { cookie })
      t.assert.strictEqual(await userOf(cookie), null)
      t.assert.strictEqual(await userOf(cookieAfter(answer)), 43)
    })

    test('is the same one when its data is replaced', async (t: TestContext) => {
      const { visit, login } = await scene(t, sync)
      const cookie = await login()
      const answer = await visit((_session, request) => { request.session = { user_id: 42, n: 1 } }, { cookie })
      t.assert.deepStrictEqual({ ...saved(answer) }, { ...readSaved(cookie), n: 1 })
    })

    test('is still ended once when it is saved several times', async (t: TestContext) => {
      const { visit, store, login, userOf } = await scene(t, sync)
      const cookie = await login()
      store.asked.length = 0
      const answer = await visit(async (session, _request, reply) => {
        await session.regenerate(['user_id'])
        await session.save()
        session['n'] = 1
        await session.save()
        session['n'] = 2
        return new Response('text', { headers: { 'x-reply': String(reply.sent) } })
      }, { cookie })
      t.assert.strictEqual(saved(answer)['n'], 2)
      t.assert.strictEqual(store.asked.filter((question) => question.startsWith('set')).length, 1)
      t.assert.strictEqual(await userOf(cookieAfter(answer)), 42)
    })

    test('that ends after it was saved is deleted by the last head as well', async (t: TestContext) => {
      const { visit, login } = await scene(t, sync)
      const cookie = await login()
      const answer = await visit(async (session) => {
        session.clear()
        return new Response('text')
      }, { cookie })
      t.assert.ok(isDeletion(answer))
    })
  })

  describe(`with a store that is ${kind}, a request under way`, () => {
    test('does not bring back a session that was ended meanwhile', async (t: TestContext) => {
      for (const act of [() => {}, (session: Session) => { session['n'] = 1 }, (session: Session) => session.regenerate(['user_id'])]) {
        await t.test(act.toString(), async (t: TestContext) => {
          const { app, visit, tick } = await scene(t, sync)
          const login = await visit((session) => { session.permanent = true; session['user_id'] = 42 })
          const cookie = cookieAfter(login)
          tick(30)
          const slow = await visit(async (session) => {
            t.assert.strictEqual(session['user_id'], 42)
            const logout = await app.inject({ url: '/logout', headers: { cookie } })
            t.assert.ok(isDeletion(logout))
            await act(session)
          }, { cookie })
          t.assert.strictEqual(slow.statusCode, 200)
          t.assert.ok(!hasCookie(slow))
          t.assert.strictEqual(countCookieInVary(slow.headers['vary'] as string), 1)
        })
      }
    })

    for (const [name, logOut, options] of [
      ['clear()', (session) => session.clear(), {}],
      ['clear() without the option user', (session) => session.clear(), { revocation: { user: undefined } }],
      ['the removal of the user', (session) => { session.delete('user_id') }, {}],
      ['the removal of the user beside other keys', (session) => { session['n'] = 1; session.delete('user_id') }, {}]
    ] as Array<[string, (session: Session) => void, SecureSessionOptions]>) {
      test(`deletes the cookie on a logout by ${name}, although another request has renewed the session meanwhile`, async (t: TestContext) => {
        const { visit, login } = await scene(t, sync, options)
        const cookie = await login()
        const slow = await visit(async (session) => {
          t.assert.strictEqual(session['user_id'], 42)
          await visit((session) => session.regenerate(['user_id']), { cookie })
          logOut(session)
        }, { cookie })
        t.assert.strictEqual(slow.statusCode, 200)
        t.assert.ok(isDeletion(slow))
        t.assert.strictEqual(countCookieInVary(slow.headers['vary'] as string), 1)
      })
    }

    test('deletes no cookie, which may be that of a login, when it ends a session without a user that was ended meanwhile', async (t: TestContext) => {
      for (const [options, end] of [
        [{}, (session) => session.clear()],
        [{ revocation: { user: undefined } }, (session) => { session.delete('cart') }]
      ] as Array<[SecureSessionOptions, (session: Session) => void]>) {
        const { app, visit } = await scene(t, sync, options)
        const cookie = cookieAfter(await visit((session) => { session['cart'] = 1 }))
        const slow = await visit(async (session) => {
          t.assert.strictEqual(session['cart'], 1)
          await app.inject({ url: '/logout', headers: { cookie } })
          end(session)
        }, { cookie })
        t.assert.ok(!hasCookie(slow))
        t.mock.reset()
      }
    })

    test('does not bring back a session of a user whose sessions were ended meanwhile', async (t: TestContext) => {
      const { app, visit, login } = await scene(t, sync)
      const slow = await visit(async (session) => {
        session['n'] = 1
        await app.endSessions(42)
      }, { cookie: await login() })
      t.assert.ok(!hasCookie(slow))
    })

    test('takes back a cookie that it has saved before the session was ended', async (t: TestContext) => {
      const { app, visit, login, tick } = await scene(t, sync)
      const cookie = await login()
      const slow = await visit(async (session, _request, reply) => {
        reply.header('set-cookie', 'other=1')
        session['n'] = 1
        await session.save()
        tick(2)
        t.assert.ok(isDeletion(await app.inject({ url: '/logout', headers: { cookie } })))
      }, { cookie })
      t.assert.deepStrictEqual([slow.headers['set-cookie']].flat(), ['other=1'])
      const alone = await visit(async (session) => {
        session['user_id'] = 42
        await session.save()
        tick(2)
        await app.endSessions(42)
      })
      t.assert.strictEqual(alone.headers['set-cookie'], undefined)
    })

    test('that changes the session while it is saved saves the last state', async (t: TestContext) => {
      const { visit, login, userOf } = await scene(t, sync)
      const cookie = await login()
      const answer = await visit(async (session) => {
        session['n'] = 1
        const saving = session.save()
        session['user_id'] = 43
        await saving
      }, { cookie })
      t.assert.strictEqual(saved(answer)['n'], 1)
      t.assert.deepStrictEqual([await userOf(cookie), await userOf(cookieAfter(answer))], [null, 43])
    })

    test('may end its own session after it ended those of its user, and its cookie is deleted', async (t: TestContext) => {
      const { app, visit, login } = await scene(t, sync)
      const answer = await visit(async (session) => {
        await app.endSessions(42)
        session.clear()
      }, { cookie: await login() })
      t.assert.ok(isDeletion(answer))
    })

    test('does not bring back the login of a user whose sessions were ended meanwhile by regenerate()', async (t: TestContext) => {
      const { app, visit, login, userOf } = await scene(t, sync, { revocation: { cacheFor: 0 } })
      const cookie = await login()
      const slow = await visit(async (session) => {
        t.assert.strictEqual(session['user_id'], 42)
        await app.endSessions(42)
        await session.regenerate(['user_id'])
        session['n'] = 1
      }, { cookie })
      t.assert.ok(!hasCookie(slow))
      t.assert.strictEqual(await userOf(cookie), null)
    })

    for (const [name, logIn] of [
      ['regenerate() and the user', async (session) => { await session.regenerate(['theme']); session['user_id'] = 42 }],
      ['clear() and the user', (session) => { session.clear(); session['user_id'] = 42 }],
      ['another user', async (session) => { session['user_id'] = 43; await session.regenerate(['user_id']) }]
    ] as Array<[string, (session: Session) => unknown]>) {
      test(`logs in by ${name} after the sessions of its user were ended`, async (t: TestContext) => {
        const { app, visit, userOf } = await scene(t, sync)
        const cookie = cookieAfter(await visit((session) => { Object.assign(session, { user_id: 42, theme: 'dark' }) }))
        const answer = await visit(async (session) => {
          t.assert.strictEqual(session['user_id'], 42)
          await app.endSessions(42)
          await logIn(session)
        }, { cookie })
        const { user_id: user } = saved(answer)
        t.assert.strictEqual(await userOf(cookieAfter(answer)), user)
        t.assert.strictEqual(await userOf(cookie), null)
      })
    }

    test('keeps its session by except, renewed before or after the others were ended', async (t: TestContext) => {
      const { app, visit, login, userOf } = await scene(t, sync)
      for (const isFirst of [true, false]) {
        const [cookie, other] = [await login(), await login()]
        const answer = await visit(async (session, request) => {
          if (isFirst) await session.regenerate(['user_id'])
          await app.endSessions(42, { except: request.session })
          if (!isFirst) await session.regenerate(['user_id'])
        }, { cookie })
        t.assert.strictEqual(await userOf(cookieAfter(answer)), 42)
        t.assert.deepStrictEqual([await userOf(cookie), await userOf(other)], [null, null])
      }
    })
  })
}
