/**
 * Checks of options, so that neither a misspelt name nor a positional argument as in Python is silently ignored.
 *
 * @module
 */

import { typeName } from '../type-name.ts'

/**
 * @param names - the names of the options; by default any name is accepted
 * @throws {TypeError} for options that are not an object, or for an unknown name.
 */
export function checkOptions (options: unknown, names?: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, got ${typeName(options)}`)
  }
  if (names === undefined) return
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`there is no option ${JSON.stringify(unknown)}: the options are ${names.join(', ')}`)
  }
}
