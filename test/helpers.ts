/**
 * Applications to test, and the reading of what they send.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import secureSession from '../lib/index.ts'
import type { FlaskConfig, SecureSessionOptions, Session } from '../lib/index.ts'
import type { DigestName } from '../lib/itsdangerous/index.ts'
import { URLSafeTimedSerializer } from '../lib/itsdangerous/index.ts'
import { sessionJSONSerializer } from '../lib/json/session-serializer.ts'

/** What every application of the tests signs with, if not told otherwise. */
export const secretKey = 'a secret key of the tests'

/** `inject`'s answer, as far as the tests look at it. */
export interface Answer {
  statusCode: number
  headers: Record<string, number | string | string[] | undefined>
  body: string
  json (): any
}

/** What an application has besides the options of the plugin. */
export interface Setup {
  /** Decorates the instance, as @fastify/env does. */
  config?: FlaskConfig
  server?: FastifyServerOptions
  /** Runs before the plugin is registered. */
  before?: (app: FastifyInstance) => unknown
  /** Runs after it. */
  after?: (app: FastifyInstance) => unknown
}

/** An application with the plugin, loaded, and closed when the test ends. */
export async function buildApp (t: TestContext, options: SecureSessionOptions = {}, setup: Setup = {}): Promise<FastifyInstance> {
  const app = Fastify(setup.server ?? {}) as unknown as FastifyInstance
  t.after(() => app.close())
  if (setup.config !== undefined) app.decorate('config', setup.config)
  await setup.before?.(app)
  app.register(secureSession, { secretKey, ...options })
  setup.after?.(app)
  return app
}

/** Why an application does not start. */
export async function refusalOf (t: TestContext, options: SecureSessionOptions, setup: Setup = {}): Promise<Error & { code?: string }> {
  try {
    const app = await buildApp(t, options, setup)
    await app.ready()
  } catch (error) {
    return error as Error & { code?: string }
  }
  throw new Error('the application started')
}

/** What a handler of {@link sessionApp} does with the session of its request. */
export type Act = (session: Session, request: FastifyRequest, reply: FastifyReply) => unknown

/** How a visitor comes. */
export interface Visit {
  /** The Cookie header. */
  cookie?: string | undefined
  headers?: Record<string, string>
  url?: string
  method?: 'GET' | 'HEAD' | 'POST'
}

export interface SessionApp {
  app: FastifyInstance
  /** One request whose handler is `act`. What it gives is sent, `null` if it gives nothing. */
  visit (act?: Act, visit?: Visit): Promise<Answer>
  /** Visits that send the cookies of the answers before. */
  browser (): Browser
}

/** Keeps cookies by name, as far as the tests need it. */
export interface Browser {
  jar: Map<string, string>
  visit (act?: Act, visit?: Visit): Promise<Answer>
}

/** An application whose one handler is given with each visit. */
export async function sessionApp (t: TestContext, options: SecureSessionOptions = {}, setup: Setup = {}): Promise<SessionApp> {
  let handler: Act = () => {}
  const app = await buildApp(t, options, {
    ...setup,
    after (app) {
      app.register(async (scope) => {
        scope.all('/', async (request, reply) => await handler(request.session, request, reply) ?? null)
      })
      setup.after?.(app)
    }
  })
  const visit: SessionApp['visit'] = async (act = () => {}, { cookie, headers = {}, url = '/', method = 'GET' } = {}) => {
    handler = act
    return await app.inject({ method, url, headers: cookie === undefined ? headers : { ...headers, cookie } })
  }
  return { app, visit, browser: () => browserOf(visit) }
}

/** A browser that keeps the cookies of its visits. */
export function browserOf (visit: SessionApp['visit']): Browser {
  const jar = new Map<string, string>()
  return {
    jar,
    visit: async (act, how = {}) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await visit(act, cookie === '' ? how : { cookie, ...how })
      for (const { name, value, attributes } of setCookiesOf(answer)) {
        if (attributes['Max-Age'] === '0') jar.delete(name)
        else jar.set(name, value)
      }
      return answer
    }
  }
}

/** A Set-Cookie header in its parts. */
export interface SetCookie {
  name: string
  value: string
  /** As they are spelled; `true` for those without a value. */
  attributes: Record<string, string | true>
  header: string
}

/** Takes a Set-Cookie header apart. */
export function parseSetCookie (header: string): SetCookie {
  const [pair = '', ...rest] = header.split('; ')
  const at = pair.indexOf('=')
  const attributes = Object.fromEntries(rest.map((attribute): [string, string | true] => {
    const equals = attribute.indexOf('=')
    return equals === -1 ? [attribute, true] : [attribute.slice(0, equals), attribute.slice(equals + 1)]
  }))
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes, header }
}

/** All cookies of a response. */
export function setCookiesOf ({ headers }: Pick<Answer, 'headers'>): SetCookie[] {
  return [headers['set-cookie'] ?? []].flat().map((header) => parseSetCookie(String(header)))
}

/** The session cookie of a response; `undefined` without one. Throws when there are two. */
export function sessionCookieOf (response: Pick<Answer, 'headers'>, name = 'session'): SetCookie | undefined {
  const [cookie, ...more] = setCookiesOf(response).filter((cookie) => cookie.name === name)
  if (more.length > 0) throw new Error(`there are ${more.length + 1} cookies named ${name}`)
  return cookie
}

/** The Cookie header that a browser would send after this response. */
export function cookieAfter (response: Pick<Answer, 'headers'>, name = 'session'): string {
  const cookie = sessionCookieOf(response, name)
  if (cookie === undefined) throw new Error(`there is no cookie named ${name}`)
  return `${name}=${cookie.value}`
}

/** How a cookie is signed. */
export interface Signing {
  key?: string
  digest?: DigestName
  salt?: string
}

/** A serializer as Flask has it, on SHA-512. */
export function signingSerializer ({ key = secretKey, digest = 'sha512', salt = 'cookie-session' }: Signing = {}): URLSafeTimedSerializer {
  return new URLSafeTimedSerializer(key, {
    salt, serializer: sessionJSONSerializer, signerOptions: { keyDerivation: 'hmac', digestMethod: digest }
  })
}

/** The Cookie header of a session that holds this data. */
export function cookieOf (data: unknown, signing: Signing = {}): string {
  return `session=${signingSerializer(signing).dumps(data)}`
}

/** The Cookie header of a session whose payload is this very text. */
export function cookieOfText (text: string, signing: Signing = {}): string {
  return `session=${signingSerializer(signing).dumps(text, { serializer: { dumps: String } })}`
}

/** What the session cookie of a response holds; `undefined` without one. */
export function savedData (response: Pick<Answer, 'headers'>, name = 'session', signing: Signing = {}): unknown {
  const cookie = sessionCookieOf(response, name)
  return cookie === undefined ? undefined : signingSerializer(signing).loads(cookie.value)
}

/** The JSON text in the session cookie of a response; `undefined` without one. */
export function savedText (response: Pick<Answer, 'headers'>): unknown {
  const cookie = sessionCookieOf(response)
  return cookie === undefined ? undefined : signingSerializer().loads(cookie.value, { serializer: { loads: (text) => text } })
}

/** How often a Vary header names Cookie; `*` counts as once. */
export function countCookieInVary (vary: string | string[] | undefined): number {
  const names = [vary ?? []].flat().join(',').split(',').map((name) => name.trim().toLowerCase())
  return names.includes('*') ? 1 : names.filter((name) => name === 'cookie').length
}

/** A line of the log. */
export interface LogLine {
  level: number
  msg: string
  [key: string]: unknown
}

export interface Log {
  /** For the `server` of {@link Setup}. */
  server: FastifyServerOptions
  /** The lines of the plugin: all but Fastify's own of each request. */
  lines: LogLine[]
  /** Everything, as it was written. */
  text (): string
}

/** A log to look into. */
export function logOf (level = 'debug'): Log {
  const lines: LogLine[] = []
  let text = ''
  const stream = {
    write (line: string) {
      text += line
      const { msg, ...rest } = JSON.parse(line) as LogLine
      if (!/^(incoming request|request completed|Route GET:)/.test(msg)) lines.push({ msg, ...rest } as LogLine)
    }
  }
  return { server: { logger: { level, stream } }, lines, text: () => text }
}

/** Freezes an object and all that is in it, but for bytes, which cannot be frozen. */
export function deepFreeze<T> (value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  for (const item of Object.values(value)) deepFreeze(item)
  return Object.freeze(value)
}

/** Letters and digits that zlib cannot make shorter by much; the same for the same length. */
export function noise (length: number): string {
  let state = 1
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return (state % 36).toString(36)
  }).join('')
}
