/**
 * Compiles the library and the processes of the benchmark into a folder of this run's own, so that nobody's `dist` is disturbed.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const here: string = dirname(fileURLToPath(import.meta.url))
export const root: string = join(here, '..', '..')

/** What was compiled, and where. */
export interface Build {
  folder: string
  /** The library as a file URL; `base` is the one to compare with. */
  lib: string
  base: string | undefined
  itsdangerous: string
  /** The compiled file of a process. */
  script (name: 'server' | 'cookies' | 'client' | 'micro-cases'): string
}

/**
 * @param base - a commit, or a folder with `lib` and `types`, whose library is measured beside this one
 */
export function build (base?: string): Build {
  // Below node_modules packages are found, and neither git, eslint nor tsc looks.
  const folder = join(root, 'node_modules', '.cache', `bench-${process.pid}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  compile(join(here, 'tsconfig.json'), folder)
  const index = (of: string): string => pathToFileURL(join(of, 'lib', 'index.js')).href
  return {
    folder,
    lib: index(folder),
    base: base === undefined ? undefined : index(buildBase(base, folder)),
    itsdangerous: pathToFileURL(join(folder, 'lib', 'itsdangerous', 'index.js')).href,
    script: (name) => join(folder, 'test', 'bench', `${name}.js`)
  }
}

function buildBase (base: string, folder: string): string {
  const source = join(folder, 'base-source')
  const out = join(folder, 'base')
  mkdirSync(source)
  if (existsSync(join(base, 'lib'))) shell(`cp -r lib types tsconfig.json ${source}`, base)
  else shell(`git archive ${base} lib types tsconfig.json | tar -x -C ${source}`, root)
  compile(join(source, 'lib', 'tsconfig.json'), out)
  return out
}

/** Errors of types are shown, but others may be at work in the library: what was emitted is used. */
function compile (project: string, out: string): void {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const { stdout } = spawnSync(tsc, ['-p', project, '--outDir', out, '--sourceMap', 'false', '--declaration', 'false', '--declarationMap', 'false'], { encoding: 'utf8' })
  if (stdout !== '') console.warn(stdout)
  if (!existsSync(join(out, 'lib', 'index.js'))) throw new Error(`nothing was compiled from ${relative(root, project)}`)
  writeFileSync(join(out, 'package.json'), '{"type":"module"}\n')
}

function shell (command: string, cwd: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}
