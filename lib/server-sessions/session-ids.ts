/**
 * The ids of server-side sessions: made, checked, and put into a cookie.
 *
 * @module
 */

import type { SessionConfig } from '../../types/config.ts'
import { digest } from '../crypto/digest.ts'
import { randomBytes } from '../crypto/secretbox.ts'
import { FST_SESSION_UNAVAILABLE } from '../errors.ts'
import { Signer } from '../itsdangerous/signer.ts'
import { noKey } from '../session/session.ts'
import type { SessionApp } from '../interfaces/session-interface.ts'

/** Bytes of a new id, as in Flask-Session. */
const idLength = 32
const wellFormed = /^[A-Za-z0-9_-]{16,128}$/

/** A new id: 43 characters that nobody can guess. */
export function newId (): string {
  return randomBytes(idLength).toString('base64url')
}

/** Whether text may be an id. Nothing else reaches a store. */
export function isWellFormedId (text: string): boolean {
  return wellFormed.test(text)
}

/**
 * The name of a session in the store. The name of the session is a part of it, so that an id is worth nothing in the
 * cookie of another session.
 *
 * @param isHashed - whether to keep SHA-256 of the id, so that who reads the store cannot send the id as a cookie
 */
export function storeKey (sessionName: string, id: string, isHashed: boolean): string {
  const kept = isHashed ? digest('sha256', id).toString('base64url') : id
  return sessionName === 'session' ? kept : `${sessionName}:${kept}`
}

/** Whether a session of that name would have the keys of `revocation/records.ts`, which a cookie must never name. */
export function isOfRecords (sessionName: string): boolean {
  return /^(?:ended|since)(?::|$)/.test(sessionName)
}

/** How an id stands in the cookie. */
export interface IdForm {
  /** Whether {@link read} takes only what was written with our key. Whose another id is, the store alone knows. */
  readonly isProof: boolean
  /** The value of the cookie. */
  write (id: string, app: SessionApp): string
  /** The id; `undefined` when the cookie holds none. */
  read (cookie: string, app: SessionApp): string | undefined
}

/** The id alone. */
export const bareId: IdForm = {
  isProof: false,
  write: (id) => id,
  read: (cookie) => isWellFormedId(cookie) ? cookie : undefined
}

/**
 * The id and its signature, as Flask-Session writes it with the deprecated `SESSION_USE_SIGNER`.
 *
 * @see {@link https://flask-session.readthedocs.io/en/latest/config.html#SESSION_USE_SIGNER}
 */
export const signedId: IdForm = {
  isProof: true,
  write (id, app) {
    const signer = signerOf(app)
    if (signer === undefined) throw new FST_SESSION_UNAVAILABLE(noKey)
    return signer.sign(id)
  },
  read (cookie, app) {
    const id = cookie.slice(0, Math.max(0, cookie.lastIndexOf('.')))
    return isWellFormedId(id) && signerOf(app)?.validate(cookie) === true ? id : undefined
  }
}

/** A request may have many ids with a wrong signature: the keys are derived once for each configuration. */
const signers = new WeakMap<SessionConfig, Signer>()

/** `undefined` without a key. */
function signerOf ({ config }: SessionApp): Signer | undefined {
  const { SECRET_KEY: secretKey, SECRET_KEY_FALLBACKS: fallbacks } = config
  if (secretKey === null) return undefined
  const known = signers.get(config)
  if (known !== undefined) return known
  const signer = new Signer([...fallbacks, secretKey], {
    salt: 'flask-session', keyDerivation: 'hmac', digestMethod: 'sha1'
  })
  signers.set(config, signer)
  return signer
}
