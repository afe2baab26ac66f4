/**
 * One write of a session into a store: what is wanted, and what becomes of it.
 *
 * @module
 */

import type { Dict } from '../json/dict.ts'
import type { Deeds } from './store-source.ts'

/** What became of a session: the store has it, it ended with this write, or another request had ended it before. */
export type Outcome = 'kept' | 'removed' | 'gone'

/** One write of a session. */
export interface Write {
  /** The session as this request wants it; `null` for an empty one, which is not stored. */
  readonly text: string | null
  readonly deeds: Deeds
  /** Whether the cookie outlives the browser. */
  readonly isPermanent: boolean
  /** When the session ends: milliseconds since 1970. */
  readonly expires: number
  /** The key in the store for an id. */
  keyOf (id: string): string
  /** The user whose session holds this data, if sessions are listed by user. */
  readonly userOf?: ((data: Dict) => string | undefined) | undefined
  debug (details: object, message: string): void
}
