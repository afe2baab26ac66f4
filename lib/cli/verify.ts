/**
 * `verify`: whether a cookie is accepted, and which key signed it.
 *
 * @module
 */

import { longestLifetime, settings } from '../config/settings.ts'
import { isSealed } from '../config/signing-options.ts'
import { digestBySignature, looksSealed, looksSigned } from '../formats/refusal.ts'
import { ageOf, judge } from '../interfaces/lifetime.ts'
import { loadSession } from '../interfaces/session-text.ts'
import { BadData } from '../itsdangerous/errors.ts'
import type { Dict } from '../json/dict.ts'
import { exitCode, wholeNumber } from './args.ts'
import type { Answer, Command } from './args.ts'
import { cookieHelp, foreignKindOf, readCookie, unquote } from './cookie.ts'
import { keysHelp, peers, readSigning, signingOptions } from './keys.ts'
import type { Signing } from './keys.ts'
import { formatTime, isPermanent, payloadBlock, rows } from './print.ts'

export const verify: Command = {
  summary: 'say whether a cookie is accepted, and which key signed it',
  usage: 'verify [COOKIE] [OPTIONS]',
  about: [
    `Says whether the plugin would accept a cookie by its signature, age and content,
and which of the keys signed it. It may come a few seconds from the future.`,
    cookieHelp,
    keysHelp
  ],
  options: [...signingOptions, 'peer', 'max-age', 'name'],
  examples: ["SECRET_KEY=$KEY $0 verify 'eyJ1c2V...'", '$0 verify --key-file keys.txt < headers.txt'],
  async run (values, positionals, io) {
    const given = values['max-age']
    const maxAge = given === undefined ? undefined : wholeNumber('--max-age', given, 0, longestLifetime)
    const signing = await readSigning(values, io)
    const { PERMANENT_SESSION_LIFETIME: lifetime, SESSION_COOKIE_NAME: name } = signing.sessions.configDefaults
    const { value } = await readCookie(values, positionals, io, name)
    const usual = lifetime ?? settings.PERMANENT_SESSION_LIFETIME.fallback
    return judgeCookie({ cookie: value, peer: values.peer, maxAge: maxAge ?? usual }, signing)
  }
}

/** A cookie, and what it is to be. */
interface Question {
  cookie: string
  /** The framework that made it; Flask or the plugin by default. */
  peer: string | undefined
  /** Seconds. */
  maxAge: number
}

/** Checks in the order of the plugin: signature, age, content. */
function judgeCookie (question: Question, signing: Signing): Answer {
  const { cookie, peer, maxAge } = question
  const { clockTolerance, serializer, digestMethod } = signing.sessions
  const token = signing.format.decode(cookie)
  if (token.signedAt === undefined) {
    return refused(token.code, token.message ?? 'Signature does not match', {}, hintFor(question, signing))
  }
  const digest = peer === undefined ? digestBySignature(cookie) : digestMethod as string
  const signer = { key: signing.keys[token.key], digest }
  // A Date cannot hold later times.
  const signedAt = Math.min(token.signedAt, 8.64e12)
  const age = ageOf(signedAt)
  const time = { signedAt: new Date(signedAt * 1000), age }
  const verdict = judge(age, { maxAge, clockTolerance })
  if (verdict !== 'alive') {
    const message = `Signature age ${age} ${verdict === 'expired' ? `> ${maxAge}` : `< ${-clockTolerance}`} seconds`
    return refused('ERR_TOKEN_SIGNATURE_EXPIRED', message, { ...signer, ...time })
  }
  if (!token.ok) return refused(token.code, token.message, signer)
  let data: Dict
  try {
    data = loadSession(serializer, token.json)
  } catch (error) {
    const message = error instanceof BadData ? error.message : 'The payload could not be unserialized'
    return refused('ERR_TOKEN_BAD_PAYLOAD', message, signer)
  }
  const facts = { ...signer, ...time, ...(peer === undefined && { permanent: isPermanent(data) }) }
  const text = `VALID\n\n${describe(facts)}\n${payloadBlock(data)}`
  return { code: exitCode.ok, text, fields: { valid: true, ...facts }, payload: token.json }
}

/** The known facts about a cookie that one of the keys signed. */
interface Facts {
  key?: Signing['keys'][number] | undefined
  digest?: string | undefined
  signedAt?: Date
  age?: number
  permanent?: boolean
}

function refused (code: string, message: string | undefined, facts: Facts, hint?: string): Answer {
  const known = describe(facts)
  // In lines of up to 80 columns.
  const advice = hint === undefined ? '' : `hint: ${hint}`.replace(/(.{1,80})(?: |$)/g, '$1\n')
  const text = `REFUSED: ${code}\n${message}\n${known && `\n${known}`}${advice}`
  return { code: exitCode.refused, text, fields: { valid: false, code, message, hint, ...facts } }
}

function describe ({ key, digest, signedAt, age = 0, permanent }: Facts): string {
  return rows([
    ['signed by', key && `${key.name} key (${key.source})`],
    ['digest', digest],
    ['signed at', signedAt && formatTime(signedAt, age)],
    ['permanent', permanent]
  ])
}

function hintFor ({ cookie, peer }: Question, { sessions, keys }: Signing): string | undefined {
  if (cookie !== unquote(cookie)) return 'the value is in quotes, which the plugin takes for a part of it'
  const [, kind] = foreignKindOf(cookie) ?? []
  const other = keys.length === 1 ? 'another key' : `a key that is none of these ${keys.length}`
  const kindOfPeer = kind?.toLowerCase() ?? ''
  if (kindOfPeer === peer) return `the cookie was changed, or signed with ${other}`
  const cure = peers.has(kindOfPeer) ? `: try --peer ${kindOfPeer}` : ''
  if (kind !== undefined) return `this looks like a cookie of another kind: ${kind}${cure}`
  if (peer !== undefined) return `this does not look like a cookie of ${peer}`
  const digest = digestBySignature(cookie)
  if (digest === undefined) return undefined
  if (![sessions.digestMethod].flat().some((accepted) => accepted === digest)) {
    const whose = digest === 'sha1' ? ', which stock Flask uses' : ''
    return `the signature has the length of ${digest}${whose}: try --digest ${digest}`
  }
  const seals = isSealed(sessions.sealed)
  if (seals && looksSigned(cookie)) return 'the cookie looks signed and not sealed: try without --sealed'
  if (!seals && looksSealed(cookie)) return 'the cookie looks sealed: try --sealed'
  return 'the digest fits, so the cookie was changed, or signed with ' +
    `${other}, another --salt or another --key-derivation`
}
