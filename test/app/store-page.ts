/**
 * The parts of the page about a session in a store: what is where, and the devices of the user.
 *
 * @module
 */

import type { ListedSession, Markup } from '../../lib/index.ts'
import { html } from './html.ts'
import { code, markTags, refusal, utc } from './page.ts'
import type { HomeModel } from './page.ts'
import type { StoreFacts } from './store-facts.ts'

export function storeCard (stored: StoreFacts | undefined, received: HomeModel['received']): Markup {
  if (stored === undefined) {
    return html`
    <section class="card" aria-labelledby="cookie">
      <h2 id="cookie">The cookie and the store</h2>
      ${refusal(received) ?? html`<p class="quiet">Nothing is in either: an empty session is not stored. Log in, and it appears here.</p>`}
    </section>`
  }
  const { name, id, attributes, json, jsonBytes, expires } = stored
  return html`
    <section class="card" aria-labelledby="cookie">
      <h2 id="cookie">The cookie</h2>
      <p class="token"><span class="rest">${name}=</span><span class="payload">${id}</span><span class="rest">${attributes !== '' && `; ${attributes}`}</span></p>
      <p class="quiet">It holds an id and says nothing.</p>
      <h3>What the store has under this id</h3>
      <pre tabindex="0" role="group" aria-label="The session in the store as JSON">${markTags(json)}</pre>
      <dl class="facts">
        <div><dt>Size</dt><dd>${jsonBytes} bytes: the limit of cookies does not apply</dd></div>
        <div><dt>Expires</dt><dd>${utc(expires)}</dd></div>
      </dl>
    </section>`
}

const browsers = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['FxiOS/', 'Firefox'], ['CriOS/', 'Chrome'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']] as const
const systems = ['iPhone', 'iPad', 'Android', 'Windows', 'Mac', 'Linux'] as const

/** A browser and its system, by its User-Agent; what is neither is shown as it is. */
function deviceName (userAgent = ''): string {
  const browser = browsers.find(([token]) => userAgent.includes(token))?.[1]
  const system = systems.find((name) => userAgent.includes(name))
  if (userAgent === '') return 'Unknown device'
  return browser === undefined || system === undefined ? userAgent : `${browser} on ${system}`
}

/** The sessions of the user, each with a button that ends it. */
export function devicesCard (devices: ReadonlyArray<ListedSession<string | undefined>>): Markup {
  return html`
    <section class="card" aria-labelledby="devices">
      <h2 id="devices">Your devices</h2>
      <ul class="devices">${devices.map(({ id, data, began, used, isCurrent }) => html`
        <li>
          <span>${deviceName(data)}${isCurrent && html` <strong>(this one)</strong>`}<br>
            <small>since ${utc(began ?? undefined)}<br>last used ${utc(used)}</small></span>
          <form method="post" action="/devices/end"><button name="id" value="${id}" aria-label="Log out ${isCurrent ? 'this device' : `the device ${id}`}">Log out</button></form>
        </li>`)}
      </ul>
      <form method="post" action="/devices/end"><button>Log out all others</button></form>
      ${code('await fastify.listSessions(user)', 'await fastify.endSessions(user, { except: request.session })')}
    </section>`
}
