/**
 * What there is to tell of a session cookie, for the page that shows it.
 *
 * @module
 */

import Fastify from 'fastify'
import secureSession, { SecureCookieSessionInterface } from '../../lib/index.ts'
import type { DigestName, FlaskConfig, LoadedSession, SessionApp, SessionRequest } from '../../lib/index.ts'
import { kinds } from './kinds.ts'
import type { KindName } from './kinds.ts'

/** A cookie whose session is accepted. */
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
  /** Who can read it. */
  note: string
  signedAt: Date
  /** Bytes of the whole Set-Cookie value. */
  size: number
}

/** Why a cookie was refused: in words, and the name that this has in the log. */
export interface Refused {
  cause: string
  code?: string
}

/**
 * Reads the session cookies of the demo once more, to show them.
 *
 * It belongs to an application without routes, which has the same config: beside a session interface of its own, the
 * demo could not have the option `revocation`.
 */
export class ExplainingSessions extends SecureCookieSessionInterface {
  readonly #note: string
  readonly #fastify = Fastify()
  #app: SessionApp | undefined

  private constructor (kind: KindName, digestMethod: DigestName | undefined) {
    const { options, note } = kinds[kind]
    super({ ...options, digestMethod })
    this.#note = note
  }

  static async open (config: FlaskConfig, kind: KindName, digestMethod: DigestName | undefined): Promise<ExplainingSessions> {
    const sessions = new ExplainingSessions(kind, digestMethod)
    sessions.#fastify.decorate('config', config)
    await sessions.#fastify.register(secureSession, { sessionInterface: sessions })
    return sessions
  }

  /** The configuration in force. */
  get app (): SessionApp {
    this.#fastify.decodeSession('')
    return this.#app as SessionApp
  }

  override decode (app: SessionApp, cookie: string, log: SessionRequest['log']): LoadedSession | undefined {
    this.#app = app
    return super.decode(app, cookie, log)
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

  judge (token: string): Date | Refused {
    const opened = this.#open(token)
    return 'cause' in opened ? opened : new Date(opened.signedAt * 1000)
  }

  /** The JSON text of a token, or its refusal, which is meant for the log. */
  #open (token: string): { json: string, signedAt: number } | Refused {
    let refused: Refused = { cause: 'there is no SECRET_KEY' }
    const note = ({ code, hint }: { code: string, hint?: string }): void => {
      const cause = code === 'ERR_TOKEN_BAD_PAYLOAD' ? 'it holds no session' : 'it was changed, or signed with another SECRET_KEY or DIGEST'
      refused = { cause: hint ?? cause, code }
    }
    const { json, signedAt } = this.decode(this.app, token, { debug: note, warn: note } as unknown as SessionRequest['log']) ?? {}
    return json === undefined || signedAt === undefined ? refused : { json, signedAt }
  }
}

/** Payload, timestamp and signature; a dot in front belongs to the payload. */
function splitToken (token: string): string[] {
  return /^(\.?[^.]*)\.([^.]*)\.([^.]*)$/.exec(token)?.slice(1) ?? []
}
