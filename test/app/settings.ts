/**
 * Flask's keys, read from the environment by hand. `@fastify/env` with `sessionConfigSchema` does this for real applications.
 *
 * @module
 */

import type { FlaskConfig } from '../../lib/index.ts'

/** Signs the demo's cookies when SECRET_KEY is not set. Everybody can read it here, so it protects nobody. The twin has the same. */
export const demoSecretKey = 'DEMO ONLY - this key is published with the source, set SECRET_KEY to your own'

const words = new Map([['true', true], ['1', true], ['false', false], ['0', false]])

// What is none of its type's words stays text, and the plugin says what is wrong with it.
const asText = (text: string): unknown => text === '' ? null : text
const asBoolean = (text: string): unknown => words.get(text.toLowerCase()) ?? text
const asNumber = (text: string): unknown => /^\d+$/.test(text) ? Number(text) : text
const asList = (text: string): unknown => text.split(',').filter((item) => item !== '')

const readers: Record<keyof FlaskConfig, (text: string) => unknown> = {
  SECRET_KEY: (text) => text === '' ? demoSecretKey : text,
  SECRET_KEY_FALLBACKS: asList,
  SESSION_COOKIE_NAME: asText,
  SESSION_COOKIE_DOMAIN: asText,
  SESSION_COOKIE_PATH: asText,
  SESSION_COOKIE_HTTPONLY: asBoolean,
  SESSION_COOKIE_SECURE: asBoolean,
  SESSION_COOKIE_PARTITIONED: asBoolean,
  SESSION_COOKIE_SAMESITE: asText,
  PERMANENT_SESSION_LIFETIME: asNumber,
  SESSION_ABSOLUTE_LIFETIME: (text) => text === '' ? null : asNumber(text),
  SESSION_REFRESH_AFTER: asNumber,
  SESSION_REFRESH_EACH_REQUEST: asBoolean,
  APPLICATION_ROOT: asText,
  MAX_COOKIE_SIZE: asNumber
}

/** What the demo sets by itself, and what the environment says instead of it. */
export function configFromEnvironment (environment: NodeJS.ProcessEnv): FlaskConfig {
  const config: Record<string, unknown> = { SECRET_KEY: demoSecretKey, SESSION_COOKIE_SAMESITE: 'Lax' }
  for (const [key, read] of Object.entries(readers)) {
    const text = environment[key]
    if (text !== undefined) config[key] = read(text)
  }
  return config
}
