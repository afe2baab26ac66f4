import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { SessionIdentity } from '../../lib/revocation/revocation.ts'
import { limits, revocation, start, stopClocks, watchedStore } from './helpers.ts'

const session: SessionIdentity = { sid: 'sid-1', begin: start - 100, user: '42' }
const unavailable = { code: 'FST_SESSION_STORE_UNAVAILABLE', statusCode: 503 }

/** Lets promises that nobody awaits go on. */
async function settle (): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

describe('a session that was ended', () => {
  test('is revoked, here at once and elsewhere within cacheFor', (t: TestContext) => {
    const tick = stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store, cacheFor: 10 })
    const elsewhere = revocation({ store, cacheFor: 10 })
    t.assert.strictEqual(here.judge(session), 'alive')
    t.assert.strictEqual(elsewhere.judge(session), 'alive')
    t.assert.strictEqual(here.end('sid-1', limits), true)
    t.assert.strictEqual(here.judge(session), 'revoked')
    tick(9)
    t.assert.strictEqual(elsewhere.judge(session), 'alive')
    tick(1)
    t.assert.strictEqual(elsewhere.judge(session), 'revoked')
  })

  test('is revoked elsewhere at once when the store is asked past what is remembered', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    const elsewhere = revocation({ store })
    t.assert.strictEqual(elsewhere.judge(session), 'alive')
    revocation({ store }).end('sid-1', limits)
    t.assert.strictEqual(elsewhere.judge(session), 'alive')
    t.assert.strictEqual(elsewhere.judge(session, true), 'revoked')
  })

  test('was not ended again by whoever comes second', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    t.assert.strictEqual(revocation({ store }).end('sid-1', limits), true)
    t.assert.strictEqual(revocation({ store }).end('sid-1', limits), false)
  })

  test('is listed under ended:SID, longer than any cookie of it can live', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    revocation({ store, cacheFor: 7 }).end('sid-1', limits)
    const expires = (start + 3600 + 7 + 5 + 60) * 1000
    t.assert.deepStrictEqual(store.inner.get('ended:sid-1'), { data: '1', expires })
  })

  test('is listed to the end of time, if its lifetime has no end', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    revocation({ store }).end('sid-1', { ...limits, lifetime: Number.MAX_SAFE_INTEGER })
    t.assert.strictEqual(store.inner.get('ended:sid-1')?.expires, 8.64e15)
  })
})

describe('the sessions of a user that were ended', () => {
  test('are those that began up to now and clockTolerance, and no others', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    revocation({ store }).endUser('42', undefined, limits)
    const judge = (begin: number, user?: string): unknown => revocation({ store }).judge({ sid: 'any', begin, user })
    t.assert.strictEqual(judge(start - 1000, '42'), 'revoked')
    t.assert.strictEqual(judge(start + 5, '42'), 'revoked')
    t.assert.strictEqual(judge(start + 6, '42'), 'alive')
    t.assert.strictEqual(judge(NaN, '42'), 'revoked')
    t.assert.strictEqual(judge(start - 1000, '43'), 'alive')
    t.assert.strictEqual(judge(start - 1000), 'alive')
  })

  test('do not hold a login in the very second of the call', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store })
    here.endUser('42', undefined, limits)
    const begin = here.beginFor('42') as number
    t.assert.strictEqual(begin, start + 6)
    t.assert.strictEqual(here.knownBeginFor('42'), start + 6)
    t.assert.strictEqual(here.judge({ sid: 'new', begin, user: '42' }), 'alive')
    t.assert.strictEqual(here.beginFor('43'), start)
    t.assert.strictEqual(here.beginFor(undefined), start)
    t.assert.strictEqual(here.knownBeginFor(undefined), start)
  })

  test('hold that login after a second call in the same second', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store })
    here.endUser('42', undefined, limits)
    const begin = here.beginFor('42') as number
    revocation({ store }).endUser('42', undefined, limits)
    t.assert.strictEqual(here.judge({ sid: 'new', begin, user: '42' }, true), 'revoked')
    t.assert.strictEqual(here.beginFor('42'), start + 7)
  })

  test('are written as JSON under since:USER, with the exception, which the next call replaces', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store, cacheFor: 0 })
    here.endUser('42', 'sid-1', limits)
    const expires = (start + 3600 + 5 + 60) * 1000
    t.assert.deepStrictEqual(store.inner.get('since:42'), { data: `{"since":${start + 5},"except":["sid-1"]}`, expires })
    t.assert.strictEqual(here.judge(session), 'alive')
    t.assert.strictEqual(here.judge({ ...session, sid: 'sid-2' }), 'revoked')
    here.endUser('42', 'sid-2', limits)
    t.assert.strictEqual(store.inner.get('since:42')?.data, `{"since":${start + 6},"except":["sid-2"]}`)
    t.assert.strictEqual(here.judge(session), 'revoked')
  })

  test('are written under since:NAME:USER for a session of another name', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    revocation({ store }, 'admin').endUser('42', undefined, limits)
    t.assert.strictEqual(store.inner.get('since:admin:42')?.data, `{"since":${start + 5},"except":[]}`)
    t.assert.strictEqual(revocation({ store }).judge(session), 'alive')
    t.assert.strictEqual(revocation({ store }, 'admin').judge(session), 'revoked')
  })

  test('are never those of a user of another session, although names and users have colons', (t: TestContext) => {
    stopClocks(t)
    for (const [[name, user], others] of [
      [['session', 'admin:root'], [['admin', 'root'], ['session', 'admin%3Aroot']]],
      [['session', 'admin%3Aroot'], [['admin', 'root'], ['session', 'admin:root']]],
      [['a', 'b:c'], [['a:b', 'c'], ['session', 'a:b:c']]],
      [['a:b', 'c'], [['a', 'b:c'], ['session', 'a:b:c']]]
    ] as Array<[[string, string], Array<[string, string]>]>) {
      const store = watchedStore()
      revocation({ store }, name).endUser(user, undefined, limits)
      t.assert.strictEqual(revocation({ store }, name).judge({ ...session, user }), 'revoked')
      for (const [name, user] of others) t.assert.strictEqual(revocation({ store }, name).judge({ ...session, user }), 'alive', `${name} ${user}`)
    }
    const store = watchedStore()
    revocation({ store }).endUser('google:50%', undefined, limits)
    t.assert.notStrictEqual(store.inner.get('since:google%3A50%25'), null)
  })

  test('are ended by the later of two calls at once, and the earlier is not lost', async (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore(false)
    const calls = Array.from({ length: 8 }, () => revocation({ store }).endUser('42', undefined, limits))
    await Promise.all(calls)
    t.assert.strictEqual(store.inner.get('since:42')?.data, `{"since":${start + 12},"except":[]}`)
  })

  test('are not ended, and an error says so, when the store refuses each write', (t: TestContext) => {
    stopClocks(t)
    const store = { ...watchedStore(), set: () => false }
    t.assert.throws(() => revocation({ store }).endUser('42', undefined, limits), unavailable)
  })

  test('are known here at once, although an older answer of the store comes in later', async (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore(false)
    const answers: Array<(stored: null) => void> = []
    const get = (id: string): null | Promise<null> => {
      return id.startsWith('since:') ? new Promise((resolve) => answers.push(resolve)) : null
    }
    const here = revocation({ store: { ...store, get } })
    const judging = here.judge(session)
    const ending = here.endUser('42', undefined, limits)
    answers[1]?.(null)
    await ending
    answers[0]?.(null)
    t.assert.strictEqual(await judging, 'revoked')
    t.assert.strictEqual(here.knows(session), true)
  })
})

describe('what is remembered', () => {
  test('saves the store a question for cacheFor seconds', (t: TestContext) => {
    const tick = stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store, cacheFor: 10 })
    here.judge(session)
    tick(9)
    here.judge(session)
    t.assert.deepStrictEqual(store.asked, ['get ended:sid-1', 'get since:42'])
    tick(1)
    here.judge(session)
    t.assert.strictEqual(store.asked.length, 4)
  })

  test('is nothing with cacheFor 0', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store, cacheFor: 0 })
    here.judge(session)
    here.judge(session)
    t.assert.strictEqual(store.asked.length, 4)
  })

  test('is counted from the question, not from the answer', async (t: TestContext) => {
    const tick = stopClocks(t)
    const store = watchedStore(false)
    const here = revocation({ store, cacheFor: 10 })
    const judging = here.judge(session)
    tick(4)
    await judging
    tick(6)
    await here.judge(session)
    t.assert.strictEqual(store.asked.length, 4)
  })

  test('is bounded', (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store })
    const judge = (from: number, to: number): void => {
      for (let i = from; i < to; i++) here.judge({ sid: `sid-${i}`, begin: start, user: undefined })
    }
    judge(0, 20_000)
    judge(0, 20_000)
    t.assert.strictEqual(store.asked.length, 20_000)
    judge(20_000, 20_001)
    judge(0, 1)
    t.assert.strictEqual(store.asked.length, 20_002)
  })

  test('does not outlive a clock that is set back', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now: start * 1000 })
    let monotonic = 0
    t.mock.method(performance, 'now', () => monotonic)
    const store = watchedStore()
    const here = revocation({ store, cacheFor: 10 })
    here.judge(session)
    t.mock.timers.setTime((start - 3600) * 1000)
    monotonic += 10_000
    here.judge(session)
    t.assert.strictEqual(store.asked.length, 4)
  })

  test('is never that a session lives which was ended while the store was asked', async (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore(false)
    const here = revocation({ store })
    let answer = (_: null): void => {}
    store.get = () => new Promise<null>((resolve) => { answer = resolve })
    const judging = here.judge({ ...session, user: undefined })
    await here.end('sid-1', limits)
    answer(null)
    t.assert.strictEqual(await judging, 'revoked')
    t.assert.strictEqual(here.knows(session), true)
  })
})

describe('a store that does not answer', () => {
  for (const [name, sync] of [['throws', true], ['rejects', false]] as const) {
    test(`${name}: there is no verdict`, async (t: TestContext) => {
      stopClocks(t)
      const store = watchedStore(sync)
      store.failure = new Error('away')
      const here = revocation({ store })
      const verdict = await here.judge(session)
      t.assert.ok(verdict instanceof Error)
      t.assert.strictEqual((verdict as Error & { code?: string }).code, unavailable.code)
      t.assert.strictEqual(verdict.cause, store.failure)
    })
  }

  test('fails within storeTimeout, and then at once for a second', async (t: TestContext) => {
    const store = watchedStore(false)
    store.isHanging = true
    const here = revocation({ store, storeTimeout: 0.02 })
    t.assert.ok(await here.judge(session) instanceof Error)
    t.assert.ok(await here.judge(session) instanceof Error)
    t.assert.deepStrictEqual(store.asked, ['get ended:sid-1', 'get since:42'])
  })

  test('leaves no rejection unhandled that the second of two questions causes', async (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore(false)
    store.get = (id) => {
      if (id.startsWith('since:')) throw new Error('not connected')
      return Promise.reject(new Error('away'))
    }
    t.assert.ok(await revocation({ store }).judge(session) instanceof Error)
    await settle()
  })

  for (const junk of ['junk', 'null', '[]', '{"since":"1","except":[]}', '{"since":1}', '{"since":1,"except":[1]}', '{"since":1e999,"except":[]}']) {
    test(`gives ${junk} as the record of a user: there is no verdict, until the sessions of the user are ended`, (t: TestContext) => {
      stopClocks(t)
      const store = watchedStore()
      store.inner.set('since:42', junk, { expires: Date.now() + 1000, replaces: null })
      const here = revocation({ store })
      t.assert.ok(here.judge(session) instanceof Error)
      here.endUser('42', undefined, limits)
      t.assert.strictEqual(here.judge(session), 'revoked')
      t.assert.strictEqual(store.inner.get('since:42')?.data, `{"since":${start + 5},"except":[]}`)
    })
  }

  test('may give the bytes of a record', async (t: TestContext) => {
    stopClocks(t)
    const store = watchedStore()
    store.get = (id) => id === 'since:42' ? { data: new TextEncoder().encode(`{"since":${start},"except":[]}`), expires: Infinity } : null
    t.assert.strictEqual(revocation({ store }).judge(session), 'revoked')
  })

  test('does not hide what this process ended, and takes it when it is back', async (t: TestContext) => {
    const tick = stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store, onStoreError: 'accept' })
    store.failure = new Error('away')
    t.assert.ok(await here.end('sid-1', limits) instanceof Error)
    tick(2)
    t.assert.ok(await here.end('sid-2', limits) instanceof Error)
    tick(60)
    t.assert.strictEqual(here.judge(session), 'revoked')
    t.assert.ok(here.judge({ sid: 'sid-3', begin: start, user: undefined }) instanceof Error)
    store.failure = undefined
    tick(2)
    t.assert.strictEqual(here.judge({ sid: 'sid-3', begin: start, user: undefined }), 'alive')
    await settle()
    t.assert.strictEqual(store.inner.get('ended:sid-1')?.data, '1')
    t.assert.strictEqual(store.inner.get('ended:sid-2')?.data, '1')
    t.assert.strictEqual(here.judge(session), 'revoked')
  })

  test('is tried again after it failed a second time', async (t: TestContext) => {
    const tick = stopClocks(t)
    const store = watchedStore()
    const here = revocation({ store, cacheFor: 0 })
    store.failure = new Error('away')
    await here.end('sid-1', limits)
    store.failure = undefined
    tick(2)
    const { set } = store
    store.set = () => { throw new Error('away again') }
    here.judge({ ...session, sid: 'sid-3' })
    await settle()
    store.set = set
    tick(2)
    t.assert.strictEqual(here.judge(session), 'revoked')
    here.judge({ ...session, sid: 'sid-3' })
    here.judge({ ...session, sid: 'sid-3' })
    await settle()
    t.assert.strictEqual(store.inner.get('ended:sid-1')?.data, '1')
  })

  test('lets a session begin without it only when errors of the store are ignored', async (t: TestContext) => {
    const tick = stopClocks(t)
    const store = watchedStore()
    const strict = revocation({ store })
    const lenient = revocation({ store, onStoreError: 'accept' })
    lenient.endUser('42', undefined, limits)
    store.failure = new Error('away')
    t.assert.throws(() => strict.beginFor('42'), unavailable)
    t.assert.strictEqual(lenient.beginFor('42'), start + 6)
    tick(60)
    t.assert.strictEqual(lenient.beginFor('42'), start + 60)
  })
})

test('a revocation opens and closes its store', (t: TestContext) => {
  const calls: string[] = []
  const store = {
    ...watchedStore(),
    open: (warn: (message: string) => void) => { calls.push('open'); warn('a warning') },
    close: () => { calls.push('close') }
  }
  const here = revocation({ store })
  t.assert.strictEqual(here.sync, true)
  here.open((message) => calls.push(message))
  here.close()
  t.assert.deepStrictEqual(calls, ['open', 'a warning', 'close'])
})
