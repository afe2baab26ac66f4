/**
 * The application as one request sees it, with the configuration from the start of the request.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import type { SessionConfig } from '../types/config.ts'
import type { OnReject } from '../types/session.ts'
import type { WarnOnce } from './config/warn-once.ts'
import type { SessionApp } from './interfaces/session-interface.ts'

/** All fields are private: printing it must print no key. */
export class ConfiguredApp implements SessionApp {
  readonly #fastify: FastifyInstance
  readonly #sessionName: string
  readonly #config: SessionConfig
  readonly #warnOnce: WarnOnce
  readonly #onReject: OnReject | undefined

  constructor (
    fastify: FastifyInstance, sessionName: string, config: SessionConfig, warnOnce: WarnOnce, onReject?: OnReject
  ) {
    this.#fastify = fastify
    this.#sessionName = sessionName
    this.#config = config
    this.#warnOnce = warnOnce
    this.#onReject = onReject
  }

  get fastify (): FastifyInstance {
    return this.#fastify
  }

  get sessionName (): string {
    return this.#sessionName
  }

  get config (): SessionConfig {
    return this.#config
  }

  get warnOnce (): WarnOnce {
    return this.#warnOnce
  }

  get onReject (): OnReject | undefined {
    return this.#onReject
  }
}
