/**
 * Sessions in a store on the server: the cookie holds an id. Flask-Session's interface, without its races.
 *
 * @module
 * @see {@link https://flask-session.readthedocs.io/}
 */

import type { FastifyReply } from 'fastify'
import { cookieHeader, readCookies } from '../cookie/read.ts'
import {
  addHeadersOf, addPrivate, addVary, areHeadersSent, besideAnother, hasOtherCookie, withdrawCookie
} from '../cookie/write.ts'
import { FST_SESSION_INVALID_CONFIG, FST_SESSION_UNAVAILABLE } from '../errors.ts'
import type { Dict } from '../json/dict.ts'
import { sessionJSONSerializer } from '../json/session-serializer.ts'
import { andThen, isPromise, orElse } from '../maybe-promise.ts'
import { userId } from '../revocation/user-id.ts'
import { joinBook, noBook } from '../session/book-keeping.ts'
import type { SessionData } from '../session/session-data.ts'
import { dataOf, SecureCookieSession } from '../session/session.ts'
import { GuardedStore } from '../stores/guarded-store.ts'
import { KnownIds } from './known-ids.ts'
import { PendingWrites } from './pending-writes.ts'
import { endOf, noteBegin } from '../interfaces/lifetime.ts'
import { reportRejection } from '../interfaces/rejections.ts'
import { bareId, isOfRecords, signedId } from './session-ids.ts'
import { SessionInterface } from '../interfaces/session-interface.ts'
import type { EndOptions, ListOptions, SessionApp, SessionRequest } from '../interfaces/session-interface.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import { dumpSession } from '../interfaces/session-text.ts'
import { SessionWriter } from './session-writer.ts'
import { run } from './steps.ts'
import type { Steps } from './steps.ts'
import { parseStoreOptions } from './store-options.ts'
import type { ServerSideOptions } from './store-options.ts'
import { nothingFound, StoreSource } from './store-source.ts'
import type { Found, StoreSerializer } from './store-source.ts'
import { endSessionsOf, listed, sessionsOf, shortId } from './user-sessions.ts'
import type { UserIndex } from './user-sessions.ts'
import type { Outcome, Write } from './write.ts'
import type { ListedSession } from '../../types/fastify.ts'
import type { BookKeeping, Session } from '../../types/session.ts'

/** Keeps sessions in a store. */
export class ServerSideSessionInterface extends SessionInterface {
  readonly serializer: StoreSerializer
  sessionClass: typeof SecureCookieSession = SecureCookieSession
  readonly #store: GuardedStore
  readonly #writer: SessionWriter
  readonly #pending = new PendingWrites()
  readonly #ids: KnownIds
  readonly #user: ServerSideOptions['user']

  /** @throws `FST_SESSION_INVALID_CONFIG` when an option is wrong. */
  constructor (options: ServerSideOptions) {
    super()
    const given = parseStoreOptions(options)
    const { storeTimeout = 1, signIds } = given
    this.serializer = given.serializer ?? sessionJSONSerializer
    this.#store = new GuardedStore(given.store, storeTimeout)
    this.#writer = new SessionWriter(this.#store)
    this.#ids = new KnownIds(this.#store, signIds === undefined ? bareId : signedId, given.hashIds ?? false)
    this.#user = given.user
  }

  /** Only signed ids need one. */
  override get needsKey (): boolean {
    return this.#ids.form === signedId
  }

  /** @throws `FST_SESSION_INVALID_CONFIG` for a name whose keys are those of ended sessions. */
  override start (app: SessionApp): MaybePromise<void> {
    if (isOfRecords(app.sessionName)) {
      const expects = "neither 'ended' nor 'since' for a session in a store, which may list ended sessions there"
      throw new FST_SESSION_INVALID_CONFIG('sessionName', expects, 'one of them')
    }
    return this.#store.open((message) => app.warnOnce(`store: ${message}`, message))
  }

  override async stop (): Promise<void> {
    await this.#pending.all()
    await this.#store.close()
  }

  /** Asks a synchronous store at the first access. Asks an asynchronous one now, if a cookie may hold an id. */
  override openSession (app: SessionApp, request: SessionRequest): MaybePromise<SecureCookieSession | null> {
    if (this.needsKey && app.config.SECRET_KEY === null) return null
    const find = (): MaybePromise<Found> => {
      const hashes = this.needsKey ? 1 + app.config.SECRET_KEY_FALLBACKS.length : 1
      const cookies = readCookies(cookieHeader(request), this.getCookieName(app, request), hashes).filter(Boolean)
      return this.#ids.find(app, cookies)
    }
    const open = (look: () => Found): SecureCookieSession => this.#open(app, request.log, look, request)
    if (this.#store.sync) return open(find as () => Found)
    // An error of the store is thrown at the first access.
    const failed = (error: unknown) => (): never => { throw error }
    return andThen(orElse<() => Found>(() => andThen(find(), (found) => () => found), failed), open)
  }

  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): MaybePromise<void> {
    const data = dataOf(session) as SessionData
    if (data.accessed) addVary(reply)
    const { source } = data
    if (!(source instanceof StoreSource)) return
    // What could not be read is not written: the application has got the error.
    if (source.failure !== undefined) return addHeadersOf(source.failure, reply)
    if (!data.modified) return this.#refresh(app, session, source, reply)
    if (!data.isEmpty && !this.shouldSetCookie(app, session, reply.request)) return
    return this.#save(app, session, source, reply)
  }

  override saveLate (app: SessionApp, session: SecureCookieSession, request: SessionRequest): MaybePromise<void> {
    const data = dataOf(session) as SessionData
    const { source } = data
    if (!(source instanceof StoreSource) || source.failure !== undefined || !data.modified) return
    const write = this.#prepare(app, session, source, request)
    if (source.id === undefined && !source.isGone) {
      if (write.text !== null) data.observer?.onLoss(lostBegin)
      return
    }
    if (write.deeds.isRenewed) {
      write.deeds.isRenewed = false
      data.observer?.onLoss(lostId)
    }
    return this.#pending.add(run(this.#write(source, write)))
  }

  override mayNeedRefresh (app: SessionApp, request: SessionRequest): boolean {
    return app.config.SESSION_REFRESH_EACH_REQUEST && cookieHeader(request) !== undefined
  }

  /** @param book - its begin and its lifetime, if it is the copy of another */
  override createSession (
    app: SessionApp, given: Readonly<Dict>, { created, lifetime }: BookKeeping = noBook
  ): SecureCookieSession {
    const session = this.#open(app, app.fastify.log, () => nothingFound)
    session.update(given)
    const data = dataOf(session) as SessionData
    data.book = { ...data.book, created, lifetime }
    return session
  }

  override decodeSession (
    app: SessionApp, cookie: string | undefined, log: SessionRequest['log']
  ): MaybePromise<SecureCookieSession | null> {
    return andThen(this.#ids.find(app, [cookie ?? '']), (found) => {
      const session = this.#open(app, log, () => found)
      return dataOf(session)?.loaded === undefined ? null : session
    })
  }

  /** Writes the session into the store. @returns the value of the cookie that holds its id; '' for an empty session */
  override encodeSession (
    app: SessionApp, session: SecureCookieSession, log: SessionRequest['log']
  ): MaybePromise<string> {
    const data = dataOf(session) as SessionData
    const { source } = data
    // The session is one of another interface, for example in cookies or in another store: its data is copied.
    if (!(source instanceof StoreSource && source.isOf(this, app.sessionName))) {
      return this.encodeSession(app, this.createSession(app, data.detached(), data.book), log)
    }
    const write = this.#prepare(app, session, source, { log } as SessionRequest)
    const steps = function * (this: ServerSideSessionInterface): Steps<string> {
      const outcome = yield * this.#write(source, write)
      if (outcome === 'gone') throw new FST_SESSION_UNAVAILABLE('it was ended in the meantime')
      return source.id === undefined ? '' : this.#ids.form.write(source.id, app)
    }
    return run(steps.call(this))
  }

  override endSessions (app: SessionApp, user: string, { except, only }: EndOptions): MaybePromise<void> {
    const kept = except && this.#keyOfSession(app, except)
    const isMeant = (key: string): boolean => key !== kept && (only === undefined || shortId(key) === only)
    return run(endSessionsOf(this.#indexOf(app), user, isMeant))
  }

  override async listSessions<T> (
    app: SessionApp, user: string, { current, data }: ListOptions<T>
  ): Promise<Array<ListedSession<T>>> {
    // Which session is the current one depends on the cookie.
    if (current !== undefined) current.accessed = true
    const currentKey = current && this.#keyOfSession(app, current)
    const sessions = await run(sessionsOf(this.#indexOf(app), user))
    return listed(sessions, app.config, currentKey, (found) => data?.(new this.sessionClass(found)) as T)
  }

  override isRevoked (app: SessionApp, session: SecureCookieSession): MaybePromise<boolean> {
    const key = this.#keyOfSession(app, session)
    if (key === undefined) return dataOf(session)?.loaded !== undefined
    return andThen(this.#store.get(key), (found) => found === null)
  }

  #indexOf (app: SessionApp): UserIndex {
    if (this.#user === undefined) {
      throw new TypeError(`this needs the option user of ${app.sessionName}: whose session it is`)
    }
    const reader = this.#sourceOf(app, app.fastify.log, () => nothingFound)
    return {
      store: this.#store,
      sessionName: app.sessionName,
      read: (value) => reader.read(value),
      userOf: (data) => this.#userOf(data)
    }
  }

  /** The key of a session in the store; `undefined` if it is not there. */
  #keyOfSession (app: SessionApp, session: SecureCookieSession): string | undefined {
    const data = dataOf(session) as SessionData
    data.peek()
    const { source } = data
    if (!(source instanceof StoreSource) || source.id === undefined) return undefined
    return this.#ids.keyOf(app, source.id)
  }

  #open (
    app: SessionApp, log: SessionRequest['log'], look: () => Found, request?: SessionRequest
  ): SecureCookieSession {
    return new this.sessionClass(undefined, this.#sourceOf(app, log, look, request))
  }

  #sourceOf (app: SessionApp, log: SessionRequest['log'], look: () => Found, request?: SessionRequest): StoreSource {
    return new StoreSource(this.serializer, {
      owner: [this, app.sessionName],
      lifetimes: app.config,
      refused (code, age) {
        const facts = { code, ...(age !== undefined && { age }) }
        if (request !== undefined) reportRejection(app, request, facts)
        if (code === 'unreadable') log.warn(facts, 'the session in the store is unreadable, and counts as empty')
        else if (code !== 'store-unavailable') log.debug(facts, 'session cookie refused')
      }
    }, look)
  }

  /** A snapshot of what to write: the application may change the session while the store is asked. */
  #prepare (app: SessionApp, session: SecureCookieSession, source: StoreSource, request: SessionRequest): Write {
    const data = dataOf(session) as SessionData
    const { book } = data
    if (data.isEmpty) data.beginAnew()
    else this.#noteBegin(app, data)
    const isSame = !data.modified && data.book === book
    const text = data.isEmpty
      ? null
      : isSame ? source.text : dumpSession(source.serializer, joinBook(data.detached(), data.book), source.text)
    const expires = this.getExpirationTime(app, session, request)
    return {
      text,
      deeds: source.takeDeeds(),
      isPermanent: expires !== null,
      expires: (expires ?? endOf(data.book, app.config)).getTime(),
      keyOf: (id) => this.#ids.keyOf(app, id),
      userOf: this.#user && ((found) => this.#userOf(found)),
      debug: (details, message) => request.log.debug(details, message)
    }
  }

  /**
   * Notes when the session began. An absolute limit needs the begin, even of a session that is only prolonged;
   * `listSessions` shows it.
   */
  #noteBegin ({ config }: SessionApp, data: SessionData): void {
    const isListed = this.#user !== undefined && data.modified
    noteBegin(data, isListed ? { ...config, SESSION_ABSOLUTE_LIFETIME: Infinity } : config)
  }

  #userOf (data: Dict): string | undefined {
    return userId(this.#user?.(new this.sessionClass(data) as unknown as Session))
  }

  * #write (source: StoreSource, write: Write): Steps<Outcome> {
    const { id } = source
    const { hasEnded, isRenewed } = write.deeds
    try {
      // The store has this text: the session was saved before for this response, or only needs to be prolonged.
      if (id !== undefined && !source.isGone && !hasEnded && !isRenewed && write.text === source.text) {
        return source.isSaved ? 'kept' : yield * this.#writer.touch(source, id, write)
      }
      const outcome = yield * this.#writer.write(source, write)
      // A logout must not leave another cookie of the request that logs in again.
      if (hasEnded || isRenewed || outcome === 'removed') yield * this.#writer.endRivals(source, write)
      // Another request ended the session. After a regenerate(), a key that is set later still begins another one.
      if (outcome === 'gone' && isRenewed) source.returnDeeds(write.deeds)
      return outcome
    } catch (error) {
      source.returnDeeds(write.deeds)
      throw error
    }
  }

  #save (app: SessionApp, session: SecureCookieSession, source: StoreSource, reply: FastifyReply): MaybePromise<void> {
    const write = this.#prepare(app, session, source, reply.request)
    const { id } = source
    return andThen(run(this.#write(source, write)), (outcome) => {
      source.isSaved = true
      if (outcome === 'gone') return
      if (!areHeadersSent(reply)) this.#answer(app, session, source, reply, write)
      else if (source.id !== undefined && source.id !== id) dataOf(session)?.observer?.onLoss(lostBegin)
    })
  }

  #answer (
    app: SessionApp, session: SecureCookieSession, source: StoreSource, reply: FastifyReply, write: Write
  ): void {
    const { request } = reply
    const isKept = source.id !== undefined
    const hasRivals = source.rivals.length > 0
    const expires = isKept && write.isPermanent ? new Date(write.expires) : null
    const cookie = this.sessionCookie(app, session, request, expires)
    if (hasOtherCookie(reply, cookie.name)) app.warnOnce('another cookie', besideAnother(request))
    if (source.id === undefined) cookie.delete(reply, hasRivals)
    else cookie.send(reply, this.#ids.form.write(source.id, app), hasRivals)
    addPrivate(reply)
  }

  /** Prolongs an unchanged session, at most once for a response. */
  #refresh (
    app: SessionApp, session: SecureCookieSession, source: StoreSource, reply: FastifyReply
  ): MaybePromise<void> {
    const { request } = reply
    const warn = (error: unknown): void => request.log.warn(error, 'the session could not be prolonged')
    try {
      // A refresh must not replace a logout, or another login, in the reply. That may have come after an earlier save.
      const name = this.getCookieName(app, request)
      if (hasOtherCookie(reply, name)) return withdrawCookie(reply, name)
      if (source.isSaved || !this.shouldSetCookie(app, session, request)) return
      if ((dataOf(session) as SessionData).isEmpty) return
      const saving = this.#save(app, session, source, reply)
      return isPromise(saving) ? saving.catch(warn) : saving
    } catch (error) {
      warn(error)
    }
  }
}

const lostBegin = 'a change of the session was lost: a session that begins after the headers were sent has no ' +
  'cookie. Change the session before the reply, or before its stream, begins'
const lostId = 'regenerate() came after the headers were sent, so that the session keeps its id. ' +
  'Call it before the reply, or before its stream, begins'
