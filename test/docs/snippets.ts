/**
 * The code in the documents: found by its heading, and run as it stands there.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const checkout = join(import.meta.dirname, '../..')

/** A block of code in a document. */
export interface Snippet {
  file: string
  /** The heading above it. */
  heading: string
  language: string
  code: string
}

/** The documents for users. */
export const documents = ['README.md', 'lib/RECIPES.md', 'lib/REFERENCE.md', 'lib/itsdangerous/README.md'] as const

export type Document = typeof documents[number]

export function textOf (file: string): string {
  return readFileSync(join(checkout, file), 'utf8')
}

/** All fenced blocks of a document, in order. */
export function snippetsIn (file: Document): Snippet[] {
  const snippets: Snippet[] = []
  let heading = ''
  for (const [, title, language, code] of textOf(file).matchAll(/^#+ (.+)$|^```(\w+)\n([^]*?)^```$/gm)) {
    if (title !== undefined) heading = title
    else snippets.push({ file, heading, language: String(language), code: String(code) })
  }
  return snippets
}

const used = new Set<string>()

/** The block of code under a heading; `at` counts those of the language. */
export function snippet (file: Document, heading: string, language = 'js', at = 0): string {
  const all = snippetsIn(file)
  const found = all.filter((each) => each.heading === heading && each.language === language)[at]
  if (found === undefined) throw new Error(`${file} has no ${language} block ${at + 1} under "${heading}"`)
  used.add(`${file}\n${found.code}`)
  return found.code
}

/** The blocks of a document that no test has asked for yet. */
export function untested (file: Document): string[] {
  return snippetsIn(file).filter(({ code }) => !used.has(`${file}\n${code}`)).map(({ code }) => code)
}

const entries: Readonly<Record<string, string>> = {
  'fastify-secure-cookie-session': '../../lib/index.ts',
  'fastify-secure-cookie-session/itsdangerous': '../../lib/itsdangerous/index.ts',
  'fastify-secure-cookie-session/peers': '../../lib/peers/index.ts',
  'fastify-secure-cookie-session/stores': '../../lib/stores/index.ts',
  'fastify-secure-cookie-session/testing': '../../lib/testing.ts'
}

type Names = Readonly<Record<string, unknown>>
type Compiled = (...values: unknown[]) => Promise<Record<string, never>>

const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => Compiled

/**
 * Runs a block of JavaScript. Imports of the package are those of lib/.
 *
 * @param context - what the text around the block has: a block's own declarations hide it
 * @param files - what files of the application export
 * @returns the declarations at its outermost level
 */
export async function run (code: string, context: Names = {}, files: Readonly<Record<string, unknown>> = {}): Promise<Record<string, any>> {
  const body = code.replace(/^import (?:(\w+))?,? ?(?:\{([^}]*)\})? ?from '([^']+)'(?: \/\/.*)?$/gm, (_, name?: string, names?: string, from?: string) => {
    const parts = [name === undefined ? '' : `default: ${name}`, names ?? ''].filter((part) => part !== '')
    return `const { ${parts.join(', ')} } = await load('${from}');`
  })
  const declared = Array.from(body.matchAll(/^(?:const|class) (?:\{ (\w+) \}|(\w+))/gm), ([, inner, plain]) => inner ?? plain)
  const source = `{\n${body}\n;return { ${declared.join(', ')} } }`
  const load = async (from: string): Promise<unknown> => files[from] ?? await import(entries[from] ?? from)
  const { default: _, ...names } = context // of a namespace
  return new AsyncFunction('load', ...Object.keys(names), source)(load, ...Object.values(names))
}
