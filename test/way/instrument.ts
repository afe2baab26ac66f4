/**
 * Copies a library and makes each function of the copy report to a {@link Recorder} when it begins and when it ends.
 *
 * @module
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Library from '../../lib/index.ts'
import { Recorder } from './recorder.ts'
import type { Spot } from './recorder.ts'
import { ts } from './typescript.ts'
import type { TS } from './typescript.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Instrumented {
  library: typeof Library
  recorder: Recorder
}

let copies = 0

/** @param lib - the folder `lib` of any checkout */
export async function instrument (lib: string): Promise<Instrumented> {
  // Packages are found below node_modules, and git, eslint and tsc ignore it.
  const folder = join(root, 'node_modules', '.cache', `way-${process.pid}-${++copies}`)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const recorder = new Recorder()
  const name = `recorder${copies}`
  Object.assign(globalThis, { [name]: recorder })
  for (const file of readdirSync(lib, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    const source = readFileSync(join(lib, file), 'utf8')
    writeFileSync(join(folder, file), instrumentText(file, source, recorder.spots, `globalThis.${name}`))
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n')
  return { library: await import(pathToFileURL(join(folder, 'index.ts')).href) as typeof Library, recorder }
}

/** The same source, on the same lines, with calls of the recorder in it. */
function instrumentText (file: string, text: string, spots: Spot[], recorder: string): string {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const insertions: Array<{ at: number, text: string }> = []
  const insert = (at: number, text: string): void => { insertions.push({ at, text }) }

  function visit (node: TS.Node): void {
    const body = ts.isFunctionLike(node) && 'body' in node ? node.body as TS.ConciseBody | undefined : undefined
    if (body !== undefined) visitFunction(node as TS.SignatureDeclaration, body)
    else if ((ts.isAwaitExpression(node) || ts.isYieldExpression(node)) && isInFunction(node)) visitPause(node)
    else ts.forEachChild(node, visit)
  }

  function visitFunction (node: TS.SignatureDeclaration, body: TS.ConciseBody): void {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart())
    const enter = `const call$ = ${recorder}.enter(${spots.length}); try {`
    const leave = `} finally { ${recorder}.leave(call$) }`
    spots.push({ file, name: nameOf(node), line: line + 1 })
    for (const parameter of node.parameters) visit(parameter)
    const isBlock = ts.isBlock(body)
    insert(isBlock ? body.getStart() + 1 : body.getStart(), isBlock ? enter : `{ ${enter} return (`)
    if (isBlock) ts.forEachChild(body, visit)
    else visit(body)
    insert(isBlock ? body.end - 1 : body.end, isBlock ? leave : `) ${leave} }`)
  }

  function visitPause (node: TS.AwaitExpression | TS.YieldExpression): void {
    insert(node.getStart(), `${recorder}.resume(call$, `)
    const value = node.expression
    if (value !== undefined) {
      insert(value.getStart(), `${recorder}.pause(call$, `)
      visit(value)
    }
    insert(node.end, value === undefined ? ` ${recorder}.pause(call$))` : '))')
  }

  visit(tree)
  // The sort is stable: insertions at one place stay in the order in which they were made, as it is that of the text.
  insertions.sort((a, b) => a.at - b.at)
  const pieces = insertions.map(({ at, text: inserted }, index) => inserted + text.slice(at, insertions[index + 1]?.at))
  return text.slice(0, insertions[0]?.at) + pieces.join('')
}

function isInFunction (node: TS.Node): boolean {
  return ts.findAncestor(node, ts.isFunctionLike) !== undefined
}

/** `SecureCookieSession.get size`, `listOf`, `plugin > (function)`. */
function nameOf (node: TS.SignatureDeclaration): string {
  const { parent, name } = node
  const kind = ts.isGetAccessor(node) ? 'get ' : ts.isSetAccessor(node) ? 'set ' : ''
  if (ts.isClassLike(parent)) {
    const own = ts.isConstructorDeclaration(node) ? 'constructor' : kind + name?.getText()
    return `${parent.name?.text ?? '(class)'}.${own}`
  }
  if (name !== undefined) return kind + name.getText()
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) {
    return parent.name.getText()
  }
  const around = ts.findAncestor(parent, ts.isFunctionLike)
  return around === undefined ? '(function)' : `${nameOf(around)} > (function)`
}
