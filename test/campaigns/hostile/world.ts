/**
 * Applications for hostile input, watched from all sides: what the session holds, what is logged, what is answered.
 *
 * @module
 */

import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../../flask/peer.ts'
import { codec } from '../../flask/typed-json.ts'
import secureSession, { Markup, Tuple, UUID } from '../../../lib/index.ts'
import type { DigestName, SecureSessionOptions } from '../../../lib/index.ts'

export const python = codec({ Tuple, Markup, UUID })

export interface LogLine {
  level: number
  msg: string
  code?: string
}

/** What came of one request. */
export interface Sight {
  status: number
  /** What the handler found in the session; undefined when it did not run. */
  data: Record<string, unknown> | undefined
  lines: LogLine[]
  /** The lines as they were written. */
  text: string
  vary: string | undefined
  setCookie: string[]
}

export interface World {
  fastify: FastifyInstance
  see (cookie: string | undefined): Promise<Sight>
  close (): Promise<void>
}

export const levels = { debug: 20, warn: 40, error: 50 } as const

/** The plugin options that make the same sessions as this Flask. */
export function optionsFor ({ config = {}, digest, salt, keyDerivation }: Omit<AppOptions, 'app'>): SecureSessionOptions {
  return {
    secretKey: config.SECRET_KEY as string,
    secretKeyFallbacks: config.SECRET_KEY_FALLBACKS as string[] | undefined,
    cookieName: config.SESSION_COOKIE_NAME as string | undefined,
    cookie: { secure: config.SESSION_COOKIE_SECURE as boolean | undefined },
    permanentSessionLifetime: config.PERMANENT_SESSION_LIFETIME as number | undefined,
    digestMethod: digest as DigestName,
    salt: salt as string | undefined,
    keyDerivation
  }
}

/** An application whose one route reads the whole session. */
export async function makeWorld (options: SecureSessionOptions): Promise<World> {
  const written: string[] = []
  const write = (line: string): void => {
    if (!/"msg":"(incoming request|request completed)"/.test(line)) written.push(line)
  }
  const fastify = Fastify({ logger: { level: 'debug', stream: { write } } })
  let data: Sight['data']
  await fastify.register(secureSession, options)
  fastify.get('/', async (request) => {
    data = request.session.data()
    return 'ok'
  })
  await fastify.ready()
  return {
    fastify,
    async see (cookie) {
      data = undefined
      written.length = 0
      const response = await fastify.inject({ url: '/', headers: cookie === undefined ? {} : { cookie } })
      return {
        status: response.statusCode,
        data,
        lines: written.map((line) => JSON.parse(line)),
        text: written.join(''),
        vary: response.headers.vary as string | undefined,
        setCookie: [response.headers['set-cookie'] ?? []].flat()
      }
    },
    close: () => fastify.close()
  }
}
