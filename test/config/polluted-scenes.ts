/**
 * Serves sessions of each kind while Object.prototype has keys that it should not have, and prints as JSON what that
 * changed. A program of its own, because the pollution would also disturb the test runner.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import nodeCrypto from 'node:crypto'
import fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyCookie from '@fastify/cookie'
import { secureSession } from '../../lib/index.ts'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import { DjangoSessionInterface } from '../../lib/peers/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import type { SessionStore } from '../../lib/stores/index.ts'

type Values = Record<string, unknown>

const lib = new URL('../../lib/', import.meta.url)
const cookiePackage = createRequire(import.meta.url).resolve('@fastify/cookie')
const packages = [cookiePackage, createRequire(cookiePackage).resolve('cookie')].map((file) => new URL('./', `file://${file}`))

/** JavaScript itself reads these: in `Object.defineProperty`, in each `await`, in `[a, b] = list`. */
const ofJavaScript = ['get', 'set', 'value', 'writable', 'enumerable', 'configurable', 'then', 'return']

/** Each name that lib/ and the packages for cookies could read: all after a dot or in braces, and names of headers. */
function namesInSource (): string[] {
  const names = new Set<string>()
  const files = [lib, ...packages].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?!test|types|benchmark|node_modules).*\.[jt]s$/.test(name)).map((name) => new URL(name, folder)))
  for (const file of files) {
    const code = readFileSync(file, 'utf8').replace(/\/\*.*?\*\/|^\s*\/\/.*?$/gms, '')
    for (const [, name] of code.matchAll(/\.([A-Za-z_]\w*)/g)) names.add(name as string)
    for (const [, name] of code.matchAll(/'([a-z]+(?:-[a-z]+)+)'/g)) names.add(name as string)
    for (const [braces] of code.matchAll(/\{[^{}]*\}/g)) for (const [name] of braces.matchAll(/[A-Za-z_]\w*/g)) names.add(name)
  }
  return [...names].filter((name) => !(name in Object.prototype) && !ofJavaScript.includes(name)).sort()
}

let now = Date.UTC(2026, 0, 1)
Date.now = () => now
let drawn = 0
nodeCrypto.randomBytes = ((length: number) => Buffer.alloc(length, ++drawn)) as typeof nodeCrypto.randomBytes
syncBuiltinESMExports()

const user = (session: Session): unknown => session['user_id']
const secretKey = 'a key that nobody guesses: 0123456789abcdef'

/** A store that answers with promises. */
function promises (store: SessionStore): SessionStore {
  return {
    get: async (id) => await store.get(id),
    set: async (id, data, options) => await store.set(id, data, options),
    touch: async (id, expires, options) => await store.touch(id, expires, options),
    delete: async (id, options) => await store.delete(id, options),
    ids: async (of) => await (store as Required<SessionStore>).ids(of)
  }
}

/** The kinds of sessions, and an application without any. */
const kinds: Record<string, ((store: SessionStore) => SecureSessionOptions) | null> = {
  none: null,
  signed: () => ({ secretKey }),
  sealed: () => ({ secretKey, sealed: { readSigned: true } }),
  store: (store) => ({ store, user }),
  'asynchronous store': (store) => ({ store: promises(store), user, secretKey, signIds: 'flask-session' }),
  revocation: (store) => ({ secretKey, revocation: { store, user } }),
  'failing store': (store) => ({ store: { ...promises(store), get: async () => { throw new Error('away') } }, user }),
  peer: () => ({ secretKey, sessionInterface: new DjangoSessionInterface() }),
  'asynchronous revocation': (store) => ({ secretKey, revocation: { store: promises(store), user, cacheFor: 0 } })
}

/** Stands in for a session where there is none. */
class NoSession {
  permanent = false
  lifetime: unknown
  user_id: unknown
  seen: unknown
  list: unknown
  get (): unknown { return null }
  options (): void {}
  async save (): Promise<void> {}
  async regenerate (): Promise<void> {}
  async destroy (): Promise<void> {}
}

const routes: Record<string, (request: FastifyRequest, app: FastifyInstance) => Promise<string>> = {
  '/untouched': async () => 'hello',
  '/read': async ({ session }) => String(session.get('user_id') ?? 'nobody'),
  '/login': async ({ session }) => {
    session['user_id'] = 1
    session['list'] = [1]
    session.permanent = true
    return 'in'
  },
  '/write': async ({ session }) => {
    session['seen'] = { deep: [2] }
    session.get('list')?.push(2)
    session.options({ sameSite: 'Lax' })
    return 'written'
  },
  '/save': async ({ session }) => {
    session['seen'] = 3
    await session.save()
    return 'saved'
  },
  '/renew': async ({ session }) => {
    await session.regenerate(['user_id', '_permanent'])
    return 'renewed'
  },
  '/lifetime': async ({ session }) => {
    session.lifetime = 1000
    return 'short'
  },
  '/logout': async ({ session }) => {
    await session.destroy()
    return 'out'
  },
  '/empty': async (request) => {
    request.session = null
    return 'out'
  },
  '/end': async ({ session }, app) => {
    await app.endSessions(1, { except: session })
    return 'ended'
  },
  '/end-all': async (_request, app) => {
    await app.endSessions(1)
    return 'ended'
  },
  '/list': async ({ session }, app) => (await app.listSessions(1, { current: session })).map(({ isCurrent }) => isCurrent).join(),
  '/revoked': async ({ session }, app) => String(await app.isRevoked(session)),
  '/encode': async (_request, app) => {
    const text = await app.encodeSession(app.createSession({ user_id: 2, role: 'admin' }))
    const session = await app.decodeSession(text)
    if (session === null) return 'refused'
    session['role'] = 'user'
    const changed = await app.decodeSession(await app.encodeSession(session))
    return JSON.stringify({ ...changed })
  }
}

const prototype = Object.prototype as unknown as Values
let pollution: Array<{ name: string, descriptor: PropertyDescriptor }> = []

let whenReady = (): void => {}

/** Whether a request is being served. */
let isServing = false

/** Without iterators: they would read `next` and `return` while these are there. */
function pollute (): void {
  isServing = true
  for (let i = 0; i < pollution.length; i++) {
    const { name, descriptor } = pollution[i] as (typeof pollution)[number]
    Object.defineProperty(prototype, name, descriptor)
  }
}

function clean (): void {
  isServing = false
  for (let i = 0; i < pollution.length; i++) delete prototype[pollution[i]?.name as string]
}

async function build (kind: string, store: SessionStore): Promise<FastifyInstance> {
  const app = fastify({ forceCloseConnections: true })
  // Polluted before the hooks of the plugin: what reads the request is not ours.
  app.addHook('onRequest', async () => pollute())
  const options = kinds[kind]
  if (options) await app.register(secureSession, options(store))
  else {
    await app.register(fastifyCookie)
    app.decorateRequest('session', { getter: () => new NoSession() as never, setter: () => {} })
    app.decorate('createSession', (() => new NoSession()) as never)
    for (const name of ['encodeSession', 'decodeSession', 'endSessions', 'isRevoked'] as const) app.decorate(name, (async () => null) as never)
    app.decorate('listSessions', (async () => { throw new TypeError('there is nothing to list') }) as never)
  }
  app.addHook('onSend', async (_request, reply) => {
    if (kind === 'none') reply.header('vary', 'Cookie').header('set-cookie', 'session=0')
  })
  for (const [url, handler] of Object.entries(routes)) {
    // Fastify's page about an error without a code of its own would show that of Object.prototype.
    app.get(url, async (request) => await handler(request, app).catch((error: Error) => {
      if (Object.hasOwn(error, 'code')) throw error
      return String(error)
    }))
  }
  await app.ready()
  whenReady()
  return app
}

/** What clients and the store see of a long conversation. */
async function converse (kind: string): Promise<string[]> {
  now = Date.UTC(2026, 0, 1)
  drawn = 0
  const ids = new Set<string>()
  const memory = memoryStore()
  const store: SessionStore = {
    sync: true,
    open: (warn) => memory.open?.(warn),
    get: (id) => memory.get(id),
    set: (id, data, options) => {
      ids.add(id)
      return memory.set(id, data, options)
    },
    touch: (id, expires, options) => memory.touch(id, expires, options),
    delete: (id, options) => memory.delete(id, options),
    ids: (of) => (memory as Required<SessionStore>).ids(of),
    close: () => memory.close?.()
  }
  const app = await build(kind, store)
  const transcript: string[] = []
  const jars: Record<string, string> = { ann: '', bob: '', eve: 'session=damaged.AAAA.bbbbbbbbbbbbbbbbbbbbbbbbbbb', zoe: '' }
  const visit = async (who: string, url: string): Promise<void> => {
    now += 1000
    const headers: Record<string, string> = jars[who] === '' ? {} : { cookie: jars[who] as string }
    let line: string
    try {
      const { statusCode, headers: got, body } = await app.inject({ url, headers })
      clean()
      const sent = [got['set-cookie'] ?? []].flat()
      const [value = jars[who] as string] = sent.map((header) => header.split(';', 1)[0] as string).reverse()
      jars[who] = value.endsWith('=') ? '' : value
      line = JSON.stringify([statusCode, { ...got, date: undefined }, body])
    } catch (error) {
      clean()
      line = String(error)
    }
    await new Promise(setImmediate)
    transcript.push(`${who} ${url}: ${line}`)
  }
  const way = 'zoe/untouched zoe/read ann/login ann/untouched ann/read ann/read ann/read ann/write ann/read bob/login bob/lifetime ' +
    'bob/renew bob/read eve/read ann/list ann/revoked ann/save ann/encode ann/end bob/read ann/read ann/logout ann/read ' +
    'ann/login ann/empty ann/read ann/login ann/end-all ann/read zoe/read'
  for (const [who, url] of way.split(' ').map((step) => step.split('/'))) await visit(who as string, `/${url}`)
  jars.ann = `session=damaged; ${jars.bob}`
  await visit('ann', '/read')
  const rows = [...ids].map((id) => `${id}: ${JSON.stringify(memory.get(id))}`)
  await app.close()
  return [...transcript, ...rows]
}

/** What Object.prototype gives to who reads these names. */
type Profile = (name: string) => PropertyDescriptor

function polluted (names: readonly string[], profile: Profile): typeof pollution {
  return names.map((name) => {
    return { name, descriptor: Object.assign(Object.create(null) as object, { configurable: true }, profile(name)) }
  })
}

/** The conversation while the names are on Object.prototype; of it what differs from `before`. */
async function changesBy (names: readonly string[], profile: Profile, kind: string, before: readonly string[]): Promise<string[]> {
  pollution = polluted(names, profile)
  const lines = await converse(kind)
  pollution = []
  return [...lines.keys()].filter((index) => lines[index] !== before[index])
    .map((index) => `${lines[index]} instead of ${before[index]}`)
}

/** The names that anything reads from Object.prototype while requests are served. */
async function namesRead (names: readonly string[], kind: string): Promise<string[]> {
  const read = new Set<string>()
  const getters = polluted(names, (name) => ({
    get () {
      if (isServing) read.add(name)
      return undefined
    },
    set (this: object, value: unknown) {
      Object.defineProperty(this, name, { __proto__: null, value, configurable: true, enumerable: true, writable: true } as object)
    }
  }))
  whenReady = () => {
    for (const { name, descriptor } of getters) Object.defineProperty(prototype, name, descriptor)
  }
  await converse(kind)
  whenReady = () => {}
  for (const name of names) delete prototype[name]
  return [...read].sort()
}

/** The names that also change what an application without sessions answers. */
async function namesOfOthers (names: readonly string[], profile: Profile): Promise<string[]> {
  const app = await build('none', memoryStore())
  const answer = async (url: string): Promise<string> => {
    try {
      const { statusCode, headers, body } = await app.inject(url)
      return JSON.stringify([statusCode, { ...headers, date: undefined }, body])
    } catch (error) {
      return String(error)
    } finally {
      clean()
    }
  }
  const urls = ['/untouched', '/write', '/empty', '/list']
  const before = await Promise.all(urls.map(answer))
  const found: string[] = []
  for (const name of names) {
    pollution = polluted([name], profile)
    for (const [index, url] of urls.entries()) if (await answer(url) !== before[index] && !found.includes(name)) found.push(name)
  }
  pollution = []
  await app.close()
  return found
}

const stolen = { data: '{"user_id":9}', expires: 8e15 }
const likely: Values = {
  headers: { 'x-evil': '1' },
  statusCode: 200,
  cookie: 'session=AAAAAAAAAAAAAAAAAAAAAAAA',
  id: 'AAAAAAAAAAAAAAAAAAAAAAAA',
  session: stolen,
  data: { user_id: 9 },
  book: { created: 8e9 },
  signedAt: 8e9,
  maxAge: -1,
  refresh: false,
  replaces: 'evil',
  journal: 'evil',
  domain: 'evil.example'
}

/** JSON that somebody sends, merged into an object without care, and worse. */
const profiles: Record<string, (name: string) => unknown> = {
  true: () => true,
  text: () => 'evil',
  'an object': () => ({ evil: 1 }),
  'a function': () => () => 'evil',
  'what fits': (name) => likely[name] ?? false
}

const source = namesInSource()
const others = Object.keys(kinds).slice(1)
// Before any pollution, which tsx does not survive when it loads a module.
const clear = new Map<string, string[]>()
for (const kind of ['none', ...others]) clear.set(kind, await converse(kind))
const read = new Map<string, string[]>()
for (const kind of others) read.set(kind, await namesRead(source, kind))
const all = [...new Set([...read.values()].flat())]

/** By profile: the names that also change an application without sessions. */
const excluded = new Map<string, string[]>()
const profileOf = (title: string): Profile => (name) => ({ value: profiles[title]?.(name), writable: true })
for (const title of Object.keys(profiles)) excluded.set(title, await namesOfOthers(all, profileOf(title)))

const changes: string[] = []
for (const kind of others) {
  const before = clear.get(kind) as string[]
  for (const title of Object.keys(profiles)) {
    const names = read.get(kind)?.filter((name) => excluded.get(title)?.includes(name) !== true) ?? []
    const [together] = await changesBy(names, profileOf(title), kind, before)
    if (together === undefined) continue
    changes.push(`${kind}, all names are ${title}: ${together}`)
    for (const name of names) {
      const [alone] = await changesBy([name], profileOf(title), kind, before)
      if (alone !== undefined) changes.push(`${kind}, ${name} is ${title}: ${alone}`)
    }
    break
  }
}
process.stdout.write(JSON.stringify({ read: Object.fromEntries(read), excluded: Object.fromEntries(excluded), changes }, null, 1))
process.exit(0)
