/**
 * Makes the cookies that the load sends, in a process of its own: files with one Cookie header a line.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import type * as Library from '../../lib/index.ts'
import type * as ItsDangerous from '../../lib/itsdangerous/index.ts'
import { forgersKey, payload, secretKey, sessionNames } from './payload.ts'
import type { Payload } from './payload.ts'
import type { CookieFile, CookieFormat } from './protocol.ts'
import { untyped } from './untyped.ts'

/** The cookie of that name for some data: `name=value`. */
type Maker = (name: string, data: Payload) => string | Promise<string>

const [lib = '', files = '[]'] = process.argv.slice(2)
const { URLSafeTimedSerializer, nodeDigest } = await import(lib) as typeof ItsDangerous

for (const file of JSON.parse(files) as CookieFile[]) {
  const make = await makerOf(file.format, file.kind === 'forged' ? forgersKey : secretKey)
  const lines: string[] = []
  for (let index = 0; index < file.count; index++) {
    const data = payload(Math.max(110, Math.floor(file.size / file.sessions)), index, file.kind === 'permanent')
    const names = Array.from({ length: file.sessions }, (_, index) => sessionNames[index] ?? `session${index}`)
    const cookies = []
    for (const name of names) cookies.push(await make(name, data))
    lines.push(cookies.join('; '))
  }
  writeFileSync(file.path, lines.join('\n') + '\n')
}
process.exit(0)

async function makerOf (format: CookieFormat, key: string): Promise<Maker> {
  switch (format) {
    case 'secure-session': return secureSession(key)
    case 'iron-session': return ironSession(key)
    case 'cookie-session': return cookieSession(key)
    case 'sealed': return sealed(key)
    default: return ours(format, key)
  }
}

function ours (format: 'sha1' | 'sha512', key: string): Maker {
  const serializers = new Map(sessionNames.concat(Array.from({ length: 8 }, (_, index) => `session${index}`)).map((name) => [name, new URLSafeTimedSerializer(key, {
    salt: name === 'session' ? 'cookie-session' : `cookie-session.${name}`,
    signerOptions: { keyDerivation: 'hmac', digestMethod: nodeDigest(format) },
    compressFrom: Infinity
  })]))
  return (name, data) => `${name}=${serializers.get(name)?.dumps(data)}`
}

async function sealed (secretKey: string): Promise<Maker> {
  const { secureSession } = await import(lib.replace('/itsdangerous/index.js', '/index.js')) as typeof Library
  const fastify = Fastify() as unknown as FastifyInstance
  const sessions = sessionNames.map((sessionName) => ({ sessionName, sealed: true }))
  await fastify.register(secureSession, { secretKey, sessions, maxCookieSize: 8192 })
  await fastify.ready()
  return (name, data) => `${name}=${fastify.encodeSession(fastify.createSession(data, name), name)}`
}

interface Sealer extends FastifyInstance {
  createSecureSession (data: object): object
  encodeSecureSession (session: object, name: string): string
}

async function secureSession (key: string): Promise<Maker> {
  const fastify = Fastify() as unknown as Sealer
  await fastify.register(await untyped<FastifyPluginCallback<any>>('@fastify/secure-session'), sessionNames.map((sessionName) => (
    { sessionName, key: Buffer.from(key) }
  )))
  await fastify.ready()
  return (name, data) => `${name}=${encodeURIComponent(fastify.encodeSecureSession(fastify.createSecureSession(data), name))}`
}

async function ironSession (password: string): Promise<Maker> {
  const { sealData } = await untyped<{ sealData (data: object, options: object): Promise<string> }>('iron-session')
  return async (name, data) => `${name}=${await sealData(data, { password })}`
}

/** Through a server: it has no function for it. */
async function cookieSession (key: string): Promise<Maker> {
  const make = await untyped<(options: object) => (request: object, response: object, next: () => void) => void>('cookie-session')
  const middleware = make({ name: 'session', keys: [key] })
  let data: Payload | undefined
  const server = createServer((request, response) => {
    middleware(request, response, () => {
      (request as unknown as { session: object | undefined }).session = data
      response.end()
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  return async (_name, next) => {
    data = next
    const response = await fetch(`http://127.0.0.1:${port}/`)
    await response.arrayBuffer()
    return response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]).join('; ')
  }
}
