/**
 * Normalizes the three shapes of the plugin's options, and checks them.
 *
 * @module
 */

import { types } from 'node:util'
import type { ConfigOptions } from '../types/config.ts'
import type { OnReject } from '../types/session.ts'
import { describeOption, isBytes, typeName } from './config/checks.ts'
import { lookup, pick } from './lookup.ts'
import { attributeKeys, cookieOption, keys, settings, writtenSettings } from './config/settings.ts'
import { isSealed, parseSigningOptions, signingOptionNames } from './config/signing-options.ts'
import type { SigningOptions } from './config/signing-options.ts'
import { FST_SESSION_INVALID_CONFIG } from './errors.ts'
import { SecureCookieSessionInterface } from './interfaces/cookie-sessions.ts'
import { RevocableSessionInterface } from './revocation/revocable-sessions.ts'
import { ServerSideSessionInterface } from './server-sessions/server-sessions.ts'
import { SessionInterface } from './interfaces/session-interface.ts'
import { storeOptionNames } from './server-sessions/store-options.ts'
import type { ServerSideOptions, StoreOptions } from './server-sessions/store-options.ts'
import type { RevocationOptions } from './revocation/options.ts'

/** Options of one session. Those for Flask's keys override the config. */
export interface SessionOptions extends ConfigOptions, SigningOptions, StoreOptions {
  /** The session is `request[sessionName]`. @defaultValue `'session'` */
  sessionName?: string | undefined
  /** The decorator of the instance that holds Flask's keys. @defaultValue `'config'` */
  confKey?: string | undefined
  /** Lets sessions in cookies be ended early: on logout, and by `fastify.endSessions`. @defaultValue none */
  revocation?: RevocationOptions | undefined
  /** Opens and saves the sessions in place of the default interface. */
  sessionInterface?: SessionInterface | undefined
  /** Called with the reason why a session cookie was rejected. @defaultValue none */
  onReject?: OnReject | undefined
}

/** Options of the plugin. Unknown keys are ignored, because fastify-cli and autoload add their own. */
export interface SecureSessionOptions extends SessionOptions {
  /**
   * Several sessions side by side. Each inherits the options that it leaves out; an inherited `salt` gets the name of
   * the session as a suffix.
   */
  sessions?: readonly SessionOptions[] | undefined
  /**
   * Plugin names to also register, for `hasPlugin` and `dependencies` checks. `'@fastify/secure-session'` also adds
   * `createSecureSession`, `encodeSecureSession` and `decodeSecureSession`.
   *
   * @defaultValue none
   */
  compat?: readonly CompatibleName[] | undefined
}

/** Plugins whose name and helpers ours can take over. */
export type CompatibleName = '@fastify/secure-session' | '@fastify/session'

/** The names of the options of one session. */
export const sessionOptionNames: readonly string[] = [
  'sessionName', 'confKey', 'sessionInterface', 'revocation', 'onReject', 'cookie',
  ...signingOptionNames, ...storeOptionNames,
  ...keys,
  ...keys.flatMap((key) => settings[key].option ?? []).filter((name) => !name.includes('.'))
]

/** The options of the plugin in one shape. */
export interface NormalizedOptions {
  /** Without the unknown ones, and without a prototype. */
  sessions: readonly SessionOptions[]
  compat: readonly CompatibleName[]
}

/**
 * Normalizes the three shapes: the options of a single session, options with `sessions`, and a list of options.
 *
 * @throws `FST_SESSION_INVALID_CONFIG` when the shape is wrong.
 */
export function normalizeOptions (options: SecureSessionOptions | readonly SessionOptions[]): NormalizedOptions {
  if (Array.isArray(options)) return { sessions: optionsInList(options), compat: [] }
  const { sessions, compat = [] } = pick(options, ['sessions', 'compat'])
  if (!Array.isArray(compat)) throw new FST_SESSION_INVALID_CONFIG('compat', 'a list of names', describeOption(compat))
  const common = sessionOptions(options)
  if (sessions === undefined) return { sessions: [common], compat }
  const list = optionsInList(sessions)
  if (list.length > 1 && common.readSecureSession !== undefined) {
    const expects = 'an option of one of the sessions, since the cookies that it reads do not say whose they are'
    throw new FST_SESSION_INVALID_CONFIG('readSecureSession', expects, 'an option of all')
  }
  return { sessions: list.map((own) => withCommon(common, own)), compat }
}

function optionsInList (list: unknown): SessionOptions[] {
  if (!Array.isArray(list)) throw new FST_SESSION_INVALID_CONFIG('sessions', 'a list of options', describeOption(list))
  if (list.length === 0) throw new FST_SESSION_INVALID_CONFIG('sessions', 'a list of options', 'an empty list')
  return list.map((each: unknown) => {
    if (typeof each === 'object' && each !== null) return sessionOptions(each)
    throw new FST_SESSION_INVALID_CONFIG('each of the sessions', 'an object of options', describeOption(each))
  })
}

function sessionOptions (given: object): SessionOptions {
  const options: SessionOptions = pick(given, sessionOptionNames)
  if (lookup(given, 'cookie') !== undefined) options.cookie = pick(cookieOption(given), attributeKeys.keys())
  return options
}

/**
 * The options of one of several sessions: its own, and the common ones that it leaves out. The common salt gets the
 * name of the session as a suffix, as the default salt does: values must not move between the cookies of one app.
 */
function withCommon (common: SessionOptions, own: SessionOptions): SessionOptions {
  const options = Object.assign(Object.create(null), common, own) as SessionOptions
  const cookie = Object.assign(Object.create(null), common.cookie, own.cookie) as Record<string, unknown>
  options.cookie = cookie
  // Flask's key in the options of a session also overrides a common setting under the name of the option.
  for (const [key, { name }] of writtenSettings(own)) {
    const { option = '' } = settings[key]
    if (name !== key) continue
    if (option.startsWith('cookie.')) delete cookie[option.slice('cookie.'.length)]
    else Reflect.deleteProperty(options, option)
  }
  if (own.salt === undefined) options.salt = saltOf(options)
  return options
}

function saltOf ({ salt, sessionName = 'session' }: SessionOptions): SessionOptions['salt'] {
  if (sessionName === 'session' || isEmptySalt(salt)) return salt
  return typeof salt === 'string' ? `${salt}.${sessionName}` : Buffer.concat([salt, Buffer.from(`.${sessionName}`)])
}

/** Also true for values that are not a salt, which the check of the signing options reports. */
function isEmptySalt (salt: unknown): salt is undefined | '' {
  return !(typeof salt === 'string' || isBytes(salt)) || salt.length === 0
}

/** Checks an option that must be text. */
export function textOption (name: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback
  if (typeof value === 'string' && value !== '') return value
  throw new FST_SESSION_INVALID_CONFIG(name, 'a non-empty string', describeOption(value))
}

/** Checks an option that must be a function. */
export function functionOption<T extends Function> (name: string, value: T | undefined): T | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw new FST_SESSION_INVALID_CONFIG(name, 'a function', describeOption(value))
}

/** The methods of a session interface whose promise nobody would wait for: a promise counts as true, or as text. */
const synchronous: ReadonlyArray<keyof SecureCookieSessionInterface> = [
  'shouldSetCookie', 'mayNeedRefresh', 'getExpirationTime', 'makeNullSession', 'isNullSession', 'cookieSettings',
  'getCookieName', 'getCookieDomain', 'getCookiePath', 'getCookieHttpOnly', 'getCookieSecure', 'getCookieSameSite',
  'getCookiePartitioned', 'createSession', 'encode', 'decode', 'noteBook', 'getSigningSerializer', 'makeFormat'
]

/** The given interface, or the default one with the signing options. */
export function interfaceOf (options: SessionOptions, sessionName: string): SessionInterface {
  const { sessionInterface, revocation, store } = options
  const isInStore = store !== undefined && store !== null
  if (revocation !== undefined && (isInStore || sessionInterface !== undefined)) {
    const expects = isInStore
      ? 'left out beside store, whose sessions end without it'
      : 'left out beside sessionInterface, whose sessions it cannot end'
    throw new FST_SESSION_INVALID_CONFIG('revocation', expects, describeOption(revocation))
  }
  if (sessionInterface === undefined) {
    if (isInStore) {
      if (isSealed(options.sealed)) {
        const expects = 'false for a session in a store, whose cookie holds an id alone'
        throw new FST_SESSION_INVALID_CONFIG('sealed', expects, 'true')
      }
      const { serializer } = parseSigningOptions(options)
      return new ServerSideSessionInterface({ ...options, serializer } as ServerSideOptions)
    }
    if (revocation === undefined) return new SecureCookieSessionInterface(options)
    return new RevocableSessionInterface(options, sessionName)
  }
  if (!(sessionInterface instanceof SessionInterface)) {
    // This copy of the package cannot track sessions of another copy.
    const expects = 'an instance of the SessionInterface of this copy of the package (import and require load one each)'
    throw new FST_SESSION_INVALID_CONFIG('sessionInterface', expects, typeName(sessionInterface))
  }
  for (const name of synchronous) {
    if (!types.isAsyncFunction(Reflect.get(sessionInterface, name))) continue
    throw new FST_SESSION_INVALID_CONFIG(`sessionInterface.${name}`, 'a synchronous method', 'an async one')
  }
  for (const name of [...signingOptionNames, ...storeOptionNames]) {
    if (options[name] !== undefined) {
      throw new FST_SESSION_INVALID_CONFIG(name, 'a property of the sessionInterface', 'a plugin option')
    }
  }
  // A subclass may have set fields after the constructor of its parent checked them.
  if (sessionInterface instanceof SecureCookieSessionInterface) {
    parseSigningOptions(sessionInterface, 'sessionInterface.')
  }
  return sessionInterface
}
