/**
 * A folder with an application in it that has installed the packed package.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const checkout = join(import.meta.dirname, '../..')
const modules = join(checkout, 'node_modules')
const name = 'fastify-secure-cookie-session'

/** Both compilers: the one that this package is built with, and the last one written in JavaScript, which many still have. */
export const compilers = {
  7: createRequire(import.meta.url).resolve('typescript/package.json'),
  6: createRequire(join(modules, 'neostandard/package.json')).resolve('typescript/package.json')
} as const

// What the package depends on, and what an application has beside it. Copies know only of what is beside them: @fastify/flash imports
// the types of @fastify/secure-session, which an application of ours need not have.
const linked = [
  'fastify', 'fastify-plugin', 'tweetnacl', 'tough-cookie', '@fastify/cookie', '@fastify/error',
  '@fastify/autoload', '@fastify/csrf-protection', '@types/node', '@types/passport'
]
const copied = ['@fastify/flash', '@fastify/passport']

/** What a program said, and how it ended. */
export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

export interface CompilerOptions {
  compiler?: keyof typeof compilers
  skipLibCheck?: boolean
  paths?: Readonly<Record<string, readonly string[]>>
  /** Where the JavaScript goes; without it there is none. */
  outDir?: string
}

/** The application's folder, and the package in it. */
export class Workspace {
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'package-')))
  readonly folder = join(this.#root, 'app')
  /** The folder of an application that has @fastify/secure-session, too. */
  readonly beside = join(this.folder, 'beside')
  /** The unpacked package. */
  readonly package = join(this.folder, 'node_modules', name)
  readonly tarball = join(this.#root, `${name}.tgz`)

  /** Builds and packs a copy of the sources, so that `dist` is left alone, and installs the tarball. */
  async install (): Promise<void> {
    const source = join(this.#root, 'source')
    mkdirSync(source)
    for (const each of ['lib', 'types', 'package.json', 'tsconfig.json', 'README.md', 'LICENSE']) {
      cpSync(join(checkout, each), join(source, each), { recursive: true })
    }
    symlinkSync(modules, join(source, 'node_modules'))
    await run('npm', ['pack', '--pack-destination', this.#root], { cwd: source })
    await run('sh', ['-c', `mv ${name}-*.tgz ${name}.tgz`], { cwd: this.#root })

    mkdirSync(this.package, { recursive: true })
    await run('tar', ['-xzf', this.tarball, '-C', this.package, '--strip-components=1'])
    for (const each of linked) this.#link(this.folder, each)
    for (const each of copied) cpSync(join(modules, each), join(this.folder, 'node_modules', each), { recursive: true })
    for (const each of [...copied, '@fastify/secure-session']) this.#link(this.beside, each)
    await this.#linkBin()
    this.write('package.json', '{ "private": true }\n')
  }

  remove (): void {
    rmSync(this.#root, { recursive: true, force: true })
  }

  /** Writes a file of the application. */
  write (file: string, text: string): string {
    const path = join(this.folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  /** Runs a program in the application's folder. */
  async run (command: string, args: readonly string[]): Promise<Outcome> {
    // Coverage is about lib/, which does not run here.
    const { NODE_V8_COVERAGE: _, NODE_OPTIONS: __, ...env } = process.env
    try {
      return { code: 0, ...await run(command, args, { cwd: this.folder, env }) }
    } catch (error) {
      return error as Outcome
    }
  }

  /** Runs a script with node, and gives what it wrote as JSON. */
  async runScript (file: string, text: string): Promise<unknown> {
    return this.runFile(this.write(file, text))
  }

  async runFile (file: string): Promise<unknown> {
    const { code, stdout, stderr } = await this.run(process.execPath, [file])
    if (code !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }

  /**
   * Compiles programs.
   *
   * @returns the complaints, each as `file TScode`
   */
  async compile (files: readonly string[], { compiler = 7, skipLibCheck = false, paths = {}, outDir }: CompilerOptions = {}): Promise<string[]> {
    const project = this.write(`tsconfig.${files.join('.').replaceAll('/', '.')}.${compiler}.${skipLibCheck}.json`, JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023'],
        module: 'nodenext',
        types: ['node'],
        strict: true,
        skipLibCheck,
        paths,
        ...(outDir === undefined ? { noEmit: true } : { outDir, rootDir: '.' })
      },
      files
    }))
    const { stdout } = await this.run(process.execPath, [join(dirname(compilers[compiler]), 'bin/tsc'), '-p', project, '--pretty', 'false'])
    return [...new Set(Array.from(stdout.matchAll(/^(?:.*node_modules\/)?([^\n(]+)\(\d+,\d+\): error (TS\d+)/gm), ([, file, code]) => `${file} ${code}`))]
  }

  #link (folder: string, each: string): void {
    const target = join(folder, 'node_modules', each)
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(modules, each), target)
  }

  /** As npm does for the `bin` of a package. */
  async #linkBin (): Promise<void> {
    const { bin } = createRequire(this.tarball)(join(this.package, 'package.json')) as { bin: Record<string, string> }
    mkdirSync(join(this.folder, 'node_modules/.bin'))
    for (const [command, file] of Object.entries(bin)) {
      await run('chmod', ['755', join(this.package, file)])
      symlinkSync(join(this.package, file), join(this.folder, 'node_modules/.bin', command))
    }
  }
}
