/**
 * A process that makes load: a client that sends back the cookies it was given, and autocannon where there is no wrk.
 *
 * @module
 */

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import autocannon from 'autocannon'
import type { ClientReply, ClientRequest } from './protocol.ts'

process.on('message', (message: ClientRequest) => {
  if (message.type === 'stop') process.exit(0)
  const work = message.type === 'flow' ? flow(message) : cannon(message)
  work.then((reply) => process.send?.(reply), (error) => { throw error })
})
process.on('disconnect', () => process.exit(0))

type Flow = Extract<ClientRequest, { type: 'flow' }>
type Cannon = Extract<ClientRequest, { type: 'autocannon' }>

/** Each connection is a user of its own and goes through the steps again and again; the first step begins without cookies. */
async function flow ({ port, steps, connections, ms }: Flow): Promise<ClientReply> {
  const start = performance.now()
  const users = Array.from({ length: connections }, () => new User(port, steps, start + ms))
  await Promise.all(users.map((user) => user.done))
  return {
    requests: users.reduce((sum, { requests }) => sum + requests, 0),
    seconds: (performance.now() - start) / 1000,
    failures: users.reduce((sum, { failures }) => sum + failures, 0)
  }
}

class User {
  requests = 0
  failures = 0
  readonly done: Promise<void>
  readonly #jar = new Map<string, string>()
  #step = 0
  #received = ''

  constructor (port: number, steps: readonly string[], until: number) {
    this.done = new Promise((resolve, reject) => {
      const open = (): void => {
        const socket = connect(port, '127.0.0.1')
        const next = (): void => {
          if (performance.now() < until) {
            socket.write(this.#request(steps))
          } else {
            socket.destroy()
            resolve()
          }
        }
        socket.setNoDelay(true).setEncoding('latin1')
        socket.on('connect', next).on('error', reject)
        socket.on('data', (text: string) => { if (this.#take(text)) this.#isClosing ? this.#reopen(socket, open) : next() })
      }
      open()
    })
  }

  #isClosing = false

  #reopen (socket: Socket, open: () => void): void {
    socket.destroy()
    open()
  }

  #request (steps: readonly string[]): string {
    if (this.#step === 0) this.#jar.clear()
    const path = steps[this.#step] ?? '/'
    this.#step = (this.#step + 1) % steps.length
    const cookies = [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
    return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${cookies === '' ? '' : `Cookie: ${cookies}\r\n`}\r\n`
  }

  /** Whether the response is complete. */
  #take (text: string): boolean {
    this.#received += text
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return false
    const head = this.#received.slice(0, end)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (this.#received.length < end + 4 + length) return false
    this.#received = ''
    this.requests++
    if (!head.startsWith('HTTP/1.1 200')) this.failures++
    for (const [, name = '', value = ''] of head.matchAll(/\r\nset-cookie: ([^=]+)=([^;\r]*)/gi)) this.#jar.set(name, value)
    this.#isClosing = /\r\nconnection: close/i.test(head)
    return true
  }
}

async function cannon ({ port, path, cookies, connections, ms }: Cannon): Promise<ClientReply> {
  let next = 0
  const start = performance.now()
  const run = autocannon({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: Math.ceil(ms / 1000) + 1,
    requests: [{
      path,
      setupRequest: (request) => cookies.length === 0
        ? request
        : { ...request, headers: { ...request.headers, cookie: cookies[next++ % cookies.length] } }
    }]
  })
  setTimeout(() => (run as unknown as { stop (): void }).stop(), ms)
  const result = await run
  return { requests: result.requests.total, seconds: (performance.now() - start) / 1000, failures: result.non2xx + result.errors }
}
