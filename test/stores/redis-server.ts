/**
 * A real Redis for the tests: on a free port of this machine, gone afterwards.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const COMMAND = 'redis-server'

/** Why tests with Redis cannot run here; `false` if they can. With CI=true a missing Redis is an error. */
export function whyNoRedis (): string | false {
  const version = spawnSync(COMMAND, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const [, major = 0, minor = 0] = (/v=(\d+)\.(\d+)/.exec(version) ?? []).map(Number)
  if (major > 6 || (major === 6 && minor >= 2)) return false
  const reason = `these tests need ${COMMAND} 6.2 or newer: install Debian's package redis-server`
  if (process.env['CI'] === 'true') throw new Error(reason)
  return reason
}

export class RedisServer {
  port = 0
  readonly #options: string[]
  /** Whether what was acknowledged is on disk, and is there again after a crash and a start. */
  readonly #isDurable: boolean
  #directory = ''
  #shell: ChildProcess | undefined

  constructor (options: string[] = [], isDurable = false) {
    this.#options = options
    this.#isDurable = isDurable
  }

  get url (): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async start (): Promise<void> {
    if (this.port === 0) this.port = await freePort()
    if (this.#directory === '') this.#directory = mkdtempSync(join(tmpdir(), 'redis-'))
    const durability = this.#isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#directory, ...this.#options]
    // The shell kills the server when its input ends: when the tests say so, and when their process dies.
    this.#shell = spawn('sh', [
      '-c', '"$@" > /dev/null & read line; kill -9 $!', 'sh', COMMAND, ...options, '--save', '', ...durability
    ], { stdio: ['pipe', 'ignore', 'ignore'] })
    for (let tries = 0; tries < 500; tries++) {
      if (await isOpen(this.port)) return
      await setTimeout(20)
    }
    throw new Error(`${COMMAND} does not listen on port ${this.port}`)
  }

  /** Ends the server as a crash would, for good. */
  async kill (): Promise<void> {
    await this.crash()
    if (this.#directory !== '') rmSync(this.#directory, { recursive: true, force: true })
    this.#directory = ''
  }

  /** Ends the server as a crash would. Unless it is durable, everything in it is lost. */
  async crash (): Promise<void> {
    const shell = this.#shell
    if (shell === undefined) return
    this.#shell = undefined
    const exit = once(shell, 'exit')
    shell.stdin?.end()
    await exit
  }
}

async function isOpen (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
