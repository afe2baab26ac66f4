/**
 * Works with values that may be promises. A synchronous store stays synchronous.
 *
 * @module
 */

/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>

/** True for anything with a `then`, such as the query of a database; `Promise.resolve` makes a promise of it. */
export function isPromise<T> (value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function'
}

/** Calls `next` with the value: at once, or when the promise is fulfilled. */
export function andThen<T, U> (value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value)
}

/** What the question gives; if it throws or rejects, what `rescue` makes of the error. */
export function orElse<T> (question: () => MaybePromise<T>, rescue: (error: unknown) => T): MaybePromise<T> {
  let answer: MaybePromise<T>
  try {
    answer = question()
  } catch (error) {
    return rescue(error)
  }
  return isPromise(answer) ? Promise.resolve(answer).catch(rescue) : answer
}

/** Asks both questions at once. An error of either never leaves the promise of the other without a handler. */
export function both<A, B> (first: () => MaybePromise<A>, second: () => MaybePromise<B>): MaybePromise<[A, B]> {
  const a = first()
  if (!isPromise(a)) return andThen(second(), (b) => [a, b])
  return Promise.all([a, (async () => await second())()])
}
