/**
 * Several processes of one application, and a client that asks them.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { Agent, get } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseSetCookie } from '../../helpers.ts'
import type { Kind } from './server.ts'

export interface Answer {
  status: number
  body: string
  cookie: string | undefined
  /** Whether the cookie was deleted. */
  isDeleted: boolean
}

export class Processes {
  readonly #children: ChildProcess[] = []
  readonly #ports: number[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity })

  static async start (kind: Kind, redisPort: number, count = 2): Promise<Processes> {
    const all = new Processes()
    for (let i = 0; i < count; i++) {
      const file = fileURLToPath(new URL('server.ts', import.meta.url))
      const child = spawn(process.execPath, ['--import', 'tsx', file, kind, String(redisPort)], { stdio: ['pipe', 'pipe', 'inherit'] })
      all.#children.push(child)
      const { value } = await createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]().next()
      all.#ports.push(Number(value))
    }
    return all
  }

  /** Asks the processes in turn. */
  async ask (path: string, cookie?: string, index = 0): Promise<Answer> {
    const port = this.#ports[index % this.#ports.length]
    return await new Promise((resolve, reject) => {
      const request = get({ port, path, agent: this.#agent, host: '127.0.0.1', headers: cookie === undefined ? {} : { cookie } }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => {
          const set = response.headers['set-cookie']?.map(parseSetCookie).at(-1)
          const isDeleted = set !== undefined && (set.attributes['Max-Age'] === '0' || set.value === '')
          resolve({ status: response.statusCode ?? 0, body, cookie: set && `${set.name}=${set.value}`, isDeleted })
        })
      })
      request.on('error', reject)
    })
  }

  stop (): void {
    this.#agent.destroy()
    for (const child of this.#children) child.stdin?.end()
  }
}
