/**
 * TAP without nesting and without titles, in which parsers stumble over what our titles quote.
 *
 * @module
 */

export default async function * tapReporter (source) {
  yield 'TAP version 13\n'
  let count = 0
  for await (const { type, data } of source) {
    if (type === 'test:pass') yield `ok ${++count}\n`
    else if (type === 'test:fail') yield `not ok ${++count} - ${data.file ?? ''}:${data.line ?? 0}\n`
  }
  yield `1..${count}\n`
}
