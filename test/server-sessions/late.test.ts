import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Session } from '../../lib/index.ts'
import type { Act } from '../helpers.ts'
import { AsyncStore, dataIn, gate, storeApp } from './world.ts'
import type { World } from './world.ts'

const id = 'A'.repeat(43)
const cookie = `session=${id}`
const lostBegin = 'a change of the session was lost: a session that begins after the headers were sent has no cookie. ' +
  'Change the session before the reply, or before its stream, begins'
const lostId = 'regenerate() came after the headers were sent, so that the session keeps its id. ' +
  'Call it before the reply, or before its stream, begins'
const lateRead = 'session: GET /act: the session was read for the first time after the headers were sent, so that the response has no ' +
  'Vary: Cookie. Read it before the reply, or before its stream, begins'

interface Served extends World {
  store: AsyncStore
  get (act: Act, withCookie?: boolean): Promise<Response>
  /** Sends a request and leaves before the answer is complete. */
  leave (act: Act, when: Promise<void>): Promise<void>
  warnings (): string[]
  /** What the store has, once it is this or some time has passed. */
  settles (t: TestContext, data: unknown): Promise<void>
}

/** A hijacked reply whose head is out when the session changes. */
const afterHead = (change: (session: Session) => void): Act => (session, _request, reply) => {
  reply.hijack()
  reply.raw.write('a')
  change(session)
  reply.raw.end('b')
}

async function serve (t: TestContext, isSync: boolean): Promise<Served> {
  const store = new AsyncStore()
  store.inner.set(id, '{"user_id":42}', { expires: Date.now() + 3_600_000, replaces: null })
  const world = await storeApp(t, isSync ? store.inner : store)
  await world.app.listen({ port: 0 })
  const { port } = world.app.server.address() as AddressInfo
  return {
    ...world,
    store,
    get: async (act, withCookie = true) => await fetch(`http://127.0.0.1:${port}/act`, {
      headers: { ...world.headerFor(act), connection: 'close', ...(withCookie && { cookie }) }
    }),
    async leave (act, when) {
      const socket = connect(port, '127.0.0.1').resume()
      const header = Object.entries(world.headerFor(act)).map(([name, value]) => `${name}: ${value}`).join('\r\n')
      socket.write(`GET /act HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n${header}\r\n\r\n`)
      await when
      socket.resetAndDestroy()
    },
    warnings: () => world.log.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg).filter((msg) => !msg.startsWith('Reply was already sent')),
    async settles (t: TestContext, data) {
      for (let i = 0; i < 100; i++) {
        if (JSON.stringify(await dataIn(store.inner, id)) === JSON.stringify(data)) break
        await setTimeout(10)
      }
      t.assert.deepStrictEqual(await dataIn(store.inner, id), data)
    }
  }
}

for (const isSync of [true, false]) {
  describe(`with a store that answers ${isSync ? 'at once' : 'later'}, a change after the head`, () => {
    test('in a stream is stored when the response is closed', async (t: TestContext) => {
      const { get, settles, warnings } = await serve(t, isSync)
      const response = await get((session, _request, reply) => {
        const stream = new PassThrough()
        session.get('user_id')
        reply.raw.once('close', () => {}).once('finish', () => {})
        setTimeout(20).then(() => {
          session.a = 1
          stream.end('b')
        }).catch(() => {})
        stream.write('a')
        return reply.send(stream)
      })
      t.assert.strictEqual(await response.text(), 'ab')
      await settles(t, { user_id: 42, a: 1 })
      t.assert.deepStrictEqual(warnings(), [])
    })

    test('inside of a value that was handed out before is stored too', async (t: TestContext) => {
      const { get, settles, store } = await serve(t, isSync)
      store.inner.set(id, '{"list":[1]}', { expires: Date.now() + 1e6, replaces: '{"user_id":42}' })
      const response = await get((session, _request, reply) => {
        const stream = new PassThrough()
        const { list } = session
        setTimeout(20).then(() => {
          list.push(2)
          stream.end('b')
        }).catch(() => {})
        stream.write('a')
        return reply.send(stream)
      })
      await response.text()
      await settles(t, { list: [1, 2] })
    })

    test('after the response was closed is stored at once, and each later one too', async (t: TestContext) => {
      const { get, settles } = await serve(t, isSync)
      const done = gate()
      const response = await get((session, _request, reply) => {
        session.get('user_id')
        reply.raw.once('close', () => {
          setTimeout(10).then(async () => {
            session.a = 1
            await setTimeout(10)
            session.b = 2
            session.c = 3
            done.open()
          }).catch(() => {})
        })
        return 'ok'
      })
      await response.text()
      await done.passed
      await settles(t, { user_id: 42, a: 1, b: 2, c: 3 })
    })

    test('in an onResponse hook, by save(), is stored when its promise resolves', async (t: TestContext) => {
      const { get, store } = await serve(t, isSync)
      const done = gate()
      let kept: unknown
      const response = await get((session, _request, reply) => {
        session.get('user_id')
        reply.raw.once('finish', () => {
          session.a = 1
          Promise.resolve(session.save()).then(async () => {
            kept = await dataIn(store.inner, id)
            done.open()
          }).catch(() => {})
        })
        return 'ok'
      })
      await response.text()
      await done.passed
      t.assert.deepStrictEqual(kept, { user_id: 42, a: 1 })
    })

    test('is stored although the client has left', async (t: TestContext) => {
      const { leave, settles } = await serve(t, isSync)
      const begun = gate()
      await leave((session, _request, reply) => {
        const stream = new PassThrough()
        session.get('user_id')
        reply.raw.once('close', () => {
          session.a = 1
        })
        stream.write('a')
        stream.once('error', () => {})
        setTimeout(20).then(() => begun.open()).catch(() => {})
        return reply.send(stream)
      }, begun.passed)
      await settles(t, { user_id: 42, a: 1 })
    })

    test('by clear() ends the session', async (t: TestContext) => {
      const { get, settles } = await serve(t, isSync)
      const response = await get(afterHead((session) => { session.clear() }))
      await response.text()
      await settles(t, null)
    })

    test('by regenerate() keeps the id, with a warning', async (t: TestContext) => {
      const { get, settles, warnings } = await serve(t, isSync)
      const response = await get((session, _request, reply) => {
        session.get('user_id')
        reply.hijack()
        reply.raw.write('a')
        session.regenerate(['user_id'])
        session.a = 1
        reply.raw.end('b')
      })
      await response.text()
      await settles(t, { user_id: 42, a: 1 })
      t.assert.match(warnings().join(), /regenerate\(\) came after the headers were sent/)
    })

    test('in a hijacked reply is stored without save(), even before the head', async (t: TestContext) => {
      const { get, settles, warnings } = await serve(t, isSync)
      const response = await get((session, _request, reply) => {
        session.a = 1
        reply.hijack()
        reply.raw.end('raw')
      })
      t.assert.strictEqual(await response.text(), 'raw')
      await settles(t, { user_id: 42, a: 1 })
      t.assert.deepStrictEqual(warnings(), [])
    })

    test('with which a session begins is lost, with a warning', async (t: TestContext) => {
      const { get, warnings, store } = await serve(t, isSync)
      const response = await get(afterHead((session) => { session.a = 1 }), false)
      await response.text()
      await setTimeout(50)
      t.assert.match(warnings().join(), /a session that begins after the headers were sent has no cookie/)
      t.assert.deepStrictEqual(store.methods, [])
    })

    test('with which a session begins that was not read before is one warning: of the lost change', async (t: TestContext) => {
      const { get, warnings } = await serve(t, isSync)
      const response = await get(afterHead((session) => {
        if (session.get('a') === undefined) session.a = 1
      }), false)
      await response.text()
      await setTimeout(50)
      t.assert.deepStrictEqual(warnings(), [lostBegin])
    })

    test('that is stored, after a late look, is one warning: of the look', async (t: TestContext) => {
      const { get, settles, warnings } = await serve(t, isSync)
      const response = await get(afterHead((session) => { session.a = session.get('user_id') }))
      await response.text()
      await settles(t, { user_id: 42, a: 42 })
      t.assert.deepStrictEqual(warnings(), [lateRead])
    })

    test('that comes after two losses is one warning: of the first loss', async (t: TestContext) => {
      const { get, settles, warnings } = await serve(t, isSync)
      const response = await get((session, _request, reply) => {
        reply.hijack()
        reply.raw.write('a')
        session.a = session.get('user_id')
        session.regenerate(['user_id', 'a'])
        reply.raw.end('b')
        reply.raw.on('close', () => setImmediate(() => session.regenerate(['user_id', 'a'])))
      })
      await response.text()
      await settles(t, { user_id: 42, a: 42 })
      await setTimeout(50)
      t.assert.deepStrictEqual(warnings(), [lostId])
    })

    test('that is taken back stores nothing', async (t: TestContext) => {
      const { get, store, warnings } = await serve(t, isSync)
      const response = await get(afterHead((session) => {
        session.a = 1
        session.modified = false
        session.accessed = false
        session.get('a')
      }))
      await response.text()
      await setTimeout(50)
      t.assert.deepStrictEqual(store.methods, isSync ? [] : ['get'])
      t.assert.deepStrictEqual(await dataIn(store.inner, id), { user_id: 42 })
      t.assert.strictEqual(warnings().filter((message) => /read for the first time after the headers were sent/.test(message)).length, 1)
    })
  })
}

test('a late change that cannot be stored is an error in the log', async (t: TestContext) => {
  const { get, store, warnings } = await serve(t, false)
  const response = await get((session, _request, reply) => {
    session.get('user_id')
    reply.hijack()
    reply.raw.write('a')
    session.a = 1
    store.isAway = true
    reply.raw.end('b')
  })
  await response.text()
  await setTimeout(50)
  t.assert.deepStrictEqual(warnings(), ['the session was changed after it was saved, and could not be saved again'])
})

test('a late change in a store that fails at once is an error in the log', async (t: TestContext) => {
  const { get, store, warnings } = await serve(t, true)
  store.inner.set = () => { throw new Error('the disk is full') }
  const response = await get((session, _request, reply) => {
    session.get('user_id')
    reply.hijack()
    reply.raw.write('a')
    session.a = 1
    reply.raw.end('b')
  })
  await response.text()
  await setTimeout(50)
  t.assert.deepStrictEqual(warnings(), ['the session was changed after it was saved, and could not be saved again'])
})

test('what could not be read is not written late', async (t: TestContext) => {
  const { get, store, warnings } = await serve(t, true)
  store.inner.get = () => { throw new Error('the disk is full') }
  const response = await get((session, _request, reply) => {
    reply.hijack()
    reply.raw.write('a')
    try {
      session.a = 1
    } catch {
      reply.raw.end('b')
    }
  })
  await response.text()
  await setTimeout(20)
  t.assert.doesNotMatch(warnings().join(), /could not be saved/)
})

test('close() waits for late changes, and closes the store after them', async (t: TestContext) => {
  const { get, app, store } = await serve(t, false)
  let isStored: boolean | undefined
  store.close = () => { isStored = String(store.inner.get(id)?.data).includes('"a":1') }
  const response = await get((session, _request, reply) => {
    session.get('user_id')
    reply.raw.once('close', () => {
      store.gate = async () => await setTimeout(50)
      session.a = 1
    })
    return 'ok'
  })
  await response.text()
  await setTimeout(20)
  await app.close()
  t.assert.strictEqual(isStored, true)
})
