#!/usr/bin/env node
/**
 * The program behind `npx fastify-secure-cookie-session`.
 *
 * @module
 */

import { text } from 'node:stream/consumers'
import { main } from './cli/main.ts'

const { argv, env, stderr, stdin, stdout } = process
const io = { stdout, stderr, stdin: async () => await text(stdin), isTTY: stdin.isTTY, env, program: argv[1] }

main(argv.slice(2), io).then((code) => { process.exitCode = code })
