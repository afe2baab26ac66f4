/**
 * The ways to keep sessions that the demo knows: `SESSIONS=sealed npm start`. The twin has the same names.
 *
 * @module
 */

import type { SigningOptions } from '../../lib/index.ts'
import { stores } from './stores.ts'

interface Kind {
  options: SigningOptions
  /** What the page says of the payload. */
  note: string
}

export const kinds = {
  cookie: { options: {}, note: 'Signed, not encrypted: everybody can read it, nobody can change it.' },
  sealed: { options: { sealed: true }, note: 'Sealed: only who has the key can read it or change it. This page can, so it shows it.' }
} satisfies Record<string, Kind>

export type KindName = keyof typeof kinds

/** @throws {RangeError} for a name that is not one. */
export function kindNamed (name: string): KindName {
  if (Object.hasOwn(kinds, name)) return name as KindName
  throw new RangeError(`SESSIONS must be one of ${[...Object.keys(kinds), ...Object.keys(stores)].join(', ')}`)
}
