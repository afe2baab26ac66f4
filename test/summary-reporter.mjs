/**
 * A node:test reporter that writes one line, `N passed, N failed`, at the end of the run.
 * @module
 */

/** A test that was skipped or is still to do counts as neither; one that was cancelled has failed. */
export default async function * summaryReporter (events) {
  const counts = { passed: 0, failed: 0 }
  for await (const { type, data } of events) {
    if (data.details?.type === 'suite' || (data.skip ?? data.todo) !== undefined) continue
    if (type === 'test:pass') counts.passed++
    if (type === 'test:fail') counts.failed++
  }
  yield `${counts.passed} passed, ${counts.failed} failed\n`
}
