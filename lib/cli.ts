#!/usr/bin/env node
/**
 * The program behind `npx fastify-secure-cookie-session`.
 *
 * @module
 */

import { isatty } from 'node:tty'
import { exitCode } from './cli/args.ts'
import { main } from './cli/main.ts'

const { argv, env, stderr, stdout } = process

stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // The reader of a pipe may leave before the end, as `head` does.
  if (code === 'EPIPE') return
  stderr.write(`fastify-secure-cookie-session: standard output cannot be written: ${code}\n`)
  process.exitCode = exitCode.usage
})
// There is no other output to report this on.
stderr.on('error', () => {})

const io = { stdout, stderr, stdin: () => process.stdin, isTTY: isatty(0), env, program: argv[1] as string }
main(argv.slice(2), io).then((code) => { process.exitCode ??= code })
