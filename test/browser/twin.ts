/**
 * The demo and its twin in Flask, side by side on one host.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../app/flask_twin.py', import.meta.url))

/** Starts the twin, which ends with the test. @param fastifyPort - where it leads back to @returns its port */
export async function startTwin (t: TestContext, python: string, fastifyPort: number): Promise<number> {
  const child = spawn(python, [script], {
    env: { ...process.env, PORT: String(fastifyPort), FLASK_PORT: '0', HOST: '127.0.0.1', PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  t.after(async () => {
    child.kill('SIGKILL')
    await closed
  })
  let words = ''
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => reject(new Error(`the twin has ended: ${words}`)))
    createInterface({ input: child.stderr }).on('line', (line) => {
      words += `${line}\n`
      const [, port] = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? []
      if (port !== undefined) resolve(Number(port))
    })
  })
}
