/**
 * Whether what we make of a cookie agrees with what Flask makes of it, and the differences that are meant.
 *
 * Everything is worked out here once more, by other means than in lib/.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import { inflateSync } from 'node:zlib'
import type { Typed } from '../../flask/typed-json.ts'
import { python } from '../hostile/world.ts'
import { now, signatureOf } from './gene.ts'

export interface Ours {
  outcome: 'data' | 'empty' | 'thrown'
  data: Record<string, unknown>
  /** Level and code of the lines in the log. */
  lines: Array<[level: 'debug' | 'warn', code: string]>
  error?: string
}

export interface Flasks {
  outcome: 'data' | 'empty' | '500'
  data?: Typed
  exception?: string | undefined
  /** What the exception was raised for. */
  cause?: string | undefined
}

/** A difference that is meant, or `undefined` for none; what is not meant is thrown. */
export function judge (header: string, ours: Ours, flasks: Flasks): string | undefined {
  if (ours.outcome === 'thrown') throw new Error(`we throw: ${ours.error}`)
  if (ours.lines.length > 1) throw new Error('more than one line in the log')
  const cookie = strictCookie(header)
  const token = newestToken(header)
  const isOneOfSeveral = strictCookies(header).length > 1
  if (!isOneOfSeveral) judgeLog(cookie, token, ours)
  if (token === undefined && ours.outcome === 'data') throw new Error('we take a cookie that is not signed, or not in the one spelling')

  switch (`${flasks.outcome} ${ours.outcome}`) {
    case '500 empty': return 'Flask fails'
    case '500 data':
      // OverflowError: a zone or a day that no datetime can hold; for us the text is no date, which is null
      if (flasks.cause === 'OverflowError' && payloadOf(header).includes('" d"')) return 'a date that Flask fails at'
      throw new Error(`Flask fails (${flasks.exception} ${flasks.cause}), we read data`)
    case 'empty empty': return undefined
    case 'empty data': return isOneOfSeveral ? oneOfSeveral : whyRead(header, token as StrictToken)
    case 'data empty': return token === undefined ? 'another spelling' : whyRefused(token)
    default: {
      const theirs = python.decode(flasks.data as Typed)
      if (isOneOfSeveral && !isDeepStrictEqual(ours.data, theirs)) return oneOfSeveral
      return whyOther(header, ours.data, theirs)
    }
  }
}

/** Flask looks at the first cookie of the name alone; we try each, and the one that was signed last counts. */
const oneOfSeveral = 'one of several cookies'

function judgeLog (cookie: string | undefined, token: StrictToken | undefined, ours: Ours): void {
  const level = ours.lines[0]?.[0]
  if (ours.outcome === 'data' && level !== undefined) throw new Error('a line in the log though the session is read')
  if (ours.outcome === 'data') return
  if (cookie === undefined || cookie === '') {
    if (level !== undefined) throw new Error('a line in the log without a cookie')
  } else if (token === undefined) {
    if (level !== 'debug') throw new Error(`a refused signature is logged at ${level}`)
  } else if (level !== 'warn' && !isEmptyDict(token)) {
    throw new Error(`a payload with a valid signature that cannot be read is logged at ${level}`)
  }
}

/** The values of the pairs of the name, by the letter of RFC 6265. */
function strictCookies (header: string): string[] {
  const values: string[] = []
  for (const pair of header.split(';')) {
    const [, name, value = ''] = /^[ \t]*([^=]*)=([^]*)$/.exec(pair) ?? []
    if (name === 'session') values.push(value.replace(/^[ \t]+/, '').replace(/[ \t]+$/, ''))
  }
  return values
}

function strictCookie (header: string): string | undefined {
  return strictCookies(header)[0]
}

/** Of the right ones the one that was signed last, of those of one second the first. */
function newestToken (header: string): StrictToken | undefined {
  const tokens = strictCookies(header).map(strictToken).filter((token) => token !== undefined)
  return tokens.sort((a, b) => a.age - b.age)[0]
}

interface StrictToken {
  payload: string
  age: number
}

/** A token in its one spelling, with a right signature and an age that passes. */
function strictToken (cookie: string): StrictToken | undefined {
  const [, signed, payload, stamp, signature] = /^(([^\x80-\uffff]*)\.([\w-]*))\.([\w-]+)$/.exec(cookie) ?? []
  if (signed === undefined || payload === undefined || stamp === undefined || signatureOf(signed) !== signature) return undefined
  const bytes = Buffer.from(stamp, 'base64url')
  if (bytes.toString('base64url') !== stamp || bytes.length > 8) return undefined
  const age = now - Number(`0x0${bytes.toString('hex')}`)
  return age <= 2_678_400 && age >= -5 ? { payload, age } : undefined
}

function whyRead (header: string, { age }: StrictToken): string {
  if (age < 0) return 'up to five seconds ahead'
  // a name without = takes the place of the cookie in Werkzeug, and it looks into quotes
  if (isOddHeader(header)) return 'another pair of the header'
  throw new Error('Flask has an empty session, we read data')
}

function isOddHeader (header: string): boolean {
  return header.replace(/^session=[\w.-]+$/, '') !== ''
}

/** The text of the payload; empty where the cookie is not signed. */
export function payloadOf (header: string): string {
  const { payload } = newestToken(header) ?? { payload: '' }
  const bytes = Buffer.from(payload.replace(/^\./, ''), 'base64url')
  return (payload.startsWith('.') ? inflateSync(bytes) : bytes).toString('utf8')
}

/** Why we may not read what Flask reads, though the signature is right. */
function whyRefused ({ payload }: StrictToken): string {
  const text = payload.startsWith('.') ? payload.slice(1) : payload
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) return 'another spelling of the payload'
  let plain: Buffer = bytes
  if (payload.startsWith('.')) {
    const { buffer, engine } = inflateSync(bytes, { info: true } as object) as unknown as { buffer: Buffer, engine: { bytesWritten: number } }
    if (engine.bytesWritten !== bytes.length) return 'something behind the compressed payload'
    plain = buffer
  }
  if (plain.length > 262_144) return 'more than 256 KiB'
  const tree = parse(plain.toString('utf8'))
  if (depthOf(tree) > 256) return 'nested too deep'
  const kind = kindOf(tree)
  if (kind === 'wrong') return 'a tag around something of another kind'
  if (kind !== 'dict') return 'not an object'
  throw new Error('Flask reads data, we refuse the payload')
}

function isEmptyDict ({ payload }: StrictToken): boolean {
  try {
    const bytes = Buffer.from(payload.replace(/^\./, ''), 'base64url')
    return /^\s*(\{\s*\})\s*$/.test((payload.startsWith('.') ? inflateSync(bytes) : bytes).toString())
  } catch {
    return false
  }
}

function whyOther (header: string, ours: unknown, flasks: unknown): string | undefined {
  const reasons = new Set<string>()
  if (!isAlike(ours, flasks, reasons)) {
    // which pair of a header counts is judged by the corpus; neither can be one that was not signed
    if (isOddHeader(header) && header.split('session').length > 2) return 'another pair of the header'
    throw new Error('we read other data than Flask')
  }
  return [...reasons].join(', ') || undefined
}

function isAlike (ours: unknown, flasks: unknown, reasons: Set<string>): boolean {
  if (flasks instanceof Date && ours === null) {
    reasons.add('another form of a date')
    return true
  }
  if (flasks instanceof Date && ours instanceof Date && ours.getUTCFullYear() < 100) {
    reasons.add('a date of the first century')
    return true
  }
  if (typeof ours !== 'object' || ours === null || typeof flasks !== 'object' || flasks === null || ours instanceof Date || Buffer.isBuffer(ours)) return isDeepStrictEqual(ours, flasks)
  if (Object.getPrototypeOf(ours) !== Object.getPrototypeOf(flasks)) return false
  const keys = Object.keys(ours)
  if (keys.length !== Object.keys(flasks).length || ('length' in ours && Array.isArray(ours) && ours.length !== (flasks as unknown[]).length)) return false
  if (keys.length === 0) return isDeepStrictEqual(ours, flasks)
  return keys.every((key) => Object.hasOwn(flasks, key) && isAlike(Reflect.get(ours, key), Reflect.get(flasks, key), reasons))
}

// -- JSON as Python reads it, with objects as lists of entries

type Tree = string | { atom: string } | { list: Tree[] } | { dict: Map<string, Tree> }

/** Text that Python has read. */
function parse (text: string): Tree {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? []
  let at = 0
  const next = (): Tree => {
    const token = tokens[at++] as string
    if (token === '[') {
      const list: Tree[] = []
      while (tokens[at] !== ']' && at < tokens.length) {
        list.push(next())
        if (tokens[at] === ',') at++
      }
      at++
      return { list }
    }
    if (token === '{') {
      const dict = new Map<string, Tree>()
      while (tokens[at] !== '}' && at < tokens.length) {
        const key = JSON.parse(tokens[at] as string)
        at += 2
        dict.set(key, next())
        if (tokens[at] === ',') at++
      }
      at++
      return { dict }
    }
    return token?.startsWith('"') ? JSON.parse(token) : { atom: token }
  }
  return next()
}

function depthOf (tree: Tree): number {
  if (typeof tree === 'string' || 'atom' in tree) return 0
  const items = 'list' in tree ? tree.list : [...tree.dict.values()]
  return 1 + items.reduce((deepest, item) => Math.max(deepest, depthOf(item)), 0)
}

type Kind = 'string' | 'atom' | 'list' | 'dict' | 'tuple' | 'other' | 'wrong'

/** What a tree is once its tags are undone; wrong where a tag is around something that Flask would not write. */
function kindOf (tree: Tree): Kind {
  if (typeof tree === 'string') return 'string'
  if ('atom' in tree) return 'atom'
  const kinds = 'list' in tree ? tree.list.map(kindOf) : [...tree.dict.values()].map(kindOf)
  if (kinds.includes('wrong')) return 'wrong'
  if ('list' in tree) return 'list'
  if (tree.dict.size !== 1) return 'dict'
  const [[key, content]] = [...tree.dict] as [[string, Tree]]
  const [kind] = kinds as [Kind]
  const isText = typeof content === 'string'
  switch (key) {
    case ' t': return kind === 'list' || kind === 'tuple' ? 'tuple' : 'wrong'
    case ' b': return isText && Buffer.from(content, 'base64').toString('base64') === content ? 'other' : 'wrong'
    case ' m': return isText ? 'other' : 'wrong'
    case ' u': return isText && /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i.test(content) ? 'other' : 'wrong'
    case ' d': return isText ? 'other' : 'wrong'
    case ' di': return kind === 'dict' && typeof content === 'object' && 'dict' in content && content.dict.size === 1 && ([...content.dict.keys()][0] as string).endsWith('__') ? 'dict' : 'wrong'
    default: return 'dict'
  }
}
