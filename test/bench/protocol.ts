/**
 * What the runner and its processes tell each other.
 *
 * @module
 */

export type ServerKind = 'fastify' | 'cookie' | 'cookie-set' | 'secure-session' | 'fastify-session' | 'iron-session' | 'cookie-session' | 'flask' | 'parts' | 'parts-seen' | 'ours'
export type DigestKind = 'sha512' | 'sha1' | 'node-sha512'

/** One configuration: what one server process runs. */
export interface ServerConfig {
  kind: ServerKind
  digest?: DigestKind
  /** SESSION_REFRESH_EACH_REQUEST, and what comes near it elsewhere. */
  refresh?: boolean
  /** For `cookie`: two hooks that do nothing, as any session plugin has. */
  hooks?: boolean
  /** For `ours`: whether @fastify/cookie parses each Cookie header for `request.cookies`, as it does where nobody says no. */
  parses?: boolean
  /** For `ours`: whether the settings are in `fastify.config`, which is looked at with every request. */
  isConfigured?: boolean
  /** Sessions side by side: 1 or more. */
  sessions?: number
  /** Keys that come after the one that the cookies are signed with. */
  fallbacks?: number
  maxCookieSize?: number
  /** How many verified cookies are remembered; 0 for none. */
  remembered?: number
  /** For `ours`: whether sessions are encrypted. */
  sealed?: boolean
  /** For `ours`: whether sessions lie in the memory of the server. */
  store?: boolean
  /** For `ours`: limits of lifetimes that are switched on, in seconds. */
  limits?: { refreshAfter?: number, absoluteLifetime?: number }
  /** Where the compiled library is; for `ours`. */
  lib?: string
}

export type ServerRequest = { type: 'stats' } | { type: 'gc' } | { type: 'age' } | { type: 'seed', size: number, count: number } | { type: 'stop' }

/** CPU in microseconds, memory in bytes, both since the process began; `now` in microseconds of the monotonic clock. */
export interface Stats { cpu: number, requests: number, now: number, memory: number }

export type ServerReply = { type: 'ready', port: number } | { type: 'stats', stats: Stats } | { type: 'seeded', cookies: string[] }

/** What a format of cookies is called; those of one format are read by several peers. */
export type CookieFormat = 'sha1' | 'sha512' | 'sealed' | 'secure-session' | 'iron-session' | 'cookie-session'

/** A file with one Cookie header a line. */
export interface CookieFile {
  format: CookieFormat
  kind: 'valid' | 'permanent' | 'forged'
  size: number
  sessions: number
  count: number
  path: string
}

/** A stretch of load from the client that keeps cookies, or from autocannon where there is no wrk. */
export type ClientRequest =
  { type: 'flow', port: number, steps: readonly string[], connections: number, ms: number } |
  { type: 'autocannon', port: number, path: string, cookies: readonly string[], connections: number, ms: number } |
  { type: 'stop' }

export interface ClientReply { requests: number, seconds: number, failures: number }
