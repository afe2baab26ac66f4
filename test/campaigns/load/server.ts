/**
 * A server in a process of its own: `node --import tsx server.ts '{"options":{...}}'`. Talks to its parent over IPC.
 *
 * @module
 */

import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import { Random } from '../../flask/random.ts'
import secureSession from '../../../lib/index.ts'
import type { SecureSessionOptions } from '../../../lib/index.ts'
import { addRoutes } from './app.ts'

/** The one argument, as JSON. */
export interface ServerConfig {
  /** @defaultValue any free one */
  port?: number
  options: SecureSessionOptions
  /** Whether handlers wait now and then, and with which seed. */
  seed?: number
}

export type ServerRequest =
  /** Sets the clock: milliseconds from the true time. */
  | { type: 'clock', shift: number }
  /** @param gc - whether to collect garbage before; needs `--expose-gc` */
  | { type: 'stats', gc: boolean }

/** In bytes, milliseconds since the last asking without `gc`, and microseconds of CPU. */
export interface ServerStats {
  rss: number
  heapUsed: number
  external: number
  arrayBuffers: number
  delay: { median: number, p99: number, max: number }
  cpu: number
}

export type ServerReply =
  | { type: 'ready', port: number }
  | { type: 'done' }
  | { type: 'stats', stats: ServerStats }

const { port = 0, options, seed } = JSON.parse(process.argv[2] ?? '{"options":{}}') as ServerConfig

const trueNow = Date.now
const resolution = 10
const delay = monitorEventLoopDelay({ resolution })
delay.enable()

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ServerRequest) => {
  if (message.type === 'clock') {
    Date.now = () => trueNow() + message.shift
    reply({ type: 'done' })
  } else {
    stats(message.gc).then((stats) => reply({ type: 'stats', stats }), (error) => { throw error })
  }
})

function reply (message: ServerReply): void {
  process.send?.(message)
}

async function stats (gc: boolean): Promise<ServerStats> {
  // What is measured is the time from one look at the clock to the next, which alone takes `resolution`.
  const milliseconds = (nanoseconds: number): number => Math.max(0, Math.round(nanoseconds / 1e4 - resolution * 100) / 100)
  const delays = { median: milliseconds(delay.percentile(50)), p99: milliseconds(delay.percentile(99)), max: milliseconds(delay.max) }
  if (gc) await collectGarbage()
  else delay.reset()
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return { rss, heapUsed, external, arrayBuffers, delay: delays, cpu: user + system }
}

/** That nobody can do anything meanwhile is no delay of the load. */
async function collectGarbage (): Promise<void> {
  delay.disable()
  // What finalizers let go is garbage only afterwards.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    await setImmediate()
  }
  delay.enable()
}

const fastify = Fastify()
await fastify.register(secureSession, options)
const random = seed === undefined ? undefined : new Random(seed)
addRoutes(fastify, () => random?.chance(0.5) === true ? random.int(0, 3) : undefined)
await fastify.listen({ port, host: '127.0.0.1' })
reply({ type: 'ready', port: (fastify.server.address() as AddressInfo).port })
