/**
 * Random sessions and settings, the same for the same seed.
 *
 * @module
 */

import type { Derivation, Digest } from './peer.ts'
import type { Text, Typed } from './typed-json.ts'

/** Numbers that look random and follow from the seed alone (mulberry32). */
export class Random {
  #state: number

  constructor (seed: number) {
    this.#state = seed >>> 0
    // neighbouring seeds begin alike
    for (let i = 0; i < 4; i++) this.next()
  }

  /** From 0 up to, not including, 1. */
  next (): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number from `least` to `greatest`. */
  int (least: number, greatest: number): number {
    return least + Math.floor(this.next() * (greatest - least + 1))
  }

  chance (probability: number): boolean {
    return this.next() < probability
  }

  pick<T> (list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T
  }

  times<T> (count: number, make: () => T): T[] {
    return Array.from({ length: count }, make)
  }
}

const texts = [
  '', ' ', 'a', 'user@example.com', 'Ünïcödé €', '漢字', '😀 family 👨‍👩‍👧', '\ud800', 'before\udc00after', '\udfff\ud800', '\u0000\u0001\u001f\u007f',
  '"quoted" \\ / \b\f\n\r\t', '\u2028\u2029', '<b>&amp;\'</b>', ' t', ' di', '__proto__', 'NaN', '-Infinity', '1.0', '12345678901234567890', '{"a":1}',
  '\ufeffbom', 'e\u0301', '\u{10ffff}', 'true', 'null', '.0', '"1.0"', '\\"1.0,2.0\\'
]

const keys = [
  'user_id', 'cart', 'items', 'a', 'b', 'c', '_flashes', 'oauth2:host', '', ' ', '😀', 'ключ', '\ud800', '"', '\\', 'a.b', '\u0000', '0', '1', '42', '-1', '1.0',
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'toJSON', '__html__', '__class__', 'then', 'length',
  'get', 'set', 'has', 'delete', 'pop', 'update', 'clear', 'size', 'keys', 'values', 'data', 'options', 'permanent', 'modified', 'accessed', 'new', 'save', 'changed',
  ' t', ' b', ' m', ' u', ' d', ' di', ' t__', ' di__', '__', ' x'
]

const tags = [' t', ' b', ' m', ' u', ' d', ' di', ' t__', ' di__', ' di____']

const ints = [
  '0', '1', '-1', '42', '255', '4294967296', '9007199254740991', '-9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993',
  '18446744073709551616', '-100000000000000000000000000000000000001'
]

const floats = [
  '0.5', '-0.1', '0.30000000000000004', '1e-07', '1.5e+300', '5e-324', '1.7976931348623157e+308', '1e+16', '1e+21', '9007199254740992.0', '-1.2345678901234567e+22',
  '-0.0', 'inf', '-inf', 'nan'
]

/** What is a float in Python and a number like any other in JavaScript. */
const wholeFloats = ['0.0', '1.0', '-5.0', '100.0', '123456789.0', '1e3', '9007199254740991.0']

/** What may be in the values. */
export interface ValueOptions {
  /** Floats such as 1.0, which JavaScript can carry along but not make. */
  wholeFloats: boolean
}

export function randomText (random: Random): string {
  if (random.chance(0.6)) return random.pick(texts)
  const units = random.pick([[0x61, 0x7a], [0x20, 0x7e], [0, 0xff], [0, 0xffff]] as const)
  return String.fromCharCode(...random.times(random.int(0, random.chance(0.02) ? 900 : 20), () => random.int(units[0], units[1])))
}

export function randomKey (random: Random): string {
  return random.chance(0.85) ? random.pick(keys) : randomText(random).slice(0, 30)
}

function randomHex (random: Random, bytes: number): string {
  return random.times(bytes, () => random.int(0, 255).toString(16).padStart(2, '0')).join('')
}

/** 0100-01-01 and 9999-12-31. Flask itself reads earlier years as those of another century. */
const [firstSecond, lastSecond] = [-59011459200, 253402300799]

function randomLeaf (random: Random, options: ValueOptions): Typed {
  switch (random.int(0, 12)) {
    case 0: return null
    case 1: return random.chance(0.5)
    case 2: return { $int: random.pick(ints) }
    case 3: return { $int: String(random.int(-1000, 1_000_000)) }
    case 4: return { $float: random.pick(options.wholeFloats && random.chance(0.6) ? wholeFloats : floats) }
    case 5: return { $bytes: randomHex(random, random.int(0, 20)) }
    case 6: return { $markup: randomText(random) }
    case 7: return { $uuid: randomHex(random, 16) }
    case 8: return { $datetime: random.chance(0.3) ? random.pick([0, -1, 2 ** 31, firstSecond, lastSecond]) : random.int(firstSecond, lastSecond) }
    case 9: return random.pick<Typed>(['', false, { $int: '0' }, { $float: '-0.0' }, { $float: 'nan' }, { $bytes: '' }, { $markup: '' }])
    default: return randomText(random)
  }
}

/** Any value that a session can hold. */
export function randomValue (random: Random, options: ValueOptions, depth = random.int(0, 4)): Typed {
  const item = (): Typed => randomValue(random, options, depth - random.int(1, 2))
  const count = random.pick([0, 1, 1, 2, 3, 5])
  if (depth <= 0) return random.chance(0.9) ? randomLeaf(random, options) : random.pick<Typed>([{ $list: [] }, { $dict: [] }, { $tuple: [] }])
  switch (random.int(0, 4)) {
    case 0: return { $tuple: random.times(count, item) }
    case 1: return { $dict: [[random.pick(tags), item()]] }
    case 2: return randomDict(random, count, item)
    case 3: return { $list: random.times(count, item) }
    default: return randomLeaf(random, options)
  }
}

/** A dict of up to so many keys. */
export function randomDict (random: Random, count: number, item: () => Typed): { $dict: Array<[string, Typed]> } {
  return { $dict: [...new Map(random.times(count, () => [randomKey(random), item()] as const))].map(([key, value]) => [key, value]) }
}

/** Settings as Flask spells them; all of them can change at run time. */
export interface Settings {
  SECRET_KEY: Text | null
  SECRET_KEY_FALLBACKS: Text[]
  SESSION_COOKIE_NAME: string
  SESSION_COOKIE_DOMAIN: string | null
  SESSION_COOKIE_PATH: string | null
  SESSION_COOKIE_HTTPONLY: boolean
  SESSION_COOKIE_SECURE: boolean
  SESSION_COOKIE_PARTITIONED: boolean
  SESSION_COOKIE_SAMESITE: string | null
  PERMANENT_SESSION_LIFETIME: number
  SESSION_REFRESH_EACH_REQUEST: boolean
  APPLICATION_ROOT: string
  MAX_COOKIE_SIZE: number
}

export type SettingName = keyof Settings

/** What is given once, when an application is made. */
export interface Signing {
  /** Flask's, and the one that signs here. */
  digest: Digest
  /** One that is accepted here besides. */
  otherDigest: Digest | undefined
  salt: Text | undefined
  keyDerivation: Derivation | undefined
  /** Here alone; `undefined` for the default of 5 seconds. */
  clockTolerance: number | undefined
}

export function randomSecretKey (random: Random): Text {
  const number = random.int(0, 1e9)
  return random.chance(0.2) ? { $bytes: `00ff80${randomHex(random, random.pick([13, 40, 70, 140]))}` } : `${random.pick(['key', 'schlüssel', '鍵'])} ${number}`.repeat(random.pick([1, 2, 9]))
}

export function randomSettings (random: Random): Settings {
  return {
    SECRET_KEY: random.chance(0.03) ? null : randomSecretKey(random),
    SECRET_KEY_FALLBACKS: random.times(random.pick([0, 0, 1, 3]), () => randomSecretKey(random)),
    SESSION_COOKIE_NAME: random.pick(['session', 'session', 'sid', 'my-app.session', 's!d', '__Host-session', '__Secure-session', 'SESSION', '0']),
    SESSION_COOKIE_DOMAIN: random.pick([null, null, null, 'example.com', '.example.com', 'www.example.com:8080', 'EXAMPLE.com', 'bücher.example', 'localhost', '127.0.0.1']),
    SESSION_COOKIE_PATH: random.pick([null, null, '/', '/shop', '/a/b/', '/with space', '/käse', '/100%25', "/it's(fine)!~", '/semi;colon', '/q?x=1', '/h#ash', '/"<>\\^`{|}[]']),
    SESSION_COOKIE_HTTPONLY: random.chance(0.6),
    SESSION_COOKIE_SECURE: random.chance(0.5),
    SESSION_COOKIE_PARTITIONED: random.chance(0.3),
    SESSION_COOKIE_SAMESITE: random.pick([null, 'Lax', 'Strict', 'None', 'lax', 'sTRICT', 'NONE']),
    PERMANENT_SESSION_LIFETIME: random.pick([0, 1, 60, 3600, 86400, 2_678_400, 3_155_760_000]),
    SESSION_REFRESH_EACH_REQUEST: random.chance(0.6),
    APPLICATION_ROOT: random.pick(['/', '/', '/app', '/app/']),
    MAX_COOKIE_SIZE: random.pick([0, 0, 4093, 600])
  }
}

/** Whether browsers would take the cookie: settings that they would not take are errors here. */
export function isSound (settings: Settings): boolean {
  const { SESSION_COOKIE_NAME: name, SESSION_COOKIE_PARTITIONED: partitioned, SESSION_COOKIE_SECURE: secure } = settings
  const isSecure = partitioned || secure
  const isHost = name.startsWith('__Host-')
  const path = settings.SESSION_COOKIE_PATH ?? settings.APPLICATION_ROOT
  if (isHost && (path !== '/' || settings.SESSION_COOKIE_DOMAIN !== null)) return false
  const needsSecure = isHost || name.startsWith('__Secure-') || settings.SESSION_COOKIE_SAMESITE?.toLowerCase() === 'none'
  return isSecure || !needsSecure
}

export function randomSigning (random: Random): Signing {
  const digest = random.pick<Digest>(['sha512', 'sha512', 'sha512', 'sha1', 'sha1', 'sha1', 'sha256', 'sha384'])
  const other = random.pick<Digest>(['sha1', 'sha256', 'sha384', 'sha512'])
  return {
    digest,
    otherDigest: other !== digest && random.chance(0.4) ? other : undefined,
    salt: random.chance(0.2) ? random.pick<Text>(['salt', 'gesalzen ä', { $bytes: '00ff80' }]) : undefined,
    keyDerivation: random.chance(0.3) ? random.pick<Derivation>(['hmac', 'concat', 'django-concat', 'none']) : undefined,
    clockTolerance: random.pick([undefined, undefined, 0])
  }
}
