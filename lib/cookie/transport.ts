/**
 * Detects from a request that browsers will drop the cookie of its response.
 *
 * @module
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.7} Secure, SameSite=None
 */

import type { FastifyRequest } from 'fastify'
import { lookup } from '../lookup.ts'
import type { CookieSettings } from './attributes.ts'

/** Whether the request came over HTTPS. Proxies differ in the case of the protocol; an injected websocket has none. */
export function isHTTPS (request: FastifyRequest): boolean {
  return String(request.protocol).toLowerCase() === 'https'
}

/** A mistake in the set-up: its kind, so that the warning comes once, and the message with the cure. */
export interface TransportProblem {
  kind: string
  message: string
}

/**
 * The mistake in the set-up that the request proves, if it makes browsers drop the cookie, or makes the cookie less
 * safe than intended.
 *
 * @param cookie - as it is configured, and set for this response
 */
export function transportProblem (
  request: FastifyRequest, { secure: wanted, partitioned, sameSite }: CookieSettings
): TransportProblem | undefined {
  const secure = partitioned || wanted
  if (secure === false || isHTTPS(request)) return undefined
  // Checked before the host: by default nginx and other proxies send their own host instead of forwarding it.
  if (secure === 'auto' && isForwardedHTTPS(request)) return autoBehindProxy
  if (isLocalhost(request)) return undefined
  if (secure === 'auto') return sameSite === 'None' ? noneOverHTTP : undefined
  // Behind a proxy that terminates TLS, plain HTTP is normal.
  return Object.keys(request.headers).some((name) => proxyHeader.test(name)) ? undefined : secureOverHTTP
}

const proxyHeader = /^(?:forwarded|via|x-forwarded-.*)$/

const secureOverHTTP: TransportProblem = {
  kind: 'Secure over HTTP',
  message: 'the cookie is Secure, but the request came over plain HTTP, so that browsers drop the cookie. ' +
    "Serve over HTTPS; for development use localhost, or set SESSION_COOKIE_SECURE (cookie.secure) to 'auto'. " +
    'Behind a proxy, let it send X-Forwarded-Proto and set the option trustProxy of Fastify'
}

const autoBehindProxy: TransportProblem = {
  kind: 'auto behind a proxy',
  message: "SESSION_COOKIE_SECURE (cookie.secure) is 'auto', and a proxy says that the request came over HTTPS, but " +
    'Fastify does not trust it, so that the cookie is not Secure. Set the option trustProxy of Fastify'
}

const noneOverHTTP: TransportProblem = {
  kind: 'SameSite=None over HTTP',
  message: "the SameSite of the cookie is 'None' (by SESSION_COOKIE_SAMESITE, cookie.sameSite, the config of the " +
    'route or session.options()), which browsers accept on Secure cookies only, but the request came over plain ' +
    'HTTP, so that SameSite is left out. Serve over HTTPS, or set the option trustProxy of Fastify'
}

/** Browsers accept Secure cookies from these hosts over plain HTTP. */
function isLocalhost ({ host }: FastifyRequest): boolean {
  const name = String(host).toLowerCase().replace(/:\d*$/, '')
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)
}

function isForwardedHTTPS ({ headers }: FastifyRequest): boolean {
  const [protocol = ''] = String(lookup(headers, 'x-forwarded-proto') ?? '').split(',')
  if (protocol.trim().toLowerCase() === 'https') return true
  return /(?:^|[;,\s])proto="?https\b/i.test(String(lookup(headers, 'forwarded') ?? ''))
}
