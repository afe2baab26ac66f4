/**
 * Stopped clocks, and stores that can be asked what happened.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import { revocationSettings } from '../../lib/revocation/options.ts'
import type { RevocationOptions } from '../../lib/revocation/options.ts'
import { Revocation } from '../../lib/revocation/revocation.ts'
import { memoryStore } from '../../lib/stores/memory-store.ts'
import type { SessionStore } from '../../lib/stores/store.ts'

/** 2023-11-14T22:13:20Z, in seconds. */
export const start = 1_700_000_000

/** Stops both clocks at {@link start}. @returns moves them, by seconds */
export function stopClocks (t: TestContext): (seconds: number) => void {
  t.mock.timers.enable({ apis: ['Date'], now: start * 1000 })
  t.mock.method(performance, 'now', () => Date.now() - start * 1000 + 5000)
  return (seconds) => t.mock.timers.tick(seconds * 1000)
}

export const limits = { lifetime: 3600, clockTolerance: 5 }

export function revocation (options: RevocationOptions = {}, sessionName = 'session'): Revocation {
  return new Revocation(revocationSettings(options), sessionName)
}

/** A store that notes what it is asked, that can be away, and that can answer later. */
export interface WatchedStore extends SessionStore {
  /** `get ended:SID` and so on. */
  asked: string[]
  /** Thrown by each method, as long as it is set. */
  failure: Error | undefined
  /** Whether a method neither answers nor fails. */
  isHanging: boolean
  /** What is in it, with what it expires. */
  readonly inner: ReturnType<typeof memoryStore>
}

/** @param sync - whether it answers at once */
export function watchedStore (sync = true): WatchedStore {
  const inner = memoryStore({ max: Infinity })
  const asked: string[] = []
  const ask = <T> (question: string, answer: () => T): T | Promise<T> => {
    asked.push(question)
    if (store.isHanging) return new Promise<T>(() => {})
    if (sync) {
      if (store.failure !== undefined) throw store.failure
      return answer()
    }
    return Promise.resolve().then(() => {
      if (store.failure !== undefined) throw store.failure
      return answer()
    })
  }
  const store: WatchedStore = {
    sync,
    asked,
    failure: undefined,
    isHanging: false,
    inner,
    get: (id) => ask(`get ${id}`, () => inner.get(id)),
    set: (id, data, options) => ask(`set ${id}`, () => inner.set(id, data, options)),
    touch: (id, expires) => ask(`touch ${id}`, () => inner.touch(id, expires)),
    delete: (id) => ask(`delete ${id}`, () => inner.delete(id))
  }
  return store
}
