/**
 * Stretches of load on a server: by wrk, by autocannon where there is no wrk, by a client that keeps its cookies.
 *
 * @module
 */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { here } from './build.ts'
import type { Build } from './build.ts'
import { hasWrk, loadCPU, start, startNode } from './processes.ts'
import type { ClientReply, ClientRequest } from './protocol.ts'

export const connections = 16

/** Cookie headers, one a line, sent one after the other over all stretches. */
export class Cookies {
  readonly path: string
  readonly lines: readonly string[]
  readonly #offsets: number[] = []
  #next = 0

  constructor (path: string) {
    this.path = path
    this.lines = readFileSync(path, 'latin1').trimEnd().split('\n')
    let offset = 0
    for (const line of this.lines) {
      this.#offsets.push(offset)
      offset += line.length + 1
    }
  }

  get first (): string {
    return this.lines[0] ?? ''
  }

  get offset (): number {
    return this.#offsets[this.#next] ?? 0
  }

  get upcoming (): string[] {
    return [...this.lines.slice(this.#next), ...this.lines.slice(0, this.#next)]
  }

  /** So many were sent. */
  advance (sent: number): void {
    this.#next = (this.#next + sent) % this.lines.length
  }
}

/** What is sent. */
export type Traffic =
  { kind: 'plain', path: string, cookie: string | undefined } |
  { kind: 'many', path: string, cookies: Cookies } |
  { kind: 'flow', steps: readonly string[] }

export class Load {
  readonly #build: Build
  #client: ChildProcess | undefined

  constructor (build: Build) {
    this.#build = build
  }

  /** @throws when a response was none of the 200s. */
  async run (port: number, traffic: Traffic, ms: number): Promise<ClientReply> {
    const reply = traffic.kind === 'flow' || !hasWrk ? await this.#byClient(port, traffic, ms) : await byWrk(port, traffic, ms)
    if (reply.failures > 0) throw new Error(`${reply.failures} of ${reply.requests} responses were errors`)
    if (traffic.kind === 'many') traffic.cookies.advance(reply.requests)
    return reply
  }

  stop (): void {
    this.#client?.send({ type: 'stop' } satisfies ClientRequest)
    this.#client = undefined
  }

  async #byClient (port: number, traffic: Traffic, ms: number): Promise<ClientReply> {
    this.#client ??= startNode(loadCPU, this.#build.script('client'), [])
    const answer = once(this.#client, 'message')
    this.#client.send(traffic.kind === 'flow'
      ? { type: 'flow', port, steps: traffic.steps, connections, ms } satisfies ClientRequest
      : { type: 'autocannon', port, path: traffic.path, cookies: cookiesOf(traffic), connections, ms } satisfies ClientRequest)
    return (await answer)[0] as ClientReply
  }
}

function cookiesOf (traffic: Exclude<Traffic, { kind: 'flow' }>): string[] {
  if (traffic.kind === 'many') return traffic.cookies.upcoming
  return traffic.cookie === undefined ? [] : [traffic.cookie]
}

async function byWrk (port: number, traffic: Exclude<Traffic, { kind: 'flow' }>, ms: number): Promise<ClientReply> {
  const url = `http://127.0.0.1:${port}${traffic.path}`
  const args = ['-t1', `-c${connections}`, '-d100s']
  if (traffic.kind === 'many') args.push('-s', join(here, 'rotate.lua'), url, '--', traffic.cookies.path, String(traffic.cookies.offset))
  else args.push(...(traffic.cookie === undefined ? [] : ['-H', `Cookie: ${traffic.cookie}`]), url)
  // On a busy machine the signal may come before wrk is ready for it, and ends it without a word.
  for (let tries = 1; tries <= 6; tries++) {
    const reply = readWrk(await interruptedWrk(args, ms * tries))
    if (reply !== undefined) return reply
  }
  throw new Error(`wrk does not answer: ${args.join(' ').slice(0, 200)}`)
}

/** It prints its figures when it is interrupted, and looks for that ten times a second. */
async function interruptedWrk (args: readonly string[], ms: number): Promise<string> {
  const child = start(loadCPU, 'wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (more: string) => { text += more })
  // Again and again: a signal just before wrk falls asleep would not wake it.
  let timer = setTimeout(function interrupt () {
    child.kill('SIGINT')
    timer = setTimeout(interrupt, 50)
  }, ms)
  await once(child, 'close')
  clearTimeout(timer)
  return text
}

function readWrk (text: string): ClientReply | undefined {
  const [, requests, time, unit] = /(\d+) requests in ([\d.]+)(us|ms|s|m)/.exec(text) ?? []
  if (requests === undefined || requests === '0') return undefined
  const seconds = Number(time) * ({ us: 1e-6, ms: 1e-3, s: 1, m: 60 }[unit as 'us' | 'ms' | 's' | 'm'])
  return { requests: Number(requests), seconds, failures: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0) }
}
