/**
 * Sessions in a file, through SQLite.
 *
 * @module
 * @see {@link https://nodejs.org/api/sqlite.html}
 */

import { FST_SESSION_INVALID_STORE } from '../errors.ts'
import { lookup } from '../lookup.ts'
import { noOptions, wholeMilliseconds } from './store.ts'
import type {
  DeleteOptions, SessionOfUser, SetOptions, StoredSession, SyncSessionStore, TouchOptions
} from './store.ts'
import { SWEPT_AT_ONCE, Sweeper } from './sweeper.ts'

type Value = string | number | Uint8Array | null

/** A prepared statement, as far as the store uses it. The table is STRICT: its rows have these types. */
export interface SqliteStatement {
  get (...values: Value[]): { data: Uint8Array, expires: number } | undefined
  all (...values: Value[]): Array<{ id: string, expires: number }>
  run (...values: Value[]): { changes: number | bigint }
}

/** A connection, as far as the store uses it. */
export interface SqliteDatabase {
  exec (sql: string): unknown
  prepare (sql: string): SqliteStatement
  close (): unknown
}

/** A module with a class of connections: `node:sqlite`, in which newer versions of Node rename the class. */
export type SqliteModule = { Database: new (path: string) => SqliteDatabase } |
  { Database?: undefined, DatabaseSync: new (path: string) => SqliteDatabase }

/** How {@link sqliteStore} reaches SQLite. */
export interface SqliteStoreOptions {
  /** @defaultValue the module `node:sqlite` of this Node */
  sqlite?: SqliteModule | undefined
}

/**
 * A store for the processes of one machine, in the file `path`. Its methods block the process while they run.
 *
 * An operating system that crashes may lose the last moments before it; a process that crashes loses nothing.
 *
 * @throws {@link FST_SESSION_INVALID_STORE} if this Node is older than 22.13.
 */
export function sqliteStore (path: string, options: SqliteStoreOptions = {}): SyncSessionStore {
  const sqlite = lookup(options, 'sqlite') as SqliteModule | undefined ?? process.getBuiltinModule('node:sqlite')
  if (!isSqlite(sqlite)) throw new FST_SESSION_INVALID_STORE('sqliteStore needs node:sqlite, in Node 22.13 or newer')
  return new SqliteStore(new (sqlite.Database ?? sqlite.DatabaseSync)(path))
}

// Another process may hold the file for a moment: busy_timeout, in milliseconds, comes first.
const SETUP = `
PRAGMA busy_timeout = 1000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT NOT NULL PRIMARY KEY,
  data BLOB NOT NULL,
  expires INTEGER NOT NULL,
  user TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_expires ON sessions (expires);
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user) WHERE user IS NOT NULL;`

class SqliteStore implements SyncSessionStore {
  readonly sync = true
  readonly #statements
  readonly #database: SqliteDatabase
  readonly #sweeper = new Sweeper(() => this.#sweep())
  #isOpen = true
  #warn: ((message: string) => void) | undefined

  constructor (database: SqliteDatabase) {
    this.#database = database
    database.exec(SETUP)
    this.#statements = prepare(database)
    this.#sweeper.start()
  }

  open (warn: (message: string) => void): void {
    this.#warn = warn
  }

  get (id: string): StoredSession | null {
    const row = this.#statements.get.get(id, Date.now())
    return row === undefined ? null : { data: row.data, expires: row.expires }
  }

  set (id: string, data: string, { expires, replaces, user }: SetOptions): boolean {
    const now = Date.now()
    if (wholeMilliseconds(expires) <= now) return false
    const { insert, replace } = this.#statements
    const values = [id, Buffer.from(data), expires, user ?? null, now]
    return changed(replaces === null ? insert.run(...values) : replace.run(...values, Buffer.from(replaces)))
  }

  touch (id: string, expires: number, { user }: TouchOptions = noOptions): boolean {
    return changed(this.#statements.touch.run(id, wholeMilliseconds(expires), user ?? null, Date.now()))
  }

  delete (id: string, { replaces }: DeleteOptions = noOptions): boolean {
    const data = replaces === undefined ? null : Buffer.from(replaces)
    return changed(this.#statements.delete.run(id, Date.now(), data))
  }

  ids (user: string): SessionOfUser[] {
    return this.#statements.ids.all(user, Date.now()).map(({ id, expires }) => ({ id, expires }))
  }

  close (): void {
    this.#sweeper.stop()
    if (this.#isOpen) this.#database.close()
    this.#isOpen = false
  }

  #sweep (): number {
    try {
      return Number(this.#statements.sweep.run(Date.now(), SWEPT_AT_ONCE).changes)
    } catch (error) {
      this.#warn?.(`sqliteStore could not remove expired sessions: ${String(error)}`)
      return 0
    }
  }
}

function prepare (database: SqliteDatabase) {
  return {
    get: database.prepare('SELECT data, expires FROM sessions WHERE id = ?1 AND expires > ?2'),
    insert: database.prepare(`
      INSERT INTO sessions (id, data, expires, user) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (id) DO UPDATE SET data = ?2, expires = ?3, user = ?4 WHERE expires <= ?5`),
    replace: database.prepare(`
      UPDATE sessions SET data = ?2, expires = ?3, user = ?4 WHERE id = ?1 AND expires > ?5 AND data = ?6`),
    touch: database.prepare(`
      UPDATE sessions SET expires = max(expires, ?2), user = coalesce(?3, user) WHERE id = ?1 AND expires > ?4`),
    delete: database.prepare('DELETE FROM sessions WHERE id = ?1 AND expires > ?2 AND (?3 IS NULL OR data = ?3)'),
    ids: database.prepare('SELECT id, expires FROM sessions WHERE user = ?1 AND expires > ?2'),
    sweep: database.prepare(`
      DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires <= ?1 LIMIT ?2)`)
  }
}

function changed ({ changes }: { changes: number | bigint }): boolean {
  return Number(changes) === 1
}

function isSqlite (module: object | undefined): module is SqliteModule {
  return module !== undefined && ('Database' in module || 'DatabaseSync' in module)
}
