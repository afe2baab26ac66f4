/**
 * What there is to tell of a session cookie, for the page that shows it.
 *
 * @module
 */

import { SecureCookieSessionInterface, ServerSideSessionInterface } from '../../lib/index.ts'
import type { DigestName, MaybePromise, SecureCookieSession, SessionApp, SessionInterface, SessionRequest } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import type { SyncSessionStore } from '../../lib/stores/index.ts'
import { kinds } from './kinds.ts'
import type { KindName } from './kinds.ts'

/** A cookie whose session is accepted. */
export interface CookieFacts {
  name: string
  /** The three parts of the token, as they are written; the payload alone is the id of a session in a store. */
  payload: string
  timestamp: string
  signature: string
  /** What follows the token in Set-Cookie. */
  attributes: string
  /** The JSON of the session, tags and all, indented. */
  json: string
  jsonBytes: number
  isCompressed: boolean
  /** Who can read it. */
  note: string
  signedAt: Date
  /** Bytes of the whole Set-Cookie value. */
  size: number
}

/** A session interface that can also explain a cookie. */
export interface Explaining extends SessionInterface {
  /** What the plugin tells its interface: the configuration in force. */
  readonly app: SessionApp
  /** The facts of a Set-Cookie value; `undefined` for one that deletes the cookie. */
  explain (setCookie: string): CookieFacts | undefined
  /** When a cookie that came in was signed, or the code of the error for which it was refused. */
  judge (token: string): Date | string
}

/** The interface of a kind. */
export function explainingSessions (kind: KindName, digestMethod: DigestName | undefined): Explaining {
  return kind === 'store' ? new StoredSessions() : new ExplainingSessions(kind, digestMethod)
}

/** Sessions in cookies. */
class ExplainingSessions extends SecureCookieSessionInterface {
  readonly #note: string
  #app: SessionApp | undefined

  constructor (kind: Exclude<KindName, 'store'>, digestMethod: DigestName | undefined) {
    const { options, note } = kinds[kind]
    super({ ...options, digestMethod })
    this.#note = note
  }

  get app (): SessionApp {
    if (this.#app === undefined) throw new Error('there was no request yet')
    return this.#app
  }

  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    this.#app = app
    return super.openSession(app, request)
  }

  explain (setCookie: string): CookieFacts | undefined {
    const [pair = '', ...attributes] = setCookie.split('; ')
    const token = pair.slice(pair.indexOf('=') + 1)
    if (token === '') return undefined
    const { json, signedAt } = this.#open(token) as { json: string, signedAt: number }
    const [payload = '', timestamp = '', signature = ''] = splitToken(token)
    return {
      name: this.getCookieName(this.app),
      payload,
      timestamp,
      signature,
      attributes: attributes.join('; '),
      json: JSON.stringify(JSON.parse(json), null, 2),
      jsonBytes: Buffer.byteLength(json),
      isCompressed: token.startsWith('.'),
      note: this.#note,
      signedAt: new Date(signedAt * 1000),
      size: Buffer.byteLength(setCookie)
    }
  }

  judge (token: string): Date | string {
    const opened = this.#open(token)
    return typeof opened === 'string' ? opened : new Date(opened.signedAt * 1000)
  }

  /** The JSON text of a token, or the code of its refusal, which is meant for the log. */
  #open (token: string): { json: string, signedAt: number } | string {
    let code = 'there is no key'
    const note = (refusal: { code: string }): void => { code = refusal.code }
    const { json, signedAt } = this.decode(this.app, token, { debug: note, warn: note } as unknown as SessionRequest['log']) ?? {}
    return json === undefined || signedAt === undefined ? code : { json, signedAt }
  }
}

/** Sessions in the memory of this process, which are gone when it ends. */
class StoredSessions extends ServerSideSessionInterface implements Explaining {
  readonly #store: SyncSessionStore
  #app: SessionApp | undefined

  constructor (store: SyncSessionStore = memoryStore()) {
    super({ store })
    this.#store = store
  }

  get app (): SessionApp {
    if (this.#app === undefined) throw new Error('there was no request yet')
    return this.#app
  }

  override openSession (app: SessionApp, request: SessionRequest): MaybePromise<SecureCookieSession | null> {
    this.#app = app
    return super.openSession(app, request)
  }

  explain (setCookie: string): CookieFacts | undefined {
    const [pair = '', ...attributes] = setCookie.split('; ')
    const id = pair.slice(pair.indexOf('=') + 1)
    const stored = this.#store.get(id)
    if (stored === null) return undefined
    const json = String(stored.data)
    return {
      name: this.getCookieName(this.app),
      payload: id,
      timestamp: '',
      signature: '',
      attributes: attributes.join('; '),
      json: JSON.stringify(JSON.parse(json), null, 2),
      jsonBytes: Buffer.byteLength(json),
      isCompressed: false,
      note: kinds.store.note,
      signedAt: new Date(),
      size: Buffer.byteLength(setCookie)
    }
  }

  judge (id: string): Date | string {
    return this.#store.get(id) === null ? 'unknown-id' : new Date()
  }
}

/** Payload, timestamp and signature; a dot in front belongs to the payload. */
function splitToken (token: string): string[] {
  return /^(\.?[^.]*)\.([^.]*)\.([^.]*)$/.exec(token)?.slice(1) ?? []
}
