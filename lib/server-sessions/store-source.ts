/**
 * What is known about a session in a store: its id, its value there, and what the request did to it.
 *
 * @module
 */

import type { BookKeeping } from '../../types/session.ts'
import type { Dict } from '../json/dict.ts'
import { lookup } from '../lookup.ts'
import { noBook, splitBook } from '../session/book-keeping.ts'
import type { SessionSerializer } from '../session/hand-out.ts'
import type { LoadedSession, SessionJournal, SessionSource } from '../session/session-data.ts'
import type { StoredSession } from '../stores/store.ts'
import { ageOf, judgeBook, secondsNow } from '../interfaces/lifetime.ts'
import type { BookVerdict, Lifetimes } from '../interfaces/lifetime.ts'
import { loadSession } from '../interfaces/session-text.ts'

/** The value of a session in a store. */
export type StoredValue = string | Uint8Array

/** A serializer for sessions in a store. */
export interface StoreSerializer extends SessionSerializer {
  /** Whether {@link loads} also takes bytes as another program wrote them; else they are decoded as UTF-8 before. */
  readonly readsBytes?: boolean
}

/** What the ids in a request led to. */
export interface Found {
  /** The first id that the store knows. */
  readonly id: string | undefined
  readonly session: StoredSession | undefined
  /** Why there is no session, for the log. */
  readonly refusal: 'malformed' | 'unknown-id' | undefined
  /** The ids in other cookies of the name that are ours. Signed ones need not exist. */
  readonly rivals: readonly string[]
}

/** The result of ids that led to nothing. */
export const nothingFound: Found = Object.freeze({
  id: undefined, session: undefined, refusal: undefined, rivals: []
})

/** Why a cookie, or what it led to, is not a session. */
export type RefusalCode =
  'malformed' | 'unknown-id' | 'unreadable' | 'store-unavailable' | Exclude<BookVerdict, 'alive'>

/** The limits that sessions in a store are judged by, and where a refusal is reported. */
export interface Judgement {
  /** The session interface and the name of the session: an id is worth nothing elsewhere. */
  readonly owner: readonly [sessions: object, sessionName: string]
  readonly lifetimes: Lifetimes
  /** @param age - whole seconds since the last write, or since the begin for an absolute limit */
  refused (code: RefusalCode, age?: number): void
}

/** What the application did, as far as the data does not show it. */
export interface Deeds {
  /** All data was removed at once, which ends the id. */
  hasEnded: boolean
  /** `regenerate()` was called, which asks for another id. */
  isRenewed: boolean
  /** Keys that were set anew, since `regenerate()` if it was called. */
  assigned: ReadonlySet<string>
}

/** The state of one session in the store, as one request knows it. It loads the data and records what is done to it. */
export class StoreSource implements SessionSource, SessionJournal {
  readonly serializer: StoreSerializer
  readonly #look: () => Found
  readonly #judgement: Judgement
  #found: Found | undefined
  #failure: unknown
  #hasEnded = false
  #isRenewed = false
  #assigned = new Set<string>()

  /** The id under which the store has the session. */
  id: string | undefined
  /** The id that a write under way, or a failed one, gave to the session. */
  nextId: string | undefined
  /** The very value in the store, as far as this request knows. */
  stored: StoredValue = ''
  /** The session's own text when it was last read or written; what others wrote in the meantime is not in it. */
  text = '{}'
  /** Whether the store has changes of others, which are not in {@link text}. */
  isMerged = false
  /** A write that failed but may have happened: the value that it leaves in the store, and the {@link text} then. */
  attempted: { stored: string, text: string } | undefined
  /** Whether another request ended the session. */
  isGone = false
  /** The ids in the other cookies of the request that are ours. */
  rivals: readonly string[] = []
  /** Whether the session was written, or touched, for this response. */
  isSaved = false

  /** @param look - finds the session, or throws; called at most once */
  constructor (serializer: StoreSerializer, judgement: Judgement, look: () => Found) {
    this.serializer = serializer
    this.#judgement = judgement
    this.#look = look
  }

  get longestLifetime (): number {
    return this.#judgement.lifetimes.PERMANENT_SESSION_LIFETIME
  }

  get journal (): SessionJournal {
    return this
  }

  /** The error with which the store answered. It stays: what is unknown must not become an empty session. */
  get failure (): unknown {
    return this.#failure
  }

  isOf (sessions: object, sessionName: string): boolean {
    const { owner } = this.#judgement
    return owner[0] === sessions && owner[1] === sessionName
  }

  /** @throws what the store throws */
  load (): LoadedSession | undefined {
    if (this.#found !== undefined) return this.id === undefined ? undefined : this.#loaded(this.#found)
    if (this.#failure !== undefined) throw this.#failure
    try {
      this.#found = this.#look()
      this.rivals = this.#found.rivals
    } catch (error) {
      this.#failure = error
      this.#judgement.refused('store-unavailable')
      throw error
    }
    return this.#adopt(this.#found)
  }

  assigned (key: string): void {
    this.#assigned.add(key)
  }

  ended (): void {
    this.forgotten()
    this.#hasEnded = true
  }

  renewed (): void {
    this.#isRenewed = true
    this.#assigned.clear()
  }

  forgotten (): void {
    this.#hasEnded = this.#isRenewed = false
    this.#assigned.clear()
  }

  /** Hands over what was done since the last save. */
  takeDeeds (): Deeds {
    const deeds = { hasEnded: this.#hasEnded, isRenewed: this.#isRenewed, assigned: this.#assigned }
    this.#hasEnded = this.#isRenewed = false
    this.#assigned = new Set()
    return deeds
  }

  /** Takes the deeds back after a failed save. Others may have come in the meantime. */
  returnDeeds ({ hasEnded, isRenewed, assigned }: Deeds): void {
    this.#hasEnded ||= hasEnded
    // The keys of before a regenerate() do not count after it.
    if (!this.#isRenewed) for (const key of assigned) this.#assigned.add(key)
    this.#isRenewed ||= isRenewed
  }

  /** Notes that the store has the session under this id. */
  noteStored (id: string, stored: StoredValue, text: string): void {
    this.id = id
    this.stored = stored
    this.text = text
    this.isMerged = stored !== text
    this.nextId = this.attempted = undefined
    this.isGone = false
  }

  /** Notes that the store no longer has the session. */
  noteRemoved (): void {
    this.id = this.nextId = this.attempted = undefined
    this.text = '{}'
    this.isMerged = this.isGone = false
  }

  /** Reads a value of the store. */
  read (value: StoredValue): Dict {
    const { serializer } = this
    if (lookup(serializer, 'readsBytes') === true) return loadSession(serializer, value as string)
    return loadSession(serializer, textOf(value))
  }

  #adopt (found: Found): LoadedSession | undefined {
    const { id, session, refusal } = found
    if (refusal !== undefined) this.#judgement.refused(refusal)
    if (id === undefined || session === undefined) return undefined
    this.stored = session.data
    let data: Dict
    try {
      data = this.read(session.data)
      this.text = jsonIn(session.data) ?? this.serializer.dumps(data)
    } catch {
      // The next write replaces it, under the same id.
      this.id = id
      this.#judgement.refused('unreadable')
      return undefined
    }
    const loaded = this.#loaded(found, data)
    const { signedAt = secondsNow(), book = noBook } = loaded
    const verdict = judgeBook(signedAt, book, this.#judgement.lifetimes)
    if (verdict === 'alive') {
      this.id = id
      return loaded
    }
    this.text = '{}'
    // The store itself ends what is idle for too long.
    this.#judgement.refused(verdict, ageOf(book.created ?? signedAt))
    return undefined
  }

  #loaded ({ session }: Found, whole = this.serializer.loads(this.text) as Dict): LoadedSession {
    const { data, book } = splitBook(whole)
    const signedAt = this.#usedAt(session?.expires, book)
    // Written out, because a spread takes as long as parsing a small session.
    return {
      data,
      book,
      json: this.text,
      parsed: data,
      signedAt,
      rivals: undefined,
      sid: undefined,
      spelling: undefined,
      isShared: undefined,
      hasOldKey: undefined,
      needsRewrite: undefined
    }
  }

  /** When the session was last written or prolonged. Computed from its end, because the store knows no other time. */
  #usedAt (expires = Infinity, { lifetime }: BookKeeping): number | undefined {
    if (expires === Infinity) return undefined
    const { longestLifetime } = this
    return Math.floor(expires / 1000) - Math.min(lifetime ?? longestLifetime, longestLifetime)
  }
}

/** The JSON text in a value; `undefined` if it is something else. */
export function jsonIn (value: StoredValue): string | undefined {
  return typeof value === 'string' || value[0] === openingBrace ? textOf(value) : undefined
}

const openingBrace = 0x7b

function textOf (value: StoredValue): string {
  return typeof value === 'string' ? value : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
}
