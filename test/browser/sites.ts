/**
 * Applications on ports of 127.0.0.1, in the clear or behind TLS.
 *
 * @module
 */

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTLSServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { certificate } from '../certificate.ts'

/** A port that waits for its application. */
export interface Site {
  readonly port: number
  /** Answers from now on with this application, which is closed when the test ends. */
  serve (app: FastifyInstance): Promise<void>
  /** Keeps the next request to a path from the application until it is released. */
  hold (path: string): Held
  /** The address of a path, under a name that Chromium finds here. */
  url (path?: string, host?: string): string
}

export interface Held {
  /** When the request is here. */
  arrived: Promise<void>
  release (): void
}

/** Opens a port; behind TLS if asked to. */
export async function openSite (t: TestContext, scheme: 'http' | 'https' = 'https'): Promise<Site> {
  const gates = new Map<string, { arrive (): void, released: Promise<void> }>()
  let application: FastifyInstance | undefined
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gate = gates.get(request.url ?? '')
    gates.delete(request.url ?? '')
    gate?.arrive()
    await gate?.released
    application?.routing(request, response)
  }
  const server = scheme === 'https' ? createTLSServer(certificate(), answer) : createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.after(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
    await application?.close()
  })
  return {
    port,
    async serve (app) {
      await app.ready()
      application = app
    },
    hold (path) {
      let arrive = (): void => {}
      let release = (): void => {}
      const arrived = new Promise<void>((resolve) => { arrive = resolve })
      const released = new Promise<void>((resolve) => { release = resolve })
      gates.set(path, { arrive, released })
      return { arrived, release }
    },
    url: (path = '/', host = 'shop.example') => `${scheme}://${host}:${port}${path}`
  }
}
