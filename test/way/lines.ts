/**
 * Counts lines of code and words of comments, by folder: `npx tsx test/way/lines.ts [CHECKOUT]`.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ts } from './typescript.ts'
import type { TS } from './typescript.ts'

interface Lines {
  file: string
  /** Lines that hold more than comments. */
  code: number
  /** Words of comments. */
  words: number
  /** Lines over 120 columns. */
  long: number
  all: number
}

const longest = 120
const checkout = process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url))

console.log('| folder | files | lines of code | words of comments | lines over 120 columns | largest file, lines |')
console.log('|---|--:|--:|--:|--:|---|')
const files = ['lib', 'types'].flatMap((folder) => sourcesIn(folder).map(linesOf))
const folders = [...new Set(files.map(({ file }) => dirname(file)))].sort()
for (const folder of folders) printRow(folder, files.filter(({ file }) => dirname(file) === folder))
const library = files.filter(({ file }) => file.startsWith('lib/'))
const commandLine = library.filter(({ file }) => /^lib\/cli(\.ts|\/)/.test(file))
printRow('lib in all', library)
printRow('lib without the command line', library.filter((lines) => !commandLine.includes(lines)))
printRow('the command line', commandLine)

function sourcesIn (folder: string): string[] {
  if (!existsSync(join(checkout, folder))) return []
  const names = readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
  const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.tst.ts'))
  return sources.map((name) => join(folder, name)).sort()
}

function linesOf (file: string): Lines {
  const text = readFileSync(join(checkout, file), 'utf8')
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const lineOf = (at: number): number => tree.getLineAndCharacterOfPosition(at).line
  const code = new Set<number>()
  let words = 0
  const visit = (node: TS.Node): void => {
    if (ts.isJSDoc(node)) return // a part of the text before the next token
    const children = node.getChildren()
    if (children.length > 0 || node.kind === ts.SyntaxKind.SyntaxList) return children.forEach(visit)
    words += text.slice(node.getFullStart(), node.getStart()).match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0
    if (node.end === node.getStart()) return
    for (let line = lineOf(node.getStart()); line <= lineOf(node.end); line++) code.add(line)
  }
  visit(tree)
  const all = text.split('\n').slice(0, -1)
  return { file, code: code.size, words, long: all.filter((line) => line.length > longest).length, all: all.length }
}

function printRow (name: string, files: readonly Lines[]): void {
  const sum = (key: 'code' | 'words' | 'long'): number => files.reduce((sum, lines) => sum + lines[key], 0)
  const [largest] = files.toSorted((a, b) => b.all - a.all)
  const cells = [name, files.length, sum('code'), sum('words'), sum('long'), `${largest?.file} (${largest?.all})`]
  console.log(`| ${cells.join(' | ')} |`)
}
