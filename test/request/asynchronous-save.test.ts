import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { SecureCookieSession, SecureCookieSessionInterface, SessionInterface } from '../../lib/index.ts'
import type { SecureSessionOptions, Session, SessionApp } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'
import { cookieOf, logOf, savedData, sessionApp, sessionCookieOf } from '../helpers.ts'
import type { Act, Answer, LogLine } from '../helpers.ts'

// A rejection that nobody handles would end the process of an application.
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => { unhandled.push(reason) })

/** Keeps one session, and takes some time to save it. */
class SlowStore extends SessionInterface {
  kept: Record<string, unknown> = {}
  calls = 0
  inFlight = 0
  mostInFlight = 0
  isAway = false

  override async openSession (): Promise<SecureCookieSession> {
    await setImmediate()
    return new SecureCookieSession(this.kept)
  }

  override async saveSession (_app: SessionApp, session: SecureCookieSession, reply: FastifyReply): Promise<void> {
    if (!session.modified) return
    this.calls++
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight)
    const data = { ...session }
    await setImmediate()
    this.inFlight--
    if (this.isAway) throw Object.assign(new Error('the store is away'), { code: 'AWAY' })
    this.kept = data
    reply.header('set-cookie', 'id=1')
  }
}

/** Saves into a cookie after some time, as `revocation` with an asynchronous store does. */
class SlowCookie extends SecureCookieSessionInterface {
  override saveSession (...args: Parameters<SecureCookieSessionInterface['saveSession']>): void {
    return setImmediate().then(() => super.saveSession(...args)) as unknown as void
  }
}

interface Outcome {
  store: SlowStore
  status: number
  cookie: unknown
  errors: LogLine[]
}

/** One request whose handler, and whose later onSend hook, do this. */
async function outcomeOf (t: TestContext, store: SlowStore, act: Act, late: (session: Session) => unknown = () => {}): Promise<Outcome> {
  const log = logOf('error')
  const { visit } = await sessionApp(t, { sessionInterface: store }, {
    server: log.server,
    after: (app) => app.register(async () => app.addHook('onSend', async (request) => { await late(request.session) }))
  })
  const { statusCode: status, headers } = await visit(act)
  for (let i = 0; i < 5; i++) await setImmediate()
  t.assert.deepStrictEqual(unhandled.splice(0), [])
  return { store, status, cookie: headers['set-cookie'], errors: log.lines.filter(({ level }) => level >= 50) }
}

describe('save() with an interface that saves asynchronously', () => {
  test('resolves when the session is saved', async (t: TestContext) => {
    const store = new SlowStore()
    const seen: unknown[] = []

    await outcomeOf(t, store, async (session) => {
      session.a = 1
      await session.save()
      seen.push(store.kept)
    })

    t.assert.deepStrictEqual(seen, [{ a: 1 }])
  })

  test('calls back when the session is saved', async (t: TestContext) => {
    const store = new SlowStore()
    const seen: unknown[] = []

    await outcomeOf(t, store, async (session) => {
      session.a = 1
      await new Promise<void>((resolve) => {
        session.save((error) => { seen.push(error, store.kept); resolve() })
      })
    })

    t.assert.deepStrictEqual(seen, [null, { a: 1 }])
  })

  test('rejects, or calls back with the error, when the session cannot be saved', async (t: TestContext) => {
    const store = new SlowStore()
    store.isAway = true
    const codes: unknown[] = []

    await outcomeOf(t, store, async (session) => {
      session.a = 1
      await session.save().catch((error: { code: string }) => codes.push(error.code))
      await session.save((error) => { codes.push((error as { code?: string } | null)?.code) })
    })

    t.assert.deepStrictEqual(codes, ['AWAY', 'AWAY'])
    t.assert.deepStrictEqual(store.kept, {})
  })

  test('ends no process when nobody waits for it and it fails', async (t: TestContext) => {
    const store = new SlowStore()
    store.isAway = true

    await outcomeOf(t, store, (session) => {
      session.a = 1
      session.save()
    })

    t.assert.deepStrictEqual(store.kept, {})
  })

  test('saves once for each call, and never twice at a time', async (t: TestContext) => {
    const store = new SlowStore()
    const calls: number[] = []

    await outcomeOf(t, store, async (session) => {
      session.a = 1
      await session.save()
      calls.push(store.calls)
      await session.save()
      calls.push(store.calls)
    })

    t.assert.deepStrictEqual(calls, [1, 2])
    t.assert.strictEqual(store.mostInFlight, 1)
  })

  test('and a write that does not wait for it lose nothing', async (t: TestContext) => {
    const { store } = await outcomeOf(t, new SlowStore(), async (session) => {
      session.a = 1
      const saving = session.save()
      session.b = 2
      await saving
    })

    t.assert.deepStrictEqual(store.kept, { a: 1, b: 2 })
  })
})

describe('with an interface that writes its cookie asynchronously,', () => {
  const savedLate = 'the session was saved after the headers were sent, too late for its cookie. Change it earlier, or wait for session.save()'
  const slowStore = (): SessionStore => {
    const store = memoryStore({ max: Infinity })
    const slow = (method: 'get' | 'set' | 'touch' | 'delete') => async (...args: never[]) => {
      await setImmediate()
      return (store[method] as (...args: never[]) => unknown)(...args)
    }
    return { get: slow('get'), set: slow('set'), touch: slow('touch'), delete: slow('delete') } as unknown as SessionStore
  }
  const kinds: Record<string, () => SecureSessionOptions> = {
    'an override': () => ({ sessionInterface: new SlowCookie() }), revocation: () => ({ revocation: { store: slowStore() } })
  }
  for (const [kind, options] of Object.entries(kinds)) {
    const answerOf = async (t: TestContext, act: Act, late: (session: Session) => unknown): Promise<{ response: Answer, lines: string[] }> => {
      const log = logOf('warn')
      const { visit } = await sessionApp(t, options(), {
        server: log.server,
        after: (app) => app.register(async () => app.addHook('onSend', async (request) => { await late(request.session) }))
      })
      const response = await visit(act, { cookie: cookieOf({ user: 'ada' }) })
      for (let i = 0; i < 10; i++) await setImmediate()
      return { response, lines: log.lines.map(({ msg }) => msg).filter((msg) => !msg.includes('revocation: ')) }
    }

    for (const [what, late] of Object.entries<(session: Session) => unknown>({
      'a write': (session) => { session.late = 1 },
      'the end of the session': (session) => { session.clear() },
      'save() that is not awaited': (session) => { session.late = 1; session.save() }
    })) {
      test(`${what} in a later onSend hook is reported: ${kind}`, async (t: TestContext) => {
        const { response, lines } = await answerOf(t, () => 'page', late)

        t.assert.strictEqual(sessionCookieOf(response), undefined)
        t.assert.deepStrictEqual(lines, [savedLate])
      })
    }

    test(`a write in a later onSend hook that waits for save() is sent: ${kind}`, async (t: TestContext) => {
      const { response, lines } = await answerOf(t, () => 'page', async (session) => { session.late = 1; await session.save() })

      const { user, late } = savedData(response) as Record<string, unknown>
      t.assert.deepStrictEqual([user, late], ['ada', 1])
      t.assert.deepStrictEqual(lines, [])
    })

    test(`a first look in a stream adds Vary: ${kind}`, async (t: TestContext) => {
      const { response } = await answerOf(t, (session) => Readable.from((function * () { yield `for ${String(session.user)}` })()), () => {})

      t.assert.strictEqual(response.body, 'for ada')
      t.assert.strictEqual(response.headers.vary, 'Cookie')
    })
  }
})

test('a write while an asynchronous save of the onSend hook is under way is saved as well', async (t: TestContext) => {
  class WritesMeanwhile extends SecureCookieSessionInterface {
    override saveSession (...args: Parameters<SecureCookieSessionInterface['saveSession']>): void {
      const [, session] = args
      super.saveSession(...args)
      return setImmediate().then(() => { if (!session.has('b')) session.set('b', 2) }) as unknown as void
    }
  }
  const { visit } = await sessionApp(t, { sessionInterface: new WritesMeanwhile() })

  t.assert.deepStrictEqual(savedData(await visit((session) => { session.a = 1 })), { a: 1, b: 2 })
})

describe('a write in a later onSend hook with an interface that saves asynchronously', () => {
  const writes: Record<string, { late: (session: Session) => unknown, kept: object }> = {
    'of one key': { late: (session) => { session.b = 2 }, kept: { a: 1, b: 2 } },
    'of two keys': { late: (session) => { session.b = 2; session.c = 3 }, kept: { a: 1, b: 2, c: 3 } },
    'of two keys with some time between': {
      late: async (session) => { session.b = 2; await setImmediate(); session.c = 3 }, kept: { a: 1, b: 2, c: 3 }
    },
    'inside of a value': { late: (session) => { session.list = []; session.list.push(1) }, kept: { a: 1, list: [1] } },
    'that ends the session and begins another': { late: (session) => { session.clear(); session.c = 3 }, kept: { c: 3 } }
  }
  for (const [name, { late, kept }] of Object.entries(writes)) {
    test(`${name} is saved`, async (t: TestContext) => {
      const { store, status, errors } = await outcomeOf(t, new SlowStore(), (session) => { session.a = 1 }, late)

      t.assert.strictEqual(status, 200)
      t.assert.deepStrictEqual(store.kept, kept)
      t.assert.deepStrictEqual(errors, [])
    })
  }

  test('that cannot be saved is logged, and the response goes out', async (t: TestContext) => {
    const store = new SlowStore()

    const { status, errors } = await outcomeOf(t, store, () => {}, (session) => {
      store.isAway = true
      session.b = 2
    })

    t.assert.strictEqual(status, 200)
    t.assert.deepStrictEqual([...new Set(errors.map(({ msg }) => msg))], ['the session was changed after it was saved, and could not be saved again'])
  })
})
