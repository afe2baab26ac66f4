/**
 * Flask's configuration keys: their defaults, their checks, and how they are read anew for each request.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/config/}
 */

import { domainToASCII } from 'node:url'
import type { FlaskConfig, KeyLike, SameSite, SessionConfig } from '../types/config.ts'
import type { SessionCookieOptions } from '../types/session.ts'
import { FST_SESSION_INVALID_CONFIG } from './errors.ts'

/** The plugin options that stand for Flask's keys; each goes before the config. */
export interface ConfigOptions {
  /** `SECRET_KEY`: signs the cookie. Without it sessions are empty and read-only. */
  secretKey?: FlaskConfig['SECRET_KEY'] | undefined
  /** `SECRET_KEY_FALLBACKS`: old keys that still verify. @defaultValue `[]` */
  secretKeyFallbacks?: FlaskConfig['SECRET_KEY_FALLBACKS'] | undefined
  /** `SESSION_COOKIE_NAME` @defaultValue the `sessionName` */
  cookieName?: string | undefined
  /** `SESSION_COOKIE_*` */
  cookie?: CookieOptions | undefined
  /** `PERMANENT_SESSION_LIFETIME`, in seconds: the greatest age of any session cookie. @defaultValue `2678400` */
  permanentSessionLifetime?: number | undefined
  /** `SESSION_REFRESH_EACH_REQUEST`: send the cookie of a permanent session with every response. @defaultValue `true` */
  refreshEachRequest?: boolean | undefined
  /** `MAX_COOKIE_SIZE`, in bytes of the whole Set-Cookie value; 0 for no limit. @defaultValue `4093` */
  maxCookieSize?: number | undefined
}

/** `SESSION_COOKIE_*` as plugin options. */
export interface CookieOptions {
  /** `SESSION_COOKIE_DOMAIN`; `null`: this host only. @defaultValue `null` */
  domain?: string | null | undefined
  /** `SESSION_COOKIE_PATH`; `null`: `APPLICATION_ROOT`. @defaultValue `null` */
  path?: string | null | undefined
  /** `SESSION_COOKIE_HTTPONLY` @defaultValue `true` */
  httpOnly?: boolean | undefined
  /** `SESSION_COOKIE_SECURE`; `'auto'`: if the request came over HTTPS. @defaultValue `false` */
  secure?: boolean | 'auto' | undefined
  /** `SESSION_COOKIE_PARTITIONED`; forces Secure. @defaultValue `false` */
  partitioned?: boolean | undefined
  /** `SESSION_COOKIE_SAMESITE`; `null` leaves it out. @defaultValue `null` */
  sameSite?: string | null | undefined
}

type Key = keyof SessionConfig

interface Setting<T> {
  /** Where the plugin options have it. */
  option (options: ConfigOptions): unknown
  optionName: string | undefined
  fallback: T
  /** What the value must be, for messages. */
  expects: string
  /** The value as it is used; `undefined` when it is wrong. */
  check (value: unknown): T | undefined
  /** For @fastify/env. */
  schema: Record<string, unknown>
}

const aBoolean = 'a boolean'

const settings: { readonly [K in Key]: Setting<SessionConfig[K]> } = {
  SECRET_KEY: {
    option: (options) => options.secretKey,
    optionName: 'secretKey',
    fallback: null,
    expects: 'a string or bytes',
    check: (value) => value === null || value === '' ? null : asKey(value),
    schema: { type: 'string' }
  },
  SECRET_KEY_FALLBACKS: {
    option: (options) => options.secretKeyFallbacks,
    optionName: 'secretKeyFallbacks',
    fallback: [],
    expects: 'an array of non-empty strings or bytes',
    check: (value) => value === null ? [] : asKeys(value),
    schema: { type: 'string', separator: ',' }
  },
  SESSION_COOKIE_NAME: {
    option: (options) => options.cookieName,
    optionName: 'cookieName',
    fallback: 'session',
    expects: "a cookie name (letters, digits and !#$%&'*+-.^_`|~)",
    check: (value) => isString(value) && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value) ? value : undefined,
    // No default: it would go before that of a session of another name.
    schema: { type: 'string' }
  },
  SESSION_COOKIE_DOMAIN: {
    option: (options) => options.cookie?.domain,
    optionName: 'cookie.domain',
    fallback: null,
    expects: 'a domain name or null',
    check: (value) => value === null || value === '' ? null : asDomain(value),
    schema: { type: 'string' }
  },
  SESSION_COOKIE_PATH: {
    option: (options) => options.cookie?.path,
    optionName: 'cookie.path',
    fallback: null,
    expects: "a path that starts with '/', or null",
    check: (value) => value === null || value === '' ? null : asPath(value),
    schema: { type: 'string' }
  },
  SESSION_COOKIE_HTTPONLY: {
    option: (options) => options.cookie?.httpOnly,
    optionName: 'cookie.httpOnly',
    fallback: true,
    expects: aBoolean,
    check: asBoolean,
    schema: { type: 'boolean', default: true }
  },
  SESSION_COOKIE_SECURE: {
    option: (options) => options.cookie?.secure,
    optionName: 'cookie.secure',
    fallback: false,
    expects: `${aBoolean} or 'auto'`,
    check: (value) => value === 'auto' ? value : asBoolean(value),
    // A union would keep @fastify/env from turning the text 'true' into the boolean.
    schema: { type: 'boolean', default: false }
  },
  SESSION_COOKIE_PARTITIONED: {
    option: (options) => options.cookie?.partitioned,
    optionName: 'cookie.partitioned',
    fallback: false,
    expects: aBoolean,
    check: asBoolean,
    schema: { type: 'boolean', default: false }
  },
  SESSION_COOKIE_SAMESITE: {
    option: (options) => options.cookie?.sameSite,
    optionName: 'cookie.sameSite',
    fallback: null,
    expects: "'Strict', 'Lax', 'None' or null",
    check: (value) => value === null ? null : asSameSite(value),
    schema: { type: 'string' }
  },
  PERMANENT_SESSION_LIFETIME: {
    option: (options) => options.permanentSessionLifetime,
    optionName: 'permanentSessionLifetime',
    fallback: 2_678_400,
    expects: 'a whole number of seconds from 0 to 3155760000 (100 years)',
    check: (value) => isWholeNumber(value) && value <= 3_155_760_000 ? value : undefined,
    schema: { type: 'integer', default: 2_678_400 }
  },
  SESSION_REFRESH_EACH_REQUEST: {
    option: (options) => options.refreshEachRequest,
    optionName: 'refreshEachRequest',
    fallback: true,
    expects: aBoolean,
    check: asBoolean,
    schema: { type: 'boolean', default: true }
  },
  APPLICATION_ROOT: {
    option: () => undefined,
    optionName: undefined,
    fallback: '/',
    expects: "a path that starts with '/'",
    check: asPath,
    schema: { type: 'string', default: '/' }
  },
  MAX_COOKIE_SIZE: {
    option: (options) => options.maxCookieSize,
    optionName: 'maxCookieSize',
    fallback: 4093,
    expects: 'a whole number of bytes, 0 for no limit',
    check: (value) => isWholeNumber(value) ? value : undefined,
    schema: { type: 'integer', default: 4093 }
  }
}

const keys = Object.keys(settings) as Key[]

/**
 * A JSON schema of all keys for @fastify/env, which turns the text of environment variables into their types.
 *
 * @example
 * ```ts
 * await fastify.register(fastifyEnv, { schema: sessionConfigSchema, dotenv: true })
 * ```
 */
export const sessionConfigSchema: { type: 'object', additionalProperties: false, properties: Record<string, Record<string, unknown>> } = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(keys.map((key) => [key, settings[key].schema]))
}

/** Reads the settings: plugin option, then the config at hand, then Flask's default. */
export class ConfigReader {
  readonly #options: ReadonlyMap<Key, unknown>
  readonly #defaults: Partial<SessionConfig>
  /** Places among {@link keys} of those that no option stands for. */
  readonly #watched: readonly number[]
  /** What was found in the config at the last reading. */
  #seen: readonly unknown[] = []
  #current: SessionConfig | undefined

  /**
   * @param defaults - instead of Flask's
   * @throws `FST_SESSION_INVALID_CONFIG` when an option is wrong.
   */
  constructor (options: ConfigOptions, defaults: Partial<SessionConfig> = {}) {
    this.#defaults = defaults
    cookieOption(options)
    const given = new Map<Key, unknown>()
    for (const key of keys) {
      const value = settings[key].option(options)
      if (value !== undefined) given.set(key, checked(key, value, settings[key].optionName))
    }
    this.#options = given
    this.#watched = [...keys.keys()].filter((place) => !given.has(keys[place] as Key))
  }

  /**
   * The settings as they are now: the same object as long as nothing changed.
   *
   * @throws `FST_SESSION_INVALID_CONFIG` when a value is wrong.
   */
  read (config: FlaskConfig | undefined): SessionConfig {
    if (this.#current !== undefined && !this.#hasChanged(config)) return this.#current
    const current = Object.fromEntries(keys.map((key) => [key, this.#value(key, config)])) as unknown as SessionConfig
    checkTogether({
      name: current.SESSION_COOKIE_NAME,
      domain: current.SESSION_COOKIE_DOMAIN,
      path: current.SESSION_COOKIE_PATH,
      root: current.APPLICATION_ROOT,
      partitioned: current.SESSION_COOKIE_PARTITIONED,
      sameSite: current.SESSION_COOKIE_SAMESITE,
      secure: current.SESSION_COOKIE_SECURE
    }, (attribute) => attributes[attribute])
    this.#seen = valuesOf(config).map(snapshot)
    this.#current = Object.freeze(current)
    return current
  }

  /** Asked with every request. */
  #hasChanged (config: FlaskConfig | undefined): boolean {
    const values = valuesOf(config)
    for (const place of this.#watched) {
      if (values[place] !== this.#seen[place] && !isSameList(values[place], this.#seen[place])) return true
    }
    return false
  }

  #value (key: Key, config: FlaskConfig | undefined): unknown {
    if (this.#options.has(key)) return this.#options.get(key)
    const value = config?.[key]
    if (value !== undefined) return checked(key, value)
    return Object.hasOwn(this.#defaults, key) ? checked(key, this.#defaults[key]) : settings[key].fallback
  }
}

/** The option `cookie`; `undefined` without one. */
export function cookieOption ({ cookie }: ConfigOptions): CookieOptions | undefined {
  if (cookie === undefined || (typeof cookie === 'object' && cookie !== null)) return cookie
  throw new FST_SESSION_INVALID_CONFIG('cookie', 'an object', typeName(cookie))
}

/** The settings that are attributes of the cookie. */
const attributes = {
  domain: 'SESSION_COOKIE_DOMAIN',
  path: 'SESSION_COOKIE_PATH',
  httpOnly: 'SESSION_COOKIE_HTTPONLY',
  secure: 'SESSION_COOKIE_SECURE',
  partitioned: 'SESSION_COOKIE_PARTITIONED',
  sameSite: 'SESSION_COOKIE_SAMESITE'
} as const

/** What may be asked for one response, once it is checked. */
export interface CheckedAttributes {
  domain?: string | null
  expires?: Date
  httpOnly?: boolean
  maxAge?: number
  partitioned?: boolean
  path?: string | null
  sameSite?: SameSite | null
  secure?: boolean | 'auto'
}

/**
 * The attributes that the application asks for, as the configuration would have them; what is none of them is passed over.
 *
 * @param where - what the message begins with
 * @throws `FST_SESSION_INVALID_CONFIG` when one is wrong.
 */
export function checkedAttributes (asked: SessionCookieOptions, where: string): CheckedAttributes {
  const { expires, maxAge } = asked
  const demand = (isMet: boolean, name: string, expects: string, value: unknown): void => {
    if (!isMet) throw new FST_SESSION_INVALID_CONFIG(`${where} ${name}`, expects, typeName(value))
  }
  demand(expires === undefined || (expires instanceof Date && !Number.isNaN(expires.getTime())), 'expires', 'a valid Date', expires)
  demand(maxAge === undefined || Number.isSafeInteger(maxAge), 'maxAge', 'a whole number of seconds', maxAge)
  const given: Record<string, unknown> = {}
  if (expires !== undefined) given.expires = expires
  if (maxAge !== undefined) given.maxAge = maxAge
  for (const [name, key] of Object.entries(attributes)) {
    const value = asked[name as keyof SessionCookieOptions]
    if (value !== undefined) given[name] = checked(key, name === 'sameSite' ? sameSiteOf(value) : value, `${where} ${name}`)
  }
  return given
}

/** Where one response says what is left out otherwise, `true` is the strictest and `false` none. */
function sameSiteOf (value: unknown): unknown {
  if (typeof value !== 'boolean') return value
  return value ? 'Strict' : null
}

function checked (key: Key, value: unknown, name = key as string): unknown {
  const { check, expects } = settings[key]
  const result = check(value)
  if (result !== undefined) return result
  const hint = expects.startsWith(aBoolean) && isString(value) && /^(?:true|false|yes|no|on|off|[01])$/i.test(value)
    ? ' (text from the environment becomes a boolean with sessionConfigSchema as the schema of @fastify/env)'
    : ''
  throw new FST_SESSION_INVALID_CONFIG(name, expects, typeName(value) + hint)
}

/** What browsers look at together. */
export interface CookieInQuestion {
  name: string
  domain: string | null
  path: string | null
  /** The path where that is `null`. */
  root: string
  partitioned: boolean
  sameSite: SameSite | null
  secure: boolean | 'auto'
}

/**
 * What browsers demand of settings together.
 *
 * @param nameOf - what a message calls an attribute
 * @throws `FST_SESSION_INVALID_CONFIG` for a cookie that they would drop.
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.7} name prefixes, SameSite=None
 */
export function checkTogether (cookie: CookieInQuestion, nameOf: (attribute: 'domain' | 'path' | 'sameSite' | 'secure') => string): void {
  const name = cookie.name.toLowerCase()
  const isSecure = cookie.partitioned || cookie.secure === true
  const demand = (isMet: boolean, attribute: 'domain' | 'path' | 'secure', expects: string): void => {
    if (!isMet) throw new FST_SESSION_INVALID_CONFIG(nameOf(attribute), expects, typeName(cookie[attribute]))
  }
  if (name.startsWith('__host-')) {
    demand(isSecure, 'secure', 'true for a cookie whose name starts with __Host-')
    demand((cookie.path ?? cookie.root) === '/', 'path', "'/' for a cookie whose name starts with __Host-")
    demand(cookie.domain === null, 'domain', 'null for a cookie whose name starts with __Host-')
  } else if (name.startsWith('__secure-')) {
    demand(isSecure, 'secure', 'true for a cookie whose name starts with __Secure-')
  }
  if (cookie.sameSite === 'None') demand(isSecure || cookie.secure === 'auto', 'secure', `true or 'auto' when ${nameOf('sameSite')} is 'None'`)
}

/** The values of {@link keys}. By name: what stands in a variable takes V8 ten times as long to find, which in every request is 2 % of it. */
function valuesOf (given: FlaskConfig | undefined): unknown[] {
  // An application may have null there.
  const config = given ?? nothing
  return [
    config.SECRET_KEY, config.SECRET_KEY_FALLBACKS, config.SESSION_COOKIE_NAME, config.SESSION_COOKIE_DOMAIN, config.SESSION_COOKIE_PATH,
    config.SESSION_COOKIE_HTTPONLY, config.SESSION_COOKIE_SECURE, config.SESSION_COOKIE_PARTITIONED, config.SESSION_COOKIE_SAMESITE,
    config.PERMANENT_SESSION_LIFETIME, config.SESSION_REFRESH_EACH_REQUEST, config.APPLICATION_ROOT, config.MAX_COOKIE_SIZE
  ]
}

const nothing: FlaskConfig = {}

/** A list may be changed in place, so its items are remembered. */
function snapshot (value: unknown): unknown {
  return Array.isArray(value) ? [...value] : value
}

function isSameList (value: unknown, seen: unknown): boolean {
  if (!Array.isArray(value) || !Array.isArray(seen)) return false
  return value.length === seen.length && value.every((item, index) => item === seen[index])
}

/** The name of a type, for messages. */
export function typeName (value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function isString (value: unknown): value is string {
  return typeof value === 'string'
}

function isWholeNumber (value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function asBoolean (value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

/** Bytes are copied, so that a key stays what it is. */
function asKey (value: unknown): KeyLike | undefined {
  if (isString(value)) return value === '' ? undefined : value
  return value instanceof Uint8Array && value.length > 0 ? Uint8Array.from(value) : undefined
}

function asKeys (value: unknown): readonly KeyLike[] | undefined {
  if (!Array.isArray(value)) return undefined
  const list = value.map(asKey)
  return list.every((key) => key !== undefined) ? Object.freeze(list as KeyLike[]) : undefined
}

/** As Werkzeug's dump_cookie: without port and leading dots, in ASCII. */
function asDomain (value: unknown): string | undefined {
  // domainToASCII reads as URLs are read: it would stop at a slash and drop line ends.
  const [, name] = isString(value) ? /^\.*([\p{L}\p{M}\p{N}.-]+)(?::\d*)?$/u.exec(value) ?? [] : []
  if (name === undefined) return undefined
  const domain = domainToASCII(name)
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(domain) ? domain : undefined
}

/** As Werkzeug's dump_cookie: what has no place in a path is percent-encoded. Control characters are refused. */
function asPath (value: unknown): string | undefined {
  // eslint-disable-next-line no-control-regex
  if (!isString(value) || !value.startsWith('/') || /[\u0000-\u001f\u007f]/.test(value)) return undefined
  return value.replace(/[^%!$&'()*+,/:=@\w.~-]+/g, (text) => encodeURIComponent(Buffer.from(text).toString()))
}

function asSameSite (value: unknown): SameSite | undefined {
  const words: Record<string, SameSite> = { strict: 'Strict', lax: 'Lax', none: 'None' }
  const word = isString(value) ? value.toLowerCase() : ''
  return Object.hasOwn(words, word) ? words[word] : undefined
}
