/**
 * An application whose sessions can be ended, on stopped clocks.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { cookieAfter, savedData, sessionApp, sessionCookieOf, signingSerializer } from '../helpers.ts'
import type { Answer, SessionApp, Setup } from '../helpers.ts'
import { stopClocks, watchedStore } from './helpers.ts'
import type { WatchedStore } from './helpers.ts'

/** What is in a cookie. */
export interface Saved { _sid: string, _created: number, [key: string]: unknown }

export interface Scene extends SessionApp {
  store: WatchedStore
  tick: (seconds: number) => void
  /** The Cookie header after a login of user 42. */
  login (user?: unknown): Promise<string>
  /** Whose session the application sees. */
  userOf (cookie: string): Promise<unknown>
}

export const saved = (answer: Answer): Saved => savedData(answer) as Saved
export const readSaved = (cookie: string): Saved => signingSerializer().loads(cookie.slice('session='.length)) as Saved
export const hasCookie = (answer: Answer): boolean => sessionCookieOf(answer) !== undefined
export const isDeletion = (answer: Answer): boolean => sessionCookieOf(answer)?.value === ''

/** @param sync - whether the store answers at once */
export async function scene (t: TestContext, sync: boolean, options: SecureSessionOptions = {}, setup: Setup = {}): Promise<Scene> {
  const tick = stopClocks(t)
  const store = watchedStore(sync)
  const { revocation, ...rest } = options
  const app = await sessionApp(t, { revocation: { store, user: (session) => session['user_id'], ...revocation }, ...rest }, {
    ...setup,
    after (app) {
      app.get('/logout', async (request) => { request.session.clear() })
      setup.after?.(app)
    }
  })
  return {
    ...app,
    store,
    tick,
    login: async (user = 42) => cookieAfter(await app.visit((session) => { session['user_id'] = user })),
    userOf: async (cookie) => (await app.visit((session) => ({ user: session['user_id'] ?? null }), { cookie })).json().user
  }
}
