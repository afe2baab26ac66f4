/**
 * Starting, asking and killing a {@link file://./server.ts | server}.
 *
 * @module
 */

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ServerConfig, ServerReply, ServerRequest, ServerStats } from './server.ts'

/** A server that listens. It ends with this process at the latest. */
export class ServerProcess {
  readonly port: number
  readonly #child: ChildProcess
  #last: Promise<ServerReply> = Promise.resolve({ type: 'done' })

  private constructor (child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start (config: ServerConfig, flags: readonly string[] = []): Promise<ServerProcess> {
    // Coverage is that of the tests' own process: a child that is killed has none to tell.
    const { NODE_V8_COVERAGE, NODE_TEST_CONTEXT, ...env } = process.env
    const child = fork(join(import.meta.dirname, 'server.ts'), [JSON.stringify(config)], { execArgv: ['--import', 'tsx', ...flags], env: { ...env, NODE_ENV: 'production' } })
    const ready = await replyOf(child) as Extract<ServerReply, { type: 'ready' }>
    return new ServerProcess(child, ready.port)
  }

  async setClock (shift: number): Promise<void> {
    await this.#ask({ type: 'clock', shift })
  }

  async stats (gc = false): Promise<ServerStats> {
    return (await this.#ask({ type: 'stats', gc }) as Extract<ServerReply, { type: 'stats' }>).stats
  }

  /** Ends it as a crash would: what it was about to answer is lost. */
  async kill (): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  /** One at a time, since replies do not tell to what. */
  #ask (request: ServerRequest): Promise<ServerReply> {
    this.#last = this.#last.then(() => {
      const reply = replyOf(this.#child)
      this.#child.send(request)
      return reply
    })
    return this.#last
  }
}

async function replyOf (child: ChildProcess): Promise<ServerReply> {
  const listening = new AbortController()
  const { signal } = listening
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => { throw new Error(`the server ended with ${code}`) })
    ])
    return message as ServerReply
  } finally {
    listening.abort()
  }
}
