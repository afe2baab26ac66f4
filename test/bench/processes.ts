/**
 * Starting, asking and ending the processes of the benchmark, each on its CPU.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { here } from './build.ts'
import type { Build } from './build.ts'
import type { ServerConfig, ServerReply, ServerRequest, Stats } from './protocol.ts'

const has = (command: string): boolean => spawnSync('which', [command]).status === 0
export const hasWrk: boolean = has('wrk')
export const hasValgrind: boolean = has('valgrind')
/** Not under a profiler: its thread would wait for the very code that it is to look at. Nor where time does not count. */
export const isPinned: boolean = has('taskset') && availableParallelism() > 1 && !process.argv.some((arg) => arg === '--profile' || arg === '--count')

/**
 * The server's CPU, and that of the load: the same one. To wake another CPU costs the server some microseconds per response,
 * and a slow server finds it asleep more often than a fast one. The runner has the other CPU.
 */
export const serverCPU = '0'
export const loadCPU: string = process.argv.includes('--two-cpus') ? '1' : serverCPU
const runnerCPU = '1'
/** Batch scheduling: nobody is interrupted by whom he wakes up, so that each answers all that waits before the other's turn. */
const scheduling = has('chrt') ? ['chrt', '-b', '0'] : []

/** The command and its arguments, bound to a CPU where that can be done. */
function pinned (cpu: string, command: string, args: readonly string[]): [string, string[]] {
  return isPinned ? ['taskset', ['-c', cpu, ...scheduling, command, ...args]] : [command, [...args]]
}

/** Keeps the runner out of the server's way. */
export function pinSelf (): void {
  if (isPinned) spawnSync('taskset', ['-cp', runnerCPU, String(process.pid)])
}

const { PATH, HOME } = process.env
const env = { PATH, HOME, NODE_ENV: 'production', PYTHONDONTWRITEBYTECODE: '1' }

const children = new Set<ChildProcess>()
process.on('exit', () => { for (const child of children) child.kill() })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

/** A child that ends with this process at the latest. */
export function start (cpu: string, command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(...pinned(cpu, command, args), { ...options, env })
  children.add(child)
  return child.on('exit', () => children.delete(child))
}

/**
 * A Node process that is talked to over IPC.
 *
 * @param under - a command that runs it
 */
export function startNode (cpu: string, script: string, args: readonly string[], flags: readonly string[] = [], under: readonly string[] = []): ChildProcess {
  const [command = '', ...rest] = [...under, process.execPath, ...flags, script, ...args]
  return start(cpu, command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

/** A server that was started. */
export interface Running {
  port: number
  pid: number
  /** Whether its code gets faster while it runs. */
  isJITted: boolean
  /** CPU and memory; a server that is not Node counts no requests. */
  stats (): Promise<Stats>
  gc (): Promise<Stats>
  /** Brings it into the state of a process that has run for long. */
  age (): Promise<Stats>
  seed (size: number, count: number): Promise<string[]>
  stop (): Promise<void>
}

/**
 * A server waits for its turn for longer than any that is in use. After eight seconds V8 would look for memory to give back, if the
 * server had left some, and throw away code with it: what comes then takes up to seven times as long, for a second.
 */
const serverFlags = ['--expose-gc', '--no-memory-reducer']

export async function startServer (build: Build, config: ServerConfig, flags: readonly string[] = [], under: readonly string[] = []): Promise<Running> {
  if (config.kind === 'flask') return startFlask()
  const child = startNode(serverCPU, build.script('server'), [JSON.stringify({ lib: build.lib, ...config })], [...serverFlags, ...flags], under)
  let waiting: { resolve: (message: ServerReply) => void, reject: (error: Error) => void } | undefined
  child.on('message', (message) => waiting?.resolve(message as ServerReply))
  child.on('exit', (code) => waiting?.reject(new Error(`the server of ${config.kind} ended with ${code}`)))
  const reply = async <T extends ServerReply['type']>(type: T): Promise<Extract<ServerReply, { type: T }>> => {
    const message = await new Promise<ServerReply>((resolve, reject) => { waiting = { resolve, reject } })
    waiting = undefined
    if (message.type !== type) throw new Error(`unexpected message from the server of ${config.kind}`)
    return message as Extract<ServerReply, { type: T }>
  }
  const ask = <T extends ServerReply['type']>(request: ServerRequest, type: T): Promise<Extract<ServerReply, { type: T }>> => {
    const answer = reply(type)
    child.send(request)
    return answer
  }
  const { port } = await reply('ready')
  return {
    port,
    pid: child.pid as number,
    isJITted: true,
    stats: async () => (await ask({ type: 'stats' }, 'stats')).stats,
    gc: async () => (await ask({ type: 'gc' }, 'stats')).stats,
    age: async () => (await ask({ type: 'age' }, 'stats')).stats,
    seed: async (size, count) => (await ask({ type: 'seed', size, count }, 'seeded')).cookies,
    stop: async () => {
      const ended = once(child, 'exit')
      child.send({ type: 'stop' } satisfies ServerRequest)
      await ended
    }
  }
}

/** Flask under gunicorn with one worker: the CPU is the worker's. */
async function startFlask (): Promise<Running> {
  const port = await freePort()
  const args = ['-m', 'gunicorn', '--chdir', here, '-w', '1', '-b', `127.0.0.1:${port}`, '--log-level', 'error', 'flask_app:app']
  const child = start(serverCPU, '/usr/bin/python3', args, { stdio: ['ignore', 'inherit', 'inherit'] })
  for (let tries = 0; tries < 100 && !await answers(port); tries++) await setTimeout(50)
  await setTimeout(200)
  const stats = async (): Promise<Stats> => {
    const response = await fetch(`http://127.0.0.1:${port}/cpu`)
    return { cpu: Number(await response.text()), requests: NaN, now: 0, memory: NaN }
  }
  return {
    port,
    pid: child.pid as number,
    isJITted: false,
    stats,
    gc: stats,
    age: stats,
    seed: async () => [],
    stop: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
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

function answers (port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => { socket.destroy(); resolve(true) }).on('error', () => resolve(false))
  })
}
