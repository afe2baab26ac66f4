/**
 * Flask's keys: the option of each, what it must be, and wrong values.
 *
 * @module
 */

import type { FlaskConfig, SecureSessionOptions } from '../../lib/index.ts'
import { secretKey } from '../helpers.ts'

export type Key = keyof FlaskConfig

/** What each key must be. */
export interface Row {
  /** The option of the same meaning. */
  option: ((value: never) => SecureSessionOptions) | undefined
  name: string | undefined
  expects: string
  wrong: unknown[]
  isSecret?: true
}

const cookie = (name: string) => (value: never): SecureSessionOptions => ({ cookie: { [name]: value } })
const notText = [1, true, {}, [], () => {}, Symbol('s'), 1n]
const notBoolean = [null, 0, 1, '', 'true', 'false', 'yes', '1', {}, []]
const notWhole = [null, '31', '', -1, 1.5, NaN, Infinity, 2 ** 53, true, {}, [], 1n, new Date(0)]

export const rows: Record<Key, Row> = {
  SECRET_KEY: {
    option: (value) => ({ secretKey: value }),
    name: 'secretKey',
    expects: 'a string or bytes',
    wrong: [...notText, new Uint8Array(0), [secretKey], new Uint16Array(20)],
    isSecret: true
  },
  SECRET_KEY_FALLBACKS: {
    option: (value) => ({ secretKeyFallbacks: value }),
    name: 'secretKeyFallbacks',
    expects: 'a list of non-empty strings or bytes, or text that lists them (["a","b"] or a,b)',
    wrong: [
      1, {}, [''], ['a key', ''], ['a key', null], [1], [['a key']], [new Uint8Array(0)], new Set(['a key']),
      'a,', ',', 'a,,b', 'a, ,b', '["a",""]', '[1]', '[null]', '[["a"]]', "['a', 'b']", '["a","b]', '[a,b]'
    ],
    isSecret: true
  },
  SESSION_COOKIE_NAME: {
    option: (value) => ({ cookieName: value }),
    name: 'cookieName',
    expects: "a cookie name (letters, digits and !#$%&'*+-.^_`|~)",
    wrong: [null, ...notText, '', 'a b', 'a;b', 'a=b', 'a,b', 'a\r\nSet-Cookie: b', 'a\n', 'a"b', 'a\tb', 'ä', 'a/b', '\0', 'a\u007f']
  },
  SESSION_COOKIE_DOMAIN: {
    option: cookie('domain'),
    name: 'cookie.domain',
    expects: 'a domain name or null',
    wrong: [
      ...notText, '.', ':80', 'a b.com', 'example.com; Secure', 'example.com\r\nSet-Cookie: a=b', 'exa/mple.com', 'https://example.com',
      'a?b.com', 'a#b', '-a.com', 'a..com', 'a'.repeat(64) + '.com', '[::1]',
      'None', 'none', '.None', 'null', 'undefined', 'False', 'true'
    ]
  },
  SESSION_COOKIE_PATH: {
    option: cookie('path'),
    name: 'cookie.path',
    expects: "a path that starts with '/', or null",
    wrong: [...notText, 'app', ' /', '/a\r\nSet-Cookie: b=c', '/\n', '/\0', '/\u007f', 'https://example.com/']
  },
  SESSION_COOKIE_HTTPONLY: { option: cookie('httpOnly'), name: 'cookie.httpOnly', expects: 'a boolean', wrong: [...notBoolean, 'auto'] },
  SESSION_COOKIE_SECURE: { option: cookie('secure'), name: 'cookie.secure', expects: "a boolean or 'auto'", wrong: [...notBoolean, 'AUTO'] },
  SESSION_COOKIE_PARTITIONED: { option: cookie('partitioned'), name: 'cookie.partitioned', expects: 'a boolean', wrong: notBoolean },
  SESSION_COOKIE_SAMESITE: {
    option: cookie('sameSite'),
    name: 'cookie.sameSite',
    expects: "'Strict', 'Lax', 'None' or null",
    wrong: [1, true, false, {}, [], ['Lax'], ' ', 'laxx', 'Lax ', 'Lax; Secure', '__proto__', 'constructor', 'Lax\r\n']
  },
  PERMANENT_SESSION_LIFETIME: {
    option: (value) => ({ permanentSessionLifetime: value }),
    name: 'permanentSessionLifetime',
    expects: 'a whole number of seconds from 0 to 3155760000 (100 years)',
    wrong: [...notWhole, 3_155_760_001]
  },
  SESSION_ABSOLUTE_LIFETIME: {
    option: (value) => ({ absoluteLifetime: value }),
    name: 'absoluteLifetime',
    expects: 'a whole number of seconds from 1 to 3155760000 (100 years), or null',
    wrong: [...notWhole.filter((value) => value !== null), 0, 3_155_760_001]
  },
  SESSION_REFRESH_AFTER: {
    option: (value) => ({ refreshAfter: value }),
    name: 'refreshAfter',
    expects: 'a whole number of seconds from 0 to 3155760000 (100 years)',
    wrong: [...notWhole, 3_155_760_001]
  },
  SESSION_REFRESH_EACH_REQUEST: { option: (value) => ({ refreshEachRequest: value }), name: 'refreshEachRequest', expects: 'a boolean', wrong: notBoolean },
  APPLICATION_ROOT: { option: undefined, name: undefined, expects: "a path that starts with '/'", wrong: [null, ...notText, '', 'app', '/a\r\nb'] },
  MAX_COOKIE_SIZE: { option: (value) => ({ maxCookieSize: value }), name: 'maxCookieSize', expects: 'a whole number of bytes, 0 for no limit', wrong: notWhole }
}

/** Two values for each key. */
export const values: Record<Key, [unknown, unknown]> = {
  SECRET_KEY: ['a', 'b'],
  SECRET_KEY_FALLBACKS: [['a'], ['b']],
  SESSION_COOKIE_NAME: ['a', 'b'],
  SESSION_COOKIE_DOMAIN: ['a.com', 'b.com'],
  SESSION_COOKIE_PATH: ['/a', '/b'],
  SESSION_COOKIE_HTTPONLY: [true, false],
  SESSION_COOKIE_SECURE: [true, false],
  SESSION_COOKIE_PARTITIONED: [true, false],
  SESSION_COOKIE_SAMESITE: ['Lax', 'Strict'],
  PERMANENT_SESSION_LIFETIME: [60, 61],
  SESSION_ABSOLUTE_LIFETIME: [60, 61],
  SESSION_REFRESH_AFTER: [30, 31],
  SESSION_REFRESH_EACH_REQUEST: [true, false],
  APPLICATION_ROOT: ['/a', '/b'],
  MAX_COOKIE_SIZE: [1000, 1001]
}
