/**
 * Arguments that would be passed over without a word: options in Python's way, and misspelt ones.
 *
 * @module
 */

/** The type of a value, for messages that must not show it. */
export function typeName (value: unknown): string {
  return value === null ? 'null' : typeof value
}

/**
 * @param names - of the options that there are; without them every option passes
 * @throws {TypeError} for options that are no object, or have another name.
 */
export function checkOptions (options: unknown, names?: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, got ${typeName(options)}`)
  }
  if (names === undefined) return
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw new TypeError(`there is no option ${JSON.stringify(name)}: the options are ${names.join(', ')}`)
  }
}
