import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { sqliteStore } from '../../lib/stores/index.ts'
import type { SqliteDatabase, SqliteModule } from '../../lib/stores/index.ts'
import { FakeDatabase } from './fake-sqlite.ts'
import { NOW, readable, storeContract } from './store.contract.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const sqlite = process.getBuiltinModule('node:sqlite') as SqliteModule | undefined
const skip = sqlite === undefined && 'node:sqlite needs Node 22.13 or newer'

storeContract('sqliteStore with a fake', {
  makeStore (t) {
    const store = sqliteStore(':memory:', { sqlite: { DatabaseSync: FakeDatabase } })
    t.after(() => store.close?.())
    return store
  }
})

storeContract('sqliteStore with node:sqlite', {
  skip,
  makeStore (t) {
    const store = sqliteStore(temporaryFile(t))
    t.after(() => store.close?.())
    return store
  }
})

describe('sqliteStore', () => {
  test('answers at once', (t: TestContext) => {
    const { store } = setUp(t)

    t.assert.strictEqual(store.sync, true)
    t.assert.strictEqual(store.set('a', 'a', { expires: NOW + 1, replaces: null }), true)
    t.assert.deepStrictEqual(store.get('a'), { data: Buffer.from('a'), expires: NOW + 1 })
    t.assert.strictEqual(store.touch('a', NOW), true)
    t.assert.strictEqual(store.delete('a'), true)
  })

  test('takes the class Database where there is one', (t: TestContext) => {
    const paths: string[] = []
    class Database extends FakeDatabase {
      constructor (path: string) {
        super(path)
        paths.push(path)
      }
    }

    sqliteStore('sessions.db', { sqlite: { Database, DatabaseSync: FakeDatabase } as SqliteModule }).close?.()

    t.assert.deepStrictEqual(paths, ['sessions.db'])
  })

  test('says which Node it needs', (t: TestContext) => {
    t.mock.method(process, 'getBuiltinModule', () => undefined)

    t.assert.throws(() => sqliteStore('sessions.db'), {
      code: 'FST_SESSION_INVALID_STORE',
      message: 'This session store cannot be used: sqliteStore needs node:sqlite, in Node 22.13 or newer'
    })
    t.assert.throws(() => sqliteStore('sessions.db', { sqlite: {} as SqliteModule }), { code: 'FST_SESSION_INVALID_STORE' })
  })

  test('removes expired rows every minute, 10,000 at once, more a second later', (t: TestContext) => {
    const { store, database } = setUp(t)
    for (let i = 0; i < 10_001; i++) store.set(String(i), '', { expires: NOW + 1000, replaces: null })
    store.set('long', '', { expires: NOW + DAY, replaces: null })

    t.mock.timers.tick(MINUTE)
    t.assert.strictEqual(database().rows.size, 2)
    t.mock.timers.tick(1000)

    t.assert.deepStrictEqual([...database().rows.keys()], ['long'])
  })

  test('reports a sweep that fails, and sweeps again', (t: TestContext) => {
    const { store, database } = setUp(t)
    const warned: string[] = []
    store.set('a', '', { expires: NOW + 1000, replaces: null })
    database().isBroken = true

    t.mock.timers.tick(MINUTE)
    store.open?.((message) => warned.push(message))
    t.mock.timers.tick(MINUTE)
    database().isBroken = false
    t.mock.timers.tick(MINUTE)

    t.assert.deepStrictEqual(warned, ['sqliteStore could not remove expired sessions: Error: database is locked'])
    t.assert.strictEqual(database().rows.size, 0)
  })

  test('closes its file, and sweeps no more', (t: TestContext) => {
    const { store, database } = setUp(t)
    store.set('a', '', { expires: NOW + 1000, replaces: null })

    store.close?.()
    store.close?.()
    t.mock.timers.tick(MINUTE)

    t.assert.strictEqual(database().isOpen, false)
    t.assert.strictEqual(database().rows.size, 1)
  })
})

describe('sqliteStore with node:sqlite', { skip }, () => {
  test('gives to a second store what the first one wrote, before and after it was closed', (t: TestContext) => {
    const path = temporaryFile(t)
    const [first, second] = [sqliteStore(path), sqliteStore(path)]
    t.after(() => second.close?.())
    const expires = Date.now() + DAY
    first.set('a', '1', { expires, replaces: null })

    t.assert.strictEqual(second.set('a', '2', { expires, replaces: '1' }), true)
    t.assert.strictEqual(first.set('a', '3', { expires, replaces: '1' }), false)
    first.close?.()

    t.assert.deepStrictEqual(readable(second.get('a')), { data: '2', expires })
  })

  test('keeps the table in WAL mode, STRICT and WITHOUT ROWID, and removes expired rows', (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW })
    const path = temporaryFile(t)
    const store = sqliteStore(path)
    const { Database, DatabaseSync } = sqlite as { Database?: typeof FakeDatabase, DatabaseSync: typeof FakeDatabase }
    const database: SqliteDatabase = new (Database ?? DatabaseSync)(path)
    t.after(() => {
      database.close()
      store.close?.()
    })
    for (let i = 0; i < 5; i++) store.set(String(i), '', { expires: NOW + i * MINUTE, replaces: null })

    t.mock.timers.tick(2 * MINUTE)

    t.assert.strictEqual(database.prepare('SELECT * FROM sessions').all().length, 2)
    const pragma = (name: string): Record<string, unknown> => ({ ...database.prepare(`PRAGMA ${name}`).get() })
    t.assert.strictEqual(pragma('journal_mode')['journal_mode'], 'wal')
    t.assert.strictEqual(pragma('table_list(sessions)')['strict'], 1)
    t.assert.strictEqual(pragma('table_list(sessions)')['wr'], 1)
  })

  test('fails on a file that is no database, and once it is closed', (t: TestContext) => {
    t.assert.throws(() => sqliteStore(process.execPath), { code: 'ERR_SQLITE_ERROR' })
    const store = sqliteStore(':memory:')
    store.close?.()

    t.assert.throws(() => store.get('a'), { code: 'ERR_INVALID_STATE' })
  })
})

function setUp (t: TestContext): { store: ReturnType<typeof sqliteStore>, database: () => FakeDatabase } {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW })
  const databases: FakeDatabase[] = []
  class DatabaseSync extends FakeDatabase {
    constructor (path: string) {
      super(path)
      databases.push(this)
    }
  }
  return { store: sqliteStore(':memory:', { sqlite: { DatabaseSync } }), database: () => databases[0] as FakeDatabase }
}

function temporaryFile (t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'sqlite-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'sessions.db')
}
