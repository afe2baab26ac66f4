/**
 * HTML that is escaped unless it says that it is safe, as in Flask's templates.
 *
 * @module
 */

import { Markup } from '../../lib/index.ts'

/**
 * HTML from a template literal. Values are escaped, `Markup` is put in as it is, lists are joined; null, undefined and false
 * leave nothing.
 */
export function html (strings: TemplateStringsArray, ...values: unknown[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...values.map(render)))
}

function render (value: unknown): string {
  if (value === null || value === undefined || value === false) return ''
  if (Array.isArray(value)) return value.map(render).join('')
  return value instanceof Markup ? value.toString() : escape(String(value))
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

function escape (text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}
