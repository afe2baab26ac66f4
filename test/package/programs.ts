/**
 * Applications that use the packed package. Those in TypeScript are wrong where `@ts-expect-error` says so, and nowhere else.
 *
 * @module
 */

/** A cookie that Flask 3.1.3 made of `{'user': 'alice'}` at 1700000000, with the key `a fixed key of these test vectors`. */
export const flaskCookie = 'eyJ1c2VyIjoiYWxpY2UifQ.ZVPxAA.-f-_pe-2XjS10-6yF_4mCUEYJO4'

/** Registers the plugin in one form after another, and writes what a login and the next request get. */
const everyForm = `
async function visit (plugin) {
  const app = fastify()
  app.register(plugin, { secretKey: 'a secret of sixteen bytes' })
  app.post('/login', async (request) => { request.session.user_id = 42; return {} })
  app.get('/me', async (request) => request.session)
  const login = await app.inject({ method: 'POST', url: '/login' })
  const { name, value } = login.cookies[0]
  const me = await app.inject({ url: '/me', cookies: { [name]: value } })
  await app.close()
  return [name, me.body]
}

async function visitAll (forms) {
  const answers = {}
  for (const [form, plugin] of Object.entries(forms)) answers[form] = await visit(plugin)
  return answers
}
`

export const esmForms = `
import fastify from 'fastify'
import plugin, { secureSession } from 'fastify-secure-cookie-session'
import * as namespace from 'fastify-secure-cookie-session'
${everyForm}
console.log(JSON.stringify(await visitAll({
  default: plugin, named: secureSession, namespace, 'default.default': plugin.default, dynamic: import('fastify-secure-cookie-session')
})))
`

export const cjsForms = `
'use strict'
const fastify = require('fastify')
const required = require('fastify-secure-cookie-session')
${everyForm}
visitAll({
  required, default: required.default, named: required.secureSession, 'default.default': required.default.default,
  dynamic: import('fastify-secure-cookie-session')
}).then((answers) => console.log(JSON.stringify(answers)))
`

/** Which built-in objects lose their quick form, in which V8 finds properties without a look-up, when the plugin is loaded. */
const slowed = `
require('node:v8').setFlagsFromString('--allow-natives-syntax')
const isQuick = new Function('object', 'return %HasFastProperties(object)')
const builtIns = Object.getOwnPropertyNames(globalThis)
  .map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name).value])
  .filter(([, value]) => typeof value === 'function')
  .flatMap(([name, value]) => [[name, value], [name + '.prototype', value.prototype ?? {}]])
  .filter(([, object]) => isQuick(object))
const tell = () => {
  const slow = builtIns.filter(([, object]) => !isQuick(object)).map(([name]) => name)
  console.log(JSON.stringify({ looked: builtIns.length > 100, slow }))
}
`

export const slowedByImport = `
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
${slowed}
await import('fastify-secure-cookie-session')
tell()
`

export const slowedByRequire = `
'use strict'
${slowed}
require('fastify-secure-cookie-session')
tell()
`

/** A plugin file for @fastify/autoload, which writes to what it loads. */
export const autoloadedPlugin = `
'use strict'
module.exports = require('fastify-secure-cookie-session')
module.exports.autoConfig = { secretKey: 'a secret of sixteen bytes', sessionName: 'visitor' }
`

export const autoloadingApp = `
'use strict'
const app = require('fastify')()
app.register(require('@fastify/autoload'), { dir: require('node:path').join(__dirname, 'plugins') })
app.get('/', async (request) => { request.visitor.user_id = 42; return {} })
app.inject('/').then(({ statusCode, cookies }) => console.log(JSON.stringify([statusCode, cookies[0]?.name])))
`

export const subpaths = `
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const names = ['fastify-secure-cookie-session', 'fastify-secure-cookie-session/itsdangerous', 'fastify-secure-cookie-session/peers', 'fastify-secure-cookie-session/stores', 'fastify-secure-cookie-session/testing']
const { version } = require('fastify-secure-cookie-session/package.json')
const answers = { version }
for (const name of names) {
  const [esm, cjs] = [await import(name), require(name)]
  answers[name] = [Object.keys(esm).sort(), Object.keys(cjs).sort()]
}
try { await import('fastify-secure-cookie-session/lib/plugin.ts') } catch (error) { answers.inside = error.code }
console.log(JSON.stringify(answers))
`

export const errorsOfBothBuilds = `
import { createRequire } from 'node:module'
import * as esm from 'fastify-secure-cookie-session'
import * as esmTokens from 'fastify-secure-cookie-session/itsdangerous'
const require = createRequire(import.meta.url)
const cjs = require('fastify-secure-cookie-session')
const cjsTokens = require('fastify-secure-cookie-session/itsdangerous')
function caught (work) { try { work() } catch (error) { return error } }
const token = caught(() => new cjsTokens.Signer('secret-key').unsign('value.forged'))
const write = caught(() => { new cjs.NullSession().user_id = 42 })
console.log(JSON.stringify({
  token: [token.code, token instanceof cjsTokens.BadSignature, token instanceof esmTokens.BadSignature],
  write: [write.code, write instanceof cjs.FST_SESSION_UNAVAILABLE, write instanceof esm.FST_SESSION_UNAVAILABLE],
  other: write instanceof esm.FST_SESSION_HEADERS_SENT
}))
`

/** A TypeScript application that describes its data; `start` is how its module format waits. */
const describedApp = (imports: string, start: string): string => `
${imports}

declare module 'fastify-secure-cookie-session' {
  interface SessionData { user_id: number, name?: string }
}
declare module 'fastify' {
  interface FastifyRequest { admin: Session<{ level: number }> }
}

class Subdomains extends SecureCookieSessionInterface {
  override getCookieDomain (app: SessionApp): string | null { return app.config.SESSION_COOKIE_DOMAIN }
}

const app = fastify()
app.register(secureSession, [
  { secretKey: process.env.SECRET_KEY ?? 'a secret of sixteen bytes', sessionInterface: new Subdomains() },
  { secretKey: 'another secret of 24 bytes', sessionName: 'admin' }
])
app.register(async (scope) => { scope.register(named, () => ({ secretKey: 'a third secret of 24 bytes', sessionName: 'third' })) })
app.get('/unused', { config: { session: false } }, async () => '')
app.get('/', async (request) => {
  const { session, admin } = request
  session.user_id = 42
  session.set('name', undefined)
  const id: number | undefined = session.get('user_id')
  const sure: number = session.get('user_id', 0)
  // @ts-expect-error a wrong type
  if (id === 0) session.user_id = '42'
  // @ts-expect-error a wrong type
  if (id === 0) session.set('user_id', '42')
  // @ts-expect-error an unknown key
  session.get('nobody')
  // @ts-expect-error an unknown key
  void session.nobody
  // @ts-expect-error an unknown key
  if (id === 0) request.session = { nobody: 1 }
  if (id === 0) request.session = { user_id: 1 }
  if (id === 0) request.session = null
  admin.level = 1
  // @ts-expect-error a wrong type
  if (id === 0) admin.level = 'high'
  // @ts-expect-error a key of the other session
  admin.get('user_id')
  return { id, sure, level: admin.get('level') }
})

async function main (): Promise<void> {
  const client = testClient(app)
  await client.sessionTransaction((session) => { session.name = 'Ada' })
  const { body } = await client.inject('/')
  // @ts-expect-error a wrong type
  const made: Session | false = Date.now() === 0 && app.createSession({ user_id: '42' })
  const token: string = new URLSafeTimedSerializer('secret-key').dumps({ made })
  console.log(JSON.stringify([JSON.parse(body), (await client.session())?.data(), new URLSafeTimedSerializer('secret-key').loads(token)]))
}
${start}
`

const typeImports = `
import type { Session, SessionApp } from 'fastify-secure-cookie-session'
import { URLSafeTimedSerializer } from 'fastify-secure-cookie-session/itsdangerous'
import { testClient } from 'fastify-secure-cookie-session/testing'`

export const esmTypeScript = describedApp(`
import fastify from 'fastify'
import secureSession, { secureSession as named, SecureCookieSessionInterface } from 'fastify-secure-cookie-session'${typeImports}`, 'await main()')

export const cjsTypeScript = describedApp(`
import fastify = require('fastify')
import { secureSession, SecureCookieSessionInterface } from 'fastify-secure-cookie-session'
import secureSessions = require('fastify-secure-cookie-session')${typeImports}
const named = secureSessions.default`, 'void main()')

/** Registers what require gives, as JavaScript does. */
export const cjsRegistered = `
import fastify = require('fastify')
import secureSession = require('fastify-secure-cookie-session')
const app = fastify()
app.register(secureSession, { secretKey: 'a key for the types' })
app.get('/', async (request) => request.session.permanent)
`

/** Was written for @fastify/session, whose declaration stayed behind, and uses the methods of @fastify/cookie. */
export const leftBehind = `
import Fastify from 'fastify'
import secureSession from 'fastify-secure-cookie-session'
declare module 'fastify' {
  interface Session { old_id: string }
}
const app = Fastify()
app.register(secureSession, { secretKey: 'a key for the types' })
app.get('/', async (request, reply) => {
  request.session.permanent = true
  request.session.set('user_id', 42)
  reply.setCookie('theme', request.cookies['theme'] ?? 'light')
  return app.parseCookie('a=b')
})
`

/** Has not described its data, and knows nothing of the module of the other format that has. */
export const undescribed = `
import 'fastify-secure-cookie-session'
import type { FastifyRequest } from 'fastify'
export function read (request: FastifyRequest): number | undefined {
  // @ts-expect-error an unknown key
  request.session.get('nobody')
  return request.session.user_id
}
`

/** A file that describes data, or a part of it. */
export const describing = (members: string): string => `
import 'fastify-secure-cookie-session'
declare module 'fastify-secure-cookie-session' {
  interface SessionData { ${members} }
}
`

export const describedInTwoPlaces = `
import type { FastifyRequest } from 'fastify'
export function read ({ session }: FastifyRequest): Array<number | undefined> {
  // @ts-expect-error an unknown key
  session.get('nobody')
  return [session.get('user_id'), session.visits]
}
`

/** Uses flash, passport and csrf-protection with our session, after imports in some order. */
export const besideOthers = (imports: readonly string[]): string => `
${imports.map((name) => `import '${name}'`).join('\n')}
import fastifyCsrf from '@fastify/csrf-protection'
import fastifyFlash from '@fastify/flash'
import { Authenticator } from '@fastify/passport'
import Fastify from 'fastify'
import secureSession, { type Session } from 'fastify-secure-cookie-session'

const authenticator = new Authenticator()
const app = Fastify()
app.register(secureSession, { secretKey: process.env.SECRET_KEY })
app.register(fastifyFlash)
app.register(fastifyCsrf, { sessionPlugin: '@fastify/secure-session' })
app.register(authenticator.initialize())
app.register(authenticator.secureSession())
app.get('/', { preValidation: authenticator.authenticate('session') }, async (request, reply) => {
  const session: Session = request.session
  session.permanent = true
  session.user_id = 42
  request.flash('info', 'hello')
  session.setDefault('visits', 0)
  await request.logOut()
  return { token: reply.generateCsrf({ userInfo: '42' }), flash: reply.flash('info') }
})
`

/** What an application needs to say when it checks libraries, uses @fastify/flash, and has no @fastify/secure-session. */
export const shim = `
declare module '@fastify/secure-session' {
  interface SessionData {}
}
`

/** Code written for @fastify/secure-session's sessions, called with ours. */
export const writtenForSecureSession = `
import type { Session } from 'fastify-secure-cookie-session'
import type { Session as Theirs } from '@fastify/secure-session'
import type { FastifyRequest } from 'fastify'

interface Data { user_id: number, name?: string }
declare const session: Session
declare const described: Session<Data>
declare const cookieOptions: Parameters<Theirs['options']>[0]

export const all: Theirs[] = [session, described]
export const same: Array<Theirs<Data>> = [session, described]
// @ts-expect-error data of other types
export const other: Theirs<{ user_id: string }> = described

export function anyOfTheirs ({ session }: FastifyRequest): unknown {
  session.set('user_id', 42)
  session.set('user_id', undefined)
  session.options({ path: '/', maxAge: 60, sameSite: 'lax', secure: 'auto' })
  session.options(cookieOptions)
  session.regenerate(['user_id'])
  session.regenerate()
  session.touch()
  session.changed = true
  if (session.deleted) session.delete()
  return [session.get('user_id'), session.user_id, session.data()?.user_id]
}
`
