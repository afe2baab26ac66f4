/**
 * Answers as text: for people, for programs, and safe for terminals.
 *
 * @module
 */

import { getOwn, isPlainObject } from '../json/dict.ts'
import { Markup, Tuple, UUID } from '../json/values.ts'

// Control characters, and those that are invisible, break lines or turn the direction of writing.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** The text with JSON escapes for characters that move the cursor or cannot be seen. */
export function printable (text: string): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  // A character of two UTF-16 units has two escapes.
  return text.replace(unsafe, (character) => character.split('').map(escape).join(''))
}

/** The text as a JSON string, {@link printable}. */
export function quote (text: string): string {
  return printable(JSON.stringify(text))
}

/** A label and a fact; a row without a fact is left out. */
export type Row = readonly [label: string, fact: string | boolean | undefined]

/** Rows as lines, with `yes` or `no` for booleans. */
export function rows (entries: readonly Row[]): string {
  const words = new Map<unknown, string>([[true, 'yes'], [false, 'no']])
  const known = entries.filter(([, fact]) => fact !== undefined)
  return known.map(([label, fact]) => `${label.padEnd(12)} ${words.get(fact) ?? fact}\n`).join('')
}

/**
 * One line of JSON.
 *
 * @param payload - JSON text that becomes the last property unchanged, so that no number in it is lost. Text that only
 * Python accepts as JSON becomes a string instead.
 */
export function jsonLine (fields: object, payload?: string): string {
  const json = JSON.stringify(fields)
  if (payload === undefined) return `${printable(json)}\n`
  try {
    JSON.parse(payload)
  } catch {
    return jsonLine({ ...fields, payload: null, payloadText: payload })
  }
  return `${printable(`${json.slice(0, -1)},"payload":${payload.replace(/[\t\n\r]/g, ' ')}}`)}\n`
}

/** Whether the data is a permanent session's. */
export function isPermanent (data: unknown): boolean {
  return isPlainObject(data) && Boolean(getOwn(data, '_permanent'))
}

/** `2023-11-14 22:13:20 UTC` */
function formatDate (date: Date): string {
  return date.toISOString().replace('T', ' ').replace('.000Z', ' UTC')
}

/** A date and its age: `2023-11-14 22:13:20 UTC (2 days 3 hours ago)` */
export function formatTime (date: Date, age: number): string {
  const words = age === 0 ? 'now' : `${formatDuration(Math.abs(age))} ${age < 0 ? 'in the future' : 'ago'}`
  return `${formatDate(date)} (${words})`
}

const units = [['day', 86_400, Infinity], ['hour', 3600, 86_400], ['minute', 60, 3600], ['second', 1, 60]] as const

/** The two largest units of a duration in seconds: `2 days 3 hours`. */
export function formatDuration (seconds: number): string {
  const counts = units.map(([unit, length, next]) => [unit, Math.floor(seconds % next / length)] as const)
  const some = counts.filter(([, count]) => count > 0).slice(0, 2)
  return some.map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ')
}

/** The types that occur in data and that JSON has no word for, in Python and in JavaScript. */
type Types = Map<string, string>

/** The data, and the types in it that JSON has no word for. */
export function payloadBlock (data: unknown): string {
  const types: Types = new Map()
  const text = formatValue(data, '  ', types)
  const legend = Array.from(types, ([name, languages]) => `  ${name.padEnd(10)} ${languages}\n`).join('')
  return `payload\n  ${text}\n${legend && `\ntypes        in Python / in JavaScript\n${legend}`}`
}

/** JSON with Python's types by their names. */
function formatValue (value: unknown, indent: string, types: Types): string {
  const named = (name: string, languages: string, text: string): string => {
    types.set(name, languages)
    return `${name} ${text}`
  }
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'bigint') return named('bigint', 'int / bigint', String(value))
  if (Object.is(value, -0)) return '-0.0'
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Uint8Array) return named('bytes', 'bytes / Buffer', formatBytes(value))
  if (value instanceof Date) return named('datetime', 'datetime.datetime / Date', formatDate(value))
  if (value instanceof Markup) return named('markup', 'markupsafe.Markup / Markup', quote(String(value)))
  if (value instanceof UUID) return named('uuid', 'uuid.UUID / UUID', String(value))

  const format = (item: unknown): string => formatValue(item, `${indent}  `, types)
  if (value instanceof Tuple) return named('tuple', 'tuple / Tuple', enclose('()', value.map(format), indent))
  if (Array.isArray(value)) return enclose('[]', value.map(format), indent)
  return enclose('{}', Object.entries(value).map(([key, item]) => `${quote(key)}: ${format(item)}`), indent)
}

/** Columns of a line, if it can be broken. */
const width = 76

function enclose (brackets: string, items: string[], indent: string): string {
  const [open, close] = brackets
  const line = `${open}${items.join(', ')}${close}`
  // The keys of the session itself have a line each.
  const isSession = brackets === '{}' && indent === '  '
  if (items.length === 0 || (!isSession && indent.length + line.length <= width && !line.includes('\n'))) return line
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`
}

/** Bytes that are shown of a value. */
const shownBytes = 24

function formatBytes (bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, shownBytes)).toString('hex')
  return `(${bytes.length})${hex && ` ${hex}`}${bytes.length > shownBytes ? '...' : ''}`
}
