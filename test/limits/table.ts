/**
 * When sessions end, by their limits: one table for our eyes and for Flask's.
 *
 * @module
 */

import type { SecureSessionOptions } from '../../lib/index.ts'

/** 2024-05-17T12:00:00Z, in seconds. */
export const noon = 1_715_947_200

/** Logs ann in. */
export const login = (lifetime: number | null, permanent = true) => (session: any): void => {
  session.user = 'ann'
  session.permanent = permanent
  if (lifetime !== null) session.lifetime = lifetime
}

export interface Limit {
  name: string
  options: SecureSessionOptions
  lifetime?: number
  permanent?: boolean
  /** Seconds after the login, each a request; whether ann is still logged in, and Expires in seconds after the login, `null` without Set-Cookie. */
  visits: Array<[at: number, isAlive: boolean, end: number | undefined | null]>
  /** Expires of the login. */
  end: number | undefined
}

export const table: Limit[] = [
  {
    name: 'idle',
    options: { permanentSessionLifetime: 100 },
    end: 100,
    visits: [[100, true, 200], [200, true, 300], [301, false, null]]
  },
  {
    name: 'idle, not permanent',
    options: { permanentSessionLifetime: 100 },
    permanent: false,
    end: undefined,
    visits: [[60, true, null], [100, true, null], [101, false, null]]
  },
  {
    name: 'absolute',
    options: { absoluteLifetime: 150 },
    end: 150,
    visits: [[0, true, 150], [149, true, 150], [150, true, 150], [151, false, null]]
  },
  {
    name: 'absolute, not permanent',
    options: { absoluteLifetime: 150 },
    permanent: false,
    end: undefined,
    visits: [[150, true, null], [151, false, null]]
  },
  {
    name: 'idle and absolute',
    options: { permanentSessionLifetime: 100, absoluteLifetime: 150 },
    end: 100,
    visits: [[40, true, 140], [90, true, 150], [150, true, 150], [151, false, null]]
  },
  {
    name: 'per session',
    options: { permanentSessionLifetime: 100 },
    lifetime: 30,
    end: 30,
    visits: [[30, true, 60], [60, true, 90], [91, false, null]]
  },
  {
    name: 'per session, not permanent',
    options: { permanentSessionLifetime: 100 },
    lifetime: 30,
    permanent: false,
    end: undefined,
    visits: [[30, true, null], [31, false, null]]
  },
  {
    name: 'per session and absolute',
    options: { permanentSessionLifetime: 100, absoluteLifetime: 50 },
    lifetime: 30,
    end: 30,
    visits: [[25, true, 50], [50, true, 50], [51, false, null]]
  },
  {
    name: 'idle with refreshAfter',
    options: { permanentSessionLifetime: 100, refreshAfter: 20 },
    end: 100,
    visits: [[19, true, null], [20, true, 120], [39, true, null], [40, true, 140], [59, true, null], [140, true, 240], [241, false, null]]
  },
  {
    name: 'idle with a refreshAfter of more than half of it',
    options: { permanentSessionLifetime: 100, refreshAfter: 90 },
    end: 100,
    visits: [[49, true, null], [50, true, 150], [99, true, null], [100, true, 200]]
  },
  {
    name: 'per session with a longer refreshAfter',
    options: { permanentSessionLifetime: 100, refreshAfter: 40 },
    lifetime: 31,
    end: 31,
    visits: [[15, true, null], [16, true, 47], [31, true, null], [32, true, 63], [64, false, null]]
  },
  {
    name: 'per session of one second with refreshAfter',
    options: { permanentSessionLifetime: 100, refreshAfter: 40 },
    lifetime: 1,
    end: 1,
    visits: [[0, true, null], [1, true, 2], [2, true, 3], [4, false, null]]
  },
  {
    name: 'absolute with refreshAfter, which refreshes even where it prolongs nothing',
    options: { permanentSessionLifetime: 100, absoluteLifetime: 50, refreshAfter: 20 },
    end: 50,
    visits: [[19, true, null], [20, true, 50], [45, true, 50], [50, true, null], [51, false, null]]
  },
  {
    name: 'idle without a refresh',
    options: { permanentSessionLifetime: 100, refreshEachRequest: false, refreshAfter: 20 },
    end: 100,
    visits: [[50, true, null], [100, true, null], [101, false, null]]
  }
]
