import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FastifyRequest } from 'fastify'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'
import { sessionCookieOf, setCookiesOf } from '../helpers.ts'
import type { Answer } from '../helpers.ts'
import { AsyncStore, dataIn, idOf, storeApp } from './world.ts'

const id = 'A'.repeat(43)
const cookie = `session=${id}`
const options = (): { expires: number, replaces: null } => ({ expires: Date.now() + 3_600_000, replaces: null })

type Mine = (session: Session, store: SessionStore, request: FastifyRequest) => unknown

interface Race {
  answer: Answer
  /** What the store has under the cookie's id afterwards. */
  there: unknown
  debug: string[]
  store: AsyncStore
}

/** One request, in the middle of which others change the store. `isSync`: the store answers at once. */
async function race (t: TestContext, data: object, act: Mine, others: (store: SessionStore) => unknown, how: SecureSessionOptions & { isSync?: boolean } = {}): Promise<Race> {
  const { isSync = false, ...rest } = how
  const store = new AsyncStore()
  store.inner.set(id, JSON.stringify(data), options())
  const { visit, log } = await storeApp(t, isSync ? store.inner : store, rest)
  const answer = await visit(async (session, request) => {
    const sent = await act(session, store.inner, request)
    await others(store.inner)
    return sent
  }, { cookie })
  const debug = log.lines.map(({ msg, keys }) => keys === undefined ? msg : `${msg}: ${String(keys)}`)
  return { answer, there: await dataIn(store.inner, id), debug, store }
}

/** What another request writes: the whole text, as whoever writes last. */
function write (data: object) {
  return async (store: SessionStore): Promise<void> => {
    const found = await store.get(id)
    await store.set(id, JSON.stringify(data), { ...options(), replaces: found?.data as string })
  }
}

const end = (store: SessionStore): unknown => store.delete(id)
const wins = 'two requests changed the same key of a session at the same time: the later save wins'
const notProlonged = 'a session was not prolonged: another request had ended it'
const dropped = 'a change of a session was dropped: another request had ended the session'

for (const isSync of [true, false]) {
  describe(`while another request changes the session in a store that answers ${isSync ? 'at once' : 'later'},`, () => {
    test('a new key is put beside those of the other', async (t: TestContext) => {
      const { there, answer, debug } = await race(t, { a: 1 }, (session) => { session.mine = 1 }, write({ a: 1, theirs: 1 }), { isSync })
      t.assert.deepStrictEqual(there, { a: 1, theirs: 1, mine: 1 })
      t.assert.strictEqual(idOf(answer), id)
      t.assert.deepStrictEqual(debug, [])
    })

    test('the later save of one key wins, and a debug line names it', async (t: TestContext) => {
      const { there, debug } = await race(t, { list: [1] }, (session) => { session.list.push(2) }, write({ list: [1, 3] }), { isSync })
      t.assert.deepStrictEqual(there, { list: [1, 2] })
      t.assert.deepStrictEqual(debug, [`${wins}: list`])
    })

    test('a key that the other removed stays removed if this one changed only inside of it', async (t: TestContext) => {
      const { there } = await race(t, { a: 1, list: [1] }, (session) => { session.list.push(2) }, write({ a: 1 }), { isSync })
      t.assert.deepStrictEqual(there, { a: 1 })
    })

    test('a key that the other removed is set if this one assigned it anew', async (t: TestContext) => {
      const { there } = await race(t, { a: 1, list: [1] }, (session) => { session.list = [1, 2] }, write({ a: 1 }), { isSync })
      t.assert.deepStrictEqual(there, { a: 1, list: [1, 2] })
    })

    test('update() assigns anew, and null in the place of data does too', async (t: TestContext) => {
      const { there } = await race(t, { a: 1, b: 1 }, (_session, _store, request) => { request.session = { b: 1, c: null } }, write({}), { isSync })
      t.assert.deepStrictEqual(there, { b: 1, c: null })
    })

    test('a session emptied key by key is deleted only if nobody changed it', async (t: TestContext) => {
      const { there, answer } = await race(t, { a: 1 }, (session) => { session.delete('a') }, write({ a: 1, theirs: 1 }), { isSync })
      t.assert.deepStrictEqual(there, { theirs: 1 })
      t.assert.strictEqual(idOf(answer), id)
    })

    test('a session of which both removed a half is deleted', async (t: TestContext) => {
      const { there, answer } = await race(t, { a: 1, b: 1 }, (session) => { session.delete('a') }, write({ a: 1 }), { isSync })
      t.assert.strictEqual(there, null)
      t.assert.strictEqual(sessionCookieOf(answer)?.attributes['Max-Age'], '0')
    })

    test('clear() ends it, whatever the other wrote', async (t: TestContext) => {
      const { there, answer } = await race(t, { a: 1 }, (session) => { session.clear() }, write({ a: 1, theirs: 1 }), { isSync })
      t.assert.strictEqual(there, null)
      t.assert.strictEqual(sessionCookieOf(answer)?.attributes['Max-Age'], '0')
    })

    test('an unreadable value of the other is replaced', async (t: TestContext) => {
      const others = (store: SessionStore): unknown => store.set(id, 'nonsense', { ...options(), replaces: '{"a":1}' })
      const { there } = await race(t, { a: 1 }, (session) => { session.b = 1 }, others, { isSync })
      t.assert.deepStrictEqual(there, { b: 1 })
    })

    test('regenerate() takes over what the other wrote into kept keys', async (t: TestContext) => {
      const act: Mine = async (session) => {
        await session.regenerate(['cart', 'mine', 'gone'])
        session.user_id = 42
        session.mine = 2
      }
      const { there, answer, store } = await race(t, { cart: [1], mine: 1, gone: 1, old: 1 }, act, write({ cart: [1, 2], mine: 0, old: 2 }), { isSync })
      t.assert.strictEqual(there, null)
      t.assert.deepStrictEqual(await dataIn(store.inner, idOf(answer)), { cart: [1, 2], mine: 2, user_id: 42 })
    })

    test('regenerate() whose kept keys the other removed ends the session', async (t: TestContext) => {
      const { there, answer } = await race(t, { cart: [1], old: 1 }, async (session) => await session.regenerate(['cart']), write({ old: 1 }), { isSync })
      t.assert.strictEqual(there, null)
      t.assert.strictEqual(sessionCookieOf(answer)?.attributes['Max-Age'], '0')
    })
  })

  describe(`while another request ends the session in a store that answers ${isSync ? 'at once' : 'later'},`, () => {
    const acts: Record<string, Mine> = {
      'a change is dropped': (session) => { session.a = 2 },
      'a session emptied key by key stays ended': (session) => { session.delete('a') },
      'regenerate() keeps nothing of it': async (session) => await session.regenerate(['a']),
      'touch() does not prolong it': (session) => session.touch()
    }
    for (const [title, act] of Object.entries(acts)) {
      test(`${title}, without a cookie, with a debug line`, async (t: TestContext) => {
        const { there, answer, debug } = await race(t, { a: 1 }, act, end, { isSync })
        t.assert.strictEqual(there, null)
        t.assert.deepStrictEqual(setCookiesOf(answer), [])
        t.assert.deepStrictEqual(debug, [title.startsWith('touch()') ? notProlonged : dropped])
      })
    }

    test('a save() that was dropped is followed by none', async (t: TestContext) => {
      const act: Mine = async (session, store) => {
        session.a += 1
        await end(store)
        await session.save()
        session.b = 2
      }
      const { answer, debug } = await race(t, { a: 1 }, act, () => {}, { isSync })
      t.assert.deepStrictEqual(setCookiesOf(answer), [])
      t.assert.deepStrictEqual(debug, [dropped])
    })

    test('what is set after regenerate() begins a session of its own, even after a save() that was dropped', async (t: TestContext) => {
      const act: Mine = async (session, store) => {
        session.a += 1
        await end(store)
        await session.save()
        await session.regenerate(['a'])
        await session.save()
        session.user_id = 42
        await session.save()
        session.b = 1
      }
      const { answer, store } = await race(t, { a: 1 }, act, () => {}, { isSync })
      t.assert.deepStrictEqual(await dataIn(store.inner, idOf(answer)), { user_id: 42, b: 1 })
    })

    test('what was assigned after regenerate() begins a session of its own', async (t: TestContext) => {
      const act: Mine = async (session) => {
        await session.regenerate(['a'])
        session.user_id = 42
      }
      const { answer, store } = await race(t, { a: 1 }, act, end, { isSync })
      t.assert.deepStrictEqual(await dataIn(store.inner, idOf(answer)), { user_id: 42 })
    })

    test('what is written after clear() begins a session of its own', async (t: TestContext) => {
      const act: Mine = (session) => {
        session.clear()
        session.user_id = 42
      }
      const { answer, store } = await race(t, { a: 1 }, act, end, { isSync })
      t.assert.notStrictEqual(idOf(answer), id)
      t.assert.deepStrictEqual(await dataIn(store.inner, idOf(answer)), { user_id: 42 })
    })
  })
}

// The store is not asked again for a second: the tests wait for it together.
describe('a command that seemed to fail and happened all the same:', { concurrency: true }, () => {
  /** The first command of a kind happens, and is never answered. */
  function lostAnswer (store: AsyncStore, lost: string): void {
    let isLost = false
    const command = store[lost as 'set'].bind(store)
    store[lost as 'set'] = async (...args) => {
      const answer = await command(...args)
      if (isLost) return answer
      isLost = true
      throw new Error('the connection was lost')
    }
  }

  /** Saves, is told that it failed, waits until the store is asked again, and saves something else. */
  const twice = (first: Mine, second: Mine): Mine => async (session, store, request) => {
    await first(session, store, request)
    let failed: unknown
    await session.save().catch((error) => { failed = error })
    if ((failed as { code?: string }).code !== 'FST_SESSION_STORE_UNAVAILABLE') throw new Error('the save did not fail')
    await pause()
    await second(session, store, request)
  }

  const pause = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 1_050))
  const add = (key: string): Mine => (session) => { session[key] = 1 }

  const cases: Record<string, { lost: string, data?: object, act: Mine, kept: object | null, cookies: number }> = {
    'the next save replaces what the first one wrote': {
      lost: 'set', data: { a: 1, c: 1 }, kept: { a: 1, b: 1 }, cookies: 1, act: twice(add('b'), (session) => { session.delete('c') })
    },
    'a key that the first save removed and the second sets again is there': {
      lost: 'set', data: { a: 1, c: 1 }, kept: { c: 1 }, cookies: 1, act: twice((session) => { session.delete('a') }, (session) => { session.c = 1; session.touch() })
    },
    'a new session has one id': { lost: 'set', act: twice(add('a'), add('b')), kept: { a: 1, b: 1 }, cookies: 1 },
    'a new session that is saved again as it was has one id': { lost: 'set', act: twice(add('a'), (session) => session.touch()), kept: { a: 1 }, cookies: 1 },
    'a session that was emptied is gone': {
      lost: 'delete', data: { a: 1 }, act: twice((session) => { session.delete('a') }, (session) => { session.modified = true }), kept: null, cookies: 0
    },
    'a regenerated session has the id of the first try': {
      lost: 'set', data: { a: 1 }, act: twice(async (session) => await session.regenerate(['a']), add('b')), kept: { a: 1, b: 1 }, cookies: 1
    },
    'an ended session stays ended, and the next one begins': {
      lost: 'delete', data: { a: 1 }, act: twice((session) => { session.clear() }, add('b')), kept: { b: 1 }, cookies: 1
    }
  }
  for (const [title, { lost, data, act, kept, cookies }] of Object.entries(cases)) {
    test(title, async (t: TestContext) => {
      const store = new AsyncStore()
      if (data !== undefined) store.inner.set(id, JSON.stringify(data), options())
      lostAnswer(store, lost)
      const { visit } = await storeApp(t, store)
      const answer = await visit(async (session, request) => await act(session, store, request), data === undefined ? {} : { cookie })
      t.assert.strictEqual(answer.statusCode, 200)
      t.assert.strictEqual(setCookiesOf(answer).length, cookies)
      const now = cookies === 0 ? id : idOf(answer)
      t.assert.deepStrictEqual(await dataIn(store.inner, now), kept)
      if (now !== id) t.assert.strictEqual(await dataIn(store.inner, id), null)
      t.assert.ok(new Set(store.calls.filter(([method]) => method === 'set').map(([, id]) => id)).size <= 1)
    })
  }
})

test('a write that others are always ahead of fails with 503 when storeTimeout has passed', async (t: TestContext) => {
  const store = new AsyncStore()
  store.inner.set(id, '{"a":1}', options())
  let n = 0
  // Whoever reads finds another value each time.
  store.get = async () => ({ data: `{"n":${n++}}`, expires: Date.now() + 1000 })
  const { visit } = await storeApp(t, store, { storeTimeout: 0.05 })
  const answer = await visit((session) => { session.b = 1 }, { cookie })
  t.assert.strictEqual(answer.statusCode, 503)
  t.assert.strictEqual(answer.headers['retry-after'], '1')
  t.assert.match(answer.json().message, /other requests kept changing the session/)
})

test('the session of a request is not changed by what others write: it shows what was read', async (t: TestContext) => {
  const act: Mine = async (session, store) => {
    await write({ a: 1, theirs: 1 })(store)
    session.mine = 1
    await session.save()
    session.more = 1
    return { ...session }
  }
  const { answer, there } = await race(t, { a: 1 }, act, () => {})
  t.assert.deepStrictEqual(answer.json(), { a: 1, mine: 1, more: 1 })
  t.assert.deepStrictEqual(there, { a: 1, theirs: 1, mine: 1, more: 1 })
})

test('floats that Python wrote stay floats when two writes are merged', async (t: TestContext) => {
  const store = new AsyncStore()
  store.inner.set(id, '{"price":1.0}', options())
  const { visit } = await storeApp(t, store)
  await visit((session) => {
    session.a = 1
    store.inner.set(id, '{"price": 1.0, "tax": 2.0}', { ...options(), replaces: '{"price":1.0}' })
  }, { cookie })
  t.assert.strictEqual(store.inner.get(id)?.data, '{"price":1.0,"tax":2.0,"a":1}')
})

describe('what a session keeps for itself, when two requests write it:', () => {
  const began = Math.floor(Date.now() / 1000) - 50
  const cases: Record<string, { before: object, act: Mine, there: object, kept: object }> = {
    'an emptied session that the other changed keeps its begin': {
      before: { a: 1, _created: began }, act: (session) => { session.delete('a') }, there: { a: 1, b: 1, _created: began }, kept: { b: 1, _created: began }
    },
    'the begin that the other noted first counts': {
      before: { a: 1 }, act: (session) => { session.b = 1 }, there: { a: 1, _created: began - 1 }, kept: { a: 1, b: 1, _created: began - 1 }
    },
    'a lifetime that this one set counts': {
      before: { a: 1, _created: began, _lifetime: 600 }, act: (session) => { session.lifetime = 700 }, there: { a: 2, _created: began, _lifetime: 800 }, kept: { a: 2, _created: began, _lifetime: 700 }
    },
    'a lifetime that only the other set counts': {
      before: { a: 1, _created: began }, act: (session) => { session.b = 1 }, there: { a: 1, _created: began, _lifetime: 800 }, kept: { a: 1, b: 1, _created: began, _lifetime: 800 }
    }
  }
  for (const [title, { before, act, there: theirs, kept }] of Object.entries(cases)) {
    test(title, async (t: TestContext) => {
      const { there } = await race(t, before, act, write(theirs), { absoluteLifetime: 10_000, permanentSessionLifetime: 3600 })
      t.assert.deepStrictEqual(there, kept)
    })
  }
})

test('a session that begins in a later onSend hook, while the store is slow, is lost with a warning', async (t: TestContext) => {
  const store = new AsyncStore()
  store.gate = async () => await new Promise((resolve) => setTimeout(resolve, 30))
  const { visit, log } = await storeApp(t, store, {}, {
    after: (app) => app.addHook('onSend', async (request) => { if (request.url === '/act') request.session.late = 1 })
  })
  const answer = await visit((session) => session.size)
  t.assert.strictEqual(sessionCookieOf(answer), undefined)
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.assert.match(log.lines.map(({ msg }) => msg).join(), /a session that begins after the headers were sent has no cookie/)
})

test('a session that is changed in a later onSend hook, while the store is slow, is stored', async (t: TestContext) => {
  const store = new AsyncStore()
  store.inner.set(id, '{"a":1}', options())
  store.gate = async () => await new Promise((resolve) => setTimeout(resolve, 30))
  const { visit, log } = await storeApp(t, store, {}, {
    after: (app) => app.addHook('onSend', async (request) => { request.session.late = 1 })
  })
  await visit((session) => session.size, { cookie })
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.assert.deepStrictEqual(await dataIn(store.inner, id), { a: 1, late: 1 })
  t.assert.deepStrictEqual(log.lines, [])
})

test('regenerate() stores nothing that has expired already', async (t: TestContext) => {
  const { answer, there } = await race(t, { a: 1 }, async (session) => await session.regenerate(['a']), () => {}, { permanentSessionLifetime: 0 })
  t.assert.deepStrictEqual(setCookiesOf(answer), [])
  t.assert.deepStrictEqual(there, { a: 1 })
})

test('regenerate() gives up a new id that is ended while it takes over changes of others', async (t: TestContext) => {
  const act: Mine = async (session, store) => {
    await session.regenerate(['a'])
    const { set } = store
    let times = 0
    store.set = (...args) => {
      // The first one writes under the new id; then another request changes the old session, and ends the new one.
      const answer = set.apply(store, args)
      if (times++ === 0) {
        set.call(store, id, '{"a":2}', { ...options(), replaces: '{"a":1}' })
        store.delete(args[0])
        store.set = () => false
      }
      return answer
    }
  }
  const { answer } = await race(t, { a: 1 }, act, () => {})
  t.assert.deepStrictEqual(setCookiesOf(answer), [])
})
