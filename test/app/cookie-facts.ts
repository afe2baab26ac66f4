/**
 * What there is to tell of a session cookie, for the page that shows it.
 *
 * @module
 */

import { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { SecureCookieSession, SessionApp, SessionRequest } from '../../lib/index.ts'
import { BadData } from '../../lib/itsdangerous/index.ts'

/** A cookie whose signature is right. */
export interface CookieFacts {
  name: string
  /** The three parts of the token, as they are written. */
  payload: string
  timestamp: string
  signature: string
  /** What follows the token in Set-Cookie. */
  attributes: string
  /** The JSON of the session, tags and all, indented. */
  json: string
  jsonBytes: number
  isCompressed: boolean
  signedAt: Date
  /** Bytes of the whole Set-Cookie value. */
  size: number
}

/** The session interface of the plugin, which can also explain a cookie. */
export class ExplainingSessions extends SecureCookieSessionInterface {
  #app: SessionApp | undefined

  /** What the plugin tells its interface: the configuration in force. */
  get app (): SessionApp {
    if (this.#app === undefined) throw new Error('there was no request yet')
    return this.#app
  }

  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    this.#app = app
    return super.openSession(app, request)
  }

  /** The facts of a Set-Cookie value; `undefined` for one that deletes the cookie. */
  explain (setCookie: string): CookieFacts | undefined {
    const [pair = '', ...attributes] = setCookie.split('; ')
    const token = pair.slice(pair.indexOf('=') + 1)
    if (token === '') return undefined
    const { value: json, dateSigned } = this.#verify(token)
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
      signedAt: dateSigned,
      size: Buffer.byteLength(setCookie)
    }
  }

  /** When a cookie that came in was signed, or the code of the error for which it was refused. */
  judge (token: string): Date | string {
    try {
      return this.#verify(token).dateSigned
    } catch (error) {
      if (error instanceof BadData) return error.code
      throw error
    }
  }

  /** The JSON text of a token. */
  #verify (token: string): { value: string, dateSigned: Date } {
    const serializer = this.getSigningSerializer(this.app)
    if (serializer === undefined) throw new BadData('there is no key')
    const { value, dateSigned } = serializer.loadsWithTimestamp(token, {
      maxAge: this.app.config.PERMANENT_SESSION_LIFETIME,
      clockTolerance: this.clockTolerance,
      serializer: { loads: (text) => text }
    })
    return { value: String(value), dateSigned }
  }
}

/** Payload, timestamp and signature; a dot in front belongs to the payload. */
function splitToken (token: string): string[] {
  return /^(\.?[^.]*)\.([^.]*)\.([^.]*)$/.exec(token)?.slice(1) ?? []
}
