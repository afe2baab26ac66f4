/**
 * Whose session it is, as text.
 *
 * @module
 */

import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import { typeName } from '../type-name.ts'

/** Characters of a user. Stores take 256 in a key, and the rest is for the parts in front of the user. */
const longest = 200
/** Stores take no control characters. */
const controls = /\p{Cc}/u

/**
 * `String(user)`, for the keys of a store; `undefined` for null, undefined and '', which are no user.
 *
 * @throws `FST_SESSION_INVALID_CONFIG` for a value whose text does not tell users apart, such as a promise.
 */
export function userId (user: unknown): string | undefined {
  if (user === null || user === undefined || user === '') return undefined
  const text = String(user)
  const isTelling = typeof user !== 'function' && !text.startsWith('[object ') && text.length <= longest
  if (isTelling && !controls.test(text)) return text
  // The rejection of an async function would end the process.
  Promise.resolve(user).catch(() => {})
  throw new FST_SESSION_INVALID_CONFIG('the user of a session', `text of at most ${longest} characters`, typeName(user))
}
