import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Session } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'
import { testClient } from '../../lib/testing.ts'
import { cookieAfter, sessionApp } from '../helpers.ts'
import { AsyncStore, dataIn, idOf, show, storeApp } from './world.ts'

const kinds: Record<string, () => { store: SessionStore, inner: SessionStore }> = {
  'a synchronous store': () => { const store = memoryStore(); return { store, inner: store } },
  'an asynchronous store': () => { const store = new AsyncStore(); return { store, inner: store.inner } }
}

for (const [kind, make] of Object.entries(kinds)) {
  describe(`outside of requests, with ${kind},`, () => {
    test('encodeSession stores a new session and gives its id, decodeSession reads it', async (t: TestContext) => {
      const { store, inner } = make()
      const { app, visit } = await storeApp(t, store)
      await app.ready()
      const id = await app.encodeSession(app.createSession({ user_id: 42 }))
      t.assert.deepStrictEqual(await dataIn(inner, id), { user_id: 42 })
      t.assert.deepStrictEqual((await visit(show, { cookie: `session=${id}` })).json(), { user_id: 42 })
      const decoded = await app.decodeSession(id) as Session
      t.assert.deepStrictEqual({ ...decoded }, { user_id: 42 })
    })

    test('encodeSession writes a decoded session back under its id, onto what others wrote', async (t: TestContext) => {
      const { store, inner } = make()
      const { app, visit } = await storeApp(t, store)
      await app.ready()
      const id = await app.encodeSession(app.createSession({ user_id: 42 }))
      const decoded = await app.decodeSession(id) as Session
      await visit((session) => { session.theirs = 1 }, { cookie: `session=${id}` })
      decoded.mine = 1
      t.assert.strictEqual(await app.encodeSession(decoded), id)
      t.assert.deepStrictEqual(await dataIn(inner, id), { user_id: 42, theirs: 1, mine: 1 })
      decoded.clear()
      t.assert.strictEqual(await app.encodeSession(decoded), '')
      t.assert.strictEqual(await dataIn(inner, id), null)
    })

    test('encodeSession of a session that was ended says so', async (t: TestContext) => {
      const { store, inner } = make()
      const { app } = await storeApp(t, store)
      await app.ready()
      const id = await app.encodeSession(app.createSession({ user_id: 42 }))
      const decoded = await app.decodeSession(id) as Session
      await inner.delete(id)
      decoded.mine = 1
      await t.assert.rejects(async () => await app.encodeSession(decoded), { code: 'FST_SESSION_UNAVAILABLE', message: /it was ended in the meantime/ })
    })

    test('encodeSession in a request gives the id of its session', async (t: TestContext) => {
      const { store } = make()
      const { app, visit } = await storeApp(t, store)
      const answer = await visit(async (session) => {
        session.a = 1
        return await app.encodeSession(session)
      })
      t.assert.strictEqual(answer.body, idOf(answer))
    })

    test('decodeSession gives null for what the store does not have', async (t: TestContext) => {
      const { store } = make()
      const { app } = await storeApp(t, store)
      await app.ready()
      for (const cookie of ['A'.repeat(43), 'nonsense', '', undefined]) t.assert.strictEqual(await app.decodeSession(cookie), null)
    })

    test('a test client reads the session in the store, and writes it there', async (t: TestContext) => {
      const { store, inner } = make()
      const { app } = await storeApp(t, store)
      const client = testClient(app)
      t.assert.strictEqual(await client.session(), null)
      await client.sessionTransaction((session) => { session.user_id = 42 })
      t.assert.strictEqual((await client.session())?.user_id, 42)
      const [cookie] = await client.jar.getCookies('https://localhost/')
      t.assert.deepStrictEqual(await dataIn(inner, cookie?.value ?? ''), { user_id: 42 })
      await client.sessionTransaction((session) => { session.clear() })
      t.assert.strictEqual(await dataIn(inner, cookie?.value ?? ''), null)
      t.assert.strictEqual((await client.jar.getCookies('https://localhost/')).length, 0)
    })
  })
}

test('a session of cookies is written into a store under a new id', async (t: TestContext) => {
  const store = memoryStore()
  const { app } = await sessionApp(t, { sessions: [{}, { sessionName: 'kept', store }] })
  await app.ready()
  const id = await app.encodeSession(app.createSession({ a: 1 }), 'kept')
  t.assert.deepStrictEqual(await dataIn(store, `kept:${id}`), { a: 1 })
})

test('a session of another name is written under a new id, with its own lifetime, and the request goes on to save it', async (t: TestContext) => {
  const store = memoryStore()
  const { app, visit } = await sessionApp(t, { store, sessions: [{}, { sessionName: 'other' }] })
  const cookie = cookieAfter(await visit((session) => { session.a = 1 }))
  let id = ''
  await visit(async (session) => {
    session.lifetime = 60
    session.b = 2
    id = await app.encodeSession(session, 'other')
  }, { cookie })
  t.assert.notStrictEqual(`session=${id}`, cookie)
  t.assert.deepStrictEqual(await dataIn(store, `other:${id}`), { a: 1, b: 2, _lifetime: 60 })
  t.assert.deepStrictEqual(await dataIn(store, cookie.slice('session='.length)), { a: 1, b: 2, _lifetime: 60 })
})
