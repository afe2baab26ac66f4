/**
 * The data of one session: loaded at the first access, and tracked from then on.
 *
 * @module
 */

import type { BookKeeping } from '../../types/session.ts'
import { lookup } from '../lookup.ts'
import { carryFloats } from '../json/carried-floats.ts'
import { getOwn, setOwn } from '../json/dict.ts'
import type { Dict } from '../json/dict.ts'
import { isLifetime, joinBook, noBook, refuseBookKey, splitBook, wrongLifetime } from './book-keeping.ts'
import { ExposedValues, isObject } from './hand-out.ts'
import type { SessionSerializer } from './hand-out.ts'

/** The session as loaded from a cookie or a store. */
export interface LoadedSession {
  /** Without the keys of {@link book}, if that is given. */
  data: Dict
  /** What the session keeps for itself; without it, its keys are taken out of `data`. */
  book?: BookKeeping | undefined
  /** The id of a session that can be revoked: that of its book, or one made of its cookie. */
  sid?: string | undefined
  /** The value of the cookie in one spelling, if it may have several. */
  spelling?: string | undefined
  /** The JSON text that the data was read from. */
  json?: string | undefined
  /** The object that `json` was parsed into; `data` differs from it after an override replaced the data. */
  parsed?: Dict | undefined
  /** When it was signed, in seconds since 1970. */
  signedAt?: number | undefined
  /** Whether other requests share `data`, which is then neither changed nor handed out. */
  isShared?: boolean | undefined
  /** Whether it was signed with another key than the newest. */
  hasOldKey?: boolean | undefined
  /** The sessions in other valid cookies of the same name in the request. */
  rivals?: readonly LoadedSession[] | undefined
  /** Whether the next response should replace the cookie, although nothing changed. */
  needsRewrite?: boolean | undefined
}

/** Where the data of a session comes from. */
export interface SessionSource {
  readonly serializer: SessionSerializer
  /** Called at the first access; `undefined` when there is no session, or it is refused. */
  load (): LoadedSession | undefined
  readonly journal?: SessionJournal | undefined
  /** Called first when the application ends the session: loading the session comes next, and may throw. */
  ending? (): void
  /** The greatest {@link SessionData.lifetime} of a session outside of requests. */
  readonly longestLifetime?: number | undefined
}

/** Records what the data alone does not show, for stores: what was set, and that the session was ended or renewed. */
export interface SessionJournal {
  /** A key was set anew. */
  assigned (key: string): void
  /** All data was removed at once. */
  ended (): void
  /** `regenerate()` was called. */
  renewed (): void
  /** The changes so far are discarded, or count as none. */
  forgotten (): void
}

/** Is notified of accesses to a session and of changes. */
export interface SessionObserver {
  /** Whether every write is an error, even one that would change nothing. */
  readonly isReadOnly: boolean
  /** The greatest {@link SessionData.lifetime} in seconds: the greatest age of a signature. */
  readonly longestLifetime: number | undefined
  /** Data is read or written for the first time. */
  onAccess (): void
  /** A mutable value is handed out. */
  onExpose (): void
  /** A write begins; throws when writing is not allowed. */
  beforeWrite (): void
  /** A write ended. */
  afterWrite (): void
  /** A change was lost: warns with the message, but once for a request. */
  onLoss (message: string): void
  /** The application calls `session.options()`. */
  onOptions (options: object): void
  /** The application calls `session.save()`. */
  save (): void | Promise<void>
}

/** The keys and values of a session, and its flags. */
export class SessionData {
  readonly #source: SessionSource
  #observer: SessionObserver | undefined
  #loaded: LoadedSession | undefined
  #data: Dict | undefined
  #book: BookKeeping = noBook
  #beganAnew = false
  #exposed: ExposedValues | undefined
  #accessed = false
  #modified = false
  #needsRewrite = false
  #deleted = false
  #revision = 0

  /** @param initial - the first data; without it the source is loaded at the first access */
  constructor (source: SessionSource, initial?: Dict) {
    this.#source = source
    if (initial !== undefined) ({ data: this.#data, book: this.#book } = splitBook(initial))
  }

  get source (): SessionSource {
    return this.#source
  }

  get #journal (): SessionJournal | undefined {
    return lookup(this.#source, 'journal') as SessionJournal | undefined
  }

  get observer (): SessionObserver | undefined {
    return this.#observer
  }

  set observer (observer: SessionObserver) {
    this.#observer = observer
  }

  /** Whether every write is an error: the data of a NullSession. */
  get isReadOnly (): boolean {
    return this.#observer?.isReadOnly === true
  }

  /** Increases with every write, and when the session is loaded again. */
  get revision (): number {
    return this.#revision
  }

  /** True after the session was ended, until the next write. */
  get deleted (): boolean {
    return this.#deleted
  }

  get accessed (): boolean {
    return this.#accessed
  }

  set accessed (accessed: boolean) {
    if (accessed) this.#read()
    else this.#accessed = false
  }

  /** True after any write, after a change inside a value that was handed out, and if the cookie is to be replaced. */
  get modified (): boolean {
    return this.#needsRewrite || this.hasChanged
  }

  /** As {@link modified}, but only for what the application did. */
  get hasChanged (): boolean {
    return this.#modified || (this.#exposed?.haveChanged(this.peek()) ?? false)
  }

  /** `true` counts as a write; `false` declares the current data unchanged. */
  set modified (modified: boolean) {
    if (modified) {
      this.write(() => {})
      return
    }
    if (this.#data !== undefined) {
      const data = this.detached()
      const { serializer } = this.#source
      const json = serializer.dumps(data)
      this.#expose().startFrom(json)
      const book = this.#book
      const whole = joinBook(data, book)
      const text = carryFloats(whole === data ? json : serializer.dumps(whole), this.#loaded?.json ?? '')
      this.#loaded = { ...noFacts, ...this.#loaded, data, book, parsed: data, json: text, isShared: false }
    }
    this.#modified = this.#needsRewrite = false
    this.#journal?.forgotten()
  }

  /** Whether a mutable value was handed out. */
  get hasExposed (): boolean {
    return this.#exposed !== undefined
  }

  /** The session as it was loaded. */
  get loaded (): LoadedSession | undefined {
    this.peek()
    return this.#loaded
  }

  /** What the session keeps for itself. A session interface sets it before it writes the data; that is no change. */
  get book (): BookKeeping {
    this.peek()
    return this.#book
  }

  set book (book: BookKeeping) {
    this.peek()
    this.#book = book
  }

  /** Whether the session that was loaded has ended in this request: what is written now is another one. */
  get beganAnew (): boolean {
    return this.#beganAnew
  }

  /** Marks the loaded session as ended, whatever the data is. A session interface does so when it saves no data. */
  beginAnew (book: BookKeeping = noBook): void {
    this.#book = book
    this.#beganAnew = true
  }

  /** The lifetime of this session alone, in seconds. */
  get lifetime (): number | null {
    this.#read()
    return this.#book.lifetime ?? null
  }

  /** @throws {RangeError} when it is not whole, less than 1, or longer than signatures are accepted. */
  set lifetime (lifetime: number | null) {
    const ofSource = lookup(this.#source, 'longestLifetime') as number | undefined
    const longest = this.#observer?.longestLifetime ?? ofSource ?? Infinity
    const given = lifetime ?? undefined
    if (given !== undefined && !(isLifetime(given) && given <= longest)) {
      throw new RangeError(wrongLifetime(given, longest))
    }
    this.write(() => { this.#book = { ...this.#book, lifetime: given } })
  }

  get isEmpty (): boolean {
    return Object.keys(this.peek()).length === 0
  }

  get (key: string): unknown {
    const data = this.#read()
    const value = getOwn(data, key)
    return isObject(value) ? this.#handOut(key) : value
  }

  has (key: string): boolean {
    return Object.hasOwn(this.#read(), key)
  }

  keys (): string[] {
    return Object.keys(this.#read())
  }

  entries (): Array<[string, unknown]> {
    return this.keys().map((key) => [key, this.get(key)])
  }

  /** The data, loaded if it was not yet. Callers must not change it. Does not count as an access. */
  peek (): Dict {
    return this.#data ?? this.#load()
  }

  /** The data as JSON text; `undefined` if it cannot be written. */
  get text (): string | undefined {
    try {
      return this.#source.serializer.dumps(this.peek())
    } catch {
      return undefined
    }
  }

  /** As {@link peek}, but callers may change the data: nothing in it is shared with other requests. */
  detached (): Dict {
    const data = this.#copyOnWrite()
    const shared = this.#sharedData()
    if (shared === undefined) return data
    for (const key of Object.keys(data)) {
      if (isObject(data[key]) && data[key] === getOwn(shared, key)) this.#expose().copyShared(data, key)
    }
    return data
  }

  set (key: string, value: unknown): void {
    refuseBookKey(key)
    if (value === undefined) this.delete(key)
    else {
      this.write((data) => {
        setOwn(data, key, value)
        this.#journal?.assigned(key)
      })
    }
  }

  delete (key: string): void {
    if (this.has(key) || this.isReadOnly) this.write((data) => { delete data[key] })
  }

  /** Sets several keys at once. */
  update (entries: Iterable<readonly [string, unknown]>): void {
    // Collected first, so that an iterator that throws leaves the session unchanged.
    const all = Array.from(entries, ([key, value]) => [key, value] as const)
    for (const [key] of all) refuseBookKey(key)
    this.write((data) => {
      setAll(data, all)
      for (const [key] of all) this.#journal?.assigned(key)
    })
  }

  /** Replaces all data. Without any new data the session ends, and the next write begins another session. */
  replace (entries: Iterable<readonly [string, unknown]>): void {
    const next: Dict = {}
    setAll(next, entries)
    const keys = Object.keys(next)
    for (const key of keys) refuseBookKey(key)
    if (keys.length === 0) (lookup(this.#source, 'ending') as SessionSource['ending'])?.call(this.#source)
    this.write(() => {
      this.#data = next
      for (const key of keys) this.#journal?.assigned(key)
      if (keys.length > 0) return
      this.beginAnew()
      this.#journal?.ended()
    })
  }

  /** Removes all other keys, and begins another session. Its lifetime stays if `kept` has `_lifetime`. */
  keepOnly (kept: ReadonlySet<string>): void {
    this.write((data) => {
      for (const key of Object.keys(data)) if (!kept.has(key)) delete data[key]
      const { lifetime } = this.#book
      this.beginAnew(lifetime !== undefined && kept.has('_lifetime') ? { ...noBook, lifetime } : noBook)
      this.#journal?.renewed()
    })
  }

  /** Ends the session. */
  destroy (): void {
    this.replace([])
    this.#deleted = true
  }

  /** Discards all data and flags, and loads the source again. */
  reload (): void {
    this.#data = this.#loaded = this.#exposed = undefined
    this.#book = noBook
    this.#modified = this.#deleted = this.#beganAnew = false
    this.#journal?.forgotten()
    this.#revision++
    this.#read()
  }

  /** Every write goes through here. */
  write (change: (data: Dict) => void): void {
    this.#observer?.beforeWrite()
    this.#read()
    change(this.#copyOnWrite())
    this.#modified = true
    this.#deleted = false
    this.#revision++
    this.#observer?.afterWrite()
  }

  #read (): Dict {
    if (!this.#accessed) {
      this.#accessed = true
      this.#observer?.onAccess()
    }
    return this.peek()
  }

  #load (): Dict {
    const loaded = withBook(this.#source.load())
    // `onReject`, which the source calls, may have loaded the session and written to it.
    if (this.#data === undefined) {
      this.#loaded = loaded
      this.#data = loaded?.data ?? {}
      this.#book = loaded?.book ?? noBook
      this.#needsRewrite = loaded?.needsRewrite ?? false
    }
    return this.#data
  }

  /** The data in an object that only this session uses; objects among its values may still be shared. */
  #copyOnWrite (): Dict {
    const data = this.peek()
    if (data !== this.#sharedData()) return data
    this.#data = { ...data }
    return this.#data
  }

  /** A value that the application may change: only this session uses it, and changes to it are detected. */
  #handOut (key: string): unknown {
    const value = getOwn(this.peek(), key)
    const shared = this.#sharedData()
    if (shared !== undefined && value === getOwn(shared, key)) this.#expose().copyShared(this.#copyOnWrite(), key)
    else if (!this.#modified) this.#expose().watch(this.peek(), key)
    this.#observer?.onExpose()
    return getOwn(this.peek(), key)
  }

  #sharedData (): Dict | undefined {
    return this.#loaded?.isShared === true ? this.#loaded.data : undefined
  }

  #expose (): ExposedValues {
    this.#exposed ??= new ExposedValues(this.#source.serializer, this.#loaded)
    return this.#exposed
  }
}

/** A session without any facts. Each is there, so that none is read from Object.prototype. */
const noFacts: Readonly<Omit<LoadedSession, 'data'>> = Object.freeze({
  book: undefined,
  sid: undefined,
  spelling: undefined,
  json: undefined,
  parsed: undefined,
  signedAt: undefined,
  isShared: undefined,
  hasOldKey: undefined,
  rivals: undefined,
  needsRewrite: undefined
})

/** A loaded session whose book is apart. One that has no book may lack other facts, too: they are added. */
export function withBook (loaded: LoadedSession | undefined): LoadedSession | undefined {
  if (loaded === undefined || getOwn(loaded as unknown as Dict, 'book') !== undefined) return loaded
  const facts = { ...noFacts, ...loaded }
  const { data, book } = splitBook(loaded.data)
  if (data === loaded.data) return facts
  return { ...facts, data, book, parsed: facts.parsed === loaded.data ? data : facts.parsed }
}

/** `undefined` removes the key. */
function setAll (data: Dict, entries: Iterable<readonly [string, unknown]>): void {
  for (const [key, value] of entries) {
    if (value === undefined) delete data[key]
    else setOwn(data, key, value)
  }
}
