/**
 * Writes sessions into a store so that no key is lost, and nothing that was ended comes back.
 *
 * @module
 */

import { storeUnavailable } from '../errors.ts'
import { sameBytes } from '../stores/store.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import { Turns } from '../stores/turns.ts'
import type { Line } from '../stores/turns.ts'
import { isEmpty, keptKeys, mergedText, onlyAssigned, read } from './merged-text.ts'
import { newId } from './session-ids.ts'
import { dumpSession } from '../interfaces/session-text.ts'
import { run, wait } from './steps.ts'
import type { Steps } from './steps.ts'
import type { StoreSource, StoredValue } from './store-source.ts'
import type { Outcome, Write } from './write.ts'

/** The writes of one session interface. */
export class SessionWriter {
  readonly #store: GuardedStore
  /** A write leaves the text that the store has now. The next one replaces it, instead of what its request read. */
  readonly #turns = new Turns<string>()

  constructor (store: GuardedStore) {
    this.#store = store
  }

  /** Writes the session. Throws when the store fails: then the write may have happened, or may still happen. */
  * write (source: StoreSource, write: Write): Steps<Outcome> {
    const { deeds, text } = write
    if (deeds.hasEnded || (deeds.isRenewed && text === null)) yield * this.#end(source, write)
    if (source.isGone) return yield * this.#beginAgain(source, write)
    const { id } = source
    if (id === undefined) return text === null ? 'removed' : yield * this.#begin(source, write, text, text)
    return yield * this.#inTurn(write.keyOf(id), (line) => {
      return deeds.isRenewed && text !== null
        ? this.#renew(source, id, write, text)
        : this.#replace(source, id, write, line)
    })
  }

  /** Prolongs the session. Never brings one back that another request ended. */
  * touch (source: StoreSource, id: string, write: Write): Steps<Outcome> {
    const user = userIn(source, write, source.stored)
    if (yield * wait(this.#store.touch(write.keyOf(id), write.expires, { user }))) return 'kept'
    return gone(source, write, 'a session was not prolonged: another request had ended it')
  }

  /** Ends the sessions of the other cookies of the request. */
  * endRivals (source: StoreSource, write: Write): Steps<void> {
    for (const id of source.rivals) {
      const key = write.keyOf(id)
      const found = yield * wait(this.#store.get(key))
      if (found !== null) yield * wait(this.#store.delete(key, { user: userIn(source, write, found.data) }))
    }
  }

  * #inTurn<T> (key: string, steps: (line: Line<string>) => Steps<T>): Steps<T> {
    // A synchronous store lets nothing come between.
    if (this.#store.sync) return yield * steps({ left: undefined, current: undefined })
    return yield * wait(this.#turns.take(key, this.#store.timeout, (line) => run(steps(line))))
  }

  /** Ends the id, whatever the session holds by now. */
  * #end (source: StoreSource, write: Write): Steps<void> {
    if (source.id !== undefined) {
      yield * wait(this.#store.delete(write.keyOf(source.id), { user: userIn(source, write, source.text) }))
    }
    source.noteRemoved()
  }

  /** Writes a session that has no id yet. @param wanted - its text as this request has it */
  * #begin (source: StoreSource, write: Write, text: string, wanted: string): Steps<Outcome> {
    const id = source.nextId ??= newId()
    if (!(yield * this.#plant(source, id, write, text))) return gone(source, write)
    source.noteStored(id, text, wanted)
    return 'kept'
  }

  /** Another request ended the session. What was set after a `regenerate()` is another session. */
  * #beginAgain (source: StoreSource, write: Write): Steps<Outcome> {
    const { deeds, text } = write
    if (!deeds.isRenewed || text === null) return 'gone'
    const data = onlyAssigned(source, write, text)
    if (isEmpty(data)) return 'gone'
    source.noteRemoved()
    return yield * this.#begin(source, write, dumpSession(source.serializer, data, text), text)
  }

  /** Writes under an id that only this request knows. A value there comes from an attempt that seemed to fail. */
  * #plant (source: StoreSource, id: string, write: Write, text: string): Steps<boolean> {
    const key = write.keyOf(id)
    const user = userIn(source, write, text)
    const isLate = this.#deadline()
    let replaces: StoredValue | null = null
    while (!(yield * wait(this.#store.set(key, text, { expires: write.expires, replaces, user })))) {
      const found = yield * wait(this.#store.get(key))
      if (found === null) return false
      if (sameBytes(found.data, text)) return true
      replaces = found.data
      isLate()
    }
    return true
  }

  /** Writes under an id that the store has. */
  * #replace (source: StoreSource, id: string, write: Write, line: Line<string>): Steps<Outcome> {
    const key = write.keyOf(id)
    const isLate = this.#deadline()
    const before = source.attempted
    let there: StoredValue = line.left ?? source.stored
    for (;;) {
      const text = mergedText(source, write, there)
      if (yield * this.#swap(source, key, write, text, there)) return done(source, id, write, text, line)
      const found = yield * wait(this.#store.get(key))
      line.left = undefined
      if (found === null) return gone(source, write)
      // The store has our text: this command seemed to be refused, or an earlier one seemed to fail, but it was done.
      if (text !== null && sameBytes(found.data, text)) return done(source, id, write, text, line)
      if (before !== undefined && sameBytes(found.data, before.stored)) {
        source.noteStored(id, before.stored, before.text)
      }
      there = found.data
      isLate()
    }
  }

  * #swap (source: StoreSource, key: string, write: Write, text: string | null, there: StoredValue): Steps<boolean> {
    if (text === null) {
      return yield * wait(this.#store.delete(key, { replaces: there, user: userIn(source, write, source.text) }))
    }
    source.attempted = { stored: text, text: write.text ?? '{}' }
    const user = userIn(source, write, text)
    return yield * wait(this.#store.set(key, text, { expires: write.expires, replaces: there, user }))
  }

  /**
   * Gives the session another id. If another request ended the old id in the meantime, only what was set after the
   * `regenerate()` gets the new one.
   */
  * #renew (source: StoreSource, oldId: string, write: Write, wanted: string): Steps<Outcome> {
    const id = source.nextId ??= newId()
    const key = write.keyOf(id)
    const oldKey = write.keyOf(oldId)
    const isLate = this.#deadline()
    let there = source.stored
    let text = wanted
    if (!(yield * this.#plant(source, id, write, text))) return gone(source, write)
    while (!(yield * wait(this.#store.delete(oldKey, { replaces: there, user: userIn(source, write, source.text) })))) {
      const found = yield * wait(this.#store.get(oldKey))
      const data = found === null ? onlyAssigned(source, write, wanted) : keptKeys(source, write, wanted, found.data)
      if (isEmpty(data)) {
        yield * wait(this.#store.delete(key))
        if (found === null) return gone(source, write)
        yield * this.#end(source, write)
        return 'removed'
      }
      text = dumpSession(source.serializer, data, text)
      if (!(yield * this.#plant(source, id, write, text))) return gone(source, write)
      if (found === null) break
      there = found.data
      isLate()
    }
    source.noteStored(id, text, wanted)
    return 'kept'
  }

  /** A check that throws when the write has been tried for as long as the store has to answer. */
  #deadline (): () => void {
    const end = performance.now() + this.#store.timeout
    return () => {
      if (performance.now() >= end) throw storeUnavailable('other requests kept changing the session')
    }
  }
}

function done (source: StoreSource, id: string, write: Write, text: string | null, line: Line<string>): Outcome {
  line.left = text ?? undefined
  if (text === null) {
    source.noteRemoved()
    return 'removed'
  }
  source.noteStored(id, text, write.text ?? '{}')
  return 'kept'
}

function gone (
  source: StoreSource, write: Write,
  message = 'a change of a session was dropped: another request had ended the session'
): Outcome {
  source.isGone = true
  write.debug({}, message)
  return 'gone'
}

function userIn (source: StoreSource, write: Write, value: StoredValue): string | undefined {
  return write.userOf?.(read(source, value))
}
