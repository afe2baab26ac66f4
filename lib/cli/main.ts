/**
 * The command line: finds the command, prints its answer, and turns errors into exit codes.
 *
 * @module
 */

import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exitCode, helpText, parse, program, refuseKeys, UsageError } from './args.ts'
import type { Command, IO } from './args.ts'
import { inspect } from './inspect.ts'
import { keygen } from './keys.ts'
import { jsonLine, printable } from './print.ts'
import { sign } from './sign.ts'
import { verify } from './verify.ts'

const commands: Readonly<Record<string, Command>> = { keygen, inspect, verify, sign }
const words = Object.keys(commands)
const helpOptions = ['-h', '--help']
const summaries = Object.entries(commands).map(([word, { summary }]) => `\n  ${word.padEnd(9)}${summary}`)

const help = helpText({
  usage: 'COMMAND [OPTIONS]',
  about: [
    'Signed session cookies, as Flask and this Fastify plugin make them.',
    `Commands:${summaries.join('')}`,
    `Keys come from the environment (SECRET_KEY, SECRET_KEY_FALLBACKS) or from a
file (--key-file), never from an argument. Only keygen ever prints a key.`,
    `Exit codes: 0 fine; 1 the cookie is refused, or not a session cookie; 2 wrong
usage, or something cannot be read or written.`
  ],
  options: ['help', 'version'],
  examples: [
    'export SECRET_KEY=$($0 keygen)', "$0 inspect 'eyJ1c2VyIjoi...'", 'curl -si localhost:5000/login | $0 inspect',
    "$0 verify --digest sha1 'session=eyJ1c2V...'", "$0 sign '{\"user_id\":42}'"
  ]
})

/**
 * Runs a command. Never rejects.
 *
 * @param argv - the arguments after the program's name
 * @returns the exit code
 */
export async function main (argv: readonly string[], io: IO): Promise<number> {
  const [word = '', ...args] = argv
  const command = words.includes(word) ? commands[word] : undefined
  try {
    refuseKeys(argv)
    if (argv.length === 0) return print(io.stderr, help, exitCode.usage)
    if (command === undefined) return print(io.stdout, about(word, io), exitCode.ok)
    if (args.some((arg) => helpOptions.includes(arg))) return print(io.stdout, helpText(command), exitCode.ok)
    const { values, positionals } = parse(args, command.options)
    const { code, text, fields, payload } = await command.run(values, positionals, io)
    return print(io.stdout, values.json === true ? jsonLine(fields, payload) : text, code)
  } catch (error) {
    const caller = command === undefined ? program : `${program} ${word}`
    return print(io.stderr, `${caller}: ${describe(error)}\n`, exitCode.usage)
  }
}

function print (output: IO['stdout'], text: string, code: number): number {
  output.write(text)
  return code
}

/** The text of an option that needs no command. */
function about (word: string, io: IO): string {
  if (helpOptions.includes(word)) return help
  if (word === '--version') return `${versionAbove(realpathSync(io.program))}\n`
  // The word is not repeated: it may be a cookie.
  throw new UsageError(`no such command or option: the commands are ${words.join(', ')}`)
}

/** The message of an unexpected error is not shown, because there may be a value in it. */
function describe (error: unknown): string {
  if (error instanceof UsageError) return `${printable(error.message)}; see --help`
  const { name, code } = error as NodeJS.ErrnoException
  return `unexpected ${code ?? name}`
}

/**
 * The version in the nearest package.json above a path; `'unknown'` if there is none.
 *
 * The program runs from `dist/esm/lib`, `dist/cjs/lib` and `lib`. `dist/cjs/package.json` has no version.
 */
function versionAbove (path: string): string {
  const folder = dirname(path)
  if (folder === path) return 'unknown'
  const file = join(folder, 'package.json')
  const { version } = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as { version?: string }
  return version ?? versionAbove(folder)
}
