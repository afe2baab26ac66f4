/**
 * Session data for people: JSON, with Python's types by their names.
 *
 * @module
 */

import { isCarriedFloat } from '../json/json-text.ts'
import { Markup, Tuple, UUID } from '../json/values.ts'
import { quote } from './printable.ts'
import { formatDate } from './times.ts'

/** The types that JSON has no word for, in Python and in JavaScript. */
export const pythonTypes = {
  bigint: 'int / bigint',
  bytes: 'bytes / Buffer',
  datetime: 'datetime.datetime / Date',
  markup: 'markupsafe.Markup / Markup',
  tuple: 'tuple / Tuple',
  uuid: 'uuid.UUID / UUID'
} as const

export type PythonType = keyof typeof pythonTypes

/** Columns of a line, where what stands on it can be broken. */
const width = 74
/** Bytes that are shown of bytes. */
const longestBytes = 24

/**
 * The data as text of one or several lines.
 *
 * @param types - takes up the types that occur
 */
export function formatValue (data: unknown, types: Set<PythonType>): string {
  return format(data, '', types, false)
}

function format (value: unknown, indent: string, types: Set<PythonType>, isFloat: boolean): string {
  const name = (type: PythonType, text: string): string => {
    types.add(type)
    return `${type} ${text}`
  }
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'bigint') return name('bigint', String(value))
  if (typeof value === 'number') return (Object.is(value, -0) ? '-0' : String(value)) + (isFloat ? '.0' : '')
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Uint8Array) return name('bytes', formatBytes(value))
  if (value instanceof Date) return name('datetime', formatDate(value))
  if (value instanceof Markup) return name('markup', quote(String(value)))
  if (value instanceof UUID) return name('uuid', String(value))

  const inner = indent + '  '
  const text = (key: string | number, item: unknown): string => format(item, inner, types, isCarriedFloat(value, key, item as number))
  const items = Array.isArray(value)
    ? value.map((item, index) => text(index, item))
    : Object.entries(value).map(([key, item]) => `${quote(key)}: ${text(key, item)}`)
  if (value instanceof Tuple) return name('tuple', enclose('(', items, ')', indent))
  if (Array.isArray(value)) return enclose('[', items, ']', indent)
  // The keys of the session itself stand one below the other.
  return enclose('{', items, '}', indent, indent === '')
}

function enclose (open: string, items: string[], close: string, indent: string, isBroken = false): string {
  if (items.length === 0) return open + close
  const length = items.reduce((sum, item) => sum + item.length + 2, indent.length)
  if (!isBroken && length <= width && !items.some((item) => item.includes('\n'))) return open + items.join(', ') + close
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`
}

function formatBytes (bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, longestBytes)).toString('hex')
  return `(${bytes.length})${hex === '' ? '' : ' ' + hex}${bytes.length > longestBytes ? '...' : ''}`
}
