/**
 * As much of SQLite as `sqliteStore` needs, for a Node that has none: each statement by hand, over a Map.
 *
 * @module
 */

import type { SqliteDatabase, SqliteStatement } from '../../lib/stores/index.ts'

interface Row {
  id: string
  data: Uint8Array
  expires: number
  user: string | null
}

export class FakeDatabase implements SqliteDatabase {
  readonly path: string
  readonly rows = new Map<string, Row>()
  isOpen = true
  isBroken = false

  constructor (path: string) {
    this.path = path
  }

  exec (): void {}

  close (): void {
    if (!this.isOpen) throw new Error('database is not open')
    this.isOpen = false
  }

  prepare (sql: string): SqliteStatement {
    const run = (...values: never[]): { changes: number } => {
      if (this.isBroken) throw new Error('database is locked')
      return { changes: this.#changes(sql, ...values as [never]) }
    }
    const living = (now: number): Row[] => [...this.rows.values()].filter(({ expires }) => expires > now)
    return {
      run: run as SqliteStatement['run'],
      get: (id, now) => living(Number(now)).find((row) => row.id === id),
      all: (user, now) => living(Number(now)).filter((row) => row.user === user)
    }
  }

  #changes (sql: string, ...values: never[]): number {
    for (const [start, statement] of Object.entries(this.#statements)) {
      if (sql.trim().startsWith(start)) return Number((statement as (...values: never[]) => number | boolean)(...values))
    }
    throw new Error(`unknown statement: ${sql}`)
  }

  readonly #statements = {
    INSERT: (id: string, data: Uint8Array, expires: number, user: string | null, now: number): boolean => {
      const row = this.rows.get(id)
      if (row !== undefined && row.expires > now) return false
      this.rows.set(id, { id, data, expires, user })
      return true
    },
    'UPDATE sessions SET data': (
      id: string, data: Uint8Array, expires: number, user: string | null, now: number, replaces: Uint8Array
    ): boolean => {
      const row = this.rows.get(id)
      if (row === undefined || row.expires <= now || Buffer.compare(row.data, replaces) !== 0) return false
      this.rows.set(id, { id, data, expires, user })
      return true
    },
    'UPDATE sessions SET expires': (id: string, expires: number, user: string | null, now: number): boolean => {
      const row = this.rows.get(id)
      if (row === undefined || row.expires <= now) return false
      row.expires = Math.max(row.expires, expires)
      row.user = user ?? row.user
      return true
    },
    'DELETE FROM sessions WHERE id = ': (id: string, now: number, replaces: Uint8Array | null): boolean => {
      const row = this.rows.get(id)
      if (row === undefined || row.expires <= now) return false
      return (replaces === null || Buffer.compare(row.data, replaces) === 0) && this.rows.delete(id)
    },
    'DELETE FROM sessions WHERE id IN': (now: number, limit: number): number => {
      const expired = [...this.rows.values()].filter(({ expires }) => expires <= now).slice(0, limit)
      for (const { id } of expired) this.rows.delete(id)
      return expired.length
    }
  }
}
