/**
 * Finds the session of a request in a store, by the ids in its cookies.
 *
 * @module
 */

import type { GuardedStore } from '../stores/guarded-store.ts'
import { storeKey } from './session-ids.ts'
import type { IdForm } from './session-ids.ts'
import type { SessionApp } from '../interfaces/session-interface.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import { run, wait } from './steps.ts'
import type { Steps } from './steps.ts'
import { nothingFound } from './store-source.ts'
import type { Found } from './store-source.ts'

/** How many ids of one request are looked up. */
const mostIds = 2

export class KnownIds {
  /** How an id stands in the cookie. */
  readonly form: IdForm
  readonly #store: GuardedStore
  readonly #isHashed: boolean

  constructor (store: GuardedStore, form: IdForm, isHashed: boolean) {
    this.form = form
    this.#store = store
    this.#isHashed = isHashed
  }

  /** The key in the store for an id. */
  keyOf ({ sessionName }: SessionApp, id: string): string {
    return storeKey(sessionName, id, this.#isHashed)
  }

  /** The first session that the store has. Only well-formed ids reach it. @param cookies - none of them empty */
  find (app: SessionApp, cookies: readonly string[]): MaybePromise<Found> {
    const ids = cookies.flatMap((cookie) => this.form.read(cookie, app) ?? []).slice(0, mostIds)
    if (ids.length === 0) return { ...nothingFound, refusal: cookies.length === 0 ? undefined : 'malformed' }
    return run(this.#lookUp(app, ids))
  }

  /** Rivals are deleted, so they must be ours: deleting the cookie of another application would log out there. */
  * #lookUp (app: SessionApp, ids: readonly string[]): Steps<Found> {
    let first: Found | undefined
    let hasRivals = this.form.isProof && ids.length > 1
    for (const id of ids) {
      const session = yield * wait(this.#store.get(this.keyOf(app, id)))
      if (session === null) continue
      if (first === undefined) first = { id, session, refusal: undefined, hasRivals }
      else hasRivals = true
      if (hasRivals) break
    }
    return { ...(first ?? { ...nothingFound, refusal: 'unknown-id' }), hasRivals }
  }
}
