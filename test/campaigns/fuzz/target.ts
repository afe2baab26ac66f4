/**
 * Our side of the fuzzer: a session is opened from a Cookie header, without an HTTP server around it.
 *
 * @module
 */

import fastifyCookie from '@fastify/cookie'
import Fastify from 'fastify'
import { SecureCookieSessionInterface } from '../../../lib/index.ts'
import type { SessionApp, SessionConfig, SessionRequest } from '../../../lib/index.ts'
import { key } from './gene.ts'
import type { Ours } from './judge.ts'

const config: SessionConfig = {
  SECRET_KEY: key,
  SECRET_KEY_FALLBACKS: [],
  SESSION_COOKIE_NAME: 'session',
  SESSION_COOKIE_DOMAIN: null,
  SESSION_COOKIE_PATH: null,
  SESSION_COOKIE_HTTPONLY: true,
  SESSION_COOKIE_SECURE: false,
  SESSION_COOKIE_PARTITIONED: false,
  SESSION_COOKIE_SAMESITE: null,
  PERMANENT_SESSION_LIFETIME: 2_678_400,
  SESSION_ABSOLUTE_LIFETIME: null,
  SESSION_REFRESH_AFTER: 0,
  SESSION_REFRESH_EACH_REQUEST: true,
  APPLICATION_ROOT: '/',
  MAX_COOKIE_SIZE: 4093
}

export interface Target {
  open (header: string): Ours
  close (): Promise<void>
}

/** @param remembered - how many verified cookies the memo holds */
export async function makeTarget (remembered: number): Promise<Target> {
  const fastify = Fastify()
  await fastify.register(fastifyCookie)
  await fastify.ready()
  const sessions = new SecureCookieSessionInterface({ digestMethod: 'sha1' })
  sessions.rememberedCookies = remembered
  const app: SessionApp = { config, sessionName: 'session', fastify, warnOnce () {} }
  let lines: Ours['lines'] = []
  const note = (level: 'debug' | 'warn') => ({ code }: { code: string }): void => { lines.push([level, code]) }
  const log = { ...fastify.log, debug: note('debug'), warn: note('warn') } as unknown as SessionRequest['log']
  return {
    open (cookie) {
      lines = []
      try {
        const data = sessions.openSession(app, { headers: { cookie }, log } as SessionRequest)?.data() ?? {}
        return { outcome: Object.keys(data).length > 0 ? 'data' : 'empty', data, lines }
      } catch (error) {
        return { outcome: 'thrown', data: {}, lines, error: String(error) }
      }
    },
    close: () => fastify.close()
  }
}
