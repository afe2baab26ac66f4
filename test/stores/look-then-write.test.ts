import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { LookThenWriteStore } from '../../lib/stores/look-then-write.ts'
import type { PlainStore, Written } from '../../lib/stores/look-then-write.ts'

const expires = Date.now() + 86_400_000
const begin = { expires, replaces: null }
const over = (replaces: string): typeof begin & { replaces: never } => ({ expires, replaces: replaces as never })

interface Scene {
  store: LookThenWriteStore
  /** Lets the next command of that kind hang, until the function that it returns is called. */
  hang (method: keyof PlainStore): () => Promise<void>
  dataIn (id: string): string | undefined
  /** Lets milliseconds pass. */
  pass (milliseconds: number): Promise<void>
}

/** A store whose session `ID` has the data `a`. */
function scene (t: TestContext): Scene {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { now } = performance
  let passed = 0
  t.mock.method(performance, 'now', () => now.call(performance) + passed)
  const sessions = new Map<string, Written>([['ID', { data: 'a', expires }]])
  const hanging = new Map<keyof PlainStore, Promise<void>>()
  const hung = async (method: keyof PlainStore): Promise<void> => {
    const gate = hanging.get(method)
    hanging.delete(method)
    await gate
  }
  const plain: PlainStore = {
    async read (id) {
      const found = sessions.get(id) ?? null
      await hung('read')
      return found
    },
    async write (id, session) {
      await hung('write')
      sessions.set(id, session)
    },
    async remove (id) {
      await hung('remove')
      sessions.delete(id)
    }
  }
  return {
    store: new LookThenWriteStore(plain),
    hang (method) {
      let open = (): void => {}
      hanging.set(method, new Promise((resolve) => { open = resolve }))
      return async () => {
        open()
        await setImmediate()
      }
    },
    dataIn: (id) => sessions.get(id)?.data,
    async pass (milliseconds) {
      await setImmediate()
      passed += milliseconds
      t.mock.timers.tick(milliseconds)
      await setImmediate()
    }
  }
}

async function isPending (promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([promise.then(() => false, () => false), setImmediate(true)])
}

describe('a store that looks before it writes, where a command on a session hangs,', () => {
  for (const method of ['read', 'write'] as const) {
    test(`lets the next ones have their turn after a second: ${method}`, async (t: TestContext) => {
      const { store, hang, dataIn, pass } = scene(t)
      hang(method)
      const hung = store.set('ID', 'b', over('a'))
      await pass(500)
      const next = store.set('ID', 'c', over('a'))
      await pass(499)
      t.assert.strictEqual(await isPending(next), true)
      await pass(1)

      t.assert.strictEqual(await next, true)
      t.assert.strictEqual(await store.touch('ID', expires + 1000), true)
      t.assert.strictEqual(dataIn('ID'), 'c')
      t.assert.strictEqual(await store.delete('ID', { replaces: 'c' }), true)
      t.assert.strictEqual(dataIn('ID'), undefined)
      t.assert.strictEqual(await isPending(hung), true)
    })
  }

  test('waits as long as the plugin with the longest time limit does', async (t: TestContext) => {
    const { store, hang, pass } = scene(t)
    for (const timeout of [3000, 5000, 2000, undefined]) store.open(() => {}, timeout)
    hang('write')
    store.set('ID', 'b', over('a'))
    await pass(4999)
    const next = store.set('ID', 'c', over('a'))
    t.assert.strictEqual(await isPending(next), true)
    await pass(1)

    t.assert.strictEqual(await next, true)
  })

  test('makes no other session wait', async (t: TestContext) => {
    const { store, hang } = scene(t)
    hang('write')
    store.set('ID', 'b', over('a'))
    await setImmediate()

    t.assert.strictEqual(await store.set('other', 'c', begin), true)
  })

  test('does nothing for a command whose turn comes when its caller has given up', async (t: TestContext) => {
    const { store, hang, dataIn, pass } = scene(t)
    hang('write')
    store.set('ID', 'b', over('a'))
    const late = Promise.allSettled([store.touch('ID', expires + 1000), store.delete('ID')])
    await pass(1000)

    for (const answer of await late) {
      t.assert.strictEqual(answer.status, 'rejected')
      t.assert.match(String(answer.reason), /other commands on the session took too long/)
    }
    t.assert.strictEqual(dataIn('ID'), 'a')
  })

  test('keeps what came later, when the write that hung happens after all', async (t: TestContext) => {
    const { store, hang, dataIn, pass } = scene(t)
    const go = hang('write')
    const hung = store.set('ID', 'b', over('a'))
    await pass(1000)
    await store.set('ID', 'c', over('a'))
    await store.set('ID', 'd', over('c'))
    await go()

    t.assert.strictEqual(dataIn('ID'), 'd')
    t.assert.strictEqual(await hung, true)
  })

  test('brings no session back that was ended, when the write that hung happens after all', async (t: TestContext) => {
    const { store, hang, dataIn, pass } = scene(t)
    const go = hang('write')
    const hung = store.set('ID', 'b', over('a'))
    await pass(1000)
    t.assert.strictEqual(await store.delete('ID'), true)
    await go()

    t.assert.strictEqual(dataIn('ID'), undefined)
    t.assert.strictEqual(await hung, true)
  })

  test('keeps what came later, when the removal that hung happens after all', async (t: TestContext) => {
    const { store, hang, dataIn, pass } = scene(t)
    const go = hang('remove')
    store.delete('ID')
    await pass(1000)
    await store.set('ID', 'b', over('a'))
    await go()

    t.assert.strictEqual(dataIn('ID'), 'b')
  })

  test('writes nothing by what it saw long ago', async (t: TestContext) => {
    const { store, hang, dataIn, pass } = scene(t)
    const go = hang('read')
    const hung = store.set('ID', 'b', over('a'))
    await pass(1000)
    await store.set('ID', 'c', over('a'))
    const refused = t.assert.rejects(hung, { message: 'it was too late to write' })
    await go()

    await refused
    t.assert.strictEqual(dataIn('ID'), 'c')
  })

  test('lets the command happen that was late, but not overtaken', async (t: TestContext) => {
    const { store, hang, dataIn, pass } = scene(t)
    const go = hang('read')
    const hung = store.set('ID', 'b', over('a'))
    await pass(5000)
    await go()

    t.assert.strictEqual(await hung, true)
    t.assert.strictEqual(dataIn('ID'), 'b')
  })
})
