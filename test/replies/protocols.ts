/**
 * The protocols that replies are sent over: HTTP/1.1, HTTP/2 in the clear (h2c) and HTTP/2 over TLS.
 *
 * @module
 */

import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import type { TestContext } from 'node:test'
import type { FastifyHttpOptions } from 'fastify'
import { certificate } from '../certificate.ts'
import { Connection } from '../client.ts'
import type { Answer, Ask } from '../client.ts'
import { requirePrograms } from '../programs.ts'

/** One connection. */
export interface Client {
  readonly isOpen: boolean
  ask (ask: Ask): Promise<Answer>
  /** Leaves without a word. */
  abort (): Promise<void>
  close (): Promise<void>
  /** Resolves when the connection is over, whoever ended it. */
  closed (): Promise<void>
}

export interface Protocol {
  name: 'HTTP/1.1' | 'h2c' | 'h2 over TLS'
  /** Whether the machine can run it; skips the test otherwise. */
  isHere (t: TestContext): boolean
  /** Options of the server. */
  server (): FastifyHttpOptions<Server>
  open (port: number): Promise<Client>
}

export const http1: Protocol = {
  name: 'HTTP/1.1',
  isHere: () => true,
  server: () => ({ forceCloseConnections: true }),
  open: (port) => Connection.open(port)
}

export const h2c: Protocol = {
  name: 'h2c',
  isHere: () => true,
  server: () => ({ http2: true }) as unknown as FastifyHttpOptions<Server>,
  open: (port) => HTTP2Connection.open(`http://127.0.0.1:${port}`)
}

export const h2: Protocol = {
  name: 'h2 over TLS',
  isHere: (t) => requirePrograms(t, 'openssl'),
  server: () => ({ http2: true, https: certificate() }) as unknown as FastifyHttpOptions<Server>,
  open: (port) => HTTP2Connection.open(`https://127.0.0.1:${port}`)
}

export const protocols = [http1, h2c, h2]

/** Asks over HTTP/2; the heads of its answers are spelled as in HTTP/1.1. */
class HTTP2Connection implements Client {
  readonly #session: ClientHttp2Session

  private constructor (session: ClientHttp2Session) {
    this.#session = session
    session.on('error', () => {}) // `close` follows
  }

  static async open (origin: string): Promise<HTTP2Connection> {
    const session = connect(origin, { rejectUnauthorized: false })
    await once(session, 'connect')
    return new HTTP2Connection(session)
  }

  get isOpen (): boolean {
    return !this.#session.closed && !this.#session.destroyed
  }

  ask ({ path, method, cookie, headers = {}, body }: Ask): Promise<Answer> {
    const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
    const sent = Object.entries({ ...content, ...headers }).map(([name, value]) => [name.toLowerCase(), value])
    const stream = this.#session.request({
      ':path': path,
      ':method': method ?? (body === undefined ? 'GET' : 'POST'),
      ...cookie === undefined || cookie === '' ? {} : { cookie },
      ...Object.fromEntries(sent)
    }, { endStream: body === undefined })
    const answer: Answer = { status: 0, head: '', body: '', isCut: true }
    stream.setEncoding('latin1')
    stream.on('response', (_headers, _flags, ...[raw]: [raw?: string[]]) => {
      const pairs = Array.from({ length: (raw?.length ?? 0) / 2 }, (_, index) => [raw?.[2 * index], raw?.[2 * index + 1]] as [string, string])
      answer.status = Number(pairs.find(([name]) => name === ':status')?.[1])
      answer.head = [`HTTP/2 ${answer.status}`, ...pairs.filter(([name]) => !name.startsWith(':')).map((pair) => pair.join(': '))].join('\r\n')
    })
    stream.on('data', (data) => { answer.body += String(data) })
    stream.on('end', () => { answer.isCut = false })
    stream.on('aborted', () => { answer.isCut = true })
    stream.on('error', () => { answer.isCut = true })
    if (body !== undefined) stream.end(body)
    return new Promise((resolve) => stream.on('close', () => resolve({ ...answer, isCut: answer.isCut || stream.rstCode !== 0 })))
  }

  async abort (): Promise<void> {
    this.#session.destroy()
    await this.closed()
  }

  async close (): Promise<void> {
    this.#session.close()
    await this.closed()
  }

  async closed (): Promise<void> {
    if (!this.#session.destroyed) await once(this.#session, 'close')
  }
}
