/**
 * The data behind a session: opened when it is first needed, and watched from then on.
 *
 * @module
 */

import { isSameData } from '../json/copy.ts'
import { getOwn, setOwn } from '../json/dict.ts'
import type { Dict } from '../json/dict.ts'
import { carryFloats } from '../json/json-text.ts'
import type { SessionCookieOptions } from '../../types/session.ts'

/** What a cookie held. */
export interface OpenedSession {
  data: Dict
  /** The JSON text that the data was read from. */
  text: string
  /** Whether others may see the same `data`: then it is read, but never changed and never handed out. */
  isShared: boolean
  /** Whether the cookie is to be replaced by one of ours, although nothing changed. */
  isForeign?: boolean
}

/** Where the data of a session comes from. */
export interface SessionSource {
  /** What the cookie holds; `undefined` when there is none, or it is refused. */
  open (): OpenedSession | undefined
  /** The data as JSON text. Throws for what JSON cannot hold. */
  dumps (data: Dict): string
  /** Such text as data that nobody else has. */
  loads (text: string): Dict
  /** A copy of a value of such data, sooner than by the two above; `undefined` where there is no such way. */
  copyOf (value: unknown): unknown
}

/** Whom a session tells what happens to it. */
export interface SessionWatcher {
  /** Whether nothing can be written, not even what changes nothing. */
  readonly isReadOnly: boolean
  /** Data is looked at for the first time. */
  onAccess (): void
  /** A value is handed out that can be changed from the outside. */
  onHandOut (): void
  /** Something is about to be written; throws when it must not. */
  beforeWrite (): void
  /** Something was written. */
  afterWrite (): void
  /** The application wants the cookie in the response now. */
  save (): void
}

/** Data, whether it was looked at, and whether it was changed. */
export class TrackedData {
  watcher: SessionWatcher | undefined
  /** Whether the session was ended and nothing written since. */
  deleted = false
  /** Grows with every write. */
  revision = 0
  /** The cookie attributes that the application asked for in this response. */
  cookieOptions: SessionCookieOptions | undefined
  /** The Set-Cookie value that is in the response already. */
  sentCookie: string | undefined
  readonly #source: SessionSource
  #data: Dict | undefined
  /** The data as others may see it too. */
  #shared: Dict | undefined
  #accessed = false
  #modified = false
  /** By their keys, values that were handed out, as they were then. */
  #originals: Map<string, unknown> | undefined
  /** The text that the data must still have to be unchanged inside; `undefined` while {@link #originals} tell. */
  #baseline: string | undefined
  #text: string | undefined
  /** What `modified` was when saving began: to find out takes time. */
  #modifiedWhileSaving: boolean | undefined

  /** @param initial - data that the session begins with; without it the source is opened at first need */
  constructor (source: SessionSource, initial?: Dict) {
    this.#source = source
    this.#data = initial
  }

  get accessed (): boolean {
    return this.#accessed
  }

  set accessed (accessed: boolean) {
    if (accessed) this.#read()
    else this.#accessed = false
  }

  /** After any write, and after a change inside of a value that was handed out. */
  get modified (): boolean {
    return this.#modifiedWhileSaving ?? this.#hasChanged()
  }

  /** `true` is a write; `false` takes the data as it is now for unchanged. */
  set modified (modified: boolean) {
    if (modified) {
      this.write(() => {})
      return
    }
    if (this.#data !== undefined) this.#text = this.#baseline = this.#source.dumps(this.#data)
    this.#modified = false
  }

  /** While a session is saved its flags stand still: what the saving side looks at is no access of the application. */
  whileSaving<T> (save: () => T): T {
    const accessed = this.#accessed
    this.#modifiedWhileSaving = this.modified
    try {
      return save()
    } finally {
      this.#accessed = accessed
      this.#modifiedWhileSaving = undefined
    }
  }

  get (key: string): unknown {
    const value = getOwn(this.#read(), key)
    return isObject(value) ? this.#handOut(key) : value
  }

  has (key: string): boolean {
    return Object.hasOwn(this.#read(), key)
  }

  keys (): string[] {
    return Object.keys(this.#read())
  }

  /** All keys and values. */
  entries (): Array<[string, unknown]> {
    const data = this.#read()
    return Object.keys(data).map((key) => [key, this.get(key)])
  }

  /** The data as it is to be written; nobody may change it. Counts as no access, as the next one. */
  toSave (): Dict {
    return this.#peek()
  }

  /** The JSON text that the data was read from, or was when it was taken for unchanged; only if nothing changed since, not even while it is saved. */
  get unchangedText (): string | undefined {
    return this.#hasChanged() ? undefined : this.#text
  }

  get isEmpty (): boolean {
    return Object.keys(this.#peek()).length === 0
  }

  set (key: string, value: unknown): void {
    if (value === undefined) this.delete(key)
    else this.write((data) => setOwn(data, key, value))
  }

  delete (key: string): void {
    if (this.has(key) || this.watcher?.isReadOnly === true) this.write((data) => { delete data[key] })
  }

  /** Sets several keys at once. */
  update (entries: Iterable<readonly [string, unknown]>): void {
    // Taken out first: what throws half way must not leave half a change.
    const all = Array.from(entries, ([key, value]) => [key, value] as const)
    this.write((data) => setAll(data, all))
  }

  /** Puts other data in the place of all that was there. */
  replace (entries: Iterable<readonly [string, unknown]>): void {
    const next: Dict = {}
    setAll(next, entries)
    this.write(() => { this.#data = next })
  }

  /** Removes every key but these. */
  keepOnly (kept: ReadonlySet<string>): void {
    this.write((data) => {
      for (const key of Object.keys(data)) if (!kept.has(key)) delete data[key]
    })
  }

  /** Ends the session. */
  end (): void {
    this.replace([])
    this.deleted = true
  }

  /** Forgets everything and opens the source again. */
  reload (): void {
    this.#data = this.#shared = this.#originals = this.#text = this.#baseline = undefined
    this.#modified = this.deleted = false
    this.revision++
    this.#read()
  }

  /** Every write goes through here. */
  write (change: (data: Dict) => void): void {
    this.watcher?.beforeWrite()
    this.#read()
    change(this.#ownKeys())
    this.#modified = true
    this.deleted = false
    this.revision++
    this.watcher?.afterWrite()
  }

  #read (): Dict {
    if (!this.#accessed) {
      this.#accessed = true
      this.watcher?.onAccess()
    }
    return this.#peek()
  }

  #peek (): Dict {
    if (this.#data === undefined) {
      const opened = this.#source.open()
      this.#data = opened?.data ?? {}
      this.#text = opened?.text
      if (opened?.isShared === true) this.#shared = opened.data
      this.#modified ||= opened?.isForeign ?? false
    }
    return this.#data
  }

  /** The data, whose keys are from now on this session's alone; what is inside of the values may still be shared. */
  #ownKeys (): Dict {
    const data = this.#peek()
    if (data !== this.#shared) return data
    this.#data = carryFloats(data, { ...data })
    return this.#data
  }

  /** The data, from now on this session's alone. */
  #ownAll (): void {
    const data = this.#ownKeys()
    const shared = this.#shared
    if (shared === undefined) return
    this.#shared = undefined
    const copy = this.#source.loads(this.#text as string)
    for (const key of Object.keys(data)) if (isObject(data[key]) && data[key] === getOwn(shared, key)) setOwn(data, key, copy[key])
  }

  /** A value that can be changed from the outside: nobody else has it, and it can be told whether it was changed. */
  #handOut (key: string): unknown {
    const value = this.#peek()[key]
    const isShared = this.#shared !== undefined && value === getOwn(this.#shared, key)
    const isWatched = this.#modified || this.#baseline !== undefined || this.#originals?.has(key) === true
    if (isShared || !isWatched) {
      // Data that came without a text is the application's own, and may be anything.
      const copy = this.#text === undefined ? undefined : this.#source.copyOf(value)
      if (copy === undefined) this.#handOutAll()
      else this.#remember(key, value, copy, isShared)
    }
    this.watcher?.onHandOut()
    return getOwn(this.#peek(), key)
  }

  #remember (key: string, value: unknown, copy: unknown, isShared: boolean): void {
    this.#originals ??= new Map()
    this.#originals.set(key, isShared ? value : copy)
    if (isShared) setOwn(this.#ownKeys(), key, copy)
  }

  /** Values may hang together in ways that only their serializer knows: they are copied and compared all at once. */
  #handOutAll (): void {
    this.#ownAll()
    this.#baseline ??= this.#text ?? this.#source.dumps(this.#peek())
  }

  #hasChanged (): boolean {
    return this.#modified || this.#hasChangedInside()
  }

  #hasChangedInside (): boolean {
    if (this.#baseline !== undefined) return this.#hasAnotherText()
    if (this.#originals === undefined) return false
    const data = this.#peek()
    for (const [key, original] of this.#originals) {
      if (!isSameData(original, data[key]) && this.#textOf({ [key]: data[key] }) !== this.#textOf({ [key]: original })) return true
    }
    return false
  }

  #hasAnotherText (): boolean {
    const text = this.#textOf(this.#peek())
    if (text === this.#baseline) return false
    if (this.#baseline !== this.#text) return true
    // Python writes the same data with other escapes: compare what both are in our own spelling.
    this.#baseline = this.#source.dumps(this.#source.loads(this.#baseline as string))
    return text !== this.#baseline
  }

  /** `undefined` for what cannot be written: to save it will tell what is wrong. */
  #textOf (data: Dict): string | undefined {
    try {
      return this.#source.dumps(data)
    } catch {
      return undefined
    }
  }
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** `undefined` stands for no key at all. */
function setAll (data: Dict, entries: Iterable<readonly [string, unknown]>): void {
  for (const [key, value] of entries) {
    if (value === undefined) delete data[key]
    else setOwn(data, key, value)
  }
}
