/**
 * Questions to a real Flask: the TypeScript side of `peer.py`, where the protocol is described.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'
import type { Text, Typed } from './typed-json.ts'

export type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512'
export type Derivation = 'concat' | 'django-concat' | 'hmac' | 'none'

/** What the peer says of an exception. */
export interface PythonException {
  /** The class. */
  name: string
  /** The classes it is derived from, the nearest first. */
  bases: string[]
  message: string
  payload?: Typed
  /** Seconds since 1970. */
  dateSigned?: number
  /** The class of what `BadPayload` was raised for. */
  originalError?: string
}

/** What Python raised instead of an answer: a result, where `Peer` rejects only for misuse. */
export interface Raised {
  exception: PythonException
}

export interface Versions {
  /** The Python itself, where the command may be a wrapper around it. */
  executable: string
  python: string
  flask: string
  itsdangerous: string
  werkzeug: string
  /** PyNaCl, for sealed sessions. */
  pynacl?: string | null
  features: {
    /** SECRET_KEY_FALLBACKS: Flask 3.1 */
    fallbacks: boolean
    /** SESSION_COOKIE_PARTITIONED: Flask 3.1 */
    partitioned: boolean
  }
}

/** Flask's settings; numbers for PERMANENT_SESSION_LIFETIME are seconds. */
export type FlaskConfig = Record<string, Text | Text[] | number | boolean | null>

export interface AppOptions {
  app: string
  config?: FlaskConfig
  /** @defaultValue stock Flask's, SHA-1 */
  digest?: Digest
  salt?: Text
  keyDerivation?: Derivation
  /** A module of lib/flask and its session interface: `'flask_limits.LimitedSessionInterface'`. */
  lines?: string
  /** Sealed sessions, by `lib/flask/flask_sealed.py`; SHA-512 without a digest. */
  sealed?: boolean
}

/** What the view does to `flask.session`. A path leads from the session into its values. */
export type Step =
  | { op: 'nothing' | 'popitem' | 'clear' | 'len' | 'bool' | 'keys' | 'values' | 'items' | 'iterate' | 'data' | 'accessed' | 'new' }
  | { op: 'get' | 'pop', key: string, default?: Typed }
  | { op: 'item' | 'delete' | 'contains', key: string }
  | { op: 'set' | 'setdefault', key: string, value: Typed }
  | { op: 'update', value: Typed }
  /** Reads the flag, or sets it to `value`. */
  | { op: 'permanent' | 'modified', value?: boolean }
  | { op: 'read' | 'remove', path: Array<string | number> }
  | { op: 'append' | 'put', path: Array<string | number>, value: Typed }
  | { op: 'abort', status: number }

export interface FlaskRequest {
  app: string
  /** The Cookie header; its characters are the bytes on the wire, so none is above U+00FF. */
  cookie?: string
  /** Seconds since 1970, at which the clock stands still; without it the clock runs. */
  now?: number
  steps?: Step[]
  /** What a step raises goes to Flask's error handling. Otherwise it is the step's answer and the next step follows. */
  raise?: boolean
  method?: string
  /** @defaultValue `'/'`; any other is a 404 */
  path?: string
  baseUrl?: string
  headers?: Array<[string, string]>
}

export interface FlaskResponse {
  status: number
  headers: Array<[string, string]>
  steps: Array<{ value: Typed } | Raised>
  /** When the view had returned and before it was saved; null when Flask could not open it. */
  session: null | {
    accessed: boolean
    modified: boolean
    permanent: boolean
    /** There is no secret key. */
    null: boolean
    data: { $dict: Array<[string, Typed]> }
  }
  /** Why the status is 500. */
  exception?: PythonException
  /** Flask's words about a cookie that is too large. */
  warnings?: string[]
}

export type SignerKind = 'Signer' | 'TimestampSigner'
export type SerializerKind = 'Serializer' | 'TimedSerializer' | 'URLSafeSerializer' | 'URLSafeTimedSerializer'

/** A signer or serializer; what is left out is ItsDangerous' default. */
export interface Maker {
  kind: SignerKind | SerializerKind
  /** Oldest first. */
  key: Text | Text[]
  salt?: Text | null
  sep?: Text
  keyDerivation?: string
  digest?: Digest
  algorithm?: 'none'
  /** `'tagged'` is Flask's TaggedJSONSerializer. */
  serializer?: 'tagged'
  /** Keyword arguments of `dumps`. */
  serializerOptions?: Record<string, boolean | string | number | null>
  /** Keyword arguments of signers, with the digest's name for `digest_method`. */
  fallbackSigners?: Array<Record<string, Text>>
  /** Seconds since 1970, at which the clock stands still. */
  now?: number
  /** In a Flask application keys are sorted. @defaultValue true */
  inApp?: boolean
}

export interface Loading extends Maker {
  token: Text
  maxAge?: number | null
}

/** A Python with a Flask. */
export interface Python {
  command: string
  versions: Versions
}

/** A running peer. Requests may be sent without waiting for replies; they are carried out in order. */
export interface Peer {
  versions (): Promise<Versions>
  app (options: AppOptions): Promise<void>
  /** Changes settings of a running application. */
  config (options: { app: string, config: FlaskConfig }): Promise<void>
  request (request: FlaskRequest): Promise<FlaskResponse>
  /** `sign` of signers, for which the value is text or bytes. */
  dumps (options: Maker & { value: Typed }): Promise<{ token: Text } | Raised>
  /** `unsign` of signers. `dateSigned` comes with `returnTimestamp` alone. */
  loads (options: Loading & { returnTimestamp?: boolean }): Promise<{ value: Typed, dateSigned?: number } | Raised>
  loadsUnsafe (options: Loading): Promise<{ valid: boolean, value: Typed } | Raised>
  validate (options: Loading): Promise<{ valid: boolean } | Raised>
  deriveKey (options: Maker): Promise<{ key: Typed } | Raised>
  tagDumps (options: { value: Typed, inApp?: boolean }): Promise<{ text: string } | Raised>
  tagLoads (options: { text: string }): Promise<{ value: Typed } | Raised>
  close (): Promise<void>
}

const script = fileURLToPath(new URL('peer.py', import.meta.url))
const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0' }

let found: Python[] | undefined

/** One Python for every version of Flask on this machine: `$FLASK_PYTHON`, `python3` of the PATH, the system's. */
export function findPythons (): Python[] {
  if (found !== undefined) return found
  const pythons = new Map<string, Python>()
  for (const command of [process.env.FLASK_PYTHON, 'python3', '/usr/bin/python3']) {
    if (!command) continue
    const { status, stdout } = spawnSync(command, [script], { input: '{"op":"versions"}\n', encoding: 'utf8', env: environment, timeout: 30_000 })
    if (status !== 0) continue
    const versions: Versions = JSON.parse(stdout).result
    if (!pythons.has(versions.flask)) pythons.set(versions.flask, { command: versions.executable, versions })
  }
  found = [...pythons.values()]
  return found
}

/**
 * The Pythons to test with. Without any the list is empty and the test is skipped, or fails where CI is 'true'.
 *
 *     for (const { command } of requireFlask(t)) { ... }
 */
export function requireFlask (t: Pick<TestContext, 'skip'>): Python[] {
  const pythons = findPythons()
  if (pythons.length > 0) return pythons
  const cure = 'needs Python with Flask: apt-get install python3-flask, or pip install flask (FLASK_PYTHON=/path/to/python names another Python)'
  if (process.env.CI === 'true') throw new Error(cure)
  t.skip(cure)
  return pythons
}

/** As {@link requireFlask}, those with PyNaCl. */
export function requireSealedFlask (t: Pick<TestContext, 'skip'>): Python[] {
  const pythons = requireFlask(t).filter(({ versions }) => typeof versions.pynacl === 'string')
  if (pythons.length > 0 || findPythons().length === 0) return pythons
  const cure = 'needs Python with Flask and PyNaCl: apt-get install python3-flask python3-nacl, or pip install flask pynacl'
  if (process.env.CI === 'true') throw new Error(cure)
  t.skip(cure)
  return pythons
}

/** Starts a peer. The test process does not end before `close()`. */
export function startPeer (command: string): Peer {
  interface Waiting {
    resolve (result: unknown): void
    reject (error: Error): void
  }
  const child = spawn(command, [script], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] })
  // replies come in the order of the requests
  const waiting: Waiting[] = []
  let first = 0
  let complaints = ''
  let ended: Error | undefined

  const end = (reason: string): void => {
    ended ??= new Error(`the Flask peer has ended (${reason}) ${complaints}`.trimEnd())
    for (const { reject } of waiting.splice(0).slice(first)) reject(ended)
    first = 0
  }
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => { end(error.message); resolve() })
    child.once('close', (code, signal) => { end(String(signal ?? code)); resolve() })
  })
  // a peer that is gone is reported by 'close', with its last words
  child.stdin.on('error', () => {})
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints = (complaints + text).slice(-2000) })
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
    const next = waiting[first++]
    if (first === waiting.length || first > 1000) {
      waiting.splice(0, first)
      first = 0
    }
    const reply: { result: unknown } | { error: string } = JSON.parse(line)
    if ('error' in reply) next?.reject(new Error(`Flask peer: ${reply.error}`))
    else next?.resolve(reply.result)
  })

  let corked = false
  const ask = async <Result>(op: string, options: object = {}): Promise<Result> => {
    if (ended !== undefined) throw ended
    // one write for all that is asked in one turn
    if (!corked) {
      corked = true
      child.stdin.cork()
      setImmediate(() => {
        corked = false
        child.stdin.uncork()
      })
    }
    child.stdin.write(JSON.stringify({ op, ...options }) + '\n')
    const result = await new Promise<unknown>((resolve, reject) => waiting.push({ resolve, reject }))
    return result as Result
  }

  return {
    versions: () => ask('versions'),
    app: (options) => ask('app', options),
    config: (options) => ask('config', options),
    request: (request) => ask('request', request),
    dumps: (options) => ask('dumps', options),
    loads: (options) => ask('loads', options),
    loadsUnsafe: (options) => ask('loads_unsafe', options),
    validate: (options) => ask('validate', options),
    deriveKey: (options) => ask('derive_key', options),
    tagDumps: (options) => ask('tag_dumps', options),
    tagLoads: (options) => ask('tag_loads', options),
    close: () => {
      child.stdin.end()
      return exited
    }
  }
}
