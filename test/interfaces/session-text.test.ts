import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { dumpSession, isLight, loadSession, overflowError } from '../../lib/interfaces/session-text.ts'
import { maxLength } from '../../lib/json/limits.ts'
import { sessionJSONSerializer } from '../../lib/json/session-serializer.ts'

/** A serializer that writes this text whatever the data, and reads it as JSON. */
const writing = (text: string) => ({ dumps: () => text, loads: (text: string): unknown => JSON.parse(text) })

describe('dumpSession and loadSession', () => {
  test('accept what the other makes', (t: TestContext) => {
    const data = { a: 1, b: [null, 'ä'], c: { d: new Date(0) } }

    t.assert.deepStrictEqual(loadSession(sessionJSONSerializer, dumpSession(sessionJSONSerializer, data)), data)
  })

  test('write a float of the old text as a float', (t: TestContext) => {
    t.assert.strictEqual(dumpSession(sessionJSONSerializer, { price: 1, count: 1 }, '{"price":1.0,"count":1}'), '{"price":1.0,"count":1}')
  })

  test('write bytes of a serializer as text', (t: TestContext) => {
    const serializer = { dumps: () => Buffer.from('{"a":1}') as unknown as string, loads: () => null }

    t.assert.strictEqual(dumpSession(serializer, {}), '{"a":1}')
  })

  for (const [what, dumped, type] of [
    ['a promise', Promise.resolve('{}'), 'object'], ['a promise that is rejected', Promise.reject(new Error('rejected')), 'object'],
    ['undefined', undefined, 'undefined'], ['an object', {}, 'object'], ['a number', 1, 'number']
  ] as const) {
    test(`refuse ${what} in the place of the text`, (t: TestContext) => {
      const serializer = { dumps: () => dumped as unknown as string, loads: () => null }

      t.assert.throws(() => dumpSession(serializer, {}), {
        code: 'FST_SESSION_UNSERIALIZABLE',
        message: `The session cannot be saved: dumps of its serializer must return text, got ${type}`
      })
    })
  }

  // In bytes: a character of three bytes counts thrice.
  for (const [what, text, isAccepted] of [
    ['256 KiB', `{"a":"${'x'.repeat(maxLength - 8)}"}`, true],
    ['256 KiB and a byte', `{"a":"${'x'.repeat(maxLength - 7)}"}`, false],
    ['256 KiB of text outside of ASCII', `{"a":"${'€'.repeat((maxLength - 8) / 3)}"}`.replace('"}', 'xx"}'), true],
    ['a character of three bytes too many', `{"a":"${'€'.repeat((maxLength - 8) / 3)}€"}`, false]
  ] as const) {
    test(`${isAccepted ? 'accept' : 'refuse'} ${what}, both of them`, (t: TestContext) => {
      const dump = () => dumpSession(writing(text), {})
      const load = () => loadSession(writing(text), text)
      if (isAccepted) {
        t.assert.strictEqual(dump(), text)
        t.assert.deepStrictEqual(Object.keys(load()), ['a'])
      } else {
        t.assert.throws(dump, { code: 'FST_SESSION_COOKIE_OVERFLOW' })
        t.assert.throws(load, { code: 'ERR_TOKEN_BAD_PAYLOAD' })
      }
    })
  }

  for (const text of ['[1]', 'null', '1', '"a"', 'true']) {
    test(`refuse to read ${text}, which is not an object`, (t: TestContext) => {
      t.assert.throws(() => loadSession(sessionJSONSerializer, text), { code: 'ERR_TOKEN_BAD_PAYLOAD', message: /not an object/ })
    })
  }

  test('keep the error of a serializer as the cause, and its text out of the message', (t: TestContext) => {
    const cause = new Error('the value secret')
    const serializer = { dumps: () => { throw cause }, loads: () => null }

    t.assert.throws(() => dumpSession(serializer, {}), (error: Error) => {
      t.assert.strictEqual(error.cause, cause)
      t.assert.strictEqual(error.message, 'The session cannot be saved: its serializer threw an error')
      return true
    })
  })
})

describe('overflowError', () => {
  test('names the keys that take the most bytes, the largest first', (t: TestContext) => {
    const error = overflowError(sessionJSONSerializer, { c: 'x', b: 'x'.repeat(15), a: 'é'.repeat(10) }, 5000, '4093')

    t.assert.match(error.message, /: 5000 bytes, the limit is 4093\. The largest keys are a \(28\), b \(23\), c \(9\)\./)
  })

  test('names a key that cannot be written without a size', (t: TestContext) => {
    const error = overflowError(sessionJSONSerializer, { a: () => {}, b: 'x' }, 5000, '4093')

    t.assert.match(error.message, /The largest keys are a, b \(9\)\./)
  })
})

describe('isLight', () => {
  const lists = (count: number): string => `{"a":[${new Array(count).fill('[]').join()}]}`
  for (const [what, json, expected] of [
    ['4,096 characters', `{"a":"${'x'.repeat(4088)}"}`, true], ['4,097 characters', `{"a":"${'x'.repeat(4089)}"}`, false],
    ['64 lists and dicts', lists(62), true], ['65 lists and dicts', lists(63), false]
  ] as const) {
    test(`calls ${what} ${expected ? 'light' : 'heavy'}`, (t: TestContext) => {
      t.assert.strictEqual(isLight(json), expected)
    })
  }
})
