/**
 * What a handler does to the session, and what the response must then have.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'

export const plain = { user: 'ada', list: [1] }
const permanent = { _permanent: true, user: 'ada', list: [1] }

interface State {
  /** What the client's cookie holds. */
  cookie: Record<string, unknown>
  act (request: FastifyRequest): void
}

export const states = {
  unread: { cookie: plain, act () {} },
  read: { cookie: plain, act ({ session }) { session.get('user') } },
  written: { cookie: plain, act ({ session }) { session.user = 'bob' } },
  'changed inside': { cookie: plain, act ({ session }) { session.list.push(2) } },
  emptied: { cookie: plain, act ({ session }) { session.clear() } },
  refreshed: { cookie: permanent, act () {} }
} as const satisfies Record<string, State>

export type StateName = keyof typeof states
export const stateNames = Object.keys(states) as StateName[]

/** What the session put into a response. */
export interface Sent {
  /** How often Vary names Cookie. */
  vary: 0 | 1
  /** What the new cookie holds. */
  cookie: 'none' | 'deletion' | Record<string, unknown>
}

/** What each state sends in a usual reply. */
export const expected: Record<StateName, Sent> = {
  unread: { vary: 0, cookie: 'none' },
  read: { vary: 1, cookie: 'none' },
  written: { vary: 1, cookie: { user: 'bob', list: [1] } },
  'changed inside': { vary: 1, cookie: { user: 'ada', list: [1, 2] } },
  emptied: { vary: 1, cookie: 'deletion' },
  refreshed: { vary: 1, cookie: { _permanent: true, user: 'ada', list: [1] } }
}

const nothing: Sent = { vary: 0, cookie: 'none' }

/** A reply into which no session can be saved. */
export const silence: Record<StateName, Sent> = {
  unread: nothing, read: nothing, written: nothing, 'changed inside': nothing, emptied: nothing, refreshed: nothing
}
