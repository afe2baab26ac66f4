/**
 * Questions to real Starlette, Django and plugins of Flask: the TypeScript side of `peers.py`.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'
import type { Typed } from '../flask/typed-json.ts'

/** Each name with the package of Debian that has it. */
const packages = {
  starlette: 'python3-starlette', django: 'python3-django', flask_login: 'python3-flask-login', flask_wtf: 'python3-flaskext.wtf'
}

export type PeerModule = keyof typeof packages

/** What the peer's view does to its session. */
export interface Visit {
  secretKey: string
  /** Seconds since 1970, at which the clock stands still. */
  now: number
  /** The Cookie header. */
  cookie?: string | undefined
  /** Of `SessionMiddleware`, or settings of Django. */
  options?: Record<string, unknown>
  /** All of the data. */
  replace?: Typed
  /** Some keys. */
  update?: Typed
}

export interface DjangoVisit extends Visit {
  /** Logs a user of that name in. */
  login?: string
  logout?: boolean
  /** `session.set_expiry()` */
  expiry?: number
  /** Whether the answer says who is logged in. */
  who?: boolean
}

export interface Visited {
  /** As the view found it. */
  session: Typed
  headers: Array<[string, string]>
  who?: string
}

export interface FlaskAnswer {
  status: number
  body: string
  headers: Array<[string, string]>
}

export interface Peers {
  starlette (visit: Visit): Promise<Visited>
  django (visit: DjangoVisit): Promise<Visited>
  quart (visit: Visit): Promise<Visited>
  starletteVersion (): Promise<string>
  djangoVersion (): Promise<string>
  /** Makes the application with Flask-Login and Flask-WTF anew. */
  flaskApp (config: Record<string, unknown>): Promise<void>
  flask (request: { path: string, now: number, headers?: Record<string, string>, form?: Record<string, string> }): Promise<FlaskAnswer>
  close (): Promise<void>
}

const script = fileURLToPath(new URL('peers.py', import.meta.url))

/** The Python with the peers: Debian's, unless another is named. */
const python = process.env.PEERS_PYTHON ?? '/usr/bin/python3'

/**
 * Whether all of these can be imported. If not, the test is skipped, or fails where CI is 'true'.
 *
 *     if (!requirePeers(t, 'django')) return
 */
export function requirePeers (t: Pick<TestContext, 'skip'>, ...names: PeerModule[]): boolean {
  const missing = names.filter((name) => !canImport(name))
  if (missing.length === 0) return true
  const cure = `needs apt-get install python3-flask ${missing.map((name) => packages[name]).join(' ')} (PEERS_PYTHON=/path/to/python names another Python)`
  if (process.env.CI === 'true') throw new Error(cure)
  t.skip(cure)
  return false
}

const found = new Map<string, boolean>()

/** Whether the Python has that module, and Flask. */
export function canImport (name: string): boolean {
  const known = found.get(name) ?? spawnSync(python, ['-c', `import flask, ${name}`]).status === 0
  found.set(name, known)
  return known
}

/** @param path - where Python looks for modules first, such as a checkout of Starlette */
export function startPeers (path?: string): Peers {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...(path !== undefined && { PYTHONPATH: path }) }
  const child = spawn(python, [script], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const waiting: Array<{ resolve (result: unknown): void, reject (error: Error): void }> = []
  let complaints = ''
  const exited = new Promise<void>((resolve) => {
    const end = (reason: string): void => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`the peers have ended (${reason}) ${complaints}`))
      resolve()
    }
    child.once('error', ({ message }) => end(message))
    child.once('close', (code, signal) => end(String(signal ?? code)))
  })
  // A peer that is gone is reported by 'close', with its last words.
  child.stdin.on('error', () => {})
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints = (complaints + text).slice(-2000) })
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
    const reply = JSON.parse(line) as { result?: unknown, error?: string }
    const next = waiting.shift()
    if (reply.error === undefined) next?.resolve(reply.result)
    else next?.reject(new Error(reply.error))
  })
  const ask = async <Result>(op: string, options: object = {}): Promise<Result> => {
    child.stdin.write(JSON.stringify({ op, ...options }) + '\n')
    return await new Promise<unknown>((resolve, reject) => waiting.push({ resolve, reject })) as Result
  }
  return {
    starlette: (visit) => ask('starlette', visit),
    django: (visit) => ask('django', visit),
    quart: (visit) => ask('quart', visit),
    starletteVersion: () => ask('starlette_version'),
    djangoVersion: () => ask('django_version'),
    flaskApp: (config) => ask('flask_app', { config }),
    flask: (request) => ask('flask_request', request),
    close: () => {
      child.stdin.end()
      return exited
    }
  }
}
