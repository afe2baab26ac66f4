// What @fastify/session's README says of its session object, and what its tests say. RESULTS.md has the whole list.
import { describe, test } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import { Browser, setCookies, setCookieNames } from './browser.mjs'
import { application, ours } from './plugins.mjs'

/** What `run` gives on @fastify/session and on ours. */
async function onBoth (t, run, { app, theirs = {}, our = {} } = {}) {
  const old = application(t, app)
  await old.register(fastifyCookie)
  await old.register(fastifySession, { secret: 's'.repeat(32), cookieName: 'session', saveUninitialized: false, cookie: { secure: false }, ...theirs })
  const own = application(t, app)
  await ours(own, our)
  return { theirs: await run(old), ours: await run(own) }
}

async function sameOnBoth (t, run, expected, settings) {
  t.assert.deepStrictEqual(await onBoth(t, run, settings), { theirs: expected, ours: expected })
}

/** Asks a route that calls `done` itself. */
async function askOnce (fastify, handler) {
  fastify.get('/', handler)
  return (await fastify.inject('/')).json()
}

describe("@fastify/session's object, the same on both:", () => {
  test('keeps what a preHandler stores', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.addHook('preHandler', (request, _reply, next) => {
        request.session.user ??= { name: 'max' }
        next()
      })
      fastify.get('/', async (request) => request.session.user)
      const browser = new Browser(fastify)
      await browser.get('/')
      return (await browser.get('/')).json()
    }, { name: 'max' })
  })

  test('get and set', async (t) => {
    await sameOnBoth(t, (fastify) => askOnce(fastify, async ({ session }) => {
      session.set('foo', 'bar')
      session.baz = 'qux'
      return [session.get('foo'), session.foo, session.get('baz'), session.get('none') ?? null]
    }), ['bar', 'bar', 'qux', null])
  })

  test('a change inside of a value, and delete', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.cart = { items: [] }; session.notice = 'hello'; return {} })
      fastify.get('/change', async ({ session }) => { session.cart.items.push(1); delete session.notice; return {} })
      fastify.get('/', async ({ session }) => [session.cart, session.notice ?? null])
      const browser = new Browser(fastify)
      await browser.get('/new')
      await browser.get('/change')
      return (await browser.get('/')).json()
    }, [{ items: [1] }, null])
  })

  for (const method of ['save', 'destroy', 'regenerate', 'reload']) {
    test(`${method} calls back`, async (t) => {
      await sameOnBoth(t, (fastify) => askOnce(fastify, (request, reply) => {
        request.session.n = 1
        request.session[method]((error) => { reply.send({ error: error ?? 'none' }) })
      }), { error: 'none' })
    })

    test(`${method} gives a promise`, async (t) => {
      await sameOnBoth(t, (fastify) => askOnce(fastify, async (request) => {
        request.session.n = 1
        const promise = request.session[method]()
        return { isPromise: promise instanceof Promise, value: await promise ?? 'none' }
      }), { isPromise: true, value: 'none' })
    })
  }

  test('destroy as the callback of a hook', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.n = 1; return {} })
      fastify.get('/end', { preHandler: (request, _reply, next) => { request.session.destroy(next) } }, async () => 'done')
      fastify.get('/', async ({ session }) => ({ n: session.n ?? null }))
      const browser = new Browser(fastify)
      await browser.get('/new')
      return [(await browser.get('/end')).body, (await browser.get('/')).json()]
    }, ['done', { n: null }])
  })

  test('regenerate keeps the fields it is told, and gives another cookie', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.user = 'ada'; session.cart = [1]; return {} })
      fastify.get('/again', async (request) => { await request.session.regenerate(['user']); return {} })
      fastify.get('/again-calling', (request, reply) => { request.session.regenerate(['user'], () => { reply.send({}) }) })
      fastify.get('/', async ({ session }) => [session.user, session.cart ?? null])
      const results = []
      for (const path of ['/again', '/again-calling']) {
        const browser = new Browser(fastify)
        await browser.get('/new')
        const before = await browser.cookie('session')
        await browser.get(path)
        results.push(before !== await browser.cookie('session'), (await browser.get('/')).json())
      }
      return results
    }, [true, ['ada', null], true, ['ada', null]])
  })

  test('reload forgets what this request wrote', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.n = 1; return {} })
      fastify.get('/reload', async (request) => {
        request.session.n = 2
        await request.session.reload()
        return { n: request.session.n }
      })
      fastify.get('/', async ({ session }) => ({ n: session.n }))
      const browser = new Browser(fastify)
      await browser.get('/new')
      return [(await browser.get('/reload')).json(), (await browser.get('/')).json()]
    }, [{ n: 1 }, { n: 1 }])
  })

  test('options of one response do not reach the next', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/override', async ({ session }) => { session.set('n', 1); session.options({ httpOnly: false }); return {} })
      fastify.get('/default', async ({ session }) => { session.set('n', 1); return {} })
      return [await fastify.inject('/override'), await fastify.inject('/default')].map((response) => setCookies(response)[0].includes('HttpOnly'))
    }, [false, true])
  })

  test('several secrets, of which the first signs', async (t) => {
    const results = {}
    for (const [name, register] of Object.entries({
      theirs: async (fastify, secrets) => {
        await fastify.register(fastifyCookie)
        await fastify.register(fastifySession, { secret: secrets, store, cookieName: 'session', cookie: { secure: false } })
      },
      ours: async (fastify, [secretKey, ...secretKeyFallbacks]) => ours(fastify, { secretKey, secretKeyFallbacks })
    })) {
      const read = async (fastify) => {
        fastify.get('/set', async ({ session }) => { session.n = 1; return {} })
        fastify.get('/', async ({ session }) => ({ n: session.n ?? null }))
        return fastify
      }
      const [before, after] = [application(t), application(t)]
      await register(before, ['the old secret of the sessions'])
      await register(after, ['the new secret of the sessions', 'the old secret of the sessions'])
      await Promise.all([read(before), read(after)])
      const [cookie] = setCookies(await before.inject('/set'))
      results[name] = (await after.inject({ url: '/', headers: { cookie } })).json()
    }

    t.assert.deepStrictEqual(results, { theirs: { n: 1 }, ours: { n: 1 } })
  })

  test('the Secure of auto', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => { session.n = 1; return {} })
      const over = (protocol) => fastify.inject({ url: '/', headers: { 'x-forwarded-proto': protocol } })
      return [await over('http'), await over('https')].map((response) => setCookies(response)[0].includes('Secure'))
    }, [false, true], { app: { trustProxy: true }, theirs: { cookie: { secure: 'auto' } }, our: { cookie: { secure: 'auto' } } })
  })
})

describe('different from @fastify/session:', () => {
  test('there is no id, no cookie object, no isModified and no isSaved: the session has no store', async (t) => {
    const results = await onBoth(t, (fastify) => askOnce(fastify, async ({ session }) =>
      ['sessionId', 'encryptedSessionId', 'cookie', 'isModified', 'isSaved'].map((name) => typeof session[name])))

    t.assert.deepStrictEqual(results, {
      theirs: ['string', 'string', 'object', 'function', 'function'], ours: ['undefined', 'undefined', 'undefined', 'undefined', 'undefined']
    })
  })

  test('modified says what isModified() says', async (t) => {
    const results = await onBoth(t, (fastify) => askOnce(fastify, async ({ session }) => {
      const isModified = () => session.isModified?.() ?? session.modified
      const before = isModified()
      session.n = 1
      return [before, isModified()]
    }))

    t.assert.deepStrictEqual(results, { theirs: [false, true], ours: [false, true] })
  })

  test('Object.keys are those of the data', async (t) => {
    const results = await onBoth(t, (fastify) => askOnce(fastify, async ({ session }) => {
      session.n = 1
      return Object.keys(session)
    }))

    t.assert.deepStrictEqual(results, { theirs: ['cookie', 'n'], ours: ['n'] })
  })

  test('the session is still there after destroy(), empty', async (t) => {
    const results = await onBoth(t, (fastify) => askOnce(fastify, async (request) => {
      await request.session.destroy()
      return { isNull: request.session === null }
    }))

    t.assert.deepStrictEqual(results, { theirs: { isNull: true }, ours: { isNull: false } })
  })

  test('regenerate() empties the object at hand instead of putting another in its place', async (t) => {
    const results = await onBoth(t, (fastify) => askOnce(fastify, async (request) => {
      const { session } = request
      session.n = 1
      await session.regenerate()
      return { isSame: session === request.session, n: session.n ?? null }
    }))

    t.assert.deepStrictEqual(results, { theirs: { isSame: false, n: 1 }, ours: { isSame: true, n: null } })
  })

  test('maxAge is in seconds; there it is in milliseconds', async (t) => {
    const now = Date.UTC(2026, 0, 1)
    t.mock.timers.enable({ apis: ['Date'], now })
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => { session.n = 1; session.options({ maxAge: 60 }); return {} })
      return setCookies(await fastify.inject('/'))[0].split('; ').filter((part) => /^(Max-Age|Expires)/.test(part))
    })

    t.assert.deepStrictEqual(results, { theirs: ['Expires=Thu, 01 Jan 2026 00:00:00 GMT'], ours: ['Max-Age=60'] })
  })

  test('a cookie is sent when something changed, and for permanent sessions; there with every response', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.n = 1; return {} })
      fastify.get('/permanent', async ({ session }) => { session.permanent = true; return {} })
      fastify.get('/', async () => ({}))
      const browser = new Browser(fastify)
      await browser.get('/new')
      const second = await browser.get('/')
      await browser.get('/permanent')
      const third = await browser.get('/')
      return [setCookieNames(second), setCookieNames(third)]
    })

    t.assert.deepStrictEqual(results, { theirs: [['session'], ['session']], ours: [[], ['session']] })
  })

  test('no cookie is sent for an empty session; there saveUninitialized has to say so', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => ({ n: session.n ?? null }))
      return setCookieNames(await fastify.inject('/'))
    }, { theirs: { saveUninitialized: true } })

    t.assert.deepStrictEqual(results, { theirs: ['session'], ours: [] })
  })

  test('a copy of the cookie outlives the logout; there the store forgets the session', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.n = 1; return {} })
      fastify.get('/end', async (request) => { await request.session.destroy(); return {} })
      fastify.get('/', async (request) => ({ n: request.session.n ?? null }))
      const browser = new Browser(fastify)
      await browser.get('/new')
      const stolen = await browser.cookieHeader()
      await browser.get('/end')
      return (await fastify.inject({ url: '/', headers: stolen })).json().n
    })

    // A signed cookie is valid until it is too old: see the README on revoking sessions.
    t.assert.deepStrictEqual(results, { theirs: null, ours: 1 })
  })
})

/** A store that two applications share. */
const store = {
  sessions: new Map(),
  get (id, done) { done(null, this.sessions.get(id)) },
  set (id, session, done) { this.sessions.set(id, structuredClone({ ...session, cookie: undefined })); done(null) },
  destroy (id, done) { this.sessions.delete(id); done(null) }
}
