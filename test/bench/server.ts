/**
 * The server process of one configuration, run as compiled JavaScript.
 *
 * Every peer has the same routes, written the way its README does it. The runner asks for CPU time and requests over IPC.
 *
 * @module
 */

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fastifyServer } from './server-fastify.ts'
import { nodeServer } from './server-node.ts'
import type { ServerConfig, ServerReply, ServerRequest, Stats } from './protocol.ts'

const config = JSON.parse(process.argv[2] ?? '{}') as ServerConfig
const { server, seed } = config.kind === 'cookie-session' ? await nodeServer() : await fastifyServer(config)

let requests = 0
server.on('request', () => { requests++ })

process.on('message', (message: ServerRequest) => {
  if (message.type === 'stats') return tell({ type: 'stats', stats: stats() })
  if (message.type === 'gc') {
    globalThis.gc?.()
    globalThis.gc?.()
    return tell({ type: 'stats', stats: stats() })
  }
  if (message.type === 'age') return age(collections)
  if (message.type === 'seed') {
    const { size, count } = message
    seed?.(size, count).then((cookies) => tell({ type: 'seeded', cookies }), (error) => { throw error })
    return
  }
  process.exit(0)
})
process.on('disconnect', () => process.exit(0))
tell({ type: 'ready', port: (server.address() as AddressInfo).port })

/** How many full collections a server of some hours has behind it, at the least. */
const collections = 8

/**
 * Full collections from a timer, as a process meets them that runs for hours: none of `process.nextTick`'s objects is alive then,
 * V8 drops their shape, and Node makes them by a slow way for the rest of the process's life, 2 to 3 us of each request. Left to
 * chance, this comes to some processes in the first seconds and to others not at all.
 */
function age (left: number): void {
  if (left === 0) return tell({ type: 'stats', stats: stats() })
  globalThis.gc?.()
  setTimeout(age, 20, left - 1)
}

function stats (): Stats {
  const { user, system } = process.cpuUsage()
  const { heapUsed, external } = process.memoryUsage()
  return { cpu: user + system, requests, now: Number(process.hrtime.bigint() / 1000n), memory: heapUsed + external }
}

function tell (message: ServerReply): void {
  process.send?.(message)
}

/** A server that listens, and how to make cookies that only this process knows. */
export interface BenchServer {
  server: Server
  seed?: (size: number, count: number) => Promise<string[]>
}
