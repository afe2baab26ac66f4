/**
 * The command line: finds the command, and turns errors into exit codes.
 *
 * @module
 */

import { refuseKeys } from './command.ts'
import type { Command } from './command.ts'
import { inspect } from './inspect.ts'
import { fine, UsageError, wrongUsage } from './io.ts'
import type { IO } from './io.ts'
import { keygen } from './keygen.ts'
import { printable } from './printable.ts'
import { sign } from './sign.ts'
import { verify } from './verify.ts'
import { packageVersion } from './version.ts'

const name = 'fastify-secure-cookie-session'
const commands: ReadonlyMap<string, Command> = new Map([['keygen', keygen], ['inspect', inspect], ['verify', verify], ['sign', sign]])

const help = `Signed session cookies, as Flask and this Fastify plugin make them.

Usage: npx ${name} COMMAND [OPTIONS]

Commands:
${Array.from(commands, ([word, { summary }]) => `  ${word.padEnd(9)}${summary}\n`).join('')}
Options:
  -h, --help     this text; after a command: the help of that command
  --version      the version of the package
  --json         after a command: the answer as one line of JSON

Keys come from the environment (SECRET_KEY, SECRET_KEY_FALLBACKS) or from a
file (--key-file), never from an argument. Only keygen ever prints a key.

Exit codes: 0 fine; 1 the cookie is refused or none; 2 wrong usage.

Examples:
  export SECRET_KEY=$(npx ${name} keygen)
  npx ${name} inspect 'eyJ1c2VyIjoiYWxpY2UifQ.ZVPxAA....'
  curl -si localhost:5000/login | npx ${name} inspect
  npx ${name} verify --digest sha1 'session=eyJ1c2V...'
  npx ${name} sign '{"user_id":42}'
`

/**
 * Runs a command.
 *
 * @param argv - what follows the program's name
 * @returns the exit code: 0 fine, 1 the token is refused, 2 wrong usage
 */
export async function main (argv: readonly string[], io: IO): Promise<number> {
  const [word, ...args] = argv
  try {
    refuseKeys(argv)
    switch (word) {
      case undefined: io.stderr.write(help); return wrongUsage
      case '-h': case '--help': io.stdout.write(help); return fine
      case '--version': io.stdout.write(`${packageVersion(io.program ?? '/')}\n`); return fine
    }
    const command = commands.get(word)
    // The word is not repeated: it may be a cookie.
    if (command === undefined) throw new UsageError(`no such command or option: the commands are ${[...commands.keys()].join(', ')}`)
    if (args.includes('--help') || args.includes('-h')) {
      io.stdout.write(command.help)
      return fine
    }
    return await command.run(args, io)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const caller = word !== undefined && commands.has(word) ? `${name} ${word}` : name
    io.stderr.write(`${caller}: ${printable(error.message)}; see --help\n`)
    return wrongUsage
  }
}
