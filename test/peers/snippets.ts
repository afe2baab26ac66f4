/**
 * The code in lib/peers/README.md, run as it stands there.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

const document = readFileSync(new URL('../../lib/peers/README.md', import.meta.url), 'utf8')

const entries: Readonly<Record<string, string>> = {
  'fastify-secure-cookie-session': '../../lib/index.ts',
  'fastify-secure-cookie-session/itsdangerous': '../../lib/itsdangerous/index.ts',
  'fastify-secure-cookie-session/peers': '../../lib/peers/index.ts'
}

/** The block of JavaScript under a heading; `at` counts them. */
export function snippet (heading: string, at = 0): string {
  const [, chapter = ''] = document.split(`## ${heading}\n`)
  const [text] = chapter.split(/^## /m)
  const found = Array.from(String(text).matchAll(/^```js\n([^]*?)^```$/gm), ([, code]) => code)[at]
  if (found === undefined) throw new Error(`there is no block ${at + 1} under "${heading}"`)
  return found
}

const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => (...values: unknown[]) => Promise<Record<string, any>>

/** Runs a block with these names around it, and gives what it declares at its outermost level. */
export async function run (code: string, context: Record<string, unknown> = {}): Promise<Record<string, any>> {
  const body = code.replace(/^import (?:(\w+)|\{(.*)\}) from '(.+)'$/gm, (_, name?: string, names?: string, from?: string) => {
    return `const {${name === undefined ? names : ` default: ${name} `}} = await load('${from}')`
  })
  const declared = Array.from(code.matchAll(/^(?:const|class) (\w+)/gm), ([, name]) => name)
  const load = (from: string): Promise<unknown> => import(entries[from] ?? from)
  return await new AsyncFunction('load', ...Object.keys(context), `{\n${body}\nreturn { ${declared.join(', ')} }\n}`)(load, ...Object.values(context))
}
