/**
 * A client that shows what a server wrote, byte by byte: keep-alive connections, pipelining, answers that are cut off.
 *
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What is asked for. */
export interface Ask {
  path: string
  /** @defaultValue `'GET'`, or `'POST'` with a body */
  method?: string
  /** The Cookie header. */
  cookie?: string | undefined
  headers?: Record<string, string>
  body?: string
  /** Sent in the place of all that: what no well-behaved client sends. */
  raw?: string
}

/** What came back. */
export interface Answer {
  /** 0 when the connection ended before there was a head. */
  status: number
  /** The bytes in front of the body, as Latin-1 text. */
  head: string
  body: string
  /** Whether the connection ended before the answer did. */
  isCut: boolean
}

interface Waiting {
  isHead: boolean
  resolve: (answer: Answer) => void
}

/** The values of a header, one for each line that has it. */
export function headerOf ({ head }: Pick<Answer, 'head'>, name: string): string[] {
  const values: string[] = []
  for (const line of head.split('\r\n').slice(1)) {
    const at = line.indexOf(':')
    if (line.slice(0, at).toLowerCase() === name) values.push(line.slice(at + 1).trim())
  }
  return values
}

/** The bytes of a request. */
export function requestText ({ path, method, cookie, headers = {}, body, raw }: Ask): string {
  if (raw !== undefined) return raw
  let text = `${method ?? (body === undefined ? 'GET' : 'POST')} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n`
  if (cookie !== undefined && cookie !== '') text += `Cookie: ${cookie}\r\n`
  const all = body === undefined ? headers : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)), ...headers }
  for (const [name, value] of Object.entries(all)) text += `${name}: ${value}\r\n`
  return `${text}\r\n${body ?? ''}`
}

/** One connection. Answers come in the order of the requests, which may be sent before the answers to others are there. */
export class Connection {
  readonly socket: Socket
  /** Requests without an answer. */
  readonly #waiting: Waiting[] = []
  #received = ''

  private constructor (socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (data) => this.#receive(String(data)))
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => this.#end())
  }

  static async open (port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Connection(socket)
  }

  get isOpen (): boolean {
    return this.socket.writable && !this.socket.destroyed
  }

  get inFlight (): number {
    return this.#waiting.length
  }

  ask (ask: Ask): Promise<Answer> {
    return new Promise((resolve) => {
      if (!this.isOpen) return resolve({ status: 0, head: '', body: '', isCut: true })
      this.#waiting.push({ isHead: ask.method === 'HEAD', resolve })
      this.socket.write(requestText(ask))
    })
  }

  /** Leaves without a word, as a browser does whose page was closed. */
  async abort (): Promise<void> {
    this.socket.resetAndDestroy()
    await this.closed()
  }

  async close (): Promise<void> {
    this.socket.end()
    await this.closed()
  }

  /** When the connection is over, whoever ended it. */
  async closed (): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close')
  }

  #receive (data: string): void {
    this.#received += data
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const found = readAnswer(this.#received, first.isHead, false)
      if (found === undefined) return
      this.#received = this.#received.slice(found.end)
      if (found.answer === undefined) continue
      this.#waiting.shift()
      first.resolve(found.answer)
    }
  }

  #end (): void {
    this.socket.destroy()
    for (const { isHead, resolve } of this.#waiting.splice(0)) {
      resolve(readAnswer(this.#received, isHead, true)?.answer ?? { status: 0, head: '', body: '', isCut: true })
      this.#received = ''
    }
  }
}

/**
 * The first answer in what was received, and where it ends; `undefined` while it is not all there. What is no answer, since
 * another one follows (1xx), has only an end.
 */
function readAnswer (text: string, isHead: boolean, isOver: boolean): { answer?: Answer, end: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = text.slice(0, headEnd)
  const start = headEnd + 4
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
  if (Number.isNaN(status)) throw new Error(`no head of an answer: ${JSON.stringify(head)}`)
  if (status < 200) return { end: start }
  const answer = (body: string, end: number, isCut = false): { answer: Answer, end: number } => ({ answer: { status, head, body, isCut }, end })
  if (isHead || status === 204 || status === 304) return answer('', start)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const end = start + Number(length)
    if (text.length >= end) return answer(text.slice(start, end), end)
    return isOver ? answer(text.slice(start), text.length, true) : undefined
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return readChunks(text, start, isOver, answer)
  return isOver ? answer(text.slice(start), text.length) : undefined
}

function readChunks<T> (text: string, start: number, isOver: boolean, answer: (body: string, end: number, isCut?: boolean) => T): T | undefined {
  let body = ''
  for (let at = start; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = lineEnd === -1 ? NaN : parseInt(text.slice(at, lineEnd), 16)
    const next = lineEnd + 2 + size
    if (size === 0) {
      // trailers end with an empty line
      const end = text.startsWith('\r\n', lineEnd + 2) ? lineEnd + 2 : text.indexOf('\r\n\r\n', lineEnd + 2) + 2
      if (end > 1 && text.length >= end + 2) return answer(body, end + 2)
    }
    if (size > 0 && text.length >= next + 2) {
      body += text.slice(lineEnd + 2, next)
      at = next + 2
      continue
    }
    return isOver ? answer(body, text.length, true) : undefined
  }
}

interface Queued {
  ask: Ask
  resolve: (answer: Answer) => void
}

/** Connections that share out requests at random, with up to so many on the way in each. */
export class Pool {
  readonly #connections: readonly Connection[]
  readonly #depth: number
  readonly #pick: (count: number) => number
  readonly #queue: Queued[] = []
  /** The most requests that were on the way together. */
  mostInFlight = 0

  private constructor (connections: readonly Connection[], depth: number, pick: (count: number) => number) {
    this.#connections = connections
    this.#depth = depth
    this.#pick = pick
  }

  /** @param pick - one of so many, at random */
  static async open (port: number, connections: number, depth: number, pick: (count: number) => number): Promise<Pool> {
    return new Pool(await Promise.all(Array.from({ length: connections }, () => Connection.open(port))), depth, pick)
  }

  ask (ask: Ask): Promise<Answer> {
    return new Promise((resolve) => {
      this.#queue.push({ ask, resolve })
      this.#send()
    })
  }

  async close (): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()))
  }

  /** Whoever waits is as likely to be next as anybody else. */
  #send (): void {
    while (this.#queue.length > 0) {
      const free = this.#connections.filter(({ inFlight }) => inFlight < this.#depth)
      const connection = free[this.#pick(free.length)]
      if (connection === undefined) return
      const index = this.#pick(this.#queue.length)
      const { ask, resolve } = this.#queue[index] as Queued
      this.#queue[index] = this.#queue.at(-1) as Queued
      this.#queue.pop()
      connection.ask(ask).then((answer) => {
        resolve(answer)
        this.#send()
      }, () => {})
      this.mostInFlight = Math.max(this.mostInFlight, this.#connections.reduce((sum, { inFlight }) => sum + inFlight, 0))
    }
  }
}

/** What a browser keeps of the Set-Cookie headers: the newest value of each name. */
export class Jar {
  readonly cookies = new Map<string, string>()

  take (answer: Pick<Answer, 'head'>): void {
    for (const header of headerOf(answer, 'set-cookie')) {
      const end = header.indexOf(';')
      const pair = end === -1 ? header : header.slice(0, end)
      const at = pair.indexOf('=')
      if (/; max-age=0/i.test(header)) this.cookies.delete(pair.slice(0, at))
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }

  /** The Cookie header. */
  get header (): string {
    return Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join('; ')
  }
}
