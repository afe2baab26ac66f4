/**
 * How answers are laid out.
 *
 * @module
 */

import type { Output } from './io.ts'
import { formatValue, pythonTypes } from './format-value.ts'
import type { PythonType } from './format-value.ts'
import { oneLine } from './printable.ts'

/** A name and what is said of it; without that there is no line. */
export type Row = readonly [name: string, text: string | undefined]

/** Rows as lines. */
export function rows (entries: readonly Row[]): string {
  return entries.map(([name, text]) => text === undefined ? '' : `${name.padEnd(12)} ${text}\n`).join('')
}

/** The data, and the types in it that JSON has no word for. */
export function payloadBlock (data: unknown): string {
  const types = new Set<PythonType>()
  const text = formatValue(data, types).replace(/^/gm, '  ')
  const legend = Array.from(types, (type) => `  ${type.padEnd(10)} ${pythonTypes[type]}\n`)
  return `payload\n${text}\n` + (legend.length === 0 ? '' : `\ntypes        in Python / in JavaScript\n${legend.join('')}`)
}

/** Lines of up to 80 columns. */
export function wrap (text: string): string {
  return text.replace(/(.{1,80})(?: |$)/g, '$1\n')
}

/**
 * Writes one line of JSON.
 *
 * @param payload - JSON text that becomes the last property: as it stands in the cookie, so that no number in it is lost;
 * what only Python takes for JSON becomes text
 */
export function writeJSON (output: Output, fields: Record<string, unknown>, payload?: string): void {
  output.write(oneLine(payload === undefined ? JSON.stringify(fields) : withPayload(fields, payload)) + '\n')
}

function withPayload (fields: Record<string, unknown>, payload: string): string {
  try {
    JSON.parse(payload)
  } catch {
    return JSON.stringify({ ...fields, payload: null, payloadText: payload })
  }
  return `${JSON.stringify(fields).slice(0, -1)},"payload":${payload}}`
}
