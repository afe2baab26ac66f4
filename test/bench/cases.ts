/**
 * What is measured, and who takes part.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import type { CookieFile, CookieFormat, ServerConfig } from './protocol.ts'

/** 1 is measured by `--quick` already, 2 usually, 3 by `--full` only. */
export type Tier = 1 | 2 | 3

/** Bytes of JSON. With SHA-1 the largest makes a cookie of about 4,060 bytes with its attributes. */
export const sizes: readonly number[] = [110, 1000, 2980]

export interface Case {
  name: string
  title: string
  path: string
  /** `hot`: the same one each time; `new`: one after the other, more than any memo holds; `flow`: what the server gave. */
  cookie: 'none' | 'hot' | 'new' | 'permanent' | 'forged' | 'flow'
  sizes: readonly number[]
  tier: Tier
  sessions?: number
  /** What a peer with sessions answers to the first cookie: the user, and whether there is Set-Cookie. */
  user?: number | null
  sets?: boolean
}

const user = 100_000

export const cases: readonly Case[] = [
  { name: 'untouched-bare', title: 'untouched route, no cookie', path: '/untouched', cookie: 'none', sizes: [0], tier: 1, sets: false },
  { name: 'untouched', title: 'untouched route, with a cookie', path: '/untouched', cookie: 'hot', sizes, tier: 1, sets: false },
  { name: 'read', title: 'read, cookie seen before', path: '/read', cookie: 'hot', sizes, tier: 1, user, sets: false },
  { name: 'read-new', title: 'read, cookie never seen', path: '/read', cookie: 'new', sizes, tier: 1, user, sets: false },
  { name: 'write', title: 'write, cookie seen before', path: '/write', cookie: 'hot', sizes, tier: 1, sets: true },
  { name: 'write-new', title: 'write, cookie never seen', path: '/write', cookie: 'new', sizes, tier: 3, sets: true },
  { name: 'nested-read', title: 'read of an array', path: '/nested-read', cookie: 'hot', sizes: [1000], tier: 2, user, sets: false },
  { name: 'nested-write', title: 'read and nested write', path: '/nested-write', cookie: 'hot', sizes: [110, 1000], tier: 2, sets: true },
  { name: 'refresh', title: 'permanent session refreshed', path: '/refresh', cookie: 'permanent', sizes: [110, 1000], tier: 2 },
  { name: 'forged', title: 'forged cookies', path: '/read', cookie: 'forged', sizes, tier: 2, user: null },
  { name: 'three-untouched', title: 'three sessions, untouched (bytes in total)', path: '/untouched', cookie: 'hot', sizes: [1000], tier: 2, sessions: 3, sets: false },
  { name: 'three-read', title: 'three sessions, all read (bytes in total)', path: '/read-all', cookie: 'hot', sizes: [1000], tier: 2, sessions: 3, user, sets: false },
  { name: 'flow', title: 'login, read, read, write, read with the cookie given last', path: '', cookie: 'flow', sizes: [110, 1000], tier: 2 }
]

export function flowOf (size: number): string[] {
  return [`/login/${size}`, '/read', '/read', '/write', '/read']
}

export interface Peer {
  name: string
  label: string
  server: ServerConfig
  /** Cookies of this format go to it; without one it makes them itself. */
  format: CookieFormat | undefined
  /** Whether it has sessions at all, so that its answers can be checked. */
  hasSessions: boolean
  takesPart (at: Case, size: number, tier: Tier): boolean
}

const peerOf = (name: string, label: string, server: ServerConfig, format: CookieFormat | undefined, takesPart: Peer['takesPart'], hasSessions = true): Peer => (
  { name, label, server, format, takesPart, hasSessions }
)
const single = (at: Case): boolean => at.sessions === undefined
const writes = (at: Case): boolean => ['write', 'write-new', 'nested-write', 'refresh', 'flow'].includes(at.name)

/** What takes part when the tier is at least 2. */
const usual = (also: (at: Case, size: number) => boolean = () => true): Peer['takesPart'] => (at, size, tier) => tier >= 2 && single(at) && also(at, size)

export const peers: readonly Peer[] = [
  peerOf('fastify', 'bare Fastify', { kind: 'fastify' }, 'sha1', usual((at) => at.cookie !== 'flow'), false),
  peerOf('cookie', 'Fastify + @fastify/cookie', { kind: 'cookie' }, 'sha1', (at) => at.cookie !== 'flow', false),
  peerOf('cookie-hooks', 'the same and two empty hooks', { kind: 'cookie', hooks: true }, 'sha1', usual((at) => at.name.startsWith('untouched')), false),
  peerOf('cookie-set', 'the same, setting a fixed cookie', { kind: 'cookie-set' }, 'sha1', (at) => single(at) && writes(at), false),
  ...(['sha512', 'sha1', 'node-sha512'] as const).map((digest) => peerOf(`parts-${digest}`,
    `the parts alone, ${digest === 'node-sha512' ? "nodeDigest('sha512')" : digest === 'sha512' ? 'default' : digest}`,
    { kind: 'parts', digest }, digest === 'sha1' ? 'sha1' : 'sha512', (at) => at.name === 'read-new' || at.name === 'write')),
  peerOf('parts-seen', 'the parts alone', { kind: 'parts-seen' }, 'sha1', (at) => at.name === 'untouched' || at.name === 'read'),
  peerOf('secure-session', '@fastify/secure-session', { kind: 'secure-session' }, 'secure-session', single),
  peerOf('secure-session-3', '@fastify/secure-session', { kind: 'secure-session', sessions: 3 }, 'secure-session', (at) => at.sessions === 3),
  peerOf('fastify-session', '@fastify/session (memory)', { kind: 'fastify-session' }, undefined, usual((at) => at.name !== 'refresh' && at.name !== 'forged')),
  peerOf('fastify-session-rolling', '@fastify/session (memory)', { kind: 'fastify-session', refresh: true }, undefined, usual((at) => at.name === 'refresh')),
  // It refuses to write cookies over 4096 bytes, and its own are longer than the others'.
  peerOf('iron-session', 'iron-session', { kind: 'iron-session' }, 'iron-session', usual((at, size) => !(writes(at) && size > 2000))),
  peerOf('cookie-session', 'cookie-session on node:http', { kind: 'cookie-session' }, 'cookie-session', usual()),
  peerOf('flask', 'Flask, gunicorn', { kind: 'flask' }, 'sha1', usual(() => existsSync('/usr/bin/gunicorn') || existsSync('/usr/local/bin/gunicorn'))),
  ...(['sha512', 'sha1', 'node-sha512'] as const).flatMap((digest) => {
    const label = { sha512: 'ours, default', sha1: 'ours, sha1', 'node-sha512': "ours, nodeDigest('sha512')" }[digest]
    const format = digest === 'sha1' ? 'sha1' : 'sha512'
    return [
      peerOf(`ours-${digest}`, label, { kind: 'ours', digest }, format, single),
      peerOf(`ours-${digest}-norefresh`, `${label}, no refresh`, { kind: 'ours', digest, refresh: false }, format,
        usual((at) => ['untouched-bare', 'untouched', 'read', 'refresh'].includes(at.name))),
      peerOf(`ours-${digest}-nomemo`, `${label}, nothing remembered`, { kind: 'ours', digest, remembered: 0 }, format,
        usual((at) => ['read', 'read-new', 'write', 'flow'].includes(at.name))),
      peerOf(`ours-${digest}-3`, label, { kind: 'ours', digest, sessions: 3 }, format, (at) => at.sessions === 3)
    ]
  }),
  peerOf('ours-memory', 'ours, memoryStore', { kind: 'ours', store: true }, undefined, usual((at) => at.name !== 'refresh' && at.name !== 'forged')),
  peerOf('ours-sealed', 'ours, sealed', { kind: 'ours', sealed: true }, 'sealed', usual()),
  ...([['unparsed', 'request.cookies not parsed', { parses: false }], ['config', 'set up by fastify.config', { isConfigured: true }]] as const).map(([name, label, also]) => (
    peerOf(`ours-sha1-${name}`, `ours, sha1, ${label}`, { kind: 'ours', digest: 'sha1', ...also }, 'sha1',
      usual((at) => ['untouched-bare', 'untouched', 'read'].includes(at.name)))
  )),
  peerOf('ours-sha1-after', 'ours, sha1, refreshAfter', { kind: 'ours', digest: 'sha1', limits: { refreshAfter: 86_400 } }, 'sha1', usual((at) => at.name === 'refresh')),
  peerOf('ours-sha1-absolute', 'ours, sha1, absoluteLifetime', { kind: 'ours', digest: 'sha1', limits: { absoluteLifetime: 86_400 * 31 } }, 'sha1',
    usual((at) => at.name === 'read' || at.name === 'write')),
  // What does not fit into 4093 bytes is compressed; the others may be longer.
  peerOf('ours-sha512-4093', 'ours, default, compressed to fit', { kind: 'ours', maxCookieSize: 4093 }, 'sha512', usual((at, size) => at.name === 'write' && size > 2000))
]

/** The same peers with the library of another commit. */
export function basePeers (): Peer[] {
  return peers.filter(({ server }) => server.kind === 'ours').map((peer) => (
    { ...peer, name: peer.name.replace('ours', 'base'), label: peer.label.replace('ours', 'base') }
  ))
}

/** More distinct cookies than a memo of verified cookies may hold; the peers have none. */
export function countOf (peer: Peer, kind: CookieFile['kind'], isMany: boolean): number {
  if (!isMany) return 1
  if (kind === 'forged') return 5000
  return peer.server.kind === 'ours' || peer.format === 'sha1' || peer.format === 'sha512' ? 20_000 : 2000
}

/** What the ratios of a case refer to. */
export function floorOf (at: Case): string {
  return at.cookie === 'flow' ? 'cookie-set' : 'cookie'
}
