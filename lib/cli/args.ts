/**
 * Commands: their input and output, their arguments, and their answers.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { settings } from '../config/settings.ts'

/** The input and output of a command. */
export interface IO {
  /** Answers, also those that reject a cookie. */
  readonly stdout: { write (text: string): unknown }
  /** Usage errors and warnings. */
  readonly stderr: { write (text: string): unknown }
  readonly stdin: () => AsyncIterable<Uint8Array>
  /** Whether standard input is a terminal. */
  readonly isTTY: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file that runs, to find the package around it. */
  readonly program: string
}

/** `refused`: the cookie is rejected, or is not a session cookie. `usage`: the command could not do its work. */
export const exitCode = { ok: 0, refused: 1, usage: 2 } as const

/** The command cannot run with its arguments. The message is one line without a full stop and contains no secret. */
export class UsageError extends Error {}

/** The result of `work`. @throws {@link UsageError} when `work` throws; without a message with that of its error. */
export function orUsageError<T> (work: () => T, message?: string): T {
  try {
    return work()
  } catch (error) {
    throw new UsageError(message ?? (error as Error).message)
  }
}

/** The result of a command. */
export interface Answer {
  readonly code: number
  /** For people: lines. */
  readonly text: string
  /** For `--json`; `undefined` is left out. */
  readonly fields: Readonly<Record<string, unknown>>
  /** JSON text, for `--json` the last property. */
  readonly payload?: string | undefined
}

/** One of the words that may follow the program's name. */
export interface Command {
  /** For the list of commands. */
  readonly summary: string
  /** The words that follow the program's name. */
  readonly usage: string
  /** Paragraphs of the help. */
  readonly about: readonly string[]
  /** The options beside `--json`, which every command has. */
  readonly options: readonly OptionName[]
  /** `$0` stands for the program. */
  readonly examples: readonly string[]
  run (values: Values, positionals: readonly string[], io: IO): Promise<Answer>
}

/** The options of all commands, as the help shows them. A word in capitals stands for the value of an option. */
const optionHelp = {
  help: '-h, --help     this text; after a command: the help of that command',
  version: '--version      the version of the package',
  bytes: '--bytes N      from 16 to 1024 bytes; default 32',
  'key-file': `--key-file FILE
                 the keys, one a line, from the OLDEST to the NEWEST: the last
                 line signs, all verify. A line is a key as it is, spaces
                 included; empty lines and the environment are ignored`,
  digest: `--digest NAME  sha1 (stock Flask), sha256, sha384 or sha512; default sha512;
                 several with commas: the first signs, each verifies`,
  salt: `--salt TEXT    default cookie-session; for a session of the plugin that has
                 another name than session: cookie-session.NAME`,
  'key-derivation': `--key-derivation NAME
                 hmac, django-concat, concat or none; default hmac`,
  peer: `--peer NAME    starlette (FastAPI too) or django: a cookie of that framework,
                 whose signatures have no options`,
  'max-age': `--max-age SECONDS
                 the greatest age; default ${settings.PERMANENT_SESSION_LIFETIME.fallback}, the plugin's; with
                 --peer the peer's`,
  sealed: '--sealed       the session is encrypted, as with the plugin option sealed',
  permanent: '--permanent    make the session permanent (its key _permanent)',
  name: "--name NAME    the cookie's name in a header; default session, or the only one",
  json: '--json         the answer as one line of JSON'
}

type OptionName = keyof typeof optionHelp

/** The options that were given. */
export type Values = { [K in OptionName]?: K extends 'json' | 'permanent' | 'sealed' ? boolean : string }

export const program = 'fastify-secure-cookie-session'

/** The whole help as text. */
export function helpText (command: Omit<Command, 'summary' | 'run'>): string {
  const { usage, about: [first, ...more], options, examples } = command
  const paragraphs = [first, `Usage: npx ${program} ${usage}`, ...more,
    `Options:${[...options, 'json' as const].map((name) => `\n  ${optionHelp[name]}`).join('')}`,
    `Examples:${examples.map((example) => `\n  ${example.replace('$0', `npx ${program}`)}`).join('')}`]
  return `${paragraphs.join('\n\n')}\n`
}

/** Arguments that look like a secret key: `--key`, `--secret-key=...`, `SECRET_KEY=...`. */
const keyArgument = new RegExp('^(?:--?(?:secret[-_]?)?keys?|--?secrets?|--?password|' +
  '--?(?:secret[-_]?key[-_]?)?fallbacks?|SECRET_KEY(?:_FALLBACKS)?)(?:=|$)', 'i')

/** @throws {@link UsageError} when there may be a secret among the arguments. */
export function refuseKeys (args: readonly string[]): void {
  if (!args.some((arg) => keyArgument.test(arg))) return
  throw new UsageError('a key is never taken from an argument, which other users see in the list of processes ' +
    'and the shell keeps in its history: set SECRET_KEY in the environment or use --key-file FILE')
}

/** The greatest length of a message that repeats an argument. */
const longestMessage = 120

/** The options and other arguments of a command. */
export function parse (args: string[], names: Command['options']): { values: Values, positionals: string[] } {
  const options = Object.fromEntries([...names, 'json' as const].map((name) => {
    return [name, { type: /^--[\w-]+ [A-Z]/.test(optionHelp[name]) ? 'string' : 'boolean' } as const]
  }))
  // One of 64 sealed cookies begins with a hyphen, as options do.
  const [tokens, others] = [args.filter(isHyphenToken), args.filter((arg) => !isHyphenToken(arg))]
  if (tokens.length > 0 && !others.includes('--')) others.push('--')
  try {
    return parseArgs({ args: [...others, ...tokens], options, allowPositionals: true })
  } catch (error) {
    // Node's message has one sentence or several, each with a full stop.
    const [sentence = ''] = (error as Error).message.split(/\.(?:\s|$)/, 1)
    throw new UsageError(sentence.length > longestMessage ? `${sentence.slice(0, longestMessage)}...` : sentence)
  }
}

function isHyphenToken (arg: string): boolean {
  return /^-[\w-]{20,}\.[\w-]*\.[\w-]*$/.test(arg)
}

/** The number in the text of an option. @throws {@link UsageError} when it is not one, or out of bounds. */
export function wholeNumber (option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`${option} must be a whole number from ${least} to ${most}`)
}

/**
 * The argument of a command, or the text on standard input when the argument is `-` or missing.
 *
 * @param name - of the argument in the help
 */
export async function argumentOrInput (positionals: readonly string[], name: string, io: IO): Promise<string> {
  const { length, 0: argument = '-' } = positionals
  if (length > 1) throw new UsageError(`one ${name} is taken, got ${length} arguments (quotes keep one together)`)
  if (argument !== '-') return argument
  const missing = `${name} is missing: `
  if (io.isTTY && length === 0) throw new UsageError(`${missing}give it as an argument or on standard input`)
  const input = new TextDecoder().decode(await readAll(io.stdin(), 'standard input'))
  if (input.trim() === '') throw new UsageError(`${missing}standard input is empty`)
  return input
}

/** The greatest input in bytes: enough for a page and its headers, but not for a device that never ends. */
const longestInput = 16_777_216

/** The bytes of a stream. @throws {@link UsageError} when it cannot be read, or has too many. */
export async function readAll (stream: AsyncIterable<Uint8Array>, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let left = longestInput
  try {
    for await (const chunk of stream) {
      chunks.push(chunk)
      left -= chunk.length
      if (left < 0) break
    }
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  if (left < 0) throw new UsageError(`${name} has more than ${longestInput} bytes`)
  return Buffer.concat(chunks)
}
