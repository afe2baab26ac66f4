/**
 * Applications whose sessions lie in a store, and stores that answer as the tests want it.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import type { SessionStore, SyncSessionStore } from '../../lib/stores/index.ts'
import { browserOf, logOf, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act, Answer, Log, SessionApp, Setup } from '../helpers.ts'

/** Ids in the form of ours, one after another. */
export function idOf (answer: Pick<Answer, 'headers'>): string {
  const cookie = sessionCookieOf(answer)
  if (cookie === undefined) throw new Error('there is no session cookie')
  return cookie.value
}

export type Call = [method: string, id: string, ...rest: unknown[]]

/** A memory store that answers with promises, writes down what it is asked, and can be away or slow. */
export class AsyncStore implements SessionStore {
  readonly inner: SyncSessionStore = memoryStore()
  readonly calls: Call[] = []
  isAway = false
  /** Awaited before each command. */
  gate: (method: string, id: string) => unknown = () => setImmediate()
  closed = 0

  get methods (): string[] {
    return this.calls.map(([method]) => method)
  }

  get: SessionStore['get'] = async (id) => await this.#do('get', id, () => this.inner.get(id))
  set: SessionStore['set'] = async (id, data, options) => {
    return await this.#do('set', id, () => this.inner.set(id, data, options), data, options)
  }

  touch: SessionStore['touch'] = async (id, expires, options) => {
    return await this.#do('touch', id, () => this.inner.touch(id, expires, options), expires)
  }

  delete: SessionStore['delete'] = async (id, options) => {
    return await this.#do('delete', id, () => this.inner.delete(id, options))
  }

  ids: NonNullable<SessionStore['ids']> = async (user) => {
    return await this.#do('ids', user, () => (this.inner as Required<SyncSessionStore>).ids(user))
  }

  close (): void {
    this.closed++
    this.inner.close?.()
  }

  async #do<T> (method: string, id: string, command: () => T, ...rest: unknown[]): Promise<T> {
    this.calls.push([method, id, ...rest])
    await this.gate(method, id)
    if (this.isAway) throw new Error('the store is away')
    return command()
  }
}

/** What a store has under an id. */
export async function dataIn (store: SessionStore, id: string): Promise<unknown> {
  const found = await store.get(id)
  return found === null ? null : JSON.parse(String(found.data))
}

export interface World extends SessionApp {
  log: Log
  /** The header of a request over the network whose handler is `act`. */
  headerFor (act: Act): Record<string, string>
}

/** As `sessionApp`, for visits that may run at the same time. */
export async function storeApp (t: TestContext, store: SessionStore, options: SecureSessionOptions = {}, setup: Setup = {}): Promise<World> {
  const log = logOf()
  const acts: Act[] = []
  const perform: Act = async (session, request, reply) => await acts[Number(request.headers['x-act'])]?.(session, request, reply)
  const { app } = await sessionApp(t, { secretKey: null as never, store, ...options }, {
    server: log.server,
    ...setup,
    after (app) {
      app.register(async (scope) => {
        scope.all('/act', async (request, reply) => await perform(request.session, request, reply) ?? null)
        scope.get('/blind', async () => 'blind')
        scope.get('/lazy', async (request, reply) => await acts[Number(request.headers['x-act'])]?.(null as never, request, reply) ?? null)
      })
      setup.after?.(app)
    }
  })
  const headerFor = (act: Act): Record<string, string> => ({ 'x-act': String(acts.push(act) - 1) })
  const visit: SessionApp['visit'] = async (act = () => {}, { cookie, headers = {}, url = '/act', method = 'GET' } = {}) => {
    return await app.inject({ method, url, headers: { ...headers, ...headerFor(act), ...(cookie !== undefined && { cookie }) } })
  }
  return { app, visit, browser: () => browserOf(visit), log, headerFor }
}

/** A promise, and what settles it. */
export interface Gate {
  passed: Promise<void>
  open (): void
}

export function gate (): Gate {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => { open = resolve })
  return { passed, open }
}

/** What a handler answers to show the session: reading it is an access. */
export const show = (session: Session): unknown => ({ ...session.data() })
