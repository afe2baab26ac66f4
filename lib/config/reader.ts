/**
 * Reads `fastify.config` for every request.
 *
 * @module
 */

import type { ConfigOptions, FlaskConfig, SessionConfig } from '../../types/config.ts'
import { checkCookieRules } from './cookie-options.ts'
import type { JudgedAttribute } from './cookie-options.ts'
import { checkLifetimeRules } from './lifetime-rules.ts'
import { lookup } from '../lookup.ts'
import { attributeKeys, checked, keys, settings, writtenSettings } from './settings.ts'
import type { Key, WrittenSetting } from './settings.ts'

/** Reads the settings: the plugin option, else the config, else the default. */
export class ConfigReader {
  readonly #options: ReadonlyMap<Key, WrittenSetting>
  readonly #defaults: ReadonlyMap<Key, WrittenSetting>
  /** The values in the config at the last reading. */
  #seen: FlaskConfig = nothing
  #current: SessionConfig | undefined

  /**
   * @param defaults - override Flask's defaults; each is checked when nothing overrides it
   * @throws `FST_SESSION_INVALID_CONFIG` when an option is wrong.
   */
  constructor (options: ConfigOptions, defaults: ReadonlyMap<Key, WrittenSetting> = new Map()) {
    this.#defaults = defaults
    const written = [...writtenSettings(options)]
    this.#options = new Map(written.map(([key, { name, value }]) => [key, { name, value: checked(key, value, name) }]))
  }

  /**
   * The current settings: the same frozen object until one changes.
   *
   * @throws `FST_SESSION_INVALID_CONFIG` when a value is wrong.
   */
  read (given: FlaskConfig | undefined): SessionConfig {
    const config = given ?? nothing // an application may have null there
    if (this.#current !== undefined && isSame(config, this.#seen)) return this.#current
    const seen: FlaskConfig = Object.fromEntries(keys.map((key) => [key, snapshot(config[key])]))
    const settled = Object.fromEntries(keys.map((key) => [key, this.#value(key, config)])) as unknown as SessionConfig
    this.#checkRules(settled, config)
    this.#seen = seen
    // A change of a key has no effect when an option overrides the key.
    if (this.#current === undefined || !isSame(settled, this.#current)) this.#current = Object.freeze(settled)
    return this.#current
  }

  /** The name under which the options have a setting, else that of the config. */
  nameOf (key: Key): string {
    return this.#options.get(key)?.name ?? key
  }

  #value (key: Key, config: FlaskConfig): unknown {
    const option = this.#options.get(key)
    if (option !== undefined) return option.value
    const value = lookup(config, key)
    if (value !== undefined) return checked(key, value)
    const byDefault = this.#defaults.get(key)
    return byDefault === undefined ? settings[key].fallback : checked(key, byDefault.value, byDefault.name)
  }

  #checkRules (settled: SessionConfig, config: FlaskConfig): void {
    const { SESSION_COOKIE_PATH: path, APPLICATION_ROOT: root } = settled
    const written = (key: Key): string | undefined => {
      return this.#options.get(key)?.name ?? (lookup(config, key) === undefined ? this.#defaults.get(key)?.name : key)
    }
    // A setting that has its default is named in the style of the setting that conflicts with it.
    const nameOf = (key: Key, cause: Key): string => {
      return written(key) ?? (written(cause) === cause ? key : settings[key].option as string)
    }
    const nameOfAttribute = (attribute: JudgedAttribute, cause: JudgedAttribute): string => {
      const name = nameOf(keyOf(attribute), keyOf(cause))
      return attribute === 'path' && path === null ? `${name}, else APPLICATION_ROOT,` : name
    }
    checkLifetimeRules(settled, nameOf)
    checkCookieRules({
      name: settled.SESSION_COOKIE_NAME,
      domain: settled.SESSION_COOKIE_DOMAIN,
      path: path ?? root,
      partitioned: settled.SESSION_COOKIE_PARTITIONED,
      sameSite: settled.SESSION_COOKIE_SAMESITE,
      secure: settled.SESSION_COOKIE_SECURE
    }, nameOfAttribute)
  }
}

const nothing: FlaskConfig = Object.freeze({})

function keyOf (attribute: JudgedAttribute): Key {
  return attribute === 'name' ? 'SESSION_COOKIE_NAME' : attributeKeys.get(attribute) as Key
}

/** Spelled out, because this runs for every request, and looking up keys in a loop takes several times as long. */
function isSame (a: FlaskConfig, b: FlaskConfig): boolean {
  return a.SECRET_KEY === b.SECRET_KEY &&
    isSameList(a.SECRET_KEY_FALLBACKS, b.SECRET_KEY_FALLBACKS) &&
    a.SESSION_COOKIE_NAME === b.SESSION_COOKIE_NAME &&
    a.SESSION_COOKIE_DOMAIN === b.SESSION_COOKIE_DOMAIN &&
    a.SESSION_COOKIE_PATH === b.SESSION_COOKIE_PATH &&
    a.SESSION_COOKIE_HTTPONLY === b.SESSION_COOKIE_HTTPONLY &&
    a.SESSION_COOKIE_SECURE === b.SESSION_COOKIE_SECURE &&
    a.SESSION_COOKIE_PARTITIONED === b.SESSION_COOKIE_PARTITIONED &&
    a.SESSION_COOKIE_SAMESITE === b.SESSION_COOKIE_SAMESITE &&
    a.PERMANENT_SESSION_LIFETIME === b.PERMANENT_SESSION_LIFETIME &&
    a.SESSION_ABSOLUTE_LIFETIME === b.SESSION_ABSOLUTE_LIFETIME &&
    a.SESSION_REFRESH_AFTER === b.SESSION_REFRESH_AFTER &&
    a.SESSION_REFRESH_EACH_REQUEST === b.SESSION_REFRESH_EACH_REQUEST &&
    a.APPLICATION_ROOT === b.APPLICATION_ROOT &&
    a.MAX_COOKIE_SIZE === b.MAX_COOKIE_SIZE
}

/** A list may be changed in place, so its items are compared. */
function isSameList (a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!Array.isArray(a) || !Array.isArray(b)) return false
  return a.length === b.length && a.every((item, index) => item === b[index])
}

function snapshot (value: unknown): unknown {
  return Array.isArray(value) ? [...value] : value
}
