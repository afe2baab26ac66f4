/**
 * A real PostgreSQL for the tests: in a directory of its own, behind a socket in it, gone afterwards.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const debian = '/usr/lib/postgresql'

/** The directory of its programs. */
function programs (): string | undefined {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(debian, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
}

/** Why tests with PostgreSQL cannot run here; `false` if they can. With CI=true a missing PostgreSQL is an error. */
export function whyNoPostgres (): string | false {
  if (programs() !== undefined) return false
  const reason = "these tests need PostgreSQL: install Debian's package postgresql"
  if (process.env['CI'] === 'true') throw new Error(reason)
  return reason
}

/** PostgreSQL refuses to run as root. */
function user (): { uid?: number, gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

export class PostgresServer {
  /** The directory of the socket: the `host` of a client. */
  readonly directory = mkdtempSync(join(tmpdir(), 'postgres-'))
  #server: ChildProcess | undefined

  async start (): Promise<void> {
    const bin = programs() as string
    const as = user()
    if (as.uid !== undefined && as.gid !== undefined) chownSync(this.directory, as.uid, as.gid)
    const data = join(this.directory, 'data')
    const options = { ...as, cwd: this.directory, encoding: 'utf8' } as const
    const made = spawnSync(join(bin, 'initdb'), ['-D', data, '-U', 'tests', '-A', 'trust', '-N'], options)
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
    this.#server = spawn(join(bin, 'postgres'), ['-D', data, '-k', this.directory, '-h', '', '-F'], { ...as, cwd: this.directory, stdio: 'ignore' })
    for (let tries = 0; tries < 500; tries++) {
      if (spawnSync(join(bin, 'pg_isready'), ['-h', this.directory], options).status === 0) return
      await setTimeout(20)
    }
    throw new Error('PostgreSQL does not answer')
  }

  async kill (): Promise<void> {
    const server = this.#server
    if (server !== undefined && server.exitCode === null) {
      server.kill('SIGQUIT')
      await once(server, 'exit')
    }
    rmSync(this.directory, { recursive: true, force: true })
  }
}
