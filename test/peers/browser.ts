/**
 * A browser that visits a Fastify application and a Flask with plugins on one host.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import secureSession from '../../lib/index.ts'
import { secretKey } from '../helpers.ts'
import { noon } from './exchange.ts'
import type { FlaskAnswer, Peers } from './peers.ts'

/** A request as JavaScript sees it. */
export type Ask = FastifyRequest & { session: any }
export type Work = (request: Ask, reply: FastifyReply) => unknown

export interface Sides {
  /** Flask's settings. */
  config?: Record<string, unknown>
  /** Goes on with the Fastify application before its route. */
  setup?: (fastify: FastifyInstance) => Promise<unknown>
}

export class Browser {
  /** The headers that it sends. */
  headers: Record<string, string> = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)' }
  readonly jar = new Map<string, string>()
  readonly fastify: FastifyInstance = Fastify()
  readonly #peers: Peers
  #work: Work = () => {}

  private constructor (peers: Peers) {
    this.#peers = peers
  }

  /** Two new applications with the same key; the clock stands at noon. */
  static async start (t: TestContext, peers: Peers, { config, setup }: Sides = {}): Promise<Browser> {
    t.mock.timers.enable({ apis: ['Date'], now: noon * 1000 })
    const browser = new Browser(peers)
    t.after(() => browser.fastify.close())
    await peers.flaskApp({ SECRET_KEY: secretKey, ...config })
    await browser.fastify.register(secureSession, { secretKey, digestMethod: 'sha1' })
    // `inject` has a User-Agent of its own.
    browser.fastify.addHook('onRequest', async ({ raw }) => { if (browser.headers['User-Agent'] === undefined) delete raw.headers['user-agent'] })
    await setup?.(browser.fastify)
    browser.fastify.get('/', async (request, reply) => await browser.#work(request, reply) ?? null)
    return browser
  }

  /** Visits Fastify. */
  async here (work: Work = () => {}): Promise<string> {
    this.#work = work
    const { body, headers, statusCode } = await this.fastify.inject({ url: '/', headers: this.#sent })
    if (statusCode !== 200) throw new Error(body)
    this.#take([headers['set-cookie'] ?? []].flat().map(String))
    return body
  }

  /** Visits Flask. */
  async there (path: string, form?: Record<string, string>): Promise<FlaskAnswer> {
    const answer = await this.#peers.flask({ path, now: Date.now() / 1000, headers: this.#sent, ...(form && { form }) })
    this.#take(answer.headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value))
    return answer
  }

  get #sent (): Record<string, string> {
    const cookie = Array.from(this.jar, ([name, value]) => `${name}=${value}`).join('; ')
    return { ...this.headers, ...(cookie !== '' && { Cookie: cookie }) }
  }

  #take (headers: readonly string[]): void {
    for (const header of headers) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? []
      if (/expires=Thu, 01 Jan 1970/i.test(header)) this.jar.delete(name)
      else this.jar.set(name, value)
    }
  }
}
