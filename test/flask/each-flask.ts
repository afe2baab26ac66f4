/**
 * Tests of a few readable steps, run beside every Flask on this machine.
 *
 * @module
 */

import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import secureSession from '../../lib/index.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { decode } from './our-side.ts'
import { requireFlask, startPeer } from './peer.ts'
import type { AppOptions, FlaskRequest, FlaskResponse, Peer, Step, Versions } from './peer.ts'
import type { Typed } from './typed-json.ts'

/** 2024-05-17T12:00:00Z, in seconds. */
export const noon = 1_715_947_200
export const secretKey = 'a secret key of the tests'

/** One for each Python in this process; a test makes its applications in it anew. */
const peers = new Map<string, Peer>()

function peerOf (command: string): Peer {
  const peer = peers.get(command) ?? startPeer(command)
  peers.set(command, peer)
  return peer
}

after(async () => {
  for (const peer of peers.values()) await peer.close()
})

/** A test that is run with each Flask; the clock stands still at noon. */
export function withEachFlask (title: string, run: (t: TestContext, peer: Peer, versions: Versions) => Promise<void>): void {
  test(title, async (t: TestContext) => {
    for (const { command, versions } of requireFlask(t)) {
      await t.test(`Flask ${versions.flask}`, async (t: TestContext) => {
        t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
        await run(t, peerOf(command), versions)
      })
    }
  })
}

/** A Flask application in the peer that keeps the cookies as a browser would. */
export class FlaskApp {
  readonly #peer: Peer
  readonly #name: string

  private constructor (peer: Peer, name: string) {
    this.#peer = peer
    this.#name = name
  }

  static async start (peer: Peer, { config, ...options }: Omit<AppOptions, 'app'> = {}, name = 'app'): Promise<FlaskApp> {
    await peer.app({ app: name, config: { SECRET_KEY: secretKey, ...config }, ...options })
    return new FlaskApp(peer, name)
  }

  /** Takes steps in a view. */
  request (cookie: string | undefined, steps: Step[] = [], more: Partial<FlaskRequest> = {}): Promise<FlaskResponse> {
    return this.#peer.request({ app: this.#name, now: noon, ...(cookie !== undefined && { cookie }), steps, ...more })
  }

  /** What `session.get(key)` is. */
  async get (cookie: string | undefined, key: string): Promise<unknown> {
    const { steps: [answer] } = await this.request(cookie, [{ op: 'get', key }])
    return answer !== undefined && 'value' in answer ? decode(answer.value) : answer
  }

  /** The cookie after `session[key] = value`. */
  async set (cookie: string | undefined, key: string, value: Typed): Promise<string> {
    return cookieOf((await this.request(cookie, [{ op: 'set', key, value }])).headers)
  }
}

/** A Fastify application whose one route does to the session what the test says. */
export class FastifyApp {
  readonly fastify: FastifyInstance = Fastify()
  #work: (request: FastifyRequest) => unknown = () => {}

  static async start (t: TestContext, options: SecureSessionOptions = {}): Promise<FastifyApp> {
    const app = new FastifyApp()
    t.after(() => app.fastify.close())
    await app.fastify.register(secureSession, { secretKey, ...options })
    app.fastify.get('/', async (request) => { app.#work(request) })
    return app
  }

  /** The cookie after the work, and the headers and status of the response. */
  async request (cookie: string | undefined, work: (request: FastifyRequest) => unknown): Promise<{ cookie: string, headers: Record<string, unknown>, status: number }> {
    this.#work = work
    const { headers, statusCode } = await this.fastify.inject({ url: '/', headers: cookie === undefined ? {} : { cookie } })
    return { cookie: cookieOf(Object.entries(headers) as Array<[string, string]>), headers, status: statusCode }
  }

  /** What the work returns. */
  async read<T> (cookie: string | undefined, work: (request: FastifyRequest) => T): Promise<T | undefined> {
    let result: T | undefined
    await this.request(cookie, (request) => { result = work(request) })
    return result
  }
}

/** The `name=value` of the response's cookie; empty where it sets none. */
export function cookieOf (headers: ReadonlyArray<readonly [string, string]>): string {
  return String(setCookieOf(headers) ?? '').split(';', 1)[0] as string
}

/** The Set-Cookie header of a response. */
export function setCookieOf (headers: ReadonlyArray<readonly [string, string]>): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === 'set-cookie')?.[1]
}
