/**
 * What the sessions of one application must not have in common.
 *
 * @module
 */

import type { SessionConfig } from '../types/config.ts'
import { FST_SESSION_INVALID_CONFIG } from './errors.ts'
import type { RegisteredSession } from './registered-session.ts'

/** The sessions that a request may have at once. */
export class SeveralSessions {
  readonly #sessions: readonly RegisteredSession[]
  /** Their settings when they were checked last. */
  #checked: readonly SessionConfig[] = []

  constructor (sessions: readonly RegisteredSession[]) {
    this.#sessions = sessions
  }

  /**
   * Asked with every request: looks further when a setting changed.
   *
   * @throws `FST_SESSION_INVALID_CONFIG` when two share a cookie, or one takes the cookie of another for its own.
   */
  check (): void {
    if (!this.#haveChanged()) return
    checkCookieNames(this.#sessions)
    checkSignatures(this.#sessions)
    this.#checked = this.#sessions.map(({ config }) => config)
  }

  #haveChanged (): boolean {
    for (let i = 0; i < this.#sessions.length; i++) {
      if (this.#sessions[i]?.config !== this.#checked[i]) return true
    }
    return false
  }
}

/** Two sessions in one cookie would overwrite each other. */
function checkCookieNames (sessions: readonly RegisteredSession[]): void {
  const names = sessions.map(({ config }) => config.SESSION_COOKIE_NAME)
  const isTwice = names.some((name, index) => names.indexOf(name) !== index)
  if (isTwice) throw new FST_SESSION_INVALID_CONFIG('cookieName', 'another name for each of several sessions', 'the same name twice')
}

/** Who may write into one session must not be able to send its cookie as that of another. */
function checkSignatures (sessions: readonly RegisteredSession[]): void {
  for (const one of sessions) {
    const signatures = one.probe()
    const other = sessions.find((each) => each !== one && signatures.some((signed) => each.accepts(signed)))
    if (other === undefined) continue
    const expects = "another one for each session with the same key, and not left out by keyDerivation 'none'"
    throw new FST_SESSION_INVALID_CONFIG('salt', expects, `cookies of ${one.sessionName} that ${other.sessionName} accepts`)
  }
}
