import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyHttpOptions, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import secureSession from '../../lib/index.ts'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { Connection } from '../client.ts'
import { cookieOf, logOf, noise, savedData, secretKey, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act, Setup } from '../helpers.ts'

const lostChange = 'a change inside a value of the session was lost: the headers were sent before. ' +
  'Change the session before the reply, or before its stream, begins'
const lateRead = 'session: GET /: the session was read for the first time after the headers were sent, so that the response has no ' +
  'Vary: Cookie. Read it before the reply, or before its stream, begins'

const cookie = cookieOf({ user: 'ada', cart: { items: [] } })

/** A place after the head of the response where code may still reach the session. */
type Place = (late: (session: Session) => void, early: (session: Session) => void) => { act: Act, after?: (app: FastifyInstance) => void }

const places: Record<string, Place> = {
  'a stream': (late, early) => ({
    act: (session) => {
      early(session)
      return Readable.from((async function * () {
        yield 'one'
        await setImmediate()
        late(session)
        yield 'two'
      })())
    }
  }),
  'an onResponse hook': (late, early) => ({
    act: (session) => early(session),
    after: (app) => app.addHook('onResponse', async (request) => late(request.session))
  }),
  'a timer': (late, early) => ({
    act: (session, request, reply) => {
      early(session)
      reply.raw.on('close', () => globalThis.setImmediate(() => {
        late(session)
        request.server.server.emit('late')
      }))
    }
  }),
  'a hijacked reply whose head is written': (late, early) => ({
    act: (session, _request, reply) => {
      early(session)
      reply.hijack()
      reply.raw.writeHead(200)
      reply.raw.write('raw')
      late(session)
      reply.raw.end()
      return reply
    }
  })
}

/** The warnings of one request. */
async function warningsOf (t: TestContext, { act, after }: ReturnType<Place>, how: { url?: string } = {}): Promise<string[]> {
  const log = logOf('info')
  const setup: Setup = { server: log.server }
  if (after !== undefined) setup.after = after
  const { app, visit } = await sessionApp(t, {}, setup)
  const response = await visit(act, { cookie, ...how })
  t.assert.strictEqual(response.statusCode, 200)
  for (let i = 0; i < 10; i++) await setImmediate()
  await app.close()
  return log.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg)
}

const nothing = (): void => {}
const look = (session: Session): void => { session.get('user') }
const push = (session: Session): void => { session.cart.items.push(1) }
const swallow = (change: (session: Session) => void) => (session: Session): void => {
  try {
    change(session)
  } catch {}
}

for (const [name, place] of Object.entries(places)) {
  describe(`in ${name}`, () => {
    for (const [what, change] of Object.entries<(session: Session) => void>({
      'a change inside of a value': push,
      'a change inside of a value that is made twice': (session) => { push(session); push(session) },
      'a change inside of a value that entries() gives': (session) => {
        for (const [, value] of session) if (typeof value === 'object') Object.assign(value as object, { extra: 1 })
      },
      'a change inside of a value that data() gives': (session) => { Object.assign(session.data().cart, { extra: 1 }) },
      'a change that cannot be written': (session) => { session.cart.items.push(() => {}) }
    })) {
      test(`${what} is reported with one warning`, async (t: TestContext) => {
        t.assert.deepStrictEqual(await warningsOf(t, place(change, look)), [lostChange])
      })
    }

    test('a change inside of a value goes before a late look: one warning', async (t: TestContext) => {
      t.assert.deepStrictEqual(await warningsOf(t, place(push, nothing)), [lostChange])
    })

    test('a first look is reported with one warning', async (t: TestContext) => {
      t.assert.deepStrictEqual(await warningsOf(t, place((session) => { look(session); look(session) }, nothing)), [lateRead])
    })

    for (const [what, late] of Object.entries<(session: Session) => void>({
      'a second look': look,
      'a look inside of a value': (session) => { session.cart.items.slice() },
      'a change that is taken back': (session) => { push(session); session.cart.items.pop() },
      'a look that is no access': (session) => { String(session.modified); String(session.accessed) },
      'a write, which throws,': swallow((session) => { session.a = 1 })
    })) {
      test(`${what} is not reported`, async (t: TestContext) => {
        t.assert.deepStrictEqual(await warningsOf(t, place(late, look)), [])
      })
    }

    test('a write is an error', async (t: TestContext) => {
      const codes: unknown[] = []
      for (const write of [
        (session: Session) => { session.a = 1 }, (session: Session) => { delete session.user }, (session: Session) => session.clear(),
        (session: Session) => { session.modified = true }, (session: Session) => { session.save() }
      ]) {
        await warningsOf(t, place((session) => {
          try {
            write(session)
          } catch (error) {
            codes.push((error as { code?: string }).code)
          }
        }, look))
      }

      t.assert.deepStrictEqual(codes, new Array(5).fill('FST_SESSION_HEADERS_SENT'))
    })
  })
}

test('in a timer after an HTTP/2 response, a change inside of a value is reported with one warning', async (t: TestContext) => {
  const log = logOf('info')
  const app = Fastify({ ...log.server, http2: true } as unknown as FastifyHttpOptions<Server>) as unknown as FastifyInstance
  t.after(() => app.close())
  app.register(secureSession, { secretKey })
  app.get('/', async ({ session }, reply) => {
    look(session)
    reply.raw.on('close', () => globalThis.setImmediate(() => {
      push(session)
      app.server.emit('late')
    }))
    return 'page'
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const late = once(app.server, 'late')
  const client = connect(app.listeningOrigin)
  client.request({ ':path': '/', cookie }).resume()
  await late
  client.close() // before the application, which would wait for it until its connection times out
  for (let i = 0; i < 5; i++) await setImmediate()

  t.assert.deepStrictEqual(log.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg), [lostChange])
})

describe('at most one line a request is about what was lost, and a lost change goes before a late look:', () => {
  const [failed, hijacked, notAgain] = [
    'a change of the session was lost: session.save() failed, and nothing was changed since',
    'a change of the session was lost: the reply was hijacked or sent raw. Call session.save() before',
    'the session was changed after it was saved, and could not be saved again'
  ]
  const afterClose = (reply: FastifyReply, ...lates: Array<() => void>): void => {
    reply.raw.on('close', async () => {
      for (const late of lates) {
        await setImmediate()
        late()
        await setImmediate()
      }
    })
  }
  const streaming = (...steps: Array<() => void>): Readable => Readable.from((async function * () {
    for (const step of steps) {
      yield 'text'
      await setImmediate()
      step()
    }
  })())
  const fail = async (session: Session): Promise<void> => {
    session.big = noise(6000)
    try {
      await session.save()
    } catch {}
  }
  /** A reply that is sent raw, and what is done before its head, after it, and after its end. */
  const raw = (reply: FastifyReply, ...[before = nothing, during = nothing, after = nothing]: Array<() => void>): FastifyReply => {
    before()
    reply.hijack()
    reply.raw.writeHead(200)
    during()
    reply.raw.end('raw')
    after()
    return reply
  }
  const cases: Record<string, { act: Act, line: string | string[] }> = {
    'a look and then a change in one stream': { act: (session) => streaming(() => look(session), () => push(session)), line: lostChange },
    'a change and then a look in one stream': { act: (session) => streaming(() => push(session), () => look(session)), line: lostChange },
    'a change in a stream and another after it': {
      act: (session, _request, reply) => { look(session); afterClose(reply, () => push(session)); return streaming(() => push(session)) }, line: lostChange
    },
    'a look in a stream, of which nothing else is known when it ends, and a change after it': {
      act: (session, _request, reply) => { afterClose(reply, () => push(session)); return streaming(() => look(session)) }, line: [lateRead, lostChange]
    },
    'a look and then a change after the response': { act: (session, _request, reply) => { afterClose(reply, () => { look(session); push(session) }) }, line: lostChange },
    'a failed save, of which the error is swallowed, and a change in a stream': {
      act: async (session) => { await fail(session); return streaming(() => push(session)) }, line: failed
    },
    'a failed save, of which the error is swallowed, and two changes in a stream and after it': {
      act: async (session, _request, reply) => {
        await fail(session)
        afterClose(reply, () => push(session))
        return streaming(() => push(session), () => push(session))
      },
      line: failed
    },
    'a failed save, of which the error is swallowed, and a reply that is sent raw': {
      act: async (session, _request, reply) => { await fail(session); return raw(reply) }, line: hijacked
    },
    'a failed save, of which the error is swallowed, and a change in a reply that is sent raw': {
      act: async (session, _request, reply) => { await fail(session); return raw(reply, nothing, () => push(session)) }, line: lostChange
    },
    'a change before the head that cannot be saved, and a change after it': {
      act: (session) => { session.list = []; return streaming(() => push(session)).on('resume', () => { session.list.push(noise(6000)) }) }, line: notAgain
    },
    'a change in a reply that is sent raw, and a look after it': {
      act: (session, _request, reply) => raw(reply, nothing, () => push(session), () => look(session)), line: lostChange
    },
    'a write in a reply that is sent raw, and a look and a change after it': {
      act: (session, _request, reply) => {
        afterClose(reply, () => { look(session); push(session) })
        return raw(reply, () => { session.a = 1 })
      },
      line: hijacked
    },
    'a look in a reply that is sent raw, and a change in it': {
      act: (session, _request, reply) => raw(reply, nothing, () => look(session), () => push(session)), line: lostChange
    },
    'a saved session, and changes in a reply that is sent raw and after it': {
      act: async (session, _request, reply) => {
        push(session)
        await session.save()
        afterClose(reply, () => push(session))
        return raw(reply, nothing, () => push(session))
      },
      line: lostChange
    }
  }
  const kinds: Record<string, SecureSessionOptions> = { signed: {}, sealed: { sealed: { readSigned: true } }, revocable: { revocation: { store: memoryStore({ max: Infinity }) } } }
  for (const [kind, options] of Object.entries(kinds)) {
    for (const [name, { act, line }] of Object.entries(cases)) {
      test(`${name}, of a session that is ${kind}`, async (t: TestContext) => {
        const log = logOf('info')
        const { app, visit } = await sessionApp(t, options, { server: log.server })

        const response = await visit(act, { cookie })
        for (let i = 0; i < 10; i++) await setImmediate()
        await app.close()

        t.assert.strictEqual(response.statusCode, 200)
        t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg), [line].flat())
      })
    }
  }
})

test('a look that comes late is reported once for each route, so that visitors cannot fill the log', async (t: TestContext) => {
  const log = logOf('info')
  const { app, visit } = await sessionApp(t, {}, {
    server: log.server,
    after: (app) => {
      app.addHook('onResponse', async ({ session }) => look(session))
      app.get('/page/:id', async () => 'page')
    }
  })

  for (let i = 0; i < 3; i++) {
    await visit(() => 'page')
    await app.inject(`/page/${i}`)
    await app.inject(`/nothing/${i}`)
  }
  for (let i = 0; i < 10; i++) await setImmediate()

  t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg), [
    lateRead, lateRead.replace('GET /', 'GET /page/:id'), lateRead.replace('GET /', 'GET without a route')
  ])
})

describe('a hijacked reply', () => {
  test('reports a lost change and no late look: one warning', async (t: TestContext) => {
    const act: Act = (session, _request, reply) => {
      session.a = 1
      push(session)
      reply.hijack()
      reply.raw.writeHead(200)
      push(session)
      reply.raw.end('raw')
      return reply
    }

    t.assert.strictEqual((await warningsOf(t, { act })).length, 1)
  })

  test('of which the client left is not reported', async (t: TestContext) => {
    const log = logOf('info')
    const { app } = await sessionApp(t, {}, {
      server: log.server,
      after: (app) => app.get('/slow', async (request: FastifyRequest, reply) => {
        request.session.a = 1
        app.server.emit('written')
        await once(reply.raw, 'close')
        app.server.emit('closed')
      })
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const client = await Connection.open((app.server.address() as AddressInfo).port)
    const [written, closed] = [once(app.server, 'written'), once(app.server, 'closed')]
    client.ask({ path: '/slow' })
    await written
    await client.abort()
    await closed
    for (let i = 0; i < 5; i++) await setImmediate()

    t.assert.deepStrictEqual(log.lines.filter(({ level }) => level >= 40), [])
  })
})

test('an upgrade to a websocket that is answered as any other request is not reported', async (t: TestContext) => {
  const log = logOf('info')
  const { visit } = await sessionApp(t, {}, { server: log.server })

  const response = await visit(push, { cookie, headers: { connection: 'upgrade', upgrade: 'WebSocket' } })
  for (let i = 0; i < 5; i++) await setImmediate()

  t.assert.deepStrictEqual(savedData(response), { user: 'ada', cart: { items: [1] } })
  t.assert.deepStrictEqual(log.lines, [])
})

test('a change inside of a value by an onRequest hook from before the registration is saved', async (t: TestContext) => {
  const { visit } = await sessionApp(t, {}, { before: (app) => app.addHook('onRequest', async (request) => push(request.session)) })

  t.assert.deepStrictEqual(savedData(await visit(undefined, { cookie })), { user: 'ada', cart: { items: [1] } })
})

describe('save() in an onRequest hook from before the registration', () => {
  const calls: Record<string, (session: Session) => unknown> = {
    'that is awaited': (session) => session.save(),
    'with a callback': (session) => new Promise((resolve, reject) => {
      session.save((error) => { if (error === null || error === undefined) resolve(null); else reject(error) })
    }),
    'after a write': (session) => { session.a = 1; return session.save() },
    'that is not awaited': (session) => { session.save() }
  }
  for (const [name, save] of Object.entries(calls)) {
    test(`${name} is an error, also when the reply is hijacked`, async (t: TestContext) => {
      const codes: unknown[] = []
      const { app } = await sessionApp(t, {}, {
        before: (app) => app.addHook('onRequest', async (request, reply) => {
          try {
            await save(request.session)
          } catch (error) {
            codes.push((error as { code?: string }).code)
          }
          reply.hijack()
          reply.raw.end('raw')
        })
      })

      const response = await app.inject({ url: '/', headers: { cookie } })

      t.assert.strictEqual(response.body, 'raw')
      t.assert.deepStrictEqual(codes, ['FST_SESSION_NOT_OPEN'])
    })
  }
})

describe('options() that failed the save', () => {
  const failing: Act = (session) => { session.options({ path: 'no slash' }); session.user = 'bob' }
  const cures: Record<string, (session: Session) => void> = {
    'are sent when an error handler mends them': (session) => session.options({ path: '/mended' }),
    'are sent when an error handler mends them and writes': (session) => { session.options({ path: '/mended' }); session.a = 1 }
  }
  for (const [name, cure] of Object.entries(cures)) {
    test(name, async (t: TestContext) => {
      const { visit } = await sessionApp(t, {}, {
        after: (app) => app.setErrorHandler(async (_error, request, reply) => {
          cure(request.session)
          return reply.code(200).send('mended')
        })
      })

      const response = await visit(failing, { cookie })

      t.assert.strictEqual(response.body, 'mended')
      t.assert.strictEqual(sessionCookieOf(response)?.attributes.Path, '/mended')
      t.assert.strictEqual((savedData(response) as { user: string }).user, 'bob')
    })
  }

  test('are left alone by an error handler that mends nothing: its answer has no cookie', async (t: TestContext) => {
    const { visit } = await sessionApp(t, {}, {
      after: (app) => app.setErrorHandler(async (error: Error & { code: string }, _request, reply) => reply.code(500).send(error.code))
    })

    const response = await visit(failing, { cookie })

    t.assert.strictEqual(response.body, 'FST_SESSION_INVALID_CONFIG')
    t.assert.strictEqual(sessionCookieOf(response), undefined)
  })
})

describe('a change after the onSend hook that cannot be saved', () => {
  test('is logged once, and the response goes out with the earlier cookie', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })

    const response = await visit((session) => {
      session.list = []
      return Readable.from((async function * () { yield 'one' })()).on('resume', () => { session.list.push(noise(6000)) })
    })

    t.assert.strictEqual(response.statusCode, 200)
    t.assert.deepStrictEqual(savedData(response), { list: [] })
    t.assert.deepStrictEqual(log.lines.filter(({ level }) => level >= 40).map(({ level, msg }) => [level, msg]), [
      [50, 'the session was changed after it was saved, and could not be saved again']
    ])
  })
})
