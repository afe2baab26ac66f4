/**
 * The limits of a session, for the page that lists them, and the button that ends all sessions of a user.
 *
 * @module
 */

import type { Markup, SessionConfig } from '../../lib/index.ts'
import { html } from './html.ts'
import { breakable, code, utc } from './page.ts'

/** What limits a session. What is not switched on is `undefined`. */
export interface Limits {
  began: Date | undefined
  /** All in seconds. */
  idle: number
  own: number | undefined
  refreshAfter: number | undefined
  absolute: number | undefined
  /** When it ends if its user does not come back. */
  ends: Date
}

/**
 * The limits of a session as it lies in its cookie, or in its store.
 *
 * @param written - its JSON, and when that was written; a store also says when it drops the session
 */
export function limitsOf (
  written: { json: string, signedAt?: Date, expires?: Date }, lifetime: number | null, settings: SessionConfig
): Limits {
  const { _created: created } = JSON.parse(written.json) as { _created?: number }
  const { PERMANENT_SESSION_LIFETIME: idle, SESSION_ABSOLUTE_LIFETIME: absolute, SESSION_REFRESH_AFTER: refreshAfter } = settings
  const idleEnd = Number(written.signedAt) + Math.min(lifetime ?? idle, idle) * 1000
  const end = absolute === null || created === undefined ? idleEnd : Math.min(idleEnd, (created + absolute) * 1000)
  return {
    began: created === undefined ? undefined : new Date(created * 1000),
    idle,
    own: lifetime ?? undefined,
    refreshAfter: refreshAfter === 0 ? undefined : refreshAfter,
    absolute: absolute ?? undefined,
    ends: written.expires ?? new Date(end)
  }
}

/** @param canEndAll - whether the application can end the user's other sessions, too */
export function limitsCard ({ began, idle, own, refreshAfter, absolute, ends }: Limits, canEndAll: boolean): Markup {
  return html`
    <section class="card" aria-labelledby="limits">
      <h2 id="limits">This session</h2>
      <dl class="facts">
        ${began !== undefined && html`<div><dt>Began</dt><dd>${utc(began)}</dd></div>`}
        <div><dt>Idle limit</dt><dd>${duration(idle)} without a visit: <code>${breakable('PERMANENT_SESSION_LIFETIME')}</code></dd></div>
        ${own !== undefined && html`<div><dt>Its own</dt><dd>${duration(own)} without a visit: <code>session.lifetime</code></dd></div>`}
        ${refreshAfter !== undefined && html`<div><dt>Refreshed</dt><dd>unchanged, only when it is ${duration(refreshAfter)} old: <code>${breakable('SESSION_REFRESH_AFTER')}</code></dd></div>`}
        ${absolute !== undefined && html`<div><dt>Absolute limit</dt><dd>${duration(absolute)} after it began: <code>${breakable('SESSION_ABSOLUTE_LIFETIME')}</code></dd></div>`}
        <div><dt>Ends</dt><dd>${utc(ends)}, if you do not come back</dd></div>
      </dl>
      <form method="post" action="/lifetime">
        <label for="seconds">Seconds without a visit that end this session</label>
        <input id="seconds" name="seconds" type="number" min="1" max="${idle}" value="${own}">
        <button>Set this limit</button>
      </form>
      ${canEndAll
        ? html`<form method="post" action="/logout/everywhere"><button>Log out everywhere</button></form>`
        : html`<p class="quiet">A log out ends it in this browser alone: a copy of the cookie stays valid. Start the demo with
        <code>REVOCATION=1</code>, and a log out ends every copy.</p>`}
      ${code('request.session.lifetime = 600', ...canEndAll ? ['await fastify.endSessions(user)'] : [])}
    </section>`
}

const units = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const

/** Seconds in the greatest unit that leaves no rest. */
function duration (seconds: number): string {
  const [unit, length] = units.find(([, length]) => seconds >= length && seconds % length === 0) ?? ['second', 1]
  const count = seconds / length
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
