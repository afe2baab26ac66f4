/**
 * Warnings about options that the plugin does not have: those of other session plugins, and misspelt ones.
 *
 * @module
 */

import type { FastifyBaseLogger } from 'fastify'
import { pick } from './lookup.ts'
import { sessionOptionNames } from './options.ts'
import { attributeKeys, cookieOption, keys, normalizeName, settings } from './config/settings.ts'

const lifetime = 'use permanentSessionLifetime, in seconds, with session.permanent = true'
const signedAnyway = 'the cookie is always signed'
const ofFastify = "use Fastify's own option trustProxy"
const notNeeded = 'an unchanged session is only sent to refresh it, an empty one never'

/**
 * The cures for options of @fastify/secure-session, @fastify/session, @fastify/cookie, express-session,
 * cookie-session, iron-session and koa-session, by their normalized names.
 */
const foreign: ReadonlyMap<string, string> = new Map([
  ['key', 'use secretKey (and readSecureSession.key)'],
  ['keys', 'use secretKey and secretKeyFallbacks'],
  ['secret', 'use secretKey'],
  ['secrets', 'use secretKey and secretKeyFallbacks'],
  ['secretkeys', 'use secretKey and secretKeyFallbacks'],
  ['password', 'use secretKey'],
  ['fallbacks', 'use secretKeyFallbacks'],
  ['fallbackkeys', 'use secretKeyFallbacks'],
  ['name', 'use cookieName'],
  ['expiry', 'use permanentSessionLifetime (and readSecureSession.expiry)'],
  ['expires', lifetime],
  ['maxage', lifetime],
  ['lifetime', lifetime],
  ['sessionlifetime', lifetime],
  ['ttl', lifetime],
  ['rolling', 'use refreshEachRequest'],
  ['touchafter', 'use refreshAfter, in seconds'],
  ['updateage', 'use refreshAfter, in seconds'],
  ['absolutetimeout', 'use absoluteLifetime, in seconds'],
  ['absoluteduration', 'use absoluteLifetime, in seconds'],
  ['idletimeout', 'use permanentSessionLifetime, in seconds'],
  ['renew', 'use refreshEachRequest'],
  ['refresh', 'use refreshEachRequest'],
  ['resave', notNeeded],
  ['saveuninitialized', notNeeded],
  ['cookieoptions', 'use cookie'],
  ['digest', 'use digestMethod'],
  ['algorithm', 'use digestMethod'],
  ['signed', signedAnyway],
  ['proxy', ofFastify],
  ['trustproxy', ofFastify]
])

const attributes: readonly string[] = [...attributeKeys.keys()]

/** Our names by their normalized form: `cookieSecure`, `session_cookie_secure` and `secure` mean `cookie.secure`. */
const own: ReadonlyMap<string, string> = new Map([
  ...['sessions', 'compat', ...sessionOptionNames].map((name) => [normalizeName(name), name] as const),
  ...attributes.map((name) => [normalizeName(name), `cookie.${name}`] as const),
  ...keys.flatMap((key) => {
    const { option = key } = settings[key]
    return [[normalizeName(key), option], [normalizeName(option), option]] as const
  })
])

/** Warns once about each such option, and names the right one. Ignores options that are clearly not for sessions. */
export function warnOfForeignOptions (log: Pick<FastifyBaseLogger, 'warn'>, options: object): void {
  const { sessions = [] } = pick(options, ['sessions']) as { sessions?: readonly object[] }
  const cures = new Map([
    ...[options].flat().flatMap((each: object) => curesOf(each, [...sessionOptionNames, 'sessions', 'compat'])),
    ...sessions.flatMap((each) => curesOf(each, sessionOptionNames))
  ])
  for (const [name, cure] of cures) log.warn(`the session plugin ignores the option ${name}: ${cure}`)
}

/** The cure for each unknown option. */
function curesOf (options: object, known: readonly string[]): Array<[name: string, cure: string]> {
  const unknown = unknownNames(options, known).map((name): [string, string | undefined] => [name, cureOf(name)])
  const cookie = unknownNames(cookieOption(options), attributes).map((name): [string, string] => {
    const written = `cookie.${name}`
    return [written, cureOf(name, written) ?? `the attributes are ${attributes.join(', ')}`]
  })
  return [...unknown, ...cookie].filter((pair): pair is [string, string] => pair[1] !== undefined)
}

function unknownNames (given: object, known: readonly string[]): string[] {
  return Object.entries(given).flatMap(([name, value]) => value === undefined || known.includes(name) ? [] : [name])
}

function cureOf (name: string, written = name): string | undefined {
  const ours = own.get(normalizeName(name))
  if (ours === written) return 'it belongs beside the list of sessions'
  if (ours !== undefined) return `use ${ours}`
  return foreign.get(normalizeName(name)) ?? (name.startsWith('SESSION_') ? 'there is no such key' : undefined)
}
