/**
 * Flask's configuration keys, one row each: the plugin option, the default, the check and the schema.
 *
 * A new key needs a row here, its types in `types/config.ts`, its line in the comparison of `reader.ts`, and the
 * README.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/config/}
 */

import type { ConfigOptions, CookieOptions, FlaskConfig, KeyLike, SessionConfig } from '../../types/config.ts'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import {
  asBoolean, asCookieName, asDomain, asKey, asKeys, asPath, asSameSite, describe, describeOption, isString,
  isWholeNumber, typeName
} from './checks.ts'
import { lookup } from '../lookup.ts'

export type Key = keyof FlaskConfig

type OptionName = Exclude<keyof ConfigOptions, 'cookie'> | `cookie.${keyof CookieOptions}`

/** One key of Flask's. */
export interface Setting<T = unknown> {
  /** The equivalent plugin option; `cookie.NAME` is an attribute of the option `cookie`. */
  readonly option?: OptionName
  /** The default. */
  readonly fallback: T
  /** What the value must be, for messages. */
  readonly expects: string
  /** Whether messages must not show the value. */
  readonly isSecret?: true
  /** Returns the normalized value, or `undefined` for a wrong one. */
  check (value: unknown): T | undefined
  /** The cure for a wrong value of this setting. */
  hint? (value: unknown, name: string): string | undefined
  readonly schema: EnvironmentSchema
}

/** The JSON schema of one key, for @fastify/env, which makes a value of the text in the environment. */
interface EnvironmentSchema {
  /** Of several types the first is the usual one. */
  readonly type?: string | readonly string[]
  readonly anyOf?: ReadonlyArray<{ readonly type?: string, readonly const?: unknown }>
  readonly default?: unknown
}

const none: readonly KeyLike[] = Object.freeze([])

/** 100 years, in seconds. */
export const longestLifetime = 3_155_760_000

/** Whole seconds up to {@link longestLifetime}. */
function asLifetime (value: unknown): number | undefined {
  return isWholeNumber(value) && value <= longestLifetime ? value : undefined
}

export const settings: { readonly [K in Key]-?: Setting<SessionConfig[K]> } = {
  SECRET_KEY: {
    option: 'secretKey',
    isSecret: true,
    fallback: null,
    expects: 'a string or bytes',
    check: (value) => value === null || value === '' ? null : asKey(value),
    hint: (value, name) => {
      if (!Array.isArray(value)) return undefined
      return `older keys go into ${name === 'secretKey' ? 'secretKeyFallbacks' : 'SECRET_KEY_FALLBACKS'}`
    },
    schema: { type: 'string' }
  },
  SECRET_KEY_FALLBACKS: {
    option: 'secretKeyFallbacks',
    isSecret: true,
    fallback: none,
    expects: 'a list of non-empty strings or bytes, or text that lists them (["a","b"] or a,b)',
    check: (value) => value === null ? none : asKeys(value),
    // The check splits the text: `separator: ','` would cut a JSON list at its commas.
    schema: { type: 'string' }
  },
  SESSION_COOKIE_NAME: {
    option: 'cookieName',
    fallback: 'session',
    expects: "a cookie name (letters, digits and !#$%&'*+-.^_`|~)",
    check: asCookieName,
    // A default here would win over the name of a session that is not called `session`.
    schema: { type: 'string' }
  },
  SESSION_COOKIE_DOMAIN: {
    option: 'cookie.domain',
    fallback: null,
    expects: 'a domain name or null',
    check: (value) => value === null || value === '' ? null : asDomain(value),
    schema: { type: 'string' }
  },
  SESSION_COOKIE_PATH: {
    option: 'cookie.path',
    fallback: null,
    expects: "a path that starts with '/', or null",
    check: (value) => value === null || value === '' ? null : asPath(value),
    schema: { type: 'string' }
  },
  SESSION_COOKIE_HTTPONLY: {
    option: 'cookie.httpOnly',
    fallback: true,
    expects: 'a boolean',
    check: asBoolean,
    schema: { type: 'boolean', default: true }
  },
  SESSION_COOKIE_SECURE: {
    option: 'cookie.secure',
    fallback: false,
    expects: "a boolean or 'auto'",
    check: (value) => value === 'auto' ? value : asBoolean(value),
    // With a union of types @fastify/env would leave the text 'true' as it is.
    schema: { anyOf: [{ type: 'boolean' }, { const: 'auto' }], default: false }
  },
  SESSION_COOKIE_PARTITIONED: {
    option: 'cookie.partitioned',
    fallback: false,
    expects: 'a boolean',
    check: asBoolean,
    schema: { type: 'boolean', default: false }
  },
  SESSION_COOKIE_SAMESITE: {
    option: 'cookie.sameSite',
    fallback: null,
    expects: "'Strict', 'Lax', 'None' or null",
    check: (value) => value === null || value === '' ? null : asSameSite(value),
    schema: { type: 'string' }
  },
  PERMANENT_SESSION_LIFETIME: {
    option: 'permanentSessionLifetime',
    fallback: 2_678_400,
    expects: `a whole number of seconds from 0 to ${longestLifetime} (100 years)`,
    check: asLifetime,
    // A default here would win over that of a session interface.
    schema: { type: 'integer' }
  },
  SESSION_ABSOLUTE_LIFETIME: {
    option: 'absoluteLifetime',
    fallback: null,
    expects: `a whole number of seconds from 1 to ${longestLifetime} (100 years), or null`,
    check: (value) => {
      return value === null || (isWholeNumber(value) && value >= 1 && value <= longestLifetime) ? value : undefined
    },
    // An empty variable is null.
    schema: { type: ['integer', 'null'] }
  },
  SESSION_REFRESH_AFTER: {
    option: 'refreshAfter',
    fallback: 0,
    expects: `a whole number of seconds from 0 to ${longestLifetime} (100 years)`,
    check: asLifetime,
    schema: { type: 'integer', default: 0 }
  },
  SESSION_REFRESH_EACH_REQUEST: {
    option: 'refreshEachRequest',
    fallback: true,
    expects: 'a boolean',
    check: asBoolean,
    schema: { type: 'boolean', default: true }
  },
  APPLICATION_ROOT: {
    fallback: '/',
    expects: "a path that starts with '/'",
    check: asPath,
    schema: { type: 'string', default: '/' }
  },
  MAX_COOKIE_SIZE: {
    option: 'maxCookieSize',
    fallback: 4093,
    expects: 'a whole number of bytes, 0 for no limit',
    check: (value) => isWholeNumber(value) ? value : undefined,
    schema: { type: 'integer', default: 4093 }
  }
}

export const keys = Object.keys(settings) as readonly Key[]

/** The keys of the cookie's attributes, by the name of the attribute. */
export const attributeKeys: ReadonlyMap<string, Key> = new Map(keys.flatMap((key) => {
  const [group, name] = settings[key].option?.split('.') ?? []
  return group === 'cookie' && name !== undefined ? [[name, key]] : []
}))

/** A name without case, underscores and dots, by which a misspelt one is recognized. */
export function normalizeName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** A setting that the options contain. */
export interface WrittenSetting {
  /** The name it was written under: `cookie.secure`, or Flask's `SESSION_COOKIE_SECURE`. */
  readonly name: string
  readonly value: unknown
}

/** The settings that the options contain. The name of the option overrides Flask's key. */
export function writtenSettings (options: ConfigOptions): ReadonlyMap<Key, WrittenSetting> {
  const cookie = cookieOption(options)
  const valueOf = (name: string): unknown => {
    return name.startsWith('cookie.') ? lookup(cookie, name.slice('cookie.'.length)) : lookup(options, name)
  }
  const written = new Map<Key, WrittenSetting>()
  for (const key of keys) {
    const name = [settings[key].option ?? key, key].find((name) => valueOf(name) !== undefined)
    if (name !== undefined) written.set(key, { name, value: valueOf(name) })
  }
  return written
}

/**
 * The option `cookie`; empty when it is left out.
 *
 * @throws `FST_SESSION_INVALID_CONFIG` when it is not an object.
 */
export function cookieOption (options: ConfigOptions): CookieOptions {
  const cookie = lookup(options, 'cookie')
  if (cookie === undefined) return {}
  if (typeof cookie === 'object' && cookie !== null) return cookie
  throw new FST_SESSION_INVALID_CONFIG('cookie', 'an object', describeOption(cookie))
}

/**
 * Checks and normalizes a value.
 *
 * @param name - the name of the setting in the message
 * @throws `FST_SESSION_INVALID_CONFIG` when it is wrong.
 */
export function checked (key: Key, value: unknown, name: string = key): unknown {
  const { check, expects, isSecret, hint, schema }: Setting = settings[key]
  const result = check(value)
  if (result !== undefined) return result
  const cure = hint?.(value, name) ?? schemaHint(value, schema)
  const got = isSecret ? typeName(value) : describe(value)
  throw new FST_SESSION_INVALID_CONFIG(name, expects, cure === undefined ? got : `${got} (${cure})`)
}

/** The types to which @fastify/env converts text, and text that was probably meant to have such a type. */
const textOfTypes: ReadonlyMap<unknown, { type: string, text: RegExp }> = new Map([
  ['boolean', { type: 'a boolean', text: /^\s*(?:true|false|yes|no|on|off|[01])\s*$/i }],
  ['integer', { type: 'a number', text: /^\s*[-+\d._]+\s*$/ }]
])

function schemaHint (value: unknown, { type, anyOf: [first] = [] }: EnvironmentSchema): string | undefined {
  const meant = textOfTypes.get([type ?? first?.type].flat()[0])
  if (meant === undefined || !isString(value) || !meant.text.test(value)) return undefined
  return `text from the environment becomes ${meant.type} with sessionConfigSchema as the schema of @fastify/env`
}

/** The shape of {@link sessionConfigSchema}. */
export interface SessionConfigSchema {
  type: 'object'
  additionalProperties: false
  properties: Record<string, Record<string, unknown>>
}

/**
 * A JSON schema of all keys for @fastify/env, which turns the text of environment variables into their types.
 *
 * @example
 * ```ts
 * await fastify.register(fastifyEnv, { schema: sessionConfigSchema, dotenv: true })
 * ```
 */
export const sessionConfigSchema: SessionConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(keys.map((key) => [key, { ...settings[key].schema }]))
}
