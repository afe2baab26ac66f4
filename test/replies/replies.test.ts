import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { headerOf } from '../client.ts'
import { http1, protocols } from './protocols.ts'
import { checkNext, checkProcess, loss, sentIn, serve } from './served.ts'
import { expected, stateNames, states } from './states.ts'
import type { StateName } from './states.ts'
import { ways } from './ways.ts'

for (const protocol of protocols) {
  describe(`a reply over ${protocol.name} has what its session needs:`, () => {
    for (const way of ways) {
      if (protocol !== http1 && way.onlyHTTP1 !== undefined) continue
      test(way.name + (way.except === undefined ? '' : ` (${way.except.why})`), async (t: TestContext) => {
        if (!protocol.isHere(t)) return
        let state: StateName = 'unread'
        const served = await serve(t, way, (request) => {
          states[state].act(request)
          return []
        }, { protocol })
        let client = await served.connect()
        for (state of stateNames) {
          const { vary, cookie } = way.except?.sent[state] ?? expected[state]
          const sentCookie = served.cookieFor(state)

          const answer = await client.ask({ path: '/way', cookie: sentCookie, ...way.ask })

          t.assert.strictEqual(answer.status, way.status, state)
          // Node.js ends the HTTP/2 stream of a response that was destroyed as if it were complete.
          if (protocol === http1 || way.isCut !== true) t.assert.strictEqual(answer.isCut, way.isCut ?? false, state)
          if (way.body !== undefined) t.assert.strictEqual(answer.body, way.body, state)
          for (const [name, values] of Object.entries(way.others ?? {})) t.assert.deepStrictEqual(headerOf(answer, name), values)
          const otherCookies = headerOf(answer, 'set-cookie').filter((header) => !header.startsWith('session='))
          t.assert.deepStrictEqual(otherCookies, way.otherCookies ?? [], state)
          t.assert.deepStrictEqual(sentIn(t, served.fastify, answer, state === 'refreshed'), { vary, cookie }, state)
          if (way.isClosing === true) await client.closed()
          const left = cookie === 'none' ? states[state].cookie : cookie === 'deletion' ? {} : cookie
          client = await checkNext(t, served, client, sentCookie, answer, left)
          t.assert.deepStrictEqual(served.warnings(), way.except?.warned?.includes(state) === true ? [loss] : [], state)
        }
        await checkProcess(t)
      })
    }
  })
}
