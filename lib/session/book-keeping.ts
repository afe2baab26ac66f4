/**
 * The book of a session: the keys that are not the application's. They say when it began, how long it may live, its id.
 *
 * What is written has them among the data, where Flask keeps them. Here they are apart: user input may be a key.
 *
 * @module
 */

import type { BookKeeping } from '../../types/session.ts'
import { describe, isWholeNumber } from '../config/checks.ts'
import type { Dict } from '../json/dict.ts'

/** The book of a session without such keys. It names them all, so that none is read from Object.prototype. */
export const noBook: BookKeeping = Object.freeze({ created: undefined, lifetime: undefined, sid: undefined })

/** The data and the book of one session. */
export interface Split {
  /** Without the keys; the same object if it had none. */
  readonly data: Dict
  readonly book: BookKeeping
  /** The keys whose value has the wrong type, which count as absent. */
  readonly wrong: readonly string[]
}

const nothingWrong: readonly string[] = Object.freeze([])

/** Takes the keys out of data that was just parsed. Leaves the object as it is. */
export function splitBook (data: Dict): Split {
  // Own keys only, because prototype pollution must not begin or prolong a session.
  const has = { created: hasOwn(data, '_created'), lifetime: hasOwn(data, '_lifetime'), sid: hasOwn(data, '_sid') }
  if (!has.created && !has.lifetime && !has.sid) return { data, book: noBook, wrong: nothingWrong }
  const { _created: created, _lifetime: lifetime, _sid: sid, ...rest } = data
  const book = {
    created: has.created && Number.isSafeInteger(created) ? created as number : undefined,
    lifetime: has.lifetime && isLifetime(lifetime) ? lifetime : undefined,
    sid: has.sid && isSid(sid) ? sid : undefined
  }
  const wrong = names.filter((name) => has[name] && book[name] === undefined)
  return { data: rest, book, wrong: wrong.map((name) => `_${name}`) }
}

/** The data with the keys behind all others, as it is written; the same object if there are none. */
export function joinBook (data: Dict, { created, lifetime, sid }: BookKeeping): Dict {
  if (created === undefined && lifetime === undefined && sid === undefined) return data
  return {
    ...data,
    ...(created !== undefined && { _created: created }),
    ...(lifetime !== undefined && { _lifetime: lifetime }),
    ...(sid !== undefined && { _sid: sid })
  }
}

const names = ['created', 'lifetime', 'sid'] as const satisfies ReadonlyArray<keyof BookKeeping>
const keys: ReadonlySet<string> = new Set(names.map((name) => `_${name}`))

/** Refuses to write a key of the book as if it were the application's. */
export function refuseBookKey (key: string): void {
  if (!key.startsWith('_') || !keys.has(key)) return
  const cure = key === '_lifetime'
    ? 'write session.lifetime = seconds, or give the key another name'
    : 'give the key another name, or a prefix if it comes from users'
  throw new TypeError(`${key} is a key that the session keeps for itself: ${cure}`)
}

/** Whether a value can be the lifetime of a session: whole seconds from 1. */
export function isLifetime (value: unknown): value is number {
  return isWholeNumber(value) && value >= 1
}

const { hasOwn } = Object

/** What is wrong with the lifetime of a session, and the cure. */
export function wrongLifetime (given: unknown, longest: number): string {
  const limit = longest === Infinity ? 'from 1' : `from 1 to ${longest}, the PERMANENT_SESSION_LIFETIME`
  const cure = isLifetime(given) ? ': raise that setting, since the cookie would be refused as too old' : ''
  return `session.lifetime must be a whole number of seconds ${limit}, or null, got ${describe(given)}${cure}`
}

function isSid (value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{16,128}$/.test(value)
}
