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
  if (message.type === 'seed') {
    const { size, count } = message
    seed?.(size, count).then((cookies) => tell({ type: 'seeded', cookies }), (error) => { throw error })
    return
  }
  process.exit(0)
})
process.on('disconnect', () => process.exit(0))
tell({ type: 'ready', port: (server.address() as AddressInfo).port })

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
