import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { cookieOf, sessionApp, sessionCookieOf } from '../helpers.ts'
import { noon } from './table.ts'

describe('a slow request that nobody touches the session of, and that is under way while the user logs out,', () => {
  for (const [title, options, seconds, isLoggedIn] of [
    ['logs in again with the default settings, as in Flask', {}, 10, true],
    ['changes nothing while the signature is younger than refreshAfter', { refreshAfter: 60 }, 10, false],
    ['logs in again where the signature is due', { refreshAfter: 60 }, 60, true],
    ['changes nothing on a route that refreshes nothing', {}, 10, false]
  ] as Array<[string, SecureSessionOptions, number, boolean]>) {
    test(title, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
      let answer = (): void => {}
      const { app, browser } = await sessionApp(t, options, {
        after: (app) => {
          app.register(async (scope) => {
            scope.get('/slow', { config: { session: { refresh: !title.includes('route') } } }, async () => {
              await new Promise<void>((resolve) => { answer = resolve })
              return 'slow'
            })
          })
        }
      })
      const ann = browser()
      ann.jar.set('session', cookieOf({ user: 'ann', _permanent: true }).slice('session='.length))
      t.mock.timers.tick(seconds * 1000)
      const slow = app.inject({ url: '/slow', headers: { cookie: `session=${ann.jar.get('session')}` } })
      await ann.visit((session) => session.clear())
      t.assert.strictEqual(ann.jar.size, 0)
      answer()
      const late = sessionCookieOf(await slow)
      if (late !== undefined) ann.jar.set('session', late.value)

      t.assert.strictEqual((await ann.visit((session) => session.user ?? 'nobody')).body, isLoggedIn ? 'ann' : 'nobody')
    })
  }
})
