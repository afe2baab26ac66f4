/**
 * Session data as the value of a cookie, and back.
 *
 * @module
 */

import { FST_SESSION_COOKIE_OVERFLOW, FST_SESSION_UNSERIALIZABLE } from '../errors.ts'
import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { BadPayload } from '../itsdangerous/errors.ts'
import { maxPayloadLength } from '../itsdangerous/url-safe.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import type { Dict } from '../json/dict.ts'
import { OversizedError, shorten, UnserializableError } from '../json/tagged-json-serializer.ts'
import { CookieMemo } from './cookie-memo.ts'
import type { RememberedCookie } from './cookie-memo.ts'
import { largestKeys } from './largest-keys.ts'
import { describeRefusal } from './refusal.ts'
import type { SecureSessionCookies } from './secure-session-cookies.ts'
import type { SessionRequest } from './session-interface.ts'
import type { OpenedSession } from './tracked-data.ts'

type Log = SessionRequest['log']

/** What a codec needs besides the keys in its signing serializer. */
export interface CookieCodecOptions {
  /** Signs and verifies the text. */
  signing: URLSafeTimedSerializer
  /** Turns the data into text and back. */
  serializer: DataSerializer
  /** Seconds that a cookie may come from the future. */
  clockTolerance: number
  /** How many verified cookies are remembered. */
  rememberedCookies: number
  /** Names of the digests that are accepted, for the log. */
  digests: readonly string[]
  /** Opens cookies of @fastify/secure-session, if such are to be read. */
  secureSession: SecureSessionCookies | undefined
}

/** The signing serializer signs text that is JSON already, and gives such text back. */
const asText: DataSerializer = { dumps: String, loads: (text) => text }

/** Makes cookie values of data, and data of cookie values whose signature is right. One for each set of keys. */
export class CookieCodec {
  readonly signing: URLSafeTimedSerializer
  readonly #options: CookieCodecOptions
  readonly #memo: CookieMemo

  constructor (options: CookieCodecOptions) {
    this.signing = options.signing
    this.#options = options
    this.#memo = new CookieMemo(options.rememberedCookies, options.signing.signerOptions.sep)
  }

  /** @throws `FST_SESSION_UNSERIALIZABLE` and `FST_SESSION_COOKIE_OVERFLOW` for what could not be read again. */
  encode (data: Dict): string {
    return this.#sign(this.#dumps(data))
  }

  /** The JSON text of data as the value of a cookie; `undefined` when it is so long that it would be compressed, or not be read. */
  signIfShort (text: string): string | undefined {
    return Buffer.byteLength(text) < Math.min(this.signing.compressFrom, maxPayloadLength) ? this.#sign(text) : undefined
  }

  /**
   * What a cookie holds; `undefined` when it is refused, which is no error but an empty session.
   *
   * @param maxAge - in seconds
   */
  decode (cookie: string, maxAge: number, log: Log): OpenedSession | undefined {
    const known = this.#memo.get(cookie)
    if (known !== undefined && this.#isInTime(known, maxAge)) return this.#share(known, log)
    try {
      const theirs = this.#options.secureSession?.open(cookie)
      if (theirs !== undefined) return theirs
    } catch {
      return unreadable(log)
    }
    const text = this.#verify(cookie, maxAge, log)
    return text === undefined ? undefined : this.#load(cookie, text, log)
  }

  /** Whether an untouched session in this cookie may have to be refreshed. */
  mayBePermanent (cookie: string): boolean {
    return this.#memo.mayBePermanent(cookie)
  }

  /** The error for data that does not fit, with its largest keys. */
  overflow (size: number | string, limit: string, data: Dict): Error {
    const sizes = largestKeys(data).map((key) => ({ key: shorten(key), size: this.#sizeOf({ [key]: data[key] }) }))
    const names = sizes.sort((a, b) => b.size - a.size).map(({ key, size }) => size === Infinity ? key : `${key} (${size})`)
    return new FST_SESSION_COOKIE_OVERFLOW(size, limit, names.join(', '))
  }

  #sign (text: string): string {
    const cookie = this.signing.dumps(text, { serializer: asText })
    // A client sends back what it was given.
    this.#memo.add(cookie, text)
    return cookie
  }

  /** The same limits as for reading, so that what is written can always be read. */
  #dumps (data: Dict): string {
    let text: string
    try {
      // In JavaScript a serializer may give bytes.
      text = String(this.#options.serializer.dumps(data))
    } catch (cause) {
      if (cause instanceof OversizedError) throw this.overflow(`more than ${maxPayloadLength}`, `${maxPayloadLength} of JSON`, data)
      const error = new FST_SESSION_UNSERIALIZABLE(cause instanceof UnserializableError ? cause.message : 'its serializer threw an error')
      error.cause = cause
      throw error
    }
    if (isTooLong(text)) throw this.overflow(Buffer.byteLength(text), `${maxPayloadLength} of JSON`, data)
    return text
  }

  /** Bytes of JSON; infinitely many where they cannot be written. */
  #sizeOf (data: Dict): number {
    try {
      return Buffer.byteLength(this.#options.serializer.dumps(data))
    } catch {
      return Infinity
    }
  }

  #isInTime (known: RememberedCookie, maxAge: number): boolean {
    const age = Math.floor(Date.now() / 1000) - this.#memo.timestampOf(known)
    return age <= maxAge && age >= -this.#options.clockTolerance
  }

  #share (known: RememberedCookie, log: Log): OpenedSession | undefined {
    const { text } = known
    if (known.data === undefined) {
      let data: Dict
      try {
        data = this.#parse(text)
      } catch {
        return unreadable(log)
      }
      if (!isLight(text)) return { data, text, isShared: false }
      known.data = data
    }
    return { data: known.data, text, isShared: true }
  }

  /** The JSON text in a cookie whose signature is right and not too old. */
  #verify (cookie: string, maxAge: number, log: Log): string | undefined {
    const { refusal, value } = this.signing.examine(cookie, { maxAge, clockTolerance: this.#options.clockTolerance })
    if (refusal !== undefined) {
      log.debug(describeRefusal(refusal, cookie, this.#options.digests), 'session cookie refused')
      return undefined
    }
    try {
      return this.signing.loadPayload(value as string, asText) as string
    } catch {
      return unreadable(log)
    }
  }

  #load (cookie: string, text: string, log: Log): OpenedSession | undefined {
    try {
      const data = this.#parse(text)
      this.#memo.addSeen(cookie, text)
      return { data, text, isShared: false }
    } catch {
      return unreadable(log)
    }
  }

  #parse (text: string): Dict {
    if (isTooLong(text)) throw new BadPayload('The payload is too long')
    const data = this.#options.serializer.loads(text)
    if (!isPlainObject(data)) throw new BadPayload('The payload is not an object')
    return data
  }
}

/** To count the bytes takes time; a UTF-16 unit is at most three. */
function isTooLong (text: string): boolean {
  return text.length * 3 > maxPayloadLength && Buffer.byteLength(text) > maxPayloadLength
}

function unreadable (log: Log): undefined {
  log.warn({ code: 'ERR_TOKEN_BAD_PAYLOAD' }, 'session cookie with a valid signature is unreadable')
}

/** Characters of the longest text whose data is remembered beside it: all that fits into a cookie as it is. */
const longestLight = 4096
/** Lists and dicts that remembered data may have: one takes some 400 bytes, however short its text. */
const mostContainers = 64

function isLight (text: string): boolean {
  if (text.length > longestLight) return false
  let containers = 0
  for (const char of text) if (char === '[' || char === '{') containers++
  return containers <= mostContainers
}

function isPlainObject (value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
