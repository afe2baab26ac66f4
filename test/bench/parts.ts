/**
 * What a signed cookie costs at the least: a server that hashes, decodes, parses and writes headers, and does nothing else. And what
 * one costs that was seen before: a server that finds it, knows it, and lets one property be read.
 *
 * The same tokens and the same quick ways as ours, but no session: no checks but that of the signature, or that of the age. What
 * ours costs more than this is what a session costs; what this costs more than the floor no plugin with these tokens can save.
 *
 * @module
 */

import { createHmac, hash } from 'node:crypto'
import nacl from 'tweetnacl'
import { secretKey } from './payload.ts'
import type { Payload } from './payload.ts'
import type { DigestKind } from './protocol.ts'

const blockLengths: Record<DigestKind, number> = { sha1: 64, sha512: 128, 'node-sha512': 128 }
const name = 'session='

export class Parts {
  readonly #hash: (data: Uint8Array) => string
  readonly #blockLength: number
  readonly #inner: Buffer
  readonly #outer: Buffer
  /** The head of the inner buffer in each length that came. */
  readonly #heads: Buffer[] = []

  constructor (digest: DigestKind) {
    const algorithm = digest === 'sha1' ? 'sha1' : 'sha512'
    this.#hash = digest === 'sha512'
      ? (data) => Buffer.from(nacl.hash(data)).toString('latin1')
      : (data) => hash(algorithm, data, 'binary')
    this.#blockLength = blockLengths[digest]
    const key = createHmac(algorithm, secretKey).update('cookie-session').digest()
    const block = Buffer.concat([key, Buffer.alloc(this.#blockLength - key.length)])
    this.#inner = Buffer.alloc(8192, block.map((byte) => byte ^ 0x36))
    this.#outer = Buffer.alloc(this.#blockLength + key.length, block.map((byte) => byte ^ 0x5c))
  }

  /** The data in a Cookie header; `undefined` when the signature is wrong. */
  open (header: string): Payload | undefined {
    const end = header.lastIndexOf('.')
    const signed = header.slice(name.length, end)
    if (this.#sign(signed) !== header.slice(end + 1)) return undefined
    const payload = signed.slice(0, signed.lastIndexOf('.'))
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Payload
  }

  /** Data as a Set-Cookie value. */
  seal (data: Payload): string {
    const time = Buffer.alloc(4)
    time.writeUInt32BE(Math.floor(Date.now() / 1000))
    const signed = `${Buffer.from(JSON.stringify(data)).toString('base64url')}.${time.toString('base64url')}`
    return `${name}${signed}.${this.#sign(signed)}; Path=/; HttpOnly`
  }

  #sign (text: string): string {
    const length = this.#blockLength + this.#inner.write(text, this.#blockLength, 'latin1')
    this.#heads[length] ??= this.#inner.subarray(0, length)
    this.#outer.write(this.#hash(this.#heads[length]), this.#blockLength, 'latin1')
    return Buffer.from(this.#hash(this.#outer), 'latin1').toString('base64url')
  }
}

/** What is remembered of a cookie. */
interface Known { cookie: string, data: Payload, signedAt: number, isPermanent: boolean }

const lifetime = 31 * 24 * 60 * 60

/** Cookies that came before, by the end of their signatures. */
export class Seen {
  readonly #parts = new Parts('sha1')
  readonly #known = new Map<string, Known>()

  /** What is known of the cookie in a Cookie header; `undefined` where there is none, or its signature is wrong. */
  find (header: string): Known | undefined {
    const start = header.indexOf(name) + name.length
    const end = header.indexOf(';', start)
    const cookie = header.slice(start, end === -1 ? header.length : end)
    const known = this.#known.get(cookie.slice(-22))
    return known?.cookie === cookie ? known : this.#remember(cookie)
  }

  #remember (cookie: string): Known | undefined {
    const data = this.#parts.open(name + cookie)
    if (data === undefined) return undefined
    const time = Buffer.from(cookie.split('.').at(-2) as string, 'base64url')
    const known = { cookie, data, signedAt: time.readUInt32BE(), isPermanent: data._permanent === true }
    this.#known.set(cookie.slice(-22), known)
    return known
  }
}

/** One request. */
export class Visit {
  readonly #seen: Seen
  readonly #header: string
  isRead = false

  constructor (seen: Seen, header: string) {
    this.#seen = seen
    this.#header = header
  }

  /** Its data, by property. */
  get session (): Payload {
    return new Proxy(this, handler) as unknown as Payload
  }

  read (key: string): unknown {
    this.isRead = true
    const known = this.#seen.find(this.#header)
    return known !== undefined && Date.now() / 1000 - known.signedAt <= lifetime ? known.data[key] : undefined
  }

  /** Whether the cookie has to be refreshed although nobody read it. */
  get isPermanent (): boolean {
    return this.#seen.find(this.#header)?.isPermanent === true
  }
}

const handler: ProxyHandler<Visit> = { get: (visit, key) => visit.read(key as string) }
