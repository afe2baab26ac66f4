/**
 * Runs a task for synchronous and asynchronous stores alike: at once, until one of its steps waits for a promise.
 *
 * @module
 */

import { isPromise } from '../maybe-promise.ts'
import type { MaybePromise } from '../maybe-promise.ts'

/** A generator that yields what it waits for, by `yield* wait(...)`. */
export type Steps<T> = Generator<unknown, T, unknown>

/** The value of a promise, or the value itself. */
export function * wait<T> (value: MaybePromise<T>): Steps<T> {
  return (yield value) as T
}

/** Runs the steps. The result is a promise if one of them waited for a promise. */
export function run<T> (steps: Steps<T>): MaybePromise<T> {
  return advance(steps, () => steps.next())
}

function advance<T> (steps: Steps<T>, begin: () => IteratorResult<unknown, T>): MaybePromise<T> {
  let result = begin()
  while (result.done !== true) {
    const { value } = result
    if (isPromise(value)) {
      return value.then(
        (settled) => advance(steps, () => steps.next(settled)),
        (error) => advance(steps, () => steps.throw(error))
      )
    }
    result = steps.next(value)
  }
  return result.value
}
