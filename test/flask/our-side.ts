/**
 * The plugin in a Fastify application that takes the same steps as the view of `peer.py`.
 *
 * @module
 */

import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify'
import secureSession, { Markup, NullSession, SecureCookieSession, Tuple, UUID } from '../../lib/index.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { dataOf } from '../../lib/session/session.ts'
import type { Session } from '../../types/session.ts'
import type { FlaskResponse, Step } from './peer.ts'
import type { Random, SettingName, Settings, Signing } from './random.ts'
import { codec } from './typed-json.ts'
import type { Text, Typed } from './typed-json.ts'

export const { encode, decode } = codec({ Tuple, Markup, UUID })

/** What came of a request, on either side. */
export interface Outcome {
  status: number
  /** What each step gave, or the name of what it raised. */
  answers: Array<{ value: Typed } | { exception: string }>
  session: null | Omit<NonNullable<FlaskResponse['session']>, 'data'> & { data: Typed }
  setCookies: string[]
  vary: string
  /** The code and the message of an error of the package. */
  error?: { code: string, message: string }
}

export interface Asked {
  method: HTTPMethods
  path: string
  cookie: string | undefined
  steps: readonly Step[]
  /** What a step raises ends the request. */
  raise: boolean
}

/** Raised where Python would, for steps that JavaScript would pass over. */
class PythonError extends Error {
  constructor (name: string) {
    super(name)
    this.name = name
  }
}

export function bytesOf (text: Text): string | Buffer {
  return typeof text === 'string' ? text : Buffer.from(text.$bytes, 'hex')
}

/** Settings as they are given here: bytes as buffers. */
function given (name: SettingName, settings: Settings, random: Random): unknown {
  if (name === 'SECRET_KEY') return settings.SECRET_KEY === null ? null : bytesOf(settings.SECRET_KEY)
  if (name === 'SECRET_KEY_FALLBACKS') return settings.SECRET_KEY_FALLBACKS.map(bytesOf)
  // every request comes in over plain HTTP
  if (name === 'SESSION_COOKIE_SECURE' && !settings.SESSION_COOKIE_SECURE) return random.chance(0.2) ? 'auto' : false
  return settings[name]
}

const optionOf: Record<Exclude<SettingName, 'APPLICATION_ROOT'>, (value: never) => Partial<SecureSessionOptions>> = {
  SECRET_KEY: (secretKey) => ({ secretKey }),
  SECRET_KEY_FALLBACKS: (secretKeyFallbacks) => ({ secretKeyFallbacks }),
  SESSION_COOKIE_NAME: (cookieName) => ({ cookieName }),
  SESSION_COOKIE_DOMAIN: (domain) => ({ cookie: { domain } }),
  SESSION_COOKIE_PATH: (path) => ({ cookie: { path } }),
  SESSION_COOKIE_HTTPONLY: (httpOnly) => ({ cookie: { httpOnly } }),
  SESSION_COOKIE_SECURE: (secure) => ({ cookie: { secure } }),
  SESSION_COOKIE_PARTITIONED: (partitioned) => ({ cookie: { partitioned } }),
  SESSION_COOKIE_SAMESITE: (sameSite) => ({ cookie: { sameSite } }),
  PERMANENT_SESSION_LIFETIME: (permanentSessionLifetime) => ({ permanentSessionLifetime }),
  SESSION_REFRESH_EACH_REQUEST: (refreshEachRequest) => ({ refreshEachRequest }),
  MAX_COOKIE_SIZE: (maxCookieSize) => ({ maxCookieSize })
}

/** An application whose settings come from plugin options (for good) and from its config (until they change). */
export class OurSide {
  /** The settings that are plugin options. */
  readonly fixed: ReadonlySet<SettingName>
  readonly #fastify: FastifyInstance
  readonly #config: Record<string, unknown> = {}
  readonly #random: Random
  #asked: Asked | undefined
  #answers: Outcome['answers'] = []
  #request: FastifyRequest | undefined
  #error: { code: string, message: string } | undefined

  private constructor (fixed: ReadonlySet<SettingName>, random: Random) {
    this.fixed = fixed
    this.#random = random
    this.#fastify = Fastify()
  }

  static async start (settings: Settings, signing: Signing, random: Random): Promise<OurSide> {
    const names = Object.keys(optionOf) as Array<keyof typeof optionOf>
    const fixed = new Set(names.filter(() => random.chance(0.3)))
    const side = new OurSide(fixed, random)
    const options: SecureSessionOptions = { cookie: {} }
    for (const name of fixed) {
      const { cookie, ...others } = optionOf[name](given(name, settings, random) as never)
      Object.assign(options, others)
      Object.assign(options.cookie as object, cookie)
    }
    side.change(settings)
    await side.#register({ ...options, ...signingOptions(signing) })
    return side
  }

  /** Changes the settings that are no plugin options. */
  change (settings: Settings): void {
    for (const name of Object.keys(settings) as SettingName[]) {
      if (!this.fixed.has(name)) this.#config[name] = given(name, settings, this.#random)
    }
  }

  async #register (options: SecureSessionOptions): Promise<void> {
    const fastify = this.#fastify
    const confKey = this.#random.pick(['config', 'settings'])
    fastify.decorate(confKey, this.#config)
    fastify.addHook('onRequest', async (request) => { this.#request = request })
    fastify.addHook('onError', async (_request, _reply, error) => { this.#error = error })
    await fastify.register(secureSession, { ...options, ...(confKey !== 'config' && { confKey }) })
    fastify.route({
      method: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
      url: '/',
      handler: async (request) => {
        for (const step of this.#asked?.steps ?? []) this.#take(step, request)
        return 'ok'
      }
    })
    await fastify.ready()
  }

  #take (step: Step, request: FastifyRequest): void {
    if (step.op === 'abort') throw Object.assign(new Error('aborted'), { statusCode: step.status })
    try {
      this.#answers.push({ value: takeStep(request, step, this.#random.int(0, 3)) })
    } catch (error) {
      if (this.#asked?.raise === true) throw error
      this.#answers.push({ exception: nameOf(error) })
    }
  }

  async request (asked: Asked): Promise<Outcome> {
    this.#asked = asked
    this.#answers = []
    this.#error = undefined
    const response = await this.#fastify.inject({
      method: asked.method as 'GET',
      url: asked.path,
      headers: asked.cookie === undefined ? {} : { cookie: asked.cookie }
    })
    const { session } = this.#request as FastifyRequest
    const outcome: Outcome = {
      status: response.statusCode,
      answers: this.#answers,
      session: {
        accessed: session.accessed,
        modified: session.modified,
        null: session instanceof NullSession,
        permanent: Boolean((dataOf(session)?.peek() ?? {})['_permanent']),
        data: encode((dataOf(session)?.peek() ?? {}))
      },
      setCookies: [response.headers['set-cookie'] ?? []].flat(),
      vary: String(response.headers.vary ?? '')
    }
    if (this.#error !== undefined) outcome.error = this.#error
    return outcome
  }

  close (): Promise<void> {
    return this.#fastify.close()
  }
}

function signingOptions ({ digest, otherDigest, salt, keyDerivation, clockTolerance }: Signing): SecureSessionOptions {
  return {
    // SHA-512 is the default
    ...(otherDigest !== undefined ? { digestMethod: [digest, otherDigest] } : digest !== 'sha512' && { digestMethod: digest }),
    ...(salt !== undefined && { salt: bytesOf(salt) }),
    ...(keyDerivation !== undefined && { keyDerivation }),
    ...(clockTolerance !== undefined && { clockTolerance })
  }
}

function nameOf (error: unknown): string {
  // Flask's NullSession raises a RuntimeError
  if ((error as { code?: string }).code === 'FST_SESSION_UNAVAILABLE') return 'RuntimeError'
  if (error instanceof PythonError) return error.name
  throw error
}

/** Keys that cannot be reached as properties: members of the session, and what every object has. */
function isProperty (key: string): boolean {
  return key !== 'then' && (!(key in SecureCookieSession.prototype) || key === '__proto__' || key === 'constructor')
}

/** Takes a step in one of the ways (0 to 3) that this package knows for it. */
function takeStep (request: FastifyRequest, step: Step, way: number): Typed {
  const { session } = request
  switch (step.op) {
    case 'get': return encode('default' in step ? session.get(step.key, decode(step.default as Typed)) : session.get(step.key) ?? null)
    case 'item': return encode(present(lookUp(session, step.key, way)))
    case 'set': return done(() => set(session, step.key, decode(step.value), way))
    case 'delete': return done(() => remove(session, step.key, way))
    case 'pop': return encode('default' in step ? session.pop(step.key, decode(step.default as Typed)) : present(session.pop(step.key)))
    case 'popitem': return encode(Tuple.from(present(session.popItem()) as unknown[]))
    case 'setdefault': return encode(session.setDefault(step.key, decode(step.value)))
    case 'update': return done(() => update(session, decode(step.value) as Record<string, unknown>, way))
    case 'clear': return done(() => clear(request, way))
    case 'permanent': return step.value === undefined ? session.permanent : done(() => { session.permanent = step.value as boolean })
    case 'modified': return step.value === undefined ? session.modified : done(() => { session[way < 2 ? 'modified' : 'changed'] = step.value as boolean })
    case 'read': return encode(walk(session, step.path))
    case 'append': return done(() => { (walk(session, step.path) as unknown[]).push(decode(step.value)) })
    case 'put': return done(() => put(session, step.path, decode(step.value)))
    case 'remove': return done(() => removeAt(session, step.path))
    case 'contains': return way < 2 ? session.has(step.key) : step.key in session
    case 'abort': return null
    default: return look(session, step.op, way)
  }
}

function look (session: Session, op: Step['op'], asked: number): Typed {
  // a key with the name of a member is the member, when it is read as a property
  const way = ['values', 'items', 'data'].includes(op) && ![...session.keys()].every(isProperty) ? 0 : asked
  switch (op) {
    case 'len': return encode(way < 2 ? session.size : Object.keys(session).length)
    case 'bool': return session.size > 0
    case 'keys': case 'iterate': return encode(way < 2 ? [...session.keys()] : way === 2 ? Object.keys(session) : keysByForIn(session))
    case 'values': return encode(way < 2 ? [...session.values()] : Object.values(session))
    case 'items': return encode((way < 2 ? [...session] : way === 2 ? [...session.entries()] : Object.entries(session)).map((entry) => Tuple.from(entry)))
    case 'data': return encode(way < 2 ? session.data() : { ...session })
    case 'accessed': return session.accessed
    case 'new': return session.new
    default: return null
  }
}

function done (work: () => void): null {
  work()
  return null
}

function keysByForIn (session: object): string[] {
  const keys: string[] = []
  for (const key in session) keys.push(key)
  return keys
}

function present (value: unknown): unknown {
  if (value === undefined) throw new PythonError('KeyError')
  return value
}

function lookUp (session: Session, key: string, way: number): unknown {
  return way < 2 || !isProperty(key) ? session.get(key) : session[key]
}

function set (session: Session, key: string, value: unknown, way: number): void {
  if (way < 2 || !isProperty(key)) session.set(key, value)
  else session[key] = value
}

function remove (session: Session, key: string, way: number): void {
  if (way < 2 || !isProperty(key)) {
    if (!session.delete(key)) throw new PythonError('KeyError')
    return
  }
  const had = key in session
  delete session[key]
  if (!had) throw new PythonError('KeyError')
}

function update (session: Session, data: Record<string, unknown>, way: number): void {
  if (way === 0) session.update(data)
  else if (way === 1) session.update(Object.entries(data))
  else session.update(new Map(Object.entries(data)))
}

function clear (request: FastifyRequest, way: number): void {
  const { session } = request
  if (way === 0) session.clear()
  else if (way === 1) session.delete()
  else if (way === 2) request.session = null
  else request.session = {}
}

function walk (session: Session, [first, ...rest]: Array<string | number>): unknown {
  return rest.reduce<unknown>(step, present(session.get(first as string)))
}

function step (place: unknown, part: string | number): unknown {
  if (typeof place !== 'object' || place === null || !Object.hasOwn(place, part)) throw new PythonError('KeyError')
  return (place as Record<string | number, unknown>)[part]
}

function put (session: Session, path: Array<string | number>, value: unknown): void {
  const place = walk(session, path.slice(0, -1)) as object
  // as a key may be __proto__
  Object.defineProperty(place, path.at(-1) as string, { value, writable: true, enumerable: true, configurable: true })
}

function removeAt (session: Session, path: Array<string | number>): void {
  const place = walk(session, path.slice(0, -1)) as Record<string, unknown>
  if (Array.isArray(place)) place.splice(path.at(-1) as number, 1)
  else delete place[path.at(-1) as string]
}
