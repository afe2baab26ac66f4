/**
 * The pages of the demo.
 *
 * @module
 */

import type { DigestName, FlaskConfig, ListedSession, Markup, SessionConfig } from '../../lib/index.ts'
import type { CookieFacts, Refused } from './cookie-facts.ts'
import { devicesCard, storeCard } from './store-page.ts'
import { html } from './html.ts'
import type { KindName } from './kinds.ts'
import { limitsCard } from './limits.ts'
import type { Limits } from './limits.ts'
import { productOf, products } from './shop.ts'
import type { Cart, CartItem, DemoSession, Flash } from './shop.ts'
import type { StoreFacts } from './store-facts.ts'

export interface HomeModel {
  session: DemoSession
  messages: readonly Flash[]
  /** Of a session in a cookie. */
  kind: KindName
  /** What the browser holds once it has this page; `undefined` when that is nothing. */
  cookie: CookieFacts | undefined
  /** Of the session that the browser holds. */
  limits: Limits | undefined
  /** Whether the application can end all sessions of the user. */
  canEndAll: boolean
  /** When the cookie that came with the request was signed, or why it was refused. */
  received: Date | Refused | undefined
  digest: DigestName
  /** What the application says. */
  config: FlaskConfig
  /** What holds. */
  settings: SessionConfig
  /** The address of the twin; `undefined` where it cannot read the sessions. */
  twin: string | undefined
  /** The command that starts the twin so that it reads the cookies of this application. */
  startTwin: string | undefined
  /** What the store has of a session on the server. */
  stored?: StoreFacts | undefined
  /** The user's sessions on the server; `undefined` where they lie in cookies. */
  devices?: ReadonlyArray<ListedSession<string | undefined>>
}

/** The one page there is. */
export function homePage (model: HomeModel): Markup {
  const { session, messages, kind, limits, canEndAll, received, twin, stored, devices } = model
  const isMember = session.user_name !== undefined
  const title = twin === undefined ? 'A session in a store' : 'One session for Fastify and Flask'
  return layout(title, html`
    <header class="top">
      <img src="/icon.svg" alt="" width="44" height="44">
      <div class="title">
        <h1>${title}</h1>
        <p><code>request.session</code> is kept in ${devices === undefined
          ? html`a ${kind === 'sealed' ? 'sealed' : 'signed'} cookie that Flask reads and writes, too. Log in, watch the cookie, and go on in the same shop on Flask.`
          : 'a store on the server, under an id that the cookie holds. Log in, watch both, and log in with another browser.'}</p>
      </div>
      ${twin !== undefined && html`<nav class="switch" aria-label="Framework">
        <a href="/" aria-current="page">Fastify</a>
        <a href="${twin}" title="The same on Flask">Flask</a>
      </nav>`}
    </header>
    <div class="messages" role="status">${messages.map(([category, text]) => html`
      <p class="message ${category}">${text}</p>`)}
    </div>
    <main class="columns${isMember && ' shop'}">
      <div class="column">${isMember ? userCard(session, twin !== undefined) : loginCard()}
      </div>
      <div class="column">
        ${devices === undefined ? cookieCard(model) : [storeCard(stored, received), devices.length > 0 && devicesCard(devices)]}
        ${twin !== undefined && twinCard(model)}
      </div>
      ${isMember && html`<div class="column">${cartCard(session.cart, devices === undefined)}${limits && limitsCard(limits, canEndAll)}
      </div>`}
    </main>
    ${settingsCard(model)}`)
}

/** What went wrong. */
export function errorPage (title: string, message: string): Markup {
  return layout(title, html`
    <main class="alone">
      <section class="card" aria-labelledby="error">
        <h1 id="error">${breakable(title)}</h1>
        <p>${message}</p>
        <p><a class="button" href="/">Back to the shop</a></p>
      </section>
    </main>`)
}

function layout (title: string, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="icon" href="/icon.svg">
    <link rel="stylesheet" href="/style.css">
  </head>
  <body class="fastify">${content}
  </body>
</html>
`
}

function loginCard (): Markup {
  return html`
    <section class="card" aria-labelledby="who">
      <h2 id="who">Who are you?</h2>
      <p>Any name will do, and there is no password.</p>
      <form method="post" action="/login">
        <label for="name">Name</label>
        <input id="name" name="name" autocomplete="nickname" required maxlength="60">
        <label class="check"><input type="checkbox" name="remember" value="yes"> Remember me after the browser is closed</label>
        <button class="primary">Log in</button>
      </form>
      ${code("request.session.user_name = 'Ada'", 'request.session.permanent = true')}
    </section>`
}

function userCard (session: DemoSession, hasTwin: boolean): Markup {
  const { fastify = 0, flask = 0 } = session.visits ?? {}
  return html`
    <section class="card" aria-labelledby="who">
      <h2 id="who">Hello, ${session.user_name}</h2>
      <p>Logged in at <time datetime="${session.logged_in_at?.toISOString()}">${utc(session.logged_in_at)}</time>${hasTwin && html`, which is a
        <code>Date</code> here and a <code>datetime</code> in Flask`}.</p>
      <dl class="counters" aria-label="Visits since you logged in">
        <div><dt>Visits</dt><dd>${fastify + flask}</dd></div>
        ${hasTwin && html`<div><dt>on Fastify</dt><dd>${fastify}</dd></div>
        <div><dt>on Flask</dt><dd>${flask}</dd></div>`}
      </dl>
      <div class="actions">
        <form method="post" action="/remember" class="inline">
          <label class="check"><input type="checkbox" name="remember" value="yes"${session.permanent && html` checked`}> Remember me</label>
          <button>Save</button>
        </form>
        <form method="post" action="/logout"><button>Log out</button></form>
      </div>
      ${code('request.session.visits.fastify++')}
    </section>`
}

function cartCard (cart: Cart | undefined, isInCookie: boolean): Markup {
  const items = cart?.items ?? []
  const total = items.reduce((sum, { price, quantity }) => sum + Number(price[0]) * quantity, 0)
  return html`
    <section class="card" aria-labelledby="cart">
      <h2 id="cart">Cart</h2>
      ${items.length === 0
        ? html`<p class="quiet">There is nothing in it.</p>`
        : html`<ul class="items">${items.map(cartItem)}
      </ul>
      <p class="total"><span>Total</span> <strong>${money(total)}</strong></p>`}
      <form method="post" action="/cart/add" class="shelf" aria-label="Put into the cart">${products.map(({ sku, name, price }) => html`
        <button name="sku" value="${sku}"><span>Add ${name}</span> <small>${money(price)}</small></button>`)}
      </form>
      ${cart !== undefined && html`
      <form method="post" action="/cart/note">
        <label for="note">Note to the shop${isInCookie && html` <small>(a long one fills the cookie)</small>`}</label>
        <textarea id="note" name="note" rows="2">
${cart.note}</textarea>
        <button>Keep the note</button>
      </form>`}
      ${code('const { cart } = request.session', 'cart.items[0].quantity++', '// and that is all: a change inside is noticed')}
    </section>`
}

function cartItem ({ sku, quantity, price }: CartItem): Markup {
  const name = productOf(sku)?.name ?? sku
  return html`
        <li>
          <span class="name">${name}</span>
          <form method="post" action="/cart/quantity" class="stepper">
            <input type="hidden" name="sku" value="${sku}">
            <button name="by" value="-1" aria-label="One ${name} less">−</button>
            <output>${quantity}</output>
            <button name="by" value="1" aria-label="One ${name} more">+</button>
          </form>
          <span class="price">${money(Number(price[0]) * quantity)}</span>
          <form method="post" action="/cart/remove">
            <button name="sku" value="${sku}" class="remove" aria-label="Remove ${name}">×</button>
          </form>
        </li>`
}

/** Where the twin is, and how it is started so that it accepts the cookies of this page. */
function twinCard ({ twin, startTwin, digest }: HomeModel): Markup {
  return html`
    <section class="card twin" aria-labelledby="twin">
      <h2 id="twin"><a href="${twin}">The same shop on Flask</a></h2>
      <p>It reads this cookie if it has the same key, and the same digest: ${digestName(digest)}. If it is not running, start it with:</p>
      ${code(String(startTwin))}
    </section>`
}

function digestName (digest: DigestName): string {
  return `HMAC-${digest.toUpperCase().replace('SHA', 'SHA-')}`
}

function cookieCard ({ cookie, received, digest, session, settings }: HomeModel): Markup {
  if (cookie === undefined) {
    const none = received instanceof Date
      ? 'The session is empty now, so this page has deleted its cookie.'
      : 'There is none: an empty session needs no cookie. Log in, and it appears here, with what is in it.'
    return html`
    <section class="card" aria-labelledby="cookie">
      <h2 id="cookie">The cookie</h2>
      ${refusal(received) ?? html`<p class="quiet">${none}</p>`}
    </section>`
  }
  const { isCompressed, jsonBytes, payload, signedAt } = cookie
  const days = settings.PERMANENT_SESSION_LIFETIME / 86_400
  const expires = /Expires=([^;]+)/.exec(cookie.attributes)?.[1]
  const previous = received instanceof Date ? Math.max(0, Math.round((signedAt.getTime() - received.getTime()) / 1000)) : undefined
  return html`
    <section class="card" aria-labelledby="cookie">
      <h2 id="cookie">The cookie</h2>
      ${sizeBar(cookie, settings.MAX_COOKIE_SIZE)}
      <p class="token" tabindex="0" role="group" aria-label="The cookie as it is sent"><span class="rest">${cookie.name}=</span><span class="payload">${payload}</span>.<span class="timestamp"
        >${cookie.timestamp}</span>.<span class="signature">${cookie.signature}</span><span class="rest">${cookie.attributes !== '' && `; ${cookie.attributes}`}</span></p>
      <dl class="facts">
        <div><dt>Signed at</dt><dd>${utc(signedAt)}</dd></div>
        <div><dt>Age</dt><dd>new with this page${previous !== undefined && `; the one before was ${previous} s old`}</dd></div>
        <div><dt>Expires</dt><dd>${session.permanent ? expires ?? 'as sent before' : `with the browser, after ${days} days at the latest`}</dd></div>
        <div><dt>Compressed</dt><dd>${isCompressed ? `yes: ${jsonBytes} bytes of JSON in ${payload.length}` : `no: ${jsonBytes} bytes of JSON fit as they are`}</dd></div>
        <div><dt>Digest</dt><dd>${digestName(digest)}, ${digest === 'sha512' ? 'by tweetnacl' : 'by node:crypto'}</dd></div>
      </dl>
      <h3>What it says</h3>
      <pre tabindex="0" role="group" aria-label="The payload as JSON">${markTags(cookie.json)}</pre>
      <p class="quiet">${cookie.note}</p>
    </section>`
}

/** Why the session is empty although there is a cookie; `undefined` unless it was refused. */
export function refusal (received: HomeModel['received']): Markup | undefined {
  if (received === undefined || received instanceof Date) return undefined
  const { cause, code } = received
  return html`<p class="message warning">Your browser sent a cookie, and it was refused: ${cause}${code !== undefined && html` (<code>${breakable(code)}</code>)`}.
        So the session is empty. The next login replaces the cookie.</p>`
}

/** How full the cookie is, and of what. */
function sizeBar ({ size, payload, timestamp, signature }: CookieFacts, limit: number): Markup {
  const rest = size - payload.length - timestamp.length - signature.length
  const parts = [['payload', payload.length], ['timestamp', timestamp.length], ['signature', signature.length], ['rest', rest]] as const
  const full = limit === 0 ? 4093 : limit
  let start = 0
  return html`
      <p class="size"><strong>${size}</strong> of ${full} bytes</p>
      <svg class="bar" viewBox="0 0 ${full} 10" preserveAspectRatio="none" role="img" aria-label="${size} of ${full} bytes">
        ${parts.map(([name, length]) => {
          const x = start
          start += length
          return html`<rect class="${name}" x="${x}" width="${length}" height="10"/>`
        })}
      </svg>
      <ul class="legend">${parts.map(([name, length]) => html`
        <li class="${name}">${name === 'rest' ? 'name and attributes' : name} ${length}</li>`)}
      </ul>`
}

function settingsCard ({ config, settings }: HomeModel): Markup {
  const rows = Object.entries(settings).map(([key, value]) => {
    const isGiven = (config as Record<string, unknown>)[key] !== undefined
    return html`
          <tr><th scope="row">${breakable(key)}</th><td><code>${shown(key, value)}</code></td><td class="${isGiven && 'given'}">${isGiven ? 'config' : 'default'}</td></tr>`
  })
  return html`
    <details class="card settings">
      <summary><h2>Settings</h2></summary>
      <p>Flask's keys, read from <code>fastify.config</code> for each request. Start the demo with one of them in the environment to change it.</p>
      <table>
        <thead><tr><th scope="col">Key</th><th scope="col">Value</th><th scope="col">From</th></tr></thead>
        <tbody>${rows}
        </tbody>
      </table>
    </details>`
}

/** Keys stay what they are: secret. */
function shown (key: string, value: unknown): string {
  if (key === 'SECRET_KEY_FALLBACKS') return `${(value as unknown[]).length} keys`
  if (key === 'SECRET_KEY') return value === null ? 'null' : `${Buffer.byteLength(value as string)} bytes`
  return JSON.stringify(value)
}

/** JSON with the keys of Flask's tags marked. */
export function markTags (json: string): unknown {
  const names: Record<string, string> = { '" d"': 'datetime', '" t"': 'tuple', '" u"': 'UUID', '" m"': 'Markup', '" b"': 'bytes', '" di"': 'dict' }
  return json.split(/(" (?:di|[bdmtu])"(?=: ))/).map((part) => {
    return Object.hasOwn(names, part) ? html`<mark title="${names[part]}">${part}</mark>` : part
  })
}

/** A long name may break at its underscores. */
export function breakable (key: string): unknown {
  return key.split('_').map((word, index) => index === 0 ? word : html`_<wbr>${word}`)
}

export function code (...lines: string[]): Markup {
  return html`<pre class="code">${lines.join('\n')}</pre>`
}

function money (cents: number): string {
  return `€ ${(cents / 100).toFixed(2)}`
}

export function utc (date: Date | undefined): string {
  return date === undefined ? '' : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
