/**
 * What the commands see of the world.
 *
 * @module
 */

/** Takes text; `process.stdout` is one. */
export interface Output {
  write (text: string): unknown
}

/** The world around a command. */
export interface IO {
  /** Answers, also those that refuse. */
  stdout: Output
  /** Usage errors and warnings. */
  stderr: Output
  /** Everything there is on standard input, as text. */
  stdin: () => Promise<string>
  /** Whether somebody types on standard input; undefined is no. */
  isTTY: boolean | undefined
  env: Readonly<Record<string, string | undefined>>
  /** The file that runs, to find the package around it. */
  program: string | undefined
}

/** All went well. */
export const fine = 0
/** The token is refused, or none at all. */
export const refused = 1
/** The command was called wrongly. */
export const wrongUsage = 2

/** The command was called wrongly; the message is one line without a full stop, and holds no secret. */
export class UsageError extends Error {}
