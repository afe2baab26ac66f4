/**
 * Errors for data that cannot be written.
 *
 * @module
 */

/** Steps of a path that a message shows. */
const longestPath = 12
/** Characters of a key that a message shows. */
const longestName = 64

/** Data that JSON cannot hold, and the place of the value in it. */
export class UnserializableError extends TypeError {
  override readonly name: string = 'UnserializableError'
  /** The place of the value: `cart.items[2]`; empty for the data as a whole. */
  readonly path: string

  constructor (what: string, path: string, options?: ErrorOptions) {
    super(`${path === '' ? 'the data' : path} cannot be written as JSON: ${what}`, options)
    this.path = path
  }
}

/** Data that is too long for a payload, detected before all of it was written. */
export class OversizedError extends UnserializableError {
  override readonly name: string = 'OversizedError'
}

/** The keys that lead to a value, as an error shows them. */
export function formatPath (path: ReadonlyArray<string | number>): string {
  const steps = path.slice(0, longestPath).map(step).join('') + (path.length > longestPath ? '...' : '')
  return steps.replace(/^\./, '')
}

/** A key as a message shows it. */
export function shorten (key: string): string {
  return key.length > longestName ? `${key.slice(0, longestName)}...` : key
}

function step (key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  if (key.length > longestName) return `[${JSON.stringify(shorten(key))}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
