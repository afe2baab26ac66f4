// The examples of @fastify/secure-session's README and what its tests say, case by case. RESULTS.md has the whole list.
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import fastifySecureSession from '@fastify/secure-session'
import { secureSession } from '../../lib/index.ts'
import { Browser, setCookies, setCookieNames } from './browser.mjs'
import { application, LogLines, ours, secretKey } from './plugins.mjs'

const key = Buffer.alloc(32, 'k')

/** What `run` gives on @fastify/secure-session and on ours. */
async function onBoth (t, run, { theirs = {}, our = {} } = {}) {
  const old = application(t)
  await old.register(fastifySecureSession, Array.isArray(theirs) ? theirs : { key, cookie: { path: '/' }, ...theirs })
  const own = application(t)
  // There SameSite=Lax comes from @fastify/cookie; here, as in Flask, it is left out unless it is asked for.
  await ours(own, { compat: ['@fastify/secure-session'], ...our, cookie: { sameSite: 'Lax', ...our.cookie } })
  return { theirs: await run(old), ours: await run(own) }
}

/** Runs on both and expects the same of both. */
async function sameOnBoth (t, run, expected, settings) {
  t.assert.deepStrictEqual(await onBoth(t, run, settings), { theirs: expected, ours: expected })
}

/** A cookie without its value. */
function withoutValue (cookie) {
  return cookie.replace(/^([^=]*)=[^;]*/, '$1').split('; ').sort()
}

describe("@fastify/secure-session's README, the same on both:", () => {
  test('store, read, ping, log out', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.post('/', (request, reply) => {
        request.session.set('data', request.body)
        reply.send('hello world')
      })
      fastify.get('/', (request, reply) => {
        const data = request.session.get('data')
        if (!data) {
          reply.code(404).send()
          return
        }
        reply.send(data)
      })
      fastify.get('/ping', (request, reply) => {
        request.session.options({ maxAge: 3600 })
        request.session.touch()
        reply.send('pong')
      })
      fastify.post('/logout', (request, reply) => {
        request.session.delete()
        reply.send('logged out')
      })
      const browser = new Browser(fastify)
      const before = await browser.get('/')
      await browser.post('/', { some: 'data' })
      const after = await browser.get('/')
      const ping = await browser.get('/ping')
      const logout = await browser.post('/logout', {})
      const end = await browser.get('/')
      return [
        before.statusCode, after.json(), ping.body, withoutValue(setCookies(ping)[0]), logout.body, withoutValue(setCookies(logout)[0]), end.statusCode
      ]
    }, [
      404, { some: 'data' }, 'pong', ['HttpOnly', 'Max-Age=3600', 'Path=/', 'SameSite=Lax', 'session'], 'logged out',
      ['Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax', 'session'], 404
    ])
  })

  test('several sessions', async (t) => {
    const theirs = [
      { sessionName: 'mySession', cookieName: 'my-session-cookie', key, cookie: { path: '/' } },
      { sessionName: 'myOtherSession', key: Buffer.alloc(32, 'o'), cookie: { path: '/path' } }
    ]
    const our = {
      sessions: [
        { sessionName: 'mySession', cookieName: 'my-session-cookie' },
        { sessionName: 'myOtherSession', secretKey: 'another secret key of the tests', cookie: { path: '/path', sameSite: 'Lax' } }
      ]
    }
    await sameOnBoth(t, async (fastify) => {
      fastify.post('/', (request, reply) => {
        request.mySession.set('data', request.body)
        request.myOtherSession.set('data', request.body)
        reply.send('hello world')
      })
      const read = async (request) => [request.mySession.get('data')?.n ?? null, request.myOtherSession.get('data')?.n ?? null]
      fastify.get('/', read)
      fastify.get('/path', read)
      const browser = new Browser(fastify)
      const post = await browser.post('/', { n: 1 })
      return [setCookies(post).map(withoutValue), (await browser.get('/')).json(), (await browser.get('/path')).json()]
    }, [[['HttpOnly', 'Path=/', 'SameSite=Lax', 'my-session-cookie'], ['HttpOnly', 'Path=/path', 'SameSite=Lax', 'myOtherSession']], [1, null], [1, 1]], { theirs, our })
  })

  test('an array as the options', async (t) => {
    const fastify = application(t)
    await fastify.register(secureSession, [{ sessionName: 'a', secretKey }, { sessionName: 'b', secretKey }])
    fastify.get('/', async (request) => { request.a.set('n', 1); request.b.set('n', 2); return {} })

    t.assert.deepStrictEqual(setCookieNames(await fastify.inject('/')), ['a', 'b'])
  })

  test('regenerate, with and without keys to keep, without an await', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.post('/', async (request) => { for (const [key, value] of Object.entries(request.body)) request.session.set(key, value); return {} })
      fastify.post('/clear', (request, reply) => { request.session.regenerate(request.body.keep); reply.send(request.session.data()) })
      fastify.get('/', async (request) => request.session.data())
      const browser = new Browser(fastify)
      await browser.post('/', { user: 'ada', cart: [1], theme: 'dark' })
      return [(await browser.post('/clear', { keep: ['user'] })).json(), (await browser.get('/')).json(), (await browser.post('/clear', {})).json(), (await browser.get('/')).json()]
    }, [{ user: 'ada' }, { user: 'ada' }, {}, {}])
  })

  test('cookie options inside of a route', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.post('/', (request, reply) => {
        request.session.set('data', request.body)
        request.session.options({ maxAge: 60 * 60, sameSite: 'lax', secure: true, domain: 'example.com', path: '/app', httpOnly: false })
        reply.send('hello world')
      })
      return withoutValue(setCookies(await fastify.inject({ method: 'POST', url: '/', payload: {} }))[0])
    }, ['Domain=example.com', 'Max-Age=3600', 'Path=/app', 'SameSite=Lax', 'Secure', 'session'])
  })

  test('the three helpers for other libraries', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/', async (request) => ({ encoded: fastify.encodeSecureSession(request.session), raw: request.session.get('foo') ?? null }))
      const session = fastify.createSecureSession({ foo: 'bar' })
      const cookie = fastify.encodeSecureSession(session)
      const read = await fastify.inject({ url: '/', headers: { cookie: `session=${encodeURIComponent(cookie)}` } })
      return [
        session.get('foo'), session.get('somethingElse'), typeof cookie, fastify.decodeSecureSession(cookie).get('foo'), fastify.decodeSecureSession('bogus'),
        fastify.decodeSecureSession(undefined), read.json().raw, fastify.decodeSecureSession(read.json().encoded).get('foo')
      ]
    }, ['bar', undefined, 'string', 'bar', null, null, 'bar', 'bar'])
  })

  test('the helpers with a session name', async (t) => {
    const theirs = [{ sessionName: 'first', key }, { sessionName: 'second', key: Buffer.alloc(32, 'o') }]
    const our = { sessions: [{ sessionName: 'first' }, { sessionName: 'second' }] }
    await sameOnBoth(t, async (fastify) => {
      const second = fastify.encodeSecureSession(fastify.createSecureSession({ foo: 'bar' }), 'second')
      return [
        fastify.decodeSecureSession(second), fastify.decodeSecureSession(second, undefined, 'second').get('foo'),
        throws(() => fastify.encodeSecureSession(fastify.createSecureSession({}), 'unknown')), throws(() => fastify.decodeSecureSession(second, undefined, 'unknown'))
      ]
    }, [null, 'bar', true, true], { theirs, our })
  })

  test('inject with the helpers, as tests of applications do', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/me', async (request) => ({ user: request.session.get('user') ?? null }))
      const session = fastify.encodeSecureSession(fastify.createSecureSession({ user: 'ada' }))
      return (await fastify.inject({ url: '/me', cookies: { session } })).json()
    }, { user: 'ada' })
  })
})

describe("@fastify/secure-session's tests, the same on both:", () => {
  test('properties and methods reach the same data', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.post('/', async (request) => { request.session.set('data1', request.body); request.session.data2 = request.body; return {} })
      fastify.get('/', async ({ session }) => [session.get('data1'), session.data1, session.data2, session.get('data2'), session.data()])
      const browser = new Browser(fastify)
      await browser.post('/', { some: 'data' })
      return (await browser.get('/')).json()
    }, [{ some: 'data' }, { some: 'data' }, { some: 'data' }, { some: 'data' }, { data1: { some: 'data' }, data2: { some: 'data' } }])
  })

  test('changed is told, and can be set', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.post('/', async ({ session }) => { session.set('n', 1); return session.changed })
      fastify.get('/', async ({ session }) => [session.get('n'), session.changed])
      fastify.get('/mark', async ({ session }) => { session.changed = true; return session.changed })
      const browser = new Browser(fastify)
      const answers = [await browser.post('/', {}), await browser.get('/'), await browser.get('/mark')]
      return answers.map((response) => [response.json(), setCookieNames(response)])
    }, [[true, ['session']], [[1, false], []], [true, ['session']]])
  })

  test('deleted is told', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => {
        const before = session.deleted
        session.set('n', 1)
        session.delete()
        return [before, session.deleted]
      })
      return (await fastify.inject('/')).json()
    }, [false, true])
  })

  test('a cookie ends with its expiry, and touch() gives it a new start', async (t) => {
    const start = Date.UTC(2026, 0, 1)
    await sameOnBoth(t, async (fastify) => {
      t.mock.timers.enable({ apis: ['Date'], now: start })
      fastify.get('/set', async ({ session }) => { session.set('n', 1); return {} })
      fastify.get('/touch', async ({ session }) => { session.touch(); return {} })
      fastify.get('/', async ({ session }) => ({ n: session.get('n') ?? null }))
      const [first] = setCookies(await fastify.inject('/set'))
      t.mock.timers.tick(899_000)
      const [second] = setCookies(await fastify.inject({ url: '/touch', headers: { cookie: first } }))
      t.mock.timers.tick(2_000)
      const answers = [await fastify.inject({ url: '/', headers: { cookie: first } }), await fastify.inject({ url: '/', headers: { cookie: second } })]
      t.mock.timers.reset()
      return answers.map((response) => response.json().n)
    }, [null, 1], { theirs: { expiry: 900 }, our: { permanentSessionLifetime: 900 } })
  })

  test('malformed cookies are empty sessions', async (t) => {
    const cookies = ['session=', 'session=bogus', 'session=a;b', 'session=abc%3Bdef', 'session=%', `session=${'A'.repeat(5000)}`, 'session="quoted"', 'session==;=', '']
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => session.data())
      const answers = []
      for (const cookie of cookies) answers.push((await fastify.inject({ url: '/', headers: { cookie } })).body)
      return answers
    }, cookies.map(() => '{}'))
  })

  test('an older key still reads', async (t) => {
    const before = { theirs: { key }, ours: { secretKey } }
    const after = { theirs: { key: [Buffer.alloc(32, 'n'), key] }, our: { secretKey: 'the newest secret key of the tests', secretKeyFallbacks: [secretKey] } }
    const results = {}
    for (const side of ['theirs', 'ours']) {
      const register = (fastify, options) => side === 'ours' ? ours(fastify, options) : fastify.register(fastifySecureSession, options)
      const routes = (fastify) => {
        fastify.get('/set', async ({ session }) => { session.set('n', 1); return {} })
        fastify.get('/', async ({ session }) => ({ n: session.get('n') ?? null }))
        return fastify
      }
      const old = routes(application(t))
      await register(old, before[side])
      const rotated = routes(application(t))
      await register(rotated, side === 'ours' ? after.our : after.theirs)
      const response = await rotated.inject({ url: '/', headers: { cookie: setCookies(await old.inject('/set'))[0] } })
      results[side] = [response.json().n, setCookieNames(response)]
    }

    // They sign anew at once; here, as in Flask, the next change or the refresh of a permanent session does.
    t.assert.deepStrictEqual(results, { theirs: [1, ['session']], ours: [1, []] })
  })

  test('@fastify/cookie of the application is used, and registered when there is none', async (t) => {
    const parse = async (fastify) => {
      fastify.get('/', async (request, reply) => { request.session.set('n', 1); reply.setCookie('other', '1'); return request.cookies.a })
      const response = await fastify.inject({ url: '/', headers: { cookie: 'a=b' } })
      return [response.body, setCookieNames(response).sort()]
    }
    await sameOnBoth(t, parse, ['b', ['other', 'session']])

    const fastify = application(t)
    await fastify.register(fastifyCookie, { secret: 'of the application' })
    await ours(fastify)
    t.assert.deepStrictEqual(await parse(fastify), ['b', ['other', 'session']])
  })

  test('a request that its schema refuses sets no cookie', async (t) => {
    const schema = { body: { type: 'object', properties: { foo: { type: 'string' } }, required: ['foo'] } }
    await sameOnBoth(t, async (fastify) => {
      fastify.post('/', { schema }, async (request) => { request.session.set('data', request.body); return 'hello world' })
      const answers = [await fastify.inject({ method: 'POST', url: '/', payload: { bar: 1 } }), await fastify.inject({ method: 'POST', url: '/', payload: { foo: 'bar' } })]
      return answers.map((response) => [response.statusCode, setCookieNames(response)])
    }, [[400, []], [200, ['session']]])
  })

  test('a __Host- cookie', async (t) => {
    await sameOnBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => { session.set('n', 1); return {} })
      return withoutValue(setCookies(await fastify.inject('/'))[0])
    }, ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure', '__Host-session'], {
      theirs: { cookieName: '__Host-session', cookie: { path: '/', secure: true } }, our: { cookieName: '__Host-session', cookie: { secure: true } }
    })
  })
})

describe('better than on @fastify/secure-session:', () => {
  test('a change inside of a value is saved', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.set('cart', { items: [] }); return {} })
      fastify.get('/add', async ({ session }) => { session.cart.items.push('pear'); return {} })
      fastify.get('/', async ({ session }) => session.get('cart'))
      const browser = new Browser(fastify)
      await browser.get('/new')
      await browser.get('/add')
      return (await browser.get('/')).json()
    })

    t.assert.deepStrictEqual(results, { theirs: { items: [] }, ours: { items: ['pear'] } })
  })

  test('delete, in, Object.keys, spread and JSON see the data', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => {
        session.set('a', 1)
        session.set('b', 2)
        delete session.a
        return { keys: Object.keys(session), has: 'b' in session, spread: { ...session }, text: JSON.stringify(session) }
      })
      return (await fastify.inject('/')).json()
    })

    t.assert.deepStrictEqual(results, {
      theirs: { keys: ['changed', 'deleted'], has: false, spread: { changed: true, deleted: false }, text: '{"changed":true,"deleted":false}' },
      ours: { keys: ['b'], has: true, spread: { b: 2 }, text: '{"b":2}' }
    })
  })

  test('null ends the session', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/new', async ({ session }) => { session.set('n', 1); return {} })
      fastify.get('/end', async (request) => { request.session = null; return {} })
      const browser = new Browser(fastify)
      await browser.get('/new')
      await browser.get('/end')
      return await browser.cookie('session') === undefined
    })

    t.assert.deepStrictEqual(results, { theirs: false, ours: true })
  })

  test('a session that is null ended does not break the handlers after it', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    fastify.get('/', async (request) => { request.session = null; return { n: request.session.get('n') ?? null } })

    t.assert.deepStrictEqual((await fastify.inject('/')).json(), { n: null })
  })

  test('the path is / when nobody says it', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/deep/path', async ({ session }) => { session.set('n', 1); return {} })
      fastify.get('/', async ({ session }) => ({ n: session.get('n') ?? null }))
      const browser = new Browser(fastify)
      await browser.get('/deep/path')
      return (await browser.get('/')).json()
    }, { theirs: { cookie: {} } })

    t.assert.deepStrictEqual(results, { theirs: { n: null }, ours: { n: 1 } })
  })

  test('a key with the name of a method cannot hide the method, and is said to be taken', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.setErrorHandler(async (error) => ({ error: error.message }))
      fastify.get('/', async ({ session }) => { session.get = 1; return typeof session.get })
      const { body } = await fastify.inject('/')
      return body
    })

    t.assert.deepStrictEqual(results, {
      theirs: 'function',
      ours: '{"error":"session.get is a member of the session: write session.set(\'get\', ...) for a key of that name"}'
    })
  })

  test('the session is there in every hook, whatever the order of registration', async (t) => {
    const results = {}
    for (const [name, register] of Object.entries({ theirs: (fastify) => fastify.register(fastifySecureSession, { key }), ours })) {
      const fastify = application(t)
      fastify.addHook('onRequest', async (request) => { request.early = request.session?.get('n') ?? null })
      await register(fastify)
      fastify.get('/set', async ({ session }) => { session.set('n', 1); return {} })
      fastify.get('/', async (request) => ({ early: request.early }))
      const [cookie] = setCookies(await fastify.inject('/set'))
      results[name] = (await fastify.inject({ url: '/', headers: { cookie } })).json().early
    }

    t.assert.deepStrictEqual(results, { theirs: null, ours: 1 })
  })

  test('what a later onSend hook writes is saved', async (t) => {
    const results = {}
    for (const [name, register] of Object.entries({ theirs: (fastify) => fastify.register(fastifySecureSession, { key }), ours })) {
      const fastify = application(t)
      await register(fastify)
      fastify.addHook('onSend', async ({ session }) => { session.set('n', 1) })
      fastify.get('/', async () => ({}))
      results[name] = setCookieNames(await fastify.inject('/'))
    }

    t.assert.deepStrictEqual(results, { theirs: [], ours: ['session'] })
  })

  test('one cookie is sent when onSend runs twice', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      let isFirst = true
      fastify.addHook('onSend', async () => {
        if (!isFirst) return
        isFirst = false
        throw new Error('once')
      })
      fastify.get('/', async ({ session }) => { session.set('n', 1); return {} })
      return setCookieNames(await fastify.inject('/'))
    })

    t.assert.deepStrictEqual(results.ours, ['session'])
  })

  test('a second registration rejects ready() instead of ending the process', async (t) => {
    const fastify = application(t)
    fastify.register(secureSession, { secretKey })
    fastify.register(secureSession, { secretKey })

    await t.assert.rejects(async () => fastify.ready(), { code: 'FST_SESSION_ALREADY_REGISTERED' })
  })

  test('a second registration in a child scope rejects too', async (t) => {
    const fastify = application(t)
    await ours(fastify)
    fastify.register(async (child) => ours(child))

    await t.assert.rejects(async () => fastify.ready(), { code: 'FST_SESSION_ALREADY_REGISTERED' })
  })

  test('other names in child scopes, and the same name in siblings', async (t) => {
    const fastify = application(t)
    await ours(fastify, { sessionName: 'site' })
    for (const prefix of ['/a', '/b']) {
      await fastify.register(async (child) => {
        await ours(child, { cookie: { path: prefix } })
        child.get('/', async (request) => { request.site.set('n', 1); request.session.set('n', 2); return {} })
      }, { prefix })
    }

    const cookies = setCookies(await fastify.inject('/a')).map((cookie) => withoutValue(cookie))
    t.assert.deepStrictEqual(cookies, [['HttpOnly', 'Path=/', 'site'], ['HttpOnly', 'Path=/a', 'session']])
    t.assert.deepStrictEqual(setCookieNames(await fastify.inject('/b')), ['site', 'session'])
  })

  test('a value cannot be moved from one session to another, even under one key', async (t) => {
    const fastify = application(t)
    await ours(fastify, { sessions: [{ sessionName: 'user' }, { sessionName: 'admin' }] })
    fastify.get('/', async (request) => [request.user.get('n') ?? null, request.admin.get('n') ?? null])
    const cookie = fastify.encodeSession(fastify.createSession({ n: 1 }, 'user'), 'user')

    t.assert.deepStrictEqual((await fastify.inject({ url: '/', headers: { cookie: `user=${cookie}` } })).json(), [1, null])
    t.assert.deepStrictEqual((await fastify.inject({ url: '/', headers: { cookie: `admin=${cookie}` } })).json(), [null, null])
  })
})

describe('different from @fastify/secure-session:', () => {
  test('what is written after delete() begins a new session; there it is dropped', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => {
        session.set('user', 'ada')
        session.delete()
        session.set('notice', 'bye')
        return {}
      })
      fastify.get('/session', async ({ session }) => session.data())
      const browser = new Browser(fastify)
      await browser.get('/')
      return (await browser.get('/session')).json()
    })

    t.assert.deepStrictEqual(results, { theirs: {}, ours: { notice: 'bye' } })
  })

  test('options() adds to what was said before; there it replaces it', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => {
        session.set('n', 1)
        session.options({ maxAge: 60 })
        session.options({ path: '/app' })
        return {}
      })
      return withoutValue(setCookies(await fastify.inject('/'))[0])
    })

    t.assert.deepStrictEqual(results, {
      theirs: ['HttpOnly', 'Path=/app', 'SameSite=Lax', 'session'], ours: ['HttpOnly', 'Max-Age=60', 'Path=/app', 'SameSite=Lax', 'session']
    })
  })

  test('an empty session leaves no cookie; there it is a cookie like others', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/set', async ({ session }) => { session.set('n', 1); return {} })
      fastify.get('/unset', async ({ session }) => { session.set('n', undefined); return {} })
      const browser = new Browser(fastify)
      await browser.get('/set')
      await browser.get('/unset')
      return typeof await browser.cookie('session')
    })

    t.assert.deepStrictEqual(results, { theirs: 'string', ours: 'undefined' })
  })

  test('touch() on an empty session deletes its cookie; there it makes one', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => { session.touch(); return {} })
      return setCookies(await fastify.inject('/')).map((cookie) => cookie.includes('Max-Age=0'))
    })

    t.assert.deepStrictEqual(results, { theirs: [false], ours: [true] })
  })

  test('dates and binary data come back as they went; there they come back as text and lists', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/set', async ({ session }) => {
        session.set('date', new Date(Date.UTC(2026, 0, 1)))
        session.set('bytes', Buffer.from('abc'))
        return {}
      })
      fastify.get('/', async ({ session }) => [typeof session.get('date'), Buffer.isBuffer(session.get('bytes'))])
      const browser = new Browser(fastify)
      await browser.get('/set')
      return (await browser.get('/')).json()
    })

    t.assert.deepStrictEqual(results, { theirs: ['string', false], ours: ['object', true] })
  })

  test('what a client can read: the data is signed, not encrypted', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => { session.set('user', 'ada'); return {} })
      const [cookie] = setCookies(await fastify.inject('/'))
      return Buffer.from(cookie.slice('session='.length).split('.', 1)[0], 'base64url').toString() === '{"user":"ada"}'
    })

    t.assert.deepStrictEqual(results, { theirs: false, ours: true })
  })

  test('without a key the application starts, warns, and refuses writes; there it does not start', async (t) => {
    const old = application(t)
    await t.assert.rejects(async () => old.register(fastifySecureSession, {}), { message: 'key or secret must specified' })
    const stream = new LogLines()
    const fastify = application(t, { logger: { stream } })
    await ours(fastify, { secretKey: undefined })
    fastify.get('/', async ({ session }) => ({ n: session.get('n') ?? null }))
    fastify.get('/set', async ({ session }) => { session.set('n', 1); return {} })

    t.assert.deepStrictEqual((await fastify.inject('/')).json(), { n: null })
    t.assert.strictEqual((await fastify.inject('/set')).json().code, 'FST_SESSION_UNAVAILABLE')
    t.assert.strictEqual(stream.warnings[0], 'session: no secret key is set, so that sessions are empty and read-only')
  })

  test('a session too large for a cookie is an error; there the browser drops it', async (t) => {
    const results = await onBoth(t, async (fastify) => {
      fastify.get('/', async ({ session }) => { session.set('noise', randomBytes(4000).toString('hex')); return {} })
      const response = await fastify.inject('/')
      return [response.statusCode, setCookies(response).some((cookie) => cookie.length > 4096)]
    })

    t.assert.deepStrictEqual(results, { theirs: [200, true], ours: [500, false] })
  })
})

function throws (work) {
  try {
    work()
    return false
  } catch {
    return true
  }
}
