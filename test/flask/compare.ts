/**
 * Both outcomes of one exchange, held against each other.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import type { Tally } from './differences.ts'
import { asJavaScript, isAccess } from './model.ts'
import type { Model } from './model.ts'
import type { Outcome } from './our-side.ts'
import type { Digest, Step } from './peer.ts'
import type { Settings } from './random.ts'
import { exactJSON, keysOfFloats, parseSetCookie, signatureLength, takeApart } from './token.ts'
import type { SetCookie } from './token.ts'
import type { Typed } from './typed-json.ts'

export interface Exchanged {
  ours: Outcome
  flask: Outcome
  steps: readonly Step[]
  /** After the steps. */
  model: Model
  settings: Settings
  digest: Digest
  /** Milliseconds. */
  now: number
  tally: Tally
}

/** @returns what differs and is not known to; nothing when all is well */
export function compare (exchanged: Exchanged): string[] {
  const { ours, flask, settings, tally } = exchanged
  const problems: string[] = []
  const expect = (what: string, here: unknown, there: unknown): void => {
    if (!isDeepStrictEqual(here, there)) problems.push(`${what}\n  here:  ${JSON.stringify(here)}\n  Flask: ${JSON.stringify(there)}`)
  }

  if (ours.error?.code === 'FST_SESSION_COOKIE_OVERFLOW' && tally.excuse('overflow')) {
    const size = Number(/too large: (\d+) bytes/.exec(ours.error.message)?.[1])
    expect('an overflow is over the limit', size > settings.MAX_COOKIE_SIZE && settings.MAX_COOKIE_SIZE > 0, true)
    expect('no cookie after an overflow', ours.setCookies, [])
    expect('Flask sends the cookie that is too large', flask.setCookies.length, 1)
    return problems
  }

  expect('status', ours.status, flask.status)
  compareAnswers(exchanged, expect)
  if (ours.session === null || flask.session === null) {
    problems.push('no session')
    return problems
  }
  expect('data', asJavaScript(ours.session.data), inOrder(flask.session.data, tally))
  expect('null session', ours.session.null, flask.session.null)
  expect('permanent', ours.session.permanent, flask.session.permanent)
  if (!ours.session.null) compareFlags(exchanged, expect)
  if (!isRefreshLeftOut(exchanged)) expect('Set-Cookie headers', ours.setCookies.length, flask.setCookies.length)
  if (ours.setCookies.length === 1 && flask.setCookies.length === 1) compareCookies(exchanged, expect)
  expect('here, Vary', ours.vary, isVaried(ours) ? 'Cookie' : '')
  expect('in Flask, Vary', flask.vary, isVaried(flask) ? 'Cookie' : '')
  return problems
}

/** A refresh that does not fit into MAX_COOKIE_SIZE is left out, while Flask sends it. */
function isRefreshLeftOut ({ ours, flask, settings: { MAX_COOKIE_SIZE: limit }, tally }: Exchanged): boolean {
  const [theirs] = flask.setCookies
  const isTooLarge = limit > 0 && theirs !== undefined && theirs.length > limit
  return isTooLarge && ours.setCookies.length === 0 && ours.session?.modified === false && tally.excuse('overflow')
}

type Expect = (what: string, here: unknown, there: unknown) => void

function isVaried ({ session, setCookies }: Outcome): boolean {
  return setCookies.length > 0 || (session !== null && !session.null && session.accessed)
}

function compareAnswers ({ ours, flask, steps, model, tally }: Exchanged, expect: Expect): void {
  expect('number of answers', ours.answers.length, flask.answers.length)
  let accessed = false
  for (const [index, step] of steps.entries()) {
    const [here, there] = [ours.answers[index], flask.answers[index]]
    if (here === undefined || there === undefined) return
    const what = `step ${index}, ${step.op}`
    if ('exception' in here || 'exception' in there) {
      const isKnown = model.isNull && step.op === 'modified' && step.value === true && tally.excuse('nullSessionFlag')
      if (isKnown) expect(what, here, { exception: 'RuntimeError' })
      else expect(what, here, there)
    } else if (step.op === 'accessed') {
      if (!model.isNull) expect(what, here.value, accessed)
    } else if (step.op === 'modified' && step.value === undefined) {
      // the model knows of changes inside, of which Flask may not; a session without a key is never modified here
      expect(what, here.value, !model.isNull && model.looks[index])
      if (here.value !== there.value) expect(what, tally.excuse(model.isNull ? 'nullSessionFlag' : 'nestedChanges'), true)
    } else if (step.op === 'permanent' && step.value === undefined) {
      expect(what, here.value, isTrueInPython(there.value))
      if (typeof there.value !== 'boolean') tally.excuse('permanentIsBoolean')
    } else {
      const isOrdered = ['keys', 'iterate', 'values', 'items'].includes(step.op) && model.looks[index] === true && tally.excuse('indexKeys')
      const [mine, theirs] = [asJavaScript(here.value), inOrder(there.value, tally)]
      expect(what, isOrdered ? sorted(mine) : mine, isOrdered ? sorted(theirs) : theirs)
    }
    accessed ||= isAccess(step)
  }
}

function compareFlags ({ ours, flask, steps, model, tally }: Exchanged, expect: Expect): void {
  const [here, there] = [ours.session as NonNullable<Outcome['session']>, flask.session as NonNullable<Outcome['session']>]
  expect('modified', here.modified, there.modified)
  expect('accessed here', here.accessed, model.accessed)
  if (here.accessed === there.accessed) return
  const isFlagsOnly = !here.accessed && steps.some(({ op }) => ['modified', 'new', 'accessed'].includes(op)) && tally.excuse('flagsAreNoAccess')
  const looks = ['contains', 'len', 'bool', 'keys', 'values', 'items', 'iterate', 'data', 'pop', 'popitem', 'delete', 'modified', 'accessed', 'new', 'nothing', 'abort']
  const isLooksOnly = here.accessed && steps.every(({ op }) => looks.includes(op)) && tally.excuse('varyOfLooks')
  expect('accessed', isFlagsOnly || isLooksOnly, true)
}

function compareCookies ({ ours, flask, model, settings, digest, now, tally }: Exchanged, expect: Expect): void {
  const here = parseSetCookie(ours.setCookies[0] as string)
  const there = parseSetCookie(flask.setCookies[0] as string)
  excuseOldVersions(here, there, settings, tally)
  expect('cookie name', here.name, there.name)
  expect('cookie attributes', here.attributes, there.attributes)
  const limit = settings.MAX_COOKIE_SIZE
  expect('a cookie within the limit', limit === 0 || (ours.setCookies[0] as string).length <= limit, true)
  if (here.value === '' || there.value === '') {
    expect('a cookie that is to go', here.value, there.value)
    return
  }
  const [mine, theirs] = [takeApart(here.value), takeApart(there.value)]
  expect('timestamp', mine.timestamp, theirs.timestamp)
  expect('timestamp', mine.timestamp, Math.floor(now / 1000))
  expect('length of the signature', mine.signature.length, signatureLength[digest])
  expect('length of the signature', theirs.signature.length, signatureLength[digest])
  const [mineExact, theirsExact] = [exactJSON(mine.json), exactJSON(theirs.json)]
  if (isDeepStrictEqual(mineExact, theirsExact)) return
  const floats = keysOfFloats(mineExact, theirsExact)
  if (floats?.every((key) => model.touched.has(key)) === true && tally.excuse('wholeFloats')) return
  expect('JSON of the token', mine.json, theirs.json)
}

/** Takes what older versions are known to lack or to do otherwise out of both cookies. */
function excuseOldVersions (here: SetCookie, there: SetCookie, settings: Settings, tally: Tally): void {
  const { SESSION_COOKIE_PARTITIONED: partitioned, SESSION_COOKIE_SECURE: secure, SESSION_COOKIE_DOMAIN: domain } = settings
  const path = settings.SESSION_COOKIE_PATH ?? settings.APPLICATION_ROOT
  if (partitioned && here.attributes['partitioned'] === true && here.attributes['secure'] === true && tally.excuse('partitioned')) {
    delete here.attributes['partitioned']
    if (!secure) delete here.attributes['secure']
  }
  if (domain?.startsWith('.') === true && there.attributes['domain'] === domain && tally.excuse('domainDot')) there.attributes['domain'] = domain.slice(1)
  if (domain === 'localhost' && here.attributes['domain'] === domain && tally.excuse('domainWithoutDot')) delete here.attributes['domain']
  if (domain !== domain?.toLowerCase() && there.attributes['domain'] === domain && tally.excuse('domainCase')) there.attributes['domain'] = domain?.toLowerCase() as string
  if (/[?#;"<>\\^`{|}[\]]/.test(path) && here.attributes['path'] !== there.attributes['path'] && tally.excuse('pathQuoting')) {
    delete here.attributes['path']
    delete there.attributes['path']
  }
}

/** Keys in JavaScript's order, with a note where Python's is another. */
function inOrder (typed: Typed, tally: Tally): Typed {
  const ordered = asJavaScript(typed)
  if (namesOf(ordered) !== namesOf(typed)) tally.excuse('indexKeys')
  return ordered
}

function namesOf (typed: Typed): string {
  return typed !== null && typeof typed === 'object' && '$dict' in typed ? JSON.stringify(typed.$dict.map(([key]) => key)) : ''
}

function sorted (list: Typed): string[] {
  return (list as { $list: Typed[] }).$list.map((item) => JSON.stringify(item)).sort()
}

function isTrueInPython (value: Typed): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value)
  return !('$int' in value) || value.$int !== '0'
}
