/**
 * The name of a value's type.
 *
 * @module
 */

/** The type of a value, for messages that must not show the value. */
export function typeName (value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
