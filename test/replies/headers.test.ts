import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { headerOf } from '../client.ts'
import type { Answer } from '../client.ts'
import { countCookieInVary } from '../helpers.ts'
import { missing, put, split } from './application-headers.ts'
import type { Given } from './application-headers.ts'
import { http1, protocols } from './protocols.ts'
import type { Protocol } from './protocols.ts'
import { checkProcess, serve } from './served.ts'
import { states } from './states.ts'
import type { Act, Way } from './way.ts'
import { ways } from './ways.ts'

interface Case extends Given {
  /** The Vary of the response, if the session has a part in it. */
  sent?: string
}

const varies: Record<string, Case> = {
  'a Vary': { reply: [['vary', 'Accept-Encoding']], sent: 'Accept-Encoding, Cookie' },
  'a Vary with several names': { reply: [['vary', 'Accept-Encoding, Accept-Language']], sent: 'Accept-Encoding, Accept-Language, Cookie' },
  'a Vary of Cookie': { reply: [['vary', 'Cookie']], sent: 'Cookie' },
  'a Vary of cookie': { reply: [['vary', 'cookie']], sent: 'cookie' },
  'a Vary that names Cookie': { reply: [['vary', 'Accept, COOKIE, Origin']], sent: 'Accept, COOKIE, Origin' },
  'a Vary with an empty name': { reply: [['vary', 'Accept-Encoding,']], sent: 'Accept-Encoding, Cookie' },
  'a Vary of commas': { reply: [['vary', ',, ,']], sent: 'Cookie' },
  'a Vary with names that are none': { reply: [['vary', 'Accept Encoding, @']], sent: 'Accept Encoding, @, Cookie' },
  'an empty Vary on the raw reply': { raw: [['vary', '']], sent: 'Cookie' },
  'a Vary of *': { reply: [['vary', '*']], sent: '*' },
  'a Vary with * in it': { reply: [['vary', 'Accept, *']], sent: '*' },
  'a Vary that names something like Cookie': { reply: [['vary', 'X-Cookie']], sent: 'X-Cookie, Cookie' },
  'a Vary that is a list': { reply: [['vary', ['Accept', 'Origin']]], sent: 'Accept, Origin, Cookie' },
  'a Vary on the raw reply': { raw: [['vary', 'Origin']], sent: 'Origin, Cookie' },
  'a Vary on the raw reply and another on the reply': { reply: [['vary', 'Accept']], raw: [['vary', 'Origin']] }
}
/** The ways that all those are tried on: the shortest, one whose head is written later, and one that Fastify does not send. */
const waysOfVaries = ['an object', 'a stream', 'a hijacked reply with session.save() before it']

const links = ['</a.css>; rel=preload', '</b.js>; rel=preload']
const everywhere: Record<string, Case> = {
  'headers of the reply': { reply: [['vary', 'Accept, Origin'], ['set-cookie', 'color=red'], ['set-cookie', ['font=serif', 'font=mono']], ['link', links]] },
  'headers of the raw reply': { raw: [['vary', 'Origin'], ['set-cookie', ['color=red', 'font=serif']], ['link', links]] },
  'headers of the head': { head: [['Vary', 'Origin'], ['Set-Cookie', 'color=red'], ['Link', '</a.css>; rel=preload']] },
  'a head that repeats names, as an upstream may send them': {
    head: [['link', '</a.css>; rel=preload'], ['vary', 'Accept-Encoding,'], ['set-cookie', 'color=red'], ['Link', '</b.js>; rel=preload'], ['Set-Cookie', 'font=serif']]
  },
  'a head with a cookie alone': { head: [['set-cookie', 'color=red']] }
}

/** The answer with each of these headers, with the plugin and a session that is written, or without the plugin. */
async function answersOf (t: TestContext, way: Way, given: Given[], protocol: Protocol, hasPlugin: boolean): Promise<Answer[]> {
  let headers: Given | undefined
  const act: Act = (request, reply) => {
    if (hasPlugin) states.written.act(request)
    return headers === undefined ? [] : put(reply, headers)
  }
  const served = await serve(t, way, act, { protocol, hasPlugin })
  let client = await served.connect()
  const answers: Answer[] = []
  for (headers of given) {
    if (!client.isOpen) client = await served.connect()
    const answer = await client.ask({ path: '/way', cookie: served.cookieFor('written'), ...way.ask })
    if (way.isClosing === true || headerOf(answer, 'connection').includes('close')) await client.closed()
    answers.push(answer)
  }
  return answers
}

for (const protocol of protocols) {
  describe(`each header of the application is in the response over ${protocol.name}, with a session as without:`, () => {
    for (const way of ways) {
      if (protocol !== http1 && way.onlyHTTP1 !== undefined) continue
      test(way.name, async (t: TestContext) => {
        if (!protocol.isHere(t)) return
        const given: Record<string, Case> = { ...everywhere, ...waysOfVaries.includes(way.name) ? varies : {} }
        const without = await answersOf(t, way, Object.values(given), protocol, false)
        const withOurs = await answersOf(t, way, Object.values(given), protocol, true)

        const isSilent = way.except?.sent.written?.vary === 0
        Object.keys(given).forEach((name, index) => {
          const [before, after] = [without[index] as Answer, withOurs[index] as Answer]
          t.assert.strictEqual(after.status, before.status, name)
          t.assert.strictEqual(after.body, before.body, name)
          // Accept, * means no more than * does.
          const vary = split(before, 'vary')
          t.assert.deepStrictEqual(missing(vary.includes('*') ? ['*'] : vary, split(after, 'vary')), [], name)
          const { sent } = given[name] as Case
          if (sent !== undefined) t.assert.strictEqual(split(after, 'vary').join(', '), sent, name)
          t.assert.deepStrictEqual(missing(split(before, 'link'), split(after, 'link')), [], name)
          t.assert.deepStrictEqual(missing(headerOf(before, 'set-cookie'), headerOf(after, 'set-cookie')), [], name)
          const ours = headerOf(after, 'set-cookie').filter((cookie) => cookie.startsWith('session='))
          t.assert.strictEqual(ours.length, isSilent ? 0 : 1, name)
          t.assert.strictEqual(countCookieInVary(headerOf(after, 'vary')), isSilent ? countCookieInVary(headerOf(before, 'vary')) : 1, name)
        })
        await checkProcess(t)
      })
    }
  })
}
