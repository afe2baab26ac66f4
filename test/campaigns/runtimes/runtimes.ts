/**
 * Runs the package on every runtime that people have: a walk of twenty steps over a port, and unit tests on each Node.js.
 *
 *     npm run runtimes
 *
 * Writes RESULTS.md. The unit tests are those that need no other program; `npm test` runs the others.
 *
 * The runtimes are npm's packages `node`, `bun` and `deno`; they are kept in a folder of temporary files for the next time.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const checkout = join(import.meta.dirname, '../../..')
const root = join(tmpdir(), 'fastify-secure-cookie-session-runtimes')
const nodes = ['20', '22', '24', '26'] as const
/** The oldest, the newest, and the one to come. */
const fastifyVersions = ['5.0.0', '5', 'alpha'] as const

/** What the program wrote, whatever became of it. */
async function run (command: string, args: readonly string[], cwd: string, path = ''): Promise<{ code: unknown, stdout: string }> {
  const PATH = path === '' ? process.env.PATH : `${path}:${process.env.PATH}`
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env: { ...process.env, PATH }, maxBuffer: 1e9 })
    return { code: 0, stdout }
  } catch (error) {
    const { code, stdout, message } = error as Error & { code: unknown, stdout: string }
    return { code, stdout: `${stdout}\n${message}` }
  }
}

/** Installs packages into a folder of their own. */
async function install (name: string, ...packages: string[]): Promise<string> {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const { code, stdout } = await run('npm', ['install', '--no-audit', '--no-fund', ...packages], folder)
  if (code !== 0) throw new Error(stdout)
  return folder
}

/** The newest version of Fastify of that kind. */
async function versionOf (wanted: string): Promise<string> {
  const { stdout } = await run('npm', ['view', 'fastify', 'versions', '--json'], root)
  const versions = JSON.parse(stdout) as string[]
  if (wanted === 'alpha') return versions.filter((version) => /^6\.\d+\.\d+/.test(version)).at(-1) as string
  return versions.filter((version) => version === wanted || (version.startsWith(`${wanted}.`) && !version.includes('-'))).at(-1) as string
}

interface Runtime {
  name: string
  /** The program, and what goes before the script. */
  command: readonly string[]
}

/** The runtimes, installed. */
async function findRuntimes (): Promise<Runtime[]> {
  const runtimes: Runtime[] = []
  for (const major of nodes) {
    const program = join(await install(`node-${major}`, `node@${major}`), 'node_modules/node/bin/node')
    runtimes.push({ name: `Node.js ${(await run(program, ['-p', 'process.versions.node'], root)).stdout.trim()}`, command: [program] })
  }
  const bun = join(await install('bun', 'bun'), 'node_modules/bun/bin/bun.exe')
  runtimes.push({ name: `Bun ${(await run(bun, ['--version'], root)).stdout.trim()}`, command: [bun] })
  const folder = join(await install('deno', 'deno'), 'node_modules/@deno')
  const deno = join(folder, readdirSync(folder).find((name) => existsSync(join(folder, name, 'deno'))) as string, 'deno')
  const [, version] = /deno (\S+)/.exec((await run(deno, ['--version'], root)).stdout) ?? []
  runtimes.push({ name: `Deno ${version}`, command: [deno, 'run', '-A'] })
  return runtimes
}

/** Applications that have installed the package, by the version of Fastify. */
async function buildApps (): Promise<Map<string, string>> {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', root], checkout)
  const tarball = join(root, stdout.trim().split('\n').at(-1) as string)
  const apps = new Map<string, string>()
  for (const wanted of fastifyVersions) {
    const version = await versionOf(wanted)
    const folder = await install(`app-${version}`, tarball, `fastify@${version}`)
    copyFileSync(join(import.meta.dirname, 'walk.mjs'), join(folder, 'walk.mjs'))
    apps.set(version, folder)
  }
  return apps
}

/** The result of a walk, in a few words. */
async function walk ({ command: [program, ...args] }: Runtime, folder: string): Promise<string> {
  const { stdout } = await run(program as string, [...args, 'walk.mjs'], folder)
  const line = /^\{"fastify".*\}$/m.exec(stdout)?.[0]
  if (line === undefined) return /Promise\.withResolvers/.test(stdout) ? 'Fastify needs a newer one' : `failed: ${stdout.trim().split('\n').at(-1)}`
  const { steps, failed } = JSON.parse(line) as { steps: number, failed: string[] }
  for (const each of failed) console.error(`  ${each}`)
  return failed.length === 0 ? `${steps} of ${steps} steps` : `${steps - failed.length} of ${steps} steps`
}

const rooms = 'cli,config,cookie,crypto,faults,formats,interfaces,itsdangerous,json,replies,request,session,sessions,stores'

/** The result of unit tests, in a few words. */
async function unitTests ({ command: [program] }: Runtime): Promise<string> {
  const files = (await run('bash', ['-c', `ls test/*.test.ts test/{${rooms}}/*.test.ts`], checkout)).stdout.trim().split('\n')
  const options = ['--disable-warning=ExperimentalWarning', '--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=tap']
  const { stdout } = await run(program as string, [...options, ...files], checkout, dirname(program as string))
  const count = (kind: string): number => Number(new RegExp(`^# ${kind} (\\d+)`, 'm').exec(stdout)?.[1])
  for (const [line] of stdout.matchAll(/^ *not ok .*$/gm)) console.error(`  ${line.trim()}`)
  return `${count('pass')} of ${count('tests') - count('skipped')} tests, ${count('skipped')} skipped`
}

mkdirSync(root, { recursive: true })
const apps = await buildApps()
const lines = [
  `| runtime | ${Array.from(apps.keys(), (version) => `Fastify ${version}`).join(' | ')} | unit tests |`,
  `|---|${'---|'.repeat(apps.size)}---|`
]
let failures = 0
for (const runtime of await findRuntimes()) {
  const walks: string[] = []
  for (const folder of apps.values()) walks.push(await walk(runtime, folder))
  const tests = runtime.name.startsWith('Node') ? await unitTests(runtime) : '-'
  failures += walks.filter((text) => !/^(\d+) of \1 |newer/.test(text)).length
  if (!/^-|^(\d+) of \1 /.test(tests.replace(/, .*$/, ''))) failures++
  lines.push(`| ${[runtime.name, ...walks, tests].join(' | ')} |`)
  console.log(lines.at(-1))
}
writeFileSync(join(import.meta.dirname, 'RESULTS.md'), [
  '# What was run on what', '',
  `\`npm run runtimes\`, ${new Date().toISOString().slice(0, 10)}. The steps are those of [walk.mjs](walk.mjs), over a port, with the package as it is installed.`,
  'The unit tests are those that need no other program.', '',
  ...lines, ''
].join('\n'))
process.exitCode = failures === 0 ? 0 : 1
