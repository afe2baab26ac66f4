import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { sessionJSONSerializer } from '../../lib/index.ts'
import { SealedFormat } from '../../lib/formats/sealed.ts'
import { cookieAfter, cookieOf, refusalOf, secretKey, sessionApp, sessionCookieOf, signingSerializer } from '../helpers.ts'
import type { Act, Answer } from '../helpers.ts'
import { stopClocks, watchedStore } from '../revocation/helpers.ts'
import { memoryStore } from '../../lib/stores/memory-store.ts'

const sealing = new SealedFormat(signingSerializer({ salt: 'cookie-session.sealed' }))
const user: Act = (session) => session['user_id'] ?? 'nobody'

/** What the sealed cookie of a response holds. */
function opened (response: Pick<Answer, 'headers'>): Record<string, unknown> {
  const decoded = sealing.decode(sessionCookieOf(response)?.value ?? '')
  if (!decoded.ok) throw new Error('the response has no sealed cookie')
  return sessionJSONSerializer.loads(decoded.json) as Record<string, unknown>
}

describe('a sealed session', () => {
  test('keeps its begin in the box, and ends by its limits', async (t: TestContext) => {
    const tick = stopClocks(t)
    const begin = Math.floor(Date.now() / 1000)
    const { browser } = await sessionApp(t, { sealed: true, absoluteLifetime: 1000, permanentSessionLifetime: 600 })
    const ann = browser()
    const login = await ann.visit((session) => { Object.assign(session, { user_id: 42, _permanent: true }) })

    t.assert.deepStrictEqual(opened(login), { user_id: 42, _permanent: true, _created: begin })
    const seen = []
    for (const seconds of [500, 499, 2]) {
      tick(seconds)
      seen.push((await ann.visit(user)).body)
    }
    t.assert.deepStrictEqual(seen, ['42', '42', 'nobody'])
  })

  for (const sync of [true, false]) {
    for (const sealed of [true, { readSigned: true }]) {
      test(`is revoked by logout and by endSessions, sealed: ${JSON.stringify(sealed)}, with a store that is ${sync ? '' : 'a'}synchronous`, async (t: TestContext) => {
        const tick = stopClocks(t)
        const revocation = { store: watchedStore(sync), user: (session: Record<string, unknown>) => session['user_id'] }
        const { app, visit } = await sessionApp(t, { sealed, secretKey, revocation })
        const logIn = async (): Promise<string> => cookieAfter(await visit((session) => { session['user_id'] = 42 }))
        const [first, second] = [await logIn(), await logIn()]

        await visit((session) => session.clear(), { cookie: first })
        const afterLogout = [(await visit(user, { cookie: first })).body, (await visit(user, { cookie: second })).body]
        await app.endSessions(42)
        tick(1)

        t.assert.deepStrictEqual(afterLogout, ['nobody', '42'])
        t.assert.strictEqual((await visit(user, { cookie: second })).body, 'nobody')
        t.assert.strictEqual((await visit(user, { cookie: await logIn() })).body, '42')
      })
    }
  }

  test('takes over a signed cookie beside a revocation, and ends by it', async (t: TestContext) => {
    const tick = stopClocks(t)
    const revocation = { store: watchedStore(true), user: (session: Record<string, unknown>) => session['user_id'] }
    const { app, visit } = await sessionApp(t, { sealed: { readSigned: true }, revocation })

    const taken = await visit(user, { cookie: cookieOf({ user_id: 42 }) })
    const before = (await visit(user, { cookie: cookieAfter(taken) })).body
    await app.endSessions(42)
    tick(1)

    t.assert.strictEqual(opened(taken)['user_id'], 42)
    t.assert.deepStrictEqual([before, (await visit(user, { cookie: cookieAfter(taken) })).body], ['42', 'nobody'])
  })
})

test('a session in a store is not sealed: its cookie holds an id alone', async (t: TestContext) => {
  for (const sealed of [true, { readSigned: true }]) {
    const { code, message } = await refusalOf(t, { sealed, store: memoryStore() })

    t.assert.deepStrictEqual([code, message], ['FST_SESSION_INVALID_CONFIG', 'sealed must be false for a session in a store, whose cookie holds an id alone, got true'])
  }
  const { visit } = await sessionApp(t, { sealed: false, store: memoryStore() })
  t.assert.strictEqual((await visit((session) => { session['user_id'] = 42 })).statusCode, 200)
})
