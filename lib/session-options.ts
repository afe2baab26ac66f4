/**
 * The options of a session: what they are, and whether they are right.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { cookieOption, typeName } from './config.ts'
import type { ConfigOptions } from './config.ts'
import { FST_SESSION_INVALID_CONFIG } from './errors.ts'
import { digestNames, resolveDigest } from './itsdangerous/digest.ts'
import type { DigestMethod } from './itsdangerous/digest.ts'
import { SecureCookieSessionInterface } from './sessions/secure-cookie-session-interface.ts'
import type { SigningOptions } from './sessions/secure-cookie-session-interface.ts'
import { SessionInterface } from './sessions/session-interface.ts'

/** Options of one session. Those that stand for Flask's keys go before the config. */
export interface SessionOptions extends ConfigOptions, SigningOptions {
  /** The session is `request[sessionName]`. @defaultValue `'session'` */
  sessionName?: string | undefined
  /** The decorator of the instance that holds Flask's keys. @defaultValue `'config'` */
  confKey?: string | undefined
  /** Opens and saves the sessions instead of the default one; how it signs is its own business then. */
  sessionInterface?: SessionInterface | undefined
}

/** Options of @fastify/secure-session, @fastify/session and @fastify/cookie, and what says the same here. */
const foreignOptions: ReadonlyArray<readonly [group: 'options' | 'cookie', name: string, ours: string]> = [
  ['options', 'key', 'secretKey (and readSecureSession.key)'],
  ['options', 'secret', 'secretKey'],
  ['options', 'expiry', 'permanentSessionLifetime (and readSecureSession.expiry)'],
  ['options', 'cookieOptions', 'cookie'],
  ['options', 'store', 'nothing: the data is in the cookie'],
  ['cookie', 'maxAge', 'permanentSessionLifetime, in seconds, with session.permanent = true'],
  ['cookie', 'expires', 'permanentSessionLifetime, with session.permanent = true'],
  ['cookie', 'signed', 'nothing: the cookie is signed']
]

/** Who moves here should not lose a setting without a word. */
export function warnOfForeignOptions (fastify: FastifyInstance, options: SessionOptions): void {
  for (const [group, name, ours] of foreignOptions) {
    const given = (group === 'cookie' ? options.cookie : options) as Record<string, unknown> | undefined
    if (given?.[name] !== undefined) fastify.log.warn(`the session plugin has no option ${group === 'cookie' ? 'cookie.' : ''}${name}: instead of it there is ${ours}`)
  }
}

/**
 * The options of one of several sessions, which takes what it does not say from those around it. The salt gets the session's
 * name behind it, as the default one does: values must not move between the cookies of one application.
 */
export function withCommon (common: SessionOptions, own: SessionOptions): SessionOptions {
  const options: SessionOptions = { ...common, ...defined(own), cookie: { ...cookieOption(common), ...defined(cookieOption(own) ?? {}) } }
  if (own.salt === undefined) options.salt = saltOf(options)
  return options
}

function saltOf ({ salt, sessionName = 'session' }: SessionOptions): SessionOptions['salt'] {
  if (sessionName === 'session' || isEmptySalt(salt)) return salt
  return typeof salt === 'string' ? `${salt}.${sessionName}` : Buffer.concat([salt, Buffer.from(`.${sessionName}`)])
}

/** Or what is no salt at all. */
function isEmptySalt (salt: SessionOptions['salt']): salt is undefined | '' {
  return !(typeof salt === 'string' || salt instanceof Uint8Array) || salt.length === 0
}

/** Without what is `undefined`, which stands for nothing. */
function defined <T extends object> (options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** A name among the options. */
export function textOption (name: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback
  if (typeof value !== 'string' || value === '') throw new FST_SESSION_INVALID_CONFIG(name, 'a non-empty string', typeName(value))
  return value
}

/** What opens and saves the sessions: the one that is given, or the default one with the options of signing. */
export function interfaceOf (options: SessionOptions): SessionInterface {
  const { sessionInterface } = options
  if (sessionInterface === undefined) {
    checkSigningOptions(options)
    return new SecureCookieSessionInterface(options)
  }
  if (!(sessionInterface instanceof SessionInterface)) {
    // The sessions of another copy of the package have nothing that this one could track.
    const expects = 'an instance of the SessionInterface of this copy of the package (import and require load one each)'
    throw new FST_SESSION_INVALID_CONFIG('sessionInterface', expects, typeName(sessionInterface))
  }
  for (const name of ['salt', 'keyDerivation', 'digestMethod', 'serializer', 'clockTolerance', 'readSecureSession'] as const) {
    if (options[name] !== undefined) throw new FST_SESSION_INVALID_CONFIG(name, 'a property of the sessionInterface', 'a plugin option')
  }
  return sessionInterface
}

function checkSigningOptions ({ salt, keyDerivation, digestMethod, serializer, clockTolerance, readSecureSession }: SigningOptions): void {
  const demand = (isMet: boolean, name: string, expects: string, value: unknown): void => {
    if (!isMet) throw new FST_SESSION_INVALID_CONFIG(name, expects, typeName(value))
  }
  const isOneOf = (words: readonly unknown[], value: unknown): boolean => value === undefined || words.includes(value)
  const isSalt = salt === undefined || ((typeof salt === 'string' || salt instanceof Uint8Array) && salt.length > 0)
  demand(isSalt, 'salt', 'a non-empty string or bytes', salt)
  demand(isOneOf(['concat', 'django-concat', 'hmac', 'none'], keyDerivation), 'keyDerivation', "'hmac', 'django-concat', 'concat' or 'none'", keyDerivation)
  demand(areDigests(digestMethod), 'digestMethod', `${digestNames}, or a list of them`, digestMethod)
  const isSerializer = serializer === undefined || (typeof serializer?.dumps === 'function' && typeof serializer.loads === 'function')
  demand(isSerializer, 'serializer', 'an object with dumps and loads', serializer)
  const isTolerance = clockTolerance === undefined || (Number.isFinite(clockTolerance) && clockTolerance >= 0)
  demand(isTolerance, 'clockTolerance', 'a number of seconds, 0 or more', clockTolerance)
  const { key } = readSecureSession ?? { key: '' }
  const isKey = typeof key === 'string' || key instanceof Uint8Array || Array.isArray(key)
  demand(isKey, 'readSecureSession', 'an object with a key and, if need be, expiry', readSecureSession)
}

function areDigests (methods: SigningOptions['digestMethod']): boolean {
  if (methods === undefined) return true
  const list = [methods].flat()
  try {
    for (const method of list) resolveDigest(method as DigestMethod)
    return list.length > 0
  } catch {
    return false
  }
}
