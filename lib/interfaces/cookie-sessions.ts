/**
 * Sessions in signed cookies: Flask's SecureCookieSessionInterface.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/api/#flask.sessions.SecureCookieSessionInterface}
 */

import type { FastifyReply } from 'fastify'
import type { SessionConfig } from '../../types/config.ts'
import type { BookKeeping } from '../../types/session.ts'
import { lookup, pick } from '../lookup.ts'
import { isSealed, parseSigningOptions } from '../config/signing-options.ts'
import type { SealedOptions, SigningOptions } from '../config/signing-options.ts'
import { cookieAttributes, settleCookie } from '../cookie/attributes.ts'
import { cookieHeader, readCookies } from '../cookie/read.ts'
import { addVary, besideAnother, hasOtherCookie, SessionCookie, withdrawCookie } from '../cookie/write.ts'
import { hmac } from '../crypto/digest.ts'
import type { DigestMethod } from '../crypto/digest.ts'
import { FST_SESSION_UNAVAILABLE } from '../errors.ts'
import { FlaskFormat } from '../formats/flask.ts'
import { describeAge, describeBadSignature, describeEnd, digestBySignature, looksSigned } from '../formats/refusal.ts'
import type { Refusal } from '../formats/refusal.ts'
import { SealedFormat } from '../formats/sealed.ts'
import { secureSessionSetup } from '../formats/secure-session.ts'
import type { SecureSessionSetup } from '../formats/secure-session.ts'
import type { RejectedToken, TokenFormat, VerifiedToken } from '../formats/token-format.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import type { KeyDerivation } from '../itsdangerous/signer.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import type { Dict } from '../json/dict.ts'
import { sessionJSONSerializer } from '../json/session-serializer.ts'
import { joinBook, noBook, splitBook } from '../session/book-keeping.ts'
import type { Split } from '../session/book-keeping.ts'
import type { SessionSerializer } from '../session/hand-out.ts'
import { withBook } from '../session/session-data.ts'
import type { LoadedSession, SessionData, SessionSource } from '../session/session-data.ts'
import { dataOf, noKey, SecureCookieSession } from '../session/session.ts'
import { ageOf, judge, judgeBook, noteBegin } from './lifetime.ts'
import { reportRejection } from './rejections.ts'
import type { RejectionFacts } from './rejections.ts'
import { SessionInterface } from './session-interface.ts'
import type { SessionApp, SessionRequest } from './session-interface.ts'
import { dumpSession, isLight, isTooLong, loadSession, overflowError } from './session-text.ts'
import { SessionTokens } from './session-tokens.ts'

/** Facts about the data that {@link SecureCookieSessionInterface.encode} writes. */
export interface EncodeOptions {
  /** The JSON text that the data was read from. */
  before?: string | undefined
  /** Whether the data is unchanged, so that {@link before} may be signed again. @defaultValue `false` */
  isUnchanged?: boolean
  /** What the session keeps for itself; it is written behind the data. */
  book?: BookKeeping
  /** Characters that fit into the cookie; longer values are compressed. @defaultValue as configured */
  room?: number
  /** Whether a value that does not fit is of no use. @defaultValue `false` */
  isLimit?: boolean
}

const encodeOptionNames = ['before', 'isUnchanged', 'book', 'room', 'isLimit']

/** Bytes of a Set-Cookie value that browsers accept; used when MAX_COOKIE_SIZE sets no limit. */
const browserCookieLimit = 4093

const wrongKeys = 'keys that the session keeps for itself are of a wrong type in a session cookie, and count as absent'

/** The default session interface. */
export class SecureCookieSessionInterface extends SessionInterface {
  /** Separates the signatures of sessions from other signatures with the same key. */
  salt: BytesLike | undefined
  keyDerivation: KeyDerivation
  /** The first signs, each verifies. */
  digestMethod: DigestMethod | readonly DigestMethod[]
  serializer: SessionSerializer
  /** Seconds. */
  clockTolerance: number
  /** Whether cookies are encrypted; see {@link SigningOptions.sealed}. */
  sealed: boolean | SealedOptions
  sessionClass: typeof SecureCookieSession = SecureCookieSession
  /** The number of verified cookies to remember, so that they are not verified again; 0 for none. */
  rememberedCookies = 1000

  readonly #secureSession: SecureSessionSetup | undefined
  readonly #tokens: SessionTokens
  /** Why {@link decode} refused the last cookie. A field, because overrides of `decode` return the session alone. */
  #refusal: Refusal | undefined

  constructor (options: SigningOptions = {}) {
    super()
    const given = parseSigningOptions(options)
    this.salt = given.salt
    this.keyDerivation = given.keyDerivation ?? 'hmac'
    this.digestMethod = given.digestMethod ?? 'sha512'
    this.serializer = given.serializer ?? sessionJSONSerializer
    this.clockTolerance = given.clockTolerance ?? 5
    this.sealed = given.sealed ?? false
    this.#secureSession = given.readSecureSession && secureSessionSetup(given.readSecureSession)
    this.#tokens = new SessionTokens(this, this.#secureSession)
  }

  /** The serializers whose tokens are accepted: the signing one, and that of {@link SealedOptions.readSigned}. */
  acceptedSerializers (app: SessionApp): URLSafeTimedSerializer[] {
    return [this.getSigningSerializer(app), this.#tokens.readSigned(app)].filter((each) => each !== undefined)
  }

  /** Identifies each key of {@link SigningOptions.readSecureSession} without revealing it. */
  secureSessionKeyIds (): string[] {
    return this.#secureSession?.keys.map((key) => hmac('sha512', key, 'id').toString('base64')) ?? []
  }

  override openSession (app: SessionApp, request: SessionRequest): SecureCookieSession | null {
    if (this.getSigningSerializer(app) === undefined) return null
    return new this.sessionClass(undefined, { serializer: this.serializer, load: () => this.load(app, request) })
  }

  /** Without a Cookie header there is nothing to refresh. */
  override mayNeedRefresh (_app: SessionApp, request: SessionRequest): boolean {
    return cookieHeader(request) !== undefined
  }

  override saveSession (app: SessionApp, session: SecureCookieSession, reply: FastifyReply): void {
    const { request } = reply
    const data = dataOf(session) as SessionData
    if (data.accessed) addVary(reply)

    // An empty session needs no cookie; one that was emptied loses its cookie.
    if (data.hasChanged && data.isEmpty) {
      data.beginAnew()
      return this.deleteCookie(app, session, reply)
    }
    // Checked before `isEmpty`, which loads the session and so verifies the cookie.
    if (!this.shouldSetCookie(app, session, request) || data.isEmpty) return

    this.noteBook(app, data)
    const cookie = this.sessionCookie(app, session, request, this.getExpirationTime(app, session, request))
    const { modified, hasChanged, loaded, book } = data
    const hasOther = hasOtherCookie(reply, cookie.name)
    // An unchanged session must not replace a cookie of its name in the reply: a logout, or another login. That may
    // have come after an earlier save.
    if (hasOther && !hasChanged) return withdrawCookie(reply, cookie.name)
    if (hasOther) app.warnOnce('another cookie', besideAnother(request))

    const limit = app.config.MAX_COOKIE_SIZE
    const room = (limit || browserCookieLimit) - cookie.length
    // An override of `decode` may have replaced the data, and `noteBook` may have added to the book.
    const isUnchanged = !modified && isStock(this.serializer) && loaded?.data === loaded?.parsed &&
      loaded?.book === book
    const token = this.encode(app, data.detached(), {
      before: loaded?.json, isUnchanged, book, room, isLimit: limit > 0
    })

    if (limit > 0 && cookie.lengthWith(token) > limit) {
      const error = overflowError(this.serializer, data.peek(), cookie.lengthWith(token), `${limit}, MAX_COOKIE_SIZE`)
      if (hasChanged) throw error
      // Nothing changed: the client keeps its current cookie.
      request.log.warn(error, 'the session cookie could not be refreshed')
      return
    }
    cookie.send(reply, token, loaded?.rivals !== undefined)
  }

  override createSession (app: SessionApp, data: Readonly<Dict>): SecureCookieSession {
    return new this.sessionClass(data, this.#sourceOf(app))
  }

  /** @throws as {@link encode} does */
  override encodeSession (app: SessionApp, session: SecureCookieSession): string {
    const data = dataOf(session) as SessionData
    this.noteBook(app, data)
    return this.encode(app, data.detached(), { before: data.loaded?.json, book: data.book })
  }

  override decodeSession (
    app: SessionApp, cookie: string | undefined, log: SessionRequest['log']
  ): SecureCookieSession | null {
    const loaded = cookie === undefined ? undefined : this.decode(app, cookie, log)
    return loaded === undefined ? null : new this.sessionClass(undefined, this.#sourceOf(app, loaded))
  }

  /**
   * Data as the value of a session cookie.
   *
   * @throws `FST_SESSION_UNAVAILABLE` without a secret key; `FST_SESSION_UNSERIALIZABLE` and
   * `FST_SESSION_COOKIE_OVERFLOW` as saving does.
   */
  encode (app: SessionApp, data: Dict, options: EncodeOptions = {}): string {
    const given: EncodeOptions = pick(options, encodeOptionNames)
    const { before, isUnchanged = false, book = noBook, room = this.#room(app), isLimit = false } = given
    const format = this.#formatOf(app)
    if (format === undefined) throw new FST_SESSION_UNAVAILABLE(noKey)
    if (isUnchanged && before !== undefined && !isTooLong(before)) {
      const token = format.encode(before)
      if (token.length <= room) return token
    }
    return format.encode(dumpSession(this.serializer, joinBook(data, book), before), room, isLimit)
  }

  /**
   * The data in the value of a session cookie.
   *
   * @returns `undefined` for a cookie that is refused, which is logged
   */
  decode (app: SessionApp, cookie: string, log: SessionRequest['log']): LoadedSession | undefined {
    const token = this.#formatOf(app)?.decode(cookie)
    if (token === undefined) return undefined
    if (token.signedAt === undefined) return this.#refuseSignature(app, token, cookie, log)

    const age = ageOf(token.signedAt)
    const maxAge = token.maxAge ?? app.config.PERMANENT_SESSION_LIFETIME
    if (judge(age, { maxAge, clockTolerance: this.clockTolerance }) !== 'alive') {
      return this.#refuse(log, describeAge(age, this.clockTolerance))
    }
    const loaded = token.ok ? this.#read(token, log) : this.#refuseUnreadable(log)
    if (loaded === undefined) return undefined
    if (token.key > 0) loaded.hasOldKey = true
    const { book = noBook } = loaded
    const verdict = judgeBook(token.signedAt, book, app.config)
    if (verdict === 'alive') return loaded
    const begin = verdict === 'expired-absolute' ? book.created : undefined
    return this.#refuse(log, describeEnd(verdict, ageOf(begin ?? token.signedAt)))
  }

  /** Notes in the book of a session what a setting needs, before the session is written. */
  noteBook (app: SessionApp, data: SessionData): void {
    noteBegin(data, app.config)
  }

  /**
   * Signs and verifies the cookies; `undefined` without a secret key.
   *
   * Returns the same object as long as the configuration stays the same, because the cookies that it verified are
   * remembered with it. An override that must see every cookie sets {@link rememberedCookies} to 0.
   */
  getSigningSerializer (app: SessionApp): URLSafeTimedSerializer | undefined {
    return this.#tokens.signing(app)
  }

  /**
   * Writes and reads the tokens of {@link getSigningSerializer}. Called once for each object that it returns.
   *
   * An override may take only the keys from it, as those in `peers/` do.
   */
  makeFormat (signing: URLSafeTimedSerializer): TokenFormat {
    return isSealed(this.sealed) ? new SealedFormat(signing) : new FlaskFormat(signing)
  }

  /**
   * Loads the cookie that was signed last; of those signed in the same second, the first.
   *
   * @param report - is called at the end with what is worth reporting
   */
  protected load (app: SessionApp, request: SessionRequest, report = reportRejection): LoadedSession | undefined {
    let newest: LoadedSession | undefined
    let rejection: RejectionFacts | undefined
    let count = 0
    let { log } = request
    const name = this.getCookieName(app, request)
    for (const cookie of readCookies(cookieHeader(request), name, this.#tokens.hashesOf(app))) {
      if (cookie === '') continue
      // One line about a refused cookie is enough for a request.
      if (++count === 2) log = withoutDebug(log)
      this.#refusal = undefined
      const loaded = withBook(this.decode(app, cookie, log))
      if (loaded === undefined) rejection ??= rejectionFor(this.#refusal)
      else if (newest === undefined) newest = loaded
      else newest = newestOf(newest, loaded)
    }
    if (newest !== undefined) {
      const code = newest.hasOldKey === true ? 'old-key' : 'second-cookie'
      rejection = newest.hasOldKey === true || count > 1 ? { code, accepted: true } : undefined
    }
    if (rejection !== undefined) report(app, request, rejection)
    return newest
  }

  /** Warns when only the digest is wrong, as in cookies of stock Flask. A forger cannot cause the warning. */
  #refuseSignature (app: SessionApp, token: RejectedToken, cookie: string, log: SessionRequest['log']): undefined {
    const digests = this.#tokens.digests.map(({ name }) => name)
    const digest = digestBySignature(cookie)
    const isOther = digest !== undefined && !digests.includes(digest)
    const seals = isSealed(this.sealed) && !(this.#tokens.readsSigned && looksSigned(cookie))
    const refusal = describeBadSignature(token.code, cookie, digests, seals)
    if (token.isMalformed !== undefined) refusal.reason = token.isMalformed ? 'malformed' : 'bad-signature'
    if (isOther && this.#tokens.withDigest(app, digest, seals)?.verify(cookie).ok === true) {
      refusal.reason = 'other-digest'
      app.warnOnce(`digest ${digest}`, 'a cookie was refused that is signed with the right key, but with another ' +
        `digest: set the option digestMethod to '${digest}', or to a list that contains it`)
    }
    return this.#refuse(log, refusal)
  }

  #refuse (log: SessionRequest['log'], refusal: Refusal): undefined {
    this.#refusal = refusal
    log.debug(refusal, 'session cookie refused')
  }

  #refuseUnreadable (log: SessionRequest['log']): undefined {
    this.#refusal = { reason: 'unreadable', code: 'ERR_TOKEN_BAD_PAYLOAD' }
    log.warn(this.#refusal, 'session cookie with a valid signature is unreadable')
  }

  #read (token: VerifiedToken, log: SessionRequest['log']): LoadedSession | undefined {
    const { json, signedAt, needsRewrite, memo, spelling } = token
    // Each key is there, so that none is read from Object.prototype.
    const facts = { json, signedAt, needsRewrite, spelling, sid: undefined, hasOldKey: undefined, rivals: undefined }
    if (memo?.data !== undefined) {
      return { data: memo.data, book: memo.book, parsed: memo.data, isShared: true, ...facts }
    }
    let split: Split
    try {
      split = splitBook(loadSession(this.serializer, json))
    } catch {
      return this.#refuseUnreadable(log)
    }
    const { data, book, wrong } = split
    if (wrong.length > 0) log.debug({ keys: wrong }, wrongKeys)
    // Only data made by Flask's tags alone can be copied for each request.
    const isShared = memo !== undefined && isStock(this.serializer) && isLight(json)
    if (isShared) Object.assign(memo, { data, book })
    return { data, book, parsed: data, isShared, ...facts }
  }

  /** The greatest age of a cookie that is accepted, in seconds. */
  protected longestAge ({ PERMANENT_SESSION_LIFETIME: lifetime }: SessionConfig): number {
    return Math.max(lifetime, this.#secureSession?.expiry ?? 0)
  }

  /** Deletes the cookie of the session. @param hasRivals - whether to delete older cookies of the name, too */
  protected deleteCookie (
    app: SessionApp, session: SecureCookieSession, reply: FastifyReply,
    hasRivals = dataOf(session)?.loaded?.rivals !== undefined
  ): void {
    this.sessionCookie(app, session, reply.request).delete(reply, hasRivals)
  }

  /** What a session outside of any request is loaded from. */
  #sourceOf ({ config }: SessionApp, loaded?: LoadedSession): SessionSource {
    return { serializer: this.serializer, load: () => loaded, longestLifetime: config.PERMANENT_SESSION_LIFETIME }
  }

  #formatOf (app: SessionApp): TokenFormat | undefined {
    const signing = this.getSigningSerializer(app)
    return signing && this.#tokens.format(app, signing)
  }

  /** Characters of a token that fits into a cookie with the configured attributes and Expires. */
  #room (app: SessionApp): number {
    const settings = this.cookieSettings(app)
    const attributes = { ...cookieAttributes(settleCookie(settings), true), expires: new Date(0) }
    const cookie = new SessionCookie(app.fastify, settings.name, attributes)
    return (app.config.MAX_COOKIE_SIZE || browserCookieLimit) - cookie.length
  }
}

/** Its methods are those of the logger itself, which may be of a class with private fields. */
function withoutDebug (log: SessionRequest['log']): SessionRequest['log'] {
  const bound = (value: unknown): unknown => typeof value === 'function' ? value.bind(log) as unknown : value
  return new Proxy(log, { get: (_log, name) => name === 'debug' ? () => {} : bound(Reflect.get(log, name)) })
}

/** The session that was signed later, beside its rivals. */
function newestOf (newest: LoadedSession, other: LoadedSession): LoadedSession {
  const isLater = (other.signedAt ?? 0) > (newest.signedAt ?? 0)
  const [kept, rival] = isLater ? [other, newest] : [newest, other]
  return { ...kept, rivals: [...(newest.rivals ?? []), rival] }
}

function isStock (serializer: SessionSerializer): boolean {
  return lookup(serializer, 'isStock') === true
}

/** An override of `decode` may refuse a cookie without a reason. */
function rejectionFor (refusal: Refusal | undefined): RejectionFacts {
  if (refusal === undefined) return { code: 'unreadable' }
  return { code: refusal.reason, ...(Object.hasOwn(refusal, 'age') && { age: refusal.age as number }) }
}
