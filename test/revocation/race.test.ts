import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { sessionApp, sessionCookieOf } from '../helpers.ts'
import { stopClocks, watchedStore } from './helpers.ts'

describe('a slow request that nobody touches the session of, and that is under way while the user logs out,', () => {
  for (const [title, options, isLoggedIn] of [
    ['logs in again without revocation', {}, true],
    ['changes nothing with a revocation in memory', { revocation: { store: watchedStore(true) } }, false],
    ['changes nothing with a revocation in another process', { revocation: { store: watchedStore(false) } }, false],
    ['changes nothing with a revocation and refreshAfter, although the signature is due', { revocation: { store: watchedStore(false) }, refreshAfter: 5 }, false]
  ] as Array<[string, SecureSessionOptions, boolean]>) {
    test(title, async (t: TestContext) => {
      const tick = stopClocks(t)
      let answer = (): void => {}
      let begin = (): void => {}
      const begun = new Promise<void>((resolve) => { begin = resolve })
      const { app, browser } = await sessionApp(t, options, {
        after: (app) => app.get('/slow', async () => {
          begin()
          await new Promise<void>((resolve) => { answer = resolve })
          return 'slow'
        })
      })
      const ann = browser()
      await ann.visit((session) => { Object.assign(session, { user: 'ann', _permanent: true }) })
      tick(10)
      const slow = app.inject({ url: '/slow', headers: { cookie: `session=${ann.jar.get('session')}` } })
      await begun
      await ann.visit((session) => session.clear())
      t.assert.strictEqual(ann.jar.size, 0)
      tick(1)
      answer()
      const late = sessionCookieOf(await slow)
      if (late !== undefined) ann.jar.set('session', late.value)

      t.assert.strictEqual((await ann.visit((session) => session['user'] ?? 'nobody')).body, isLoggedIn ? 'ann' : 'nobody')
    })
  }
})
