/**
 * What there is to tell of a session in a store, for the page that shows it.
 *
 * @module
 */

import { ServerSideSessionInterface } from '../../lib/index.ts'
import type { MaybePromise, SecureCookieSession, SessionApp, SessionRequest } from '../../lib/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'
import type { DemoSession } from './shop.ts'

/** What the cookie holds, and what the store holds. */
export interface StoreFacts {
  name: string
  id: string
  /** What follows the id in Set-Cookie. */
  attributes: string
  /** The JSON of the session, indented. */
  json: string
  jsonBytes: number
  expires: Date
}

/** The session interface of the plugin, which can also show what is in its store. */
export class SessionsInStore extends ServerSideSessionInterface {
  readonly #store: SessionStore
  #app: SessionApp | undefined

  constructor (store: SessionStore) {
    super({ store, user: (session: DemoSession) => session.user_name })
    this.#store = store
  }

  /** What the plugin tells its interface: the configuration in force. */
  get app (): SessionApp {
    if (this.#app === undefined) throw new Error('there was no request yet')
    return this.#app
  }

  override openSession (app: SessionApp, request: SessionRequest): MaybePromise<SecureCookieSession | null> {
    this.#app = app
    return super.openSession(app, request)
  }

  /** The facts of a Set-Cookie or Cookie value; `undefined` if the store does not have its id. */
  async explain (cookie: string): Promise<StoreFacts | undefined> {
    const [pair = '', ...attributes] = cookie.split('; ')
    const [name = '', id = ''] = pair.split('=')
    // The page shows what a request was answered with, so the id is one that the store gave out.
    const found = /^[\w-]{43}$/.test(id) ? await this.#store.get(id) : null
    if (found === null) return undefined
    const text = String(found.data)
    return {
      name,
      id,
      attributes: attributes.join('; '),
      json: JSON.stringify(JSON.parse(text), null, 2),
      jsonBytes: Buffer.byteLength(text),
      expires: new Date(found.expires)
    }
  }
}
