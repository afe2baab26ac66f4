/**
 * Tokens and Set-Cookie headers taken apart, without the code that is tested.
 *
 * @module
 */

import { inflateSync } from 'node:zlib'
import type { Digest } from './peer.ts'

export interface Token {
  /** As it stands in the token. */
  payload: string
  json: string
  /** Seconds since 1970. */
  timestamp: number
  signature: string
}

export function takeApart (token: string): Token {
  const [signature = '', timestamp = '', ...rest] = token.split('.').reverse()
  const payload = rest.reverse().join('.')
  const bytes = Buffer.from(payload.replace(/^\./, ''), 'base64url')
  return {
    payload,
    json: (payload.startsWith('.') ? inflateSync(bytes) : bytes).toString(),
    timestamp: Number(`0x${Buffer.from(timestamp, 'base64url').toString('hex')}`),
    signature
  }
}

/** Characters of a signature. */
export const signatureLength: Readonly<Record<Digest, number>> = { sha1: 27, sha256: 43, sha384: 64, sha512: 86 }

export interface SetCookie {
  name: string
  value: string
  /** By name in lower case; those without a value are true. */
  attributes: Record<string, string | true>
}

export function parseSetCookie (header: string): SetCookie {
  const [pair = '', ...parts] = header.split('; ')
  const at = pair.indexOf('=')
  const attributes = parts.map((part): [string, string | true] => {
    const equals = part.indexOf('=')
    return equals === -1 ? [part.toLowerCase(), true] : [part.slice(0, equals).toLowerCase(), part.slice(equals + 1)]
  })
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: Object.fromEntries(attributes) }
}

const stringOrNumber = /"(?:[^"\\]|\\.)*"|NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** JSON data in which objects are sorted entries and numbers are text that tells ints from floats. */
export function exactJSON (text: string): unknown {
  const numbersAsText = text.replace(stringOrNumber, (token) => token.startsWith('"') ? token : JSON.stringify(exactNumber(token)))
  return sortedEntries(JSON.parse(numbersAsText))
}

const intMark = '\u0001int '
const floatMark = '\u0001float '

function exactNumber (token: string): string {
  if (/^-?\d+$/.test(token)) return `${intMark}${BigInt(token)}`
  const number = Number(token)
  return floatMark + (Object.is(number, -0) ? '-0' : number)
}

/** Marks an object, whose entries are a list like any other. */
const dict = '\u0001dict'

function sortedEntries (json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortedEntries)
  if (typeof json !== 'object' || json === null) return json
  const entries = Object.entries(json).sort(([a], [b]) => a < b ? -1 : 1)
  return [dict, ...entries.map(([key, value]) => [key, sortedEntries(value)])]
}

/**
 * The keys of the session under which one side has a float where the other has the same whole number as an int.
 *
 * @returns `undefined` when there are other differences.
 */
export function keysOfFloats (one: unknown, other: unknown): string[] | undefined {
  const [a, b] = [entriesOf(one), entriesOf(other)]
  if (a === undefined || b === undefined || a.length !== b.length) return undefined
  const keys: string[] = []
  for (const [index, [key, value]] of a.entries()) {
    const [otherKey, otherValue] = b[index] as [string, unknown]
    if (key !== otherKey || !isLike(value, otherValue)) return undefined
    if (JSON.stringify(value) !== JSON.stringify(otherValue)) keys.push(key)
  }
  return keys
}

/** The entries of the session itself, which may have been tagged. */
function entriesOf (exact: unknown): Array<[string, unknown]> | undefined {
  if (!Array.isArray(exact) || exact[0] !== dict) return undefined
  const entries = exact.slice(1) as Array<[string, unknown]>
  if (entries.length !== 1 || entries[0]?.[0] !== ' di') return entries
  const [, [key, value]] = entries[0][1] as [unknown, [string, unknown]]
  return [[key.slice(0, -2), value]]
}

function isLike (a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isLike(item, b[index]))
  return a === b || asInt(a) === asInt(b)
}

function asInt (value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith(floatMark)) return value
  const number = value.slice(floatMark.length)
  return Number.isSafeInteger(Number(number)) && number !== '-0' ? intMark + number : value
}
