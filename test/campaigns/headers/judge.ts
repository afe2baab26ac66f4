/**
 * What differs between a reply with a session and the same reply without one, and should not.
 *
 * @module
 */

import { validateHeaderName, validateHeaderValue } from 'node:http'
import { headerOf } from '../../client.ts'
import type { Answer } from '../../client.ts'
import { countCookieInVary } from '../../helpers.ts'
import { missing, split } from '../../replies/application-headers.ts'
import type { Given } from '../../replies/application-headers.ts'
import { expected } from '../../replies/states.ts'
import type { Sent, StateName } from '../../replies/states.ts'
import type { Protocol } from '../../replies/protocols.ts'
import type { Way } from '../../replies/way.ts'

/** One reply of the campaign. */
export interface Reply {
  protocol: Protocol
  way: Way
  method: 'GET' | 'HEAD' | undefined
  state: StateName
  given: Given
}

export interface Outcome {
  /** `undefined` if none came. */
  answer: Answer | undefined
  /** Codes of the errors that were left to the process. */
  unheard: string[]
}

/** Describes the first difference; `undefined` without one. */
export function differenceOf (reply: Reply, before: Outcome, after: Outcome): string | undefined {
  if (before.unheard.join() !== after.unheard.join()) return `left to the process: [${after.unheard.join()}], not [${before.unheard.join()}]`
  const [was, is] = [before.answer, after.answer]
  if (was?.status === 0 && is?.status === 0) return undefined
  if (was === undefined || is === undefined) return was === is ? undefined : `${is === undefined ? 'no' : 'an'} answer`
  if (was.status !== is.status) return `status ${is.status}, not ${was.status}: ${is.body}`
  if (codeless(was.body) !== codeless(is.body)) return `body ${is.body}, not ${was.body}`
  if (was.isCut !== is.isCut) return `isCut is ${is.isCut}`
  return (isRefused(reply.given) ? undefined : headerProblem(reply, was, is)) ?? sessionProblem(reply, was, is)
}

/** Node.js has several codes for a list of headers that it refuses: which one depends on the headers that were set before. */
function codeless (body: string): string {
  return body.replace(/^ERR_\w+$/, 'refused')
}

/**
 * A header that is lost, or that the application did not give. One that the application gave may be there more often: without
 * a session the head replaces those of its name, with a session it goes beside them. A head that was refused in its middle
 * leaves some headers behind, so that nothing can be said of them.
 */
function headerProblem ({ given }: Reply, was: Answer, is: Answer): string | undefined {
  const vary = split(was, 'vary').map((name) => name.toLowerCase())
  const names = split(is, 'vary').map((name) => name.toLowerCase())
  const lost = names.includes('*') ? [] : vary.filter((name) => !names.includes(name))
  if (lost.length > 0) return `Vary lost ${lost.join()}`
  const cookies = headerOf(is, 'set-cookie')
  const lostCookies = headerOf(was, 'set-cookie').filter((cookie) => !cookies.includes(cookie))
  if (lostCookies.length > 0) return `Set-Cookie lost ${lostCookies.join(' | ')}`
  for (const name of new Set([...namesIn(was), ...namesIn(is)])) {
    if (['vary', 'set-cookie', 'date'].includes(name)) continue
    const [old, now] = [headerOf(was, name), headerOf(is, name)]
    const gained = missing(now, old).filter((value) => !valuesIn(given, name).includes(value))
    if (missing(old, now).length + gained.length > 0) return `${name} is ${JSON.stringify(now)}, not ${JSON.stringify(old)}`
  }
  return undefined
}

/** Whether Node.js, or HTTP/2, refuses one of the headers. */
function isRefused ({ reply = [], raw = [], head = [] }: Given): boolean {
  return [...reply, ...raw, ...head].some(([name, value]) => {
    try {
      validateHeaderName(name)
      for (const each of [value].flat()) validateHeaderValue(name, each)
      return [value].flat().some((each: unknown) => each === null)
    } catch {
      return true
    }
  })
}

const nothing: Sent = { vary: 0, cookie: 'none' }

/** As the client reads them. */
function valuesIn ({ reply = [], raw = [], head = [] }: Given, name: string): string[] {
  const same = [...reply, ...raw, ...head].filter(([other]) => other.toLowerCase() === name)
  return same.flatMap(([, value]) => [value].flat().map((each) => Buffer.from(String(each ?? ''), 'latin1').toString('latin1').trim()))
}

function sessionProblem ({ way, state, given }: Reply, was: Answer, is: Answer): string | undefined {
  const sent = [way.except?.sent[state] ?? expected[state]]
  // Fastify answers with an error, which is saved as in any other reply, or with a head that has none of the reply's headers.
  if (isRefused(given)) sent.push(expected[state], nothing, { ...expected[state], vary: 0 })
  // A refresh gives way to a cookie of the application.
  if (state === 'refreshed' && hasSessionCookie(given)) sent.push({ vary: 0, cookie: 'none' }, { vary: 1, cookie: 'none' })
  const added = missing(headerOf(is, 'set-cookie'), headerOf(was, 'set-cookie')).filter((cookie) => !valuesIn(given, 'set-cookie').includes(cookie))
  const ours = added.filter((cookie) => cookie.startsWith('session='))
  const others = added.filter((cookie) => !cookie.startsWith('session=') && way.otherCookies?.includes(cookie) !== true)
  if (others.length > 0) return `Set-Cookie has gained ${others.join(' | ')}`
  const kinds: string[] = ours.map((cookie) => cookie.startsWith('session=;') ? 'deletion' : 'cookie')
  if (!sent.some(({ cookie }) => kinds.join() === kindOf(cookie))) return `${kinds.join() || 'no cookie'} of the session`
  const count = countCookieInVary(headerOf(is, 'vary'))
  const wasThere = countCookieInVary(headerOf(was, 'vary')) > 0
  if (!sent.some(({ vary }) => (vary === 1 || wasThere) === (count > 0))) return `Vary names Cookie ${count} times`
  if (headerOf(is, 'vary').length > 1 && headerOf(was, 'vary').length <= 1) return 'two Vary'
  return undefined
}

function kindOf (cookie: Sent['cookie']): string {
  if (cookie === 'none') return ''
  return cookie === 'deletion' ? 'deletion' : 'cookie'
}

function hasSessionCookie ({ reply = [], raw = [], head = [] }: Given): boolean {
  return [...reply, ...raw, ...head].some(([, value]) => [value].flat().some((cookie) => /^session=/.test(String(cookie).trim())))
}

function namesIn ({ head }: Answer): string[] {
  return head.split('\r\n').slice(1).map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
}
