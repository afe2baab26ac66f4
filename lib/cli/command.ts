/**
 * A command, and how its arguments are read.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'
import { UsageError } from './io.ts'
import type { IO } from './io.ts'

/** One of the words that may follow the program's name. */
export interface Command {
  /** For the list of commands. */
  summary: string
  /** The whole help, ending in a line break. */
  help: string
  /** Does it. The result is the exit code. */
  run (args: string[], io: IO): Promise<number>
}

/** What looks like a key given as an argument: `--key`, `--secret-key=...`, `SECRET_KEY=...`. */
const keyArgument = /^(?:--?(?:secret[-_]?)?keys?|--?secrets?|--?password|--?(?:secret[-_]?key[-_]?)?fallbacks?|SECRET_KEY(?:_FALLBACKS)?)(?:=|$)/i

/** @throws {@link UsageError} when there may be a secret among the arguments. */
export function refuseKeys (args: readonly string[]): void {
  if (!args.some((arg) => keyArgument.test(arg))) return
  throw new UsageError('a key is never taken from an argument, which other users see in the list of processes and the shell keeps in its history: set SECRET_KEY in the environment or use --key-file FILE')
}

/** Characters of a message that repeats an argument. */
const longestMessage = 120

type Options = NonNullable<ParseArgsConfig['options']>

/** What node makes of the arguments. */
type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ options: O & { json: { type: 'boolean' } }, allowPositionals: true }>>

/** The options and other arguments of a command; each command has `--json`. */
export function parse<const O extends Options> (args: string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args, options: { ...options, json: { type: 'boolean' } }, allowPositionals: true })
  } catch (error) {
    // The message of node is a sentence or several, each with its full stop.
    const [sentence = ''] = (error as Error).message.split(/\.(?:\s|$)/, 1)
    throw new UsageError(sentence.length > longestMessage ? `${sentence.slice(0, longestMessage)}...` : sentence)
  }
}

/** The number in the text of an option. @throws {@link UsageError} when it is none, or out of bounds. */
export function wholeNumber (option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`${option} must be a whole number from ${least} to ${most}`)
}

/**
 * The argument of a command, or what is on standard input where the argument is `-` or left out.
 *
 * @param what - its name in the help
 */
export async function argumentOrInput (positionals: readonly string[], what: string, io: IO): Promise<string> {
  const [argument = '-', ...more] = positionals
  if (more.length > 0) throw new UsageError(`one ${what} is taken, got ${positionals.length} arguments (quotes keep one together)`)
  if (argument !== '-') return argument
  if (io.isTTY === true && positionals.length === 0) throw new UsageError(`${what} is missing: give it as an argument or on standard input`)
  const input = await io.stdin()
  if (input.trim() === '') throw new UsageError(`${what} is missing: standard input is empty`)
  return input
}
