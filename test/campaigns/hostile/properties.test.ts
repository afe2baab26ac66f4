import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import Fastify from 'fastify'
import type { FastifyReply, FastifyRequest, InjectOptions } from 'fastify'
import { countCookieInVary } from '../../helpers.ts'
import secureSession, { SecureCookieSessionInterface, TaggedJSONSerializer } from '../../../lib/index.ts'
import type { DigestName, FlaskConfig, SecureSessionOptions } from '../../../lib/index.ts'
import { URLSafeTimedSerializer } from '../../../lib/itsdangerous/index.ts'
import { data, edit, oddity, parameters, value } from './arbitraries.ts'
import type { Edit } from './arbitraries.ts'
import { changesSince, snapshotOfShared } from './shared-objects.ts'
import { levels, makeWorld } from './world.ts'
import type { World } from './world.ts'

const secretKey = 'the secret key of the properties'
const now = Date.UTC(2026, 0, 1)
const digests: DigestName[] = ['sha1', 'sha256', 'sha384', 'sha512']

async function worldFor (t: TestContext, options: SecureSessionOptions = {}): Promise<World> {
  const world = await makeWorld({ secretKey, ...options })
  t.after(() => world.close())
  return world
}

function signerFor (digestMethod: DigestName, key = secretKey): { sign (value: string): string } {
  const signing = new URLSafeTimedSerializer(key, { salt: 'cookie-session', signerOptions: { keyDerivation: 'hmac', digestMethod } })
  return signing.makeSigner()
}

interface Kept {
  status: number
  /** Of the error. */
  code: string | undefined
  /** As it is sent back; empty where none was set. */
  cookie: string
}

/** An application that puts into its session whatever it is told to. */
async function keeperFor (t: TestContext, options: SecureSessionOptions = {}): Promise<(data: Record<string, unknown>) => Promise<Kept>> {
  const fastify = Fastify()
  t.after(() => fastify.close())
  let kept: Record<string, unknown> = {}
  await fastify.register(secureSession, { secretKey, maxCookieSize: 0, ...options })
  fastify.get('/', async (request) => {
    request.session.update(Object.entries(kept))
    return 'ok'
  })
  return async (data) => {
    kept = data
    const response = await fastify.inject('/')
    const cookie = String(response.headers['set-cookie'] ?? '').split(';', 1)[0] as string
    return { status: response.statusCode, code: response.statusCode === 200 ? undefined : response.json().code, cookie }
  }
}

describe('any bytes in the Cookie header', () => {
  const latin1 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const word = fc.constantFrom(...['session', '=', ';', '.', ' ', 'eyJhIjoxfQ', 'aVXAAA', '"', '%', '\t', ',', '{}', '\0', '\xff', '__proto__', 'A'.repeat(86), '=='])
  const words = fc.array(word, { maxLength: 12 }).map((parts) => parts.join(''))
  const header = fc.oneof(latin1, latin1.map((text) => `session=${text}`), fc.array(fc.oneof(words, latin1), { maxLength: 4 }).map((parts) => parts.join('')), words.map((text) => `session=${text}`))

  test('open no session, fail no request, tell nothing and change nothing that is shared', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const world = await worldFor(t)
    const shared = snapshotOfShared()

    await fc.assert(fc.asyncProperty(header, async (cookie) => {
      const sight = await world.see(cookie)
      t.assert.strictEqual(sight.status, 200)
      t.assert.deepStrictEqual(sight.data, {})
      t.assert.ok(sight.lines.length <= 1 && sight.lines.every(({ level }) => level === levels.debug))
      t.assert.ok(!sight.text.includes(secretKey))
      t.assert.strictEqual(countCookieInVary(sight.vary), 1)
      t.assert.deepStrictEqual(sight.setCookie, [])
    }), parameters(t, 1500))

    t.assert.deepStrictEqual(changesSince(shared), [])
  })

  test('fail no request and change nothing that is shared when their signature is right', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const world = await worldFor(t, { digestMethod: 'sha256' })
    const serializer = new TaggedJSONSerializer()
    const signer = signerFor('sha256')
    const shared = snapshotOfShared()
    const json = fc.oneof(data.map((each) => serializer.dumps(each)), value.map((each) => serializer.dumps(each)), fc.json())
    const text = fc.oneof(json, fc.tuple(json, edit).map(([text, change]) => change(text)))

    await fc.assert(fc.asyncProperty(text, fc.constantFrom<BufferEncoding>('utf8', 'latin1'), async (text, encoding) => {
      const sight = await world.see(`session=${signer.sign(Buffer.from(text, encoding).toString('base64url'))}`)
      t.assert.strictEqual(sight.status, 200)
      t.assert.ok(sight.lines.length === 0 || isDeepStrictEqual(sight.data, {}))
      t.assert.ok(sight.lines.length <= 1 && sight.lines.every(({ level, code }) => level === levels.warn && code === 'ERR_TOKEN_BAD_PAYLOAD'))
    }), parameters(t, 1000))

    t.assert.deepStrictEqual(changesSince(shared), [])
  })
})

describe('a valid cookie', () => {
  for (const digestMethod of digests) {
    test(`is an empty session after any edit: ${digestMethod}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const world = await worldFor(t, { digestMethod })
      const signer = signerFor(digestMethod)
      const cookies = ['{"user":"victim"}', '{}', '{"user":"victim","roles":["admin","editor"],"at":{" d":"Tue, 24 May 2011 00:00:00 GMT"}}']
        .map((text) => signer.sign(Buffer.from(text).toString('base64url')))

      await fc.assert(fc.asyncProperty(fc.constantFrom(...cookies), fc.array(edit, { minLength: 1, maxLength: 3 }), fc.boolean(), async (cookie, edits, isRemembered) => {
        const edited = edits.reduce((text, edit) => edit(text), cookie)
        // the value as any reader of the header sees it
        fc.pre(edited.split(';', 1)[0]?.replace(/^[ \t]+|[ \t]+$/g, '') !== cookie)
        if (isRemembered) await world.see(`session=${cookie}`)
        const sight = await world.see(`session=${edited}`)
        t.assert.strictEqual(sight.status, 200)
        t.assert.deepStrictEqual(sight.data, {})
        t.assert.ok(sight.lines.every(({ level }) => level === levels.debug))
      }), parameters(t, 600))
    })
  }

  test('has data that any edit elsewhere in the header leaves alone', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const world = await worldFor(t)
    const keep = await keeperFor(t)
    const { cookie } = await keep({ user: 'victim' })
    // what a browser may send beside it
    const other = fc.string({ unit: fc.constantFrom(...'abcsession=._-!%"\\ '), maxLength: 12 }).filter((pair) => !/^ *session *(=|$)/.test(pair))

    await fc.assert(fc.asyncProperty(fc.array(other, { maxLength: 3 }), fc.array(other, { maxLength: 3 }), async (before, behind) => {
      const sight = await world.see([...before, cookie, ...behind].join('; '))
      t.assert.deepStrictEqual(sight.data, { user: 'victim' })
    }), parameters(t, 300))
  })
})

describe('what is saved', () => {
  for (const remembered of [0, 1000]) {
    test(`is opened as it was, with ${remembered} remembered cookies`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const sessions = new SecureCookieSessionInterface()
      sessions.rememberedCookies = remembered
      const keep = await keeperFor(t, { sessionInterface: sessions })
      const world = await worldFor(t, { sessionInterface: sessions, maxCookieSize: 0 })

      await fc.assert(fc.asyncProperty(data, async (data) => {
        fc.pre(Object.keys(data).length > 0)
        const { status, cookie } = await keep(data)
        t.assert.strictEqual(status, 200)
        for (const time of ['first', 'second', 'third']) {
          const sight = await world.see(cookie)
          t.assert.deepStrictEqual(sight.data, data, time)
          t.assert.deepStrictEqual(sight.lines, [])
        }
      }), parameters(t, 600))
    })
  }

  test('can be opened, whatever the application put into it', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const keep = await keeperFor(t)
    const world = await worldFor(t, { maxCookieSize: 0 })
    const serializer = new TaggedJSONSerializer()
    const shared = snapshotOfShared()
    const anything = fc.oneof(oddity, value, fc.array(oddity, { maxLength: 2 }), oddity.map((odd) => ({ odd })))

    await fc.assert(fc.asyncProperty(fc.tuple(anything, anything), async ([one, other]) => {
      const { status, code, cookie } = await keep({ one, other })
      if (status !== 200) {
        t.assert.ok(code === 'FST_SESSION_UNSERIALIZABLE' || code === 'FST_SESSION_COOKIE_OVERFLOW', `${status} ${code}`)
        t.assert.strictEqual(cookie, '')
        return
      }
      if (cookie === '' || cookie === 'session=') return
      const sight = await world.see(cookie)
      t.assert.deepStrictEqual(sight.lines, [])
      // written once more it is the same text
      t.assert.strictEqual(serializer.dumps(sight.data), Buffer.from(serializer.dumps({ one, other })).toString())
    }), parameters(t, 400))

    t.assert.deepStrictEqual(changesSince(shared), [])
  })
})

// -- the response

type Step = 'read' | 'has' | 'size' | 'loop' | 'stringify' | 'write' | 'nested' | 'delete' | 'clear' | 'end' | 'permanent' | 'touch' | 'regenerate' | 'save' | 'replace' | 'modified' | 'inspect'
const steps: Step[] = ['read', 'has', 'size', 'loop', 'stringify', 'write', 'nested', 'delete', 'clear', 'end', 'permanent', 'touch', 'regenerate', 'save', 'replace', 'modified', 'inspect']
const paths = [
  'value', 'throw', 'handled error', 'not found', 'redirect', 'HEAD', '304', '204', 'stream', 'generator', 'web stream', 'hijack', 'reply in onRequest', 'reply in preHandler', 'send in callback', 'error in onSend', 'serializer fails', 'trailer'
] as const

interface Plan {
  path: typeof paths[number]
  cookie: 'none' | 'forged' | 'valid' | 'permanent'
  before: Step[]
  /** In an onSend hook: one that was added before the plugin, one that was added behind it. */
  onSendBefore: Step[]
  onSendBehind: Step[]
  inErrorHandler: Step[]
  inStream: Step[]
  vary: string | string[] | undefined
  /** Whether the handler sets Vary before or after it looks at the session. */
  varyFirst: boolean
  otherCookies: number
}

function take (session: FastifyRequest['session'], step: Step, request: FastifyRequest): void {
  switch (step) {
    case 'read': session.get('user'); break
    case 'has': Reflect.has(session, 'user'); break
    case 'size': Reflect.get(session, 'size'); break
    case 'loop': for (const key in session) session.has(key); break
    case 'stringify': JSON.stringify(session); break
    case 'write': session.user = 'mallory'; break
    case 'nested': (session.get('list') as number[] | undefined)?.push(1); break
    case 'delete': delete session.user; break
    case 'clear': session.clear(); break
    case 'end': session.delete(); break
    case 'permanent': session.permanent = true; break
    case 'touch': session.touch(); break
    case 'regenerate': session.regenerate(['user']).catch(() => {}); break
    case 'save': session.save().catch(() => {}); break
    case 'replace': request.session = { other: 1 } as never; break
    case 'modified': Reflect.get(session, 'modified'); break
    case 'inspect': Reflect.get(session, 'accessed'); break
  }
}

/** An application that carries out a plan, and tells whether the session was looked at before the headers were sent. */
async function responder (t: TestContext): Promise<(plan: Plan, cookies: Record<Plan['cookie'], string>) => Promise<{ vary: string | string[] | undefined, setCookie: string[], isAccessed: boolean }>> {
  const fastify = Fastify()
  t.after(() => fastify.close())
  let plan = {} as Plan
  let isAccessed = false
  const run = (request: FastifyRequest, reply: FastifyReply, list: Step[]): void => {
    for (const step of list) {
      try {
        take(request.session, step, request)
      } catch (error) {
        if ((error as { code?: string }).code !== 'FST_SESSION_HEADERS_SENT') throw error
      }
      // in a hijacked reply only session.save() puts anything into the headers
      if (!reply.raw.headersSent && !reply.sent) isAccessed ||= request.session.accessed
    }
  }
  const prepare = (request: FastifyRequest, reply: FastifyReply): void => {
    for (let number = 0; number < plan.otherCookies; number++) reply.header('set-cookie', `other${number}=1`)
    if (plan.varyFirst && plan.vary !== undefined) reply.header('vary', plan.vary)
    run(request, reply, plan.before)
    if (!plan.varyFirst && plan.vary !== undefined) {
      // an application that sets Vary after session.save() takes the header over
      if (!plan.before.includes('save')) reply.header('vary', plan.vary)
    }
  }

  fastify.addHook('onSend', async (request, reply, payload) => {
    run(request, reply, plan.onSendBefore)
    return payload
  })
  await fastify.register(secureSession, { secretKey, digestMethod: 'sha1' })
  fastify.addHook('onSend', async (request, reply, payload) => {
    run(request, reply, plan.onSendBehind)
    if (plan.path === 'error in onSend' && reply.statusCode === 200) throw new Error('in onSend')
    return payload
  })
  fastify.addHook('onRequest', async (request, reply) => {
    if (plan.path !== 'reply in onRequest') return
    prepare(request, reply)
    return reply.send('early')
  })
  fastify.addHook('preHandler', async (request, reply) => {
    if (plan.path !== 'reply in preHandler') return
    prepare(request, reply)
    return reply.code(403).send({ error: 'no' })
  })
  fastify.setNotFoundHandler(async (request, reply) => {
    prepare(request, reply)
    return reply.code(404).send('nothing here')
  })
  fastify.setErrorHandler(async (error, request, reply) => {
    if (plan.path === 'throw') throw error
    run(request, reply, plan.inErrorHandler)
    return reply.code(500).send('handled')
  })
  async function * chunks (request: FastifyRequest, reply: FastifyReply): AsyncGenerator<string> {
    run(request, reply, plan.inStream)
    yield 'one'
    run(request, reply, plan.inStream)
    yield 'two'
  }
  fastify.get('/', async (request, reply) => {
    prepare(request, reply)
    switch (plan.path) {
      case 'throw': case 'handled error': throw new Error('in the handler')
      case 'redirect': return reply.redirect('/elsewhere')
      case '304': return reply.code(304).send()
      case '204': return reply.code(204).send()
      case 'stream': return reply.send(Readable.from(['one', 'two']))
      case 'generator': return reply.send(Readable.from(chunks(request, reply)))
      case 'web stream': return reply.send(new Response(new ReadableStream({
        async start (controller) {
          for await (const chunk of chunks(request, reply)) controller.enqueue(Buffer.from(chunk))
          controller.close()
        }
      })))
      case 'hijack':
        reply.hijack()
        run(request, reply, plan.inStream)
        reply.raw.end('raw')
        return
      case 'send in callback': setImmediate(() => reply.send('later')); return reply
      case 'serializer fails': return reply.serializer(() => { throw new Error('in the serializer') }).send({ a: 1 })
      case 'trailer': return reply.trailer('x-check', (_reply, _payload, done) => done(null, 'ok')).send('with a trailer')
      default: return 'ok'
    }
  })
  await fastify.ready()

  return async (next, cookies) => {
    plan = next
    isAccessed = false
    const request: InjectOptions = { url: plan.path === 'not found' ? '/nowhere' : '/', method: plan.path === 'HEAD' ? 'HEAD' : 'GET', headers: { cookie: cookies[plan.cookie] } }
    const { headers } = await fastify.inject(request)
    // of a hijacked reply only what session.save() wrote is ours
    if (plan.path === 'hijack' && plan.before.includes('save') === false) isAccessed = false
    return { vary: headers.vary as string | string[] | undefined, setCookie: [headers['set-cookie'] ?? []].flat(), isAccessed }
  }
}

describe('a response', () => {
  const list = (maxLength: number): fc.Arbitrary<Step[]> => fc.array(fc.constantFrom(...steps), { maxLength })
  const plan: fc.Arbitrary<Plan> = fc.record({
    path: fc.constantFrom(...paths),
    cookie: fc.constantFrom('none', 'forged', 'valid', 'permanent'),
    before: list(4),
    onSendBefore: list(1),
    onSendBehind: list(1),
    inErrorHandler: list(2),
    inStream: list(2),
    vary: fc.constantFrom(undefined, undefined, '*', 'Accept', 'cookie', 'Accept-Encoding, Cookie', 'COOKIE', 'Accept,cookie,Origin', ['Accept', 'Origin'], 'X-Cookie', 'Cookie2'),
    varyFirst: fc.boolean(),
    otherCookies: fc.nat({ max: 2 })
  })

  test('that depends on the session or sets it has Cookie in Vary, once, and one Set-Cookie at the most', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const respond = await responder(t)
    const signer = signerFor('sha1')
    const signed = (text: string): string => `session=${signer.sign(Buffer.from(text).toString('base64url'))}`
    const cookies = {
      none: 'a=b', forged: `${signed('{"user":"mallory"}')}A`, valid: signed('{"user":"victim","list":[1]}'), permanent: signed('{"_permanent":true,"user":"victim","list":[1]}')
    }

    await fc.assert(fc.asyncProperty(plan, async (plan) => {
      const { vary, setCookie, isAccessed } = await respond(plan, cookies)
      const ours = setCookie.filter((header) => header.startsWith('session='))
      const others = setCookie.filter((header) => header.startsWith('other'))
      t.assert.ok(ours.length <= 1, `${ours.length} Set-Cookie of ours`)
      if (isAccessed || ours.length > 0) t.assert.strictEqual(countCookieInVary(vary), 1, `Vary is ${vary}`)
      // Fastify drops the headers of a handler that fails
      if (!['throw', 'handled error', 'not found', 'error in onSend', 'serializer fails', 'hijack'].includes(plan.path)) t.assert.strictEqual(others.length, plan.otherCookies)
    }), parameters(t, 2500))
  })
})

// -- the memo of verified cookies

type Move =
  | { kind: 'request', client: number, steps: Step[], edits: Edit[], isOldest: boolean }
  | { kind: 'clock', seconds: number }
  | { kind: 'config', change: FlaskConfig }
  | { kind: 'tolerance', seconds: number }

describe('the memo of verified cookies', () => {
  const keyOne = 'key one of the properties'
  const defaults: FlaskConfig = {
    SECRET_KEY: keyOne, SECRET_KEY_FALLBACKS: [], PERMANENT_SESSION_LIFETIME: 100, SESSION_COOKIE_NAME: 'session', SESSION_REFRESH_EACH_REQUEST: true, SESSION_COOKIE_PATH: null, MAX_COOKIE_SIZE: 4093
  }

  const request: fc.Arbitrary<Move> = fc.record({
    kind: fc.constant<'request'>('request'),
    client: fc.nat({ max: 2 }),
    steps: fc.array(fc.constantFrom(...steps), { maxLength: 3 }),
    isOldest: fc.boolean(),
    edits: fc.oneof({ weight: 6, arbitrary: fc.constant<Edit[]>([]) }, { weight: 1, arbitrary: fc.array(edit, { minLength: 1, maxLength: 1 }) })
  })
  const clock: fc.Arbitrary<Move> = fc.record({ kind: fc.constant<'clock'>('clock'), seconds: fc.constantFrom(0, 1, 4, 5, 6, 9, 10, 11, 99, 100, 101, -1, -5, -6, -100) })
  const config: fc.Arbitrary<Move> = fc.record({
    kind: fc.constant<'config'>('config'),
    change: fc.constantFrom<FlaskConfig>(
      { SECRET_KEY: keyOne }, { SECRET_KEY: 'key two of the properties' }, { SECRET_KEY: null }, { SECRET_KEY_FALLBACKS: [keyOne] }, { SECRET_KEY_FALLBACKS: [] },
      { PERMANENT_SESSION_LIFETIME: 10 }, { PERMANENT_SESSION_LIFETIME: 100 }, { PERMANENT_SESSION_LIFETIME: 0 }, { SESSION_COOKIE_NAME: 'sid' }, { SESSION_COOKIE_NAME: 'session' },
      { SESSION_REFRESH_EACH_REQUEST: false }, { SESSION_REFRESH_EACH_REQUEST: true }, { SESSION_COOKIE_PATH: '/app' }, { MAX_COOKIE_SIZE: 120 }, { MAX_COOKIE_SIZE: 4093 }
    )
  })
  const tolerance: fc.Arbitrary<Move> = fc.record({ kind: fc.constant<'tolerance'>('tolerance'), seconds: fc.constantFrom(0, 5, 60) })
  const moves: fc.Arbitrary<Move[]> = fc.array(fc.oneof({ weight: 6, arbitrary: request }, { weight: 2, arbitrary: clock }, { weight: 1, arbitrary: config }, { weight: 1, arbitrary: tolerance }), { minLength: 3, maxLength: 25 })

  interface Side {
    /** Forgets everything: another key makes another memo. */
    reset (): Promise<void>
    move (move: Move, cookie: string | undefined): Promise<unknown>
    close (): Promise<void>
  }

  async function side (remembered: number): Promise<Side> {
    const written: string[] = []
    const write = (line: string): void => {
      const { level, msg, code } = JSON.parse(line)
      if (!/^(incoming request|request completed)$/.test(msg)) written.push(`${level} ${msg} ${code}`)
    }
    const fastify = Fastify({ logger: { level: 'debug', stream: { write } } })
    const sessions = new SecureCookieSessionInterface({ digestMethod: 'sha1' })
    sessions.rememberedCookies = remembered
    const config: FlaskConfig = { ...defaults }
    fastify.decorate('config', config)
    await fastify.register(secureSession, { sessionInterface: sessions })
    let asked: Step[] = []
    fastify.get('/', async (request) => {
      if (asked.length === 0) return 'untouched'
      const seen: unknown[] = []
      for (const step of asked) {
        take(request.session, step, request)
        seen.push([step, request.session.accessed, request.session.modified])
      }
      request.session.setDefault('list', [])
      return { seen, data: request.session.data(), modified: request.session.modified }
    })
    await fastify.ready()
    written.length = 0
    return {
      async reset () {
        sessions.clockTolerance = 5
        for (const SECRET_KEY of ['a key between two sequences', keyOne]) {
          Object.assign(config, defaults, { SECRET_KEY })
          await fastify.inject('/')
        }
      },
      async move (move, cookie) {
        if (move.kind === 'tolerance') sessions.clockTolerance = move.seconds
        if (move.kind === 'config') Object.assign(config, move.change)
        if (move.kind !== 'request') return undefined
        written.length = 0
        asked = move.steps
        const response = await fastify.inject({ url: '/', headers: cookie === undefined ? {} : { cookie } })
        const { date, ...headers } = response.headers
        return { status: response.statusCode, body: response.body, headers, lines: [...written] }
      },
      close: () => fastify.close()
    }
  }

  for (const remembered of [1000, 4]) {
    test(`cannot be told from none, when it holds ${remembered}`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const sides = await Promise.all([side(remembered), side(0)])
      t.after(() => Promise.all(sides.map((side) => side.close())))
      // what somebody else may have signed, or another version of the application
      const sign = signerFor('sha1', keyOne)
      const foreign = fc.constantFrom(undefined, '{"_permanent":true,"list":[1]}', '{"\\u005fpermanent":true,"list":[1]}', ' { "_permanent" : 1.0 , "user" : 2.0 }', '{"_permanent":0,"a":"_permanent"}', '{"_permanent":[],"list":[[1.0]]}', '["_permanent"]', '{"list":{" t":[1]},"user":12345678901234567890}', '{')
      await fc.assert(fc.asyncProperty(moves, fc.tuple(foreign, foreign, foreign), async (moves, texts) => {
        t.mock.timers.setTime(now)
        await Promise.all(sides.map((side) => side.reset()))
        // each client keeps its cookies, and sends the youngest or the oldest
        const cookies = texts.map((text) => text === undefined ? [] : [`session=${sign.sign(Buffer.from(text).toString('base64url'))}`])
        for (const move of moves) {
          if (move.kind === 'clock') t.mock.timers.setTime(Math.max(now - 1e6, Date.now() + move.seconds * 1000))
          let cookie: string | undefined
          if (move.kind === 'request') {
            const jar = cookies[move.client] as string[]
            const pair = move.isOldest ? jar[0] : jar.at(-1)
            cookie = pair === undefined ? undefined : move.edits.reduce((text, edit) => edit(text), pair)
          }
          const [one, other] = await Promise.all(sides.map((side) => side.move(move, cookie)))
          t.assert.deepStrictEqual(one, other)
          if (move.kind !== 'request') continue
          const set = [(one as { headers: Record<string, string | string[]> }).headers['set-cookie'] ?? []].flat()
          for (const header of set) cookies[move.client]?.push(header.split(';', 1)[0] as string)
        }
      }), parameters(t, 150))
    })
  }
})
